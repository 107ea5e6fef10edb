//! Guessing a password gets slow, for the one who guesses.

use super::{GOOD, sign_in, with_password};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::clock;
use overrule::schema::sign_in_tries as tries;

fn guess(app: &TestApp, address: &str) -> u16 {
    sign_in(&app.browser(), address, "wrong wrong wrong").answer.status
}

/// Lets every wait be over.
fn wait(app: &TestApp) {
    app.write(|conn| {
        diesel::update(tries::table).set(tries::wait_until.eq(clock::now())).execute(conn)?;
        Ok(())
    });
}

#[test]
fn after_five_failures_the_next_try_waits_whoever_the_address_belongs_to() {
    let app = TestApp::start();
    with_password(&app, "ada@example.com", "Ada");
    let mut said = Vec::new();
    for address in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(guess(&app, address), 422);
        }
        let page = sign_in(&app.browser(), address, GOOD).is(429).sees("Too many tries. Wait 1");
        let seconds: u64 = page.answer.header("retry-after").parse().unwrap();
        assert!((1..=15).contains(&seconds), "{seconds}");
        assert_eq!(page.value("E-mail address"), address);
        said.push(page.text().replace(address, "…").len());
    }
    assert!(said[0].abs_diff(said[1]) <= 1, "but for the seconds they are the same: {said:?}");
}

#[test]
fn nobody_is_locked_out_for_good() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    ada.open("/").press("Sign out");
    for _ in 0..5 {
        guess(&app, "ada@example.com");
    }
    let stranger = app.browser();
    sign_in(&stranger, "ada@example.com", GOOD).is(429).sees("A mailed link works at once");
    // The browser she used before has a count of its own.
    sign_in(&ada, "ada@example.com", GOOD).is(200).sees("Hello, Ada");
    // A link works.
    let page = stranger.open("/sign-in").fill("E-mail address", "ada@example.com");
    page.press("Mail me a link").is(200).is_at("/sign-in/sent");
    // And the wait ends.
    wait(&app);
    sign_in(&stranger, "ada@example.com", GOOD).is(200).sees("Hello, Ada");
    // What was right is forgotten in favour of the person.
    assert_eq!(guess(&app, "ada@example.com"), 422);
}

#[test]
fn waits_get_longer_and_many_at_once_count_as_many() {
    let app = TestApp::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(|| guess(&app, "a@example.com"))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let let_through = statuses.iter().filter(|status| **status == 422).count();
    assert_eq!(let_through, 5, "{statuses:?}");
    let mut longest = 0;
    for _ in 0..3 {
        wait(&app);
        guess(&app, "a@example.com");
        let page = sign_in(&app.browser(), "a@example.com", "wrong wrong wrong").is(429);
        let seconds: u64 = page.answer.header("retry-after").parse().unwrap();
        assert!(seconds > longest, "{seconds} after {longest}");
        longest = seconds;
    }
}

#[test]
fn a_device_cookie_of_somebody_else_or_made_up_counts_for_nothing() {
    let app = TestApp::start();
    with_password(&app, "ada@example.com", "Ada");
    let mallory = with_password(&app, "mallory@example.com", "Mallory");
    mallory.open("/").press("Sign out");
    for _ in 0..5 {
        guess(&app, "ada@example.com");
    }
    sign_in(&mallory, "ada@example.com", GOOD).is(429);
    let forger = app.browser();
    forger.set_cookie("overrule_device=bWFkZSB1cA");
    sign_in(&forger, "ada@example.com", GOOD).is(429);
}

#[test]
fn no_address_is_kept_for_failures() {
    let app = TestApp::start();
    guess(&app, "ada@example.com");
    let rows: Vec<overrule::db::Hash> =
        app.write(|conn| Ok(tries::table.select(tries::bucket).load(conn)?));
    let plain = overrule::db::Hash::of(&[b"tries", b"ada@example.com", b""]);
    assert!(rows.len() == 1 && rows[0] != plain);
}
