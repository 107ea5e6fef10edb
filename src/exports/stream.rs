//! Writing an export as it is read.

use super::formats::{self, Labels, Lines};
use super::model::{Format, Question, Summary};
use super::queries;
use super::shape::Shape;
use crate::agents::model::Agent;
use crate::agents::{self, OutputKind};
use crate::db::Db;
use crate::error::{AppError, AppResult};
use sha2::{Digest, Sha256};
use std::io::Write;

/// Signals read at a time.
pub const PAGE: i64 = 1_000;

/// An export that was asked for and can be given.
pub struct Export {
    question: Question,
    agent: Agent,
    labels: Labels,
}

/// What was written, and what it looks like.
pub struct Written {
    pub summary: Summary,
    pub shape: Shape,
}

/// Where the records go, and the ids of what they were made of.
pub struct Sinks<'a> {
    pub records: &'a mut (dyn Write + Send),
    /// One signal id a row, for formats that don't carry it.
    pub ids: Option<&'a mut dyn Write>,
}

impl Export {
    /// Looks the question up: an unknown agent is `NotFound`, a format its kind can't give a
    /// mistake.
    pub fn prepare(db: &Db, question: Question) -> AppResult<Self> {
        let slug = question.agent.clone();
        let (agent, labels) = db.read_now(move |conn| {
            let agent = agents::queries::find_by_slug(conn, &slug)?.ok_or(AppError::NotFound)?;
            let mut labels = Labels::default();
            if agent.kind == OutputKind::Label {
                let list = agents::queries::list_labels(conn, agent.id)?;
                labels.places = list.into_iter().map(|l| (l.name, l.position)).collect();
                labels.out_of_scope = agent.out_of_scope_label.clone();
            }
            Ok((agent, labels))
        })?;
        if let Some(why) = question.format.refuses_file(question.file_format) {
            return Err(AppError::invalid("/file_format", why));
        }
        if let Some(why) = question.format.refuses(&agent.slug, agent.kind) {
            return Err(AppError::invalid("/format", why));
        }
        Ok(Self { question, agent, labels })
    }

    /// What was asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Writes everything, a record a line; `progress` hears of each page's signals.
    pub fn write(
        &self,
        db: &Db,
        mut sinks: Sinks<'_>,
        mut progress: impl FnMut(u64),
    ) -> AppResult<Written> {
        let mut tally = Tally::default();
        let mut after = queries::start();
        let mut lines = Lines::new(&self.agent.slug);
        let mut text = String::new();
        let mut ids = String::new();
        loop {
            let read = if self.question.format == Format::Signals {
                self.records(db, &mut after, &mut lines, &mut text, &mut tally)?
            } else {
                self.examples(db, &mut after, &mut text, &mut ids, &mut tally)?
            };
            let last = read < PAGE as usize;
            if last {
                tally.rows += lines.finish(&mut text);
            }
            tally.put(&text, sinks.records)?;
            if let Some(sink) = &mut sinks.ids {
                sink.write_all(ids.as_bytes()).map_err(gone)?;
            }
            text.clear();
            ids.clear();
            progress(read as u64);
            if last {
                return Ok(tally.written());
            }
        }
    }

    fn records(
        &self,
        db: &Db,
        after: &mut queries::Cursor,
        lines: &mut Lines,
        text: &mut String,
        tally: &mut Tally,
    ) -> AppResult<usize> {
        let (agent, cursor) = (self.agent.id, *after);
        let page =
            db.read_now(|conn| Ok(queries::records(conn, agent, &self.question, cursor, PAGE)?))?;
        for record in &page {
            *after = (record.interaction.id, record.feedback.id);
            if record.input.is_none() {
                tally.leave_out("erased");
                continue;
            }
            tally.rows += lines.add(record, text);
        }
        Ok(page.len())
    }

    fn examples(
        &self,
        db: &Db,
        after: &mut queries::Cursor,
        text: &mut String,
        ids: &mut String,
        tally: &mut Tally,
    ) -> AppResult<usize> {
        let (agent, cursor) = (&self.agent, *after);
        let page = db.read_now(|conn| {
            Ok(queries::examples(conn, agent.id, &self.question, cursor, PAGE)?)
        })?;
        for example in &page {
            *after = example.at;
            let format = self.question.format;
            match formats::write(format, &agent.slug, agent.kind, &self.labels, example, text) {
                Err(reason) => tally.leave_out(reason),
                Ok(rows) => {
                    tally.shape.see(agent.kind, example);
                    tally.rows += rows;
                    for _ in 0..rows {
                        ids.push_str(&example.signal_id.to_string());
                        ids.push('\n');
                    }
                }
            }
        }
        Ok(page.len())
    }
}

#[derive(Default)]
struct Tally {
    rows: u64,
    bytes: u64,
    sha: Sha256,
    shape: Shape,
    excluded: std::collections::BTreeMap<&'static str, u64>,
}

impl Tally {
    fn leave_out(&mut self, reason: &'static str) {
        *self.excluded.entry(reason).or_default() += 1;
    }

    fn put(&mut self, text: &str, sink: &mut dyn Write) -> AppResult<()> {
        self.bytes += text.len() as u64;
        self.sha.update(text.as_bytes());
        sink.write_all(text.as_bytes()).map_err(gone)
    }

    fn written(self) -> Written {
        let summary = Summary {
            rows: self.rows,
            bytes: self.bytes,
            sha256: hex::encode(self.sha.finalize()),
            excluded: self.excluded,
        };
        Written { summary, shape: self.shape }
    }
}

pub(super) fn gone(error: std::io::Error) -> AppError {
    AppError::internal(anyhow::Error::from(error).context("can't write the export"))
}
