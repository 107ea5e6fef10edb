//! Files made of a release's rows. The same rows give the same bytes, whenever and wherever that is
//! done.

use super::figures::{Counter, Figures};
use super::{Builder, Halt, PAGE, full, tables};
use crate::agents::{AgentId, OutputKind};
use crate::datasets::judge::Judge;
use crate::datasets::model::{Frame, FrameAgent, Release, ReleaseFile, ReleaseId, Side, Stage};
use crate::datasets::queries::{self, Kept};
use crate::datasets::redact::{Redactor, Report};
use crate::datasets::shelf::{Hashed, Making};
use crate::datasets::{Question, reason};
use crate::db::Db;
use crate::error::AppError;
use crate::exports::Shape;
use crate::exports::queries::Example;
use crate::interactions::JsonText;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::io;

/// What was written.
pub(super) struct Written {
    pub files: Vec<ReleaseFile>,
    pub figures: Figures,
    pub redacted: Report,
    /// What the records look like.
    pub shape: Shape,
    /// Positions of rows whose revision was taken out of use since it was read.
    pub retired: Vec<i64>,
}

impl Builder<'_> {
    pub(super) fn write_files(&mut self, making: &Making) -> Result<Written, Halt> {
        let (db, release) = (self.db, self.release);
        let (question, frame) = (self.question.clone(), self.frame.clone());
        files(db, release, &question, &frame, making, &mut |done, total| {
            self.step_lightly(Stage::Writing, done, total)
        })
    }
}

/// The agents of a release, ready to write.
struct Agents {
    judges: HashMap<AgentId, Judge>,
}

impl Agents {
    fn new(frame: &Frame, question: &Question) -> Self {
        let judge = |agent: &FrameAgent| (agent.id, Judge::new(agent, None, question));
        Self { judges: frame.agents.iter().map(judge).collect() }
    }
}

/// The files of a side: its records, and what each row was made of.
struct Pair {
    records: Hashed,
    rows: Hashed,
    /// Rows of `records` so far.
    count: u64,
}

/// Writes every file that is made of rows; `step` hears how many signals are done.
pub(super) fn files(
    db: &Db,
    release: &Release,
    question: &Question,
    frame: &Frame,
    making: &Making,
    step: &mut dyn FnMut(i64, i64) -> Result<(), Halt>,
) -> Result<Written, Halt> {
    let agents = Agents::new(frame, question);
    let redactor = Redactor::new(&question.redact, &question.patterns, &release.redaction_key.0)
        .map_err(|mistakes| Halt::Failed(format!("The redaction can't be done: {mistakes}.")))?;
    let mut out = Out {
        making,
        pairs: BTreeMap::new(),
        counter: Counter::default(),
        redacted: Report::new(),
        shape: Shape::default(),
        retired: Vec::new(),
        redactor,
    };
    let id = release.id;
    out.add_all(db, id, &agents, step)?;
    let left = left_out(db, id, making)?;
    let mut files = Vec::new();
    for pair in out.pairs.into_values() {
        files.push(pair.records.finish(id).map_err(full)?);
        files.push(pair.rows.finish(id).map_err(full)?);
    }
    let tables = tables::write(making, id, question, &out.shape, &files, step)?;
    files.extend(tables);
    files.extend(left);
    Ok(Written {
        files,
        figures: out.counter.figures(),
        redacted: out.redacted,
        shape: out.shape,
        retired: out.retired,
    })
}

struct Out<'m> {
    making: &'m Making,
    pairs: BTreeMap<Side, Pair>,
    counter: Counter,
    redacted: Report,
    shape: Shape,
    retired: Vec<i64>,
    redactor: Redactor,
}

impl Out<'_> {
    fn add_all(
        &mut self,
        db: &Db,
        id: ReleaseId,
        agents: &Agents,
        step: &mut dyn FnMut(i64, i64) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        let (mut after, mut done) = (-1, 0);
        loop {
            let page = db.read_now(|conn| Ok(queries::kept_rows(conn, id, after, PAGE)?))?;
            for kept in &page {
                after = kept.row.position;
                self.add(kept, agents)?;
            }
            done += page.len() as i64;
            step(done, done)?;
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn add(&mut self, kept: &Kept, agents: &Agents) -> Result<(), Halt> {
        let Some(judge) = agents.judges.get(&kept.agent) else { return Ok(()) };
        let Some(example) = &kept.example else { return Err(Halt::Failed(erased())) };
        if kept.is_retired {
            self.retired.push(kept.row.position);
        }
        self.counter.add(kept, &judge.slug, judge.kind);
        let mut text = String::new();
        let hidden = (!self.redactor.is_empty())
            .then(|| redacted(&self.redactor, judge.kind, example, &mut self.redacted));
        let example = hidden.as_ref().unwrap_or(example);
        self.shape.see(judge.kind, example);
        let count = judge.write(example, &mut text);
        let count = count.map_err(|why| AppError::internal(anyhow::anyhow!("a row gave {why}")))?;
        let side = kept.row.side.unwrap_or(Side::Train);
        self.put(side, &text, count, kept).map_err(full)
    }

    fn put(&mut self, side: Side, text: &str, count: u64, kept: &Kept) -> io::Result<()> {
        let pair = match self.pairs.entry(side) {
            std::collections::btree_map::Entry::Occupied(pair) => pair.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let mut rows = self.making.file(&format!("{side}.rows.csv"))?;
                rows.put("row,signal_id,revision_id,weight\n", 0)?;
                let records = self.making.file(&side.file())?;
                place.insert(Pair { records, rows, count: 0 })
            }
        };
        pair.records.put(text, count)?;
        let mut lines = String::new();
        let (signal, weight) = (kept.row.signal_id, kept.row.weight);
        let revision = kept.row.revision_id.map(|id| id.to_string()).unwrap_or_default();
        for _ in 0..count {
            // Writing to a string can't fail.
            let _ = writeln!(lines, "{},{signal},{revision},{weight}", pair.count);
            pair.count += 1;
        }
        // Rows are counted where the records are.
        pair.rows.put(&lines, 0)
    }
}

fn erased() -> String {
    "A text that the release holds was erased meanwhile; release it again.".to_owned()
}

/// `left_out.csv`: every signal that gave no row, and why. None where all gave one.
fn left_out(db: &Db, id: ReleaseId, making: &Making) -> Result<Option<ReleaseFile>, Halt> {
    let mut file: Option<Hashed> = None;
    let mut after = -1;
    loop {
        let page = db.read_now(|conn| Ok(queries::list_all_left(conn, id, after, PAGE)?))?;
        let mut text = String::new();
        for row in &page {
            after = row.position;
            let why = row.reason.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{},{},{why}", row.signal_id, row.feedback_id);
        }
        if !page.is_empty() {
            let file = match &mut file {
                Some(file) => file,
                None => {
                    let mut begun = making.file(reason::FILE).map_err(full)?;
                    begun.put("signal_id,feedback_id,reason\n", 0).map_err(full)?;
                    file.insert(begun)
                }
            };
            file.put(&text, 0).map_err(full)?;
        }
        if page.len() < PAGE as usize {
            return file.map(|file| file.finish(id)).transpose().map_err(full);
        }
    }
}

/// A whole small file.
pub(super) fn whole(
    making: &Making,
    id: ReleaseId,
    name: &str,
    text: &str,
) -> io::Result<ReleaseFile> {
    let mut file = making.file(name)?;
    file.put(text, 0)?;
    file.finish(id)
}

/// The example with placeholders. Labels are words of a list and stay.
pub fn redacted(
    redactor: &Redactor,
    kind: OutputKind,
    example: &Example,
    report: &mut Report,
) -> Example {
    let mut text = |json: &JsonText| redactor.json(json, report);
    let prompt = text(&example.prompt);
    let tools = example.tools.as_ref().map(&mut text);
    let mut answer = |json: &Option<JsonText>| match (kind, json) {
        (OutputKind::Label, same) => same.clone(),
        (_, json) => json.as_ref().map(&mut text),
    };
    let (output, label) = (answer(&example.output), answer(&example.label));
    Example {
        signal_id: example.signal_id,
        at: example.at,
        verdict: example.verdict,
        category: example.category.clone(),
        severity: example.severity,
        environment: example.environment,
        version: example.version.clone(),
        prompt,
        tools,
        output,
        label,
    }
}
