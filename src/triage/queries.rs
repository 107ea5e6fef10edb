//! Every query of triage but the walk of the queue itself.

mod audits;
mod independent;
mod past;
mod together;

pub use audits::*;
pub use independent::*;
pub use past::*;
pub use together::*;

use super::model::{ActId, Claim, Review, SavedFilter};
use super::queue::{Place, placed};
use crate::accounts::{KeyId, PersonId, TeamId};
use crate::agents::model::{Agent, Deployment};
use crate::agents::queries::{survivor_name, survivor_slug};
use crate::agents::{AgentId, CategoryId, OutputKind, VersionId};
use crate::db::{Conn, Instant};
use crate::feedback::model::KnownBy;
use crate::feedback::{Feedback, FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agent_versions, agents, api_keys, categories, claims, deployments, feedback,
    interaction_bodies, interactions, people, queue, resolutions, reviews, saved_filters, signals,
};
use crate::signals::SignalStatus;
use crate::signals::model::{Item, ItemId, QueueState, Resolution, Reviewer, Waiting};
use diesel::prelude::*;
use std::collections::HashMap;

/// How many feedbacks of one item, and how many items of one input, are looked at.
pub const MOST: i64 = 50;
/// How many of one person's waiting reports a filter finds.
const MOST_OF_PERSON: i64 = 500;

/// What a row of the queue says besides what the queue itself knows.
#[derive(Debug, Clone, Queryable)]
pub struct Details {
    /// None of what was drawn at random.
    pub known_by: Option<KnownBy>,
    pub input: Option<JsonText>,
    pub agent: String,
    pub version: String,
    pub category: Option<String>,
}

/// What the rows with these feedbacks say.
pub fn details(conn: &mut Conn, ids: &[FeedbackId]) -> QueryResult<HashMap<FeedbackId, Details>> {
    let rows: Vec<(FeedbackId, Details)> = feedback::table
        .inner_join(
            interactions::table
                .inner_join(agents::table)
                .inner_join(agent_versions::table)
                .left_join(interaction_bodies::table),
        )
        .left_join(categories::table)
        .filter(feedback::id.eq_any(ids))
        .select((
            feedback::id,
            (
                feedback::known_by.nullable(),
                interaction_bodies::input.nullable(),
                agents::name,
                agent_versions::name,
                survivor_name(),
            ),
        ))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// How many say the same, of each item.
pub fn weights(conn: &mut Conn, items: &[ItemId]) -> QueryResult<HashMap<ItemId, i64>> {
    let rows: Vec<(ItemId, i64)> = signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq_any(items))
        .filter(feedback::superseded_by.is_null())
        .group_by(signals::item_id)
        .select((signals::item_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// A claim that has not run out, and the name of whose it is.
pub type Held = (Claim, Option<String>, Option<String>);

/// The claims on these items that have not run out.
pub fn claims_on(conn: &mut Conn, items: &[ItemId], now: Instant) -> QueryResult<Vec<Held>> {
    claims::table
        .left_join(people::table)
        .left_join(api_keys::table)
        .filter(claims::item_id.eq_any(items))
        .filter(claims::claimed_until.gt(now))
        .select((claims::all_columns, people::name.nullable(), api_keys::name.nullable()))
        .load(conn)
}

/// The items that this reviewer holds.
pub fn claimed_by(conn: &mut Conn, by: Reviewer, now: Instant) -> QueryResult<Vec<ItemId>> {
    let query = claims::table.filter(claims::claimed_until.gt(now)).select(claims::item_id);
    match by {
        Reviewer::Person(id) => query.filter(claims::person_id.eq(id)).load(conn),
        Reviewer::Key(id) => query.filter(claims::key_id.eq(id)).load(conn),
    }
}

/// The items that this person reported and that wait, of their newest reports.
pub fn waiting_reported_by(conn: &mut Conn, person: PersonId) -> QueryResult<Vec<ItemId>> {
    feedback::table
        .inner_join(signals::table)
        .filter(feedback::author_id.eq(person))
        .filter(signals::status.eq(SignalStatus::Pending))
        .order(feedback::id.desc())
        .limit(MOST_OF_PERSON)
        .select(signals::item_id)
        .load(conn)
}

/// An item with its agent and the names of agent's team.
#[derive(Debug, Clone, Queryable)]
pub struct Found {
    pub item: Item,
    pub agent: Agent,
    pub team: String,
    /// None once it is decided.
    pub waiting: Option<Waiting>,
}

/// One feedback of an item.
#[derive(Debug, Clone, Queryable)]
pub struct Said {
    pub feedback: Feedback,
    pub author: Option<String>,
    pub category: Option<String>,
    pub output: Option<JsonText>,
    pub version: String,
    /// The code of the language in which the author likes to be answered.
    pub language: Option<String>,
}

/// The decisions on an item, oldest first: the newest 20, each with the name of who decided.
pub fn history(conn: &mut Conn, item: ItemId) -> QueryResult<Vec<Decided>> {
    let mut rows: Vec<Decided> = resolutions::table
        .left_join(people::table)
        .left_join(api_keys::table)
        .filter(resolutions::item_id.eq(item))
        .order(resolutions::number.desc())
        .limit(20)
        .select((resolutions::all_columns, people::name.nullable(), api_keys::name.nullable()))
        .load(conn)?;
    rows.reverse();
    Ok(rows)
}

/// A decision, with the name of the person or of the key.
#[derive(Debug, Clone, Queryable)]
pub struct Decided {
    pub resolution: Resolution,
    person: Option<String>,
    key: Option<String>,
}

impl Decided {
    /// Who decided; nobody where a policy did.
    pub fn by(&self) -> Option<&str> {
        self.person.as_deref().or(self.key.as_deref())
    }
}

/// One earlier report of somebody.
#[derive(Debug, Clone, Queryable)]
pub struct Earlier {
    pub item: ItemId,
    pub verdict: Verdict,
    pub status: SignalStatus,
    pub occurred_at: Instant,
    pub input: Option<JsonText>,
    pub kind: OutputKind,
}

/// What this person reported before in one team, newest first, without this item. Walks the index
/// (author_id, id).
pub fn earlier_of(
    conn: &mut Conn,
    author: PersonId,
    team: TeamId,
    without: ItemId,
    limit: i64,
) -> QueryResult<Vec<Earlier>> {
    feedback::table
        .inner_join(signals::table)
        .inner_join(deployments::table)
        .inner_join(
            interactions::table.inner_join(agents::table).left_join(interaction_bodies::table),
        )
        .filter(feedback::author_id.eq(author))
        .filter(feedback::superseded_by.is_null())
        .filter(feedback::is_audit.eq(false))
        .filter(deployments::team_id.eq(team))
        .filter(signals::item_id.ne(without))
        .order(feedback::id.desc())
        .limit(limit)
        .select((
            signals::item_id,
            feedback::verdict,
            signals::status,
            feedback::occurred_at,
            interaction_bodies::input.nullable(),
            agents::kind,
        ))
        .load(conn)
}

/// The interaction that stands for a decided item: that of its first feedback.
pub fn interaction_of(conn: &mut Conn, item: ItemId) -> QueryResult<Option<InteractionId>> {
    signals::table
        .inner_join(feedback::table)
        .filter(signals::item_id.eq(item))
        .filter(feedback::superseded_by.is_null())
        .order(signals::feedback_id)
        .select(signals::interaction_id)
        .first(conn)
        .optional()
}

/// All reviews of one act.
pub fn reviews_of_act(conn: &mut Conn, act: ActId) -> QueryResult<Vec<Review>> {
    reviews::table
        .filter(reviews::act_id.eq(act))
        .order(reviews::id)
        .select(reviews::all_columns)
        .load(conn)
}

/// Of which item this one is a duplicate, by the newest review that says so.
pub fn duplicate_of(conn: &mut Conn, item: ItemId) -> QueryResult<Option<ItemId>> {
    let newest: Option<Option<ItemId>> = reviews::table
        .filter(reviews::item_id.eq(item))
        .order(reviews::round.desc())
        .select(reviews::duplicate_of)
        .first(conn)
        .optional()?;
    Ok(newest.flatten())
}

/// The filters that this person gave a name, by name; at most 50.
pub fn saved_filters_of(conn: &mut Conn, person: PersonId) -> QueryResult<Vec<SavedFilter>> {
    saved_filters::table
        .filter(saved_filters::person_id.eq(person))
        .order(saved_filters::name)
        .limit(MOST)
        .select(saved_filters::all_columns)
        .load(conn)
}

/// The name of a key.
pub fn key_name(conn: &mut Conn, key: KeyId) -> QueryResult<String> {
    api_keys::table.find(key).select(api_keys::name).first(conn)
}

/// The categories in use of these agents with their slugs and names, in their order; then those
/// that were merged, by what they count as.
pub fn categories_of(
    conn: &mut Conn,
    of: &[AgentId],
) -> QueryResult<Vec<(CategoryId, String, String)>> {
    categories::table
        .filter(categories::agent_id.eq_any(of))
        .filter(categories::retired_at.is_null().or(categories::merged_into.is_not_null()))
        .order((categories::merged_into.is_not_null(), categories::position, categories::slug))
        .select((
            categories::id,
            survivor_slug().assume_not_null(),
            survivor_name().assume_not_null(),
        ))
        .load(conn)
}

/// The names of these versions.
pub fn version_names(conn: &mut Conn, ids: &[VersionId]) -> QueryResult<Vec<(VersionId, String)>> {
    agent_versions::table
        .filter(agent_versions::id.eq_any(ids))
        .select((agent_versions::id, agent_versions::name))
        .load(conn)
}

/// Where an item stands in the queue; nowhere once it is decided.
pub fn place_of(
    conn: &mut Conn,
    item: ItemId,
    now: Instant,
) -> QueryResult<Option<(QueueState, Place)>> {
    let found: Option<(Waiting, Deployment)> = queue::table
        .inner_join(deployments::table)
        .filter(queue::item_id.eq(item))
        .select((queue::all_columns, deployments::all_columns))
        .first(conn)
        .optional()?;
    let Some((row, deployment)) = found else { return Ok(None) };
    let calendars = crate::hours::calendars(conn, &[deployment.team_id])?;
    let state = row.state;
    Ok(Some((state, placed(row, &deployment, &calendars, now).place)))
}
