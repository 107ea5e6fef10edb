//! The rows of releases: what is in, what was left out, and what files are made of.

use crate::accounts::PersonId;
use crate::agents::{AgentId, Environment};
use crate::datasets::model::{ReleaseId, ReleaseRow};
use crate::db::{Conn, Instant};
use crate::exports::queries::Example;
use crate::feedback::model::Severity;
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::on_backend;
use crate::schema::{
    agent_versions, feedback, interaction_bodies, interactions, release_retired, release_rows,
    signal_revisions,
};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Stores what was read.
pub fn insert_rows(conn: &mut Conn, rows: &[ReleaseRow]) -> QueryResult<()> {
    for rows in rows.chunks(1_000) {
        on_backend!(conn, |c| diesel::insert_into(release_rows::table).values(rows).execute(c))?;
    }
    Ok(())
}

/// Removes rows of a release that is begun anew, at most `limit` positions from `from` on.
pub fn delete_rows(conn: &mut Conn, id: ReleaseId, from: i64, limit: i64) -> QueryResult<usize> {
    diesel::delete(release_retired::table)
        .filter(release_retired::release_id.eq(id))
        .filter(release_retired::position.ge(from))
        .filter(release_retired::position.lt(from + limit))
        .execute(conn)?;
    diesel::delete(release_rows::table)
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::position.ge(from))
        .filter(release_rows::position.lt(from + limit))
        .execute(conn)
}

/// Leaves these rows out, for one reason.
pub fn leave_out(
    conn: &mut Conn,
    id: ReleaseId,
    positions: &[i64],
    reason: &str,
) -> QueryResult<()> {
    diesel::update(release_rows::table)
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::position.eq_any(positions))
        .set(release_rows::reason.eq(Some(reason)))
        .execute(conn)?;
    Ok(())
}

/// Lets these rows stand for so many signals each.
pub fn weigh(conn: &mut Conn, id: ReleaseId, positions: &[i64], weight: i64) -> QueryResult<()> {
    diesel::update(release_rows::table)
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::position.eq_any(positions))
        .set(release_rows::weight.eq(weight))
        .execute(conn)?;
    Ok(())
}

/// How many rows were left out, by reason.
pub fn count_left(conn: &mut Conn, id: ReleaseId) -> QueryResult<BTreeMap<String, i64>> {
    let rows: Vec<(Option<String>, i64)> = release_rows::table
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::reason.is_not_null())
        .group_by(release_rows::reason)
        .select((release_rows::reason, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(reason, count)| Some((reason?, count))).collect())
}

/// A row that was left out, and the interaction it is about.
pub type LeftRow = (ReleaseRow, InteractionId);

/// Rows that were left out for a reason, after a position.
pub fn list_left(
    conn: &mut Conn,
    id: ReleaseId,
    reason: &str,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<LeftRow>> {
    release_rows::table
        .inner_join(feedback::table)
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::reason.eq(Some(reason)))
        .filter(release_rows::position.gt(after))
        .order(release_rows::position)
        .limit(limit)
        .select((release_rows::all_columns, feedback::interaction_id))
        .load(conn)
}

/// Rows that were left out for any reason, after a position.
pub fn list_all_left(
    conn: &mut Conn,
    id: ReleaseId,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<ReleaseRow>> {
    release_rows::table
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::reason.is_not_null())
        .filter(release_rows::position.gt(after))
        .order(release_rows::position)
        .limit(limit)
        .load(conn)
}

/// A row that is in, with what its records are made of.
pub struct Kept {
    pub row: ReleaseRow,
    pub agent: AgentId,
    pub occurred_at: Instant,
    pub author: Option<PersonId>,
    /// Its revision was taken out of use.
    pub is_retired: bool,
    /// None where the text was erased since.
    pub example: Option<Example>,
}

type Texts = (Option<JsonText>, Option<JsonText>, Option<JsonText>);
type Said = (InteractionId, FeedbackId, Verdict, Option<JsonText>, Severity, Option<PersonId>);
type Revised = (
    Verdict,
    JsonText,
    Option<JsonText>,
    Option<JsonText>,
    Option<JsonText>,
    String,
    Option<Instant>,
);
type Row = (ReleaseRow, AgentId, Said, (Environment, Instant, String), Texts, Option<Revised>);

/// What is read of a row that is in.
macro_rules! kept_columns {
    () => {
        (
            release_rows::all_columns,
            interactions::agent_id,
            (
                interactions::id,
                feedback::id,
                feedback::verdict,
                feedback::correction,
                feedback::severity,
                feedback::author_id,
            ),
            (interactions::environment, interactions::occurred_at, agent_versions::name),
            (
                interaction_bodies::input.nullable(),
                interaction_bodies::tools.nullable(),
                interaction_bodies::output.nullable(),
            ),
            (
                signal_revisions::verdict,
                signal_revisions::prompt,
                signal_revisions::tools,
                signal_revisions::output,
                signal_revisions::label,
                signal_revisions::version,
                signal_revisions::retired_at,
            )
                .nullable(),
        )
    };
}

/// The rows that are in, after a position.
pub fn kept_rows(conn: &mut Conn, id: ReleaseId, after: i64, limit: i64) -> QueryResult<Vec<Kept>> {
    let rows: Vec<Row> = release_rows::table
        .inner_join(
            feedback::table.inner_join(interactions::table.inner_join(agent_versions::table)),
        )
        .left_join(signal_revisions::table)
        .left_join(
            interaction_bodies::table.on(interaction_bodies::interaction_id
                .eq(feedback::interaction_id)
                .and(release_rows::revision_id.is_null())),
        )
        .filter(release_rows::release_id.eq(id))
        .filter(release_rows::reason.is_null())
        .filter(release_rows::position.gt(after))
        .order(release_rows::position)
        .limit(limit)
        .select(kept_columns!())
        .load(conn)?;
    Ok(rows.into_iter().map(kept).collect())
}

fn kept((row, agent, said, about, sent, revised): Row) -> Kept {
    let (interaction, feedback, verdict, correction, severity, author) = said;
    let (environment, occurred_at, version) = about;
    let texts = revised.or_else(|| {
        let (input, tools, output) = sent;
        let label = match verdict {
            Verdict::Confirmed => output.clone(),
            _ => correction,
        };
        Some((verdict, input?, tools, output, label, version, None))
    });
    let is_retired = texts.as_ref().is_some_and(|texts| texts.6.is_some());
    let example = texts.map(|(verdict, prompt, tools, output, label, version, _)| Example {
        signal_id: row.signal_id,
        at: (interaction, feedback),
        verdict,
        category: row.category.clone(),
        severity,
        environment,
        version,
        prompt,
        tools,
        output,
        label,
    });
    Kept { row, agent, occurred_at, author, is_retired, example }
}
