//! What is in a release, counted. No names of people, and no more classes than a page can show.

use super::super::alpha::Alpha;
use super::super::judge::Judge;
use super::super::model::Side;
use super::super::queries::Differences;
use super::lines::{Made, Words};
use super::near::Near;
use crate::accounts::PersonId;
use crate::agents::OutputKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// How many classes of one kind are counted apart; the rest is one class.
const MOST_CLASSES: usize = 500;
/// The class of what has none, or is one of too many.
const OTHER: &str = "(other)";
const NONE: &str = "(none)";
/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// Signals that are in a release, by what they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Figures {
    pub signals: u64,
    pub by_side: BTreeMap<String, u64>,
    pub by_agent: BTreeMap<String, u64>,
    pub by_verdict: BTreeMap<String, u64>,
    pub by_category: BTreeMap<String, u64>,
    pub by_label: BTreeMap<String, u64>,
    pub by_version: BTreeMap<String, u64>,
    /// By the Monday on which the week of the interaction began.
    pub by_week: BTreeMap<String, u64>,
    pub people: People,
    /// The share of inputs that say nearly the same as another; an estimate.
    #[serde(default)]
    pub near_duplicates: Option<f64>,
    /// Inputs in the release that several people judged, and how many of those they agree on.
    pub agreement: (u64, u64),
    /// How much people agreed about its agents; none in releases from before this was kept.
    #[serde(default)]
    pub alpha: Option<Alpha>,
    /// The newest release before that was ready, and what changed since.
    #[serde(default)]
    pub since: Option<(i64, Differences)>,
    /// Left out, by reason.
    pub left: BTreeMap<String, i64>,
    /// How often each rule of redaction found something.
    pub redacted: BTreeMap<String, u64>,
}

/// Where it comes from: counts, no names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct People {
    pub count: u64,
    /// Signals of the person with most.
    pub largest: u64,
    /// Signals of nobody who is known.
    pub unknown: u64,
}

/// Counts while files are written.
#[derive(Default)]
pub(super) struct Counter {
    figures: Figures,
    people: HashMap<PersonId, u64>,
    near: Near,
    /// The Mondays of weeks, by their number.
    weeks: HashMap<i64, String>,
}

impl Counter {
    /// Counts a row that was written.
    pub fn add(&mut self, made: &Made<'_>, side: Side, agent: &Judge, words: &Words) {
        let figures = &mut self.figures;
        figures.signals += 1;
        count(&mut figures.by_side, side.as_str());
        count(&mut figures.by_agent, &agent.slug);
        count(&mut figures.by_verdict, made.verdict.as_str());
        count(&mut figures.by_category, made.category.map_or(NONE, |name| words.word(name)));
        let version = Some(words.word(made.version)).filter(|name| !name.is_empty());
        count(&mut figures.by_version, version.unwrap_or(NONE));
        if agent.kind == OutputKind::Label {
            count(&mut figures.by_label, made.label.map_or(NONE, |label| words.word(label)));
        }
        let number = (made.occurred_at.div_euclid(DAY) + 3).div_euclid(7);
        let week = self.weeks.entry(number).or_insert_with(|| week(made.at()));
        count(&mut figures.by_week, week);
        if let Some(key) = made.near {
            self.near.add(key);
        }
        match made.author {
            Some(person) => *self.people.entry(person).or_default() += 1,
            None => figures.people.unknown += 1,
        }
    }

    /// All that was counted.
    pub fn figures(mut self) -> Figures {
        self.figures.near_duplicates = self.near.share();
        self.figures.people.count = self.people.len() as u64;
        self.figures.people.largest = self.people.values().copied().max().unwrap_or(0);
        self.figures
    }
}

fn count(classes: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(number) = classes.get_mut(name) {
        *number += 1;
    } else {
        let name = if classes.len() < MOST_CLASSES { name } else { OTHER };
        *classes.entry(name.to_owned()).or_default() += 1;
    }
}

/// The Monday of an instant's week in UTC.
fn week(at: crate::db::Instant) -> String {
    let day = jiff::tz::TimeZone::UTC.to_datetime(at.0).date();
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(jiff::Span::new().days(back)).unwrap_or(day).to_string()
}
