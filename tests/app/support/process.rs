//! The real binary, as a command that ends or as a server that runs.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The binary with arguments and an environment of its own: nothing of this process's settings
/// reaches it.
pub struct Command(std::process::Command);

impl Command {
    /// The binary, run in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_overrule"));
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        Self(command)
    }

    /// Lets another program start it: the binary and its arguments come after `words`. Call it
    /// before anything is added but the data directory and the database.
    pub fn through(self, words: &[&str]) -> Self {
        let mut outer = std::process::Command::new(words[0]);
        outer.args(&words[1..]).arg(self.0.get_program()).args(self.0.get_args());
        outer.env_clear().stdin(Stdio::null());
        outer.current_dir(self.0.get_current_dir().expect("a folder to run in"));
        let set = self.0.get_envs().filter_map(|(name, value)| Some((name, value?)));
        outer.envs(set);
        Self(outer)
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.args(arguments);
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Finished {
        let called: Vec<OsString> = self.0.get_args().map(OsStr::to_owned).collect();
        let output = self.0.output().unwrap();
        Finished {
            called: format!("{called:?}"),
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts it, and leaves it running.
    pub fn start(mut self) -> Process {
        let mut child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said: Arc<Mutex<String>> = Arc::default();
        let (mut from, into) = (BufReader::new(child.stderr.take().unwrap()), said.clone());
        let listener = std::thread::spawn(move || {
            let mut line = String::new();
            while from.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                into.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Process { child, stdout, said, listener: Some(listener) }
    }
}

/// What a command came to.
#[derive(Debug)]
pub struct Finished {
    called: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// It ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{}: {self:#?}", self.called);
        self
    }

    /// It ended with this status.
    #[track_caller]
    pub fn fails_with(self, status: i32) -> Self {
        assert_eq!(self.status.code(), Some(status), "{self:#?}");
        self
    }

    /// It told people this.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in {self:#?}");
        self
    }

    /// The last line for people.
    pub fn last_line(&self) -> &str {
        self.stderr.lines().next_back().unwrap_or_default()
    }

    /// The only line for programs.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').unwrap_or_default();
        assert!(!line.is_empty() && !line.contains('\n'), "one line expected: {self:#?}");
        line
    }
}

/// A running binary; killed when this is dropped.
pub struct Process {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Waits for the line that says where it listens; gives the URL.
    #[track_caller]
    pub fn listening(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        match line.trim_end().strip_prefix("listening on ") {
            Some(url) => url.to_owned(),
            None => panic!("it listens nowhere: {line:?} {}", self.said()),
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it told people so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Asks it to stop, as a service manager does.
    pub fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let status = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it at once, without a chance to tidy up.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.end().2
    }

    /// Waits for its end: status, the rest of standard output, standard error.
    pub fn end(&mut self) -> (ExitStatus, String, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        (status, rest, self.said())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may have ended in between, which is as good.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
