//! Figures in words, for pages and cards.

use super::{Both, Figures};
use crate::capture::words;

/// One kind of agreement; what is not known is a dash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose agreement it is.
    pub what: String,
    pub alpha: String,
    pub interval: String,
    pub raw: String,
    /// How many answers or items; empty where nothing was judged by two.
    pub rests_on: String,
}

/// What is known of an agent.
pub fn overall(both: Both) -> [Line; 2] {
    [
        line("People who labelled the same answer".to_owned(), both.people, "answer"),
        line("Reviewers who decided the same item".to_owned(), both.reviewers, "item"),
    ]
}

/// What is known of one of several, by its name.
pub fn of(name: &str, both: Both) -> [Line; 2] {
    [
        line(format!("{name}: people"), both.people, "answer"),
        line(format!("{name}: reviewers"), both.reviewers, "item"),
    ]
}

fn line(what: String, figures: Figures, unit: &str) -> Line {
    let none = || "–".to_owned();
    let measured = figures.measured;
    let alpha = measured.and_then(|measured| measured.alpha);
    let interval = measured.and_then(|measured| measured.interval);
    let units = i64::try_from(figures.units).unwrap_or(i64::MAX);
    Line {
        what,
        alpha: alpha.map_or_else(none, |alpha| format!("{alpha:.2}")),
        interval: interval.map_or_else(none, |(low, high)| format!("{low:.2} to {high:.2}")),
        raw: measured.map_or_else(none, |measured| format!("{:.0} %", measured.raw * 100.0)),
        rests_on: if units == 0 { String::new() } else { words::count(units, unit) },
    }
}
