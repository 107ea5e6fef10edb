//! The engineer's pages of datasets, as a person walks them.

use super::{release, router};
use crate::support::{TestApp, eventually};
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn an_engineer_makes_a_dataset_sees_real_rows_and_releases_it() {
    let app = TestApp::start();
    router(&app, 12);
    let ed = app.engineer();
    let page = ed.open("/datasets").sees("No datasets yet").click("Make a dataset");
    let page = page.fill("Name", "routes").fill("Agents", "router, nobody");
    let page = page.pick("Format", "classification: text and label");
    let page = page.press("Make the dataset").is(422).sees("there is no agent `nobody`");
    assert_eq!(page.value("Name"), "routes");
    let page = page.fill("Agents", "router").press("Make the dataset").is_at("/datasets/routes");
    let page = page.sees("Signals that fit").sees("counted just now").sees("12");
    // The newest first, as it would stand in the file.
    let page = page.sees("q11?").sees(r#"{"text":"q11?","label":"returns","label_id":1"#);
    let page =
        page.sees("overrule dataset release routes").sees("/api/v1/datasets/routes/releases");
    let page = page.press("Release it").is_at("/datasets/routes/releases/1");
    let page = eventually("the release", || {
        let page = ed.open(&page.path);
        page.text().contains("Ready").then_some(page)
    });
    let page =
        page.sees("train.jsonl").sees("manifest.json").sees("By label").sees("from 5 people");
    let file = page.click("train.jsonl").is(200);
    assert!(file.answer.text.contains("\"label\""));
    ed.open("/datasets").sees("routes").sees("Ready").click("routes").sees("Release 1");
}

#[test]
fn a_question_is_changed_and_old_releases_keep_theirs() {
    let app = TestApp::start();
    router(&app, 6);
    let ed = app.engineer();
    let api = app.api(&[Scope::Export]);
    super::save(
        &api,
        "routes",
        &json!({"agents": ["router"], "format": "classification",
        "redact": ["email"], "since": "2020-01-01"}),
    );
    release(&api, "routes");
    let page = ed.open("/datasets/routes").click("Change the question");
    assert_eq!(page.value("Agents"), "router");
    assert_eq!(page.value("Train"), "100");
    assert!(page.is_chosen("mail addresses"));
    let page = page.fill("Happened before", "2019-01-01").press("Save").is(422);
    let page = page.sees("must be later than").fill("Happened before", "");
    let page = page.fill("Validation", "50").press("Save").is(422).sees("make 1 together");
    page.fill("Train", "50").press("Save").is_at("/datasets/routes").sees("validation 50 %");
    let manifest = super::file(&api, "routes", &json!(1), "manifest.json");
    assert!(manifest.contains("\"train\": 1.0"), "{manifest}");
    ed.open("/datasets/nothing").is(404);
    ed.open("/datasets/routes/releases/99").is(404);
    ed.open("/datasets/routes/releases/x").is(404);
}

#[test]
fn a_format_that_an_agent_cant_give_is_said_beside_the_field() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text"}));
    let page = app.engineer().open("/datasets/new").fill("Name", "texts").fill("Agents", "helper");
    let page = page.pick("Format", "classification: text and label").press("Make the dataset");
    let page = page.is(422).sees("agent of kind label");
    assert_eq!((page.value("Name"), page.value("Agents")), ("texts".into(), "helper".into()));
    let page = page.pick("Format", "sft: TRL, prompt and completion").press("Make the dataset");
    page.is_at("/datasets/texts").sees("Nothing fits this question yet");
}
