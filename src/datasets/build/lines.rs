//! What reading makes of each signal, put aside until it is known which of them stay: its records
//! as they will be written, and what is counted of them.

use super::near;
use super::write::redacted;
use crate::accounts::PersonId;
use crate::agents::OutputKind;
use crate::datasets::judge::Judge;
use crate::datasets::queries::Texts;
use crate::datasets::redact::{Redactor, Report};
use crate::db::Instant;
use crate::exports::Shape;
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::InteractionId;
use crate::signals::model::{RevisionId, SignalId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;

/// One signal. Words that many share go by number.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'t> {
    /// The agent's place in the frame.
    pub agent: u8,
    pub ids: (InteractionId, FeedbackId, SignalId, Option<RevisionId>),
    pub category: Option<u32>,
    /// Why it gives no row, whatever others say.
    pub reason: Option<u32>,
    #[serde(borrow)]
    pub made: Option<Made<'t>>,
}

/// Records of a signal that fits.
#[derive(Serialize, Deserialize)]
pub(super) struct Made<'t> {
    /// A line a record.
    #[serde(borrow)]
    pub text: Cow<'t, str>,
    pub count: u64,
    pub verdict: Verdict,
    pub category: Option<u32>,
    pub version: u32,
    pub label: Option<u32>,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub author: Option<PersonId>,
    /// The same for inputs that say nearly the same.
    pub near: Option<u64>,
    /// What the records look like.
    shape: u32,
    /// How often each rule of redaction found something.
    redacted: Vec<(u32, u64)>,
}

/// Words by number, each once.
#[derive(Default)]
pub(super) struct Words {
    list: Vec<String>,
    numbers: HashMap<String, u32>,
    /// The last few: the same words come again and again.
    recent: [u32; 4],
    next: usize,
}

impl Words {
    /// The number of a word, a new one where it has none.
    pub fn number(&mut self, word: &str) -> u32 {
        let is_it = |number: &&u32| self.list.get(**number as usize).is_some_and(|w| w == word);
        if let Some(number) = self.recent.iter().find(is_it) {
            return *number;
        }
        let number = match self.numbers.get(word) {
            Some(number) => *number,
            None => {
                let number = self.list.len() as u32;
                self.list.push(word.to_owned());
                self.numbers.insert(word.to_owned(), number);
                number
            }
        };
        self.recent[self.next] = number;
        self.next = (self.next + 1) % self.recent.len();
        number
    }

    /// The word with a number.
    pub fn word(&self, number: u32) -> &str {
        self.list.get(number as usize).map_or("", String::as_str)
    }
}

/// Makes records, and says later what is common to those that stayed.
pub(super) struct Maker {
    redactor: Redactor,
    pub words: Words,
    /// Each once, for there are few.
    shapes: Vec<Shape>,
    scratch: String,
}

impl Maker {
    /// One that hides what the redactor finds.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, words: Words::default(), shapes: Vec::new(), scratch: String::new() }
    }

    /// The records of a signal that was judged to fit; `text` are those before redaction.
    pub fn made<'t>(
        &mut self,
        judge: &Judge,
        of: &Texts,
        (text, count): (&'t str, u64),
    ) -> Made<'t> {
        let example = &of.example;
        let (mut report, mut text) = (Report::new(), Cow::Borrowed(text));
        let hidden = (!self.redactor.is_empty())
            .then(|| redacted(&self.redactor, judge.kind, example, &mut report));
        if let Some(hidden) = &hidden {
            self.scratch.clear();
            // It gave records before; placeholders take none away.
            let _ = judge.write(hidden, &mut self.scratch);
            text = Cow::Owned(self.scratch.clone());
        }
        let mut shape = Shape::default();
        shape.see(judge.kind, hidden.as_ref().unwrap_or(example));
        let label = match (judge.kind, &example.label) {
            (OutputKind::Label, Some(label)) => Some(self.words.number(&label.plain())),
            _ => None,
        };
        let rules = report.into_iter().map(|(rule, count)| (self.words.number(&rule), count));
        let redacted = rules.collect();
        Made {
            text,
            count,
            verdict: example.verdict,
            category: example.category.as_deref().map(|name| self.words.number(name)),
            version: self.words.number(&example.version),
            label,
            occurred_at: of.occurred_at.as_micros(),
            author: of.author,
            near: near::key(&example.prompt.question()),
            shape: self.shape(shape),
            redacted,
        }
    }

    fn shape(&mut self, shape: Shape) -> u32 {
        let known = self.shapes.iter().position(|each| *each == shape);
        let place = known.unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        place as u32
    }
}

/// What is common to records that stay.
#[derive(Default)]
pub(super) struct Common {
    shapes: Vec<bool>,
    redacted: HashMap<u32, u64>,
}

impl Common {
    /// Looks at records that stay.
    pub fn see(&mut self, made: &Made<'_>) {
        let place = made.shape as usize;
        if self.shapes.len() <= place {
            self.shapes.resize(place + 1, false);
        }
        self.shapes[place] = true;
        for (rule, count) in &made.redacted {
            *self.redacted.entry(*rule).or_default() += count;
        }
    }

    /// What they look like, and how often each rule found something.
    pub fn told(&self, maker: &Maker) -> (Shape, Report) {
        let seen = maker.shapes.iter().zip(&self.shapes).filter(|(_, is_seen)| **is_seen);
        let shape = seen.fold(Shape::default(), |all, (shape, _)| all.and(shape));
        let rules = self.redacted.iter();
        (shape, rules.map(|(rule, n)| (maker.words.word(*rule).to_owned(), *n)).collect())
    }
}

impl Made<'_> {
    /// When it happened.
    pub fn at(&self) -> Instant {
        Instant::from_micros(self.occurred_at)
    }
}
