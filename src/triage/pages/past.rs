//! Past overrides like the one that is looked at, with what became of each.

use super::view;
use crate::accounts::Who;
use crate::agents::OutputKind;
use crate::capture::shown;
use crate::capture::words::{self, Badge, When};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::interactions::JsonText;
use crate::signals::model::{Item, ItemId, Resolution};
use crate::similar::similar;
use crate::triage::queries::{self, Past};
use crate::triage::subject::Subject;

/// How many are shown.
const SHOWN: usize = 6;

/// One of them.
pub(super) struct PastRow {
    pub href: String,
    pub question: String,
    pub is_same: bool,
    pub verdict: Badge,
    /// What was decided of it, or that it waits.
    pub state: Badge,
    /// The right answer: by the reviewer's word, or as it was reported.
    pub label: String,
    pub when: When,
}

/// Those that this person may see: about the same question first, then the likest. What is shown
/// on the page already is left out.
pub(super) fn gather(
    conn: &mut Conn,
    who: &Who,
    subject: &Subject,
    input: Option<&JsonText>,
) -> AppResult<Vec<(Past, Option<Resolution>)>> {
    let item = &subject.found.item;
    let (Some(input), true) = (input, who.reviews(item.team_id)) else { return Ok(Vec::new()) };
    let team = if who.sees_all() { None } else { Some(item.team_id) };
    let shown: Vec<ItemId> = subject.candidates.iter().map(|each| each.item.id).collect();
    let said = |item: &Item| item.interaction_id.is_none();
    let same = queries::same_input(conn, item)?.into_iter().filter(said).map(|item| item.id);
    let like = similar(conn, item.agent_id, team, &input.question())?;
    let mut ids: Vec<ItemId> = Vec::new();
    for id in same.chain(like) {
        if id != item.id && !shown.contains(&id) && !ids.contains(&id) && ids.len() < SHOWN {
            ids.push(id);
        }
    }
    let mut past = queries::past(conn, &ids)?;
    past.retain(|(past, _)| past.verdict != Verdict::Confirmed);
    Ok(past)
}

/// A past override as it is shown.
pub(super) fn row(
    (past, standing): &(Past, Option<Resolution>),
    subject: &Subject,
    kind: OutputKind,
    now: Instant,
) -> PastRow {
    let given = standing.as_ref().and_then(|standing| standing.label.as_ref());
    let label = given.or(past.correction.as_ref());
    PastRow {
        href: format!("/triage/{}", past.item),
        question: words::question(past.input.as_ref()),
        is_same: past.input_hash == subject.found.item.input_hash,
        verdict: words::verdict(past.verdict),
        state: match standing {
            Some(standing) => view::outcome(standing.outcome),
            None => words::state(false, Some(past.status), false),
        },
        label: label.map(|label| shown::spoken(kind, label)).unwrap_or_default(),
        when: words::when(past.occurred_at, now),
    }
}
