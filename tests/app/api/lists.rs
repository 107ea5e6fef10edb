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
        // A place in a list in the order of time, and one in the other.
        ("cursor=1.01890000-0000-7000-8000-000000000000", "/cursor"),
        ("since=2026-01-01&cursor=01890000-0000-7000-8000-000000000000", "/cursor"),
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

/// What is asked for page by page, each of two.
fn in_pages(api: &Api, query: &str) -> Vec<String> {
    let (mut path, mut seen) = (format!("/api/v1/feedback?limit=2&{query}"), Vec::new());
    loop {
        let page = api.get(&path).is(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()));
        let Some(next) = page["next"].as_str() else { return seen };
        path = format!("/api/v1/feedback?limit=2&{query}&cursor={next}");
    }
}

#[test]
fn feedback_between_two_days_comes_by_when_it_was_given_and_pages_miss_nothing() {
    let app = TestApp::start();
    let admin = app.api(&[Scope::Admin]);
    // Sent in another order than it was given, and much of it at one instant.
    let days = [3, 1, 2, 2, 2, 2, 2, 4];
    let line = |(n, day): (usize, &u32)| {
        let team = ["north", "south"][n % 2];
        json!({"agent": "a", "team": team, "input": format!("{n}"),
            "output": "y", "feedback": [{"verdict": "rejected", "category": "tone",
                "occurred_at": format!("2026-01-0{day}T00:00:00Z")}]})
    };
    let all: Vec<Value> = days.iter().enumerate().map(line).collect();
    admin.post("/api/v1/interactions", &json!(all)).is(200);
    let api = app.api(&[Scope::Read]);
    for query in
        ["since=2026-01-02&until=2026-01-04", "since=2026-01-02&until=2026-01-04&category=tone"]
    {
        let whole = api.get(&format!("/api/v1/feedback?{query}")).is(200).json();
        let items = whole["items"].as_array().unwrap();
        let days: Vec<&str> =
            items.iter().map(|i| &i["occurred_at"].as_str().unwrap()[8..10]).collect();
        assert_eq!(days, ["03", "02", "02", "02", "02", "02"]);
        let ids: Vec<String> = items.iter().map(|item| item["id"].to_string()).collect();
        assert_eq!(in_pages(&api, query), ids);
    }
    let of_category = in_pages(&api, "category=tone");
    assert_eq!(of_category, in_pages(&api, ""), "newest to come in first");
    assert_eq!(of_category.len(), 8);
}
