//! Where people look: the home page by role, their reports, receipts with and without an account.

use crate::review::{decide, say_signed_in};
use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use overrule::clock;
use overrule::signals::model::Outcome;
use serde_json::{Value, json};

fn start() -> (TestApp, Api) {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support", "review": "required", "name": "The helper"}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    (app, api)
}

fn log(api: &Api, input: &str, output: &str) -> String {
    api.log(&json!({"agent": "helper", "input": input, "output": output})).is(201).at("/id")
}

/// The path of a receipt's link.
fn receipt(app: &TestApp, answer: &crate::support::Answer) -> String {
    answer.at("/receipt_url").strip_prefix(app.url()).unwrap().to_owned()
}

#[test]
fn nobody_is_told_what_this_is_and_how_to_get_in() {
    let (app, _) = start();
    let page =
        app.browser().open("/").is(200).sees("When an agent is wrong, you have the last word");
    page.click("Sign in").is_at("/sign-in");
}

#[test]
fn an_admin_of_an_empty_installation_is_told_how_to_begin() {
    let app = TestApp::start();
    let root = app.admin();
    let page = root.open("/").is(200).sees("First steps").sees("Nothing was logged here yet");
    page.sees(&format!("{}/api/v1/interactions", app.url())).sees("overrule key create");
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest]);
    log(&api, "x", "y");
    let page = root.open("/").is(200).does_not_see("First steps").sees("1 agent and 1 person in");
    page.click("Helper, answers in text").is_at("/admin/agents/helper");
}

#[test]
fn a_member_finds_recent_answers_and_what_became_of_reports() {
    let (app, api) = start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    mia.open("/").is(200).sees("No answers yet").does_not_see("What waits for you");
    let id = log(&api, "Where is my\nparcel?", "On its way.");
    let page = mia.open("/").sees("Where is my parcel?").sees("On its way.").sees("The helper");
    assert_eq!(page.link("Where is my parcel?"), format!("/interactions/{id}"));
    let said = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    let page = mia.open("/").sees("What became of your reports").sees("Waiting for review");
    assert!(page.links().iter().any(|(_, to)| *to == format!("/feedback/{said}")));

    let otto = app.person("otto@example.com", "Otto", &["sales"]).signed_in();
    otto.open("/").sees("No answers yet").does_not_see("Where is my parcel?");
    let lone = app.person("lone@example.com", "Lone", &[]).signed_in();
    lone.open("/").sees("You are in no team yet").does_not_see("Where is my parcel?");
}

#[test]
fn of_a_private_deployment_a_member_sees_only_their_own() {
    let (app, api) = start();
    app.agent("helper", json!({"visibility": "own"}));
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    for (question, user) in [("Mine?", "MIA@example.com"), ("Another's?", "ana@example.com")] {
        api.log(&json!({"agent": "helper", "input": question, "output": "y", "end_user": user}))
            .is(201);
    }
    mia.open("/").sees("Mine?").does_not_see("Another's?");
    cleo.open("/").sees("Mine?").sees("Another's?");
}

#[test]
fn a_champion_sees_what_waits_urgent_first() {
    let (app, api) = start();
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    cleo.open("/").sees("Nothing waits for you.").sees("All done");
    let say = |question: &str, urgency: &str| {
        let id = log(&api, question, "y");
        let said = json!({"interaction": id, "author": "ana@example.com", "verdict": "corrected",
            "correction": "z", "urgency": urgency});
        api.judge(&said).is(201).at("/id")
    };
    let first = say("First?", "normal");
    say("Burning?", "urgent");
    say("Last?", "normal");
    let page = cleo.open("/").sees("3 reports wait for a decision; one of them is urgent.");
    let rows = page.elements("section[aria-labelledby=waiting] tbody th");
    assert_eq!(rows, ["Burning?", "Last?", "First?"]);
    // Who reported it is told once it is decided.
    let item = page.does_not_see("ana@example.com").click("First?").is(200);
    assert!(item.path.starts_with("/triage/"), "{}", item.path);
    decide(&app, &first, Outcome::Accepted, None, None);
    let page = cleo.open("/").sees("2 reports wait");
    let rows = page.elements("section[aria-labelledby=waiting] tbody th");
    assert_eq!(rows, ["Burning?", "Last?"]);
    let other = app.person("otto@example.com", "Otto", &["sales:champion"]).signed_in();
    other.open("/").sees("Nothing waits for you.").does_not_see("Burning?");
}

#[test]
fn a_manager_sees_only_her_own_teams_beside_what_is_normal() {
    let (app, _) = start();
    let admin = app.api(&[Scope::Admin]);
    // Four weeks with one override in twenty, then one with five; sales has nothing to do with it.
    let mut all = Vec::new();
    for week in 0..5_i64 {
        for n in 0..20 {
            let at = clock::now().plus_minutes(-(week * 7 + 3) * 24 * 60);
            let wrong = n < if week == 0 { 5 } else { 1 };
            let feedback =
                if wrong { json!([{"verdict": "rejected", "occurred_at": at}]) } else { json!([]) };
            for team in ["support", "sales"] {
                all.push(json!({"agent": "helper", "team": team, "occurred_at": at,
                    "input": format!("{week} {n}"), "output": "y", "feedback": feedback}));
            }
        }
    }
    admin.post("/api/v1/interactions", &Value::from(all)).is(200);
    let max = app.person("max@example.com", "Max", &["support:manager"]).signed_in();
    let page = max.open("/").is(200);
    let page = page.sees("People overrode The helper more often than usual this week.");
    let rows = page.elements("section[aria-labelledby=week] tbody tr");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].contains("Support") && rows[0].contains("25.0 %"), "{rows:?}");
    assert!(rows[0].contains("5 %") && rows[0].contains("more than usual"), "{rows:?}");
}

#[test]
fn an_engineer_sees_what_is_ready_with_the_command_and_the_call() {
    let (app, api) = start();
    app.agent("helper", json!({"review": "none"}));
    let ed = app.engineer();
    ed.open("/").sees("No signal is accepted yet");
    let id = log(&api, "x", "y");
    api.judge(&json!({"interaction": id, "verdict": "corrected", "correction": "z"})).is(201);
    let page = ed.open("/").sees("One accepted signal is ready to train on.");
    let page = page.sees("overrule export --agent helper --format preference --status accepted");
    page.sees(&format!("{}/api/v1/signals?agent=helper&format=preference", app.url()));
}

#[test]
fn one_finds_all_of_ones_reports_newest_first() {
    let (app, api) = start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let page = mia.open("/feedback").is(200).sees("Nothing reported yet");
    assert_eq!(page.link("Look at recent answers"), "/interactions");
    for n in 0..51 {
        let id = log(&api, &format!("Question {n}?"), "y");
        say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    }
    let first = mia.open("/feedback").sees("Question 50?").does_not_see("Question 0?");
    assert_eq!(first.elements("tbody tr").len(), 50);
    let older = first.links().into_iter().find(|(_, to)| to.contains("cursor=")).unwrap();
    let last = mia.open(&older.1).is(200).sees("Question 0?");
    assert_eq!(last.elements("tbody tr").len(), 1);
    let otto = app.person("otto@example.com", "Otto", &["support"]).signed_in();
    otto.open("/feedback").sees("Nothing reported yet");
}

#[test]
fn a_receipt_says_what_was_said_what_changed_and_who_looks_at_it() {
    let (app, api) = start();
    app.person("cleo@example.com", "Cleo", &["support:champion"]);
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let id = log(&api, "How long does it take?", "It takes two days.");
    let said = json!({"verdict": "corrected", "correction": "It takes three days.",
        "category": "wrong_answer", "comment": "Since May <b>."});
    let said = say_signed_in(&app, "mia@example.com", &id, said);
    let page = mia.open(&format!("/feedback/{said}")).is(200).sees("Your report");
    let page = page.sees("How long does it take?").sees("It takes two days.");
    let page = page.sees("Cleo looks at it by").sees("Wrong answer").sees("Since May <b>.");
    assert_eq!(page.elements("del"), ["[removed: two]"]);
    assert_eq!(page.elements("ins"), ["[added: three]"]);
    assert_eq!(page.link("Change what you said"), format!("/interactions/{id}"));

    decide(
        &app,
        &said,
        Outcome::AcceptedWithEdits,
        Some("It takes three working days."),
        Some("More exact"),
    );
    let page = mia.open(&format!("/feedback/{said}")).sees("Accepted with a change");
    page.sees("More exact.")
        .sees("What the reviewer changed in it")
        .sees("It is a training signal");
}

#[test]
fn a_declined_report_says_why() {
    let (app, api) = start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let id = log(&api, "x", "y");
    let said = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    decide(&app, &said, Outcome::Declined, None, Some("The answer was right: see the price list"));
    let page = mia.open(&format!("/feedback/{said}")).is(200).sees("Declined");
    page.sees("It was declined: The answer was right: see the price list.");
    mia.open("/feedback").sees("Declined");
}

#[test]
fn who_looks_after_the_team_reads_reports_and_others_dont() {
    let (app, api) = start();
    app.person("mia@example.com", "Mia Marques", &["support"]);
    let id = log(&api, "x", "y");
    let said = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    let path = format!("/feedback/{said}");
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open(&path).is(200).sees("A report by Mia Marques");
    assert_eq!(page.link("Open the whole interaction"), format!("/interactions/{id}"));
    let ben = app.person("ben@example.com", "Ben", &["support"]).signed_in();
    let page = ben.open(&path).is(404).sees("There is nothing here");
    page.link("Go to the start page");
    ben.open("/feedback/01890000-0000-7000-8000-000000000000").is(404);
    ben.open("/feedback/no-id").is(404);
}

#[test]
fn a_changed_mind_leads_on_to_the_newer_word() {
    let (app, api) = start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let id = log(&api, "x", "y");
    let first = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    let second = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "escalated"}));
    let page = mia.open(&format!("/feedback/{first}")).sees("You changed it");
    page.click("See the newer one").is_at(&format!("/feedback/{second}")).sees("For a person");
    let list = mia.open("/feedback").sees("You changed it").sees("Waiting for review");
    assert_eq!(list.elements("tbody tr").len(), 2);
}

#[test]
fn a_receipts_link_needs_no_account_and_names_nobody() {
    let (app, api) = start();
    app.person("cleo@example.com", "Cleo Champion", &["support:champion"]);
    let id = log(&api, "Where?", "There.");
    let said = json!({"interaction": id, "author": "ana@example.com", "verdict": "corrected",
        "correction": "Here."});
    let answer = api.judge(&said).is(201);
    let path = receipt(&app, &answer);
    let page = app.browser().open(&path).is(200).sees("Your report").sees("Where?").sees("There.");
    let page = page.sees("A champion of Support looks at it by").does_not_see("Cleo");
    assert!(page.links().iter().all(|(_, to)| to == "#main"), "{:?}", page.links());
    decide(&app, &answer.at("/id"), Outcome::Declined, None, Some("No"));
    let page = app.browser().open(&path).is(200).sees("Declined").does_not_see("Cleo");
    page.does_not_see("ana@example.com");
}

#[test]
fn a_link_that_is_forged_cut_or_for_something_else_opens_nothing() {
    let (app, api) = start();
    let logged = api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    let said = api.judge(&json!({"interaction": logged.at("/id"), "verdict": "rejected"})).is(201);
    let path = receipt(&app, &said);
    let (_, token) = path.rsplit_once('/').unwrap();
    let feedback_token = logged.at("/correct_url");
    let (_, feedback_token) = feedback_token.rsplit_once('/').unwrap();
    let flipped: String = token.chars().rev().collect();
    let other = TestApp::start();
    for bad in [&token[1..], &token[..token.len() - 4], feedback_token, &flipped, "x", "%00"] {
        app.browser().open(&format!("/r/{bad}")).is(404).sees("There is nothing here");
    }
    other.browser().open(&path).is(404);
    app.browser().open(&path).is(200);
}

#[test]
fn receipts_still_open_after_a_restart() {
    let (mut app, api) = start();
    let id = log(&api, "Where?", "There.");
    let said = api.judge(&json!({"interaction": id, "verdict": "rejected"})).is(201);
    let path = receipt(&app, &said);
    drop(api);
    app.stop();
    app.restart();
    app.browser().open(&path).is(200).sees("Where?");
}

#[test]
fn who_opens_links_too_often_is_asked_to_wait() {
    let app = TestApp::builder().with(|config| config.limits.link_requests_per_minute = 3).start();
    for _ in 0..3 {
        app.browser().open("/r/guess").is(404);
    }
    let page = app.browser().open("/r/guess").is(429).sees("A little too fast");
    assert!(page.answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    app.browser().open("/").is(200);
}

#[test]
fn erased_texts_are_gone_and_decisions_stay() {
    let (app, api) = start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let id = log(&api, "Secret?", "Secret.");
    let said = say_signed_in(&app, "mia@example.com", &id, json!({"verdict": "rejected"}));
    app.write(|conn| {
        use diesel::RunQueryDsl;
        diesel::delete(overrule::schema::interaction_bodies::table).execute(conn)?;
        Ok(())
    });
    let page = mia.open(&format!("/feedback/{said}")).is(200).does_not_see("Secret");
    page.sees("The texts of this conversation were erased.");
    mia.open("/feedback").sees("The text was erased");
    let shown = api.get(&format!("/api/v1/interactions/{id}")).is(200).json();
    assert_eq!((&shown["input"], &shown["output"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_receipt_tells_its_deadline_in_the_zone_of_its_reader_or_of_the_team() {
    let (app, api) = start();
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let id = log(&api, "When?", "Soon.");
    let said = json!({"interaction": id, "author": "mia@example.com", "verdict": "rejected"});
    let said = api.judge(&said).is(201);
    let link = receipt(&app, &said);
    app.browser().open(&link).is(200).sees("UTC");
    let page = cleo.open("/escalations/hours/support").fill("Time zone", "Pacific/Honolulu");
    page.press("Save").is(200);
    app.browser().open(&link).is(200).sees("HST").does_not_see("UTC");
    let path = format!("/feedback/{}", said.at("/id"));
    cleo.open(&path).is(200).sees("HST").does_not_see("UTC");
    cleo.open("/profile").fill("Time zone", "Asia/Tokyo").press("Save").is(200);
    cleo.open(&path).is(200).sees("JST").does_not_see("HST");
}

#[test]
fn a_receipt_names_the_release_that_holds_it() {
    let (app, api) = start();
    let admin = app.api(&[Scope::Admin]);
    let id = log(&api, "How?", "So.");
    let said = json!({"interaction": id, "author": "mia@example.com", "verdict": "corrected",
        "correction": "Like this."});
    let said = api.judge(&said).is(201);
    let feedback = said.at("/id");
    let link = receipt(&app, &said);
    decide(&app, &feedback, Outcome::Accepted, None, None);
    let next = "The helper can learn from it once the next dataset release is built.";
    app.browser().open(&link).sees(next);
    let question = json!({"agents": ["helper"], "format": "sft"});
    crate::datasets::save(&admin, "answers", &question);
    assert_eq!(crate::datasets::release(&admin, "answers")["state"], "ready");
    let page = app.browser().open(&link).sees("can learn from it in release 1 of a dataset");
    page.sees("It is in release 1 of a dataset.").does_not_see("answers");
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    cleo.open(&format!("/feedback/{feedback}")).sees("It is in release 1 of the dataset answers.");
}
