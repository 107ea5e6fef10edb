//! `overrule agent set`

use crate::agents::actions::{self, AgentChange};
use crate::agents::deployments::{self, DeploymentInput};
use crate::agents::model::{ReviewPolicy, Visibility};
use crate::agents::tree::{self, Node};
use crate::agents::{Environment, OutputKind, queries};
use crate::audit::Actor;
use crate::config::Config;
use crate::error::AppError;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make an agent, or change one; what is not named stays as it is
    Set(Box<Set>),
    /// Make the deployment of an agent in a team and environment, or change one
    Deploy(Deploy),
}

#[derive(clap::Args)]
pub(super) struct Deploy {
    /// The agent's name in programs
    slug: String,
    /// The team that uses it, made if it isn't there
    #[arg(long)]
    team: String,
    /// development, staging or production
    #[arg(long, default_value = "production")]
    environment: Environment,
    /// none, trusted or required
    #[arg(long)]
    review: Option<ReviewPolicy>,
    /// team or own
    #[arg(long)]
    visibility: Option<Visibility>,
    /// Minutes until someone should have looked
    #[arg(long, value_name = "MINUTES")]
    normal_due_minutes: Option<i64>,
    /// The same where it is urgent
    #[arg(long, value_name = "MINUTES")]
    urgent_due_minutes: Option<i64>,
    /// Minutes until what was asked of a person should be done with
    #[arg(long, value_name = "MINUTES")]
    normal_resolution_minutes: Option<i64>,
    /// The same where it is urgent
    #[arg(long, value_name = "MINUTES")]
    urgent_resolution_minutes: Option<i64>,
    /// How many must decide each item, 1 to 9
    #[arg(long, value_name = "N")]
    reviews_needed: Option<i64>,
    /// How many answers that nobody reported are looked at each week, 0 to 500
    #[arg(long, value_name = "N")]
    weekly_audits: Option<i64>,
}

#[derive(clap::Args)]
pub(super) struct Set {
    /// The agent's name in programs
    slug: String,
    /// The agent's name for people
    #[arg(long)]
    name: Option<String>,
    /// text, label, json or message
    #[arg(long)]
    kind: Option<OutputKind>,
    /// Labels: one a line, or a JSON list; those left out are retired
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// A JSON Schema
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Categories: a slug a line, two spaces for each level, or a JSON tree
    #[arg(long, value_name = "FILE")]
    categories: Option<PathBuf>,
    /// none, trusted or required
    #[arg(long)]
    review: Option<ReviewPolicy>,
    /// The owning team, made if it isn't there
    #[arg(long)]
    team: Option<String>,
    /// team or own
    #[arg(long)]
    visibility: Option<Visibility>,
    /// What it is good at, for end users
    #[arg(long, value_name = "TEXT")]
    good_at: Option<String>,
    /// What it is not for, for end users
    #[arg(long, value_name = "TEXT")]
    not_for: Option<String>,
    /// The label of what is out of its scope
    #[arg(long, value_name = "LABEL")]
    out_of_scope_label: Option<String>,
}

pub(super) fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Set(set) => change(config, *set),
        Command::Deploy(deploy) => change_deployment(config, deploy),
    }
}

fn change_deployment(config: &Config, asked: Deploy) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let Deploy { slug, team, environment, .. } = asked;
    let input = DeploymentInput {
        review: asked.review,
        visibility: asked.visibility,
        normal_due_minutes: asked.normal_due_minutes,
        urgent_due_minutes: asked.urgent_due_minutes,
        normal_resolution_minutes: asked.normal_resolution_minutes,
        urgent_resolution_minutes: asked.urgent_resolution_minutes,
        reviews_needed: asked.reviews_needed,
        weekly_audits: asked.weekly_audits,
    };
    let (agent, named) = (slug.clone(), team.clone());
    let set = db.write_now(move |conn| {
        let place = (agent.as_str(), named.as_str(), environment);
        deployments::set(conn, Actor::CommandLine, place, input)
    });
    db.close();
    let (row, is_new) = match set {
        Err(AppError::NotFound) => anyhow::bail!("there is no agent `{slug}`"),
        other => other?,
    };
    let made = if is_new { "made" } else { "changed" };
    eprintln!("{made} {slug} in {team}, {environment}: review {}", row.review);
    Ok(ExitCode::SUCCESS)
}

fn change(config: &Config, set: Set) -> anyhow::Result<ExitCode> {
    let change = AgentChange {
        name: set.name,
        kind: set.kind,
        team: set.team,
        review: set.review,
        visibility: set.visibility,
        good_at: set.good_at,
        not_for: set.not_for,
        labels: set.labels.as_deref().map(labels).transpose()?,
        schema: set.schema.as_deref().map(text).transpose()?.map(Some),
        out_of_scope_label: set.out_of_scope_label.map(Some),
        categories: set.categories.as_deref().map(categories).transpose()?,
        normal_due_minutes: None,
        urgent_due_minutes: None,
        normal_resolution_minutes: None,
        urgent_resolution_minutes: None,
    };
    let db = super::open(config)?;
    let slug = set.slug;
    let (agent, is_new, labels) = db.write_now(move |conn| {
        let (agent, is_new) = actions::set(conn, Actor::CommandLine, &slug, &change)?;
        let labels = queries::list_labels(conn, agent.id)?.len();
        Ok((agent, is_new, labels))
    })?;
    db.close();
    let labels = if labels > 0 { format!(", {labels} labels") } else { String::new() };
    let made = if is_new { "made" } else { "changed" };
    eprintln!("{made} {}: gives {}, review {}{labels}", agent.slug, agent.kind, agent.review);
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

fn labels(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = text(path)?;
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text)
            .with_context(|| format!("{} is not a JSON list of labels", path.display()));
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn categories(path: &Path) -> anyhow::Result<Vec<Node>> {
    let text = text(path)?;
    if text.trim_start().starts_with('[') {
        if let Ok(slugs) = serde_json::from_str::<Vec<String>>(&text) {
            let node = |slug| Node { slug, name: None, children: Vec::new() };
            return Ok(slugs.into_iter().map(node).collect());
        }
        return serde_json::from_str(&text)
            .with_context(|| format!("{} is not a JSON tree of categories", path.display()));
    }
    tree::read(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))
}
