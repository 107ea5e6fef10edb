//! Storing feedback and letting signals follow, for programs and for forms alike.

use super::Permit;
use super::draft::{Decided, Draft};
use crate::accounts::{self, PersonId, Who};
use crate::agents::directory::Known;
use crate::agents::schema::Schema;
use crate::agents::{AgentId, CategoryId, Directory, Environment, OutputKind, Unknown};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::actions::Recorded;
use crate::feedback::model::KnownBy;
use crate::feedback::queries::Subject;
use crate::feedback::{Feedback, FeedbackId, Verdict, rules};
use crate::interactions::{InteractionId, JsonText};
use crate::signals::SignalStatus;
use crate::signals::actions::{Candidate, Imported};
use crate::signals::model::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Who judges.
#[derive(Debug, Clone)]
pub enum Author {
    /// A person who is signed in.
    SignedIn(Arc<Who>),
    /// Whoever holds the link.
    Link(PersonId),
    /// Whoever the draft claims, or nobody.
    Claimed,
}

/// Which interaction.
#[derive(Debug, Clone)]
pub enum Target {
    /// By our id.
    Id(InteractionId),
    /// By the sender's key.
    Key { agent: String, environment: Environment, external_id: String },
}

/// One feedback to be stored.
#[derive(Debug, Clone)]
pub struct Row {
    pub target: Target,
    pub draft: Draft,
    pub author: Author,
    pub permit: Permit,
    /// What goes before the pointers of mistakes.
    pub at: String,
}

/// What became of one feedback.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is new.
    Created(FeedbackId),
    /// It was sent before.
    Duplicate(FeedbackId),
    /// It can't be stored as it is.
    Invalid(Mistakes),
    /// The interaction is not there, or its texts are gone.
    NotFound,
}

/// Stores feedback and answers each, in order.
pub fn apply(conn: &mut Conn, rows: &[Row]) -> AppResult<Vec<Answer>> {
    with(conn, &mut Directory::default(), &rows.iter().collect::<Vec<_>>())
}

/// As `apply`, with names that were looked up already.
pub fn with(conn: &mut Conn, directory: &mut Directory, rows: &[&Row]) -> AppResult<Vec<Answer>> {
    let ids = targets(conn, directory, rows)?;
    let subjects = subjects(conn, &ids)?;
    let claimed = rows.iter().filter(|row| matches!(row.author, Author::Claimed));
    let authors = claimed.filter_map(|row| row.draft.author.as_deref());
    let reviewers = rows.iter().filter_map(|row| decided(row)?.reviewer.as_deref());
    let authors = accounts::actions::claim_addresses(conn, authors.chain(reviewers))?;
    let mut schemas = Schemas::default();
    let mut answers: Vec<Answer> = Vec::with_capacity(rows.len());
    let (mut new, mut places) = (Vec::new(), Vec::new());
    for (row, id) in rows.iter().zip(&ids) {
        let Some(subject) = id.and_then(|id| subjects.get(&id)) else {
            answers.push(Answer::NotFound);
            continue;
        };
        if !is_reached(conn, directory, row, subject)? {
            answers.push(Answer::NotFound);
            continue;
        }
        match check(conn, directory, &mut schemas, row, subject) {
            Ok(category) => {
                let author = author_of(row, &authors);
                new.push(feedback(row, subject, author, category));
                places.push((answers.len(), subject.clone(), *row));
                answers.push(Answer::NotFound);
            }
            Err(AppError::Invalid(mistakes)) => answers.push(Answer::Invalid(mistakes)),
            Err(other) => return Err(other),
        }
    }
    let outcome = crate::feedback::actions::record(conn, &new)?;
    let (mut candidates, mut brought) = (Vec::new(), Vec::new());
    for (((place, subject, row), feedback), recorded) in
        places.into_iter().zip(new).zip(outcome.recorded)
    {
        let (id, supersedes) = match recorded {
            Recorded::Duplicate(id) => {
                answers[place] = Answer::Duplicate(id);
                continue;
            }
            Recorded::Created { id, supersedes } => (id, supersedes),
        };
        answers[place] = Answer::Created(id);
        if outcome.superseded_at_once.contains(&id) {
            continue;
        }
        let imported = decided(row).map(|decided| imported(decided, &authors));
        if imported.as_ref().is_some_and(|imported| imported.outcome.is_some()) {
            brought.extend(row.permit.actor());
        }
        candidates.push(Candidate {
            supersedes: supersedes.filter(|old| !outcome.superseded_at_once.contains(old)),
            is_trusted: is_trusted(&row.author, &subject),
            is_contested: outcome.overridden.contains(&subject.row.id),
            was_confirmed: outcome.confirmed.contains(&subject.row.id),
            imported,
            subject,
            feedback,
        });
    }
    note_decided(conn, &brought)?;
    if !candidates.is_empty() {
        crate::signals::actions::consider(conn, &candidates)?;
        crate::escalations::actions::report(conn, &candidates)?;
    }
    Ok(answers)
}

/// Decisions that come along with feedback have no reviewer's act; the audit log says who brought
/// how many. A batch holds what several sent.
fn note_decided(conn: &mut Conn, brought: &[Actor]) -> AppResult<()> {
    let mut counts: BTreeMap<Actor, i64> = BTreeMap::new();
    for actor in brought {
        *counts.entry(*actor).or_default() += 1;
    }
    for (actor, count) in counts {
        audit::record(conn, actor, "decision.import", "feedback", json!({ "count": count }))?;
    }
    Ok(())
}

/// What was decided elsewhere, where the sender may say so.
fn decided(row: &Row) -> Option<&Decided> {
    row.draft.decided.as_ref().filter(|_| row.permit.status)
}

fn imported(decided: &Decided, people: &HashMap<String, PersonId>) -> Imported {
    let outcome = decided.outcome.or(match decided.status {
        SignalStatus::Accepted => Some(Outcome::Accepted),
        SignalStatus::Declined => Some(Outcome::Declined),
        SignalStatus::Pending => None,
    });
    let reviewer = decided.reviewer.as_deref().map(accounts::model::normal_address);
    Imported {
        outcome,
        label: decided.label.clone(),
        by: reviewer.and_then(|name| people.get(&name).copied()),
    }
}

/// Whether the sender's key is for the interaction's agent and team.
fn is_reached(
    conn: &mut Conn,
    directory: &mut Directory,
    row: &Row,
    subject: &Subject,
) -> AppResult<bool> {
    let Some(reach) = &row.permit.reach else { return Ok(true) };
    directory.reaches(conn, reach, &subject.agent.slug, subject.deployment.team_id)
}

fn targets(
    conn: &mut Conn,
    directory: &mut Directory,
    rows: &[&Row],
) -> AppResult<Vec<Option<InteractionId>>> {
    let mut found: HashMap<(AgentId, Environment, &str), Option<InteractionId>> = HashMap::new();
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(match &row.target {
            Target::Id(id) => Some(*id),
            Target::Key { agent, environment, external_id } => {
                match directory.agent(conn, agent, Unknown::Refuse) {
                    Ok(known) => {
                        let key = (known.agent.id, *environment, external_id.as_str());
                        match found.get(&key) {
                            Some(id) => *id,
                            None => {
                                let id = crate::interactions::queries::find_id_by_key(
                                    conn, key.0, key.1, key.2,
                                )?;
                                found.insert(key, id);
                                id
                            }
                        }
                    }
                    Err(AppError::Invalid(_)) => None,
                    Err(other) => return Err(other),
                }
            }
        });
    }
    Ok(ids)
}

fn subjects(
    conn: &mut Conn,
    ids: &[Option<InteractionId>],
) -> AppResult<HashMap<InteractionId, Arc<Subject>>> {
    let mut wanted: Vec<InteractionId> = ids.iter().flatten().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let rows = crate::feedback::queries::subjects(conn, &wanted)?;
    Ok(rows.into_iter().map(|subject| (subject.row.id, Arc::new(subject))).collect())
}

/// Champions of the team and engineers are trusted, while they are signed in.
fn is_trusted(author: &Author, subject: &Subject) -> bool {
    match author {
        Author::SignedIn(who) => {
            who.person.is_engineer || who.is_champion_of(subject.deployment.team_id)
        }
        Author::Link(_) | Author::Claimed => false,
    }
}

fn author_of(row: &Row, claimed: &HashMap<String, PersonId>) -> Option<PersonId> {
    match &row.author {
        Author::SignedIn(who) => Some(who.id()),
        Author::Link(id) => Some(*id),
        Author::Claimed => {
            let address = accounts::model::normal_address(row.draft.author.as_deref()?);
            claimed.get(&address).copied()
        }
    }
}

fn feedback(
    row: &Row,
    subject: &Subject,
    author_id: Option<PersonId>,
    category_id: Option<CategoryId>,
) -> Feedback {
    let draft = &row.draft;
    Feedback {
        id: FeedbackId::new(),
        interaction_id: subject.row.id,
        deployment_id: subject.row.deployment_id,
        author_id,
        known_by: match row.author {
            Author::SignedIn(_) => KnownBy::Session,
            Author::Link(_) => KnownBy::Link,
            Author::Claimed => KnownBy::Key,
        },
        verdict: draft.verdict,
        correction: draft.correction.clone(),
        category_id,
        severity: draft.severity,
        comment: draft.comment.clone(),
        urgency: draft.urgency,
        occurred_at: draft.occurred_at.unwrap_or_else(clock::now),
        external_id: draft.external_id.clone(),
        dedup_key: draft.dedup_key,
        superseded_by: None,
        is_audit: decided(row).is_some_and(|decided| decided.is_audit),
    }
}

/// Schemas that were compiled for this batch, by agent.
#[derive(Default)]
struct Schemas(HashMap<AgentId, Option<Schema>>);

/// Checks a draft against what it is about; gives its category.
fn check(
    conn: &mut Conn,
    directory: &mut Directory,
    schemas: &mut Schemas,
    row: &Row,
    subject: &Subject,
) -> AppResult<Option<CategoryId>> {
    let (draft, at) = (&row.draft, row.at.as_str());
    let known = directory.know(conn, &subject.agent)?;
    let output = subject.body.output.as_ref();
    if draft.verdict == Verdict::Confirmed && output.is_none() {
        return Err(AppError::invalid(format!("{at}/verdict"), "there is no output to confirm"));
    }
    if let Some(correction) = &draft.correction {
        let pointer = format!("{at}/correction");
        let kind = subject.agent.kind;
        rules::check_shape(kind, correction)
            .map_err(|why| AppError::invalid(pointer.as_str(), why))?;
        if output.is_some_and(|output| rules::same_output(kind, output, correction)) {
            return Err(AppError::invalid(pointer, rules::SAME));
        }
        match kind {
            OutputKind::Label => {
                check_label(conn, directory, &known, correction, &pointer, row.permit.unknown)?;
            }
            OutputKind::Json => schemas.check(&known, correction, &pointer)?,
            OutputKind::Text | OutputKind::Message => {}
        }
    }
    check_decided(conn, directory, row, &known)?;
    match &draft.category {
        None => Ok(None),
        Some(slug) => {
            let pointer = format!("{at}/category");
            directory.category(conn, &known, slug, &pointer, row.permit.unknown).map(Some)
        }
    }
}

/// The label that a reviewer gave elsewhere fits the agent as well.
fn check_decided(
    conn: &mut Conn,
    directory: &mut Directory,
    row: &Row,
    known: &Known,
) -> AppResult<()> {
    let Some(label) = decided(row).and_then(|decided| decided.label.as_ref()) else {
        return Ok(());
    };
    let pointer = format!("{}/label", row.at);
    rules::check_shape(known.agent.kind, label)
        .map_err(|why| AppError::invalid(pointer.as_str(), why))?;
    if known.agent.kind == OutputKind::Label {
        check_label(conn, directory, known, label, &pointer, row.permit.unknown)?;
    }
    Ok(())
}

fn check_label(
    conn: &mut Conn,
    directory: &mut Directory,
    known: &Known,
    correction: &JsonText,
    pointer: &str,
    unknown: Unknown,
) -> AppResult<()> {
    let name = correction.plain();
    if known.labels.get(&name).is_some_and(|label| label.retired_at.is_some()) {
        return Err(AppError::invalid(pointer, format!("the label `{name}` is retired")));
    }
    directory.label(conn, known, &name, pointer, unknown)
}

impl Schemas {
    fn check(&mut self, known: &Known, correction: &JsonText, pointer: &str) -> AppResult<()> {
        let schema = self.0.entry(known.agent.id).or_insert_with(|| {
            known.agent.json_schema.as_deref().and_then(|text| Schema::compile(text).ok())
        });
        let Some(schema) = schema else { return Ok(()) };
        let mut mistakes = Mistakes::default();
        for breach in schema.check(&correction.to_value()) {
            mistakes.add(format!("{pointer}{}", breach.pointer), breach.message);
        }
        mistakes.or(()).map_err(AppError::from)
    }
}
