//! No table is forgotten, and each comes after those it refers to, on either database.

use crate::support::Database;
use overrule::db::{Conn, Target, open_connection};
use overrule::moving::layout::Layout;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn migrations(database: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path.join("up.sql")).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// The tables that the migrations make, but for those they remove again.
fn made(database: &str) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for (_, sql) in migrations(database) {
        for line in sql.lines() {
            let name = |start: &str| {
                let rest = line.strip_prefix(start)?;
                Some(rest.split([' ', '(', ';']).next().unwrap().to_owned())
            };
            tables.extend(name("CREATE TABLE "));
            if let Some(gone) = name("DROP TABLE ") {
                tables.remove(&gone);
            }
            if let Some(rest) = line.strip_prefix("ALTER TABLE ")
                && let Some((from, to)) = rest.split_once(" RENAME TO ")
            {
                tables.remove(from);
                tables.insert(to.trim_end_matches(';').to_owned());
            }
        }
    }
    tables
}

fn layout(target: &Target) -> Layout {
    Layout::read(&mut open_connection(target, false).unwrap()).unwrap()
}

#[test]
fn a_copy_knows_every_table_that_the_migrations_make() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new(folder.path());
    let name = match database.target() {
        Target::Sqlite(_) => "sqlite",
        Target::Postgres(_) => "postgres",
    };
    let layout = layout(database.target());
    let known: BTreeSet<String> = layout.names().into_iter().map(str::to_owned).collect();
    assert_eq!(known, made(name));
    assert_eq!(made("sqlite"), made("postgres"));
}

#[test]
fn both_databases_have_the_same_tables_columns_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new(folder.path());
    let embedded = Target::Sqlite(folder.path().join("embedded.db"));
    overrule::db::migrate(&embedded).unwrap();
    assert_eq!(layout(&embedded).difference(&layout(database.target())), None);
}

#[test]
fn every_table_comes_after_those_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new(folder.path());
    let layout = layout(database.target());
    let place = |name: &str| layout.0.iter().position(|table| table.name == name).unwrap();
    for (earlier, later) in [
        ("people", "sessions"),
        ("agents", "deployments"),
        ("interactions", "feedback"),
        ("feedback", "signals"),
        ("resolutions", "signal_revisions"),
    ] {
        assert!(place(earlier) < place(later), "{earlier} {later}");
    }
    let late: Vec<String> = layout
        .0
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(_, column)| column.is_late)
        .map(|(table, column)| format!("{}.{}", table.name, column.name))
        .collect();
    for column in ["categories.parent_id", "categories.merged_into", "feedback.superseded_by"] {
        assert!(late.iter().any(|one| one == column), "{late:?}");
    }
}

/// Makes an embedded database as an older Overrule left it; gives its version.
pub fn older(target: &Target) -> String {
    let Target::Sqlite(path) = target else { panic!("an embedded database") };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut conn: Conn = open_connection(target, false).unwrap();
    let mut run = |statement: &str| {
        diesel::connection::SimpleConnection::batch_execute(&mut conn, statement).unwrap();
    };
    run("CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)");
    let all = migrations("sqlite");
    let mut newest = String::new();
    for (name, sql) in &all[..all.len() - 1] {
        run(sql);
        newest = name.split('_').next().unwrap().replace('-', "");
        run(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{newest}')"));
    }
    newest
}
