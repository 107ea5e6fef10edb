//! Signing in and out, by links that work once; people, teams and keys by command.

use crate::support::{Browser, Sink, TestApp, eventually};
use diesel::prelude::*;
use overrule::clock;
use overrule::config::Secret;
use overrule::db::{Hash, Instant};
use overrule::schema::{api_keys, audit_events, outbox, people, sessions, sign_in_links};
use overrule::web::token;

fn ask_for_link(browser: &Browser, address: &str) {
    let page = browser.open("/sign-in").fill("E-mail address", address).press("Mail me a link");
    page.is(200).is_at("/sign-in/sent").sees("a mail with a link is on its way");
}

fn path(app: &TestApp, link: &str) -> String {
    link.strip_prefix(app.url()).unwrap_or_else(|| panic!("elsewhere: {link}")).to_owned()
}

/// Lets every sign-in link and session run out.
fn let_time_pass(app: &TestApp) {
    app.write(|conn| {
        let past = clock::now().plus_minutes(-1);
        diesel::update(sign_in_links::table)
            .set(sign_in_links::expires_at.eq(past))
            .execute(conn)?;
        diesel::update(sessions::table).set(sessions::expires_at.eq(past)).execute(conn)?;
        Ok(())
    });
}

#[test]
fn a_mailed_link_signs_in_once() {
    let app = TestApp::start();
    app.person("ada@example.com", "Ada", &["support"]);
    let ada = app.browser();
    ask_for_link(&ada, " Ada@Example.com ");
    let mail = app.mailbox().nth(1, "ada@example.com");
    assert_eq!(mail.subject, "Your link to sign in to Overrule");
    assert!(mail.text.contains("Hello Ada") && mail.text.contains("30 minutes"), "{}", mail.text);
    let link = path(&app, &mail.link());
    assert!(mail.html.contains(&link), "{}", mail.html);

    // Mail scanners open links: only the button uses one.
    app.browser().open(&link).is(200).sees("Sign in as Ada");
    let waiting = app.browser().open(&link).is(200);
    ada.open(&link).press("Sign in as Ada").is(200).is_at("/").sees("Hello, Ada");

    waiting.press("Sign in as Ada").is(410).sees("This link was used already");
    app.browser().open(&link).is(410).sees("Ask for a new link");
}

#[test]
fn signing_in_leads_on_to_where_one_wanted_to_go() {
    let app = TestApp::start();
    app.person("ada@example.com", "Ada", &["support"]);
    let ada = app.browser();
    let form = ada.open("/feedback?cursor=").is_at("/sign-in?next=%2Ffeedback%3Fcursor%3D");
    form.fill("E-mail address", "ada@example.com").press("Mail me a link").is(200);
    let link = path(&app, &app.mailbox().nth(1, "ada@example.com").link());
    assert!(link.ends_with("?next=%2Ffeedback%3Fcursor%3D"), "{link}");
    let there = ada.open(&link).press("Sign in as Ada");
    assert!(there.path.starts_with("/feedback"), "{}", there.path);
    ada.open("/sign-in?next=%2Ffeedback").is_at("/feedback");
}

#[test]
fn a_link_never_leads_to_another_site() {
    let app = TestApp::start();
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"] {
        let link = app.person("ada@example.com", "Ada", &[]).path();
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        app.browser().open(&format!("{link}?{query}")).press("Sign in as Ada").is_at("/");
        let ada = app.browser();
        let body = query.clone();
        let link = app.person("ada@example.com", "Ada", &[]).path();
        let posted = ada.send(ada.request("POST", &link).body(body));
        assert_eq!((posted.status, posted.header("location")), (303, "/"), "{next}");
    }
}

#[test]
fn a_link_that_is_old_or_broken_says_so_and_offers_a_new_one() {
    let app = TestApp::start();
    let link = app.person("ada@example.com", "Ada", &[]).path();
    let page = app.browser().open(&link);
    let_time_pass(&app);
    page.press("Sign in as Ada").is(410).sees("This link is too old");
    app.browser().open(&link).is(410).sees("This link is too old").link("Ask for a new link");
    let cut = &link[..link.len() - 3];
    app.browser().open(cut).is(404).sees("We don't know this link").link("Ask for a new link");
    app.browser().open("/sign-in/%F0%9F%8D%B5").is(404).sees("We don't know this link");
}

#[test]
fn nobody_learns_whose_address_is_known() {
    let app = TestApp::start();
    app.person("ada@example.com", "Ada", &[]);
    // Named by others, but never let in.
    let api = app.api(&[overrule::accounts::Scope::Admin]);
    api.log(&serde_json::json!({
        "agent": "a", "input": "x", "output": "y", "end_user": "claimed@example.com"
    }))
    .is(201);
    let texts = ["nobody@example.com", "claimed@example.com", "ada@example.com"].map(|address| {
        let page = app.browser().open("/sign-in").fill("E-mail address", address);
        page.press("Mail me a link").is(200).text().to_owned()
    });
    assert_eq!(texts[0], texts[2]);
    assert_eq!(texts[1], texts[2]);
    app.mailbox().nth(1, "ada@example.com");
    assert_eq!(app.mailbox().all().len(), 1, "only who may sign in gets a mail");
}

#[test]
fn an_address_that_is_none_comes_back_with_what_was_typed() {
    let app = TestApp::start();
    for wrong in ["", "ada", "ada@", "a@x.io, b@x.io", "ada@example.com\u{0}"] {
        let form = app.browser().open("/sign-in?next=%2Freport").fill("E-mail address", wrong);
        let page = form.press("Mail me a link");
        if wrong.contains('\0') {
            page.is(400).sees("UTF-8 text without NUL");
            continue;
        }
        let page = page.is(422).sees("One thing to put right");
        assert_eq!(page.value("E-mail address"), wrong);
        assert_eq!(page.hidden("next"), "/report");
    }
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn an_inbox_cant_be_filled_with_links() {
    let app = TestApp::start();
    let added = app.person("ada@example.com", "Ada", &[]);
    for _ in 0..6 {
        ask_for_link(&app.browser(), "ada@example.com");
    }
    // The link of `person` is one of the five that may be open.
    app.mailbox().nth(4, "ada@example.com");
    app.browser().open(&added.path()).press("Sign in as Ada").is(200);
    ask_for_link(&app.browser(), "ada@example.com");
    app.mailbox().nth(5, "ada@example.com");
    assert_eq!(app.mailbox().all().len(), 5);
}

#[test]
fn a_mail_goes_by_smtp_and_is_sent_again_when_it_was_refused() {
    let sink = Sink::start();
    let url = Secret(sink.url().to_owned());
    let app = TestApp::builder()
        .with(|config| {
            config.mail.smtp_url = Some(url);
            config.mail.from = "Overrule <overrule@example.org>".into();
            config.server.public_url = Some("https://overrule.example.org".into());
        })
        .start();
    app.person("ada@example.com", "Ada", &[]);
    sink.refuse(true);
    ask_for_link(&app.browser(), "ada@example.com");
    eventually("a refusal", || (sink.refused() > 0).then_some(()));
    let error = eventually("the reason in the outbox", || {
        app.write(|conn| {
            Ok(outbox::table.select(outbox::last_error).first::<Option<String>>(conn)?)
        })
    });
    assert!(error.contains("come back later"), "{error}");
    assert!(sink.talks().is_empty());

    sink.refuse(false);
    app.write(|conn| {
        diesel::update(outbox::table).set(outbox::next_try_at.eq(clock::now())).execute(conn)?;
        Ok(())
    });
    let (talk, letter) = sink.nth(1);
    assert_eq!(
        (talk.from.as_str(), letter.from.as_str()),
        ("overrule@example.org", "overrule@example.org")
    );
    assert_eq!(talk.to, ["ada@example.com"]);
    assert_eq!(letter.subject, "Your link to sign in to Overrule");
    assert!(letter.link().starts_with("https://overrule.example.org/sign-in/"));
    assert!(letter.message_id.ends_with("@example.org"), "{}", letter.message_id);
    assert!(app.mailbox().all().is_empty(), "it went by SMTP alone");
    let forgotten = eventually("the delivery to be noted", || {
        let row = app.write(|conn| {
            let row = outbox::table.select((outbox::delivered_at, outbox::body_text));
            Ok(row.first::<(Option<Instant>, String)>(conn)?)
        });
        row.0.map(|_| row.1)
    });
    assert_eq!(forgotten, "", "a mail that left is not kept: it holds a link");
}

#[test]
fn who_asks_too_often_is_asked_to_wait() {
    let app = TestApp::builder().with(|config| config.limits.sign_ins_per_minute = 2).start();
    let link = app.person("ada@example.com", "Ada", &[]).path();
    let form = || app.browser().open("/sign-in").fill("E-mail address", "no address");
    form().press("Mail me a link").is(422);
    form().press("Mail me a link").is(422);
    let page = form().press("Mail me a link").is(429).sees("A little too fast");
    let wait: u64 = page.answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let page = app.browser().open(&link).is(200);
    page.press("Sign in as Ada").is(429).sees("Nothing was lost");
}

#[test]
fn of_a_session_only_the_hash_is_stored() {
    let app = TestApp::start();
    let link = app.person("ada@example.com", "Ada", &[]).path();
    let ada = app.browser();
    let signed_in = ada.send(ada.request("POST", &link).body("next=")).is(303);
    let cookie = signed_in.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http here: {cookie}");
    let session = ada.cookies().strip_prefix("overrule_session=").unwrap().to_owned();
    let link = link.rsplit('/').next().unwrap().to_owned();
    let (sessions, links) = app.write(|conn| {
        let sessions: Vec<Hash> = sessions::table.select(sessions::token_hash).load(conn)?;
        let links: Vec<Hash> = sign_in_links::table.select(sign_in_links::token_hash).load(conn)?;
        Ok((sessions, links))
    });
    assert_eq!(sessions, [token::hash(&session)]);
    assert_eq!(links, [token::hash(&link)]);
    // Nowhere else either, as far as files can tell.
    for file in std::fs::read_dir(app.folder()).unwrap().map(|file| file.unwrap().path()) {
        if file.is_file() {
            let bytes = std::fs::read(&file).unwrap();
            for secret in [&session, &link] {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "a token is in {}", file.display());
            }
        }
    }
}

#[test]
fn cookies_travel_by_https_only_where_the_site_has_it() {
    let app = TestApp::builder()
        .with(|config| config.server.public_url = Some("https://overrule.example.org".into()))
        .start();
    let link = app.person("ada@example.com", "Ada", &[]).path();
    let ada = app.browser();
    let signed_in = ada.send(ada.request("POST", &link).body("next=")).is(303);
    assert!(signed_in.header("set-cookie").contains("Secure"));
}

#[test]
fn signing_out_ends_the_session_for_good() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let cookies = ada.cookies();
    ada.open("/").press("Sign out").is(200).is_at("/sign-in");
    assert_eq!(ada.cookies(), "");
    let thief = app.browser();
    thief.set_cookie(&cookies);
    thief.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    assert_eq!(app.write(|conn| Ok(sessions::table.count().get_result::<i64>(conn)?)), 0);
    // Once more does no harm.
    app.browser().open("/sign-in").is(200);
    let again = ada.send(ada.request("POST", "/sign-out")).is(303);
    assert_eq!(again.header("location"), "/sign-in");
}

#[test]
fn a_session_runs_out() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    ada.open("/feedback").is(200).is_at("/feedback");
    let_time_pass(&app);
    ada.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    ada.open("/").does_not_see("Hello, Ada");
}

#[test]
fn another_person_on_the_same_browser_ends_the_first_ones_session() {
    let app = TestApp::start();
    let browser = app.person("ada@example.com", "Ada", &[]).signed_in();
    let bea = app.person("bea@example.com", "Bea", &[]).path();
    let page = browser.open(&bea).sees("This browser is signed in as Ada; that session ends.");
    page.press("Sign in as Bea").sees("Hello, Bea");
    assert_eq!(app.write(|conn| Ok(sessions::table.count().get_result::<i64>(conn)?)), 1);
}

#[test]
fn who_was_deactivated_is_out_at_once() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let link = app.person("ada@example.com", "Ada", &[]).path();
    app.write(|conn| {
        let now = Some(clock::now());
        diesel::update(people::table).set(people::deactivated_at.eq(now)).execute(conn)?;
        Ok(())
    });
    ada.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    app.browser().open(&link).is(404).sees("We don't know this link");
    ask_for_link(&app.browser(), "ada@example.com");
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn a_person_is_added_by_command_and_gets_teams_and_roles() {
    let app = TestApp::start();
    let added = app.command(&[
        "user",
        "add",
        "Ada@Example.com",
        "--name",
        "Ada L.",
        "--role",
        "engineer",
        "--team",
        "support:champion",
        "--team",
        "sales:manager",
        "--team",
        "sales",
    ]);
    let link = added.ok().says("Ada L. can sign in, once").line().to_owned();
    let path = link.split_once("/sign-in/").unwrap().1.to_owned();
    let ada = app.browser();
    let home = ada.open(&format!("/sign-in/{path}")).press("Sign in as Ada L.").is(200);
    home.sees("Hello, Ada L.").sees("What waits for you").sees("Ready to train on");

    // Once more: the name changes, roles stay, the new one is added.
    let again =
        app.command(&["user", "add", "ada@example.com", "--name", "Ada", "--role", "admin"]);
    let again = again.ok().line().to_owned();
    assert_ne!(again, link);
    // Who has another role signs in anew.
    ada.open("/feedback").is_at("/sign-in?next=%2Ffeedback");
    let path = again.split_once("/sign-in/").unwrap().1;
    ada.open(&format!("/sign-in/{path}")).press("Sign in as Ada").is(200);
    ada.open("/").sees("Hello, Ada").sees("This installation").sees("Ready to train on");
    assert_eq!(app.write(|conn| Ok(people::table.count().get_result::<i64>(conn)?)), 1);
    let actions: Vec<String> = app.write(|conn| {
        Ok(audit_events::table.select(audit_events::action).order(audit_events::id).load(conn)?)
    });
    let wanted = ["person.add", "session.start", "session.end", "person.add", "session.start"];
    assert_eq!(actions[..2], ["team.create", "team.create"]);
    assert_eq!(actions[2..], wanted);
}

#[test]
fn a_command_says_what_is_wrong_with_a_person() {
    let app = TestApp::start();
    app.command(&["user", "add", "nobody"]).fails_with(1).says("an e-mail address");
    app.command(&["user", "add", "a@x.io", "--team", "Big Team"]).fails_with(1).says("not a slug");
    app.command(&["user", "add", "a@x.io", "--team", "t:boss"]).fails_with(2).says("champion");
    app.command(&["user", "add", "a@x.io", "--role", "king"]).fails_with(2).says("engineer");
    assert_eq!(app.write(|conn| Ok(people::table.count().get_result::<i64>(conn)?)), 0);
}

#[test]
fn a_key_is_printed_once_and_only_its_hash_is_stored() {
    let app = TestApp::start();
    let made = app.command(&["key", "create", "The program", "--scope", "ingest,read"]).ok();
    let key = made.line().to_owned();
    assert!(key.starts_with("ovr_") && key.len() > 40, "{key}");
    let rows: Vec<(String, Hash, String)> = app.write(|conn| {
        let row = api_keys::table.select((api_keys::name, api_keys::token_hash, api_keys::scopes));
        Ok(row.load(conn)?)
    });
    assert_eq!(rows, [("The program".into(), token::hash(&key), "ingest read".into())]);
    let wrong = app.command(&["key", "create", "k", "--scope", "everything"]).fails_with(2);
    assert!(wrong.says("ingest").stdout.is_empty());
    app.command(&["key", "create", "", "--scope", "read"]).fails_with(1).says("1 to 200");
}

#[test]
fn a_revoked_key_is_unknown() {
    let app = TestApp::start();
    let key = app.key(&[overrule::accounts::Scope::Read]);
    app.write(|conn| {
        let now = Some(clock::now());
        diesel::update(api_keys::table).set(api_keys::revoked_at.eq(now)).execute(conn)?;
        Ok(())
    });
    let api = crate::support::Api::new(app.url(), Some(&key));
    api.get("/api/v1/agents").is_problem(401);
}
