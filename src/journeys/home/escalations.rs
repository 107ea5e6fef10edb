//! Escalations: what a person has, or what their teams have, and by when.

use crate::accounts::Who;
use crate::capture::words;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::escalations::model::State;
use crate::escalations::queries::{self, Scope};
use crate::triage::escalations::{Row, rows, scope};

/// How much is listed, and how far is counted.
const ROWS: i64 = 5;
const CAP: i64 = 100;

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    pub rows: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Option<Part>> {
    let scope = match scope(who, false) {
        // Engineers and admins find all of them on their page; here is what is theirs.
        Scope::All => Scope::Of(who.id()),
        other => other,
    };
    let found = queries::list(conn, &scope, State::Open, None, ROWS)?;
    if found.is_empty() {
        return Ok(None);
    }
    let late = found.iter().filter(|row| row.due_at.is_some_and(|due| due < now)).count();
    let number = queries::count(conn, &scope, State::Open, CAP + 1)?;
    let all = match number {
        1 => "One escalation is open".to_owned(),
        n => format!("{} escalations are open", words::capped(n, CAP)),
    };
    let sentence = match late {
        0 => format!("{all}; none is late."),
        _ if number == 1 => format!("{all}, and it is late."),
        n if i64::try_from(n) == Ok(ROWS) => format!("{all}; these are late."),
        1 => format!("{all}; one of them is late."),
        n => format!("{all}; {n} of them are late."),
    };
    Ok(Some(Part { sentence, rows: rows(conn, &found, now)? }))
}
