//! Keeping and moving an installation: `backup`, `restore`, `copy`, `doctor`.

mod backup;
mod copy;
mod doctor;
mod restore;
mod tables;

use crate::support::{Api, Command, Finished, Process, fixture};
use diesel::prelude::*;
use overrule::db::{Conn, Target, open_connection};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A data directory of the real binary, with an embedded database whatever the suite runs on.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder with nothing in it.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With the interactions and feedback of two fixtures, and a person.
    pub fn filled() -> Self {
        let place = Self::empty();
        place.run(["agent", "set", "garden-helper", "--kind", "message"]).ok();
        for name in ["text.jsonl", "message.jsonl"] {
            place.run(["import", fixture(name).to_str().unwrap()]).ok();
        }
        place.run(["user", "add", "ada@example.com", "--name", "Ada", "--team", "tasting"]).ok();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data directory, which is there only once a command has made it.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn target(&self) -> Target {
        Target::Sqlite(self.data().join("overrule.db"))
    }

    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let command = Command::in_folder(self.folder.path());
        command.arg("--data-dir").arg(self.data()).args(arguments)
    }

    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Finished {
        self.command(arguments).run()
    }

    pub fn serve(&self) -> (Process, String) {
        let mut server = self.command(["serve", "--listen", "127.0.0.1:0"]).start();
        let url = server.listening();
        (server, url)
    }

    pub fn backup(&self, name: &str) -> PathBuf {
        self.run(["backup", name]).ok();
        self.path(name)
    }

    pub fn restore(&self, file: &Path) -> Finished {
        self.run(["restore", file.to_str().unwrap()])
    }

    /// Every signal of an agent, decided or not, as an export.
    pub fn signals(&self, agent: &str) -> String {
        self.signals_by(agent, |command| command)
    }

    /// As `signals`, from wherever the command is told to look.
    pub fn signals_by(&self, agent: &str, tell: impl FnOnce(Command) -> Command) -> String {
        let out = self.path("signals.jsonl");
        let out = out.to_str().unwrap();
        let arguments = ["export", "--agent", agent, "--format", "signals", "--status", "any"];
        tell(self.command(arguments)).args(["--out", out]).run().ok();
        std::fs::read_to_string(out).unwrap()
    }

    pub fn key(&self) -> String {
        let made = self.run(["key", "create", "test", "--scope", "ingest,feedback,read,admin"]);
        made.ok().line().to_owned()
    }
}

/// Says one interaction and one correction of it; gives the link to correct it and the receipt,
/// both without the address they start with.
pub fn talk(api: &Api, number: usize) -> (String, String) {
    let body = json!({"agent": "helper", "external_id": format!("t-{number}"), "input": "How?",
        "output": "So.", "metadata": {"z": 1.0, "a": [1, 2e3], "é": null}});
    let logged = api.log(&body).is(201);
    let feedback = json!({"interaction": logged.at("/id"), "author": "ben@example.com",
        "verdict": "corrected", "correction": format!("Like this, {number}.")});
    let receipt = api.judge(&feedback).is(201).at("/receipt_url");
    let path = |url: &str| url::Url::parse(url).unwrap().path().to_owned();
    (path(&logged.at("/correct_url")), path(&receipt))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// One number out of a database, by SQL that both understand.
pub fn number(target: &Target, query: &str) -> i64 {
    let mut conn: Conn = open_connection(target, false).unwrap();
    diesel::sql_query(format!("SELECT ({query}) AS number"))
        .get_result::<Number>(&mut conn)
        .unwrap()
        .number
}

/// Changes a database by SQL, as no command would.
pub fn change(target: &Target, statement: &str) {
    let mut conn: Conn = open_connection(target, false).unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut conn, statement).unwrap();
}

/// The findings of `doctor --json`.
pub fn findings(finished: &Finished) -> Vec<Value> {
    serde_json::from_str(&finished.stdout).unwrap()
}
