//! Lists: filters, pages, the `Link` header.

use crate::support::{Answer, Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// Two agents, two teams, four verdicts: one feedback each.
fn start() -> (TestApp, Api) {
    let app = TestApp::start();
    let admin = app.api(&[Scope::Admin]);
    let line = |agent: &str, team: &str, environment: &str, feedback: Value| {
        json!({"agent": agent, "team": team, "environment": environment, "input": "x",
            "output": "y", "feedback": [feedback]})
    };
    let all = json!([
        line(
            "a",
            "north",
            "production",
            json!({"verdict": "confirmed",
            "occurred_at": "2026-01-01T00:00:00Z"})
        ),
        line(
            "a",
            "south",
            "production",
            json!({"verdict": "rejected", "category": "tone",
            "occurred_at": "2026-01-02T00:00:00Z"})
        ),
        line(
            "b",
            "north",
            "staging",
            json!({"verdict": "corrected", "correction": "z",
            "status": "declined", "occurred_at": "2026-01-03T00:00:00Z"})
        ),
        line(
            "b",
            "south",
            "production",
            json!({"verdict": "escalated",
            "occurred_at": "2026-01-04T00:00:00Z"})
        ),
    ]);
    let answer = admin.post("/api/v1/interactions", &all).is(200).json();
    assert!(answer["items"].as_array().unwrap().iter().all(|item| item.get("errors").is_none()));
    let api = app.api(&[Scope::Read]);
    (app, api)
}

fn verdicts(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let items = json["items"].as_array().unwrap().iter();
    items.map(|item| item["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn feedback_is_filtered() {
    let (_app, api) = start();
    for (filter, wanted) in [
        ("", vec!["escalated", "corrected", "rejected", "confirmed"]),
        ("agent=a", vec!["rejected", "confirmed"]),
        ("team=north", vec!["corrected", "confirmed"]),
        ("team=north&agent=b", vec!["corrected"]),
        ("verdict=rejected", vec!["rejected"]),
        ("category=tone", vec!["rejected"]),
        ("environment=staging", vec!["corrected"]),
        ("status=accepted", vec!["confirmed"]),
        ("status=pending", vec!["escalated", "rejected"]),
        ("status=declined", vec!["corrected"]),
        ("status=superseded", vec![]),
        ("since=2026-01-03T00:00:00Z", vec!["escalated", "corrected"]),
        ("until=2026-01-02T00:00:00Z", vec!["confirmed"]),
        ("since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z", vec!["rejected"]),
        ("agent=nobody", vec![]),
    ] {
        let answer = api.get(&format!("/api/v1/feedback?{filter}")).is(200);
        assert_eq!(verdicts(&answer), wanted, "{filter}");
    }
}

#[test]
fn a_filter_that_makes_no_sense_is_a_mistake() {
    let (_app, api) = start();
    for (filter, pointer) in [
        ("verdict=wrong", "/verdict"),
        ("status=open", "/status"),
        ("environment=prod", "/environment"),
        ("since=yesterday", "/since"),
        ("limit=0", "/limit"),
        ("limit=501", "/limit"),
        ("cursor=x", "/cursor"),
        ("colour=red", "/colour"),
    ] {
        api.get(&format!("/api/v1/feedback?{filter}")).is_invalid_at(pointer);
    }
}

#[test]
fn pages_follow_one_another_by_link_and_miss_nothing() {
    let (_app, api) = start();
    let mut path = "/api/v1/feedback?limit=3&environment=production".to_owned();
    let first = api.get(&path).is(200);
    assert_eq!(verdicts(&first), ["escalated", "rejected", "confirmed"]);
    assert_eq!((first.json()["next"].clone(), first.header("link")), (Value::Null, ""));
    path = "/api/v1/feedback?limit=2&environment=production".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = api.get(&path).is(200);
        seen.extend(verdicts(&page));
        let json = page.json();
        let Some(next) = json["next"].as_str() else { break };
        let link = page.header("link").strip_prefix('<').unwrap();
        let (target, rel) = link.split_once('>').unwrap();
        assert_eq!(rel, "; rel=\"next\"");
        assert!(target.contains("limit=2&environment=production"), "{target}");
        assert!(target.contains(next), "{target}");
        path = target.to_owned();
    }
    assert_eq!(seen, ["escalated", "rejected", "confirmed"]);
}
