//! What goes wrong around a release.

use super::{ended, folder, release, router, save};
use crate::support::{Backend, SmallDisk, TestApp, backend};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::schema::releases;
use serde_json::json;

#[test]
fn a_question_that_matches_nothing_fails_and_says_so() {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["a"]}));
    let api = app.api(&[Scope::Export]);
    save(&api, "none", &json!({"agents": ["router"], "format": "classification"}));
    let made = release(&api, "none");
    assert_eq!(made["state"], "failed");
    assert_eq!(made["error"], "Nothing fits: no signal matches the question.");
    let said = app.command(&["dataset", "release", "none"]).fails_with(1);
    said.says("release 2 of none failed: Nothing fits");
    app.command(&["dataset", "download", "none", "2", "--out", "x"])
        .fails_with(1)
        .says("is failed");
    app.engineer().open("/datasets/none").sees("Nothing fits this question yet");
    app.engineer().open("/datasets/none/releases/1").sees("Failed").sees("Nothing fits");
}

#[test]
fn a_build_that_was_killed_is_gone_on_with_by_another_process() {
    let mut app = TestApp::start();
    router(&app, 600);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    app.stop();
    // As a process leaves it that was killed: a lease that runs out, rows half written.
    app.command(&["dataset", "release", "routes"]).ok();
    app.write(|conn| {
        diesel::delete(overrule::schema::release_files::table).execute(conn)?;
        diesel::delete(overrule::schema::release_parts::table)
            .filter(overrule::schema::release_parts::position.gt(0))
            .execute(conn)?;
        let now = overrule::clock::now();
        diesel::update(releases::table)
            .set((
                releases::state.eq("building"),
                releases::leased_until.eq(Some(now)),
                releases::figures.eq(None::<overrule::db::Json>),
            ))
            .execute(conn)?;
        Ok(())
    });
    std::fs::remove_dir_all(app.folder().join("releases")).unwrap();
    app.restart();
    let api = app.api(&[Scope::Export]);
    let made = ended(&api, "/api/v1/datasets/routes/releases/1");
    assert_eq!(made["state"], "ready", "{made}");
    let train = made["files"].as_array().unwrap().iter().find(|f| f["name"] == "train.jsonl");
    assert_eq!(train.unwrap()["rows"], 600);
    let begun = folder_names(&app);
    assert!(
        begun.iter().all(|name| !name.starts_with('.') || name.ends_with(".lock")),
        "{begun:?}"
    );
}

fn folder_names(app: &TestApp) -> Vec<String> {
    let entries = std::fs::read_dir(app.folder().join("releases")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_release_that_is_being_built_can_be_cancelled_and_no_other() {
    let app = TestApp::start();
    router(&app, 10);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    release(&api, "routes");
    let said = api.post("/api/v1/datasets/routes/releases/1/cancel", &json!({})).is_problem(409);
    assert!(said.contains("Release 1 is ready"), "{said}");
    // One that somebody else builds, as far as this server knows.
    app.write(|conn| {
        let later = overrule::clock::now().plus_minutes(10);
        diesel::update(releases::table)
            .set((releases::state.eq("building"), releases::leased_until.eq(Some(later))))
            .execute(conn)?;
        Ok(())
    });
    api.get("/api/v1/datasets/routes/releases/1/files/train.jsonl").is_problem(409);
    let ed = app.engineer();
    let page = ed.open("/datasets/routes/releases/1").sees("Being built");
    assert_eq!(page.answer.header("refresh"), "2");
    page.press("Cancel it").is_at("/datasets/routes/releases/1").sees("Cancelled");
    api.post("/api/v1/datasets/routes/releases/1/cancel", &json!({})).is(200);
    api.get("/api/v1/datasets/routes/releases/1/files/train.jsonl").is_problem(404);
    api.post("/api/v1/datasets/routes/releases/9/cancel", &json!({})).is_problem(404);
}

#[test]
fn a_folder_that_cant_be_written_fails_the_release_and_touches_nothing() {
    let app = TestApp::start();
    router(&app, 60);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    release(&api, "routes");
    let files = || {
        let names = folder_names(&app).into_iter().filter(|name| !name.starts_with('.'));
        let mut all: Vec<_> =
            names.map(|name| folder(&app.folder().join("releases").join(name))).collect();
        all.sort();
        all
    };
    let before = files();
    if backend() == Backend::Postgres {
        // No file may grow beyond a kilobyte, as on a disk that runs full in the middle. Here the
        // database's files are not this process's; an embedded one would meet the limit first.
        let limit = "trap '' XFSZ; exec prlimit --fsize=1024 \"$0\" \"$@\"";
        let command = app.binary().through(&["sh", "-c", limit]);
        let said = command.args(["dataset", "release", "routes"]).run().fails_with(1);
        said.says("release 2 of routes failed: The files can't be written");
        assert_eq!(files(), before);
        let begun = folder_names(&app);
        assert!(begun.iter().all(|name| !name.starts_with('.') || name.ends_with(".lock")));
    } else {
        let kept = app.folder().join("kept");
        std::fs::rename(app.folder().join("releases"), &kept).unwrap();
        app.file("releases", "not a folder");
        let said = app.command(&["dataset", "release", "routes"]).fails_with(1);
        said.says("release 2 of routes failed: The files can't be written");
        std::fs::remove_file(app.folder().join("releases")).unwrap();
        std::fs::rename(kept, app.folder().join("releases")).unwrap();
        assert_eq!(files(), before);
    }
    let made = api.get("/api/v1/datasets/routes/releases/2").is(200).json();
    assert_eq!((&made["state"], &made["files"]), (&json!("failed"), &json!([])));
    app.engineer().open("/datasets/routes/releases/2").sees("Failed").sees("can't be written");
    assert_eq!(release(&api, "routes")["state"], "ready", "there is room again");
}

#[test]
fn a_disk_that_runs_full_in_the_middle_leaves_nothing_half() {
    let Some(disk) = SmallDisk::mount(2) else { return };
    let app = TestApp::start();
    // Only what releases hold lies on the small disk; the database has room.
    let shelf = app.folder().join("releases");
    assert!(!shelf.exists() || std::fs::remove_dir(&shelf).is_ok());
    std::os::unix::fs::symlink(disk.path(), &shelf).unwrap();
    router(&app, 600);
    let api = app.api(&[Scope::Export]);
    let asked = json!({"agents": ["router"], "format": "classification",
        "file_formats": ["parquet", "csv"]});
    save(&api, "routes", &asked);
    release(&api, "routes");
    let kept = || {
        let folders = folder_names(&app).into_iter().filter(|name| name.len() == 36);
        let mut all: Vec<_> = folders.map(|name| folder(&shelf.join(name))).collect();
        all.sort();
        all
    };
    let before = kept();
    assert_eq!(before.len(), 1);
    let written: usize = before[0].iter().map(|(_, bytes)| bytes.len()).sum();
    let ballast = disk.fill_but(u64::try_from(written / 1024 / 2).unwrap());
    let made = release(&api, "routes");
    assert_eq!((&made["state"], &made["files"]), (&json!("failed"), &json!([])), "{made}");
    let why = "There is no space left for the files. Make room, then release it again.";
    assert_eq!(made["error"], why);
    assert_eq!(kept(), before, "what was there before is untouched, and nothing half is there");
    let begun = folder_names(&app).into_iter().filter(|name| name.starts_with('.'));
    assert!(begun.into_iter().all(|name| name.ends_with(".lock")));
    app.engineer().open("/datasets/routes/releases/2").sees("Failed").sees(why);
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(release(&api, "routes")["state"], "ready", "there is room again");
    assert_eq!(kept().len(), 2);
}

#[test]
fn a_person_without_the_role_gets_no_file() {
    let app = TestApp::start();
    router(&app, 10);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    release(&api, "routes");
    let path = "/datasets/routes/releases/1/files/train.jsonl";
    app.person("mia@example.com", "Mia", &["support:champion"])
        .signed_in()
        .open(path)
        .is(403)
        .sees("This page is for engineers");
    app.api(&[Scope::Read]).get(&format!("/api/v1{path}")).is_problem(403);
    let page = app.engineer().open(path).is(200);
    assert!(page.answer.header("content-disposition").contains("train.jsonl"));
}

#[test]
fn doctor_finds_a_damaged_file_and_it_is_made_again() {
    let app = TestApp::start();
    router(&app, 10);
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &json!({"agents": ["router"], "format": "classification"}));
    release(&api, "routes");
    app.command(&["doctor"]).says("no file of a release is damaged");
    let folder = folder_names(&app).into_iter().find(|name| !name.starts_with('.')).unwrap();
    let path = app.folder().join("releases").join(folder).join("train.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("returns", "billing")).unwrap();
    app.command(&["doctor"]).fails_with(1).says("damaged on this machine: routes 1");
    let out = ["dataset", "download", "routes", "1", "--out", "x"];
    app.command(&out).fails_with(1).says("its SHA-256 is not that of the release");
    assert!(!app.folder().join("x/train.jsonl").exists());
    std::fs::remove_file(&path).unwrap();
    app.command(&out).ok();
    assert_eq!(app.read("x/train.jsonl"), whole);
}
