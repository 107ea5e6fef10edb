//! One decision. Where what was said of a question contradicts itself, one decision settles all of
//! it: what agrees with the answer that is taken is accepted, what contradicts it is declined.

use super::{check, claim};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::escalations::actions as escalations;
use crate::interactions::JsonText;
use crate::news::actions as news;
use crate::news::model::NewsKind;
use crate::schema::{claims, reviews};
use crate::signals::model::{
    Decision, How, ItemId, Outcome, Resolution, ResolutionId, Reviewer, SignalStatus,
};
use crate::signals::queries as signals;
use crate::triage::model::{ActId, Choice, Position, Review, ReviewId, SLOT, Verb};
use crate::triage::queries;
use crate::triage::subject::{Candidate, Subject};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;

/// What became of a decision.
#[derive(Debug, Clone)]
pub struct Decided {
    pub resolution: ResolutionId,
    pub status: SignalStatus,
}

/// What is decided of one of the items.
type Plan = Vec<(ItemId, Outcome, Option<JsonText>, Option<String>)>;

/// Decides an item. `round` is the number of the resolution that the reviewer saw, 0 for none:
/// where another stands by now, nothing is written and the error says who decided what. The caller
/// knows whether the reviewer may.
pub fn decide(
    conn: &mut Conn,
    by: Reviewer,
    act: ActId,
    item: ItemId,
    round: Option<i64>,
    choice: &Choice,
) -> AppResult<Decided> {
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    let standing = signals::standing(conn, &ids(&subject))?;
    must_be_open(conn, &subject, &standing, round)?;
    check::all(conn, &subject, choice)?;
    let plan = plan(&subject, choice)?;
    let items: Vec<ItemId> = plan.iter().map(|(item, ..)| *item).collect();
    if let Some(held) = claim::held_by_others(conn, by, &items, clock::now())? {
        return Err(AppError::Conflict(claim::taken(&held)));
    }
    let how = if subject.is_conflict { How::Adjudication } else { How::Review };
    let mut made = Err(AppError::NotFound);
    for (each, outcome, label, reason) in plan {
        let round = standing.get(&each).map_or(0, |standing| standing.number);
        let decision = Decision { outcome, label, how, by: Some(by), reason };
        let resolution = crate::signals::resolve(conn, each, decision)?;
        record(conn, by, act, round, &resolution, choice)?;
        news::tell(conn, each, by.person(), NewsKind::Decided, None)?;
        if outcome != Outcome::Escalated {
            escalations::settled(conn, each, by)?;
        } else if each == item {
            escalations::passed_on(conn, each, by, resolution.reason.as_deref())?;
        }
        if each == item {
            made = Ok(Decided { resolution: resolution.id, status: outcome.status() });
        }
    }
    diesel::delete(claims::table.filter(claims::item_id.eq_any(&items))).execute(conn)?;
    made
}

fn ids(subject: &Subject) -> Vec<ItemId> {
    subject.candidates.iter().map(|each| each.item.id).collect()
}

/// An error that says who decided what, unless the item is as the reviewer saw it.
fn must_be_open(
    conn: &mut Conn,
    subject: &Subject,
    standing: &HashMap<ItemId, Resolution>,
    round: Option<i64>,
) -> AppResult<()> {
    let item = &subject.found.item;
    let number = standing.get(&item.id).map_or(0, |standing| standing.number);
    if subject.own().is_none() {
        let why = "Whoever reported this changed their mind, so there is nothing left to decide.";
        return Err(AppError::Conflict(why.into()));
    }
    if item.status == SignalStatus::Pending && round.is_none_or(|seen| seen == number) {
        return Ok(());
    }
    let history = queries::history(conn, item.id)?;
    let Some(last) = history.last() else {
        return Err(AppError::Conflict("This is not as you saw it any more.".into()));
    };
    let when = clock::relative(last.resolution.created_at, clock::now());
    let what = said_of(last.resolution.outcome);
    let why = last.resolution.reason.as_deref();
    let why = why.map(|why| format!(" “{}”", why.trim())).unwrap_or_default();
    let who = last.by().unwrap_or("The review policy");
    Err(AppError::Conflict(format!("{who} {what} {when}.{why}")))
}

/// A decision as a sentence has it after the name of who decided.
pub fn said_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted this",
        Outcome::AcceptedWithEdits => "accepted this with a change",
        Outcome::Declined => "declined this",
        Outcome::Duplicate => "said that this was reported before",
        Outcome::NeedsInfo => "asked the reporter about this",
        Outcome::Escalated => "passed this on",
        Outcome::Reopened => "opened this again",
    }
}

/// What is decided of which items.
fn plan(subject: &Subject, choice: &Choice) -> AppResult<Plan> {
    let (item, reason) = (subject.found.item.id, choice.reason.clone());
    let outcome = choice.verb.outcome();
    if !subject.is_conflict {
        let label = choice.label.clone().filter(|_| choice.verb == Verb::AcceptedWithEdits);
        if choice.verb == Verb::Accepted {
            must_be_its_own(subject, choice)?;
        }
        return Ok(vec![(item, outcome, label, reason)]);
    }
    match choice.verb {
        Verb::Accepted | Verb::AcceptedWithEdits => settle(subject, choice),
        Verb::Duplicate => Ok(vec![(item, outcome, None, reason)]),
        Verb::Declined | Verb::NeedsInfo | Verb::Escalated => {
            let all = subject.together().into_iter();
            Ok(all.map(|each| (each, outcome, None, reason.clone())).collect())
        }
    }
}

/// Accepting says that it is as they say: another label would be an edit.
fn must_be_its_own(subject: &Subject, choice: &Choice) -> AppResult<()> {
    let Some(label) = &choice.label else { return Ok(()) };
    let right = Position::right(subject.found.agent.kind, label);
    if subject.own().is_some_and(|own| own.position.names(&right)) {
        return Ok(());
    }
    let why = "is not what was reported; decide `accepted_with_edits` to give another";
    Err(AppError::invalid("/label", why))
}

fn settle(subject: &Subject, choice: &Choice) -> AppResult<Plan> {
    let item = subject.found.item.id;
    let is_edit = choice.verb == Verb::AcceptedWithEdits;
    let right = right_one(subject, choice)?;
    let mut plan: Plan = Vec::new();
    for each in subject.candidates.iter().filter(|each| !each.is_escalation()) {
        if is_edit && each.item.id == item {
            let outcome = Outcome::AcceptedWithEdits;
            plan.push((item, outcome, choice.label.clone(), choice.reason.clone()));
        } else if right.contradicts(&each.position) {
            let why = choice.reason.clone().unwrap_or_else(|| because(subject, choice));
            plan.push((each.item.id, Outcome::Declined, None, Some(why)));
        } else if each.is_pending() {
            plan.push((each.item.id, Outcome::Accepted, None, choice.reason.clone()));
        }
    }
    Ok(plan)
}

/// The answer that is taken.
fn right_one(subject: &Subject, choice: &Choice) -> AppResult<Position> {
    let kind = subject.found.agent.kind;
    if let Some(id) = choice.candidate {
        let chosen = subject.candidates.iter().find(|each| each.item.id == id);
        let why = "Choose one of the answers that are shown.";
        return Ok(chosen.ok_or_else(|| AppError::invalid("/label", why))?.position.clone());
    }
    let Some(label) = &choice.label else {
        // Whoever says only that an output is wrong names no right one.
        let own = subject.own().filter(|own| own.label.is_none());
        let why = "These contradict one another: name the label that is right.";
        return Ok(own.ok_or_else(|| AppError::invalid("/label", why))?.position.clone());
    };
    let right = Position::right(kind, label);
    let is_candidate = subject.candidates.iter().any(|each| each.position.names(&right));
    if choice.verb == Verb::Accepted && !is_candidate {
        let why = "is none of the candidates; decide `accepted_with_edits` to give another";
        return Err(AppError::invalid("/label", why));
    }
    Ok(right)
}

/// Why the others of a conflict are declined, where the reviewer gave no reason.
fn because(subject: &Subject, choice: &Choice) -> String {
    let chosen = subject.candidates.iter().find(|each| Some(each.item.id) == choice.candidate);
    let label =
        choice.label.as_ref().or_else(|| chosen.and_then(|each: &Candidate| each.label.as_ref()));
    match label {
        Some(label) => {
            let label = crate::capture::words::said(label);
            format!("Another answer to the same question was taken: {label}")
        }
        None => "Others looked at the same question and were right.".to_owned(),
    }
}

fn record(
    conn: &mut Conn,
    by: Reviewer,
    act_id: ActId,
    round: i64,
    resolution: &Resolution,
    choice: &Choice,
) -> AppResult<()> {
    let review = Review {
        id: ReviewId::new(),
        act_id,
        item_id: resolution.item_id,
        round,
        slot: SLOT,
        person_id: by.person(),
        key_id: by.key(),
        decision: resolution.outcome,
        label: resolution.label.clone(),
        reason: resolution.reason.clone(),
        duplicate_of: choice.duplicate_of,
        resolution_id: resolution.id,
        created_at: resolution.created_at,
    };
    diesel::insert_into(reviews::table).values(&review).execute(conn)?;
    told(conn, by, "item.decide", resolution)
}

/// Tells the audit log.
pub(super) fn told(
    conn: &mut Conn,
    by: Reviewer,
    action: &str,
    resolution: &Resolution,
) -> AppResult<()> {
    let actor = match by {
        Reviewer::Person(id) => Actor::Person(id.0),
        Reviewer::Key(id) => Actor::Key(id.0),
    };
    let detail = json!({
        "decision": resolution.outcome, "how": resolution.how, "number": resolution.number,
    });
    audit::record(conn, actor, action, &format!("item:{}", resolution.item_id), detail)
}
