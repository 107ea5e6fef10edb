//! What browsers send: judgements, and reports of what was not logged, turned into drafts or into
//! mistakes that stand beside their field.

mod correction;
mod report;

pub(super) use report::ReportForm;

use super::draft::Draft;
use crate::db::Hash;
use crate::error::Mistakes;
use crate::feedback::Verdict;
use crate::feedback::model::{MAX_COMMENT, Severity, Urgency};
use crate::interactions::JsonText;
pub use correction::About;
use serde::Deserialize;

/// The feedback form as it was sent, and as it is shown again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FeedbackForm {
    pub verdict: String,
    pub correction: String,
    /// For agents that answer with messages: the tools that should have been called, as JSON.
    pub tool_calls: String,
    pub category: String,
    pub severity: String,
    pub comment: String,
    pub urgency: String,
    /// Made with the page, so that the same form sent twice is one feedback.
    pub nonce: String,
}

impl FeedbackForm {
    /// A form that starts from the agent's own answer.
    pub fn new(about: &About) -> Self {
        let (correction, tool_calls) = about.start();
        Self { correction, tool_calls, severity: "medium".into(), ..Self::fresh() }
    }

    /// A form that starts from what the person said before.
    pub fn again(about: &About, before: &crate::feedback::Feedback, category: String) -> Self {
        let (correction, tool_calls) = match &before.correction {
            Some(correction) => about.as_typed(correction),
            None => about.start(),
        };
        Self {
            verdict: before.verdict.to_string(),
            correction,
            tool_calls,
            category,
            severity: before.severity.to_string(),
            comment: before.comment.clone().unwrap_or_default(),
            urgency: before.urgency.to_string(),
            ..Self::fresh()
        }
    }

    fn fresh() -> Self {
        Self { nonce: crate::web::token::random(), ..Self::default() }
    }

    /// The verdict that was chosen, if one was.
    fn verdict(&self) -> Option<Verdict> {
        self.verdict.parse().ok()
    }

    /// The judgement, or what is wrong with it. `author` tells forms of several people apart.
    pub fn check(&self, about: &About, author: uuid::Uuid) -> Result<Draft, Mistakes> {
        let mut mistakes = Mistakes::default();
        let verdict = self.verdict();
        match verdict {
            None => mistakes.add("verdict", "Choose what you think of the answer."),
            Some(Verdict::Confirmed) if !about.has_output() => {
                mistakes.add("verdict", "There is no answer that could be right.");
            }
            Some(_) => {}
        }
        let correction = match verdict {
            // Without JavaScript the field is there for every choice; it counts for one.
            Some(Verdict::Corrected) => {
                about.correction(&self.correction, &self.tool_calls).unwrap_or_else(|more| {
                    mistakes.0.extend(more.0);
                    None
                })
            }
            _ => None,
        };
        check_comment(&mut mistakes, &self.comment);
        let is_wrong = matches!(verdict, Some(Verdict::Corrected | Verdict::Rejected));
        let category = Some(self.category.clone()).filter(|slug| is_wrong && !slug.is_empty());
        let severity = if is_wrong { severity(&mut mistakes, &self.severity) } else { None };
        let urgent = verdict == Some(Verdict::Escalated) && self.urgency == "urgent";
        let draft = Draft {
            external_id: None,
            author: None,
            verdict: verdict.unwrap_or(Verdict::Rejected),
            dedup_key: self.dedup_key(author, correction.as_ref()),
            correction,
            category,
            severity: severity.unwrap_or(Severity::Medium),
            comment: Some(self.comment.clone()).filter(|text| !text.trim().is_empty()),
            urgency: if urgent { Urgency::Urgent } else { Urgency::Normal },
            occurred_at: None,
            decided: None,
        };
        mistakes.or(draft)
    }

    /// The same form sent twice is one feedback; changed and sent again, it is another.
    fn dedup_key(&self, author: uuid::Uuid, correction: Option<&JsonText>) -> Hash {
        Hash::of(&[
            b"form",
            author.as_bytes(),
            self.nonce.as_bytes(),
            self.verdict.as_bytes(),
            correction.map_or("", JsonText::as_str).as_bytes(),
            self.category.as_bytes(),
            self.severity.as_bytes(),
            self.comment.as_bytes(),
            self.urgency.as_bytes(),
        ])
    }
}

fn severity(mistakes: &mut Mistakes, text: &str) -> Option<Severity> {
    if text.is_empty() {
        return None;
    }
    text.parse().map_err(|_| mistakes.add("severity", "Choose one from the list.")).ok()
}

fn check_comment(mistakes: &mut Mistakes, comment: &str) {
    let length = comment.chars().count();
    if length > MAX_COMMENT {
        let length = super::words::grouped(i64::try_from(length).unwrap_or(i64::MAX));
        let why = format!("It has {length} characters; 5,000 is the most. Please shorten it.");
        mistakes.add("comment", why);
    }
}

/// Mistakes that were found while storing, at the fields of the form.
pub(super) fn at_fields(mistakes: Mistakes) -> Mistakes {
    let mut found = Mistakes::default();
    for mistake in mistakes.0 {
        let field = mistake.field.split('/').nth(1).unwrap_or_default();
        found.add(field, mistake.message);
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
