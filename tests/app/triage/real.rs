//! Real questions with feedback as it really comes: right, wrong, repeated, contradicting.

use super::decide;
use crate::support::{TestApp, real_data};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

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
    let exported = app.api(&[Scope::Export]).get(&path).is(200).text;
    let sent = std::fs::read_to_string(&lines).unwrap();
    let (sent, exported) = (said(&sent), said(&exported));
    let is_true = |(id, output, verdict, correction): &Said| {
        let right = &truth[id];
        match verdict.as_str() {
            "corrected" => correction == right,
            "confirmed" => output == right,
            _ => output != right,
        }
    };
    let wanted: BTreeSet<&Said> = sent.iter().filter(|said| is_true(said)).collect();
    let found: BTreeSet<&Said> = exported.iter().collect();
    assert_eq!(found, wanted, "what is true, and nothing else");
    assert!(wanted.len() < sent.len(), "accepting everything would fail");
    assert!(decided < sent.len(), "repeats are decided once: {decided} for {}", sent.len());
    assert!(settled > 0, "some contradict one another");
    eprintln!("{decided} decisions, {settled} of conflicts; {} of {}", wanted.len(), sent.len());
}

/// Interaction, output, verdict, correction.
type Said = (String, String, String, String);

/// All feedback of some interchange lines.
fn said(lines: &str) -> Vec<Said> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (id, output) = (text(&line["external_id"]), text(&line["output"]));
        for said in line["feedback"].as_array().unwrap() {
            let (verdict, correction) = (text(&said["verdict"]), text(&said["correction"]));
            all.push((id.clone(), output.clone(), verdict, correction));
        }
    }
    all
}
