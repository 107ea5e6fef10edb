//! Several machines on one database: two servers and a worker behind a plain TCP balancer.

use crate::crash::{checks, load::Load};
use crate::support::{
    Api, Backend, Balancer, Browser, Command, Database, Finished, Process, Sink, TestApp, backend,
    eventually,
};
use overrule::accounts::Scope;
use overrule::db::migrate;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Two servers and a worker, all with the same settings, behind one address.
struct Machines {
    app: TestApp,
    sink: Sink,
    balancer: Balancer,
    servers: Vec<(Process, String)>,
    _worker: Process,
}

impl Machines {
    /// None on SQLite, whose file one server has for itself.
    fn start() -> Option<Self> {
        if backend() == Backend::Sqlite {
            return None;
        }
        let mut app = TestApp::start();
        app.agent("helper", json!({"team": "support"}));
        app.agent("free", json!({"team": "support", "review": "none"}));
        app.stop();
        let (sink, balancer) = (Sink::start(), Balancer::start(&[]));
        let settings = |command: Command| {
            let command = command.env("OVERRULE_SERVER__PUBLIC_URL", balancer.url());
            let command = command.env("OVERRULE_MAIL__FROM", "Overrule <overrule@example.com>");
            command
                .env("OVERRULE_MAIL__SMTP_URL", sink.url())
                .env("OVERRULE_LIMITS__SIGN_INS_PER_MINUTE", "1000000")
        };
        let serve = || {
            let command = app.binary().args(["serve", "--listen", "127.0.0.1:0"]);
            let mut server = settings(command).start();
            let url = server.listening();
            (server, url)
        };
        let servers = vec![serve(), serve()];
        let worker = settings(app.binary().arg("worker")).start();
        balancer.balance(&[&servers[0].1, &servers[1].1]);
        Some(Self { app, sink, balancer, servers, _worker: worker })
    }

    fn api(&self, key: &str) -> Api {
        // A client of its own, and so a connection of its own: the balancer decides whose.
        Api::new(&self.balancer.url(), Some(key))
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.balancer.url())
    }
}

/// What the path of a URL is.
fn path(url: &str) -> String {
    url::Url::parse(url).unwrap().path().to_owned()
}

#[test]
fn sessions_links_and_keys_work_on_either_machine() {
    let Some(machines) = Machines::start() else { return };
    let added = machines.app.person("ada@example.com", "Ada", &["support"]);
    let ada = machines.browser();
    ada.open(&added.path()).press_only();
    let cookies = ada.cookies();
    let key = machines.app.key(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    for number in 0..6 {
        let again = machines.browser();
        again.set_cookie(&cookies);
        again.open("/").is(200).sees("Hello, Ada");
        let line = json!({"agent": "helper", "input": format!("{number}?"), "output": "So."});
        let logged = machines.api(&key).log(&line).is(201);
        let link = path(&logged.at("/correct_url"));
        assert!(logged.at("/correct_url").starts_with(&machines.balancer.url()));
        machines.browser().open(&link).is(200).sees("So.");
        let said = json!({"interaction": logged.at("/id"), "verdict": "rejected"});
        let receipt = machines.api(&key).judge(&said).is(201).at("/receipt_url");
        machines.browser().open(&path(&receipt)).is(200).sees("Your report");
        let shown = format!("/api/v1/interactions/{}", logged.at("/id"));
        machines.api(&key).get(&shown).is(200);
    }
    for (_, url) in &machines.servers {
        let figures = Api::new(url, None).get("/metrics").is(200).text;
        let served = figures.lines().any(|line| line.starts_with("overrule_http_requests_total{"));
        assert!(served, "the balancer sent nobody to {url}: {figures}");
    }
    // Whoever signs out on one is out on the other.
    ada.open("/").press("Sign out");
    for _ in 0..4 {
        let again = machines.browser();
        again.set_cookie(&cookies);
        again.open("/").is(200).does_not_see("Hello, Ada");
    }
}

#[test]
fn no_mail_is_sent_twice_by_three_who_look_for_mail() {
    let Some(machines) = Machines::start() else { return };
    let people: Vec<String> = (0..30).map(|n| format!("person{n}@example.com")).collect();
    for person in &people {
        machines.app.person(person, "Someone", &[]);
    }
    std::thread::scope(|scope| {
        for part in people.chunks(5) {
            let machines = &machines;
            scope.spawn(move || {
                for person in part {
                    let form = format!("email={}&next=", person.replace('@', "%40"));
                    let browser = machines.browser();
                    browser.send(browser.request("POST", "/sign-in").body(form));
                }
            });
        }
    });
    let waiting = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL";
    let target = machines.app.database().target();
    eventually("all mail to leave", || (crate::moving::number(target, waiting) == 0).then_some(()));
    let sent: Vec<String> = machines.sink.talks().iter().flat_map(|talk| talk.to.clone()).collect();
    assert_eq!(sent.len(), people.len(), "{sent:?}");
    assert_eq!(HashSet::<&String>::from_iter(&sent).len(), people.len());
}

#[test]
fn one_is_killed_in_the_middle_and_the_other_goes_on() {
    let Some(mut machines) = Machines::start() else { return };
    for connection in 0..crate::crash::load::CONNECTIONS {
        machines.app.person(&crate::crash::load::address(connection), "Someone", &["support"]);
    }
    let key = machines.app.key(&[Scope::Ingest, Scope::Feedback, Scope::Triage, Scope::Read]);
    let load = Load::start(&machines.balancer.url(), &key, 0);
    load.wait_for_more();
    let (killed, _) = machines.servers.remove(0);
    killed.kill();
    load.wait_for_more();
    load.wait_for_more();
    let ledger = load.stop();
    checks::acknowledged(&machines.api(&key), &ledger);
    let target = machines.app.database().target();
    checks::decided(target, &ledger);
    checks::nothing_is_half_there(target);
    checks::every_mail_leaves(target, checks::promised(&ledger), &machines.sink);
}

#[test]
fn a_long_list_whose_server_is_killed_is_sent_again_and_stored_once() {
    let Some(mut machines) = Machines::start() else { return };
    let key = machines.app.key(&[Scope::Ingest, Scope::Read]);
    let lines: Vec<Value> = (0..5_000)
        .map(|n| n.to_string())
        .map(|key| json!({"agent": "helper", "external_id": key, "input": "x", "output": "y"}))
        .collect();
    let all = Value::from(lines).to_string();
    let (killed, url) = machines.servers.remove(0);
    let target = machines.app.database().target();
    let count = || crate::moving::number(target, "SELECT count(*) FROM interactions");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let api = Api::new(&url, Some(&key));
            let request = api.request("POST", "/api/v1/interactions");
            request.header("content-type", "application/json").body(all.clone()).send().is_ok()
        });
        eventually("some of the list", || (count() > 0).then_some(()));
        killed.kill();
        assert!(!sending.join().unwrap(), "the list was stored before its server was killed");
    });
    let half = count();
    assert!((1..5_000).contains(&half), "{half} of 5000 were stored");
    let api = machines.api(&key);
    let answer = api.post_text("/api/v1/interactions", "application/json", all).is(200).json();
    let results = |result: &str| {
        let items = answer["items"].as_array().unwrap().iter();
        items.filter(|item| item["result"] == result).count() as i64
    };
    assert_eq!((results("created"), results("duplicate")), (5_000 - half, half));
    assert_eq!(count(), 5_000);
}

#[test]
fn migrations_that_several_start_at_once_don_t_collide() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::empty(folder.path());
    let command = || {
        let command = Command::in_folder(folder.path()).arg("--data-dir").arg(folder.path());
        match database.url() {
            Some(url) => command.env("DATABASE_URL", url),
            None => command,
        }
    };
    let mut servers: Vec<Process> = match backend() {
        Backend::Postgres => {
            (0..2).map(|_| command().args(["serve", "--listen", "127.0.0.1:0"]).start()).collect()
        }
        Backend::Sqlite => Vec::new(),
    };
    let said: Vec<Finished> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| command().arg("migrate").run())).collect();
        all.into_iter().map(|one| one.join().unwrap().ok()).collect()
    });
    for server in &mut servers {
        let url = server.listening();
        Api::new(&url, None).get("/readyz").is(200);
    }
    assert_eq!(said.len(), 4);
    let again = migrate(database.target()).unwrap();
    assert_eq!(again.from.as_ref(), Some(&again.to), "there was nothing left to do");
}
