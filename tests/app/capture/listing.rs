//! `/interactions`: who sees what, filtered and page by page.

use super::{agents, log, program};
use crate::support::TestApp;
use serde_json::json;

#[test]
fn a_member_sees_what_their_teams_agents_answered() {
    let app = TestApp::start();
    agents(&app);
    app.agent("other", json!({"name": "Other", "team": "finance"}));
    let program = program(&app);
    let path = log(&program, json!({"agent": "helper", "input": "How long?", "output": "Long."}));
    let hidden = log(&program, json!({"agent": "other", "input": "Secret?", "output": "Yes."}));
    let failed = json!({"agent": "helper", "input": "And now?", "error": "Timed out."});
    log(&program, failed);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/interactions").is(200).sees("How long?").sees("Long.");
    let page = page.sees("No answer: Timed out.").does_not_see("Secret?");
    assert_eq!(page.elements("tbody th"), ["And now?", "How long?"]);
    page.click("How long?").is(200).is_at(&path);
    ada.open(&hidden).is(404);
    app.engineer().open("/interactions").sees("How long?").sees("Secret?");
    let nobody = app.person("new@example.com", "New", &[]).signed_in();
    nobody.open("/interactions").is(200).sees("No interactions yet").does_not_see("How long?");
}

#[test]
fn where_only_ones_own_is_visible_a_member_sees_only_what_they_asked() {
    let app = TestApp::start();
    app.agent("desk", json!({"name": "Desk", "team": "people", "visibility": "own"}));
    let program = program(&app);
    let mine = json!({"agent": "desk", "input": "My leave?", "output": "Ten days.",
        "end_user": "Ada@example.com", "conversation_id": "c-1"});
    let others = json!({"agent": "desk", "input": "My pay?", "output": "More.",
        "end_user": "ben@example.com", "conversation_id": "c-1"});
    let (mine, others) = (log(&program, mine), log(&program, others));
    let ada = app.person("ada@example.com", "Ada", &["people"]).signed_in();
    ada.open("/interactions").sees("My leave?").does_not_see("My pay?");
    ada.open(&mine).is(200).does_not_see("My pay?");
    ada.open(&others).is(404);
    let chi = app.person("chi@example.com", "Chi", &["people:champion"]).signed_in();
    chi.open("/interactions").sees("My leave?").sees("My pay?");
    chi.open("/interactions?whose=mine").sees("Nothing fits");
}

#[test]
fn the_list_is_cut_down_by_agent_environment_and_whose() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    log(&program, json!({"agent": "helper", "input": "One?", "output": "1"}));
    log(&program, json!({"agent": "router", "input": "Two?", "output": "billing"}));
    log(
        &program,
        json!({"agent": "helper", "input": "Three?", "output": "3", "environment": "staging",
            "end_user": "ada@example.com"}),
    );
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/interactions").pick("Agent", "Router").press("Show").is(200);
    page.sees("Two?").does_not_see("One?").does_not_see("Three?");
    let page = ada.open("/interactions").pick("Environment", "Staging").press("Show");
    page.sees("Three?").does_not_see("One?");
    ada.open("/interactions")
        .pick("Asked by", "Me")
        .press("Show")
        .sees("Three?")
        .does_not_see("One?");
    let none = ada.open("/interactions?agent=router&environment=staging");
    none.sees("Nothing fits").click("Show all").sees("One?");
}

#[test]
fn older_ones_are_on_the_next_page_each_once() {
    let app = TestApp::start();
    agents(&app);
    let items: Vec<_> = (0..120)
        .map(|n| json!({"agent": "helper", "input": format!("Question {n:03}"), "output": "x"}))
        .collect();
    program(&app).post("/api/v1/interactions", &json!(items)).is(200);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let mut page = ada.open("/interactions?agent=helper");
    let mut seen = page.elements("tbody th");
    while page.links().iter().any(|(text, _)| text.starts_with("Older")) {
        page = ada.open(&page.links().iter().find(|(t, _)| t.starts_with("Older")).unwrap().1);
        seen.extend(page.elements("tbody th"));
    }
    let expected: Vec<String> = (0..120).rev().map(|n| format!("Question {n:03}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn the_page_of_one_shows_its_conversation_and_what_it_rests_on() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let first = json!({"agent": "helper", "input": "First?", "output": "Yes.",
        "conversation_id": "c-7", "sources": [{"title": "Terms", "url": "https://example.com/t"}],
        "cost_usd": "0.0041", "latency_ms": 1240, "metadata": {"shop": "Leeds"}});
    let path = log(&program, first);
    log(
        &program,
        json!({"agent": "helper", "input": "Second?", "output": "No.", "conversation_id": "c-7"}),
    );
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).sees("The whole conversation").sees("1,240 ms").sees("0.0041 USD");
    let page = page.sees("Leeds");
    assert_eq!(page.link("Terms"), "https://example.com/t");
    page.click("Second?").is(200).sees("No.");
}
