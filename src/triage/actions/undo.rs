//! Taking decisions back: every step is a new resolution, so that what happened stays readable.

use super::decide::told;
use super::review::{carry_over, withdraw};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::escalations::actions as escalations;
use crate::news::actions as news;
use crate::news::model::NewsKind;
use crate::signals::model::{
    Decision, How, ItemId, Outcome, QueueState, Resolution, Reviewer, SignalStatus,
};
use crate::signals::queries as signals;
use crate::signals::{resolve, set_state};
use crate::triage::model::{ActId, Review};
use crate::triage::queries;
use crate::triage::subject::Subject;

/// Takes back what a reviewer did at once, as far as nobody decided again since then: each item
/// stands as it stood before. Gives the first of them.
pub fn undo(conn: &mut Conn, by: Reviewer, act: ActId) -> AppResult<ItemId> {
    let reviews = queries::reviews_of_act(conn, act)?;
    let own = |review: &Review| review.person_id == by.person() && review.key_id == by.key();
    if reviews.is_empty() || !reviews.iter().all(own) {
        return Err(AppError::NotFound);
    }
    let ids: Vec<ItemId> = reviews.iter().map(|review| review.item_id).collect();
    let standing = signals::standing(conn, &ids)?;
    let mut first = None;
    for review in reviews {
        let stands = standing.get(&review.item_id);
        if take_back(conn, by, &review, stands)? {
            first.get_or_insert(review.item_id);
        }
    }
    let none = || AppError::Conflict("That was decided again since then.".into());
    let first = first.ok_or_else(none)?;
    if let Some(subject) = Subject::load(conn, first)?.filter(|subject| subject.owner.is_some()) {
        set_state(conn, &subject.together(), QueueState::BetweenTeams)?;
    }
    Ok(first)
}

/// Takes one decision back; says whether it still stood.
fn take_back(
    conn: &mut Conn,
    by: Reviewer,
    review: &Review,
    stands: Option<&Resolution>,
) -> AppResult<bool> {
    if review.resolution_id.is_none() {
        withdraw(conn, by, review)?;
        return Ok(true);
    }
    // What others decided after one's own review is theirs to take back.
    let stands = stands.filter(|standing| standing.is_by(by));
    if stands.is_none_or(|standing| Some(standing.id) != review.resolution_id) {
        return Ok(false);
    }
    let before = queries::history(conn, review.item_id)?;
    let before = before.into_iter().find(|each| each.resolution.number == review.round);
    let decision = match before {
        Some(before) => again(before.resolution),
        None => opened(by, None),
    };
    let resolution = resolve(conn, review.item_id, decision)?;
    carry_over(conn, review.act_id, review, &resolution)?;
    follow(conn, by, &resolution)?;
    match resolution.outcome {
        Outcome::Reopened => news::take_back(conn, review.item_id, by.person())?,
        _ => news::tell(conn, review.item_id, by.person(), NewsKind::Decided, None)?,
    }
    told(conn, by, "item.undo", &resolution)?;
    Ok(true)
}

/// A decision that counts again.
fn again(before: Resolution) -> Decision {
    let by = before.person_id.map(Reviewer::Person).or(before.key_id.map(Reviewer::Key));
    Decision {
        outcome: before.outcome,
        label: before.label,
        how: before.how,
        by,
        reason: before.reason,
    }
}

/// What had been passed on is so again, or not any more.
fn follow(conn: &mut Conn, by: Reviewer, now: &Resolution) -> AppResult<()> {
    match now.outcome {
        Outcome::Escalated => escalations::passed_on(conn, now.item_id, by, now.reason.as_deref()),
        _ => escalations::settled(conn, now.item_id, by),
    }
}

fn opened(by: Reviewer, reason: Option<String>) -> Decision {
    Decision { outcome: Outcome::Reopened, label: None, how: How::Review, by: Some(by), reason }
}

/// Opens an item again that was decided, asked about or passed on.
pub fn reopen(
    conn: &mut Conn,
    by: Reviewer,
    item: ItemId,
    round: i64,
    reason: Option<String>,
) -> AppResult<()> {
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    let standing = signals::standing(conn, &[item])?.remove(&item);
    let Some(standing) = standing.filter(|standing| standing.number == round) else {
        let why = "Somebody else decided about this meanwhile. Look at it as it stands now.";
        return Err(AppError::Conflict(why.into()));
    };
    if subject.own().is_none() {
        let why = "Whoever reported this changed their mind, so there is nothing left to decide.";
        return Err(AppError::Conflict(why.into()));
    }
    let is_open =
        standing.outcome.status() == SignalStatus::Pending && standing.outcome == Outcome::Reopened;
    if is_open {
        return Err(AppError::Conflict("This waits for a decision already.".into()));
    }
    let resolution = resolve(conn, item, opened(by, reason))?;
    follow(conn, by, &resolution)?;
    news::take_back(conn, item, by.person())?;
    told(conn, by, "item.reopen", &resolution)
}
