//! The order of the queue: urgent items by when they are due, then late ones by when they were due,
//! then the newest. Each of the three bands is a walk of the index (deployment_id, state,
//! is_urgent, waiting_at, item_id), one for each deployment, and the walks are merged; so no page's
//! cost grows with what waits.

pub mod bounds;
mod each;
mod walk;

use self::walk::{Walk, kept};
use super::filter::Wanted;
use crate::agents::DeploymentId;
use crate::agents::model::Deployment;
use crate::db::{Conn, Instant, one_of};
use crate::hours::Calendars;
use crate::schema::{deployments, queue};
use crate::signals::model::{ItemId, QueueState, Reviewer, Waiting};
use diesel::dsl::exists;
use diesel::prelude::*;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::str::FromStr;

/// A stretch of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    Urgent,
    Late,
    Fresh,
}

impl Band {
    const ALL: [Self; 3] = [Self::Urgent, Self::Late, Self::Fresh];
}

/// An item with its place in the queue.
#[derive(Debug, Clone)]
pub struct Placed {
    pub row: Waiting,
    /// By when somebody should have decided.
    pub due: Instant,
    pub place: Place,
}

/// A place in the queue, as it was at some instant: what was late then counts as late, so that
/// nothing changes places while one turns the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub as_of: Instant,
    pub band: Band,
    /// When it is due; of fresh ones, since when it waits.
    at: Instant,
    /// Since when it waits: at night many become due at once, in the morning.
    since: Instant,
    item: ItemId,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (as_of, at) = (self.as_of.as_micros(), self.at.as_micros());
        let since = self.since.as_micros();
        write!(f, "{}.{as_of}.{at}.{since}.{}", self.band as u8, self.item)
    }
}

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is not `next` of an earlier page";
        let mut parts = text.splitn(5, '.');
        let mut part = || parts.next().ok_or(WRONG);
        let band = match part()? {
            "0" => Band::Urgent,
            "1" => Band::Late,
            "2" => Band::Fresh,
            _ => return Err(WRONG),
        };
        let mut instant = || -> Result<Instant, &'static str> {
            let micros: i64 = part()?.parse().map_err(|_| WRONG)?;
            jiff::Timestamp::from_microsecond(micros).map(Instant).map_err(|_| WRONG)
        };
        let (as_of, at, since) = (instant()?, instant()?, instant()?);
        let item = part()?.parse().map_err(|_| WRONG)?;
        Ok(Self { as_of, band, at, since, item })
    }
}

/// An item with its place, as of an instant.
pub fn placed(
    row: Waiting,
    deployment: &Deployment,
    calendars: &Calendars,
    as_of: Instant,
) -> Placed {
    let due = calendars.due(deployment, row.is_urgent, row.waiting_at);
    let band = match (row.is_urgent, due < as_of) {
        (true, _) => Band::Urgent,
        (false, true) => Band::Late,
        (false, false) => Band::Fresh,
    };
    let at = if band == Band::Fresh { row.waiting_at } else { due };
    let place = Place { as_of, band, at, since: row.waiting_at, item: row.item_id };
    Placed { row, due, place }
}

/// An item, and since when it waits: all that its place follows from.
type Waits = (ItemId, Instant);

/// What comes after `after`, at most `limit`; with `free_for`, what has a free slot for a reviewer.
pub fn walk(
    conn: &mut Conn,
    wanted: &Wanted,
    now: Instant,
    after: Option<Place>,
    free_for: Option<Reviewer>,
    limit: i64,
) -> QueryResult<Vec<Placed>> {
    let as_of = after.map_or(now, |place| place.as_of);
    let most = usize::try_from(limit).unwrap_or(0);
    let there = filled(conn, &wanted.deployments, wanted.state)?;
    let mut found: Vec<Placed> = Vec::new();
    for band in Band::ALL {
        if after.is_some_and(|place| place.band > band) || found.len() >= most {
            continue;
        }
        let after = after.filter(|place| place.band == band);
        let rest = i64::try_from(most - found.len()).unwrap_or(limit);
        let is_urgent = band == Band::Urgent;
        let some = wanted.deployments.iter().filter(|each| there.contains(&(each.id, is_urgent)));
        let walk = |deployment| Walk { wanted, deployment, as_of, now, band, after, free_for };
        let walks: Vec<Walk<'_>> = some.map(walk).collect();
        let items = first(conn, &walks, rest)?;
        found.extend(rows_of(conn, wanted, as_of, items)?);
    }
    Ok(found)
}

/// Which of these deployments have anything in a state, urgent or not: by one statement, for most
/// of many have nothing, and each walk is a statement.
fn filled(
    conn: &mut Conn,
    deployments: &[Deployment],
    state: QueueState,
) -> QueryResult<HashSet<(DeploymentId, bool)>> {
    let ids: Vec<DeploymentId> = deployments.iter().map(|each| each.id).collect();
    let some = |is_urgent: bool| {
        exists(
            queue::table
                .filter(queue::deployment_id.eq(deployments::id))
                .filter(queue::state.eq(state))
                .filter(queue::is_urgent.eq(is_urgent)),
        )
    };
    let rows: Vec<(DeploymentId, bool, bool)> = deployments::table
        .filter(one_of(deployments::id, &ids))
        .select((deployments::id, some(true), some(false)))
        .load(conn)?;
    let both = rows
        .into_iter()
        .flat_map(|(id, urgent, other)| [(id, true, urgent), (id, false, other)].into_iter());
    Ok(both.filter(|each| each.2).map(|each| (each.0, each.1)).collect())
}

/// How many of each walk are read at first, at least.
const FEW: i64 = 4;

/// The first `most` items of several walks of one band, each of which is in order. Of many walks
/// the first few are read by one statement, and more only of those of which all are among the
/// first. Only of those at the front is it asked when they are due.
fn first<'a>(
    conn: &mut Conn,
    walks: &[Walk<'a>],
    most: i64,
) -> QueryResult<Vec<(ItemId, &'a Deployment)>> {
    let few = (2 * most / i64::try_from(walks.len()).unwrap_or(1).max(1)).max(FEW).min(most);
    let mut read = each::first_of_each(conn, walks, few)?;
    let mut is_cut: Vec<bool> =
        read.iter().map(|waits| i64::try_from(waits.len()).is_ok_and(|n| n >= few)).collect();
    let head = |read: &[Vec<Waits>], walk: usize, nth: usize| {
        let place = walks.get(walk)?.place(*read.get(walk)?.get(nth)?);
        Some(Reverse((key(&place), walk, nth)))
    };
    let mut heads: BinaryHeap<_> =
        (0..walks.len()).filter_map(|walk| head(&read, walk, 0)).collect();
    let mut found = Vec::new();
    while i64::try_from(found.len()).is_ok_and(|n| n < most)
        && let Some(Reverse((_, at, nth))) = heads.pop()
    {
        let (Some(walk), Some(waits)) = (walks.get(at), read.get_mut(at)) else { break };
        let last = waits[nth];
        found.push((last.0, walk.deployment));
        let is_short = i64::try_from(found.len()).is_ok_and(|n| n < most);
        if is_short && nth + 1 == waits.len() && std::mem::take(&mut is_cut[at]) {
            let after = Some(walk.place(last));
            waits.extend(Walk { after, ..*walk }.load(conn, most)?);
        }
        heads.extend(head(&read, at, nth + 1));
    }
    Ok(found)
}

/// The whole rows of these items, in their order.
fn rows_of(
    conn: &mut Conn,
    wanted: &Wanted,
    as_of: Instant,
    items: Vec<(ItemId, &Deployment)>,
) -> QueryResult<Vec<Placed>> {
    let ids: Vec<ItemId> = items.iter().map(|(item, _)| *item).collect();
    let mut rows: HashMap<ItemId, Waiting> = queue::table
        .filter(queue::item_id.eq_any(ids))
        .select(queue::all_columns)
        .load::<Waiting>(conn)?
        .into_iter()
        .map(|row| (row.item_id, row))
        .collect();
    let found = items.into_iter().filter_map(|(item, deployment)| {
        Some(placed(rows.remove(&item)?, deployment, &wanted.calendars, as_of))
    });
    Ok(found.collect())
}

type Key = (Band, i64, i64, Reverse<ItemId>, ItemId);

/// The order of the queue as something to sort by.
fn key(place: &Place) -> Key {
    let (at, none) = (place.at.as_micros(), ItemId(uuid::Uuid::nil()));
    match place.band {
        Band::Urgent | Band::Late => {
            let since = place.since.as_micros();
            (place.band, at, since, Reverse(none), place.item)
        }
        Band::Fresh => (place.band, -at, 0, Reverse(place.item), none),
    }
}

/// How many came to wait after `since`, up to `cap`.
pub fn count_new(conn: &mut Conn, wanted: &Wanted, since: Instant, cap: i64) -> QueryResult<i64> {
    let mut count = 0;
    for deployment in &wanted.deployments {
        for is_urgent in [true, false] {
            let query = queue::table
                .filter(queue::deployment_id.eq(deployment.id))
                .filter(queue::is_urgent.eq(is_urgent))
                .filter(queue::waiting_at.gt(since))
                .limit(cap)
                .into_boxed();
            let ids: Vec<ItemId> = kept(query, wanted).select(queue::item_id).load(conn)?;
            count += i64::try_from(ids.len()).unwrap_or(cap);
            if count >= cap {
                return Ok(cap);
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
