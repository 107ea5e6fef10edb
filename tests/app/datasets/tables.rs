//! Tables: the same rows in typed columns, beside the lines.

use super::{file, folder, release, router, rows, save, send};
use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::{Value, json};

#[test]
fn a_release_has_the_tables_it_was_asked_for_and_another_machine_makes_the_same() {
    let app = TestApp::start();
    router(&app, 40);
    let api = app.api(&[Scope::Export]);
    let question = json!({"agents": ["router"], "format": "classification",
        "file_formats": ["parquet", "csv"], "split": {"train": 0.7, "test": 0.3}});
    save(&api, "routes", &question);
    let made = release(&api, "routes");
    let files = made["files"].as_array().unwrap();
    let rows_of = |name: &str| {
        let known = files.iter().find(|file| file["name"] == name);
        known.unwrap_or_else(|| panic!("{name} in {files:?}"))["rows"].clone()
    };
    for side in ["train", "test"] {
        assert_eq!(rows_of(&format!("{side}.parquet")), rows_of(&format!("{side}.jsonl")));
        assert_eq!(rows_of(&format!("{side}.csv")), rows_of(&format!("{side}.jsonl")));
    }
    let first = rows(&api, "routes", &json!(1), "train.jsonl").remove(0);
    let table = file(&api, "routes", &json!(1), "train.csv");
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("text,label,label_id,predicted"));
    let text = |key: &str| first[key].as_str().unwrap().to_owned();
    let wanted =
        [text("text"), text("label"), first["label_id"].to_string(), text("predicted")].join(",");
    assert_eq!(lines.next(), Some(wanted.as_str()));
    let bytes = folder(&app.folder().join("releases").join(release_folder(&app)));
    let (_, parquet) = bytes.iter().find(|(name, _)| name == "train.parquet").unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    std::fs::remove_dir_all(app.folder().join("releases")).unwrap();
    file(&api, "routes", &json!(1), "train.csv");
    assert_eq!(folder(&app.folder().join("releases").join(release_folder(&app))), bytes);
}

fn release_folder(app: &TestApp) -> String {
    let all = std::fs::read_dir(app.folder().join("releases")).unwrap();
    let names = all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.into_iter().find(|name| !name.starts_with('.')).unwrap()
}

#[test]
fn a_table_that_a_format_can_t_have_is_refused_beside_the_field() {
    let app = TestApp::start();
    router(&app, 3);
    let api = app.api(&[Scope::Export]);
    let question = json!({"agents": ["router"], "format": "sft", "file_formats": ["csv"]});
    let said = api.put("/api/v1/datasets/routes", &question);
    said.is_invalid_at("/file_formats/0");
    let said = api.get("/api/v1/signals?agent=router&format=sft&file_format=csv");
    said.is_invalid_at("/file_format");
    let page = app.engineer().open("/datasets/new").fill("Name", "routes").fill("Agents", "router");
    page.choose("CSV, for the format classification")
        .press("Make the dataset")
        .is(422)
        .sees("flat");
}

#[test]
fn an_export_comes_as_a_table_by_command_and_by_call() {
    let app = TestApp::start();
    router(&app, 10);
    let export = |file_format: &str, out: &str| {
        let more = ["--format", "classification", "--file-format", file_format, "--out", out];
        let command = app.binary().args(["export", "--agent", "router"]).args(more);
        command.run().ok().says("wrote 10 rows");
    };
    export("csv", "routes.csv");
    let table = app.read("routes.csv");
    assert_eq!(table.lines().count(), 11);
    let manifest: Value = serde_json::from_str(&app.read("routes.csv.manifest.json")).unwrap();
    assert_eq!(manifest["question"]["file_format"], "csv");
    assert_eq!((&manifest["rows"], &manifest["bytes"]), (&json!(10), &json!(table.len())));
    assert_eq!(app.read("routes.csv.ids").lines().count(), 10);
    export("parquet", "one.parquet");
    export("parquet", "two.parquet");
    let read = |name: &str| std::fs::read(app.folder().join(name)).unwrap();
    assert_eq!(read("one.parquet"), read("two.parquet"), "the same bytes each time");
    let api = app.api(&[Scope::Export]);
    let path = "/api/v1/signals?agent=router&format=classification&file_format=csv";
    let answer = api.get(path).is(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.text, table);
}

#[test]
fn a_card_states_every_column_also_of_messages_with_tools() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "message", "review": "none"}));
    let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "1",
        "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let asked = |n: usize| {
        json!([{"role": "user", "content": format!("Go {n}")}, call,
        {"role": "tool", "tool_call_id": "1", "content": "done"}])
    };
    let line = |n: usize, right: &Value| {
        json!({"agent": "helper", "external_id": format!("m{n}"), "input": asked(n),
            "output": {"role": "assistant", "content": format!("no {n}")}, "tools": [{"type":
            "function", "function": {"name": "f"}}],
            "feedback": [{"verdict": "corrected", "correction": right}]})
    };
    send(&app, vec![line(0, &call), line(1, &json!({"role": "assistant", "content": "yes"}))]);
    let api = app.api(&[Scope::Export]);
    for format in ["sft", "eval", "argilla", "label-studio"] {
        save(&api, format, &json!({"agents": ["helper"], "format": format}));
        release(&api, format);
    }
    let card = file(&api, "sft", &json!(1), "README.md");
    let wanted = "  features:\n  - name: \"prompt\"\n    list:\n    - name: \"role\"\n      \
        dtype: string\n    - name: \"content\"\n      dtype: string\n    - name: \"tool_call_id\"\n\
        \x20     dtype: string\n    - name: \"tool_calls\"\n      dtype: json\n";
    assert!(card.contains(wanted), "{card}");
    assert!(card.contains("  - name: \"tools\"\n    dtype: json\n"), "{card}");
    // inspect takes calls in its own shape, and a text in each message.
    let sample = rows(&api, "eval", &json!(1), "train.jsonl").remove(0);
    let called = json!({"role": "assistant", "content": "", "tool_calls": [{"id": "1",
        "function": "f", "arguments": {}, "type": "function"}]});
    assert_eq!(sample["input"][1], called);
    assert_eq!(sample["input"][2]["function"], "f");
    let record = rows(&api, "argilla", &json!(1), "train.jsonl").remove(1);
    assert_eq!(record["fields"]["prompt"][1]["content"], "f({})");
    assert_eq!(record["suggestions"]["answer"]["agent"], "helper");
    assert!(record["responses"]["answer"][0]["value"].as_str().unwrap().contains("yes"));
    let task = rows(&api, "label-studio", &json!(1), "train.jsonl").remove(1);
    assert_eq!(task["annotations"][0]["result"][0]["type"], "textarea");
    assert!(task["data"]["text"].as_str().unwrap().starts_with("user: Go 1\n\nassistant: f({})"));
}

#[test]
fn what_nobody_corrected_waits_for_an_annotator() {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["a", "b"], "review": "none"}));
    let line = |n: usize, feedback: Value| {
        json!({"agent": "router", "agent_version": "v2", "external_id": format!("w{n}"),
            "input": format!("q{n}"), "output": "a", "feedback": [feedback]})
    };
    let right = json!({"verdict": "corrected", "correction": "b", "author": "z@example.com"});
    send(&app, vec![line(0, right), line(1, json!({"verdict": "rejected"}))]);
    let api = app.api(&[Scope::Export]);
    let get = |format: &str| {
        let text = api.get(&format!("/api/v1/signals?agent=router&format={format}")).is(200).text;
        assert!(!text.contains("z@example.com"), "{text}");
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.collect::<Vec<_>>()
    };
    let tasks = get("label-studio");
    let region = |label: &str| {
        json!({"from_name": "answer", "to_name": "input", "type": "choices",
            "value": {"choices": [label]}})
    };
    assert_eq!(
        tasks[0]["predictions"],
        json!([{"model_version": "router v2",
        "result": [region("a")]}])
    );
    assert_eq!(tasks[0]["annotations"], json!([{"result": [region("b")]}]));
    assert_eq!((&tasks[1]["annotations"], &tasks[1]["data"]["text"]), (&json!([]), &json!("q1")));
    let records = get("argilla");
    assert_eq!(records[0]["responses"]["answer"][0]["value"], "b");
    assert_eq!(records[1]["responses"], json!({}));
    assert_eq!(records[1]["suggestions"]["answer"]["value"], "a");
}
