//! The order of system calls: what was written is flushed to disk before the answer leaves.

use crate::support::{Api, Backend, Cluster, TestApp, backend, eventually, has_program};
use overrule::accounts::Scope;
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// `strace` on running processes, and what becomes their children.
struct Trace {
    strace: Child,
    file: PathBuf,
}

impl Trace {
    fn of(processes: &[u32], folder: &Path) -> Self {
        let file = folder.join("trace.txt");
        let mut strace = Command::new("strace");
        let calls = "trace=pwrite64,pwritev,write,writev,send,sendto,sendmsg,fsync,fdatasync";
        strace.args(["-f", "-y", "-s", "64", "-e", calls, "-o"]).arg(&file);
        for process in processes {
            strace.args(["-p", &process.to_string()]);
        }
        let strace = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        for process in processes {
            eventually("strace to be there", || {
                let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
                let line = status.lines().find(|line| line.starts_with("TracerPid:")).unwrap();
                (!line.ends_with("\t0")).then_some(())
            });
        }
        Self { strace, file }
    }

    /// Lets the processes go; the calls in the order in which they ended.
    fn end(mut self) -> Vec<String> {
        let pid = self.strace.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        self.strace.wait().unwrap();
        whole(&String::from_utf8_lossy(&std::fs::read(&self.file).unwrap()))
    }
}

/// Puts together calls that others came in between of, where they ended.
fn whole(text: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let (process, call) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(process, start);
        } else if let Some((_, end)) = call.split_once(" resumed>") {
            calls.push(format!("{process} {}{end}", begun.remove(process).unwrap_or_default()));
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}

/// Where the last line is that has all of these words.
fn last(lines: &[String], words: &[&str]) -> usize {
    let has = |line: &String| words.iter().all(|word| line.contains(word));
    let at = lines.iter().rposition(has);
    at.unwrap_or_else(|| panic!("no {words:?} in\n{}", lines.join("\n")))
}

#[test]
fn the_flush_to_disk_precedes_the_answer() {
    if !has_program("strace") {
        return;
    }
    let cluster = (backend() == Backend::Postgres).then(Cluster::start);
    let mut app = match &cluster {
        Some(cluster) => TestApp::builder().on(cluster.database()).start(),
        None => TestApp::start(),
    };
    app.agent("helper", json!({}));
    let key = app.key(&[Scope::Ingest, Scope::Feedback]);
    app.stop();
    let mut server = app.serve();
    let api = Api::new(&server.listening(), Some(&key));
    let mut traced = vec![server.id()];
    traced.extend(cluster.iter().flat_map(Cluster::processes));
    let trace = Trace::of(&traced, &app.folder());
    let line = json!({"agent": "helper", "input": "How?", "output": "So."});
    let id = api.log(&line).is(201).at("/id");
    api.judge(&json!({"interaction": id, "verdict": "rejected"})).is(201);
    let calls = trace.end();

    let log = if cluster.is_some() { "/pg_wal/" } else { "overrule.db-wal>" };
    let answers: Vec<usize> =
        (0..calls.len()).filter(|at| calls[*at].contains("HTTP/1.1 201 Created")).collect();
    assert_eq!(answers.len(), 2, "{}", calls.join("\n"));
    let mut from = 0;
    for answer in answers {
        let before = &calls[from..answer];
        let written = last(before, &["write", log]);
        let flushed = last(before, &["sync(", log]);
        assert!(flushed > written, "{}", before.join("\n"));
        assert!(before[flushed].ends_with("= 0"), "{}", before[flushed]);
        // Nothing of this answer was written after the flush and before it.
        from = answer;
    }
}
