//! Questions: for whoever looks after a team what waits for an answer there, for everybody else
//! what became of their own.

use crate::accounts::{TeamId, Who};
use crate::capture::words;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::questions::model::State;
use crate::questions::pages::{Row, rows};
use crate::questions::queries::{self, Scope};

/// How much is listed, and how far is counted.
const ROWS: i64 = 5;
const CAP: i64 = 100;

/// What is shown.
pub(super) struct Part {
    pub title: &'static str,
    pub sentence: String,
    pub rows: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Option<Part>> {
    let led = who.memberships.iter().filter(|m| m.is_champion || m.is_manager);
    let led: Vec<TeamId> = led.map(|m| m.team_id).collect();
    if !led.is_empty() {
        let scope = Scope::Led(led);
        let found = queries::list(conn, &scope, State::Open, None, ROWS)?;
        if !found.is_empty() {
            let number = queries::count(conn, &scope, State::Open, CAP + 1)?;
            let sentence = match number {
                1 => "One question waits for an answer.".to_owned(),
                n => format!("{} questions wait for an answer.", words::capped(n, CAP)),
            };
            let title = "What your team asks";
            return Ok(Some(Part { title, sentence, rows: rows(conn, &found, now)? }));
        }
    }
    let mine = Scope::By(who.id());
    let mut found = queries::list(conn, &mine, State::Answered, None, ROWS)?;
    let answered = found.len();
    found.extend(queries::list(conn, &mine, State::Open, None, ROWS)?);
    found.truncate(usize::try_from(ROWS).unwrap_or(0));
    if found.is_empty() {
        return Ok(None);
    }
    let sentence = match answered {
        0 => "Nobody has answered yet.",
        1 => "One has an answer.",
        _ => "These have an answer.",
    };
    let title = "Your questions";
    Ok(Some(Part { title, sentence: sentence.to_owned(), rows: rows(conn, &found, now)? }))
}
