//! What changed between two releases: counted by signal, whatever else the releases are about.

use crate::datasets::model::ReleaseId;
use crate::db::{Conn, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Signals that are in one release and not, or otherwise, in another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Differences {
    /// In the newer one only.
    pub added: i64,
    /// In both, by another revision.
    pub changed: i64,
    /// In the older one only, by the reason why they are not in the newer one; `not_asked_for`
    /// where its question does not reach them.
    pub removed: BTreeMap<String, i64>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

const ADDED: &str = "SELECT 'added' AS reason, count(*) AS number FROM release_rows n \
     WHERE n.release_id = $1 AND n.reason IS NULL AND NOT EXISTS (SELECT 1 FROM release_rows o \
     WHERE o.signal_id = n.signal_id AND o.release_id = $2 AND o.reason IS NULL)";
const CHANGED: &str = "SELECT 'changed' AS reason, count(*) AS number FROM release_rows n \
     JOIN release_rows o ON o.signal_id = n.signal_id \
     WHERE n.release_id = $1 AND n.reason IS NULL AND o.release_id = $2 AND o.reason IS NULL \
     AND (n.feedback_id <> o.feedback_id OR n.revision_id IS DISTINCT FROM o.revision_id)";
const REMOVED: &str = "SELECT coalesce(n.reason, 'not_asked_for') AS reason, count(*) AS number \
     FROM release_rows o \
     LEFT JOIN release_rows n ON n.signal_id = o.signal_id AND n.release_id = $1 \
     WHERE o.release_id = $2 AND o.reason IS NULL \
     AND (n.position IS NULL OR n.reason IS NOT NULL) GROUP BY 1";

/// Compares two releases. Looks every row of both up once.
pub fn differences(
    conn: &mut Conn,
    newer: ReleaseId,
    older: ReleaseId,
) -> QueryResult<Differences> {
    let mut ask = |text: &str| -> QueryResult<Vec<Counted>> {
        diesel::sql_query(text).bind::<sql::Id, _>(newer).bind::<sql::Id, _>(older).load(conn)
    };
    let mut first = |text: &str| ask(text).map(|rows| rows.first().map_or(0, |row| row.number));
    let (added, changed) = (first(ADDED)?, first(CHANGED)?);
    let removed = ask(REMOVED)?.into_iter().map(|row| (row.reason, row.number)).collect();
    Ok(Differences { added, changed, removed })
}
