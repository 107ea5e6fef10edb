//! What is said of verdicts, states and times, in plain words.

use crate::clock;
use crate::db::Instant;
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::interactions::{JsonText, content};
use crate::signals::SignalStatus;
use uuid::Uuid;

/// A badge: its kind, which gives its shape, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Badge {
    pub kind: &'static str,
    pub text: &'static str,
}

/// A verdict in a word.
pub fn verdict(verdict: Verdict) -> Badge {
    let text = match verdict {
        Verdict::Confirmed => "Right",
        Verdict::Corrected => "Corrected",
        Verdict::Rejected => "Wrong",
        Verdict::Escalated => "For a person",
    };
    Badge { kind: verdict.as_str(), text }
}

/// How bad it is, in a word.
pub fn severity(severity: Severity) -> Badge {
    let text = match severity {
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    };
    Badge { kind: severity.as_str(), text }
}

/// Where feedback stands, in a word. Superseded feedback has no signal of its own.
pub fn state(superseded: bool, status: Option<SignalStatus>, yours: bool) -> Badge {
    let (kind, text) = match (superseded, status) {
        (true, _) if yours => ("superseded", "You changed it"),
        (true, _) => ("superseded", "Changed since"),
        (false, Some(SignalStatus::Accepted)) => ("accepted", "Accepted"),
        (false, Some(SignalStatus::Declined)) => ("declined", "Declined"),
        (false, Some(SignalStatus::Pending) | None) => ("pending", "Waiting for review"),
    };
    Badge { kind, text }
}

/// Where what a reviewer found in a random audit stands, in a word. It is decided by being said.
pub fn audit_state(superseded: bool, status: Option<SignalStatus>) -> Badge {
    let (kind, text) = match (superseded, status) {
        (true, _) => ("superseded", "Decided anew"),
        (false, Some(SignalStatus::Accepted)) => ("accepted", "Accepted"),
        (false, _) => ("superseded", "Taken back"),
    };
    Badge { kind, text }
}

/// A moment in three spellings: for programs, for a glance, and exact.
#[derive(Debug, Clone)]
pub struct When {
    pub iso: String,
    pub relative: String,
    pub exact: String,
}

/// An instant as it is shown.
pub fn when(at: Instant, now: Instant) -> When {
    When { iso: at.to_string(), relative: clock::relative(at, now), exact: clock::exact(at) }
}

/// When the row with this id was stored: the time that a UUIDv7 carries.
pub fn received(id: Uuid) -> Instant {
    let (seconds, nanos) = id.get_timestamp().map_or((0, 0), |stamp| stamp.to_unix());
    let seconds = i64::try_from(seconds).unwrap_or(0);
    Instant::from_micros(seconds * 1_000_000 + i64::from(nanos / 1_000))
}

/// What was asked, in one line.
pub fn question(input: Option<&JsonText>) -> String {
    match input {
        Some(input) => one_line(&input.question()),
        None => "The text was erased".to_owned(),
    }
}

/// What was said, in one line: the text, the JSON, or a message with the tools it calls.
pub fn said(output: &JsonText) -> String {
    let value = output.to_value();
    if value.get("role").is_none() {
        return one_line(&output.plain());
    }
    let turn = content::turn(&value);
    let calls = turn.tool_calls.join(", ");
    one_line(if turn.text.is_empty() { &calls } else { &turn.text })
}

/// What an agent answered, in one line, or why it did not.
pub fn answer(output: Option<&JsonText>, error: Option<&str>) -> String {
    match (output, error) {
        (Some(output), _) => said(output),
        (None, Some(error)) => format!("No answer: {}", one_line(error)),
        (None, None) => "The text was erased".to_owned(),
    }
}

/// A text as one line of at most 160 characters.
pub fn one_line(text: &str) -> String {
    const MOST: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        None if line.is_empty() => "(an empty question)".to_owned(),
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}

/// An agent and its version: `Returns helper v3`.
pub fn agent(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

/// A whole number with its thousands set apart: `1,204`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A number that was counted up to `cap` only: `100+`.
pub fn capped(number: i64, cap: i64) -> String {
    if number > cap { format!("{}+", grouped(cap)) } else { grouped(number) }
}

/// `1 report`, `2 reports`.
pub fn count(number: i64, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{} {word}s", grouped(number)) }
}

/// Names as people say them: `Ana, Ben and Chi`.
pub fn list(names: &[String], last: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_read_well() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-12), "-12");
        assert_eq!(capped(101, 100), "100+");
        assert_eq!(count(1, "report"), "1 report");
        let names = ["Ana".to_owned(), "Ben".to_owned(), "Chi".to_owned()];
        assert_eq!(list(&names, "or"), "Ana, Ben or Chi");
        assert_eq!(list(&names[..1], "or"), "Ana");
    }

    #[test]
    fn an_id_knows_when_it_was_made() {
        let before = clock::now().as_micros() / 1_000;
        let at = received(Uuid::now_v7()).as_micros() / 1_000;
        assert!((before..before + 10_000).contains(&at), "{at}");
    }

    #[test]
    fn a_long_question_is_cut() {
        assert_eq!(one_line("a\n  b"), "a b");
        assert_eq!(one_line(&"é".repeat(400)).chars().count(), 161);
    }
}
