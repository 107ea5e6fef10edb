//! Escalations as the people concerned meet them: who is told, what is due, what reporters read.

use super::{Desk, decide, said};
use crate::support::{Browser, TestApp};
use overrule::accounts::Scope;
use overrule::db::Instant;
use overrule::escalations::notices;
use overrule::web::Site;
use overrule::{clock, config::Config};
use serde_json::json;

/// A champion, a manager and a member of the team, in browsers of their own.
struct Team {
    cleo: Browser,
    mia: Browser,
}

fn team(app: &TestApp) -> Team {
    app.person("max@example.com", "Max", &["support:manager"]);
    Team {
        cleo: app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in(),
        mia: app.person("mia@example.com", "Mia", &["support"]).signed_in(),
    }
}

/// Mia asks for a person; gives the receipt's and the escalation's path.
fn asked(desk: &Desk, people: &Team) -> (String, String) {
    let id = desk.log("Where is my parcel?", "billing", &[]);
    let page = people.mia.open(&format!("/interactions/{id}"));
    let page = page.choose("A person should handle this").press("Send");
    let receipt = page.is(200).path.clone();
    let list = people.cleo.open("/escalations").is(200).sees("Where is my parcel?");
    (receipt, list.link("Where is my parcel?"))
}

/// Tells people what there is to tell them at an instant to come.
fn tell_at(app: &TestApp, now: Instant) -> usize {
    let site = Site::new(&Config::default(), "http://overrule.test".into(), "secret", false);
    app.write(move |conn| notices::run(conn, &site, now))
}

#[test]
fn who_asks_for_a_person_is_answered_by_one_and_reads_each_step() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (receipt, path) = asked(&desk, &people);
    let page = people.mia.open(&receipt).sees("A person was asked to take over: Cleo sees to it");
    page.sees("Add something");
    let page = people.cleo.open(&path).is(200).sees("Asked for by Mia").sees("First answer due");
    let page = page.press("I take it").is(200).sees("You have it").sees("Cleo took it");
    let page = page.press("Answer the reporter").is(422).sees("Write something first");
    let page = page.fill("Write something", "Which parcel?").press("Ask the reporter").is(200);
    page.sees("Waiting for the reporter").sees("The clock stands").does_not_see("First answer due");
    people.cleo.open("/escalations").does_not_see("Where is my parcel?");
    people.cleo.open("/escalations?state=waiting").sees("Where is my parcel?");
    let page = people.mia.open(&receipt).sees("There is a question about it: Which parcel?");
    let page = page.fill("Your answer", "The blue one.").press("Send").is(200).is_at(&receipt);
    page.sees("You answered").sees("Cleo is at it, and should be done by");
    let page = people.cleo.open(&path).sees("The reporter answered").sees("The blue one.");
    let page = page.fill("Write something", "Ana knows more.").press("Note for the team").is(200);
    let page = page.press("Close it").is(422).sees("Say what came of it");
    let page = page.pick("What came of it", "Handled by hand").fill("Minutes spent", "many");
    let page = page.fill("What was done", "It comes today.").press("Close it").is(422);
    let page = page.sees("Write the minutes as a number").fill("Minutes spent", "12");
    let page = page.press("Close it").is(200).sees("Handled by hand").sees("12 minutes spent");
    page.sees("The report itself still waits for a decision");
    let page = people.mia.open(&receipt).sees("A person handled it").sees("It comes today.");
    page.does_not_see("Ana knows more.").does_not_see("Add something");
    people.cleo.open("/escalations?state=closed").sees("Handled by hand");
    let page = people.cleo.open(&path).fill("Why is it open again?", "It did not come.");
    page.press("Open it again").is(200).sees("Cleo opened it again").sees("12 minutes spent");
}

#[test]
fn whoever_answers_knows_the_language_the_reporter_likes() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (_, path) = asked(&desk, &people);
    people.cleo.open(&path).sees("Asked for by Mia").does_not_see("likes to be answered");
    people.mia.open("/profile").pick("Language", "German").press("Save").is(200).sees("Saved.");
    assert_eq!(people.mia.open("/profile").value("Language"), "de");
    people.cleo.open(&path).sees("Asked for by Mia, who likes to be answered in German");
    let wrong = people.mia.request("POST", "/profile").body("name=Mia&language=tlh");
    assert_eq!(people.mia.send(wrong).status, 422);
    people.mia.open("/profile").pick("Language", "No preference").press("Save").is(200);
    people.cleo.open(&path).does_not_see("likes to be answered");
}

#[test]
fn each_notice_is_mailed_once_to_whom_it_concerns() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (_, path) = asked(&desk, &people);
    let mailbox = desk.app.mailbox();
    let first = mailbox.nth(1, "cleo@example.com");
    assert_eq!(first.subject, "An escalation needs you");
    assert!(first.text.contains("Somebody asks for a person."), "{}", first.text);
    assert!(
        first.text.contains("router was asked: Where is my parcel?")
            || first.text.contains("Where is my parcel?")
    );
    assert!(first.link().ends_with(&path), "{}", first.link());
    let now = clock::now();
    let hours = |n: i64| now.plus_minutes(n * 60);
    assert_eq!(tell_at(&desk.app, hours(10)), 0, "nothing is due yet");
    assert_eq!(tell_at(&desk.app, hours(20)), 1);
    assert_eq!(tell_at(&desk.app, hours(20)), 0, "each once");
    let soon = mailbox.nth(2, "cleo@example.com");
    assert!(soon.text.contains("The first answer is due"), "{}", soon.text);
    assert_eq!(tell_at(&desk.app, hours(25)), 1);
    let late = mailbox.nth(3, "cleo@example.com");
    assert_eq!(late.subject, "An escalation is late");
    assert!(late.text.contains("The first answer is late: it was due"), "{}", late.text);
    let manager = mailbox.nth(1, "max@example.com");
    assert_eq!(manager.text.replace("Max", "Cleo"), late.text, "managers hear of what is late");
    // The machine was off for days: what is gravest is told, once.
    assert_eq!(tell_at(&desk.app, hours(24 * 30)), 1);
    assert_eq!(tell_at(&desk.app, hours(24 * 30)), 0);
    let end = mailbox.nth(4, "cleo@example.com");
    assert!(end.text.contains("It is late: it should have been done by"), "{}", end.text);
    assert_eq!(mailbox.all().iter().filter(|mail| mail.to == "cleo@example.com").count(), 4);
}

#[test]
fn each_answer_of_the_reporter_is_told_to_whoever_asked() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (receipt, path) = asked(&desk, &people);
    let told = |number: usize| {
        let mail = desk.app.mailbox().nth(number, "cleo@example.com");
        assert!(mail.text.contains("The reporter answered. What is next is due"), "{}", mail.text);
    };
    for number in 2..4 {
        let page = people.cleo.open(&path).fill("Write something", "Which parcel?");
        page.press("Ask the reporter").is(200);
        people.mia.open(&receipt).fill("Your answer", "The blue one.").press("Send").is(200);
        told(number);
    }
    assert_eq!(tell_at(&desk.app, clock::now()), 0, "each once");
}

#[test]
fn of_a_team_that_nobody_looks_after_the_admins_are_told() {
    let desk = Desk::open();
    let _root = desk.app.admin();
    let mia = desk.app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let id = desk.log("Where is my parcel?", "billing", &[]);
    let page = mia.open(&format!("/interactions/{id}"));
    page.choose("A person should handle this").press("Send").is(200);
    let mail = desk.app.mailbox().nth(1, "root@example.com");
    assert!(mail.text.contains("Somebody asks for a person."), "{}", mail.text);
}

#[test]
fn what_is_handed_over_is_told_and_seen_by_whoever_has_it() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (_, path) = asked(&desk, &people);
    people.mia.open(&path).is(404);
    let page = people.cleo.open(&path).pick("Who looks after it", "Mia").press("Hand it over");
    page.is(200).sees("Cleo gave it to Mia").sees("Mia has it");
    let mail = desk.app.mailbox().nth(1, "mia@example.com");
    assert!(mail.text.contains("Cleo gave you this to look after. It is due"), "{}", mail.text);
    people.mia.open("/escalations").sees("Where is my parcel?");
    let page = people.mia.open(&path).is(200).pick("Who looks after it", "Nobody");
    let page = page.press("Hand it over").is(200).is_at("/escalations");
    page.does_not_see("Where is my parcel?");
    people.mia.open(&path).is(404);
    let other = desk.app.person("otto@example.com", "Otto", &["sales:champion"]).signed_in();
    other.open(&path).is(404);
    other.open("/escalations").sees("Nothing is open");
}

#[test]
fn who_is_slower_reads_who_closed_it_and_keeps_what_was_typed() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (_, path) = asked(&desk, &people);
    let dan = desk.app.person("dan@example.com", "Dan", &["support:champion"]).signed_in();
    let fill = |page: crate::support::Page, text: &str| {
        let page = page.pick("What came of it", "No action").fill("Minutes spent", "3");
        page.fill("What was done", text)
    };
    let slow = fill(dan.open(&path), "I called her.");
    let fast = fill(people.cleo.open(&path), "It was a test.");
    fast.press("Close it").is(200);
    let page = slow.press("Close it").is(409).sees("Cleo closed this just now. “It was a test.”");
    assert_eq!(page.value("What was done"), "I called her.");
}

#[test]
fn what_is_passed_on_is_an_escalation_until_it_is_decided() {
    let desk = Desk::open();
    let people = team(&desk.app);
    desk.log("Two prices?", "billing", &[super::corrected("ben@example.com", "returns")]);
    let by = desk.app.api(&[Scope::Triage]);
    let item = desk.item("Two prices?");
    let passed = json!({"decision": "escalated", "reason": "Finance knows."});
    decide(&by, &item, passed).is(201);
    let page = people.cleo.open("/escalations").sees("Two prices?").click("Two prices?");
    let path = page.sees("A program passed it on").sees("Finance knows.").path.clone();
    decide(&by, &item, json!({"decision": "accepted"})).is(201);
    people.cleo.open("/escalations").does_not_see("Two prices?");
    people.cleo.open(&path).sees("decided the report, so this was settled");
}

#[test]
fn who_takes_it_back_ends_it_and_who_joins_makes_it_urgent() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let id = desk.log("Who is right?", "billing", &[said("ben@example.com", "escalated")]);
    let more = |author: &str, verdict: &str, urgency: &str| {
        let said = json!({"interaction": id, "author": author, "verdict": verdict,
            "urgency": urgency});
        desk.program.judge(&said).is(201);
    };
    more("ada@example.com", "escalated", "urgent");
    let page = people.cleo.open("/escalations").sees("Urgent").click("Who is right?");
    let path = page.sees("Somebody else asked for a person").sees("It became urgent").path.clone();
    more("ben@example.com", "confirmed", "normal");
    people.cleo.open(&path).does_not_see("took it back");
    more("ada@example.com", "confirmed", "normal");
    people.cleo.open(&path).sees("Whoever asked for a person took it back");
    people.cleo.open("/escalations").does_not_see("Who is right?");
    // What was decided elsewhere asks nobody for anything.
    let old = json!({"author": "ben@example.com", "verdict": "escalated", "status": "accepted"});
    desk.log("Long ago", "billing", &[old]);
    people.cleo.open("/escalations").does_not_see("Long ago");
}

#[test]
fn a_team_sets_its_hours_and_what_is_due_follows() {
    let desk = Desk::open();
    let people = team(&desk.app);
    let (receipt, path) = asked(&desk, &people);
    people.mia.open("/escalations/hours/support").is(404);
    people.mia.open("/escalations/hours").is(403);
    let page = people.cleo.open("/escalations/hours").click("Support").is(200);
    let page = page.sees("Every hour counts now").fill("Time zone", "Mars/Olympus");
    let page = page.fill("Monday", "17:00-9:00").fill("Holidays", "2026-02-30 No day");
    let page =
        page.press("Save").is(422).sees("That is no time zone").sees("ends before it begins");
    let page = page.sees("Line 1: “2026-02-30” is no day of the calendar");
    assert_eq!(page.value("Holidays"), "2026-02-30 No day");
    // Half an hour on one day of the week: 24 hours of it take most of a year.
    let mut page = page.fill("Time zone", "Europe/Berlin").fill("Holidays", "2026-12-25 Christmas");
    for day in ["Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] {
        page = page.fill(day, "");
    }
    let none = page.fill("Monday", "").press("Save").is(422).sees("at least one day its hours");
    let page = none.fill("Monday", "09:00-09:30").press("Save").is(200);
    page.sees("due by these hours");
    tell_at(&desk.app, clock::now());
    let due = |path: &str| {
        let page = people.cleo.open(path);
        page.element(".meta time")
    };
    let relative = due(&path);
    assert!(!relative.contains("hour") && !relative.contains("day"), "months away: {relative}");
    assert_eq!(tell_at(&desk.app, clock::now().plus_minutes(25 * 60)), 0, "not late at night");
    let page = people.mia.open(&receipt);
    assert!(!page.text().contains("sees to it by Wednesday"), "{}", page.text());
    // The queue counts in the same hours.
    desk.log("Late?", "billing", &[super::corrected("ben@example.com", "returns")]);
    let cleo = &people.cleo;
    let row = |name: &str| {
        let rows = cleo.open("/triage").elements("tbody tr");
        rows.into_iter().find(|row| row.contains(name)).unwrap()
    };
    assert!(!row("Late?").contains("in 1 day"), "{}", row("Late?"));
    let page = cleo.open("/escalations/hours/support").press("Count every hour again").is(200);
    page.sees("Every hour counts now");
    assert!(row("Late?").contains("in 1 day"), "{}", row("Late?"));
    assert_eq!(due(&path), "in 1 day");
}
