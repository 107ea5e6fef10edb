//! Several independent reviews of one item: blind, each once, and settled where they differ.

use super::{Desk, corrected, decide};
use crate::support::{Api, Browser, Server};
use overrule::accounts::Scope;
use serde_json::json;

const DEPLOYMENT: &str = "/api/v1/agents/router/deployments/support/production";

fn desk(needed: i64) -> Desk {
    let desk = Desk::open();
    desk.program.put(DEPLOYMENT, &json!({"reviews_needed": needed})).is(201);
    desk
}

fn champion(desk: &Desk, name: &str) -> Browser {
    let email = format!("{}@example.com", name.to_lowercase());
    desk.app.person(&email, name, &["support:champion"]).signed_in()
}

fn keys(desk: &Desk, n: usize) -> Vec<Api> {
    (0..n).map(|_| desk.app.api(&[Scope::Triage])).collect()
}

#[test]
fn two_who_say_the_same_decide_it_and_neither_knows_of_the_other_before() {
    let desk = desk(2);
    let id = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (cleo, mel) = (champion(&desk, "Cleo"), champion(&desk, "Mel"));
    let mine = cleo.open("/triage").press("Look at the next one n").sees("0 of 2 reviews are in");
    let item = mine.path.clone();
    // Both look at it at the same time: there are two slots.
    let theirs = mel.open("/triage").press("Look at the next one n").sees("You hold it until");
    assert_eq!(theirs.path, item);
    mine.press("Accept a").is(200).sees("Your review is in.");
    assert_eq!(desk.statuses(&id)[0].1, "pending");
    cleo.open(&item)
        .is(200)
        .sees("You decided this. Others decide it now")
        .does_not_see("Accept a");
    cleo.open("/triage").sees("You decided it; others are awaited");
    let theirs = mel.open(&item).sees("1 of 2 reviews is in").does_not_see("Cleo");
    theirs.press("Accept a").is(200).sees("Accepted.");
    assert_eq!(desk.statuses(&id)[0].1, "accepted");
    let page = cleo.open(&item).is(200).sees("What the reviewers said");
    page.sees("Cleo").sees("Mel");
}

#[test]
fn reviewers_who_differ_are_settled_by_somebody_who_sees_both_side_by_side() {
    let desk = desk(2);
    let id = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (cleo, mel) = (champion(&desk, "Cleo"), champion(&desk, "Mel"));
    let mine = cleo.open("/triage").press("Look at the next one n");
    let item = mine.path.clone();
    mine.press("Accept a").is(200);
    let theirs = mel.open(&item).fill("Why is it declined?", "It is about the invoice.");
    theirs.press("Decline this").is(200).sees("Your review is in.");
    assert_eq!(desk.statuses(&id)[0].1, "pending", "never a silent last one wins");
    for browser in [&cleo, &mel] {
        let page = browser.open(&item).is(200).sees("somebody else settles it");
        page.does_not_see("Reviewer 1").does_not_see("Accept a");
        browser.open("/triage").press("Look at the next one n").sees("Nothing is free");
    }
    let kim = champion(&desk, "Kim");
    kim.open("/triage").sees("Reviewers differ 1").click("Reviewers differ 1").sees("one");
    let page = kim.open("/triage").press("Look at the next one n").is(200);
    let page = page.sees("Which of the reviewers is right?").sees("Reviewer 1").sees("Reviewer 2");
    let page = page.sees("It is about the invoice.").does_not_see("Cleo").does_not_see("Mel");
    page.press("Accept a").is(200).sees("Accepted.");
    assert_eq!(desk.statuses(&id)[0].1, "accepted");
    assert_eq!(desk.signals(), [("one".to_owned(), "returns".to_owned())]);
    kim.open(&item).is(200).sees("Mel").sees("Cleo").sees("Kim");
}

#[test]
fn nobody_fills_two_slots_and_no_slot_is_filled_twice() {
    let desk = desk(2);
    let second = (crate::support::backend() == crate::support::Backend::Postgres)
        .then(|| Server::start(desk.app.config()));
    let url = second.as_ref().map_or(desk.app.url(), Server::url);
    let mut keys = keys(&desk, 2);
    keys.push(Api::new(url, Some(&desk.app.key(&[Scope::Triage]))));
    for n in 0..12 {
        let question = format!("q {n}");
        let id = desk.log(&question, "billing", &[corrected("ana@example.com", "returns")]);
        let item = desk.item(&question);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let all: Vec<_> = keys
                .iter()
                .map(|key| {
                    let item = &item;
                    scope.spawn(move || decide(key, item, json!({"decision": "accepted"})).status)
                })
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [201, 201, 409], "{question}");
        assert_eq!(desk.statuses(&id)[0].1, "accepted");
    }
    desk.log("last", "billing", &[corrected("ana@example.com", "returns")]);
    let item = desk.item("last");
    let first = decide(&keys[0], &item, json!({"decision": "accepted"})).is(201).json();
    assert_eq!(first["resolution"], json!(null));
    assert_eq!(first["waits_for"], "reviews");
    assert_eq!(first["reviews_missing"], 1);
    let again = decide(&keys[0], &item, json!({"decision": "accepted"})).is_problem(409);
    assert!(again.starts_with("You decided this already"), "{again}");
    let last = decide(&keys[1], &item, json!({"decision": "accepted"})).is(201).json();
    assert_eq!(last["waits_for"], json!(null));
    assert!(last["resolution"].as_str().is_some());
}

#[test]
fn a_claim_takes_one_slot_and_what_one_reviewed_does_not_come_again() {
    let desk = desk(2);
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let keys = keys(&desk, 3);
    let claim = |key: &Api| key.post("/api/v1/review-items/claim", &json!({}));
    let item = claim(&keys[0]).is(200).at("/item/id");
    assert_eq!(claim(&keys[1]).is(200).at("/item/id"), item);
    claim(&keys[2]).is(204);
    let given = json!({"item": item});
    keys[2].post("/api/v1/review-items/claim", &given).is_problem(409);
    decide(&keys[0], &item, json!({"decision": "accepted"})).is(201);
    claim(&keys[0]).is(204);
    // The other slot is still held, and given back it is free for anybody but the first.
    claim(&keys[2]).is(204);
    let path = format!("/api/v1/review-items/{item}/claim");
    keys[1].send(keys[1].request("DELETE", &path)).is(204);
    assert_eq!(claim(&keys[2]).is(200).at("/item/id"), item);
    let declined = json!({"decision": "declined", "reason": "No."});
    let decided = decide(&keys[2], &item, declined).is(201).json();
    assert_eq!(decided["waits_for"], "adjudication");
    // The two who differ can't settle it; another gets it first, with both decisions.
    claim(&keys[0]).is(204);
    desk.log("two", "billing", &[corrected("ana@example.com", "returns")]);
    let found = claim(&keys[1]).is(200).json();
    assert_eq!(found["item"]["id"], item);
    let said: Vec<_> = found["item"]["reviews"].as_array().unwrap().iter().collect();
    assert_eq!(said.len(), 2);
    assert_eq!((&said[0]["decision"], &said[1]["reason"]), (&json!("accepted"), &json!("No.")));
    assert_eq!(desk.list("state=adjudication").len(), 1);
    decide(&keys[1], &item, json!({"decision": "accepted"})).is(201);
    assert_eq!(desk.list("state=adjudication").len(), 0);
}

#[test]
fn taking_ones_review_back_leaves_those_of_the_others() {
    let desk = desk(2);
    let id = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (cleo, mel) = (champion(&desk, "Cleo"), champion(&desk, "Mel"));
    let mine = cleo.open("/triage").press("Look at the next one n");
    let item = mine.path.clone();
    // One's own, while the other's is awaited.
    let done = mine.press("Accept a").is(200).sees("Your review is in.");
    let again = done.press("Undo z").is(200).sees("0 of 2 reviews are in");
    again.press("Accept a").is(200);
    // The second brings the decision, takes it back, and the first still stands.
    let done = mel.open(&item).press("Accept a").is(200).sees("Accepted.");
    let back = done.press("Undo z").is(200).sees("1 of 2 reviews is in");
    assert_eq!(desk.statuses(&id)[0].1, "pending");
    cleo.open(&item).sees("You decided this.");
    let back = back.fill("Why is it declined?", "No.").press("Decline this").is(200);
    back.sees("Your review is in.");
    cleo.open(&item).sees("The reviewers differ");
    mel.open(&item).sees("The reviewers differ");
}

#[test]
fn asking_the_reporter_waits_for_no_other_reviewer_and_all_look_at_the_answer() {
    let desk = desk(2);
    let id = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let item = desk.item("one");
    let keys = keys(&desk, 2);
    decide(&keys[0], &item, json!({"decision": "accepted"})).is(201);
    let ask = json!({"decision": "needs_info", "reason": "Which order?"});
    let asked = decide(&keys[1], &item, ask).is(201).json();
    assert_eq!(asked["waits_for"], json!(null));
    assert_eq!(desk.list("state=asked").len(), 1);
    for key in &keys {
        decide(key, &item, json!({"decision": "accepted"})).is(201);
    }
    assert_eq!(desk.statuses(&id)[0].1, "accepted");
}

#[test]
fn a_contradiction_is_settled_by_reviewers_who_choose_the_same_answer() {
    let desk = desk(2);
    let log = |question: &str| {
        let said = [corrected("ana@example.com", "returns"), corrected("ben@example.com", "other")];
        desk.log(question, "billing", &said)
    };
    let (one, two) = (log("one"), log("two"));
    let keys = keys(&desk, 2);
    let choose = |label: &str| json!({"decision": "accepted", "label": label});
    let item = desk.item("one");
    decide(&keys[0], &item, choose("returns")).is(201);
    assert!(desk.statuses(&one).iter().all(|(_, status)| status == "pending"));
    decide(&keys[1], &item, choose("returns")).is(201);
    let mut statuses: Vec<String> = desk.statuses(&one).into_iter().map(|(_, s)| s).collect();
    statuses.sort();
    assert_eq!(statuses, ["accepted", "declined"]);
    let item = desk.item("two");
    decide(&keys[0], &item, choose("returns")).is(201);
    let differs = decide(&keys[1], &item, choose("other")).is(201).json();
    assert_eq!(differs["waits_for"], "adjudication");
    assert!(desk.statuses(&two).iter().all(|(_, status)| status == "pending"));
    assert_eq!(desk.list("state=adjudication").len(), 2, "both answers move together");
}

#[test]
fn how_many_decide_is_set_on_the_deployments_page_and_by_programs() {
    let desk = desk(3);
    let found = desk.program.get("/api/v1/agents/router/deployments").is(200).json();
    assert_eq!(found["items"][0]["reviews_needed"], 3);
    for wrong in [0, 10, -1] {
        let sent = json!({"reviews_needed": wrong});
        desk.program.put(DEPLOYMENT, &sent).is_invalid_at("/reviews_needed");
    }
    let root = desk.app.admin();
    let agent = root.open("/admin/agents/router").is(200);
    let page = agent.click("support").is(200).sees("How many must decide each report");
    let again = page.fill("How many must decide each report", "12").press("Save").is(422);
    again
        .sees("is a number from 1 to 9")
        .fill("How many must decide each report", "2")
        .press("Save");
    let found = desk.program.get("/api/v1/agents/router/deployments").is(200).json();
    assert_eq!(found["items"][0]["reviews_needed"], 2);
    // Where fewer are needed than are in, the next brings it to an end.
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (item, keys) = (desk.item("one"), keys(&desk, 2));
    decide(&keys[0], &item, json!({"decision": "accepted"})).is(201);
    desk.program.put(DEPLOYMENT, &json!({"reviews_needed": 1})).is(200);
    let last = decide(&keys[1], &item, json!({"decision": "accepted"})).is(201).json();
    assert_eq!(last["status"], "accepted");
}
