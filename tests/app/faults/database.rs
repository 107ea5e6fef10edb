//! A database that is locked, full or away: 503, and it goes on once the database does.

use super::{count_stored, is_busy, line};
use crate::support::{Api, Backend, TestApp, backend, eventually};
use diesel::connection::SimpleConnection;
use overrule::accounts::Scope;
use overrule::db::{Target, open_connection};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_locked_database_is_a_503_and_nothing_is_lost() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    let root = app.admin();
    let logged = api.log(&line("before")).is(201).at("/id");
    let form = root.open("/admin/agents/helper").fill("Name for people", "Changed");
    let mut conn = open_connection(app.database().target(), false).unwrap();
    conn.batch_execute(match backend() {
        Backend::Sqlite => "BEGIN IMMEDIATE",
        Backend::Postgres => {
            "BEGIN; LOCK TABLE agents, interactions, feedback IN ACCESS EXCLUSIVE MODE"
        }
    })
    .unwrap();
    std::thread::scope(|scope| {
        let all = [
            scope.spawn(|| api.log(&line("one"))),
            scope.spawn(|| api.post("/api/v1/interactions", &json!([line("two"), line("three")]))),
            scope.spawn(|| api.judge(&json!({"interaction": logged, "verdict": "rejected"}))),
        ];
        for answer in all {
            is_busy(&answer.join().unwrap());
        }
    });
    let page =
        form.press("Save").is(503).sees("Nothing was written").sees("What you typed is still");
    assert!(page.answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    conn.batch_execute("ROLLBACK").unwrap();
    assert_eq!(count_stored(&api, &[line("one"), line("two"), line("before")]), 1);
    page.press("Send again").is(200).sees("Changed");
    api.judge(&json!({"interaction": logged, "verdict": "rejected"})).is(201);
}

/// Lets a running process write no file beyond this size, or any.
fn limit_files(process: u32, size: &str) {
    let pid = process.to_string();
    let limit = format!("--fsize={size}:unlimited");
    let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_full_disk_is_a_503_and_what_was_accepted_is_there_afterwards() {
    let mut app = TestApp::start();
    if backend() == Backend::Postgres {
        // A cluster whose disk is full stops for everybody; SQLite stands for both.
        return;
    }
    app.agent("helper", json!({}));
    let key = app.key(&[Scope::Ingest, Scope::Read]);
    app.stop();
    // Beyond the limit a write fails as on a full disk; without the trap it would be a signal.
    let mut server = app.binary().through(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    server = server.args(["serve", "--listen", "127.0.0.1:0"]);
    let mut server = server.start();
    let url = server.listening();
    let api = Api::new(&url, Some(&key));
    let accepted = line("before");
    api.log(&accepted).is(201);
    let wal = std::fs::metadata(app.folder().join("overrule.db-wal")).unwrap().len();
    let database = std::fs::metadata(app.folder().join("overrule.db")).unwrap().len();
    limit_files(server.id(), &(wal.max(database) + 20_000).to_string());
    let large = |n: u32| {
        let text = "x".repeat(10_000);
        json!({"agent": "helper", "external_id": n.to_string(), "input": text, "output": "y"})
    };
    let mut sent = vec![accepted];
    let mut refused = None;
    for n in 0..200 {
        let answer = api.log(&large(n));
        if answer.status == 503 {
            refused = Some((n, answer));
            break;
        }
        answer.is(201);
        sent.push(large(n));
    }
    let (n, answer) = refused.expect("the disk is full at some time");
    is_busy(&answer);
    is_busy(&api.log(&large(n + 1)));
    api.get("/api/v1/feedback").is(200);

    limit_files(server.id(), "unlimited");
    api.log(&large(n)).is(201);
    sent.push(large(n));
    assert_eq!(count_stored(&api, &sent), sent.len());
    server.ask_to_stop();
    assert!(server.end().0.success());
    app.restart();
    assert_eq!(count_stored(&Api::new(app.url(), Some(&key)), &sent), sent.len());
}

#[test]
fn a_database_file_that_was_removed_is_a_503_until_it_is_back() {
    if backend() == Backend::Postgres {
        return;
    }
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Read]);
    api.log(&line("before")).is(201);
    let (file, aside) = (app.folder().join("overrule.db"), app.folder().join("aside.db"));
    std::fs::rename(&file, &aside).unwrap();
    is_busy(&api.log(&line("away")));
    app.stranger().get("/readyz").is_problem(503);
    is_busy_page(&app.browser().open("/sign-in/c29tZXRoaW5n").is(503));
    std::fs::rename(&aside, &file).unwrap();
    api.log(&line("after")).is(201);
    app.stranger().get("/readyz").is(200);
    assert_eq!(count_stored(&api, &[line("before"), line("after")]), 2);
}

#[test]
fn a_database_that_is_away_is_a_503_until_it_is_back() {
    let Target::Postgres(_) = TestApp::start().database().target().clone() else {
        // An embedded database goes away only with its disk.
        return;
    };
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Read]);
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    api.log(&line("before")).is(201);
    app.database().close_to_all();
    is_busy(&api.log(&line("away")));
    is_busy_page(&mia.open("/feedback").is(503));
    app.stranger().get("/healthz").is(200);
    let ready = app.stranger().get("/readyz");
    ready.is_problem(503);
    let figures = app.stranger().get("/metrics").is(200);
    assert!(figures.text.contains("overrule_http_requests_total"));
    app.database().open_to_all();
    let answer = eventually("the database to be back", || {
        Some(api.log(&line("after"))).filter(|answer| answer.status == 201)
    });
    assert_eq!(answer.at("/result"), "created");
    mia.open("/feedback").is(200);
    app.stranger().get("/readyz").is(200);
    assert_eq!(count_stored(&api, &[line("before"), line("after"), line("away")]), 2);
}

fn is_busy_page(page: &crate::support::Page) {
    assert!(page.text().contains("Not just now"), "{}", page.text());
}

#[test]
fn a_database_that_was_never_there_is_said_at_the_start() {
    let app = TestApp::start();
    let there = |url: &str| app.binary().arg("serve").env("DATABASE_URL", url).run();
    let said = there("postgres://nobody:geheim@127.0.0.1:1/none").fails_with(1);
    assert!(said.stderr.contains("can't open postgres://nobody:***@127.0.0.1:1/none"), "{said:?}");
    assert!(!said.stderr.contains("geheim"), "{said:?}");
    let said = there("sqlite:/dev/null/x.db").fails_with(1);
    said.says("can't make the folder /dev/null");
    app.file("text.db", &"this is no database".repeat(100));
    let said = there("sqlite:text.db").fails_with(1);
    said.says("text.db").says("not a database");
    let unread: Value = json!(app.read("text.db"));
    assert!(unread.as_str().unwrap().starts_with("this is no database"), "it is left as it was");
}
