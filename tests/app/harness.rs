//! The harness itself: it does what a person with a browser does.

use crate::support::TestApp;

#[test]
fn a_person_signs_in_by_link_and_is_greeted() {
    let app = TestApp::start();
    let ada = app.person("ada@example.com", "Ada Lovelace", &["support"]).signed_in();
    ada.open("/").is(200).sees("Hello, Ada Lovelace");
    app.browser().open("/").is(200).sees("Sign in").does_not_see("Hello");
}

#[test]
fn commands_run_on_the_data_of_the_server() {
    let app = TestApp::start();
    let added = app.command(&["user", "add", "bea@example.com", "--name", "Bea"]).ok();
    let path = added.line().split_once("/sign-in/").expect("a link").1;
    let bea = app.browser();
    bea.open(&format!("/sign-in/{path}")).press("Sign in as Bea").sees("Hello, Bea");
}
