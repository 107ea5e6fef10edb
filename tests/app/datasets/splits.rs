//! Splits: a group keeps its side for good, and nothing that is trained on is ever tested with.

use super::{release, router, rows, save, send};
use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn split(train: f64, test: f64) -> Value {
    json!({"agents": ["router"], "format": "classification", "duplicates": "all",
        "split": {"train": train, "test": test}})
}

/// The texts of a side, in any spelling.
fn texts(api: &Api, name: &str, release: &Value, side: &str) -> BTreeSet<String> {
    let has = release["files"].as_array().unwrap().iter().any(|f| f["name"] == side);
    if !has {
        return BTreeSet::new();
    }
    let rows = rows(api, name, &release["number"], side);
    rows.iter().map(|row| row["text"].as_str().unwrap().to_lowercase()).collect()
}

/// The side of each text of a release.
fn sides(api: &Api, name: &str, release: &Value) -> BTreeMap<String, &'static str> {
    let mut sides = BTreeMap::new();
    for side in ["train.jsonl", "test.jsonl"] {
        for text in texts(api, name, release, side) {
            assert!(sides.insert(text, side).is_none(), "on two sides");
        }
    }
    sides
}

#[test]
fn conversations_stay_together_and_keep_their_side() {
    let app = TestApp::start();
    router(&app, 100);
    let api = app.api(&[Scope::Export]);
    save(&api, "a", &split(0.5, 0.5));
    let first = release(&api, "a");
    let before = sides(&api, "a", &first);
    assert_eq!(before.len(), 100);
    for n in (0..100).step_by(2) {
        let (one, other) = (format!("q{n}?"), format!("q{}?", n + 1));
        assert_eq!(before[&one], before[&other], "one conversation");
    }
    let test = before.values().filter(|side| **side == "test.jsonl").count();
    assert!((20..80).contains(&test), "{test}");
    // More signals, other shares, another dataset: those that were placed stay where they are.
    router(&app, 160);
    save(&api, "b", &split(0.9, 0.1));
    let second = release(&api, "b");
    let after = sides(&api, "b", &second);
    assert_eq!(after.len(), 160);
    for (text, side) in &before {
        assert_eq!(&after[text], side, "{text}");
    }
    // Without a test side of its own, what was ever on one is left out.
    save(&api, "c", &split(1.0, 0.0));
    let third = release(&api, "c");
    let on_test = after.values().filter(|side| **side == "test.jsonl").count();
    assert_eq!(third["excluded"], json!({"group_on_test_side": on_test}));
}

#[test]
fn an_input_on_the_test_side_is_never_trained_on() {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["a", "b"], "review": "none"}));
    // Forty inputs, each asked in many conversations, in other spelling.
    let line = |n: usize| {
        let text = format!("Question {}", n % 40);
        let text = if n.is_multiple_of(2) { text.to_uppercase() } else { format!("  {text} ") };
        json!({"agent": "router", "external_id": format!("x{n}"), "input": text,
            "conversation_id": format!("c{n}"), "output": "a",
            "feedback": [{"verdict": "corrected", "correction": "b"}]})
    };
    send(&app, (0..400).map(line).collect());
    let api = app.api(&[Scope::Export]);
    let mut everything: Vec<(BTreeSet<String>, BTreeSet<String>)> = Vec::new();
    for (name, train, test) in [("a", 0.9, 0.1), ("b", 0.5, 0.5), ("c", 0.7, 0.3)] {
        save(&api, name, &split(train, test));
        let made = release(&api, name);
        if name == "a" {
            assert!(made["excluded"]["input_on_test_side"].as_i64().unwrap() > 0, "{made}");
        }
        let clean = |side: &str| -> BTreeSet<String> {
            let texts = texts(&api, name, &made, side);
            texts.iter().map(|text| text.trim().to_owned()).collect()
        };
        everything.push((clean("train.jsonl"), clean("test.jsonl")));
        send(&app, (400..500).map(line).collect());
    }
    for (train, _) in &everything {
        for (_, test) in &everything {
            let both: Vec<_> = train.intersection(test).collect();
            assert!(both.is_empty(), "{both:?} is trained on and tested with");
        }
    }
}

#[test]
fn two_releases_at_once_get_two_numbers_and_no_input_two_sides() {
    let app = TestApp::start();
    router(&app, 120);
    let api = app.api(&[Scope::Export]);
    save(&api, "a", &split(0.5, 0.5));
    save(&api, "b", &split(0.8, 0.2));
    // Two more servers on the same database, where that may be.
    let others: Vec<_> = match app.database().url() {
        Some(_) => (0..2).map(|_| app.serve()).collect(),
        None => Vec::new(),
    };
    let mut urls = vec![app.url().to_owned()];
    urls.extend(others.into_iter().map(|mut other| {
        let url = other.listening();
        std::mem::forget(other);
        url
    }));
    let key = app.key(&[Scope::Export]);
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let (url, key) = (urls[n % urls.len()].clone(), key.clone());
            std::thread::spawn(move || {
                let api = Api::new(&url, Some(&key));
                let name = if n % 2 == 0 { "a" } else { "b" };
                (name, release(&api, name))
            })
        })
        .collect();
    let made: Vec<(&str, Value)> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    for name in ["a", "b"] {
        let mut numbers: Vec<i64> = (made.iter().filter(|(of, _)| *of == name))
            .map(|(_, release)| release["number"].as_i64().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4]);
    }
    assert!(made.iter().all(|(_, release)| release["state"] == "ready"));
    let all: Vec<_> = made.iter().map(|(name, release)| sides(&api, name, release)).collect();
    for one in &all {
        for other in &all {
            for (text, side) in one {
                assert!(other.get(text).is_none_or(|its| its == side), "{text} has two sides");
            }
        }
    }
}
