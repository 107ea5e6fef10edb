//! Two processes on one database, and many people at the same thing.

use super::line;
use crate::support::{Api, Backend, Browser, TestApp, backend};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// Where one database is served: by two processes on PostgreSQL, by the one that may be on SQLite.
fn servers(app: &TestApp) -> (Vec<crate::support::Process>, Vec<String>) {
    if backend() == Backend::Sqlite {
        return (Vec::new(), vec![app.url().to_owned(), app.url().to_owned()]);
    }
    let mut other = app.serve();
    let url = other.listening();
    (vec![other], vec![app.url().to_owned(), url])
}

/// Sends to each server from several threads at once; gives the answers' statuses.
fn at_once(urls: &[String], send: impl Fn(&str, usize) -> u16 + Sync) -> Vec<u16> {
    std::thread::scope(|scope| {
        let send = &send;
        let threads: Vec<_> = (0..8)
            .map(|n| (n, &urls[n % urls.len()]))
            .map(|(n, url)| scope.spawn(move || send(url, n)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|found| **found == status).count()
}

#[test]
fn the_same_interaction_sent_everywhere_at_once_is_stored_once() {
    let app = TestApp::start();
    let (_running, urls) = servers(&app);
    app.agent("helper", json!({}));
    let key = app.key(&[Scope::Ingest]);
    for round in 0..5 {
        let statuses = at_once(&urls, |url, _| {
            Api::new(url, Some(&key)).log(&line(format!("same-{round}"))).status
        });
        assert_eq!((count(&statuses, 201), count(&statuses, 200)), (1, 7), "{statuses:?}");
        let statuses = at_once(&urls, |url, n| {
            let mut line = line(format!("other-{round}"));
            line["output"] = json!(n.to_string());
            Api::new(url, Some(&key)).log(&line).status
        });
        assert_eq!((count(&statuses, 201), count(&statuses, 409)), (1, 7), "{statuses:?}");
    }
}

#[test]
fn names_seen_everywhere_at_once_are_made_once() {
    let app = TestApp::start();
    let (_running, urls) = servers(&app);
    let key = app.key(&[Scope::Admin]);
    let statuses = at_once(&urls, |url, n| {
        let body = json!({"agent": "new", "team": "new-team", "agent_version": "v1",
            "environment": "staging", "input": n.to_string(), "output": "y",
            "end_user": "ana@example.com", "feedback": [
                {"author": "ben@example.com", "verdict": "corrected", "correction": "z",
                 "category": "new_category"}]});
        Api::new(url, Some(&key)).log(&body).status
    });
    assert_eq!(count(&statuses, 201), 8, "{statuses:?}");
    let agent = app.api(&[Scope::Read]).get("/api/v1/agents/new").is(200).json();
    assert_eq!(agent["versions"], json!(["v1"]));
    let added = agent["categories"].as_array().unwrap().iter();
    assert_eq!(added.filter(|category| category["slug"] == "new_category").count(), 1);
}

#[test]
fn the_same_feedback_sent_everywhere_at_once_is_stored_once() {
    let app = TestApp::start();
    let (_running, urls) = servers(&app);
    app.agent("helper", json!({}));
    let key = app.key(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    let id = Api::new(app.url(), Some(&key)).log(&line("x")).is(201).at("/id");
    let said = |n: usize| {
        json!({"interaction": id, "author": "ben@example.com",
        "verdict": "corrected", "correction": n.to_string()})
    };
    let statuses = at_once(&urls, |url, _| Api::new(url, Some(&key)).judge(&said(0)).status);
    assert_eq!((count(&statuses, 201), count(&statuses, 200)), (1, 7), "{statuses:?}");
    // Who changes their mind eight times at once has one opinion in the end.
    at_once(&urls, |url, n| Api::new(url, Some(&key)).judge(&said(n + 1)).is(201).status);
    let api = app.api(&[Scope::Read]);
    let shown = api.get(&format!("/api/v1/interactions/{id}")).is(200).json();
    let all = shown["feedback"].as_array().unwrap();
    assert_eq!(all.len(), 9);
    let current = all.iter().filter(|each| each["superseded_by"] == Value::Null).count();
    assert_eq!(current, 1, "{shown}");
    let pending = api.get("/api/v1/feedback?status=pending").is(200).json();
    assert_eq!(pending["items"].as_array().unwrap().len(), 1, "{pending:#}\n{shown:#}");
}

#[test]
fn a_link_that_is_used_everywhere_at_once_signs_in_once() {
    let app = TestApp::start();
    let (_running, urls) = servers(&app);
    for _ in 0..5 {
        let link = app.person("ada@example.com", "Ada", &[]).path();
        let statuses = at_once(&urls, |url, _| {
            let browser = Browser::new(url);
            browser.send(browser.request("POST", &link).body("next=")).status
        });
        assert_eq!((count(&statuses, 303), count(&statuses, 410)), (1, 7), "{statuses:?}");
    }
}

#[test]
fn a_session_and_a_receipt_of_one_server_hold_on_the_other() {
    let app = TestApp::start();
    let (_running, urls) = servers(&app);
    app.agent("helper", json!({"team": "support"}));
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let other = Browser::new(&urls[1]);
    other.set_cookie(&ada.cookies());
    other.open("/").is(200).sees("Hello, Ada");
    let key = app.key(&[Scope::Ingest, Scope::Feedback]);
    let id = Api::new(&urls[0], Some(&key)).log(&line("x")).is(201).at("/id");
    let said = json!({"interaction": id, "verdict": "rejected"});
    let receipt = Api::new(&urls[0], Some(&key)).judge(&said).is(201).at("/receipt_url");
    let (_, token) = receipt.rsplit_once('/').unwrap();
    Browser::new(&urls[1]).open(&format!("/r/{token}")).is(200).sees("Your report");
}

#[test]
fn commands_and_the_server_write_at_the_same_time() {
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let lines = |name: &str| -> String {
        (0..1_500).map(|n| format!("{}\n", line(format!("{name}-{n}")))).collect()
    };
    app.file("one.jsonl", &lines("a"));
    app.file("two.jsonl", &lines("a"));
    let api = app.api(&[Scope::Ingest]);
    let mut both: Vec<_> = ["one.jsonl", "two.jsonl"]
        .map(|file| app.binary().args(["import", file]).start())
        .into_iter()
        .collect();
    for n in 0..100 {
        api.log(&line(format!("api-{n}"))).is(201);
    }
    let mut new = 0;
    for import in &mut both {
        let (status, _, said) = import.end();
        assert!(status.success(), "{said}");
        let last = said.lines().next_back().unwrap();
        let number = last.strip_prefix("imported ").unwrap().split(' ').next().unwrap();
        new += number.parse::<u32>().unwrap();
    }
    assert_eq!(new, 1_500, "each line once");
}
