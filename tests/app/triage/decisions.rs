//! One item, and what a champion decides of it.

use super::{Desk, corrected, said};
use crate::support::Browser;
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn cleo(desk: &Desk) -> Browser {
    desk.app.person("cleo@example.com", "Cleo Champion", &["support:champion"]).signed_in()
}

/// A report by somebody who is signed in; gives their browser and the path of their receipt.
fn report(desk: &Desk, name: &str, interaction: &str, correction: &str) -> (Browser, String) {
    let email = format!("{}@example.com", name.to_lowercase());
    let person = desk.app.person(&email, name, &["support"]).signed_in();
    let form = person.open(&format!("/interactions/{interaction}")).is(200);
    let form = form.choose("It’s wrong, here is the right answer");
    let sent = form.pick("The right label", correction).fill("Anything to add?", "I am sure.");
    let receipt = sent.press("Send").is(200);
    let path = receipt.path.clone();
    (person, path)
}

#[test]
fn an_item_shows_all_that_helps_to_decide_and_opening_it_changes_nothing() {
    let desk = Desk::open();
    let id = desk.log("Where is my parcel?", "billing", &[said("eve@example.com", "escalated")]);
    let (ana, _) = report(&desk, "Ana", &id, "shipping");
    let earlier = desk.log("Older one", "other", &[]);
    ana.open(&format!("/interactions/{earlier}"))
        .choose("It’s wrong, I don’t know the right answer")
        .press("Send");
    let cleo = cleo(&desk);
    let item = desk.list("verdict=corrected")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/triage/{item}?agent=router");
    for _ in 0..2 {
        let page = cleo.open(&path).is(200).sees("Is this correction right?");
        let page = page.sees("Where is my parcel?").sees("Not very sure, 41 %").sees("m-7");
        let page = page.sees("0.004 USD").sees("Router v1").sees("A colleague").sees("I am sure.");
        let page = page.sees("[removed: billing]").sees("[added: shipping]");
        let page = page.sees("Of the last 1, none is decided yet.").sees("Older one");
        page.sees("For a person: Through a program")
            .sees("Nobody is looking at it")
            .does_not_see("Ana");
    }
}

#[test]
fn what_is_accepted_becomes_a_signal_and_the_next_item_is_there() {
    let desk = Desk::open();
    let first = desk.log("one", "billing", &[]);
    let (ana, receipt) = report(&desk, "Ana", &first, "returns");
    desk.log("two", "billing", &[corrected("ben@example.com", "shipping")]);
    let cleo = cleo(&desk);
    let two = cleo.open("/triage").press("Look at the next one n").is(200);
    let two = two.sees("two").sees("You hold it until");
    let one = two.press("Accept a").is(200).sees("Accepted.").sees("one");
    let empty = one.press("Accept a").is(200).sees("All done");
    assert!(empty.path.starts_with("/triage?done="));
    let mut signals = desk.signals();
    signals.sort();
    let wanted = [("one", "returns"), ("two", "shipping")];
    assert_eq!(signals, wanted.map(|(text, label)| (text.to_owned(), label.to_owned())));
    ana.open(&receipt).sees("Accepted").sees("Cleo Champion").sees("training signal");
}

#[test]
fn a_declined_report_tells_its_reporter_why() {
    let desk = Desk::open();
    let id = desk.log("one", "billing", &[]);
    let (ana, receipt) = report(&desk, "Ana", &id, "returns");
    let cleo = cleo(&desk);
    let item = cleo.open(&format!("/triage/{}", desk.item("one")));
    let again = item.press("Decline this").is(422).sees("Say why: the reporter reads it.");
    let done = again.fill("Why is it declined?", "It is about the invoice.").press("Decline this");
    done.is(200).sees("Declined.").sees("All done");
    ana.open(&receipt).sees("It was declined: It is about the invoice.");
    assert!(desk.signals().is_empty());
    assert_eq!(desk.statuses(&id)[0].1, "declined");
}

#[test]
fn a_champions_edit_becomes_the_label_and_the_reporters_text_is_kept() {
    let desk = Desk::open();
    let id = desk.log("one", "billing", &[]);
    let (ana, receipt) = report(&desk, "Ana", &id, "returns");
    desk.log("two", "billing", &[said("ben@example.com", "rejected")]);
    let cleo = cleo(&desk);
    let open = |input: &str| cleo.open(&format!("/triage/{}", desk.item(input)));
    let change = "Accept with this change";
    open("one").pick("The right label", "billing").press(change).is(422).sees("decline the report");
    let page = open("one").pick("The right label", "shipping");
    page.fill("What you changed, and why", "It is on its way.").press(change).is(200);
    // Without a change it is accepted as it is, and a rejection gets its right answer.
    open("two").pick("The right label", "other").press(change).is(200).sees("with your change");
    let page = ana.open(&receipt).sees("Accepted with a change").sees("It is on its way.");
    page.sees("returns").sees("shipping");
    let mut signals = desk.signals();
    signals.sort();
    let wanted = [("one", "shipping"), ("two", "other")];
    assert_eq!(signals, wanted.map(|(text, label)| (text.to_owned(), label.to_owned())));
    let kept = desk.program.get(&format!("/api/v1/interactions/{id}")).json();
    assert_eq!(kept["feedback"][0]["correction"], "returns");
}

#[test]
fn a_question_waits_for_the_reporter_and_comes_back_with_the_answer() {
    let desk = Desk::open();
    let id = desk.log("one", "billing", &[]);
    let (ana, receipt) = report(&desk, "Ana", &id, "returns");
    let cleo = cleo(&desk);
    let item = format!("/triage/{}", desk.item("one"));
    cleo.open(&item).press("Ask").is(422).sees("Write what you want to know.");
    cleo.open(&item).fill("What do you want to know?", "Which order?").press("Ask").is(200);
    assert!(desk.waiting().is_empty());
    cleo.open("/triage").click("Asked back 1").sees("one");
    let page = ana.open(&receipt).sees("There is a question about it: Which order?");
    let form = page.click("Change what you said").fill("Anything to add?", "Order 7.");
    form.press("Send").is(200);
    assert_eq!(desk.waiting().len(), 1);
    cleo.open(&item).is(200).sees("Order 7.").press("Accept a").is(200);
    assert_eq!(desk.signals().len(), 1);
}

#[test]
fn what_is_passed_on_waits_where_engineers_find_it() {
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let cleo = cleo(&desk);
    let page = cleo.open(&format!("/triage/{}", desk.item("one")));
    let page = page.fill("What should somebody else decide?", "New label?").press("Pass it on");
    page.is(200).sees("Passed on.").sees("All done");
    let ed = desk.app.engineer();
    let item = ed.open("/triage").click("Passed on 1").click("one").is(200).sees("New label?");
    item.press("Accept a").is(200).sees("Accepted.");
    assert_eq!(desk.signals().len(), 1);
}

#[test]
fn a_duplicate_names_what_it_repeats() {
    let desk = Desk::open();
    desk.log("Where is my parcel?", "billing", &[corrected("ana@example.com", "shipping")]);
    desk.log("My parcel is where?", "billing", &[corrected("ben@example.com", "shipping")]);
    desk.app.agent("writer", json!({"kind": "text", "team": "support"}));
    desk.log_of("writer", "support", "three", "Hm.", &[said("ben@example.com", "rejected")]);
    let cleo = cleo(&desk);
    let first = desk.item("Where is my parcel?");
    let item = format!("/triage/{}", desk.item("My parcel is where?"));
    let mark = |of: &str| {
        let page = cleo.open(&item).fill("Address of the other item", of);
        page.press("Mark as reported before")
    };
    mark("").is(422).sees("paste the address");
    mark(&item).is(422).sees("Nothing is a duplicate of itself.");
    mark(&desk.item("three")).is(422).sees("about another agent");
    mark(&format!("{}/triage/{first}?agent=router", desk.app.url())).is(200);
    // Not of a duplicate: of what it repeats.
    desk.log("parcel!", "billing", &[corrected("cy@example.com", "shipping")]);
    let page = cleo.open(&format!("/triage/{}", desk.item("parcel!")));
    let page = page.fill("Address of the other item", &item).press("Mark as reported before");
    page.is(422).sees("is a duplicate itself");
}

#[test]
fn a_decision_is_undone_and_a_decided_item_is_opened_again() {
    let desk = Desk::open();
    let id = desk.log("one", "billing", &[]);
    let (ana, receipt) = report(&desk, "Ana", &id, "returns");
    let cleo = cleo(&desk);
    let item = format!("/triage/{}", desk.item("one"));
    let done = cleo.open(&item).press("Accept a").is(200).sees("Accepted.");
    assert_eq!(desk.signals().len(), 1);
    let back = done.press("Undo z").is(200).sees("You hold it until").sees("Opened again");
    assert!(back.path.starts_with(&item));
    assert!(desk.signals().is_empty());
    assert_eq!(desk.statuses(&id)[0].1, "pending");
    done.press("Undo z").is(409).sees("decided again");
    let declined = back.fill("Why is it declined?", "No.").press("Decline this").is(200);
    declined.click("Look at it").is(200).sees("Ana").sees("Declined");
    let page = cleo.open(&item).fill("Why is it looked at again?", "I was wrong.");
    let page = page.press("Open it again").is(200).sees("You hold it until");
    page.press("Accept a").is(200);
    assert_eq!(desk.signals().len(), 1);
    ana.open(&receipt).sees("Accepted").sees("Looked at again").sees("I was wrong.");
    // Taking back the second decision of two brings back the first.
    let page = cleo.open(&item).press("Open it again").fill("Why is it declined?", "Hm.");
    page.press("Decline this").press("Undo z").is(200).sees("Open").sees("You hold it until");
    // Nobody takes back what others decided.
    let act = done.hidden("act");
    let mel = desk.app.person("mel@example.com", "Mel", &["support:champion"]).signed_in();
    let undo = mel.request("POST", "/triage/undo").header("sec-fetch-site", "same-origin");
    let undo = undo.header("content-type", "application/x-www-form-urlencoded");
    mel.send(undo.body(format!("act={act}"))).is(404);
}

#[test]
fn every_decision_is_in_the_audit_log() {
    use diesel::prelude::*;
    use overrule::schema::audit_events;
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let cleo = cleo(&desk);
    let item = desk.item("one");
    cleo.open(&format!("/triage/{item}")).press("Accept a").press("Undo z").is(200);
    let told: Vec<(String, String, String)> = desk.app.write(|conn| {
        Ok(audit_events::table
            .filter(audit_events::action.like("item.%"))
            .order(audit_events::id)
            .select((audit_events::action, audit_events::actor_kind, audit_events::subject))
            .load(conn)?)
    });
    let row = |action: &str| (action.to_owned(), "person".to_owned(), format!("item:{item}"));
    assert_eq!(told, [row("item.decide"), row("item.undo")]);
}

#[test]
fn what_was_typed_is_kept_when_somebody_was_faster() {
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let (cleo, item) = (cleo(&desk), format!("/triage/{}", desk.item("one")));
    let mel = desk.app.person("mel@example.com", "Mel", &["support:champion"]).signed_in();
    let mine = cleo.open(&item).fill("Why is it declined?", "It took me long to write this.");
    mel.open("/triage").press("Look at the next one n").is(200);
    let held = mine.press("Decline this").is(409).sees("Mel is looking at this one");
    held.sees("It took me long to write this.");
    mel.open(&item).fill("Why is it declined?", "Not so.").press("Decline this").is(200);
    let late = mine.press("Decline this").is(409).sees("Mel declined this").sees("“Not so.”");
    late.sees("It took me long to write this.");
    // A mistake in what comes too late is no reason to hide who was faster.
    cleo.open(&item).is(200).sees("Mel");
}

#[test]
fn a_label_that_is_json_is_checked_against_the_schema_and_compared_value_by_value() {
    let desk = Desk::open();
    let schema = json!({"type": "object", "properties": {"total": {"type": "number"}}});
    desk.app.agent("invoices", json!({"kind": "json", "team": "support", "schema": schema}));
    let line = json!({"agent": "invoices", "team": "support", "input": "read it",
        "output": {"total": 1, "lines": [1, 2]}, "feedback": [{"author": "a@example.com",
        "verdict": "corrected", "correction": {"total": 2, "lines": [1, 3]}}]});
    desk.program.log(&line).is(201);
    let page = cleo(&desk).open(&format!("/triage/{}", desk.item("read it"))).is(200);
    let rows = page.elements("details table tbody tr");
    assert_eq!(rows, ["total12", "lines[1]23"]);
    let wrong =
        page.fill("The right answer", "{\"total\": \"x\"}").press("Accept with this change");
    let wrong = wrong.is(422).sees("Line 1");
    wrong.fill("The right answer", "{\"total\": 3}").press("Accept with this change").is(200);
    let path = "/api/v1/signals?agent=invoices&format=sft";
    let row = desk.app.api(&[Scope::Export]).get(path).is(200).json();
    let answer: Value =
        serde_json::from_str(row["completion"][0]["content"].as_str().unwrap()).unwrap();
    assert_eq!(answer, json!({"total": 3}));
}
