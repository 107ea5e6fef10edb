//! Killed at random moments under 32 connections of mixed writes: what was acknowledged is there,
//! once and with every field, and nothing is half there. `scripts/crash-test N` kills N times.

pub mod checks;
mod flush;
pub mod load;

use crate::support::{Api, Backend, Cluster, Command, Process, Sink, TestApp, backend, kills};
use load::Load;
use overrule::accounts::Scope;
use serde_json::json;
use std::time::Duration;

/// Between two looks at everything that is stored.
const ROUND: u32 = 20;

/// An installation that is going to be killed, and what writes to it.
struct Victim {
    app: TestApp,
    sink: Sink,
    listen: String,
    key: String,
}

impl Victim {
    /// Takes over the data of an installation whose server is stopped.
    fn new(mut app: TestApp) -> Self {
        app.agent("helper", json!({"team": "support", "review": "required"}));
        app.agent("free", json!({"team": "support", "review": "none"}));
        for n in 0..load::CONNECTIONS {
            app.person(&load::address(n), "Someone", &["support"]);
        }
        let key = app.key(&[Scope::Ingest, Scope::Feedback, Scope::Triage, Scope::Read]);
        app.stop();
        // The same port each time, as after a restart by a service manager.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { app, sink: Sink::start(), listen: port.to_string(), key }
    }

    fn command(&self) -> Command {
        let command = self.app.binary().args(["serve", "--listen", &self.listen]);
        let command = command.env("OVERRULE_MAIL__SMTP_URL", self.sink.url());
        let command = command.env("OVERRULE_LIMITS__SIGN_INS_PER_MINUTE", "1000000");
        command.env("OVERRULE_MAIL__FROM", "Overrule <overrule@example.com>")
    }

    fn serve(&self) -> Process {
        let mut server = self.command().start();
        server.listening();
        server
    }

    fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Writes while `disturb` does its worst, `times` times; then everything is looked at.
    fn survives(&self, times: u32, mut disturb: impl FnMut(&Load)) {
        let (mut left, mut number, mut promised) = (times, 0, 0);
        while left > 0 {
            let load = Load::start(&self.url(), &self.key, number);
            for _ in 0..left.min(ROUND) {
                disturb(&load);
            }
            let ledger = load.stop();
            checks::acknowledged(&Api::new(&self.url(), Some(&self.key)), &ledger);
            checks::decided(self.app.database().target(), &ledger);
            checks::nothing_is_half_there(self.app.database().target());
            checks::the_index_agrees(self.app.database().target());
            promised += checks::promised(&ledger);
            checks::every_mail_leaves(self.app.database().target(), promised, &self.sink);
            left = left.saturating_sub(ROUND);
            number += 1;
        }
    }
}

/// A moment that nobody chose.
fn some_time() -> Duration {
    let random = uuid::Uuid::now_v7().as_u128() & 0xff;
    Duration::from_millis(40 + random as u64)
}

#[test]
fn a_server_that_is_killed_again_and_again_loses_nothing_it_acknowledged() {
    let victim = Victim::new(TestApp::start());
    let mut server = Some(victim.serve());
    victim.survives(kills(), |load| {
        load.wait_for_more();
        std::thread::sleep(some_time());
        server.take().expect("it runs").kill();
        server = Some(victim.serve());
    });
}

#[test]
fn a_database_that_is_killed_again_and_again_loses_nothing_and_the_server_goes_on() {
    if backend() == Backend::Sqlite {
        // There the database is the server.
        return;
    }
    let cluster = Cluster::start();
    let victim = Victim::new(TestApp::builder().on(cluster.database()).start());
    let mut server = victim.serve();
    victim.survives(kills(), |load| {
        load.wait_for_more();
        std::thread::sleep(some_time());
        cluster.kill();
        std::thread::sleep(some_time());
        cluster.resume();
        load.wait_for_more();
    });
    server.ask_to_stop();
    assert!(server.end().0.success());
}
