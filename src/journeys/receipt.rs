//! The receipt: what somebody said of an answer, what happens next, and what became of it.

use super::queries::reports::{Found, Released};
use crate::agents::OutputKind;
use crate::capture::shown::{self, Audience, Message};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::Instant;
use crate::feedback::Verdict;
use crate::hours::Calendars;
use crate::interactions::Source;
use crate::signals::SignalStatus;
use crate::signals::model::{Resolution, Waiting};
use crate::web::diff::{self, Part};

mod audit;
mod progress;
mod takeover;
pub use progress::Step;
pub use takeover::Takeover;

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
    /// What it waits for, while it waits.
    pub waiting: Option<Waiting>,
    /// Who looks at it just now.
    pub looks: Option<String>,
    pub champions: Vec<String>,
    /// When the team works.
    pub calendars: Calendars,
    /// The newest escalation of it.
    pub takeover: Option<Takeover>,
    /// The newest release that holds it.
    pub release: Option<Released>,
    pub reader: Reader,
    pub now: Instant,
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
    pub severity: Badge,
    pub comment: String,
    pub steps: Vec<Step>,
    /// The path of the newer feedback that took this one's place.
    pub newer: String,
    /// Where the reader changes what they said, or looks at the interaction.
    pub interaction: String,
    /// Whether a random audit found it, and where its author opens that again.
    pub is_audit: bool,
    pub audit: String,
    /// Where the author answers whoever took over, and whether they were asked.
    pub reply: Option<(String, bool)>,
    pub id: String,
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
        let output = output.map(|text| shown::spoken(kind, text)).unwrap_or_default();
        let correction = feedback.correction.as_ref().map(|text| shown::spoken(kind, text));
        let correction = correction.unwrap_or_default();
        let edited = self.standing().and_then(|standing| standing.label.as_ref());
        let edited =
            edited.map(|text| shown::spoken(kind, text)).filter(|text| *text != correction);
        let newer = feedback.superseded_by.filter(|_| self.reader != Reader::Holder);
        let is_report = row.source == Source::Report;
        let mut kept = vec![format!("feedback-{}", row.id)];
        if is_report {
            kept.push("report".to_owned());
        }
        Receipt {
            next: self.next(),
            state: self.state(yours),
            verdict: words::verdict(feedback.verdict),
            said: self.said(),
            agent: words::agent(&agent.name, &self.found.version),
            team: self.found.team.name.clone(),
            when: words::when(feedback.occurred_at, self.now),
            turns: body
                .as_ref()
                .map(|body| shown::turns(&agent.name, &body.input, self.audience()))
                .unwrap_or_default(),
            error: body.as_ref().and_then(|body| body.error.clone()).unwrap_or_default(),
            is_code: matches!(kind, OutputKind::Json | OutputKind::Message),
            is_erased: body.is_none(),
            parts: changes(&output, &correction),
            edits: edited.map(|edited| diff::words(&correction, &edited)).unwrap_or_default(),
            output,
            correction,
            category: self.found.category.clone().unwrap_or_default(),
            severity: words::severity(feedback.severity),
            comment: feedback.comment.clone().unwrap_or_default(),
            steps: self.steps(),
            newer: newer.map(|id| format!("/feedback/{id}")).unwrap_or_default(),
            interaction: match self.reader {
                Reader::Holder => String::new(),
                Reader::Author | Reader::Lead => format!("/interactions/{}", row.id),
            },
            is_audit: feedback.is_audit,
            audit: self.audit(),
            reply: self.reply_to(),
            id: feedback.id.to_string(),
            is_yours: yours,
            kept,
        }
    }

    fn audience(&self) -> Audience {
        match self.reader {
            Reader::Author | Reader::Lead => Audience::Team,
            Reader::Holder => Audience::EndUser,
        }
    }

    fn said(&self) -> String {
        match (&self.reader, &self.found.author) {
            (Reader::Author | Reader::Holder, _) => "You".to_owned(),
            (Reader::Lead, Some(name)) => name.clone(),
            (Reader::Lead, None) => self.auditor().unwrap_or_else(|| "Somebody".to_owned()),
        }
    }

    fn state(&self, yours: bool) -> Badge {
        let feedback = &self.found.feedback;
        let is_superseded = feedback.superseded_by.is_some();
        match feedback.is_audit {
            true => words::audit_state(is_superseded, self.status()),
            false => words::state(is_superseded, self.status(), yours),
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

/// When something was done, for a step.
fn at(instant: Instant) -> (String, String) {
    (instant.to_string(), clock::exact(instant))
}
