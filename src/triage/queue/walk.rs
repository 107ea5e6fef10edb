//! One walk of the queue: what of it is asked of the database.

use super::{Band, Place, Waits};
use crate::agents::model::Deployment;
use crate::db::{Conn, Instant, MultiBackend, sql};
use crate::schema::{claims, queue, reviews};
use crate::signals::model::{QueueState, Reviewer};
use crate::triage::filter::Wanted;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

/// One walk: one band in one deployment.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub wanted: &'a Wanted,
    pub deployment: &'a Deployment,
    pub as_of: Instant,
    pub now: Instant,
    pub band: Band,
    pub after: Option<Place>,
    pub free_for: Option<Reviewer>,
}

/// Rows of the queue, on their way to be filtered.
pub(super) type Rows<'a> = queue::BoxedQuery<'a, MultiBackend, queue::SqlType>;

impl Walk<'_> {
    /// The place of an item that this walk came by.
    pub fn place(&self, (item, since): Waits) -> Place {
        let calendars = &self.wanted.calendars;
        let at = match self.band {
            Band::Urgent => calendars.due(self.deployment, true, since),
            Band::Late => calendars.due(self.deployment, false, since),
            Band::Fresh => since,
        };
        Place { as_of: self.as_of, band: self.band, at, since, item }
    }

    /// The next `limit` items: all from the index, without a look at their rows.
    pub fn load(&self, conn: &mut Conn, limit: i64) -> QueryResult<Vec<Waits>> {
        let mut query = queue::table
            .filter(queue::deployment_id.eq(self.deployment.id))
            .limit(limit)
            .into_boxed();
        query = self.in_band(query);
        query = kept(query, self.wanted);
        let (since, until) = self.bounds();
        if let Some(since) = since {
            query = query.filter(queue::waiting_at.ge(since));
        }
        if let Some(until) = until {
            query = query.filter(queue::waiting_at.lt(until));
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

    /// Since when, and before when, what this walk comes by waits.
    pub fn bounds(&self) -> (Option<Instant>, Option<Instant>) {
        let late_before = self.late_before(self.as_of);
        let of_band = match self.band {
            Band::Urgent => (None, None),
            Band::Late => (None, Some(late_before)),
            Band::Fresh => (Some(late_before), None),
        };
        let of_age = self.wanted.age.map(|age| age.span(self.now)).unwrap_or_default();
        let of_due = self.wanted.due.map(|due| self.late_before(due.before(self.now)));
        let since = of_band.0.max(of_age.0);
        (since, [of_band.1, of_age.1, of_due].into_iter().flatten().min())
    }

    /// In the order of the band, from the place on. Both bounds are given, so that the index is
    /// entered at the place and ties are still told apart.
    pub fn in_band<'a>(&self, query: Rows<'a>) -> Rows<'a> {
        let mut query = query.filter(queue::is_urgent.eq(self.band == Band::Urgent));
        query = match self.band {
            Band::Urgent | Band::Late => query.order((queue::waiting_at, queue::item_id)),
            Band::Fresh => query.order((queue::waiting_at.desc(), queue::item_id.desc())),
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
pub(super) fn kept<'a>(query: Rows<'a>, wanted: &Wanted) -> Rows<'a> {
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
