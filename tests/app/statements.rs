//! What requests cost the database.

use crate::support::{Api, Backend, Browser, TestApp, backend};
use overrule::accounts::Scope;
use serde_json::json;

/// How many statements the database was sent for requests since the server began.
fn statements(url: &str) -> i64 {
    let figures = Api::new(url, None).get("/metrics").is(200).text.clone();
    let line = figures
        .lines()
        .find_map(|line| line.strip_prefix("overrule_statements_total{by=\"request\"} "));
    line.map_or(0, |count| count.parse().unwrap())
}

/// What `visit` costs in statements, figures included.
fn cost(url: &str, visit: impl Fn()) -> i64 {
    let before = statements(url);
    visit();
    statements(url) - before
}

#[test]
fn a_page_costs_one_statement_more_for_whoever_is_signed_in() {
    let mut app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada", &["support", "sales:champion"]).signed_in();
    app.stop();
    let mut server = app.serve();
    let url = server.listening();
    let (nobody, somebody) = (Browser::new(&url), Browser::new(&url));
    somebody.set_cookie(&ada.cookies());
    somebody.open("/docs").sees("Ada");
    // On PostgreSQL the pool asks a connection whether it lives before it lends it.
    let more = if backend() == Backend::Postgres { 2 } else { 1 };
    let figures = cost(&url, || ());
    for path in ["/docs", "/nothing-here"] {
        let for_nobody = cost(&url, || drop(nobody.open(path)));
        assert_eq!(for_nobody, figures, "{path} costs nothing for nobody");
        let signed_in = cost(&url, || drop(somebody.open(path)));
        assert!(signed_in <= figures + more, "{path}: {signed_in} statements, not {figures}");
    }
}

#[test]
fn a_feedback_of_a_program_costs_four_rows_and_six_look_ups() {
    let mut app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let key = app.key(&[Scope::Ingest, Scope::Feedback]);
    app.stop();
    let mut server = app.serve();
    let url = server.listening();
    let program = Api::new(&url, Some(&key));
    let ask =
        |n| json!({"agent": "helper", "input": format!("May I return {n}?"), "output": "No."});
    let logged = program.post("/api/v1/interactions", &(0..8).map(ask).collect());
    let ids = logged.is(200).json()["items"].as_array().unwrap().clone();
    let judge = |n: usize| {
        let feedback = json!({"interaction": ids[n]["id"], "author": "ben@example.com",
            "verdict": "corrected", "correction": "Yes.", "category": "wrong_answer"});
        program.judge(&feedback).is(201);
    };
    judge(0);
    let figures = cost(&url, || ());
    // The least of some: a key, and on PostgreSQL a connection, is asked for again after a while.
    let each = (1..8).map(|n| cost(&url, || judge(n)) - figures).min().unwrap();
    // The interaction, its agent, the author, categories, earlier feedback and the same said
    // before; feedback, item, signal and place in the queue; the transaction.
    assert_eq!(each, 6 + 4 + 2);
}
