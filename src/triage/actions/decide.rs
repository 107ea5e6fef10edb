//! One decision. Where what was said of a question contradicts itself, one decision settles all of
//! it: what agrees with the answer that is taken is accepted, what contradicts it is declined.

use super::review::{self, Given};
use super::{between, check, claim};
use crate::audit;
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::escalations::actions as escalations;
use crate::interactions::JsonText;
use crate::news::actions as news;
use crate::news::model::NewsKind;
use crate::schema::claims;
use crate::signals::model::{
    Decision, How, ItemId, Outcome, Resolution, ResolutionId, Reviewer, SignalStatus,
};
use crate::signals::queries as signals;
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, Choice, Position, Verb};
use crate::triage::queries;
use crate::triage::slots::Slots;
use crate::triage::subject::{Candidate, Subject};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;

/// What became of a decision.
#[derive(Debug, Clone)]
pub struct Decided {
    /// None while it is open.
    pub resolution: Option<ResolutionId>,
    pub status: SignalStatus,
    pub follows: Follows,
}

/// What follows a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follows {
    /// Nothing: it stands.
    Nothing,
    /// So many more decide it, without knowing of this.
    Reviews(i64),
    /// The reviewers differ, and somebody else settles it.
    Adjudication,
    /// Nothing was decided: another team does, and why.
    HandedOver(String),
}

/// What is decided of one of the items.
pub(super) type Plan = Vec<(ItemId, Outcome, Option<JsonText>, Option<String>)>;

/// Decides an item. `round` is the number of the resolution that the reviewer saw, 0 for none:
/// where another stands by now, nothing is written and the error says who decided what. The caller
/// knows whether the reviewer may.
pub fn decide(
    conn: &mut Conn,
    judge: Judge<'_>,
    act: ActId,
    item: ItemId,
    round: Option<i64>,
    choice: &Choice,
) -> AppResult<Decided> {
    let by = judge.by();
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    let standing = signals::standing(conn, &ids(&subject))?;
    must_be_open(conn, &subject, &standing, round)?;
    if let Some(why) = between::handed_over(conn, judge, &subject)? {
        let (resolution, follows) = (None, Follows::HandedOver(why));
        return Ok(Decided { resolution, status: SignalStatus::Pending, follows });
    }
    check::all(conn, &subject, choice)?;
    let plan = plan(&subject, choice)?;
    let slots = Slots::of(conn, &subject, &standing)?;
    let mut items: Vec<ItemId> = plan.iter().map(|(item, ..)| *item).collect();
    let slot = claim::free_slot(&slots, by, &queries::claims_on(conn, &items, clock::now())?)
        .map_err(AppError::Conflict)?;
    let given = Given { by, act, slot, choice };
    if let Some(open) = review::wait_for_others(conn, &subject, &slots, &standing, &plan, &given)? {
        return Ok(open);
    }
    let is_settled = subject.is_conflict || slots.is_settling;
    let how = if is_settled { How::Adjudication } else { How::Review };
    let made = carry_out(conn, item, plan, how, &standing, &given)?;
    items.extend(subject.together());
    diesel::delete(claims::table.filter(claims::item_id.eq_any(&items))).execute(conn)?;
    Ok(made)
}

/// Makes the resolution of each item of a plan, and what follows from it.
fn carry_out(
    conn: &mut Conn,
    item: ItemId,
    plan: Plan,
    how: How,
    standing: &HashMap<ItemId, Resolution>,
    given: &Given<'_>,
) -> AppResult<Decided> {
    let by = given.by;
    let mut made = Err(AppError::NotFound);
    for (each, outcome, label, reason) in plan {
        let round = standing.get(&each).map_or(0, |standing| standing.number);
        let decision = Decision { outcome, label, how, by: Some(by), reason };
        let resolution = crate::signals::resolve(conn, each, decision)?;
        review::end_round(conn, each, round, resolution.id)?;
        review::record(conn, given, round, &resolution)?;
        news::tell(conn, each, by.person(), NewsKind::Decided, None)?;
        if outcome != Outcome::Escalated {
            escalations::settled(conn, each, by)?;
        } else if each == item {
            escalations::passed_on(conn, each, by, resolution.reason.as_deref())?;
        }
        if each == item {
            let (resolution, follows) = (Some(resolution.id), Follows::Nothing);
            made = Ok(Decided { resolution, status: outcome.status(), follows });
        }
    }
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

/// Tells the audit log.
pub(super) fn told(
    conn: &mut Conn,
    by: Reviewer,
    action: &str,
    resolution: &Resolution,
) -> AppResult<()> {
    let detail = json!({
        "decision": resolution.outcome, "how": resolution.how, "number": resolution.number,
    });
    audit::record(conn, review::actor(by), action, &format!("item:{}", resolution.item_id), detail)
}
