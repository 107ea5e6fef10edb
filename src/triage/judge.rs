//! Who decides: a person who reviews for their teams, or a program within its key's reach.

use super::subject::Subject;
use crate::accounts::{KeyId, Reach, Who};
use crate::signals::model::Reviewer;

/// A reviewer, with the teams they decide for.
#[derive(Debug, Clone, Copy)]
pub enum Judge<'a> {
    Person(&'a Who),
    Key(KeyId, &'a Reach),
}

impl Judge<'_> {
    /// As decisions name them.
    pub fn by(self) -> Reviewer {
        match self {
            Self::Person(who) => Reviewer::Person(who.id()),
            Self::Key(key, _) => Reviewer::Key(key),
        }
    }

    /// Whether they decide for the team that reported this.
    pub fn reviews(self, subject: &Subject) -> bool {
        match self {
            Self::Person(who) => who.reviews(subject.found.item.team_id),
            Self::Key(_, reach) => reach.has(&subject.found.agent.slug, &subject.found.team),
        }
    }

    /// Whether they decide for the team that owns the agent, and so between teams.
    pub fn owns(self, subject: &Subject) -> bool {
        match self {
            Self::Person(who) => who.reviews(subject.found.agent.team_id),
            Self::Key(_, reach) => match &subject.owner {
                Some(owner) => reach.has(&subject.found.agent.slug, &owner.slug),
                None => reach.is_all(),
            },
        }
    }

    /// Whether they may look at it: as one of its team, or where teams contradict one another, as
    /// one who settles that.
    pub fn sees(self, subject: &Subject) -> bool {
        self.reviews(subject) || (subject.owner.is_some() && self.owns(subject))
    }
}
