//! Questions as colleagues and champions meet them: threads, mails, mentions, pins, who sees what.

mod figures;
mod pins;

use crate::support::{Browser, TestApp};
use overrule::accounts::Scope;
use serde_json::json;

/// Two teams, with people in browsers of their own.
struct House {
    app: TestApp,
    mia: Browser,
    ben: Browser,
    cleo: Browser,
    otto: Browser,
}

fn house() -> House {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support", "name": "The helper"}));
    let person = |email: &str, name: &str, team: &str| app.person(email, name, &[team]).signed_in();
    House {
        mia: person("mia@example.com", "Mia", "support"),
        ben: person("ben@example.com", "Ben Okri", "support"),
        cleo: person("cleo@example.com", "Cleo", "support:champion"),
        otto: person("otto@example.com", "Otto", "sales:champion"),
        app,
    }
}

impl House {
    /// One answer of the agent; gives its path.
    fn log(&self, input: &str) -> String {
        let api = self.app.api(&[Scope::Ingest]);
        let line = json!({"agent": "helper", "input": input, "output": "It comes tomorrow."});
        format!("/interactions/{}", api.log(&line).is(201).at("/id"))
    }

    /// Somebody asks about the agent; gives the question's path.
    fn ask(&self, by: &Browser, text: &str) -> String {
        let page =
            by.open("/questions/new").is(200).pick("What is it about?", "The helper, in Support");
        page.fill("Your question", text).press("Ask").is(200).path.clone()
    }

    fn mails_to(&self, address: &str) -> usize {
        self.app.mailbox().all().iter().filter(|mail| mail.to == address).count()
    }
}

#[test]
fn a_colleague_asks_about_an_answer_and_a_champion_answers() {
    let house = house();
    let path = house.log("Where is my parcel?");
    let page = house.mia.open(&path).click("Ask a champion about this answer").is(200);
    let page = page.sees("It is about what The helper answered to: Where is my parcel?");
    let page = page.press("Ask").is(422).sees("Write something first.");
    let page = page.fill("Your question", "Is “tomorrow” always wrong?").press("Ask").is(200);
    let page = page.sees("Your question").sees("Waits for an answer");
    let question = page.path.clone();
    assert_eq!(page.link("Where is my parcel?"), path);

    let mail = house.app.mailbox().nth(1, "cleo@example.com");
    assert_eq!(mail.subject, "Somebody has a question for you");
    assert!(mail.text.contains("Mia asks about The helper:"), "{}", mail.text);
    assert!(mail.text.contains("Is “tomorrow” always wrong?"), "{}", mail.text);
    let link = mail.text.split_whitespace().find(|word| word.contains("/questions/")).unwrap();
    assert!(link.ends_with(&format!("{question}#reply")), "{link}");

    house.cleo.open("/").sees("One question waits for an answer.");
    let page = house.cleo.open("/questions").click("Is “tomorrow” always wrong?").is(200);
    let page = page.sees("Mia asks").fill("Your answer", "Only on Sundays.").press("Send").is(200);
    page.sees("Cleo answered").sees("Only on Sundays.").sees("Answered");
    house.cleo.open("/questions").sees("No question waits");

    let mail = house.app.mailbox().nth(1, "mia@example.com");
    assert_eq!(mail.subject, "Your question was answered");
    assert!(mail.text.contains("The question was: Is “tomorrow” always wrong?"), "{}", mail.text);
    assert!(mail.unsubscribe.0.contains("/unsubscribe/"), "{:?}", mail.unsubscribe);
    house.mia.open("/").sees("Your questions").sees("One has an answer.");

    // The asker goes on, and only who answered hears of it; then nothing is open any more.
    let dan = house.app.person("dan@example.com", "Dan", &["support:champion"]).signed_in();
    let page = house.mia.open(&question).fill("Add something", "And on holidays?").press("Send");
    page.is(200).sees("Mia went on").sees("Waits for an answer");
    assert_eq!(
        house.app.mailbox().nth(2, "cleo@example.com").subject,
        "A question you answered goes on"
    );
    dan.open("/questions").sees("Is “tomorrow” always wrong?");
    house.mia.open(&question).press("Nothing is open any more").is(200).sees("Settled");
    assert_eq!(house.mails_to("dan@example.com"), 0);
    house.mia.open("/questions?state=settled").sees("Is “tomorrow” always wrong?");
}

#[test]
fn a_team_reads_along_and_nobody_else_does() {
    let house = house();
    let open = house.ask(&house.mia, "May I correct the tone?");
    let page = house.ben.open(&open).is(200).sees("Mia asks");
    // A colleague may write, which is no answer.
    let page = page.fill("Write something", "I always do.").press("Send").is(200);
    let page = page.sees("Ben Okri wrote").sees("Waits for an answer");
    page.does_not_see("Nothing is open any more").does_not_see("Pin an answer");
    house.otto.open(&open).is(404);
    house.otto.open("/questions").does_not_see("May I correct the tone?");

    let page = house.mia.open("/questions/new").pick("What is it about?", "The helper, in Support");
    let page = page.fill("Your question", "I think a colleague is wrong.");
    let page = page.choose("Only for those who look after the team").press("Ask").is(200);
    let secret = page.sees("Only you and those who look after the team read it").path.clone();
    house.ben.open(&secret).is(404);
    house
        .ben
        .open("/questions")
        .sees("May I correct the tone?")
        .does_not_see("a colleague is wrong");
    house.mia.open("/questions").sees("a colleague is wrong");
    house.cleo.open("/questions").sees("a colleague is wrong").sees("private");
    // Whoever is brought in by name reads it.
    let page = house.cleo.open(&secret).fill("Your answer", "@ben, what do you say?").press("Send");
    page.is(200).sees("told: Ben Okri");
    house.ben.open(&secret).is(200).sees("a colleague is wrong");
    house.app.engineer().open("/questions?state=answered").sees("a colleague is wrong");
}

#[test]
fn of_a_private_deployment_a_question_is_for_those_who_look_after_it() {
    let house = house();
    house.app.agent("helper", json!({"visibility": "own"}));
    let api = house.app.api(&[Scope::Ingest]);
    let line = json!({"agent": "helper", "input": "My salary?", "output": "No idea.",
        "end_user": "mia@example.com"});
    let id = api.log(&line).is(201).at("/id");
    let page = house.mia.open(&format!("/questions/new?interaction={id}")).is(200);
    let page = page.does_not_see("Otherwise everybody in the team can read it");
    let path = page.fill("Your question", "Why is it silent?").press("Ask").is(200).path.clone();
    house.ben.open(&path).is(404);
    house.ben.open(&format!("/questions/new?interaction={id}")).is(404);
    house.cleo.open(&path).is(200).sees("My salary?");
}

#[test]
fn whoever_is_mentioned_gets_a_mail_and_a_name_of_two_is_asked_about() {
    let house = house();
    let path = house.ask(&house.mia, "@Ben Okri or @cleo: which of the two is right?");
    let mail = house.app.mailbox().nth(1, "ben@example.com");
    assert_eq!(mail.subject, "You are mentioned in a question");
    let mail = house.app.mailbox().nth(1, "cleo@example.com");
    assert_eq!(
        mail.subject, "You are mentioned in a question",
        "once, though a champion is told too"
    );
    house.mia.open(&path).sees("told: Ben Okri and Cleo");

    for (address, name) in [("dli@example.com", "Dana Li"), ("dwu@example.com", "Dana Wu")] {
        house.app.person(address, name, &["support"]).signed_in();
    }
    let page = house.mia.open(&path).fill("Add something", "@Dana?").press("Send").is(422);
    let page = page.sees("“@dana” may be Dana Li or Dana Wu. Write the whole name.");
    assert_eq!(page.value("Add something"), "@Dana?");
    let page = page.fill("Add something", "@Dana Wu? me@otto.example").press("Send").is(200);
    page.sees("told: Dana Wu");
    // Otto is of another team: a name is nothing to him.
    house.mia.open(&path).fill("Add something", "@Otto").press("Send").is(200);
    let told = house.app.mailbox().nth(1, "dwu@example.com");
    assert!(told.text.contains("Mia wrote about The helper:"), "{}", told.text);
    assert_eq!(house.mails_to("otto@example.com"), 0);
    assert_eq!(house.mails_to("mia@example.com"), 0, "nobody is told of what they wrote");
}

#[test]
fn who_wants_no_mail_gets_none_of_questions_either() {
    let house = house();
    house.cleo.open("/feedback").press("Send me no more of them").is(200);
    let path = house.ask(&house.mia, "Anybody?");
    house.app.person("max@example.com", "Max", &["support:champion"]).signed_in();
    house.mia.open(&path).fill("Add something", "Hello?").press("Send").is(200);
    house.app.mailbox().nth(1, "max@example.com");
    assert_eq!(house.mails_to("cleo@example.com"), 0);
    house.cleo.open("/questions").sees("Anybody?");
}

#[test]
fn a_second_click_asks_and_writes_once() {
    let house = house();
    let page =
        house.mia.open("/questions/new").pick("What is it about?", "Something else, in Support");
    let (first, second) = page.fill("Your question", "Twice?").press_twice("Ask");
    assert_eq!(first.path, second.path);
    let page = house.cleo.open(&first.path).fill("Your answer", "Once.");
    page.press_twice("Send");
    let page = house.mia.open(&first.path);
    assert_eq!(page.elements(".said li").len(), 2);
    // Who comes back to a form and writes something else writes something new.
    let page = page.fill("Add something", "One more.");
    page.press("Send").is(200);
    let page = page.fill("Add something", "And another.").press("Send").is(200);
    assert_eq!(page.elements(".said li").len(), 4);
    assert_eq!(house.mia.open("/questions?mine=1").elements("tbody th"), ["Twice?"]);
}

#[test]
fn what_is_typed_is_kept_and_what_is_wrong_is_said() {
    let house = house();
    let page = house.mia.open("/questions/new").fill("Your question", "To whom?");
    let page = page.press("Ask").is(422).sees("Choose what it is about.");
    assert_eq!(page.value("Your question"), "To whom?");
    let page = page.pick("What is it about?", "The helper, in Support");
    let long = "é".repeat(5_001);
    let page = page.fill("Your question", &long).press("Ask").is(422);
    assert_eq!(page.sees("more than 5,000 characters").value("Your question"), long);
    let lone = house.app.person("lone@example.com", "Lone", &[]).signed_in();
    lone.open("/questions/new").is(200).sees("You are in no team yet");
    lone.open("/questions").is(200).sees("You are in no team yet").does_not_see("Ask a question");
    let forged = "/questions/new?interaction=0192f000-0000-7000-8000-000000000000";
    house.mia.open(forged).is(404);
}

#[test]
fn a_long_list_goes_on_where_it_stopped() {
    let house = house();
    for n in 0..53 {
        house.ask(&house.mia, &format!("Question number {n}"));
    }
    let first = house.ben.open("/questions").is(200).sees("Waiting for an answer 53");
    let rows = first.elements("tbody th");
    assert_eq!((rows.len(), rows[0].as_str()), (50, "Question number 0"));
    let rest = first.click("More →").is(200).elements("tbody th");
    assert_eq!(rest, ["Question number 50", "Question number 51", "Question number 52"]);
}

#[test]
fn a_team_that_nobody_looks_after_is_told_so_and_its_manager_stands_in() {
    let app = TestApp::start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let page = mia.open("/questions/new").is(200).sees("Nobody looks after Support yet");
    page.fill("Your question", "Anybody?").press("Ask").is(200);
    app.person("max@example.com", "Max", &["support:manager"]).signed_in();
    let page = mia.open("/questions/new").does_not_see("Nobody looks after");
    page.fill("Your question", "And now?").press("Ask").is(200);
    let mail = app.mailbox().nth(1, "max@example.com");
    assert!(mail.text.contains("And now?"), "{}", mail.text);
}
