//! A program that calls the API.

use super::Answer;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;

/// A client with a key, or without one.
pub struct Api {
    client: Client,
    base: String,
    key: Option<String>,
}

impl Api {
    /// A program that calls the installation at `base`.
    pub fn new(base: &str, key: Option<&str>) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(600))
            .build()
            .unwrap();
        Self { client, base: base.to_owned(), key: key.map(str::to_owned) }
    }

    /// `GET`
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path))
    }

    /// `POST` with a JSON body.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, "application/json", body.to_string())
    }

    /// `POST` with a body as it is.
    #[track_caller]
    pub fn post_text(&self, path: &str, kind: &str, body: impl Into<String>) -> Answer {
        self.post_bytes(path, kind, body.into().into_bytes())
    }

    /// `POST` with bytes.
    #[track_caller]
    pub fn post_bytes(&self, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        self.send(self.request("POST", path).header("content-type", kind).body(body))
    }

    /// `PUT` with a JSON body.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        let request = self.request("PUT", path).header("content-type", "application/json");
        self.send(request.body(body.to_string()))
    }

    /// One interaction.
    #[track_caller]
    pub fn log(&self, interaction: &Value) -> Answer {
        self.post("/api/v1/interactions", interaction)
    }

    /// One feedback.
    #[track_caller]
    pub fn judge(&self, feedback: &Value) -> Answer {
        self.post("/api/v1/feedback", feedback)
    }

    /// A request to be completed and given to `send`.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with("http") { path.into() } else { format!("{}{path}", self.base) };
        let request = self.client.request(method.parse().unwrap(), url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request and reads the answer.
    #[track_caller]
    pub fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().unwrap())
    }
}
