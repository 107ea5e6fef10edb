//! The first few of many walks, by one statement: who decides for many deployments would wait for
//! a statement for each. A walk depends on its deployment only by what it is bounded by, so these
//! bounds are a table, and the walk stands once in the text.

use super::walk::{Rows, Walk, kept};
use super::{Band, Waits, bounds};
use crate::agents::DeploymentId;
use crate::db::{Conn, Either, Instant, MultiBackend, sql};
use crate::schema::queue;
use crate::signals::model::ItemId;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text};

/// The first `few` of each walk, in their order. All walks are of one band.
pub(super) fn first_of_each(
    conn: &mut Conn,
    walks: &[Walk<'_>],
    few: i64,
) -> QueryResult<Vec<Vec<Waits>>> {
    let alone = walks.iter().any(|walk| walk.after.is_some() || walk.free_for.is_some());
    let first = match walks {
        [first, _, ..] if !alone => first,
        _ => return walks.iter().map(|walk| walk.load(conn, few)).collect(),
    };
    let is_postgres = matches!(conn.either(), Either::Postgres(_));
    let bounds = bounds::json(is_postgres, ["since", "until"], walks.iter().map(bounds_of));
    let within = diesel::dsl::sql::<Bool>(
        "queue.deployment_id = bounds.deployment \
         AND queue.waiting_at >= bounds.since AND queue.waiting_at < bounds.until",
    );
    let one: Rows<'_> = queue::table.filter(within).limit(few).into_boxed();
    let one = kept(first.in_band(one), first.wanted).select(queue::item_id);
    let rows: Vec<(i64, ItemId, Instant)> = Each { is_postgres, bounds, one }.load(conn)?;
    let mut found: Vec<Vec<Waits>> = vec![Vec::new(); walks.len()];
    for (walk, item, since) in rows {
        if let Some(waits) = usize::try_from(walk).ok().and_then(|walk| found.get_mut(walk)) {
            waits.push((item, since));
        }
    }
    for waits in &mut found {
        waits.sort_unstable_by_key(|(item, since)| (*since, *item));
        if first.band == Band::Fresh {
            waits.reverse();
        }
    }
    Ok(found)
}

fn bounds_of(walk: &Walk<'_>) -> (DeploymentId, [i64; 2]) {
    let (since, until) = walk.bounds();
    let since = since.map_or(bounds::EVER, Instant::as_micros);
    (walk.deployment.id, [since, until.map_or(bounds::NEVER, Instant::as_micros)])
}

/// A query of `queue` that asks for ids of items, for each row of `bounds`.
struct Each<Q> {
    is_postgres: bool,
    bounds: String,
    one: Q,
}

/// SQLite has no LATERAL, PostgreSQL would look at each row of the queue where the other asks for
/// one of a list.
const SQLITE: [&str; 3] = [
    "SELECT bounds.number, found.item_id, found.waiting_at FROM (SELECT value ->> 0 AS number, \
     unhex(value ->> 1) AS deployment, value ->> 2 AS since, value ->> 3 AS until \
     FROM json_each(",
    ")) AS bounds CROSS JOIN queue AS found WHERE found.item_id IN (",
    ")",
];
const POSTGRES: [&str; 3] = [
    "SELECT bounds.number, found.item_id, found.waiting_at FROM jsonb_to_recordset(CAST(",
    " AS jsonb)) AS bounds(number bigint, deployment uuid, since timestamptz, until timestamptz) \
     CROSS JOIN LATERAL (",
    ") AS one JOIN queue AS found ON found.item_id = one.item_id",
];

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Each<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let [begin, middle, end] = if self.is_postgres { POSTGRES } else { SQLITE };
        out.push_sql(begin);
        out.push_bind_param::<Text, String>(&self.bounds)?;
        out.push_sql(middle);
        self.one.walk_ast(out.reborrow())?;
        out.push_sql(end);
        Ok(())
    }
}

impl<Q> QueryId for Each<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Each<Q> {
    type SqlType = (BigInt, sql::Id, sql::Instant);
}

impl<Q> RunQueryDsl<Conn> for Each<Q> {}
