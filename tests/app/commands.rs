//! Starting it: settings with a typo, a second server, databases that are new, old or too new.

use crate::support::{Backend, Command, Database, Server, TestApp, backend};
use diesel::RunQueryDsl;
use overrule::accounts::Scope;
use overrule::db::open_connection;
use serde_json::json;

fn new_folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_setting_with_a_typo_is_one_line_and_ends_with_2() {
    let folder = new_folder();
    for (text, says) in [
        (
            "[server]\nlisten_on = \"x\"",
            "server.listen_on = \"x\" is not a setting; the settings are",
        ),
        ("[sever]\nlisten = \"x\"", "sever"),
        ("colour = 1", "colour = 1 is not a setting"),
        (
            "[links]\nvalid_days = 0",
            "links.valid_days = 0 is not allowed: it takes a number from 1 to 3650",
        ),
        (
            "[server]\nlisten = \"here\"",
            "server.listen = \"here\" is not allowed: it takes ADDRESS:PORT",
        ),
        ("[server]\npublic_url = \"x.org\"", "http:// or https://"),
        ("[log]\nformat = \"xml\"", "`auto`, `text` or `json`"),
        ("[mail]\nfrom = \"nobody\"", "mail.from = \"nobody\" is not allowed"),
        ("[database]\nurl = \"mysql://u:geheim@h\"", "mysql://***@h\" is not allowed"),
        (
            "[server]\nsecret = \"geheim\"",
            "server.secret = *** is not allowed: it takes at least 32",
        ),
        ("[server\n", "is not TOML"),
    ] {
        std::fs::write(folder.path().join("overrule.toml"), text).unwrap();
        let said = Command::in_folder(folder.path()).arg("migrate").run().fails_with(2).says(says);
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
        assert!(said.stderr.contains("overrule.toml") || said.stderr.contains("takes"), "{said:?}");
        assert!(!said.stderr.contains("geheim"), "{said:?}");
    }
    let file = folder.path().join("overrule.toml");
    std::fs::write(&file, b"[server]\nlisten = \"127.0.0.1:0\xff\"\n").unwrap();
    let run = || Command::in_folder(folder.path()).arg("migrate").run().fails_with(2);
    run().says("can't read overrule.toml");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    run().says("can't read overrule.toml");
    assert!(!folder.path().join("overrule-data").exists(), "nothing was touched");
}

#[test]
fn a_new_database_is_for_its_owner_only_wherever_it_is_made() {
    use std::os::unix::fs::PermissionsExt;
    let folder = new_folder();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("mine.db");
    let url = format!("sqlite:{}", file.display());
    Command::in_folder(folder.path()).env("DATABASE_URL", &url).arg("migrate").run().ok();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_demo_does_not_open_a_real_installation_to_everybody() {
    let folder = new_folder();
    let run = |arguments: &[&str]| Command::in_folder(folder.path()).args(arguments);
    run(&["--data-dir", "real", "user", "add", "ada@example.com"]).run().ok();
    run(&["--data-dir", "real", "demo"]).run().fails_with(1).says("holds a real installation");
    for _ in ["new", "filled before"] {
        let mut demo = run(&["--data-dir", "sample", "demo"]).start();
        demo.listening();
        demo.ask_to_stop();
        demo.end();
    }
}

#[test]
fn settings_come_from_the_file_then_the_environment() {
    let folder = new_folder();
    let run = || Command::in_folder(folder.path());
    run()
        .args(["--config", "nowhere.toml", "migrate"])
        .run()
        .fails_with(2)
        .says("can't read nowhere");
    let wrong = run().arg("migrate").env("OVERRULE_LINKS__VALID_DAYS", "many").run();
    wrong.fails_with(2).says("links.valid_days = \"many\" is not allowed");
    let unknown = run().arg("migrate").env("OVERRULE_COLOUR", "red");
    unknown.env("OVERRULE_SERVER__LISTEN_ON", "x").run().ok();
    assert!(folder.path().join("overrule-data/overrule.db").exists());
    std::fs::write(folder.path().join("my.toml"), "[database]\nurl = \"sqlite:a.db\"").unwrap();
    run().args(["--config", "my.toml", "migrate"]).run().ok();
    let b =
        run().args(["--config", "my.toml", "migrate"]).env("OVERRULE_DATABASE__URL", "sqlite:b.db");
    b.run().ok();
    let both = run().arg("migrate").env("OVERRULE_DATABASE__URL", "sqlite:d.db");
    both.env("DATABASE_URL", "sqlite:c.db").run().ok();
    for (name, is_there) in [("a.db", true), ("b.db", true), ("c.db", true), ("d.db", false)] {
        assert_eq!(folder.path().join(name).exists(), is_there, "{name}");
    }
}

#[test]
fn what_is_no_command_is_said_with_what_there_is() {
    let folder = new_folder();
    let run = |arguments: &[&str]| Command::in_folder(folder.path()).args(arguments).run();
    run(&["sreve"]).fails_with(2).says("serve");
    run(&[]).fails_with(2).says("Usage: overrule");
    let help = run(&["--help"]).ok();
    for command in
        ["demo", "serve", "worker", "migrate", "user", "agent", "key", "import", "export"]
    {
        assert!(help.stdout.contains(command), "{command} is not in {}", help.stdout);
    }
    assert_eq!(run(&["--version"]).ok().line(), format!("overrule {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_second_server_on_the_same_embedded_database_is_refused() {
    let app = TestApp::start();
    if backend() == Backend::Postgres {
        let second = Server::start(app.config());
        crate::support::Api::new(second.url(), None).get("/readyz").is(200);
        return;
    }
    let refused = app.command(&["serve", "--listen", "127.0.0.1:0"]).fails_with(1);
    let refused = refused.says("another server is running on").says("--data-dir");
    assert_eq!(refused.stdout, "");
    // Commands may run beside it, and the server still serves.
    app.command(&["migrate"]).ok().says("already at version");
    app.stranger().get("/readyz").is(200);
}

#[test]
fn a_port_that_is_taken_is_said() {
    let app = TestApp::start();
    let folder = new_folder();
    let taken = app.url().strip_prefix("http://").unwrap().to_owned();
    let said = Command::in_folder(folder.path()).args(["serve", "--listen", &taken]).run();
    said.fails_with(1).says(&format!("can't listen on {taken}")).says("in use");
}

/// The binary on a database without tables.
fn on(database: &Database, folder: &std::path::Path) -> Command {
    let command = Command::in_folder(folder).arg("--data-dir").arg(folder);
    match database.url() {
        Some(url) => command.env("DATABASE_URL", url),
        None => command,
    }
}

#[test]
fn a_new_database_is_made_by_migrate_and_by_any_command() {
    let folder = new_folder();
    let database = Database::empty(folder.path());
    let run = || on(&database, folder.path());
    let made = run().arg("migrate").run().ok().says("made a new database at version");
    let version = made.last_line().rsplit(' ').next().unwrap().to_owned();
    run().arg("migrate").run().ok().says(&format!("already at version {version}"));
    let other = new_folder();
    let fresh = Database::empty(other.path());
    on(&fresh, other.path()).args(["user", "add", "ada@example.com"]).run().ok();
    on(&fresh, other.path()).arg("migrate").run().ok().says("already at version");
}

#[test]
fn without_migrating_a_server_refuses_an_old_database() {
    let folder = new_folder();
    let database = Database::empty(folder.path());
    let run = || on(&database, folder.path());
    let said = run().args(["serve", "--no-migrate", "--listen", "127.0.0.1:0"]).run();
    said.fails_with(1).says("the database is not up to date; run `overrule migrate`");
    let mut server = run().args(["serve", "--listen", "127.0.0.1:0"]).start();
    let url = server.listening();
    crate::support::Api::new(&url, None).get("/readyz").is(200);
    assert!(server.said().contains(&format!("open {url} in a browser")), "{}", server.said());
}

#[test]
fn a_database_of_a_newer_overrule_is_left_alone() {
    let app = TestApp::start();
    let mut conn = open_connection(app.database().target(), false).unwrap();
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')")
        .execute(&mut conn)
        .unwrap();
    let said = app.command(&["migrate"]).fails_with(1);
    said.says("it has version 99990101000000, made by a newer Overrule");
}

#[test]
fn two_processes_may_make_a_new_database_at_once() {
    let folder = new_folder();
    let database = Database::empty(folder.path());
    let all: Vec<_> = std::thread::scope(|scope| {
        let run = || on(&database, folder.path()).arg("migrate").run();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let made = all.into_iter().map(crate::support::Finished::ok);
    let made = made.filter(|done| done.stderr.contains("made a new database")).count();
    assert_eq!(made, 1, "one makes it, the others find it there");
}

#[test]
fn links_lead_to_the_address_that_the_settings_name() {
    let app = TestApp::builder()
        .with(|config| config.server.public_url = Some("https://overrule.example.org".into()))
        .start();
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback]);
    let logged = api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    assert!(logged.at("/correct_url").starts_with("https://overrule.example.org/c/"));
    let said = api.judge(&json!({"interaction": logged.at("/id"), "verdict": "rejected"})).is(201);
    assert!(said.at("/receipt_url").starts_with("https://overrule.example.org/r/"));
    let added = app.binary().args(["user", "add", "ada@example.com"]);
    let added =
        added.env("OVERRULE_SERVER__PUBLIC_URL", "https://overrule.example.org/").run().ok();
    assert!(added.line().starts_with("https://overrule.example.org/sign-in/"), "{}", added.line());
}

#[test]
fn a_worker_sends_the_mail_of_a_server() {
    if backend() == Backend::Sqlite {
        // One machine has one process there; its server does the work.
        return;
    }
    let mut app = TestApp::start();
    app.person("ada@example.com", "Ada", &[]);
    app.browser()
        .open("/sign-in")
        .fill("E-mail address", "ada@example.com")
        .press("Mail me a link");
    app.mailbox().nth(1, "ada@example.com");
    app.stop();
    app.write(|conn| {
        use diesel::ExpressionMethods;
        use overrule::schema::outbox as o;
        diesel::update(o::table)
            .set((o::delivered_at.eq(None::<overrule::db::Instant>), o::body_text.eq("again")))
            .execute(conn)?;
        Ok(())
    });
    std::fs::remove_dir_all(app.folder().join("mail")).unwrap();
    let mut worker = app.binary().arg("worker").start();
    app.mailbox().nth(1, "ada@example.com");
    worker.ask_to_stop();
    let (status, stdout, said) = worker.end();
    assert!(status.success() && stdout.is_empty(), "{said}");
}

#[test]
fn the_demo_serves_each_kind_of_person_and_leaves_nothing() {
    let folder = new_folder();
    let mut demo = Command::in_folder(folder.path()).arg("demo").start();
    let url = demo.listening();
    let said = crate::support::eventually("where it may be looked at", || {
        Some(demo.said()).filter(|said| said.contains("/demo/mail"))
    });
    let data = said.lines().find_map(|line| line.strip_prefix("Data in sqlite:")).unwrap();
    let data = std::path::PathBuf::from(data.split(',').next().unwrap());
    assert!(data.exists());
    let start = format!("{url}/sign-in/");
    let links: Vec<&str> =
        said.split_whitespace().filter(|word| word.starts_with(&start)).collect();
    assert!(links.len() >= 5, "{said}");
    for link in links {
        for _ in 0..2 {
            let browser = crate::support::Browser::new(&url);
            browser.open(link.strip_prefix(&url).unwrap()).press_only().is(200).sees("Hello,");
            for path in ["/feedback", "/demo/mail", "/demo/styleguide", "/docs"] {
                browser.open(path).is(200);
            }
        }
    }
    // Its audits are drawn and decided, but for some that wait.
    let champion = said.lines().find(|line| line.trim_start().starts_with("champion")).unwrap();
    let link = champion.split_whitespace().find(|word| word.starts_with(&start)).unwrap();
    let browser = crate::support::Browser::new(&url);
    browser.open(link.strip_prefix(&url).unwrap()).press_only().is(200);
    let rates = browser.open("/error-rates").is(200).sees("interactions in 6 weeks");
    rates.sees("that were drawn wait in the queue.");
    browser.open("/feedback").is(200).sees("Found by a random audit");
    demo.ask_to_stop();
    let (status, _, said) = demo.end();
    assert!(status.success(), "{said}");
    assert!(!data.exists(), "the temporary folder is removed");
}
