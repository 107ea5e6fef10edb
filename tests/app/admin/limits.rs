//! Limits by who asks. Whoever is over theirs is told to wait, and nobody else is.

use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn each_key_has_its_own_limit_and_is_told_when_to_come_back() {
    let app = TestApp::builder().with(|c| c.limits.key_requests_per_minute = 3).start();
    let (busy, quiet) = (app.api(&[Scope::Read]), app.api(&[Scope::Read]));
    for _ in 0..3 {
        busy.get("/api/v1/agents").is(200);
    }
    let refused = busy.get("/api/v1/agents");
    refused.is_problem(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    quiet.get("/api/v1/agents").is(200);
}

#[test]
fn each_person_has_their_own_limit() {
    let app = TestApp::builder().with(|c| c.limits.person_requests_per_minute = 5).start();
    let ada = app.person("ada@example.com", "Ada", &["support"]).signed_in();
    let ben = app.person("ben@example.com", "Ben", &["support"]).signed_in();
    let busy = (0..10).map(|_| ada.open("/interactions").answer.status).collect::<Vec<_>>();
    assert!(busy.contains(&200) && busy.ends_with(&[429]), "{busy:?}");
    ada.open("/interactions").is(429).sees("A little too fast");
    ben.open("/interactions").is(200);
}

#[test]
fn one_link_has_its_own_limit() {
    let app = TestApp::builder().with(|c| c.limits.uses_of_a_link_per_minute = 2).start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Ingest]);
    let link = || {
        let line = json!({"agent": "helper", "input": "How?", "output": "So."});
        let url = api.log(&line).is(201).at("/correct_url");
        url.strip_prefix(app.url()).unwrap().to_owned()
    };
    let (busy, quiet) = (link(), link());
    app.browser().open(&busy).is(200);
    app.browser().open(&busy).is(200);
    app.browser().open(&busy).is(429);
    app.browser().open(&quiet).is(200);
}

#[test]
fn guessing_keys_is_slowed_down_and_good_keys_still_work() {
    let app = TestApp::builder().with(|c| c.limits.stranger_requests_per_minute = 4).start();
    let good = app.api(&[Scope::Read]);
    let guess = |n: usize| {
        let token = format!("ovr_{}", "x".repeat(40 + n));
        let guesser = crate::support::Api::new(app.url(), Some(&token));
        guesser.get("/api/v1/agents").status
    };
    let answers: Vec<u16> = (0..6).map(guess).collect();
    assert_eq!(answers, [401, 401, 401, 401, 429, 429]);
    good.get("/api/v1/agents").is(200);
    app.stranger().get("/healthz").is(200);
}
