//! The feed: every revision of every signal in a folder a day, once.

use crate::datasets::router;
use crate::support::{Balancer, Bucket, TestApp, has_store};
use overrule::accounts::Scope;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Every Parquet file below a folder, by the end of its path, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The first and last number in the names of the files under `signals`.
fn ranges(files: &[(String, Vec<u8>)], kind: &str) -> Vec<(i64, i64)> {
    let of = files.iter().filter(|(name, _)| name.starts_with(kind));
    of.map(|(name, _)| {
        let stem = PathBuf::from(name).file_stem().unwrap().to_string_lossy().into_owned();
        let numbers: Vec<i64> = stem.split('-').skip(1).map(|n| n.parse().unwrap()).collect();
        (numbers[0], numbers[1])
    })
    .collect()
}

#[test]
fn each_revision_is_written_once_and_what_is_new_comes_in_new_files() {
    let app = TestApp::start();
    router(&app, 12);
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 12 events");
    let folder = app.folder().join("feed");
    let first = files(&folder);
    assert_eq!(ranges(&first, "signals"), [(1, 12)]);
    assert!(first[0].0.starts_with("signals/date=20") && first[0].1.starts_with(b"PAR1"));
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 0 events");
    assert_eq!(files(&folder), first, "nothing new, nothing written");
    let changed = json!({"interaction": {"agent": "router", "environment": "production",
        "external_id": "x3"}, "author": "p3@example.com", "verdict": "rejected"});
    app.api(&[Scope::Admin]).judge(&changed).is(201);
    // The word before is retired, and what was said instead is a revision, too.
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 2 events");
    let all = files(&folder);
    assert_eq!(ranges(&all, "signals"), [(1, 12), (13, 14)]);
    assert_eq!(ranges(&all, "retired"), [(13, 14)]);
    let kept: Vec<_> = all.iter().filter(|file| first.contains(file)).collect();
    assert_eq!(kept.len(), first.len(), "what was there is untouched");
}

#[test]
fn a_feed_that_was_stopped_writes_the_same_files_again_and_none_twice() {
    let app = TestApp::start();
    router(&app, 9);
    app.command(&["feed", "--out", "feed"]).ok();
    let folder = app.folder().join("feed");
    let whole = files(&folder);
    // As after a kill between the files and the note: it was at 1 to 9, and more came since.
    router(&app, 15);
    app.write(|conn| Ok(overrule::signals::published::follow(conn, "feed main", (0, 9))?));
    app.command(&["feed", "--out", "feed"]).ok().says("wrote 15 events");
    let all = files(&folder);
    assert_eq!(ranges(&all, "signals"), [(1, 9), (10, 15)]);
    assert_eq!(all[0], whole[0], "the same bytes under the same name");
}

#[test]
fn a_feed_into_a_store_puts_each_revision_there_once() {
    if !has_store() {
        return;
    }
    let (bucket, app) = (Bucket::new(), TestApp::start());
    router(&app, 9);
    let balancer = Balancer::start(&[bucket.endpoint()]);
    let feed = || {
        let command = bucket.lead(app.binary(), &balancer.url());
        command.args(["feed", "--out", &bucket.url()]).run()
    };
    let all = || -> Vec<(String, Vec<u8>)> {
        let names = bucket.names().into_iter();
        let below = |name: &str| name.strip_prefix("overrule/").unwrap().to_owned();
        names.map(|name| (below(&name), bucket.get(&name))).collect()
    };
    balancer.cut_after(Some(0));
    feed().fails_with(1).says("The store gives no good answer");
    balancer.cut_after(None);
    feed().ok().says("wrote 9 events");
    let first = all();
    assert_eq!(ranges(&first, "signals"), [(1, 9)]);
    assert!(first[0].0.starts_with("signals/date=20") && first[0].1.starts_with(b"PAR1"));
    // As after a kill between the file and the note, and more came since.
    router(&app, 15);
    app.write(|conn| Ok(overrule::signals::published::follow(conn, "feed main", (0, 9))?));
    feed().ok().says("wrote 15 events");
    let second = all();
    assert_eq!(ranges(&second, "signals"), [(1, 9), (10, 15)]);
    assert!(second.contains(&first[0]), "what was there is untouched");
    app.command(&["feed", "--out", "folder", "--name", "other"]).ok();
    let whole = files(&app.folder().join("folder"));
    assert_eq!(ranges(&whole, "signals"), [(1, 15)]);
    // Another feed begins anew, and would call another file the same.
    app.write(|conn| Ok(overrule::signals::published::follow(conn, "feed main", (0, 9))?));
    bucket.put(&format!("overrule/{}", first[0].0), b"PAR1 of somebody else");
    feed().fails_with(1).says("Another file is called").says("is left as it is");
    feed_goes_nowhere(&app);
}

#[track_caller]
fn feed_goes_nowhere(app: &TestApp) {
    let said = app.command(&["feed", "--out", "s3://Bad Bucket/x"]).fails_with(1);
    said.says("is not `s3://BUCKET`");
}
