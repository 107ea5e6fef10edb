//! What signing in works with, in one process.

use super::oidc::Provider;
use super::passwords::Hasher;
use super::sessions::{How, Seen, Start, browser_in_words};
use crate::config::{Config, Oidc, Proxy, SignIn};
use crate::db::Hash;
use crate::web::{client, token};
use actix_web::HttpRequest;
use actix_web::http::header;

/// The ways in, and what they need.
#[derive(Clone)]
pub struct Door {
    pub sign_in: SignIn,
    pub proxy: Proxy,
    pub oidc: Oidc,
    /// The identity provider, if there is one.
    pub provider: Option<Provider>,
    pub hasher: Hasher,
    /// The sessions that were used in the last minute.
    pub seen: Seen,
}

impl Door {
    /// The door as the settings want it.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            sign_in: config.sign_in.clone(),
            proxy: config.proxy.clone(),
            oidc: config.oidc.clone(),
            provider: Provider::from_config(config)?,
            hasher: Hasher::default(),
            seen: Seen::default(),
        })
    }

    /// For how many minutes a session goes on unused.
    pub fn idle_minutes(&self) -> i64 {
        i64::from(self.sign_in.idle_hours) * 60
    }

    /// A session for whoever sent this request, to be started, and its token.
    pub fn open(&self, request: &HttpRequest, how: How) -> (String, Start) {
        let token = token::random();
        let agent = request.headers().get(header::USER_AGENT);
        let start = Start {
            token_hash: token::hash(&token),
            how,
            old: session_of(request),
            browser: browser_in_words(agent.and_then(|agent| agent.to_str().ok()).unwrap_or("")),
            address: client::address(request).map(|ip| ip.to_string()).unwrap_or_default(),
            id_token: None,
            days: self.sign_in.session_days,
        };
        (token, start)
    }
}

/// The hash of the session's token that this browser sends.
pub fn session_of(request: &HttpRequest) -> Option<Hash> {
    request.cookie(super::extract::SESSION_COOKIE).map(|cookie| token::hash(cookie.value()))
}
