//! Datasets: the saved question, its releases, and what files of them may be trusted with.

mod agreement;
mod faults;
mod lineage;
mod pages;
mod push;
mod push_faults;
mod questions;
mod reasons;
mod releases;
mod splits;
mod tables;

use crate::support::{Api, TestApp, eventually};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::path::Path;

/// A label agent whose corrections count at once, with this many of them: `q0?`, `q1?`, …
pub fn router(app: &TestApp, count: usize) {
    app.agent(
        "router",
        json!({"kind": "label", "labels": ["billing", "returns", "other"], "review": "none"}),
    );
    let line = |n: usize| {
        json!({"agent": "router", "agent_version": "v1", "external_id": format!("x{n}"),
            "conversation_id": format!("c{}", n / 2), "input": format!("q{n}?"),
            "output": "billing", "feedback": [{"verdict": "corrected",
                "correction": if n.is_multiple_of(3) { "other" } else { "returns" },
                "author": format!("p{}@example.com", n % 5), "category": "wrong_label"}]})
    };
    send(app, (0..count).map(line).collect());
}

/// Sends interactions with their feedback, all good.
#[track_caller]
pub fn send(app: &TestApp, lines: Vec<Value>) {
    for lines in lines.chunks(500) {
        let all = Value::from(lines.to_vec());
        let answer = app.api(&[Scope::Admin]).post("/api/v1/interactions", &all).is(200);
        assert!(!answer.text.contains("errors"), "{}", answer.text);
    }
}

/// Saves a question by the API.
#[track_caller]
pub fn save(api: &Api, name: &str, question: &Value) {
    let answer = api.put(&format!("/api/v1/datasets/{name}"), question);
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
}

/// Releases a dataset by the API and waits until it is built; gives the release.
#[track_caller]
pub fn release(api: &Api, name: &str) -> Value {
    let asked = api.post(&format!("/api/v1/datasets/{name}/releases"), &json!({})).is(202);
    let place = asked.header("location").to_owned();
    ended(api, &place)
}

/// The release at this address, once nothing more is done with it.
#[track_caller]
pub fn ended(api: &Api, place: &str) -> Value {
    eventually("the release", || {
        let release = api.get(place).is(200).json();
        (release["state"] != "building").then_some(release)
    })
}

/// The text of a file of a release.
#[track_caller]
pub fn file(api: &Api, name: &str, number: &Value, file: &str) -> String {
    api.get(&format!("/api/v1/datasets/{name}/releases/{number}/files/{file}")).is(200).text
}

/// A file's rows.
#[track_caller]
pub fn rows(api: &Api, name: &str, number: &Value, of: &str) -> Vec<Value> {
    let text = file(api, name, number, of);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every file in a folder, by name.
pub fn folder(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    all.sort();
    all
}
