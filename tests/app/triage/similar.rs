//! Past overrides like the one that is looked at.

use super::{Desk, corrected, decide, said};
use overrule::accounts::Scope;
use overrule::similar::index;
use serde_json::json;

fn fill(desk: &Desk) {
    desk.app.write(index::fill);
}

#[test]
fn an_item_shows_what_was_said_of_questions_like_it_and_what_became_of_that() {
    let desk = Desk::open();
    let api = desk.app.api(&[Scope::Triage]);
    let reported = |question: &str, label: &str| {
        desk.log(question, "billing", &[corrected("ana@example.com", label)]);
        desk.item(question)
    };
    let parcel = reported("My parcel with the teapot is broken", "returns");
    decide(&api, &parcel, json!({"decision": "accepted"})).is(201);
    let teapot = reported("The teapot came without its lid", "shipping");
    let declined = json!({"decision": "declined", "reason": "No."});
    decide(&api, &teapot, declined).is(201);
    desk.log("Is my teapot here?", "billing", &[said("ben@example.com", "confirmed")]);
    desk.log_of(
        "router",
        "sales",
        "A teapot of sales",
        "billing",
        &[corrected("cy@example.com", "other")],
    );
    for n in 0..5 {
        reported(&format!("invoice number {n}"), "other");
    }
    fill(&desk);
    fill(&desk);
    let item = reported("My teapot parcel never came", "shipping");
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open(&format!("/triage/{item}")).is(200).sees("Like it before");
    let page = page.sees("My parcel with the teapot is broken").sees("returns");
    let page = page.sees("The teapot came without its lid").sees("Declined");
    let page = page.does_not_see("invoice number").does_not_see("A teapot of sales");
    let rows = page.elements("section[aria-labelledby=past] tbody tr");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("My parcel"), "the likest first: {rows:?}");
    assert!(!rows.iter().any(|row| row.contains("Ana")), "no names: {rows:?}");
    // An engineer, who sees all teams, finds those of the others too.
    let root = desk.app.engineer().open(&format!("/triage/{item}")).is(200);
    root.sees("A teapot of sales");
    // The same question again, though what was said of it was declined.
    let again = reported("the teapot came WITHOUT its lid", "returns");
    cleo.open(&format!("/triage/{again}")).is(200).sees("The same question");
}

#[test]
fn the_index_is_filled_by_itself_and_agrees_with_what_was_reported() {
    let desk = Desk::open();
    for n in 0..30 {
        desk.log(&format!("q {n} zebra"), "billing", &[corrected("ana@example.com", "returns")]);
    }
    let target = desk.app.database().target().clone();
    let count = |query: &str| crate::moving::number(&target, query);
    crate::support::eventually("the index", || {
        (count("SELECT count(*) FROM past_overrides") == 30).then_some(())
    });
    assert_eq!(count("SELECT overrides FROM override_words WHERE word = 'zebra'"), 30);
    // Done twice at once, it is done once.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| fill(&desk));
        }
    });
    assert_eq!(count("SELECT overrides FROM override_words WHERE word = 'zebra'"), 30);
    crate::crash::checks::the_index_agrees(&target);
}
