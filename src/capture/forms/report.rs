//! A report of something that was not logged: it becomes an interaction, with what the person
//! says of it.

use super::{FeedbackForm, correction::About};
use crate::agents::OutputKind;
use crate::capture::draft::Draft;
use crate::capture::line::{self, Line};
use crate::db::Hash;
use crate::error::Mistakes;
use crate::feedback::Verdict;
use crate::feedback::model::{Severity, Urgency};
use crate::interactions::JsonText;
use serde::{Deserialize, Serialize};

crate::text_enum!(
    /// What a report is about.
    What {
        /// The agent answered, and the answer is wrong.
        Wrong = "wrong",
        /// The agent gave no answer.
        Missing = "missing",
        /// Something else is wrong with the agent.
        Problem = "problem",
    }
);

/// The report form as it was sent, and as it is shown again. Its judgement has the fields of
/// [`FeedbackForm`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReportForm {
    /// `AGENT/TEAM`, by their slugs.
    pub agent: String,
    pub what: String,
    pub question: String,
    pub answer: String,
    pub verdict: String,
    pub correction: String,
    pub category: String,
    pub severity: String,
    pub comment: String,
    pub urgency: String,
    pub nonce: String,
}

impl ReportForm {
    /// An empty form; `agent` may be chosen already.
    pub fn new(agent: String) -> Self {
        let nonce = crate::web::token::random();
        let (what, severity) = ("wrong".to_owned(), "medium".to_owned());
        Self { agent, what, severity, nonce, ..Self::default() }
    }

    /// What it is about, if that was chosen.
    pub fn what(&self) -> Option<What> {
        self.what.parse().ok()
    }

    /// The report as a line of the interchange format, or what is wrong with it. `about` is empty
    /// where no agent was chosen; `reporter` is an address.
    pub fn check(&self, about: Option<&About>, reporter: &str) -> Result<Line, Mistakes> {
        let mut mistakes = Mistakes::default();
        if about.is_none() {
            mistakes.add("agent", "Choose the agent it is about.");
        }
        let what = self.what();
        if what.is_none() {
            mistakes.add("what", "Choose what happened.");
        }
        self.check_texts(&mut mistakes, what);
        let kind = about.map_or(OutputKind::Text, |about| about.kind);
        let output = match what {
            Some(What::Wrong) => Some(output(kind, &self.answer)),
            _ => None,
        };
        let about = About {
            kind,
            output: output.clone(),
            labels: about.map(|about| about.labels.clone()).unwrap_or_default(),
            json_schema: about.and_then(|about| about.json_schema.clone()),
        };
        if let (Some(output), OutputKind::Label) = (&output, kind)
            && !about.labels.contains(&output.plain())
        {
            mistakes.add("answer", "This agent answers with one of its labels; give that label.");
        }
        let judged = self.judgement().check(&about, uuid::Uuid::nil());
        let draft = match judged {
            Ok(draft) if mistakes.is_empty() => draft,
            Ok(_) => return Err(mistakes),
            Err(more) => {
                mistakes.0.extend(more.0);
                return Err(mistakes);
            }
        };
        let text = serde_json::to_string(&self.line(reporter, output, draft))
            .map_err(|error| Mistakes::one("", error.to_string()))?;
        line::read(&text)
    }

    /// The same fields as a judgement.
    pub fn judgement(&self) -> FeedbackForm {
        let form = self.clone();
        FeedbackForm {
            verdict: form.verdict,
            correction: form.correction,
            tool_calls: String::new(),
            category: form.category,
            severity: form.severity,
            comment: form.comment,
            urgency: form.urgency,
            nonce: form.nonce,
        }
    }

    fn check_texts(&self, mistakes: &mut Mistakes, what: Option<What>) {
        let is_empty = |text: &str| text.trim().is_empty();
        match what {
            Some(What::Wrong | What::Missing) if is_empty(&self.question) => {
                mistakes.add("question", "Paste or write what was asked.");
            }
            Some(What::Problem) if is_empty(&self.comment) => {
                mistakes.add("comment", "Say what is wrong.");
            }
            _ => {}
        }
        if what == Some(What::Wrong) && is_empty(&self.answer) {
            mistakes.add("answer", "Paste what the agent answered.");
        }
        if what == Some(What::Problem) && self.verdict == Verdict::Corrected.as_str() {
            mistakes.add("verdict", "A right answer goes with a question; choose another.");
        }
        if [&self.question, &self.answer, &self.correction].iter().any(|t| t.len() > 300_000) {
            mistakes.add("question", "Texts of 300,000 characters are the most.");
        }
    }

    fn line<'f>(
        &'f self,
        reporter: &'f str,
        output: Option<JsonText>,
        draft: Draft,
    ) -> SentLine<'f> {
        let (agent, team) = self.agent.split_once('/').unwrap_or((&self.agent, ""));
        let asked = if self.question.trim().is_empty() { &self.comment } else { &self.question };
        let parts = [&self.nonce, reporter, agent, team, &self.what, asked, &self.answer]
            .map(str::as_bytes);
        let error = match (&output, self.what()) {
            (Some(_), _) => None,
            (None, Some(What::Missing)) => Some("The agent gave no answer."),
            (None, _) => Some("A general problem was reported."),
        };
        SentLine {
            agent,
            team,
            external_id: format!("report:{:?}", Hash::of(&parts)),
            end_user: reporter,
            input: asked,
            output,
            error,
            feedback: [SentFeedback {
                external_id: format!("report:{:?}", draft.dedup_key),
                verdict: draft.verdict,
                correction: draft.correction,
                category: draft.category,
                severity: draft.severity,
                comment: draft.comment,
                urgency: draft.urgency,
            }],
        }
    }
}

/// The report in the interchange format; texts of JSON stay as they were typed.
#[derive(Serialize)]
struct SentLine<'f> {
    agent: &'f str,
    team: &'f str,
    external_id: String,
    end_user: &'f str,
    input: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<JsonText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'f str>,
    feedback: [SentFeedback; 1],
}

#[derive(Serialize)]
struct SentFeedback {
    external_id: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<JsonText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    urgency: Urgency,
}

/// An answer that was pasted, as an output of the agent's kind. What is not JSON stays a text: it
/// may be just that which was wrong.
fn output(kind: OutputKind, answer: &str) -> JsonText {
    match kind {
        OutputKind::Text => JsonText::string(answer),
        OutputKind::Label => JsonText::string(answer.trim()),
        OutputKind::Json => {
            JsonText::parse(answer.trim()).unwrap_or_else(|_| JsonText::string(answer))
        }
        OutputKind::Message => {
            JsonText::value(&serde_json::json!({"role": "assistant", "content": answer}))
        }
    }
}
