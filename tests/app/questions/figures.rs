//! How long a first answer takes: about a team for its manager, about oneself for oneself.

use super::house;
use diesel::prelude::*;
use overrule::schema::questions;

#[test]
fn the_time_to_a_first_answer_is_for_managers_and_for_whoever_answered() {
    let house = house();
    let max = house.app.person("max@example.com", "Max", &["support:manager"]).signed_in();
    let dan = house.app.person("dan@example.com", "Dan", &["support:champion"]).signed_in();
    for n in 0..5 {
        max.open("/questions").does_not_see("How long an answer takes");
        let path = house.ask(&house.mia, &format!("Question {n}"));
        let page = house.cleo.open(&path).fill("Your answer", "So.").press("Send").is(200);
        // A second answer is not a first one.
        page.fill("Your answer", "Or so.").press("Send").is(200);
        house.app.write(move |conn| {
            let rows = questions::table.filter(questions::answer_minutes.eq(0));
            diesel::update(rows).set(questions::answer_minutes.eq(60 * (n + 1))).execute(conn)?;
            Ok(())
        });
    }
    let page = max.open("/questions").sees("First answer in Support 3 hours");
    page.sees("half of the newest 5 answers took no longer").does_not_see("Your own first answers");
    let page = house.cleo.open("/questions").sees("Your own first answers 3 hours");
    page.does_not_see("First answer in");
    dan.open("/questions").does_not_see("How long an answer takes");
    house.mia.open("/questions").does_not_see("How long an answer takes");
    house.otto.open("/questions").does_not_see("How long an answer takes");
}

#[test]
fn the_time_to_a_first_answer_is_counted_in_the_hours_of_the_team() {
    let house = house();
    let page = house.cleo.open("/escalations/hours/support");
    // Half an hour on a day that is long past by the time of the answer: nobody works now.
    let mut page = page.fill("Time zone", "UTC");
    for day in ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] {
        page = page.fill(day, if day == "Monday" { "03:00-03:30" } else { "" });
    }
    page.press("Save").is(200);
    let path = house.ask(&house.mia, "How long?");
    let days = 14 * 24 * 60;
    house.app.write(move |conn| {
        let asked = overrule::clock::now().plus_minutes(-days);
        diesel::update(questions::table).set(questions::asked_at.eq(asked)).execute(conn)?;
        Ok(())
    });
    house.cleo.open(&path).fill("Your answer", "So.").press("Send").is(200);
    let minutes: Option<i64> = house
        .app
        .write(|conn| Ok(questions::table.select(questions::answer_minutes).first(conn)?));
    assert_eq!(minutes, Some(60), "two Mondays of half an hour");
}
