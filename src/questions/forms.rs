//! What a browser sends of questions.

use super::model::MAX_TEXT;
use crate::error::Mistakes;
use serde::Deserialize;

/// The form to ask.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskForm {
    /// The interaction it is about; empty where it is about none.
    pub interaction: String,
    /// `AGENT/TEAM`, or `/TEAM`, by their slugs; not looked at with an interaction.
    pub about: String,
    pub question: String,
    /// `yes`: only those who look after the team read it.
    pub private: String,
    pub nonce: String,
}

impl AskForm {
    /// The text, or what is wrong with it.
    pub fn text(&self) -> Result<String, Mistakes> {
        text("question", &self.question)
    }
    /// Whether only those who look after the team shall read it.
    pub fn is_private(&self) -> bool {
        self.private == "yes"
    }
}

/// The forms under a question.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct WriteForm {
    pub message: String,
    /// `settle`: nothing is open any more.
    pub then: String,
    pub nonce: String,
    pub pin_question: String,
    pub pin_answer: String,
}

impl WriteForm {
    /// Whether nothing is open any more.
    pub fn settles(&self) -> bool {
        self.then == "settle"
    }
    /// The text, or what is wrong with it; who settles may say nothing.
    pub fn text(&self) -> Result<String, Mistakes> {
        if self.settles() && self.message.trim().is_empty() {
            return Ok(String::new());
        }
        text("message", &self.message)
    }
}

fn text(field: &str, text: &str) -> Result<String, Mistakes> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Mistakes::one(field, "Write something first."));
    }
    if text.chars().count() > MAX_TEXT {
        let why = "It has more than 5,000 characters. Please shorten it.";
        return Err(Mistakes::one(field, why));
    }
    Ok(text.to_owned())
}
