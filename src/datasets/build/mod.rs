//! Building a release, on whichever machine is free: signals are read and judged, and their records
//! put aside; those are settled with one another and put on their sides; then rows go into the
//! database and records into files. A build that was stopped begins anew, by whoever takes it up.

mod fates;
mod figures;
mod lines;
mod near;
mod read;
mod remake;
mod sides;
mod spool;
mod tables;
mod write;

pub use figures::{Figures, People};
pub use remake::ensure;
pub use write::redacted;

use super::actions::{self, Built};
use super::alpha::{self, Alpha};
use super::model::{Frame, LeaseId, Release, ReleaseFile, ReleaseId, Stage};
use super::question::Question;
use super::shelf::Shelf;
use super::{card, check, marks, queries, settle};
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::exports::columns::{Column, columns};
use crate::signals::published;
use read::Reading;
use std::time::{Duration, Instant};

/// Signals read at a time.
const PAGE: i64 = 1_000;
/// Parts of an earlier attempt that are removed at a time.
const PARTS: i64 = 40;
/// How often at least the lease is prolonged while nothing else is written.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is ready.
    Ready,
    /// This process is stopping; another goes on.
    Stopped,
    /// It was cancelled, or somebody else builds it.
    Lost,
    /// It can't be built, for this reason.
    Failed(String),
}

/// Why a build does not go on.
pub(super) enum Halt {
    Stopped,
    Lost,
    Failed(String),
    Error(AppError),
}

impl<E: Into<AppError>> From<E> for Halt {
    fn from(error: E) -> Self {
        match error.into() {
            AppError::Conflict(why) => Self::Failed(why),
            error => Self::Error(error),
        }
    }
}

/// A build going on.
pub(super) struct Builder<'b> {
    db: &'b Db,
    shelf: &'b Shelf,
    release: &'b Release,
    lease: LeaseId,
    question: Question,
    frame: Frame,
    /// How many answers judged by several it takes to say how much people agree.
    least: usize,
    is_stopping: &'b dyn Fn() -> bool,
    hear: &'b mut dyn FnMut(Stage, i64, i64),
    renewed: Instant,
}

/// Builds the next release that waits, if there is one; says whether there was. `least` is
/// `limits.agreement_items`.
pub fn next(
    db: &Db,
    shelf: &Shelf,
    least: usize,
    is_stopping: &dyn Fn() -> bool,
) -> AppResult<bool> {
    let lease = LeaseId::new();
    let Some(release) = db.write_now(move |conn| actions::claim(conn, lease))? else {
        return Ok(false);
    };
    run(db, shelf, &release, lease, least, is_stopping, &mut |_, _, _| {})?;
    Ok(true)
}

/// Builds a release that the caller has the lease of.
pub fn run(
    db: &Db,
    shelf: &Shelf,
    release: &Release,
    lease: LeaseId,
    least: usize,
    is_stopping: &dyn Fn() -> bool,
    hear: &mut dyn FnMut(Stage, i64, i64),
) -> AppResult<Outcome> {
    let id = release.id;
    let question = Question::of(&release.question).map_err(AppError::internal)?;
    let frame = serde_json::from_value(release.frame.0.clone()).map_err(AppError::internal)?;
    let renewed = Instant::now();
    let mut builder =
        Builder { db, shelf, release, lease, question, frame, least, is_stopping, hear, renewed };
    let (outcome, trouble) = match builder.build() {
        Ok(()) => return Ok(Outcome::Ready),
        Err(Halt::Lost) => return Ok(Outcome::Lost),
        Err(Halt::Failed(why)) => {
            let told = why.clone();
            db.write_patiently(move |conn| actions::fail(conn, id, lease, &told))?;
            return Ok(Outcome::Failed(why));
        }
        Err(Halt::Stopped) => (Outcome::Stopped, None),
        Err(Halt::Error(error)) => {
            tracing::warn!(cause = %error, release = %id, "building a release met trouble");
            let why = "The database or the machine was in the way, several times.".to_owned();
            (Outcome::Stopped, Some(why))
        }
    };
    db.write_patiently(move |conn| actions::give_back(conn, id, lease, trouble.as_deref()))?;
    let now = db.read_now(|conn| Ok(queries::release(conn, id)?))?;
    Ok(now.error.map_or(outcome, Outcome::Failed))
}

impl Builder<'_> {
    fn build(&mut self) -> Result<(), Halt> {
        self.clear()?;
        let question = self.question.clone();
        let scope = self.db.read_now(|conn| check::again(conn, &question))?;
        let alpha = self.alpha()?;
        let published = self.db.read_now(|conn| Ok(published::newest(conn)?))?;
        let (mut reading, groups) = self.read(&scope)?;
        let agreement = self.settle(groups, &mut reading.fates)?;
        let files = self.write(reading, agreement, alpha, published)?;
        let (id, lease) = (self.release.id, self.lease);
        let is_ours =
            self.db.write_patiently(move |conn| actions::finish(conn, id, lease, &files))?;
        if is_ours { Ok(()) } else { Err(Halt::Lost) }
    }

    /// Removes the rows of an earlier attempt.
    fn clear(&mut self) -> Result<(), Halt> {
        let id = self.release.id;
        loop {
            self.step(Stage::Reading, 0, 0)?;
            let remove = move |conn: &mut Conn| Ok(queries::delete_parts(conn, id, PARTS)?);
            if self.db.write_patiently(remove)? == 0 {
                return Ok(());
            }
        }
    }

    /// How much people agree, an agent at a time.
    fn alpha(&mut self) -> Result<Alpha, Halt> {
        let (question, least) = (self.question.clone(), self.least);
        let mut agents = Vec::new();
        for agent in &self.frame.agents.clone() {
            self.step_lightly(Stage::Reading, 0, 0)?;
            agents.push(self.db.read_now(|conn| alpha::of_agent(conn, agent, &question, least))?);
        }
        Ok(Alpha { least, is_of_teams: !question.teams.is_empty(), agents })
    }

    /// Writes the files, and what is said of them. `published` is the number of what had happened
    /// to revisions before they were read.
    fn write(
        &mut self,
        reading: Reading,
        agreement: settle::Agreement,
        alpha: Alpha,
        published: i64,
    ) -> Result<Built, Halt> {
        let making = self.shelf.begin(self.release.id, self.lease).map_err(full)?;
        let written = self.write_files(reading, &making)?;
        let rows: i64 = written.files.iter().map(|file| file.row_count).sum();
        if rows == 0 {
            return Err(Halt::Failed(nothing(&written.left)));
        }
        let figures = Figures {
            agreement: (agreement.inputs, agreement.agreed),
            alpha: Some(alpha),
            left: written.left,
            since: self.since()?,
            redacted: written.redacted,
            ..written.figures
        };
        let columns = columns(self.question.format, &written.shape);
        let (manifest, readme) = self.describe(&figures, &written.files, &columns)?;
        let mut files = written.files;
        for (file, text) in [("manifest.json", &manifest), ("README.md", &readme)] {
            files.push(write::whole(&making, self.release.id, file, text).map_err(full)?);
        }
        self.step(Stage::Writing, rows, rows)?;
        making.publish().map_err(full)?;
        let figures = serde_json::to_value(&figures).map_err(AppError::internal)?;
        let retired = self.retired_since(published)?;
        Ok(Built { files, figures, manifest, card: readme, retired })
    }

    /// Rows whose revision was taken out of use while they were not in the database yet: whoever
    /// follows what happens to revisions did not find them.
    fn retired_since(&self, published: i64) -> Result<Vec<i64>, Halt> {
        let id = self.release.id;
        Ok(self.db.read_now(|conn| {
            let rows = marks::retired_after(conn, published)?;
            Ok(rows.get(&id).cloned().unwrap_or_default())
        })?)
    }

    /// Manifest and card.
    fn describe(
        &self,
        figures: &Figures,
        files: &[ReleaseFile],
        columns: &[Column],
    ) -> Result<(String, String), Halt> {
        let dataset = self.release.dataset_id;
        let name = self.db.read_now(|conn| Ok(queries::name_of(conn, dataset)?))?;
        let about = card::About {
            name: &name,
            release: self.release,
            question: &self.question,
            frame: &self.frame,
            figures,
            files,
            columns,
        };
        Ok((card::manifest(&about), card::readme(&about)))
    }

    /// What changed since the newest release before this one.
    fn since(&self) -> Result<Option<(i64, queries::Differences)>, Halt> {
        let (id, dataset, number) = (self.release.id, self.release.dataset_id, self.release.number);
        Ok(self.db.read_now(|conn| {
            let Some(before) = queries::newest_ready(conn, dataset, number)? else {
                return Ok(None);
            };
            Ok(Some((before.number, queries::differences(conn, id, before.id)?)))
        })?)
    }

    /// Says how far it is, and keeps the lease; ends the build where it must not go on.
    fn step(&mut self, stage: Stage, done: i64, total: i64) -> Result<(), Halt> {
        let lease = (self.release.id, self.lease);
        self.told(stage, done, total)?;
        let until = actions::lease_end(clock::now());
        let is_ours = self.db.write_patiently(move |conn| {
            Ok(queries::renew(conn, lease, until, (stage, done, total))?)
        })?;
        self.renewed = Instant::now();
        if is_ours { Ok(()) } else { Err(Halt::Lost) }
    }

    /// As `step`, but writes only now and then.
    fn step_lightly(&mut self, stage: Stage, done: i64, total: i64) -> Result<(), Halt> {
        match self.renewed.elapsed() < RENEW_EVERY {
            true => self.told(stage, done, total),
            false => self.step(stage, done, total),
        }
    }

    fn told(&mut self, stage: Stage, done: i64, total: i64) -> Result<(), Halt> {
        (self.hear)(stage, done, total);
        if (self.is_stopping)() { Err(Halt::Stopped) } else { Ok(()) }
    }

    /// Writes to the database if the release is still this builder's, and prolongs the lease.
    fn store<T: Send + 'static>(
        &mut self,
        progress: (Stage, i64, i64),
        work: impl Fn(&mut Conn) -> AppResult<T> + Send + Sync + 'static,
    ) -> Result<T, Halt> {
        self.told(progress.0, progress.1, progress.2)?;
        let done = store(self.db, (self.release.id, self.lease), progress, work)?;
        self.renewed = Instant::now();
        Ok(done)
    }
}

/// Writes to the database if the release is still the lease's, and prolongs it.
fn store<T: Send + 'static>(
    db: &Db,
    lease: (ReleaseId, LeaseId),
    progress: (Stage, i64, i64),
    work: impl Fn(&mut Conn) -> AppResult<T> + Send + Sync + 'static,
) -> Result<T, Halt> {
    let until = actions::lease_end(clock::now());
    let done =
        db.write_patiently(move |conn| match queries::renew(conn, lease, until, progress)? {
            true => work(conn).map(Some),
            false => Ok(None),
        })?;
    done.ok_or(Halt::Lost)
}

/// A file that could not be written, in a sentence for people.
pub(super) fn full(error: std::io::Error) -> Halt {
    let why = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "There is no space left for the files. Make room, then release it again.".to_owned()
        }
        std::io::ErrorKind::PermissionDenied => {
            "The folder of releases can't be written: permission denied.".to_owned()
        }
        _ => format!("The files can't be written: {error}."),
    };
    Halt::Failed(why)
}

fn nothing(left: &std::collections::BTreeMap<String, i64>) -> String {
    if left.is_empty() {
        return "Nothing fits: no signal matches the question.".to_owned();
    }
    let told = left.iter().map(|(reason, count)| {
        let sentence = super::reason::sentence(reason);
        format!("{count} {sentence}")
    });
    format!("Nothing is left for a file: {}.", told.collect::<Vec<_>>().join("; "))
}
