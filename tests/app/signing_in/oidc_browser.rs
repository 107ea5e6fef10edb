//! Single sign-on at a real provider through a real browser: in, by groups, out again, and with
//! each wrong answer.

use super::count_sessions;
use crate::support::{Look, Provider, TestApp, Window, eventually, has_browser, has_provider};
use overrule::config::Grant;

/// Whether this test can run.
fn has_both() -> bool {
    has_browser() && has_provider()
}

/// Goes to the provider from the page to sign in, and signs in there by `login`.
fn sign_in(window: &Window, login: &str) {
    window.go("/sign-in");
    window.forget();
    window.go("/sign-in");
    window.click("a[href^='/sign-in/oidc']");
    window.type_into("input[name=login]", login);
    window.click("button[value=in]");
}

/// Waits for the page of ours that one comes back to; its heading.
fn heading(window: &Window, app: &TestApp) -> String {
    eventually("a page of ours", || {
        let here = window.script("return location.href");
        here.as_str().is_some_and(|here| here.starts_with(app.url())).then_some(())
    });
    window.text("main h1")
}

#[test]
fn a_person_signs_in_over_there_gets_what_their_groups_give_and_signs_out_of_both() {
    if !has_both() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|config| {
        config.oidc.create_people = true;
        let champion = Grant::Team { slug: "support".into(), is_champion: true, is_manager: false };
        config.oidc.groups = vec![("leads".into(), vec![champion])];
    });
    provider.account("ada", "ada@example.com", true, &["leads"]);
    for look in [Look::DESK, Look::PHONE] {
        let window = Window::open(app.url(), look);
        sign_in(&window, "ada");
        window.arrives_at("/");
        assert_eq!(heading(&window, &app), "Hello, Ada");
        window.go("/triage");
        assert!(window.shows("main h1"), "a champion has a queue");
        assert!(window.path().starts_with("/triage"), "{}", window.path());

        window.click("details.menu summary");
        window.click(".menu-panel form button");
        // Over there they are asked once more, and come back.
        window.click("button[name=logout][value=yes]");
        window.arrives_at("/sign-in");
        assert_eq!(count_sessions(&app), 0);
        window.click("a[href^='/sign-in/oidc']");
        assert!(window.shows("input[name=login]"), "signed out over there, too");
    }
}

#[test]
fn who_changes_their_mind_over_there_is_not_signed_in() {
    if !has_both() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|config| config.oidc.create_people = true);
    let window = Window::open(app.url(), Look::DESK);
    window.go("/sign-in");
    window.click("a[href^='/sign-in/oidc']");
    window.click("button[value=out]");
    assert_eq!(heading(&window, &app), "You were not signed in");
    assert_eq!(count_sessions(&app), 0);
}

#[test]
fn each_wrong_answer_of_the_provider_is_refused_in_words() {
    if !has_both() {
        return;
    }
    let untrusted = "We can't trust this answer";
    let closed = "The way over there is closed just now";
    let provider = Provider::start();
    let app = provider.app(|config| config.oidc.create_people = true);
    provider.account("ada", "ada@example.com", true, &[]);
    let window = Window::open(app.url(), Look::DESK);
    for (fault, wanted) in [
        ("wrong issuer", untrusted),
        ("wrong audience", untrusted),
        ("a second audience", untrusted),
        ("another party", untrusted),
        ("not yet", untrusted),
        ("nobody", untrusted),
        ("wrong nonce", untrusted),
        ("no nonce", untrusted),
        ("expired", untrusted),
        ("from the future", untrusted),
        ("another key", untrusted),
        ("algorithm none", untrusted),
        ("algorithm HS256", untrusted),
        ("changed claims", untrusted),
        ("cut", closed),
        ("no token", untrusted),
        ("somebody else's page", closed),
        ("unverified", "Your e-mail address is not verified"),
        ("no address", "We need your e-mail address"),
        ("address with a header", "We need your e-mail address"),
        ("down", closed),
        ("error 500", closed),
        ("no JSON", closed),
        ("endless", closed),
        ("elsewhere", closed),
        ("slow", closed),
    ] {
        provider.fault(fault);
        sign_in(&window, "ada");
        assert_eq!(heading(&window, &app), wanted, "{fault}");
        assert_eq!(count_sessions(&app), 0, "{fault}");
        window.go("/profile");
        assert!(window.path().starts_with("/sign-in"), "{fault}: {}", window.path());
    }
    // By a clock that is a minute off they are let in, and with keys that changed meanwhile.
    for fine in ["expired a minute ago", "a minute ahead", "", "rotated"] {
        provider.fault(fine);
        std::thread::sleep(std::time::Duration::from_secs(if fine == "rotated" { 6 } else { 0 }));
        sign_in(&window, "ada");
        assert_eq!(heading(&window, &app), "Hello, Ada", "{fine}");
    }
}

#[test]
fn a_token_place_inside_is_not_asked() {
    if !has_both() {
        return;
    }
    let provider = Provider::start();
    provider.fault("tokens inside");
    let app = provider.app(|config| config.oidc.create_people = true);
    provider.account("ada", "ada@example.com", true, &[]);
    let window = Window::open(app.url(), Look::DESK);
    sign_in(&window, "ada");
    assert_eq!(heading(&window, &app), "The way over there is closed just now");
}
