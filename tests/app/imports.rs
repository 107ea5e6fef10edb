//! `overrule import`: interchange lines from files, good and bad, once and again.

use crate::support::{TestApp, fixture};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// The agents of the fixtures, and how many interactions and feedback theirs have.
pub const FIXTURES: &[(&str, &str, u32, u32)] = &[
    ("text", "tea-advisor", 13, 16),
    ("label", "parcel-desk", 12, 14),
    ("json", "recipe-reader", 12, 13),
    ("message", "garden-helper", 12, 13),
];

/// Makes the agents of the fixtures.
pub fn make_agents(app: &TestApp) {
    for (kind, agent, _, _) in FIXTURES {
        let set = app.binary().args(["agent", "set", agent, "--kind", kind]);
        let set = match *kind {
            "label" => set.arg("--labels").arg(fixture("labels.txt")),
            "json" => set.arg("--schema").arg(fixture("schema.json")),
            _ => set,
        };
        set.run().ok();
    }
}

/// Copies a fixture beside the data and imports it.
pub fn import(app: &TestApp, kind: &str) -> crate::support::Finished {
    let name = format!("{kind}.jsonl");
    app.file(&name, &std::fs::read_to_string(fixture(&name)).unwrap());
    app.command(&["import", &name])
}

#[test]
fn each_kind_is_imported_and_again_is_all_duplicates() {
    let app = TestApp::start();
    make_agents(&app);
    for (kind, _, interactions, feedback) in FIXTURES {
        let said = import(&app, kind).ok();
        let wanted = format!(
            "imported {interactions} new, 0 duplicates, 0 conflicts, 0 invalid interactions; \
             {feedback} new, 0 duplicates, 0 invalid feedback"
        );
        assert_eq!(said.last_line(), wanted);
        assert_eq!(said.stdout, "", "standard output is for programs");
        let said = import(&app, kind).ok();
        let wanted = format!(
            "imported 0 new, {interactions} duplicates, 0 conflicts, 0 invalid interactions; \
             0 new, {feedback} duplicates, 0 invalid feedback"
        );
        assert_eq!(said.last_line(), wanted);
    }
    assert!(!app.folder().join("text.jsonl.invalid.jsonl").exists());
}

#[test]
fn bad_lines_go_to_a_file_and_the_rest_is_kept() {
    let app = TestApp::start();
    let good =
        |n: u32| json!({"agent": "a", "external_id": n.to_string(), "input": "x", "output": "y"});
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"\xef\xbb\xbf");
    for line in [
        good(1).to_string(),
        String::new(),
        "{not json".into(),
        json!({"agent": "a", "input": "x", "output": "y", "colour": 1}).to_string(),
        json!({"agent": "a", "input": "\u{0}", "output": "y"}).to_string(),
        json!({"agent": "A b", "input": "x", "output": "y"}).to_string(),
        json!({"agent": "a", "external_id": "1", "input": "x", "output": "other"}).to_string(),
        json!({"agent": "a", "external_id": "8", "input": "x", "output": "y", "feedback": [
            {"verdict": "confirmed"}, {"verdict": "corrected"}]})
        .to_string(),
        format!(r#"{{"agent": "a", "input": "{}", "output": "y"}}"#, "x".repeat(1040 * 1024)),
    ] {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"{\"agent\": \"a\", \"input\": \"\xff\", \"output\": \"y\"}\n");
    bytes.extend_from_slice(good(11).to_string().as_bytes());
    std::fs::write(app.folder().join("log.jsonl"), bytes).unwrap();

    let said = app.command(&["import", "log.jsonl"]).fails_with(1);
    let wanted = "imported 3 new, 0 duplicates, 1 conflicts, 6 invalid interactions; \
         1 new, 0 duplicates, 1 invalid feedback";
    assert_eq!(said.last_line(), wanted);
    let said = said.says("bad lines are in log.jsonl.invalid.jsonl");
    assert_eq!(said.stdout, "");
    let rejects: Vec<Value> = (app.read("log.jsonl.invalid.jsonl").lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found: Vec<(u64, &str)> = (rejects.iter())
        .map(|row| (row["line"].as_u64().unwrap(), row["error"].as_str().unwrap()))
        .collect();
    let mut numbers: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4, 5, 6, 8, 9, 10], "{found:?}");
    for (line, says) in [
        (4, "/colour: unknown field"),
        (5, "NUL"),
        (6, "/agent: `A b` is not a slug"),
        (8, "/feedback/1/correction: is required"),
        (9, "larger than 1 MiB"),
        (10, "not valid UTF-8 at byte 25"),
    ] {
        let error = found.iter().find(|(number, _)| *number == line).unwrap().1;
        assert!(error.contains(says), "{line}: {error}");
    }
    let of_line = |line: u64| rejects.iter().find(|row| row["line"] == line).unwrap();
    assert_eq!(of_line(3)["text"], "{not json");
    assert!(of_line(9)["text"].as_str().unwrap().len() > 1024 * 1024, "it can be mended");
    assert_eq!(of_line(3).as_object().unwrap().len(), 3);

    // What is mended can be sent again, and then nothing is left over.
    app.file("log.jsonl", &format!("{}\n", good(1)));
    app.command(&["import", "log.jsonl"]).ok().says("imported 0 new, 1 duplicates");
    assert!(!app.folder().join("log.jsonl.invalid.jsonl").exists());
}

#[test]
fn several_files_are_counted_together_and_a_missing_one_is_said() {
    let app = TestApp::start();
    let line =
        |n: u32| json!({"agent": "a", "external_id": n.to_string(), "input": "x", "output": "y"});
    app.file("one.jsonl", &format!("{}\n{}\n", line(1), line(2)));
    app.file("two.jsonl", &format!("{}\n{}", line(2), line(3)));
    let said = app.command(&["import", "one.jsonl", "two.jsonl"]).ok();
    assert!(said.last_line().starts_with("imported 3 new, 1 duplicates, 0 conflicts, 0 invalid"));
    let said = app.command(&["import", "one.jsonl", "nowhere.jsonl"]).fails_with(1);
    let said = said.says("can't import nowhere.jsonl: No such file");
    said.says("imported 0 new, 2 duplicates, 0 conflicts, 0 invalid interactions");
    app.command(&["import"]).fails_with(2);
    app.file("empty.jsonl", "");
    app.command(&["import", "empty.jsonl"]).ok().says("imported 0 new, 0 duplicates");
}

#[test]
fn names_are_made_on_first_sight() {
    let app = TestApp::start();
    let line = json!({"agent": "new-agent", "team": "new-team", "environment": "staging",
        "agent_version": "v2", "input": "x", "output": "y", "end_user": "ana@example.com",
        "feedback": [{"author": "ben@example.com", "verdict": "rejected",
                      "category": "too_long"}]});
    app.file("log.jsonl", &line.to_string());
    app.command(&["import", "log.jsonl"]).ok();
    let api = app.api(&[Scope::Read]);
    let agent = api.get("/api/v1/agents/new-agent").is(200).json();
    assert_eq!((&agent["team"], &agent["review"]), (&json!("default"), &json!("required")));
    assert_eq!(agent["versions"], json!(["v2"]));
    let all = agent["categories"].as_array().unwrap();
    assert!(all.iter().any(|category| category["slug"] == "too_long"), "{agent}");
    let list = api.get("/api/v1/feedback?team=new-team&environment=staging").json();
    assert_eq!(list["items"][0]["category"], "too_long");
    assert_eq!(list["items"][0]["author"], "ben@example.com");
}

#[test]
fn without_an_external_id_the_line_itself_is_the_key() {
    let app = TestApp::start();
    let one = json!({"agent": "a", "input": "x", "output": "y"});
    let other =
        json!({"agent": "a", "input": "x", "output": "y", "occurred_at": "2026-01-01T00:00:00Z"});
    app.file("log.jsonl", &format!("{one}\n{other}\n{one}\n"));
    app.command(&["import", "log.jsonl"]).ok().says("imported 2 new, 1 duplicates");
    app.command(&["import", "log.jsonl"]).ok().says("imported 0 new, 3 duplicates");
}

#[test]
fn a_new_judgement_of_a_known_interaction_is_taken() {
    let app = TestApp::start();
    let line = |feedback: Value| {
        json!({"agent": "a", "external_id": "t", "input": "x", "output": "y",
        "feedback": feedback})
    };
    let ben = json!({"author": "ben@example.com", "verdict": "rejected"});
    let ana = json!({"author": "ana@example.com", "verdict": "confirmed"});
    app.file("log.jsonl", &line(json!([ben])).to_string());
    app.command(&["import", "log.jsonl"]).ok();
    app.file("log.jsonl", &line(json!([ben, ana])).to_string());
    let said = app.command(&["import", "log.jsonl"]).ok();
    let wanted = "imported 0 new, 1 duplicates, 0 conflicts, 0 invalid interactions; \
         1 new, 1 duplicates, 0 invalid feedback";
    assert_eq!(said.last_line(), wanted);
}

#[test]
fn a_killed_import_goes_on_where_it_was() {
    let app = TestApp::start();
    let lines: Vec<String> = (0..5_000)
        .map(|n| {
            json!({"agent": "a", "external_id": n.to_string(), "input": "x", "output": "y",
            "feedback": [{"external_id": "f", "verdict": "rejected"}]})
            .to_string()
        })
        .collect();
    app.file("log.jsonl", &lines.join("\n"));
    let import = app.binary().args(["import", "log.jsonl"]).start();
    let api = app.api(&[Scope::Read]);
    crate::support::eventually("the first feedback", || {
        let list = api.get("/api/v1/feedback?limit=1").is(200).json();
        list["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(())
    });
    import.kill();
    let said = app.command(&["import", "log.jsonl"]).ok();
    let numbers: Vec<u32> = (said.last_line().split(|letter: char| !letter.is_ascii_digit()))
        .filter_map(|number| number.parse().ok())
        .collect();
    let [new, duplicates, conflicts, invalid, new_feedback, same_feedback, bad] = numbers[..]
    else {
        panic!("{}", said.last_line());
    };
    assert_eq!((new + duplicates, conflicts, invalid, bad), (5_000, 0, 0, 0));
    assert_eq!((new, duplicates), (new_feedback, same_feedback), "each line with its feedback");
    assert!(duplicates > 0, "what was on disk is there");
}
