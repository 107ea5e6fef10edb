//! Signing in by the word of a proxy, which counts from listed addresses alone.

use super::{count_sessions, deactivate};
use crate::support::{Browser, TestApp};
use diesel::prelude::*;
use overrule::config::Config;
use overrule::schema::people;

const HEADER: &str = "x-auth-request-email";

fn behind(addresses: &[&str], change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::builder()
        .with(|config| {
            config.proxy.addresses = addresses.iter().map(|one| network(one)).collect();
            config.proxy.user_header = Some(HEADER.into());
            change(config);
        })
        .start()
}

fn network(text: &str) -> ipnet::IpNet {
    text.parse::<std::net::IpAddr>().map_or_else(|_| text.parse().unwrap(), Into::into)
}

/// What `/profile` answers when the proxy says so.
fn asks(browser: &Browser, words: &[&str]) -> (u16, String) {
    let mut request = browser.request("GET", "/profile");
    for word in words {
        request = request.header(HEADER, *word);
    }
    let answer = browser.send(request);
    (answer.status, answer.text)
}

#[test]
fn whoever_the_proxy_names_is_signed_in_without_a_session() {
    let app = behind(&["127.0.0.0/8"], |_| {});
    app.person("ada@example.com", "Ada", &["support"]);
    let (status, text) = asks(&app.browser(), &["Ada@Example.com"]);
    assert_eq!(status, 200);
    assert!(text.contains("ada@example.com") && text.contains("nothing to end here"), "{text}");
    assert!(!text.contains("New password"));
    assert_eq!(count_sessions(&app), 0);
    // Nobody named: the usual ways.
    assert_eq!(asks(&app.browser(), &[]).0, 303);
    // A form from another site is refused as ever.
    let ada = app.browser();
    let request = ada.request("POST", "/profile").header(HEADER, "ada@example.com");
    ada.send(request.header("sec-fetch-site", "cross-site").body("name=Eve")).is(403);
    let request = ada.request("POST", "/profile").header(HEADER, "ada@example.com");
    ada.send(request.header("sec-fetch-site", "same-origin").body("name=Ada+L")).is(303);
}

#[test]
fn the_same_word_from_anywhere_else_is_worth_nothing() {
    for addresses in [&["10.0.0.1", "::1"][..], &["127.0.0.2"][..]] {
        let app = behind(addresses, |_| {});
        app.person("ada@example.com", "Ada", &[]);
        assert_eq!(asks(&app.browser(), &["ada@example.com"]).0, 303, "{addresses:?}");
        let forged = app.browser();
        let request = forged.request("GET", "/profile").header("x-forwarded-for", addresses[0]);
        assert_eq!(forged.send(request.header(HEADER, "ada@example.com")).status, 303);
    }
    // Nor where no header is set at all.
    let app = TestApp::start();
    app.person("ada@example.com", "Ada", &[]);
    assert_eq!(asks(&app.browser(), &["ada@example.com"]).0, 303);
}

#[test]
fn whoever_is_unknown_deactivated_or_unclear_is_refused() {
    let app = behind(&["127.0.0.1"], |_| {});
    app.person("ada@example.com", "Ada", &[]);
    app.person("gone@example.com", "Gone", &[]);
    deactivate(&app, "gone@example.com");
    for words in [
        &["nobody@example.com"][..],
        &["gone@example.com"],
        &["ada"],
        &[""],
        &["ada@example.com, eve@example.com"],
        &["ada@example.com", "eve@example.com"],
    ] {
        let (status, text) = asks(&app.browser(), words);
        assert_eq!(status, 403, "{words:?}");
        assert!(!text.contains("ada@example.com"), "{words:?}");
    }
}

#[test]
fn the_proxys_word_goes_before_a_session() {
    let app = behind(&["127.0.0.1"], |_| {});
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    app.person("bea@example.com", "Bea", &[]);
    let (status, text) = asks(&ada, &["bea@example.com"]);
    assert_eq!(status, 200);
    assert!(text.contains("bea@example.com") && !text.contains("ada@example.com"));
}

#[test]
fn somebody_unknown_becomes_a_person_where_that_is_allowed() {
    let app = behind(&["127.0.0.1"], |config| config.proxy.create_people = true);
    for _ in 0..2 {
        assert_eq!(asks(&app.browser(), &["new@example.com"]).0, 200);
    }
    let rows: Vec<(Option<String>, bool)> = app
        .write(|conn| Ok(people::table.select((people::address, people::is_admin)).load(conn)?));
    assert_eq!(rows, [(Some("new@example.com".into()), false)]);
    deactivate(&app, "new@example.com");
    assert_eq!(asks(&app.browser(), &["new@example.com"]).0, 403);
}

#[test]
fn signing_out_leads_to_where_the_proxy_signs_out() {
    let app = behind(&["127.0.0.1"], |config| {
        config.proxy.sign_out_url = Some("/oauth2/sign_out".into());
    });
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    let answer = ada.send(ada.request("POST", "/sign-out")).is(303);
    assert_eq!(answer.header("location"), "/oauth2/sign_out");
}

#[test]
fn limits_count_the_address_behind_a_listed_proxy() {
    let ask = |app: &TestApp, from: &str| {
        let browser = app.browser();
        let request = browser.request("POST", "/sign-in").header("x-forwarded-for", from);
        browser.send(request.body("email=x")).status
    };
    let app = behind(&["127.0.0.1"], |config| config.limits.sign_ins_per_minute = 2);
    let statuses = ["198.51.100.1"; 3].map(|from| ask(&app, from));
    assert_eq!(statuses, [422, 422, 429]);
    assert_eq!(ask(&app, "198.51.100.2"), 422);
    assert_eq!(ask(&app, "203.0.113.9, 198.51.100.1"), 429, "the last hop counts");

    let app = TestApp::builder().with(|config| config.limits.sign_ins_per_minute = 2).start();
    let statuses = ["198.51.100.1", "198.51.100.2", "198.51.100.3"].map(|from| ask(&app, from));
    assert_eq!(statuses, [422, 422, 429], "nobody chooses their address by a header");
}
