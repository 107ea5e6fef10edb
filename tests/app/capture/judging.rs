//! The form on `/interactions/{id}`, for every kind of output.

use super::{agents, log, newest, program};
use crate::support::TestApp;
use overrule::schema::{feedback, sessions};
use serde_json::json;

const RIGHT: &str = "It’s right";
const CORRECTED: &str = "It’s wrong, here is the right answer";
const REJECTED: &str = "It’s wrong, I don’t know the right answer";
const ESCALATED: &str = "A person should handle this";

fn asked(agent: &str, output: serde_json::Value) -> serde_json::Value {
    json!({"agent": agent, "agent_version": "v3", "input": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long may I return it?"}],
        "output": output, "confidence": 0.41})
}

#[test]
fn a_member_corrects_an_answer_starting_from_the_agents_own_words() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("helper", json!("Six weeks.\nNo longer.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).is(200).sees("Helper answered").sees("How long may I return it?");
    let page = page.sees("Not very sure, 41").sees("Returns.").sees("Helper v3");
    assert_eq!(page.value("The right answer"), "Six weeks.\nNo longer.");
    let page = page
        .choose(CORRECTED)
        .fill("The right answer", "30 days.\nNo longer.")
        .pick("What is wrong with it?", "Out of date")
        .pick("How bad is it?", "High: someone was misled")
        .fill("Anything to add?", "The rule changed in May.")
        .press("Send");
    page.is(200).sees("Waiting for review").sees("The rule changed in May.").sees("Out of date");
    let stored = newest(&program);
    assert_eq!(stored["correction"], "30 days.\nNo longer.");
    assert_eq!((&stored["verdict"], &stored["known_by"]), (&json!("corrected"), &json!("session")));
    assert_eq!(
        (&stored["category"], &stored["severity"], &stored["author"]),
        (&json!("outdated"), &json!("high"), &json!("ada@example.com"))
    );
}

#[test]
fn each_choice_is_taken_as_it_is_said() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    for (choice, verdict) in
        [(RIGHT, "confirmed"), (REJECTED, "rejected"), (ESCALATED, "escalated")]
    {
        let path = log(&program, asked("helper", json!("Six weeks.")));
        // Without JavaScript all fields are there; those of other choices don't count.
        let page = ada.open(&path).choose(choice).fill("The right answer", "30 days.");
        let page = page.choose("Somebody is waiting for it: it is urgent").press("Send").is(200);
        page.sees("What becomes of it");
        let stored = newest(&program);
        assert_eq!((&stored["verdict"], &stored["correction"]), (&json!(verdict), &json!(null)));
        let urgent = if verdict == "escalated" { "urgent" } else { "normal" };
        assert_eq!(stored["urgency"], urgent);
    }
}

#[test]
fn a_mistake_comes_back_with_everything_that_was_typed() {
    let app = TestApp::start();
    agents(&app);
    let path = log(&program(&app), asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).fill("Anything to add?", "A note.").press("Send").is(422);
    let page = page.sees("Choose what you think of the answer.").sees("Nothing you typed is lost");
    assert_eq!(page.value("Anything to add?"), "A note.");
    let page = page.choose(CORRECTED).press("Send").is(422);
    let page = page.sees("This is what the agent said already");
    assert!(page.is_chosen(CORRECTED));
    let page = page.fill("The right answer", "  ").press("Send").is(422);
    let page = page.sees("Write the right answer");
    assert_eq!(page.value("Anything to add?"), "A note.");
    page.fill("The right answer", "30 days.").press("Send").is(200).sees("A note.");
}

#[test]
fn a_label_is_chosen_from_the_list() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("router", json!("billing")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path);
    let offered: Vec<String> =
        page.options("The right label").into_iter().map(|(_, text)| text).collect();
    assert_eq!(offered, ["Choose one", "billing", "delivery", "returns"]);
    let page = page.choose(CORRECTED).press("Send").is(422).sees("Choose the right label");
    let page = page.pick("The right label", "billing").press("Send").is(422);
    let page = page.sees("This is what the agent said already");
    page.pick("The right label", "returns").press("Send").is(200);
    assert_eq!(newest(&program)["correction"], "returns");
}

#[test]
fn json_that_is_broken_is_said_with_its_line() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("reader", json!({"total": 12, "of": "x"})));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).choose(CORRECTED);
    assert_eq!(page.value("The right answer"), "{\n  \"total\": 12,\n  \"of\": \"x\"\n}");
    let page = page.fill("The right answer", "{\n  \"total\": 13,\n}").press("Send").is(422);
    let page = page.sees("Line 3, character 1: this is not JSON");
    let page = page.fill("The right answer", "{\n  \"total\": \"13\"\n}").press("Send").is(422);
    let page = page.sees("Line 2:");
    page.fill("The right answer", "{ \"total\": 13.50 }").press("Send").is(200);
    let text = program.get("/api/v1/feedback?limit=1").is(200).text;
    assert!(text.contains(r#""correction":{ "total": 13.50 }"#), "{text}");
}

#[test]
fn a_message_is_corrected_in_its_text_and_its_calls() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let call = json!({"id": "1", "type": "function",
        "function": {"name": "book", "arguments": "{\"days\": 3}"}});
    let message = json!({"role": "assistant", "content": "Booked.", "tool_calls": [call]});
    let path = log(&program, asked("desk", message));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).sees("book({\"days\": 3})").choose(CORRECTED);
    let calls = page.value("The tools it should have called").replace('3', "5");
    let page = page.fill("The tools it should have called", "[").press("Send").is(422);
    let page = page.sees("this is not JSON");
    page.fill("The tools it should have called", &calls).press("Send").is(200);
    let stored = newest(&program);
    assert_eq!(stored["correction"]["content"], "Booked.");
    assert_eq!(stored["correction"]["tool_calls"][0]["function"]["arguments"], "{\"days\": 5}");
}

#[test]
fn saying_it_again_takes_the_place_of_what_one_said() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let ben = app.person("ben@example.com", "Ben", &["support"]).signed_in();
    let first = ada.open(&path).choose(REJECTED).press("Send").is(200);
    ben.open(&path).choose(REJECTED).press("Send").is(200);
    let page = ada.open(&path).sees("You said Wrong").choose(CORRECTED);
    page.fill("The right answer", "30 days.").press("Send").is(200);
    ada.open(&first.path).sees("You changed it").click("See the newer one").sees("30 days");
    // Starts from what one said last.
    let again = ada.open(&path);
    assert_eq!(again.value("The right answer"), "30 days.");
    let standing = program.get("/api/v1/feedback?status=pending").is(200).json();
    assert_eq!(standing["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_second_click_stores_one_feedback() {
    let app = TestApp::start();
    agents(&app);
    let path = log(&program(&app), asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let (one, two) = ada.open(&path).choose(REJECTED).press_twice("Send");
    assert_eq!(one.path, two.path);
    let count: i64 = app.write(|conn| {
        use diesel::prelude::*;
        Ok(feedback::table.count().get_result(conn)?)
    });
    assert_eq!(count, 1);
}

#[test]
fn what_was_typed_survives_a_session_that_ran_out() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).choose(CORRECTED).fill("The right answer", "30 days.");
    app.write(|conn| {
        use diesel::prelude::*;
        diesel::delete(sessions::table).execute(conn)?;
        Ok(())
    });
    let refused = page.press("Send").is(401).sees("What you typed is still here");
    // In another window she signs in; then the page sends what it kept.
    let link = app.person("ada@example.com", "Ada", &[]).path();
    ada.open(&link).press_only();
    refused.press("Send again").is(200).sees("30 days");
    assert_eq!(newest(&program)["correction"], "30 days.");
}

#[test]
fn a_form_from_another_site_is_refused() {
    let app = TestApp::start();
    agents(&app);
    let program = program(&app);
    let path = log(&program, asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = ada
            .request("POST", &path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(header, value)
            .body("verdict=rejected&comment=secret-words");
        let answer = ada.send(request).is(403);
        assert!(!answer.text.contains("secret-words"), "{}", answer.text);
    }
    assert_eq!(program.get("/api/v1/feedback").is(200).json()["items"], json!([]));
}

#[test]
fn texts_of_agents_and_people_are_never_markup() {
    let app = TestApp::start();
    agents(&app);
    let evil = "</textarea><script>alert(1)</script><b>";
    let path = log(&program(&app), asked("helper", json!(evil)));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let page = ada.open(&path).sees("<script>alert(1)</script>");
    assert_eq!(page.elements("main script").len(), 0);
    assert_eq!(page.value("The right answer"), evil);
    let page = page.choose(REJECTED).fill("Anything to add?", evil).press("Send").is(200);
    assert_eq!(page.elements("main script").len(), 0);
}

#[test]
fn who_leads_the_team_reads_what_everybody_said() {
    let app = TestApp::start();
    agents(&app);
    let path = log(&program(&app), asked("helper", json!("Six weeks.")));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    ada.open(&path).choose(REJECTED).press("Send").is(200);
    let ben = app.person("ben@example.com", "Ben", &["support"]).signed_in();
    ben.open(&path).does_not_see("What people said of it").does_not_see("Ada");
    let chi = app.person("chi@example.com", "Chi", &["support:champion"]).signed_in();
    let receipt = chi.open(&path).sees("What people said of it").click("Ada").is(200);
    receipt.sees("A report by Ada");
}
