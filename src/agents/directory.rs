//! Names to rows, inside one transaction. What programs send names agents, teams, versions,
//! labels and categories; each name is looked up once however many rows bear it, and made on
//! first sight where the sender may do that.

use super::model::{
    Agent, AgentId, Category, CategoryId, DEFAULT_CATEGORIES, Deployment, Environment, Label,
    LabelId, NORMAL_DUE_MINUTES, NORMAL_RESOLUTION_MINUTES, OutputKind, ReviewPolicy,
    URGENT_DUE_MINUTES, URGENT_RESOLUTION_MINUTES, Version, VersionId, Visibility,
};
use super::{DeploymentId, queries};
use crate::accounts::{self, Reach, TeamId};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::schema::{agent_versions, agents, categories, deployments, labels};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// What to do with a name nobody has seen.
#[derive(Debug, Clone, Copy)]
pub enum Unknown {
    /// Make it, and note that this actor did.
    Make(Actor),
    /// Refuse it with a sentence.
    Refuse,
}

/// An agent with what its outputs are checked against.
#[derive(Debug)]
pub struct Known {
    pub agent: Arc<Agent>,
    /// By name; none where the agent gives no labels.
    pub labels: HashMap<String, Label>,
    /// By slug.
    pub categories: HashMap<String, Category>,
}

/// The names seen in one transaction.
#[derive(Default)]
pub struct Directory {
    agents: HashMap<String, Arc<Known>>,
    teams: HashMap<String, TeamId>,
    versions: HashMap<(AgentId, String), VersionId>,
    deployments: HashMap<(AgentId, TeamId, Environment), Deployment>,
}

impl Directory {
    /// The agent with this slug.
    pub fn agent(
        &mut self,
        conn: &mut Conn,
        slug: &str,
        unknown: Unknown,
    ) -> AppResult<Arc<Known>> {
        self.agent_giving(conn, slug, unknown, || OutputKind::Text)
    }

    /// As `agent`; one that is made gives outputs of the kind that `kind` says.
    pub fn agent_giving(
        &mut self,
        conn: &mut Conn,
        slug: &str,
        unknown: Unknown,
        kind: impl FnOnce() -> OutputKind,
    ) -> AppResult<Arc<Known>> {
        if let Some(known) = self.agents.get(slug) {
            return Ok(known.clone());
        }
        let agent = match (queries::find_by_slug(conn, slug)?, unknown) {
            (Some(agent), _) => agent,
            (None, Unknown::Make(by)) => {
                let agent = make_agent(conn, by, slug, kind(), "default")?;
                let detail = json!({ "new": true, "changed": [] });
                audit::record(conn, by, "agent.set", &format!("agent:{slug}"), detail)?;
                agent
            }
            (None, Unknown::Refuse) => return Err(unknown_name("/agent", "agent", slug)),
        };
        self.know(conn, &Arc::new(agent))
    }

    /// What is known of an agent that this transaction read already.
    pub fn know(&mut self, conn: &mut Conn, agent: &Arc<Agent>) -> AppResult<Arc<Known>> {
        if let Some(known) = self.agents.get(&agent.slug) {
            return Ok(known.clone());
        }
        let labels = match agent.kind {
            OutputKind::Label => queries::list_labels(conn, agent.id)?,
            OutputKind::Text | OutputKind::Json | OutputKind::Message => Vec::new(),
        };
        let known = Arc::new(Known {
            labels: by_name(labels, |label| label.name.clone()),
            categories: by_name(queries::list_categories(conn, agent.id)?, |c| c.slug.clone()),
            agent: agent.clone(),
        });
        self.agents.insert(agent.slug.clone(), known.clone());
        Ok(known)
    }

    /// The team with this slug.
    pub fn team(&mut self, conn: &mut Conn, slug: &str, unknown: Unknown) -> AppResult<TeamId> {
        if let Some(team) = self.teams.get(slug) {
            return Ok(*team);
        }
        let team = match (accounts::queries::find_team(conn, slug)?, unknown) {
            (Some(team), _) => team.id,
            (None, Unknown::Make(by)) => accounts::actions::ensure_team(conn, by, slug)?.id,
            (None, Unknown::Refuse) => return Err(unknown_name("/team", "team", slug)),
        };
        self.teams.insert(slug.to_owned(), team);
        Ok(team)
    }

    /// Whether a key with this reach is for the agent in the team.
    pub fn reaches(
        &mut self,
        conn: &mut Conn,
        reach: &Reach,
        agent: &str,
        team: TeamId,
    ) -> AppResult<bool> {
        if !reach.has_agent(agent) {
            return Ok(false);
        }
        let Some(slugs) = &reach.teams else { return Ok(true) };
        for slug in slugs {
            match self.team(conn, slug, Unknown::Refuse) {
                Ok(reached) if reached == team => return Ok(true),
                Ok(_) | Err(AppError::Invalid(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(false)
    }

    /// The version of an agent; a version is always made on first sight.
    pub fn version(&mut self, conn: &mut Conn, agent: AgentId, name: &str) -> AppResult<VersionId> {
        let key = (agent, name.to_owned());
        if let Some(version) = self.versions.get(&key) {
            return Ok(*version);
        }
        let id = match queries::find_version(conn, agent, name)? {
            Some(version) => version.id,
            None => {
                let version = Version {
                    id: VersionId::new(),
                    agent_id: agent,
                    name: name.to_owned(),
                    created_at: clock::now(),
                };
                diesel::insert_into(agent_versions::table).values(&version).execute(conn)?;
                version.id
            }
        };
        self.versions.insert(key, id);
        Ok(id)
    }

    /// The deployment of an agent in a team and environment, made on first sight with the
    /// agent's defaults.
    pub fn deployment(
        &mut self,
        conn: &mut Conn,
        agent: &Agent,
        team: TeamId,
        environment: Environment,
    ) -> AppResult<Deployment> {
        let key = (agent.id, team, environment);
        if let Some(deployment) = self.deployments.get(&key) {
            return Ok(deployment.clone());
        }
        let deployment = match queries::find_deployment_of(conn, agent.id, team, environment)? {
            Some(deployment) => deployment,
            None => make_deployment(conn, agent, team, environment)?,
        };
        self.deployments.insert(key, deployment.clone());
        Ok(deployment)
    }

    /// Checks that `name` is a label of the agent; a retired one is still a label of old outputs.
    pub fn label(
        &mut self,
        conn: &mut Conn,
        known: &Known,
        name: &str,
        pointer: &str,
        unknown: Unknown,
    ) -> AppResult<()> {
        if known.labels.contains_key(name) {
            return Ok(());
        }
        // `known` may be older than what this transaction made since.
        let current = self.agent(conn, &known.agent.slug, Unknown::Refuse)?;
        if current.labels.contains_key(name) {
            return Ok(());
        }
        if matches!(unknown, Unknown::Refuse) {
            return Err(unknown_name(pointer, "label", name));
        }
        if name.is_empty() || name.len() > 200 {
            return Err(AppError::invalid(pointer, "a label has 1 to 200 bytes"));
        }
        let next = current.labels.values().map(|label| label.position + 1).max().unwrap_or(0);
        let label = Label {
            id: LabelId::new(),
            agent_id: known.agent.id,
            position: next,
            name: name.to_owned(),
            retired_at: None,
            created_at: clock::now(),
        };
        diesel::insert_into(labels::table).values(&label).execute(conn)?;
        // Read anew when next asked for, with the label in it.
        self.agents.remove(&known.agent.slug);
        Ok(())
    }

    /// The category of the agent with this slug; a merged one gives its survivor.
    pub fn category(
        &mut self,
        conn: &mut Conn,
        known: &Known,
        slug: &str,
        pointer: &str,
        unknown: Unknown,
    ) -> AppResult<CategoryId> {
        let current = self.agent(conn, &known.agent.slug, Unknown::Refuse)?;
        if let Some(category) = current.categories.get(slug) {
            return Ok(category.merged_into.unwrap_or(category.id));
        }
        if matches!(unknown, Unknown::Refuse) {
            return Err(unknown_name(pointer, "category", slug));
        }
        accounts::actions::check_slug(slug).map_err(|error| at(error, pointer))?;
        let next = current.categories.values().map(|c| c.position + 1).max().unwrap_or(0);
        let category = new_category(known.agent.id, slug, &accounts::actions::title(slug), next);
        diesel::insert_into(categories::table).values(&category).execute(conn)?;
        self.agents.remove(&known.agent.slug);
        Ok(category.id)
    }
}

/// Makes an agent with the default categories.
pub fn make_agent(
    conn: &mut Conn,
    by: Actor,
    slug: &str,
    kind: OutputKind,
    team: &str,
) -> AppResult<Agent> {
    accounts::actions::check_slug(slug).map_err(|error| at(error, "/agent"))?;
    let now = clock::now();
    let agent = Agent {
        id: AgentId::new(),
        slug: slug.to_owned(),
        name: accounts::actions::title(slug),
        kind,
        team_id: accounts::actions::ensure_team(conn, by, team)?.id,
        review: ReviewPolicy::Required,
        visibility: Visibility::Team,
        good_at: String::new(),
        not_for: String::new(),
        json_schema: None,
        out_of_scope_label: None,
        normal_due_minutes: NORMAL_DUE_MINUTES,
        urgent_due_minutes: URGENT_DUE_MINUTES,
        created_at: now,
        updated_at: now,
        normal_resolution_minutes: NORMAL_RESOLUTION_MINUTES,
        urgent_resolution_minutes: URGENT_RESOLUTION_MINUTES,
    };
    diesel::insert_into(agents::table).values(&agent).execute(conn)?;
    for (position, (slug, name)) in (0..).zip(DEFAULT_CATEGORIES) {
        diesel::insert_into(categories::table)
            .values(&new_category(agent.id, slug, name, position))
            .execute(conn)?;
    }
    Ok(agent)
}

fn make_deployment(
    conn: &mut Conn,
    agent: &Agent,
    team_id: TeamId,
    environment: Environment,
) -> AppResult<Deployment> {
    let deployment = Deployment {
        id: DeploymentId::new(),
        agent_id: agent.id,
        team_id,
        environment,
        review: agent.review,
        visibility: agent.visibility,
        normal_due_minutes: agent.normal_due_minutes,
        urgent_due_minutes: agent.urgent_due_minutes,
        created_at: clock::now(),
        normal_resolution_minutes: agent.normal_resolution_minutes,
        urgent_resolution_minutes: agent.urgent_resolution_minutes,
        reviews_needed: 1,
        weekly_audits: 0,
    };
    diesel::insert_into(deployments::table).values(&deployment).execute(conn)?;
    Ok(deployment)
}

/// A category that is not stored yet.
pub fn new_category(agent_id: AgentId, slug: &str, name: &str, position: i64) -> Category {
    Category {
        id: CategoryId::new(),
        agent_id,
        parent_id: None,
        slug: slug.to_owned(),
        name: name.to_owned(),
        position,
        retired_at: None,
        merged_into: None,
        created_at: clock::now(),
    }
}

fn by_name<T>(rows: Vec<T>, name: impl Fn(&T) -> String) -> HashMap<String, T> {
    rows.into_iter().map(|row| (name(&row), row)).collect()
}

fn unknown_name(pointer: &str, what: &str, name: &str) -> AppError {
    AppError::invalid(
        pointer,
        format!(
            "`{name}` is no {what} here; only the command line and keys with scope `admin` make one"
        ),
    )
}

/// The same mistake at another place.
fn at(error: AppError, pointer: &str) -> AppError {
    match error {
        AppError::Invalid(mut mistakes) => {
            for mistake in &mut mistakes.0 {
                mistake.field = pointer.to_owned();
            }
            AppError::Invalid(mistakes)
        }
        other => other,
    }
}
