//! The champion's twenty items before coffee, in a real browser: by keyboard alone, beside another
//! champion on the same queue, without JavaScript; and what the reporter gets to see.

use crate::support::{
    Backend, Browser, Letter, Look, Server, TestApp, Window, backend, eventually, has_browser,
};
use crate::triage::{Desk, corrected};
use overrule::news::delivery;
use overrule::web::Site;
use overrule::{clock, config::Config, db::installation};
use serde_json::json;
use std::collections::BTreeMap;
use thirtyfour::Key;

/// A desk on which so many corrections of different questions wait.
fn desk(items: usize) -> Desk {
    let desk = Desk::open();
    let lines: Vec<_> = (0..items)
        .map(|n| {
            json!({"agent": "router", "team": "support", "input": format!("q {n}"),
                "output": "billing", "feedback": [corrected("ana@example.com", "returns")]})
        })
        .collect();
    desk.program.post("/api/v1/interactions", &json!(lines)).is(200);
    desk
}

/// Signs somebody in, by their link.
fn enter(window: &Window, app: &TestApp, name: &str, team: &str) {
    let email = format!("{}@example.com", name.to_lowercase());
    window.go(&app.person(&email, name, &[team]).path());
    window.click("main form button");
    eventually("the home page", || (window.path() == "/").then_some(()));
}

/// Waits until a page is there whole; gives the id of the item that it shows, if it shows one.
fn item(window: &Window) -> Option<String> {
    eventually("the page", || {
        (window.script("return document.readyState") == "complete").then_some(())
    });
    let path = window.path();
    let id = path.strip_prefix("/triage/")?.split('?').next()?;
    Some(id.to_owned())
}

/// Does something that leads to another page, and waits for that.
fn leads_on(window: &Window, act: impl FnOnce()) {
    window.script("document.body.dataset.old = '1'");
    act();
    let fresh = "return document.readyState === 'complete' && !document.body.dataset.old";
    eventually("the next page", || (window.script(fresh) == true).then_some(()));
}

#[test]
fn twenty_items_are_decided_by_keyboard_alone() {
    if !has_browser() {
        return;
    }
    let desk = desk(20);
    let window = Window::open(desk.app.url(), Look::DESK);
    enter(&window, &desk.app, "Cleo", "support:champion");
    leads_on(&window, || window.go("/triage"));
    leads_on(&window, || window.key("n"));
    for n in 0..20 {
        assert!(item(&window).is_some(), "{n}: {}", window.path());
        match n % 4 {
            0 | 1 => leads_on(&window, || window.key("a")),
            2 => {
                window.key("d");
                window.press("It was right.");
                leads_on(&window, || window.ctrl_enter());
            }
            _ => {
                // With a change: the list has the focus, and its entries are found by typing.
                window.key("s");
                window.press("oth");
                leads_on(&window, || window.ctrl_enter());
            }
        }
    }
    assert!(window.path().starts_with("/triage?done="), "{}", window.path());
    assert!(window.text("main").contains("All done"));
    assert!(desk.waiting().is_empty());
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    for (_, label) in desk.signals() {
        *labels.entry(label).or_default() += 1;
    }
    assert_eq!(labels, BTreeMap::from([("returns".to_owned(), 10), ("other".to_owned(), 5)]));
    // And the last of it is taken back, by key too.
    leads_on(&window, || window.key("z"));
    assert_eq!(desk.waiting().len(), 1);
}

/// Takes and accepts all that is free, without a window; gives what it was.
fn work(url: &str, cookies: &str) -> Vec<String> {
    let browser = Browser::new(url);
    browser.set_cookie(cookies);
    let mut done = Vec::new();
    let mut page = browser.open("/triage").press("Look at the next one n").is(200);
    while let Some(id) = page.path.strip_prefix("/triage/") {
        done.push(id.split('?').next().unwrap().to_owned());
        page = page.press("Accept a").is(200);
    }
    done
}

#[test]
fn two_champions_in_two_browsers_never_get_the_same_item_and_none_is_skipped() {
    if !has_browser() {
        return;
    }
    let desk = desk(200);
    // On PostgreSQL each is on a server of their own; a second one on one file is refused.
    let second = (backend() == Backend::Postgres).then(|| Server::start(desk.app.config()));
    let url = second.as_ref().map_or(desk.app.url(), Server::url).to_owned();
    let one = Window::open(desk.app.url(), Look::DESK);
    let two = one.beside(&url, Look::DESK);
    let mut done: Vec<String> = Vec::new();
    for (window, name) in [(&one, "Cleo"), (&two, "Mel")] {
        enter(window, &desk.app, name, "support:champion");
        leads_on(window, || window.go("/triage"));
        leads_on(window, || window.key("n"));
    }
    for _ in 0..8 {
        let shown = [&one, &two].map(|window| item(window).unwrap());
        assert_ne!(shown[0], shown[1], "both look at the same");
        done.extend(shown);
        for window in [&one, &two] {
            leads_on(window, || window.key("a"));
        }
    }
    // What they hold now they give back, and two others go on as fast as they can.
    for window in [&one, &two] {
        leads_on(window, || window.go("/triage"));
    }
    let cookies = ["Kim", "Lou"].map(|name| {
        let email = format!("{}@example.com", name.to_lowercase());
        desk.app.person(&email, name, &["support:champion"]).signed_in().cookies()
    });
    eventually("nothing to be held", || {
        let held = desk.waiting().iter().any(|item| !item["claimed_until"].is_null());
        (!held).then_some(())
    });
    std::thread::scope(|scope| {
        let a = scope.spawn(|| work(desk.app.url(), &cookies[0]));
        let b = scope.spawn(|| work(&url, &cookies[1]));
        done.extend(a.join().unwrap());
        done.extend(b.join().unwrap());
    });
    let mut once = done.clone();
    once.sort();
    once.dedup();
    assert_eq!((done.len(), once.len()), (200, 200), "none twice, none skipped");
    assert_eq!(desk.signals().len(), 200);
}

#[test]
fn a_champion_decides_without_javascript() {
    if !has_browser() {
        return;
    }
    let desk = desk(3);
    let window = Window::open(desk.app.url(), Look::DESK.without_scripts());
    window.go(&desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).path());
    window.type_into("main form button", Key::Enter);
    window.arrives_at("/");
    eventually("the home page", || (window.path() == "/").then_some(()));
    window.go("/triage");
    window.type_into("form[action='/triage/next'] button", Key::Enter);
    window.arrives_at("/triage/0");
    let accept = "form[action$='/decisions'] button[data-key=a]";
    assert!(window.shows(accept));
    window.type_into(accept, Key::Enter);
    eventually("the next item", || window.path().contains("done=").then_some(()));
    eventually("two to wait", || (desk.waiting().len() == 2).then_some(()));
    window.type_into("summary[data-key=d]", Key::Enter);
    window.type_into("#f-reason", "It was right.");
    window.type_into("details[open] button[type=submit]", Key::Enter);
    eventually("one to wait", || (desk.waiting().len() == 1).then_some(()));
    window.type_into("form[action='/triage/undo'] button", Key::Enter);
    eventually("two to wait again", || (desk.waiting().len() == 2).then_some(()));
}

/// Sends the mails that are due in an hour.
fn mails(app: &TestApp) -> Vec<Letter> {
    let url = app.url().to_owned();
    let secret =
        app.write(|conn| Ok(installation::find(conn, installation::SECRET)?.unwrap_or_default()));
    let site = Site::new(&Config::default(), url, &secret, false);
    app.write(move |conn| delivery::run(conn, &site, clock::now().plus_minutes(61)));
    let all = eventually("the mail", || {
        let all: Vec<Letter> = app.mailbox().all();
        all.iter().any(|mail| mail.subject.contains("What became")).then_some(all)
    });
    all.into_iter().filter(|mail| mail.subject.contains("What became")).collect()
}

#[test]
fn a_reporter_reads_on_their_page_and_in_a_mail_what_was_decided() {
    if !has_browser() {
        return;
    }
    let desk = Desk::open();
    let id = desk.log("Where is my parcel?", "billing", &[]);
    let window = Window::open(desk.app.url(), Look::PHONE);
    enter(&window, &desk.app, "Ana", "support");
    leads_on(&window, || window.go(&format!("/interactions/{id}")));
    window.click("label.choice-corrected");
    window.type_into("#f-correction", "shipping");
    leads_on(&window, || window.click("form.sheet button[type=submit]"));
    window.arrives_at("/feedback/");
    let receipt = window.path().split('?').next().unwrap().to_owned();
    assert!(window.text("h1").contains("Waiting"), "{}", window.text("h1"));
    let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage").press("Look at the next one n").sees("Where is my parcel?");
    page.fill("Why is it declined?", "It is about the invoice.").press("Decline this").is(200);
    leads_on(&window, || window.go(&receipt));
    let shown = window.text("main");
    assert!(shown.contains("declined") && shown.contains("It is about the invoice."), "{shown}");
    let mails = mails(&desk.app);
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].text.contains("It was declined. It is about the invoice."),
        "{}",
        mails[0].text
    );
    let link = mails[0].text.split_whitespace().find(|word| word.contains("/feedback/")).unwrap();
    leads_on(&window, || window.go(link));
    assert_eq!(window.path(), receipt);
}
