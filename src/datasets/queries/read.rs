//! Signals as a release reads them: all that the question's filters leave, whatever was decided of
//! them, in export order, a keyset page at a time.

use super::rows::{Sent, sent};
use crate::accounts::PersonId;
use crate::agents::{AgentId, CategoryId, Environment, VersionId};
use crate::datasets::check::Scope;
use crate::datasets::model::{Audit, Conflicts};
use crate::datasets::question::Question;
use crate::db::{Conn, Hash, Instant};
use crate::exports::queries::{Cursor, Example, right_as_said};
use crate::feedback::model::Severity;
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{
    agent_versions, categories, feedback, interactions, resolutions, signal_revisions, signals,
};
use crate::signals::SignalStatus;
use crate::signals::model::{How, ResolutionId, RevisionId, SignalId};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

/// A signal with all that decides about its row.
pub struct Read {
    pub revision_id: Option<RevisionId>,
    pub status: SignalStatus,
    pub is_superseded: bool,
    pub is_erased: bool,
    /// A reviewer chose it among contradicting ones; only known where the question wants to know.
    pub is_adjudicated: bool,
    pub author: Option<PersonId>,
    pub input_hash: Hash,
    pub conversation: Option<String>,
    pub end_user: Option<PersonId>,
    pub occurred_at: Instant,
    pub example: Example,
}

type Said = (
    (SignalId, InteractionId, FeedbackId, SignalStatus, Option<RevisionId>),
    (Verdict, Option<JsonText>, Severity, Option<FeedbackId>, Option<PersonId>),
);
type About = (
    (Environment, Hash, Option<String>, Option<PersonId>, Instant),
    (VersionId, Option<CategoryId>),
);
type Kept = (Verdict, JsonText, Option<JsonText>, Option<JsonText>, Option<JsonText>, String);
type Row = (Said, About, Option<(Kept, ResolutionId)>);

/// The filters of a question, on signals joined with feedback, interactions and revisions.
macro_rules! filtered {
    ($query:expr, $scope:expr, $question:expr) => {{
        let (scope, question): (&Scope, &Question) = ($scope, $question);
        let mut query = $query;
        if let Some(deployments) = &scope.deployments {
            query = query.filter(signals::deployment_id.eq_any(deployments));
        }
        if let Some(versions) = &scope.versions {
            query = query.filter(interactions::version_id.eq_any(versions));
        }
        if let Some(categories) = &scope.categories {
            query = query.filter(feedback::category_id.eq_any(categories).assume_not_null());
        }
        if !question.severities.is_empty() {
            query = query.filter(feedback::severity.eq_any(&question.severities));
        }
        query = match question.audit {
            Audit::Include => query,
            Audit::LeaveOut => query.filter(feedback::is_audit.eq(false)),
            Audit::Only => query.filter(feedback::is_audit.eq(true)),
        };
        if !question.verdicts.is_empty() {
            // A reviewer's edit may have made another verdict of it; the revision counts.
            let wanted = &question.verdicts;
            query = query.filter(
                signals::revision_id
                    .is_null()
                    .and(feedback::verdict.eq_any(wanted))
                    .or(signal_revisions::verdict.nullable().eq_any(wanted)),
            );
        }
        if let Some(since) = question.since {
            query = query.filter(interactions::occurred_at.ge(since));
        }
        if let Some(until) = question.until {
            query = query.filter(interactions::occurred_at.lt(until));
        }
        query
    }};
}

/// Signals of an agent with all that is read of them.
macro_rules! joined {
    ($agent:expr) => {
        signals::table
            .inner_join(feedback::table)
            .inner_join(interactions::table)
            .left_join(
                signal_revisions::table
                    .on(signals::revision_id.eq(signal_revisions::id.nullable())),
            )
            .filter(signals::agent_id.eq($agent))
            .select((
                (
                    (
                        signals::id,
                        signals::interaction_id,
                        signals::feedback_id,
                        signals::status,
                        signals::revision_id,
                    ),
                    (
                        feedback::verdict,
                        feedback::correction,
                        feedback::severity,
                        feedback::superseded_by,
                        feedback::author_id,
                    ),
                ),
                (
                    (
                        interactions::environment,
                        interactions::input_hash,
                        interactions::conversation_id,
                        interactions::end_user_id,
                        interactions::occurred_at,
                    ),
                    (interactions::version_id, feedback::category_id),
                ),
                (
                    (
                        signal_revisions::verdict,
                        signal_revisions::prompt,
                        signal_revisions::tools,
                        signal_revisions::output,
                        signal_revisions::label,
                        signal_revisions::version,
                    ),
                    signal_revisions::resolution_id,
                )
                    .nullable(),
            ))
    };
}

/// Signals in export order: those after the first place, up to and with the second; to the end
/// where there is none.
pub type Range = (Cursor, Option<Cursor>);

/// Where a range ends that begins after a place and has so many signals, whatever the filters
/// leave of them; none where there are no more than that. Walks an index and nothing else.
pub fn end_of(
    conn: &mut Conn,
    agent: AgentId,
    (interaction, given): Cursor,
    many: i64,
) -> QueryResult<Option<Cursor>> {
    signals::table
        .filter(signals::agent_id.eq(agent))
        .filter(signals::interaction_id.ge(interaction))
        .filter(signals::interaction_id.gt(interaction).or(signals::feedback_id.gt(given)))
        .order((signals::interaction_id, signals::feedback_id))
        .offset(many - 1)
        .select((signals::interaction_id, signals::feedback_id))
        .first(conn)
        .optional()
}

/// The signals of an agent in a range that has no more than `most`.
pub fn reads(
    conn: &mut Conn,
    agent: AgentId,
    (scope, question): (&Scope, &Question),
    (((interaction, given), until), most): (Range, i64),
    names: &mut Names,
) -> QueryResult<Vec<Read>> {
    let mut query = joined!(agent)
        .filter(signals::interaction_id.ge(interaction))
        .filter(signals::interaction_id.gt(interaction).or(signals::feedback_id.gt(given)))
        .order((signals::interaction_id, signals::feedback_id))
        // Tells PostgreSQL that there are not many, so that it walks the index.
        .limit(most)
        .into_boxed();
    if let Some((interaction, last)) = until {
        query = query
            .filter(signals::interaction_id.le(interaction))
            .filter(signals::interaction_id.lt(interaction).or(signals::feedback_id.le(last)));
    }
    let rows: Vec<Row> = filtered!(query, scope, question).load(conn)?;
    names.look_up(conn, question, &rows)?;
    Ok(rows.into_iter().map(|row| read(row, names)).collect())
}

/// The newest signals of an agent, newest first; those after an interaction where one is given.
pub fn newest(
    conn: &mut Conn,
    agent: AgentId,
    (scope, question): (&Scope, &Question),
    after: Option<InteractionId>,
    limit: i64,
) -> QueryResult<Vec<Read>> {
    let mut query = joined!(agent)
        .order((signals::interaction_id.desc(), signals::feedback_id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(signals::interaction_id.gt(after));
    }
    let rows: Vec<Row> = filtered!(query, scope, question).load(conn)?;
    let mut names = Names::default();
    names.look_up(conn, question, &rows)?;
    Ok(rows.into_iter().map(|row| read(row, &names)).collect())
}

/// What many signals share, looked up once: the names of versions, and what categories are called.
#[derive(Default)]
pub struct Names {
    versions: HashMap<VersionId, String>,
    categories: HashMap<CategoryId, String>,
    /// Of the rows looked at last: the decisions that settled a contradiction, and what was sent
    /// of interactions that nobody decided yet. A revision stands on its own.
    adjudicated: HashSet<ResolutionId>,
    sent: HashMap<InteractionId, Sent>,
}

impl Names {
    /// The texts of what nobody decided yet.
    fn as_sent(
        &self,
        interaction: InteractionId,
        version: VersionId,
        (verdict, correction): (Verdict, Option<JsonText>),
    ) -> Kept {
        let nothing = || (interaction, None, None, None);
        let sent = self.sent.get(&interaction).cloned().unwrap_or_else(nothing);
        let (_, input, tools, output) = sent;
        let label = right_as_said(verdict, &output, correction);
        let prompt = input.unwrap_or_else(|| JsonText::string(""));
        let version = self.versions.get(&version).cloned().unwrap_or_default();
        (verdict, prompt, tools, output, label, version)
    }

    fn look_up(&mut self, conn: &mut Conn, question: &Question, rows: &[Row]) -> QueryResult<()> {
        let about = || rows.iter().map(|(_, about, _)| about.1);
        let is_new = |id: &VersionId| !self.versions.contains_key(id);
        let versions: HashSet<VersionId> = about().map(|each| each.0).filter(is_new).collect();
        if !versions.is_empty() {
            let found: Vec<(VersionId, String)> = agent_versions::table
                .filter(agent_versions::id.eq_any(versions))
                .select((agent_versions::id, agent_versions::name))
                .load(conn)?;
            self.versions.extend(found);
        }
        let is_new = |id: &CategoryId| !self.categories.contains_key(id);
        let categories: HashSet<CategoryId> =
            about().filter_map(|each| each.1).filter(is_new).collect();
        if !categories.is_empty() {
            let found: Vec<(CategoryId, Option<String>)> = categories::table
                .filter(categories::id.eq_any(categories))
                .select((categories::id, crate::agents::queries::survivor_slug()))
                .load(conn)?;
            let named = |(id, name): (CategoryId, Option<String>)| Some((id, name?));
            self.categories.extend(found.into_iter().filter_map(named));
        }
        let undecided = rows.iter().filter(|(_, _, kept)| kept.is_none());
        self.sent = sent(conn, undecided.map(|(said, _, _)| said.0.1).collect())?;
        self.adjudicated.clear();
        if question.conflicts == Conflicts::Adjudicated {
            let ids = rows.iter().filter_map(|(_, _, kept)| Some(kept.as_ref()?.1));
            let found: Vec<ResolutionId> = resolutions::table
                .filter(resolutions::id.eq_any(ids.collect::<Vec<_>>()))
                .filter(resolutions::how.eq(How::Adjudication))
                .select(resolutions::id)
                .load(conn)?;
            self.adjudicated.extend(found);
        }
        Ok(())
    }
}

fn read((said, about, kept): Row, names: &Names) -> Read {
    let (
        (signal_id, interaction, feedback, status, revision_id),
        (verdict, correction, severity, superseded_by, author),
    ) = said;
    let ((environment, input_hash, conversation, end_user, occurred_at), (version, category)) =
        about;
    let category = category.and_then(|id| names.categories.get(&id).cloned());
    let is_adjudicated = kept.as_ref().is_some_and(|kept| names.adjudicated.contains(&kept.1));
    let is_erased =
        kept.is_none() && names.sent.get(&interaction).is_none_or(|sent| sent.1.is_none());
    let texts = kept.map(|kept| kept.0);
    let (verdict, prompt, tools, output, label, version) =
        texts.unwrap_or_else(|| names.as_sent(interaction, version, (verdict, correction)));
    Read {
        revision_id,
        status,
        is_superseded: superseded_by.is_some(),
        is_erased,
        is_adjudicated,
        author,
        input_hash,
        conversation,
        end_user,
        occurred_at,
        example: Example {
            signal_id,
            at: (interaction, feedback),
            verdict,
            category,
            severity,
            environment,
            version,
            prompt,
            tools,
            output,
            label,
        },
    }
}

/// Where the newest `most` signals of an agent begin; none where it has no more than that. Walks an
/// index and nothing else.
pub fn newest_from(
    conn: &mut Conn,
    agent: AgentId,
    most: i64,
) -> QueryResult<Option<InteractionId>> {
    signals::table
        .filter(signals::agent_id.eq(agent))
        .order((signals::interaction_id.desc(), signals::feedback_id.desc()))
        .offset(most)
        .select(signals::interaction_id)
        .first(conn)
        .optional()
}

/// How many signals an agent has. Walks an index and nothing else.
pub fn count(conn: &mut Conn, agent: AgentId) -> QueryResult<i64> {
    signals::table.filter(signals::agent_id.eq(agent)).count().get_result(conn)
}

/// How many signals of an agent the filters leave, by where they stand; from an interaction on
/// where one is given.
pub fn total(
    conn: &mut Conn,
    agent: AgentId,
    (scope, question): (&Scope, &Question),
    after: Option<InteractionId>,
) -> QueryResult<Vec<(SignalStatus, i64)>> {
    let mut rows = Vec::new();
    for status in SignalStatus::ALL {
        let mut query = signals::table
            .inner_join(feedback::table)
            .inner_join(interactions::table)
            .left_join(
                signal_revisions::table
                    .on(signals::revision_id.eq(signal_revisions::id.nullable())),
            )
            .filter(signals::agent_id.eq(agent))
            .filter(signals::status.eq(*status))
            .select(diesel::dsl::count_star())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(signals::interaction_id.gt(after));
        }
        rows.push((*status, filtered!(query, scope, question).first(conn)?));
    }
    Ok(rows)
}
