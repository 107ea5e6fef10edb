//! A day's log at once, with what is wrong in it.

use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::json;
use std::fmt::Write;

#[test]
fn of_100_000_lines_every_bad_one_is_told_and_every_good_one_is_kept() {
    let app = TestApp::start();
    app.agent("a", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Read]);
    let mut body = String::new();
    for n in 0..100_000 {
        match n % 10 {
            9 if n % 20 == 9 => body.push_str("{\"agent\": \"a\", \"input\": \"half a li\n"),
            9 => writeln!(body, r#"{{"agent":"a","external_id":"{n}","input":{n},"output":"y"}}"#)
                .unwrap(),
            _ => {
                writeln!(body, r#"{{"agent":"a","external_id":"{n}","input":"{n}?","output":"y"}}"#)
                    .unwrap()
            }
        }
    }
    let answer = api.post_text("/api/v1/interactions", "application/x-ndjson", body).is(200).json();
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 100_000);
    for (n, item) in items.iter().enumerate() {
        assert_eq!(item["index"], n);
        let wanted = if n % 10 == 9 { "invalid" } else { "created" };
        assert_eq!(item["result"], wanted, "{n}: {item}");
    }
    assert_eq!(items[19]["errors"][0]["pointer"], "/input");
    let last = items[99_998]["id"].as_str().unwrap();
    let shown = api.get(&format!("/api/v1/interactions/{last}")).is(200);
    assert_eq!(shown.at("/input"), "99998?");
}
