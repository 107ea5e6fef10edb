//! Pushing a release to an object store: a real one, which is moto.

use super::{folder, release, router, save};
use crate::support::{Bucket, Page, SECRET, TestApp, eventually, has_store};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::schema::{audit_events, pushes, releases};
use serde_json::{Value, json};

/// The question of the tests here.
pub fn question() -> Value {
    json!({"agents": ["router"], "format": "classification", "file_formats": ["parquet", "csv"],
        "split": {"train": 0.5, "test": 0.5}})
}

/// An installation with a release `routes 1`, that pushes to the bucket by `endpoint`.
pub fn installation(bucket: &Bucket, endpoint: &str) -> TestApp {
    let settings = bucket.settings(endpoint);
    let app = TestApp::builder().with(|config| config.store = settings).start();
    router(&app, 24);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    assert_eq!(release(&api, "routes")["state"], "ready");
    app
}

/// What the files of the release are called at the store, with what is in them here.
fn wanted(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let root = app.folder().join("releases");
    let of = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let of = of.filter(|path| path.is_dir()).flat_map(|path| folder(&path));
    let named = of.map(|(file, bytes)| {
        let place = match file.split_once('.').unwrap() {
            (side @ ("train" | "test"), "jsonl" | "parquet" | "csv") => {
                format!("split={side}/routes-1-{file}")
            }
            _ => format!("_about/{file}"),
        };
        (format!("overrule/dataset=routes/release=1/{place}"), bytes)
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

/// The bucket holds the release, every file once and as it is here, and nothing else.
#[track_caller]
pub fn holds_all(bucket: &Bucket, app: &TestApp) {
    let wanted = wanted(app);
    let names: Vec<_> = wanted.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(bucket.names(), names);
    for (name, bytes) in wanted {
        assert!(bucket.get(&name) == bytes, "{name} is another");
    }
    assert_eq!(bucket.uploads(), Vec::<String>::new());
}

/// The page of the release, once it says this.
#[track_caller]
pub fn page_says(app: &TestApp, text: &str) -> Page {
    let ed = app.engineer();
    eventually(text, || {
        let page = ed.open("/datasets/routes/releases/1");
        page.text().contains(text).then_some(page)
    })
}

#[test]
fn a_release_is_pushed_by_command_file_by_file_and_once() {
    if !has_store() {
        return;
    }
    let (bucket, app) = (Bucket::new(), TestApp::start());
    router(&app, 24);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    release(&api, "routes");
    let push = ["dataset", "push", "routes", "1"];
    app.command(&push).fails_with(1).says("No object store is set up");
    let push = || bucket.lead(app.binary(), bucket.endpoint()).args(push).run();
    let said = push().ok();
    let count = wanted(&app).len();
    let told = format!("routes 1 is at {}: {count} files put, 0 were there", bucket.url());
    let said = said.says(&told);
    holds_all(&bucket, &app);
    let addresses: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(addresses.len(), count);
    let at = format!("{}/dataset=routes/release=1", bucket.url());
    assert!(addresses[0].starts_with(&format!("{at}/split=test/")), "{addresses:?}");
    assert_eq!(addresses[count - 1], format!("{at}/_about/manifest.json"));
    push().ok().says(&format!("0 files put, {count} were there"));
    bucket.remove("overrule/dataset=routes/release=1/_about/README.md");
    push().ok().says(&format!("1 files put, {} were there", count - 1));
    holds_all(&bucket, &app);
    let other = bucket.lead(app.binary(), bucket.endpoint()).args(["dataset", "push", "no", "1"]);
    other.run().fails_with(1).says("no such dataset or release");
}

#[test]
fn an_engineer_pushes_a_release_on_its_page_and_sees_where_it_is() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let app = installation(&bucket, bucket.endpoint());
    let ed = app.engineer();
    let page = ed.open("/datasets/routes/releases/1").sees("was not pushed to s3://");
    page.press("Push to the store").is_at("/datasets/routes/releases/1").sees("release=1");
    let page = page_says(&app, "All of it is at");
    page.sees("read_parquet('s3://").sees("Push it again").does_not_see("looks again");
    holds_all(&bucket, &app);
    let api = app.api(&[Scope::Export]);
    let push = &api.get("/api/v1/datasets/routes/releases/1").is(200).json()["push"];
    assert_eq!((&push["state"], &push["store"]), (&json!("done"), &json!(bucket.url())));
    assert_eq!(push["done"], push["total"]);
    let done = app.write(|conn| {
        let actions = audit_events::table.select(audit_events::action);
        let actions = actions.filter(audit_events::action.like("dataset.push%"));
        Ok(actions.order(audit_events::id).load::<String>(conn)?)
    });
    assert_eq!(done, ["dataset.push", "dataset.push.done"]);
    let figures = app.stranger().get("/metrics").is(200);
    assert!(figures.text.contains("overrule_pushes_total{result=\"done\"}"), "{}", figures.text);
    let again = api.post("/api/v1/datasets/routes/releases/1/push", &json!({})).is(202).json();
    assert_eq!(again["push"]["state"], "waiting");
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

#[test]
fn a_dataset_that_says_so_pushes_each_release() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let settings = bucket.settings(bucket.endpoint());
    let app = TestApp::builder().with(|config| config.store = settings).start();
    router(&app, 24);
    let mut asked = question();
    asked["push"] = json!(true);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &asked);
    let page = app.engineer().open("/datasets/routes").sees("each release, to the object store");
    assert!(page.click("Change the question").is_chosen("Push each release to the object store"));
    release(&api, "routes");
    page_says(&app, "All of it is at");
    holds_all(&bucket, &app);
}

#[test]
fn without_a_store_nothing_is_offered_and_what_is_asked_for_waits() {
    let app = TestApp::start();
    router(&app, 24);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    release(&api, "routes");
    app.engineer().open("/datasets/routes/releases/1").does_not_see("Object store");
    let push = "/api/v1/datasets/routes/releases/1/push";
    let said = api.post(push, &json!({})).is_problem(409);
    assert!(said.contains("No object store is set up"), "{said}");
    let mut asked = question();
    asked["push"] = json!(true);
    save(&api, "routes", &asked);
    release(&api, "routes");
    let page = app.engineer().open("/datasets/routes/releases/2").sees("It waits until a store");
    assert_eq!(page.answer.header("refresh"), "");
    page.press("Cancel the push").sees("Cancelled");
    let cancel = app.engineer().request("POST", "/datasets/routes/releases/2/push/cancel");
    app.engineer().send(cancel).is(409);
}

#[test]
fn only_a_release_that_is_ready_is_pushed() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let app = installation(&bucket, bucket.endpoint());
    let api = app.api(&[Scope::Export]);
    let push = "/api/v1/datasets/routes/releases/1/push";
    let set = |state: &'static str| {
        app.write(move |conn| {
            let later = overrule::clock::now().plus_minutes(10);
            let set = (releases::state.eq(state), releases::leased_until.eq(Some(later)));
            diesel::update(releases::table).set(set).execute(conn)?;
            Ok(())
        });
    };
    set("building");
    assert!(api.post(push, &json!({})).is_problem(409).contains("is being built"));
    set("ready");
    api.post(push, &json!({})).is(202);
    page_says(&app, "All of it is at");
    set("withdrawn");
    api.post(push, &json!({})).is_problem(410);
    let command = bucket.lead(app.binary(), bucket.endpoint());
    let command = command.args(["dataset", "push", "routes", "1"]).run().fails_with(1);
    command.says("held what was erased since");
    let page = app.engineer().open("/datasets/routes/releases/1");
    page.sees("stays there until somebody removes it there").does_not_see("Push it again");
}

#[test]
fn two_never_push_the_same_release_at_once() {
    if !has_store() {
        return;
    }
    let bucket = Bucket::new();
    let app = TestApp::start();
    router(&app, 24);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question());
    release(&api, "routes");
    let push = || {
        let command = bucket.lead(app.binary(), bucket.endpoint());
        command.args(["dataset", "push", "routes", "1"]).run()
    };
    push().ok();
    // One that another machine is at.
    app.write(|conn| {
        let lease = overrule::datasets::model::LeaseId::new();
        let later = overrule::clock::now().plus_minutes(10);
        let set = (
            pushes::state.eq("waiting"),
            pushes::lease_id.eq(Some(lease)),
            pushes::leased_until.eq(Some(later)),
        );
        diesel::update(pushes::table).set(set).execute(conn)?;
        Ok(())
    });
    push().fails_with(1).says("is being pushed by another process");
}

#[test]
fn doctor_says_whether_the_store_answers() {
    if !has_store() {
        return;
    }
    let (bucket, app) = (Bucket::new(), TestApp::start());
    let doctor = |endpoint: &str| bucket.lead(app.binary(), endpoint).arg("doctor").run();
    let said = doctor(bucket.endpoint());
    assert!(said.stderr.contains(&format!("{} answers", bucket.url())), "{said:?}");
    let said = doctor(&crate::support::refusing_store()).fails_with(1);
    let said = said.says("The store refuses: AccessDenied, Access Denied.");
    assert!(!said.stderr.contains(SECRET), "{said:?}");
    let missing = app.binary().env("OVERRULE_STORE__URL", "s3://nobody-made-it");
    let missing = missing.env("OVERRULE_STORE__ENDPOINT", bucket.endpoint());
    let missing = missing.env("OVERRULE_STORE__ACCESS_KEY_ID", "key");
    let missing = missing.env("OVERRULE_STORE__SECRET_ACCESS_KEY", SECRET).arg("doctor").run();
    missing.fails_with(1).says("The store says that it is not there: NoSuchBucket");
}
