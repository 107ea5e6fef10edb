//! What a receipt says of a person who was asked to take over.

use super::progress::{Step, sentence};
use super::{Facts, Reader};
use crate::accounts::PersonId;
use crate::clock;
use crate::escalations::model::{Escalation, Event, EventKind, Outcome, State};
use std::collections::HashMap;

/// An escalation, as a receipt has it.
pub struct Takeover {
    pub row: Escalation,
    pub events: Vec<Event>,
    pub names: HashMap<PersonId, String>,
}

impl Takeover {
    /// What was written last of this kind.
    fn last(&self, kind: EventKind) -> Option<&str> {
        let last = self.events.iter().rev().find(|event| event.kind == kind)?;
        last.body.as_deref()
    }
}

impl Facts {
    /// What happens next, where that is up to whoever was asked to take over.
    pub(super) fn taken_over(&self) -> Option<String> {
        let takeover = self.takeover.as_ref()?;
        let row = &takeover.row;
        let who = self.has_it(takeover);
        match (row.state, row.due_at) {
            (State::Waiting, _) => {
                let asked = takeover.last(EventKind::Asked).unwrap_or("please say more about it.");
                Some(format!("There is a question about it: {}", sentence(asked)))
            }
            (State::Open, Some(due)) => {
                let by = clock::deadline(due, self.now);
                Some(if due < self.now {
                    format!("{who} should have seen to it by {by}; it still waits.")
                } else if row.answered_at.is_some() {
                    format!("{who} is at it, and should be done by {by}.")
                } else {
                    format!("A person was asked to take over: {who} sees to it by {by}.")
                })
            }
            (State::Closed, _) => {
                let what = closed(row.outcome?);
                let result = takeover.last(EventKind::Resolved).map(sentence);
                Some(format!("{what}. {}", result.unwrap_or_default()).trim_end().to_owned())
            }
            (State::Open, None) => None,
        }
    }

    /// Whether it is in a person's hands now.
    pub(super) fn is_taken_over(&self) -> bool {
        self.takeover.as_ref().is_some_and(|takeover| takeover.row.state != State::Closed)
    }

    fn has_it(&self, takeover: &Takeover) -> String {
        let name = takeover.row.assignee_id.and_then(|id| takeover.names.get(&id));
        match (name, &self.reader) {
            (Some(_), Reader::Holder) => format!("A person of {}", self.found.team.name),
            (Some(name), _) => name.clone(),
            (None, _) => self.looks_at_it(),
        }
    }

    /// What whoever took over did, each with the time, for the way so far.
    pub(super) fn takeover_steps(&self) -> Vec<(crate::db::Instant, Step)> {
        let Some(takeover) = &self.takeover else { return Vec::new() };
        let told = takeover.events.iter().filter(|event| event.kind.is_for_reporter());
        let step = |event: &Event| {
            let title = self.did(takeover, event)?;
            let text = event.body.clone().unwrap_or_default();
            Some((event.created_at, Step::new("done", title, text).at(event.created_at)))
        };
        told.filter_map(step).collect()
    }

    fn did(&self, takeover: &Takeover, event: &Event) -> Option<String> {
        let name = |id: Option<PersonId>| id.and_then(|id| takeover.names.get(&id)).cloned();
        let named = |id| match self.reader {
            Reader::Holder => "A person".to_owned(),
            Reader::Author | Reader::Lead => name(id).unwrap_or_else(|| "A person".to_owned()),
        };
        let who = named(event.person_id);
        Some(match event.kind {
            EventKind::Assigned => format!("{} has it in hand", named(Some(event.assignee_id?))),
            EventKind::Answer => format!("{who} answered"),
            EventKind::Asked => format!("{who} asked a question"),
            EventKind::Replied => match self.reader {
                Reader::Author | Reader::Holder => "You answered".to_owned(),
                Reader::Lead => format!("{who} answered the question"),
            },
            EventKind::Resumed => "It goes on".to_owned(),
            EventKind::Resolved => closed(event.outcome?).to_owned(),
            EventKind::Reopened => format!("{who} took it up again"),
            EventKind::Withdrawn => "A person is no longer asked for".to_owned(),
            _ => return None,
        })
    }

    /// Where the author answers: the address, and whether they were asked.
    pub(super) fn reply_to(&self) -> Option<(String, bool)> {
        let row = &self.takeover.as_ref()?.row;
        let may = self.reader == Reader::Author
            && row.state != State::Closed
            && self.found.feedback.superseded_by.is_none();
        let path = format!("/escalations/{}/reply", row.id);
        may.then_some((path, row.state == State::Waiting))
    }
}

fn closed(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::HandledByHand => "A person handled it",
        Outcome::AgentFixed => "The agent was put right",
        Outcome::ProcessChanged => "The way it is done was changed",
        Outcome::NoAction => "A person looked at it, and nothing had to be done",
    }
}
