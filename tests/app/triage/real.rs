//! Real questions with feedback as it really comes: right, wrong, repeated, contradicting.

use super::decide;
use crate::support::{TestApp, real_data};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The truth by the interaction's own id.
fn gold(file: &std::path::Path) -> HashMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| line.split_once(','));
    rows.map(|(id, label)| (id.to_owned(), label.to_owned())).collect()
}

/// What a person who knows the truth decides.
fn decision(item: &Value, truth: &str) -> Value {
    let output = &item["interaction"]["output"];
    let no = json!({"decision": "declined", "reason": "That is not what it is."});
    let candidates = item["candidates"].as_array().unwrap();
    let holds_true = |candidate: &Value| match candidate["verdict"].as_str().unwrap() {
        "corrected" => candidate["correction"] == truth,
        "confirmed" => output == truth,
        _ => output != truth,
    };
    if item["kind"] == "conflict" {
        let names = |candidate: &Value| holds_true(candidate) && candidate["verdict"] != "rejected";
        let is_there = candidates.iter().any(names);
        return if is_there { json!({"decision": "accepted", "label": truth}) } else { no };
    }
    if holds_true(&candidates[0]) { json!({"decision": "accepted"}) } else { no }
}

#[test]
fn what_is_decided_by_somebody_who_knows_is_exported_as_the_truth() {
    let (Some(lines), Some(truth)) =
        (real_data("banking77_noisy.jsonl"), real_data("banking77_gold.csv"))
    else {
        return;
    };
    let app = TestApp::start();
    let truth = gold(&truth);
    let slug = "banking-intents-noisy";
    app.agent(slug, json!({"kind": "label", "team": "support", "review": "required"}));
    app.command(&["import", &lines.display().to_string()]).ok();
    let api = app.api(&[Scope::Triage]);
    let (mut decided, mut settled) = (0, 0);
    loop {
        let claimed = api.post("/api/v1/review-items/claim", &json!({"agent": slug}));
        if claimed.status == 204 {
            break;
        }
        let item = claimed.is(200).json()["item"].clone();
        let right = &truth[item["interaction"]["external_id"].as_str().unwrap()];
        let id = item["id"].as_str().unwrap();
        decide(&api, id, decision(&item, right)).is(201);
        decided += 1;
        settled += usize::from(item["kind"] == "conflict");
    }
    let path = format!("/api/v1/signals?agent={slug}&format=signals&status=any");
    let text = app.api(&[Scope::Export]).get(&path).is(200).text;
    let (mut accepted, mut said) = (0, 0);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let right = &truth[line["external_id"].as_str().unwrap()];
        for feedback in line["feedback"].as_array().unwrap() {
            let is_true = match feedback["verdict"].as_str().unwrap() {
                "corrected" => feedback["correction"] == right.as_str(),
                "confirmed" => line["output"] == right.as_str(),
                _ => line["output"] != right.as_str(),
            };
            said += 1;
            accepted += usize::from(is_true);
            let status = if is_true { "accepted" } else { "declined" };
            assert_eq!(feedback["status"], status, "{line}");
        }
    }
    assert!(accepted > 1_500 && accepted < said, "accepting everything would be wrong");
    assert!(decided < said, "repeats are decided once: {decided} decisions for {said} reports");
    assert!(settled > 0, "some contradict one another");
    eprintln!(
        "{decided} decisions for {said} reports, {settled} of conflicts, {accepted} accepted"
    );
}
