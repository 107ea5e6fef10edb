//! What programs read back: interactions with their feedback, and lists of feedback.

use crate::accounts::{TeamId, Who};
use crate::agents::Environment;
use crate::agents::model::Deployment;
use crate::agents::queries::survivor_slug;
use crate::db::{Conn, Instant, one_of};
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
use std::collections::HashMap;
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
#[derive(Clone, Serialize, ToSchema)]
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
#[derive(Clone, Serialize, ToSchema)]
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

mod lists;
pub use lists::{FeedbackFilter, Place, list_feedback};

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
    Ok(interactions_of(conn, &[id])?.remove(&id))
}

/// Interactions with all their feedback, oldest first.
pub fn interactions_of(
    conn: &mut Conn,
    ids: &[InteractionId],
) -> QueryResult<HashMap<InteractionId, InteractionOut>> {
    let all = crate::interactions::queries::find_by_ids(conn, ids)?;
    let mut all: HashMap<InteractionId, InteractionOut> =
        all.into_iter().map(|shown| (shown.row.id, described(shown))).collect();
    let rows: Vec<Row> =
        joined!().filter(one_of(feedback::interaction_id, ids)).order(feedback::id).load(conn)?;
    for row in rows.into_iter().map(out) {
        if let Some(interaction) = all.get_mut(&row.interaction) {
            interaction.feedback.push(row);
        }
    }
    Ok(all)
}

fn described(shown: Shown) -> InteractionOut {
    let Shown { row, body, version, agent, team, end_user, .. } = shown;
    let body = body.map(|b| (Some(b.input), b.tools, b.output, b.error, b.sources, b.metadata));
    let (input, tools, output, error, sources, metadata) = body.unwrap_or_default();
    InteractionOut {
        id: row.id,
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
        feedback: Vec::new(),
    }
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
