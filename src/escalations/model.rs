//! Rows of escalations, their events and notices.

use crate::accounts::{KeyId, PersonId, TeamId};
use crate::agents::DeploymentId;
use crate::db::Instant;
use crate::feedback::FeedbackId;
use crate::schema::{escalation_events, escalation_notices, escalations};
use crate::signals::model::ItemId;
use diesel::prelude::*;

crate::id_type!(
    /// The id of an escalation.
    EscalationId
);
crate::id_type!(
    /// The id of something that happened to an escalation.
    EventId
);

crate::text_enum!(
    /// Where an escalation comes from.
    Origin {
        /// Somebody said that a person should handle it.
        Verdict = "verdict",
        /// A champion passed it on.
        Decision = "decision",
    }
);
crate::text_enum!(
    /// Where an escalation stands.
    State {
        Open = "open",
        /// For the reporter's answer: the clock stands.
        Waiting = "waiting",
        Closed = "closed",
    }
);
crate::text_enum!(
    /// What came of it.
    Outcome {
        HandledByHand = "handled_by_hand",
        AgentFixed = "agent_fixed",
        ProcessChanged = "process_changed",
        NoAction = "no_action",
    }
);
crate::text_enum!(
    /// What happened.
    EventKind {
        Opened = "opened",
        /// It can't wait any more: shorter times run from here.
        Urgent = "urgent",
        /// Somebody else asked for a person, or a champion passed it on.
        Again = "again",
        Assigned = "assigned",
        /// Written for the team.
        Note = "note",
        /// Written for the reporter.
        Answer = "answer",
        /// The reporter was asked: the clock stops.
        Asked = "asked",
        /// The reporter answered: the clock runs.
        Replied = "replied",
        /// The clock runs again, without an answer here.
        Resumed = "resumed",
        Resolved = "resolved",
        Reopened = "reopened",
        /// Whoever asked for a person took it back.
        Withdrawn = "withdrawn",
        /// What had been passed on was decided.
        Settled = "settled",
    }
);
crate::text_enum!(
    /// What somebody is told by mail, once of each.
    NoticeKind {
        Opened = "opened",
        /// The reporter wrote; told again once they were asked again.
        Replied = "replied",
        AnswerSoon = "answer_soon",
        AnswerLate = "answer_late",
        ResolutionSoon = "resolution_soon",
        ResolutionLate = "resolution_late",
    }
);

impl EventKind {
    /// Whether the reporter reads it on their receipt.
    pub fn is_for_reporter(self) -> bool {
        !matches!(self, Self::Note | Self::Urgent | Self::Again | Self::Settled)
    }
    /// Whether it is a first answer to the reporter.
    pub fn answers(self) -> bool {
        matches!(self, Self::Answer | Self::Asked | Self::Resolved)
    }
    /// Whether it is over with this.
    pub fn closes(self) -> bool {
        matches!(self, Self::Resolved | Self::Withdrawn | Self::Settled)
    }
}

/// The most characters a message may have.
pub const MAX_TEXT: usize = 5_000;
/// The most minutes that are told as spent: a year.
pub const MAX_MINUTES: i64 = 525_600;

/// What a person was asked to take over.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = escalations, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Escalation {
    pub id: EscalationId,
    pub item_id: ItemId,
    pub deployment_id: DeploymentId,
    pub team_id: TeamId,
    /// What was said, by the first who stands behind it.
    pub feedback_id: FeedbackId,
    pub origin: Origin,
    pub state: State,
    pub is_urgent: bool,
    pub assignee_id: Option<PersonId>,
    pub opened_at: Instant,
    /// When the reporter first heard from a person.
    pub answered_at: Option<Instant>,
    /// By when the next thing should be done; none while the clock stands.
    pub due_at: Option<Instant>,
    /// What lists are sorted by: when it is due; since when it waits; when it was closed.
    pub order_at: Instant,
    /// When somebody should be told next.
    pub notice_at: Option<Instant>,
    pub outcome: Option<Outcome>,
    /// Minutes that people spent on it, as they say.
    pub minutes: Option<i64>,
    pub closed_at: Option<Instant>,
}

/// Something that happened. Append-only.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = escalation_events, treat_none_as_default_value = false)]
pub struct Event {
    pub id: EventId,
    pub escalation_id: EscalationId,
    pub kind: EventKind,
    pub person_id: Option<PersonId>,
    pub key_id: Option<KeyId>,
    /// Who has it from here on; none gives it back.
    pub assignee_id: Option<PersonId>,
    pub body: Option<String>,
    pub outcome: Option<Outcome>,
    pub minutes: Option<i64>,
    /// With `opened` and `urgent`: minutes of working time from here to the first answer.
    pub answer_minutes: Option<i64>,
    /// As above, until it should be done with.
    pub resolution_minutes: Option<i64>,
    pub created_at: Instant,
}

impl Event {
    /// An event without more to it.
    pub fn plain(escalation_id: EscalationId, kind: EventKind, created_at: Instant) -> Self {
        Self {
            id: EventId::new(),
            escalation_id,
            kind,
            person_id: None,
            key_id: None,
            assignee_id: None,
            body: None,
            outcome: None,
            minutes: None,
            answer_minutes: None,
            resolution_minutes: None,
            created_at,
        }
    }
}

/// That somebody was told, once.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = escalation_notices)]
pub struct Notice {
    pub escalation_id: EscalationId,
    pub kind: NoticeKind,
    pub created_at: Instant,
}
