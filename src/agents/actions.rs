//! Making and changing agents.

use super::model::{
    Agent, AgentId, Category, CategoryId, Label, LabelId, OutputKind, ReviewPolicy, Visibility,
};
use super::schema::Schema;
use super::tree::{self, Node};
use super::{DeploymentId, directory, queries};
use crate::accounts;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::{agents, categories, deployments, labels};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

/// What is to be changed; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct AgentChange {
    pub name: Option<String>,
    pub kind: Option<OutputKind>,
    /// Slug of the owning team, made if it isn't there.
    pub team: Option<String>,
    pub review: Option<ReviewPolicy>,
    pub visibility: Option<Visibility>,
    pub good_at: Option<String>,
    pub not_for: Option<String>,
    /// All labels that are in use, in order; those left out are retired.
    pub labels: Option<Vec<String>>,
    /// The JSON Schema as text; `Some(None)` takes it away.
    pub schema: Option<Option<String>>,
    /// `Some(None)` takes it away.
    pub out_of_scope_label: Option<Option<String>>,
    /// The whole tree; those left out are retired.
    pub categories: Option<Vec<Node>>,
    pub normal_due_minutes: Option<i64>,
    pub urgent_due_minutes: Option<i64>,
    pub normal_resolution_minutes: Option<i64>,
    pub urgent_resolution_minutes: Option<i64>,
}

/// Makes the agent, or changes it; also says whether it is new. A changed default (review,
/// visibility, due times) reaches the deployments that still had the old one.
pub fn set(
    conn: &mut Conn,
    by: Actor,
    slug: &str,
    change: &AgentChange,
) -> AppResult<(Agent, bool)> {
    let (old, is_new) = match queries::find_by_slug(conn, slug)? {
        Some(agent) => (agent, false),
        None => {
            let kind = change.kind.unwrap_or(OutputKind::Text);
            let team = change.team.as_deref().unwrap_or("default");
            (directory::make_agent(conn, by, slug, kind, team)?, true)
        }
    };
    let mut agent = old.clone();
    apply(conn, by, &mut agent, change)?;
    check(conn, &old, &agent, change)?;
    agent.updated_at = clock::now();
    store(conn, &agent)?;
    pass_on(conn, &old, &agent)?;
    if let Some(names) = &change.labels {
        set_labels(conn, agent.id, names)?;
    }
    if let Some(nodes) = &change.categories {
        set_categories(conn, agent.id, nodes)?;
    }
    let detail = serde_json::json!({ "new": is_new, "changed": changed(change) });
    audit::record(conn, by, "agent.set", &format!("agent:{slug}"), detail)?;
    Ok((agent, is_new))
}

/// What one team and environment has of its own.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct DeploymentChange {
    pub review: ReviewPolicy,
    pub visibility: Visibility,
    pub normal_due_minutes: i64,
    pub urgent_due_minutes: i64,
    pub normal_resolution_minutes: i64,
    pub urgent_resolution_minutes: i64,
    pub reviews_needed: i64,
    pub weekly_audits: i64,
}

/// Changes a deployment.
pub fn set_deployment(
    conn: &mut Conn,
    by: Actor,
    id: DeploymentId,
    change: DeploymentChange,
) -> AppResult<()> {
    queries::find_deployment(conn, id)?;
    diesel::update(deployments::table.find(id))
        .set((
            deployments::review.eq(change.review),
            deployments::visibility.eq(change.visibility),
            deployments::normal_due_minutes.eq(change.normal_due_minutes),
            deployments::urgent_due_minutes.eq(change.urgent_due_minutes),
            deployments::normal_resolution_minutes.eq(change.normal_resolution_minutes),
            deployments::urgent_resolution_minutes.eq(change.urgent_resolution_minutes),
            deployments::reviews_needed.eq(change.reviews_needed),
            deployments::weekly_audits.eq(change.weekly_audits),
        ))
        .execute(conn)?;
    let detail = serde_json::to_value(change).map_err(AppError::internal)?;
    audit::record(conn, by, "deployment.set", &format!("deployment:{id}"), detail)
}

fn apply(conn: &mut Conn, by: Actor, agent: &mut Agent, change: &AgentChange) -> AppResult<()> {
    let c = change.clone();
    agent.name = c.name.unwrap_or_else(|| agent.name.clone());
    agent.kind = c.kind.unwrap_or(agent.kind);
    agent.review = c.review.unwrap_or(agent.review);
    agent.visibility = c.visibility.unwrap_or(agent.visibility);
    agent.good_at = c.good_at.unwrap_or_else(|| agent.good_at.clone());
    agent.not_for = c.not_for.unwrap_or_else(|| agent.not_for.clone());
    agent.json_schema = c.schema.unwrap_or_else(|| agent.json_schema.clone());
    agent.out_of_scope_label =
        c.out_of_scope_label.unwrap_or_else(|| agent.out_of_scope_label.clone());
    agent.normal_due_minutes = c.normal_due_minutes.unwrap_or(agent.normal_due_minutes);
    agent.urgent_due_minutes = c.urgent_due_minutes.unwrap_or(agent.urgent_due_minutes);
    agent.normal_resolution_minutes =
        c.normal_resolution_minutes.unwrap_or(agent.normal_resolution_minutes);
    agent.urgent_resolution_minutes =
        c.urgent_resolution_minutes.unwrap_or(agent.urgent_resolution_minutes);
    if let Some(team) = &change.team {
        agent.team_id = accounts::actions::ensure_team(conn, by, team)?.id;
    }
    Ok(())
}

fn check(conn: &mut Conn, old: &Agent, new: &Agent, change: &AgentChange) -> AppResult<()> {
    let mut mistakes = Mistakes::default();
    let m = &mut mistakes;
    if new.name.trim().is_empty() || new.name.chars().count() > 200 {
        m.add("/name", "has 1 to 200 characters");
    }
    for (pointer, text) in [("/good_at", &new.good_at), ("/not_for", &new.not_for)] {
        if text.chars().count() > 5_000 {
            m.add(pointer, "has more than 5,000 characters");
        }
    }
    // An agent seen first in an import is taken to give text, when its texts may be labels.
    let reads_on = (old.kind, new.kind) == (OutputKind::Text, OutputKind::Label);
    if old.kind != new.kind && !reads_on && queries::has_interactions(conn, old.id)? {
        let why = "can't change any more: there are interactions of the old kind";
        m.add("/kind", format!("{why} (only `text` can still become `label`)"));
    }
    if change.labels.is_some() && new.kind != OutputKind::Label {
        m.add("/labels", "go only with the kind `label`");
    }
    match &new.json_schema {
        Some(_) if new.kind != OutputKind::Json => {
            m.add("/schema", "goes only with the kind `json`");
        }
        Some(text) => {
            if let Err(why) = Schema::compile(text) {
                m.add("/schema", why);
            }
        }
        None => {}
    }
    check_labels(m, change.labels.as_deref());
    check_out_of_scope(conn, m, new, change)?;
    check_categories(m, change.categories.as_deref());
    for (pointer, minutes) in [
        ("/normal_due_minutes", new.normal_due_minutes),
        ("/urgent_due_minutes", new.urgent_due_minutes),
        ("/normal_resolution_minutes", new.normal_resolution_minutes),
        ("/urgent_resolution_minutes", new.urgent_resolution_minutes),
    ] {
        if !(1..=525_600).contains(&minutes) {
            m.add(pointer, "is a number of minutes from 1 to 525,600 (a year)");
        }
    }
    mistakes.or(()).map_err(AppError::from)
}

fn check_labels(mistakes: &mut Mistakes, names: Option<&[String]>) {
    let mut seen = HashSet::new();
    for (n, name) in names.unwrap_or_default().iter().enumerate() {
        let at = format!("/labels/{n}");
        if name.trim().is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
            mistakes.add(at, "a label has 1 to 200 bytes and no control characters");
        } else if !seen.insert(name) {
            mistakes.add(at, format!("`{name}` is there twice"));
        }
    }
}

fn check_out_of_scope(
    conn: &mut Conn,
    mistakes: &mut Mistakes,
    new: &Agent,
    change: &AgentChange,
) -> AppResult<()> {
    let Some(label) = &new.out_of_scope_label else { return Ok(()) };
    let is_label = match &change.labels {
        Some(names) => names.contains(label),
        None => queries::list_labels(conn, new.id)?.iter().any(|l| l.name == *label),
    };
    if !is_label {
        mistakes.add("/out_of_scope_label", format!("`{label}` is not one of the labels"));
    }
    Ok(())
}

fn check_categories(mistakes: &mut Mistakes, nodes: Option<&[Node]>) {
    let mut seen = HashSet::new();
    for (_, slug, name) in tree::flatten(nodes.unwrap_or_default()) {
        if accounts::actions::check_slug(&slug).is_err() {
            let rule = "1 to 100 of a-z, 0-9, `-`, `_` and `.`";
            mistakes.add("/categories", format!("`{slug}` is not a slug: {rule}"));
        } else if name.chars().count() > 200 {
            mistakes.add("/categories", format!("the name of `{slug}` is too long"));
        } else if !seen.insert(slug.clone()) {
            mistakes.add("/categories", format!("`{slug}` is there twice"));
        }
    }
}

fn store(conn: &mut Conn, agent: &Agent) -> AppResult<()> {
    diesel::update(agents::table.find(agent.id))
        .set((
            agents::name.eq(&agent.name),
            agents::kind.eq(agent.kind),
            agents::team_id.eq(agent.team_id),
            agents::review.eq(agent.review),
            agents::visibility.eq(agent.visibility),
            agents::good_at.eq(&agent.good_at),
            agents::not_for.eq(&agent.not_for),
            agents::json_schema.eq(&agent.json_schema),
            agents::out_of_scope_label.eq(&agent.out_of_scope_label),
            agents::normal_due_minutes.eq(agent.normal_due_minutes),
            agents::urgent_due_minutes.eq(agent.urgent_due_minutes),
            agents::normal_resolution_minutes.eq(agent.normal_resolution_minutes),
            agents::urgent_resolution_minutes.eq(agent.urgent_resolution_minutes),
            agents::updated_at.eq(agent.updated_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Deployments that had the old default get the new one; those with a setting of their own keep it.
fn pass_on(conn: &mut Conn, old: &Agent, new: &Agent) -> AppResult<()> {
    use deployments as d;
    let mine = d::table.filter(d::agent_id.eq(old.id));
    if old.review != new.review {
        diesel::update(mine.filter(d::review.eq(old.review)))
            .set(d::review.eq(new.review))
            .execute(conn)?;
    }
    if old.visibility != new.visibility {
        diesel::update(mine.filter(d::visibility.eq(old.visibility)))
            .set(d::visibility.eq(new.visibility))
            .execute(conn)?;
    }
    macro_rules! pass {
        ($($minutes:ident),+) => { $(
            if old.$minutes != new.$minutes {
                diesel::update(mine.filter(d::$minutes.eq(old.$minutes)))
                    .set(d::$minutes.eq(new.$minutes))
                    .execute(conn)?;
            }
        )+ };
    }
    pass!(
        normal_due_minutes,
        urgent_due_minutes,
        normal_resolution_minutes,
        urgent_resolution_minutes
    );
    Ok(())
}

/// A label keeps its position for good: training files hold it as a number.
fn set_labels(conn: &mut Conn, agent: AgentId, names: &[String]) -> AppResult<()> {
    let old: HashMap<String, Label> =
        queries::list_labels(conn, agent)?.into_iter().map(|l| (l.name.clone(), l)).collect();
    let now = clock::now();
    let mut next = i64::try_from(old.len()).unwrap_or(i64::MAX);
    for name in names {
        match old.get(name) {
            Some(label) if label.retired_at.is_some() => {
                diesel::update(labels::table.find(label.id))
                    .set(labels::retired_at.eq(None::<crate::db::Instant>))
                    .execute(conn)?;
            }
            Some(_) => {}
            None => {
                let label = Label {
                    id: LabelId::new(),
                    agent_id: agent,
                    position: next,
                    name: name.clone(),
                    retired_at: None,
                    created_at: now,
                };
                diesel::insert_into(labels::table).values(&label).execute(conn)?;
                next += 1;
            }
        }
    }
    let kept: HashSet<&String> = names.iter().collect();
    for label in old.values().filter(|l| l.retired_at.is_none() && !kept.contains(&l.name)) {
        diesel::update(labels::table.find(label.id))
            .set(labels::retired_at.eq(Some(now)))
            .execute(conn)?;
    }
    Ok(())
}

/// A category keeps its id when it is renamed or moved.
fn set_categories(conn: &mut Conn, agent: AgentId, nodes: &[Node]) -> AppResult<()> {
    let old: HashMap<String, Category> =
        queries::list_categories(conn, agent)?.into_iter().map(|c| (c.slug.clone(), c)).collect();
    let now = clock::now();
    let flat = tree::flatten(nodes);
    let mut ids: HashMap<String, CategoryId> = HashMap::new();
    for (position, (parent, slug, name)) in (0_i64..).zip(&flat) {
        let parent_id = parent.as_ref().and_then(|slug| ids.get(slug).copied());
        let id = match old.get(slug) {
            Some(category) if category.merged_into.is_some() => {
                let why = format!("`{slug}` was merged into another; leave it out");
                return Err(AppError::invalid("/categories", why));
            }
            Some(category) => {
                diesel::update(categories::table.find(category.id))
                    .set((
                        categories::name.eq(name),
                        categories::parent_id.eq(parent_id),
                        categories::position.eq(position),
                        categories::retired_at.eq(None::<crate::db::Instant>),
                    ))
                    .execute(conn)?;
                category.id
            }
            None => {
                let category =
                    Category { parent_id, ..directory::new_category(agent, slug, name, position) };
                diesel::insert_into(categories::table).values(&category).execute(conn)?;
                category.id
            }
        };
        ids.insert(slug.clone(), id);
    }
    for category in old.values().filter(|c| c.retired_at.is_none() && !ids.contains_key(&c.slug)) {
        diesel::update(categories::table.find(category.id))
            .set(categories::retired_at.eq(Some(now)))
            .execute(conn)?;
    }
    Ok(())
}

/// Which settings a change names, for the audit log.
fn changed(change: &AgentChange) -> Vec<&'static str> {
    [
        ("name", change.name.is_some()),
        ("kind", change.kind.is_some()),
        ("team", change.team.is_some()),
        ("review", change.review.is_some()),
        ("visibility", change.visibility.is_some()),
        ("good_at", change.good_at.is_some()),
        ("not_for", change.not_for.is_some()),
        ("labels", change.labels.is_some()),
        ("schema", change.schema.is_some()),
        ("out_of_scope_label", change.out_of_scope_label.is_some()),
        ("categories", change.categories.is_some()),
        ("normal_due_minutes", change.normal_due_minutes.is_some()),
        ("urgent_due_minutes", change.urgent_due_minutes.is_some()),
        ("normal_resolution_minutes", change.normal_resolution_minutes.is_some()),
        ("urgent_resolution_minutes", change.urgent_resolution_minutes.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
    .collect()
}
