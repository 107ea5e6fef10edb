//! The weekly draw. Each interaction has a rank that follows from the deployment, the week and its
//! id; the smallest ranks are drawn. So the same interactions are drawn however often and on
//! whichever machine it is done. They are counted a page at a time, each once.

use super::model::{Draw, DrawId, FLAGGED_SIZE, Pick, due_week, first_id, weeks_on};
use super::queries;
use crate::clock;
use crate::db::{Conn, Hash, Instant, one_of};
use crate::error::AppResult;
use crate::insert_rows;
use crate::interactions::InteractionId;
use crate::schema::{audit_draws, audit_picks};
use crate::signals;
use diesel::prelude::*;
use std::collections::HashSet;
use uuid::Uuid;

/// How many interactions are counted in one write.
const AT_ONCE: i64 = 1_000;

/// An interaction with its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ranked {
    rank: Hash,
    pub id: Uuid,
}

impl Ranked {
    /// The rank of an interaction in the draw of a deployment's week, which began so many
    /// microseconds after 1970.
    pub fn of(deployment: Uuid, week: i64, id: Uuid) -> Self {
        let rank = Hash::of(&[deployment.as_bytes(), &week.to_be_bytes(), id.as_bytes()]);
        Self { rank, id }
    }
}

impl Ranked {
    fn picked(self, draw_id: DrawId, is_flagged: bool) -> Pick {
        let interaction_id = InteractionId(self.id);
        Pick { draw_id, interaction_id, rank: self.rank, is_flagged, item_id: None }
    }
}

/// Those with the smallest ranks.
pub fn smallest(mut all: Vec<Ranked>, size: usize) -> Vec<Ranked> {
    all.sort_unstable();
    all.truncate(size);
    all
}

/// Whether a draw is to be begun or gone on with.
pub fn is_due(conn: &mut Conn, now: Instant) -> QueryResult<bool> {
    Ok(queries::next_due(conn, due_week(now))?.is_some())
}

/// Does a piece of one draw; gives how many interactions it counted, and one where it began or
/// ended a draw. Nothing is left to do at 0.
pub fn run(conn: &mut Conn, now: Instant) -> AppResult<usize> {
    let week = due_week(now);
    let Some((deployment, draw)) = queries::next_due(conn, week)? else { return Ok(0) };
    let Some(draw) = draw else {
        let draw = Draw {
            id: DrawId::new(),
            deployment_id: deployment.id,
            week_at: week,
            size: deployment.weekly_audits,
            after: None,
            counted: 0,
            flagged: 0,
            is_drawn: false,
            created_at: clock::now(),
        };
        diesel::insert_into(audit_draws::table).values(&draw).execute(conn)?;
        return Ok(1);
    };
    let ids = queries::page(conn, &draw, first_id(weeks_on(week, 1)), AT_ONCE)?;
    let flagged = queries::overridden(conn, &ids)?;
    pick(conn, &draw, &ids, &flagged)?;
    let is_drawn = ids.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
    let counted = i64::try_from(ids.len()).unwrap_or(0);
    let more = i64::try_from(flagged.len()).unwrap_or(0);
    diesel::update(audit_draws::table.find(draw.id))
        .set((
            audit_draws::after.eq(ids.last().copied().or(draw.after)),
            audit_draws::counted.eq(draw.counted + counted),
            audit_draws::flagged.eq(draw.flagged + more),
            audit_draws::is_drawn.eq(is_drawn),
        ))
        .execute(conn)?;
    if is_drawn {
        open(conn, &draw)?;
    }
    Ok(ids.len().max(1))
}

/// Keeps the smallest ranks of what was drawn so far and of a page, of each stratum.
fn pick(
    conn: &mut Conn,
    draw: &Draw,
    ids: &[InteractionId],
    flagged: &HashSet<InteractionId>,
) -> AppResult<()> {
    for is_flagged in [false, true] {
        let before = queries::picks(conn, draw.id, is_flagged)?;
        let size = if is_flagged { FLAGGED_SIZE } else { draw.size };
        let known: HashSet<Uuid> = before.iter().map(|pick| pick.interaction_id.0).collect();
        let week = draw.week_at.as_micros();
        let rank = |id: &InteractionId| Ranked::of(draw.deployment_id.0, week, id.0);
        let page = ids.iter().filter(|id| flagged.contains(id) == is_flagged).map(rank);
        let old = before.iter().map(|pick| rank(&pick.interaction_id));
        let kept = smallest(old.chain(page).collect(), usize::try_from(size).unwrap_or(0));
        let stay: HashSet<Uuid> = kept.iter().map(|ranked| ranked.id).collect();
        let gone: Vec<InteractionId> = before
            .iter()
            .map(|pick| pick.interaction_id)
            .filter(|id| !stay.contains(&id.0))
            .collect();
        if !gone.is_empty() {
            let gone = audit_picks::table
                .filter(audit_picks::draw_id.eq(draw.id))
                .filter(one_of(audit_picks::interaction_id, &gone));
            diesel::delete(gone).execute(conn)?;
        }
        let new = kept.into_iter().filter(|ranked| !known.contains(&ranked.id));
        let new: Vec<Pick> = new.map(|ranked| ranked.picked(draw.id, is_flagged)).collect();
        insert_rows!(conn, audit_picks::table, new.iter().collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Puts what was drawn of what nobody overrode into the queue.
fn open(conn: &mut Conn, draw: &Draw) -> AppResult<()> {
    for pick in queries::picks(conn, draw.id, false)? {
        let item = signals::audits::open(conn, pick.interaction_id)?;
        diesel::update(audit_picks::table.find((draw.id, pick.interaction_id)))
            .set(audit_picks::item_id.eq(Some(item)))
            .execute(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_does_not_depend_on_how_it_is_counted() {
        let deployment = Uuid::from_u128(7);
        let all: Vec<Ranked> =
            (0..5_000u128).map(|n| Ranked::of(deployment, 1, Uuid::from_u128(n * 31))).collect();
        let at_once = smallest(all.clone(), 50);
        let mut kept = Vec::new();
        for page in all.chunks(333) {
            kept = smallest(kept.into_iter().chain(page.iter().copied()).collect(), 50);
        }
        assert_eq!(kept, at_once);
        let other =
            smallest(all.iter().map(|ranked| Ranked::of(deployment, 2, ranked.id)).collect(), 50);
        assert!(
            other.iter().filter(|ranked| at_once.iter().any(|o| o.id == ranked.id)).count() < 9
        );
    }
}
