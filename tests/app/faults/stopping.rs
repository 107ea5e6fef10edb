//! A server that is asked to stop, or killed.

use super::{count_stored, line};
use crate::support::{Api, TestApp, eventually};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::sync::Mutex;

fn served(app: &mut TestApp) -> (crate::support::Process, String, String) {
    app.agent("helper", json!({}));
    let key = app.key(&[Scope::Admin]);
    app.stop();
    let mut server = app.serve();
    let url = server.listening();
    (server, url, key)
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_what_it_accepted() {
    let mut app = TestApp::start();
    let (mut server, url, key) = served(&mut app);
    let lines: Vec<Value> = (0..10_000).map(line).collect();
    let all = Value::from(lines.clone());
    let api = Api::new(&url, Some(&key));
    let answer = std::thread::scope(|scope| {
        let sending = scope.spawn(|| Api::new(&url, Some(&key)).post("/api/v1/interactions", &all));
        eventually("the first of them", || {
            let said = json!({"interaction": {"agent": "helper", "external_id": "0"},
                "verdict": "rejected"});
            (api.judge(&said).status != 404).then_some(())
        });
        server.ask_to_stop();
        sending.join().unwrap()
    });
    let items = answer.is(200).json();
    let items = items["items"].as_array().unwrap();
    assert!(items.len() == 10_000 && items.iter().all(|item| item["result"] == "created"));
    drop(api);
    let (status, _, said) = server.end();
    assert!(status.success(), "{said}");
    app.restart();
    let stored = count_stored(&Api::new(app.url(), Some(&key)), &lines);
    assert_eq!(stored, 10_000);
}

#[test]
fn what_was_answered_survives_kill_9() {
    let mut app = TestApp::start();
    let (server, url, key) = served(&mut app);
    let answered = Mutex::new(Vec::new());
    let server = Mutex::new(Some(server));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (url, key, answered, server) = (&url, &key, &answered, &server);
            scope.spawn(move || {
                let api = Api::new(url, Some(key));
                for n in 0.. {
                    let line = line(format!("{thread}-{n}"));
                    let request = api.request("POST", "/api/v1/interactions");
                    let request = request.header("content-type", "application/json");
                    let Ok(answer) = request.body(line.to_string()).send() else { break };
                    if answer.status() == 201 {
                        answered.lock().unwrap().push(line);
                    }
                    if answered.lock().unwrap().len() >= 200 {
                        // In the middle of the others' requests.
                        drop(server.lock().unwrap().take().map(crate::support::Process::kill));
                    }
                }
            });
        }
    });
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() >= 200);
    app.restart();
    let stored = count_stored(&Api::new(app.url(), Some(&key)), &answered);
    assert_eq!(stored, answered.len());
}

#[test]
fn a_server_that_was_killed_starts_again_on_the_same_data() {
    let mut app = TestApp::start();
    let (server, _, key) = served(&mut app);
    server.kill();
    let mut again = app.serve();
    let api = Api::new(&again.listening(), Some(&key));
    api.log(&line("x")).is(201);
}
