//! The reporter hears back: when, of what, and how it is switched off.

use super::Desk;
use crate::support::{Browser, Letter, TestApp};
use overrule::accounts::Scope;
use overrule::db::Instant;
use overrule::news::delivery;
use overrule::web::Site;
use overrule::{clock, config::Config};
use serde_json::json;

/// An agent whose reports wait, a reporter and a champion.
struct Story {
    desk: Desk,
    mia: Browser,
    cleo: Browser,
}

impl Story {
    fn begin() -> Self {
        let desk = Desk::open();
        let mia = desk.app.person("mia@example.com", "Mia", &["support"]).signed_in();
        let cleo = desk.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
        Self { desk, mia, cleo }
    }

    /// Somebody says what the right label is.
    fn correct(&self, by: &Browser, question: &str) {
        let id = self.desk.log(question, "billing", &[]);
        let page = by.open(&format!("/interactions/{id}"));
        let page = page.choose("It’s wrong, here is the right answer");
        page.pick("The right label", "returns").press("Send").is(200);
    }

    fn decide(&self, question: &str, decision: serde_json::Value) {
        let item = self.desk.item(question);
        super::decide(&self.desk.app.api(&[Scope::Triage]), &item, decision).is(201);
    }

    fn mails(&self) -> Vec<Letter> {
        let all = self.desk.app.mailbox().all();
        all.into_iter().filter(|mail| mail.subject.contains("What became")).collect()
    }
}

fn deliver(app: &TestApp, now: Instant) -> usize {
    let url = app.url().to_owned();
    let secret = app.write(|conn| {
        use overrule::db::installation;
        Ok(installation::find(conn, installation::SECRET)?.unwrap_or_default())
    });
    let site = Site::new(&Config::default(), url, &secret, false);
    app.write(move |conn| delivery::run(conn, &site, now))
}

#[test]
fn what_was_decided_within_the_hour_comes_in_one_mail_with_a_way_out() {
    let story = Story::begin();
    let app = &story.desk.app;
    story.correct(&story.mia, "Return shoes?");
    story.correct(&story.mia, "Return socks?");
    story.decide("Return shoes?", json!({"decision": "accepted"}));
    let why = json!({"decision": "declined", "reason": "Socks stay."});
    story.decide("Return socks?", why);
    let minutes = |n: i64| clock::now().plus_minutes(n);
    assert_eq!(deliver(app, minutes(55)), 0, "more may come within the hour");
    assert_eq!(deliver(app, minutes(61)), 1);
    assert_eq!(deliver(app, minutes(600)), 0, "once");
    let mail = app.mailbox().nth(1, "mia@example.com");
    assert_eq!(mail.subject, "What became of 2 of your reports");
    for text in ["Return shoes?", "It was accepted.", "It was declined. Socks stay.", "/feedback/"]
    {
        assert!(mail.text.contains(text), "{text} in {}", mail.text);
    }
    assert_eq!(mail.unsubscribe.1, "List-Unsubscribe=One-Click");
    // A mail program ends it, without anybody signed in.
    let link = mail.unsubscribe.0.trim_matches(['<', '>']).to_owned();
    let path = link.strip_prefix(app.url()).unwrap();
    let stranger = app.browser();
    stranger.open(path).is(200).sees("You get a mail when something you reported is decided");
    let sent = stranger.request("POST", path).header("content-type", FORM);
    stranger.send(sent.body("List-Unsubscribe=One-Click")).is(200);
    stranger.open(path).sees("You get no mails about your reports");
    story.correct(&story.mia, "Return hats?");
    story.decide("Return hats?", json!({"decision": "accepted"}));
    assert_eq!(deliver(app, minutes(61)), 0);
    assert_eq!(story.mails().len(), 1);
    stranger.open("/unsubscribe/bWFkZSB1cA").is(404);
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn who_switches_it_off_hears_nothing_until_it_is_on_again() {
    let story = Story::begin();
    let app = &story.desk.app;
    story.correct(&story.mia, "Return shoes?");
    story.decide("Return shoes?", json!({"decision": "accepted"}));
    let page = story.mia.open("/feedback").press("Send me no more of them").is(200);
    let page = page.sees("You get no mails about your reports");
    let later = clock::now().plus_minutes(120);
    assert_eq!(deliver(app, later), 0, "what waited to be told is told no more");
    page.press("Mail me what becomes of them").is(200).sees("You get a mail when");
    story.correct(&story.mia, "Return socks?");
    story.decide("Return socks?", json!({"decision": "needs_info", "reason": "Which socks?"}));
    assert_eq!(deliver(app, later), 1);
    let mail = app.mailbox().nth(1, "mia@example.com");
    assert!(mail.text.contains("There is a question about it: Which socks?"), "{}", mail.text);
    assert_eq!(mail.subject, "What became of your report");
}

#[test]
fn nobody_is_told_of_what_they_did_themselves_or_of_what_was_taken_back() {
    let story = Story::begin();
    let app = &story.desk.app;
    story.correct(&story.cleo, "Return shoes?");
    let path = format!("/triage/{}", story.desk.item("Return shoes?"));
    story.cleo.open(&path).press("Accept a").is(200);
    story.correct(&story.mia, "Return socks?");
    let path = format!("/triage/{}", story.desk.item("Return socks?"));
    let page = story.cleo.open(&path).press("Accept a").is(200);
    page.press("Undo z").is(200);
    assert_eq!(deliver(app, clock::now().plus_minutes(120)), 0);
    assert!(story.mails().is_empty());
    // Told once, it is told again when it is opened again.
    story.cleo.open(&path).press("Accept a").is(200);
    assert_eq!(deliver(app, clock::now().plus_minutes(120)), 1);
    story.cleo.open(&path).press("Open it again").is(200);
    assert_eq!(deliver(app, clock::now().plus_minutes(120)), 1);
    let mail = app.mailbox().nth(2, "mia@example.com");
    assert!(mail.text.contains("It is looked at again."), "{}", mail.text);
}

#[test]
fn an_answer_of_whoever_took_over_comes_at_once() {
    let story = Story::begin();
    let id = story.desk.log("Where is my parcel?", "billing", &[]);
    let page = story.mia.open(&format!("/interactions/{id}"));
    page.choose("A person should handle this").press("Send").is(200);
    let page = story.cleo.open("/escalations").click("Where is my parcel?");
    let page = page.fill("Write something", "It comes today.").press("Answer the reporter");
    page.is(200).sees("Cleo answered");
    let mail = story.desk.app.mailbox().nth(1, "mia@example.com");
    assert!(mail.text.contains("A person answered: It comes today."), "{}", mail.text);
}
