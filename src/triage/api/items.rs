//! Review items as programs see them, and which a key reaches.

use crate::accounts::{KeyId, Reach};
use crate::agents::queries as agents;
use crate::capture::queries::{InteractionOut, Used, interactions_of, used_in};
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult};
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::{InteractionId, JsonText};
use crate::signals::SignalStatus;
use crate::signals::model::{ItemId, Outcome, QueueState};
use crate::triage::judge::Judge;
use crate::triage::queries::{self, Held};
use crate::triage::slots::{Slots, Stand};
use crate::triage::subject::{Candidate, Subject};
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use utoipa::ToSchema;

/// What must be judged.
#[derive(Serialize, ToSchema)]
pub struct ReviewItem {
    pub id: ItemId,
    /// `feedback`; `conflict` where what people said of the same input can't all be true; `audit`.
    pub kind: &'static str,
    /// What was asked and answered. Who reported it is told once it is decided.
    pub interaction: InteractionOut,
    /// What people hold to be true: one, or with a conflict all that contradict one another.
    pub candidates: Vec<CandidateOut>,
    /// How many independent reviews it needs, and how many are in.
    pub reviews_needed: i64,
    pub reviews_done: i64,
    /// Where the reviewers differ: what each said, for who settles it. Empty otherwise.
    pub reviews: Vec<ReviewOut>,
    /// Until when it is claimed; null where nobody has it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Instant>,
}

/// People who say the same of the same input.
#[derive(Serialize, ToSchema)]
#[schema(as = Candidate)]
pub struct CandidateOut {
    /// The item that stands for them.
    pub item: ItemId,
    pub verdict: Option<Verdict>,
    /// The right output as they say; null where they gave none.
    #[schema(value_type = serde_json::Value)]
    pub correction: Option<JsonText>,
    /// How many they are.
    pub weight: i64,
    /// Their feedback; the oldest 50.
    pub feedback: Vec<FeedbackId>,
    /// `pending` or `accepted`.
    pub status: SignalStatus,
}

/// One of several independent reviews.
#[derive(Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewOut {
    pub decision: Outcome,
    #[schema(value_type = serde_json::Value)]
    pub label: Option<JsonText>,
    pub reason: Option<String>,
    pub duplicate_of: Option<ItemId>,
}

/// An item as this reviewer may see it; nothing where nobody stands behind it any more.
pub(super) fn describe(
    conn: &mut Conn,
    judge: Judge<'_>,
    id: ItemId,
    now: Instant,
) -> AppResult<Option<ReviewItem>> {
    Ok(describe_many(conn, judge, &[id], now)?.pop())
}

/// Items as this reviewer may see them, in this order, without those that nobody stands behind any
/// more; by as many statements as for one.
pub(super) fn describe_many(
    conn: &mut Conn,
    judge: Judge<'_>,
    ids: &[ItemId],
    now: Instant,
) -> AppResult<Vec<ReviewItem>> {
    let mut subjects = Subject::load_many(conn, ids)?;
    let together: Vec<ItemId> = subjects.values().flat_map(Subject::together).collect();
    let stand = Stand::read(conn, &together)?;
    let mut shown: Vec<(InteractionId, Subject, Slots)> = Vec::new();
    for subject in ids.iter().filter_map(|id| subjects.remove(id)) {
        let slots = stand.slots(&subject);
        let is_theirs = subject.owner.is_none() || judge.owns(&subject);
        let subject = if is_theirs { subject } else { subject.of_its_team() };
        shown.extend(subject.interaction().map(|about| (about, subject, slots)));
    }
    let about: Vec<InteractionId> = shown.iter().map(|(about, ..)| *about).collect();
    let interactions = interactions_of(conn, &about)?;
    let claims = queries::claims_on(conn, ids, now)?;
    let items = shown.into_iter().filter_map(|(about, subject, slots)| {
        let interaction = interactions.get(&about)?.clone();
        Some(item(judge, subject, &slots, interaction, &claims))
    });
    Ok(items.collect())
}

fn item(
    judge: Judge<'_>,
    subject: Subject,
    slots: &Slots,
    mut interaction: InteractionOut,
    claims: &[Held],
) -> ReviewItem {
    let id = subject.found.item.id;
    if subject.found.waiting.is_some() {
        for feedback in &mut interaction.feedback {
            feedback.author = None;
        }
    }
    let claims = claims.iter().filter(|held| held.0.item_id == id);
    ReviewItem {
        id,
        kind: subject.kind(),
        candidates: candidates_of(&subject),
        reviews_needed: slots.needed,
        reviews_done: slots.done(),
        reviews: reviews_of(slots, judge, id),
        claimed_until: claims.map(|held| held.0.claimed_until).max(),
        interaction,
    }
}

/// What each reviewer said, for who settles it.
fn reviews_of(slots: &Slots, judge: Judge<'_>, id: ItemId) -> Vec<ReviewOut> {
    if !slots.is_settling || slots.has(judge.by()) {
        return Vec::new();
    }
    let open = slots.open.iter().filter(|open| open.item_id == id);
    open.map(|open| ReviewOut {
        decision: open.decision,
        label: open.label.clone(),
        reason: open.reason.clone(),
        duplicate_of: open.duplicate_of,
    })
    .collect()
}

/// What people hold to be true; nobody does of what was drawn at random.
fn candidates_of(subject: &Subject) -> Vec<CandidateOut> {
    let own = subject.found.item.id;
    let shown = subject
        .candidates
        .iter()
        .filter(|_| !subject.is_audit())
        .filter(|each| each.item.id == own || (subject.is_conflict && !each.is_escalation()));
    let candidate = |each: &Candidate| CandidateOut {
        item: each.item.id,
        verdict: each.verdict(),
        correction: each.said.first().and_then(|said| said.feedback.correction.clone()),
        weight: each.weight,
        feedback: each.said.iter().map(|said| said.feedback.id).collect(),
        status: each.item.status,
    };
    shown.map(candidate).collect()
}

/// The deployments that a key is for.
pub(super) fn reached(conn: &mut Conn, reach: &Reach) -> AppResult<Vec<Used>> {
    let mut used = used_in(conn, None)?;
    used.retain(|used| reach.has(&used.agent_slug, &used.team_slug));
    Ok(used)
}

/// Those among which a key may take what is in a state: between teams, those whose agent's own
/// team it is for.
pub(super) fn takes(conn: &mut Conn, reach: &Reach, state: QueueState) -> AppResult<Vec<Used>> {
    if state != QueueState::BetweenTeams || reach.is_all() {
        return reached(conn, reach);
    }
    let mut used = used_in(conn, None)?;
    let mut owners = HashMap::new();
    used.retain(|used| reach.has_agent(&used.agent_slug));
    for used in &used {
        let agent = used.deployment.agent_id;
        if let Entry::Vacant(new) = owners.entry(agent) {
            let owner = agents::find(conn, agent)?.team_id;
            new.insert(reach.has_team(&queries::team(conn, owner)?.slug));
        }
    }
    used.retain(|used| owners.get(&used.deployment.agent_id) == Some(&true));
    Ok(used)
}

/// An item of an agent or team that the key is not for is not there.
pub(super) fn must_reach(
    conn: &mut Conn,
    key: KeyId,
    reach: &Reach,
    item: ItemId,
) -> AppResult<()> {
    if reach.is_all() {
        return Ok(());
    }
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    Judge::Key(key, reach).sees(&subject).then_some(()).ok_or(AppError::NotFound)
}
