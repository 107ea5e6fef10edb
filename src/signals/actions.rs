//! From feedback to signals: what must be judged is gathered in items, what the review policy
//! lets pass is resolved at once, the rest waits in the queue, and every accepted signal gets a
//! revision.

use super::model::{
    Decision, How, Item, ItemId, ItemKind, Outcome, QueueState, Resolution, ResolutionId, Signal,
    SignalId, SignalStatus,
};
use super::queries::{self, Source};
use super::settle::{insert_revisions, replace, resolve, retire, revision, settle};
use super::{audits, queue};
use crate::accounts::PersonId;
use crate::agents::model::ReviewPolicy;
use crate::clock;
use crate::db::{Conn, Hash};
use crate::error::AppResult;
use crate::feedback::queries::Subject;
use crate::feedback::{Feedback, FeedbackId, Verdict, rules};
use crate::insert_rows;
use crate::interactions::JsonText;
use crate::schema::{resolutions, review_items, signals};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// One new feedback, with what decides about it.
pub struct Candidate {
    pub feedback: Feedback,
    pub supersedes: Option<FeedbackId>,
    pub subject: Arc<Subject>,
    /// A champion or engineer sent it while signed in.
    pub is_trusted: bool,
    /// Somebody overrode the same interaction.
    pub is_contested: bool,
    /// Somebody confirmed the same interaction before.
    pub was_confirmed: bool,
    /// It was judged elsewhere, and comes by import.
    pub imported: Option<Imported>,
}

/// What was decided elsewhere.
#[derive(Default)]
pub struct Imported {
    /// Nothing where it still waited.
    pub outcome: Option<Outcome>,
    /// The right output by the reviewer's word.
    pub label: Option<JsonText>,
    /// Who decided, as claimed.
    pub by: Option<PersonId>,
}

/// What is decided of new feedback without a reviewer.
fn decision(candidate: &Candidate) -> Option<(Outcome, How)> {
    if candidate.feedback.is_audit {
        return Some((audits::outcome_of(candidate.feedback.verdict), How::Import));
    }
    if let Some(imported) = &candidate.imported {
        return imported.outcome.map(|outcome| (outcome, How::Import));
    }
    let policy = candidate.subject.deployment.review;
    let confirmed = candidate.feedback.verdict == Verdict::Confirmed;
    let accepted = match policy {
        ReviewPolicy::None => true,
        _ if confirmed => !candidate.is_contested,
        ReviewPolicy::Trusted => candidate.is_trusted,
        ReviewPolicy::Required => false,
    };
    accepted.then_some((Outcome::Accepted, How::Policy))
}

/// Makes signals of new feedback: a fixed few statements, however much there is, as long as
/// nobody changes their mind.
pub fn consider(conn: &mut Conn, candidates: &[Candidate]) -> AppResult<()> {
    reopen_contested(conn, candidates)?;
    let clusters: Vec<Hash> = candidates.iter().map(cluster_of).collect();
    let mut items = Items::of(conn, candidates, &clusters)?;
    items.decide(candidates, &clusters);
    items.insert(conn)?;
    let superseded: Vec<FeedbackId> = candidates.iter().filter_map(|c| c.supersedes).collect();
    let mut old = signals_of(conn, &superseded)?;
    let (mut new, mut revisions, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for (candidate, cluster) in candidates.iter().zip(&clusters) {
        let Some(item) = items.by_cluster.get(cluster) else { continue };
        let before = candidate.supersedes.and_then(|id| old.remove(&id));
        left.extend(before.as_ref().map(|before| before.item_id));
        let standing = items.standing.get(&item.id);
        let status = standing.map_or(item.status, |standing| item.kind.after(standing.outcome));
        let mut signal = signal_for(candidate, item, status, before.as_ref());
        let number = match &before {
            Some(before) => retire(conn, before)? + 1,
            None => 1,
        };
        if let Some(resolution) = standing.filter(|_| status == SignalStatus::Accepted) {
            let revision = revision(&source_of(candidate, item, &signal), resolution, number);
            signal.revision_id = Some(revision.id);
            revisions.push(revision);
        }
        match before {
            Some(_) => replace(conn, &signal)?,
            None => new.push(signal),
        }
    }
    insert_rows!(conn, signals::table, new.iter().collect::<Vec<_>>())?;
    insert_revisions(conn, &revisions)?;
    left.extend(withdraw_superseded(conn, candidates)?);
    settle(conn, &items.resolved_again, &items.standing)?;
    let item_of = |n| clusters.get(n).and_then(|c| items.by_cluster.get(c));
    queue::join(conn, candidates, item_of, &items.new)?;
    items.leave_or_wait(conn)?;
    queue::follow(conn, &left)
}

/// What somebody said twice, with a program and while signed in, and took back by one new word: the
/// signal of one goes on with that word, those of the others end. Gives their items.
fn withdraw_superseded(conn: &mut Conn, candidates: &[Candidate]) -> AppResult<Vec<ItemId>> {
    let changed = candidates.iter().filter(|c| c.supersedes.is_some());
    let interactions: Vec<_> = changed.map(|c| c.subject.row.id).collect();
    if interactions.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    for signal in queries::signals_of_superseded(conn, &interactions)? {
        retire(conn, &signal)?;
        items.push(signal.item_id);
        replace(conn, &Signal { status: SignalStatus::Declined, revision_id: None, ..signal })?;
    }
    Ok(items)
}

/// The signals of superseded feedback, by it.
fn signals_of(conn: &mut Conn, ids: &[FeedbackId]) -> AppResult<HashMap<FeedbackId, Signal>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = queries::signals_of_feedback(conn, ids)?.into_iter();
    Ok(rows.map(|signal| (signal.feedback_id, signal)).collect())
}

/// A confirmation that passed by policy waits for a reviewer after all once somebody overrides
/// the same interaction.
fn reopen_contested(conn: &mut Conn, candidates: &[Candidate]) -> AppResult<()> {
    let contested: Vec<_> = candidates
        .iter()
        .filter(|c| c.feedback.verdict != Verdict::Confirmed && c.imported.is_none())
        .filter(|c| c.was_confirmed)
        .filter(|c| c.subject.deployment.review != ReviewPolicy::None)
        .map(|c| c.subject.row.id)
        .collect();
    if contested.is_empty() {
        return Ok(());
    }
    let items = queries::items_confirming(conn, &contested)?;
    if items.is_empty() {
        return Ok(());
    }
    for (item, standing) in queries::standing(conn, &items)? {
        if standing.how == How::Policy && standing.outcome == Outcome::Accepted {
            let why = "Somebody said that the same output is wrong.".to_owned();
            let decision = Decision {
                outcome: Outcome::Reopened,
                label: None,
                how: How::Policy,
                by: None,
                reason: Some(why),
            };
            resolve(conn, item, decision)?;
        }
    }
    Ok(())
}

/// The items that a batch of candidates falls into.
struct Items {
    by_cluster: HashMap<Hash, Item>,
    /// The resolution that counts of each decided item.
    standing: HashMap<ItemId, Resolution>,
    /// Which of them are not stored yet.
    new: HashSet<ItemId>,
    /// Resolutions to be stored.
    resolutions: Vec<Resolution>,
    /// Items that were there before and are decided now: signals they had must follow.
    resolved_again: Vec<ItemId>,
}

impl Items {
    fn of(conn: &mut Conn, candidates: &[Candidate], clusters: &[Hash]) -> AppResult<Self> {
        let mut by_cluster: HashMap<Hash, Item> = queries::items_by_cluster(conn, clusters)?
            .into_iter()
            .map(|item| (item.cluster_hash, item))
            .collect();
        let known: Vec<ItemId> = by_cluster.values().map(|item| item.id).collect();
        let standing =
            if known.is_empty() { HashMap::new() } else { queries::standing(conn, &known)? };
        let mut new = HashSet::new();
        for (candidate, cluster) in candidates.iter().zip(clusters) {
            by_cluster.entry(*cluster).or_insert_with(|| {
                let item = new_item(candidate, *cluster);
                new.insert(item.id);
                item
            });
        }
        let (resolutions, resolved_again) = (Vec::new(), Vec::new());
        Ok(Self { by_cluster, standing, new, resolutions, resolved_again })
    }

    /// What is decided once stays decided: only open items are looked at, and imports, which
    /// bring a later decision.
    fn decide(&mut self, candidates: &[Candidate], clusters: &[Hash]) {
        for (candidate, cluster) in candidates.iter().zip(clusters) {
            let Some(item) = self.by_cluster.get_mut(cluster) else { continue };
            let Some((outcome, how)) = decision(candidate) else { continue };
            let is_open = item.status == SignalStatus::Pending;
            let imported = candidate.imported.as_ref();
            let is_new = how == How::Import
                && (item.status != outcome.status() || item.kind == ItemKind::Audit);
            if !is_open && !is_new {
                continue;
            }
            let last = self.standing.get(&item.id).map_or(0, |standing| standing.number);
            let resolution = Resolution {
                id: ResolutionId::new(),
                item_id: item.id,
                number: last + 1,
                outcome,
                label: label_of(candidate),
                how,
                person_id: imported.and_then(|imported| imported.by),
                reason: None,
                created_at: clock::now(),
                key_id: None,
            };
            item.status = outcome.status();
            if !self.new.contains(&item.id) && !self.resolved_again.contains(&item.id) {
                self.resolved_again.push(item.id);
            }
            self.standing.insert(item.id, resolution.clone());
            self.resolutions.push(resolution);
        }
    }

    fn insert(&self, conn: &mut Conn) -> AppResult<()> {
        let new: Vec<&Item> =
            self.by_cluster.values().filter(|item| self.new.contains(&item.id)).collect();
        insert_rows!(conn, review_items::table, new)?;
        insert_rows!(conn, resolutions::table, self.resolutions.iter().collect::<Vec<_>>())?;
        for item in self.by_cluster.values().filter(|i| self.resolved_again.contains(&i.id)) {
            diesel::update(review_items::table.find(item.id))
                .set(review_items::status.eq(item.status))
                .execute(conn)?;
        }
        Ok(())
    }
}

impl Items {
    /// Items that were there before and are decided leave the queue; imported decisions that leave
    /// an item open put it aside, for its reporter was asked, or it was escalated.
    fn leave_or_wait(&self, conn: &mut Conn) -> AppResult<()> {
        let open = self.by_cluster.values().filter(|item| item.status == SignalStatus::Pending);
        let open: HashSet<ItemId> = open.map(|item| item.id).collect();
        let decided: Vec<ItemId> =
            self.resolved_again.iter().filter(|id| !open.contains(id)).copied().collect();
        queue::leave(conn, &decided)?;
        for resolution in &self.resolutions {
            match resolution.outcome {
                Outcome::NeedsInfo => queue::put(conn, resolution.item_id, QueueState::Asked)?,
                Outcome::Escalated => queue::put(conn, resolution.item_id, QueueState::Escalated)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The right output by the word of whoever decided elsewhere; in an audit that is who said it.
fn label_of(candidate: &Candidate) -> Option<JsonText> {
    match candidate.feedback.is_audit {
        true => candidate.feedback.correction.clone(),
        false => candidate.imported.as_ref().and_then(|imported| imported.label.clone()),
    }
}

fn new_item(candidate: &Candidate, cluster_hash: Hash) -> Item {
    let is_audit = candidate.feedback.is_audit;
    Item {
        id: ItemId::new(),
        kind: if is_audit { ItemKind::Audit } else { ItemKind::Feedback },
        agent_id: candidate.subject.row.agent_id,
        team_id: candidate.subject.deployment.team_id,
        input_hash: candidate.subject.row.input_hash,
        cluster_hash,
        status: SignalStatus::Pending,
        created_at: clock::now(),
        interaction_id: is_audit.then_some(candidate.subject.row.id),
    }
}

/// The same agent, team, normalised input, verdict and label are one item; an audit is one of its
/// own.
fn cluster_of(candidate: &Candidate) -> Hash {
    let subject = &candidate.subject;
    if candidate.feedback.is_audit {
        return audits::cluster_of(subject.row.id);
    }
    let kind = subject.agent.kind;
    let said = match candidate.feedback.verdict {
        Verdict::Corrected => candidate.feedback.correction.as_ref(),
        _ => subject.body.output.as_ref(),
    };
    let said = said.map(|text| rules::comparable(kind, text)).unwrap_or_default();
    Hash::of(&[
        subject.row.agent_id.0.as_bytes(),
        subject.deployment.team_id.0.as_bytes(),
        &subject.row.input_hash.0,
        candidate.feedback.verdict.as_str().as_bytes(),
        said.as_bytes(),
    ])
}

fn signal_for(
    candidate: &Candidate,
    item: &Item,
    status: SignalStatus,
    before: Option<&Signal>,
) -> Signal {
    Signal {
        id: before.map_or_else(SignalId::new, |before| before.id),
        feedback_id: candidate.feedback.id,
        interaction_id: candidate.subject.row.id,
        deployment_id: candidate.subject.row.deployment_id,
        agent_id: candidate.subject.row.agent_id,
        item_id: item.id,
        status,
        revision_id: None,
    }
}

fn source_of(candidate: &Candidate, item: &Item, signal: &Signal) -> Source {
    Source {
        signal: signal.clone(),
        item_kind: item.kind,
        verdict: candidate.feedback.verdict,
        correction: candidate.feedback.correction.clone(),
        kind: candidate.subject.agent.kind,
        row: candidate.subject.row.clone(),
        body: Some(candidate.subject.body.clone()),
        version: candidate.subject.version.clone(),
    }
}
