//! Undoing and opening again: what was found counts no more, and deciding anew makes one example.

use super::{Audited, pairs};
use crate::triage::decide;
use serde_json::{Value, json};

#[test]
fn an_undone_audit_takes_its_example_back_and_deciding_anew_makes_one() {
    let audited = Audited::of(&["one"], 1);
    let app = &audited.desk.app;
    let cleo = audited.champion("Cleo");
    let page = cleo.open(&audited.page("one")).press("It’s right a").is(200);
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 1 event");
    page.press("Undo z").is(200).sees("Is this answer right?");
    assert!(audited.desk.signals().is_empty());
    assert_eq!(audited.stands("one"), pairs(&[("confirmed", "declined")]));
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 1 event");
    let mine = cleo.open("/feedback").sees("Taken back").click("one");
    mine.sees("The audit was opened again, so this counts no more.").does_not_see("Declined");
    let list = cleo.open("/triage").is(200).sees("Drawn at random").sees("Nobody");
    list.does_not_see("A colleague");
    let page = cleo.open(&audited.page("one")).pick("The right label", "other");
    page.press("This is right").is(200);
    assert_eq!(audited.desk.signals(), pairs(&[("one", "other")]));
    let all = pairs(&[("confirmed", "superseded"), ("corrected", "accepted")]);
    assert_eq!(audited.stands("one"), all);
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 1 event");
}

#[test]
fn opened_again_and_decided_by_somebody_else_there_is_one_example_still() {
    let audited = Audited::of(&["one"], 1);
    let (cleo, mel) = (audited.champion("Cleo"), audited.champion("Mel"));
    let page = cleo.open(&audited.page("one")).pick("The right label", "other");
    page.press("This is right").is(200);
    let page = mel.open(&audited.page("one")).fill("Why is it looked at again?", "I am not sure.");
    page.press("Open it again").is(200);
    assert!(audited.desk.signals().is_empty());
    mel.open(&audited.page("one")).press("It’s right a").is(200);
    assert_eq!(audited.desk.signals(), pairs(&[("one", "billing")]));
    let said = audited.said("one");
    let all = pairs(&[("corrected", "superseded"), ("confirmed", "accepted")]);
    assert_eq!(audited.stands("one"), all);
    assert_eq!(said[1]["author"], "mel@example.com");
    let receipt = format!("/feedback/{}", said[0]["id"].as_str().unwrap());
    cleo.open(&receipt)
        .is(200)
        .sees("It was decided anew since then")
        .click("See the newer one")
        .is(200);
    // Nobody is mailed: whoever decided it reported nothing.
    let none = audited.desk.app.write(|conn| {
        use diesel::prelude::*;
        let all: i64 = overrule::schema::news::table.count().get_result(conn)?;
        Ok(all)
    });
    assert_eq!(none, 0);
    // The way of the one signal, with both decisions.
    let api = audited.desk.app.api(&[overrule::accounts::Scope::Export]);
    crate::datasets::save(
        &api,
        "routes",
        &json!({"agents": ["router"], "format": "classification"}),
    );
    let path = format!("/api/v1/datasets/routes/lineage?of={}", audited.interaction("one"));
    let found = api.get(&path).is(200).json();
    let found = found["items"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let numbers = |of: &str, key: &str| -> Vec<Value> {
        found[0][of].as_array().unwrap().iter().map(|each| each[key].clone()).collect()
    };
    assert_eq!(numbers("revisions", "number"), [json!(2), json!(1)]);
    assert_eq!(numbers("feedback", "audit"), [json!(true), json!(true)]);
    assert_eq!(numbers("decisions", "outcome").len(), 3);
    let page = audited.desk.app.engineer();
    let path = format!("/datasets/routes/lineage?of={}", audited.interaction("one"));
    page.open(&path).is(200).sees("found by a random audit").sees("out of use");
}

#[test]
fn decided_before_the_text_was_erased_it_is_not_brought_back_with_another_meaning() {
    let audited = Audited::of(&["one"], 1);
    let api = audited.reviewer();
    let decision = json!({"decision": "accepted_with_edits", "label": "other"});
    decide(&api, audited.item("one"), decision).is(201);
    let cleo = audited.champion("Cleo");
    let page = cleo.open(&audited.page("one")).press("Open it again").is(200);
    page.press("Give it back").is(200);
    audited.desk.app.write(|conn| {
        use diesel::prelude::*;
        diesel::delete(overrule::schema::interaction_bodies::table).execute(conn)?;
        Ok(())
    });
    decide(&api, audited.item("one"), json!({"decision": "accepted"})).is(201);
    assert!(audited.desk.signals().is_empty());
    assert_eq!(audited.stands("one"), pairs(&[("corrected", "declined")]));
}
