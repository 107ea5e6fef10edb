//! What the demo's agents are asked and what they say, composed from sentences with blanks.

pub mod desk;
pub mod invoices;
pub mod returns;
pub mod router;
pub mod sql;

use super::random::Random;
use serde_json::Value;

/// One exchange, before it is dressed as an interaction.
#[derive(Debug, Clone)]
pub struct Sample {
    pub system: &'static str,
    pub question: String,
    /// What the agent said.
    pub output: Value,
    /// What it should have said, where it was wrong.
    pub right: Option<Value>,
    pub category: &'static str,
    /// What a person says of a wrong answer.
    pub comment: &'static str,
    pub sources: Vec<(&'static str, &'static str)>,
    pub tools: Option<Value>,
}

/// A question with its right answer and how it goes wrong. `{p}`, `{n}` and so on are blanks.
#[derive(Clone, Copy)]
pub(super) struct Topic {
    pub asks: &'static [&'static str],
    pub right: &'static [&'static str],
    pub wrong: &'static str,
    pub category: &'static str,
    pub comment: &'static str,
    pub source: (&'static str, &'static str),
}

/// Fills blanks: each name with its value.
pub(super) fn fill(text: &str, blanks: &[(&str, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in blanks {
        text = text.replace(name, value);
    }
    text
}

/// A sample of a topic whose answers are texts.
pub(super) fn sample(
    random: &mut Random,
    system: &'static str,
    topic: Topic,
    blanks: &[(&str, String)],
    is_wrong: bool,
) -> Sample {
    let right = fill(random.of(topic.right), blanks);
    let output = if is_wrong { fill(topic.wrong, blanks) } else { right.clone() };
    Sample {
        system,
        question: fill(random.of(topic.asks), blanks),
        output: Value::from(output),
        right: is_wrong.then(|| Value::from(right)),
        category: topic.category,
        comment: topic.comment,
        sources: if topic.source.0.is_empty() { vec![] } else { vec![topic.source] },
        tools: None,
    }
}
