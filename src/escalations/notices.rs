//! Who is told what by mail, each once: that a person is asked for, that a time runs out soon, and
//! that it ran out. One mail for all that there is to tell somebody at the time. Safe to run twice
//! and on two machines: that somebody was told is a row in the same transaction as the mail.

use super::actions;
use super::mails::{self, Line};
use super::model::{Escalation, Notice, NoticeKind};
use super::queries::{self, Addressed};
use super::{Clock, EscalationId};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::hours::{self, Calendar};
use crate::on_backend;
use crate::schema::escalation_notices;
use crate::web::Site;
use diesel::prelude::*;
use std::collections::BTreeMap;

/// How many escalations are looked at in one transaction.
const AT_ONCE: i64 = 100;

/// Whether somebody should be told of something.
pub fn is_due(conn: &mut Conn, now: Instant) -> AppResult<bool> {
    Ok(!queries::to_be_told(conn, now, 1)?.is_empty())
}

/// Queues the mails that are due, of a hundred escalations at most; says of how many.
pub fn run(conn: &mut Conn, site: &Site, now: Instant) -> AppResult<usize> {
    let rows = queries::to_be_told(conn, now, AT_ONCE)?;
    let teams: Vec<_> = rows.iter().map(|row| row.team_id).collect();
    let calendars = hours::calendars(conn, &teams)?;
    let shown: Vec<_> = rows.iter().map(|row| row.feedback_id).collect();
    let about = queries::about(conn, &shown)?;
    let mut letters: BTreeMap<String, Letter> = BTreeMap::new();
    let count = rows.len();
    for row in rows {
        let calendar = calendars.of(row.team_id);
        if let Some((kind, what)) = tell(conn, &row, calendar, now)? {
            let line = mails::line(site, &row, about.get(&row.feedback_id), what);
            for person in recipients(conn, &row, kind)? {
                let Some(address) = person.address else { continue };
                let new = || Letter { name: person.name, late: 0, lines: Vec::new() };
                let letter = letters.entry(address).or_insert_with(new);
                letter.late += i64::from(is_late(kind));
                letter.lines.push(line.clone());
            }
        }
        actions::refresh(conn, row, calendar)?;
    }
    for (address, letter) in letters {
        mails::queue(conn, &address, &letter.name, letter.subject(), &letter.lines)?;
    }
    Ok(count)
}

/// A mail in the making.
struct Letter {
    name: String,
    late: i64,
    lines: Vec<Line>,
}

impl Letter {
    fn subject(&self) -> String {
        match (self.late, self.lines.len()) {
            (0, 1) => "An escalation needs you".to_owned(),
            (0, many) => format!("{many} escalations need you"),
            (_, 1) => "An escalation is late".to_owned(),
            (late, many) => format!("{many} escalations need you, {late} of them late"),
        }
    }
}

fn is_late(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::AnswerLate | NoticeKind::ResolutionLate)
}

/// Writes down what is told now, and gives the gravest of it as a sentence.
fn tell(
    conn: &mut Conn,
    row: &Escalation,
    calendar: &Calendar,
    now: Instant,
) -> AppResult<Option<(NoticeKind, String)>> {
    let events = queries::events_of(conn, row.id)?;
    let told = queries::notices_of(conn, row.id)?;
    let clock = Clock::of(&events);
    let due: Vec<(NoticeKind, Instant)> = clock
        .notices(calendar)
        .into_iter()
        .filter(|(kind, at)| *at <= now && !told.contains(kind))
        .collect();
    note(conn, row.id, &due, now)?;
    let Some((kind, at)) = due.into_iter().next_back() else { return Ok(None) };
    if kind == NoticeKind::Opened && row.assignee_id.is_some() {
        return Ok(None);
    }
    let ends = match kind {
        NoticeKind::Opened | NoticeKind::AnswerSoon | NoticeKind::AnswerLate => {
            clock.answer_due(calendar)
        }
        NoticeKind::ResolutionSoon | NoticeKind::ResolutionLate => clock.resolution_due(calendar),
        NoticeKind::Replied => {
            clock.answer_due(calendar).or_else(|| clock.resolution_due(calendar))
        }
    };
    Ok(Some((kind, mails::sentence(kind, at, ends.unwrap_or(at), calendar))))
}

fn note(
    conn: &mut Conn,
    escalation_id: EscalationId,
    due: &[(NoticeKind, Instant)],
    created_at: Instant,
) -> AppResult<()> {
    let rows: Vec<Notice> =
        due.iter().map(|(kind, _)| Notice { escalation_id, kind: *kind, created_at }).collect();
    if !rows.is_empty() {
        on_backend!(conn, |c| diesel::insert_into(escalation_notices::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(())
}

/// Whoever has it; while nobody has, the champions, or the managers where there are none, or the
/// admins where there are neither. Of what is late, the managers too.
fn recipients(conn: &mut Conn, row: &Escalation, kind: NoticeKind) -> AppResult<Vec<Addressed>> {
    let team = queries::people_of(conn, row.team_id)?;
    let assignee = match row.assignee_id {
        Some(id) => queries::find_person(conn, id)?,
        None => None,
    };
    let has_champion = team.iter().any(|person| person.is_champion);
    let is_told = |person: &&Addressed| {
        (assignee.is_none() && person.is_champion)
            || (person.is_manager && (is_late(kind) || (assignee.is_none() && !has_champion)))
    };
    let mut told: Vec<Addressed> = team.iter().filter(is_told).cloned().collect();
    told.retain(|person| assignee.as_ref().is_none_or(|one| one.id != person.id));
    if told.is_empty() && assignee.is_none() {
        // Nobody looks after the team: whoever runs the installation can name somebody.
        told = queries::admins(conn)?;
    }
    told.extend(assignee);
    Ok(told)
}
