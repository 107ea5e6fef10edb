//! What people change of themselves, and how they read times.

use crate::support::{Browser, TestApp};
use serde_json::json;

/// The exact times on a page, as they are without JavaScript.
fn times(browser: &Browser, path: &str) -> Vec<String> {
    let html = browser.open(path).answer.text.clone();
    html.split("<time ")
        .skip(1)
        .filter_map(|part| {
            part.split_once("title=\"")?.1.split_once('"').map(|(t, _)| t.to_owned())
        })
        .collect()
}

#[test]
fn a_person_reads_times_in_the_zone_they_chose() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[overrule::accounts::Scope::Admin]);
    api.log(&json!({"agent": "helper", "input": "How?", "output": "So.",
        "occurred_at": "2026-07-01T22:30:00Z"}))
        .is(201);
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let bea = app.person("bea@example.com", "Bea", &["support"]).signed_in();
    let at = times(&ada, "/interactions");
    assert_eq!(at, ["1 Jul 2026, 22:30 UTC"]);

    let page = ada.open("/profile").fill("Time zone", "Europe/Vienna").press("Save");
    page.is(200).is_at("/profile?done=details").sees("Saved.");
    assert_eq!(ada.open("/profile").value("Time zone"), "Europe/Vienna");
    assert_eq!(times(&ada, "/interactions"), ["2 Jul 2026, 00:30 CEST"]);
    assert!(ada.open("/").answer.text.contains("data-time-zone=\"Europe/Vienna\""));
    assert_eq!(times(&bea, "/interactions"), ["1 Jul 2026, 22:30 UTC"]);

    ada.open("/profile").fill("Time zone", "").press("Save").is(200);
    assert_eq!(times(&ada, "/interactions"), ["1 Jul 2026, 22:30 UTC"]);
}

#[test]
fn a_name_is_one_line_and_a_time_zone_is_one_of_the_list() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    let page = ada.open("/profile").fill("Name", "Ada Lovelace").press("Save").is(200);
    assert_eq!(page.value("Name"), "Ada Lovelace");
    ada.open("/").sees("Hello, Ada Lovelace");
    for (label, wrong, said) in [
        ("Name", "", "Enter your name"),
        ("Name", "Ada\u{2028}Bcc: eve@example.com", "one line"),
        ("Name", "Ada \u{202e}evil", "one line"),
        ("Time zone", "Middle/Earth", "Choose one of the list"),
        ("Time zone", "../../etc/passwd", "Choose one of the list"),
    ] {
        let page = ada.open("/profile").fill(label, wrong).press("Save").is(422).sees(said);
        assert_eq!(page.value(label), wrong);
    }
    ada.open("/").sees("Hello, Ada Lovelace");
    let zones = ada.open("/profile").options("Time zone");
    assert!(zones.len() > 300 && zones.iter().any(|(zone, _)| zone == "America/New_York"));
}

#[test]
fn a_name_never_reaches_the_headers_of_a_mail() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &[]).signed_in();
    let posted = ada.send(ada.request("POST", "/profile").body("name=Ada%0D%0ABcc%3A+eve%40x.io"));
    assert_eq!(posted.status, 422);
    let wrong = app.command(&["user", "add", "bea@example.com", "--name", "Bea\nBcc: eve@x.io"]);
    wrong.fails_with(1).says("one line");
    for address in ["bea@example.com\r\nBcc: eve@x.io", "bea@example.com,eve@x.io", "<bea@x.io>"] {
        app.command(&["user", "add", address]).fails_with(1).says("an e-mail address");
    }
}

#[test]
fn the_profile_needs_somebody() {
    let app = TestApp::start();
    app.browser().open("/profile").is_at("/sign-in?next=%2Fprofile");
}
