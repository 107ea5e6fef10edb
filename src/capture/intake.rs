//! Storing lines of the interchange format: names are looked up, interactions stored, and the
//! feedback that came along is submitted, all in one transaction.

use super::line::Line;
use super::submit::{self, Author, Target};
use super::{Permit, draft::Draft};
use crate::accounts::{self, PersonId, TeamId, Who};
use crate::agents::directory::Known;
use crate::agents::{Agent, Directory, OutputKind};
use crate::clock;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::rules;
use crate::interactions::actions::{NewInteraction, Recorded};
use crate::interactions::model::{Body, Interaction, Source};
use crate::interactions::{self, InteractionId};
use std::collections::HashMap;
use std::sync::Arc;

/// A line to be stored.
pub struct Row {
    pub line: Line,
    pub permit: Permit,
    /// Who reports what was not logged; none where a program logs it.
    pub reporter: Option<Arc<Who>>,
    /// When it came, where that is told; none is now.
    pub received_at: Option<Instant>,
}

impl Row {
    /// A line that a program or a command sends.
    pub fn logged(line: Line, permit: Permit) -> Self {
        Self { line, permit, reporter: None, received_at: None }
    }
}

/// What became of a line.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What became of the interaction, or why it can't be stored.
    pub interaction: Result<Recorded, Mistakes>,
    /// What became of each feedback in it; empty where the interaction was not taken.
    pub feedback: Vec<submit::Answer>,
}

/// Stores lines and answers each, in order.
pub fn apply(conn: &mut Conn, rows: &[Row]) -> AppResult<Vec<Answer>> {
    let mut directory = Directory::default();
    let end_users = accounts::actions::claim_addresses(
        conn,
        rows.iter().filter_map(|row| row.line.end_user.as_deref()),
    )?;
    let mut new = Vec::with_capacity(rows.len());
    let mut answers: Vec<Answer> = Vec::with_capacity(rows.len());
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        match prepare(conn, &mut directory, &end_users, row) {
            Ok(interaction) => {
                places.push(answers.len());
                new.push(interaction);
                answers.push(Answer { interaction: Err(Mistakes::default()), feedback: vec![] });
            }
            Err(AppError::Invalid(mistakes)) => {
                answers.push(Answer { interaction: Err(mistakes), feedback: vec![] });
            }
            Err(other) => return Err(other),
        }
    }
    let recorded = interactions::actions::record(conn, &new)?;
    for (place, recorded) in places.into_iter().zip(recorded) {
        answers[place].interaction = Ok(recorded);
    }
    hide_what_is_out_of_reach(conn, &mut directory, rows, &mut answers)?;
    submit_feedback(conn, &mut directory, rows, &mut answers)?;
    Ok(answers)
}

/// Feedback of lines that were taken or are there already; a conflict changes nothing.
fn submit_feedback(
    conn: &mut Conn,
    directory: &mut Directory,
    rows: &[Row],
    answers: &mut [Answer],
) -> AppResult<()> {
    let (mut sent, mut places) = (Vec::new(), Vec::new());
    for (place, (row, answer)) in rows.iter().zip(answers.iter_mut()).enumerate() {
        let id = match &answer.interaction {
            Ok(Recorded::Created(id) | Recorded::Duplicate(id)) => *id,
            Ok(Recorded::Conflict(_)) | Err(_) => continue,
        };
        for (n, draft) in row.line.feedback.iter().enumerate() {
            let slot = answer.feedback.len();
            match draft {
                Err(mistakes) => answer.feedback.push(submit::Answer::Invalid(mistakes.clone())),
                Ok(_) if !row.permit.feedback => {
                    let why = "this key lacks the scope `feedback`";
                    let mistakes = Mistakes::one(format!("/feedback/{n}"), why);
                    answer.feedback.push(submit::Answer::Invalid(mistakes));
                }
                Ok(draft) => {
                    answer.feedback.push(submit::Answer::NotFound);
                    places.push((place, slot));
                    sent.push(feedback_row(id, draft, row, n));
                }
            }
        }
    }
    if sent.is_empty() {
        return Ok(());
    }
    let outcomes = submit::with(conn, directory, &sent.iter().collect::<Vec<_>>())?;
    for ((place, slot), outcome) in places.into_iter().zip(outcomes) {
        answers[place].feedback[slot] = outcome;
    }
    Ok(())
}

fn feedback_row(id: InteractionId, draft: &Draft, row: &Row, n: usize) -> submit::Row {
    submit::Row {
        target: Target::Id(id),
        draft: draft.clone(),
        author: row.reporter.clone().map_or(Author::Claimed, Author::SignedIn),
        permit: row.permit.clone(),
        at: format!("/feedback/{n}"),
    }
}

/// Looks up the names in a line.
fn prepare(
    conn: &mut Conn,
    directory: &mut Directory,
    end_users: &HashMap<String, PersonId>,
    row: &Row,
) -> AppResult<NewInteraction> {
    let (line, unknown) = (&row.line, row.permit.unknown);
    let known = reached_agent(conn, directory, row)?;
    let agent = &known.agent;
    let team = reached_team(conn, directory, row, agent)?;
    if let Some(output) = &line.output {
        check_output(agent.kind, output)?;
        if agent.kind == OutputKind::Label {
            directory.label(conn, &known, &output.plain(), "/output", unknown)?;
        }
    }
    let deployment = directory.deployment(conn, agent, team, line.environment)?;
    let version_id = directory.version(conn, agent.id, &line.agent_version)?;
    let id = row.received_at.map_or_else(InteractionId::new, InteractionId::of_time);
    let external_id = match &line.external_id {
        None if row.permit.derive_key => Some(line.derived_key()),
        other => other.clone(),
    };
    let end_user = line.end_user.as_deref().map(accounts::model::normal_address);
    Ok(NewInteraction {
        names_team: line.team.is_some(),
        names_time: line.occurred_at.is_some(),
        row: Interaction {
            id,
            deployment_id: deployment.id,
            agent_id: agent.id,
            version_id,
            environment: line.environment,
            external_id,
            content_hash: line.content_hash,
            input_hash: line.input_hash,
            source: if row.reporter.is_some() { Source::Report } else { Source::Log },
            conversation_id: line.conversation_id.clone(),
            end_user_id: end_user.and_then(|name| end_users.get(&name).copied()),
            occurred_at: line.occurred_at.unwrap_or_else(clock::now),
            confidence: line.confidence,
            model: line.model.clone(),
            latency_ms: line.latency_ms,
            input_tokens: line.input_tokens,
            output_tokens: line.output_tokens,
            cost_nano_usd: line.cost_nano_usd,
        },
        body: Body {
            interaction_id: id,
            input: line.input.clone(),
            tools: line.tools.clone(),
            output: line.output.clone(),
            error: line.error.clone(),
            sources: line.sources.clone(),
            metadata: line.metadata.clone(),
        },
    })
}

/// What an agent gives that is seen for the first time: text, unless its first output has a
/// structure. A text may as well be a label; that is for people to say.
fn kind_of(line: &Line) -> OutputKind {
    let Some(output) = line.output.as_ref().filter(|o| o.as_str().starts_with(['{', '['])) else {
        return OutputKind::Text;
    };
    match rules::check_message(&output.to_value()) {
        Ok(()) => OutputKind::Message,
        Err(_) => OutputKind::Json,
    }
}

/// The agent that the line names, if the sender's key is for it. Of others it isn't said whether
/// they are there.
fn reached_agent(conn: &mut Conn, directory: &mut Directory, row: &Row) -> AppResult<Arc<Known>> {
    let slug = row.line.agent.as_str();
    if row.permit.reach.as_ref().is_some_and(|reach| !reach.has_agent(slug)) {
        return Err(AppError::invalid("/agent", format!("this key is not for `{slug}`")));
    }
    directory.agent_giving(conn, slug, row.permit.unknown, || kind_of(&row.line))
}

/// The team that the line names, or the agent's own, if the sender's key is for it.
fn reached_team(
    conn: &mut Conn,
    directory: &mut Directory,
    row: &Row,
    agent: &Agent,
) -> AppResult<TeamId> {
    let (named, reach) = (row.line.team.as_deref(), row.permit.reach.as_deref());
    let refused = || AppError::invalid("/team", "this key is not for that team");
    if let (Some(slug), Some(reach)) = (named, reach)
        && !reach.has_team(slug)
    {
        return Err(refused());
    }
    let team = match named {
        Some(slug) => directory.team(conn, slug, row.permit.unknown)?,
        None => agent.team_id,
    };
    match reach {
        Some(reach) if !directory.reaches(conn, reach, &agent.slug, team)? => Err(refused()),
        _ => Ok(team),
    }
}

/// What a key must not learn: that its line has the key of an interaction of a team that it is not
/// for, and which one that is.
fn hide_what_is_out_of_reach(
    conn: &mut Conn,
    directory: &mut Directory,
    rows: &[Row],
    answers: &mut [Answer],
) -> AppResult<()> {
    for (row, answer) in rows.iter().zip(answers) {
        let (Some(reach), Ok(Recorded::Duplicate(id) | Recorded::Conflict(id))) =
            (&row.permit.reach, &answer.interaction)
        else {
            continue;
        };
        let team = interactions::queries::team_of(conn, *id)?;
        if !directory.reaches(conn, reach, &row.line.agent, team)? {
            let why = "is taken by an interaction that this key is not for";
            answer.interaction = Err(Mistakes::one("/external_id", why));
        }
    }
    Ok(())
}

/// The shape an output must have for the agent's kind. A wrong output is welcome, it is what
/// people correct; one of another type is a mistake of the sender.
fn check_output(kind: OutputKind, output: &crate::interactions::JsonText) -> AppResult<()> {
    let is_string = output.as_str().starts_with('"');
    match kind {
        OutputKind::Text | OutputKind::Label if !is_string => {
            Err(AppError::invalid("/output", "is a string for this agent"))
        }
        OutputKind::Message => rules::check_message(&output.to_value())
            .map_err(|why| AppError::invalid("/output", why)),
        _ => Ok(()),
    }
}
