//! Rows of people, teams, sessions and keys.

use super::languages;
use crate::db::{Hash, Instant};
use crate::schema::{api_keys, memberships, people, sign_in_links, teams};
use diesel::prelude::*;

crate::id_type!(
    /// The id of a person.
    PersonId
);
crate::id_type!(
    /// The id of a team.
    TeamId
);
crate::id_type!(
    /// The id of an API key.
    KeyId
);

crate::text_enum!(
    /// What an API key may do.
    Scope {
        /// Send interactions.
        Ingest = "ingest",
        /// Send feedback.
        Feedback = "feedback",
        /// Work on the review queue.
        Triage = "triage",
        /// Read signals and datasets.
        Export = "export",
        /// Read agents, interactions and feedback.
        Read = "read",
        /// Everything, including making agents, teams and labels.
        Admin = "admin",
    }
);

/// Everyone ever named. Without `can_sign_in` it is only a name that others used, or a link.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = people, treat_none_as_default_value = false)]
pub struct Person {
    pub id: PersonId,
    /// A mail address in lower case, or any name an end user is known by; none for a link's holder.
    pub address: Option<String>,
    pub name: String,
    pub can_sign_in: bool,
    pub is_engineer: bool,
    pub is_admin: bool,
    /// When the address was shown to be theirs.
    pub verified_at: Option<Instant>,
    pub deactivated_at: Option<Instant>,
    pub created_at: Instant,
    /// The name of the time zone in which they read times, if they chose one.
    pub time_zone: Option<String>,
    /// The ISO 639-1 code of the language in which they like to be answered, if they chose one.
    pub language: Option<String>,
}

impl Person {
    /// The language in which they like to be answered, by its name in English.
    pub fn language_name(&self) -> Option<&'static str> {
        languages::name(self.language.as_deref()?)
    }
}

/// People who use agents together.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = teams)]
pub struct Team {
    pub id: TeamId,
    pub slug: String,
    pub name: String,
    pub created_at: Instant,
}

/// A person in a team, and their roles there.
#[derive(Debug, Clone, Copy, Queryable, Insertable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    pub person_id: PersonId,
    pub team_id: TeamId,
    pub is_champion: bool,
    pub is_manager: bool,
    pub created_at: Instant,
}

/// A link that signs a person in, once unless it is reusable.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = sign_in_links, treat_none_as_default_value = false)]
pub struct SignInLink {
    pub token_hash: Hash,
    pub person_id: PersonId,
    pub is_reusable: bool,
    pub created_at: Instant,
    pub expires_at: Instant,
    pub used_at: Option<Instant>,
}

/// Whether a sign-in link works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    Good,
    /// A one-time link that has signed in already.
    Used,
    Expired,
    /// Never made here, or the person may no longer sign in.
    Unknown,
}

impl SignInLink {
    /// Whether this link works now for its person.
    pub fn state(&self, person: &Person, now: Instant) -> LinkState {
        if !person.can_sign_in || person.deactivated_at.is_some() {
            LinkState::Unknown
        } else if self.used_at.is_some() && !self.is_reusable {
            LinkState::Used
        } else if self.expires_at <= now {
            LinkState::Expired
        } else {
            LinkState::Good
        }
    }
}

/// A program's key; only the hash of its token is kept.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    pub token_hash: Hash,
    /// Scopes, with a space between.
    pub scopes: String,
    pub created_at: Instant,
    pub revoked_at: Option<Instant>,
    /// The first letters of the token, by which people know it again; empty for the oldest keys.
    pub hint: String,
    /// Slugs of the agents it is for, with a space between; none for all.
    pub agents: Option<String>,
    /// Slugs of the teams it is for, with a space between; none for all.
    pub teams: Option<String>,
    /// It works until then.
    pub expires_at: Option<Instant>,
    /// To within a few minutes.
    pub last_used_at: Option<Instant>,
    /// The key that takes its place.
    pub replaced_by: Option<KeyId>,
}

/// A person who is signed in, with their teams: what `visible_to` queries are given.
#[derive(Debug, Clone)]
pub struct Who {
    pub person: Person,
    pub memberships: Vec<Membership>,
}

/// An address as it is kept and compared: trimmed and in lower case.
pub fn normal_address(address: &str) -> String {
    address.trim().to_lowercase()
}
