//! Many decisions of the same kind at once, each with a resolution of its own.

use super::decide::{Decided, Follows, decide};
use crate::accounts::Who;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::signals::model::ItemId;
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, Choice, Verb};
use crate::triage::subject::Subject;

/// The items that are decided in one write, so that others' writes come in between.
pub const AT_ONCE: usize = 50;

/// Many decisions.
#[derive(Debug, Clone)]
pub struct Bulk {
    pub act: ActId,
    /// Each item with the number of the resolution that the reviewer saw.
    pub items: Vec<(ItemId, i64)>,
    pub choice: Choice,
}

/// Decides each; gives how many, and how many were left out: decided or claimed by somebody else
/// meanwhile, not this person's to decide, or contradicting one another or drawn at random, which
/// wants to be looked at.
pub fn decide_many(conn: &mut Conn, who: &Who, bulk: &Bulk) -> AppResult<(usize, usize)> {
    let (mut done, mut left) = (0, 0);
    for (item, round) in &bulk.items {
        let subject = Subject::load(conn, *item)?;
        let fits = subject.is_some_and(|subject| {
            who.reviews(subject.found.item.team_id)
                && !subject.is_audit()
                && !(subject.is_conflict && bulk.choice.verb == Verb::Accepted)
        });
        if !fits {
            left += 1;
            continue;
        }
        // What a decision refuses, it refuses before it writes anything.
        match decide(conn, Judge::Person(who), bulk.act, *item, Some(*round), &bulk.choice) {
            Ok(Decided { follows: Follows::HandedOver(_), .. }) => left += 1,
            Ok(_) => done += 1,
            Err(AppError::Conflict(_)) => left += 1,
            Err(other) => return Err(other),
        }
    }
    Ok((done, left))
}
