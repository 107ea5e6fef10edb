//! `/c/…`: the same form for whoever holds a signed link, without an account.

use super::{agents, newest, program};
use crate::support::{Server, TestApp};
use diesel::prelude::*;
use overrule::clock;
use overrule::config::Secret;
use overrule::schema::{feedback, interaction_bodies, people};
use overrule::web::token::{Purpose, Signer};
use serde_json::json;

const SECRET: &str = "a secret that only this test knows, and long";

fn app() -> TestApp {
    let app = TestApp::builder()
        .with(|config| config.server.secret = Some(Secret(SECRET.into())))
        .start();
    agents(&app);
    app
}

fn logged(app: &TestApp) -> (uuid::Uuid, String) {
    let answer = program(app).log(&json!({"agent": "helper", "input": [
        {"role": "system", "content": "The secret recipe."},
        {"role": "user", "content": "How long?"}], "output": "Six weeks.", "model": "m-9"}));
    let url = answer.at("/correct_url");
    let path = url.strip_prefix(app.url()).unwrap().to_owned();
    (answer.at("/id").parse().unwrap(), path)
}

fn count(app: &TestApp) -> i64 {
    app.write(|conn| Ok(feedback::table.count().get_result(conn)?))
}

#[test]
fn a_link_under_an_answer_takes_a_correction_without_an_account() {
    let app = app();
    let (_, link) = logged(&app);
    let someone = app.browser();
    let page = someone.open(&link).is(200).sees("Helper answered").sees("How long?");
    // An end user is no colleague: instructions and figures are not for them.
    let page = page.does_not_see("The secret recipe").does_not_see("m-9").does_not_see("Sign in");
    let page = page.choose("It’s wrong, here is the right answer");
    let receipt = page.fill("The right answer", "30 days.").press("Send").is(200);
    assert!(receipt.path.starts_with("/r/"), "{}", receipt.path);
    let receipt = receipt.sees("Waiting for review").sees("30 days");
    receipt.does_not_see("The secret recipe");
    let stored = newest(&program(&app));
    assert_eq!((&stored["known_by"], &stored["author"]), (&json!("link"), &json!(null)));
}

#[test]
fn opening_a_link_writes_nothing() {
    let app = app();
    let (_, link) = logged(&app);
    let rows = |app: &TestApp| -> (i64, i64) {
        app.write(|conn| {
            let people = people::table.count().get_result(conn)?;
            Ok((people, feedback::table.count().get_result(conn)?))
        })
    };
    let before = rows(&app);
    for _ in 0..3 {
        app.browser().open(&link).is(200);
        let head = app.browser();
        head.send(head.request("HEAD", &link));
    }
    assert_eq!(rows(&app), before);
}

#[test]
fn one_link_is_one_author_and_sending_again_revises() {
    let app = app();
    let (_, link) = logged(&app);
    let choice = "It’s wrong, I don’t know the right answer";
    let first = app.browser().open(&link).choose(choice).press("Send").is(200);
    let page = app.browser().open(&link).sees("You said Wrong").choose("It’s right");
    page.press("Send").is(200).sees("Your report");
    assert_eq!(count(&app), 2);
    app.browser().open(&first.path).is(200).sees("You changed it");
    let standing = program(&app).get("/api/v1/feedback").is(200).json();
    let superseded =
        standing["items"].as_array().unwrap().iter().filter(|f| f["status"] == "superseded");
    assert_eq!(superseded.count(), 1);
}

#[test]
fn a_link_says_what_it_is_for_and_until_when() {
    let app = app();
    let (id, good) = logged(&app);
    let signer = Signer::new(SECRET);
    let now = clock::now();
    let expired = signer.sign(Purpose::Feedback, id, Some(now.plus_minutes(-1)));
    let page = app.browser().open(&format!("/c/{expired}")).is(410);
    page.sees("This link no longer works").sees("30 days").sees("Go to the start page");
    let receipt = signer.sign(Purpose::Receipt, id, None);
    let foreign =
        Signer::new("another installation has another secret").sign(Purpose::Feedback, id, None);
    let missing = signer.sign(Purpose::Feedback, uuid::Uuid::now_v7(), None);
    let cut = &good[3..good.len() - 4];
    for wrong in [receipt.as_str(), &foreign, &missing, cut, "x", "%00", "%F0%9F%92%A9"] {
        app.browser().open(&format!("/c/{wrong}")).is(404).sees("There is nothing here");
    }
    let key = app.browser().open(&good.replace("/c/", "/r/")).is(404);
    key.does_not_see("How long?");
}

#[test]
fn what_was_typed_can_be_copied_from_a_page_whose_link_ran_out() {
    let app = app();
    let (id, _) = logged(&app);
    let soon = Signer::new(SECRET).sign(Purpose::Feedback, id, Some(clock::now().plus_minutes(-1)));
    let browser = app.browser();
    let request = browser
        .request("POST", &format!("/c/{soon}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body("nonce=n&verdict=corrected&correction=Thirty+days.");
    let answer = browser.send(request).is(410);
    assert!(answer.text.contains("Thirty days."), "{}", answer.text);
    assert_eq!(count(&app), 0);
}

#[test]
fn a_link_survives_a_restart_with_the_secret_kept_in_the_database() {
    let mut app = TestApp::start();
    agents(&app);
    let (_, link) = logged(&app);
    app.stop();
    app.restart();
    app.browser().open(&link).is(200).sees("Helper answered");
}

#[test]
fn an_erased_conversation_can_no_longer_be_judged() {
    let app = app();
    let (_, link) = logged(&app);
    app.write(|conn| {
        diesel::delete(interaction_bodies::table).execute(conn)?;
        Ok(())
    });
    app.browser().open(&link).is(410).sees("erased");
}

#[test]
fn links_are_limited_by_address() {
    let app = TestApp::builder().with(|config| config.limits.link_requests_per_minute = 3).start();
    agents(&app);
    let (_, link) = logged(&app);
    let browser = app.browser();
    for _ in 0..3 {
        browser.open(&link).is(200);
    }
    let answer = browser.send(browser.request("GET", &link)).is(429);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[test]
fn a_link_may_choose_already() {
    let app = app();
    let (_, link) = logged(&app);
    let page = app.browser().open(&format!("{link}?verdict=confirmed")).is(200);
    assert!(page.is_chosen("It’s right"));
    assert_eq!(count(&app), 0);
}

#[test]
fn two_servers_with_one_database_take_each_others_links() {
    if crate::support::backend() == crate::support::Backend::Sqlite {
        return; // one embedded database has one server, which another test shows
    }
    let app = TestApp::start();
    agents(&app);
    let (_, link) = logged(&app);
    let other = Server::start(app.config());
    let browser = crate::support::Browser::new(other.url());
    browser.open(&link).is(200).choose("It’s right").press("Send").is(200);
    other.stop(true);
}
