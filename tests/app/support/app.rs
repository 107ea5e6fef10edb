//! An installation of one test's own: its data directory, its database, its server.

use super::{Answer, Api, Browser, Command, Database, Finished, Mailbox, Process};
use overrule::accounts::{NewPerson, Scope, TeamRole, add_person, make_key, make_sign_in_link};
use overrule::audit::Actor;
use overrule::config::{Config, Secret};
use overrule::db::{Conn, Db, Target};
use overrule::error::AppResult;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// How a test wants its installation.
pub struct Builder {
    config: Config,
    database: Option<Database>,
}

impl Builder {
    /// Changes a setting.
    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Puts its data into a database that is there, and up to date.
    pub fn on(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let database = self.database.take().unwrap_or_else(|| Database::new(folder.path()));
        self.config.data_dir = folder.path().to_owned();
        self.config.database.url = match database.target() {
            // The default, or wherever else its file is.
            Target::Sqlite(file) => Some(Secret(format!("sqlite:{}", file.display()))),
            Target::Postgres(url) => Some(Secret(url.clone())),
        };
        let server = Server::start(&self.config);
        TestApp { server: Some(server), db: OnceLock::new(), config: self.config, database, folder }
    }
}

/// A server in a thread of this process.
pub struct Server {
    url: String,
    stop: Option<oneshot::Sender<bool>>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Server {
    /// Starts one with these settings; the database is there and up to date.
    pub fn start(config: &Config) -> Self {
        let lock = overrule::server::lock(&config.target().unwrap()).unwrap();
        let server = overrule::server::Server::bind(config, false).unwrap();
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let _lock = lock;
            let stopped = async { stopped.await.unwrap_or(false) };
            server.run_until(Some(stopped))
        });
        Self { url, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it: with `finish`, only after what was accepted is done.
    pub fn stop(mut self, finish: bool) {
        self.end(finish);
    }

    fn end(&mut self, finish: bool) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            // It may have failed already; then joining tells.
            let _ = stop.send(finish);
            let result = thread.join();
            if !std::thread::panicking() {
                result.unwrap().unwrap();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// A running installation. Its parts go in this order: server, database, folder.
pub struct TestApp {
    server: Option<Server>,
    db: OnceLock<Db>,
    config: Config,
    database: Database,
    folder: tempfile::TempDir,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.take());
        if let Some(db) = self.db.take() {
            db.close();
        }
    }
}

impl TestApp {
    /// One with limits that no test meets by accident.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// To change settings first.
    pub fn builder() -> Builder {
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".into();
        config.server.threads = Some(1);
        config.limits.link_requests_per_minute = 1_000_000;
        config.limits.sign_ins_per_minute = 1_000_000;
        config.limits.person_requests_per_minute = 1_000_000;
        config.limits.key_requests_per_minute = 100_000_000;
        config.limits.uses_of_a_link_per_minute = 1_000_000;
        config.limits.stranger_requests_per_minute = 1_000_000;
        Builder { config, database: None }
    }

    /// The settings the server was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.server.as_ref().expect("the server runs").url()
    }

    /// Stops the server, in order, and leaves the database to others; the data stays.
    pub fn stop(&mut self) {
        self.server.take().expect("the server runs").stop(true);
        if let Some(db) = self.db.take() {
            db.close();
        }
    }

    /// Starts the server again, on another port.
    pub fn restart(&mut self) {
        assert!(self.server.is_none(), "stop it first");
        self.server = Some(Server::start(&self.config));
    }

    /// Changes a setting for the next start.
    pub fn change(&mut self, change: impl FnOnce(&mut Config)) {
        assert!(self.server.is_none(), "stop it first");
        change(&mut self.config);
    }

    /// The data directory.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A file with this text beside the data.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The text of a file beside the data.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The database itself.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The database, for what no page and no command does: letting time pass, looking at rows.
    pub fn db(&self) -> &Db {
        self.db.get_or_init(|| Db::open(self.database.target()).unwrap())
    }

    /// Runs `work` on the database.
    #[track_caller]
    pub fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> T {
        self.db().write_now(work).unwrap()
    }

    /// The real binary on the same data, to be completed.
    pub fn binary(&self) -> Command {
        let command = Command::in_folder(self.folder.path());
        let command = command.arg("--data-dir").arg(self.folder.path());
        match self.database.url() {
            Some(url) => command.env("DATABASE_URL", url),
            None => command,
        }
    }

    /// Runs a command beside the server.
    pub fn command(&self, arguments: &[&str]) -> Finished {
        self.binary().args(arguments).run()
    }

    /// A second process of the real server, on a port of its own.
    pub fn serve(&self) -> Process {
        self.binary().args(["serve", "--listen", "127.0.0.1:0"]).start()
    }

    /// Someone who can sign in. `teams` are `slug`, `slug:champion` or `slug:manager`.
    pub fn person(&self, email: &str, name: &str, teams: &[&str]) -> Added<'_> {
        let teams = teams.iter().map(|text| team_role(text)).collect();
        let name = Some(name.to_owned());
        let new = NewPerson { email: email.to_owned(), name, teams, ..NewPerson::default() };
        self.add(new)
    }

    /// An admin of the installation.
    pub fn admin(&self) -> Browser {
        let (email, name) = ("root@example.com".to_owned(), Some("Root".to_owned()));
        self.add(NewPerson { email, name, is_admin: true, ..NewPerson::default() }).signed_in()
    }

    /// An engineer of the installation.
    pub fn engineer(&self) -> Browser {
        let (email, name) = ("ed@example.com".to_owned(), Some("Ed".to_owned()));
        self.add(NewPerson { email, name, is_engineer: true, ..NewPerson::default() }).signed_in()
    }

    fn add(&self, new: NewPerson) -> Added<'_> {
        let token = self.write(move |conn| {
            let person = add_person(conn, Actor::CommandLine, &new)?;
            make_sign_in_link(conn, person.id, false, 60)
        });
        Added { app: self, token }
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.url())
    }

    /// A new key's token.
    pub fn key(&self, scopes: &[Scope]) -> String {
        let scopes = scopes.to_vec();
        self.write(move |conn| make_key(conn, Actor::CommandLine, "test", &scopes))
    }

    /// A program with a key of its own.
    pub fn api(&self, scopes: &[Scope]) -> Api {
        Api::new(self.url(), Some(&self.key(scopes)))
    }

    /// A program without a key.
    pub fn stranger(&self) -> Api {
        Api::new(self.url(), None)
    }

    /// Makes or changes an agent by the API.
    #[track_caller]
    pub fn agent(&self, slug: &str, settings: serde_json::Value) -> Answer {
        let answer = self.api(&[Scope::Admin]).put(&format!("/api/v1/agents/{slug}"), &settings);
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        answer
    }

    /// The mails that were written to the data directory.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::new(&self.folder.path().join("mail"))
    }
}

/// A person who was added and has a link to sign in.
pub struct Added<'a> {
    app: &'a TestApp,
    token: String,
}

impl Added<'_> {
    /// A browser in which they signed in, by their link.
    #[track_caller]
    pub fn signed_in(self) -> Browser {
        let browser = self.app.browser();
        browser.open(&self.path()).press_only();
        browser
    }

    /// The path of their sign-in link.
    pub fn path(&self) -> String {
        format!("/sign-in/{}", self.token)
    }
}

fn team_role(text: &str) -> TeamRole {
    let (team, role) = text.split_once(':').unwrap_or((text, ""));
    assert!(matches!(role, "" | "champion" | "manager"), "{text}");
    let (is_champion, is_manager) = (role == "champion", role == "manager");
    TeamRole { team: team.to_owned(), is_champion, is_manager }
}
