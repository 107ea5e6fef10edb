//! What becomes a signal at once, what waits, and what a decision does to what is exported.

use crate::support::{Api, TestApp};
use diesel::prelude::*;
use overrule::accounts::{Scope, queries as accounts};
use overrule::capture::submit::{self, Answer, Author, Row, Target};
use overrule::capture::{Permit, draft};
use overrule::interactions::JsonText;
use overrule::schema::{resolutions, review_items, signal_revisions, signals};
use overrule::signals::model::{Decision, How, Outcome};
use overrule::signals::resolve;
use serde_json::{Value, json};
use std::sync::Arc;

fn start(policy: &str) -> (TestApp, Api) {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support", "review": policy}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read, Scope::Export]);
    (app, api)
}

fn log(api: &Api, input: &str) -> String {
    api.log(&json!({"agent": "helper", "input": input, "output": "So."})).is(201).at("/id")
}

fn say(api: &Api, id: &str, author: &str, verdict: &str, correction: Option<&str>) -> String {
    let mut body = json!({"interaction": id, "author": author, "verdict": verdict});
    if let Some(correction) = correction {
        body["correction"] = json!(correction);
    }
    api.judge(&body).is(201).at("/id")
}

/// What the form does for someone who is signed in.
pub fn say_signed_in(app: &TestApp, address: &str, id: &str, said: Value) -> String {
    let (address, id) = (address.to_owned(), id.parse().unwrap());
    let draft = draft::read(&said.to_string(), "").unwrap();
    let answer = app.write(move |conn| {
        let person = accounts::find_by_address(conn, &address)?.unwrap();
        let memberships = overrule::schema::memberships::table
            .filter(overrule::schema::memberships::person_id.eq(person.id))
            .load(conn)?;
        let who = Arc::new(overrule::accounts::Who { person, memberships });
        let row = Row {
            target: Target::Id(id),
            draft: draft.clone(),
            author: Author::SignedIn(who),
            permit: Permit { status: false, ..Permit::COMMAND_LINE },
            at: String::new(),
        };
        submit::apply(conn, &[row])
    });
    match &answer[..] {
        [Answer::Created(id)] => id.to_string(),
        other => panic!("{other:?}"),
    }
}

fn status(api: &Api, interaction: &str, feedback: &str) -> String {
    let shown = api.get(&format!("/api/v1/interactions/{interaction}")).is(200).json();
    let all = shown["feedback"].as_array().unwrap();
    let found = all.iter().find(|each| each["id"] == feedback).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

/// Decides on the item that holds this feedback, as a reviewer does.
pub fn decide(
    app: &TestApp,
    feedback: &str,
    outcome: Outcome,
    label: Option<&str>,
    why: Option<&str>,
) {
    let id: overrule::feedback::FeedbackId = feedback.parse().unwrap();
    let (label, why) = (label.map(JsonText::string), why.map(str::to_owned));
    app.write(move |conn| {
        let of = signals::table.filter(signals::feedback_id.eq(id));
        let item = of.select(signals::item_id).first(conn)?;
        let (label, reason) = (label.clone(), why.clone());
        let decision = Decision { outcome, label, how: How::Review, by: None, reason };
        resolve(conn, item, decision).map(drop)
    });
}

fn exported(api: &Api, status: &str) -> Vec<Value> {
    let path = format!("/api/v1/signals?agent=helper&format=sft&status={status}");
    let text = api.get(&path).is(200).text;
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| row["completion"][0]["content"].clone()).collect()
}

#[test]
fn with_the_policy_none_everything_counts_at_once() {
    let (_app, api) = start("none");
    for (n, verdict) in ["confirmed", "corrected", "rejected", "escalated"].iter().enumerate() {
        let id = log(&api, &format!("{n}?"));
        let correction = (*verdict == "corrected").then_some("No.");
        let said = say(&api, &id, "ben@example.com", verdict, correction);
        assert_eq!(status(&api, &id, &said), "accepted", "{verdict}");
    }
    // Even where people contradict each other.
    let id = log(&api, "both?");
    let right = say(&api, &id, "ana@example.com", "confirmed", None);
    let wrong = say(&api, &id, "ben@example.com", "corrected", Some("No."));
    assert_eq!(status(&api, &id, &right), "accepted");
    assert_eq!(status(&api, &id, &wrong), "accepted");
}

#[test]
fn with_the_policy_required_overrides_wait_and_confirmations_dont() {
    let (_app, api) = start("required");
    for (n, verdict) in ["corrected", "rejected", "escalated"].iter().enumerate() {
        let id = log(&api, &format!("{n}?"));
        let correction = (*verdict == "corrected").then_some("No.");
        let said = say(&api, &id, "ben@example.com", verdict, correction);
        assert_eq!(status(&api, &id, &said), "pending", "{verdict}");
    }
    let id = log(&api, "right?");
    let said = say(&api, &id, "ben@example.com", "confirmed", None);
    assert_eq!(status(&api, &id, &said), "accepted");
    assert_eq!(exported(&api, "accepted"), ["So."]);
    assert_eq!(exported(&api, "any"), ["No.", "So."]);
}

#[test]
fn with_the_policy_trusted_champions_and_engineers_count_while_signed_in() {
    let (app, api) = start("trusted");
    app.person("cleo@example.com", "Cleo", &["support:champion"]);
    app.person("otto@example.com", "Otto", &["sales:champion"]);
    app.person("max@example.com", "Max", &["support:manager"]);
    app.person("mia@example.com", "Mia", &["support"]);
    app.engineer();
    for (address, wanted) in [
        ("cleo@example.com", "accepted"),
        ("ed@example.com", "accepted"),
        ("otto@example.com", "pending"),
        ("max@example.com", "pending"),
        ("mia@example.com", "pending"),
    ] {
        let id = log(&api, &format!("{address}?"));
        let said = json!({"verdict": "corrected", "correction": "No."});
        let said = say_signed_in(&app, address, &id, said);
        assert_eq!(status(&api, &id, &said), wanted, "{address}");
    }
    // A program that claims to speak for the champion is not the champion.
    let id = log(&api, "claimed?");
    let said = say(&api, &id, "cleo@example.com", "corrected", Some("No."));
    assert_eq!(status(&api, &id, &said), "pending");
}

#[test]
fn a_confirmation_waits_once_somebody_says_otherwise() {
    for policy in ["required", "trusted"] {
        let (_app, api) = start(policy);
        let id = log(&api, "x");
        let first = say(&api, &id, "ana@example.com", "confirmed", None);
        assert_eq!(status(&api, &id, &first), "accepted");
        say(&api, &id, "ben@example.com", "rejected", None);
        assert_eq!(status(&api, &id, &first), "pending", "reopened under {policy}");
        let later = say(&api, &id, "ida@example.com", "confirmed", None);
        assert_eq!(status(&api, &id, &later), "pending", "contested under {policy}");
        assert!(exported(&api, "accepted").is_empty());
    }
}

#[test]
fn a_confirmation_counts_when_the_override_was_taken_back() {
    let (_app, api) = start("required");
    let id = log(&api, "x");
    say(&api, &id, "ben@example.com", "rejected", None);
    say(&api, &id, "ben@example.com", "confirmed", None);
    let later = say(&api, &id, "ana@example.com", "confirmed", None);
    assert_eq!(status(&api, &id, &later), "accepted");
}

#[test]
fn the_same_correction_of_the_same_question_is_decided_once() {
    let (app, api) = start("required");
    let (one, two) = (log(&api, "How  many?"), log(&api, "how many? "));
    let first = say(&api, &one, "ana@example.com", "corrected", Some("Two."));
    let second = say(&api, &two, "ben@example.com", "corrected", Some("two.  "));
    let other = say(&api, &two, "ida@example.com", "corrected", Some("Three."));
    let items = app.write(|conn| Ok(review_items::table.count().get_result::<i64>(conn)?));
    assert_eq!(items, 2);
    decide(&app, &first, Outcome::Accepted, None, None);
    assert_eq!(status(&api, &one, &first), "accepted");
    assert_eq!(status(&api, &two, &second), "accepted");
    assert_eq!(status(&api, &two, &other), "pending");
    // What is decided once stays decided for who says it next.
    let third = log(&api, "HOW MANY?");
    let late = say(&api, &third, "eva@example.com", "corrected", Some("Two."));
    assert_eq!(status(&api, &third, &late), "accepted");
    assert_eq!(exported(&api, "accepted"), ["Two.", "two.  ", "Two."], "each in their own words");
}

#[test]
fn a_decision_with_an_edit_changes_what_is_learned() {
    let (app, api) = start("required");
    let id = log(&api, "x");
    let said = say(&api, &id, "ben@example.com", "corrected", Some("Noo."));
    decide(&app, &said, Outcome::AcceptedWithEdits, Some("No."), None);
    assert_eq!(exported(&api, "accepted"), ["No."]);
    decide(&app, &said, Outcome::AcceptedWithEdits, Some("No!"), None);
    assert_eq!(exported(&api, "accepted"), ["No!"]);
    decide(&app, &said, Outcome::Declined, None, Some("It was right."));
    assert_eq!(status(&api, &id, &said), "declined");
    assert!(exported(&api, "any").is_empty());
    decide(&app, &said, Outcome::Accepted, None, None);
    assert_eq!(exported(&api, "accepted"), ["Noo."]);

    // Nothing is overwritten: each decision and each snapshot stays, one snapshot counts.
    let (decisions, snapshots, counting) = app.write(|conn| {
        let decisions: Vec<i64> =
            resolutions::table.order(resolutions::number).select(resolutions::number).load(conn)?;
        let r = signal_revisions::table.order(signal_revisions::number);
        let snapshots: Vec<(i64, bool)> = r
            .select((signal_revisions::number, signal_revisions::retired_at.is_null()))
            .load(conn)?;
        let counting = signals::table
            .inner_join(
                signal_revisions::table
                    .on(signals::revision_id.eq(signal_revisions::id.nullable())),
            )
            .select(signal_revisions::number);
        Ok((decisions, snapshots, counting.load::<i64>(conn)?))
    });
    assert_eq!(decisions, [1, 2, 3, 4]);
    assert_eq!(snapshots, [(1, false), (2, false), (3, true)]);
    assert_eq!(counting, [3]);
}

#[test]
fn a_snapshot_stands_on_its_own() {
    let (app, api) = start("none");
    let id = log(&api, "x");
    say(&api, &id, "ben@example.com", "corrected", Some("No."));
    let before = api.get("/api/v1/signals?agent=helper&format=sft").is(200).text;
    // What retention does to the texts.
    app.write(|conn| {
        diesel::delete(overrule::schema::interaction_bodies::table).execute(conn)?;
        Ok(())
    });
    assert_eq!(api.get("/api/v1/signals?agent=helper&format=sft").is(200).text, before);
    let said = api.judge(&json!({"interaction": id, "verdict": "rejected"}));
    said.is_problem(404);
}

#[test]
fn a_new_word_of_the_author_is_judged_anew() {
    let (app, api) = start("required");
    let id = log(&api, "x");
    let first = say(&api, &id, "ben@example.com", "corrected", Some("No."));
    decide(&app, &first, Outcome::Accepted, None, None);
    let second = say(&api, &id, "ben@example.com", "corrected", Some("Never."));
    assert_eq!(status(&api, &id, &first), "superseded");
    assert_eq!(status(&api, &id, &second), "pending");
    assert!(exported(&api, "accepted").is_empty());
    assert_eq!(exported(&api, "pending"), ["Never."]);
}

#[test]
fn what_is_claimed_never_takes_the_place_of_what_was_said_signed_in() {
    let (app, api) = start("required");
    app.person("ada@example.com", "Ada", &["support"]);
    let id = log(&api, "x");
    let own = say_signed_in(&app, "ada@example.com", &id, json!({"verdict": "rejected"}));
    let claimed = say(&api, &id, "ada@example.com", "escalated", None);
    assert_eq!(status(&api, &id, &own), "pending");
    let own_again = say_signed_in(
        &app,
        "ada@example.com",
        &id,
        json!({"verdict": "corrected", "correction": "No."}),
    );
    assert_eq!(status(&api, &id, &own), "superseded");
    assert_eq!(status(&api, &id, &claimed), "superseded");
    assert_eq!(status(&api, &id, &own_again), "pending");
    // Two words were taken back by one: neither comes out any more, whatever is decided of it.
    assert_eq!(exported(&api, "any"), ["No."]);
    decide(&app, &own_again, Outcome::Accepted, None, None);
    assert_eq!(exported(&api, "any"), ["No."]);
    let other = log(&api, "x");
    let same = say(&api, &other, "ben@example.com", "escalated", None);
    decide(&app, &same, Outcome::Accepted, None, None);
    let rows = api.get("/api/v1/signals?agent=helper&format=signals&status=any").is(200).text;
    let count = rows.matches("\"verdict\"").count();
    assert_eq!(count, 2, "the decision doesn't bring back what was superseded: {rows}");
}

#[test]
fn who_changes_their_mind_many_times_at_once_gives_one_signal() {
    let (_app, api) = start("none");
    let id = log(&api, "x");
    let first = say(&api, &id, "ben@example.com", "corrected", Some("One."));
    let signal = |text: String| {
        let row: Value = serde_json::from_str(text.trim()).unwrap();
        (row["feedback"].as_array().unwrap().len(), row["feedback"][0]["signal_id"].clone())
    };
    let path = "/api/v1/signals?agent=helper&format=signals";
    let before = signal(api.get(path).is(200).text);
    let word = |correction: &str| {
        json!({"interaction": id, "author": "ben@example.com", "verdict": "corrected",
            "correction": correction})
    };
    api.judge(&json!([word("Two."), word("Three."), word("Four.")])).is(200);
    assert_eq!(status(&api, &id, &first), "superseded");
    assert_eq!(exported(&api, "any"), ["Four."]);
    assert_eq!(signal(api.get(path).is(200).text), before, "the signal keeps its id");
}
