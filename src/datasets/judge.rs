//! Whether a signal gives a row in a format, and why not. What others say of the same input is no
//! matter here; `settle` looks at that.

use super::model::{FrameAgent, Wanted};
use super::queries::Read;
use super::question::Question;
use super::reason;
use crate::agents::OutputKind;
use crate::exports::Format;
use crate::exports::formats::{self, Labels};
use crate::exports::queries::Example;
use crate::feedback::{Verdict, rules};
use crate::interactions::JsonText;
use crate::interactions::content::Turn;
use crate::signals::SignalStatus;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;
use tiktoken_rs::CoreBPE;

/// The tokenizer that counts: o200k_base, of the crate `tiktoken-rs`.
#[allow(clippy::expect_used)] // It is part of the program.
static TOKENIZER: LazyLock<CoreBPE> =
    LazyLock::new(|| tiktoken_rs::o200k_base().expect("the vocabulary is built in"));

/// One agent's signals, judged for one question.
pub struct Judge {
    pub slug: String,
    pub kind: OutputKind,
    pub labels: Labels,
    schema: Option<jsonschema::Validator>,
    format: Format,
    wanted: Wanted,
    max_tokens: Option<usize>,
}

impl Judge {
    /// For one agent of a release; `schema` is what its right outputs must fit.
    pub fn new(agent: &FrameAgent, schema: Option<&str>, question: &Question) -> Self {
        let places = agent.labels.iter().enumerate();
        let places: HashMap<String, i64> =
            places.map(|(place, label)| (label.clone(), place as i64)).collect();
        let schema = schema.and_then(|text| serde_json::from_str::<Value>(text).ok());
        Self {
            slug: agent.slug.clone(),
            kind: agent.kind,
            labels: Labels { places, out_of_scope: agent.out_of_scope.clone() },
            schema: schema.and_then(|schema| jsonschema::validator_for(&schema).ok()),
            format: question.format,
            wanted: question.status,
            max_tokens: question.max_tokens.map(|most| most as usize),
        }
    }

    /// Writes the signal's records to `out`, a line each, and gives how many; or says why it gives
    /// none. `out` may hold something unfinished then.
    pub fn records(&self, read: &Read, out: &mut String) -> Result<u64, &'static str> {
        self.stands(read)?;
        self.makes_sense(&read.example)?;
        let start = out.len();
        let count = self.write(&read.example, out)?;
        if let Some(most) = self.max_tokens
            && out[start..].lines().any(|record| is_too_long(record, most))
        {
            return Err(reason::TOO_LONG);
        }
        Ok(count)
    }

    /// Writes the records of what was judged before.
    pub fn write(&self, example: &Example, out: &mut String) -> Result<u64, &'static str> {
        formats::write(self.format, &self.slug, self.kind, &self.labels, example, out)
    }

    fn stands(&self, read: &Read) -> Result<(), &'static str> {
        match read.status {
            _ if read.is_superseded => Err(reason::SUPERSEDED),
            SignalStatus::Declined => Err(reason::DECLINED),
            SignalStatus::Pending if self.wanted == Wanted::Accepted => Err(reason::PENDING),
            _ if read.is_erased => Err(reason::ERASED),
            _ => Ok(()),
        }
    }

    fn makes_sense(&self, example: &Example) -> Result<(), &'static str> {
        if !says_something(&example.prompt) {
            return Err(reason::EMPTY_INPUT);
        }
        let Some(right) = self.right(example) else { return Ok(()) };
        match self.kind {
            OutputKind::Text | OutputKind::Label if right.plain().trim().is_empty() => {
                return Err(reason::EMPTY_ANSWER);
            }
            OutputKind::Json => self.fits_schema(right)?,
            OutputKind::Message => calls_fit(right, example.tools.as_ref())?,
            OutputKind::Text | OutputKind::Label => {}
        }
        let is_pair =
            matches!(self.format, Format::Preference | Format::OpenaiPreference | Format::Kto);
        if is_pair
            && example.verdict == Verdict::Corrected
            && example.output.as_ref().is_some_and(|output| same_but_spaces(output, right))
        {
            return Err(reason::ONLY_WHITESPACE);
        }
        Ok(())
    }

    /// What is taught as right.
    fn right<'e>(&self, example: &'e Example) -> Option<&'e JsonText> {
        match example.verdict {
            Verdict::Confirmed => example.output.as_ref(),
            Verdict::Corrected | Verdict::Rejected => example.label.as_ref(),
            Verdict::Escalated => None,
        }
    }

    fn fits_schema(&self, right: &JsonText) -> Result<(), &'static str> {
        match &self.schema {
            Some(schema) if !schema.is_valid(&right.to_value()) => Err(reason::INVALID_JSON),
            _ => Ok(()),
        }
    }

    /// What the signal holds to be right and to be wrong, as hashes; 0 where it says nothing.
    pub fn position(&self, example: &Example) -> (u64, u64) {
        let hash = |output: Option<&JsonText>| output.map_or(0, |output| self.hash(output));
        let right = hash(self.right(example));
        let wrong = match example.verdict {
            Verdict::Corrected | Verdict::Rejected => hash(example.output.as_ref()),
            Verdict::Confirmed | Verdict::Escalated => 0,
        };
        // An answer that was made better in spelling only is not wrong in this sense.
        (right, if wrong == right { 0 } else { wrong })
    }

    fn hash(&self, output: &JsonText) -> u64 {
        let comparable = rules::comparable(self.kind, output);
        let hash = crate::db::Hash::of(&[comparable.as_bytes()]);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.0[..8]);
        u64::from_be_bytes(first).max(1)
    }
}

/// Whether anything was asked.
fn says_something(prompt: &JsonText) -> bool {
    let says = |turn: &Turn| !turn.text.trim().is_empty() || !turn.tool_calls.is_empty();
    prompt.turns().iter().any(says)
}

/// Whether two outputs are the same once white space is put aside.
fn same_but_spaces(a: &JsonText, b: &JsonText) -> bool {
    fn text(of: &JsonText) -> Cow<'_, str> {
        of.text().unwrap_or_else(|| Cow::Owned(of.plain()))
    }
    let (a, b) = (text(a), text(b));
    let is_letter = |sign: &char| !sign.is_whitespace();
    a.chars().filter(is_letter).eq(b.chars().filter(is_letter))
}

/// Every tool it calls is one that the agent had, called in a way that can be read.
fn calls_fit(message: &JsonText, tools: Option<&JsonText>) -> Result<(), &'static str> {
    let message = message.to_value();
    rules::check_message(&message).map_err(|_| reason::TOOL_CALL_MISMATCH)?;
    let tools = tools.map(JsonText::to_value);
    let Some(Value::Array(tools)) = tools.filter(|t| t.as_array().is_some_and(|t| !t.is_empty()))
    else {
        return Ok(());
    };
    let name = |of: &Value| -> Option<String> {
        let function = of.get("function").unwrap_or(of);
        function.get("name").and_then(Value::as_str).map(str::to_owned)
    };
    let known: Vec<String> = tools.iter().filter_map(name).collect();
    let mut calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let all_known = calls.all(|call| name(call).is_some_and(|called| known.contains(&called)));
    if known.is_empty() || all_known { Ok(()) } else { Err(reason::TOOL_CALL_MISMATCH) }
}

/// Whether the texts of a record have more tokens than `most`. A token has at least one byte.
fn is_too_long(record: &str, most: usize) -> bool {
    if record.len() <= most {
        return false;
    }
    let value: Value = serde_json::from_str(record).unwrap_or(Value::Null);
    tokens(&value) > most
}

/// The tokens of all texts in a record; what a chat template adds is not counted.
pub fn tokens(value: &Value) -> usize {
    match value {
        Value::String(text) => TOKENIZER.encode_ordinary(text).len(),
        Value::Array(list) => list.iter().map(tokens).sum(),
        Value::Object(fields) => fields.values().map(tokens).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
