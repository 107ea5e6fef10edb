//! Random audits: what is drawn, what reviewers say of it, and what follows of the error rate.

use crate::support::Page;
use crate::triage::{Desk, corrected, decide};
use overrule::accounts::Scope;
use overrule::db::Instant;
use overrule::sampling::draw;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DEPLOYMENT: &str = "/api/v1/agents/router/deployments/support/production";

/// Sixty interactions of this week, of which ten are overridden; ten of the others are drawn.
fn desk() -> Desk {
    let desk = Desk::open();
    desk.program.put(DEPLOYMENT, &json!({"weekly_audits": 10})).is(201);
    for n in 0..60 {
        let said = [corrected("ana@example.com", "returns")];
        let said = if n < 10 { said.as_slice() } else { &[] };
        desk.log(&format!("q {n}"), "billing", said);
    }
    desk
}

/// When this week is to be drawn.
fn due() -> Instant {
    overrule::clock::now().plus_minutes(8 * 24 * 60)
}

/// Draws until nothing is left to do.
pub fn draw_all(desk: &Desk) {
    while desk.app.write(move |conn| draw::run(conn, due())) > 0 {}
}

/// What was drawn and waits, as programs see it.
pub fn audits(desk: &Desk) -> Vec<Value> {
    let list = desk.app.api(&[Scope::Triage]).get("/api/v1/review-items?limit=500").is(200).json();
    let all = list["items"].as_array().unwrap().iter();
    all.filter(|item| item["kind"] == "audit").cloned().collect()
}

fn questions(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["interaction"]["input"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_drawn_is_the_same_however_often_and_by_how_many_it_is_done() {
    let desk = desk();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| draw_all(&desk));
        }
    });
    let first = audits(&desk);
    assert_eq!(first.len(), 10);
    let overridden: BTreeSet<String> = (0..10).map(|n| format!("q {n}")).collect();
    assert!(questions(&first).is_disjoint(&overridden), "{:?}", questions(&first));
    for item in &first {
        assert_eq!(item["candidates"], json!([]), "nobody says anything of it");
    }
    draw_all(&desk);
    assert_eq!(questions(&audits(&desk)), questions(&first));
    // Forgotten and done again, by what the database holds, it is the same.
    desk.app.write(|conn| {
        use diesel::prelude::*;
        diesel::delete(overrule::schema::audit_picks::table).execute(conn)?;
        diesel::delete(overrule::schema::audit_draws::table).execute(conn)?;
        Ok(())
    });
    draw_all(&desk);
    assert_eq!(questions(&audits(&desk)), questions(&first));
}

#[test]
fn from_both_follows_how_often_the_agent_is_wrong_and_how_much_of_that_people_flag() {
    let desk = desk();
    draw_all(&desk);
    let api = desk.app.api(&[Scope::Triage]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let before = cleo.open("/error-rates").is(200).sees("Too little is decided yet.");
    before.sees("10 that were drawn wait in the queue").sees("17 %").sees("of 60");
    let drawn = audits(&desk);
    for (n, item) in drawn.iter().enumerate() {
        let id = item["id"].as_str().unwrap();
        let decision = match n {
            0 => json!({"decision": "accepted_with_edits", "label": "other"}),
            1 => json!({"decision": "declined", "reason": "It is about nothing."}),
            _ => json!({"decision": "accepted"}),
        };
        for asks in ["needs_info", "escalated"] {
            let asked = json!({"decision": asks, "reason": "Why?"});
            decide(&api, id, asked).is_invalid_at("/decision");
        }
        decide(&api, id, decision).is(201);
    }
    let flagged = desk.waiting();
    assert_eq!(flagged.len(), 10);
    for (n, item) in flagged.iter().enumerate() {
        let decision = match n {
            0..6 => json!({"decision": "accepted"}),
            _ => json!({"decision": "declined", "reason": "It was right."}),
        };
        decide(&api, item["id"].as_str().unwrap(), decision).is(201);
    }
    let path = "/api/v1/agents/router/error-rates";
    let found = desk.app.api(&[Scope::Read]).get(path).is(200).json();
    let found = &found["items"][0];
    assert_eq!((&found["interactions"], &found["overridden"]), (&json!(60), &json!(10)));
    assert_eq!((&found["weeks"], &found["judged"]), (&json!(1), &json!(20)));
    let number = |value: &Value| value.as_f64().unwrap();
    let close = |value: &Value, to: f64| assert!((number(value) - to).abs() < 1e-9, "{value} {to}");
    close(&found["override_rate"], 10.0 / 60.0);
    // Six of the overridden, and by the sample ten of the fifty others.
    close(&found["error_rate"]["estimate"], 16.0 / 60.0);
    close(&found["flagged_share"]["estimate"], 6.0 / 16.0);
    for of in ["error_rate", "flagged_share"] {
        let [low, high] = ["low", "high"].map(|end| number(&found[of][end]));
        let estimate = number(&found[of]["estimate"]);
        assert!(0.0 < low && low < estimate && estimate < high && high < 1.0, "{found}");
    }
    let page = cleo.open("/error-rates").is(200).sees("27 %").sees("38 %");
    page.sees("From 20 of 60 interactions in 1 week.");
    let ana = desk.app.person("ana@example.com", "Ana", &["support"]).signed_in();
    ana.open("/error-rates").is(403);
    let mel = desk.app.person("mel@example.com", "Mel", &["sales:manager"]).signed_in();
    mel.open("/error-rates").is(200).does_not_see("27 %");
    desk.app.api(&[Scope::Read]).get("/api/v1/agents/nobody/error-rates").is_problem(404);
}

#[test]
fn a_champion_says_of_what_was_drawn_whether_it_is_right_and_takes_it_back() {
    let desk = Desk::open();
    desk.program.put(DEPLOYMENT, &json!({"weekly_audits": 2})).is(201);
    for n in 0..2 {
        desk.log(&format!("q {n}"), "billing", &[]);
    }
    draw_all(&desk);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let list = cleo.open("/triage").is(200).sees("Drawn at random").sees("Nobody");
    let page: Page = list.press("Look at the next one n").is(200);
    let page = page.sees("Is this answer right?").sees("Nobody reported this.").sees("billing");
    let page = page.does_not_see("What do you want to know?").does_not_see("Address of the other");
    let next = page.press("It’s right a").is(200).sees("Noted as right.");
    let again = next.press("Undo z").is(200).sees("Is this answer right?");
    assert_eq!(audits(&desk).len(), 2);
    let again = again.pick("The right label", "billing").press("This is right").is(422);
    let again = again.sees("If it was right, say so.");
    let done = again.pick("The right label", "other").press("This is right").is(200);
    done.sees("Noted as wrong, with the right answer.");
    let left = audits(&desk);
    assert_eq!(left.len(), 1);
    let id = left[0]["id"].as_str().unwrap();
    let page = cleo.open(&format!("/triage/{id}")).is(200);
    let page = page.press("It’s wrong").is(422).sees("Say why");
    page.fill("What is wrong with it?", "It is about nothing.").press("It’s wrong").is(200);
    // Many at once are never said to be right unseen.
    assert!(audits(&desk).is_empty());
    for wrong in [-1, 501] {
        let sent = json!({"weekly_audits": wrong});
        desk.program.put(DEPLOYMENT, &sent).is_invalid_at("/weekly_audits");
    }
}
