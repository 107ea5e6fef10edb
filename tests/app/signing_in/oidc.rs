//! Single sign-on at a real provider, without a window: who somebody becomes here, what their
//! groups give, and what was used, made up or of elsewhere.

use super::{count_sessions, deactivate};
use crate::support::{Answer, Browser, Page, Provider, TestApp, has_provider};
use diesel::prelude::*;
use overrule::config::Grant;
use overrule::schema::{identities, memberships, people, teams};

/// Signs in by `login` in this browser; what the page says that one comes back to.
fn sign_in(app: &TestApp, provider: &Provider, browser: &Browser, login: &str) -> Page {
    let back = back(app, provider, browser, login, "/");
    browser.open(&back)
}

/// The way to the provider and the address, as a path, that it sends the browser back to.
fn back(app: &TestApp, provider: &Provider, browser: &Browser, login: &str, next: &str) -> String {
    let start = start(browser, next).is(303);
    let back = provider.sign_in(start.header("location"), login);
    back.strip_prefix(app.url()).unwrap_or_else(|| panic!("{back} leads elsewhere")).to_owned()
}

fn start(browser: &Browser, next: &str) -> Answer {
    browser.send(browser.request("GET", &format!("/sign-in/oidc?next={next}")))
}

fn with_people(config: &mut overrule::config::Config) {
    config.oidc.create_people = true;
}

#[test]
fn somebody_who_was_added_signs_in_and_goes_on_to_where_they_wanted() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|_| {});
    let added = app.person("ada@example.com", "Ada", &["support"]);
    provider.account("ada-1", " Ada@Example.com ", true, &[]);
    let ada = app.browser();
    let way = ada.open("/sign-in?next=%2Freport").link("Sign in with Example Corp");
    assert_eq!(way, "/sign-in/oidc?next=%2Freport");
    let start = start(&ada, "%2Freport").is(303);
    let url = start.header("location").to_owned();
    for part in ["response_type=code", "code_challenge_method=S256", "nonce=", "state="] {
        assert!(url.contains(part), "{part} in {url}");
    }
    let cookie = start.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/sign-in/oidc", "Max-Age=600"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let back = provider.sign_in(&url, "ada-1");
    ada.open(back.strip_prefix(app.url()).unwrap()).is(200).is_at("/report");
    ada.open("/").sees("Hello, Ada");
    let page = ada.open("/profile").sees("by single sign-on").sees("Linked accounts");
    page.sees(provider.issuer());
    drop(added);
    // The same again: the account is known now, whatever its address is by then.
    provider.account("ada-1", "ada@elsewhere.example", true, &[]);
    let again = app.browser();
    sign_in(&app, &provider, &again, "ada-1").is(200).is_at("/").sees("Hello, Ada");
    assert_eq!(app.write(|conn| Ok(identities::table.count().get_result::<i64>(conn)?)), 1);
}

#[test]
fn somebody_unknown_becomes_a_person_only_where_that_is_allowed() {
    if !has_provider() {
        return;
    }
    let provider = Provider::with_full_tokens();
    provider.account("bea", "bea@example.com", true, &[]);
    let strict = provider.app(|_| {});
    let bea = strict.browser();
    sign_in(&strict, &provider, &bea, "bea").is(403).sees("You have not been added yet");
    let open = provider.app(with_people);
    let bea = open.browser();
    sign_in(&open, &provider, &bea, "bea").is(200).is_at("/").sees("Hello, Bea");
    let row: (Option<String>, bool, bool, bool) = open.write(|conn| {
        let verified = people::verified_at.is_not_null();
        let row = (people::address, people::is_admin, people::is_engineer, verified);
        Ok(people::table.select(row).first(conn)?)
    });
    assert_eq!(row, (Some("bea@example.com".into()), false, false, true));
}

#[test]
fn only_a_verified_address_leads_to_somebody_who_is_here_or_was_named() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(with_people);
    app.person("ada@example.com", "Ada", &[]);
    let api = app.api(&[overrule::accounts::Scope::Admin]);
    let line = serde_json::json!({"agent": "a", "input": "x", "output": "y",
        "end_user": "claimed@example.com"});
    api.log(&line).is(201);
    for address in ["ada@example.com", "claimed@example.com", "new@example.com"] {
        provider.account("eve", address, false, &[]);
        let eve = app.browser();
        let page = sign_in(&app, &provider, &eve, "eve").is(403);
        page.sees("Your e-mail address is not verified").sees("Verify it at Example Corp");
        eve.open("/").does_not_see("Hello");
    }
    provider.account("eve", "claimed@example.com", true, &[]);
    for fault in ["silent about verification", "no address", "address with a header"] {
        provider.fault(fault);
        sign_in(&app, &provider, &app.browser(), "eve").is(403).sees("e-mail address");
    }
    assert_eq!(count_sessions(&app), 0);
    // Verified, they become who was named, and keep what was said under that address.
    provider.fault("name with a header");
    let real = app.browser();
    sign_in(&app, &provider, &real, "eve").is(200).sees("Hello, Eve Bcc: eve@example.com");
    let names: Vec<String> = app.write(|conn| {
        let named = people::table.filter(people::address.eq("claimed@example.com"));
        Ok(named.select(people::name).load(conn)?)
    });
    assert_eq!(names, ["Eve Bcc: eve@example.com"]);
}

#[test]
fn addresses_are_trusted_unsaid_only_where_the_settings_say_so() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|config| config.oidc.trust_addresses = true);
    app.person("ada@example.com", "Ada", &[]);
    provider.account("ada", "ada@example.com", true, &[]);
    provider.fault("unverified");
    sign_in(&app, &provider, &app.browser(), "ada").is(403).sees("is not verified");
    provider.fault("silent about verification");
    sign_in(&app, &provider, &app.browser(), "ada").is(200).sees("Hello, Ada");
}

#[test]
fn an_address_that_passed_to_another_account_does_not_let_it_in_as_the_first() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(with_people);
    provider.account("ada", "ada@example.com", true, &[]);
    let ada = app.browser();
    sign_in(&app, &provider, &ada, "ada").is(200).sees("Hello, Ada");
    provider.account("another", "ada@example.com", true, &[]);
    let other = app.browser();
    let page = sign_in(&app, &provider, &other, "another").is(403);
    page.sees("Your address belongs to another account");
    ada.open("/profile").press("Unlink").is(200).sees("That account is unlinked");
    sign_in(&app, &provider, &other, "another").is(200).sees("Hello, Ada");
}

#[test]
fn who_was_deactivated_stays_out() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(with_people);
    provider.account("ada", "ada@example.com", true, &[]);
    sign_in(&app, &provider, &app.browser(), "ada").is(200);
    deactivate(&app, "ada@example.com");
    sign_in(&app, &provider, &app.browser(), "ada").is(403).sees("You can't sign in any more");
    app.write(|conn| Ok(diesel::delete(identities::table).execute(conn)?));
    sign_in(&app, &provider, &app.browser(), "ada").is(403).sees("You can't sign in any more");
}

fn team(slug: &str, is_champion: bool, is_manager: bool) -> Grant {
    Grant::Team { slug: slug.into(), is_champion, is_manager }
}

/// Team, champion, manager of everybody, in order.
fn members(app: &TestApp) -> Vec<(String, bool, bool)> {
    app.write(|conn| {
        let rows = memberships::table.inner_join(teams::table).order(teams::slug);
        Ok(rows
            .select((teams::slug, memberships::is_champion, memberships::is_manager))
            .load(conn)?)
    })
}

#[test]
fn groups_give_and_take_teams_and_roles_at_every_sign_in() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|config| {
        config.oidc.create_people = true;
        config.oidc.groups = vec![
            ("staff".into(), vec![team("support", false, false)]),
            ("leads".into(), vec![team("support", true, false), team("sales", false, true)]),
            ("ml".into(), vec![Grant::Engineer]),
        ];
    });
    provider.account("ada", "ada@example.com", true, &["staff", "leads", "ml", "unknown"]);
    let ada = app.browser();
    sign_in(&app, &provider, &ada, "ada").is(200).sees("Hello, Ada").sees("Ready to train on");
    let row = |slug: &str, champion, manager| (slug.to_owned(), champion, manager);
    assert_eq!(members(&app), [row("sales", false, true), row("support", true, false)]);
    // What was given by hand, and what no group speaks of, stays.
    app.command(&["user", "add", "ada@example.com", "--team", "support:manager", "--team", "x"])
        .ok();
    // A role by hand ends the sessions from before, and so will one that a group takes.
    ada.open("/report").is_at("/sign-in?next=%2Freport");
    sign_in(&app, &provider, &ada, "ada").is(200);
    let elsewhere = app.browser();
    sign_in(&app, &provider, &elsewhere, "ada").is(200);
    ada.open("/report").is_at("/report");

    provider.account("ada", "ada@example.com", true, &["staff"]);
    sign_in(&app, &provider, &elsewhere, "ada").is(200).does_not_see("Ready to train on");
    assert_eq!(members(&app), [row("support", false, true), row("x", false, false)]);
    // Roles changed, so sessions from before ended.
    ada.open("/report").is_at("/sign-in?next=%2Freport");
    elsewhere.open("/report").is_at("/report");

    provider.account("ada", "ada@example.com", true, &[]);
    sign_in(&app, &provider, &elsewhere, "ada").is(200);
    assert_eq!(members(&app), [row("x", false, false)]);
}

#[test]
fn groups_never_take_the_last_admin() {
    if !has_provider() {
        return;
    }
    let provider = Provider::with_full_tokens();
    let app = provider.app(|config| {
        config.oidc.create_people = true;
        config.oidc.groups = vec![("admins".into(), vec![Grant::Admin])];
    });
    let is_admin = |name: &'static str| {
        app.write(move |conn| {
            let one = people::table.filter(people::address.eq(name));
            Ok(one.select(people::is_admin).first::<bool>(conn)?)
        })
    };
    provider.account("ada", "ada@example.com", true, &["admins"]);
    sign_in(&app, &provider, &app.browser(), "ada").is(200);
    provider.account("ada", "ada@example.com", true, &[]);
    sign_in(&app, &provider, &app.browser(), "ada").is(200);
    assert!(is_admin("ada@example.com"), "there would be none");
    app.admin();
    sign_in(&app, &provider, &app.browser(), "ada").is(200);
    assert!(!is_admin("ada@example.com"));
}

#[test]
fn an_answer_counts_once_and_in_the_browser_that_asked() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(with_people);
    provider.account("ada", "ada@example.com", true, &[]);
    let ada = app.browser();
    let answer = start(&ada, "/").is(303);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let back = provider.sign_in(answer.header("location"), "ada");
    let back = back.strip_prefix(app.url()).unwrap();

    // Forced on somebody else, who never asked.
    let victim = app.browser();
    victim.open(back).is(400).sees("Please start again");
    // With another attempt of their own.
    start(&victim, "/").is(303);
    victim.open(back).is(400).sees("Please start again");
    assert_eq!(victim.open("/").answer.status, 200);
    for bad in ["", "?state=", "?code=x", "?state=x&code=y", "?state=x&state=y", "?error=x"] {
        let page = app.browser().open(&format!("/sign-in/oidc/back{bad}"));
        assert_eq!(page.answer.status, 400, "{bad}");
    }
    ada.open(back).is(200).is_at("/").sees("Hello, Ada");
    // Once more in the same browser, and by a thief of the cookie: the code was used.
    ada.open(back).is(400).sees("Please start again");
    let thief = app.browser();
    thief.set_cookie(&cookie);
    thief.open(back).is(502).sees("no answer from Example Corp that we could use");
    assert_eq!(count_sessions(&app), 1);
}

#[test]
fn an_attempt_of_another_installation_counts_for_nothing() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let (app, other) = (provider.app(with_people), provider.app(with_people));
    provider.account("ada", "ada@example.com", true, &[]);
    let ada = other.browser();
    let answer = start(&ada, "/").is(303);
    let back = provider.sign_in(answer.header("location"), "ada");
    let back = back.strip_prefix(other.url()).unwrap();
    let here = app.browser();
    here.set_cookie(answer.header("set-cookie").split(';').next().unwrap());
    here.open(back).is(400).sees("Please start again");
    assert_eq!(count_sessions(&app), 0);
}

#[test]
fn the_way_back_leads_to_no_other_site_and_names_its_issuer() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(with_people);
    provider.account("ada", "ada@example.com", true, &[]);
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let ada = app.browser();
        let back = back(&app, &provider, &ada, "ada", next);
        ada.open(&back).is(200).is_at("/").sees("Hello, Ada");
    }
    let ada = app.browser();
    let back = back(&app, &provider, &ada, "ada", "/");
    let (path, query) = back.split_once('?').unwrap();
    let rest: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("iss=")).collect();
    assert_ne!(rest.len(), query.split('&').count(), "the provider names itself: {query}");
    let mixed = format!("{path}?{}&iss=https%3A%2F%2Fevil.example", rest.join("&"));
    ada.open(&mixed).is(403).sees("We can't trust this answer");
}

#[test]
fn a_provider_that_fails_is_said_to_and_nothing_else_suffers() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    for fault in ["down", "error 500", "no JSON", "endless", "elsewhere", "slow"]
        .into_iter()
        .chain(["another issuer in the discovery", "keys inside"])
    {
        provider.fault(fault);
        let app = provider.app(with_people);
        let asked = std::time::Instant::now();
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| {
                let browser = app.browser();
                let request = browser.request("GET", "/sign-in/oidc");
                browser.send(request)
            });
            app.browser().open("/sign-in").is(200).sees("Sign in with Example Corp");
            let answer = slow.join().unwrap();
            assert_eq!(answer.status, 502, "{fault}");
            assert!(answer.text.contains("The way over there is closed"), "{fault}");
        });
        assert!(asked.elapsed() < std::time::Duration::from_secs(20), "{fault}");
    }
    // Once it is well again, it works without a restart.
    provider.fault("down");
    let app = provider.app(with_people);
    app.browser().open("/sign-in/oidc").is(502);
    provider.fault("");
    provider.account("ada", "ada@example.com", true, &[]);
    crate::support::eventually("the provider to be asked again", || {
        let browser = app.browser();
        (start(&browser, "/").status == 303).then_some(())
    });
    sign_in(&app, &provider, &app.browser(), "ada").is(200).sees("Hello, Ada");
}

#[test]
fn a_provider_inside_is_asked_only_where_the_settings_allow_it() {
    if !has_provider() {
        return;
    }
    let provider = Provider::start();
    let app = provider.app(|config| config.outgoing.allow.clear());
    app.browser().open("/sign-in/oidc").is(502).sees("The way over there is closed");
}

#[test]
fn without_a_provider_there_is_no_way_to_one() {
    let app = TestApp::start();
    app.browser().open("/sign-in").does_not_see("Sign in with");
    app.browser().open("/sign-in/oidc").is(404);
    app.browser().open("/sign-in/oidc/back?state=x&code=y").is(404);
}
