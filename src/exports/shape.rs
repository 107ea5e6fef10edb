//! What a set of records looks like, learned while they are written: which keys messages have, and
//! whether what stands there is always a text. The columns' types follow from that.

use super::queries::Example;
use crate::agents::OutputKind;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The keys of messages. True where each value is a text or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Messages(BTreeMap<String, bool>);

impl Messages {
    /// Whether what stands at this key is always a text, or never there.
    pub fn is_text(&self, key: &str) -> bool {
        self.0.get(key).copied().unwrap_or(true)
    }

    /// Every key that was met, by name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What was met here or there.
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (key, is_text) in &other.0 {
            both.note(key, *is_text);
        }
        both
    }

    /// The same messages as they are written for inspect.
    pub fn for_inspect(&self) -> Self {
        let mut made = Self::default();
        made.note("content", self.is_text("content"));
        for (key, is_text) in [("tool_calls", false), ("tool_call_id", true)] {
            if self.0.contains_key(key) {
                made.note(key, is_text);
            }
        }
        if self.0.contains_key("tool_call_id") {
            made.note("function", true);
        }
        made
    }

    fn note(&mut self, key: &str, is_text: bool) {
        match self.0.get_mut(key) {
            Some(kept) => *kept &= is_text,
            None => {
                self.0.insert(key.to_owned(), is_text);
            }
        }
    }

    fn see(&mut self, message: &RawValue) {
        type Keys<'m> = BTreeMap<std::borrow::Cow<'m, str>, &'m RawValue>;
        let Ok(keys) = serde_json::from_str::<Keys<'_>>(message.get()) else { return };
        for (key, value) in keys {
            let first = value.get().as_bytes().first();
            self.note(&key, matches!(first, Some(b'"' | b'n')));
        }
    }
}

/// What records look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Messages that were sent to the agent.
    pub prompt: Messages,
    /// Messages that it gave, or should have given.
    pub answer: Messages,
    /// Whether any had tools.
    pub has_tools: bool,
    /// Whether any came of an agent that gives JSON.
    pub has_json: bool,
    /// Whether any came of an agent that gives labels.
    pub has_labels: bool,
    /// Whether any came of an agent that gives something else.
    pub has_texts: bool,
}

impl Shape {
    /// What records look like of which some look so and some otherwise.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            prompt: self.prompt.and(&other.prompt),
            answer: self.answer.and(&other.answer),
            has_tools: self.has_tools || other.has_tools,
            has_json: self.has_json || other.has_json,
            has_labels: self.has_labels || other.has_labels,
            has_texts: self.has_texts || other.has_texts,
        }
    }

    /// Looks at what one record is made of.
    pub fn see(&mut self, kind: OutputKind, example: &Example) {
        match kind {
            OutputKind::Label => self.has_labels = true,
            OutputKind::Json => (self.has_json, self.has_texts) = (true, true),
            OutputKind::Text | OutputKind::Message => self.has_texts = true,
        }
        let prompt = example.prompt.as_str();
        if example.prompt.said().is_some_and(|said| !said.is_empty()) {
            self.prompt.note("role", true);
            self.prompt.note("content", true);
        } else if prompt.starts_with('[')
            && let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(prompt)
        {
            messages.into_iter().for_each(|message| self.prompt.see(message));
        }
        if kind == OutputKind::Message {
            for answer in [&example.output, &example.label].into_iter().flatten() {
                if let Ok(message) = serde_json::from_str::<&RawValue>(answer.as_str()) {
                    self.answer.see(message);
                }
            }
        }
        self.has_tools = self.has_tools || example.has_tools();
    }
}
