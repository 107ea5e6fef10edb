//! Pushing a release to the object store, by whichever machine is free: data first, the manifest
//! last, so that whoever sees it has all of the release. A push that was stopped is gone on with by
//! whoever takes it up; what is there already is not sent again.

pub mod actions;
pub mod model;
pub mod queries;

use super::build;
use super::deliver;
use super::model::{LeaseId, Release, ReleaseFile, ReleaseId, Side};
use super::shelf::Shelf;
use crate::clock;
use crate::config;
use crate::db::{Conn, Db, Json};
use crate::error::{AppError, AppResult};
use crate::store::{Object, Put, Store, StoreError, Upload, Watch};
use std::time::{Duration, Instant};

/// How often at least the lease is prolonged.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often is looked whether files that are made again are there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a push ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every file is at the store.
    Done,
    /// This process is stopping; another goes on.
    Stopped,
    /// It was cancelled, or somebody else is at it.
    Lost,
    /// It met this; another try may do.
    Trouble(String),
    /// It can't be done, for this reason.
    Failed(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
            Self::Trouble(_) => "trouble",
            Self::Failed(_) => "failed",
        }
    }
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Final(why) => Self::Failed(why),
            StoreError::Passing(why) => Self::Trouble(why),
            StoreError::Stopped => Self::Stopped,
        }
    }
}

/// What a file is called at the store, below `store.url`: its side's files lie together, and what
/// is said of them where readers of tables don't look.
pub fn place(dataset: &str, number: i64, file: &str) -> String {
    let root = folder(dataset, number);
    let side = file.split_once('.').and_then(|(stem, ending)| {
        let is_side = Side::ALL.iter().any(|side| side.as_str() == stem);
        (is_side && matches!(ending, "jsonl" | "parquet" | "csv")).then_some(stem)
    });
    match side {
        Some(side) => format!("{root}/split={side}/{dataset}-{number}-{file}"),
        None => format!("{root}/_about/{file}"),
    }
}

/// What all names of a release begin with, below `store.url`.
pub fn folder(dataset: &str, number: i64) -> String {
    format!("dataset={dataset}/release={number}")
}

/// Pushes the next release that waits for it, if there is one; says whether there was.
pub fn next(
    db: &Db,
    shelf: &Shelf,
    settings: &config::Store,
    is_stopping: &dyn Fn() -> bool,
) -> AppResult<bool> {
    let Some(url) = settings.url.clone() else { return Ok(false) };
    if db.read_now(|conn| Ok(queries::next(conn, clock::now())?))?.is_none() {
        return Ok(false);
    }
    let (lease, to) = (LeaseId::new(), url.clone());
    let Some(push) = db.write_now(move |conn| actions::claim(conn, lease, &to))? else {
        return Ok(false);
    };
    let id = push.release_id;
    let (name, release) = db.read_now(|conn| Ok(queries::release(conn, id)?))?;
    let store = Store::open(settings, &url)?;
    let outcome = run(db, shelf, &store, (&name, &release), lease, is_stopping, &mut |_, _| {})?;
    let trouble = match outcome {
        Outcome::Trouble(why) => Some(why),
        Outcome::Stopped => None,
        Outcome::Done | Outcome::Lost | Outcome::Failed(_) => return Ok(true),
    };
    if let Some(why) = &trouble {
        tracing::warn!(release = %id, cause = %why, "a push met trouble and will be tried again");
    }
    db.write_patiently(move |conn| actions::give_back(conn, (id, lease), trouble.as_deref()))?;
    Ok(true)
}

/// Pushes a release that the caller has the lease of; hears of each file when it is there.
pub fn run(
    db: &Db,
    shelf: &Shelf,
    store: &Store,
    (name, release): (&str, &Release),
    lease: LeaseId,
    is_stopping: &dyn Fn() -> bool,
    hear: &mut dyn FnMut(&str, Put),
) -> AppResult<Outcome> {
    let of = (release.id, lease);
    let mut pusher = Pusher {
        db,
        of,
        is_stopping,
        progress: (0, 0),
        renewed: Instant::now(),
        is_lost: false,
        error: None,
    };
    let done = pusher.push(shelf, store, (name, release), hear);
    if let Some(error) = pusher.error {
        return Err(error);
    }
    let outcome = match done {
        Ok(()) => finish(db, of, pusher.progress.1)?,
        Err(_) if pusher.is_lost => Outcome::Lost,
        Err(error) => error.into(),
    };
    if let Outcome::Failed(why) = &outcome {
        let told = why.clone();
        db.write_patiently(move |conn| actions::fail(conn, of, &told))?;
    }
    metrics::counter!("overrule_pushes_total", "result" => outcome.word()).increment(1);
    tracing::info!(release = %release.id, ?outcome, "a push ended");
    Ok(outcome)
}

fn finish(db: &Db, of: (ReleaseId, LeaseId), files: i64) -> AppResult<Outcome> {
    let is_ours = db.write_patiently(move |conn| actions::finish(conn, of, files))?;
    Ok(if is_ours { Outcome::Done } else { Outcome::Lost })
}

/// A push going on.
struct Pusher<'p> {
    db: &'p Db,
    of: (ReleaseId, LeaseId),
    is_stopping: &'p dyn Fn() -> bool,
    progress: (i64, i64),
    renewed: Instant,
    /// Whether it is no longer this process's.
    is_lost: bool,
    /// What was wrong with the database meanwhile.
    error: Option<AppError>,
}

impl Pusher<'_> {
    fn push(
        &mut self,
        shelf: &Shelf,
        store: &Store,
        (name, release): (&str, &Release),
        hear: &mut dyn FnMut(&str, Put),
    ) -> Result<(), StoreError> {
        self.forget(store)?;
        let mut files = self.files(shelf, release)?;
        // Data first, then what is said of it, the manifest last.
        files.sort_by_cached_key(|file| {
            let place = place(name, release.number, &file.name);
            (file.name == "manifest.json", place.contains("/_about/"), place)
        });
        self.progress = (0, files.len() as i64);
        for file in &files {
            let place = place(name, release.number, &file.name);
            let put = store.put(
                &Object {
                    name: &place,
                    path: &shelf.path(release.id, &file.name),
                    bytes: file.bytes.unsigned_abs(),
                    sha256: file.sha256,
                    kind: deliver::kind(&file.name),
                },
                self,
            )?;
            hear(&place, put);
            self.progress.0 += 1;
            if !self.renew() {
                return Err(StoreError::Stopped);
            }
        }
        Ok(())
    }

    /// Removes what an earlier try had begun.
    fn forget(&mut self, store: &Store) -> Result<(), StoreError> {
        let id = self.of.0;
        let push = self.db.read_now(|conn| Ok(queries::find(conn, id)?));
        let Some(push) = self.kept(push) else { return Err(StoreError::Stopped) };
        let upload = push.and_then(|push| push.upload).map(|json| json.0);
        let upload: Option<Upload> = upload.and_then(|kept| serde_json::from_value(kept).ok());
        match upload {
            Some(upload) if store.forget(&upload) && !self.begun(None) => Err(StoreError::Stopped),
            _ => Ok(()),
        }
    }

    /// The files, made again where this machine lacks them; the lease is prolonged meanwhile.
    fn files(&mut self, shelf: &Shelf, release: &Release) -> Result<Vec<ReleaseFile>, StoreError> {
        let db = self.db;
        let made = std::thread::scope(|scope| {
            let making = scope.spawn(|| build::ensure(db, shelf, release));
            while !making.is_finished() {
                std::thread::sleep(LOOK_EVERY);
                self.goes_on();
            }
            making.join()
        });
        match made {
            Ok(Ok(files)) => Ok(files),
            Ok(Err(error @ AppError::Gone(_))) => Err(StoreError::Final(error.to_string())),
            Ok(Err(AppError::Busy(why))) => Err(StoreError::Passing(why)),
            Ok(Err(error)) => {
                self.error = Some(error);
                Err(StoreError::Stopped)
            }
            Err(_) => Err(StoreError::Final("Making the files again went wrong.".into())),
        }
    }

    /// Prolongs the lease; false where it must not go on.
    fn renew(&mut self) -> bool {
        if (self.is_stopping)() {
            return false;
        }
        let (of, progress) = (self.of, self.progress);
        let until = super::actions::lease_end(clock::now());
        self.renewed = Instant::now();
        self.store(move |conn| Ok(queries::renew(conn, of, until, progress)?))
    }

    /// Writes to the database; `work` says whether this process still holds the push.
    fn store(
        &mut self,
        work: impl Fn(&mut Conn) -> AppResult<bool> + Send + Sync + 'static,
    ) -> bool {
        let done = self.db.write_patiently(work);
        let is_held = self.kept(done).unwrap_or(false);
        self.is_lost |= !is_held;
        is_held
    }

    fn kept<T>(&mut self, done: AppResult<T>) -> Option<T> {
        done.map_err(|error| self.error = Some(error)).ok()
    }
}

impl Watch for Pusher<'_> {
    fn goes_on(&mut self) -> bool {
        match self.renewed.elapsed() < RENEW_EVERY {
            true => !(self.is_stopping)(),
            false => self.renew(),
        }
    }

    fn begun(&mut self, upload: Option<&Upload>) -> bool {
        let of = self.of;
        let upload = upload.and_then(|upload| serde_json::to_value(upload).ok()).map(Json);
        self.store(move |conn| Ok(queries::note_upload(conn, of, upload.clone())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_lie_by_themselves_and_what_is_said_of_them_where_no_reader_looks() {
        for (file, at) in [
            ("train.parquet", "split=train/sql.v1-3-train.parquet"),
            ("test.jsonl", "split=test/sql.v1-3-test.jsonl"),
            ("validation.csv", "split=validation/sql.v1-3-validation.csv"),
            ("train.rows.csv", "_about/train.rows.csv"),
            ("left_out.csv", "_about/left_out.csv"),
            ("manifest.json", "_about/manifest.json"),
            ("README.md", "_about/README.md"),
        ] {
            assert_eq!(place("sql.v1", 3, file), format!("dataset=sql.v1/release=3/{at}"));
        }
    }
}
