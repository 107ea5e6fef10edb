//! Rows of review items, resolutions, signals and revisions.

use crate::accounts::{KeyId, PersonId, TeamId};
use crate::agents::{AgentId, CategoryId, DeploymentId, VersionId};
use crate::db::{Hash, Instant};
use crate::feedback::model::Severity;
pub use crate::feedback::model::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{queue, resolutions, review_items, signal_revisions, signals};
use diesel::prelude::*;

crate::id_type!(
    /// The id of a review item.
    ItemId
);
crate::id_type!(
    /// The id of a resolution.
    ResolutionId
);
crate::id_type!(
    /// The id of a signal: stable for one author on one interaction.
    SignalId
);
crate::id_type!(
    /// The id of a signal's revision.
    RevisionId
);
crate::text_enum!(
    /// What kind of judgement an item asks for.
    ItemKind {
        /// What people said of outputs.
        Feedback = "feedback",
        /// Whether an output is right that nobody reported.
        Audit = "audit",
    }
);
crate::text_enum!(
    /// Where a signal, and the feedback it came from, stands.
    SignalStatus {
        Pending = "pending",
        Accepted = "accepted",
        Declined = "declined",
    }
);
crate::text_enum!(
    /// What was decided of an item.
    Outcome {
        Accepted = "accepted",
        AcceptedWithEdits = "accepted_with_edits",
        Declined = "declined",
        Duplicate = "duplicate",
        NeedsInfo = "needs_info",
        Escalated = "escalated",
        /// An earlier decision no longer stands.
        Reopened = "reopened",
    }
);
crate::text_enum!(
    /// How a decision came about.
    How {
        /// By the deployment's review policy.
        Policy = "policy",
        /// By a reviewer.
        Review = "review",
        /// Between contradicting candidates.
        Adjudication = "adjudication",
        /// It was decided elsewhere and imported.
        Import = "import",
    }
);

impl Outcome {
    /// Where the item's signals stand after it.
    pub fn status(self) -> SignalStatus {
        match self {
            Self::Accepted | Self::AcceptedWithEdits => SignalStatus::Accepted,
            Self::Declined | Self::Duplicate => SignalStatus::Declined,
            Self::NeedsInfo | Self::Escalated | Self::Reopened => SignalStatus::Pending,
        }
    }
}

impl ItemKind {
    /// Where the signals of such an item stand after a decision. Of an audit every judgement is an
    /// example, also that the output is wrong; one that was taken back is none.
    pub fn after(self, outcome: Outcome) -> SignalStatus {
        match (self, outcome.status()) {
            (Self::Feedback, status) => status,
            (Self::Audit, SignalStatus::Pending) => SignalStatus::Declined,
            (Self::Audit, _) => SignalStatus::Accepted,
        }
    }
}

/// What must be judged once: the same verdict and label for the same input, in one agent and team.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = review_items, treat_none_as_default_value = false)]
pub struct Item {
    pub id: ItemId,
    pub kind: ItemKind,
    pub agent_id: AgentId,
    pub team_id: TeamId,
    pub input_hash: Hash,
    pub cluster_hash: Hash,
    pub status: SignalStatus,
    pub created_at: Instant,
    /// Of an audit: what is looked at.
    pub interaction_id: Option<InteractionId>,
}

/// A decision on an item. Append-only: the one with the highest number counts.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = resolutions, treat_none_as_default_value = false)]
pub struct Resolution {
    pub id: ResolutionId,
    pub item_id: ItemId,
    pub number: i64,
    pub outcome: Outcome,
    /// With `accepted_with_edits`: the right output, as JSON text.
    pub label: Option<JsonText>,
    pub how: How,
    pub person_id: Option<PersonId>,
    pub reason: Option<String>,
    pub created_at: Instant,
    /// The key of the program that decided.
    pub key_id: Option<KeyId>,
}

impl Resolution {
    /// Whether this reviewer made it.
    pub fn is_by(&self, by: Reviewer) -> bool {
        self.person_id == by.person() && self.key_id == by.key()
    }
}

/// Who decides: a person who is signed in, or a program that is named by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewer {
    Person(PersonId),
    Key(KeyId),
}

impl Reviewer {
    /// The person, where it is one.
    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Key(_) => None,
        }
    }
    /// The key, where it is a program.
    pub fn key(self) -> Option<KeyId> {
        match self {
            Self::Key(id) => Some(id),
            Self::Person(_) => None,
        }
    }
}

/// A decision that is about to be recorded.
#[derive(Debug, Clone)]
pub struct Decision {
    pub outcome: Outcome,
    /// The right output, where it is not what was said.
    pub label: Option<JsonText>,
    pub how: How,
    pub by: Option<Reviewer>,
    pub reason: Option<String>,
}

crate::text_enum!(
    /// What an item in the queue waits for.
    QueueState {
        /// A reviewer's decision.
        Waiting = "waiting",
        /// The reporter's answer to a question.
        Asked = "asked",
        /// Whoever it was passed on to.
        Escalated = "escalated",
        /// Somebody who settles it, for its reviewers differ.
        Adjudication = "adjudication",
        /// The team that owns the agent, for teams contradict one another.
        BetweenTeams = "between_teams",
    }
);

/// An item that waits. Urgent ones come first, then the late, then the newest; what lists are
/// filtered by is repeated here.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = queue, treat_none_as_default_value = false)]
pub struct Waiting {
    pub item_id: ItemId,
    pub deployment_id: DeploymentId,
    pub state: QueueState,
    /// Whether anybody who reported it waits for an answer.
    pub is_urgent: bool,
    /// Since when: when it came, or when it was opened again.
    pub waiting_at: Instant,
    /// The feedback that stands for all that say the same; none of an audit.
    pub feedback_id: Option<FeedbackId>,
    pub verdict: Option<Verdict>,
    /// The highest that anybody gave it.
    pub severity: Severity,
    pub category_id: Option<CategoryId>,
    pub version_id: VersionId,
}

/// One author's current feedback on one interaction, as a training example in the making.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = signals, treat_none_as_default_value = false)]
pub struct Signal {
    pub id: SignalId,
    pub feedback_id: FeedbackId,
    pub interaction_id: InteractionId,
    pub deployment_id: DeploymentId,
    pub agent_id: AgentId,
    pub item_id: ItemId,
    pub status: SignalStatus,
    /// The revision that counts, while accepted.
    pub revision_id: Option<RevisionId>,
}

/// A self-contained snapshot of an accepted signal: training files are made of these.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = signal_revisions, treat_none_as_default_value = false)]
pub struct Revision {
    pub id: RevisionId,
    pub signal_id: SignalId,
    pub number: i64,
    pub resolution_id: ResolutionId,
    pub feedback_id: FeedbackId,
    pub verdict: Verdict,
    pub prompt: JsonText,
    pub tools: Option<JsonText>,
    pub output: Option<JsonText>,
    /// The right output: the correction, an edited one, or the output itself when confirmed.
    pub label: Option<JsonText>,
    pub version: String,
    pub conversation_id: Option<String>,
    pub end_user_id: Option<PersonId>,
    pub input_hash: Hash,
    pub created_at: Instant,
    pub retired_at: Option<Instant>,
}
