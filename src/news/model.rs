//! Rows of what reporters are to be told.

use crate::accounts::PersonId;
use crate::db::Instant;
use crate::feedback::FeedbackId;
use crate::schema::{news, news_declined};
use crate::signals::model::ItemId;
use diesel::prelude::*;

crate::id_type!(
    /// The id of something to be told.
    NewsId
);
crate::text_enum!(
    /// What is told.
    NewsKind {
        /// A reviewer decided, or asks: how it stands is looked up when the mail is written.
        Decided = "decided",
        /// Whoever took over answered.
        Answered = "answered",
        /// Whoever took over asks.
        Asked = "asked",
        /// Whoever took over is done.
        Closed = "closed",
    }
);

/// Minutes within which decisions go into one mail.
pub const BUNDLED_MINUTES: i64 = 60;

impl NewsKind {
    /// Minutes until it is told.
    pub fn wait(self) -> i64 {
        match self {
            Self::Decided => BUNDLED_MINUTES,
            Self::Answered | Self::Asked | Self::Closed => 0,
        }
    }
}

/// Something to be told to somebody.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = news, treat_none_as_default_value = false)]
pub struct News {
    pub id: NewsId,
    pub person_id: PersonId,
    pub feedback_id: FeedbackId,
    pub item_id: ItemId,
    pub kind: NewsKind,
    /// What was written.
    pub body: Option<String>,
    pub due_at: Instant,
    pub created_at: Instant,
}

/// That somebody wants no mail about what they reported.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = news_declined)]
pub struct Declined {
    pub person_id: PersonId,
    pub created_at: Instant,
}
