//! What a decision is about: the item, and with it all that was said of the same question. Answers
//! that can't both be right are one conflict, decided as one.

use super::model::Position;
use super::queries::{self, Found, Said};
use crate::accounts::model::Team;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::interactions::{InteractionId, JsonText};
use crate::signals::SignalStatus;
use crate::signals::model::{Item, ItemId, ItemKind};
use crate::signals::queries as signals;

/// People who say the same of the same question.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub item: Item,
    /// At least one, but of an audit; the oldest 50.
    pub said: Vec<Said>,
    /// How many say so.
    pub weight: i64,
    pub position: Position,
    /// What they hold to be the right output: their correction, or the output they confirmed. What
    /// a reviewer made of it, once there is that.
    pub label: Option<JsonText>,
}

impl Candidate {
    /// What they say of the output.
    pub fn verdict(&self) -> Option<Verdict> {
        self.said.first().map(|said| said.feedback.verdict)
    }
    /// Whether they ask for a person, and say nothing of which answer is right.
    pub fn is_escalation(&self) -> bool {
        self.verdict() == Some(Verdict::Escalated)
    }
    /// Whether nobody decided yet.
    pub fn is_pending(&self) -> bool {
        self.item.status == SignalStatus::Pending
    }
}

/// An item and what else was said of the same question.
#[derive(Debug, Clone)]
pub struct Subject {
    pub found: Found,
    /// The item itself, and the others about the same input that have not been declined; those
    /// of other teams only where teams contradict one another.
    pub candidates: Vec<Candidate>,
    pub is_conflict: bool,
    /// The team that owns the agent, where teams contradict one another: it settles that.
    pub owner: Option<Team>,
}

impl Subject {
    /// Gathers it; nothing where no such item is there. The caller knows who may see it.
    pub fn load(conn: &mut Conn, id: ItemId) -> AppResult<Option<Self>> {
        let Some(found) = queries::find_item(conn, id)? else { return Ok(None) };
        if let Some(interaction) = found.item.interaction_id {
            let own = audited(&found, queries::output_of(conn, interaction)?);
            return Ok(Some(Self {
                candidates: vec![own],
                is_conflict: false,
                owner: None,
                found,
            }));
        }
        let same = queries::same_input(conn, &found.item)?;
        let mut candidates = gather(conn, &found, same)?;
        let mut is_conflict = is_conflict(id, &candidates);
        let mut owner = None;
        if is_open(id, &candidates) {
            let others = queries::same_question_elsewhere(conn, &found.item)?;
            let others = gather(conn, &found, others)?;
            if differ(id, is_conflict, &candidates, &others) {
                candidates.extend(others);
                is_conflict = true;
                owner = Some(queries::team(conn, found.agent.team_id)?);
            }
        }
        Ok(Some(Self { found, candidates, is_conflict, owner }))
    }

    /// What a reviewer may read who does not settle what teams contradict one another in: nothing
    /// of what other teams say.
    pub fn of_its_team(mut self) -> Self {
        let (id, team) = (self.found.item.id, self.found.item.team_id);
        self.candidates.retain(|each| each.item.team_id == team);
        self.is_conflict = is_conflict(id, &self.candidates);
        self
    }

    /// The item itself among the candidates; none where nobody stands behind it any more.
    pub fn own(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|each| each.item.id == self.found.item.id)
    }

    /// The other candidates.
    pub fn others(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|each| each.item.id != self.found.item.id)
    }

    /// The items that are decided together: all that wait, where they contradict one another.
    pub fn together(&self) -> Vec<ItemId> {
        let own = self.found.item.id;
        // A person who should take over is another matter than which answer is right.
        let pending = self
            .candidates
            .iter()
            .filter(|each| each.is_pending() && (each.item.id == own || !each.is_escalation()));
        pending.map(|each| each.item.id).filter(|id| self.is_conflict || *id == own).collect()
    }

    /// Whether nobody reported it: it was drawn at random.
    pub fn is_audit(&self) -> bool {
        self.found.item.kind == ItemKind::Audit
    }

    /// The interaction that stands for it; none where nobody stands behind it any more.
    pub fn interaction(&self) -> Option<InteractionId> {
        let said = || Some(self.own()?.said.first()?.feedback.interaction_id);
        self.found.item.interaction_id.or_else(said)
    }

    /// What the API calls it.
    pub fn kind(&self) -> &'static str {
        if self.is_conflict { "conflict" } else { self.found.item.kind.as_str() }
    }
}

fn candidate(
    found: &Found,
    item: Item,
    said: Vec<Said>,
    weight: i64,
    edited: Option<JsonText>,
) -> Option<Candidate> {
    let kind = found.agent.kind;
    let first = said.first()?;
    let (verdict, correction) = (first.feedback.verdict, first.feedback.correction.as_ref());
    let position = match &edited {
        Some(label) => Position::right(kind, label),
        None => Position::of(kind, verdict, first.output.as_ref(), correction),
    };
    let label = edited.or_else(|| match verdict {
        Verdict::Confirmed => first.output.clone(),
        Verdict::Corrected => correction.cloned(),
        Verdict::Rejected | Verdict::Escalated => None,
    });
    Some(Candidate { item, weight, position, label, said })
}

/// What is looked at though nobody says anything of it: whether what the agent said is right.
fn audited(found: &Found, output: Option<JsonText>) -> Candidate {
    let position = Position::of(found.agent.kind, Verdict::Escalated, None, None);
    Candidate { item: found.item.clone(), said: Vec::new(), weight: 0, position, label: output }
}

/// Those of these items that count, with what was said behind them.
fn gather(conn: &mut Conn, found: &Found, items: Vec<Item>) -> AppResult<Vec<Candidate>> {
    let is_own = |item: &Item| item.id == found.item.id;
    let counts = |item: &Item| {
        let is_said = item.kind == ItemKind::Feedback && item.status != SignalStatus::Declined;
        is_own(item) || is_said
    };
    let items: Vec<Item> = items.into_iter().filter(counts).collect();
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    let weights = queries::weights(conn, &ids)?;
    let mut standing = signals::standing(conn, &ids)?;
    let mut candidates = Vec::new();
    for item in items {
        let said = queries::said_of(conn, item.id)?;
        let edited = standing.remove(&item.id).and_then(|resolution| resolution.label);
        let weight = weights.get(&item.id).copied().unwrap_or(0);
        candidates.extend(candidate(found, item, said, weight, edited));
    }
    Ok(candidates)
}

/// Whether the item waits for somebody who says what is right.
fn is_open(id: ItemId, candidates: &[Candidate]) -> bool {
    let own = candidates.iter().find(|each| each.item.id == id && each.is_pending());
    own.is_some_and(|own| own.item.kind == ItemKind::Feedback && !own.is_escalation())
}

/// Whether a decision on this item settles a contradiction: it waits, and not all that was said of
/// the same question can be true.
fn is_conflict(id: ItemId, candidates: &[Candidate]) -> bool {
    is_open(id, candidates)
        && candidates
            .iter()
            .any(|one| candidates.iter().any(|other| one.position.contradicts(&other.position)))
}

/// Whether what is decided with the item contradicts what other teams say.
fn differ(id: ItemId, is_conflict: bool, own: &[Candidate], others: &[Candidate]) -> bool {
    own.iter()
        .filter(|each| is_conflict || each.item.id == id)
        .any(|one| others.iter().any(|other| one.position.contradicts(&other.position)))
}
