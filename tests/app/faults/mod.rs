//! What goes wrong around it: a database that is locked, full or away, a process that is stopped
//! or killed, two processes and many people at once. What was accepted is there afterwards.

mod database;
mod outages;
mod processes;
mod stopping;

use crate::support::{Answer, Api};
use serde_json::{Value, json};

/// A small interaction with a key of its own.
fn line(key: impl std::fmt::Display) -> Value {
    json!({"agent": "helper", "external_id": key.to_string(), "input": "x", "output": "y"})
}

/// It says that it can't now, that nothing was lost, and when to try again.
#[track_caller]
fn is_busy(answer: &Answer) {
    let why = answer.is_problem(503);
    assert!(why.contains("Nothing was written"), "{why}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

/// How many of these interactions are stored already.
fn count_stored(api: &Api, lines: &[Value]) -> usize {
    let answer = api.post("/api/v1/interactions", &Value::from(lines)).is(200).json();
    let items = answer["items"].as_array().unwrap();
    items.iter().filter(|item| item["result"] == "duplicate").count()
}
