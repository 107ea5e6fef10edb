//! `overrule import`: interchange JSONL, safe to run again. Bad lines go to a file beside the
//! one that was read; the rest is kept.

use crate::capture::submit::Answer as FeedbackAnswer;
use crate::capture::{Permit, intake, line};
use crate::config::Config;
use crate::db::Db;
use crate::error::Mistakes;
use crate::interactions::actions::Recorded;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Files of interchange JSONL
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Lines that share one transaction.
const CHUNK: usize = 500;
/// The most bytes of lines that share one transaction.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Counts {
    new: u64,
    duplicates: u64,
    conflicts: u64,
    invalid: u64,
    feedback_new: u64,
    feedback_duplicates: u64,
    feedback_invalid: u64,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let mut counts = Counts::default();
    let outcome = args.files.iter().try_for_each(|file| {
        import(&db, file, &mut counts).with_context(|| format!("can't import {}", file.display()))
    });
    db.close();
    counts.tell();
    outcome?;
    let bad = counts.invalid + counts.feedback_invalid;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn import(db: &Db, path: &Path, counts: &mut Counts) -> anyhow::Result<()> {
    let file = File::open(path)?;
    let progress = progress(file.metadata()?.len());
    let mut lines = Lines { input: BufReader::new(file), number: 0 };
    let mut rejects = Rejects::beside(path);
    let mut chunk = Chunk::default();
    while let Some((number, bytes, length)) = lines.next()? {
        progress.inc(length);
        let text = match text_of(bytes) {
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => text,
            Err((text, error)) => {
                counts.invalid += 1;
                rejects.add(number, &error, &text)?;
                continue;
            }
        };
        match line::read_exported(&text) {
            Ok(line) => chunk.add(number, text, line),
            Err(mistakes) => {
                counts.invalid += 1;
                rejects.add(number, &mistakes, &text)?;
            }
        }
        if chunk.rows.len() >= CHUNK || chunk.bytes >= CHUNK_BYTES {
            chunk.store(db, counts, &mut rejects)?;
        }
    }
    chunk.store(db, counts, &mut rejects)?;
    progress.finish_and_clear();
    rejects.finish()
}

/// Lines that are stored together.
#[derive(Default)]
struct Chunk {
    rows: Vec<intake::Row>,
    sent: Vec<(u64, String)>,
    bytes: usize,
}

impl Chunk {
    fn add(&mut self, number: u64, text: String, line: line::Line) {
        self.bytes += text.len();
        self.rows.push(intake::Row::logged(line, Permit::COMMAND_LINE));
        self.sent.push((number, text));
    }

    fn store(&mut self, db: &Db, counts: &mut Counts, rejects: &mut Rejects) -> anyhow::Result<()> {
        let Self { rows, sent, .. } = std::mem::take(self);
        if rows.is_empty() {
            return Ok(());
        }
        let answers = db.write_patiently(move |conn| intake::apply(conn, &rows))?;
        for (answer, (number, text)) in answers.into_iter().zip(sent) {
            counts.add(&answer);
            if let Some(mistakes) = mistakes_in(&answer) {
                rejects.add(number, &mistakes, &text)?;
            }
        }
        Ok(())
    }
}

impl Counts {
    /// The last line, also where a file could not be read to its end.
    fn tell(&self) {
        eprintln!(
            "imported {} new, {} duplicates, {} conflicts, {} invalid interactions; \
             {} new, {} duplicates, {} invalid feedback",
            self.new,
            self.duplicates,
            self.conflicts,
            self.invalid,
            self.feedback_new,
            self.feedback_duplicates,
            self.feedback_invalid,
        );
    }

    fn add(&mut self, answer: &intake::Answer) {
        match &answer.interaction {
            Ok(Recorded::Created(_)) => self.new += 1,
            Ok(Recorded::Duplicate(_)) => self.duplicates += 1,
            Ok(Recorded::Conflict(_)) => self.conflicts += 1,
            Err(_) => self.invalid += 1,
        }
        for feedback in &answer.feedback {
            match feedback {
                FeedbackAnswer::Created(_) => self.feedback_new += 1,
                FeedbackAnswer::Duplicate(_) => self.feedback_duplicates += 1,
                FeedbackAnswer::Invalid(_) | FeedbackAnswer::NotFound => {
                    self.feedback_invalid += 1;
                }
            }
        }
    }
}

/// All that is wrong with a line, its interaction or its feedback.
fn mistakes_in(answer: &intake::Answer) -> Option<Mistakes> {
    let mut all = match &answer.interaction {
        Ok(_) => Mistakes::default(),
        Err(mistakes) => mistakes.clone(),
    };
    for feedback in &answer.feedback {
        match feedback {
            FeedbackAnswer::Invalid(mistakes) => all.0.extend(mistakes.0.clone()),
            FeedbackAnswer::NotFound => all.add("/feedback", "the interaction's texts are gone"),
            FeedbackAnswer::Created(_) | FeedbackAnswer::Duplicate(_) => {}
        }
    }
    if all.is_empty() { None } else { Some(all) }
}

/// Lines of a file, none of which is held beyond the limit.
struct Lines {
    input: BufReader<File>,
    number: u64,
}

impl Lines {
    /// Number, bytes (a too long line's are cut just over the limit) and length in the file.
    fn next(&mut self) -> std::io::Result<Option<(u64, Vec<u8>, u64)>> {
        let (mut line, mut length) = (Vec::new(), 0);
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let (end, done) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            };
            let room = (line::MAX_LINE + 2).saturating_sub(line.len());
            line.extend_from_slice(&buffer[..end.min(room)]);
            self.input.consume(end);
            length += end as u64;
            if done {
                break;
            }
        }
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some((self.number, line, length)))
    }
}

/// The text of a line, or what of it can be shown and what is wrong.
fn text_of(bytes: Vec<u8>) -> Result<String, (String, Mistakes)> {
    if bytes.len() > line::MAX_LINE {
        let shown = String::from_utf8_lossy(&bytes[..1_000]).into_owned();
        return Err((
            shown,
            Mistakes::one("", "is larger than 32 MiB; only its start is kept here"),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        (shown, Mistakes::one("", format!("is not valid UTF-8 at byte {at}")))
    })
}

/// `FILE.invalid.jsonl`, made when the first bad line comes and removed when there is none.
struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    fn beside(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".invalid.jsonl");
        Self { path: PathBuf::from(name), file: None }
    }

    fn add(&mut self, number: u64, mistakes: &Mistakes, text: &str) -> anyhow::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(
                File::create(&self.path)
                    .with_context(|| format!("can't write {}", self.path.display()))?,
            )),
        };
        let row = serde_json::json!({
            "line": number, "error": mistakes.to_string(), "text": text,
        });
        writeln!(file, "{row}")?;
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self.file {
            Some(mut file) => {
                file.flush()?;
                eprintln!("bad lines are in {}", self.path.display());
            }
            // Left over from an earlier run whose mistakes are mended.
            None => match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            },
        }
        Ok(())
    }
}

fn progress(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
