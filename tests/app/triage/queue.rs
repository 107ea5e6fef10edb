//! What waits, in which order, for whom.

use super::{Desk, corrected, said};
use overrule::db::Instant;
use overrule::schema::queue;
use serde_json::json;

fn questions(desk: &Desk, query: &str) -> Vec<String> {
    let items = desk.list(query).into_iter();
    items.map(|item| item["interaction"]["input"].as_str().unwrap().to_owned()).collect()
}

/// Lets so many minutes pass for the item about this question.
fn age(desk: &Desk, input: &str, minutes: i64) {
    use diesel::prelude::*;
    let id: overrule::signals::model::ItemId = desk.item(input).parse().unwrap();
    desk.app.write(move |conn| {
        let at: Instant = queue::table.find(id).select(queue::waiting_at).first(conn)?;
        diesel::update(queue::table.find(id))
            .set(queue::waiting_at.eq(at.plus_minutes(-minutes)))
            .execute(conn)?;
        Ok(())
    });
}

#[test]
fn urgent_items_come_first_then_late_ones_then_the_newest() {
    let desk = Desk::open();
    for question in ["one", "two", "three", "four", "five"] {
        desk.log(question, "billing", &[corrected("ana@example.com", "returns")]);
    }
    let urgent = json!({"author": "ana@example.com", "verdict": "escalated", "urgency": "urgent"});
    desk.log("help me", "billing", &[urgent]);
    assert_eq!(questions(&desk, ""), ["help me", "five", "four", "three", "two", "one"]);
    // A day is what a normal report has; the one that is late longest comes first.
    age(&desk, "four", 25 * 60);
    age(&desk, "two", 26 * 60);
    let order = ["help me", "two", "four", "five", "three", "one"];
    assert_eq!(questions(&desk, ""), order);
    // Pages of any size show the same, each item once.
    for limit in 1..=6 {
        assert_eq!(in_pages(&desk, limit), order, "pages of {limit}");
    }
}

/// The questions of all that waits, read in pages.
fn in_pages(desk: &Desk, limit: usize) -> Vec<String> {
    let reviewer = desk.app.api(&[overrule::accounts::Scope::Triage]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/review-items?limit={limit}{cursor}");
        let page = reviewer.get(&path).is(200).json();
        for item in page["items"].as_array().unwrap() {
            seen.push(item["interaction"]["input"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

#[test]
fn what_waits_in_many_teams_is_one_queue_however_it_is_spread() {
    let desk = Desk::open();
    // Most of it in one team, and some in others; one has nothing that waits.
    let teams = ["support", "support", "sales", "support", "support", "support", "north"];
    let questions: Vec<String> = (0..20).map(|n| format!("question {n:02}")).collect();
    for (n, question) in questions.iter().enumerate() {
        let team = teams[n % teams.len()];
        let said = [corrected("ana@example.com", "returns")];
        desk.log_of("router", team, question, "billing", &said);
    }
    let done = said("ana@example.com", "confirmed");
    desk.log_of("router", "south", "was right", "billing", &[done]);
    let late: Vec<&String> = questions.iter().skip(5).take(9).collect();
    for (n, question) in late.iter().enumerate() {
        age(&desk, question, 25 * 60 + i64::try_from(n).unwrap());
    }
    // The one that is late longest comes first, then the newest.
    let mut order: Vec<&String> = late.iter().rev().copied().collect();
    order.extend(questions.iter().rev().filter(|question| !late.contains(question)));
    for limit in [1, 3, 7, 50] {
        assert_eq!(in_pages(&desk, limit).iter().collect::<Vec<_>>(), order, "pages of {limit}");
    }
    let admin = desk.app.admin();
    admin.open("/triage").sees("Waiting 20").sees("All teams");
}

#[test]
fn a_champion_sees_what_waits_in_her_teams_only() {
    let desk = Desk::open();
    desk.log("Where is my parcel?", "billing", &[corrected("ana@example.com", "shipping")]);
    desk.log_of("router", "sales", "Buy?", "billing", &[corrected("sam@example.com", "other")]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/").is(200).sees("Triage").click("Triage").is(200);
    page.sees("Where is my parcel?").does_not_see("Buy?");
    let theirs = format!("/triage/{}", desk.item("Buy?"));
    cleo.open(&theirs).is(404);
    let mia = desk.app.person("mia@example.com", "Mia", &["support"]).signed_in();
    mia.open("/").does_not_see("Triage");
    mia.open("/triage").is(403).sees("for champions");
    let max = desk.app.person("max@example.com", "Max", &["support:manager"]).signed_in();
    max.open("/triage").is(403);
    let ed = desk.app.engineer();
    ed.open("/triage").is(200).sees("Where is my parcel?").sees("Buy?");
    ed.open(&theirs).is(200).press("Accept a").is(200).sees("Accepted.");
    desk.app.browser().open("/triage").sees("Sign in");
}

#[test]
fn a_row_says_what_was_asked_and_when_it_is_due_but_not_who_reported_it() {
    let desk = Desk::open();
    let wrong = json!({"author": "ana@example.com", "verdict": "corrected",
        "correction": "shipping", "category": "wrong_label", "severity": "critical"});
    let interaction = desk.log("Where is my parcel?", "billing", &[wrong]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage").is(200);
    let row = page.element("tbody tr");
    for part in [
        "Where is my parcel?",
        "Router v1",
        "Corrected",
        "Critical",
        "Wrong label",
        "Through a program",
        "just now",
        "in 1 day",
    ] {
        assert!(row.contains(part), "{part:?} is not in {row}");
    }
    page.does_not_see("ana@example.com");
    // Others who say the same make it weigh more; it stays one row.
    let more = json!({"interaction": interaction, "author": "ben@example.com",
        "verdict": "corrected", "correction": "shipping"});
    desk.program.judge(&more).is(201);
    let page = cleo.open("/triage");
    assert_eq!(page.elements("tbody tr").len(), 1);
    page.sees("2 people");
}

#[test]
fn filters_stand_in_the_address_with_counts_and_can_be_kept_by_name() {
    let desk = Desk::open();
    desk.app.agent("writer", json!({"kind": "text", "team": "support"}));
    let bad = json!({"author": "ana@example.com", "verdict": "rejected", "severity": "critical",
        "category": "unsafe"});
    desk.log("one", "billing", &[bad]);
    desk.log("two", "billing", &[corrected("ben@example.com", "returns")]);
    desk.log_of("writer", "support", "three", "Hm.", &[said("ben@example.com", "rejected")]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage").is(200);
    let offers = |label: &str| -> Vec<String> {
        page.options(label).into_iter().map(|(_, text)| text).collect()
    };
    assert_eq!(offers("Agent"), ["All agents", "Router (2)", "Writer (1)"]);
    assert!(offers("What was said").contains(&"It’s wrong (2)".to_owned()));
    assert!(offers("How bad").contains(&"Critical (1)".to_owned()));
    assert_eq!(page.elements("tbody tr").len(), 3);

    let one = page.pick("What was said", "It’s wrong (2)").pick("How bad", "Critical (1)");
    let one = one.press("Show").is(200);
    assert!(one.path.contains("verdict=rejected") && one.path.contains("severity=critical"));
    assert_eq!(one.elements("tbody th"), ["one"]);
    let kept = one.fill("Keep this filter as", "Dangerous").press("Keep").is(200);
    assert_eq!(kept.elements("tbody th"), ["one"]);
    let again = cleo.open("/triage").click("Dangerous");
    assert_eq!(again.elements("tbody th"), ["one"]);
    again.press("Forget the filter Dangerous").does_not_see("Dangerous");

    let rows = |query: &str| cleo.open(&format!("/triage?{query}")).is(200).elements("tbody th");
    assert_eq!(rows("agent=writer"), ["three"]);
    assert_eq!(rows("category=unsafe"), ["one"]);
    assert_eq!(rows("person=ben@example.com"), ["three", "two"]);
    assert_eq!(rows("person=BEN@example.com&agent=router"), ["two"]);
    assert_eq!(rows("version=v1").len(), 3);
    assert_eq!(rows("version=v2").len(), 0);
    assert_eq!(rows("age=day").len(), 3);
    assert_eq!(rows("age=older").len(), 0);
    assert_eq!(rows("due=late").len(), 0);
    assert_eq!(rows("due=day").len(), 3);
    age(&desk, "two", 8 * 24 * 60);
    assert_eq!(rows("age=older&due=late"), ["two"]);
    assert_eq!(rows("mine=1").len(), 0);
    cleo.open("/triage").press("Look at the next one n").is(200);
    assert_eq!(rows("mine=1"), ["twoYou are looking at it"]);
    cleo.open("/triage?verdict=poem").is(200).sees("three");
    let page = cleo.open("/triage?category=unsafe&severity=low").is(200).sees("Nothing fits");
    page.click("Show all").sees("three");
}

#[test]
fn new_arrivals_are_counted_for_a_page_that_is_open() {
    let desk = Desk::open();
    desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage?verdict=corrected");
    let at = page.answer.text.split("data-news=\"").nth(1).unwrap().split('"').next().unwrap();
    let at = at.replace("&#38;", "&").replace("&amp;", "&");
    let news = || cleo.send(cleo.request("GET", &at)).is(200).json();
    assert_eq!(news(), json!({"count": 0, "text": ""}));
    desk.log("two", "billing", &[corrected("ana@example.com", "returns")]);
    desk.log("three", "billing", &[said("ana@example.com", "rejected")]);
    assert_eq!(news(), json!({"count": 1, "text": "1 new, show it"}));
    desk.log("four", "billing", &[corrected("ana@example.com", "returns")]);
    assert_eq!(news(), json!({"count": 2, "text": "2 new, show them"}));
}

#[test]
fn who_changed_their_mind_leaves_nothing_in_the_queue() {
    let desk = Desk::open();
    let id = desk.log("one", "billing", &[corrected("ana@example.com", "returns")]);
    let again = json!({"interaction": id, "author": "ana@example.com", "verdict": "corrected",
        "correction": "shipping"});
    let old = desk.item("one");
    desk.program.judge(&again).is(201);
    let waiting = desk.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["candidates"][0]["correction"], "shipping");
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    cleo.open(&format!("/triage/{old}")).is(410).sees("changed their mind");
}
