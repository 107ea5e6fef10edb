//! The receipt: what somebody said of an answer, what happens next, and what became of it.

use super::queries::reports::Found;
use crate::agents::OutputKind;
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::Instant;
use crate::feedback::Verdict;
use crate::interactions::{JsonText, Source, content};
use crate::signals::SignalStatus;
use crate::signals::model::Resolution;
use crate::web::diff::{self, Part};

mod progress;
pub use progress::Step;

/// Who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// The author, signed in.
    Author,
    /// Somebody who looks after the team.
    Lead,
    /// Whoever holds the receipt's link: sees no names of other people.
    Holder,
}

/// A receipt's facts, as they come from the database.
pub struct Facts {
    pub found: Found,
    pub decisions: Vec<(Resolution, Option<String>)>,
    pub champions: Vec<String>,
    pub reader: Reader,
    pub now: Instant,
}

/// One turn of the conversation.
pub struct Message {
    pub role: String,
    pub role_label: String,
    pub text: String,
    pub tool_calls: Vec<String>,
}

/// What the page shows.
pub struct Receipt {
    /// What happens next, in one sentence.
    pub next: String,
    pub state: Badge,
    pub verdict: Badge,
    /// `You said`, or `Ana Marques said`.
    pub said: String,
    pub agent: String,
    pub team: String,
    pub when: When,
    pub turns: Vec<Message>,
    pub output: String,
    pub error: String,
    pub is_code: bool,
    /// Whether the texts were erased.
    pub is_erased: bool,
    /// From the answer to the correction.
    pub parts: Vec<Part>,
    pub correction: String,
    /// From the correction to what the reviewer made of it.
    pub edits: Vec<Part>,
    pub category: String,
    pub severity: &'static str,
    pub comment: String,
    pub steps: Vec<Step>,
    /// The path of the newer feedback that took this one's place.
    pub newer: String,
    /// Where the reader changes what they said, or looks at the interaction.
    pub interaction: String,
    pub is_yours: bool,
    /// The keys of forms whose kept text can go now.
    pub kept: Vec<String>,
}

impl Facts {
    /// The receipt as it is shown.
    pub fn receipt(&self) -> Receipt {
        let Found { feedback, row, body, agent, .. } = &self.found;
        let yours = self.reader != Reader::Lead;
        let kind = agent.kind;
        let output = body.as_ref().and_then(|body| body.output.as_ref());
        let output = output.map(|text| spoken(kind, text)).unwrap_or_default();
        let correction = feedback.correction.as_ref().map(|text| spoken(kind, text));
        let correction = correction.unwrap_or_default();
        let edited = self.standing().and_then(|standing| standing.label.as_ref());
        let edited = edited.map(|text| spoken(kind, text)).filter(|text| *text != correction);
        let newer = feedback.superseded_by.filter(|_| self.reader != Reader::Holder);
        let is_report = row.source == Source::Report;
        let mut kept = vec![format!("feedback-{}", row.id)];
        if is_report {
            kept.push("report".to_owned());
        }
        Receipt {
            next: self.next(),
            state: words::state(feedback.superseded_by.is_some(), self.status(), yours),
            verdict: words::verdict(feedback.verdict),
            said: self.said(),
            agent: words::agent(&agent.name, &self.found.version),
            team: self.found.team.name.clone(),
            when: words::when(feedback.occurred_at, self.now),
            turns: body.as_ref().map(|body| self.turns(&body.input)).unwrap_or_default(),
            error: body.as_ref().and_then(|body| body.error.clone()).unwrap_or_default(),
            is_code: matches!(kind, OutputKind::Json | OutputKind::Message),
            is_erased: body.is_none(),
            parts: changes(&output, &correction),
            edits: edited.map(|edited| diff::words(&correction, &edited)).unwrap_or_default(),
            output,
            correction,
            category: self.found.category.clone().unwrap_or_default(),
            severity: feedback.severity.as_str(),
            comment: feedback.comment.clone().unwrap_or_default(),
            steps: self.steps(),
            newer: newer.map(|id| format!("/feedback/{id}")).unwrap_or_default(),
            interaction: match self.reader {
                Reader::Holder => String::new(),
                Reader::Author | Reader::Lead => format!("/interactions/{}", row.id),
            },
            is_yours: yours,
            kept,
        }
    }

    fn turns(&self, input: &JsonText) -> Vec<Message> {
        let message = |turn: content::Turn| Message {
            role_label: match turn.role.as_str() {
                "user" => "What was asked".to_owned(),
                "system" => "Instructions to the agent".to_owned(),
                "tool" => "What a tool gave back".to_owned(),
                _ => format!("{} said", self.found.agent.name),
            },
            role: turn.role,
            text: turn.text,
            tool_calls: turn.tool_calls,
        };
        content::turns(&input.to_value()).into_iter().map(message).collect()
    }

    fn said(&self) -> String {
        match (&self.reader, &self.found.author) {
            (Reader::Author | Reader::Holder, _) => "You".to_owned(),
            (Reader::Lead, Some(name)) => name.clone(),
            (Reader::Lead, None) => "Somebody".to_owned(),
        }
    }

    /// The decision that counts.
    fn standing(&self) -> Option<&Resolution> {
        self.decisions.last().map(|(resolution, _)| resolution)
    }

    fn status(&self) -> Option<SignalStatus> {
        self.found.signal.map(|(status, _)| status)
    }

    fn is_verdict(&self, verdict: Verdict) -> bool {
        self.found.feedback.verdict == verdict
    }
}

/// The difference, where there is a correction and something it corrects.
fn changes(output: &str, correction: &str) -> Vec<Part> {
    if output.is_empty() || correction.is_empty() {
        return Vec::new();
    }
    diff::words(output, correction)
}

/// An output as people read it: JSON on many lines, a message with the tools it calls.
fn spoken(kind: OutputKind, output: &JsonText) -> String {
    match kind {
        OutputKind::Text | OutputKind::Label => output.plain(),
        OutputKind::Json => {
            serde_json::to_string_pretty(&output.to_value()).unwrap_or_else(|_| output.plain())
        }
        OutputKind::Message => {
            let turn = content::turn(&output.to_value());
            let text = Some(turn.text).filter(|text| !text.is_empty());
            text.into_iter().chain(turn.tool_calls).collect::<Vec<_>>().join("\n")
        }
    }
}

/// When something was done, for a step.
fn at(instant: Instant) -> (String, String) {
    (instant.to_string(), clock::exact(instant))
}
