//! The parts of an item's page: the answers to the question, who looks at it, what was decided.

use super::view;
use crate::agents::OutputKind;
use crate::capture::shown;
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::Instant;
use crate::signals::SignalStatus;
use crate::signals::model::Reviewer as By;
use crate::triage::queries::{Decided, Earlier, Held, Said};
use crate::triage::subject::{Candidate, Subject};
use crate::web::diff::{self, Change, Part};

/// One answer to the question that somebody holds to be right, or wrong.
pub(super) struct Answer {
    pub id: String,
    pub href: String,
    pub is_own: bool,
    pub verdict: Badge,
    /// Where it stands, once it is decided.
    pub state: Option<Badge>,
    pub severity: Option<Badge>,
    pub category: String,
    pub weight: String,
    /// The answer as people read it; empty where none was given.
    pub label: String,
    /// What the agent said, where this is about another output.
    pub output: String,
    pub parts: Vec<Part>,
    pub changes: Vec<Change>,
    /// Who said so, and what they wrote.
    pub said: Vec<SaidRow>,
}

/// One who said so.
pub(super) struct SaidRow {
    pub who: String,
    pub when: When,
    pub version: String,
    pub comment: String,
    /// The path of their report; empty before it is decided.
    pub href: String,
}

/// A decision that was made.
pub(super) struct Step {
    pub outcome: Badge,
    pub by: String,
    pub reason: String,
    pub label: String,
    pub when: When,
}

/// An earlier report of the same person.
pub(super) struct EarlierRow {
    pub href: String,
    pub question: String,
    pub verdict: Badge,
    pub state: Badge,
    pub when: When,
}

/// Who looks at it.
#[derive(PartialEq, Eq)]
pub(super) enum Holder {
    Nobody,
    You(String),
    Other(String, String),
}

/// Who looks at it, among the claims on it.
pub(super) fn holder(claims: &[Held], me: By, now: Instant) -> Holder {
    let Some((claim, person, key)) =
        claims.iter().find(|(claim, ..)| !claim.is_of(me)).or(claims.first())
    else {
        return Holder::Nobody;
    };
    let until = clock::deadline(claim.claimed_until, now);
    if claim.is_of(me) {
        return Holder::You(until);
    }
    let name = person.as_deref().or(key.as_deref()).unwrap_or("Somebody");
    Holder::Other(name.to_owned(), until)
}

/// An answer as it is shown; names only where `reveals`.
pub(super) fn answer(each: &Candidate, subject: &Subject, reveals: bool, now: Instant) -> Answer {
    let kind = subject.found.agent.kind;
    let first = each.said.first();
    let output = first.and_then(|said| said.output.as_ref());
    let own_output = subject.own().and_then(|own| own.said.first()?.output.as_ref());
    let spoken = |text| shown::spoken(kind, text);
    let (said, label) = (output.map(spoken), each.label.as_ref().map(spoken));
    let (said, label) = (said.unwrap_or_default(), label.unwrap_or_default());
    let is_diff = !said.is_empty() && !label.is_empty() && said != label;
    let changes = match (output, &each.label, kind) {
        (Some(old), Some(new), OutputKind::Json | OutputKind::Message) => {
            diff::values(&old.to_value(), &new.to_value())
        }
        _ => Vec::new(),
    };
    let severity = each.said.iter().map(|said| said.feedback.severity).max();
    Answer {
        id: each.item.id.to_string(),
        href: format!("/triage/{}", each.item.id),
        is_own: each.item.id == subject.found.item.id,
        verdict: first.map_or(Badge { kind: "pending", text: "" }, |said| {
            words::verdict(said.feedback.verdict)
        }),
        state: (!each.is_pending()).then(|| words::state(false, Some(each.item.status), false)),
        severity: severity.map(words::severity),
        category: first.and_then(|said| said.category.clone()).unwrap_or_default(),
        weight: view::reporters(first.map(|said| said.feedback.known_by), each.weight),
        parts: if is_diff { diff::words(&said, &label) } else { Vec::new() },
        output: if output == own_output { String::new() } else { said },
        said: each.said.iter().map(|said| said_row(said, reveals, now)).collect(),
        changes,
        label,
    }
}

fn said_row(said: &Said, reveals: bool, now: Instant) -> SaidRow {
    let who = match (&said.author, reveals) {
        (Some(name), true) => name.clone(),
        _ => view::reporters(Some(said.feedback.known_by), 1),
    };
    SaidRow {
        who,
        when: words::when(said.feedback.occurred_at, now),
        version: said.version.clone(),
        comment: said.feedback.comment.clone().unwrap_or_default(),
        href: if reveals { format!("/feedback/{}", said.feedback.id) } else { String::new() },
    }
}

/// A decision as it is shown.
pub(super) fn step(each: Decided, kind: OutputKind, now: Instant) -> Step {
    let by = each.by().unwrap_or("By itself").to_owned();
    let resolution = each.resolution;
    Step {
        outcome: view::outcome(resolution.outcome),
        by,
        reason: resolution.reason.unwrap_or_default(),
        label: resolution.label.map(|label| shown::spoken(kind, &label)).unwrap_or_default(),
        when: words::when(resolution.created_at, now),
    }
}

/// An earlier report as it is shown; it leads to its page, which tells the name, only where
/// `reveals`.
pub(super) fn earlier_row(each: Earlier, reveals: bool, now: Instant) -> EarlierRow {
    EarlierRow {
        href: if reveals { format!("/triage/{}", each.item) } else { String::new() },
        question: words::question(each.input.as_ref()),
        verdict: words::verdict(each.verdict),
        state: words::state(false, Some(each.status), false),
        when: words::when(each.occurred_at, now),
    }
}

/// What became of them, in a sentence.
pub(super) fn earlier_sentence(earlier: &[Earlier]) -> String {
    let count = |status| earlier.iter().filter(|each| each.status == status).count();
    let decided = earlier.iter().filter(|each| each.status != SignalStatus::Pending).count();
    let accepted = count(SignalStatus::Accepted);
    match (earlier.len(), decided) {
        (0, _) => "The first report of this person, as far as you may see.".to_owned(),
        (n, 0) => format!("Of the last {n}, none is decided yet."),
        (n, decided) => format!("Of the last {n}, {decided} decided and {accepted} accepted."),
    }
}
