//! A PostgreSQL server: whether what it acknowledges is on disk, and whether it can be written.

use super::Findings;
use crate::clock;
use crate::db::{Conn, Either, Instant, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

/// How far two clocks may differ: 5 seconds.
const APART: i64 = 5_000_000;
/// Connections of one server with its worker, and a few for commands.
const CONNECTIONS: i64 = 20;

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    synchronous_commit: String,
    #[diesel(sql_type = Text)]
    fsync: String,
    #[diesel(sql_type = Text)]
    full_page_writes: String,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Text)]
    read_only: String,
    #[diesel(sql_type = Bool)]
    is_standby: bool,
    #[diesel(sql_type = BigInt)]
    connections: i64,
    #[diesel(sql_type = sql::Instant)]
    now: Instant,
}

const ASK: &str = "SELECT current_setting('synchronous_commit') AS synchronous_commit, \
     current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, \
     current_setting('server_encoding') AS encoding, \
     current_setting('transaction_read_only') AS read_only, pg_is_in_recovery() AS is_standby, \
     current_setting('max_connections')::bigint AS connections, clock_timestamp() AS now";

/// Nothing where the database is an embedded one.
pub(super) fn examine(conn: &mut Conn, found: &mut Findings) {
    let Either::Postgres(c) = conn.either() else { return };
    let before = clock::now();
    let server: Server = match diesel::sql_query(ASK).get_result(c) {
        Ok(server) => server,
        Err(error) => {
            let what = format!("the server does not tell its settings: {error}");
            return found.wrong("database", what, super::database::REACH);
        }
    };
    durable(&server, found);
    if server.encoding != "UTF8" {
        let what = format!("the database's encoding is {}, not UTF8", server.encoding);
        found.wrong("encoding", what, "make a database with `createdb --encoding=UTF8`");
    }
    if server.is_standby || server.read_only == "on" {
        found.wrong(
            "writing",
            "the server takes no writes: it is a standby, or set to read only",
            "name the primary in `database.url`, or turn `default_transaction_read_only` off",
        );
    }
    if server.connections < CONNECTIONS {
        let what = format!("max_connections is {}: one server may use 16", server.connections);
        found.wrong("connections", what, "raise `max_connections` in postgresql.conf");
    }
    clocks(before, server.now, found);
}

fn durable(server: &Server, found: &mut Findings) {
    let settings = [
        ("synchronous_commit", &server.synchronous_commit),
        ("fsync", &server.fsync),
        ("full_page_writes", &server.full_page_writes),
    ];
    let mut off = settings.iter().filter(|(_, value)| *value == "off").peekable();
    if off.peek().is_none() {
        found.ok("durability", "what the server acknowledges is on disk");
    }
    for (name, _) in off {
        found.wrong(
            "durability",
            format!("{name} is off: what was acknowledged can be lost when the machine fails"),
            format!(
                "run `ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()`, and look for \
                 `ALTER DATABASE` or `ALTER ROLE` that say otherwise"
            ),
        );
    }
}

fn clocks(ours: Instant, theirs: Instant, found: &mut Findings) {
    let apart = theirs.as_micros() - ours.as_micros();
    // The answer took some time too, but not seconds.
    if apart.abs() > APART {
        let what = format!("the database's clock is {} s from this machine's", apart / 1_000_000);
        found.wrong("clock", what, "keep both right by NTP, with chrony or systemd-timesyncd");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_are_found() {
        let now = clock::now();
        for (minutes, findings) in [(0, 0), (3, 1), (-3, 1)] {
            let mut found = Findings::default();
            clocks(now, now.plus_minutes(minutes), &mut found);
            assert_eq!(found.0.len(), findings);
        }
    }
}
