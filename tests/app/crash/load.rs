//! Writers who note what was acknowledged, and go on whatever happens.

use crate::support::{Api, Browser, eventually};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many write at once.
pub const CONNECTIONS: usize = 32;

/// The address of the person who asks for links on this connection.
pub fn address(connection: usize) -> String {
    format!("person{connection}@example.com")
}

/// What the installation acknowledged.
#[derive(Default)]
pub struct Ledger {
    /// Interactions by their id, as they were sent.
    pub interactions: Vec<(String, Value)>,
    /// Feedback: its id, the interaction's, and what was sent.
    pub feedback: Vec<(String, String, Value)>,
    /// Resolutions of review items.
    pub resolutions: Vec<String>,
    /// Links by mail, by the connection that asked.
    pub mails: Vec<usize>,
}

/// Writers at work.
pub struct Load {
    ledger: Arc<Mutex<Ledger>>,
    acknowledged: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the writers; `round` keeps their names apart from earlier ones'.
    pub fn start(url: &str, key: &str, round: u32) -> Self {
        let (ledger, acknowledged): (Arc<Mutex<Ledger>>, Arc<AtomicUsize>) = Default::default();
        let stop = Arc::<AtomicBool>::default();
        let writers = (0..CONNECTIONS).map(|connection| {
            let (url, name) = (url.to_owned(), format!("{round}-{connection}"));
            let api = Api::new(&url, Some(key));
            let (ledger, acknowledged, stop) = (ledger.clone(), acknowledged.clone(), stop.clone());
            std::thread::spawn(move || {
                let browser = Browser::new(&url);
                let last = None;
                let writer = Writer { api, browser, name, connection, ledger, acknowledged, last };
                writer.write_until(&stop);
            })
        });
        let writers = writers.collect();
        Self { ledger, acknowledged, stop, writers }
    }

    /// Waits until a few more writes were acknowledged.
    pub fn wait_for_more(&self) {
        let before = self.acknowledged.load(Ordering::SeqCst);
        eventually("more to be acknowledged", || {
            (self.acknowledged.load(Ordering::SeqCst) >= before + CONNECTIONS).then_some(())
        });
    }

    /// Ends the writers; what was acknowledged to them.
    pub fn stop(self) -> Ledger {
        self.stop.store(true, Ordering::SeqCst);
        for writer in self.writers {
            writer.join().unwrap();
        }
        std::mem::take(&mut self.ledger.lock().unwrap())
    }
}

struct Writer {
    api: Api,
    browser: Browser,
    name: String,
    connection: usize,
    ledger: Arc<Mutex<Ledger>>,
    acknowledged: Arc<AtomicUsize>,
    /// The newest interaction that is there for sure.
    last: Option<String>,
}

impl Writer {
    fn write_until(mut self, stop: &AtomicBool) {
        for number in 0.. {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let done = match number % 8 {
                0..=2 => self.log(number, false),
                3 => self.log(number, true),
                4..=6 => self.judge(number),
                _ if number % 64 == 63 => self.ask_for_a_link(),
                _ => self.decide(),
            };
            match done {
                Some(()) => drop(self.acknowledged.fetch_add(1, Ordering::SeqCst)),
                // It is away, or busy.
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// The answer to a POST, where one came and it says that the thing was done.
    fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self.api.request("POST", path).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().ok()?;
        let status = response.status().as_u16();
        let text = response.text().ok()?;
        assert!(matches!(status, 200 | 201 | 204 | 409 | 503), "{path} {status}: {text}");
        if matches!(status, 204 | 409 | 503) {
            return None;
        }
        Some(serde_json::from_str(&text).unwrap())
    }

    fn log(&mut self, number: u32, with_feedback: bool) -> Option<()> {
        let agent = if number.is_multiple_of(2) { "helper" } else { "free" };
        let kind = if with_feedback { "both" } else { "alone" };
        let external_id = format!("{kind}-{}-{number}", self.name);
        let mut line = json!({"agent": agent, "external_id": external_id, "agent_version": "v1",
            "environment": "staging", "conversation_id": self.name,
            "occurred_at": "2026-11-02T09:14:05.12Z", "end_user": "ana@example.com",
            "input": format!("Question {number} of {}?", self.name), "output": "So: \"é\"\n.",
            "confidence": 0.25, "model": "m-1", "latency_ms": number, "input_tokens": 3,
            "output_tokens": 4, "cost_usd": "0.000000001", "metadata": {"z": [1, null]}});
        let sent = line.clone();
        if with_feedback {
            line["feedback"] = json!([{"external_id": "with", "author": "ben@example.com",
                "verdict": "corrected", "correction": format!("Like this, {number}.")}]);
        }
        let answer = self.post("/api/v1/interactions", &line)?;
        let id = answer["id"].as_str().unwrap().to_owned();
        self.last = Some(id.clone());
        self.ledger.lock().unwrap().interactions.push((id, sent));
        Some(())
    }

    /// The same author says something else each time, and so changes their mind.
    fn judge(&mut self, number: u32) -> Option<()> {
        let interaction = self.last.clone()?;
        let mut said = json!({"external_id": format!("f-{}-{number}", self.name),
            "author": "cleo@example.com", "verdict": "rejected", "category": "outdated",
            "severity": "high", "comment": format!("No, {number}."), "urgency": "urgent",
            "occurred_at": "2026-11-02T10:14:05.12Z"});
        if number.is_multiple_of(2) {
            said["verdict"] = json!("corrected");
            said["correction"] = json!(format!("Better like this, {number}."));
        }
        let mut body = said.clone();
        body["interaction"] = json!(interaction);
        let answer = self.post("/api/v1/feedback", &body)?;
        let id = answer["id"].as_str().unwrap().to_owned();
        self.ledger.lock().unwrap().feedback.push((id, interaction, said));
        Some(())
    }

    fn decide(&mut self) -> Option<()> {
        let claimed = self.post("/api/v1/review-items/claim", &json!({}))?;
        let item = claimed["item"]["id"].as_str().unwrap();
        let is_conflict = claimed["item"]["kind"] == "conflict";
        let decision = match is_conflict {
            true => json!({"decision": "declined", "reason": "It depends."}),
            false => json!({"decision": "accepted"}),
        };
        let path = format!("/api/v1/review-items/{item}/decisions");
        let answer = self.post(&path, &decision)?;
        let resolution = answer["resolution"].as_str().unwrap().to_owned();
        self.ledger.lock().unwrap().resolutions.push(resolution);
        Some(())
    }

    fn ask_for_a_link(&mut self) -> Option<()> {
        let form = format!("email={}&next=", address(self.connection).replace('@', "%40"));
        let request = self.browser.request("POST", "/sign-in").body(form);
        let status = request.send().ok()?.status().as_u16();
        assert!(matches!(status, 303 | 503), "{status}");
        if status == 503 {
            return None;
        }
        self.ledger.lock().unwrap().mails.push(self.connection);
        Some(())
    }
}
