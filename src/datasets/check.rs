//! Whether a question can be answered: every name is looked up, and filters that leave nothing are
//! said before anything is built.

use super::model::GroupBy;
use super::question::Question;
use super::redact::Redactor;
use super::{queries, split};
use crate::accounts::{self, TeamId};
use crate::agents::model::Agent;
use crate::agents::{self, AgentId, CategoryId, DeploymentId, OutputKind, VersionId};
use crate::db::Conn;
use crate::error::{AppError, AppResult, Mistakes};
use crate::exports::Format;
use crate::feedback::Verdict;

/// A question whose names were looked up.
#[derive(Debug, Clone)]
pub struct Scope {
    /// By slug.
    pub agents: Vec<Agent>,
    /// What each agent's interactions are grouped by, in the same order.
    pub groups: Vec<GroupBy>,
    pub deployments: Option<Vec<DeploymentId>>,
    pub versions: Option<Vec<VersionId>>,
    pub categories: Option<Vec<CategoryId>>,
}

const MOST_AGENTS: usize = 50;
const MOST_NAMES: usize = 500;

/// A dataset's name: a slug that starts with a letter or digit, and is no word of an address.
pub fn name(name: &str) -> Result<(), Mistakes> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if accounts::actions::check_slug(name).is_err() || !starts_well {
        return Err(Mistakes::one(
            "/name",
            "is 1 to 100 of a-z, 0-9, “-”, “_” and “.”, and starts with a letter or digit",
        ));
    }
    if name == "new" {
        return Err(Mistakes::one("/name", "`new` is the page that makes one; call it otherwise"));
    }
    Ok(())
}

/// Looks the names up; what is not there, or can't give anything, is a mistake.
pub fn scope(conn: &mut Conn, question: &Question) -> AppResult<Scope> {
    let mut mistakes = alone(question);
    let agents = find_agents(conn, question, &mut mistakes)?;
    let ids: Vec<AgentId> = agents.iter().map(|agent| agent.id).collect();
    let deployments = find_deployments(conn, question, &agents, &mut mistakes)?;
    let mut versions = Vec::new();
    for (n, name) in question.versions.iter().enumerate() {
        let found = agents::queries::versions_named(conn, &ids, name)?;
        if found.is_empty() {
            mistakes.add(format!("/versions/{n}"), format!("`{name}` is no version of theirs"));
        }
        versions.extend(found);
    }
    let mut categories = Vec::new();
    for (n, slug) in question.categories.iter().enumerate() {
        let found = agents::queries::categories_named(conn, Some(&ids), slug)?;
        if found.is_empty() {
            mistakes.add(format!("/categories/{n}"), format!("`{slug}` is no category of theirs"));
        }
        categories.extend(found);
    }
    let groups = groups(conn, question, &agents, &mut mistakes)?;
    let some = |is_asked: bool, what| is_asked.then_some(what);
    let scope = Scope {
        agents,
        groups,
        deployments,
        versions: some(!question.versions.is_empty(), versions),
        categories: (!question.categories.is_empty()).then_some(categories),
    };
    Ok(mistakes.or(scope)?)
}

/// What can be said without the database.
fn alone(question: &Question) -> Mistakes {
    let mut mistakes = Mistakes::default();
    if question.format == Format::Signals {
        let why = "a release holds training data; `signals` comes from `overrule export`";
        mistakes.add("/format", why);
    }
    for (n, file) in question.file_formats.iter().enumerate() {
        if let Some(why) = question.format.refuses_file(*file) {
            mistakes.add(format!("/file_formats/{n}"), why);
        }
    }
    let lists = [
        ("/agents", question.agents.len(), MOST_AGENTS),
        ("/versions", question.versions.len(), MOST_NAMES),
        ("/teams", question.teams.len(), MOST_NAMES),
        ("/categories", question.categories.len(), MOST_NAMES),
    ];
    for (field, length, most) in lists {
        if length > most {
            mistakes.add(field, format!("has {most} names at most"));
        }
    }
    if let (Some(since), Some(until)) = (question.since, question.until)
        && since >= until
    {
        mistakes.add("/until", "must be later than `since`: nothing happened in between");
    }
    if let Some(why) = no_row(question) {
        mistakes.add("/verdicts", why);
    }
    shares(question, &mut mistakes);
    limits(question, &mut mistakes);
    if let Err(more) = Redactor::new(&question.redact, &question.patterns, &[0; 32]) {
        mistakes.0.extend(more.0);
    }
    mistakes
}

/// A sentence where no verdict that is asked for gives a row in the format.
fn no_row(question: &Question) -> Option<String> {
    use Format::*;
    let gives = |verdict: &Verdict| match (question.format, verdict) {
        (Preference | OpenaiPreference, verdict) => *verdict == Verdict::Corrected,
        (Kto, verdict) => *verdict != Verdict::Escalated,
        (Classification, verdict) => *verdict != Verdict::Rejected,
        (Argilla | LabelStudio, _) => true,
        (_, verdict) => matches!(verdict, Verdict::Confirmed | Verdict::Corrected),
    };
    if question.verdicts.is_empty() || question.verdicts.iter().any(gives) {
        return None;
    }
    let wanted: Vec<&str> = Verdict::ALL.iter().filter(|v| gives(v)).map(|v| v.as_str()).collect();
    let format = question.format;
    Some(format!("leaves nothing: the format {format} is made of {}", wanted.join(", ")))
}

fn shares(question: &Question, mistakes: &mut Mistakes) {
    let split = question.split;
    let all = [split.train, split.validation, split.test];
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    if !all.iter().all(is_share) || (all.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
        mistakes.add("/split", "has shares from 0 to 1 that make 1 together");
    }
}

fn limits(question: &Question, mistakes: &mut Mistakes) {
    let max = question.max_per;
    for (field, limit) in [("/max_per/category", max.category), ("/max_per/label", max.label)] {
        if limit == Some(0) {
            mistakes.add(field, "is a number from 1 on");
        }
    }
    if question.max_tokens == Some(0) {
        mistakes.add("/max_tokens", "is a number from 1 on");
    }
    let is_licence =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-.+".contains(c));
    if question.license.as_deref().is_some_and(|l| l.is_empty() || l.len() > 60 || !is_licence(l)) {
        mistakes.add("/license", "is a licence's short name, such as `cc-by-4.0` or `other`");
    }
    if question.description.as_deref().is_some_and(|text| text.chars().count() > 2_000) {
        mistakes.add("/description", "has 2,000 characters at most");
    }
}

fn find_agents(
    conn: &mut Conn,
    question: &Question,
    mistakes: &mut Mistakes,
) -> AppResult<Vec<Agent>> {
    let mut found: Vec<Agent> = Vec::new();
    for (n, slug) in question.agents.iter().enumerate().take(MOST_AGENTS) {
        let field = format!("/agents/{n}");
        match agents::queries::find_by_slug(conn, slug)? {
            None => mistakes.add(field, format!("there is no agent `{slug}`")),
            Some(agent) if found.iter().any(|other| other.id == agent.id) => {
                mistakes.add(field, format!("`{slug}` is there twice"));
            }
            Some(agent) => {
                if let Some(why) = question.format.refuses(&agent.slug, agent.kind) {
                    mistakes.add("/format", why);
                }
                if question.max_per.label.is_some() && agent.kind != OutputKind::Label {
                    let why = format!("`{slug}` gives {}; only labels can be counted", agent.kind);
                    mistakes.add("/max_per/label", why);
                }
                found.push(agent);
            }
        }
    }
    if question.agents.is_empty() {
        mistakes.add("/agents", "names at least one agent");
    }
    if question.format == Format::Classification && found.len() > 1 {
        let why = "the format classification takes one agent: `label_id` is a place in its list";
        mistakes.add("/agents", why);
    }
    found.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(found)
}

/// The deployments that teams and environments leave.
fn find_deployments(
    conn: &mut Conn,
    question: &Question,
    agents: &[Agent],
    mistakes: &mut Mistakes,
) -> AppResult<Option<Vec<DeploymentId>>> {
    if question.teams.is_empty() && question.environments.is_empty() {
        return Ok(None);
    }
    let mut teams: Vec<TeamId> = Vec::new();
    for (n, slug) in question.teams.iter().enumerate() {
        match queries::find_team(conn, slug)? {
            Some(team) => teams.push(team),
            None => mistakes.add(format!("/teams/{n}"), format!("there is no team `{slug}`")),
        }
    }
    let mut left = Vec::new();
    for agent in agents {
        for (deployment, _) in agents::queries::list_deployments(conn, agent.id)? {
            let by_team = question.teams.is_empty() || teams.contains(&deployment.team_id);
            let by_environment = question.environments.is_empty()
                || question.environments.contains(&deployment.environment);
            if by_team && by_environment {
                left.push(deployment.id);
            }
        }
    }
    if left.is_empty() && mistakes.is_empty() && !agents.is_empty() {
        let field = if question.teams.is_empty() { "/environments" } else { "/teams" };
        mistakes.add(field, "leaves nothing: none of these agents is used there");
    }
    Ok(Some(left))
}

/// What each agent is grouped by: as its first release had it.
fn groups(
    conn: &mut Conn,
    question: &Question,
    agents: &[Agent],
    mistakes: &mut Mistakes,
) -> AppResult<Vec<GroupBy>> {
    let mut groups = Vec::new();
    for agent in agents {
        let asked = question.group_by;
        let fixed = queries::find_rule(conn, agent.id)?;
        if let (Some(asked), Some(fixed)) = (asked, fixed)
            && asked != fixed
        {
            let slug = &agent.slug;
            let why = format!("`{slug}` is split by {fixed} since its first release, for good");
            mistakes.add("/group_by", why);
        }
        groups.push(fixed.or(asked).unwrap_or(split::DEFAULT));
    }
    Ok(groups)
}

/// The question of a release that is about to be built: what was right once may be gone.
pub fn again(conn: &mut Conn, question: &Question) -> AppResult<Scope> {
    scope(conn, question).map_err(|error| match error {
        AppError::Invalid(mistakes) => {
            AppError::Conflict(format!("The question can't be answered any more: {mistakes}."))
        }
        other => other,
    })
}
