//! `overrule dataset`: a saved question, its releases, and their files.

use crate::audit::Actor;
use crate::config::Config;
use crate::datasets::build::{self, Outcome};
use crate::datasets::model::{LeaseId, Release, ReleaseFile, Stage, State};
use crate::datasets::push::actions::NO_STORE;
use crate::datasets::{Shelf, actions, deliver, lineage, push, queries, question};
use crate::db::Db;
use crate::error::{AppError, Mistakes};
use crate::store::{Put, Store};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a dataset, or change its question
    Set {
        /// Its name, a slug
        name: String,
        /// The question, as JSON or TOML
        file: PathBuf,
    },
    /// Build a release, and print its number
    Release {
        /// The dataset's name
        name: String,
    },
    /// Stop a release that is being built
    Cancel {
        /// The dataset's name
        name: String,
        /// The release's number
        number: i64,
    },
    /// Say what changed from one release to another, as JSON
    Compare {
        /// The dataset's name
        name: String,
        /// The number of the older release
        from: i64,
        /// The number of the newer one
        to: i64,
    },
    /// Follow an interaction, feedback, signal or row such as 3/train/12, as JSON
    Lineage {
        /// The dataset's name
        name: String,
        /// An id, an external id, or a release, side and row
        of: String,
    },
    /// Fetch the files of a release
    Download {
        /// The dataset's name
        name: String,
        /// The release's number
        number: i64,
        /// The folder they go to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Put a release into the object store of the settings, and print each file's address
    Push {
        /// The dataset's name
        name: String,
        /// The release's number
        number: i64,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let shelf = Shelf::in_data(&config.data_dir);
    let code = match command {
        Command::Set { name, file } => set(&db, name, file),
        Command::Release { name } => release(&db, &shelf, config, name),
        Command::Cancel { name, number } => cancel(&db, name, *number),
        Command::Compare { name, from, to } => compare(&db, name, *from, *to),
        Command::Lineage { name, of } => lineage(&db, &shelf, name, of),
        Command::Download { name, number, out } => download(&db, &shelf, name, *number, out),
        Command::Push { name, number } => push(config, &db, &shelf, name, *number),
    };
    db.close();
    code
}

fn set(db: &Db, name: &str, file: &Path) -> anyhow::Result<ExitCode> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {shown}"))?;
    let is_json = text.trim_start().starts_with('{');
    let read = if is_json { question::from_json(&text) } else { question::from_toml(&text) };
    let question = read.map_err(|mistakes| anyhow::anyhow!("{shown}: {}", named(&mistakes)))?;
    let asked = name.to_owned();
    let saved = db.write_now(move |conn| actions::set(conn, Actor::CommandLine, &asked, &question));
    let (_, is_new) = saved.map_err(|error| told(error, name))?;
    eprintln!("{} {name}", if is_new { "made" } else { "changed" });
    Ok(ExitCode::SUCCESS)
}

/// Mistakes as they are met in a file: `agents.0` and not `/agents/0`.
fn named(mistakes: &Mistakes) -> String {
    let mut named = mistakes.clone();
    for mistake in &mut named.0 {
        mistake.field = mistake.field.trim_start_matches('/').replace('/', ".");
    }
    named.to_string()
}

fn told(error: AppError, name: &str) -> anyhow::Error {
    match error {
        AppError::NotFound => anyhow::anyhow!("there is no such dataset or release: {name}"),
        AppError::Invalid(mistakes) => anyhow::anyhow!("{}", named(&mistakes)),
        other => other.into(),
    }
}

fn lineage(db: &Db, shelf: &Shelf, name: &str, of: &str) -> anyhow::Result<ExitCode> {
    let found = lineage::follow(db, shelf, name, of).map_err(|error| told(error, name))?;
    if found.is_empty() {
        bail!("nothing is called `{of}`");
    }
    println!("{}", serde_json::to_string(&found)?);
    Ok(ExitCode::SUCCESS)
}

/// Builds it here, unless a server or worker is faster after a stop.
fn release(db: &Db, shelf: &Shelf, config: &Config, name: &str) -> anyhow::Result<ExitCode> {
    let (lease, asked) = (LeaseId::new(), name.to_owned());
    let made =
        db.write_now(move |conn| actions::release(conn, Actor::CommandLine, &asked, Some(lease)));
    let release = made.map_err(|error| told(error, name))?;
    let bar = progress();
    let mut hear = |stage: Stage, done: i64, total: i64| {
        bar.set_length(total.unsigned_abs());
        bar.set_position(done.unsigned_abs());
        bar.set_message(stage.as_str());
    };
    let least = config.limits.agreement_items as usize;
    let mut outcome = build::run(db, shelf, &release, lease, least, &|| false, &mut hear)?;
    if outcome == Outcome::Stopped || outcome == Outcome::Lost {
        outcome = follow(db, &release, &mut hear)?;
    }
    bar.finish_and_clear();
    let number = release.number;
    match outcome {
        Outcome::Ready => {
            let files = db.read_now(|conn| Ok(queries::files(conn, release.id)?))?;
            println!("{number}");
            eprintln!("{name} {number} is ready: {}", counted(&files));
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Failed(why) => bail!("release {number} of {name} failed: {why}"),
        Outcome::Stopped | Outcome::Lost => bail!("release {number} of {name} was cancelled"),
    }
}

/// Watches whoever builds it now.
fn follow(
    db: &Db,
    release: &Release,
    hear: &mut dyn FnMut(Stage, i64, i64),
) -> anyhow::Result<Outcome> {
    loop {
        let now = db.read_now(|conn| Ok(queries::release(conn, release.id)?))?;
        match now.state {
            State::Building => hear(now.stage, now.done, now.total),
            State::Ready => return Ok(Outcome::Ready),
            State::Failed => return Ok(Outcome::Failed(now.error.unwrap_or_default())),
            State::Cancelled | State::Withdrawn => return Ok(Outcome::Lost),
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn counted(files: &[ReleaseFile]) -> String {
    let files = files.iter().filter(|file| file.row_count > 0);
    files
        .map(|file| format!("{} rows in {}", file.row_count, file.name))
        .collect::<Vec<_>>()
        .join(", ")
}

fn cancel(db: &Db, name: &str, number: i64) -> anyhow::Result<ExitCode> {
    let asked = name.to_owned();
    db.write_now(move |conn| actions::cancel(conn, Actor::CommandLine, &asked, number))
        .map_err(|error| told(error, name))?;
    eprintln!("cancelled {name} {number}");
    Ok(ExitCode::SUCCESS)
}

fn compare(db: &Db, name: &str, from: i64, to: i64) -> anyhow::Result<ExitCode> {
    let found = db.read_now(|conn| {
        let (_, from) = queries::find_release(conn, name, from)?.ok_or(AppError::NotFound)?;
        let (_, to) = queries::find_release(conn, name, to)?.ok_or(AppError::NotFound)?;
        queries::differences(conn, to.id, from.id)
    });
    println!("{}", serde_json::to_string(&found.map_err(|error| told(error, name))?)?);
    Ok(ExitCode::SUCCESS)
}

fn download(
    db: &Db,
    shelf: &Shelf,
    name: &str,
    number: i64,
    out: &Path,
) -> anyhow::Result<ExitCode> {
    let found =
        db.read_now(|conn| queries::find_release(conn, name, number)?.ok_or(AppError::NotFound));
    let (_, release) = found.map_err(|error| told(error, name))?;
    if matches!(release.state, State::Failed | State::Cancelled) {
        bail!("release {number} of {name} is {} and has no files", release.state);
    }
    deliver::is_ready(&release)?;
    let files = build::ensure(db, shelf, &release)?;
    std::fs::create_dir_all(out).with_context(|| format!("can't make {}", out.display()))?;
    let bar = progress();
    bar.set_length(files.iter().map(|file| file.bytes.unsigned_abs()).sum());
    for file in &files {
        copy(&shelf.path(release.id, &file.name), out, file, &bar)?;
        db.write_now(deliver::noted(Actor::CommandLine, name, number, &file.name))?;
    }
    bar.finish_and_clear();
    eprintln!("{name} {number} is in {}: {}", out.display(), counted(&files));
    Ok(ExitCode::SUCCESS)
}

/// Pushes it here. What is at the store already stays, so the same command goes on after a stop.
fn push(
    config: &Config,
    db: &Db,
    shelf: &Shelf,
    name: &str,
    number: i64,
) -> anyhow::Result<ExitCode> {
    let url = config.store.url.clone().context(NO_STORE)?;
    let store = Store::open(&config.store, &url)?;
    let (lease, of) = (LeaseId::new(), name.to_owned());
    let asked = db.write_now(move |conn| {
        push::actions::ask(conn, Actor::CommandLine, (&of, number), &url, Some(lease))
    });
    let (release, _) = asked.map_err(|error| told(error, name))?;
    let (mut made, mut same) = (0, 0);
    let mut hear = |place: &str, put: Put| {
        println!("{}/{place}", store.url());
        *(if put == Put::Made { &mut made } else { &mut same }) += 1;
    };
    let of = (name, &release);
    match push::run(db, shelf, &store, of, lease, &|| false, &mut hear)? {
        push::Outcome::Done => {
            let url = store.url();
            eprintln!("{name} {number} is at {url}: {made} files put, {same} were there");
            Ok(ExitCode::SUCCESS)
        }
        push::Outcome::Trouble(why) => {
            let id = release.id;
            let told = why.clone();
            db.write_patiently(move |conn| push::actions::fail(conn, (id, lease), &told))?;
            bail!("{why} The same command goes on from here.")
        }
        push::Outcome::Failed(why) => bail!("{why}"),
        push::Outcome::Stopped | push::Outcome::Lost => {
            bail!("the push of {name} {number} was cancelled")
        }
    }
}

/// Copies a file under a temporary name, compares its hash, and only then gives it its name.
fn copy(from: &Path, out: &Path, file: &ReleaseFile, bar: &ProgressBar) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut source = File::open(from).with_context(|| format!("can't read {}", from.display()))?;
    let target = out.join(&file.name);
    let cant = || format!("can't write {}", target.display());
    let mut made = tempfile::NamedTempFile::new_in(out).with_context(cant)?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 128 * 1024]);
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        sha.update(&buffer[..read]);
        made.write_all(&buffer[..read]).with_context(cant)?;
        bar.inc(read as u64);
    }
    if sha.finalize()[..] != file.sha256.0 {
        bail!("{} is damaged: its SHA-256 is not that of the release", from.display());
    }
    made.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    made.as_file().sync_all().with_context(cant)?;
    made.persist(&target).with_context(cant)?;
    Ok(())
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}") {
        bar.set_style(style);
    }
    bar
}
