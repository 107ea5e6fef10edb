//! Rows of agents and their rules.

use crate::accounts::TeamId;
use crate::db::Instant;
use crate::schema::{agent_versions, agents, categories, deployments, labels};
use diesel::prelude::*;

crate::id_type!(
    /// The id of an agent.
    AgentId
);
crate::id_type!(
    /// The id of an agent's version.
    VersionId
);
crate::id_type!(
    /// The id of a label.
    LabelId
);
crate::id_type!(
    /// The id of a category.
    CategoryId
);
crate::id_type!(
    /// The id of a deployment.
    DeploymentId
);

crate::text_enum!(
    /// What an agent's outputs are.
    OutputKind {
        /// Free text.
        Text = "text",
        /// One of a list.
        Label = "label",
        /// Any JSON, perhaps with a schema.
        Json = "json",
        /// An assistant's message with tool calls.
        Message = "message",
    }
);
crate::text_enum!(
    /// Where an agent runs.
    Environment {
        Development = "development",
        Staging = "staging",
        Production = "production",
    }
);
crate::text_enum!(
    /// Whose feedback becomes a signal at once.
    ReviewPolicy {
        /// Everybody's.
        None = "none",
        /// What champions and engineers sent while signed in.
        Trusted = "trusted",
        /// Nobody's: all of it waits for triage.
        Required = "required",
    }
);
crate::text_enum!(
    /// Which interactions a member sees.
    Visibility {
        /// All of the team's.
        Team = "team",
        /// Only their own.
        Own = "own",
    }
);

/// Something that answers.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = agents, treat_none_as_default_value = false)]
pub struct Agent {
    pub id: AgentId,
    pub slug: String,
    pub name: String,
    pub kind: OutputKind,
    /// The owning team.
    pub team_id: TeamId,
    /// What new deployments start with; so do the next three.
    pub review: ReviewPolicy,
    pub visibility: Visibility,
    /// What it is good at, in words for end users; may be empty.
    pub good_at: String,
    /// What it is not for, in words for end users; may be empty.
    pub not_for: String,
    /// For kind `json`: the JSON Schema of a right output.
    pub json_schema: Option<String>,
    /// For kind `label`: the label that means "none of these", the class of escalated inputs.
    pub out_of_scope_label: Option<String>,
    pub normal_due_minutes: i64,
    pub urgent_due_minutes: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub normal_resolution_minutes: i64,
    pub urgent_resolution_minutes: i64,
}

/// Minutes until someone should have looked, where nothing else was set: a day, or an hour.
pub const NORMAL_DUE_MINUTES: i64 = 24 * 60;
/// As above, for what is urgent.
pub const URGENT_DUE_MINUTES: i64 = 60;
/// Minutes until what was asked of a person should be done with: three days, or eight hours.
pub const NORMAL_RESOLUTION_MINUTES: i64 = 3 * 24 * 60;
/// As above, for what is urgent.
pub const URGENT_RESOLUTION_MINUTES: i64 = 8 * 60;

/// One version of an agent; `""` where the sender names none.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = agent_versions)]
pub struct Version {
    pub id: VersionId,
    pub agent_id: AgentId,
    pub name: String,
    pub created_at: Instant,
}

/// One of the outputs a label agent may give. Its position never changes.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = labels, treat_none_as_default_value = false)]
pub struct Label {
    pub id: LabelId,
    pub agent_id: AgentId,
    pub position: i64,
    pub name: String,
    pub retired_at: Option<Instant>,
    pub created_at: Instant,
}

/// Why an output was wrong: a place in the agent's tree.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = categories, treat_none_as_default_value = false)]
pub struct Category {
    pub id: CategoryId,
    pub agent_id: AgentId,
    pub parent_id: Option<CategoryId>,
    pub slug: String,
    pub name: String,
    pub position: i64,
    pub retired_at: Option<Instant>,
    pub merged_into: Option<CategoryId>,
    pub created_at: Instant,
}

/// The categories every agent starts with: slug and name.
pub const DEFAULT_CATEGORIES: &[(&str, &str)] = &[
    ("wrong_answer", "Wrong answer"),
    ("wrong_label", "Wrong label"),
    ("incomplete", "Something is missing"),
    ("outdated", "Out of date"),
    ("unsafe", "Unsafe or harmful"),
    ("tone", "Wrong tone"),
    ("format", "Wrong format"),
    ("out_of_scope", "Not its job"),
    ("other", "Something else"),
];

/// One agent as used by one team in one environment.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = deployments)]
pub struct Deployment {
    pub id: DeploymentId,
    pub agent_id: AgentId,
    pub team_id: TeamId,
    pub environment: Environment,
    pub review: ReviewPolicy,
    pub visibility: Visibility,
    pub normal_due_minutes: i64,
    pub urgent_due_minutes: i64,
    pub created_at: Instant,
    pub normal_resolution_minutes: i64,
    pub urgent_resolution_minutes: i64,
    /// How many must decide an item, each without knowing of the others.
    pub reviews_needed: i64,
    /// How many interactions of each week that nobody overrode are drawn to be looked at; 0: none.
    pub weekly_audits: i64,
}

/// The most independent reviews that an item may need.
pub const MOST_REVIEWS: i64 = 9;
/// The most interactions that are drawn to be looked at in a week.
pub const MOST_AUDITS: i64 = 500;

impl Deployment {
    /// Minutes of the team's working time until someone should have looked.
    pub fn due_minutes(&self, is_urgent: bool) -> i64 {
        if is_urgent { self.urgent_due_minutes } else { self.normal_due_minutes }
    }
    /// Minutes of the team's working time until what was asked of a person should be done with.
    pub fn resolution_minutes(&self, is_urgent: bool) -> i64 {
        if is_urgent { self.urgent_resolution_minutes } else { self.normal_resolution_minutes }
    }
}
