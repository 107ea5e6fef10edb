//! An installation moves to another database: on SQLite to another file, on PostgreSQL to a
//! database of its own.

use super::{Place, change, number, talk};
use crate::support::{Api, Browser, Database, Finished, real_data};
use overrule::db::{Holder, Target, lock, open_connection};

/// What a person would write after `--to`.
fn url(target: &Target) -> String {
    match target {
        Target::Sqlite(path) => format!("sqlite:{}", path.display()),
        Target::Postgres(url) => url.clone(),
    }
}

/// An empty database to copy into, and the folder it may be in.
fn elsewhere() -> (Database, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Database::empty(folder.path()), folder)
}

fn copy(place: &Place, to: &Target) -> Finished {
    place.run(["copy", "--to", &url(to)])
}

/// A statement that makes every insert into a table fail, and one that ends this.
fn block(target: &Target, table: &str) -> String {
    match target {
        Target::Sqlite(_) => {
            let fail = "BEGIN SELECT RAISE(ABORT, 'blocked'); END";
            change(target, &format!("CREATE TRIGGER block BEFORE INSERT ON {table} {fail}"));
            "DROP TRIGGER block".into()
        }
        Target::Postgres(_) => {
            change(
                target,
                &format!("ALTER TABLE {table} ADD CONSTRAINT block CHECK (false) NOT VALID"),
            );
            format!("ALTER TABLE {table} DROP CONSTRAINT block")
        }
    }
}

#[test]
fn ids_links_keys_and_every_signal_go_along() {
    let place = Place::filled();
    let key = place.key();
    let (server, address) = place.serve();
    let api = Api::new(&address, Some(&key));
    let (_, receipt) = talk(&api, 1);
    let (_, revised) = talk(&api, 2);
    let body = serde_json::json!({"interaction": {"agent": "helper", "external_id": "t-2",
        "environment": "production"}, "author": "ben@example.com", "verdict": "corrected",
        "correction": "Better like that."});
    api.judge(&body).is(201);
    drop(server);
    let (database, folder) = elsewhere();
    let to = database.target();
    copy(&place, to).ok().says("the same on both sides");
    for agent in ["helper", "tea-advisor"] {
        let there = |command: crate::support::Command| command.env("DATABASE_URL", url(to));
        assert_eq!(place.signals_by(agent, there), place.signals(agent));
    }
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let mut server = place.command(serve).env("DATABASE_URL", url(to)).start();
    let address = server.listening();
    let browser = Browser::new(&address);
    browser.open(&receipt).is(200).sees("Like this, 1");
    browser.open(&revised).is(200).sees("Like this, 2");
    let api = Api::new(&address, Some(&key));
    api.get("/api/v1/feedback").is(200);
    talk(&api, 3);
    drop((server, folder));
}

#[test]
fn there_and_back_again_is_the_same() {
    let place = Place::filled();
    let (database, _folder) = elsewhere();
    let to = database.target();
    let hashes = |finished: Finished| -> Vec<String> {
        let lines = finished.ok().stderr;
        lines.lines().filter(|line| line.starts_with(' ')).map(str::to_owned).collect()
    };
    let there = hashes(copy(&place, to));
    assert!(there.len() > 20, "{there:?}");
    let other = Place::empty();
    let back = other.command(["copy", "--to", &url(&other.target())]);
    assert_eq!(hashes(back.env("DATABASE_URL", url(to)).run()), there);
    assert_eq!(other.signals("tea-advisor"), place.signals("tea-advisor"));
}

#[test]
fn a_copy_that_was_stopped_goes_on_where_it_was() {
    let place = Place::filled();
    let (database, _folder) = elsewhere();
    let to = database.target();
    overrule::db::migrate(to).unwrap();
    let end = block(to, "signals");
    copy(&place, to).fails_with(1).says("can't write `signals`");
    let there = number(to, "SELECT count(*) FROM interactions");
    assert!(there > 0);
    // Half an installation is none.
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let refused = place.command(serve).env("DATABASE_URL", url(to)).run();
    refused.fails_with(1).says("holds half a copy; run the same `overrule copy` again");
    change(to, &end);
    // What is there already is not written again.
    let end = block(to, "interactions");
    copy(&place, to).ok().says("went on with the copy");
    change(to, &end);
    assert_eq!(number(to, "SELECT count(*) FROM interactions"), there);
    assert_eq!(number(to, "SELECT count(*) FROM installation WHERE name = 'copying'"), 0);
    copy(&place, to).fails_with(1).says("is not empty");
}

#[test]
fn a_source_that_changed_since_is_found_at_the_end() {
    let place = Place::filled();
    let (database, _folder) = elsewhere();
    let to = database.target();
    overrule::db::migrate(to).unwrap();
    let end = block(to, "signals");
    copy(&place, to).fails_with(1);
    change(to, &end);
    change(&place.target(), "UPDATE feedback SET comment = 'Changed since.'");
    copy(&place, to).fails_with(1).says("`feedback` differs").says("`--start-over`");
    place.run(["copy", "--to", &url(to), "--start-over"]).ok().says("the same on both sides");
    let changed = "SELECT count(*) FROM feedback WHERE comment = 'Changed since.'";
    assert_eq!(number(to, changed), number(&place.target(), changed));
}

#[test]
fn a_database_that_is_not_empty_is_refused() {
    let place = Place::filled();
    let (database, _folder) = elsewhere();
    let to = database.target();
    change(to, "CREATE TABLE letters (id BIGINT PRIMARY KEY)");
    // Neither does it say that the file is an installation, nor does it touch it.
    copy(&place, to).fails_with(1).says("is not empty");
    assert_eq!(number(to, "SELECT count(*) FROM letters"), 0);
    change(to, "DROP TABLE letters");
    overrule::db::migrate(to).unwrap();
    let team = match to {
        Target::Sqlite(_) => "INSERT INTO teams VALUES (randomblob(16), 'a', 'A', 0)",
        Target::Postgres(_) => "INSERT INTO teams VALUES (gen_random_uuid(), 'a', 'A', now())",
    };
    change(to, team);
    copy(&place, to).fails_with(1).says("is not empty: `teams` has 1 rows");
    let start_over = place.run(["copy", "--to", &url(to), "--start-over"]);
    start_over.fails_with(1).says("is not empty");
    assert_eq!(number(to, "SELECT count(*) FROM teams"), 1);
    assert_eq!(number(to, "SELECT count(*) FROM people"), 0);
}

#[test]
fn the_beginning_of_another_copy_is_refused() {
    let (place, other) = (Place::filled(), Place::filled());
    let (database, _folder) = elsewhere();
    let to = database.target();
    overrule::db::migrate(to).unwrap();
    let end = block(to, "signals");
    copy(&place, to).fails_with(1);
    change(to, &end);
    copy(&other, to).fails_with(1).says("the beginning of a copy of another installation");
    copy(&place, to).ok();
}

#[test]
fn two_copies_at_once_are_refused() {
    let place = Place::filled();
    let (database, _folder) = elsewhere();
    let to = database.target();
    // Another copy of the same source.
    let held = lock(&place.target(), Holder::Copy).unwrap();
    copy(&place, to).fails_with(1).says("another copy is running on");
    drop(held);
    // Another copy into the same target.
    match to {
        Target::Sqlite(_) => {
            let held = lock(to, Holder::Copy).unwrap();
            copy(&place, to).fails_with(1).says("another copy is running on");
            drop(held);
        }
        Target::Postgres(_) => {
            let mut held = open_connection(to, false).unwrap();
            let take = "SELECT pg_advisory_lock(8031718527430783097)";
            diesel::connection::SimpleConnection::batch_execute(&mut held, take).unwrap();
            copy(&place, to).fails_with(1).says("another copy into");
            drop(held);
        }
    }
    copy(&place, to).ok();
}

#[test]
fn a_copy_of_what_is_being_served_is_refused() {
    let place = Place::filled();
    let (server, _) = place.serve();
    let (database, folder) = elsewhere();
    let to = database.target();
    copy(&place, to).fails_with(1).says("a server is running on");
    drop(server);
    // Nothing was made there.
    if let Target::Sqlite(path) = to {
        assert!(!path.exists(), "{}", folder.path().display());
    }
    copy(&place, to).ok();
    // And the other way: nobody fills what is being served.
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let mut server = place.command(serve).env("DATABASE_URL", url(to)).start();
    server.listening();
    let back = place.command(["copy", "--to", "sqlite:back.db"]).env("DATABASE_URL", url(to));
    let said = back.run().fails_with(1);
    assert!(said.stderr.contains("a server"), "{said:?}");
}

#[test]
fn a_copy_needs_a_source_and_another_target() {
    let place = Place::empty();
    place.run(["copy", "--to", "sqlite:x.db"]).fails_with(1).says("there is no database at");
    assert!(!place.path("x.db").exists());
    let place = Place::filled();
    let own = url(&place.target());
    place.run(["copy", "--to", &own]).fails_with(1).says("is the database that is to be copied");
    place.run(["copy", "--to", "mysql://x"]).fails_with(1).says("a database is `sqlite:PATH` or");
}

#[test]
fn thousands_of_real_rows_are_the_same_after_a_kill() {
    let Some(file) = real_data("banking77_noisy.jsonl") else { return };
    let place = Place::empty();
    place.run(["import", file.to_str().unwrap()]).ok();
    let (database, _folder) = elsewhere();
    let to = database.target();
    overrule::db::migrate(to).unwrap();
    let started = place.command(["copy", "--to", &url(to)]).start();
    crate::support::eventually("some rows", || {
        (number(to, "SELECT count(*) FROM interactions") > 0).then_some(())
    });
    started.kill();
    let again = copy(&place, to);
    if !again.status.success() {
        // It was quicker than the kill, or its last statement is still under way.
        assert!(again.stderr.contains("is not empty") || again.stderr.contains("running"));
        return;
    }
    again.says("went on with the copy");
    assert_eq!(number(to, "SELECT count(*) FROM interactions"), 6482);
}
