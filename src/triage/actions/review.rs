//! One of several independent reviews: kept unseen until all are in. Where all say the same, that
//! is the decision; otherwise somebody who reviewed none of it settles it.

use super::claim::{drop_claims, with_itself};
use super::decide::{Decided, Follows, Plan, told};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::rules;
use crate::schema::reviews;
use crate::signals::model::{
    ItemId, Outcome, QueueState, Resolution, ResolutionId, Reviewer, SignalStatus,
};
use crate::signals::set_state;
use crate::triage::model::{ActId, Choice, Review, ReviewId, Verb};
use crate::triage::queries;
use crate::triage::slots::Slots;
use crate::triage::subject::Subject;
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;

/// A decision that is given, and by whom.
pub(super) struct Given<'a> {
    pub by: Reviewer,
    pub act: ActId,
    pub slot: i64,
    pub choice: &'a Choice,
}

impl Given<'_> {
    /// It as reviews of those items of its plan that wait.
    fn reviews(
        &self,
        plan: &Plan,
        pending: &[ItemId],
        standing: &HashMap<ItemId, Resolution>,
    ) -> Vec<Review> {
        let plan = plan.iter().filter(|each| pending.contains(&each.0));
        plan.map(|(item, outcome, label, reason)| Review {
            id: ReviewId::new(),
            act_id: self.act,
            item_id: *item,
            round: standing.get(item).map_or(0, |standing| standing.number),
            slot: self.slot,
            person_id: self.by.person(),
            key_id: self.by.key(),
            decision: *outcome,
            label: label.clone(),
            reason: reason.clone(),
            duplicate_of: self.choice.duplicate_of,
            resolution_id: None,
            created_at: clock::now(),
        })
        .collect()
    }
}

/// Keeps the decision as one of several where others are awaited, or where they differ; nothing
/// where it decides. A question to the reporter, and passing on, don't wait for others: they judge
/// nothing, and begin a new round.
pub(super) fn wait_for_others(
    conn: &mut Conn,
    subject: &Subject,
    slots: &Slots,
    standing: &HashMap<ItemId, Resolution>,
    plan: &Plan,
    given: &Given<'_>,
) -> AppResult<Option<Decided>> {
    let judges_nothing = matches!(given.choice.verb, Verb::NeedsInfo | Verb::Escalated);
    let is_alone = slots.needed == 1 && slots.open.is_empty();
    if slots.is_settling || judges_nothing || is_alone {
        return Ok(None);
    }
    let pending = subject.together();
    let mut all = slots.clone();
    all.open.extend(given.reviews(plan, &pending, standing));
    let kind = subject.found.agent.kind;
    let left = slots.needed - all.done();
    if left <= 0 && all.agree(|label| rules::comparable(kind, label)) {
        return Ok(None);
    }
    for review in all.open.iter().filter(|review| review.act_id == given.act) {
        diesel::insert_into(reviews::table).values(review).execute(conn)?;
    }
    let follows = if left > 0 {
        Follows::Reviews(left)
    } else {
        set_state(conn, &pending, QueueState::Adjudication)?;
        Follows::Adjudication
    };
    drop_claims(conn, given.by, &with_itself(subject))?;
    let detail = json!({ "reviews": all.done(), "needed": slots.needed });
    let at = format!("item:{}", subject.found.item.id);
    audit::record(conn, actor(given.by), "item.review", &at, detail)?;
    Ok(Some(Decided { resolution: None, status: SignalStatus::Pending, follows }))
}

/// The reviews of a round that a resolution ends.
pub(super) fn end_round(
    conn: &mut Conn,
    item: ItemId,
    round: i64,
    resolution: ResolutionId,
) -> AppResult<()> {
    let open = reviews::table
        .filter(reviews::item_id.eq(item))
        .filter(reviews::round.eq(round))
        .filter(reviews::resolution_id.is_null());
    diesel::update(open).set(reviews::resolution_id.eq(Some(resolution))).execute(conn)?;
    Ok(())
}

/// The review that made a resolution.
pub(super) fn record(
    conn: &mut Conn,
    given: &Given<'_>,
    round: i64,
    resolution: &Resolution,
) -> AppResult<()> {
    let review = Review {
        id: ReviewId::new(),
        act_id: given.act,
        item_id: resolution.item_id,
        round,
        slot: given.slot,
        person_id: given.by.person(),
        key_id: given.by.key(),
        decision: resolution.outcome,
        label: resolution.label.clone(),
        reason: resolution.reason.clone(),
        duplicate_of: given.choice.duplicate_of,
        resolution_id: Some(resolution.id),
        created_at: resolution.created_at,
    };
    diesel::insert_into(reviews::table).values(&review).execute(conn)?;
    told(conn, given.by, "item.decide", resolution)
}

/// Takes back a review that others are awaited for, or that others differ from.
pub(super) fn withdraw(conn: &mut Conn, by: Reviewer, review: &Review) -> AppResult<()> {
    diesel::delete(reviews::table.find(review.id)).execute(conn)?;
    if queries::needs(conn, &[review.item_id])?.1.is_some() {
        set_state(conn, &[review.item_id], QueueState::Waiting)?;
    }
    let at = format!("item:{}", review.item_id);
    audit::record(conn, actor(by), "item.review_undo", &at, json!({ "round": review.round }))
}

/// After a decision was taken back: what the others said of it stays, in the round that began.
pub(super) fn carry_over(
    conn: &mut Conn,
    act: ActId,
    old: &Review,
    now: &Resolution,
) -> AppResult<()> {
    if now.outcome != Outcome::Reopened {
        return Ok(());
    }
    let others: Vec<Review> = reviews::table
        .filter(reviews::item_id.eq(old.item_id))
        .filter(reviews::round.eq(old.round))
        .filter(reviews::act_id.ne(act))
        .select(reviews::all_columns)
        .load(conn)?;
    for review in &others {
        let review = Review {
            id: ReviewId::new(),
            round: now.number,
            resolution_id: None,
            ..review.clone()
        };
        diesel::insert_into(reviews::table).values(&review).execute(conn)?;
    }
    let (needed, _) = queries::needs(conn, &[old.item_id])?;
    if i64::try_from(others.len()).unwrap_or(i64::MAX) >= needed {
        set_state(conn, &[old.item_id], QueueState::Adjudication)?;
    }
    Ok(())
}

/// Who it was, for the audit log.
pub(super) fn actor(by: Reviewer) -> Actor {
    match by {
        Reviewer::Person(id) => Actor::Person(id.0),
        Reviewer::Key(id) => Actor::Key(id.0),
    }
}
