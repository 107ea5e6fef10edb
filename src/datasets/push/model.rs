//! A release's way to the object store.

use crate::datasets::model::{LeaseId, ReleaseId};
use crate::db::{Instant, Json};
use crate::schema::pushes;
use diesel::prelude::*;

crate::text_enum!(
    /// Where a push stands.
    PushState {
        /// It waits for somebody, or somebody is at it.
        Waiting = "waiting",
        /// Every file is at the store.
        Done = "done",
        /// It was given up; it says why.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
);

/// The push of a release; it has one.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = pushes, primary_key(release_id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Push {
    pub release_id: ReleaseId,
    pub state: PushState,
    /// Where to, such as `s3://training/overrule`; none until a store is set up.
    pub store: Option<String>,
    /// Files at the store so far, and how many there are; 0 where that is not known yet.
    pub done: i64,
    pub total: i64,
    pub tries: i64,
    pub next_try_at: Instant,
    pub lease_id: Option<LeaseId>,
    pub leased_until: Option<Instant>,
    /// A file that was begun in parts; see `store::Upload`.
    pub upload: Option<Json>,
    /// Why it failed, or what the last try met, in a sentence.
    pub error: Option<String>,
    pub finished_at: Option<Instant>,
}

impl Push {
    /// One that nobody began, for whoever takes it from `now` on.
    pub fn new(release_id: ReleaseId, store: Option<String>, now: Instant) -> Self {
        Self {
            release_id,
            state: PushState::Waiting,
            store,
            done: 0,
            total: 0,
            tries: 0,
            next_try_at: now,
            lease_id: None,
            leased_until: None,
            upload: None,
            error: None,
            finished_at: None,
        }
    }

    /// Whether somebody is at it.
    pub fn is_held(&self, now: Instant) -> bool {
        self.state == PushState::Waiting && self.leased_until.is_some_and(|until| until > now)
    }
}
