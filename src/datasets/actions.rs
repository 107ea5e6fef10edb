//! What changes datasets and releases, each inside one write.

use super::check::{self, Scope};
use super::model::{
    Dataset, DatasetId, Frame, FrameAgent, LeaseId, Release, ReleaseFile, ReleaseId, Stage, State,
};
use super::push;
use super::queries;
use super::question::Question;
use crate::accounts::{KeyId, PersonId};
use crate::agents;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash, Instant, Json, installation};
use crate::error::{AppError, AppResult};
use crate::on_backend;
use crate::schema::{datasets, release_files, releases};
use crate::web::token;
use crate::webhooks;
use diesel::prelude::*;
use serde_json::json;

/// The key from which all sides follow, in `installation`.
const SPLIT_SEED: &str = "split_seed";
/// For how long a builder that says nothing keeps its release.
const LEASE_SECONDS: i64 = 30;
/// How often building is tried where the database or the machine is in the way.
const MOST_TRIES: i64 = 5;
const PAUSE_SECONDS: i64 = 10;

/// Makes a dataset or changes its question. Releases there are keep the question they had.
pub fn set(
    conn: &mut Conn,
    actor: Actor,
    name: &str,
    question: &Question,
) -> AppResult<(Dataset, bool)> {
    check::name(name)?;
    check::scope(conn, question)?;
    let now = clock::now();
    let kept = Json(question.to_value());
    let before = queries::find_by_name(conn, name)?;
    let is_new = before.is_none();
    let dataset = match before {
        Some(before) => Dataset { question: kept.clone(), updated_at: now, ..before },
        None => Dataset {
            id: DatasetId::new(),
            name: name.to_owned(),
            question: kept.clone(),
            last_number: 0,
            created_at: now,
            updated_at: now,
        },
    };
    if is_new {
        diesel::insert_into(datasets::table).values(&dataset).execute(conn)?;
    } else {
        diesel::update(datasets::table.find(dataset.id))
            .set((datasets::question.eq(kept), datasets::updated_at.eq(now)))
            .execute(conn)?;
    }
    audit::record(conn, actor, "dataset.set", &subject(name), question.to_value())?;
    Ok((dataset, is_new))
}

/// What the audit log calls the dataset `name`.
pub(super) fn subject(name: &str) -> String {
    format!("dataset:{name}")
}

/// Asks for a release: it gets its number, and is frozen in all but the signals. With a lease, the
/// caller builds it; otherwise the next worker that is free does.
pub fn release(
    conn: &mut Conn,
    actor: Actor,
    name: &str,
    lease: Option<LeaseId>,
) -> AppResult<Release> {
    let dataset = queries::find_by_name(conn, name)?.ok_or(AppError::NotFound)?;
    let question = Question::of(&dataset.question).map_err(AppError::internal)?;
    let scope = check::scope(conn, &question)?;
    let frame = frame(conn, &scope)?;
    let number = diesel::update(datasets::table.find(dataset.id))
        .set(datasets::last_number.eq(datasets::last_number + 1))
        .returning(datasets::last_number)
        .get_result::<i64>(conn)?;
    let release = asked(&dataset, &frame, number, actor, lease)?;
    diesel::insert_into(releases::table).values(&release).execute(conn)?;
    let agents: Vec<_> = frame.agents.iter().map(|agent| agent.id).collect();
    queries::insert_agents(conn, release.id, &agents)?;
    let detail = json!({"number": number});
    audit::record(conn, actor, "dataset.release", &subject(name), detail)?;
    Ok(release)
}

/// The row of a release that nobody began to build.
fn asked(
    dataset: &Dataset,
    frame: &Frame,
    number: i64,
    actor: Actor,
    lease: Option<LeaseId>,
) -> AppResult<Release> {
    let now = clock::now();
    let (person_id, key_id) = match actor {
        Actor::Person(id) => (Some(PersonId(id)), None),
        Actor::Key(id) => (None, Some(KeyId(id))),
        Actor::CommandLine | Actor::System => (None, None),
    };
    Ok(Release {
        id: ReleaseId::new(),
        dataset_id: dataset.id,
        number,
        state: State::Building,
        question: dataset.question.clone(),
        frame: Json(serde_json::to_value(frame).map_err(AppError::internal)?),
        redaction_key: Hash::of(&[token::random().as_bytes()]),
        person_id,
        key_id,
        created_at: now,
        stage: Stage::Waiting,
        done: 0,
        total: 0,
        tries: 0,
        next_try_at: now,
        lease_id: lease,
        leased_until: lease.map(|_| lease_end(now)),
        finished_at: None,
        error: None,
        figures: None,
        manifest: None,
        card: None,
        retired: 0,
    })
}

/// What may change later, as it is now; and agents are fixed to what they are grouped by.
fn frame(conn: &mut Conn, scope: &Scope) -> AppResult<Frame> {
    let mut agents = Vec::new();
    for (agent, group_by) in scope.agents.iter().zip(&scope.groups) {
        let labels = agents::queries::list_labels(conn, agent.id)?;
        agents.push(FrameAgent {
            id: agent.id,
            slug: agent.slug.clone(),
            kind: agent.kind,
            labels: labels.into_iter().map(|label| label.name).collect(),
            out_of_scope: agent.out_of_scope_label.clone(),
            group_by: queries::fix_rule(conn, agent.id, *group_by)?,
        });
    }
    Ok(Frame {
        agents,
        software: format!("overrule {}", env!("CARGO_PKG_VERSION")),
        split_seed: installation::ensure(conn, SPLIT_SEED, token::random)?,
    })
}

/// The key from which sides follow, where there is one yet.
pub fn split_seed(conn: &mut Conn) -> AppResult<Option<String>> {
    Ok(installation::find(conn, SPLIT_SEED)?)
}

/// When a lease that begins or goes on now ends.
pub fn lease_end(now: Instant) -> Instant {
    Instant::from_micros(now.as_micros() + LEASE_SECONDS * 1_000_000)
}

/// Takes the release that has waited longest, for one builder on one machine.
pub fn claim(conn: &mut Conn, lease: LeaseId) -> AppResult<Option<Release>> {
    let now = clock::now();
    let Some(found) = queries::next_to_build(conn, now)? else { return Ok(None) };
    let until = lease_end(now);
    diesel::update(releases::table.find(found.id))
        .set((releases::lease_id.eq(Some(lease)), releases::leased_until.eq(Some(until))))
        .execute(conn)?;
    Ok(Some(Release { lease_id: Some(lease), leased_until: Some(until), ..found }))
}

/// Ends a lease without an outcome: another builder may go on at once, or, after something was in
/// the way, in a while. After too many tries the release fails.
pub fn give_back(
    conn: &mut Conn,
    id: ReleaseId,
    lease: LeaseId,
    trouble: Option<&str>,
) -> AppResult<()> {
    let release = queries::release(conn, id)?;
    if release.lease_id != Some(lease) || release.state != State::Building {
        return Ok(());
    }
    let tries = release.tries + i64::from(trouble.is_some());
    if let Some(trouble) = trouble.filter(|_| tries >= MOST_TRIES) {
        return fail(conn, id, lease, trouble);
    }
    let pause = if trouble.is_some() { tries * PAUSE_SECONDS * 1_000_000 } else { 0 };
    diesel::update(releases::table.find(id))
        .set((
            releases::lease_id.eq(None::<LeaseId>),
            releases::leased_until.eq(None::<Instant>),
            releases::stage.eq(Stage::Waiting),
            releases::tries.eq(tries),
            releases::next_try_at.eq(Instant::from_micros(clock::now().as_micros() + pause)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The release can't be built, and says why.
pub fn fail(conn: &mut Conn, id: ReleaseId, lease: LeaseId, why: &str) -> AppResult<()> {
    let rows = diesel::update(releases::table.find(id))
        .filter(releases::lease_id.eq(Some(lease)))
        .filter(releases::state.eq(State::Building))
        .set((
            releases::state.eq(State::Failed),
            releases::stage.eq(Stage::Done),
            releases::error.eq(Some(why)),
            releases::finished_at.eq(Some(clock::now())),
            releases::leased_until.eq(None::<Instant>),
        ))
        .execute(conn)?;
    if rows == 1 {
        ended(conn, id, "dataset.release.failed")?;
    }
    Ok(())
}

/// What webhooks are told of a release; nothing of what is in it.
fn released(name: &str, number: i64, files: &[ReleaseFile]) -> serde_json::Value {
    let file = |file: &ReleaseFile| {
        json!({"name": file.name, "rows": file.row_count, "bytes": file.bytes,
            "sha256": hex::encode(file.sha256.0)})
    };
    json!({
        "dataset": name,
        "number": number,
        "path": format!("/api/v1/datasets/{name}/releases/{number}"),
        "files": files.iter().map(file).collect::<Vec<_>>(),
    })
}

/// Writes down how it ended; gives the dataset's name and the release's number.
fn ended(conn: &mut Conn, id: ReleaseId, action: &str) -> AppResult<(String, i64)> {
    let (name, number): (String, i64) = releases::table
        .inner_join(datasets::table)
        .filter(releases::id.eq(id))
        .select((datasets::name, releases::number))
        .first(conn)?;
    audit::record(conn, Actor::System, action, &subject(&name), json!({"number": number}))?;
    Ok((name, number))
}

/// What a release has once it is built.
#[derive(Debug, Clone)]
pub struct Built {
    pub files: Vec<ReleaseFile>,
    pub figures: serde_json::Value,
    pub manifest: String,
    pub card: String,
    /// Positions of rows whose revision was taken out of use while it was built.
    pub retired: Vec<i64>,
}

/// The release is ready; its files lie under their final names. False where it was cancelled, or
/// somebody else builds it by now.
pub fn finish(conn: &mut Conn, id: ReleaseId, lease: LeaseId, built: &Built) -> AppResult<bool> {
    let now = clock::now();
    let rows = diesel::update(releases::table.find(id))
        .filter(releases::lease_id.eq(Some(lease)))
        .filter(releases::state.eq(State::Building))
        .set((
            releases::state.eq(State::Ready),
            releases::stage.eq(Stage::Done),
            releases::finished_at.eq(Some(now)),
            releases::leased_until.eq(None::<Instant>),
            releases::figures.eq(Some(Json(built.figures.clone()))),
            releases::manifest.eq(Some(&built.manifest)),
            releases::card.eq(Some(&built.card)),
        ))
        .execute(conn)?;
    if rows == 0 {
        return Ok(false);
    }
    let files = &built.files;
    on_backend!(conn, |c| diesel::insert_into(release_files::table).values(files).execute(c))?;
    for positions in built.retired.chunks(1_000) {
        queries::mark_retired(conn, id, positions)?;
    }
    let question = Question::of(&queries::release(conn, id)?.question);
    if question.map_err(AppError::internal)?.push {
        push::actions::offer(conn, id)?;
    }
    let (name, number) = ended(conn, id, "dataset.release.ready")?;
    webhooks::tell(conn, "dataset.released", &released(&name, number, files))?;
    Ok(true)
}

/// Stops a release that is being built; whoever builds it notices.
pub fn cancel(conn: &mut Conn, actor: Actor, name: &str, number: i64) -> AppResult<Release> {
    let (_, release) = queries::find_release(conn, name, number)?.ok_or(AppError::NotFound)?;
    if release.state == State::Cancelled {
        return Ok(release);
    }
    if release.state != State::Building {
        let state = release.state;
        return Err(AppError::Conflict(format!(
            "Release {number} is {state}; only one that is being built can be cancelled."
        )));
    }
    diesel::update(releases::table.find(release.id))
        .set((
            releases::state.eq(State::Cancelled),
            releases::stage.eq(Stage::Done),
            releases::finished_at.eq(Some(clock::now())),
            releases::leased_until.eq(None::<Instant>),
        ))
        .execute(conn)?;
    let detail = json!({"number": number});
    audit::record(conn, actor, "dataset.release.cancel", &subject(name), detail)?;
    Ok(queries::release(conn, release.id)?)
}
