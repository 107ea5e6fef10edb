//! Rate limits by address, kept in memory.

use super::client;
use crate::error::{AppError, AppResult};
use actix_web::HttpRequest;
use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Allows so many requests a minute from each address.
#[derive(Clone)]
pub struct Limit(Arc<DefaultKeyedRateLimiter<IpAddr>>);

impl Limit {
    /// A limit of `a_minute` requests.
    pub fn per_minute(a_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN));
        Self(Arc::new(RateLimiter::keyed(quota)))
    }

    /// Counts this request; an error says how long to wait.
    pub fn check(&self, request: &HttpRequest) -> AppResult<()> {
        let Some(address) = client::address(request) else { return Ok(()) };
        self.0.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(governor::clock::DefaultClock::default().now());
            AppError::TooMany(wait.as_secs() + 1)
        })
    }

    /// Forgets addresses that are quiet again.
    pub fn tidy(&self) {
        self.0.retain_recent();
    }
}

/// The limits of the pages that need no account.
#[derive(Clone)]
pub struct Limits {
    /// `/c/…` and `/r/…`.
    pub links: Limit,
    /// Asking for a sign-in link and using one, and trying a password.
    pub sign_ins: Limit,
}

impl Limits {
    /// Forgets addresses that are quiet again.
    pub fn tidy(&self) {
        self.links.tidy();
        self.sign_ins.tidy();
    }
}
