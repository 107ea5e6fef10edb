//! Releases: frozen, numbered, hashed; the same bytes wherever they are made.

use super::{file, folder, release, router, rows, save, send};
use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn question() -> Value {
    json!({"agents": ["router"], "format": "classification",
        "split": {"train": 0.4, "validation": 0.3, "test": 0.3}})
}

#[test]
fn a_release_is_built_in_the_background_and_says_what_is_in_it() {
    let app = TestApp::start();
    router(&app, 60);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    let made = release(&api, "routes");
    assert_eq!((&made["number"], &made["state"]), (&json!(1), &json!("ready")));
    let files = made["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    for name in ["README.md", "manifest.json", "test.jsonl", "train.jsonl", "validation.jsonl"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let mut total = 0;
    for known in files {
        let text = file(&api, "routes", &json!(1), known["name"].as_str().unwrap());
        assert_eq!(known["bytes"], text.len(), "{known}");
        assert_eq!(known["sha256"], hex::encode(Sha256::digest(&text)), "{known}");
        if known["name"].as_str().unwrap().ends_with(".jsonl") {
            assert_eq!(known["rows"], text.lines().count(), "{known}");
            total += text.lines().count();
        }
    }
    assert_eq!(total, 60);
    let row = rows(&api, "routes", &json!(1), "train.jsonl").remove(0);
    assert_eq!(row["predicted"], "billing");
    let manifest: Value =
        serde_json::from_str(&file(&api, "routes", &json!(1), "manifest.json")).unwrap();
    assert_eq!(manifest["question"]["agents"], json!(["router"]));
    assert_eq!(manifest["signals"], 60);
    assert_eq!(manifest["people"], json!({"count": 5, "largest": 12, "unknown": 0}));
    assert_eq!(manifest["counts"]["label"], json!({"other": 20, "returns": 40}));
    assert!(manifest["split"]["seed"].as_str().is_some_and(|seed| seed.len() > 20));
    let lines = file(&api, "routes", &json!(1), "train.rows.csv");
    let train = rows(&api, "routes", &json!(1), "train.jsonl").len();
    assert_eq!(lines.lines().count(), train + 1, "a line a row, and what they are");
    assert_eq!(release(&api, "routes")["number"], 2);
}

#[test]
fn a_release_stays_what_it_was_when_signals_change() {
    let app = TestApp::start();
    router(&app, 20);
    let api = app.api(&[Scope::Export, Scope::Admin]);
    save(&api, "routes", &question());
    release(&api, "routes");
    let before = everything(&api, 1);
    // The author takes a word back, a category gets another name, a label is added.
    let changed = json!({"interaction": {"agent": "router", "environment": "production",
        "external_id": "x3"}, "author": "p3@example.com", "verdict": "rejected"});
    api.judge(&changed).is(201);
    router(&app, 25);
    app.agent("router", json!({"labels": ["other", "billing", "returns", "fresh"]}));
    release(&api, "routes");
    std::fs::remove_dir_all(app.folder().join("releases")).unwrap();
    assert_eq!(everything(&api, 1), before, "made again of the rows that were frozen");
    let now: Value =
        serde_json::from_str(&file(&api, "routes", &json!(2), "manifest.json")).unwrap();
    assert_eq!(now["signals"], 24);
    assert_eq!(now["excluded"], json!({"no_right_answer": 1}));
    let since = json!({"release": 1, "added": 5, "changed": 0, "removed": {"no_right_answer": 1}});
    assert_eq!(now["parent"], since);
    let said = app.command(&["dataset", "compare", "routes", "2", "1"]).ok();
    let said: Value = serde_json::from_str(said.line()).unwrap();
    let wanted = json!({"added": 1, "changed": 0, "removed": {"not_asked_for": 5}});
    assert_eq!(said, wanted);
    app.engineer()
        .open("/datasets/routes/releases/2")
        .sees("Since release 1: 5 added, 1 removed that say it is wrong, and not what is right.");
}

fn everything(api: &Api, number: i64) -> Vec<(String, String)> {
    let made = api.get(&format!("/api/v1/datasets/routes/releases/{number}")).is(200).json();
    let names = made["files"].as_array().unwrap().iter().map(|file| file["name"].clone());
    names
        .map(|name| {
            let name = name.as_str().unwrap().to_owned();
            let text = file(api, "routes", &json!(number), &name);
            (name, text)
        })
        .collect()
}

#[test]
fn the_command_builds_and_downloads_and_another_database_makes_the_same_bytes() {
    let mut app = TestApp::start();
    router(&app, 40);
    let mut asked = question();
    asked["redact"] = json!(["email"]);
    app.file("q.json", &asked.to_string());
    app.command(&["dataset", "set", "routes", "q.json"]).ok();
    let built = app.command(&["dataset", "release", "routes"]).ok();
    assert_eq!(built.line(), "1");
    built.says("routes 1 is ready: ");
    app.command(&["dataset", "download", "routes", "1", "--out", "one"]).ok().says("train.jsonl");
    let one = folder(&app.folder().join("one"));
    assert!(one.iter().any(|(name, _)| name == "README.md"));
    app.stop();
    // Moved to a database of its own, on a machine that has no files.
    let other = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", other.path().join("moved.db").display());
    app.command(&["copy", "--to", &target]).ok();
    let out = other.path().join("two");
    let moved = crate::support::Command::in_folder(other.path());
    let moved = moved.arg("--data-dir").arg(other.path()).env("DATABASE_URL", &target);
    let moved = moved.args(["dataset", "download", "routes", "1", "--out"]).arg(&out);
    moved.run().ok();
    assert_eq!(folder(&out), one);
}

#[test]
fn files_are_fetched_in_parts_and_not_twice() {
    let app = TestApp::start();
    router(&app, 30);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    let made = release(&api, "routes");
    let place = "/api/v1/datasets/routes/releases/1/files/train.jsonl";
    let all = api.get(place).is(200);
    let etag = all.header("etag").to_owned();
    let known = made["files"].as_array().unwrap().iter().find(|f| f["name"] == "train.jsonl");
    assert_eq!(etag, format!("\"{}\"", known.unwrap()["sha256"].as_str().unwrap()));
    assert_eq!(all.header("accept-ranges"), "bytes");
    let with = |name: &str, value: &str| api.send(api.request("GET", place).header(name, value));
    assert_eq!(with("if-none-match", &etag).is(304).text, "");
    let part = with("range", "bytes=10-19").is(206);
    assert_eq!(part.text, all.text[10..20]);
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", all.text.len()));
    assert_eq!(with("range", "bytes=-5").is(206).text, all.text[all.text.len() - 5..]);
    with("range", "bytes=9999999-").is(416);
    let request = api.request("GET", place).header("range", "bytes=0-3");
    let other = api.send(request.header("if-range", "\"other\"")).is(200);
    assert_eq!(other.text, all.text);
    api.get("/api/v1/datasets/routes/releases/1/files/passwd").is_problem(404);
    api.get("/api/v1/datasets/routes/releases/1/files/..%2F..%2Foverrule.db").is_problem(404);
    api.get("/api/v1/datasets/routes/releases/7/files/train.jsonl").is_problem(404);
}

#[test]
fn addresses_are_the_same_placeholder_in_every_file() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text", "review": "none"}));
    let line = |n: usize| {
        json!({"agent": "helper", "input": format!("{n}: I am ana@example.com, TCK-{n}"),
            "output": "no", "feedback": [{"verdict": "corrected",
                "correction": "Hello ana@example.com, card 4111 1111 1111 1111"}]})
    };
    send(&app, (0..30).map(line).collect());
    let api = app.api(&[Scope::Export]);
    let asked = json!({"agents": ["helper"], "format": "sft", "redact": ["email", "card", "ticket"],
        "patterns": {"ticket": "TCK-[0-9]+"}, "split": {"train": 0.5, "test": 0.5}});
    save(&api, "mails", &asked);
    release(&api, "mails");
    let all = ["train.jsonl", "test.jsonl"].map(|name| file(&api, "mails", &json!(1), name));
    let all = all.concat();
    assert!(!all.contains('@') && !all.contains("4111") && !all.contains("TCK-"), "{all}");
    let mails: std::collections::BTreeSet<&str> =
        all.match_indices("[EMAIL-").map(|(at, _)| &all[at..at + 18]).collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let manifest: Value =
        serde_json::from_str(&file(&api, "mails", &json!(1), "manifest.json")).unwrap();
    assert_eq!(manifest["redacted"], json!({"card": 30, "email": 60, "ticket": 30}));
    let card = file(&api, "mails", &json!(1), "README.md");
    assert!(card.contains("Known limits") && card.contains("names of people"), "{card}");
    let page = app.engineer().open("/datasets/mails").sees("Before redaction");
    page.sees("[EMAIL-").sees("ana@example.com");
}

#[test]
fn no_more_than_the_limit_of_each_label() {
    let app = TestApp::start();
    router(&app, 60);
    let api = app.api(&[Scope::Export]);
    save(
        &api,
        "few",
        &json!({"agents": ["router"], "format": "classification",
        "max_per": {"label": 5}}),
    );
    let made = release(&api, "few");
    assert_eq!(made["excluded"], json!({"over_limit": 50}));
    let kept = rows(&api, "few", &json!(1), "train.jsonl");
    for label in ["other", "returns"] {
        assert_eq!(kept.iter().filter(|row| row["label"] == label).count(), 5);
    }
    release(&api, "few");
    assert_eq!(kept, rows(&api, "few", &json!(2), "train.jsonl"), "the same ones each time");
}
