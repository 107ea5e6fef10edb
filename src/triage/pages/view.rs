//! What several pages of triage show: rows of the queue, what was just done.

use crate::accounts::Who;
use crate::capture::queries::Used;
use crate::capture::words::{self, Badge, When};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::FeedbackId;
use crate::feedback::model::{KnownBy, Severity};
use crate::signals::model::{ItemId, ItemKind, Outcome, Reviewer};
use crate::triage::filter::Filter;
use crate::triage::model::ActId;
use crate::triage::queries::{self, Details};
use crate::triage::queue::Placed;
use std::collections::HashMap;

/// One row of the queue.
pub struct Row {
    pub id: ItemId,
    pub href: String,
    /// What was asked.
    pub question: String,
    pub agent: String,
    pub verdict: Badge,
    pub category: String,
    /// Only where it is high or critical.
    pub severity: Option<Badge>,
    pub is_urgent: bool,
    /// Who reported it, without names: those are told once it is decided.
    pub who: String,
    pub when: When,
    pub due: When,
    pub is_late: bool,
    /// Who looks at it now.
    pub claimed: String,
    /// Whether the reader decided it, and others are awaited.
    pub is_reviewed: bool,
}

/// What is said of an item that was drawn at random.
pub const AUDIT: Badge = Badge { kind: "pending", text: "Drawn at random" };

/// What people read of who reported something, before it is decided.
pub fn reporters(known_by: Option<KnownBy>, weight: i64) -> String {
    if weight > 1 {
        return format!("{} people", words::grouped(weight));
    }
    match known_by {
        Some(KnownBy::Session) => "A colleague".to_owned(),
        Some(KnownBy::Link) => "An end user".to_owned(),
        Some(KnownBy::Key) => "Through a program".to_owned(),
        None => "Somebody".to_owned(),
    }
}

/// The rows as they are shown, in the order they have.
pub fn rows(
    conn: &mut Conn,
    placed: &[Placed],
    filter: &Filter,
    me: Reviewer,
    now: Instant,
) -> AppResult<Vec<Row>> {
    let feedback: Vec<FeedbackId> = placed.iter().filter_map(|each| each.row.feedback_id).collect();
    let drawn = placed.iter().filter(|each| each.row.feedback_id.is_none());
    let drawn: Vec<ItemId> = drawn.map(|each| each.row.item_id).collect();
    let mut drawn = queries::details_of_audits(conn, &drawn)?;
    let items: Vec<ItemId> = placed.iter().map(|each| each.row.item_id).collect();
    let mut details = queries::details(conn, &feedback)?;
    let weights = queries::weights(conn, &items)?;
    let claims: HashMap<ItemId, String> = queries::claims_on(conn, &items, now)?
        .into_iter()
        .map(|(claim, person, key)| {
            let name = person.or(key).unwrap_or_else(|| "Somebody".to_owned());
            let name = if claim.is_of(me) { "You".to_owned() } else { name };
            (claim.item_id, name)
        })
        .collect();
    let reviewed = queries::reviewed_by(conn, &items, me)?;
    let row = |each: &Placed| {
        let weight = weights.get(&each.row.item_id).copied().unwrap_or(0);
        let claimed = claims.get(&each.row.item_id).cloned().unwrap_or_default();
        let details = match each.row.feedback_id {
            Some(id) => details.remove(&id),
            None => drawn.remove(&each.row.item_id),
        };
        let is_reviewed = reviewed.contains(&each.row.item_id);
        Row { is_reviewed, ..row(each, details, weight, claimed, filter, now) }
    };
    Ok(placed.iter().map(row).collect())
}

fn row(
    each: &Placed,
    details: Option<Details>,
    weight: i64,
    claimed: String,
    filter: &Filter,
    now: Instant,
) -> Row {
    let id = each.row.item_id;
    let agent = details.as_ref().map(|d| words::agent(&d.agent, &d.version));
    let known_by = details.as_ref().and_then(|details| details.known_by);
    let is_drawn = each.row.verdict.is_none();
    Row {
        id,
        href: filter.path(&format!("/triage/{id}"), &[]),
        question: words::question(details.as_ref().and_then(|details| details.input.as_ref())),
        agent: agent.unwrap_or_default(),
        verdict: each.row.verdict.map_or(AUDIT, words::verdict),
        severity: Some(each.row.severity)
            .filter(|severity| *severity >= Severity::High)
            .map(words::severity),
        is_urgent: each.row.is_urgent,
        who: if is_drawn { "Nobody".to_owned() } else { reporters(known_by, weight) },
        when: words::when(each.row.waiting_at, now),
        is_late: each.due < now,
        due: words::when(each.due, now),
        category: details.and_then(|details| details.category).unwrap_or_default(),
        claimed,
        is_reviewed: false,
    }
}

/// What was just done, with a way back.
pub struct Done {
    pub sentence: String,
    pub act: ActId,
    pub href: String,
}

/// What this act did, if it was this person's.
pub fn done(
    conn: &mut Conn,
    who: &Who,
    used: &[Used],
    act: Option<ActId>,
    left: usize,
) -> AppResult<Option<Done>> {
    let Some(act) = act else { return Ok(None) };
    let reviews = queries::reviews_of_act(conn, act)?;
    let Some(first) = reviews.first().filter(|review| review.person_id == Some(who.id())) else {
        return Ok(None);
    };
    let item = queries::find_item(conn, first.item_id)?;
    let is_audit = item.as_ref().is_some_and(|found| found.item.kind == ItemKind::Audit);
    let mut sentence = match reviews.as_slice() {
        [one, ..] if one.resolution_id.is_none() => {
            "Your review is in. It counts once the others’ are, too.".to_owned()
        }
        [one] => did(one.decision, is_audit).to_owned(),
        many => format!("{} items were decided.", words::grouped(many.len() as i64)),
    };
    if left > 0 {
        let (n, are) = (left as i64, if left == 1 { "was" } else { "were" });
        sentence = format!(
            "{sentence} {} {are} left out: decided or claimed by somebody else meanwhile, or \
             contradicting another.",
            words::grouped(n)
        );
    }
    let is_theirs = item.is_some_and(|found| {
        who.reviews(found.agent.team_id)
            || used.iter().any(|used| used.deployment.team_id == found.item.team_id)
    });
    let href = format!("/triage/{}", first.item_id);
    Ok(is_theirs.then_some(Done { sentence, act, href }))
}

fn did(outcome: Outcome, is_audit: bool) -> &'static str {
    match outcome {
        Outcome::Accepted if is_audit => "Noted as right.",
        Outcome::AcceptedWithEdits if is_audit => "Noted as wrong, with the right answer.",
        Outcome::Declined if is_audit => "Noted as wrong.",
        Outcome::Accepted => "Accepted.",
        Outcome::AcceptedWithEdits => "Accepted with your change.",
        Outcome::Declined => "Declined.",
        Outcome::Duplicate => "Marked as reported before.",
        Outcome::NeedsInfo => "The reporter was asked.",
        Outcome::Escalated => "Passed on.",
        Outcome::Reopened => "Opened again.",
    }
}

/// A decision as a badge.
pub fn outcome(outcome: Outcome) -> Badge {
    let (kind, text) = match outcome {
        Outcome::Accepted => ("accepted", "Accepted"),
        Outcome::AcceptedWithEdits => ("accepted", "Accepted with a change"),
        Outcome::Declined => ("declined", "Declined"),
        Outcome::Duplicate => ("superseded", "Reported before"),
        Outcome::NeedsInfo => ("pending", "The reporter was asked"),
        Outcome::Escalated => ("escalated", "Passed on"),
        Outcome::Reopened => ("superseded", "Opened again"),
    };
    Badge { kind, text }
}
