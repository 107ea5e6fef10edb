//! A PostgreSQL that only speaks TLS, and a build that can (`--features pg-tls`).
//! `scripts/cargo` makes that build where OpenSSL's headers are there.

use crate::support::{Api, Cluster, Command, has_program, has_tls};
use serde_json::json;

fn psql(url: &str, query: &str) -> String {
    let output = std::process::Command::new("psql").args(["-qAtX", url, "-c", query]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_server_that_requires_tls_gets_it_and_a_stranger_is_not_taken_for_it() {
    if !has_tls() || !has_program("openssl") || !has_program("psql") {
        return;
    }
    let cluster = Cluster::start();
    cluster.require_tls();
    let folder = tempfile::tempdir().unwrap();
    let to = |mode: &str| {
        let command = Command::in_folder(folder.path()).arg("--data-dir").arg(folder.path());
        command.env("DATABASE_URL", format!("{}?{mode}", cluster.url()))
    };
    to("sslmode=disable").arg("migrate").run().fails_with(1).says("no encryption");
    to("sslmode=require").arg("migrate").run().ok();
    // A certificate that was not signed by whom we trust.
    let stranger = Cluster::start();
    stranger.require_tls();
    let trusting = |cluster: &Cluster| {
        format!("sslmode=verify-full&sslrootcert={}", cluster.certificate().display())
    };
    let said = to(&trusting(&stranger)).arg("migrate").run().fails_with(1);
    assert!(said.stderr.contains("certificate verify failed"), "{said:?}");
    to(&trusting(&cluster)).arg("migrate").run().ok();

    to("sslmode=require").args(["agent", "set", "helper", "--team", "support"]).run().ok();
    let made =
        to("sslmode=require").args(["key", "create", "test", "--scope", "ingest"]).run().ok();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let mut server = to(&trusting(&cluster)).args(serve).start();
    let api = Api::new(&server.listening(), Some(made.line()));
    api.log(&json!({"agent": "helper", "input": "How?", "output": "So."})).is(201);
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl \
                     JOIN pg_stat_activity USING (pid) WHERE application_name = 'overrule'";
    assert_eq!(psql(&format!("{}?sslmode=require", cluster.url()), encrypted), "t");
}
