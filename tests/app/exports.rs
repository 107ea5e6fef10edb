//! Exports: every format against the contract's table, the same bytes each time, nothing half.

use crate::imports::{FIXTURES, import, make_agents};
use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const FORMATS: &[&str] = &[
    "signals",
    "sft",
    "preference",
    "kto",
    "openai-chat",
    "openai-preference",
    "classification",
    "eval",
    "promptfoo",
    "openai-evals",
    "argilla",
    "label-studio",
];

pub fn export(app: &TestApp, agent: &str, format: &str, more: &[&str]) -> String {
    let out = format!("{agent}-{format}.jsonl");
    let command =
        app.binary().args(["export", "--agent", agent, "--format", format, "--out", &out]);
    command.args(more).run().ok();
    app.read(&out)
}

pub fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A text agent with one feedback of each verdict, all accepted at once.
fn one_of_each(app: &TestApp) {
    app.agent("helper", json!({"review": "none"}));
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let asked =
        json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "B?"}]);
    let line = |id: &str, input: Value, feedback: Value| {
        json!({"agent": "helper", "agent_version": "v1", "external_id": id, "input": input,
            "output": format!("out {id}"), "end_user": "ines@example.com", "feedback": [feedback]})
    };
    let mut with_tools = line(
        "b",
        asked,
        json!({"verdict": "corrected", "correction": "right b",
        "author": "ben@example.com", "category": "tone", "severity": "high"}),
    );
    with_tools["tools"] = tools;
    let all = json!([
        line("a", json!("A?"), json!({"verdict": "confirmed", "author": "ana@example.com"})),
        with_tools,
        line("c", json!("C?"), json!({"verdict": "rejected"})),
        line("d", json!("D?"), json!({"verdict": "escalated"})),
    ]);
    let answer = app.api(&[Scope::Admin]).post("/api/v1/interactions", &all).is(200);
    assert!(!answer.text.contains("errors"), "{}", answer.text);
}

#[test]
fn each_format_gives_of_each_verdict_what_the_contract_says() {
    let app = TestApp::start();
    one_of_each(&app);
    let user = |text: &str| json!([{"role": "user", "content": text}]);
    let asked =
        json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "B?"}]);
    let says = |text: &str| json!([{"role": "assistant", "content": text}]);
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let chat = |prompt: &Value, answer: &str| {
        let mut all = prompt.as_array().unwrap().clone();
        all.push(json!({"role": "assistant", "content": answer}));
        Value::from(all)
    };
    for (format, wanted) in [
        (
            "sft",
            json!([
                {"prompt": user("A?"), "completion": says("out a")},
                {"prompt": asked, "completion": says("right b"), "tools": tools},
            ]),
        ),
        (
            "preference",
            json!([
                {"prompt": asked, "chosen": says("right b"), "rejected": says("out b"),
                 "tools": tools},
            ]),
        ),
        (
            "kto",
            json!([
                {"prompt": user("A?"), "completion": says("out a"), "label": true},
                {"prompt": asked, "completion": says("out b"), "label": false, "tools": tools},
                {"prompt": asked, "completion": says("right b"), "label": true, "tools": tools},
                {"prompt": user("C?"), "completion": says("out c"), "label": false},
            ]),
        ),
        (
            "openai-chat",
            json!([
                {"messages": chat(&user("A?"), "out a")},
                {"messages": chat(&asked, "right b"), "tools": tools},
            ]),
        ),
        (
            "openai-preference",
            json!([
                {"input": {"messages": asked, "tools": tools}, "preferred_output": says("right b"),
                 "non_preferred_output": says("out b")},
            ]),
        ),
        (
            "openai-evals",
            json!([
                {"input": user("A?"), "ideal": "out a"},
                {"input": asked, "ideal": "right b"},
            ]),
        ),
    ] {
        let text = export(&app, "helper", format, &[]);
        assert_eq!(Value::from(rows(&text)), wanted, "{format}");
        assert!(!text.contains('@'), "an address in {format}: {text}");
    }
    let eval = rows(&export(&app, "helper", "eval", &[]));
    assert_eq!(eval.len(), 2);
    assert_eq!((&eval[0]["input"], &eval[0]["target"]), (&user("A?"), &json!("out a")));
    assert_eq!((&eval[1]["input"], &eval[1]["target"]), (&asked, &json!("right b")));
    let about = &eval[1]["metadata"];
    assert_eq!((&about["agent"], &about["agent_version"]), (&json!("helper"), &json!("v1")));
    assert_eq!((&about["category"], &about["severity"]), (&json!("tone"), &json!("high")));
    let promptfoo = rows(&export(&app, "helper", "promptfoo", &[]));
    assert_eq!(promptfoo[0]["vars"], json!({"input": "A?"}));
    assert_eq!(promptfoo[1]["assert"], json!([{"type": "equals", "value": "right b"}]));
}

#[test]
fn what_promptfoo_would_fill_in_or_read_is_a_text_in_its_cases() {
    let app = TestApp::start();
    app.agent("helper", json!({"review": "none"}));
    app.agent("reader", json!({"kind": "json", "review": "none"}));
    let line = |agent: &str, input: Value, right: Value| {
        json!({"agent": agent, "input": input, "output": "?",
            "feedback": [{"verdict": "corrected", "correction": right}]})
    };
    let chat = json!([{"role": "user", "content": "{% if %}"}]);
    let all = json!([
        line("helper", json!("Who is {{ name }}?"), json!("{{ env.HOME }} {#}")),
        line("helper", json!("file:///etc/hostname"), json!("package:x")),
        line("helper", chat, json!("{a} {{")),
        line("reader", json!("?"), json!({"a": "{{ b }}"})),
        line("reader", json!("?"), json!("{{ b }}")),
    ]);
    let answer = app.api(&[Scope::Admin]).post("/api/v1/interactions", &all).is(200);
    assert!(!answer.text.contains("errors"), "{}", answer.text);
    let cases = |agent: &str| -> Vec<(Value, Value)> {
        let rows = rows(&export(&app, agent, "promptfoo", &[])).into_iter();
        rows.map(|row| (row["vars"]["input"].clone(), row["assert"][0]["value"].clone())).collect()
    };
    let wanted = [
        ("Who is {{ '{' }}{ name }}?", "{{ '{' }}{ env.HOME }} {{ '{' }}#{{ '}' }}"),
        ("{{ 'file:' }}///etc/hostname", "{{ 'package:' }}x"),
        (r#"[{"role":"user","content":"{{ '{' }}% if %}"}]"#, "{a} {{ '{' }}{"),
    ];
    assert_eq!(cases("helper"), wanted.map(|(input, value)| (json!(input), json!(value))));
    // It fills in nothing inside an object.
    let wanted = [json!({"a": "{{ b }}"}), json!("{{ '{' }}{ b }}")];
    assert_eq!(cases("reader"), wanted.map(|value| (json!("?"), value)));
}

#[test]
fn a_label_is_a_class_with_its_number_and_escalated_inputs_are_out_of_scope() {
    let app = TestApp::start();
    let labels = json!(["billing", "returns", "other"]);
    app.agent(
        "router",
        json!({"kind": "label", "labels": labels, "review": "none",
        "out_of_scope_label": "other"}),
    );
    let line = |input: &str, feedback: Value| {
        let out = "billing";
        json!({"agent": "router", "input": input, "output": out, "feedback": [feedback]})
    };
    let all = json!([
        line("A?", json!({"verdict": "confirmed"})),
        line("B?", json!({"verdict": "corrected", "correction": "returns"})),
        line("C?", json!({"verdict": "rejected"})),
        line("D?", json!({"verdict": "escalated"})),
    ]);
    app.api(&[Scope::Admin]).post("/api/v1/interactions", &all).is(200);
    let row = |text: &str, label: &str, id: u32| {
        let said = "billing";
        json!({"text": text, "label": label, "label_id": id, "predicted": said})
    };
    let wanted = vec![row("A?", "billing", 0), row("B?", "returns", 1), row("D?", "other", 2)];
    assert_eq!(rows(&export(&app, "router", "classification", &[])), wanted);
    // Retired labels keep their numbers.
    app.agent("router", json!({"labels": ["other", "new"]}));
    assert_eq!(rows(&export(&app, "router", "classification", &[])), wanted);
    app.agent("router", json!({"out_of_scope_label": null}));
    assert_eq!(rows(&export(&app, "router", "classification", &[])), wanted[..2]);

    app.agent("helper", json!({"kind": "text"}));
    let out = ["export", "--agent", "helper", "--format", "classification", "--out", "x"];
    app.command(&out).fails_with(1).says("takes an agent of kind label");
    assert!(!app.folder().join("x").exists());
}

#[test]
fn the_same_export_gives_the_same_bytes_with_manifest_and_ids() {
    let app = TestApp::start();
    make_agents(&app);
    for (kind, _, _, _) in FIXTURES {
        import(&app, kind).ok();
    }
    let api = app.api(&[Scope::Export]);
    for (kind, agent, _, _) in FIXTURES {
        for format in FORMATS.iter().filter(|f| **f != "classification" || *kind == "label") {
            let any = ["--status", "any"];
            let text = export(&app, agent, format, &any);
            assert!(!text.is_empty() && text.ends_with('\n'), "{kind} {format}");
            assert_eq!(export(&app, agent, format, &any), text, "{kind} {format}");
            let path = format!("/api/v1/signals?agent={agent}&format={format}&status=any");
            let answer = api.get(&path).is(200);
            assert_eq!(answer.header("content-type"), "application/x-ndjson");
            assert_eq!(answer.text, text, "{kind} {format} by the API");
            check_beside(&app, agent, format, &text);
        }
    }
}

fn check_beside(app: &TestApp, agent: &str, format: &str, text: &str) {
    let name = format!("{agent}-{format}.jsonl");
    let manifest: Value =
        serde_json::from_str(&app.read(&format!("{name}.manifest.json"))).unwrap();
    assert_eq!(manifest["rows"], text.lines().count(), "{format}");
    assert_eq!(manifest["bytes"], text.len(), "{format}");
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(text)), "{format}");
    assert_eq!(manifest["file"], json!(name));
    let question = json!({"agent": agent, "format": format, "file_format": "jsonl",
        "status": "any"});
    assert_eq!(manifest["question"], question);
    let ids = app.folder().join(format!("{name}.ids"));
    if matches!(format, "signals" | "eval" | "argilla" | "label-studio") {
        assert!(!ids.exists(), "{format} carries its ids itself");
        return;
    }
    let ids = std::fs::read_to_string(ids).unwrap();
    assert_eq!(ids.lines().count(), text.lines().count(), "{format}: an id a row");
    assert!(ids.lines().all(|id| id.parse::<uuid::Uuid>().is_ok()), "{ids}");
}

#[test]
fn what_a_format_cant_use_is_counted_by_reason() {
    let app = TestApp::start();
    one_of_each(&app);
    let out = ["export", "--agent", "helper", "--format", "preference", "--out", "p.jsonl"];
    let said = app.command(&out).ok();
    let wanted =
        "wrote 1 rows to p.jsonl; left out: 1 confirmed_only, 1 escalated, 1 no_right_answer";
    assert_eq!(said.last_line(), wanted);
    let manifest: Value = serde_json::from_str(&app.read("p.jsonl.manifest.json")).unwrap();
    let wanted = json!({"confirmed_only": 1, "escalated": 1, "no_right_answer": 1});
    assert_eq!(manifest["excluded"], wanted);
}

#[test]
fn an_export_takes_what_was_asked_for() {
    let app = TestApp::start();
    app.agent("helper", json!({"review": "required"}));
    let line = |n: u32, environment: &str, version: &str, at: &str, feedback: Value| {
        json!({"agent": "helper", "environment": environment, "agent_version": version,
            "external_id": n.to_string(), "occurred_at": at, "input": format!("{n}?"),
            "output": "y", "feedback": [feedback]})
    };
    let right = |status: &str| json!({"verdict": "corrected", "correction": "z", "status": status});
    let all = json!([
        line(1, "production", "v1", "2026-01-01T00:00:00Z", right("accepted")),
        line(2, "production", "v2", "2026-01-02T00:00:00Z", right("pending")),
        line(3, "staging", "v2", "2026-01-03T00:00:00Z", json!({"verdict": "confirmed"})),
        line(4, "production", "v2", "2026-01-04T12:00:00Z", right("declined")),
    ]);
    app.api(&[Scope::Admin]).post("/api/v1/interactions", &all).is(200);
    for (more, wanted) in [
        (vec![], vec!["1?", "3?"]),
        (vec!["--status", "pending"], vec!["2?"]),
        (vec!["--status", "any"], vec!["1?", "2?", "3?"]),
        (vec!["--status", "any", "--environment", "staging"], vec!["3?"]),
        (vec!["--status", "any", "--version", "v2"], vec!["2?", "3?"]),
        (vec!["--status", "any", "--verdict", "corrected"], vec!["1?", "2?"]),
        (vec!["--status", "any", "--since", "2026-01-02"], vec!["2?", "3?"]),
        (vec!["--status", "any", "--until", "2026-01-03T00:00:00Z"], vec!["1?", "2?"]),
    ] {
        let got = rows(&export(&app, "helper", "signals", &more));
        let got: Vec<_> = got.iter().map(|row| row["input"].as_str().unwrap()).collect();
        assert_eq!(got, wanted, "{more:?}");
    }
}

#[test]
fn an_edit_or_a_new_word_of_the_author_changes_what_is_exported() {
    let app = TestApp::start();
    app.agent("helper", json!({"review": "none"}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback]);
    let id = api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201).at("/id");
    let say = |correction: &str| {
        api.judge(&json!({"interaction": id, "author": "ben@example.com", "verdict": "corrected",
            "correction": correction}))
            .is(201);
        let rows = rows(&export(&app, "helper", "signals", &[]));
        assert_eq!(rows.len(), 1);
        let said = rows[0]["feedback"].as_array().unwrap();
        assert_eq!(said.len(), 1, "only the current word: {said:?}");
        assert_eq!(said[0]["correction"], correction);
        said[0]["signal_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(say("one"), say("two"), "the signal keeps its id");
}

#[test]
fn what_cant_be_exported_is_said_and_nothing_is_written() {
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let export = |more: &[&str]| app.binary().arg("export").args(more).run();
    let to = |more: &[&str]| export(&[&["--format", "sft", "--out", "o.jsonl"], more].concat());
    to(&["--agent", "nobody"]).fails_with(1).says("there is no agent `nobody`");
    to(&["--agent", "helper", "--since", "May"]).fails_with(1).says("--since: `May` is no instant");
    to(&["--agent", "helper", "--status", "open"]).fails_with(2).says("accepted");
    to(&[]).fails_with(2).says("--agent");
    let there = export(&["--agent", "helper", "--format", "sft", "--out", "nowhere/o.jsonl"]);
    there.fails_with(1).says("can't write in nowhere");
    assert!(!app.folder().join("o.jsonl").exists());
    assert!(!app.folder().join("o.jsonl.manifest.json").exists());
    to(&["--agent", "helper"]).ok().says("wrote 0 rows to o.jsonl");
    assert_eq!(app.read("o.jsonl"), "");

    let api = app.api(&[Scope::Export]);
    api.get("/api/v1/signals?agent=nobody&format=sft").is_problem(404);
    api.get("/api/v1/signals?format=sft").is_invalid_at("/agent");
    api.get("/api/v1/signals?agent=helper").is_invalid_at("/format");
    api.get("/api/v1/signals?agent=helper&format=poem").is_invalid_at("/format");
    api.get("/api/v1/signals?agent=helper&format=classification").is_invalid_at("/format");
    api.get("/api/v1/signals?agent=helper&format=sft&colour=red").is_invalid_at("/colour");
}

#[test]
fn an_export_that_is_stopped_leaves_no_half_file() {
    let app = TestApp::start();
    let lines: Vec<String> = (0..3_000)
        .map(|n| {
            json!({"agent": "a", "input": format!("{n}?"), "output": "y",
            "feedback": [{"verdict": "confirmed"}]})
            .to_string()
        })
        .collect();
    app.file("log.jsonl", &lines.join("\n"));
    app.command(&["import", "log.jsonl"]).ok();
    let out = app.folder().join("out");
    std::fs::create_dir(&out).unwrap();
    let path = out.join("o.jsonl");
    for wait in [0, 10, 40, 80, 160] {
        let export = app.binary().args(["export", "--agent", "a", "--format", "signals", "--out"]);
        let export = export.arg(&path).start();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        export.kill();
        // Whenever it was killed, the file is whole or not there.
        if path.exists() {
            assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3_000);
            assert!(out.join("o.jsonl.manifest.json").exists());
            std::fs::remove_file(&path).unwrap();
        }
    }
    let export = app.binary().args(["export", "--agent", "a", "--format", "signals", "--out"]);
    export.arg(&path).run().ok().says("wrote 3000 rows");
}

#[test]
fn exports_are_noted_in_the_audit_log() {
    use diesel::prelude::*;
    use overrule::schema::audit_events as a;
    let app = TestApp::start();
    app.agent("helper", json!({}));
    app.api(&[Scope::Export]).get("/api/v1/signals?agent=helper&format=sft").is(200);
    let events: Vec<(String, String, String)> = app.write(|conn| {
        let row = a::table.select((a::actor_kind, a::action, a::subject)).order(a::id.desc());
        Ok(row.limit(1).load(conn)?)
    });
    let wanted = ("key".into(), "signals.export".into(), "agent:helper".into());
    assert_eq!(events, [wanted]);
}
