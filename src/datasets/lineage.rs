//! From an interaction to the releases that hold what was said of it, and back from a row of a
//! file: every step, with its time.

use super::model::{Side, State};
use super::queries::{self, Decided, Held, Revised, Said};
use super::question::Question;
use super::{Shelf, build};
use crate::agents;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult};
use crate::feedback::{FeedbackId, Verdict};
use crate::interactions::InteractionId;
use crate::signals::SignalStatus;
use crate::signals::model::{How, Outcome, Signal, SignalId};
use serde::Serialize;
use utoipa::ToSchema;

/// The characters of a question that are told.
const MOST_TEXT: usize = 300;

/// One signal's way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trace {
    #[schema(value_type = String)]
    pub signal_id: SignalId,
    pub status: SignalStatus,
    pub interaction: Origin,
    /// What its author said, oldest first.
    pub feedback: Vec<SaidStep>,
    /// Oldest first.
    pub decisions: Vec<Decision>,
    /// Newest first; what is not retired is what a release would take now.
    pub revisions: Vec<Revision>,
    /// The releases of any dataset that looked at it, newest first.
    pub releases: Vec<InRelease>,
}

/// What was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageInteraction)]
pub struct Origin {
    #[schema(value_type = String)]
    pub id: InteractionId,
    pub external_id: Option<String>,
    pub agent: String,
    pub agent_version: String,
    pub environment: agents::Environment,
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    /// The last question, cut; nothing where it was erased.
    pub question: Option<String>,
}

/// One word of the author.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageFeedback)]
pub struct SaidStep {
    #[schema(value_type = String)]
    pub id: FeedbackId,
    pub verdict: Verdict,
    pub category: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    /// Its author said something newer.
    pub superseded: bool,
    /// A reviewer found it in a random audit.
    pub audit: bool,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageDecision)]
pub struct Decision {
    pub number: i64,
    pub outcome: Outcome,
    pub how: How,
    /// The name of the person or key.
    pub by: Option<String>,
    pub reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
}

/// One snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageRevision)]
pub struct Revision {
    #[schema(value_type = String)]
    pub id: crate::signals::model::RevisionId,
    pub number: i64,
    pub verdict: Verdict,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Instant,
    /// When it was taken out of use.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Instant>,
}

/// One release that looked at it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageRelease)]
pub struct InRelease {
    pub dataset: String,
    pub number: i64,
    pub state: State,
    /// The number of the revision it holds; none for what nobody had decided.
    pub revision: Option<i64>,
    pub side: Option<Side>,
    pub weight: i64,
    /// Why it gave no row.
    pub left_out: Option<String>,
    /// It holds a revision that was taken out of use since.
    pub retired: bool,
}

/// What somebody wants to follow.
enum Wanted {
    Id(uuid::Uuid),
    /// A row of a release's file, counted from 0 as in `SIDE.rows.csv`.
    Row(i64, Side, u64),
    /// What a sender calls an interaction.
    External,
}

fn wanted(of: &str) -> Wanted {
    if let Ok(id) = of.parse() {
        return Wanted::Id(id);
    }
    let parts: Vec<&str> = of.split('/').collect();
    if let [release, side, row] = parts.as_slice()
        && let (Ok(release), Ok(side), Ok(row)) = (release.parse(), side.parse(), row.parse())
    {
        return Wanted::Row(release, side, row);
    }
    Wanted::External
}

/// Follows what `of` names: the id of an interaction, of feedback, of a signal or of a revision; an
/// external id of one of the dataset's agents; or a row, such as `3/train/12`. `NotFound` without
/// such a dataset; nothing where nothing is found.
pub fn follow(db: &Db, shelf: &Shelf, name: &str, of: &str) -> AppResult<Vec<Trace>> {
    let of = of.trim();
    let dataset = db.read_now(|conn| Ok(queries::find_by_name(conn, name)?))?;
    let dataset = dataset.ok_or(AppError::NotFound)?;
    let id = match wanted(of) {
        Wanted::Row(number, side, row) => row_of(db, shelf, (name, number), side, row)?,
        Wanted::Id(id) => Some(id),
        Wanted::External => None,
    };
    let question = Question::of(&dataset.question).map_err(AppError::internal)?;
    db.read_now(|conn| {
        let mut found = match id {
            Some(id) => queries::signals_by_id(conn, id)?,
            None => Vec::new(),
        };
        // An external id may look like anything.
        if found.is_empty() && !of.is_empty() {
            let mut ids = Vec::new();
            for slug in &question.agents {
                ids.extend(agents::queries::find_by_slug(conn, slug)?.map(|agent| agent.id));
            }
            found = queries::signals_by_external_id(conn, &ids, of)?;
        }
        found.iter().map(|signal| trace(conn, signal)).collect()
    })
}

/// The signal that a row of a file was made of.
fn row_of(
    db: &Db,
    shelf: &Shelf,
    (name, number): (&str, i64),
    side: Side,
    row: u64,
) -> AppResult<Option<uuid::Uuid>> {
    let found = db.read_now(|conn| Ok(queries::find_release(conn, name, number)?))?;
    let Some((_, release)) = found.filter(|(_, release)| release.state == State::Ready) else {
        return Ok(None);
    };
    build::ensure(db, shelf, &release)?;
    let line = shelf.row(release.id, side, row).map_err(AppError::internal)?;
    Ok(line.and_then(|line| line.split(',').nth(1)?.parse().ok()))
}

fn trace(conn: &mut Conn, signal: &Signal) -> AppResult<Trace> {
    let revisions = queries::revisions_of(conn, signal.id)?;
    let mut said: Vec<FeedbackId> = revisions.iter().map(|each| each.feedback_id).collect();
    said.push(signal.feedback_id);
    let said = queries::said(conn, &said)?;
    let decisions = queries::decided(conn, signal, &revisions)?;
    let held = queries::held_by(conn, signal)?;
    let from = queries::origin(conn, signal.interaction_id)?;
    let (external_id, agent, agent_version, environment, occurred_at, input) = from;
    let asked = input.map(|input| input.question().chars().take(MOST_TEXT).collect());
    let interaction = Origin {
        id: signal.interaction_id,
        external_id,
        agent,
        agent_version,
        environment,
        occurred_at,
        question: asked,
    };
    Ok(Trace {
        signal_id: signal.id,
        status: signal.status,
        interaction,
        feedback: said.into_iter().map(said_step).collect(),
        decisions: decisions.into_iter().map(decision).collect(),
        releases: held.into_iter().map(|held| in_release(held, &revisions)).collect(),
        revisions: revisions.iter().map(revision).collect(),
    })
}

fn said_step((id, verdict, category, occurred_at, superseded_by, audit): Said) -> SaidStep {
    SaidStep { id, verdict, category, occurred_at, superseded: superseded_by.is_some(), audit }
}

fn decision(((_, number, outcome, how, reason, at), (_, person, key)): Decided) -> Decision {
    Decision { number, outcome, how, by: person.or(key), reason, at }
}

fn revision(of: &Revised) -> Revision {
    Revision {
        id: of.id,
        number: of.number,
        verdict: of.verdict,
        made_at: of.created_at,
        retired_at: of.retired_at,
    }
}

fn in_release(held: Held, revisions: &[Revised]) -> InRelease {
    let of = revisions.iter().find(|each| Some(each.id) == held.revision_id);
    InRelease {
        dataset: held.dataset,
        number: held.number,
        state: held.state,
        revision: of.map(|each| each.number),
        side: held.side,
        weight: held.weight,
        retired: held.reason.is_none() && of.is_some_and(|each| each.retired_at.is_some()),
        left_out: held.reason,
    }
}
