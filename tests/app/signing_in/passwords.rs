//! Passwords: set, used, changed, refused.

use super::{GOOD, age_sessions, count_sessions, deactivate, set_password, sign_in, with_password};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::schema::{audit_events, passwords};

#[test]
fn a_person_sets_a_password_and_signs_in_by_it() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let mail = app.mailbox().nth(1, "ada@example.com");
    assert_eq!(mail.subject, "Your password for Overrule was set");
    ada.open("/profile").sees("by password");

    // Where they wanted to go, in any spelling of the address.
    let page = app.browser().open("/sign-in?next=%2Freport");
    let page = page.fill("E-mail address", " ADA@Example.com ").fill("Password", GOOD);
    page.press("Sign in").is(200).is_at("/report");

    let kept: Vec<String> =
        app.write(|conn| Ok(passwords::table.select(passwords::hash).load(conn)?));
    assert_eq!(kept.len(), 1);
    assert!(kept[0].starts_with("$argon2id$") && !kept[0].contains(GOOD), "{kept:?}");
    let told: Vec<String> = app.write(|conn| {
        let detail = audit_events::table.filter(audit_events::action.eq("password.set"));
        Ok(detail.select(audit_events::actor_kind).load(conn)?)
    });
    assert_eq!(told, ["person"]);
}

#[test]
fn a_wrong_password_an_unknown_address_and_one_without_a_password_look_the_same() {
    let app = TestApp::start();
    with_password(&app, "ada@example.com", "Ada");
    app.person("bea@example.com", "Bea", &[]);
    with_password(&app, "gone@example.com", "Gone");
    deactivate(&app, "gone@example.com");
    let mut said = Vec::new();
    for (address, password) in [
        ("ada@example.com", "tea kettle sings at one"),
        ("nobody@example.com", GOOD),
        ("bea@example.com", GOOD),
        ("gone@example.com", GOOD),
    ] {
        let browser = app.browser();
        let page = sign_in(&browser, address, password).is(422);
        assert_eq!(page.value("E-mail address"), address);
        assert_eq!(page.value("Password"), "", "a password never comes back");
        said.push(page.text().replace(address, "…"));
        assert_eq!(browser.cookies(), "");
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("not the address and the password of anybody here"), "{said:?}");
}

#[test]
fn it_takes_as_long_for_an_address_that_nobody_has() {
    let app = TestApp::start();
    with_password(&app, "ada@example.com", "Ada");
    let once = |address: &str| {
        let start = std::time::Instant::now();
        sign_in(&app.browser(), address, "wrong wrong wrong").is(422);
        let took = start.elapsed().as_secs_f64();
        // Or the wait after failures would be measured.
        app.write(|conn| {
            diesel::delete(overrule::schema::sign_in_tries::table).execute(conn)?;
            Ok(())
        });
        took
    };
    // The quickest of each, taken in turn: what else the machine does slows down both.
    let (mut known, mut unknown) = (f64::MAX, f64::MAX);
    for _ in 0..12 {
        known = known.min(once("ada@example.com"));
        unknown = unknown.min(once("nobody@example.com"));
    }
    assert!(unknown > known * 0.6 && known > unknown * 0.6, "{known} s against {unknown} s");
}

#[test]
fn a_weak_password_is_refused_with_its_strength_and_advice() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    for (weak, said) in [
        ("short", "at least 10 characters"),
        ("password123", "would be guessed soon"),
        ("ada@example.com", "would be guessed soon"),
    ] {
        let page = set_password(&ada, weak).is(422).sees(said);
        assert_eq!(page.value("New password"), "");
        page.sees("It was").sees("weak");
    }
    let page = set_password(&ada, &"long ".repeat(50)).is(422);
    page.sees("at most 200 characters");
    set_password(&ada, "").is(422).sees("at least 10 characters");
    assert_eq!(app.write(|conn| Ok(passwords::table.count().get_result::<i64>(conn)?)), 0);
}

#[test]
fn the_strength_is_told_while_it_is_typed() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    let ask = |body: &'static str| {
        let request = ada.request("POST", "/profile/password/strength");
        ada.send(request.header("sec-fetch-site", "same-origin").body(body)).is(200).json()
    };
    let weak = ask("new_password=password123");
    assert_eq!(weak["word"], "very weak", "{weak}");
    assert!(weak["advice"].as_array().is_some_and(|advice| !advice.is_empty()), "{weak}");
    assert_eq!(ask("new_password=tea+kettle+sings+at+noon")["word"], "strong");
}

#[test]
fn changing_it_takes_the_old_one_and_ends_every_other_session() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let elsewhere = app.browser();
    sign_in(&elsewhere, "ada@example.com", GOOD).is(200);
    let new = "seven grey herons wade";
    let form = || ada.open("/profile").fill("New password", new);
    form().press("Change the password").is(422).sees("Enter the password you have");
    let wrong = form().fill("Current password", "something else");
    wrong.press("Change the password").is(422).sees("This is not your password");
    assert_eq!(count_sessions(&app), 2);
    elsewhere.open("/feedback").is_at("/feedback");

    form()
        .fill("Current password", GOOD)
        .press("Change the password")
        .is(200)
        .is_at("/profile?done=password");
    elsewhere.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    ada.open("/feedback").is_at("/feedback");
    sign_in(&app.browser(), "ada@example.com", GOOD).is(422);
    sign_in(&app.browser(), "ada@example.com", new).is(200).sees("Hello, Ada");
}

#[test]
fn whoever_forgot_it_sets_another_after_a_mailed_link() {
    let app = TestApp::start();
    with_password(&app, "ada@example.com", "Ada");
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    let page = ada.open("/profile").fill("New password", "seven grey herons wade");
    page.press("Change the password").is(200).sees("Your password is set");
    // Later the old one is asked for.
    age_sessions(&app, 20);
    ada.open("/profile").sees("Current password");
}

#[test]
fn a_session_that_lay_about_cant_set_a_first_password() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    age_sessions(&app, 20);
    let page = ada.open("/profile").sees("sign in by a new link").does_not_see("New password");
    page.press("Mail me a link").is(200).is_at("/sign-in/sent?next=%2Fprofile");
    let body = "new_password=tea+kettle+sings+at+noon";
    let posted = ada.send(ada.request("POST", "/profile/password").body(body));
    assert_eq!(posted.status, 422);
    assert_eq!(app.write(|conn| Ok(passwords::table.count().get_result::<i64>(conn)?)), 0);
}

#[test]
fn where_passwords_are_off_there_is_none() {
    let app = TestApp::builder().with(|config| config.sign_in.password = false).start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    ada.open("/profile").does_not_see("New password");
    ada.send(ada.request("POST", "/profile/password").body("new_password=x")).is(403);
    app.browser().open("/sign-in").does_not_see("Password").sees("Mail me a link");
    let off = app.browser();
    let body = "email=ada%40example.com&password=x&way=password";
    assert_eq!(
        off.send(off.request("POST", "/sign-in").body(body)).header("location"),
        "/sign-in/sent"
    );

    let app = TestApp::builder().with(|config| config.sign_in.mail = false).start();
    app.person("ada@example.com", "Ada", &[]);
    app.browser().open("/sign-in").does_not_see("Mail me a link");
    let off = app.browser();
    off.send(off.request("POST", "/sign-in").body("email=ada%40example.com")).is(403);
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn sixteen_who_sign_in_at_once_hold_up_no_page() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let done = std::sync::atomic::AtomicUsize::new(0);
    let slowest = std::thread::scope(|scope| {
        for n in 0..16 {
            let (app, done) = (&app, &done);
            scope.spawn(move || {
                for round in 0..3 {
                    let address = format!("nobody{n}-{round}@example.com");
                    sign_in(&app.browser(), &address, "wrong wrong wrong").is(422);
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        let mut took = Vec::new();
        while done.load(std::sync::atomic::Ordering::SeqCst) < 16 {
            let start = std::time::Instant::now();
            ada.open("/report").is(200);
            took.push(start.elapsed());
        }
        took.sort();
        eprintln!(
            "{} pages, median {:?}, slowest {:?}",
            took.len(),
            took[took.len() / 2],
            took.last()
        );
        took[took.len() / 2]
    });
    // A page takes milliseconds, and seconds where each sign-in would have to be waited for.
    assert!(slowest < std::time::Duration::from_millis(500), "{slowest:?}");
}
