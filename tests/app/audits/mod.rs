//! What a random audit finds: the reviewer's own feedback, an example to learn from, nobody's
//! override.

mod datasets;
mod kept_apart;
mod moved;
mod taken_back;

use crate::sampling::{audits, draw_all};
use crate::support::{Api, Browser};
use crate::triage::{Desk, decide};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DEPLOYMENT: &str = "/api/v1/agents/router/deployments/support/production";

/// Answers that nobody overrode, all drawn: each question with its item.
pub struct Audited {
    pub desk: Desk,
    items: BTreeMap<String, String>,
    interactions: BTreeMap<String, String>,
}

impl Audited {
    /// With these questions, all answered with `billing`, and so many reviewers for each.
    pub fn of(questions: &[&str], reviewers: i64) -> Self {
        let desk = Desk::open();
        let settings = json!({"weekly_audits": questions.len(), "reviews_needed": reviewers});
        desk.program.put(DEPLOYMENT, &settings).is(201);
        let log = |question: &&str| ((*question).to_owned(), desk.log(question, "billing", &[]));
        let interactions = questions.iter().map(log).collect();
        draw_all(&desk);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let drawn = audits(&desk);
        let items =
            drawn.iter().map(|item| (text(&item["interaction"]["input"]), text(&item["id"])));
        let items = items.collect();
        Self { desk, items, interactions }
    }

    pub fn item(&self, question: &str) -> &str {
        &self.items[question]
    }

    pub fn interaction(&self, question: &str) -> &str {
        &self.interactions[question]
    }

    pub fn page(&self, question: &str) -> String {
        format!("/triage/{}", self.item(question))
    }

    pub fn champion(&self, name: &str) -> Browser {
        let email = format!("{}@example.com", name.to_lowercase());
        self.desk.app.person(&email, name, &["support:champion"]).signed_in()
    }

    pub fn reviewer(&self) -> Api {
        self.desk.app.api(&[Scope::Triage])
    }

    /// Everything that was said of an answer, oldest first.
    pub fn said(&self, question: &str) -> Vec<Value> {
        let path = format!("/api/v1/interactions/{}", self.interaction(question));
        let found = self.desk.program.get(&path).is(200).json();
        found["feedback"].as_array().unwrap().clone()
    }

    /// Verdict and status of everything that was said of an answer.
    pub fn stands(&self, question: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.said(question)
            .iter()
            .map(|each| (text(&each["verdict"]), text(&each["status"])))
            .collect()
    }
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn what_a_champion_finds_is_their_feedback_and_an_example_at_once() {
    let audited = Audited::of(&["one", "two", "three"], 1);
    let cleo = audited.champion("Cleo");
    cleo.open(&audited.page("one")).press("It’s right a").is(200);
    let page = cleo.open(&audited.page("two")).pick("The right label", "returns");
    let page = page.fill("What you changed, and why", "They send it back.");
    page.press("This is right").is(200);
    let page = cleo.open(&audited.page("three")).fill("What is wrong with it?", "It is no bill.");
    page.press("It’s wrong").is(200);
    assert_eq!(audited.stands("one"), pairs(&[("confirmed", "accepted")]));
    assert_eq!(audited.stands("two"), pairs(&[("corrected", "accepted")]));
    assert_eq!(audited.stands("three"), pairs(&[("rejected", "accepted")]));
    let said = audited.said("two")[0].clone();
    assert_eq!((&said["author"], &said["audit"]), (&json!("cleo@example.com"), &json!(true)));
    assert_eq!(
        (&said["correction"], &said["comment"]),
        (&json!("returns"), &json!("They send it back."))
    );
    let signals = pairs(&[("one", "billing"), ("two", "returns")]);
    assert_eq!(audited.desk.signals(), signals);
    let exports = audited.desk.app.api(&[Scope::Export]);
    let kto = exports.get("/api/v1/signals?agent=router&format=kto").is(200).text;
    assert_eq!(kto.matches("\"label\":false").count(), 2, "the corrected and the rejected: {kto}");
    assert!(audited.desk.waiting().is_empty(), "nothing new waits for a decision");
    // It is shown as what it is, to those who may see what people said.
    let page = cleo.open("/feedback").is(200).sees("Found by a random audit").sees("Corrected");
    let page = page.click("two").sees("Found by a random audit").sees("it was drawn at random");
    let page = page.sees("You gave the right answer").sees("They send it back.");
    page.does_not_see("Change what you said").click("Look at the audit again").is(200);
    let path = format!("/interactions/{}", audited.interaction("three"));
    let said = cleo.open(&path).is(200).sees("What people said of it");
    said.sees("Cleo").sees("Found by a random audit").sees("Wrong");
    let ana = audited.desk.app.person("ana@example.com", "Ana", &["support"]).signed_in();
    ana.open(&path).is(200).does_not_see("Found by a random audit");
    ana.open("/feedback").is(200).sees("Nothing reported yet");
    let receipt = format!("/feedback/{}", audited.said("three")[0]["id"].as_str().unwrap());
    ana.open(&receipt).is(404);
    let mel = audited.desk.app.person("mel@example.com", "Mel", &["support:manager"]).signed_in();
    let page = mel.open(&receipt).is(200).sees("Cleo said that the answer is wrong");
    page.sees("Found by a random audit").does_not_see("Look at the audit again");
}

#[test]
fn a_program_is_named_by_its_key_and_gives_only_answers_the_agent_could_give() {
    let audited = Audited::of(&["one", "two"], 1);
    let api = audited.reviewer();
    for (label, why) in [("billing", "what the agent said already"), ("nonsense", "no label")] {
        let decision = json!({"decision": "accepted_with_edits", "label": label});
        let said = decide(&api, audited.item("one"), decision).is_invalid_at("/label");
        assert!(said.contains(why), "{said}");
    }
    assert!(audited.said("one").is_empty(), "what is refused leaves nothing");
    let decision = json!({"decision": "accepted_with_edits", "label": "other", "reason": "It is."});
    let decided = decide(&api, audited.item("one"), decision).is(201).json();
    assert_eq!(decided["status"], "accepted");
    let said = audited.said("one")[0].clone();
    assert_eq!((&said["author"], &said["known_by"]), (&Value::Null, &json!("key")));
    assert_eq!((&said["verdict"], &said["audit"]), (&json!("corrected"), &json!(true)));
    let decision = json!({"decision": "declined", "reason": "It is about nothing."});
    let decided = decide(&api, audited.item("two"), decision).is(201).json();
    assert_eq!(decided["status"], "declined", "the output is");
    assert_eq!(audited.stands("two"), pairs(&[("rejected", "accepted")]), "what was said is not");
    decide(&api, audited.item("two"), json!({"decision": "accepted"})).is_problem(409);
    assert_eq!(audited.said("two").len(), 1);
    let exports = audited.desk.app.api(&[Scope::Export]);
    let lines = exports.get("/api/v1/signals?agent=router&format=signals").is(200).text;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let said = &line["feedback"][0];
        assert_eq!((&said["audit"], &said["decision"]), (&json!(true), &json!("accepted")));
        assert!(said["reviewer"].is_string() && said.get("label").is_none(), "{said}");
    }
    let cleo = audited.champion("Cleo");
    let receipt = format!("/feedback/{}", said["id"].as_str().unwrap());
    cleo.open(&receipt).is(200).does_not_see("Somebody");
}

#[test]
fn several_reviewers_make_one_example_of_what_they_settle() {
    let audited = Audited::of(&["one", "two"], 2);
    let (cleo, mel) = (audited.champion("Cleo"), audited.champion("Mel"));
    cleo.open(&audited.page("one")).press("It’s right a").sees("Your review is in.");
    assert!(audited.said("one").is_empty(), "until all are in, nobody said anything");
    mel.open(&audited.page("one")).press("It’s right a").is(200);
    assert_eq!(audited.stands("one"), pairs(&[("confirmed", "accepted")]));
    cleo.open(&audited.page("two")).press("It’s right a").is(200);
    let page = mel.open(&audited.page("two")).pick("The right label", "returns");
    page.press("This is right").is(200).sees("Your review is in.");
    assert!(audited.said("two").is_empty(), "they differ");
    let kim = audited.champion("Kim");
    let page = kim.open(&audited.page("two")).pick("The right label", "returns");
    page.press("This is right").is(200);
    assert_eq!(audited.stands("two"), pairs(&[("corrected", "accepted")]));
    assert_eq!(audited.said("two")[0]["author"], "kim@example.com", "who settled it says it");
    assert_eq!(audited.desk.signals(), pairs(&[("one", "billing"), ("two", "returns")]));
}

#[test]
fn of_texts_that_are_gone_and_answers_that_never_came_there_is_no_example() {
    let audited = Audited::of(&["one"], 1);
    audited.desk.app.write(|conn| {
        use diesel::prelude::*;
        diesel::delete(overrule::schema::interaction_bodies::table).execute(conn)?;
        Ok(())
    });
    let api = audited.reviewer();
    decide(&api, audited.item("one"), json!({"decision": "accepted"})).is(201);
    assert!(audited.said("one").is_empty());
    assert!(audited.desk.signals().is_empty());

    let desk = Desk::open();
    desk.program.put(DEPLOYMENT, &json!({"weekly_audits": 1})).is(201);
    let line = json!({"agent": "router", "team": "support", "input": "two", "error": "No answer."});
    let id = desk.program.log(&line).is(201).at("/id");
    draw_all(&desk);
    let item = audits(&desk)[0]["id"].as_str().unwrap().to_owned();
    decide(&desk.app.api(&[Scope::Triage]), &item, json!({"decision": "accepted"})).is(201);
    assert!(desk.statuses(&id).is_empty());
}
