//! Sending interactions: what is made, what is a repeat, what comes out again.

use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/interactions";

#[test]
fn one_interaction_is_stored_and_answered_with_its_links() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Ingest, Scope::Read]);
    let made = api.log(&json!({"agent": "helper", "input": "Where?", "output": "There."})).is(201);
    assert_eq!(made.at("/result"), "created");
    let id = made.at("/id");
    assert_eq!(id.as_bytes()[14], b'7', "a UUIDv7: {id}");
    assert_eq!(made.at("/url"), format!("{}/interactions/{id}", app.url()));
    assert!(made.at("/correct_url").starts_with(&format!("{}/c/", app.url())));
    let shown = api.get(&format!("{PATH}/{id}")).is(200).json();
    for (key, value) in [
        ("id", json!(id)),
        ("agent", json!("helper")),
        ("agent_version", json!("")),
        ("environment", json!("production")),
        ("team", json!("support")),
        ("source", json!("log")),
        ("input", json!("Where?")),
        ("output", json!("There.")),
        ("error", Value::Null),
        ("feedback", json!([])),
    ] {
        assert_eq!(shown[key], value, "{key}");
    }
}

#[test]
fn texts_and_json_come_out_exactly_as_they_were_sent() {
    let app = TestApp::start();
    app.agent("reader", json!({"kind": "json"}));
    let api = app.api(&[Scope::Ingest, Scope::Read]);
    let pieces = [
        r#"[{"role":"user",  "content":"Cafe\u0301 \ud83e\udd6e \r\n\t<b>"}]"#,
        r#"{"zeta": 1.0, "alpha": 1e3,  "n": 12345678901234567890, "a": {"b":[ ]}}"#,
        r#"[{"title": "Card",  "url": "https://x.example/?a=1&b=2"}]"#,
        r#"{"Beta": [1, 1.50, -0, 2E+2, null], "": "empty key"}"#,
        r#"[{"type": "function", "function": {"name": "f", "parameters": {"default": 1.00}}}]"#,
    ];
    let [input, output, sources, metadata, tools] = pieces;
    let body = format!(
        r#"{{"agent": "reader", "input": {input}, "output": {output}, "sources": {sources},
            "metadata": {metadata}, "tools": {tools}, "cost_usd": "12.000000001", "confidence": 0.0,
            "input_tokens": 9007199254740993, "occurred_at": "2025-04-11T23:59:59.999999Z",
            "end_user": "Ines@Example.com", "model": "m-1"}}"#
    );
    let id = api.post_text(PATH, "application/json", body).is(201).at("/id");
    let shown = api.get(&format!("{PATH}/{id}")).is(200);
    for piece in pieces {
        assert!(shown.text.contains(piece), "{piece} in {}", shown.text);
    }
    assert!(shown.text.contains(r#""input_tokens":9007199254740993"#), "{}", shown.text);
    assert_eq!(shown.at("/cost_usd"), "12.000000001");
    assert_eq!(shown.at("/occurred_at"), "2025-04-11T23:59:59.999999Z");
    assert_eq!(shown.at("/end_user"), "ines@example.com");
    assert_eq!(shown.json()["confidence"], 0.0);
}

#[test]
fn an_array_and_ndjson_are_answered_item_by_item() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let line =
        |n: u32| json!({"agent": "a", "external_id": n.to_string(), "input": "x", "output": "y"});
    let many = api.post(PATH, &json!([line(1), {"agent": "a"}, line(1), 7])).is(200).json();
    let items = many["items"].as_array().unwrap();
    let results: Vec<_> = items.iter().map(|item| item["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["created", "invalid", "duplicate", "invalid"]);
    assert_eq!(items[0]["id"], items[2]["id"]);
    assert_eq!((&items[1]["id"], &items[1]["index"]), (&Value::Null, &json!(1)));
    assert_eq!(items[1]["errors"][0], json!({"pointer": "/input", "message": "is required"}));
    assert!(items[0]["correct_url"].is_string() && items[1].get("correct_url").is_none());

    let body = format!("{}\r\n\n{{\n{}", line(2), line(1));
    let many = api.post_text(PATH, "application/x-ndjson", body).is(200).json();
    let results: Vec<_> = (many["items"].as_array().unwrap().iter())
        .map(|item| item["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["created", "invalid", "duplicate"]);
    assert_eq!(api.post(PATH, &json!([])).is(200).json(), json!({"items": []}));
}

#[test]
fn the_same_key_with_the_same_content_is_a_duplicate_and_with_other_a_conflict() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let first = json!({"agent": "a", "external_id": "t-1", "input": "x", "output": "y",
        "metadata": {"p": 1, "q": 2}, "occurred_at": "2026-01-01T00:00:00Z"});
    let id = api.log(&first).is(201).at("/id");
    let again = api.log(&first).is(200);
    assert_eq!((again.at("/result"), again.at("/id")), ("duplicate".into(), id.clone()));
    // The same in another spelling, and without what has a default.
    let spelled = r#"{"metadata": {"q": 2.0,  "p": 1e0}, "output": "y", "input": "x",
        "external_id": "t-1", "agent": "a", "environment": "production"}"#;
    let again = api.post_text(PATH, "application/json", spelled).is(200);
    assert_eq!(again.at("/id"), id);
    for (key, value) in [
        ("output", json!("z")),
        ("occurred_at", json!("2026-01-02T00:00:00Z")),
        ("team", json!("another")),
        ("model", json!("m-2")),
    ] {
        let mut other = first.clone();
        other[key] = value;
        let answer = api.log(&other).is(409);
        assert_eq!(
            (answer.at("/result"), answer.at("/id")),
            ("conflict".into(), id.clone()),
            "{key}"
        );
    }
    let shown = api.get(&format!("{PATH}/{id}")).json();
    assert_eq!((&shown["output"], &shown["model"]), (&json!("y"), &Value::Null));
    // Another environment or agent is another key.
    let mut other = first.clone();
    other["environment"] = json!("staging");
    assert_ne!(api.log(&other).is(201).at("/id"), id);
}

#[test]
fn without_a_key_of_its_own_each_is_new_unless_the_header_says_otherwise() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let body = json!({"agent": "a", "input": "x", "output": "y"});
    assert_ne!(api.log(&body).is(201).at("/id"), api.log(&body).is(201).at("/id"));
    let send = |key: &str, body: &Value| {
        let request = api.request("POST", PATH).header("content-type", "application/json");
        api.send(request.header("idempotency-key", key).body(body.to_string()))
    };
    let id = send("k-1", &body).is(201).at("/id");
    assert_eq!(send("k-1", &body).is(200).at("/id"), id);
    let mut other = body.clone();
    other["output"] = json!("z");
    assert_eq!(send("k-1", &other).is(409).at("/id"), id);
    send("k-2", &body).is(201);

    let both = json!([body, other]);
    let made = send("k-3", &both).is(200);
    assert_eq!(made.at("/items/1/result"), "created");
    let again = send("k-3", &both).is(200);
    assert_eq!(again.at("/items/0/result"), "duplicate");
    assert_eq!(again.at("/items/1/id"), made.at("/items/1/id"));
    send("", &body).is_problem(400);
    send(&"k".repeat(201), &body).is_problem(400);
}

#[test]
fn only_keys_of_admins_make_names_nobody_has_seen() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    app.agent("router", json!({"kind": "label", "labels": ["billing"]}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read, Scope::Triage, Scope::Export]);
    for (body, pointer) in [
        (json!({"agent": "nobody", "input": "x", "output": "y"}), "/agent"),
        (json!({"agent": "helper", "team": "nobody", "input": "x", "output": "y"}), "/team"),
        (json!({"agent": "router", "input": "x", "output": "returns"}), "/output"),
    ] {
        let why = api.log(&body).is_invalid_at(pointer);
        assert!(
            why.contains("only the command line and keys with scope `admin` make one"),
            "{why}"
        );
        app.api(&[Scope::Admin]).log(&body).is(201);
        api.log(&body).is(201);
    }
    let agent = api.get("/api/v1/agents/nobody").is(200).json();
    assert_eq!((&agent["kind"], &agent["review"]), (&json!("text"), &json!("required")));
    assert_eq!(agent["team"], "default");
    let router = api.get("/api/v1/agents/router").json();
    assert_eq!(router["labels"][1]["name"], "returns");
    // A new version is no name that anybody has to allow.
    let body = json!({"agent": "helper", "agent_version": "v9", "input": "x", "output": "y"});
    api.log(&body).is(201);
    assert_eq!(api.get("/api/v1/agents/helper").json()["versions"], json!(["v9", ""]));
}

#[test]
fn feedback_comes_along_for_keys_that_may_send_it() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let body = json!({"agent": "helper", "external_id": "t", "input": "x", "output": "y",
        "feedback": [{"author": "ben@example.com", "verdict": "corrected", "correction": "z"},
                     {"verdict": "corrected"}]});
    let ingest = app.api(&[Scope::Ingest, Scope::Read]);
    let answer = ingest.log(&body).is(201);
    assert_eq!(answer.at("/errors/0/pointer"), "/feedback/0");
    assert!(answer.at("/errors/0/message").contains("lacks the scope `feedback`"));
    assert_eq!(ingest.get("/api/v1/feedback").json()["items"], json!([]));

    let both = app.api(&[Scope::Ingest, Scope::Feedback]);
    let answer = both.log(&body).is(200);
    assert_eq!(answer.at("/result"), "duplicate");
    assert_eq!(answer.at("/errors/0/pointer"), "/feedback/1/correction");
    let shown = ingest.get(&format!("{PATH}/{}", answer.at("/id"))).json();
    assert_eq!(shown["feedback"][0]["correction"], "z");
    assert_eq!(shown["feedback"].as_array().unwrap().len(), 1);
    both.log(&body).is(200);
    assert_eq!(ingest.get("/api/v1/feedback").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn an_output_fits_the_kind_of_its_agent() {
    let app = TestApp::start();
    app.agent("reader", json!({"kind": "json"}));
    app.agent("garden", json!({"kind": "message"}));
    let api = app.api(&[Scope::Ingest]);
    let log = |agent: &str, output: Value| {
        api.log(&json!({"agent": agent, "input": "x", "output": output}))
    };
    for output in [json!(7), json!(null), json!("text"), json!({"a": []})] {
        // `null` is no output at all, as if it was left out.
        let is_null = output.is_null();
        log("reader", output).is(if is_null { 422 } else { 201 });
    }
    log("garden", json!({"role": "assistant", "content": "Hello"})).is(201);
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "water", "arguments": "{}"}}]});
    log("garden", call).is(201);
    for wrong in [
        json!("Hello"),
        json!({"role": "user", "content": "x"}),
        json!({"role": "assistant", "content": ""}),
        json!({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}),
    ] {
        log("garden", wrong).is_invalid_at("/output");
    }
    let failed = json!({"agent": "garden", "input": "x", "error": "no answer in time"});
    api.log(&failed).is(201);
}
