//! The parts of an item's page: the answers to the question, who looks at it, what was decided.

use super::view;
use crate::accounts::Who;
use crate::agents::OutputKind;
use crate::capture::shown;
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::Instant;
use crate::signals::SignalStatus;
use crate::signals::model::{QueueState, Reviewer as By};
use crate::triage::judge::Judge;
use crate::triage::queries::{Decided, Earlier, Held, Reviewed, Said};
use crate::triage::slots::Slots;
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

/// Who looks at it, among the claims on it: others only where they hold all slots that are left.
pub(super) fn holder(claims: &[Held], slots: &Slots, me: By, now: Instant) -> Holder {
    let is_free = slots.free(me, claims).is_some();
    let own = claims.iter().find(|(claim, ..)| claim.is_of(me)).filter(|_| is_free);
    if let Some((claim, ..)) = own {
        return Holder::You(clock::deadline(claim.claimed_until, now));
    }
    let others = claims.iter().find(|(claim, ..)| !claim.is_of(me)).filter(|_| !is_free);
    let Some((claim, person, key)) = others else { return Holder::Nobody };
    let until = clock::deadline(claim.claimed_until, now);
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

/// What one of several reviewers said.
pub(super) struct Opinion {
    pub who: String,
    pub outcome: Badge,
    pub label: String,
    pub reason: String,
    pub when: When,
}

/// A reviewer's opinion as it is shown; the name only where `reveals`.
fn opinion(each: &Reviewed, kind: OutputKind, reveals: bool, now: Instant) -> Opinion {
    let review = &each.review;
    let number = review.slot + 1;
    Opinion {
        who: if reveals { each.by().to_owned() } else { format!("Reviewer {number}") },
        outcome: view::outcome(review.decision),
        label: review.label.as_ref().map(|label| shown::spoken(kind, label)).unwrap_or_default(),
        reason: review.reason.clone().unwrap_or_default(),
        when: words::when(review.created_at, now),
    }
}

/// How the independent reviews of an item stand.
pub(super) struct Reviewing {
    /// How many are in of how many it needs, where it needs several.
    pub progress: String,
    /// Why this person can't decide it.
    pub blocked: Option<Blocked>,
    /// What several reviewers said, each without knowing of the others.
    pub opinions: Vec<Opinion>,
}

impl Reviewing {
    /// As this person may see it.
    pub fn of(
        subject: &Subject,
        slots: &Slots,
        opinions: &[Reviewed],
        who: &Who,
        now: Instant,
    ) -> Self {
        let (kind, reveals) = (subject.found.agent.kind, subject.found.waiting.is_none());
        Self {
            progress: progress(subject, slots),
            blocked: Blocked::of(subject, slots, who),
            opinions: opinions.iter().map(|each| opinion(each, kind, reveals, now)).collect(),
        }
    }
}

/// Why somebody can't decide an item.
pub(super) struct Blocked {
    pub sentence: String,
    /// The team that it is to be handed to, where it is not there yet.
    pub hand_to: String,
}

impl Blocked {
    /// What keeps this person from deciding, if anything.
    pub fn of(subject: &Subject, slots: &Slots, who: &Who) -> Option<Self> {
        let waiting = subject.found.waiting.as_ref()?;
        if let Some(owner) = subject.owner.as_ref().filter(|_| !Judge::Person(who).owns(subject)) {
            let is_there = waiting.state == QueueState::BetweenTeams;
            let name = &owner.name;
            return Some(Self {
                sentence: format!(
                    "Another team gives another answer to the same question. {name}, whose agent \
                     it is, decides between them."
                ),
                hand_to: if is_there { String::new() } else { name.clone() },
            });
        }
        let sentence = match (slots.has(By::Person(who.id())), slots.is_settling) {
            (false, _) => return None,
            (true, true) => {
                "The reviewers differ, and you are one of them: somebody else settles it."
            }
            (true, false) => {
                "You decided this. Others decide it now, without knowing what you said."
            }
        };
        Some(Self { sentence: sentence.to_owned(), hand_to: String::new() })
    }
}

/// How far the reviews are, where it needs several.
fn progress(subject: &Subject, slots: &Slots) -> String {
    let is_several = slots.needed > 1 || !slots.open.is_empty();
    if subject.found.waiting.is_none() || !is_several || subject.owner.is_some() {
        return String::new();
    }
    let are = if slots.done() == 1 { "is" } else { "are" };
    format!("{} of {} reviews {are} in", slots.done(), slots.needed.max(slots.done()))
}

/// What the same person reported before.
pub(super) struct EarlierPart {
    pub sentence: String,
    pub rows: Vec<EarlierRow>,
}

impl EarlierPart {
    /// As it is shown.
    pub fn of(earlier: Vec<Earlier>, reveals: bool, now: Instant) -> Self {
        let sentence = earlier_sentence(&earlier);
        let rows = earlier.into_iter().map(|each| earlier_row(each, reveals, now)).collect();
        Self { sentence, rows }
    }
}

/// An earlier report as it is shown; it leads to its page, which tells the name, only where
/// `reveals`.
fn earlier_row(each: Earlier, reveals: bool, now: Instant) -> EarlierRow {
    EarlierRow {
        href: if reveals { format!("/triage/{}", each.item) } else { String::new() },
        question: words::question(each.input.as_ref()),
        verdict: words::verdict(each.verdict),
        state: words::state(false, Some(each.status), false),
        when: words::when(each.occurred_at, now),
    }
}

/// What became of them, in a sentence.
fn earlier_sentence(earlier: &[Earlier]) -> String {
    let count = |status| earlier.iter().filter(|each| each.status == status).count();
    let decided = earlier.iter().filter(|each| each.status != SignalStatus::Pending).count();
    let accepted = count(SignalStatus::Accepted);
    match (earlier.len(), decided) {
        (0, _) => "The first report of this person, as far as you may see.".to_owned(),
        (n, 0) => format!("Of the last {n}, none is decided yet."),
        (n, decided) => format!("Of the last {n}, {decided} decided and {accepted} accepted."),
    }
}
