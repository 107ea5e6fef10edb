//! For champions: what waits in their teams, in the order of the queue.

use crate::accounts::Who;
use crate::capture::words;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::signals::model::Reviewer;
use crate::triage::facets::{But, CAP, Facets};
use crate::triage::filter::{Filter, Wanted, reviewed_by};
use crate::triage::queue;
use crate::triage::{Row, rows};

/// How much of what waits is listed.
const ROWS: i64 = 10;

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    pub rows: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Option<Part>> {
    if !who.is_champion() {
        return Ok(None);
    }
    let mut used = reviewed_by(conn, who)?;
    used.retain(|used| who.is_champion_of(used.deployment.team_id));
    let filter = Filter::default();
    let wanted = Wanted::for_person(conn, who, &used, &filter, now)?;
    let facets = Facets::count(conn, &wanted.deployments, &wanted.calendars, wanted.state, now)?;
    let waiting = facets.number(&wanted, But::Nothing, |_| true);
    let urgent = facets.number(&wanted, But::Nothing, |each| each.is_urgent());
    let placed = queue::walk(conn, &wanted, now, None, None, ROWS)?;
    let rows = rows(conn, &placed, &filter, Reviewer::Person(who.id()), now)?;
    Ok(Some(Part { sentence: sentence(waiting, urgent), rows }))
}

fn sentence(waiting: i64, urgent: i64) -> String {
    let all = match waiting {
        0 => return "Nothing waits for you.".to_owned(),
        1 => "One report waits for a decision".to_owned(),
        _ => format!("{} reports wait for a decision", words::capped(waiting, CAP)),
    };
    match urgent {
        0 => format!("{all}; none is urgent."),
        1 => format!("{all}; one of them is urgent."),
        _ => format!("{all}; {} of them are urgent.", words::grouped(urgent)),
    }
}
