//! The saved question: names are checked, what can't give anything is said.

use super::{router, save};
use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn question() -> Value {
    json!({"agents": ["router"], "format": "classification",
        "split": {"train": 0.8, "validation": 0.1, "test": 0.1}})
}

fn with(changes: Value) -> Value {
    let mut question = question();
    for (key, value) in changes.as_object().unwrap() {
        question[key] = value.clone();
    }
    question
}

#[test]
fn a_question_is_saved_and_comes_back_complete() {
    let app = TestApp::start();
    router(&app, 2);
    let api = app.api(&[Scope::Export]);
    let answer = api.put("/api/v1/datasets/routes", &question()).is(201);
    assert_eq!(answer.at("/question/duplicates"), "once");
    assert_eq!(answer.at("/question/conflicts"), "adjudicated");
    api.put("/api/v1/datasets/routes", &with(json!({"duplicates": "all"}))).is(200);
    let found = api.get("/api/v1/datasets/routes").is(200);
    assert_eq!(found.at("/question/duplicates"), "all");
    assert_eq!(api.get("/api/v1/datasets").is(200).at("/items/0/name"), "routes");
    api.get("/api/v1/datasets/other").is_problem(404);
}

#[test]
fn a_name_with_slashes_or_of_a_page_is_refused() {
    let app = TestApp::start();
    router(&app, 1);
    let api = app.api(&[Scope::Export]);
    for name in ["a%2Fb", "..", ".hidden", "Big", "new", "a%20b"] {
        let answer = api.put(&format!("/api/v1/datasets/{name}"), &question());
        if name == ".." {
            assert!(answer.status >= 400, "{}", answer.text);
        } else {
            answer.is_invalid_at("/name");
        }
    }
    let ed = app.engineer();
    let page = ed.open("/datasets/new").fill("Name", "a/b").fill("Agents", "router");
    let page = page.press("Make the dataset").is(422).sees("starts with a letter or digit");
    assert_eq!(page.value("Name"), "a/b");
    assert_eq!(page.value("Agents"), "router");
}

#[test]
fn names_that_are_not_there_and_filters_that_leave_nothing_are_said() {
    let app = TestApp::start();
    router(&app, 3);
    app.agent("helper", json!({"kind": "text"}));
    let api = app.api(&[Scope::Export]);
    let wrong = |changes: Value, pointer: &str| {
        api.put("/api/v1/datasets/x", &with(changes)).is_invalid_at(pointer)
    };
    wrong(json!({"agents": ["router", "nobody"], "format": "sft"}), "/agents/1");
    wrong(json!({"agents": []}), "/agents");
    wrong(json!({"agents": ["router", "router"], "format": "sft"}), "/agents/1");
    wrong(json!({"versions": ["v9"]}), "/versions/0");
    wrong(json!({"teams": ["nobody"]}), "/teams/0");
    wrong(json!({"categories": ["tone", "shoes"]}), "/categories/1");
    wrong(json!({"color": "red"}), "/color");
    wrong(json!({"since": "2026-02-01", "until": "2026-01-01"}), "/until");
    let why = wrong(json!({"format": "preference", "verdicts": ["confirmed"]}), "/verdicts");
    assert!(why.contains("is made of corrected"), "{why}");
    let why = wrong(json!({"environments": ["staging"]}), "/environments");
    assert!(why.contains("leaves nothing"), "{why}");
    let why = wrong(json!({"agents": ["helper"]}), "/format");
    assert!(why.contains("agent of kind label"), "{why}");
    wrong(json!({"agents": ["helper", "router"]}), "/format");
    wrong(json!({"format": "signals"}), "/format");
    wrong(json!({"split": {"train": 0.5, "test": 0.4}}), "/split");
    wrong(json!({"max_per": {"label": 0}}), "/max_per/label");
    wrong(json!({"max_tokens": 0}), "/max_tokens");
    wrong(json!({"redact": ["email", "shoes"]}), "/redact/1");
    wrong(json!({"redact": ["x"], "patterns": {"x": "("}}), "/patterns/x");
    wrong(json!({"license": "a b"}), "/license");
}

#[test]
fn the_command_takes_json_and_toml() {
    let app = TestApp::start();
    router(&app, 2);
    app.file("q.json", &question().to_string());
    app.command(&["dataset", "set", "one", "q.json"]).ok().says("made one");
    let toml = "agents = [\"router\"]\nformat = \"classification\"\nsince = 2026-01-01\n\
        [split]\ntrain = 0.8\nvalidation = 0.1\ntest = 0.1\n";
    app.file("q.toml", toml);
    app.command(&["dataset", "set", "one", "q.toml"]).ok().says("changed one");
    let found = app.api(&[Scope::Export]).get("/api/v1/datasets/one").is(200);
    assert_eq!(found.at("/question/since"), "2026-01-01T00:00:00Z");
    app.file("bad.toml", "agents = [\"router\", \"x\"]\nformat = \"sft\"\n");
    let said = app.command(&["dataset", "set", "two", "bad.toml"]).fails_with(1);
    said.says("agents.1: there is no agent `x`");
    app.command(&["dataset", "set", "a/b", "q.json"]).fails_with(1).says("name: is 1 to 100");
    app.command(&["dataset", "release", "nobody"]).fails_with(1).says("there is no such dataset");
}

#[test]
fn what_an_agent_is_grouped_by_is_fixed_by_its_first_release() {
    let app = TestApp::start();
    router(&app, 4);
    let api = app.api(&[Scope::Export]);
    save(&api, "one", &with(json!({"group_by": "end_user"})));
    save(&api, "two", &with(json!({"group_by": "input"})));
    super::release(&api, "one");
    let why = api.put("/api/v1/datasets/three", &with(json!({"group_by": "input"})));
    let why = why.is_invalid_at("/group_by");
    assert!(why.contains("split by end_user since its first release"), "{why}");
    api.post("/api/v1/datasets/two/releases", &json!({})).is_invalid_at("/group_by");
    save(&api, "four", &question());
}
