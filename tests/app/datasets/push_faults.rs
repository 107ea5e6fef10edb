//! An object store that is slow, refuses, dies half way, or holds another file under the name.

use super::push::{holds_all, installation, page_says};
use super::{release, save, send};
use crate::support::{Balancer, Bucket, SECRET, TestApp, eventually, has_store, refusing_store};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::db::Hash;
use overrule::schema::pushes;
use overrule::store::{Object, Put, Store, StoreError, Upload, Watch};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The next try of every push is due, whoever was at it.
fn hurry(app: &TestApp, tries: Option<i64>) {
    app.write(move |conn| {
        let now = overrule::clock::now();
        let due = (pushes::next_try_at.eq(now), pushes::leased_until.eq(Some(now)));
        diesel::update(pushes::table).set(due).execute(conn)?;
        if let Some(tries) = tries {
            diesel::update(pushes::table).set(pushes::tries.eq(tries)).execute(conn)?;
        }
        Ok(())
    });
}

/// An installation without a server that pushes, with a release of twelve MB on one side.
fn large() -> TestApp {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["a", "b"], "review": "none"}));
    let line = |n: usize| -> Value {
        json!({"agent": "router", "input": format!("{n} {}", "long".repeat(200_000)),
            "output": "a", "feedback": [{"verdict": "corrected", "correction": "b",
                "author": "p@example.com"}]})
    };
    for n in 0..15 {
        send(&app, vec![line(n)]);
    }
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    assert_eq!(release(&api, "routes")["state"], "ready");
    app
}

#[test]
fn another_file_under_the_name_is_left_as_it_is_and_named() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let app = installation(&bucket, bucket.endpoint());
    let name = "overrule/dataset=routes/release=1/_about/README.md";
    bucket.put(name, b"somebody else's");
    let command = bucket.lead(app.binary(), bucket.endpoint());
    let said = command.args(["dataset", "push", "routes", "1"]).run().fails_with(1);
    said.says("Another file is called s3://").says("_about/README.md already (15 bytes)");
    assert_eq!(bucket.get(name), b"somebody else's");
    let manifest = "overrule/dataset=routes/release=1/_about/manifest.json";
    assert!(!bucket.names().iter().any(|name| name == manifest), "the manifest comes last");
    let page = page_says(&app, "Another file is called").sees("Failed");
    // Nobody tries for long what stays so.
    page.press("Try again");
    page_says(&app, "It is not, or not all of it");
    bucket.remove(name);
    app.engineer().open("/datasets/routes/releases/1").press("Try again");
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

#[test]
fn a_store_that_refuses_is_tried_again_with_growing_pauses_and_given_up() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let balancer = Balancer::start(&[&refusing_store()]);
    let app = installation(&bucket, &balancer.url());
    let command = bucket.lead(app.binary(), &balancer.url());
    let said = command.args(["dataset", "push", "routes", "1"]).run().fails_with(1);
    let said = said.says("The store refuses: AccessDenied, Access Denied.").says("goes on from");
    assert!(!format!("{said:?}").contains(SECRET));
    app.engineer().open("/datasets/routes/releases/1").sees("Failed").press("Try again");
    let page = page_says(&app, "is tried again at").sees("AccessDenied");
    assert_eq!(page.answer.header("refresh"), "");
    assert!(!page.answer.text.contains(SECRET));
    let pause = || {
        app.write(|conn| {
            let row = pushes::table.select((pushes::tries, pushes::next_try_at)).first(conn)?;
            let (tries, next): (i64, overrule::db::Instant) = row;
            Ok((tries, (next.as_micros() - overrule::clock::now().as_micros()) / 1_000_000))
        })
    };
    assert!(matches!(pause(), (1, 5..=10)), "{:?}", pause());
    hurry(&app, None);
    let second = eventually("the second try", || Some(pause()).filter(|(tries, _)| *tries == 2));
    assert!(matches!(second.1, 15..=20), "{second:?}");
    hurry(&app, Some(7));
    page_says(&app, "It was tried 8 times").sees("Failed").press("Try again");
    page_says(&app, "is tried again at");
    balancer.balance(&[bucket.endpoint()]);
    app.engineer().open("/datasets/routes/releases/1").press("Try now");
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

#[test]
fn a_store_that_hangs_is_not_waited_for_and_a_push_to_it_can_be_cancelled() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let balancer = Balancer::start(&[bucket.endpoint()]);
    let app = installation(&bucket, &balancer.url());
    balancer.hang(true);
    let start = Instant::now();
    let command = bucket.lead(app.binary(), &balancer.url());
    let command = command.env("OVERRULE_STORE__TIMEOUT_SECONDS", "1");
    let said = command.args(["dataset", "push", "routes", "1"]).run().fails_with(1);
    said.says("The store gives no good answer");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    // The server's own patience is longer; who cancels need not wait for it.
    app.engineer().open("/datasets/routes/releases/1").press("Try again");
    let page = page_says(&app, "Being pushed");
    assert_eq!(page.answer.header("refresh"), "2");
    page.press("Cancel the push").sees("Cancelled");
    balancer.hang(false);
    app.engineer().open("/datasets/routes/releases/1").press("Push to the store");
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

#[test]
fn a_connection_cut_in_the_middle_of_a_large_file_leaves_nothing_and_is_gone_on_with() {
    if !has_store() {
        return;
    }
    let (bucket, app) = (Bucket::new(), large());
    let balancer = Balancer::start(&[bucket.endpoint()]);
    let push = || {
        let command = bucket.lead(app.binary(), &balancer.url());
        command.args(["dataset", "push", "routes", "1"])
    };
    // In the second part of the one large file.
    balancer.cut_after(Some(10_000_000));
    push().run().fails_with(1).says("The store gives no good answer");
    assert_eq!(bucket.names(), Vec::<String>::new(), "no half file under a name");
    assert_eq!(bucket.uploads().len(), 1, "the store was away when it should have been removed");
    balancer.cut_after(None);
    push().run().ok().says("0 were there");
    holds_all(&bucket, &app);
}

#[test]
fn a_push_that_was_killed_is_gone_on_with_by_a_server() {
    if !has_store() {
        return;
    }
    let (bucket, mut app) = (Bucket::new(), large());
    let balancer = Balancer::start(&[bucket.endpoint()]);
    let push = bucket.lead(app.binary(), &balancer.url());
    balancer.hang_after(10_000_000);
    let push = push.args(["dataset", "push", "routes", "1"]).start();
    eventually("the file that is begun", || {
        let upload = pushes::table.select(pushes::upload);
        app.write(move |conn| Ok(upload.first::<Option<overrule::db::Json>>(conn).optional()?))?
    });
    assert_eq!(bucket.uploads().len(), 1);
    push.kill();
    assert_eq!(bucket.names(), Vec::<String>::new(), "no half file under a name");
    balancer.hang(false);
    app.stop();
    hurry(&app, None);
    let settings = bucket.settings(&balancer.url());
    app.change(|config| config.store = settings);
    app.restart();
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

struct Patient;

impl Watch for Patient {
    fn goes_on(&mut self) -> bool {
        true
    }
    fn begun(&mut self, _: Option<&Upload>) -> bool {
        true
    }
}

#[test]
fn of_many_who_put_different_files_under_one_name_at_once_one_wins() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>, number: usize| {
        let path = folder.path().join(format!("{name}-{number}"));
        std::fs::write(&path, &bytes).unwrap();
        let store = Store::open(&bucket.settings(bucket.endpoint()), &bucket.url()).unwrap();
        let object = Object {
            name,
            path: &path,
            bytes: bytes.len() as u64,
            sha256: Hash::of_file(&path).unwrap(),
            kind: "text/plain",
        };
        (store.put(&object, &mut Patient), bytes)
    };
    for (name, size) in [("small", 10), ("large", 9_000_000)] {
        let done: Vec<_> = std::thread::scope(|scope| {
            let put = &put;
            let all =
                (0..4_u8).map(|n| scope.spawn(move || put(name, vec![n / 2; size], n.into())));
            let all: Vec<_> = all.collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let there = bucket.get(&format!("overrule/{name}"));
        let made = done.iter().filter(|(put, _)| matches!(put, Ok(Put::Made))).count();
        assert_eq!(made, 1, "{name}: {:?}", done.iter().map(|(put, _)| put).collect::<Vec<_>>());
        for (put, bytes) in done {
            match put {
                Ok(_) => assert!(bytes == there, "{name}: told that it is there, and it is not"),
                Err(StoreError::Final(why)) => {
                    assert!(bytes != there && why.contains("Another file"), "{name}: {why}");
                }
                Err(other) => panic!("{name}: {other}"),
            }
        }
    }
    assert_eq!(bucket.uploads(), Vec::<String>::new());
}
