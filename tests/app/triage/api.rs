//! The queue for programs.

use super::{Desk, corrected, decide, said};
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn a_program_claims_decides_and_gives_back() {
    let desk = Desk::open();
    let interaction = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (one, two) = (desk.app.api(&[Scope::Triage]), desk.app.api(&[Scope::Triage]));
    let claim = |api: &crate::support::Api, body| api.post("/api/v1/review-items/claim", &body);
    claim(&one, json!({"agent": "nobody"})).is(204);
    claim(&one, json!({"team": "sales"})).is(204);
    let claimed = claim(&one, json!({"agent": "router", "team": "support"})).is(200).json();
    let item = &claimed["item"];
    assert_eq!(item["kind"], "feedback");
    assert_eq!(item["interaction"]["id"], interaction);
    assert_eq!(item["interaction"]["feedback"][0]["author"], json!(null), "until it is decided");
    let said = &item["candidates"][0];
    assert_eq!((&said["verdict"], &said["correction"]), (&json!("corrected"), &json!("returns")));
    assert_eq!(said["weight"], 1);
    assert_eq!(said["feedback"].as_array().unwrap().len(), 1);
    assert!(item["claimed_until"].as_str().is_some());
    let id = item["id"].as_str().unwrap();
    claim(&two, json!({})).is(204);
    claim(&two, json!({"item": id})).is_problem(409);
    claim(&one, json!({"item": id})).is(200);
    decide(&two, id, json!({"decision": "accepted"})).is_problem(409);
    let give_back = |api: &crate::support::Api| {
        api.send(api.request("DELETE", &format!("/api/v1/review-items/{id}/claim")))
    };
    give_back(&two).is_problem(409);
    give_back(&one).is(204);
    give_back(&one).is(204);
    claim(&two, json!({"item": id})).is(200);
    let decided = decide(&two, id, json!({"decision": "accepted"})).is(201).json();
    assert_eq!(decided["status"], "accepted");
    assert!(decided["resolution"].as_str().is_some());
    let why = decide(&one, id, json!({"decision": "accepted"})).is_problem(409);
    assert!(why.starts_with("test accepted this just now."), "{why}");
    claim(&one, json!({"item": id})).is_problem(409);
    claim(&one, json!({})).is(204);
    // The export names the key as the reviewer.
    let path = "/api/v1/signals?agent=router&format=signals";
    let line = desk.app.api(&[Scope::Export]).get(path).is(200).json();
    assert_eq!(line["feedback"][0]["reviewer"], "test");
    assert_eq!(line["feedback"][0]["decision"], "accepted");
}

#[test]
fn decisions_that_lack_something_say_what() {
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    desk.log("two", "billing", &[said("ana@example.com", "rejected")]);
    let (item, other) = (desk.item("one"), desk.item("two"));
    let api = desk.app.api(&[Scope::Triage]);
    let at = |decision, pointer: &str| decide(&api, &item, decision).is_invalid_at(pointer);
    at(json!({"decision": "declined"}), "/reason");
    at(json!({"decision": "needs_info", "reason": " "}), "/reason");
    at(json!({"decision": "accepted_with_edits"}), "/label");
    at(json!({"decision": "accepted_with_edits", "label": "poem"}), "/label");
    at(json!({"decision": "accepted_with_edits", "label": 7}), "/label");
    at(json!({"decision": "accepted", "label": "other"}), "/label");
    at(json!({"decision": "escalated", "label": "other"}), "/label");
    at(json!({"decision": "duplicate"}), "/duplicate_of");
    at(json!({"decision": "duplicate", "duplicate_of": item}), "/duplicate_of");
    at(json!({"decision": "accepted", "duplicate_of": other}), "/duplicate_of");
    at(json!({"decision": "reopened"}), "/decision");
    at(json!({"decision": "accepted", "labels": 1}), "/labels");
    at(json!({"decision": "declined", "reason": "x".repeat(2001)}), "/reason");
    let nobody = "01890000-0000-7000-8000-000000000000";
    decide(&api, nobody, json!({"decision": "accepted"})).is_problem(404);
    api.post("/api/v1/review-items/claim", &json!({"item": nobody})).is_problem(404);
    api.post("/api/v1/review-items/claim", &json!({"items": 1})).is_problem(422);
    desk.app.api(&[Scope::Read]).get("/api/v1/review-items").is_problem(403);
    desk.app.stranger().get("/api/v1/review-items").is_problem(401);
    api.get("/api/v1/review-items?verdict=poem").is_invalid_at("/verdict");
    api.get("/api/v1/review-items?cursor=x").is_invalid_at("/cursor");
    api.get("/api/v1/review-items?color=red").is_invalid_at("/color");
    decide(&api, &item, json!({"decision": "accepted", "label": "returns"})).is(201);
    let edit = json!({"decision": "accepted_with_edits", "label": "other", "reason": "So."});
    decide(&api, &other, edit).is(201);
    let mut signals = desk.signals();
    signals.sort();
    let wanted = [("one", "returns"), ("two", "other")];
    assert_eq!(signals, wanted.map(|(text, label)| (text.to_owned(), label.to_owned())));
}

#[test]
fn declining_a_conflict_declines_all_of_it() {
    let desk = Desk::open();
    let id = desk.log(
        "one",
        "billing",
        &[corrected("ana@example.com", "returns"), corrected("ben@example.com", "other")],
    );
    let api = desk.app.api(&[Scope::Triage]);
    let claimed = api.post("/api/v1/review-items/claim", &json!({})).is(200).json();
    assert_eq!(claimed["item"]["kind"], "conflict");
    assert_eq!(claimed["item"]["candidates"].as_array().unwrap().len(), 2);
    api.post("/api/v1/review-items/claim", &json!({})).is(204);
    let item = claimed["item"]["id"].as_str().unwrap();
    decide(&api, item, json!({"decision": "accepted", "label": "shipping"}))
        .is_invalid_at("/label");
    decide(&api, item, json!({"decision": "declined", "reason": "Neither."})).is(201);
    assert!(desk.statuses(&id).iter().all(|(_, status)| status == "declined"));
}
