//! Rows of feedback.

use crate::accounts::PersonId;
use crate::agents::{CategoryId, DeploymentId};
use crate::db::{Hash, Instant};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::feedback;
use diesel::prelude::*;

crate::id_type!(
    /// The id of one feedback.
    FeedbackId
);
crate::text_enum!(
    /// What a person says of an output.
    Verdict {
        /// It is right.
        Confirmed = "confirmed",
        /// It is wrong, and here is the right answer.
        Corrected = "corrected",
        /// It is wrong; the right answer is not known.
        Rejected = "rejected",
        /// A person should take over.
        Escalated = "escalated",
    }
);
crate::text_enum!(
    /// How bad a wrong output is.
    Severity {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
);
crate::text_enum!(
    /// Whether someone waits for an answer.
    Urgency {
        Normal = "normal",
        Urgent = "urgent",
    }
);
crate::text_enum!(
    /// How the author is known. Trust follows this, never a claimed name.
    KnownBy {
        /// They were signed in.
        Session = "session",
        /// They hold a signed link.
        Link = "link",
        /// A program with a key, or an import, says so.
        Key = "key",
    }
);

/// One person's judgement of one interaction.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = feedback, treat_none_as_default_value = false)]
pub struct Feedback {
    pub id: FeedbackId,
    pub interaction_id: InteractionId,
    pub deployment_id: DeploymentId,
    /// None where a program sent it and named nobody.
    pub author_id: Option<PersonId>,
    pub known_by: KnownBy,
    pub verdict: Verdict,
    /// The right output as JSON text; only with `corrected`.
    pub correction: Option<JsonText>,
    pub category_id: Option<CategoryId>,
    pub severity: Severity,
    pub comment: Option<String>,
    pub urgency: Urgency,
    pub occurred_at: Instant,
    pub external_id: Option<String>,
    /// The same key on the same interaction is the same feedback.
    pub dedup_key: Hash,
    /// The same author's later feedback on the same interaction; of an audit, the later decision.
    pub superseded_by: Option<FeedbackId>,
    /// A reviewer said it of what was drawn at random. It is a judgement, and no override: nobody
    /// flagged the answer.
    pub is_audit: bool,
}

/// The most characters a comment may have.
pub const MAX_COMMENT: usize = 5_000;
