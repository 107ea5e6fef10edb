//! How escalations begin, and how they end without anybody ending them: somebody asks for a person,
//! or takes that back; a champion passes something on, or it is decided.

use super::happen;
use crate::agents::model::Deployment;
use crate::agents::queries as agents;
use crate::clock;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::escalations::Clock;
use crate::escalations::model::{Escalation, EscalationId, Event, EventKind, Origin, State};
use crate::escalations::queries;
use crate::feedback::model::Urgency;
use crate::feedback::{FeedbackId, Verdict};
use crate::hours::{self, Calendars};
use crate::on_backend;
use crate::schema::{escalation_events, escalations};
use crate::signals::SignalStatus;
use crate::signals::actions::Candidate;
use crate::signals::model::{ItemId, Reviewer};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Lets escalations follow new feedback, once signals did: who asks for a person opens one, or
/// joins the one that is open; who takes it back ends it, unless others stand behind it.
pub fn report(conn: &mut Conn, candidates: &[Candidate]) -> AppResult<()> {
    let asks: Vec<&Candidate> = candidates.iter().filter(|each| asks(each)).collect();
    let superseded: Vec<FeedbackId> = candidates.iter().filter_map(|c| c.supersedes).collect();
    if !asks.is_empty() {
        open_reported(conn, &asks)?;
    }
    if superseded.is_empty() {
        return Ok(());
    }
    for row in queries::open_shown_by(conn, &superseded)? {
        match queries::stands_behind(conn, row.item_id)? {
            Some(other) => {
                diesel::update(escalations::table.find(row.id))
                    .set(escalations::feedback_id.eq(other))
                    .execute(conn)?;
            }
            None => {
                let event = Event::plain(row.id, EventKind::Withdrawn, clock::now());
                happen(conn, row, &[event])?;
            }
        }
    }
    Ok(())
}

/// Whether this asks for a person. What was decided elsewhere does so no more.
fn asks(candidate: &Candidate) -> bool {
    candidate.feedback.verdict == Verdict::Escalated
        && candidate
            .imported
            .as_ref()
            .and_then(|told| told.outcome)
            .is_none_or(|o| o.status() == SignalStatus::Pending)
}

fn is_urgent(candidate: &Candidate) -> bool {
    candidate.feedback.urgency == Urgency::Urgent
}

fn open_reported(conn: &mut Conn, asks: &[&Candidate]) -> AppResult<()> {
    let ids: Vec<FeedbackId> = asks.iter().map(|each| each.feedback.id).collect();
    let items = queries::items_of(conn, &ids)?;
    let known: Vec<ItemId> = items.values().copied().collect();
    let mut open: BTreeMap<ItemId, Escalation> =
        queries::open_of(conn, &known)?.into_iter().map(|row| (row.item_id, row)).collect();
    let deployments = asks.iter().map(|each| &*each.subject.deployment);
    let calendars = hours::calendars_of(conn, deployments)?;
    let now = clock::now();
    let mut fresh: BTreeMap<ItemId, (&Candidate, bool)> = BTreeMap::new();
    for each in asks {
        let Some(item) = items.get(&each.feedback.id) else { continue };
        if let Some(row) = open.remove(item) {
            open.insert(*item, again(conn, row, each, now)?);
        } else {
            fresh.entry(*item).or_insert((each, false)).1 |= is_urgent(each);
        }
    }
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    for (item, (first, urgent)) in fresh {
        let deployment = &first.subject.deployment;
        let new = New { item, feedback: first.feedback.id, origin: Origin::Verdict, deployment };
        let (row, event) = new.open(urgent, &calendars, now);
        rows.push(row);
        events.push(event);
    }
    insert(conn, &rows, &events)
}

/// Somebody says again that a person should handle what is open already.
fn again(
    conn: &mut Conn,
    mut row: Escalation,
    by: &Candidate,
    now: Instant,
) -> AppResult<Escalation> {
    let replies = row.state == State::Waiting && by.supersedes.is_some();
    let kind = if replies { EventKind::Replied } else { EventKind::Again };
    let mut events = vec![Event {
        person_id: by.feedback.author_id.filter(|_| replies),
        body: by.feedback.comment.clone(),
        ..Event::plain(row.id, kind, now)
    }];
    if is_urgent(by) && !row.is_urgent {
        let mut event = Event::plain(row.id, EventKind::Urgent, now);
        set_minutes(&mut event, &by.subject.deployment, true);
        events.push(event);
    }
    if by.supersedes == Some(row.feedback_id) {
        row.feedback_id = by.feedback.id;
    }
    happen(conn, row, &events)
}

fn set_minutes(event: &mut Event, deployment: &Deployment, is_urgent: bool) {
    event.answer_minutes = Some(deployment.due_minutes(is_urgent));
    event.resolution_minutes = Some(deployment.resolution_minutes(is_urgent));
}

/// What is about to be opened.
struct New<'a> {
    item: ItemId,
    feedback: FeedbackId,
    origin: Origin,
    deployment: &'a Deployment,
}

impl New<'_> {
    fn open(&self, is_urgent: bool, calendars: &Calendars, now: Instant) -> (Escalation, Event) {
        let mut row = Escalation {
            id: EscalationId::new(),
            item_id: self.item,
            deployment_id: self.deployment.id,
            team_id: self.deployment.team_id,
            feedback_id: self.feedback,
            origin: self.origin,
            state: State::Open,
            is_urgent,
            assignee_id: None,
            opened_at: now,
            answered_at: None,
            due_at: None,
            order_at: now,
            notice_at: None,
            outcome: None,
            minutes: None,
            closed_at: None,
        };
        let mut event = Event::plain(row.id, EventKind::Opened, now);
        set_minutes(&mut event, self.deployment, is_urgent);
        let calendar = calendars.of(self.deployment.team_id);
        Clock::of(std::slice::from_ref(&event)).project(&mut row, calendar, &[]);
        (row, event)
    }
}

fn insert(conn: &mut Conn, rows: &[Escalation], events: &[Event]) -> AppResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    on_backend!(conn, |c| diesel::insert_into(escalations::table).values(rows).execute(c))?;
    on_backend!(conn, |c| diesel::insert_into(escalation_events::table).values(events).execute(c))?;
    Ok(())
}

/// A champion passed an item on: it is opened, or, where it is open, told there.
pub fn passed_on(
    conn: &mut Conn,
    item: ItemId,
    by: Reviewer,
    reason: Option<&str>,
) -> AppResult<()> {
    let now = clock::now();
    let sign = |event: Event| Event {
        person_id: by.person(),
        key_id: by.key(),
        body: reason.map(str::to_owned),
        ..event
    };
    if let Some(row) = queries::open_of(conn, &[item])?.into_iter().next() {
        let event = sign(Event::plain(row.id, EventKind::Again, now));
        happen(conn, row, &[event])?;
        return Ok(());
    }
    let Some(waiting) = crate::signals::queries::find_waiting(conn, item)? else { return Ok(()) };
    let deployment = agents::find_deployment(conn, waiting.deployment_id)?;
    let calendars = hours::calendars(conn, &[deployment.team_id])?;
    // What was drawn at random was reported by nobody, and is not passed on.
    let Some(feedback) = waiting.feedback_id else { return Ok(()) };
    let new = New { item, feedback, origin: Origin::Decision, deployment: &deployment };
    let (row, event) = new.open(waiting.is_urgent, &calendars, now);
    insert(conn, &[row], &[sign(event)])
}

/// An item was decided, or opened again: what had been passed on with it is settled. What its
/// reporter asked a person for goes on.
pub fn settled(conn: &mut Conn, item: ItemId, by: Reviewer) -> AppResult<()> {
    for row in queries::open_of(conn, &[item])? {
        if row.origin == Origin::Decision {
            let event = Event {
                person_id: by.person(),
                key_id: by.key(),
                ..Event::plain(row.id, EventKind::Settled, clock::now())
            };
            happen(conn, row, &[event])?;
        }
    }
    Ok(())
}
