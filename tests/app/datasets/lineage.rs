//! From an interaction to the releases that hold it, and back.

use super::{release, router, rows, save};
use crate::support::{Api, TestApp, eventually};
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn question() -> Value {
    json!({"agents": ["router"], "format": "classification"})
}

fn follow(api: &Api, of: &str) -> Value {
    let found = api.get(&format!("/api/v1/datasets/routes/lineage?of={of}")).is(200).json();
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{of}: {found}");
    items[0].clone()
}

#[test]
fn a_row_is_followed_from_both_ends() {
    let app = TestApp::start();
    router(&app, 8);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    release(&api, "routes");
    let by_name = follow(&api, "x3");
    assert_eq!(by_name["interaction"]["question"], "q3?");
    assert_eq!(by_name["decisions"][0]["how"], "policy");
    assert_eq!(by_name["releases"][0]["side"], "train");
    assert_eq!(by_name["releases"][0]["revision"], 1);
    let id = |path: &str| by_name.pointer(path).unwrap().as_str().unwrap().to_owned();
    for id in [id("/interaction/id"), id("/feedback/0/id"), id("/signal_id"), id("/revisions/0/id")]
    {
        assert_eq!(follow(&api, &id), by_name);
    }
    // Every row of the file leads back to what it was made of.
    for (n, row) in rows(&api, "routes", &json!(1), "train.jsonl").iter().enumerate() {
        let found = follow(&api, &format!("1/train/{n}"));
        assert_eq!(found["interaction"]["question"], row["text"], "row {n}");
    }
    for nothing in ["1/train/8", "1/test/0", "9/train/0", "nope", ""] {
        let found = api.get(&format!("/api/v1/datasets/routes/lineage?of={nothing}")).is(200);
        assert_eq!(found.json()["items"], json!([]), "{nothing}");
    }
    api.get("/api/v1/datasets/other/lineage?of=x3").is(404);
    api.get("/api/v1/datasets/routes/lineage").is(400);
    let said = app.command(&["dataset", "lineage", "routes", "x3"]).ok();
    let said: Value = serde_json::from_str(said.line()).unwrap();
    assert_eq!(said[0], by_name);
    app.command(&["dataset", "lineage", "routes", "nope"])
        .fails_with(1)
        .says("nothing is called `nope`");
}

#[test]
fn a_retired_row_is_marked_where_it_is_held_and_a_fresh_release_leaves_it_out() {
    let app = TestApp::start();
    router(&app, 12);
    let api = app.api(&[Scope::Export, Scope::Admin]);
    save(&api, "routes", &question());
    release(&api, "routes");
    save(&api, "copies", &question());
    release(&api, "copies");
    let ed = app.engineer();
    let page = ed.open("/datasets/routes/releases/1");
    assert!(!page.text().contains("taken out of use"));
    let changed = json!({"interaction": {"agent": "router", "environment": "production",
        "external_id": "x3"}, "author": "p3@example.com", "verdict": "rejected"});
    api.judge(&changed).is(201);
    let page = eventually("the mark", || {
        let page = ed.open("/datasets/routes/releases/1");
        page.text().contains("1 of its rows").then_some(page)
    });
    let page = page.click("1 of its rows").sees("Out of use by now");
    let signal = follow(&api, "x3")["signal_id"].as_str().unwrap().to_owned();
    let page = page.click(&signal).sees("q3?").sees("Out of use by now").sees("taken back since");
    page.sees("routes, release 1").sees("copies, release 1");
    eventually("the other mark", || {
        let page = ed.open("/datasets/copies/releases/1");
        page.text().contains("1 of its rows").then_some(())
    });
    release(&api, "routes");
    assert_eq!(rows(&api, "routes", &json!(2), "train.jsonl").len(), 11);
    assert!(!ed.open("/datasets/routes/releases/2").text().contains("taken out of use"));
    let held = follow(&api, "x3")["releases"].clone();
    let told =
        held.as_array().unwrap().iter().map(|each| {
            json!([each["dataset"], each["number"], each["retired"], each["left_out"]])
        });
    let wanted = [
        json!(["routes", 2, false, "no_right_answer"]),
        json!(["copies", 1, true, null]),
        json!(["routes", 1, true, null]),
    ];
    assert_eq!(told.collect::<Vec<_>>(), wanted);
    ed.open("/datasets/routes/lineage?of=nope").sees("Nothing is called so");
    ed.open("/datasets/nope/lineage").is(404);
}

#[test]
fn every_revision_is_published_once_by_however_many() {
    let app = TestApp::start();
    router(&app, 60);
    let db = app.db().clone();
    let publishers: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            std::thread::spawn(move || {
                let step =
                    |conn: &mut overrule::db::Conn| overrule::signals::published::publish(conn, 7);
                while db.write_now(step).unwrap() > 0 {}
            })
        })
        .collect();
    publishers.into_iter().for_each(|each| each.join().unwrap());
    // The server's own publisher may have the last of them.
    let read = |conn: &mut overrule::db::Conn| {
        Ok(overrule::signals::published::between(conn, 0, i64::MAX)?)
    };
    let all = eventually("all of them", || {
        let all = db.read_now(read).unwrap();
        (all.len() == 60).then_some(all)
    });
    let numbers: Vec<i64> = all.iter().map(|each| each.sequence).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<i64>>(), "no gap, none twice");
    let mut revisions: Vec<_> = all.iter().map(|each| each.revision_id).collect();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), 60);
}
