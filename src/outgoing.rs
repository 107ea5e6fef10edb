//! Requests to other machines: one client that goes only where it may. Names that lead into one's
//! own network are refused unless the settings allow them, whoever gave the address: somebody in
//! a form, or a provider in its answer.

mod guard;

pub use guard::{Allowed, Guard};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long a connection may take to come about, and how long all of it may take.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MOST: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// It may not be asked.
    #[error("{0}")]
    Refused(String),
    /// It can't be reached, or is too slow.
    #[error("no answer from {host}: {cause}")]
    Unreachable { host: String, cause: String },
    /// It answered more than is taken.
    #[error("the answer is larger than {MOST} bytes")]
    TooLarge,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The client. It follows no redirect, keeps no cookie and uses no proxy of the environment.
#[derive(Clone)]
pub struct Outgoing {
    client: reqwest::Client,
    guard: Arc<Guard>,
}

impl Outgoing {
    /// One that goes where `allowed` says, beside the public network.
    pub fn new(allowed: &[Allowed]) -> anyhow::Result<Self> {
        let guard = Arc::new(Guard::new(allowed));
        let client = client()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_max_idle_per_host(0)
            .dns_resolver(Guarded(guard.clone()))
            .build()?;
        Ok(Self { client, guard })
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, OutgoingError> {
        self.guard.check(&url).map_err(OutgoingError::Refused)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |error: reqwest::Error| {
            let cause = innermost(&error);
            OutgoingError::Unreachable { host: host.clone(), cause }
        };
        let request = self.client.request(method, url).headers(headers).body(body);
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

/// What every client here begins with: no redirect, no cookie, no proxy of the environment. Without
/// the guard it is for addresses that the operator alone gives.
pub fn client() -> reqwest::ClientBuilder {
    // Another part of the program may have chosen before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .http1_only()
        .user_agent(concat!("overrule/", env!("CARGO_PKG_VERSION")))
}

/// The first cause, which says most; what is above it repeats the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Looks names up, and leaves out the addresses that may not be asked: what was looked up is what
/// is connected to, so a name can't change in between.
struct Guarded(Arc<Guard>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<_> =
                found.into_iter().filter(|at| guard.allows(&name, at.ip())).collect();
            if allowed.is_empty() {
                return Err(guard::refused(&name).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
