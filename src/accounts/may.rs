//! Who may do what: the one place. A handler names a rule in its signature by an extractor, a query
//! takes the person or the key whose rows it gives, and both come here for the answer.

use super::model::{Key, Membership, PersonId, Scope, TeamId, Who};
use crate::clock;

/// A rule about people, by which a handler is called or not.
pub struct Rule {
    /// As the extractor is called.
    pub name: &'static str,
    /// Whom it lets in, for people to read.
    pub lets_in: &'static str,
    /// What somebody is told whom it does not let in.
    pub refusal: &'static str,
    /// Whether this person is let in.
    pub allows: fn(&Who) -> bool,
}

/// Everybody with an account; the query cuts down what they see.
pub const SIGNED_IN: Rule = Rule {
    name: "SignedIn",
    lets_in: "everybody who is signed in",
    refusal: "Please sign in.",
    allows: |_| true,
};

/// Champions, on pages about their own teams.
pub const CHAMPION: Rule = Rule {
    name: "Champion",
    lets_in: "champions of any team",
    refusal: "This page is for champions.",
    allows: Who::is_champion,
};

/// Those who decide what was reported.
pub const REVIEWER: Rule = Rule {
    name: "Reviewer",
    lets_in: "champions of any team, engineers, admins",
    refusal: "This page is for champions, who decide what their team reports.",
    allows: |who| who.is_champion() || who.sees_all(),
};

/// Those who look after people: of their own teams, or of all.
pub const LEADER: Rule = Rule {
    name: "Leader",
    lets_in: "champions and managers of any team, admins",
    refusal: "This page is for champions and managers, who look after their team.",
    allows: |who| who.is_champion() || who.is_manager() || who.person.is_admin,
};

/// Those who train models.
pub const ENGINEER: Rule = Rule {
    name: "Engineer",
    lets_in: "engineers, admins",
    refusal: "This page is for engineers.",
    allows: Who::sees_all,
};

/// Those who run the installation.
pub const ADMIN: Rule = Rule {
    name: "Admin",
    lets_in: "admins",
    refusal: "This page is for admins.",
    allows: |who| who.person.is_admin,
};

/// Every rule about people, from the widest to the narrowest.
pub const RULES: &[&Rule] = &[&SIGNED_IN, &LEADER, &REVIEWER, &CHAMPION, &ENGINEER, &ADMIN];

/// Who may see and do what in which team.
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
        self.role_in(team, |_| true)
    }
    /// Whether the person looks after the team: its champion or manager, or one who sees all.
    pub fn leads(&self, team: TeamId) -> bool {
        self.sees_all() || self.role_in(team, |m| m.is_champion || m.is_manager)
    }
    /// Whether the person is champion of the team.
    pub fn is_champion_of(&self, team: TeamId) -> bool {
        self.role_in(team, |m| m.is_champion)
    }
    /// Whether the person may decide what the team reported: its champion, or one who sees all.
    pub fn reviews(&self, team: TeamId) -> bool {
        self.sees_all() || self.is_champion_of(team)
    }
    /// Whether the person may add members to the team and take them out: its champions and
    /// managers, and admins. Who is champion or manager is for admins alone.
    pub fn looks_after(&self, team: TeamId) -> bool {
        self.person.is_admin || self.role_in(team, |m| m.is_champion || m.is_manager)
    }
    /// Champion of any team.
    pub fn is_champion(&self) -> bool {
        self.memberships.iter().any(|m| m.is_champion)
    }
    /// Manager of any team.
    pub fn is_manager(&self) -> bool {
        self.memberships.iter().any(|m| m.is_manager)
    }

    fn role_in(&self, team: TeamId, role: impl Fn(&Membership) -> bool) -> bool {
        self.memberships.iter().any(|m| m.team_id == team && role(m))
    }
}

/// What a program with the key may do.
impl Key {
    /// Whether the key has `scope`; `admin` has all.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.split(' ').any(|s| s == scope.as_str() || s == Scope::Admin.as_str())
    }
    /// Whether it is good now: neither revoked nor over.
    pub fn is_good(&self) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| clock::now() < end)
    }
    /// Whether it is for all agents and teams.
    pub fn reaches_all(&self) -> bool {
        self.agents.is_none() && self.teams.is_none()
    }
    /// Which agents and teams it is for.
    pub fn reach(&self) -> Reach {
        let list = |text: &Option<String>| {
            text.as_ref().map(|text| text.split_whitespace().map(str::to_owned).collect())
        };
        Reach { agents: list(&self.agents), teams: list(&self.teams) }
    }
}

/// The agents and teams, by their slugs, that a program's key is for. What it sees and does are the
/// deployments whose agent and team are both among them; none means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    pub agents: Option<Vec<String>>,
    pub teams: Option<Vec<String>>,
}

impl Reach {
    /// Whether this is everything.
    pub fn is_all(&self) -> bool {
        self.agents.is_none() && self.teams.is_none()
    }
    /// Whether the key is for this agent, in some team at least.
    pub fn has_agent(&self, slug: &str) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.iter().any(|agent| agent == slug))
    }
    /// Whether the key is for this team, with some agent at least.
    pub fn has_team(&self, slug: &str) -> bool {
        self.teams.as_ref().is_none_or(|teams| teams.iter().any(|team| team == slug))
    }
    /// Whether the key is for this agent in this team.
    pub fn has(&self, agent: &str, team: &str) -> bool {
        self.has_agent(agent) && self.has_team(team)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reaches_what_is_among_both_its_agents_and_its_teams() {
        let list = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        let all = Reach::default();
        assert!(all.is_all() && all.has("a", "t"));
        let both = Reach { agents: list(&["a", "b"]), teams: list(&["t"]) };
        assert!(both.has("a", "t") && both.has("b", "t"));
        assert!(!both.has("c", "t") && !both.has("a", "u") && !both.is_all());
        let none = Reach { agents: list(&[]), teams: None };
        assert!(!none.has_agent("a") && none.has_team("t"));
    }
}
