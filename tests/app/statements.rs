//! What requests cost the database.

use crate::support::{Api, Backend, Browser, TestApp, backend};

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
