//! What audits found goes along into another installation, and counts there as here.

use super::{Audited, pairs};
use crate::exports::export;
use crate::round_trip::without_ids;
use crate::support::TestApp;
use crate::triage::decide;
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// All three outcomes, by a person and by a program.
fn audited() -> Audited {
    let audited = Audited::of(&["one", "two", "three", "four"], 1);
    let api = audited.reviewer();
    let wrong = json!({"decision": "declined", "reason": "It is no bill."});
    decide(&api, audited.item("three"), wrong).is(201);
    let cleo = audited.champion("Cleo");
    cleo.open(&audited.page("one")).press("It’s right a").is(200);
    let page = cleo.open(&audited.page("two")).pick("The right label", "returns");
    page.fill("What you changed, and why", "It goes back.").press("This is right").is(200);
    // The fourth waits.
    audited
}

fn bring(app: &TestApp, sent: &str, says: &str) {
    app.file("signals.jsonl", sent);
    app.command(&["import", "signals.jsonl"]).ok().says(says);
}

#[test]
fn signals_of_audits_go_into_an_empty_installation_and_come_out_the_same() {
    let audited = audited();
    let second = TestApp::start();
    let labels = ["billing", "returns", "shipping", "other"];
    second.agent("router", json!({"kind": "label", "team": "support", "labels": labels}));
    let sent = export(&audited.desk.app, "router", "signals", &["--status", "any"]);
    assert_eq!(sent.matches("\"audit\":true").count(), 3, "{sent}");
    bring(&second, &sent, "3 new, 0 duplicates, 0 invalid feedback");
    let got = export(&second, "router", "signals", &["--status", "any"]);
    assert_eq!(without_ids(&got), without_ids(&sent));
    for format in ["classification", "kto"] {
        let (here, there) = (
            export(&audited.desk.app, "router", format, &[]),
            export(&second, "router", format, &[]),
        );
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&there), sorted(&here), "{format}");
    }
    bring(&second, &sent, "0 new, 3 duplicates, 0 invalid feedback");
    let waits = second.api(&[Scope::Triage]).get("/api/v1/review-items").is(200).json();
    assert_eq!(waits["items"], json!([]));
    // It is no override there, either: a confirmation passes without a look.
    let target =
        json!({"agent": "router", "environment": "production", "external_id": "three-billing-0"});
    let line = json!({"interaction": target, "author": "ana@example.com", "verdict": "confirmed"});
    let api = second.api(&[Scope::Admin]);
    let id = api.judge(&line).is(201).at("/id");
    let list = api.get("/api/v1/feedback?verdict=confirmed").is(200).json();
    let list = list["items"].as_array().unwrap().clone();
    let own = list.iter().find(|said| said["id"] == *id).unwrap();
    assert_eq!((&own["status"], &own["audit"]), (&json!("accepted"), &json!(false)));
    // And one draws the same interaction there, it is known already.
    let mel = second.person("mel@example.com", "Mel", &["support:manager"]).signed_in();
    assert_eq!(mel.open("/").is(200).element("td[data-label=Overrides]"), "0");
}

#[test]
fn a_key_that_may_not_say_what_was_decided_brings_the_judgement_only() {
    let audited = audited();
    let sent = export(&audited.desk.app, "router", "signals", &[]);
    let second = TestApp::start();
    let labels = ["billing", "returns", "shipping", "other"];
    second.agent("router", json!({"kind": "label", "team": "support", "labels": labels}));
    let api = second.api(&[Scope::Ingest, Scope::Feedback]);
    for line in sent.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("team");
        api.log(&line).is(201);
    }
    let list = second.api(&[Scope::Admin]).get("/api/v1/feedback").is(200).json();
    let list = list["items"].as_array().unwrap();
    assert!(list.iter().all(|said| said["audit"] == json!(false)), "{list:?}");
    let admin = second.api(&[Scope::Admin]);
    let line = json!({"agent": "router", "input": "x", "output": "billing", "feedback": [
        {"verdict": "escalated", "status": "accepted", "audit": true}]});
    let refused = admin.log(&line).is(201).json();
    assert_eq!(refused["errors"][0]["pointer"], "/feedback/0/audit");
}

#[test]
fn what_is_imported_again_with_another_word_takes_the_place_of_the_first() {
    let audited = audited();
    let sent = export(&audited.desk.app, "router", "signals", &[]);
    let second = TestApp::start();
    let labels = ["billing", "returns", "shipping", "other"];
    second.agent("router", json!({"kind": "label", "team": "support", "labels": labels}));
    bring(&second, &sent, "3 new");
    let target =
        json!({"agent": "router", "environment": "production", "external_id": "three-billing-0"});
    let line = json!({"interaction": target, "verdict": "corrected", "correction": "other",
        "status": "accepted", "audit": true});
    let api = second.api(&[Scope::Admin]);
    api.judge(&line).is(201);
    let of_three = |found: &Value| found["agent"] == "router" && found["verdict"] != "confirmed";
    let list = api.get("/api/v1/feedback").is(200).json();
    let mut stands: Vec<(String, String)> = (list["items"].as_array().unwrap().iter())
        .filter(|found| of_three(found) && found["correction"] != "returns")
        .map(|found| {
            let text = |key: &str| found[key].as_str().unwrap().to_owned();
            (text("verdict"), text("status"))
        })
        .collect();
    stands.sort();
    assert_eq!(stands, pairs(&[("corrected", "accepted"), ("rejected", "superseded")]));
    let rows = export(&second, "router", "classification", &[]);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    assert!(rows.contains("\"label\":\"other\""), "{rows}");
}
