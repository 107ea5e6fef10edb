//! The order of the queue: urgent items by when they are due, then late ones by when they were due,
//! then the newest. Each of the three bands is a walk of the index (deployment_id, state,
//! is_urgent, waiting_at, item_id), one for each deployment, and the walks are merged; so no page's
//! cost grows with what waits.

use super::filter::Wanted;
use crate::agents::model::Deployment;
use crate::db::{Conn, Instant, MultiBackend, sql};
use crate::hours::Calendars;
use crate::schema::{claims, queue, reviews};
use crate::signals::model::{ItemId, QueueState, Reviewer, Waiting};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
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
    let mut found: Vec<Placed> = Vec::new();
    for band in Band::ALL {
        if after.is_some_and(|place| place.band > band) || found.len() >= most {
            continue;
        }
        let after = after.filter(|place| place.band == band);
        let rest = i64::try_from(most - found.len()).unwrap_or(limit);
        let mut walks = Vec::new();
        for deployment in &wanted.deployments {
            let walk = Walk { wanted, deployment, as_of, now, band, after, free_for };
            let waits = walk.load(conn, rest)?;
            walks.push((walk, waits));
        }
        let items = merged(&walks, most - found.len());
        found.extend(rows_of(conn, wanted, as_of, items)?);
    }
    Ok(found)
}

/// The first `most` items of several walks of one band, each of which is in order. Only of those
/// at the front is it asked when they are due.
fn merged<'a>(walks: &[(Walk<'a>, Vec<Waits>)], most: usize) -> Vec<(ItemId, &'a Deployment)> {
    let head = |walk: usize, nth: usize| {
        let (walking, waits) = walks.get(walk)?;
        let place = walking.place(*waits.get(nth)?);
        Some(Reverse((key(&place), walk, nth)))
    };
    let mut heads: BinaryHeap<_> = (0..walks.len()).filter_map(|walk| head(walk, 0)).collect();
    let mut found = Vec::new();
    while found.len() < most
        && let Some(Reverse((_, walk, nth))) = heads.pop()
    {
        if let Some((walking, waits)) = walks.get(walk)
            && let Some(each) = waits.get(nth)
        {
            found.push((each.0, walking.deployment));
        }
        heads.extend(head(walk, nth + 1));
    }
    found
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

/// One walk: one band in one deployment.
struct Walk<'a> {
    wanted: &'a Wanted,
    deployment: &'a Deployment,
    as_of: Instant,
    now: Instant,
    band: Band,
    after: Option<Place>,
    free_for: Option<Reviewer>,
}

/// Rows of the queue, on their way to be filtered.
type Rows<'a> = queue::BoxedQuery<'a, MultiBackend, queue::SqlType>;

impl Walk<'_> {
    /// The place of an item that this walk came by.
    fn place(&self, (item, since): Waits) -> Place {
        let calendars = &self.wanted.calendars;
        let at = match self.band {
            Band::Urgent => calendars.due(self.deployment, true, since),
            Band::Late => calendars.due(self.deployment, false, since),
            Band::Fresh => since,
        };
        Place { as_of: self.as_of, band: self.band, at, since, item }
    }

    /// The next `limit` items: all from the index, without a look at their rows.
    fn load(&self, conn: &mut Conn, limit: i64) -> QueryResult<Vec<Waits>> {
        let is_urgent = self.band == Band::Urgent;
        let mut query = queue::table
            .filter(queue::deployment_id.eq(self.deployment.id))
            .filter(queue::is_urgent.eq(is_urgent))
            .limit(limit)
            .into_boxed();
        query = self.in_band(query);
        query = kept(query, self.wanted);
        let (since, until) = self.wanted.age.map(|age| age.span(self.now)).unwrap_or_default();
        if let Some(since) = since {
            query = query.filter(queue::waiting_at.ge(since));
        }
        if let Some(until) = until {
            query = query.filter(queue::waiting_at.lt(until));
        }
        if let Some(due) = self.wanted.due {
            query = query.filter(queue::waiting_at.lt(self.late_before(due.before(self.now))));
        }
        if let Some(by) = self.free_for {
            query = self.free(query, by);
        }
        query.select((queue::item_id, queue::waiting_at)).load(conn)
    }

    /// What nobody looks at, or what needs more reviews than are in and claimed; but nothing that
    /// this reviewer has reviewed.
    fn free<'a>(&self, query: Rows<'a>, by: Reviewer) -> Rows<'a> {
        let claimed = claims::table
            .filter(claims::item_id.eq(queue::item_id))
            .filter(claims::claimed_until.gt(self.now));
        let open = reviews::table
            .filter(reviews::item_id.eq(queue::item_id))
            .filter(reviews::resolution_id.is_null());
        let query = match by {
            Reviewer::Person(id) => {
                query.filter(not(exists(open.filter(reviews::person_id.eq(id)))))
            }
            Reviewer::Key(id) => query.filter(not(exists(open.filter(reviews::key_id.eq(id))))),
        };
        let needed = self.deployment.reviews_needed;
        if needed == 1 || self.wanted.state != QueueState::Waiting {
            return query.filter(not(exists(claimed)));
        }
        let has_room = diesel::dsl::sql::<Bool>(
            "(SELECT count(*) FROM claims c WHERE c.item_id = queue.item_id AND c.claimed_until > ",
        )
        .bind::<sql::Instant, _>(self.now)
        .sql(
            ") + (SELECT count(*) FROM reviews r WHERE r.item_id = queue.item_id \
             AND r.resolution_id IS NULL) < ",
        )
        .bind::<BigInt, _>(needed);
        query.filter(not(exists(claimed)).or(has_room))
    }

    /// What waits since before this is due before `due`.
    fn late_before(&self, due: Instant) -> Instant {
        let is_urgent = self.band == Band::Urgent;
        self.wanted.calendars.late_before(self.deployment, is_urgent, due)
    }

    /// In the order of the band, from the place on. Both bounds are given, so that the index is
    /// entered at the place and ties are still told apart.
    fn in_band<'a>(&self, query: Rows<'a>) -> Rows<'a> {
        let late_before = self.late_before(self.as_of);
        let mut query = match self.band {
            Band::Urgent => query.order((queue::waiting_at, queue::item_id)),
            Band::Late => query
                .filter(queue::waiting_at.lt(late_before))
                .order((queue::waiting_at, queue::item_id)),
            Band::Fresh => query
                .filter(queue::waiting_at.ge(late_before))
                .order((queue::waiting_at.desc(), queue::item_id.desc())),
        };
        let Some(Place { at, since, item, .. }) = self.after else { return query };
        if self.band == Band::Fresh {
            query = query.filter(queue::waiting_at.le(at));
            return query.filter(queue::waiting_at.lt(at).or(queue::item_id.lt(item)));
        }
        // Those due at the same instant wait since `first` at the earliest, and before `next`;
        // among them those that wait since the place's come after it.
        let first = self.late_before(at);
        let next = self.late_before(Instant::from_micros(at.as_micros() + 1));
        if since < first {
            return query.filter(queue::waiting_at.ge(first));
        }
        if since >= next {
            return query.filter(queue::waiting_at.ge(next));
        }
        query = query.filter(queue::waiting_at.ge(since));
        query.filter(queue::waiting_at.gt(since).or(queue::item_id.gt(item)))
    }
}

/// What the filter keeps, but for times.
fn kept<'a>(query: Rows<'a>, wanted: &Wanted) -> Rows<'a> {
    let mut query = query.filter(queue::state.eq(wanted.state));
    if let Some(verdict) = wanted.verdict {
        query = query.filter(queue::verdict.eq(verdict));
    }
    if let Some(severity) = wanted.severity {
        query = query.filter(queue::severity.eq(severity));
    }
    if let Some(categories) = &wanted.categories {
        query = query.filter(queue::category_id.eq_any(categories.clone()));
    }
    if let Some(versions) = &wanted.versions {
        query = query.filter(queue::version_id.eq_any(versions.clone()));
    }
    if let Some(items) = &wanted.items {
        query = query.filter(queue::item_id.eq_any(items.clone()));
    }
    query
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
