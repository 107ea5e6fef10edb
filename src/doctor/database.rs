//! What either database holds: its version, half a copy, rows from the future, mail that stays.

use super::Findings;
use crate::audit;
use crate::clock;
use crate::db::{self, Conn, Instant, Target, installation};
use crate::error::AppError;
use crate::feedback::FeedbackId;
use crate::interactions::InteractionId;
use crate::mail::outbox;
use crate::schema::{feedback, interactions};
use diesel::prelude::*;

pub(super) const REACH: &str = "look at host, name and password in `database.url`, and whether \
     the server runs";
/// Minutes by which the newest row may be ahead of the clock.
const AHEAD: i64 = 1;

pub(super) fn examine(conn: &mut Conn, target: &Target, found: &mut Findings) {
    let Some(version) = version(conn, target, found) else { return };
    found.ok("database", format!("{target} is in order, at version {version}"));
    if let Err(error) = rows(conn, found) {
        found.wrong("database", format!("{target} can't be read: {error}"), REACH);
    }
}

/// The version, where it is this program's.
fn version(conn: &mut Conn, target: &Target, found: &mut Findings) -> Option<String> {
    let newest = db::newest().unwrap_or_default();
    let Some(version) = db::version(conn) else {
        let what = format!("{target} holds no tables of Overrule");
        found.wrong("version", what, "run `overrule migrate`, or name another database");
        return None;
    };
    match version.cmp(&newest) {
        std::cmp::Ordering::Equal => return Some(version),
        std::cmp::Ordering::Less => found.wrong(
            "version",
            format!("{target} is at version {version}, this program needs {newest}"),
            "run `overrule migrate`",
        ),
        std::cmp::Ordering::Greater => found.wrong(
            "version",
            format!("{target} is at version {version}, made by a newer Overrule than this one"),
            "install the newer Overrule again, or restore a backup of before",
        ),
    }
    None
}

fn rows(conn: &mut Conn, found: &mut Findings) -> QueryResult<()> {
    if installation::find(conn, installation::COPYING)?.is_some() {
        found.wrong(
            "copy",
            "the database holds half a copy and can't be served",
            "run the same `overrule copy` again: it goes on where it stopped",
        );
    }
    time(conn, found)?;
    audit_log(conn, found)?;
    let stuck = outbox::stuck(conn, clock::now())?;
    if stuck == outbox::Stuck::default() {
        found.ok("outbox", "no mail is stuck");
    } else {
        found.wrong(
            "outbox",
            format!(
                "{} mails wait for more than {} minutes, {} were given up",
                stuck.late,
                outbox::LATE_MINUTES,
                stuck.given_up
            ),
            "see that `serve` or `worker` runs and that mail leaves; why each did not is in \
             `last_error` of the table `outbox`",
        );
    }
    Ok(())
}

/// Follows the audit log's chain from its beginning; noted down, its head tells later whether
/// somebody made the whole of it anew.
fn audit_log(conn: &mut Conn, found: &mut Findings) -> QueryResult<()> {
    match audit::verify(conn) {
        Ok(Ok(head)) => found.ok(
            "audit log",
            format!(
                "the audit log is whole: {} events under {} seals, {} wait for the next; the head \
                 is {}",
                head.events,
                head.number,
                head.open,
                head.short()
            ),
        ),
        Ok(Err(broken)) => found.wrong(
            "audit log",
            format!("the audit log does not hold at seal {}: {}", broken.number, broken.why),
            "somebody changed it in the database; compare it with a backup, and find out who may \
             write to the database",
        ),
        Err(AppError::Database(error)) => return Err(error),
        Err(error) => found.wrong("audit log", format!("it can't be read: {error}"), REACH),
    }
    Ok(())
}

/// An id tells when its row was made.
fn time(conn: &mut Conn, found: &mut Findings) -> QueryResult<()> {
    let interaction: Option<InteractionId> = interactions::table
        .order(interactions::id.desc())
        .select(interactions::id)
        .first(conn)
        .optional()?;
    let feedback: Option<FeedbackId> =
        feedback::table.order(feedback::id.desc()).select(feedback::id).first(conn).optional()?;
    let newest = interaction.map(|id| id.0).max(feedback.map(|id| id.0)).and_then(made_at);
    let now = clock::now();
    match newest.filter(|newest| *newest > now.plus_minutes(AHEAD)) {
        Some(newest) => found.wrong(
            "clock",
            format!(
                "it is {}, but the newest row was made {}",
                clock::exact(now),
                clock::relative(newest, now)
            ),
            "set the clock right, by NTP; where it is right now, wait until then: new rows would \
             stand behind older ones",
        ),
        None => found.ok("clock", format!("it is {}", clock::exact(now))),
    }
    Ok(())
}

fn made_at(id: uuid::Uuid) -> Option<Instant> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Some(Instant::from_micros(micros + i64::from(nanos) / 1000))
}
