//! An answer to a program.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body, read to the end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// Reads all of it.
    pub fn of(response: reqwest::blocking::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().unwrap(),
        }
    }

    /// It has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A header's text, empty where it isn't sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// A text in the body, by JSON pointer.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {json}")).to_owned()
    }

    /// A problem as RFC 9457 has it, with this status; gives what it says of itself.
    #[track_caller]
    pub fn is_problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], status, "{json}");
        assert_eq!(json["type"], "about:blank", "{json}");
        assert!(json["title"].as_str().is_some_and(|title| !title.is_empty()), "{json}");
        assert!(json["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{json}");
        self.at("/detail")
    }

    /// A 422 whose first mistake is at `pointer`; gives its message.
    #[track_caller]
    pub fn is_invalid_at(&self, pointer: &str) -> String {
        self.is_problem(422);
        assert_eq!(self.at("/errors/0/pointer"), pointer, "{}", self.text);
        self.at("/errors/0/message")
    }
}
