//! Reading signals in export order: by interaction, then feedback, one keyset page a query.

use super::model::{Question, Status};
use crate::agents::{AgentId, Environment};
use crate::db::{Conn, Instant};
use crate::feedback::model::{Severity, Urgency};
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::model::Interaction;
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agent_versions, api_keys, categories, deployments, feedback, interaction_bodies, interactions,
    people, resolutions, signal_revisions, signals, teams,
};
use crate::signals::SignalStatus;
use crate::signals::model::{Outcome, SignalId};
use diesel::prelude::*;

/// The place after which the next page starts.
pub type Cursor = (InteractionId, FeedbackId);

/// Before everything.
pub fn start() -> Cursor {
    (InteractionId(uuid::Uuid::nil()), FeedbackId(uuid::Uuid::nil()))
}

/// What a training record is made of. Of an accepted signal the texts are those of its revision,
/// of a pending one those that were sent.
pub struct Example {
    pub signal_id: SignalId,
    pub at: Cursor,
    pub verdict: Verdict,
    pub category: Option<String>,
    pub severity: Severity,
    pub environment: Environment,
    pub version: String,
    pub prompt: JsonText,
    pub tools: Option<JsonText>,
    pub output: Option<JsonText>,
    /// The right output, where it is known.
    pub label: Option<JsonText>,
}

/// What is right by a feedback that nobody decided yet: what it confirms, or its correction.
pub fn right_as_said(
    verdict: Verdict,
    output: &Option<JsonText>,
    correction: Option<JsonText>,
) -> Option<JsonText> {
    if verdict == Verdict::Confirmed { output.clone() } else { correction }
}

impl Example {
    /// Whether the agent had any tool.
    pub fn has_tools(&self) -> bool {
        let is_empty = |tools: &JsonText| {
            tools.as_str().get(1..).is_none_or(|t| t.trim_start().starts_with(']'))
        };
        self.tools.as_ref().is_some_and(|tools| !is_empty(tools))
    }
}

/// The query that both kinds of export filter and walk in the same way.
macro_rules! walk {
    ($query:expr, $agent:expr, $question:expr, $after:expr, $limit:expr) => {{
        let (interaction, feedback_id) = $after;
        let mut query = $query
            .filter(signals::agent_id.eq($agent))
            .filter(signals::interaction_id.ge(interaction))
            .filter(
                signals::interaction_id.gt(interaction).or(signals::feedback_id.gt(feedback_id)),
            )
            .order((signals::interaction_id, signals::feedback_id))
            .limit($limit)
            .into_boxed();
        query = match $question.status {
            Status::Accepted => query.filter(signals::status.eq(SignalStatus::Accepted)),
            Status::Pending => query.filter(signals::status.eq(SignalStatus::Pending)),
            Status::Any => query.filter(signals::status.ne(SignalStatus::Declined)),
        };
        if let Some(environment) = $question.environment {
            query = query.filter(interactions::environment.eq(environment));
        }
        if let Some(version) = &$question.version {
            query = query.filter(agent_versions::name.eq(version.as_str()));
        }
        if let Some(verdict) = $question.verdict {
            query = query.filter(feedback::verdict.eq(verdict));
        }
        if let Some(since) = $question.since {
            query = query.filter(interactions::occurred_at.ge(since));
        }
        if let Some(until) = $question.until {
            query = query.filter(interactions::occurred_at.lt(until));
        }
        if let Some(deployments) = &$question.deployments {
            query = query.filter(signals::deployment_id.eq_any(deployments));
        }
        query
    }};
}

/// The next examples after `after`.
pub fn examples(
    conn: &mut Conn,
    agent: AgentId,
    question: &Question,
    after: Cursor,
    limit: i64,
) -> QueryResult<Vec<Example>> {
    type Sent = (Option<JsonText>, Option<JsonText>, Option<JsonText>, String);
    type Kept = (JsonText, Option<JsonText>, Option<JsonText>, Option<JsonText>, String);
    type Row = (
        (SignalId, InteractionId, FeedbackId, Verdict, Option<JsonText>, Severity),
        (Environment, Option<String>),
        Sent,
        Option<Kept>,
    );
    let joined = signals::table
        .inner_join(feedback::table.left_join(categories::table))
        .inner_join(interactions::table.inner_join(agent_versions::table))
        .left_join(
            signal_revisions::table.on(signals::revision_id.eq(signal_revisions::id.nullable())),
        )
        // A revision stands on its own: the body is read only where there is none.
        .left_join(
            interaction_bodies::table.on(interaction_bodies::interaction_id
                .eq(signals::interaction_id)
                .and(signals::revision_id.is_null())),
        )
        .select((
            (
                signals::id,
                signals::interaction_id,
                signals::feedback_id,
                feedback::verdict,
                feedback::correction,
                feedback::severity,
            ),
            (interactions::environment, crate::agents::queries::survivor_slug()),
            (
                interaction_bodies::input.nullable(),
                interaction_bodies::tools.nullable(),
                interaction_bodies::output.nullable(),
                agent_versions::name,
            ),
            (
                signal_revisions::prompt,
                signal_revisions::tools,
                signal_revisions::output,
                signal_revisions::label,
                signal_revisions::version,
            )
                .nullable(),
        ));
    let rows: Vec<Row> = walk!(joined, agent, question, after, limit).load(conn)?;
    Ok(rows
        .into_iter()
        .map(
            |(
                (signal_id, interaction, feedback, verdict, correction, severity),
                about,
                sent,
                kept,
            )| {
                let (prompt, tools, output, label, version) = kept.unwrap_or_else(|| {
                    let (input, tools, output, version) = sent;
                    let label = right_as_said(verdict, &output, correction);
                    (input.unwrap_or_else(|| JsonText::string("")), tools, output, label, version)
                });
                Example {
                    signal_id,
                    at: (interaction, feedback),
                    verdict,
                    category: about.1,
                    severity,
                    environment: about.0,
                    version,
                    prompt,
                    tools,
                    output,
                    label,
                }
            },
        )
        .collect())
}

/// All that the interchange line says of one signal.
pub struct Record {
    pub interaction: Interaction,
    pub version: String,
    pub team: String,
    pub end_user: Option<String>,
    pub input: Option<JsonText>,
    pub tools: Option<JsonText>,
    pub output: Option<JsonText>,
    pub error: Option<String>,
    pub sources: Option<JsonText>,
    pub metadata: Option<JsonText>,
    pub feedback: Said,
}

/// One feedback in an interchange line.
pub struct Said {
    pub id: FeedbackId,
    pub signal_id: SignalId,
    pub status: SignalStatus,
    pub external_id: Option<String>,
    pub author: Option<String>,
    pub verdict: Verdict,
    pub correction: Option<JsonText>,
    pub category: Option<String>,
    pub severity: Severity,
    pub comment: Option<String>,
    pub urgency: Urgency,
    pub occurred_at: Instant,
    /// A reviewer found it in a random audit.
    pub is_audit: bool,
    pub decision: Option<(Outcome, Option<JsonText>, Option<String>, Instant)>,
}

/// The next records after `after`.
pub fn records(
    conn: &mut Conn,
    agent: AgentId,
    question: &Question,
    after: Cursor,
    limit: i64,
) -> QueryResult<Vec<Record>> {
    let (authors, end_users, reviewers) =
        diesel::alias!(people as authors, people as end_users, people as reviewers);
    type Texts = (
        Option<JsonText>,
        Option<JsonText>,
        Option<JsonText>,
        Option<String>,
        Option<JsonText>,
        Option<JsonText>,
    );
    type SaidRow = (
        (SignalId, SignalStatus, FeedbackId, Option<String>, Verdict, Option<JsonText>),
        (Option<String>, Severity, Option<String>, Urgency, Instant, bool),
    );
    type Decision = (Outcome, Option<JsonText>, Instant);
    type Row = (
        Interaction,
        (String, String),
        (Option<String>, Option<String>, Option<String>, Option<String>),
        Texts,
        SaidRow,
        Option<Decision>,
    );
    let joined = signals::table
        .inner_join(feedback::table.left_join(categories::table))
        .inner_join(interactions::table.inner_join(agent_versions::table))
        .inner_join(deployments::table.inner_join(teams::table))
        .left_join(
            interaction_bodies::table
                .on(interaction_bodies::interaction_id.eq(signals::interaction_id)),
        )
        .left_join(authors.on(feedback::author_id.eq(authors.field(people::id).nullable())))
        .left_join(
            end_users.on(interactions::end_user_id.eq(end_users.field(people::id).nullable())),
        )
        .left_join(
            signal_revisions::table.on(signals::revision_id.eq(signal_revisions::id.nullable())),
        )
        .left_join(resolutions::table.on(resolutions::id.eq(signal_revisions::resolution_id)))
        .left_join(reviewers.on(resolutions::person_id.eq(reviewers.field(people::id).nullable())))
        .left_join(api_keys::table.on(resolutions::key_id.eq(api_keys::id.nullable())))
        .select((
            interactions::all_columns,
            (agent_versions::name, teams::slug),
            (
                end_users.field(people::address).nullable(),
                authors.field(people::address).nullable(),
                reviewers.field(people::address).nullable(),
                api_keys::name.nullable(),
            ),
            (
                interaction_bodies::input.nullable(),
                interaction_bodies::tools.nullable(),
                interaction_bodies::output.nullable(),
                interaction_bodies::error.nullable(),
                interaction_bodies::sources.nullable(),
                interaction_bodies::metadata.nullable(),
            ),
            (
                (
                    signals::id,
                    signals::status,
                    feedback::id,
                    feedback::external_id,
                    feedback::verdict,
                    feedback::correction,
                ),
                (
                    crate::agents::queries::survivor_slug(),
                    feedback::severity,
                    feedback::comment,
                    feedback::urgency,
                    feedback::occurred_at,
                    feedback::is_audit,
                ),
            ),
            (resolutions::outcome, resolutions::label, resolutions::created_at).nullable(),
        ));
    let rows: Vec<Row> = walk!(joined, agent, question, after, limit).load(conn)?;
    let record = |(
        interaction,
        (version, team),
        (end_user, author, reviewer, key),
        texts,
        said,
        decision,
    ): Row| {
        let (input, tools, output, error, sources, metadata) = texts;
        let ((signal_id, status, id, external_id, verdict, correction), more) = said;
        let (category, severity, comment, urgency, occurred_at, is_audit) = more;
        Record {
            interaction,
            version,
            team,
            end_user,
            input,
            tools,
            output,
            error,
            sources,
            metadata,
            feedback: Said {
                id,
                signal_id,
                status,
                external_id,
                author,
                verdict,
                correction,
                category,
                severity,
                comment,
                urgency,
                occurred_at,
                is_audit,
                decision: decision.map(|(outcome, label, at)| {
                    // Whoever decides an audit says it; and as they said it, it counts.
                    let as_said = (Outcome::Accepted, None);
                    let (outcome, label) = if is_audit { as_said } else { (outcome, label) };
                    (outcome, label, reviewer.or(key), at)
                }),
            },
        }
    };
    Ok(rows.into_iter().map(record).collect())
}
