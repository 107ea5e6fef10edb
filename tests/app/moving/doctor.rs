//! `doctor` finds what is wrong with an installation, and says how to mend it.

use super::{Place, change, findings, number};
use crate::support::{Backend, Command, Database, Sink, backend};
use overrule::db::{Target, open_connection};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Overwrites the page of a table in the middle of a database.
pub fn damage(database: &Path) {
    let target = Target::Sqlite(database.to_owned());
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'interactions'";
    let page = number(&target, root) as u64;
    change(&target, "PRAGMA wal_checkpoint(TRUNCATE)");
    let mut file = std::fs::File::options().write(true).open(database).unwrap();
    file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
    file.write_all(&[0x5a; 4096]).unwrap();
}

/// It finds exactly this, and says how to mend it, to people and to programs.
#[track_caller]
fn finds(command: impl Fn() -> Command, about: &str, what: &str) {
    let said = command().run().fails_with(1);
    assert!(said.stdout.is_empty(), "{said:?}");
    let lines: Vec<&str> = said.stderr.lines().collect();
    let wrong = format!("wrong  {about}");
    let at = lines.iter().position(|line| line.starts_with(&wrong) && line.contains(what));
    let at = at.unwrap_or_else(|| panic!("{wrong} … {what} is not in {said:#?}"));
    assert!(lines[at + 1].trim_start().starts_with("to mend:"), "{said:#?}");
    let told = findings(&command().arg("--json").run().fails_with(1));
    let wrong: Vec<_> = told.iter().filter(|finding| finding["ok"] == false).collect();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert_eq!(wrong[0]["about"], about);
    assert!(wrong[0]["mend"].as_str().is_some_and(|mend| mend.len() > 10), "{wrong:#?}");
}

/// As `finds`, on a whole installation with one thing broken.
#[track_caller]
fn finds_in(place: &Place, about: &str, what: &str) {
    finds(|| place.command(["doctor"]), about, what);
}

/// As `finds`, with one setting.
#[track_caller]
fn finds_with(settings: &[(&str, &str)], about: &str, what: &str) {
    let place = Place::filled();
    let command = || {
        let command = place.command(["doctor"]);
        settings.iter().fold(command, |command, (name, value)| command.env(name, value))
    };
    finds(command, about, what);
}

#[test]
fn nothing_is_wrong_with_a_new_installation_and_nothing_is_changed() {
    let place = Place::filled();
    place.run(["doctor"]).ok().says("nothing is wrong");
    let (_server, _) = place.serve();
    place.run(["doctor"]).ok().says("a server is running on it");
    let told = findings(&place.run(["doctor", "--json"]).ok());
    assert!(told.iter().all(|finding| finding["ok"] == true && finding["mend"].is_null()));
    let sink = Sink::start();
    let mail = place.command(["doctor"]).env("OVERRULE_MAIL__SMTP_URL", sink.url());
    let mail = mail.env("OVERRULE_MAIL__FROM", "Overrule <overrule@example.com>");
    mail.run().ok().says("the SMTP server answers");
}

#[test]
fn a_mistyped_setting() {
    let place = Place::filled();
    std::fs::write(place.path("overrule.toml"), "[links]\nvalid_day = 3\n").unwrap();
    finds_in(&place, "settings", "links.valid_day = 3 is not a setting");
    place.run(["migrate"]).fails_with(2);
}

#[test]
fn secrets_that_everybody_can_read() {
    let place = Place::filled();
    let file = place.path("overrule.toml");
    let text = "[server]\nsecret = \"0123456789abcdefghijklmnopqrstuv\"\n";
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    finds_in(&place, "settings", "everybody on this machine can read the secrets");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    place.run(["doctor"]).ok();
}

#[test]
fn a_secret_that_can_be_guessed() {
    finds_with(&[("OVERRULE_SERVER__SECRET", &"secret".repeat(6))], "secret", "repeats itself");
}

#[test]
fn links_that_nobody_can_follow_or_that_travel_unencrypted() {
    let listen = ("OVERRULE_SERVER__LISTEN", "0.0.0.0:8080");
    finds_with(&[listen], "address", "which nobody can follow");
    let local = ("OVERRULE_SERVER__PUBLIC_URL", "http://localhost:8080");
    finds_with(&[listen, local], "address", "works on this machine only");
    let plain = ("OVERRULE_SERVER__PUBLIC_URL", "http://overrule.example.com");
    finds_with(&[plain], "address", "travel unencrypted");
    let place = Place::filled();
    let public = place.command(["doctor"]).env(listen.0, listen.1);
    public.env(plain.0, "https://overrule.example.com").run().ok();
}

#[test]
fn a_mail_server_that_does_not_answer() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let from = ("OVERRULE_MAIL__FROM", "Overrule <overrule@example.com>");
    finds_with(&[("OVERRULE_MAIL__SMTP_URL", &url), from], "mail", "Connection refused");
}

#[test]
fn a_sender_that_others_refuse() {
    let sink = Sink::start();
    finds_with(&[("OVERRULE_MAIL__SMTP_URL", sink.url())], "sender", "overrule@localhost");
}

#[test]
fn a_mail_folder_that_is_none() {
    let place = Place::filled();
    std::fs::write(place.data().join("mail"), "").unwrap();
    finds_in(&place, "mail", "can't be written");
}

#[test]
fn no_database_or_a_file_that_is_none() {
    let place = Place::empty();
    finds_in(&place, "database", "there is no database at");
    assert!(!place.data().exists());
    std::fs::create_dir(place.data()).unwrap();
    let file = place.data().join("overrule.db");
    std::fs::set_permissions(place.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(&file, "Dear Ada, ".repeat(1000)).unwrap();
    finds_in(&place, "database", "can't be read");
}

#[test]
fn a_damaged_database() {
    let place = Place::filled();
    damage(&place.data().join("overrule.db"));
    finds_in(&place, "database", "is damaged");
}

#[test]
fn a_database_that_everybody_can_read() {
    let place = Place::filled();
    std::fs::set_permissions(place.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = place.data().join("overrule.db");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    finds_in(&place, "permissions", "everybody on this machine can read");
}

#[test]
fn a_database_of_another_version() {
    let place = Place::empty();
    let version = super::tables::older(&place.target());
    std::fs::set_permissions(place.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    finds_in(&place, "version", &format!("is at version {version}, this program needs"));
    let place = Place::filled();
    let row = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')";
    change(&place.target(), row);
    finds_in(&place, "version", "made by a newer Overrule");
}

#[test]
fn a_journal_that_makes_readers_wait() {
    let place = Place::filled();
    change(&place.target(), "PRAGMA journal_mode = DELETE");
    finds_in(&place, "journal", "is delete, not wal");
}

#[test]
fn a_write_lock_that_nobody_gives_back() {
    let place = Place::filled();
    let mut held = open_connection(&place.target(), false).unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut held, "BEGIN IMMEDIATE").unwrap();
    finds_in(&place, "writing", "holds");
    drop(held);
    place.run(["doctor"]).ok();
}

#[test]
fn a_lock_file_that_keeps_servers_off() {
    let place = Place::filled();
    std::fs::create_dir(place.data().join("overrule.db.lock")).unwrap();
    finds_in(&place, "lock", "no server can start");
}

/// An installation on the database that the suite runs on, and a way to ask `doctor` about it.
struct Either {
    place: Place,
    database: Database,
}

impl Either {
    fn filled() -> Self {
        let place = Place::empty();
        std::fs::create_dir(place.data()).unwrap();
        std::fs::set_permissions(place.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { database: Database::new(&place.data()), place }
    }

    fn command(&self) -> Command {
        let command = self.place.command(["doctor"]);
        match self.database.url() {
            Some(url) => command.env("DATABASE_URL", url),
            None => command,
        }
    }

    #[track_caller]
    fn finds(&self, about: &str, what: &str) {
        finds(|| self.command(), about, what);
    }

    fn change(&self, sqlite: &str, postgres: &str) {
        let is_embedded = matches!(self.database.target(), Target::Sqlite(_));
        change(self.database.target(), if is_embedded { sqlite } else { postgres });
    }
}

#[test]
fn rows_from_the_future() {
    let either = Either::filled();
    either.command().run().ok();
    // An id of the year 2100.
    let id = "03bb2cc3d800700080000000000000ff";
    let row = |id: &str, hash: &str, at: &str| {
        format!(
            "INSERT INTO teams VALUES ({id}, 'a', 'A', {at}); \
             INSERT INTO agents VALUES ({id}, 'a', 'A', 'text', {id}, 'none', 'team', '', '', \
             NULL, NULL, 1, 1, {at}, {at}, 1, 1); \
             INSERT INTO agent_versions VALUES ({id}, {id}, '', {at}); \
             INSERT INTO deployments VALUES ({id}, {id}, {id}, 'production', 'none', 'team', 1, \
             1, {at}, 1, 1, 1, 0); \
             INSERT INTO interactions (id, deployment_id, agent_id, version_id, environment, \
             content_hash, input_hash, source, occurred_at) VALUES ({id}, {id}, {id}, {id}, \
             'production', {hash}, {hash}, 'api', {at})"
        )
    };
    let embedded = row(&format!("x'{id}'"), "zeroblob(32)", "0");
    let server = row(&format!("'{id}'::uuid"), "decode(repeat('00', 32), 'hex')", "now()");
    either.change(&embedded, &server);
    either.finds("clock", "but the newest row was made");
}

#[test]
fn mail_that_stays() {
    let either = Either::filled();
    let columns = "INSERT INTO outbox (id, kind, recipient, subject, body_text, body_html, \
                   created_at, next_try_at, tries)";
    either.change(
        &format!("{columns} VALUES (randomblob(16), 'k', 'a@b.c', '', '', '', 0, 0, 0)"),
        &format!(
            "{columns} VALUES (gen_random_uuid(), 'k', 'a@b.c', '', '', '', \
             now() - interval '1 hour', now(), 0)"
        ),
    );
    either.finds("outbox", "1 mails wait for more than 15 minutes, 0 were given up");
    either.change("UPDATE outbox SET tries = 18", "UPDATE outbox SET tries = 18");
    either.finds("outbox", "0 mails wait for more than 15 minutes, 1 were given up");
}

#[test]
fn half_a_copy() {
    let either = Either::filled();
    let row = "INSERT INTO installation VALUES ('copying', '{}')";
    either.change(row, row);
    either.finds("copy", "holds half a copy");
}

#[test]
fn a_postgresql_server_that_can_lose_what_it_acknowledged() {
    if backend() == Backend::Sqlite {
        let place = Place::empty();
        let url = "postgres://nobody@127.0.0.1:1/none";
        let command = || place.command(["doctor"]).env("DATABASE_URL", url);
        return finds(command, "database", "can't open postgres://nobody@127.0.0.1:1/none");
    }
    let either = Either::filled();
    let name = url::Url::parse(either.database.url().unwrap()).unwrap().path()[1..].to_owned();
    let set = |setting: &str| {
        change(either.database.target(), &format!("ALTER DATABASE {name} {setting}"));
    };
    set("SET synchronous_commit = off");
    either.finds("durability", "synchronous_commit is off");
    set("RESET synchronous_commit");
    either.command().run().ok().says("is on disk");
    set("SET default_transaction_read_only = on");
    either.finds("writing", "takes no writes");
}

#[test]
fn an_identity_provider_that_does_not_answer_or_may_not_be_asked() {
    let issuer = ("OVERRULE_OIDC__ISSUER", "http://127.0.0.1:1");
    let client = ("OVERRULE_OIDC__CLIENT_ID", "overrule");
    finds_with(&[issuer, client], "single sign-on", "must be asked by https");
    let allowed = ("OVERRULE_OUTGOING__ALLOW", "127.0.0.1");
    finds_with(&[issuer, client, allowed], "single sign-on", "does not answer");
}
