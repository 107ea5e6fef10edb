//! Why a signal gives no row: counted and listed by reason, on the page, in the manifest, and in a
//! file.

use super::{file, release, router, rows, save, send};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::datasets::reason;
use overrule::schema::{interaction_bodies, interactions};
use serde_json::{Value, json};

/// Releases a dataset, and reads of every reason as many signals as it should have left out: in the
/// answer, in the manifest, on the card, in the list, and on the page.
#[track_caller]
fn leaves_out(app: &TestApp, name: &str, question: &Value, wanted: &Value) -> Value {
    let api = app.api(&[Scope::Export]);
    save(&api, name, question);
    let made = release(&api, name);
    assert_eq!((&made["state"], &made["excluded"]), (&json!("ready"), wanted), "{made}");
    let number = &made["number"];
    let manifest: Value = serde_json::from_str(&file(&api, name, number, "manifest.json")).unwrap();
    assert_eq!(&manifest["excluded"], wanted);
    let list = file(&api, name, number, "left_out.csv");
    let card = file(&api, name, number, "README.md");
    let ed = app.engineer();
    let mut page = ed.open(&format!("/datasets/{name}/releases/{number}"));
    let mut all = 0;
    for (why, count) in wanted.as_object().unwrap() {
        let (sentence, ending) = (reason::sentence(why), format!(",{why}"));
        let lines = list.lines().filter(|line| line.ends_with(&ending));
        let signals: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(&json!(signals.len()), count, "{why} in {list}");
        all += signals.len();
        assert!(card.contains(&format!("| {why} | {count} | {sentence} |")), "{why} in {card}");
        page = page.sees(&format!("{count} {sentence}"));
        let listed = ed.open(&format!("/datasets/{name}/releases/{number}/left-out?reason={why}"));
        signals.into_iter().fold(listed.is(200), crate::support::Page::sees);
    }
    assert_eq!(list.lines().count(), all + 1, "nothing else is in {list}");
    made
}

/// What somebody says is right, and where that stands.
fn fixed(to: &str, status: &str) -> Value {
    json!({"verdict": "corrected", "correction": to, "status": status})
}

#[test]
fn every_row_that_is_left_out_has_a_reason() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text", "review": "required"}));
    let line = |id: &str, input: &str, said: Value| {
        json!({"agent": "helper", "external_id": id, "input": input, "output": "a  b",
            "feedback": [said]})
    };
    send(
        &app,
        vec![
            line("1", "One?", fixed("right", "accepted")),
            line("2", "Two?", fixed("right", "pending")),
            line("3", "Three?", fixed("right", "declined")),
            line("4", "Four?", fixed("a b", "accepted")),
            line("5", "  ", fixed("right", "accepted")),
            line("6", "Six?", json!({"verdict": "confirmed"})),
            line("7", "Seven?", json!({"verdict": "rejected", "status": "accepted"})),
            line("8", "Eight?", json!({"verdict": "escalated", "status": "accepted"})),
            line("9", &"word ".repeat(200), fixed("right", "accepted")),
            line("10", "one ?", fixed("other", "accepted")),
            line("11", " ONE?", fixed("right", "accepted")),
            line("12", "Twelve?", fixed("this", "accepted")),
            line("13", "twelve?", fixed("that", "accepted")),
        ],
    );
    let asked = json!({"agents": ["helper"], "format": "preference", "max_tokens": 100});
    let wanted = json!({"confirmed_only": 1, "conflicting": 2, "declined": 1, "duplicate": 1,
        "empty_input": 1, "escalated": 1, "no_right_answer": 1, "only_whitespace_changed": 1,
        "pending": 1, "too_long": 1});
    leaves_out(&app, "pairs", &asked, &wanted);
    let api = app.api(&[Scope::Export]);
    assert_eq!(rows(&api, "pairs", &json!(1), "train.jsonl").len(), 2);
    let weights = file(&api, "pairs", &json!(1), "train.rows.csv");
    assert!(weights.lines().nth(1).unwrap().ends_with(",2"), "{weights}");
    let page = app.engineer().open("/datasets/pairs/releases/1");
    page.click("2").sees("Signals that contradict others");
}

#[test]
fn what_was_declined_or_erased_or_says_nothing_is_left_out() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text", "review": "required"}));
    let mut lines: Vec<Value> = ["kept", "declined", "erased", "empty", "failed"]
        .into_iter()
        .map(|id| {
            let said = json!([{"author": "ana@example.com", "verdict": "corrected",
                "correction": "right", "status": "pending"}]);
            json!({"agent": "helper", "external_id": id, "input": format!("{id}?"),
                "output": "wrong", "feedback": said})
        })
        .collect();
    lines[1]["feedback"][0]["status"] = json!("declined");
    lines[3]["output"] = json!(" \n");
    lines[3]["feedback"] = json!([{"verdict": "confirmed"}]);
    lines[4]["output"] = Value::Null;
    lines[4]["error"] = json!("no answer in time");
    send(&app, lines);
    app.write(|conn| {
        let erased = interactions::table
            .filter(interactions::external_id.eq("erased"))
            .select(interactions::id);
        diesel::delete(interaction_bodies::table)
            .filter(interaction_bodies::interaction_id.eq_any(erased))
            .execute(conn)?;
        Ok(())
    });
    let asked = |format: &str| json!({"agents": ["helper"], "format": format, "status": "any"});
    let wanted = json!({"declined": 1, "empty_answer": 1, "erased": 1});
    leaves_out(&app, "chat", &asked("sft"), &wanted);
    let wanted = json!({"declined": 1, "empty_answer": 1, "erased": 1, "no_output": 1});
    leaves_out(&app, "pairs", &asked("preference"), &wanted);
}

#[test]
fn what_its_author_took_back_is_left_out() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text", "review": "none", "team": "support"}));
    let line = json!({"agent": "helper", "team": "support", "input": "How long?",
        "output": "Six weeks."});
    let api = app.api(&[Scope::Admin]);
    let id = api.log(&line).is(201).at("/id");
    let ana = app.person("ana@example.com", "Ana", &["support"]).signed_in();
    let correct = |right: &str| {
        let page = ana.open(&format!("/interactions/{id}"));
        let page = page.choose("It’s wrong, here is the right answer");
        page.fill("The right answer", right).press("Send").is(200);
    };
    // Once signed in, once by a program that speaks for her; then one word takes both back.
    correct("Five weeks.");
    let said = json!({"interaction": id, "author": "ana@example.com", "verdict": "corrected",
        "correction": "Four weeks."});
    api.judge(&said).is(201);
    correct("30 days.");
    let asked = json!({"agents": ["helper"], "format": "sft", "status": "any"});
    leaves_out(&app, "chat", &asked, &json!({"superseded": 1}));
    let kept = rows(&app.api(&[Scope::Export]), "chat", &json!(1), "train.jsonl");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["completion"][0]["content"], "30 days.");
}

#[test]
fn a_label_that_is_in_no_list_is_left_out() {
    let app = TestApp::start();
    // As an import finds it, before anybody says that its texts are labels.
    app.agent("router", json!({"kind": "text", "review": "none"}));
    let line = |output: &str, right: &str| {
        json!({"agent": "router", "input": format!("{output} or {right}?"), "output": output,
            "feedback": [{"verdict": "corrected", "correction": right}]})
    };
    send(&app, vec![line("a", "b"), line("b", "shoes"), line("shoes", "a")]);
    app.agent("router", json!({"kind": "label", "labels": ["a", "b"]}));
    let asked = json!({"agents": ["router"], "format": "classification"});
    leaves_out(&app, "routes", &asked, &json!({"label_not_in_list": 1}));
}

#[test]
fn json_that_does_not_fit_the_schema_of_today_is_left_out() {
    let app = TestApp::start();
    let schema = |names: Value| json!({"type": "object", "required": names});
    app.agent("reader", json!({"kind": "json", "review": "none", "schema": schema(json!([]))}));
    let line = |n: u32, right: Value| {
        json!({"agent": "reader", "input": format!("{n}?"), "output": {},
            "feedback": [{"verdict": "corrected", "correction": right}]})
    };
    send(&app, vec![line(1, json!({"total": 1})), line(2, json!({"sum": 1}))]);
    app.agent("reader", json!({"schema": schema(json!(["total"]))}));
    let asked = json!({"agents": ["reader"], "format": "sft"});
    leaves_out(&app, "bills", &asked, &json!({"invalid_json": 1}));
}

#[test]
fn a_call_of_a_tool_that_was_not_there_is_left_out() {
    let app = TestApp::start();
    app.agent("garden", json!({"kind": "message", "review": "none"}));
    let line = |n: u32, tool: &str| {
        let call = json!({"id": "1", "type": "function",
            "function": {"name": tool, "arguments": "{}"}});
        json!({"agent": "garden", "input": format!("{n}?"),
            "tools": [{"type": "function", "function": {"name": "water"}}],
            "output": {"role": "assistant", "content": "No."},
            "feedback": [{"verdict": "corrected",
                "correction": {"role": "assistant", "content": null, "tool_calls": [call]}}]})
    };
    send(&app, vec![line(1, "water"), line(2, "mow")]);
    let asked = json!({"agents": ["garden"], "format": "openai-chat"});
    leaves_out(&app, "calls", &asked, &json!({"tool_call_mismatch": 1}));
}

#[test]
fn what_is_on_another_side_for_good_is_left_out() {
    let app = TestApp::start();
    router(&app, 20);
    let asked = |train: f64, test: f64| {
        json!({"agents": ["router"], "format": "classification",
            "split": {"train": train, "test": test}})
    };
    let api = app.api(&[Scope::Export]);
    save(&api, "exam", &asked(0.0, 1.0));
    assert_eq!(release(&api, "exam")["excluded"], json!({}));
    router(&app, 25);
    // A new conversation that asks what is on the test side.
    let known = json!({"agent": "router", "external_id": "again", "conversation_id": "other",
        "input": "Q7?", "output": "billing",
        "feedback": [{"verdict": "corrected", "correction": "returns"}]});
    send(&app, vec![known]);
    let wanted = json!({"group_on_test_side": 20, "input_on_test_side": 1});
    leaves_out(&app, "lessons", &asked(1.0, 0.0), &wanted);
}
