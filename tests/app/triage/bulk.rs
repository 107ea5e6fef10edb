//! Many decisions at once.

use super::{Desk, corrected, decide};
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn a_selection_is_looked_over_and_decided_with_one_resolution_each() {
    let desk = Desk::open();
    for question in ["one", "two", "three", "four"] {
        desk.log(question, "billing", &[corrected("ana@example.com", "returns")]);
    }
    let id = desk.log("five", "billing", &[corrected("ana@example.com", "other")]);
    let clash = json!({"interaction": id, "author": "ben@example.com", "verdict": "corrected",
        "correction": "shipping"});
    desk.program.judge(&clash).is(201);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage").click("Decide several at once").is(200);
    assert_eq!(page.elements("tbody tr").len(), 6);
    page.press("Decide").is(422).sees("Choose what you decide.");
    // Meanwhile somebody decides one of them.
    let reviewer = desk.app.api(&[Scope::Triage]);
    let declined = json!({"decision": "declined", "reason": "No."});
    decide(&reviewer, &desk.item("two"), declined).is(201);
    let done = page.untick("three").choose("Accept all that are ticked").press("Decide").is(200);
    let done = done.sees("2 items were decided.").sees("3 were left out");
    let mut signals: Vec<String> = desk.signals().into_iter().map(|(text, _)| text).collect();
    signals.sort();
    assert_eq!(signals, ["four", "one"]);
    assert_eq!(desk.waiting().len(), 3, "three, and the two that contradict each other");
    done.press("Undo z").is(200);
    assert!(desk.signals().is_empty());
    assert_eq!(desk.waiting().len(), 5);
}

#[test]
fn many_are_declined_with_one_reason() {
    let desk = Desk::open();
    let ids =
        ["one", "two"].map(|q| desk.log(q, "billing", &[corrected("ana@example.com", "returns")]));
    desk.log("other", "billing", &[corrected("ana@example.com", "shipping")]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage/bulk?verdict=corrected").is(200).untick("other");
    let page = page.choose("Decline all that are ticked").press("Decide").is(422);
    let page = page.sees("each reporter reads it");
    assert!(!page.is_chosen("other"), "what was left out stays left out");
    page.fill("Reason", "The rule changed.").press("Decide").is(200).sees("2 items were decided.");
    for id in ids {
        assert_eq!(desk.statuses(&id)[0].1, "declined");
    }
}
