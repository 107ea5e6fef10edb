//! For everybody: recent answers, to say that one is wrong; and what became of earlier reports.

use crate::accounts::Who;
use crate::capture::words::{self, When};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::interactions::queries::{self as interactions, Whose};
use crate::journeys::handlers::{self, Row};
use crate::journeys::queries::reports;

/// How many recent answers, and how many reports, are shown.
const ROWS: i64 = 5;

/// An answer that somebody may know better.
pub(super) struct Answer {
    pub href: String,
    pub question: String,
    pub answer: String,
    pub agent: String,
    pub when: When,
}

/// What is shown.
pub(super) struct Part {
    pub has_team: bool,
    pub answers: Vec<Answer>,
    pub reports: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Part> {
    let answers = interactions::list_visible_to(conn, who, Whose::All, |_| true, None, ROWS)?;
    let reports = reports::list_by_author(conn, who.id(), None, ROWS)?;
    Ok(Part {
        has_team: who.sees_all() || !who.memberships.is_empty(),
        answers: answers.into_iter().map(|listed| answer(listed, now)).collect(),
        reports: reports.into_iter().map(|listed| handlers::row(listed, now)).collect(),
    })
}

fn answer(listed: interactions::Listed, now: Instant) -> Answer {
    Answer {
        href: format!("/interactions/{}", listed.id),
        question: words::question(listed.input.as_ref()),
        answer: words::answer(listed.output.as_ref(), listed.error.as_deref()),
        agent: words::agent(&listed.agent, &listed.version),
        when: words::when(listed.occurred_at, now),
    }
}
