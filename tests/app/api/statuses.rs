//! What an error looks like, and when which one is given.

use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use serde_json::json;
use std::io::{Read, Write};

#[test]
fn what_is_not_json_is_a_400() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    for path in ["/api/v1/interactions", "/api/v1/feedback"] {
        for body in ["", "{", "{\"agent\": }", "{} {}", "[1, 2"] {
            let why = api.post_text(path, "application/json", body).is_problem(400);
            assert!(why.contains("not JSON"), "{why}");
        }
        let why = api.post_bytes(path, "application/json", b"{\"a\": \"\xff\"}".to_vec());
        assert!(why.is_problem(400).contains("UTF-8"));
    }
    let put = api.request("PUT", "/api/v1/agents/a").header("content-type", "application/json");
    api.send(put.body("{")).is_problem(400);
}

#[test]
fn what_is_not_http_is_a_400() {
    let app = TestApp::start();
    let address = app.url().strip_prefix("http://").unwrap().to_owned();
    for bad in ["no http at all\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"]
    {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(bad.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[test]
fn without_a_known_key_it_is_a_401() {
    let app = TestApp::start();
    let good = json!({"agent": "a", "input": "x", "output": "y"});
    for api in
        [app.stranger(), Api::new(app.url(), Some("ovr_nobody")), Api::new(app.url(), Some(""))]
    {
        let answer = api.log(&good);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(answer.is_problem(401).contains("Authorization: Bearer"));
        api.get("/api/v1/agents").is_problem(401);
    }
    let key = app.key(&[Scope::Read]);
    let basic = app.stranger().request("GET", "/api/v1/agents");
    app.stranger().send(basic.header("authorization", format!("Basic {key}"))).is_problem(401);
    let lower = app.stranger().request("GET", "/api/v1/agents");
    app.stranger().send(lower.header("authorization", format!("bearer {key}"))).is(200);
}

#[test]
fn a_key_without_the_scope_is_a_403_that_names_it() {
    let app = TestApp::start();
    let good = json!({"agent": "a", "input": "x", "output": "y"});
    let why = app.api(&[Scope::Feedback, Scope::Read, Scope::Export]).log(&good).is_problem(403);
    assert_eq!(why, "This key lacks the scope `ingest`.");
    let why = app.api(&[Scope::Ingest]).get("/api/v1/agents").is_problem(403);
    assert!(why.contains("`read`"), "{why}");
    let why = app.api(&[Scope::Ingest]).put("/api/v1/agents/a", &json!({})).is_problem(403);
    assert!(why.contains("`admin`"), "{why}");
}

#[test]
fn what_is_not_there_is_a_404() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let nobody = "01890000-0000-7000-8000-000000000000";
    for path in [
        "/api/v1/agents/nobody",
        &format!("/api/v1/interactions/{nobody}"),
        "/api/v1/interactions/no-id",
        "/api/v1/nothing",
        "/api/v2/interactions",
    ] {
        api.get(path).is_problem(404);
    }
    api.send(api.request("DELETE", "/api/v1/interactions")).is_problem(404);
    api.judge(&json!({"interaction": nobody, "verdict": "rejected"})).is_problem(404);
    let key = json!({"agent": "nobody", "external_id": "x"});
    api.judge(&json!({"interaction": key, "verdict": "rejected"})).is_problem(404);
}

#[test]
fn more_than_ten_mebibytes_is_a_413() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Ingest]);
    let body = "x".repeat(10 * 1024 * 1024 + 1);
    let why = api.post_text("/api/v1/interactions", "application/json", body).is_problem(413);
    assert!(why.contains("10 MiB"), "{why}");
    // Just as much as is taken, and then only its content counts.
    let body = " ".repeat(10 * 1024 * 1024);
    api.post_text("/api/v1/interactions", "application/json", body).is_problem(400);
}

#[test]
fn another_content_type_is_a_415_that_says_which_are_taken() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    for path in ["/api/v1/interactions", "/api/v1/feedback"] {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            let why = api.post_text(path, kind, "{}").is_problem(415);
            assert!(why.contains("application/x-ndjson"), "{why}");
        }
        api.send(api.request("POST", path).body("{}")).is_problem(415);
    }
    let put = api.request("PUT", "/api/v1/agents/a").header("content-type", "text/plain");
    assert!(api.send(put.body("{}")).is_problem(415).contains("application/json"));
    let charset = "application/json; charset=utf-8";
    let good = r#"{"agent": "a", "input": "x", "output": "y"}"#;
    api.post_text("/api/v1/interactions", charset, good).is(201);
}

#[test]
fn what_is_wrong_in_an_interaction_is_a_422_with_its_place() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let deep = ["[".repeat(200), "]".repeat(200)].concat();
    let too_deep =
        &*format!(r#"{{"agent": "a", "input": "x", "output": "y", "metadata": {deep}}}"#);
    let places = [
        (r#"{"input": "x", "output": "y"}"#, "/agent", "is required"),
        (r#"{"agent": "a", "output": "y"}"#, "/input", "is required"),
        ("null", "", "expected an object"),
        (r#"{"agent": "a", "input": "x"}"#, "/output", "or `error`"),
        (r#"{"agent": "a", "input": 7, "output": "y"}"#, "/input", "a string or a list"),
        (r#"{"agent": "a", "input": [], "output": "y"}"#, "/input", "has no message"),
        (
            r#"{"agent": "a", "input": [{"role": "boss", "content": "x"}], "output": "y"}"#,
            "/input/0/role",
            "system, user, assistant, tool",
        ),
        (r#"{"agent": "a", "input": [{"role": "user"}], "output": "y"}"#, "/input/0/content", ""),
        (r#"{"agent": 7, "input": "x", "output": "y"}"#, "/agent", "expected a string"),
        (r#"{"agent": "A b", "input": "x", "output": "y"}"#, "/agent", "is not a slug"),
        (r#"{"agent": "a", "input": "x", "output": 7}"#, "/output", "is a string"),
        (r#"{"agent": "a", "input": "x", "output": "y", "colour": 1}"#, "/colour", "unknown field"),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "environment": "prod"}"#,
            "/environment",
            "production",
        ),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "confidence": 1.5}"#,
            "/confidence",
            "0 to 1",
        ),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "cost_usd": 0.1}"#,
            "/cost_usd",
            "expected a string",
        ),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "cost_usd": "1e3"}"#,
            "/cost_usd",
            "nine decimals",
        ),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "latency_ms": 99999999999999999999}"#,
            "/latency_ms",
            "",
        ),
        (r#"{"agent": "a", "input": "x", "output": "y", "latency_ms": -1}"#, "/latency_ms", "0 or"),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "occurred_at": "2.11.2026"}"#,
            "/occurred_at",
            "2026-11-02T09:14:05.120Z",
        ),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "occurred_at": "9999-01-01T00:00:00Z"}"#,
            "/occurred_at",
            "1900 to 2200",
        ),
        (r#"{"agent": "a", "input": "x", "output": "y", "tools": {}}"#, "/tools", "is a list"),
        (r#"{"agent": "a", "input": "\u0000", "output": "y"}"#, "/input", "NUL"),
        (r#"{"agent": "a", "input": "x", "output": "half \ud800"}"#, "", "half a surrogate pair"),
        (too_deep, "", "nested deeper than 100"),
        (
            r#"{"agent": "a", "input": "x", "output": "y", "external_id": ""}"#,
            "/external_id",
            "empty",
        ),
        (r#""just a text""#, "", ""),
        (r#"null"#, "", ""),
    ];
    for (body, pointer, says) in places {
        let answer = api.post_text("/api/v1/interactions", "application/json", body);
        let why = answer.is_invalid_at(pointer);
        assert!(why.contains(says), "{body}: {why}");
    }
    let list = api.get("/api/v1/feedback").json();
    assert_eq!(list["items"], json!([]));
}

#[test]
fn one_mebibyte_is_the_most_an_interaction_may_have() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let of_size = |size: usize| {
        let empty = r#"{"agent": "a", "output": "y", "input": ""}"#;
        let text =
            "é".repeat((size - empty.len()) / 2) + "x".repeat((size - empty.len()) % 2).as_str();
        let body = empty.replace(r#""input": """#, &format!(r#""input": "{text}""#));
        assert_eq!(body.len(), size);
        body
    };
    let most = 1024 * 1024;
    let kept = api.post_text("/api/v1/interactions", "application/json", of_size(most)).is(201);
    let shown = api.get(&format!("/api/v1/interactions/{}", kept.at("/id"))).is(200);
    assert!(shown.at("/input").len() > most - 60);
    let over = api.post_text("/api/v1/interactions", "application/json", of_size(most + 1));
    assert!(over.is_problem(413).contains("1 MiB"));
    let body = of_size(most + 1) + "\n" + r#"{"agent": "a", "input": "x", "output": "y"}"#;
    let many = api.post_text("/api/v1/interactions", "application/x-ndjson", body).is(200);
    assert_eq!(many.at("/items/0/result"), "invalid");
    assert_eq!(many.at("/items/1/result"), "created");
}

#[test]
fn a_correction_may_be_as_large_as_an_interaction_and_is_imported_as_it_was_exported() {
    let app = TestApp::start();
    app.agent("a", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback]);
    let text = |letter: &str, size: usize| letter.repeat(size);
    let most = 1024 * 1024 - 100;
    let line = json!({"agent": "a", "external_id": "1", "input": "x", "output": text("y", most)});
    let logged = api.log(&line).is(201);
    let said = |author: &str, size: usize| {
        json!({"interaction": logged.at("/id"), "author": author, "verdict": "corrected",
            "correction": text("z", size)})
    };
    assert!(api.judge(&said("ada@example.com", most + 200)).is_problem(413).contains("1 MiB"));
    api.judge(&said("ada@example.com", most)).is(201);
    api.judge(&said("ben@example.com", most - 1)).is(201);
    app.command(&[
        "export", "--agent", "a", "--format", "signals", "--status", "any", "--out", "a",
    ])
    .ok();
    let empty = TestApp::start();
    empty.file("a.jsonl", &app.read("a"));
    empty
        .command(&["import", "a.jsonl"])
        .ok()
        .says("imported 1 new, 0 duplicates, 0 conflicts, 0 invalid interactions; 2 new");
}

#[test]
fn a_list_is_not_taken_for_an_object() {
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Admin]);
    let list = r#"["seq1", "helper", "v1", "production", null, null, null, null, "x", null, "y"]"#;
    let lines = api.post_text("/api/v1/interactions", "application/x-ndjson", list).is(200);
    assert_eq!(lines.at("/items/0/result"), "invalid");
    assert!(lines.text.contains("expected an object"), "{}", lines.text);
    api.put("/api/v1/agents/other", &json!(["Name"])).is_invalid_at("");
    let id = api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201).at("/id");
    api.judge(&json!({"interaction": ["helper", "production", "1"], "verdict": "rejected"}))
        .is_invalid_at("/interaction");
    api.judge(&json!({"interaction": id, "verdict": "rejected"})).is(201);
}
