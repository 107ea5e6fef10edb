//! For champions: what waits in their teams, the urgent first.

use crate::accounts::Who;
use crate::capture::words::{self, Badge, When};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::FeedbackId;
use crate::feedback::model::Urgency;
use crate::journeys::queries::home::{self, WAITING_CAP, Waiting};
use std::cmp::Reverse;
use std::collections::HashMap;

/// How much of what waits is listed.
const ROWS: usize = 10;

/// One that waits.
pub(super) struct Row {
    pub href: String,
    pub question: String,
    pub agent: String,
    pub author: String,
    pub verdict: Badge,
    pub is_urgent: bool,
    pub when: When,
    /// By when somebody should have looked at it, and whether that is past.
    pub due: When,
    pub is_late: bool,
}

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    pub rows: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Option<Part>> {
    let teams = home::teams_led(who, true);
    if teams.is_empty() {
        return Ok(None);
    }
    let mut waiting: Vec<(FeedbackId, Urgency)> = Vec::new();
    let mut minutes = HashMap::new();
    for used in home::deployments_of(conn, Some(&teams))? {
        waiting.extend(home::waiting_in(conn, used.deployment.id)?);
        minutes.insert(used.deployment.id, used.deployment);
    }
    waiting.sort_unstable_by_key(|(id, urgency)| Reverse((*urgency, *id)));
    let urgent = waiting.iter().filter(|(_, urgency)| *urgency == Urgency::Urgent).count();
    let sentence = sentence(waiting.len(), urgent);
    let ids: Vec<FeedbackId> = waiting.iter().take(ROWS).map(|(id, _)| *id).collect();
    let mut rows: Vec<(Waiting, Row)> = Vec::new();
    for each in home::list_waiting(conn, &ids)? {
        let due = minutes.get(&each.deployment_id).map(|deployment| match each.urgency {
            Urgency::Urgent => deployment.urgent_due_minutes,
            Urgency::Normal => deployment.normal_due_minutes,
        });
        let due = words::received(each.id.0).plus_minutes(due.unwrap_or(0));
        rows.push((each.clone(), row(each, due, now)));
    }
    rows.sort_by_key(|(each, _)| Reverse((each.urgency, each.id)));
    Ok(Some(Part { sentence, rows: rows.into_iter().map(|(_, row)| row).collect() }))
}

fn row(each: Waiting, due: Instant, now: Instant) -> Row {
    Row {
        href: format!("/feedback/{}", each.id),
        question: words::question(each.input.as_ref()),
        agent: words::agent(&each.agent, &each.version),
        author: each.author.unwrap_or_else(|| "Somebody".to_owned()),
        verdict: words::verdict(each.verdict),
        is_urgent: each.urgency == Urgency::Urgent,
        when: words::when(each.occurred_at, now),
        is_late: due < now,
        due: words::when(due, now),
    }
}

fn sentence(waiting: usize, urgent: usize) -> String {
    let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
    let all = match waiting {
        0 => return "Nothing waits for you.".to_owned(),
        1 => "One report waits for a decision".to_owned(),
        _ => format!("{} reports wait for a decision", words::capped(waiting, WAITING_CAP)),
    };
    match urgent {
        0 => format!("{all}; none is urgent."),
        1 => format!("{all}; one of them is urgent."),
        _ => format!("{all}; {urgent} of them are urgent."),
    }
}
