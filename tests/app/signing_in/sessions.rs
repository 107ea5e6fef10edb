//! Sessions: how long they last, what their person sees of them, how they end.

use super::{GOOD, age_sessions, count_sessions, sign_in, with_password};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::schema::sessions as rows;

#[test]
fn a_session_that_lies_idle_ends_and_one_that_is_used_goes_on() {
    let mut app = TestApp::builder().with(|config| config.sign_in.idle_hours = 2).start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    age_sessions(&app, 119);
    ada.open("/feedback").is_at("/feedback");
    // What was used is written down by a job, at the latest when the server stops.
    app.stop();
    app.restart();
    let seen = app.write(|conn| {
        Ok(rows::table.select(rows::last_seen_at).first::<overrule::db::Instant>(conn)?)
    });
    assert!(seen > overrule::clock::now().plus_minutes(-2), "{seen}");
    age_sessions(&app, 121);
    let again = app.browser();
    again.set_cookie(&ada.cookies());
    again.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
}

#[test]
fn a_page_writes_nothing_to_keep_a_session_alive() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    age_sessions(&app, 60);
    let seen = |app: &TestApp| {
        app.write(|conn| {
            Ok(rows::table.select(rows::last_seen_at).first::<overrule::db::Instant>(conn)?)
        })
    };
    let before = seen(&app);
    for _ in 0..5 {
        ada.open("/feedback").is_at("/feedback");
    }
    assert_eq!(seen(&app), before);
}

#[test]
fn the_profile_lists_where_one_is_signed_in() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    with_password(&app, "bea@example.com", "Bea");
    let phone = app.browser();
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1";
    let link = app.person("ada@example.com", "Ada", &[]).path();
    phone.send(phone.request("POST", &link).header("user-agent", agent).body("")).is(303);
    let page = ada.open("/profile").is(200).sees("This browser, now").sees("Safari on an iPhone");
    page.sees("by password").sees("by a link").sees("127.0.0.1");
    let listed = ada.open("/profile").elements("table tbody tr");
    assert_eq!(listed.len(), 2, "Bea's is not among them: {listed:?}");

    ada.open("/profile")
        .press("Sign out Safari on an iPhone")
        .is(200)
        .sees("That browser is signed out");
    phone.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    ada.open("/feedback").is_at("/feedback");
}

#[test]
fn one_signs_out_everywhere_else_or_everywhere() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let bea = with_password(&app, "bea@example.com", "Bea");
    let others = [app.browser(), app.browser()];
    for other in &others {
        sign_in(other, "ada@example.com", GOOD).is(200);
    }
    ada.open("/profile").press("Sign out every other browser").is(200).sees("Every other browser");
    for other in &others {
        other.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    }
    ada.open("/profile").press("Sign out everywhere").is(200).is_at("/sign-in");
    ada.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    bea.open("/feedback").is_at("/feedback");
    assert_eq!(count_sessions(&app), 1);
}

#[test]
fn nobody_ends_a_session_of_somebody_else() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let bea = with_password(&app, "bea@example.com", "Bea");
    let (_, cookie) = ada
        .cookies()
        .split_once("overrule_session=")
        .map(|(a, b)| (a.to_owned(), b.split(';').next().unwrap().to_owned()))
        .unwrap();
    let name = format!("{:?}", overrule::web::token::hash(&cookie));
    let end =
        |body: String| bea.send(bea.request("POST", "/profile/sessions/end").body(body)).status;
    assert_eq!(end(format!("session={name}")), 303);
    ada.open("/feedback").is_at("/feedback");
    for bad in ["", "zz", "00", &"0".repeat(63)] {
        assert_eq!(end(format!("session={bad}")), 404, "{bad}");
    }
    assert_eq!(end(format!("session={}", "0".repeat(64))), 303);
}

#[test]
fn signing_in_anew_gives_another_session_and_ends_the_one_before() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    let before = ada.cookies();
    ada.send(
        ada.request("POST", "/sign-in")
            .body("email=ada%40example.com&password=tea+kettle+sings+at+noon&way=password"),
    )
    .is(303);
    let after = ada.cookies();
    assert_ne!(before, after);
    let thief = app.browser();
    thief.set_cookie(before.split("; ").find(|c| c.starts_with("overrule_session")).unwrap());
    thief.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    ada.open("/feedback").is_at("/feedback");
}

#[test]
fn a_session_fixed_by_somebody_else_is_worth_nothing() {
    let app = TestApp::start();
    app.person("ada@example.com", "Ada", &[]);
    let victim = app.browser();
    victim.set_cookie("overrule_session=chosen-by-somebody-else");
    let link = app.person("ada@example.com", "Ada", &[]).path();
    victim.open(&link).press("Sign in as Ada").is(200);
    let thief = app.browser();
    thief.set_cookie("overrule_session=chosen-by-somebody-else");
    thief.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
}

#[test]
fn a_changed_role_ends_the_sessions_of_the_person() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    app.command(&["user", "add", "ada@example.com", "--team", "sales"]).ok();
    ada.open("/feedback").is_at("/feedback");
    app.command(&["user", "add", "ada@example.com", "--role", "engineer"]).ok();
    ada.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
}

#[test]
fn forms_from_another_site_change_nothing() {
    let app = TestApp::start();
    let ada = with_password(&app, "ada@example.com", "Ada");
    for (path, body) in [
        ("/profile", "name=Eve"),
        ("/profile/password", "new_password=tea+kettle+sings+at+noon"),
        ("/profile/sessions/end-all", ""),
        ("/profile/sessions/end-others", ""),
        ("/sign-out", ""),
        ("/sign-in", "email=eve%40example.com&password=x&way=password"),
    ] {
        for (header, value) in
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]
        {
            let request = ada.request("POST", path).header(header, value).body(body);
            ada.send(request).is(403);
        }
    }
    ada.open("/profile").is(200).is_at("/profile").does_not_see("Eve");
}
