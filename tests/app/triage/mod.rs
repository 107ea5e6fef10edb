//! Triage as champions and programs meet it: the queue, claims, decisions, contradictions.

mod api;
mod bulk;
mod decisions;
mod escalations;
mod news;
mod queue;
mod real;
mod reviewers;
mod similar;
mod teams;
mod together;

use crate::support::{Answer, Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// An installation with a team, a label agent whose reports all wait, and a program that sends.
pub struct Desk {
    pub app: TestApp,
    pub program: Api,
}

impl Desk {
    pub fn open() -> Self {
        let app = TestApp::start();
        let labels = ["billing", "returns", "shipping", "other"];
        app.agent("router", json!({"kind": "label", "team": "support", "labels": labels}));
        let program = app.api(&[Scope::Admin]);
        Self { app, program }
    }

    /// One interaction with feedback; gives the interaction's id.
    #[track_caller]
    pub fn log(&self, input: &str, output: &str, feedback: &[Value]) -> String {
        self.log_of("router", "support", input, output, feedback)
    }

    #[track_caller]
    pub fn log_of(
        &self,
        agent: &str,
        team: &str,
        input: &str,
        output: &str,
        feedback: &[Value],
    ) -> String {
        let line = json!({
            "agent": agent, "agent_version": "v1", "team": team, "input": input,
            "output": output, "feedback": feedback, "confidence": 0.41, "cost_usd": "0.004",
            "model": "m-7", "external_id": format!("{input}-{output}-{}", feedback.len()),
        });
        self.program.log(&line).is(201).at("/id")
    }

    /// What waits, as programs see it.
    pub fn waiting(&self) -> Vec<Value> {
        self.list("")
    }

    #[track_caller]
    pub fn list(&self, query: &str) -> Vec<Value> {
        let reviewer = self.app.api(&[Scope::Triage]);
        let list = reviewer.get(&format!("/api/v1/review-items?{query}")).is(200).json();
        list["items"].as_array().unwrap().clone()
    }

    /// The id of the item about this question.
    #[track_caller]
    pub fn item(&self, input: &str) -> String {
        let found = self.waiting().into_iter().find(|item| item["interaction"]["input"] == input);
        found.unwrap_or_else(|| panic!("{input} does not wait"))["id"].as_str().unwrap().to_owned()
    }

    /// Where every feedback on an interaction stands: author, status.
    pub fn statuses(&self, interaction: &str) -> Vec<(String, String)> {
        let path = format!("/api/v1/interactions/{interaction}");
        let found = self.program.get(&path).is(200).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = found["feedback"].as_array().unwrap().iter();
        all.map(|said| (text(&said["author"]), text(&said["status"]))).collect()
    }

    /// The accepted labels as a classifier's training file has them: text and label.
    pub fn signals(&self) -> Vec<(String, String)> {
        let path = "/api/v1/signals?agent=router&format=classification";
        let text = self.app.api(&[Scope::Export]).get(path).is(200).text;
        text.lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("text"), text("label"))
            })
            .collect()
    }
}

/// A correction.
pub fn corrected(author: &str, correction: &str) -> Value {
    json!({"author": author, "verdict": "corrected", "correction": correction})
}

pub fn said(author: &str, verdict: &str) -> Value {
    json!({"author": author, "verdict": verdict})
}

pub fn decide(by: &Api, item: &str, decision: Value) -> Answer {
    by.post(&format!("/api/v1/review-items/{item}/decisions"), &decision)
}
