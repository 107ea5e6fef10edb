//! Splits: a group keeps its side for good, and nothing that is trained on is ever tested with.

use super::{release, router, rows, save, send};
use crate::support::{Api, TestApp};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::agents::AgentId;
use overrule::db::Hash;
use overrule::schema::{interactions, signals};
use overrule::signals::model::SignalId;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
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
    let mut others: Vec<_> = match app.database().url() {
        Some(_) => (0..2).map(|_| app.serve()).collect(),
        None => Vec::new(),
    };
    let mut urls = vec![app.url().to_owned()];
    urls.extend(others.iter_mut().map(|other| other.listening()));
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

/// What happens to an installation, in any order.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody corrects an answer in a conversation, to a question in some spelling.
    Say { agent: u8, conversation: u8, question: u8, spelling: u8 },
    /// The author of one of those takes it back.
    TakeBack(usize),
    /// A release with one of a few splits.
    Release { agents: u8, split: u8, duplicates: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let say =
        (0u8..2, 0u8..14, 0u8..30, 0u8..3).prop_map(|(agent, conversation, question, spelling)| {
            Step::Say { agent, conversation, question, spelling }
        });
    let release = (0u8..3, 0u8..4, any::<bool>())
        .prop_map(|(agents, split, duplicates)| Step::Release { agents, split, duplicates });
    prop_oneof![20 => say, 2 => any::<usize>().prop_map(Step::TakeBack), 1 => release]
}

/// Which side of which release a signal was on.
type Placed = BTreeMap<String, BTreeSet<String>>;

/// Takes the steps in an installation that other cases filled already; gives the sides of every
/// signal in all its releases. `case` keeps external ids apart, and nothing else.
fn take(app: &TestApp, case: u64, steps: &[Step]) -> Placed {
    let api = app.api(&[Scope::Export, Scope::Admin]);
    let (mut placed, mut said, mut waiting) = (Placed::new(), Vec::new(), Vec::new());
    for (n, step) in steps.iter().enumerate() {
        match *step {
            Step::Say { agent, conversation, question, spelling } => {
                let text = format!("Is it {question}?");
                let text = match spelling {
                    0 => text,
                    1 => text.to_uppercase(),
                    _ => format!(" {}\n", text.replace(' ', "  ")),
                };
                let key = json!({"agent": format!("agent-{agent}"), "environment": "production",
                    "external_id": format!("{case}-{n}")});
                waiting.push(json!({"agent": key["agent"], "external_id": key["external_id"],
                    "conversation_id": format!("c{conversation}"), "input": text, "output": "no",
                    "feedback": [{"author": "ana@example.com", "verdict": "corrected",
                        "correction": "yes"}]}));
                said.push(key);
            }
            Step::TakeBack(which) if !said.is_empty() => {
                send(app, std::mem::take(&mut waiting));
                let key = &said[which % said.len()];
                let back = json!({"interaction": key, "author": "ana@example.com",
                    "verdict": "rejected"});
                assert!(matches!(api.judge(&back).status, 200 | 201));
            }
            Step::TakeBack(_) => {}
            Step::Release { agents, split, duplicates } => {
                send(app, std::mem::take(&mut waiting));
                released(&api, (agents, split, duplicates), &mut placed);
            }
        }
    }
    placed
}

fn released(api: &Api, (agents, split, duplicates): (u8, u8, bool), placed: &mut Placed) {
    let agents: &[&str] =
        [&["agent-0"][..], &["agent-1"], &["agent-0", "agent-1"]][usize::from(agents)];
    let (train, validation, test) =
        [(0.8, 0.1, 0.1), (0.4, 0.3, 0.3), (1.0, 0.0, 0.0), (0.0, 0.5, 0.5)][usize::from(split)];
    let duplicates = if duplicates { "all" } else { "once" };
    let split = json!({"train": train, "validation": validation, "test": test});
    let asked =
        json!({"agents": agents, "format": "sft", "duplicates": duplicates, "split": split});
    save(api, "any", &asked);
    let made = release(api, "any");
    for known in made["files"].as_array().unwrap() {
        let Some(side) = known["name"].as_str().unwrap().strip_suffix(".rows.csv") else {
            continue;
        };
        let lines = super::file(api, "any", &made["number"], &format!("{side}.rows.csv"));
        for line in lines.lines().skip(1) {
            let signal = line.split(',').nth(1).unwrap().to_owned();
            placed.entry(signal).or_default().insert(side.to_owned());
        }
    }
}

type Known = (SignalId, AgentId, Option<String>, Hash);

/// Group and normalised input of every signal.
fn known(app: &TestApp) -> BTreeMap<String, [String; 2]> {
    let rows: Vec<Known> = app.write(|conn| {
        let about = (
            signals::id,
            signals::agent_id,
            interactions::conversation_id,
            interactions::input_hash,
        );
        Ok(signals::table.inner_join(interactions::table).select(about).load(conn)?)
    });
    let of = |(signal, agent, conversation, input): Known| {
        let group = format!("{agent} {}", conversation.unwrap_or_default());
        (signal.to_string(), [group, hex::encode(input.0)])
    };
    rows.into_iter().map(of).collect()
}

#[test]
fn whatever_comes_goes_and_is_released_no_group_and_no_input_has_two_sides() {
    let app = TestApp::start();
    for agent in ["agent-0", "agent-1"] {
        app.agent(agent, json!({"kind": "text", "review": "none"}));
    }
    let own =
        |n: u8| Step::Say { agent: n % 2, conversation: 100 + n, question: 100 + n, spelling: 0 };
    let every_side = Step::Release { agents: 2, split: 1, duplicates: true };
    let first: Vec<Step> = (0..40).map(own).chain([every_side]).collect();
    // One installation for all cases: what a case released binds those after it.
    let (all, case) = (RefCell::new(take(&app, 0, &first)), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 6,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let steps = proptest::collection::vec(step(), 40..90);
    let outcome = runner.run(&steps, |steps| {
        case.set(case.get() + 1);
        for (signal, sides) in take(&app, case.get(), &steps) {
            all.borrow_mut().entry(signal).or_default().extend(sides);
        }
        Ok(())
    });
    outcome.unwrap();
    let (all, known) = (all.into_inner(), known(&app));
    let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (signal, sides) in &all {
        for name in &known[signal] {
            of.entry(name).or_default().extend(sides.iter().map(String::as_str));
        }
    }
    let torn: Vec<_> = of.iter().filter(|(_, sides)| sides.len() > 1).collect();
    assert!(torn.is_empty(), "on two sides: {torn:?}");
    let used: BTreeSet<&str> = of.values().flatten().copied().collect();
    assert_eq!(used, BTreeSet::from(["test", "train", "validation"]), "every side was used");
}
