//! `overrule export`: signals to a file. A stopped export leaves no half file under its name.

use crate::agents::Environment;
use crate::audit::{self, Actor};
use crate::capture::draft::time;
use crate::config::Config;
use crate::error::{AppError, Mistakes};
use crate::exports::model::{Status, Summary};
use crate::exports::stream::{Export, Sinks};
use crate::exports::{FileFormat, Format, Question, file};
use crate::feedback::Verdict;
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tempfile::NamedTempFile;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Slug of the agent
    #[arg(long)]
    agent: String,
    /// signals, sft, preference, kto, openai-chat, openai-preference, classification, eval,
    /// promptfoo, openai-evals, argilla or label-studio
    #[arg(long)]
    format: Format,
    /// jsonl, parquet, or csv for the format classification
    #[arg(long, default_value = "jsonl")]
    file_format: FileFormat,
    /// accepted, pending or any
    #[arg(long, default_value = "accepted")]
    status: Status,
    /// development, staging or production
    #[arg(long)]
    environment: Option<Environment>,
    /// A version of the agent
    #[arg(long)]
    version: Option<String>,
    /// confirmed, corrected, rejected or escalated
    #[arg(long)]
    verdict: Option<Verdict>,
    /// A day or an instant: when the interaction happened, or later
    #[arg(long)]
    since: Option<String>,
    /// A day or an instant: before the interaction happened
    #[arg(long)]
    until: Option<String>,
    /// The file; its manifest and ids go beside it
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

pub(super) fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let instant = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| time(text, name))
            .transpose()
            .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
    };
    let question = Question {
        deployments: None,
        since: instant("--since", &args.since)?,
        until: instant("--until", &args.until)?,
        agent: args.agent,
        format: args.format,
        file_format: args.file_format,
        status: args.status,
        environment: args.environment,
        version: args.version,
        verdict: args.verdict,
    };
    let db = super::open(config)?;
    let export = Export::prepare(&db, question.clone()).map_err(|error| match error {
        AppError::NotFound => anyhow::anyhow!("there is no agent `{}`", question.agent),
        AppError::Invalid(mistakes) => anyhow::anyhow!("{}", as_flags(&mistakes)),
        other => other.into(),
    })?;
    let files = Files::beside(&args.out, question.format)?;
    let progress = progress();
    let aside = || tempfile::tempfile_in(&files.folder);
    let summary =
        files.fill(|sinks| file::write(&export, &db, sinks, aside, |read| progress.inc(read)))?;
    progress.finish_and_clear();
    note(&db, &question)?;
    files.publish(&args.out, &question, &summary)?;
    db.close();
    eprintln!("{}", sentence(&args.out, &summary));
    Ok(ExitCode::SUCCESS)
}

/// Whoever reads the audit log learns of this export as of one by API.
fn note(db: &crate::db::Db, question: &Question) -> anyhow::Result<()> {
    let (subject, detail) = (format!("agent:{}", question.agent), question.noted());
    db.write_now(move |conn| {
        audit::record(conn, Actor::CommandLine, "signals.export", &subject, detail.clone())
    })?;
    Ok(())
}

/// Mistakes as they are met on a command line: `--format` and not `/format`.
fn as_flags(mistakes: &Mistakes) -> String {
    let mut named = mistakes.clone();
    for mistake in &mut named.0 {
        mistake.field = mistake.field.replacen('/', "--", 1).replace('_', "-");
    }
    named.to_string()
}

fn sentence(out: &Path, summary: &Summary) -> String {
    let mut sentence = format!("wrote {} rows to {}", summary.rows, out.display());
    let left: Vec<String> =
        summary.excluded.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if !left.is_empty() {
        sentence.push_str("; left out: ");
        sentence.push_str(&left.join(", "));
    }
    sentence
}

/// Files under temporary names in the folder of the final ones, gone when the process is.
struct Files {
    folder: PathBuf,
    records: NamedTempFile,
    ids: Option<NamedTempFile>,
}

impl Files {
    fn beside(out: &Path, format: Format) -> anyhow::Result<Self> {
        if out.file_name().is_none() || (out.exists() && !out.is_file()) {
            bail!("{} is not a file's name; give --out a file to write", out.display());
        }
        let folder = match out.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let new = || {
            NamedTempFile::new_in(&folder)
                .with_context(|| format!("can't write in {}", folder.display()))
        };
        let ids = if format.carries_ids() { None } else { Some(new()?) };
        Ok(Self { records: new()?, ids, folder: folder.clone() })
    }

    fn fill(
        &self,
        write: impl FnOnce(Sinks<'_>) -> Result<Summary, AppError>,
    ) -> anyhow::Result<Summary> {
        let mut records = BufWriter::new(self.records.as_file());
        let mut ids = self.ids.as_ref().map(|file| BufWriter::new(file.as_file()));
        let summary = write(Sinks {
            records: &mut records,
            ids: ids.as_mut().map(|ids| ids as &mut dyn Write),
        })?;
        records.flush()?;
        if let Some(mut ids) = ids {
            ids.flush()?;
        }
        Ok(summary)
    }

    /// Flushes to disk, then gives each its name: ids and manifest first, so that a file with its
    /// final name always has them.
    fn publish(self, out: &Path, question: &Question, summary: &Summary) -> anyhow::Result<()> {
        let mut manifest = NamedTempFile::new_in(&self.folder)?;
        let text = serde_json::json!({
            "question": question,
            "software": format!("overrule {}", env!("CARGO_PKG_VERSION")),
            "created_at": crate::clock::now(),
            "file": out.file_name().map(|name| name.to_string_lossy()),
            "rows": summary.rows,
            "bytes": summary.bytes,
            "sha256": summary.sha256,
            "excluded": summary.excluded,
        });
        writeln!(manifest, "{text:#}")?;
        if let Some(ids) = self.ids {
            keep(ids, &beside(out, ".ids"))?;
        }
        keep(manifest, &beside(out, ".manifest.json"))?;
        keep(self.records, out)
    }
}

fn keep(file: NamedTempFile, name: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(name).with_context(|| format!("can't write {}", name.display()))?;
    Ok(())
}

fn beside(out: &Path, ending: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} signals, {per_sec}") {
        bar.set_style(style);
    }
    bar
}
