//! What a machine room does to an installation under load: its database is stopped and started, its
//! disk is full, its network hangs, its mail server is away, its clock is set back. Nothing that
//! was acknowledged is lost, and it goes on by itself.

use super::{count_stored, line};
use crate::crash::{checks, load};
use crate::support::{
    Api, Backend, Balancer, Browser, Cluster, Database, Sink, SmallDisk, TestApp, backend,
    eventually, has_program,
};
use overrule::accounts::Scope;
use overrule::config::Secret;
use overrule::db::{Target, migrate};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn scopes() -> [Scope; 4] {
    [Scope::Ingest, Scope::Feedback, Scope::Triage, Scope::Read]
}

/// An answer that says when to come back.
#[track_caller]
fn is_unavailable(api: &Api, what: &Value) {
    let answer = api.log(what);
    answer.is_problem(503);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[test]
fn a_database_that_is_stopped_and_started_under_load_loses_nothing() {
    if backend() == Backend::Sqlite {
        // It stops and starts with its server; `crash` and `stopping` have that.
        return;
    }
    let cluster = Cluster::start();
    let app = TestApp::builder().on(cluster.database()).start();
    app.agent("helper", json!({"team": "support"}));
    app.agent("free", json!({"team": "support", "review": "none"}));
    for n in 0..load::CONNECTIONS {
        app.person(&load::address(n), "Someone", &["support"]);
    }
    let key = app.key(&scopes());
    let running = load::Load::start(app.url(), &key, 0);
    running.wait_for_more();
    cluster.halt();
    is_unavailable(&Api::new(app.url(), Some(&key)), &line("while it is away"));
    app.stranger().get("/healthz").is(200);
    cluster.resume();
    running.wait_for_more();
    let ledger = running.stop();
    checks::acknowledged(&Api::new(app.url(), Some(&key)), &ledger);
    checks::decided(app.database().target(), &ledger);
    checks::nothing_is_half_there(app.database().target());
}

/// Sends large lines until one is refused; what was stored, and the one that was not.
fn fill(api: &Api) -> (Vec<Value>, Value) {
    let text = "x".repeat(60_000);
    let mut stored = Vec::new();
    for n in 0..2_000 {
        // Random digits, which no database makes smaller.
        let noise: String = (0..2_000).map(|_| uuid::Uuid::now_v7().to_string()).collect();
        let large = json!({"agent": "helper", "external_id": n.to_string(),
            "input": text, "output": noise});
        let answer = api.log(&large);
        if answer.status == 503 {
            answer.is_problem(503);
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            return (stored, large);
        }
        answer.is(201);
        stored.push(large);
    }
    panic!("the disk is never full");
}

#[test]
fn a_disk_that_is_full_is_a_503_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let cluster = (backend() == Backend::Postgres).then(Cluster::start);
    let database = match &cluster {
        None => {
            let target = Target::Sqlite(disk.path().join("overrule.db"));
            migrate(&target).unwrap();
            Database::at(target)
        }
        // Only the tables lie on the small disk: without its log a cluster stops for everybody.
        Some(cluster) => {
            cluster.put_tables_into(disk.path());
            cluster.database()
        }
    };
    let app = TestApp::builder().on(database).start();
    app.agent("helper", json!({}));
    let api = app.api(&scopes());
    let ballast = disk.fill_but(8_000);
    let (mut stored, refused) = fill(&api);
    assert!(!stored.is_empty());
    // Reading goes on.
    api.get("/api/v1/feedback").is(200);
    app.stranger().get("/healthz").is(200);

    std::fs::remove_file(ballast).unwrap();
    eventually("room to be found", || (api.log(&refused).status == 201).then_some(()));
    stored.push(refused);
    for part in stored.chunks(20) {
        assert_eq!(count_stored(&api, part), part.len());
    }
    checks::nothing_is_half_there(app.database().target());
}

#[test]
fn a_network_that_hangs_is_a_503_in_time_and_nothing_is_stored_twice() {
    if backend() == Backend::Sqlite {
        // There is no network between it and its file.
        return;
    }
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let key = app.key(&scopes());
    let Target::Postgres(direct) = app.database().target() else { panic!("no server") };
    let mut through = url::Url::parse(direct).unwrap();
    let address = format!("{}:{}", through.host_str().unwrap(), through.port().unwrap());
    let network = Balancer::start(&[&address]);
    through.set_port(network.address().rsplit(':').next().unwrap().parse().ok()).unwrap();
    let mut server = app.binary().args(["serve", "--listen", "127.0.0.1:0"]);
    server = server.env("DATABASE_URL", through.as_str());
    let mut server = server.start();
    let url = server.listening();
    let api = Api::new(&url, Some(&key));
    api.log(&line("before")).is(201);

    network.hang(true);
    let start = Instant::now();
    std::thread::scope(|scope| {
        // More than there are connections.
        let all: Vec<_> = (0..24)
            .map(|n| scope.spawn(move || (n, line(format!("hung-{n}")))))
            .map(|one| one.join().unwrap())
            .map(|(_, line)| {
                let api = Api::new(&url, Some(&key));
                scope.spawn(move || is_unavailable(&api, &line))
            })
            .collect();
        let browser =
            scope.spawn(|| Browser::new(&url).open("/sign-in/unknown").is(503).text().len());
        all.into_iter().for_each(|one| one.join().unwrap());
        browser.join().unwrap();
    });
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    Api::new(&url, None).get("/healthz").is(200);

    network.hang(false);
    let after = line("after");
    eventually("it to go on", || matches!(api.log(&after).status, 200 | 201).then_some(()));
    // What was sent before is sent again: each is there once.
    for n in 0..24 {
        let answer = api.log(&line(format!("hung-{n}")));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    }
    let count = "SELECT count(*) FROM interactions";
    assert_eq!(crate::moving::number(app.database().target(), count), 26);
    server.ask_to_stop();
    assert!(server.end().0.success());
}

#[test]
fn without_a_mail_server_people_go_on_and_mail_leaves_once_it_is_back() {
    // A port that nobody listens on, yet.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = TestApp::builder()
        .with(|config| {
            config.mail.smtp_url = Some(Secret(format!("smtp://{port}")));
            config.mail.from = "Overrule <overrule@example.com>".into();
        })
        .start();
    app.agent("helper", json!({}));
    let api = app.api(&scopes());
    for n in 0..3 {
        let person = format!("person{n}@example.com");
        app.person(&person, "Someone", &[]);
        let form = format!("email=person{n}%40example.com&next=");
        let browser = app.browser();
        assert_eq!(browser.send(browser.request("POST", "/sign-in").body(form)).status, 303);
        api.log(&line(n)).is(201);
    }
    let failed = "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND tries = 1";
    let target = app.database().target();
    eventually("three failures", || (crate::moving::number(target, failed) == 3).then_some(()));
    let figures = app.stranger().get("/metrics").is(200).text;
    assert!(figures.contains("overrule_mails_total{result=\"failed\"}"), "{figures}");

    let sink = Sink::at(&port.to_string());
    // The pause between two tries goes by.
    crate::moving::change(target, "UPDATE outbox SET next_try_at = created_at");
    sink.nth(3);
    let to: std::collections::BTreeSet<String> =
        sink.talks().into_iter().flat_map(|talk| talk.to).collect();
    assert_eq!(to.len(), 3, "{to:?}");
}

/// The library that tells a process another time.
fn false_clock() -> String {
    let output = std::process::Command::new("faketime").args(["-f", "+1d", "env"]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("LD_PRELOAD="));
    line.expect("faketime preloads a library").to_owned()
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    if !has_program("faketime") {
        return;
    }
    let mut app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let ada = app.person("ada@example.com", "Ada", &["support:champion"]).signed_in();
    let key = app.key(&scopes());
    app.stop();
    let sink = Sink::start();
    let serve = |ahead: Option<&str>| {
        let command = app.binary().args(["serve", "--listen", "127.0.0.1:0"]);
        let command = match ahead {
            // The library alone: the program `faketime` would be the parent of the server.
            Some(ahead) => command.env("LD_PRELOAD", false_clock()).env("FAKETIME", ahead),
            None => command,
        };
        let mut server = command
            .env("OVERRULE_MAIL__SMTP_URL", sink.url())
            .env("OVERRULE_MAIL__FROM", "Overrule <overrule@example.com>")
            .start();
        let url = server.listening();
        (server, url)
    };
    // Two days ahead, until somebody notices.
    let (server, url) = serve(Some("+2d"));
    let ahead = Api::new(&url, Some(&key));
    let early = ahead.log(&line("early")).is(201).at("/id");
    let said = json!({"interaction": early, "author": "ben@example.com", "verdict": "rejected"});
    let receipt = ahead.judge(&said).is(201).at("/receipt_url");
    crate::moving::change(app.database().target(), "DELETE FROM outbox");
    drop(server);

    let (_server, url) = serve(None);
    let now = Api::new(&url, Some(&key));
    // What was sent is known, what is new is taken, and an opinion may still be changed.
    now.log(&line("early")).is(200);
    let late = now.log(&line("late")).is(201).at("/id");
    let other = json!({"interaction": early, "author": "ben@example.com",
        "verdict": "corrected", "correction": "z"});
    let newer = now.judge(&other).is(201).at("/id");
    let shown = now.get(&format!("/api/v1/interactions/{early}")).is(200).json();
    let current: Vec<&Value> = (shown["feedback"].as_array().unwrap().iter())
        .filter(|each| each["superseded_by"].is_null())
        .collect();
    assert_eq!(current.len(), 1, "{shown}");
    assert_eq!(current[0]["id"], newer);
    // Lists miss neither, page by page.
    let browser = Browser::new(&url);
    browser.set_cookie(&ada.cookies());
    let listed = browser.open("/interactions").is(200);
    for id in [&early, &late] {
        assert!(listed.links().iter().any(|(_, to)| to.contains(id.as_str())), "{id}");
    }
    let path = url::Url::parse(&receipt).unwrap().path().to_owned();
    Browser::new(&url).open(&path).is(200).sees("Your report");
    // The queue can be worked on: nobody holds a claim until the day after tomorrow.
    let claimed = now.post("/api/v1/review-items/claim", &json!({})).is(200).json();
    let item = claimed["item"]["id"].as_str().unwrap();
    let decide = format!("/api/v1/review-items/{item}/decisions");
    now.post(&decide, &json!({"decision": "accepted"})).is(201);
    checks::nothing_is_half_there(app.database().target());
    // Mail of the future does not wait for it.
    let tomorrow = match app.database().target() {
        Target::Sqlite(_) => "(unixepoch() + 90000) * 1000000",
        Target::Postgres(_) => "now() + interval '25 hours'",
    };
    let form = "email=ada%40example.com&next=";
    browser.send(Browser::new(&url).request("POST", "/sign-in").body(form));
    sink.nth(1);
    let again = format!(
        "UPDATE outbox SET created_at = {tomorrow}, next_try_at = {tomorrow}, \
                         delivered_at = NULL, leased_until = NULL"
    );
    crate::moving::change(app.database().target(), &again);
    sink.nth(2);
}
