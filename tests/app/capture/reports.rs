//! `/report`: what was not logged becomes an interaction with feedback.

use super::{agents, newest, program};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::schema::interactions;
use serde_json::json;

#[test]
fn a_wrong_answer_seen_elsewhere_is_reported_with_the_right_one() {
    let app = TestApp::start();
    agents(&app);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/report").is(200).pick("Which agent?", "Helper");
    let page = page.choose("It gave a wrong answer").fill("What was asked?", "How long?");
    let page = page.fill("What did it answer?", "Six weeks.").choose("I know the right answer");
    let receipt = page.fill("The right answer", "30 days.").press("Send").is(200);
    let receipt = receipt.sees("Your report").sees("How long?").sees("30").sees("days");
    receipt.click("Change what you said").is(200).sees("reported, not logged");
    let stored = newest(&program(&app));
    assert_eq!(
        (&stored["verdict"], &stored["correction"]),
        (&json!("corrected"), &json!("30 days."))
    );
    assert_eq!((&stored["known_by"], &stored["team"]), (&json!("session"), &json!("support")));
    let path = format!("/api/v1/interactions/{}", stored["interaction"].as_str().unwrap());
    let interaction = program(&app).get(&path).is(200).json();
    assert_eq!(
        (&interaction["source"], &interaction["output"]),
        (&json!("report"), &json!("Six weeks."))
    );
    assert_eq!(interaction["end_user"], "ada@example.com");
}

#[test]
fn an_answer_that_never_came_and_a_general_problem_can_be_reported() {
    let app = TestApp::start();
    agents(&app);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/report").pick("Which agent?", "Helper").choose("It gave no answer");
    let page = page.fill("What was asked?", "Hello?").choose("A person should handle this");
    page.choose("Somebody is waiting for it: it is urgent").press("Send").is(200);
    let stored = newest(&program(&app));
    assert_eq!((&stored["verdict"], &stored["urgency"]), (&json!("escalated"), &json!("urgent")));
    let page = ada.open("/report").pick("Which agent?", "Helper").choose("Something else is wrong");
    let page = page.choose("I don’t know, but this is not right").press("Send").is(422);
    let page = page.sees("Say what is wrong.").fill("Anything to add?", "It is slow each morning.");
    page.press("Send").is(200).sees("It is slow each morning.");
}

#[test]
fn a_report_says_what_is_missing_and_loses_nothing() {
    let app = TestApp::start();
    agents(&app);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/report").pick("Which agent?", "Router");
    let page = page.choose("It gave a wrong answer").fill("What did it answer?", "nonsense");
    let page = page.choose("I know the right answer").fill("The right answer", "delivry");
    let page = page.press("Send").is(422).sees("Paste or write what was asked.");
    let page = page.sees("one of its labels").sees("Did you mean “delivery”?");
    assert_eq!(page.value("What did it answer?"), "nonsense");
    let page = page.fill("What was asked?", "Where is it?").fill("What did it answer?", "billing");
    page.fill("The right answer", "delivery").press("Send").is(200).sees("delivery");
}

#[test]
fn a_report_is_stored_once_and_whole() {
    let app = TestApp::start();
    agents(&app);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/report").pick("Which agent?", "Helper").choose("It gave no answer");
    let page = page.fill("What was asked?", "Hello?");
    let (one, two) = page.choose("A person should handle this").press_twice("Send");
    assert_eq!(one.path, two.path);
    let count: i64 = app.write(|conn| Ok(interactions::table.count().get_result(conn)?));
    assert_eq!(count, 1);
}

#[test]
fn one_reports_on_the_agents_of_ones_own_teams_only() {
    let app = TestApp::start();
    agents(&app);
    app.agent("secret", json!({"name": "Secret agent", "team": "finance"}));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open("/report").does_not_see("Secret agent");
    let nonce = page.hidden("nonce");
    let body =
        format!("nonce={nonce}&agent=secret%2Ffinance&what=missing&question=x&verdict=rejected");
    let request = ada
        .request("POST", "/report")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    let answer = ada.send(request).is(422);
    assert!(answer.text.contains("Choose the agent it is about."), "{}", answer.text);
    let new = app.person("new@example.com", "New", &[]).signed_in();
    new.open("/report").is(200).sees("You are in no team yet");
}
