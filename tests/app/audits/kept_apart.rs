//! Nobody's override: rates, the queue, agreement and what people said themselves stay as they are.

use super::{Audited, DEPLOYMENT, pairs};
use crate::sampling::{audits, draw_all};
use crate::triage::{Desk, corrected, decide, said};
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn rates(desk: &Desk) -> Value {
    let api = desk.app.api(&[Scope::Read]);
    api.get("/api/v1/agents/router/error-rates").is(200).json()["items"][0].clone()
}

#[test]
fn the_override_rate_is_the_same_with_and_without_what_audits_find() {
    let desk = Desk::open();
    desk.program.put(DEPLOYMENT, &json!({"weekly_audits": 8})).is(201);
    for n in 0..20 {
        let all = [corrected("ana@example.com", "returns")];
        desk.log(&format!("q {n}"), "billing", if n < 5 { &all } else { &[] });
    }
    draw_all(&desk);
    let mel = desk.app.person("mel@example.com", "Mel", &["support:manager"]).signed_in();
    let overrides = || mel.open("/").is(200).element("td[data-label=Overrides]");
    assert_eq!(overrides(), "5");
    let api = desk.app.api(&[Scope::Triage]);
    for item in desk.waiting() {
        let id = item["id"].as_str().unwrap();
        let wrong = json!({"decision": "accepted_with_edits", "label": "other"});
        let decision =
            if item["kind"] == "audit" { wrong } else { json!({"decision": "accepted"}) };
        decide(&api, id, decision).is(201);
    }
    assert_eq!(overrides(), "5");
    let before = rates(&desk);
    assert_eq!((&before["overridden"], &before["judged"]), (&json!(5), &json!(13)));
    // Drawn once more by what the database holds now, the strata are the same.
    desk.app.write(|conn| {
        use diesel::prelude::*;
        diesel::delete(overrule::schema::audit_picks::table).execute(conn)?;
        diesel::delete(overrule::schema::audit_draws::table).execute(conn)?;
        Ok(())
    });
    draw_all(&desk);
    assert!(audits(&desk).is_empty(), "what was looked at is not looked at again");
    assert_eq!(rates(&desk), before);
}

#[test]
fn what_an_audit_finds_contests_nothing_and_is_no_past_override() {
    let audited = Audited::of(&["one"], 1);
    let api = audited.reviewer();
    let wrong = json!({"decision": "declined", "reason": "It is no bill."});
    decide(&api, audited.item("one"), wrong).is(201);
    let line = json!({"interaction": audited.interaction("one"), "author": "ana@example.com",
        "verdict": "confirmed"});
    audited.desk.program.judge(&line).is(201);
    let both = pairs(&[("rejected", "accepted"), ("confirmed", "accepted")]);
    assert_eq!(audited.stands("one"), both);
    audited.desk.app.write(overrule::similar::index::fill);
    audited.desk.log("one", "shipping", &[corrected("ana@example.com", "returns")]);
    let cleo = audited.champion("Cleo");
    let page = cleo.open(&format!("/triage/{}", audited.desk.item("one"))).is(200);
    page.does_not_see("Like it before");
}

#[test]
fn what_reviewers_said_as_users_stays_theirs_beside_what_they_find() {
    let audited = Audited::of(&["one", "two"], 1);
    let cleo = audited.champion("Cleo");
    let path = format!("/interactions/{}", audited.interaction("one"));
    let page = cleo.open(&path).choose("It’s wrong, I don’t know the right answer");
    page.press("Send").is(200);
    cleo.open(&audited.page("one")).press("It’s right a").is(200);
    let both = pairs(&[("rejected", "pending"), ("confirmed", "accepted")]);
    assert_eq!(audited.stands("one"), both, "a flag is not taken back by an audit");
    // The form starts from what was said as a user, and changes only that.
    let page = cleo.open(&path).is(200).choose("It’s wrong, here is the right answer");
    page.pick("The right label", "returns").press("Send").is(200);
    let all = [("rejected", "superseded"), ("confirmed", "accepted"), ("corrected", "pending")];
    assert_eq!(audited.stands("one"), pairs(&all));
    cleo.open(&audited.page("one")).press("Open it again").is(200);
    let all = [("rejected", "superseded"), ("confirmed", "declined"), ("corrected", "pending")];
    assert_eq!(audited.stands("one"), pairs(&all));
}

#[test]
fn a_label_given_in_an_audit_counts_in_agreement_until_it_is_taken_back() {
    let audited = Audited::of(&["one"], 1);
    let id = audited.interaction("one");
    let say = |feedback: Value| {
        let mut feedback = feedback;
        feedback["interaction"] = json!(id);
        audited.desk.program.judge(&feedback).is(201);
    };
    let people = || {
        let api = audited.desk.app.api(&[Scope::Read]);
        let found = api.get("/api/v1/agents/router/agreement").is(200).json();
        (found["people"]["units"].clone(), found["people"]["judgements"].clone())
    };
    say(said("ana@example.com", "confirmed"));
    let cleo = audited.champion("Cleo");
    let page = cleo.open(&audited.page("one")).pick("The right label", "other");
    page.press("This is right").is(200);
    assert_eq!(people(), (json!(1), json!(2)));
    // Who says it as a user, too, is one person still.
    say(corrected("cleo@example.com", "other"));
    assert_eq!(people(), (json!(1), json!(2)));
    cleo.open(&audited.page("one")).press("Open it again").is(200);
    assert_eq!(people(), (json!(1), json!(2)), "as a user she says so still");
}

#[test]
fn nothing_about_an_audit_is_mailed_to_who_decided_it() {
    let audited = Audited::of(&["one"], 1);
    let (cleo, mel) = (audited.champion("Cleo"), audited.champion("Mel"));
    cleo.open(&audited.page("one")).press("It’s right a").is(200);
    mel.open(&audited.page("one")).press("Open it again").is(200);
    mel.open(&audited.page("one")).press("It’s right a").is(200);
    let told: i64 = audited.desk.app.write(|conn| {
        use diesel::prelude::*;
        Ok(overrule::schema::news::table.count().get_result(conn)?)
    });
    assert_eq!(told, 0);
}
