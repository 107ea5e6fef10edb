//! Where a report stands, as one sentence and as steps.

use super::{Facts, Reader, at};
use crate::agents::model::ReviewPolicy;
use crate::capture::words;
use crate::clock;
use crate::db::Instant;
use crate::feedback::Verdict;
use crate::feedback::model::Urgency;
use crate::journeys::queries::reports::Released;
use crate::signals::SignalStatus;
use crate::signals::model::{How, Outcome, Resolution};

/// One step of the way.
#[derive(Debug, Clone)]
pub struct Step {
    pub title: String,
    pub text: String,
    pub at_iso: String,
    pub at_text: String,
    /// `done`, `now` or `next`.
    pub state: &'static str,
}

impl Step {
    pub(super) fn new(
        state: &'static str,
        title: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        let (at_iso, at_text) = (String::new(), String::new());
        Self { title: title.into(), text: text.into(), at_iso, at_text, state }
    }

    pub(super) fn at(self, instant: Instant) -> Self {
        let (at_iso, at_text) = at(instant);
        Self { at_iso, at_text, ..self }
    }
}

impl Facts {
    /// What happens next, in one sentence.
    pub(super) fn next(&self) -> String {
        if let Some(next) = self.audit_next() {
            return next;
        }
        if self.found.feedback.superseded_by.is_some() {
            let what = match self.reader {
                Reader::Lead => "It was changed",
                Reader::Author | Reader::Holder => "You changed it",
            };
            return format!("{what} since then; the newer word is the one that counts.");
        }
        match self.status() {
            Some(SignalStatus::Accepted) => self.accepted(),
            Some(SignalStatus::Declined) => self.declined(),
            Some(SignalStatus::Pending) | None => self.pending(),
        }
    }

    pub(super) fn accepted(&self) -> String {
        let agent = &self.found.agent.name;
        let when = match &self.release {
            Some(released) => format!("in {}.", self.named(released)),
            None => "once the next dataset release is built.".to_owned(),
        };
        match self.found.feedback.verdict {
            Verdict::Corrected => {
                format!("The correction was accepted: {agent} can learn from it {when}")
            }
            Verdict::Confirmed => {
                format!("The answer counts as right: {agent} can learn from it {when}")
            }
            Verdict::Rejected => {
                format!("The answer counts as wrong: {agent} can learn to avoid it {when}")
            }
            Verdict::Escalated => self.taken_over().unwrap_or_else(|| {
                "It was taken over, and counts as a question that a person should handle.".into()
            }),
        }
    }

    /// A release; which dataset it is of is for those who can sign in.
    fn named(&self, released: &Released) -> String {
        match self.reader {
            Reader::Holder => format!("release {} of a dataset", released.number),
            Reader::Author | Reader::Lead => {
                format!("release {} of the dataset {}", released.number, released.dataset)
            }
        }
    }

    fn declined(&self) -> String {
        let why = self.standing().and_then(|standing| standing.reason.as_deref());
        match why {
            Some(why) => format!("It was declined: {}", sentence(why)),
            None => "It was declined, and no reason was given.".into(),
        }
    }

    fn pending(&self) -> String {
        let standing = self.standing();
        if let Some(asked) = standing.filter(|standing| standing.outcome == Outcome::NeedsInfo) {
            let what = asked.reason.as_deref().unwrap_or("please say more about it.");
            return format!("There is a question about it: {}", sentence(what));
        }
        if self.is_taken_over()
            && let Some(next) = self.taken_over()
        {
            return next;
        }
        if standing.is_some_and(|standing| standing.outcome == Outcome::Escalated) {
            return "It was passed on to somebody who can decide it.".into();
        }
        if let Some(name) = self.looks.as_ref().filter(|_| self.reader != Reader::Holder) {
            return format!("{name} is looking at it now.");
        }
        let (who, due) = (self.looks_at_it(), self.due());
        let by = clock::deadline(due, self.now);
        if due < self.now {
            return format!("{who} should have looked at it by {by}; it still waits.");
        }
        match self.found.feedback.verdict {
            Verdict::Escalated => {
                format!("A person was asked to take over: {who} sees to it by {by}.")
            }
            Verdict::Confirmed => format!(
                "Somebody else said that the same answer is wrong, so {} looks at both by {by}.",
                lower(&who)
            ),
            Verdict::Corrected | Verdict::Rejected => format!("{who} looks at it by {by}."),
        }
    }

    /// Who looks at what was sent; without names for those who have only a link.
    pub(super) fn looks_at_it(&self) -> String {
        let team = &self.found.team.name;
        match (&self.reader, self.champions.len()) {
            (_, 0) => format!("Someone from {team}"),
            (Reader::Holder, _) | (_, 4..) => format!("A champion of {team}"),
            _ => words::list(&self.champions, "or"),
        }
    }

    /// By when it should have been looked at; counted anew when it was opened again.
    fn due(&self) -> Instant {
        let deployment = &self.found.deployment;
        let is_urgent = self.found.feedback.urgency == Urgency::Urgent;
        match &self.waiting {
            Some(row) => self.calendars.due(deployment, row.is_urgent, row.waiting_at),
            None => {
                let received = words::received(self.found.feedback.id.0);
                self.calendars.due(deployment, is_urgent, received)
            }
        }
    }

    /// The way so far, and what is still ahead.
    pub(super) fn steps(&self) -> Vec<Step> {
        if self.found.feedback.is_audit {
            return self.audit_steps();
        }
        let mut steps = vec![self.sent()];
        if self.found.feedback.superseded_by.is_some() {
            let text = "What was said later took its place; this stays as it was.";
            steps.push(Step::new("now", "Changed", text));
            return steps;
        }
        let mut done: Vec<(Instant, Step)> = self
            .decisions
            .iter()
            .map(|(decision, by)| (decision.created_at, self.decided(decision, by.as_deref())))
            .chain(self.takeover_steps())
            .collect();
        done.sort_by_key(|(at, _)| *at);
        steps.extend(done.into_iter().map(|(_, step)| step));
        match self.status() {
            Some(SignalStatus::Declined) => {}
            Some(SignalStatus::Accepted) => steps.extend(self.teaching()),
            Some(SignalStatus::Pending) | None => {
                steps.push(self.waits());
                steps.push(Step::new("next", "It becomes a training signal", "If it is accepted."));
                steps.push(Step::new("next", RELEASED, NEXT_RELEASE));
            }
        }
        if let (Some(last), Some(SignalStatus::Declined)) = (steps.last_mut(), self.status()) {
            last.state = "now";
        }
        steps
    }

    pub(super) fn sent(&self) -> Step {
        let feedback = &self.found.feedback;
        let what = match feedback.verdict {
            Verdict::Confirmed => "said that the answer is right",
            Verdict::Corrected => "gave the right answer",
            Verdict::Rejected => "said that the answer is wrong",
            Verdict::Escalated => "asked for a person",
        };
        let urgent = if feedback.urgency == Urgency::Urgent { "It can't wait." } else { "" };
        Step::new("done", format!("{} {what}", self.said()), urgent).at(feedback.occurred_at)
    }

    fn waits(&self) -> Step {
        if let Some(name) = &self.looks {
            let who = if self.reader == Reader::Holder { "A champion" } else { name };
            return Step::new("now", "Somebody looks at it", format!("{who} has it open."));
        }
        if self.is_taken_over()
            && let Some(text) = self.taken_over()
        {
            return Step::new("now", "In a person’s hands", text);
        }
        match self.standing().map(|standing| standing.outcome) {
            Some(Outcome::NeedsInfo) => {
                let text = "Answer by changing what you said; then it is looked at again.";
                return Step::new("now", "Waiting for an answer", text);
            }
            Some(Outcome::Escalated) => {
                let text = "Somebody who can decide it looks at it next.";
                return Step::new("now", "Waiting for a decision", text);
            }
            _ => {}
        }
        let by = clock::deadline(self.due(), self.now);
        let late = if self.due() < self.now { " That is past." } else { "" };
        let who = self.looks_at_it();
        if self.is_verdict(Verdict::Escalated) {
            let text = format!("{who} sees to it by {by}.{late}");
            return Step::new("now", "A person was asked to take over", text);
        }
        let text = match self.found.feedback.verdict {
            Verdict::Confirmed => format!("Others disagree. {who} looks at it by {by}.{late}"),
            _ => format!("{who} looks at it by {by}.{late}"),
        };
        Step::new("now", "Waiting for review", text)
    }

    fn decided(&self, decision: &Resolution, by: Option<&str>) -> Step {
        let title = match (decision.outcome, decision.how) {
            (Outcome::Accepted, How::Policy) => "Accepted at once",
            (Outcome::Accepted, _) => "Accepted",
            (Outcome::AcceptedWithEdits, _) => "Accepted with a change",
            (Outcome::Declined, _) => "Declined",
            (Outcome::Duplicate, _) => "The same was reported before",
            (Outcome::NeedsInfo, _) => "A question was asked",
            (Outcome::Escalated, _) => "Passed on to somebody who decides",
            (Outcome::Reopened, _) => "Looked at again",
        };
        let mut text = match (decision.how, &decision.reason) {
            (_, Some(reason)) => sentence(reason),
            (How::Policy, None) => self.policy(),
            (How::Import, None) => "It was decided before it came here.".to_owned(),
            (How::Review | How::Adjudication, None) => String::new(),
        };
        if decision.created_at < self.found.feedback.occurred_at {
            text = format!("The same had been decided before. {text}");
        }
        match (by, &self.reader) {
            (Some(name), Reader::Author | Reader::Lead) => text = format!("{name}: {text}"),
            (Some(_), Reader::Holder) => text = format!("A champion: {text}"),
            (None, _) => {}
        }
        let text = text.trim_end().trim_end_matches(':').to_owned();
        Step::new("done", title, text).at(decision.created_at)
    }

    /// Why the policy accepted it.
    fn policy(&self) -> String {
        match self.found.deployment.review {
            ReviewPolicy::None => "This team trusts everybody's word about this agent.".to_owned(),
            _ if self.is_verdict(Verdict::Confirmed) => {
                "Nobody says otherwise, so nobody has to look at it.".to_owned()
            }
            ReviewPolicy::Trusted | ReviewPolicy::Required => {
                "This team trusts what its champions and engineers send.".to_owned()
            }
        }
    }

    /// That it is a signal, and which release holds it.
    pub(super) fn teaching(&self) -> [Step; 2] {
        let signal = |state| Step::new(state, "It is a training signal", self.teaches());
        match &self.release {
            None => [signal("now"), Step::new("next", RELEASED, NEXT_RELEASE)],
            Some(released) => {
                let text = format!("It is in {}.", self.named(released));
                let step = Step::new("now", RELEASED, text);
                [signal("done"), released.at.map_or(step.clone(), |at| step.at(at))]
            }
        }
    }

    fn teaches(&self) -> &'static str {
        match self.found.feedback.verdict {
            Verdict::Corrected => "The answer and its correction, side by side.",
            Verdict::Confirmed => "An answer to give again.",
            Verdict::Rejected => "An answer not to give again.",
            Verdict::Escalated => "A question to leave to people.",
        }
    }
}

const RELEASED: &str = "In a dataset release";
const NEXT_RELEASE: &str = "It goes into the next dataset release.";

/// A reason as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// `A champion` inside a sentence; names stay as they are.
fn lower(who: &str) -> String {
    match who.strip_prefix("A ") {
        Some(rest) => format!("a {rest}"),
        None => who.replacen("Someone ", "someone ", 1),
    }
}
