//! What a decision is about: the item, and with it all that was said of the same question. Answers
//! that can't both be right are one conflict, decided as one.

use super::model::Position;
use super::queries::{self, Found, Said, Same};
use crate::accounts::model::Team;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::interactions::{InteractionId, JsonText};
use crate::signals::SignalStatus;
use crate::signals::model::{Item, ItemId, ItemKind};
use crate::signals::queries as signals;
use std::collections::{BTreeSet, HashMap};

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
        Ok(Self::load_many(conn, &[id])?.remove(&id))
    }

    /// Those of many items, by as many statements as for one.
    pub fn load_many(conn: &mut Conn, ids: &[ItemId]) -> AppResult<HashMap<ItemId, Self>> {
        let mut subjects = HashMap::new();
        let mut reported = Vec::new();
        for found in queries::find_items(conn, ids)? {
            match found.item.interaction_id {
                Some(interaction) => {
                    let own = audited(&found, queries::output_of(conn, interaction)?);
                    subjects.insert(found.item.id, Self::plain(found, vec![own]));
                }
                None => reported.push(found),
            }
        }
        let items: Vec<&Item> = reported.iter().map(|found| &found.item).collect();
        let mut same = queries::same_questions(conn, &items)?;
        let of: Vec<(Found, Same)> = reported
            .into_iter()
            .map(|found| (same.remove(&found.item.id).unwrap_or_default(), found))
            .map(|(same, found)| (found, same))
            .collect();
        let own: Vec<_> = of.iter().map(|(found, same)| (found, same.own.as_slice())).collect();
        let own = gather(conn, &own)?;
        let elsewhere: Vec<_> = (of.iter().zip(&own))
            .map(|((found, same), own)| match is_open(found.item.id, own) {
                true => (found, same.elsewhere.as_slice()),
                false => (found, Default::default()),
            })
            .collect();
        let elsewhere = gather(conn, &elsewhere)?;
        for (((found, _), own), others) in of.into_iter().zip(own).zip(elsewhere) {
            let id = found.item.id;
            subjects.insert(id, Self::plain(found, own).between_teams(conn, others)?);
        }
        Ok(subjects)
    }

    /// With what its own team says.
    fn plain(found: Found, candidates: Vec<Candidate>) -> Self {
        let is_conflict = is_conflict(found.item.id, &candidates);
        Self { found, candidates, is_conflict, owner: None }
    }

    /// With what other teams say, where that contradicts it.
    fn between_teams(mut self, conn: &mut Conn, others: Vec<Candidate>) -> AppResult<Self> {
        if differ(self.found.item.id, self.is_conflict, &self.candidates, &others) {
            self.candidates.extend(others);
            self.is_conflict = true;
            self.owner = Some(queries::team(conn, self.found.agent.team_id)?);
        }
        Ok(self)
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

/// Of each, those of these items that count, with what was said behind them.
fn gather(conn: &mut Conn, of: &[(&Found, &[Item])]) -> AppResult<Vec<Vec<Candidate>>> {
    let counts = |found: &Found, item: &Item| {
        let is_said = item.kind == ItemKind::Feedback && item.status != SignalStatus::Declined;
        item.id == found.item.id || is_said
    };
    let kept = |(found, items): &(&Found, &[Item])| -> Vec<Item> {
        items.iter().filter(|item| counts(found, item)).cloned().collect()
    };
    let kept: Vec<Vec<Item>> = of.iter().map(kept).collect();
    let ids: BTreeSet<ItemId> = kept.iter().flatten().map(|item| item.id).collect();
    let ids: Vec<ItemId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(kept.iter().map(|_| Vec::new()).collect());
    }
    let weights = queries::weights(conn, &ids)?;
    let standing = signals::standing(conn, &ids)?;
    let said = queries::said_of_each(conn, &ids, &weights)?;
    let candidate_of = |found: &Found, item: Item| {
        let edited = standing.get(&item.id).and_then(|resolution| resolution.label.clone());
        let weight = weights.get(&item.id).copied().unwrap_or(0);
        let said = said.get(&item.id).cloned().unwrap_or_default();
        candidate(found, item, said, weight, edited)
    };
    let each = of.iter().zip(kept).map(|((found, _), items)| {
        items.into_iter().filter_map(|item| candidate_of(found, item)).collect()
    });
    Ok(each.collect())
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
