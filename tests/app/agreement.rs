//! How much people agree, as programs and those who look after a team read it.

use crate::support::{Answer, TestApp};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::schema::{agents, review_items, reviews};
use overrule::signals::model::{ItemId, Outcome};
use overrule::triage::model::{ActId, Review, ReviewId, SETTLES};
use overrule::{clock, interactions::JsonText};
use serde_json::{Value, json};

fn start() -> TestApp {
    let app = TestApp::builder().with(|config| config.limits.agreement_items = 4).start();
    let labels = ["a", "b", "c", "d", "e"];
    app.agent("judged", json!({"kind": "label", "team": "support", "labels": labels}));
    app
}

/// Units as lines of labels, one letter a judge; `.` is a judge who said nothing.
fn log(app: &TestApp, team: &str, units: &[&str], category: &str) {
    let api = app.api(&[Scope::Admin]);
    for (n, unit) in units.iter().enumerate() {
        let output = "a";
        let said =
            unit.chars().enumerate().filter(|(_, label)| *label != '.').map(|(judge, label)| {
                let author = format!("judge{judge}@example.com");
                match label.to_string() {
                    label if label == output => json!({"author": author, "verdict": "confirmed"}),
                    label => json!({"author": author, "verdict": "corrected", "correction": label,
                    "category": category}),
                }
            });
        let line = json!({"agent": "judged", "team": team, "input": format!("{team} {n}"),
            "output": output, "external_id": format!("{team}-{category}-{n}"),
            "feedback": said.collect::<Vec<_>>()});
        api.log(&line).is(201);
    }
}

fn agreement(app: &TestApp) -> Value {
    app.api(&[Scope::Read]).get("/api/v1/agents/judged/agreement").is(200).json()
}

/// The example of Krippendorff (2011) with letters: its alpha for two judges is 0.692.
const TWO: [&str; 12] = ["ab", "aa", "bb", "bb", "db", "cc", "cc", "cc", "ee", "dd", "dd", "ad"];

#[test]
fn people_who_label_the_same_answer_are_compared() {
    let app = start();
    log(&app, "support", &TWO[..3], "tone");
    let few = agreement(&app);
    assert_eq!(few["people"]["units"], 3);
    assert_eq!((&few["people"]["alpha"], &few["people"]["raw"]), (&Value::Null, &Value::Null));
    assert_eq!(few["least"], 4);
    log(&app, "support", &TWO, "wrong_label");
    let found = agreement(&app);
    assert_eq!(
        (&found["people"]["units"], &found["people"]["judgements"]),
        (&json!(15), &json!(30))
    );
    let by_category = found["categories"].as_array().unwrap();
    let wrong_label = by_category.iter().find(|each| each["category"] == "wrong_label").unwrap();
    // Eleven answers of the twelve were corrected by somebody.
    assert_eq!(wrong_label["people"]["units"], 11);
    assert!(wrong_label["people"]["alpha"].is_number());
    let tone = by_category.iter().find(|each| each["category"] == "tone").unwrap();
    assert_eq!((&tone["people"]["units"], &tone["people"]["alpha"]), (&json!(2), &Value::Null));
}

#[test]
fn alpha_is_as_published_and_follows_what_people_say_now() {
    let app = start();
    log(&app, "support", &TWO, "wrong_label");
    let people = agreement(&app)["people"].clone();
    let alpha = people["alpha"].as_f64().unwrap();
    assert!((alpha - 0.692).abs() < 0.000_5, "{alpha}");
    let (low, high) = (&people["interval"][0], &people["interval"][1]);
    assert!(low.as_f64().unwrap() < alpha && alpha < high.as_f64().unwrap());
    assert_eq!(people["raw"].as_f64().unwrap(), 9.0 / 12.0);
    // Who only knows that it is wrong labels nothing; who changes their mind counts once.
    let api = app.api(&[Scope::Admin]);
    let key = json!({"agent": "judged", "external_id": "support-wrong_label-0"});
    let say = |author: &str, verdict: &str| -> Answer {
        api.judge(&json!({"interaction": key, "author": author, "verdict": verdict}))
    };
    say("judge7@example.com", "rejected").is(201);
    assert_eq!(agreement(&app)["people"], people);
    say("judge1@example.com", "confirmed").is(201);
    assert_eq!(agreement(&app)["people"]["raw"].as_f64().unwrap(), 10.0 / 12.0);
}

#[test]
fn reviewers_who_decide_the_same_item_are_compared() {
    let app = start();
    log(&app, "support", &[".b", ".c", ".d", ".e"], "tone");
    let rounds = [
        [(Outcome::Accepted, None), (Outcome::Accepted, None)],
        [(Outcome::Declined, None), (Outcome::Accepted, None)],
        [(Outcome::AcceptedWithEdits, Some("a")), (Outcome::AcceptedWithEdits, Some("a"))],
        [(Outcome::AcceptedWithEdits, Some("a")), (Outcome::AcceptedWithEdits, Some("b"))],
    ];
    app.write(move |conn| {
        let items: Vec<ItemId> =
            review_items::table.order(review_items::id).select(review_items::id).load(conn)?;
        for (item, decisions) in items.into_iter().zip(&rounds) {
            let resolution = decide(conn, item)?;
            // Who settles what they differ in has read them: that is no third value.
            let settled = (SETTLES, &(Outcome::Accepted, None));
            for (slot, (decision, label)) in (0..).zip(decisions).chain([settled]) {
                let review = Review {
                    id: ReviewId::new(),
                    act_id: ActId::new(),
                    item_id: item,
                    round: 0,
                    slot,
                    person_id: None,
                    key_id: None,
                    decision: *decision,
                    label: label.map(JsonText::string),
                    reason: None,
                    duplicate_of: None,
                    resolution_id: Some(resolution),
                    created_at: clock::now(),
                };
                diesel::insert_into(reviews::table).values(&review).execute(conn)?;
            }
        }
        Ok(())
    });
    let found = agreement(&app);
    let reviewers = &found["reviewers"];
    assert_eq!((&reviewers["units"], &reviewers["judgements"]), (&json!(4), &json!(8)));
    assert_eq!(reviewers["raw"], 0.5);
    // Eight values: accepted three times, declined once, a three times, b once.
    let expected = 1.0 - 7.0 * 4.0 / (64.0 - 20.0);
    assert!((reviewers["alpha"].as_f64().unwrap() - expected).abs() < 1e-12, "{reviewers}");
    assert_eq!(found["people"]["units"], 0);
    assert_eq!(found["categories"][0]["category"], "tone");
    assert_eq!(found["categories"][0]["reviewers"]["units"], 4);
}

/// A resolution, which a review needs.
fn decide(
    conn: &mut overrule::db::Conn,
    item: ItemId,
) -> overrule::error::AppResult<overrule::signals::model::ResolutionId> {
    use overrule::signals::model::{How, Resolution, ResolutionId};
    let row = Resolution {
        id: ResolutionId::new(),
        item_id: item,
        number: 1,
        outcome: Outcome::Accepted,
        label: None,
        how: How::Review,
        person_id: None,
        reason: None,
        created_at: clock::now(),
        key_id: None,
    };
    diesel::insert_into(overrule::schema::resolutions::table).values(&row).execute(conn)?;
    Ok(row.id)
}

#[test]
fn a_key_and_a_champion_get_the_figures_of_their_teams() {
    let app = start();
    log(&app, "support", &TWO[..6], "tone");
    log(&app, "sales", &TWO, "tone");
    let units = |key: &str| {
        let api = crate::support::Api::new(app.url(), Some(key));
        api.get("/api/v1/agents/judged/agreement").is(200).json()["people"]["units"].clone()
    };
    let of = |team: &str| {
        let made = app.command(&["key", "create", team, "--scope", "read", "--team", team]).ok();
        made.line().to_owned()
    };
    assert_eq!((units(&of("support")), units(&of("sales"))), (json!(6), json!(12)));
    assert_eq!(agreement(&app)["people"]["units"], 18);
    app.api(&[Scope::Ingest]).get("/api/v1/agents/judged/agreement").is(403);
    app.api(&[Scope::Read]).get("/api/v1/agents/nobody/agreement").is(404);

    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/agents/judged").is(200).sees("How much people agree");
    page.sees("6 answers").does_not_see("18 answers");
    app.engineer().open("/agents/judged").sees("18 answers").sees("Wrong tone: people");
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    mia.open("/agents/judged").is(200).does_not_see("How much people agree");
    let otto = app.person("otto@example.com", "Otto", &["people:champion"]).signed_in();
    otto.open("/agents/judged").is(404);
    otto.open("/agents").is(200).sees("No agents yet");
    let page = mia.open("/agents").click("Judged").sees("Nothing is written about it yet");
    page.click("Ask a champion").is(200).sees("What is it about?");
    let known: i64 = app.write(|conn| Ok(agents::table.count().get_result(conn)?));
    assert_eq!(known, 1, "looking makes nothing");
}
