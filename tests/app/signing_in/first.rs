//! The first start: a link makes the first admin.

use crate::support::TestApp;
use diesel::prelude::*;
use overrule::schema::people;

/// The link that `serve` prints, if it prints one: its path.
fn printed(app: &TestApp) -> Option<String> {
    let mut server = app.serve();
    let url = server.listening();
    server.ask_to_stop();
    let (_, _, said) = server.end();
    let link = said.split_whitespace().find(|word| word.contains("/first/"))?.to_owned();
    Some(link.strip_prefix(&url).unwrap_or_else(|| panic!("{link} is not at {url}")).to_owned())
}

#[test]
fn the_first_start_prints_a_link_that_makes_the_first_admin_once() {
    let mut app = TestApp::start();
    app.stop();
    let link = printed(&app).expect("a link");
    app.restart();
    let root = app.browser();
    let page = root.open(&link).is(200).sees("Nobody can sign in yet");
    let page = page.press("Become the first admin").is(422).sees("Enter your name");
    let page = page.fill("Your name", "Root\r\nBcc: x").fill("E-mail address", "root@");
    let page = page.press("Become the first admin").is(422).sees("2 things to put right");
    let second = app.browser().open(&link);
    let page = page.fill("Your name", "Root").fill("E-mail address", "Root@example.com");
    page.press("Become the first admin").is(200).is_at("/").sees("Hello, Root");
    root.open("/admin/agents").is(200);

    // There is an admin now: not once more, and not for whoever had the page open.
    let late = second.fill("Your name", "Eve").fill("E-mail address", "eve@example.com");
    late.press("Become the first admin").is(410).sees("There is somebody who can sign in");
    app.browser().open(&link).is(410);
    let names: Vec<String> = app.write(|conn| Ok(people::table.select(people::name).load(conn)?));
    assert_eq!(names, ["Root"]);
    app.stop();
    assert_eq!(printed(&app), None);
}

#[test]
fn the_first_admin_gets_no_reports_that_others_made_in_their_name() {
    let mut app = TestApp::start();
    let line = serde_json::json!({"agent": "a", "input": "x", "output": "y",
        "feedback": [{"verdict": "rejected", "author": "boss@example.com"}]});
    app.file("lines.jsonl", &line.to_string());
    app.command(&["import", "lines.jsonl"]).ok();
    app.stop();
    let link = printed(&app).expect("a link");
    app.restart();
    let root = app.browser();
    let page = root.open(&link).fill("Your name", "Boss");
    let page = page.fill("E-mail address", "Boss@example.com");
    let page = page.press("Become the first admin").is(422).sees("was named in reports already");
    let page = page.fill("E-mail address", "root@example.com").press("Become the first admin");
    page.is(200).sees("Hello, Boss");
    root.open("/feedback").is(200).sees("Nothing reported yet");
    // They count as an admin who has signed in.
    app.person("ada@example.com", "Ada", &[]).signed_in();
    let path = crate::admin::page_of(&app, "ada@example.com");
    root.open(&path).choose("Admin").press("Save").is(200);
    root.open(&path).untick("Admin").press("Save").is(200).sees("Saved.");
}

#[test]
fn a_link_of_another_installation_or_made_up_makes_nobody_admin() {
    let (app, mut other) = (TestApp::start(), TestApp::start());
    other.stop();
    let theirs = printed(&other).expect("a link");
    let cut = &theirs[..theirs.len() - 1];
    for path in [&theirs, cut, "/first/", "/first/bWFkZSB1cA"] {
        app.browser().open(path).is(404);
        let eve = app.browser();
        let posted = eve.send(eve.request("POST", path).body("name=Eve&email=e%40x.io"));
        assert_eq!(posted.status, 404, "{path}");
    }
}

#[test]
fn where_somebody_can_sign_in_no_link_is_printed_and_whoever_was_named_is_nobody() {
    let mut app = TestApp::start();
    app.api(&[overrule::accounts::Scope::Admin])
        .log(&serde_json::json!({
            "agent": "a", "input": "x", "output": "y", "end_user": "claimed@example.com"
        }))
        .is(201);
    app.stop();
    assert!(printed(&app).is_some(), "being named by others is no way in");
    app.command(&["user", "add", "ada@example.com"]).ok();
    assert_eq!(printed(&app), None);
    app.restart();
}
