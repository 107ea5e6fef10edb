//! Rows of datasets and releases, and the words they are told by.

use crate::accounts::{KeyId, PersonId};
use crate::agents::{AgentId, OutputKind};
use crate::db::{Hash, Instant, Json};
use crate::feedback::FeedbackId;
use crate::interactions::InteractionId;
use crate::schema::{datasets, release_files, releases};
use crate::signals::model::{RevisionId, SignalId};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

crate::id_type!(
    /// The id of a dataset.
    DatasetId
);
crate::id_type!(
    /// The id of a release.
    ReleaseId
);
crate::id_type!(
    /// Names whoever builds a release just now.
    LeaseId
);
crate::text_enum!(
    /// Which signals a dataset takes.
    Wanted {
        /// Those that count.
        Accepted = "accepted",
        /// Also those nobody decided yet.
        Any = "any",
    }
);
crate::text_enum!(
    /// Whether a dataset takes what random audits found.
    Audit {
        /// Like what people reported.
        Include = "include",
        /// Only what people reported.
        LeaveOut = "leave_out",
        /// Nothing else: a fair sample of what nobody flagged.
        Only = "only",
    }
);

impl Audit {
    /// Whether nothing is left out for it.
    pub fn is_include(&self) -> bool {
        *self == Self::Include
    }
}
crate::text_enum!(
    /// What becomes of signals that say the same of the same input.
    Duplicates {
        /// One stays, with the number of all as its weight.
        Once = "once",
        /// All stay.
        All = "all",
    }
);
crate::text_enum!(
    /// What becomes of signals about one input that can't all be right.
    Conflicts {
        /// What a reviewer decided between them stays.
        Adjudicated = "adjudicated",
        /// What most people say stays.
        Majority = "majority",
        /// None of them stays.
        LeaveOut = "leave_out",
    }
);
crate::text_enum!(
    /// What must not be torn apart by a split.
    GroupBy {
        /// A conversation; an interaction outside one is grouped by its input.
        Conversation = "conversation",
        /// An end user; an interaction of nobody known is grouped by its input.
        EndUser = "end_user",
        /// The same normalised input.
        Input = "input",
    }
);
crate::text_enum!(
    /// A part of a split.
    Side {
        Train = "train",
        Validation = "validation",
        Test = "test",
    }
);
crate::text_enum!(
    /// Where a release stands.
    State {
        /// It waits to be built, or is being built.
        Building = "building",
        /// Its files can be fetched.
        Ready = "ready",
        /// It can't be built; it says why.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// It held what was erased: files are gone, manifest and hashes stay.
        Withdrawn = "withdrawn",
    }
);
crate::text_enum!(
    /// What is done with a release that is being built.
    Stage {
        /// Nobody builds it yet.
        Waiting = "waiting",
        /// Signals are read and judged.
        Reading = "reading",
        /// Duplicates, contradictions and sides are settled.
        Settling = "settling",
        /// Files are written.
        Writing = "writing",
        /// Nothing more is done.
        Done = "done",
    }
);

/// A saved question.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = datasets)]
pub struct Dataset {
    pub id: DatasetId,
    pub name: String,
    pub question: Json,
    /// The highest number that a release has.
    pub last_number: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A frozen build of a dataset.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = releases, treat_none_as_default_value = false)]
pub struct Release {
    pub id: ReleaseId,
    pub dataset_id: DatasetId,
    pub number: i64,
    pub state: State,
    /// The question as it was when the release was asked for.
    pub question: Json,
    /// What the files rest on beside signals; see `Frame`.
    pub frame: Json,
    /// Makes placeholders that are the same for the same text, in this release only.
    pub redaction_key: Hash,
    pub person_id: Option<PersonId>,
    pub key_id: Option<KeyId>,
    pub created_at: Instant,
    pub stage: Stage,
    /// Signals read or written so far, and how many there are.
    pub done: i64,
    pub total: i64,
    pub tries: i64,
    pub next_try_at: Instant,
    pub lease_id: Option<LeaseId>,
    pub leased_until: Option<Instant>,
    pub finished_at: Option<Instant>,
    /// Why it failed, in a sentence.
    pub error: Option<String>,
    /// What is in it, counted; see `build::figures`.
    pub figures: Option<Json>,
    /// `manifest.json`
    pub manifest: Option<String>,
    /// `README.md`
    pub card: Option<String>,
    /// Rows whose revision was taken out of use since.
    pub retired: i64,
}

/// A file of a release.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = release_files)]
pub struct ReleaseFile {
    pub release_id: ReleaseId,
    pub name: String,
    pub row_count: i64,
    pub bytes: i64,
    pub sha256: Hash,
}

/// A signal that a release looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Its place among all rows of the release, from 0.
    pub position: i64,
    pub interaction_id: InteractionId,
    pub feedback_id: FeedbackId,
    pub signal_id: SignalId,
    /// The revision it is made of; none for what nobody decided yet.
    pub revision_id: Option<RevisionId>,
    pub side: Option<Side>,
    /// How many signals it stands for.
    pub weight: i64,
    /// Its category as it was called then.
    pub category: Option<String>,
    /// Why it was left out.
    pub reason: Option<String>,
}

/// What a release was made in: what may change later, as it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Frame {
    pub agents: Vec<FrameAgent>,
    /// The program that made it.
    pub software: String,
    /// Sides follow from this key.
    pub split_seed: String,
}

/// An agent in a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FrameAgent {
    pub id: AgentId,
    pub slug: String,
    pub kind: OutputKind,
    /// Every label in its place.
    pub labels: Vec<String>,
    pub out_of_scope: Option<String>,
    pub group_by: GroupBy,
}

impl Side {
    /// The file that holds it.
    pub fn file(self) -> String {
        format!("{self}.jsonl")
    }
}
