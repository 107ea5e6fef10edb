//! Rows of people, teams, sessions and keys.

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
}

impl Key {
    /// Whether the key has `scope`; `admin` has all.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.split(' ').any(|s| s == scope.as_str() || s == Scope::Admin.as_str())
    }
}

/// A person who is signed in, with their teams: what `visible_to` queries are given.
#[derive(Debug, Clone)]
pub struct Who {
    pub person: Person,
    pub memberships: Vec<Membership>,
}

impl Who {
    /// The person's id.
    pub fn id(&self) -> PersonId {
        self.person.id
    }
    /// Engineers and admins see every team.
    pub fn sees_all(&self) -> bool {
        self.person.is_engineer || self.person.is_admin
    }
    /// The teams the person is in.
    pub fn teams(&self) -> Vec<TeamId> {
        self.memberships.iter().map(|m| m.team_id).collect()
    }
    /// Whether the person is in the team at all.
    pub fn in_team(&self, team: TeamId) -> bool {
        self.memberships.iter().any(|m| m.team_id == team)
    }
    /// Whether the person looks after the team: its champion or manager, or one who sees all.
    pub fn leads(&self, team: TeamId) -> bool {
        self.sees_all()
            || self.memberships.iter().any(|m| m.team_id == team && (m.is_champion || m.is_manager))
    }
    /// Whether the person is champion of the team.
    pub fn is_champion_of(&self, team: TeamId) -> bool {
        self.memberships.iter().any(|m| m.team_id == team && m.is_champion)
    }
    /// Whether the person may decide what the team reported: its champion, or one who sees all.
    pub fn reviews(&self, team: TeamId) -> bool {
        self.sees_all() || self.is_champion_of(team)
    }
    /// Champion of any team.
    pub fn is_champion(&self) -> bool {
        self.memberships.iter().any(|m| m.is_champion)
    }
    /// Manager of any team.
    pub fn is_manager(&self) -> bool {
        self.memberships.iter().any(|m| m.is_manager)
    }
}

/// An address as it is kept and compared: trimmed and in lower case.
pub fn normal_address(address: &str) -> String {
    address.trim().to_lowercase()
}
