//! A backup is whole, whatever goes on meanwhile, and it carries what links need.

use super::{Place, number, talk};
use crate::support::{Api, Backend, Browser, TestApp, backend};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[test]
fn a_backup_made_while_a_server_writes_has_all_that_was_acknowledged_before() {
    let place = Place::empty();
    let key = place.key();
    let (server, url) = place.serve();
    let (stop, said) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let api = Api::new(&url, Some(&key));
            for number in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                talk(&api, number);
                said.store(number + 1, Ordering::SeqCst);
            }
        });
        for round in 1..=3 {
            crate::support::eventually("more feedback", || {
                (said.load(Ordering::SeqCst) > round * 20).then_some(())
            });
            let before = said.load(Ordering::SeqCst) as i64;
            let file = place.backup(&format!("{round}.backup"));
            let after = said.load(Ordering::SeqCst) as i64 + 1;
            let other = Place::empty();
            other.restore(&file).ok().says("restored");
            let count =
                |table: &str| number(&other.target(), &format!("SELECT count(*) FROM {table}"));
            let there = count("feedback");
            assert!((before..=after).contains(&there), "{before} {there} {after}");
            // One moment's state: an interaction is there with its body, feedback with its signal.
            assert_eq!(count("interactions"), count("interaction_bodies"));
            assert_eq!(there, count("signals"));
            crate::crash::checks::nothing_is_half_there(&other.target());
            assert_eq!(other.signals("helper").lines().count() as i64, there);
        }
        stop.store(true, Ordering::SeqCst);
    });
    drop(server);
}

#[test]
fn links_and_receipts_work_where_the_backup_is_restored() {
    let place = Place::empty();
    let key = place.key();
    let (server, url) = place.serve();
    let (_, receipt) = talk(&Api::new(&url, Some(&key)), 1);
    let file = place.backup("all.backup");
    drop(server);
    let other = Place::empty();
    other.restore(&file).ok();
    let (_server, url) = other.serve();
    Browser::new(&url).open(&receipt).is(200).sees("Like this, 1");
    // The key is known there too, and the receipt of another installation is not.
    Api::new(&url, Some(&key)).get("/api/v1/feedback").is(200);
    let stranger = Place::empty();
    let (_stranger, url) = stranger.serve();
    Browser::new(&url).open(&receipt).does_not_see("Like this, 1");
}

#[test]
fn a_backup_is_for_its_owner_and_any_sqlite_reads_it() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = overrule::db::Target::Sqlite(place.path("copy.db"));
    std::fs::copy(&file, place.path("copy.db")).unwrap();
    let count = "SELECT count(*) FROM interactions";
    assert_eq!(number(&copy, count), number(&place.target(), count));
    // Nothing else is left beside it.
    let left: Vec<_> = std::fs::read_dir(place.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("all") || name.starts_with('.'))
        .collect();
    assert_eq!(left, ["all.backup"]);
}

#[test]
fn a_backup_takes_the_place_of_an_older_backup_and_of_nothing_else() {
    let place = Place::filled();
    let first = std::fs::read(place.backup("all.backup")).unwrap();
    assert_ne!(std::fs::read(place.backup("all.backup")).unwrap(), first);
    std::fs::write(place.path("letter.txt"), "Dear Ada,").unwrap();
    place.run(["backup", "letter.txt"]).fails_with(1).says("is there already and is not a whole");
    assert_eq!(std::fs::read_to_string(place.path("letter.txt")).unwrap(), "Dear Ada,");
    let database = std::fs::read(place.data().join("overrule.db")).unwrap();
    place.run(["backup", "data/overrule.db"]).fails_with(1).says("is the database itself");
    assert_eq!(std::fs::read(place.data().join("overrule.db")).unwrap(), database);
}

#[test]
fn there_must_be_a_database_to_back_up() {
    let place = Place::empty();
    place.run(["backup", "all.backup"]).fails_with(1).says("there is no database at");
    assert!(!place.data().exists() && !place.path("all.backup").exists());
    std::fs::create_dir(place.data()).unwrap();
    std::fs::write(place.data().join("overrule.db"), "").unwrap();
    place.run(["backup", "all.backup"]).fails_with(1).says("is not a database of Overrule");
    assert!(!place.path("all.backup").exists());
}

#[test]
fn a_secret_from_the_settings_is_spoken_of_at_both_ends() {
    let place = Place::filled();
    let secret = |command: crate::support::Command, letter: &str| {
        command.env("OVERRULE_SERVER__SECRET", format!("{letter}0123456789").repeat(4)).run().ok()
    };
    let said = secret(place.command(["backup", "all.backup"]), "a");
    said.says("server.secret comes from the settings and is not in the file");
    let file = place.path("all.backup");
    let file = file.to_str().unwrap();
    let same = Place::empty();
    let said = secret(same.command(["restore", file]), "a");
    assert!(!said.stderr.contains("server.secret"), "{said:?}");
    let other = Place::empty();
    secret(other.command(["restore", file]), "b").says("server.secret is not the one");
    Place::empty().run(["restore", file]).ok().says("server.secret is not the one");
}

#[test]
fn on_postgresql_backup_and_restore_name_its_own_tools() {
    if backend() == Backend::Sqlite {
        let place = Place::empty();
        let elsewhere = |arguments: [&str; 2]| {
            let url = "postgres://me:geheim@db.example.com/overrule";
            place.command(arguments).env("DATABASE_URL", url).run().fails_with(1)
        };
        let said = elsewhere(["backup", "x"]);
        let command = "pg_dump --format=custom --file='x' 'postgres://me@db.example.com/overrule'";
        assert!(said.stderr.contains(command), "{said:?}");
        assert!(!said.stderr.contains("geheim"), "{said:?}");
        elsewhere(["restore", "x"]).says("pg_restore --clean --if-exists --no-owner --dbname=");
        return;
    }
    let app = TestApp::start();
    let file = app.file("x", "");
    let file = file.to_str().unwrap();
    app.command(&["backup", file]).fails_with(1).says("pg_dump --format=custom");
    app.command(&["restore", file]).fails_with(1).says("pg_restore --clean");
}
