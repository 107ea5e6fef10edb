//! What is refused at `restore`, with nothing touched; and what is put in place.

use super::{Place, change, number};
use overrule::db::{Target, open_connection};
use overrule::moving::file::{Backup, seal};
use std::path::{Path, PathBuf};

/// The bytes of every file of a folder, to see that none has changed.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // Whoever reads a database in this mode makes an index of its log.
        .filter(|path| path.extension().is_none_or(|ending| ending != "db-shm"))
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[track_caller]
fn refused(file: &Path, sentence: &str) {
    let other = Place::empty();
    other.restore(file).fails_with(1).says("nothing was changed").says(sentence);
    assert!(!other.data().exists(), "something was made");
}

#[test]
fn a_file_that_was_cut_anywhere_is_refused() {
    let place = Place::filled();
    let whole = std::fs::read(place.backup("all.backup")).unwrap();
    let cut = place.path("cut");
    let ends = [100, 4096, whole.len() / 2, whole.len() - 600, whole.len() - 97, whole.len() - 1];
    for end in ends {
        std::fs::write(&cut, &whole[..end]).unwrap();
        refused(&cut, "is cut: its end is missing");
    }
    for end in [0, 1, 15] {
        std::fs::write(&cut, &whole[..end]).unwrap();
        refused(&cut, "is not a backup");
    }
}

#[test]
fn a_file_that_was_changed_anywhere_is_refused() {
    let place = Place::filled();
    let whole = std::fs::read(place.backup("all.backup")).unwrap();
    let changed = place.path("changed");
    let step = whole.len() / 23;
    for at in (100..whole.len()).step_by(step).chain([whole.len() - 300, whole.len() - 20]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&changed, bytes).unwrap();
        refused(&changed, "damaged");
    }
    let mut bytes = whole[..whole.len() - 97].to_vec();
    bytes.extend_from_slice(b"more");
    bytes.extend_from_slice(&whole[whole.len() - 97..]);
    std::fs::write(&changed, bytes).unwrap();
    refused(&changed, "damaged");
}

#[test]
fn a_backup_of_a_newer_version_is_refused() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    let mut manifest = Backup::open(&file).unwrap().manifest;
    let bytes = std::fs::read(&file).unwrap();
    let newer = place.path("newer");
    std::fs::write(&newer, &bytes[..manifest.bytes as usize]).unwrap();
    manifest.version = "99991231000001".into();
    manifest.software = "overrule 9.0.0".into();
    seal(&newer, &manifest, &|_| {}).unwrap();
    refused(&newer, "is of version 99991231000001, made by a newer Overrule (overrule 9.0.0)");
    let text = String::from_utf8_lossy(&bytes[bytes.len() - 97..]).replace(" 0001 ", " 0002 ");
    let mut bytes = bytes[..bytes.len() - 97].to_vec();
    bytes.extend_from_slice(text.as_bytes());
    std::fs::write(&newer, bytes).unwrap();
    refused(&newer, "newer format");
}

#[test]
fn what_is_not_a_backup_is_refused() {
    let place = Place::filled();
    let letter = place.path("letter.txt");
    std::fs::write(&letter, "Dear Ada, ".repeat(1000)).unwrap();
    refused(&letter, "is not a backup: it does not start as one");
    let database = place.path("plain.db");
    std::fs::copy(place.data().join("overrule.db"), &database).unwrap();
    refused(&database, "an SQLite database that `overrule backup` did not make");
    refused(&place.path("nothing"), "can't read");
    refused(&place.path("."), "can't");
}

#[test]
fn a_restore_over_a_running_server_is_refused() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    let (server, _) = place.serve();
    let before = number(&place.target(), "SELECT count(*) FROM feedback");
    let replace = ["restore", file.to_str().unwrap(), "--replace"];
    place.run(replace).fails_with(1).says("a server is running on").says("nothing was changed");
    assert_eq!(number(&place.target(), "SELECT count(*) FROM feedback"), before);
    drop(server);
    place.run(replace).ok();
}

#[test]
fn a_restore_over_data_wants_to_be_told() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    place.run(["agent", "set", "later", "--kind", "text"]).ok();
    let before = contents(&place.data());
    place.restore(&file).fails_with(1).says("holds data; give `--replace`");
    let kept = contents(&place.data());
    let database = |all: &[(PathBuf, Vec<u8>)]| {
        all.iter().find(|(path, _)| path.ends_with("overrule.db")).cloned()
    };
    assert_eq!(database(&kept), database(&before));
    let agents = "SELECT count(*) FROM agents";
    let with = number(&place.target(), agents);
    place.run(["restore", file.to_str().unwrap(), "--replace"]).ok();
    assert_eq!(number(&place.target(), agents), with - 1);
    assert_eq!(number(&place.target(), "SELECT count(*) FROM pragma_integrity_check"), 1);
}

#[test]
fn a_database_without_data_may_be_restored_over() {
    let file = Place::filled();
    let backup = file.backup("all.backup");
    let place = Place::empty();
    place.run(["migrate"]).ok();
    let (server, _) = place.serve();
    drop(server);
    place.restore(&backup).ok();
    assert_eq!(place.signals("tea-advisor"), file.signals("tea-advisor"));
}

#[test]
fn a_database_that_another_program_has_open_is_not_replaced() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    let open = open_connection(&place.target(), false).unwrap();
    let replace = ["restore", file.to_str().unwrap(), "--replace"];
    place.run(replace).fails_with(1).says("another program has").says("nothing was changed");
    drop(open);
    place.run(replace).ok();
}

#[test]
fn a_damaged_database_is_set_aside_and_not_lost() {
    let place = Place::filled();
    let file = place.backup("all.backup");
    let before = place.signals("tea-advisor");
    let database = place.data().join("overrule.db");
    std::fs::write(&database, "nothing that SQLite knows".repeat(400)).unwrap();
    place.restore(&file).fails_with(1).says("can't be read as a database; give `--replace`");
    let said = place.run(["restore", file.to_str().unwrap(), "--replace"]).ok();
    said.says("the database that was there can't be read; it is now");
    assert_eq!(place.signals("tea-advisor"), before);
    let aside: Vec<_> = contents(&place.data())
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().contains(".damaged-"))
        .collect();
    assert!(aside.iter().any(|(_, bytes)| bytes.starts_with(b"nothing that SQLite knows")));
}

#[test]
fn a_damaged_database_is_not_backed_up() {
    let place = Place::filled();
    super::doctor::damage(&place.data().join("overrule.db"));
    place.run(["backup", "all.backup"]).fails_with(1).says("damaged");
    assert!(!place.path("all.backup").exists());
}

#[test]
fn an_older_backup_is_brought_up_to_date() {
    let place = Place::empty();
    let older = super::tables::older(&place.target());
    let file = place.backup("old.backup");
    let other = Place::empty();
    other.restore(&file).ok().says(&format!("brought from version {older} to version"));
    let Target::Sqlite(path) = other.target() else { panic!("an embedded database") };
    assert!(path.exists());
    change(&other.target(), "INSERT INTO teams VALUES (x'01', 'a', 'A', 0)");
    assert!(!overrule::db::pending(&other.target()).unwrap());
}
