//! What programs read back: interactions with their feedback, and lists of feedback.

use crate::accounts::{Reach, TeamId, Who};
use crate::agents::model::Deployment;
use crate::agents::queries::{categories_named, survivor_slug};
use crate::agents::{DeploymentId, Environment};
use crate::db::{Conn, Instant};
use crate::feedback::model::{KnownBy, Severity, Urgency};
use crate::feedback::{Feedback, FeedbackId, Verdict};
use crate::interactions::model::usd;
use crate::interactions::queries::Shown;
use crate::interactions::{InteractionId, JsonText, Source};
use crate::schema::{
    agent_versions, agents, categories, deployments, feedback, interactions, people, signals, teams,
};
use crate::signals::SignalStatus;
use crate::signals::model::SignalId;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

pub use super::reportable::{Reportable, reportable_by};

crate::text_enum!(
    /// Where feedback stands.
    StatusFilter {
        Pending = "pending",
        Accepted = "accepted",
        Declined = "declined",
        /// The author revised it.
        Superseded = "superseded",
    }
);

impl StatusFilter {
    fn of(superseded: bool, signal: Option<SignalStatus>) -> Self {
        match (superseded, signal) {
            (true, _) => Self::Superseded,
            (false, Some(SignalStatus::Accepted)) => Self::Accepted,
            (false, Some(SignalStatus::Declined)) => Self::Declined,
            (false, Some(SignalStatus::Pending) | None) => Self::Pending,
        }
    }
}

/// Feedback as programs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Feedback)]
pub struct FeedbackOut {
    pub id: FeedbackId,
    pub interaction: InteractionId,
    pub agent: String,
    pub agent_version: String,
    pub team: String,
    pub environment: Environment,
    pub external_id: Option<String>,
    /// Address of the author; null where nobody was named.
    pub author: Option<String>,
    /// `session`, `link` or `key`.
    pub known_by: KnownBy,
    pub verdict: Verdict,
    #[schema(value_type = serde_json::Value)]
    pub correction: Option<JsonText>,
    pub category: Option<String>,
    pub severity: Severity,
    pub comment: Option<String>,
    pub urgency: Urgency,
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    pub status: StatusFilter,
    pub superseded_by: Option<FeedbackId>,
    pub signal_id: Option<SignalId>,
    /// Whether a reviewer found it in a random audit; it overrides nothing then.
    pub audit: bool,
}

/// An interaction as programs read it: the interchange line with `id`.
#[derive(Serialize, ToSchema)]
#[schema(as = Interaction)]
pub struct InteractionOut {
    pub id: InteractionId,
    pub external_id: Option<String>,
    pub agent: String,
    pub agent_version: String,
    pub environment: Environment,
    pub team: String,
    /// `log` or `report`.
    pub source: Source,
    pub conversation_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    pub end_user: Option<String>,
    /// Null once the texts were erased; so are the other texts.
    #[schema(value_type = serde_json::Value)]
    pub input: Option<JsonText>,
    #[schema(value_type = serde_json::Value)]
    pub tools: Option<JsonText>,
    #[schema(value_type = serde_json::Value)]
    pub output: Option<JsonText>,
    pub error: Option<String>,
    #[schema(value_type = serde_json::Value)]
    pub sources: Option<JsonText>,
    pub confidence: Option<f64>,
    pub model: Option<String>,
    pub latency_ms: Option<i64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub cost_usd: Option<String>,
    #[schema(value_type = serde_json::Value, required = false)]
    pub metadata: Option<JsonText>,
    pub feedback: Vec<FeedbackOut>,
}

/// Which feedback is wanted.
#[derive(Debug, Default, Clone)]
pub struct FeedbackFilter {
    pub agent: Option<String>,
    pub team: Option<String>,
    pub environment: Option<Environment>,
    pub verdict: Option<Verdict>,
    pub status: Option<StatusFilter>,
    pub category: Option<String>,
    pub since: Option<Instant>,
    pub until: Option<Instant>,
    pub before: Option<FeedbackId>,
    /// The agents and teams that the asker's key is for.
    pub reach: Reach,
}

type Row = (
    Feedback,
    String,
    String,
    String,
    Environment,
    Option<String>,
    Option<String>,
    Option<SignalStatus>,
    Option<SignalId>,
);

macro_rules! joined {
    () => {
        feedback::table
            .inner_join(interactions::table.inner_join(agent_versions::table))
            .inner_join(deployments::table.inner_join(agents::table).inner_join(teams::table))
            .left_join(people::table)
            .left_join(categories::table)
            .left_join(signals::table)
            .select((
                feedback::all_columns,
                agents::slug,
                agent_versions::name,
                teams::slug,
                deployments::environment,
                people::address.nullable(),
                survivor_slug(),
                signals::status.nullable(),
                signals::id.nullable(),
            ))
    };
}

fn out(row: Row) -> FeedbackOut {
    let (f, agent, agent_version, team, environment, author, category, status, signal_id) = row;
    FeedbackOut {
        id: f.id,
        interaction: f.interaction_id,
        agent,
        agent_version,
        team,
        environment,
        external_id: f.external_id,
        author,
        known_by: f.known_by,
        verdict: f.verdict,
        correction: f.correction,
        category,
        severity: f.severity,
        comment: f.comment,
        urgency: f.urgency,
        occurred_at: f.occurred_at,
        status: StatusFilter::of(f.superseded_by.is_some(), status),
        superseded_by: f.superseded_by,
        signal_id,
        audit: f.is_audit,
    }
}

/// An interaction with all its feedback, oldest first.
pub fn interaction(conn: &mut Conn, id: InteractionId) -> QueryResult<Option<InteractionOut>> {
    let Some(shown) = crate::interactions::queries::find_by_id(conn, id)? else {
        return Ok(None);
    };
    let rows: Vec<Row> =
        joined!().filter(feedback::interaction_id.eq(id)).order(feedback::id).load(conn)?;
    let Shown { row, body, version, agent, team, end_user, .. } = shown;
    let body = body.map(|b| (Some(b.input), b.tools, b.output, b.error, b.sources, b.metadata));
    let (input, tools, output, error, sources, metadata) = body.unwrap_or_default();
    Ok(Some(InteractionOut {
        id,
        external_id: row.external_id,
        agent: agent.slug,
        agent_version: version,
        environment: row.environment,
        team,
        source: row.source,
        conversation_id: row.conversation_id,
        occurred_at: row.occurred_at,
        end_user,
        input,
        tools,
        output,
        error,
        sources,
        confidence: row.confidence,
        model: row.model,
        latency_ms: row.latency_ms,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        cost_usd: row.cost_nano_usd.map(usd),
        metadata,
        feedback: rows.into_iter().map(out).collect(),
    }))
}

/// The newest feedback that passes the filter.
pub fn list_feedback(
    conn: &mut Conn,
    filter: &FeedbackFilter,
    limit: i64,
) -> QueryResult<Vec<FeedbackOut>> {
    let named = filter.agent.is_some() || filter.team.is_some() || filter.environment.is_some();
    // The indexes by verdict and by status begin with the deployment.
    let indexed = filter.verdict.is_some() || filter.status.is_some();
    let named = named || indexed || !filter.reach.is_all();
    let mut ids = Vec::new();
    if named {
        // One short walk of an index for each deployment, then the newest of them all.
        for deployment in deployments_named(conn, filter)? {
            ids.extend(ids_of(conn, filter, Some(deployment), limit)?);
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.truncate(usize::try_from(limit).unwrap_or(0));
    } else {
        ids = ids_of(conn, filter, None, limit)?;
    }
    let rows: Vec<Row> =
        joined!().filter(feedback::id.eq_any(ids)).order(feedback::id.desc()).load(conn)?;
    Ok(rows.into_iter().map(out).collect())
}

fn deployments_named(conn: &mut Conn, filter: &FeedbackFilter) -> QueryResult<Vec<DeploymentId>> {
    let mut query = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .select(deployments::id)
        .into_boxed();
    if let Some(agent) = &filter.agent {
        query = query.filter(agents::slug.eq(agent));
    }
    if let Some(team) = &filter.team {
        query = query.filter(teams::slug.eq(team));
    }
    if let Some(environment) = filter.environment {
        query = query.filter(deployments::environment.eq(environment));
    }
    if let Some(reached) = &filter.reach.agents {
        query = query.filter(agents::slug.eq_any(reached));
    }
    if let Some(reached) = &filter.reach.teams {
        query = query.filter(teams::slug.eq_any(reached));
    }
    query.load(conn)
}

/// The signals' status that a filter looks for.
fn signalled(filter: &FeedbackFilter) -> Option<SignalStatus> {
    match filter.status? {
        StatusFilter::Pending => Some(SignalStatus::Pending),
        StatusFilter::Accepted => Some(SignalStatus::Accepted),
        StatusFilter::Declined => Some(SignalStatus::Declined),
        StatusFilter::Superseded => None,
    }
}

/// Walks (deployment_id, status, feedback_id) of signals where a status is looked for, otherwise an
/// index of feedback that begins with the deployment.
fn ids_of(
    conn: &mut Conn,
    filter: &FeedbackFilter,
    deployment: Option<DeploymentId>,
    limit: i64,
) -> QueryResult<Vec<FeedbackId>> {
    let mut query =
        feedback::table.left_join(signals::table).select(feedback::id).limit(limit).into_boxed();
    // No id is above this one.
    let before = filter.before.unwrap_or(FeedbackId(uuid::Uuid::max()));
    query = match (signalled(filter), deployment) {
        (Some(status), Some(deployment)) => query
            .filter(signals::deployment_id.eq(deployment))
            .filter(signals::status.eq(status))
            .filter(signals::feedback_id.lt(before))
            .filter(feedback::superseded_by.is_null())
            .order(signals::feedback_id.desc()),
        (_, Some(deployment)) => query
            .filter(feedback::deployment_id.eq(deployment))
            .filter(feedback::id.lt(before))
            .order(feedback::id.desc()),
        (_, None) => query.filter(feedback::id.lt(before)).order(feedback::id.desc()),
    };
    if filter.status == Some(StatusFilter::Superseded) {
        query = query.filter(feedback::superseded_by.is_not_null());
    }
    if let Some(verdict) = filter.verdict {
        query = query.filter(feedback::verdict.eq(verdict));
    }
    if let Some(category) = &filter.category {
        query = query.filter(feedback::category_id.eq_any(categories_named(conn, None, category)?));
    }
    if let Some(since) = filter.since {
        query = query.filter(feedback::occurred_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(feedback::occurred_at.lt(until));
    }
    query.load(conn)
}

/// What somebody said of an interaction.
#[derive(Debug, Clone, Queryable)]
pub struct Said {
    pub id: FeedbackId,
    pub author: Option<String>,
    pub verdict: Verdict,
    pub occurred_at: Instant,
    pub superseded_by: Option<FeedbackId>,
    pub status: Option<SignalStatus>,
    pub is_audit: bool,
}

/// What everybody said of an interaction, newest first, at most 50. The caller knows who may see
/// the names.
pub fn said_of(conn: &mut Conn, id: InteractionId) -> QueryResult<Vec<Said>> {
    feedback::table
        .left_join(people::table)
        .left_join(signals::table)
        .filter(feedback::interaction_id.eq(id))
        .order(feedback::id.desc())
        .limit(50)
        .select((
            feedback::id,
            people::name.nullable(),
            feedback::verdict,
            feedback::occurred_at,
            feedback::superseded_by,
            signals::status.nullable(),
            feedback::is_audit,
        ))
        .load(conn)
}

/// A deployment with the names it is shown by.
#[derive(Debug, Clone, Queryable)]
pub struct Used {
    pub deployment: Deployment,
    pub agent: String,
    pub agent_slug: String,
    pub team: String,
    pub team_slug: String,
}

/// The deployments this person may know of, by agent's name: those of their teams, or all for who
/// sees all.
pub fn used_by(conn: &mut Conn, who: &Who) -> QueryResult<Vec<Used>> {
    if who.sees_all() { used_in(conn, None) } else { used_in(conn, Some(&who.teams())) }
}

/// The deployments of these teams, by agent's name; all of them where none are named.
pub fn used_in(conn: &mut Conn, wanted: Option<&[TeamId]>) -> QueryResult<Vec<Used>> {
    let query = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .order((agents::name, deployments::id))
        .select((deployments::all_columns, agents::name, agents::slug, teams::name, teams::slug));
    match wanted {
        Some(wanted) => query.filter(deployments::team_id.eq_any(wanted)).load(conn),
        None => query.load(conn),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
