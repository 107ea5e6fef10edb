//! The audit log: who did what, when and from where; and that nobody can change it.

use super::{id_of, page_of};
use crate::support::{Backend, TestApp, backend};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use overrule::accounts::Scope;
use overrule::audit;
use overrule::schema::{audit_events as e, audit_origins as o};
use serde_json::{Value, json};

/// Tries a statement and gives the error.
fn refused(app: &TestApp, statement: &'static str) -> String {
    let result = app.db().write_now(move |conn| Ok(diesel::sql_query(statement).execute(conn)?));
    result.expect_err(statement).to_string()
}

/// Seals everything that is open.
fn seal(app: &TestApp) {
    while app.write(audit::seal) > 0 {}
}

/// Runs a statement that the database's own guard would refuse, as a thief does who owns it.
fn force(app: &TestApp, statement: &str) {
    let (statement, guards) = (
        statement.to_owned(),
        match backend() {
            Backend::Sqlite => {
                ["audit_events_kept", "audit_events_stay", "audit_events_new", "audit_seals_kept"]
            }
            Backend::Postgres => ["audit_events", "audit_seals", "audit_events", "audit_seals"],
        },
    );
    app.write(move |conn| {
        let drops = guards.map(|name| match backend() {
            Backend::Sqlite => format!("DROP TRIGGER IF EXISTS {name}"),
            Backend::Postgres => format!("ALTER TABLE {name} DISABLE TRIGGER USER"),
        });
        for drop in drops.iter().chain([&statement]) {
            diesel::sql_query(drop.as_str()).execute(conn)?;
        }
        Ok(())
    });
}

fn filled(app: &TestApp) {
    app.person("ada@example.com", "Ada", &["support"]);
    let admin = app.admin();
    admin.open(&page_of(app, "ada@example.com")).choose("Engineer").press("Save").is(200);
}

#[test]
fn what_people_do_is_found_with_when_and_from_where() {
    let app = TestApp::start();
    filled(&app);
    let admin = app.admin();
    let log = admin.open("/admin/people").click("Audit log").is(200);
    let log = log.sees("person.roles").sees("Root").sees("127.0.0.1").sees("command line");
    let subject = format!("person:{}", id_of(&app, "ada@example.com"));
    let found = log.pick("Did what", "person.roles").fill("To what", &subject).press("Find");
    let rows = found.is(200).elements("tbody th");
    assert_eq!(rows.len(), 1, "{rows:?}");
    // Either database has its own order of keys.
    assert!(rows[0].contains("\"engineer\":true"), "{rows:?}");
    let find = |who: &str| admin.open("/admin/audit").fill("Who", who).press("Find");
    find("root@example.com").is(200).sees("person.roles").does_not_see("command line");
    find("nobody@example.com").is(422).sees("is the address of somebody here, or an id");
    admin.open("/admin/audit?until=2020-01-01").is(200).sees("Nothing fits");
    admin.open("/admin/audit?since=2020-01-01").is(200).sees("person.roles");
    admin.open("/admin/audit?since=yesterday").is(422).sees("is a day such as");
}

#[test]
fn the_log_is_turned_a_page_at_a_time_and_taken_as_lines() {
    let app = TestApp::start();
    let admin = app.admin();
    for n in 0..120 {
        app.write(move |conn| {
            let subject = format!("agent:a{n:03}");
            audit::record(conn, audit::Actor::System, "agent.set", &subject, json!({"n": n}))
        });
    }
    let first = admin.open("/admin/audit?action=agent.set").is(200);
    assert_eq!(first.elements("tbody td code")[0], "agent:a119");
    let second = first.click("Older →");
    assert_eq!(second.elements("tbody td code")[0], "agent:a069");
    let third = second.click("Older →").is(200);
    assert_eq!(third.elements("tbody td code").last().unwrap(), "agent:a000");
    let file = admin.open("/admin/audit/export?action=agent.set").answer;
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> =
        file.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 120);
    assert_eq!(
        (&lines[0]["subject"], &lines[0]["actor_kind"]),
        (&json!("agent:a119"), &json!("system"))
    );
    admin.open("/admin/audit").sees("audit.export");
}

#[test]
fn whoever_fetches_a_file_of_a_release_is_written_down_with_where_from() {
    let app = TestApp::start();
    app.file("q.json", r#"{"agents": ["helper"], "format": "sft"}"#);
    app.command(&["agent", "set", "helper", "--review", "none"]).ok();
    let line = json!({"agent": "helper", "input": "q", "output": "a",
        "feedback": [{"verdict": "corrected", "correction": "b"}]});
    app.file("lines.jsonl", &line.to_string());
    app.command(&["import", "lines.jsonl"]).ok();
    app.command(&["dataset", "set", "answers", "q.json"]).ok();
    app.command(&["dataset", "release", "answers"]).ok();
    let file = "/datasets/answers/releases/1/files/train.jsonl";
    app.api(&[Scope::Export]).get(&format!("/api/v1{file}")).is(200);
    app.engineer().open(file).is(200);
    app.command(&["dataset", "download", "answers", "1", "--out", "here"]).ok();
    let admin = app.admin();
    let log = admin.open("/admin/audit").pick("Did what", "dataset.download").press("Find").is(200);
    let rows = log.elements("tbody tr");
    let of_train: Vec<_> = rows.iter().filter(|row| row.contains("train.jsonl")).collect();
    assert_eq!(of_train.len(), 3, "{rows:?}");
    assert_eq!(of_train.iter().filter(|row| row.contains("127.0.0.1")).count(), 2, "{rows:?}");
    assert!(of_train.iter().any(|row| row.contains("command line")), "{rows:?}");
}

#[test]
fn who_brought_decisions_made_teams_and_took_everything_along_is_in_the_log() {
    let app = TestApp::start();
    let line = json!({"agent": "helper", "team": "sales", "input": "q", "output": "a", "feedback":
        [{"verdict": "corrected", "correction": "b", "status": "accepted"}]});
    app.file("lines.jsonl", &line.to_string());
    app.command(&["import", "lines.jsonl"]).ok();
    app.command(&["user", "add", "ada@example.com", "--team", "sales:champion"]).ok();
    if backend() == Backend::Sqlite {
        app.command(&["backup", "all.backup"]).ok();
    }
    let admin = app.admin();
    let find = |action: &str| {
        let page = admin.open(&format!("/admin/audit?action={action}")).is(200);
        page.elements("tbody tr").join("\n")
    };
    let teams = find("team.create");
    assert!(teams.contains("team:sales") && teams.contains("command line"), "{teams}");
    assert!(find("agent.set").contains("agent:helper"));
    let brought = find("decision.import");
    assert!(brought.contains("\"count\":1") && brought.contains("command line"), "{brought}");
    assert!(find("person.add").contains("\"champion\":true"));
    if backend() == Backend::Sqlite {
        assert!(find("backup").contains("installation"));
    }
    let path = page_of(&app, "ada@example.com");
    admin.open(&path).press("Deactivate").is(200);
    app.command(&["user", "add", "ada@example.com"]).ok();
    assert!(find("person.activate").contains("command line"));
}

#[test]
fn what_programs_bring_in_batches_is_in_the_log_with_where_from() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Admin]);
    let line = json!({"agent": "helper", "team": "sales", "input": "q", "output": "a", "feedback":
        [{"verdict": "corrected", "correction": "b", "status": "accepted"}]});
    api.log(&line).is(201);
    let admin = app.admin();
    for action in ["team.create", "agent.set", "decision.import"] {
        let page = admin.open(&format!("/admin/audit?action={action}")).is(200);
        let rows = page.elements("tbody tr").join("\n");
        assert!(rows.contains("127.0.0.1") && rows.contains("key"), "{action}: {rows}");
    }
}

#[test]
fn the_database_itself_refuses_to_change_the_log() {
    let app = TestApp::start();
    filled(&app);
    for round in ["open", "sealed"] {
        for statement in [
            "UPDATE audit_events SET action = 'nothing'",
            "UPDATE audit_events SET detail = '{}'",
            "UPDATE audit_events SET actor_id = NULL, seal = NULL",
            "DELETE FROM audit_events",
            "INSERT INTO audit_events (id, actor_kind, action, subject, detail, created_at, seal) \
             SELECT id, 'system', 'forged', 'x', detail, created_at, 999 FROM audit_events",
        ] {
            let why = refused(&app, statement);
            assert!(why.contains("append-only"), "{round}: {statement}: {why}");
        }
        seal(&app);
    }
    assert!(refused(&app, "UPDATE audit_seals SET events = 0").contains("append-only"));
    assert!(refused(&app, "DELETE FROM audit_seals").contains("append-only"));
    if backend() == Backend::Sqlite {
        for statement in [
            "INSERT OR REPLACE INTO audit_events (id, actor_kind, action, subject, detail, \
             created_at) SELECT id, 'system', 'forged', 'x', '{}', 1 FROM audit_events",
            "INSERT OR REPLACE INTO audit_seals SELECT number, 0, hash, 1 FROM audit_seals",
        ] {
            assert!(refused(&app, statement).contains("append-only"), "{statement}");
        }
    }
    if backend() == Backend::Postgres {
        assert!(refused(&app, "TRUNCATE audit_events CASCADE").contains("append-only"));
    }
}

#[test]
fn doctor_follows_the_chain_and_finds_what_was_changed() {
    let app = TestApp::start();
    filled(&app);
    seal(&app);
    app.person("ben@example.com", "Ben", &["sales"]);
    seal(&app);
    let doctor = || app.command(&["doctor"]);
    doctor().says("the audit log is whole");
    // A made-up event that no seal covers; it is there only until the statement after it.
    let id = match backend() {
        Backend::Sqlite => "randomblob(16)",
        Backend::Postgres => "gen_random_uuid()",
    };
    let forged = format!(
        "INSERT INTO audit_events (id, actor_kind, action, subject, detail, created_at, seal) \
         SELECT {id}, actor_kind, 'forged', subject, detail, created_at, 1 FROM audit_events \
         WHERE action = 'person.roles'"
    );
    for (change, back) in [
        (
            "UPDATE audit_events SET action = 'x' WHERE action = 'person.roles'",
            "UPDATE audit_events SET action = 'person.roles' WHERE action = 'x'",
        ),
        (
            "UPDATE audit_seals SET events = events + 1",
            "UPDATE audit_seals SET events = events - 1",
        ),
        (
            "UPDATE audit_origins SET address = '192.0.2.' || address",
            "UPDATE audit_origins SET address = substr(address, 9)",
        ),
        (&*forged, "DELETE FROM audit_events WHERE action = 'forged'"),
        (
            "UPDATE audit_events SET seal = NULL WHERE seal = 2",
            "UPDATE audit_events SET seal = 2 WHERE seal IS NULL",
        ),
    ] {
        force(&app, change);
        let found = app.write(audit::verify);
        assert!(found.is_err(), "{change}");
        doctor().fails_with(1).says("the audit log does not hold");
        force(&app, back);
        assert!(app.write(audit::verify).is_ok(), "{back}");
    }
}

#[test]
fn an_origin_can_be_erased_and_the_chain_still_holds() {
    let app = TestApp::start();
    filled(&app);
    seal(&app);
    app.write(|conn| Ok(diesel::delete(o::table).execute(conn)?));
    let head = app.write(audit::verify).expect("the chain holds");
    assert!(head.events > 2 && head.open == 0, "{head:?}");
    app.admin().open("/admin/audit").is(200).sees("person.roles");
}

#[test]
fn nothing_secret_and_nothing_erasable_is_in_the_log() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support", "review": "required"}));
    let admin = app.admin();
    let form = admin.open("/admin/people/new").fill("E-mail address", "zelda@example.com");
    form.fill("Name", "Zelda Quux").fill("Team", "support").press("Send the invitation").is(200);
    let zelda = page_of(&app, "zelda@example.com");
    admin.open(&zelda).fill("Name", "Zelda Renamed").press("Save").is(200);
    let key = admin.open("/admin/keys/new").fill("What it is for", "Zelda's laptop");
    key.choose("read").press("Make the key").is(201);
    let token = app.key(&[Scope::Admin]);
    let api = crate::support::Api::new(app.url(), Some(&token));
    let line = json!({"agent": "helper", "input": "Zelda's question", "output": "Zelda's answer",
        "end_user": "zelda@example.com",
        "feedback": [{"verdict": "corrected", "correction": "Zelda's correction"}]});
    api.log(&line).is(201);
    let waiting = api.get("/api/v1/review-items").is(200).at("/items/0/id");
    let decided = json!({"decision": "declined", "reason": "Zelda's reason"});
    api.post(&format!("/api/v1/review-items/{waiting}/decisions"), &decided).is(201);
    api.get("/api/v1/signals?agent=helper&format=signals").is(200);
    api.get("/api/v1/signals?agent=helper&format=signals&version=Zelda").is(200);
    admin.open("/admin/audit/export?subject=Zelda&action=Zelda").is(200);
    let profile = admin.open("/profile").fill("Name", "Zelda's boss").press("Save");
    profile.is(200);
    let file = admin.open("/admin/audit/export?actor=zelda@example.com").answer.text;
    assert!(file.is_empty(), "{file}");
    let file = admin.open("/admin/audit/export").answer.text;
    assert!(file.contains("item.") && file.contains("signals.export"), "{file}");
    for text in ["elda", "Quux", token.as_str(), &token[4..12]] {
        assert!(!file.contains(text), "{text} is in {file}");
    }
}

#[test]
fn two_machines_seal_at_once_and_each_event_is_sealed_once() {
    let app = TestApp::start();
    filled(&app);
    std::thread::scope(|scope| {
        for machine in 0..4 {
            let app = &app;
            scope.spawn(move || {
                let db = overrule::db::Db::open(app.database().target()).unwrap();
                for n in 0..25 {
                    let subject = format!("agent:m{machine}-{n}");
                    db.write_patiently(move |conn| {
                        audit::record(conn, audit::Actor::System, "agent.set", &subject, json!({}))
                    })
                    .unwrap();
                    if n % 5 == 0 {
                        db.write_patiently(audit::seal).unwrap();
                    }
                }
                db.close();
            });
        }
    });
    seal(&app);
    let head = app.write(audit::verify).expect("the chain holds");
    let all: i64 = app.write(|conn| Ok(e::table.count().get_result(conn)?));
    assert_eq!((head.events, head.open), (all, 0));
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let seals: Count = app.write(|conn| {
        Ok(diesel::sql_query("SELECT count(*) AS n FROM audit_seals").get_result(conn)?)
    });
    assert_eq!(seals.n, head.number);
}
