//! Teams that contradict one another: the team that owns the agent decides between them.

use super::{Desk, corrected, decide};
use crate::admin::limited;
use crate::support::Browser;
use overrule::accounts::Scope;
use serde_json::json;

/// Support owns the agent; sales and finance use it, and say different things of one question.
fn desk() -> (Desk, String, String) {
    let desk = Desk::open();
    let shipping = [corrected("ana@example.com", "shipping")];
    let returns = [corrected("ben@example.com", "returns")];
    let sales = desk.log_of("router", "sales", "Where is it?", "billing", &shipping);
    let finance = desk.log_of("router", "finance", "where IS it?", "billing", &returns);
    (desk, sales, finance)
}

fn champion(desk: &Desk, name: &str, team: &str) -> Browser {
    let email = format!("{}@example.com", name.to_lowercase());
    desk.app.person(&email, name, &[&format!("{team}:champion")]).signed_in()
}

#[test]
fn what_teams_contradict_one_another_in_is_decided_by_the_team_that_owns_the_agent() {
    let (desk, sales, finance) = desk();
    let sal = champion(&desk, "Sal", "sales");
    let page = sal.open("/triage").click("Where is it?").is(200);
    let page = page.sees("Support, whose agent it is, decides between them.");
    page.does_not_see("returns").does_not_see("Accept a");
    // Whoever looks for the next one does not get it, but hands it over.
    sal.open("/triage").press("Look at the next one n").sees("Nothing is free");
    let there = sal.open("/triage").click("Teams differ 1").is(200).click("Where is it?");
    let there = there.sees("decides between them").does_not_see("Hand it to");
    there.does_not_see("returns");
    let sue = champion(&desk, "Sue", "support");
    let page = sue.open("/triage").click("Teams differ 2").is(200);
    page.sees("Where is it?");
    let page = sue.open("/triage?state=between_teams").press("Look at the next one n").is(200);
    let page = page.sees("Which of these is right?").sees("shipping").sees("returns");
    let page = page.does_not_see("Ana").does_not_see("Ben");
    let done = page.choose("shipping").press("Take the chosen one a").is(200);
    done.sees("2 items were decided.").press("Undo z").is(200).sees("Which of these is right?");
    assert_eq!(desk.statuses(&sales)[0].1, "pending");
    let page = sue.open("/triage?state=between_teams").press("Look at the next one n").is(200);
    page.choose("shipping").press("Take the chosen one a").is(200).sees("2 items were decided.");
    assert_eq!(desk.statuses(&sales)[0].1, "accepted");
    assert_eq!(desk.statuses(&finance)[0].1, "declined");
}

#[test]
fn a_program_of_one_team_cannot_decide_between_two() {
    let (desk, sales, finance) = desk();
    let root = desk.app.api(&[Scope::Triage]);
    let item = root.get("/api/v1/review-items?team=sales").is(200).at("/items/0/id");
    let of = |team: &str| limited(&desk.app, &[Scope::Triage], &[], &[team]);
    let (sales_key, support_key) = (of("sales"), of("support"));
    let listed = sales_key.get("/api/v1/review-items").is(200).json();
    assert_eq!(listed["items"][0]["candidates"].as_array().unwrap().len(), 1, "its own team's");
    let why = decide(&sales_key, &item, json!({"decision": "accepted"})).is_problem(409);
    assert!(why.contains("Support, whose agent it is, decides between them"), "{why}");
    sales_key.post("/api/v1/review-items/claim", &json!({})).is(204);
    let claimed = support_key.post("/api/v1/review-items/claim", &json!({})).is(200).json();
    assert_eq!(claimed["item"]["kind"], "conflict");
    assert_eq!(claimed["item"]["candidates"].as_array().unwrap().len(), 2);
    let id = claimed["item"]["id"].as_str().unwrap();
    let choice = json!({"decision": "accepted", "label": "returns"});
    decide(&support_key, id, choice).is(201);
    assert_eq!(desk.statuses(&sales)[0].1, "declined");
    assert_eq!(desk.statuses(&finance)[0].1, "accepted");
}

#[test]
fn what_teams_no_longer_contradict_one_another_in_is_decided_by_who_reported_it() {
    let (desk, sales, finance) = desk();
    let sal = champion(&desk, "Sal", "sales");
    sal.open("/triage").press("Look at the next one n").sees("Nothing is free");
    let there = sal.open("/triage").click("Teams differ 1").click("Where is it?");
    there.sees("decides between them");
    // Ben changes his mind.
    let again = json!({"interaction": finance, "author": "ben@example.com",
        "verdict": "corrected", "correction": "shipping"});
    desk.program.judge(&again).is(201);
    // Whoever looks for something to settle gives it back to sales.
    let sue = champion(&desk, "Sue", "support");
    sue.open("/triage?state=between_teams").press("Look at the next one n").sees("Nothing is free");
    let page = sal.open("/triage").press("Look at the next one n").sees("You hold it until");
    page.press("Accept a").is(200).sees("Accepted.");
    assert_eq!(desk.statuses(&sales)[0].1, "accepted");
    assert_eq!(desk.statuses(&finance).last().unwrap().1, "pending");
}
