//! Webhooks: programs elsewhere that are told when a release is ready.

use crate::datasets::{release, router, save};
use crate::support::{TestApp, eventually};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use overrule::accounts::Scope;
use overrule::outgoing::Allowed;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

/// What was called: headers by name, and the body.
type Call = (HashMap<String, String>, String);

/// A server that answers with these, and with 204 afterwards.
fn listener(answers: &'static [&'static str]) -> (String, Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?token=q7Kx2", listener.local_addr().unwrap());
    let (out, calls) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut headers, mut line) = (HashMap::new(), String::new());
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                if let Some((name, value)) = line.split_once(": ") {
                    headers.insert(name.to_lowercase(), value.trim().to_owned());
                }
                line.clear();
            }
            let length = headers.get("content-length").map_or(0, |n| n.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = answers.next().unwrap_or(&"204 No Content");
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").unwrap();
            let _ = out.send((headers, String::from_utf8(body).unwrap()));
        }
    });
    (url, calls)
}

fn app() -> TestApp {
    let here: Allowed = "127.0.0.1".parse().unwrap();
    TestApp::builder().with(move |config| config.outgoing.allow = vec![here]).start()
}

fn is_signed(secret: &str, (headers, body): &Call) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (&headers["webhook-id"], &headers["webhook-timestamp"]);
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    headers["webhook-signature"] == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_program_is_told_of_a_release_by_a_signed_call() {
    let app = app();
    router(&app, 9);
    let (url, calls) = listener(&[]);
    let ed = app.engineer();
    let page = ed.open("/datasets").click("Webhooks").sees("None yet");
    let page = page.fill("Address", &url).press("Add it").is(200).sees("can't be shown again");
    let secret = page.element(".copy-block code");
    assert!(secret.starts_with("whsec_"), "{secret}");
    let page = ed.open("/webhooks");
    assert!(!page.answer.text.contains(&secret), "a secret is shown once");
    let page = page.press("Send a test").is_at("/webhooks").sees("webhook.test");
    let test = calls.recv().unwrap();
    assert!(is_signed(&secret, &test) && test.1.contains("webhook.test"));
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    release(&api, "routes");
    let call = calls.recv().unwrap();
    assert!(is_signed(&secret, &call), "{call:?}");
    let body: Value = serde_json::from_str(&call.1).unwrap();
    assert_eq!(body["type"], "dataset.released");
    assert_eq!((&body["data"]["dataset"], &body["data"]["number"]), (&json!("routes"), &json!(1)));
    api.get(body["data"]["path"].as_str().unwrap()).is(200);
    eventually("it arrived", || ed.open("/webhooks").text().contains("Arrived").then_some(()));
    page.press("Remove it").is_at("/webhooks").sees("None yet");
    let log = app.admin().open("/admin/audit").sees("webhook.add").sees("webhook.remove");
    assert!(!log.answer.text.contains("q7Kx2") && !log.answer.text.contains(&secret));
}

#[test]
fn a_call_that_fails_is_tried_again_under_the_same_id_and_says_why() {
    let app = app();
    let (url, calls) = listener(&["500 Down", "204 No Content"]);
    let ed = app.engineer();
    ed.open("/webhooks").fill("Address", &url).press("Add it").is(200);
    ed.open("/webhooks").press("Send a test");
    let first = calls.recv().unwrap();
    eventually("the reason", || {
        let text = ed.open("/webhooks").text().to_owned();
        (text.contains("it answered 500") && text.contains("Tried again")).then_some(())
    });
    // A minute later.
    app.write(|conn| {
        use diesel::prelude::*;
        use overrule::schema::webhook_calls::dsl::*;
        diesel::update(webhook_calls).set(next_try_at.eq(overrule::clock::now())).execute(conn)?;
        Ok(())
    });
    let again = calls.recv().unwrap();
    assert_eq!(first.0["webhook-id"], again.0["webhook-id"]);
    assert_eq!(first.1, again.1, "the same bytes");
    eventually("it arrived", || ed.open("/webhooks").text().contains("Arrived").then_some(()));
}

#[test]
fn whoever_answers_gone_is_told_nothing_more() {
    let app = app();
    let (url, calls) = listener(&["410 Gone"]);
    let ed = app.engineer();
    ed.open("/webhooks").fill("Address", &url).press("Add it").is(200);
    ed.open("/webhooks").press("Send a test");
    calls.recv().unwrap();
    eventually("its end", || ed.open("/webhooks").text().contains("None yet").then_some(()));
}

#[test]
fn an_address_inside_is_not_called_unless_it_is_allowed() {
    let app = TestApp::start();
    let (url, calls) = listener(&[]);
    let ed = app.engineer();
    for wrong in ["nowhere", "ftp://x.example", "https://u:p@x.example/"] {
        let page = ed.open("/webhooks").fill("Address", wrong).press("Add it").is(422);
        assert_eq!(page.value("Address"), wrong);
    }
    ed.open("/webhooks").fill("Address", &url).press("Add it").is(200);
    ed.open("/webhooks").press("Send a test");
    eventually("the refusal", || ed.open("/webhooks").text().contains("Tried again").then_some(()));
    assert!(calls.try_recv().is_err());
    app.person("mia@example.com", "Mia", &["tea:champion"]).signed_in().open("/webhooks").is(403);
}
