//! A dataset's question takes what audits found, leaves it out, or takes nothing else.

use super::Audited;
use crate::datasets::{file, release, rows, save};
use crate::triage::{corrected, decide};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// Two that were reported and accepted, and two of three that were audited.
fn audited() -> Audited {
    let audited = Audited::of(&["one", "two", "three"], 1);
    let api = audited.reviewer();
    let edit = json!({"decision": "accepted_with_edits", "label": "other"});
    decide(&api, audited.item("one"), edit).is(201);
    decide(&api, audited.item("two"), json!({"decision": "accepted"})).is(201);
    for question in ["four", "five"] {
        audited.desk.log(question, "billing", &[corrected("ana@example.com", "returns")]);
        decide(&api, &audited.desk.item(question), json!({"decision": "accepted"})).is(201);
    }
    audited
}

fn question(audit: Option<&str>) -> Value {
    let mut question = json!({"agents": ["router"], "format": "classification"});
    if let Some(audit) = audit {
        question["audit"] = json!(audit);
    }
    question
}

#[test]
fn a_release_holds_what_the_question_asks_for() {
    let audited = audited();
    let api = audited.desk.app.api(&[Scope::Export]);
    for (audit, texts, card) in [
        (None, ["five", "four", "one", "two"].as_slice(), "counts like the rest"),
        (Some("include"), &["five", "four", "one", "two"], "counts like the rest"),
        (Some("leave_out"), &["five", "four"], "found in random samples is left out"),
        (Some("only"), &["one", "two"], "All of it is what reviewers found"),
    ] {
        save(&api, "routes", &question(audit));
        let made = release(&api, "routes");
        let mut found: Vec<Value> = rows(&api, "routes", &made["number"], "train.jsonl")
            .iter()
            .map(|row| row["text"].clone())
            .collect();
        found.sort_by_key(Value::to_string);
        assert_eq!(found, *texts, "{audit:?}");
        assert_eq!(made["excluded"], json!({}), "a filter leaves nothing to account for");
        let manifest = file(&api, "routes", &made["number"], "manifest.json");
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let asked = audit.filter(|audit| *audit != "include");
        assert_eq!(manifest["question"].get("audit"), asked.map(|a| json!(a)).as_ref());
        assert_eq!(manifest["signals"], texts.len());
        let readme = file(&api, "routes", &made["number"], "README.md");
        assert!(readme.replace('\n', " ").contains(card), "{readme}");
    }
}

#[test]
fn the_question_is_asked_by_page_by_file_and_by_call() {
    let audited = audited();
    let app = &audited.desk.app;
    let ed = app.engineer();
    let page = ed.open("/datasets/new").fill("Name", "routes").fill("Agents", "router");
    let page = page.pick("Format", "classification: text and label");
    let page = page.pick("Random audits", "Only what reviewers found in them");
    let page = page.press("Make the dataset").is_at("/datasets/routes");
    let page = page.sees("only what random audits found");
    assert_eq!(page.element(".stat-value"), "2");
    ed.open("/datasets").sees("only what random audits found");
    let page = page.click("Change the question");
    assert_eq!(page.value("Random audits"), "only");
    let page = page.pick("Random audits", "Leave out what reviewers found in them").press("Save");
    let page = page.is_at("/datasets/routes").sees("without what random audits found");
    page.does_not_see("“one”").sees("four");
    let api = app.api(&[Scope::Export]);
    assert_eq!(api.get("/api/v1/datasets/routes").is(200).at("/question/audit"), "leave_out");
    let toml = "agents = [\"router\"]\nformat = \"classification\"\naudit = \"only\"\n";
    app.file("q.toml", toml);
    app.command(&["dataset", "set", "routes", "q.toml"]).ok().says("changed routes");
    assert_eq!(api.get("/api/v1/datasets/routes").is(200).at("/question/audit"), "only");
    let wrong = question(Some("some"));
    api.put("/api/v1/datasets/routes", &wrong).is_invalid_at("/audit");
    app.file("bad.toml", &toml.replace("only", "some"));
    app.command(&["dataset", "set", "routes", "bad.toml"]).fails_with(1).says("audit");
}

#[test]
fn what_was_taken_back_is_in_no_release() {
    let audited = audited();
    let cleo = audited.champion("Cleo");
    cleo.open(&audited.page("one")).press("Open it again").is(200);
    let api = audited.desk.app.api(&[Scope::Export]);
    let mut any = question(Some("only"));
    any["status"] = json!("any");
    save(&api, "routes", &any);
    let made = release(&api, "routes");
    let rows = rows(&api, "routes", &made["number"], "train.jsonl");
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["text"], &made["excluded"]), (&json!("two"), &json!({"declined": 1})));
}
