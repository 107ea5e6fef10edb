//! A real OpenID provider in a process of its own: npm's oidc-provider, which gives the wrong
//! answers a test wishes for.

use super::TestApp;
use super::settings::provider_modules;
use overrule::config::{Config, Secret};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// What both sides know.
const SECRET: &str = "what both sides know, and nobody else";

/// A running provider. It ends with the test, for it reads a pipe that closes then.
pub struct Provider {
    child: Child,
    url: String,
    client: Client,
}

impl Provider {
    /// Starts one that keeps its tokens short: claims are on a page of their own.
    pub fn start() -> Self {
        Self::with(&json!({}))
    }

    /// Starts one that puts all it knows into the token.
    pub fn with_full_tokens() -> Self {
        Self::with(&json!({ "idTokenClaims": true }))
    }

    fn with(options: &Value) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(provider_modules())
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the provider says where it listens").unwrap();
        let url = line.strip_prefix("listening on ").expect("its address").to_owned();
        Self { child, url, client: client() }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.url
    }

    /// An installation that signs people in here.
    pub fn app(&self, change: impl FnOnce(&mut Config)) -> TestApp {
        let app = TestApp::builder()
            .with(|config| {
                config.oidc.issuer = Some(self.url.clone());
                config.oidc.client_id = Some("overrule".into());
                config.oidc.client_secret = Some(Secret(SECRET.into()));
                config.oidc.name = "Example Corp".into();
                config.oidc.scopes =
                    ["openid", "email", "profile", "groups"].map(str::to_owned).to_vec();
                config.outgoing.allow = vec!["127.0.0.1".parse().unwrap()];
                change(config);
            })
            .start();
        self.knows(app.url());
        app
    }

    /// Makes an installation known here, in place of the one before.
    pub fn knows(&self, url: &str) {
        self.tell(&json!({"client": {
            "client_id": "overrule",
            "redirect_uris": [format!("{url}/sign-in/oidc/back")],
            "post_logout_redirect_uris": [format!("{url}/sign-in")],
        }}));
    }

    /// Somebody who can sign in here, by name of login.
    pub fn account(&self, sub: &str, email: &str, is_verified: bool, groups: &[&str]) {
        let name = format!("{}{}", sub[..1].to_uppercase(), &sub[1..]);
        self.tell(&json!({"account": {"sub": sub, "email": email, "email_verified": is_verified,
            "name": name, "groups": groups}}));
    }

    /// The wrong answer from now on; empty for none.
    pub fn fault(&self, name: &str) {
        self.tell(&json!({ "fault": name }));
    }

    fn tell(&self, wish: &Value) {
        let answer = self.client.post(format!("{}/control", self.url)).json(wish).send();
        assert!(answer.unwrap().status().is_success());
    }

    /// Signs in by `login` from where the installation sent the browser, which nobody used here
    /// before; gives the address that the browser is sent back to.
    pub fn sign_in(&self, start: &str, login: &str) -> String {
        let (client, mut url) = (client(), start.to_owned());
        for _ in 0..10 {
            if !url.starts_with(&self.url) {
                return url;
            }
            let answer = client.get(&url).send().unwrap();
            let answer = if answer.status().is_redirection() {
                answer
            } else {
                let form = format!("login={login}&way=in");
                let request = client.post(&url).body(form);
                let kind = "application/x-www-form-urlencoded";
                request.header("content-type", kind).send().unwrap()
            };
            let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            let to = to.unwrap_or_else(|| panic!("{url} leads nowhere: {}", answer.status()));
            url = if to.starts_with('/') { format!("{}{to}", self.url) } else { to };
        }
        panic!("the provider leads on without end");
    }
}

fn client() -> Client {
    let client = Client::builder().cookie_store(true).redirect(Policy::none()).no_proxy();
    client.build().unwrap()
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
