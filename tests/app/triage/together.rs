//! Several people at one queue, and answers that contradict one another.

use super::{Desk, corrected, decide, said};
use crate::support::{Api, Server};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

#[test]
fn a_claim_is_shown_to_others_and_runs_out_by_itself() {
    use diesel::prelude::*;
    use overrule::schema::claims;
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let mel = desk.app.person("mel@example.com", "Mel", &["support:champion"]).signed_in();
    let mine = cleo.open("/triage").press("Look at the next one n").is(200);
    mel.open("/triage")
        .sees("Cleo is looking at it")
        .press("Look at the next one n")
        .sees("Nothing is free that fits");
    let item = mine.path.clone();
    let theirs = mel.open(&item).is(200).sees("Cleo is looking at it, until");
    theirs.does_not_see("Accept a");
    // Given back by skipping, by giving back, and by time.
    mine.press("Skip it k").is(200).sees("Nothing is free");
    mel.open(&item).press("Hold it, so that nobody else does it meanwhile").sees("You hold it");
    cleo.open(&item).sees("Mel is looking at it");
    mel.open(&item).press("Give it back").is(200);
    let mine = cleo.open("/triage").press("Look at the next one n").sees("You hold it until");
    desk.app.write(|conn| {
        let past = overrule::clock::now();
        diesel::update(claims::table).set(claims::claimed_until.eq(past)).execute(conn)?;
        Ok(())
    });
    let theirs = mel.open("/triage").press("Look at the next one n").sees("You hold it until");
    theirs.press("Accept a").is(200).sees("Accepted.");
    mine.press("Accept a").is(409).sees("Mel accepted this just now.");
}

#[test]
fn skipping_goes_on_after_the_item_and_not_back_to_it() {
    let desk = Desk::open();
    for question in ["one", "two", "three"] {
        desk.log(question, "billing", &[corrected("ana@example.com", "returns")]);
    }
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let three = cleo.open("/triage").press("Look at the next one n").sees("three");
    let two = three.press("Skip it k").sees("two");
    let one = two.press("Accept a").sees("Accepted.").sees("one");
    one.press("Accept a").sees("Accepted.").sees("three").press("Accept a").sees("All done");
}

/// Claims and accepts until nothing is left; gives what was done.
fn work(api: &Api, done: &Mutex<BTreeMap<String, usize>>) {
    loop {
        let claimed = api.post("/api/v1/review-items/claim", &json!({"agent": "router"}));
        if claimed.status == 204 {
            return;
        }
        if claimed.status == 503 {
            continue;
        }
        let id = claimed.is(200).at("/item/id");
        *done.lock().unwrap().entry(id.clone()).or_default() += 1;
        let mut decided = decide(api, &id, json!({"decision": "accepted"}));
        while decided.status == 503 {
            decided = decide(api, &id, json!({"decision": "accepted"}));
        }
        decided.is(201);
    }
}

#[test]
fn many_at_one_queue_never_get_the_same_item() {
    let desk = Desk::open();
    let lines: Vec<Value> = (0..200)
        .map(|n| {
            json!({"agent": "router", "team": "support", "input": format!("q {n}"),
            "output": "billing", "feedback": [corrected("ana@example.com", "returns")]})
        })
        .collect();
    desk.program.post("/api/v1/interactions", &json!(lines)).is(200);
    // On PostgreSQL with a second server; a second one on one file is refused.
    let second = (crate::support::backend() == crate::support::Backend::Postgres)
        .then(|| Server::start(desk.app.config()));
    let mut reviewers = Vec::new();
    for n in 0..4 {
        let url = second.as_ref().filter(|_| n % 2 == 1).map_or(desk.app.url(), Server::url);
        reviewers.push(Api::new(url, Some(&desk.app.key(&[Scope::Triage]))));
    }
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for api in &reviewers {
            scope.spawn(|| work(api, &done));
        }
    });
    let done = done.into_inner().unwrap();
    assert_eq!(done.len(), 200, "none is skipped");
    assert!(done.values().all(|times| *times == 1), "none comes twice: {done:?}");
    assert_eq!(desk.signals().len(), 200);
}

#[test]
fn two_who_decide_the_same_item_at_once_decide_it_once() {
    let desk = Desk::open();
    let second = (crate::support::backend() == crate::support::Backend::Postgres)
        .then(|| Server::start(desk.app.config()));
    let url = second.as_ref().map_or(desk.app.url(), Server::url);
    let one = Api::new(desk.app.url(), Some(&desk.app.key(&[Scope::Triage])));
    let two = Api::new(url, Some(&desk.app.key(&[Scope::Triage])));
    for n in 0..20 {
        let question = format!("q {n}");
        desk.log(&question, "billing", &[corrected("ana@example.com", "returns")]);
        let item = desk.item(&question);
        let declined = json!({"decision": "declined", "reason": "No."});
        let (a, b) = std::thread::scope(|scope| {
            let a = scope.spawn(|| decide(&one, &item, json!({"decision": "accepted"})).status);
            let b = scope.spawn(|| decide(&two, &item, declined).status);
            (a.join().unwrap(), b.join().unwrap())
        });
        let mut both = [a, b];
        both.sort_unstable();
        assert_eq!(both, [201, 409], "{question}");
    }
}

#[test]
fn the_same_said_by_many_is_decided_once_for_all_of_them() {
    let desk = Desk::open();
    let one = desk.log("Where is it?", "billing", &[corrected("ana@example.com", "shipping")]);
    let two = desk.log("  where IS it? ", "billing", &[corrected("ben@example.com", "shipping")]);
    let waiting = desk.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["candidates"][0]["weight"], 2);
    let reviewer = desk.app.api(&[Scope::Triage]);
    let item = waiting[0]["id"].as_str().unwrap();
    decide(&reviewer, item, json!({"decision": "accepted"})).is(201);
    for id in [&one, &two] {
        assert_eq!(desk.statuses(id)[0].1, "accepted");
    }
    // What is decided once stays decided: the next who says so is accepted at once.
    let three = desk.log("WHERE is it?", "billing", &[corrected("cy@example.com", "shipping")]);
    assert_eq!(desk.statuses(&three)[0].1, "accepted");
    assert!(desk.waiting().is_empty());
}

#[test]
fn contradicting_answers_stand_side_by_side_and_one_decision_settles_them() {
    let desk = Desk::open();
    let id = desk.log(
        "Where is it?",
        "billing",
        &[
            corrected("ana@example.com", "shipping"),
            corrected("ben@example.com", "returns"),
            said("cy@example.com", "confirmed"),
            said("di@example.com", "rejected"),
            said("eve@example.com", "escalated"),
        ],
    );
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let item = desk.list("verdict=corrected")[0]["id"].as_str().unwrap().to_owned();
    let page = cleo.open(&format!("/triage/{item}")).is(200).sees("Which of these is right?");
    let page = page.sees("shipping").sees("returns").sees("billing");
    page.press("Take the chosen one a").is(422).sees("Choose the answer that is right.");
    page.choose("shipping 1").press("Take the chosen one a").is(200).sees("4 items were decided.");
    let status = |of: &str| {
        let all = desk.statuses(&id);
        let address = format!("{of}@example.com");
        all.into_iter().find(|(author, _)| *author == address).unwrap().1
    };
    assert_eq!(status("ana"), "accepted");
    assert_eq!(status("ben"), "declined");
    assert_eq!(status("cy"), "declined");
    assert_eq!(status("di"), "accepted", "that the output is wrong agrees with it");
    assert_eq!(status("eve"), "pending", "a person is still asked for");
    assert_eq!(desk.signals(), [("Where is it?".to_owned(), "shipping".to_owned())]);
}

#[test]
fn undoing_a_settled_contradiction_undoes_all_of_it() {
    let desk = Desk::open();
    let id = desk.log(
        "Where is it?",
        "billing",
        &[corrected("ana@example.com", "shipping"), corrected("ben@example.com", "returns")],
    );
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open(&format!("/triage/{}", desk.item("Where is it?")));
    let page = page.choose("shipping").press("Take the chosen one a").is(200);
    page.press("Undo z").is(200).sees("Which of these is right?");
    assert!(desk.statuses(&id).iter().all(|(_, status)| status == "pending"));
    // Neither is right: another answer declines both that contradict it.
    let page = cleo.open(&format!("/triage/{}", desk.item("Where is it?")));
    page.pick("The right label", "other").press("Accept with this change").is(200);
    assert_eq!(desk.signals(), [("Where is it?".to_owned(), "other".to_owned())]);
    let mut statuses: Vec<String> = desk.statuses(&id).into_iter().map(|(_, s)| s).collect();
    statuses.sort();
    assert_eq!(statuses, ["accepted", "declined"]);
}

#[test]
fn a_late_contradiction_reopens_nothing_by_itself_but_is_shown_beside_what_was_accepted() {
    let desk = Desk::open();
    let one = desk.log("Where is it?", "billing", &[corrected("ana@example.com", "shipping")]);
    let reviewer = desk.app.api(&[Scope::Triage]);
    let first = desk.item("Where is it?");
    decide(&reviewer, &first, json!({"decision": "accepted"})).is(201);
    let two = desk.log("where is it?", "other", &[corrected("ben@example.com", "returns")]);
    assert_eq!(desk.statuses(&one)[0].1, "accepted", "no silent last-one-wins");
    let waiting = desk.waiting();
    assert_eq!(waiting[0]["kind"], "conflict");
    assert_eq!(waiting[0]["candidates"].as_array().unwrap().len(), 2);
    let second = waiting[0]["id"].as_str().unwrap();
    decide(&reviewer, second, json!({"decision": "accepted"})).is_invalid_at("/label");
    decide(&reviewer, second, json!({"decision": "accepted", "label": "returns"})).is(201);
    assert_eq!(desk.statuses(&one)[0].1, "declined");
    assert_eq!(desk.statuses(&two)[0].1, "accepted");
}
