//! The receipt of what a reviewer found in a random audit: nobody waits for a decision, for the
//! audit's is the one.

use super::progress::Step;
use super::{Facts, Reader};
use crate::signals::SignalStatus;

impl Facts {
    /// Where it stands, in one sentence; nothing where it is no audit.
    pub(super) fn audit_next(&self) -> Option<String> {
        let feedback = &self.found.feedback;
        if !feedback.is_audit {
            return None;
        }
        Some(match (feedback.superseded_by, self.status()) {
            (Some(_), _) => {
                "It was decided anew since then; the newer decision is the one that counts.".into()
            }
            (None, Some(SignalStatus::Accepted)) => self.accepted(),
            (None, _) => TAKEN_BACK.into(),
        })
    }

    /// The way so far.
    pub(super) fn audit_steps(&self) -> Vec<Step> {
        let text = "Nobody had reported it: it was drawn at random.";
        let mut steps = vec![Step { text: text.to_owned(), ..self.sent() }];
        match (self.found.feedback.superseded_by, self.status()) {
            (Some(_), _) => {
                let text = "What was decided later took its place; this stays as it was.";
                steps.push(Step::new("now", "Decided anew", text));
            }
            (None, Some(SignalStatus::Accepted)) => steps.extend(self.teaching()),
            (None, _) => steps.push(Step::new("now", "Taken back", TAKEN_BACK)),
        }
        steps
    }

    /// Where its author looks at the audit again; empty for others, and once it was decided anew.
    pub(super) fn audit(&self) -> String {
        let is_own = self.found.feedback.is_audit && self.reader == Reader::Author;
        let item = self.found.signal.filter(|_| is_own).map(|(_, item)| item);
        item.map(|item| format!("/triage/{item}")).unwrap_or_default()
    }

    /// The name of the key that decided the audit.
    pub(super) fn auditor(&self) -> Option<String> {
        let said_at = self.found.feedback.occurred_at;
        let mut decided = self.decisions.iter().filter(|_| self.found.feedback.is_audit);
        decided.find(|(decision, _)| decision.created_at == said_at)?.1.clone()
    }
}

const TAKEN_BACK: &str = "The audit was opened again, so this counts no more.";
