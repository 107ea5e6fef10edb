//! Keys: shown once, known by their beginning, used, replaced, ended.

use crate::support::{Api, TestApp, eventually};
use diesel::prelude::*;
use overrule::accounts::{KeyId, Scope};
use overrule::clock;
use overrule::schema::api_keys as k;
use serde_json::json;

fn ids(app: &TestApp) -> Vec<KeyId> {
    app.write(|conn| Ok(k::table.order(k::id.desc()).select(k::id).load(conn)?))
}

/// A key's token, as the page shows it after it was made.
fn made(page: &crate::support::Page) -> String {
    page.element(".copy-block code")
}

#[test]
fn a_key_is_shown_once_and_stored_as_a_hash() {
    let app = TestApp::start();
    let admin = app.admin();
    app.agent("helper", json!({"team": "support"}));
    let form = admin.open("/admin/keys/new").is(200).fill("What it is for", "shop");
    let shown = form.choose("ingest").choose("read").press("Make the key").is(201);
    let token = made(&shown);
    assert!(token.starts_with("ovr_") && token.len() == 47, "{token}");
    assert!(token[4..].chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let api = Api::new(app.url(), Some(&token));
    api.log(&json!({"agent": "helper", "input": "How?", "output": "So."})).is(201);
    api.get("/api/v1/signals?agent=helper&format=signals").is(403);

    let listed =
        admin.open("/admin/keys").is(200).sees("shop").sees("ingest read").sees(&token[..8]);
    assert!(!listed.answer.text.contains(&token[8..]));
    let stored = app.write(|conn| {
        let rows = k::table.select((k::token_hash, k::hint));
        Ok(rows.load::<(Vec<u8>, String)>(conn)?)
    });
    for (hash, hint) in stored {
        assert_eq!((hash.len(), hint.len()), (32, 8));
        assert!(!token.as_bytes().windows(32).any(|part| part == hash));
    }
    let last = || admin.open("/admin/keys").text().contains("just now");
    eventually("the last use", || last().then_some(()));
}

#[test]
fn a_use_is_not_written_down_with_every_request() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Read]);
    let used = || {
        app.write(|conn| {
            Ok(k::table.select(k::last_used_at).first::<Option<overrule::db::Instant>>(conn)?)
        })
    };
    api.get("/api/v1/agents").is(200);
    let first = eventually("the first use", used);
    for _ in 0..20 {
        api.get("/api/v1/agents").is(200);
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    assert_eq!(used(), Some(first));
}

#[test]
fn a_mistake_says_what_is_allowed_and_keeps_what_was_typed() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = admin.open("/admin/keys/new").fill("What it is for", "shop").press("Make the key");
    let form = form.is(422).sees("need one of: ingest, feedback, triage, export, read, admin");
    assert_eq!(form.value("What it is for"), "shop");
    let form = form.choose("read").fill("Agents", "nobody, no-one").press("Make the key").is(422);
    let form = form.sees("`nobody` is not there").fill("Agents", "");
    let form = form.fill("Days for which it works", "soon").press("Make the key").is(422);
    let form = form.sees("is a number of days from 1 to 3650").fill("Days for which it works", "0");
    form.press("Make the key").is(422).sees("is a number of days from 1 to 3650");
    assert!(ids(&app).is_empty());
}

#[test]
fn a_key_is_replaced_with_an_overlap_and_runs_out() {
    let app = TestApp::start();
    let admin = app.admin();
    let old = app.api(&[Scope::Read]);
    let id = ids(&app)[0];
    let page = admin.open(&format!("/admin/keys/{id}")).is(200);
    page.fill("Hours for which the old key still works", "many")
        .press("Make its successor")
        .is(422);
    let page = admin.open(&format!("/admin/keys/{id}"));
    let new = page.fill("Hours for which the old key still works", "2").press("Make its successor");
    let new = Api::new(app.url(), Some(&made(&new.is(201))));
    old.get("/api/v1/agents").is(200);
    new.get("/api/v1/agents").is(200);
    new.get("/api/v1/signals?agent=a&format=signals").is(403);
    admin.open(&format!("/admin/keys/{id}")).sees("being replaced").sees("the new key");
    app.write(move |conn| {
        let past = Some(clock::now().plus_minutes(-1));
        diesel::update(k::table.find(id)).set(k::expires_at.eq(past)).execute(conn)?;
        Ok(())
    });
    eventually("its end", || (old.get("/api/v1/agents").status == 401).then_some(()));
    new.get("/api/v1/agents").is(200);
    admin.open(&format!("/admin/keys/{id}")).sees("over");
}

#[test]
fn a_revoked_key_ends_within_seconds() {
    let app = TestApp::start();
    let admin = app.admin();
    let api = app.api(&[Scope::Read]);
    api.get("/api/v1/agents").is(200);
    let page = admin.open(&format!("/admin/keys/{}", ids(&app)[0])).press("Revoke the key");
    page.is(200).sees("The key no longer works.").sees("revoked").does_not_see("Replace it");
    let start = std::time::Instant::now();
    eventually("its end", || (api.get("/api/v1/agents").status == 401).then_some(()));
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn keys_are_looked_after_by_command_too() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let create = ["key", "create", "shop", "--scope", "read", "--agent", "helper", "--days", "7"];
    let token = app.command(&create).ok().stdout.trim().to_owned();
    let api = Api::new(app.url(), Some(&token));
    api.get("/api/v1/agents/helper").is(200);
    let list = app.command(&["key", "list"]).ok().stdout;
    let line = list.lines().find(|line| line.ends_with("\tshop")).expect("the key").to_owned();
    let cells: Vec<&str> = line.split('\t').collect();
    assert_eq!(cells[1..6], [&token[..8], "good", "read", "helper", "*"]);
    let new = app.command(&["key", "rotate", cells[0], "--overlap-hours", "0"]).ok().stdout;
    Api::new(app.url(), Some(new.trim())).get("/api/v1/agents/helper").is(200);
    let list = app.command(&["key", "list"]).ok().stdout;
    let successor = list.lines().find(|line| line.contains(&new.trim()[..8])).expect("it");
    let id = successor.split('\t').next().unwrap().to_owned();
    app.command(&["key", "revoke", &id]).ok();
    assert!(app.command(&["key", "list"]).ok().stdout.contains("revoked"));
    let unknown = ["key", "revoke", "019aaaaa-0000-7000-8000-000000000000"];
    app.command(&unknown).fails_with(1).says("there is no key with this id");
    let wrong = ["key", "create", "x", "--scope", "read", "--agent", "hleper"];
    app.command(&wrong).fails_with(1).says("`hleper` is not there");
}
