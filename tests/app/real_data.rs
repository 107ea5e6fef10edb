//! Real people's corrections, in and out again. Takes its files from `OVERRULE_TEST_DATA`.

use crate::support::{Finished, TestApp, real_data};
use serde_json::{Value, json};
use std::path::Path;

/// Imports a copy, so that nothing is ever written beside the original.
fn import(app: &TestApp, file: &Path) -> Finished {
    let copy = app.folder().join(file.file_name().unwrap());
    std::fs::copy(file, &copy).unwrap();
    app.binary().arg("import").arg(copy).run().ok()
}

fn counts(new: u32, duplicates: u32) -> String {
    format!("imported {new} new, {duplicates} duplicates, 0 conflicts, 0 invalid interactions")
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn as_messages(input: &Value) -> Value {
    if input.is_string() { json!([{"role": "user", "content": input}]) } else { input.clone() }
}

#[test]
fn text_to_sql_corrections_become_preferences_that_equal_their_source() {
    let Some(file) = real_data("splash.jsonl") else { return };
    let app = TestApp::start();
    assert!(import(&app, &file).last_line().starts_with(&counts(179, 0)));
    let again = import(&app, &file);
    assert!(again.last_line().starts_with(&counts(0, 179)), "{}", again.last_line());
    let export = ["export", "--agent", "text-to-sql", "--format", "preference", "--status", "any"];
    app.binary().args(export).args(["--out", "p.jsonl"]).run().ok().says("wrote 179 rows");
    let says = |text: &Value| json!([{"role": "assistant", "content": text}]);
    let key = |row: &Value| row.to_string();
    let mut wanted: Vec<String> = (rows(&std::fs::read_to_string(&file).unwrap()).iter())
        .map(|line| {
            key(&json!({
                "prompt": as_messages(&line["input"]),
                "chosen": says(&line["feedback"][0]["correction"]),
                "rejected": says(&line["output"]),
            }))
        })
        .collect();
    let mut got: Vec<String> = rows(&app.read("p.jsonl")).iter().map(key).collect();
    wanted.sort();
    got.sort();
    assert_eq!(got, wanted);
}

#[test]
fn banking_labels_become_a_classification_file() {
    let Some(file) = real_data("banking77.jsonl") else { return };
    let app = TestApp::start();
    app.command(&["agent", "set", "banking-intents", "--kind", "label"]).ok();
    assert!(import(&app, &file).last_line().starts_with(&counts(9387, 0)));
    let export = ["export", "--agent", "banking-intents", "--format", "classification"];
    let said = app.binary().args(export).args(["--status", "any", "--out", "c.jsonl"]).run().ok();
    said.says("wrote 4259 rows");
    let rows = rows(&app.read("c.jsonl"));
    let labels: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(labels.len(), 77);
    let corrected = rows.iter().filter(|row| row["label"] != row["predicted"]).count();
    assert_eq!((rows.len(), corrected), (3689 + 570, 3689));
}

#[test]
fn feedback_as_it_really_comes_is_taken_as_it_comes() {
    let Some(file) = real_data("banking77_noisy.jsonl") else { return };
    let app = TestApp::start();
    app.command(&["agent", "set", "banking-intents-noisy", "--kind", "label"]).ok();
    let first = import(&app, &file);
    assert!(first.last_line().starts_with(&counts(6482, 0)), "{}", first.last_line());
    let again = import(&app, &file);
    assert!(again.last_line().starts_with(&counts(0, 6482)), "{}", again.last_line());
    assert!(again.last_line().contains("; 0 new, "), "{}", again.last_line());
    let export = ["export", "--agent", "banking-intents-noisy", "--format", "signals"];
    app.binary().args(export).args(["--status", "any", "--out", "s.jsonl"]).run().ok();
    let ids: std::collections::BTreeSet<String> =
        rows(&app.read("s.jsonl")).iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(ids.len(), app.read("s.jsonl").lines().count(), "an interaction is one line");
}
