//! From a wrong answer to the receipt, by a signed link on a phone.

use crate::support::{Look, TestApp, Window, has_browser};
use overrule::accounts::Scope;
use serde_json::json;
use thirtyfour::Key;

fn link(app: &TestApp) -> String {
    app.agent("helper", json!({"name": "Helper", "team": "support"}));
    let program = app.api(&[Scope::Ingest]);
    let logged = json!({"agent": "helper", "input": "How long may I return it?",
        "output": "You may return it within six weeks.", "confidence": 0.41,
        "sources": [{"title": "Terms", "url": "https://shop.example/terms"}]});
    program.log(&logged).is(201).at("/correct_url")
}

fn correction(app: &TestApp) -> String {
    let read = app.api(&[Scope::Read]).get("/api/v1/feedback?limit=1").is(200);
    read.at("/items/0/correction")
}

#[test]
fn an_end_user_corrects_an_answer_in_two_clicks_and_the_keys_that_differ() {
    if !has_browser() {
        return;
    }
    let app = TestApp::start();
    let window = Window::open(app.url(), Look::PHONE);
    window.go(&link(&app));
    assert!(window.text("main").contains("Not very sure, 41 %"), "{}", window.text("main"));
    assert!(!window.shows("#f-correction"), "what no choice needs is not there yet");
    window.click("label.choice-corrected");
    assert!(window.shows("#f-correction"));
    assert!(!window.shows("[name=urgency]"), "what this choice doesn't need stays away");
    window.type_into("#f-correction", Key::Backspace + " at most.");
    let shown = || window.text("[data-diff-output]").contains("at most");
    crate::support::eventually("the difference", || shown().then_some(()));
    // On a phone nothing may need sideways scrolling.
    let wide = window.script("return document.documentElement.scrollWidth");
    assert!(wide.as_u64().unwrap() <= 390, "{wide}");
    window.click("form.sheet button[type=submit]");
    window.arrives_at("/r/");
    assert!(window.text("h1").contains("Waiting for review"), "{}", window.text("h1"));
    assert_eq!(correction(&app), "You may return it within six weeks at most.");
}

#[test]
fn an_end_user_corrects_an_answer_without_javascript() {
    if !has_browser() {
        return;
    }
    let app = TestApp::start();
    let window = Window::open(app.url(), Look::PHONE.without_scripts());
    // Scrolling to what is clicked is a script of the driver's; keys need none.
    window.go(&link(&app));
    for part in ["#f-correction", "#f-category", "#f-comment", "[name=urgency]"] {
        assert!(window.shows(part), "{part}");
    }
    window.type_into("form.sheet button[type=submit]", Key::Enter);
    let text = window.text(".error-summary");
    assert!(text.contains("Choose what you think of the answer."), "{text}");
    window.type_into("[name=verdict][value=corrected]", Key::Space);
    window.type_into("#f-correction", Key::Backspace + ", unopened.");
    window.type_into("form.sheet button[type=submit]", Key::Enter);
    window.arrives_at("/r/");
    assert_eq!(correction(&app), "You may return it within six weeks, unopened.");
}

#[test]
fn the_form_is_three_tabs_away_and_needs_no_mouse() {
    if !has_browser() {
        return;
    }
    let app = TestApp::start();
    let window = Window::open(app.url(), Look::DESK);
    window.go(&link(&app));
    let focused = "return document.activeElement.name || ''";
    let tabs = (1..=3).find(|_| {
        window.press(Key::Tab);
        window.script(focused) == "verdict"
    });
    assert!(tabs.is_some(), "the choices are further away than three tabs");
    window.press(Key::Space); // "It's right"
    window.press(Key::Down); // "It's wrong, here is the right answer"
    window.press(Key::Tab);
    assert_eq!(window.script(focused), "correction");
    window.press(Key::Control + Key::End);
    window.press(" Unopened.");
    for _ in 0..12 {
        window.press(Key::Tab);
        if window.script("return document.activeElement.type") == "submit" {
            break;
        }
    }
    window.press(Key::Enter);
    window.arrives_at("/r/");
    assert_eq!(correction(&app), "You may return it within six weeks. Unopened.");
}

#[test]
fn what_was_typed_is_still_there_after_leaving_and_coming_back() {
    if !has_browser() {
        return;
    }
    let app = TestApp::start();
    let link = link(&app);
    let window = Window::open(app.url(), Look::PHONE);
    window.go(&link);
    window.click("label.choice-corrected");
    window.type_into("#f-correction", " Unopened.");
    window.go("/sign-in");
    window.go(&link);
    let value = window.script("return document.querySelector('#f-correction').value");
    assert_eq!(value, "You may return it within six weeks. Unopened.");
    window.click("form.sheet button[type=submit]");
    window.arrives_at("/r/");
    // It arrived, so the next visit starts from what was said, not from what was kept.
    window.go(&link);
    assert!(!window.text("form.sheet").contains("What you typed here before"));
}
