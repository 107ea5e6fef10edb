//! What one installation exports, another one imports, and gives again as it was.

use crate::exports::{export, rows};
use crate::imports::{FIXTURES, import, make_agents};
use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::{Value, json};

#[test]
fn signals_go_into_an_empty_installation_and_come_out_the_same() {
    let (first, second) = (TestApp::start(), TestApp::start());
    make_agents(&first);
    for (kind, agent, _, _) in FIXTURES {
        import(&first, kind).ok();
        for status in ["any", "accepted"] {
            let sent = export(&first, agent, "signals", &["--status", status]);
            second.file("signals.jsonl", &sent);
            second.command(&["import", "signals.jsonl"]).ok();
            let got = export(&second, agent, "signals", &["--status", status]);
            assert_eq!(without_ids(&got), without_ids(&sent), "{kind} {status}");
        }
    }
}

#[test]
fn what_reviewers_decided_goes_along_into_an_empty_installation() {
    let (first, second) = (TestApp::start(), TestApp::start());
    first.agent("helper", json!({"team": "support", "review": "required"}));
    let api = first.api(&[Scope::Ingest, Scope::Feedback]);
    let ids = ["one", "two", "three", "four"].map(|input| {
        let line = json!({"agent": "helper", "external_id": input, "input": input, "output": "y"});
        let id = api.log(&line).is(201).at("/id");
        api.judge(&json!({"interaction": id, "external_id": input, "author": "ada@example.com",
            "verdict": "corrected", "correction": format!("{input}!")}))
            .is(201);
        id
    });
    let triage = first.api(&[Scope::Triage]);
    for (id, decision) in ids.iter().zip([
        json!({"decision": "accepted_with_edits", "label": "one?"}),
        json!({"decision": "declined", "reason": "No."}),
        json!({"decision": "needs_info", "reason": "Why?"}),
    ]) {
        let items = triage.get("/api/v1/review-items").is(200).json()["items"].clone();
        let mut items = items.as_array().unwrap().iter();
        let item = items.find(|item| item["interaction"]["id"] == **id).unwrap();
        let path = format!("/api/v1/review-items/{}/decisions", item["id"].as_str().unwrap());
        triage.post(&path, &decision).is(201);
    }
    let sent = export(&first, "helper", "signals", &["--status", "any"]);
    assert!(sent.contains("\"reviewer\":") && sent.contains("accepted_with_edits"), "{sent}");
    second.file("signals.jsonl", &sent);
    second.command(&["import", "signals.jsonl"]).ok();
    let got = export(&second, "helper", "signals", &["--status", "any"]);
    assert_eq!(without_ids(&got), without_ids(&sent));
    let chosen = export(&second, "helper", "preference", &[]);
    assert_eq!(
        rows(&chosen)[0]["chosen"][0]["content"],
        "one?",
        "the reviewer's word is the label"
    );
    assert_eq!(rows(&chosen).len(), 1);
    // A key that may not say what was decided brings the judgement only.
    let third = TestApp::start();
    third.agent("helper", json!({"review": "required"}));
    let api = third.api(&[Scope::Ingest, Scope::Feedback]);
    for line in sent.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("team");
        api.log(&line).is(201);
    }
    assert_eq!(export(&third, "helper", "preference", &[]), "");
}

/// The lines as they are but for ids and times of decision, which are made here.
pub fn without_ids(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| {
            let mut line = line.to_owned();
            for key in ["id", "signal_id", "decided_at"] {
                let start = format!("\"{key}\":\"");
                while let Some(at) = line.find(&start) {
                    let end = at + start.len() + line[at + start.len()..].find('"').unwrap() + 1;
                    let from = if line[..at].ends_with(',') { at - 1 } else { at };
                    line.replace_range(from..end, "");
                }
            }
            line
        })
        .collect();
    // Ids give the order, and those are others here.
    lines.sort();
    lines
}
