//! Sending feedback: what counts as the same, what takes the place of what, what is refused.

use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn start() -> (TestApp, Api, String) {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    let body = json!({"agent": "helper", "external_id": "t-1", "input": "How?", "output": "So."});
    let id = api.log(&body).is(201).at("/id");
    (app, api, id)
}

fn said(api: &Api, id: &str) -> Vec<Value> {
    let shown = api.get(&format!("/api/v1/interactions/{id}")).is(200).json();
    shown["feedback"].as_array().unwrap().clone()
}

#[test]
fn feedback_is_stored_and_answered_with_its_receipt() {
    let (app, api, id) = start();
    let text = format!(
        r#"{{"interaction": "{id}", "author": " Ben@Example.com ", "verdict": "corrected",
            "correction": "Like \u00e9  this.\r\n", "category": "wrong_answer", "severity": "high",
            "comment": "Because\nof that.", "urgency": "urgent",
            "occurred_at": "2026-11-02T10:00:00.5+01:00", "external_id": "f-1"}}"#
    );
    let made = api.post_text("/api/v1/feedback", "application/json", text).is(201);
    assert_eq!(made.at("/result"), "created");
    let receipt = made.at("/receipt_url");
    assert!(receipt.starts_with(&format!("{}/r/", app.url())), "{receipt}");
    let all = said(&api, &id);
    assert_eq!(all.len(), 1);
    for (key, value) in [
        ("id", json!(made.at("/id"))),
        ("author", json!("ben@example.com")),
        ("known_by", json!("key")),
        ("verdict", json!("corrected")),
        ("correction", json!("Like é  this.\r\n")),
        ("category", json!("wrong_answer")),
        ("severity", json!("high")),
        ("comment", json!("Because\nof that.")),
        ("urgency", json!("urgent")),
        ("external_id", json!("f-1")),
        ("status", json!("pending")),
        ("superseded_by", Value::Null),
    ] {
        assert_eq!(all[0][key], value, "{key}");
    }
    assert_eq!(all[0]["occurred_at"], "2026-11-02T09:00:00.5Z");
    let raw = api.get(&format!("/api/v1/interactions/{id}")).text;
    assert!(raw.contains(r#""Like \u00e9  this.\r\n""#), "as it was spelled: {raw}");
}

#[test]
fn an_interaction_is_named_by_our_id_or_by_the_senders_key() {
    let (_app, api, id) = start();
    let key = json!({"agent": "helper", "environment": "production", "external_id": "t-1"});
    api.judge(&json!({"interaction": key, "verdict": "confirmed"})).is(201);
    let short = json!({"agent": "helper", "external_id": "t-1"});
    api.judge(&json!({"interaction": short, "verdict": "rejected"})).is(201);
    assert_eq!(said(&api, &id).len(), 2);
    let other = json!({"agent": "helper", "environment": "staging", "external_id": "t-1"});
    api.judge(&json!({"interaction": other, "verdict": "rejected"})).is_problem(404);
    api.judge(&json!({"verdict": "rejected"})).is_invalid_at("/interaction");
    api.judge(&json!({"interaction": 7, "verdict": "rejected"})).is_problem(422);
    api.judge(&json!({"interaction": "x", "verdict": "rejected"})).is_invalid_at("/interaction");
}

#[test]
fn the_same_feedback_again_is_a_duplicate() {
    let (_app, api, id) = start();
    let body = json!({"interaction": id, "author": "ben@example.com", "verdict": "corrected",
        "correction": "No."});
    let first = api.judge(&body).is(201);
    let again = api.judge(&body).is(200);
    assert_eq!(again.at("/result"), "duplicate");
    assert_eq!(
        (again.at("/id"), again.at("/receipt_url")),
        (first.at("/id"), first.at("/receipt_url"))
    );
    // Any sent key that differs makes it another.
    for (key, value) in
        [("comment", json!("!")), ("severity", json!("low")), ("category", json!("tone"))]
    {
        let mut other = body.clone();
        other[key] = value;
        api.judge(&other).is(201);
    }
    assert_eq!(said(&api, &id).len(), 4);
    // With a key of the sender's own, that is what counts.
    let keyed = json!({"interaction": id, "external_id": "f", "verdict": "rejected"});
    api.judge(&keyed).is(201);
    let mut other = keyed.clone();
    other["verdict"] = json!("confirmed");
    assert_eq!(api.judge(&other).is(200).at("/result"), "duplicate");
}

#[test]
fn newer_feedback_of_the_same_author_takes_the_place_of_the_older() {
    let (_app, api, id) = start();
    let say = |author: &str, verdict: &str| {
        api.judge(&json!({"interaction": id, "author": author, "verdict": verdict}))
            .is(201)
            .at("/id")
    };
    let first = say("ben@example.com", "confirmed");
    let other = say("ana@example.com", "confirmed");
    let second = say("BEN@example.com", "rejected");
    let third = say("ben@example.com", "escalated");
    let by_id = |wanted: &str| {
        said(&api, &id).into_iter().find(|feedback| feedback["id"] == wanted).unwrap()
    };
    assert_eq!(by_id(&first)["superseded_by"], json!(second));
    assert_eq!(by_id(&first)["status"], "superseded");
    assert_eq!(by_id(&second)["superseded_by"], json!(third));
    assert_eq!(by_id(&third)["superseded_by"], Value::Null);
    assert_eq!(by_id(&other)["superseded_by"], Value::Null);
    // Nobody in particular never takes anybody's place.
    for verdict in ["rejected", "confirmed"] {
        api.judge(&json!({"interaction": id, "verdict": verdict})).is(201);
    }
    let current = said(&api, &id).iter().filter(|f| f["superseded_by"].is_null()).count();
    assert_eq!(current, 4);
}

#[test]
fn what_is_wrong_in_feedback_is_a_422_with_its_place() {
    let (_app, api, id) = start();
    let long = "x".repeat(5_001);
    let cases = [
        (json!({"verdict": "wrong"}), "/verdict", "confirmed"),
        (json!({}), "/verdict", "is required"),
        (json!({"verdict": "corrected"}), "/correction", "is required"),
        (json!({"verdict": "confirmed", "correction": "No."}), "/correction", "only with"),
        (json!({"verdict": "corrected", "correction": "So."}), "/correction", "said already"),
        (json!({"verdict": "corrected", "correction": " \n"}), "/correction", ""),
        (json!({"verdict": "corrected", "correction": {"a": 1}}), "/correction", ""),
        (json!({"verdict": "rejected", "comment": long}), "/comment", "5,000"),
        (json!({"verdict": "rejected", "severity": "huge"}), "/severity", "critical"),
        (json!({"verdict": "rejected", "urgency": "now"}), "/urgency", "urgent"),
        (json!({"verdict": "rejected", "category": "nothing"}), "/category", "no category"),
        (json!({"verdict": "rejected", "occurred_at": "today"}), "/occurred_at", "no instant"),
        (json!({"verdict": "rejected", "status": "superseded"}), "/status", ""),
        (json!({"verdict": "rejected", "stars": 5}), "/stars", "unknown field"),
        (json!({"verdict": "rejected", "author": "a\nb"}), "/author", "control"),
    ];
    for (mut body, pointer, says) in cases {
        body["interaction"] = json!(id);
        let why = api.judge(&body).is_invalid_at(pointer);
        assert!(why.contains(says), "{body}: {why}");
    }
    let most = json!({"interaction": id, "verdict": "rejected", "comment": "ä".repeat(5_000)});
    api.judge(&most).is(201);
    assert_eq!(said(&api, &id).len(), 1);
}

#[test]
fn a_correction_fits_the_kind_of_the_agent() {
    let app = TestApp::start();
    let schema = json!({"type": "object", "required": ["total"],
        "properties": {"total": {"type": "number"}}});
    app.agent("reader", json!({"kind": "json", "schema": schema}));
    app.agent("router", json!({"kind": "label", "labels": ["billing", "returns"]}));
    app.agent("garden", json!({"kind": "message"}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    let wrong = |agent: &str, output: Value, correction: Value| {
        let logged = api.log(&json!({"agent": agent, "input": "x", "output": output})).is(201);
        let id = logged.at("/id");
        api.judge(&json!({"interaction": id, "verdict": "corrected", "correction": correction}))
    };
    let why = wrong("router", json!("billing"), json!("refunds")).is_invalid_at("/correction");
    assert!(why.contains("`refunds` is no label here"), "{why}");
    wrong("router", json!("billing"), json!("billing")).is_invalid_at("/correction");
    wrong("router", json!("billing"), json!("returns")).is(201);
    let right = json!({"total": 1});
    wrong("reader", right.clone(), json!({"total": "1"})).is_invalid_at("/correction/total");
    wrong("reader", right.clone(), json!({})).is_invalid_at("/correction");
    wrong("reader", right.clone(), json!({"total": 1.0})).is_invalid_at("/correction");
    wrong("reader", json!("no object at all"), right).is(201);
    let hello = json!({"role": "assistant", "content": "Hello"});
    wrong("garden", hello.clone(), json!("Hello")).is_invalid_at("/correction");
    wrong("garden", hello.clone(), hello.clone()).is_invalid_at("/correction");
    wrong("garden", hello, json!({"role": "assistant", "content": "Bye"})).is(201);
}

#[test]
fn an_error_can_be_corrected_and_not_confirmed() {
    let (_app, api, _) = start();
    let logged = api.log(&json!({"agent": "helper", "input": "x", "error": "timed out"})).is(201);
    let id = logged.at("/id");
    let why =
        api.judge(&json!({"interaction": id, "verdict": "confirmed"})).is_invalid_at("/verdict");
    assert!(why.contains("no output to confirm"), "{why}");
    api.judge(&json!({"interaction": id, "verdict": "corrected", "correction": "Yes."})).is(201);
}

#[test]
fn many_are_answered_item_by_item() {
    let (_app, api, id) = start();
    let good = json!({"interaction": id, "external_id": "f", "verdict": "rejected"});
    let nobody =
        json!({"interaction": "01890000-0000-7000-8000-000000000000", "verdict": "rejected"});
    let bad = json!({"interaction": id, "verdict": "corrected"});
    let many = api.judge(&json!([good, nobody, bad, good])).is(200).json();
    let items = many["items"].as_array().unwrap();
    let results: Vec<_> = items.iter().map(|item| item["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["created", "invalid", "invalid", "duplicate"]);
    assert_eq!(items[1]["errors"][0]["pointer"], "/interaction");
    assert_eq!(items[2]["errors"][0]["pointer"], "/correction");
    assert_eq!(items[0]["receipt_url"], items[3]["receipt_url"]);
    let body = format!("{good}\nnot json\n");
    let many = api.post_text("/api/v1/feedback", "application/x-ndjson", body).is(200);
    assert_eq!(many.at("/items/0/result"), "duplicate");
    assert_eq!(many.at("/items/1/result"), "invalid");
}

#[test]
fn only_keys_of_admins_bring_a_decision_along() {
    let (app, api, id) = start();
    let body = json!({"interaction": id, "author": "ben@example.com", "verdict": "corrected",
        "correction": "No.", "status": "accepted"});
    let made = api.judge(&body).is(201).at("/id");
    let status = |wanted: &str| {
        let all = said(&api, &id);
        let found = all.iter().find(|feedback| feedback["id"] == wanted).unwrap();
        found["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&made), "pending");
    let admin = app.api(&[Scope::Admin]);
    let decided = json!({"interaction": id, "author": "ana@example.com", "verdict": "corrected",
        "correction": "Never.", "status": "accepted"});
    let made = admin.judge(&decided).is(201).at("/id");
    assert_eq!(status(&made), "accepted");
    let declined = json!({"interaction": id, "author": "ida@example.com", "verdict": "corrected",
        "correction": "Perhaps.", "status": "declined"});
    let made = admin.judge(&declined).is(201).at("/id");
    assert_eq!(status(&made), "declined");
}
