//! The feed: every revision of every signal as Parquet, a folder a day, once and never again. It
//! follows the numbers that the publisher gives, and notes up to where it writes before it does:
//! after a stop the same files come again under the same names, with the same bytes. At an object
//! store what is there already is left as it is.

mod queries;

use super::columns::{Column, Kind};
use super::table::Table;
use crate::db::{self, Db, Hash};
use crate::error::{AppError, AppResult};
use crate::signals::published::{self, Event};
use crate::store::{Object, Store, StoreError, Upload, Watch};
use queries::Told;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Events in one round, and read at a time.
const ROUND: i64 = 10_000;
const PAGE: i64 = 1_000;

/// Where a feed goes.
pub struct Feed {
    name: String,
    folder: PathBuf,
    to: To,
}

enum To {
    /// The folder itself, which others are kept off.
    Folder { _lock: File },
    /// A store: what is in the folder goes on from there.
    Store { store: Box<Store>, _folder: tempfile::TempDir },
}

impl Feed {
    /// Opens a feed; another process that writes into the same folder is waited for. `name` is what
    /// it is remembered by: another name begins anew.
    pub fn open(name: &str, folder: &Path) -> io::Result<Self> {
        db::make_folder(folder).map_err(io::Error::other)?;
        let lock = File::create(folder.join(".lock"))?;
        lock.lock()?;
        let to = To::Folder { _lock: lock };
        Ok(Self { name: format!("feed {name}"), folder: folder.to_owned(), to })
    }

    /// Opens a feed into an object store, below the store's URL. Others may write there, too, also
    /// on other machines: a name is given to one file, once.
    pub fn into_store(name: &str, store: Store) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        let to = To::Store { store: Box::new(store), _folder: folder };
        Ok(Self { name: format!("feed {name}"), folder: path, to })
    }

    /// Writes what is new, a round at most; gives how many events that was.
    pub fn run(&self, db: &Db) -> AppResult<u64> {
        // Where no server runs, nobody else numbers what is new.
        while db.read_now(|conn| Ok(published::is_due(conn)?))? {
            db.write_patiently(|conn| published::publish(conn, PAGE))?;
        }
        let name = self.name.clone();
        let (done, until) = db.write_patiently(move |conn| {
            let (done, begun) = published::followed(conn, &name)?;
            if begun > done {
                return Ok((done, begun));
            }
            let until = published::newest(conn)?.min(done + ROUND);
            published::follow(conn, &name, (done, until))?;
            Ok((done, until))
        })?;
        if until == done {
            return Ok(0);
        }
        self.write(db, done, until)?;
        let name = self.name.clone();
        db.write_patiently(move |conn| {
            // Another process may have done the same, and be further.
            if published::followed(conn, &name)? == (done, until) {
                published::follow(conn, &name, (until, until))?;
            }
            Ok(())
        })?;
        Ok((until - done).unsigned_abs())
    }

    fn write(&self, db: &Db, done: i64, until: i64) -> AppResult<()> {
        let mut round =
            Round { parts: BTreeMap::new(), folder: &self.folder, of: (done + 1, until) };
        let mut after = done;
        loop {
            let page = db.read_now(|conn| Ok(queries::told(conn, after, until, PAGE)?))?;
            let Some(last) = page.last() else { break };
            after = last.what.0;
            let is_last = page.len() < PAGE as usize;
            round.add(&page).map_err(failed)?;
            if is_last {
                break;
            }
        }
        let files = round.publish().map_err(failed)?;
        match &self.to {
            To::Folder { .. } => Ok(()),
            To::Store { store, .. } => files.iter().try_for_each(|file| self.send(store, file)),
        }
    }

    /// Puts a file into the store; here it is needed no more.
    fn send(&self, store: &Store, file: &Path) -> AppResult<()> {
        let name = file.strip_prefix(&self.folder).unwrap_or(file).to_string_lossy();
        let object = Object {
            name: &name,
            path: file,
            bytes: file.metadata().map_err(failed)?.len(),
            sha256: Hash::of_file(file).map_err(failed)?,
            kind: "application/vnd.apache.parquet",
        };
        store.put(&object, &mut Patient).map_err(|error| match error {
            StoreError::Passing(why) => AppError::Busy(why),
            other => AppError::Conflict(other.to_string()),
        })?;
        std::fs::remove_file(file).map_err(failed)
    }
}

/// Whoever feeds a store waits until it answers or gives up.
struct Patient;

impl Watch for Patient {
    fn goes_on(&mut self) -> bool {
        true
    }

    fn begun(&mut self, _: Option<&Upload>) -> bool {
        true
    }
}

fn failed(error: io::Error) -> AppError {
    AppError::internal(anyhow::Error::from(error).context("the feed can't be written"))
}

/// The files of one round, by event and day.
struct Round<'f> {
    parts: BTreeMap<(Event, String), Part>,
    folder: &'f Path,
    of: (i64, i64),
}

struct Part {
    table: Table<BufWriter<File>>,
    begun: tempfile::NamedTempFile,
    last: PathBuf,
}

impl Round<'_> {
    fn add(&mut self, page: &[Told]) -> io::Result<()> {
        let mut lines: BTreeMap<(Event, String), Vec<String>> = BTreeMap::new();
        for told in page {
            let event = told.what.1;
            let at = match event {
                Event::Made => told.more.2,
                Event::Retired => told.more.3.unwrap_or(told.more.2),
            };
            let day = jiff::tz::TimeZone::UTC.to_datetime(at.0).date().to_string();
            lines.entry((event, day)).or_default().push(line(told));
        }
        for (key, lines) in lines {
            self.part(&key)?.table.add(&lines)?;
        }
        Ok(())
    }

    fn part(&mut self, key: &(Event, String)) -> io::Result<&mut Part> {
        if !self.parts.contains_key(key) {
            let kind = match key.0 {
                Event::Made => "signals",
                Event::Retired => "retired",
            };
            let folder = self.folder.join(kind).join(format!("date={}", key.1));
            db::make_folder(&folder).map_err(io::Error::other)?;
            let last = folder.join(format!("part-{:012}-{:012}.parquet", self.of.0, self.of.1));
            let begun = tempfile::Builder::new().prefix(".begun-").tempfile_in(&folder)?;
            let out = BufWriter::with_capacity(128 * 1024, begun.reopen()?);
            let table = Table::new(&columns(key.0), out)?;
            self.parts.insert(key.clone(), Part { table, begun, last });
        }
        self.parts.get_mut(key).ok_or_else(|| io::Error::other("a part is missing"))
    }

    /// Ends each file, flushes it to disk and gives it its name; gives the names.
    fn publish(self) -> io::Result<Vec<PathBuf>> {
        use std::os::unix::fs::PermissionsExt;
        let mut files = Vec::new();
        for part in self.parts.into_values() {
            part.table.finish()?;
            let file = part.begun.as_file();
            file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
            file.sync_all()?;
            part.begun.persist(&part.last)?;
            files.push(part.last);
        }
        Ok(files)
    }
}

fn columns(event: Event) -> Vec<Column> {
    let column =
        |(name, kind): &(&str, Kind)| Column { name: (*name).to_owned(), kind: kind.clone() };
    let mut all = vec![("sequence", Kind::Int), ("revision_id", Kind::Text)];
    all.extend([("signal_id", Kind::Text), ("revision", Kind::Int)]);
    if event == Event::Made {
        let texts = ["interaction_id", "agent", "agent_version", "environment", "team"];
        all.extend(texts.map(|name| (name, Kind::Text)));
        all.extend(["conversation_id", "verdict"].map(|name| (name, Kind::Text)));
        all.extend(["prompt", "tools", "output", "label"].map(|name| (name, Kind::Json)));
        all.extend(["occurred_at", "accepted_at"].map(|name| (name, Kind::Text)));
    } else {
        all.push(("retired_at", Kind::Text));
    }
    all.iter().map(column).collect()
}

fn line(told: &Told) -> String {
    let (sequence, _, revision_id, signal_id, revision) = &told.what;
    let (interaction_id, occurred_at, environment, agent, agent_version, team) = &told.about;
    let (prompt, tools, output, label) = &told.texts;
    let (verdict, conversation_id, accepted_at, retired_at) = &told.more;
    // Texts go through as they are: `JsonText` writes the JSON that it holds.
    let told = Line {
        sequence: *sequence,
        revision_id,
        signal_id,
        revision: *revision,
        interaction_id,
        agent,
        agent_version,
        environment,
        team,
        conversation_id: conversation_id.as_deref(),
        verdict,
        prompt,
        tools: tools.as_ref(),
        output: output.as_ref(),
        label: label.as_ref(),
        occurred_at,
        accepted_at,
        retired_at: retired_at.as_ref(),
    };
    serde_json::to_string(&told).unwrap_or_else(|_| json!({"sequence": sequence}).to_string())
}

/// One row; a file takes the columns that it has.
#[derive(serde::Serialize)]
struct Line<'t> {
    sequence: i64,
    revision_id: &'t crate::signals::model::RevisionId,
    signal_id: &'t crate::signals::model::SignalId,
    revision: i64,
    interaction_id: &'t crate::interactions::InteractionId,
    agent: &'t str,
    agent_version: &'t str,
    environment: &'t crate::agents::Environment,
    team: &'t str,
    conversation_id: Option<&'t str>,
    verdict: &'t crate::feedback::Verdict,
    prompt: &'t crate::interactions::JsonText,
    tools: Option<&'t crate::interactions::JsonText>,
    output: Option<&'t crate::interactions::JsonText>,
    label: Option<&'t crate::interactions::JsonText>,
    occurred_at: &'t crate::db::Instant,
    accepted_at: &'t crate::db::Instant,
    retired_at: Option<&'t crate::db::Instant>,
}
