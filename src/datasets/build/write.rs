//! Files made of a release's rows. The same rows give the same bytes, whenever and wherever that is
//! done.

use super::figures::{Counter, Figures};
use super::lines::{Common, Line, Made, Maker};
use super::read::Reading;
use super::{Builder, Halt, full, store, tables};
use crate::agents::{AgentId, OutputKind};
use crate::datasets::judge::Judge;
use crate::datasets::model::{Frame, LeaseId, ReleaseFile, ReleaseId, ReleaseRow, Side, Stage};
use crate::datasets::parts::{self, Part};
use crate::datasets::queries::{self, Left};
use crate::datasets::redact::{Redactor, Report};
use crate::datasets::shelf::{Hashed, Making};
use crate::datasets::{Question, reason};
use crate::db::Db;
use crate::error::AppError;
use crate::exports::Shape;
use crate::exports::queries::Example;
use crate::interactions::JsonText;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// Parts that are stored in one write.
const PARTS: usize = 40;
/// Rows after which it is looked whether to go on.
const LOOK: u32 = 4_096;

/// What was written.
pub(super) struct Written {
    pub files: Vec<ReleaseFile>,
    pub figures: Figures,
    pub redacted: Report,
    /// What the records look like.
    pub shape: Shape,
    /// How many signals were left out, by reason.
    pub left: BTreeMap<String, i64>,
}

impl Builder<'_> {
    /// Writes rows into the database, and their records into files.
    pub(super) fn write_files(
        &mut self,
        reading: Reading,
        making: &Making,
    ) -> Result<Written, Halt> {
        let mut files = Files::new(making);
        let (db, lease) = (self.db, (self.release.id, self.lease));
        let maker = std::thread::scope(|threads| {
            let (give, packed) = sync_channel(1);
            let storing = threads.spawn(move || store_all(db, lease, packed));
            let maker = self.write_rows(reading, &mut files, give)?;
            storing.join().unwrap_or_else(|_| {
                Err(AppError::internal(anyhow::anyhow!("storing rows panicked")).into())
            })?;
            Ok::<_, Halt>(maker)
        })?;
        self.renewed = Instant::now();
        let (id, question) = (self.release.id, self.question.clone());
        files.finish(id, &question, &maker, &mut |done| {
            self.step_lightly(Stage::Writing, done, done)
        })
    }

    /// Writes records and gives rows to be stored. Where nobody takes those any more, whoever
    /// should have says why.
    fn write_rows(
        &mut self,
        reading: Reading,
        files: &mut Files<'_>,
        give: SyncSender<Packed>,
    ) -> Result<Maker, Halt> {
        let Reading { lines, fates, maker, .. } = reading;
        let judges = judges(&self.frame, &self.question);
        let ids: Vec<AgentId> = self.frame.agents.iter().map(|agent| agent.id).collect();
        let mut lines = lines.read().map_err(full)?;
        let (mut packer, mut position) = (Packer::new(self.release.id), 0);
        while let Some(line) = lines.next::<Line<'_>>().map_err(full)? {
            let row = fates.row(position, &line, &maker.words);
            let place = usize::from(line.agent);
            files.add(&row, line.made.as_ref(), &judges[place], &maker).map_err(full)?;
            packer.add(ids[place], row)?;
            position += 1;
            if packer.parts.len() >= PARTS && give.send(packer.take(position)).is_err() {
                return Ok(maker);
            }
            if position % LOOK == 0 {
                self.told(Stage::Writing, i64::from(position), i64::from(position))?;
            }
        }
        packer.pack()?;
        let _ = give.send(packer.take(position));
        Ok(maker)
    }
}

/// Parts with how many of their rows were left out, and how many rows are packed so far.
type Packed = (Vec<Part>, Vec<Left>, i64);

/// Stores parts as they come, until there are no more.
fn store_all(db: &Db, lease: (ReleaseId, LeaseId), packed: Receiver<Packed>) -> Result<(), Halt> {
    for (parts, left, done) in packed {
        store(db, lease, (Stage::Writing, done, done), move |conn| {
            Ok(queries::insert_parts(conn, &parts, &left)?)
        })?;
    }
    Ok(())
}

/// A judge for each agent of a release, in its order, to write with.
pub(super) fn judges(frame: &Frame, question: &Question) -> Vec<Judge> {
    frame.agents.iter().map(|agent| Judge::new(agent, None, question)).collect()
}

/// Packs rows into parts.
struct Packer {
    release_id: ReleaseId,
    agent: Option<AgentId>,
    rows: Vec<ReleaseRow>,
    parts: Vec<Part>,
    left: Vec<Left>,
}

impl Packer {
    fn new(release_id: ReleaseId) -> Self {
        Self { release_id, agent: None, rows: Vec::new(), parts: Vec::new(), left: Vec::new() }
    }

    fn add(&mut self, agent: AgentId, row: ReleaseRow) -> Result<(), Halt> {
        let is_full = self.rows.len() >= parts::ROWS
            && self.rows.last().is_some_and(|last| last.interaction_id != row.interaction_id);
        if is_full || self.agent != Some(agent) {
            self.pack()?;
            self.agent = Some(agent);
        }
        self.rows.push(row);
        Ok(())
    }

    /// What is packed, to be stored.
    fn take(&mut self, done: u32) -> Packed {
        (std::mem::take(&mut self.parts), std::mem::take(&mut self.left), i64::from(done))
    }

    fn pack(&mut self) -> Result<(), Halt> {
        let Some(agent) = self.agent else { return Ok(()) };
        let Some(part) = Part::pack(self.release_id, agent, &self.rows)? else { return Ok(()) };
        for (reason, row_count) in queries::count_left(&self.rows) {
            let (release_id, position) = (self.release_id, part.position);
            self.left.push(Left { release_id, reason: reason.to_owned(), position, row_count });
        }
        self.parts.push(part);
        self.rows.clear();
        Ok(())
    }
}

/// The files of a side: its records, and what each row was made of.
struct Pair {
    records: Hashed,
    rows: Hashed,
    /// Rows of `records` so far.
    count: u64,
}

/// Every file that is made of rows, while they come, in order.
pub(super) struct Files<'m> {
    making: &'m Making,
    pairs: BTreeMap<Side, Pair>,
    left: Option<Hashed>,
    counts: BTreeMap<String, i64>,
    counter: Counter,
    common: Common,
    text: String,
}

impl<'m> Files<'m> {
    /// None so far, in a folder that is being filled.
    pub fn new(making: &'m Making) -> Self {
        Self {
            making,
            pairs: BTreeMap::new(),
            left: None,
            counts: BTreeMap::new(),
            counter: Counter::default(),
            common: Common::default(),
            text: String::new(),
        }
    }

    /// Adds the records of a row that is in, or says why it was left out.
    pub fn add(
        &mut self,
        row: &ReleaseRow,
        made: Option<&Made<'_>>,
        judge: &Judge,
        maker: &Maker,
    ) -> io::Result<()> {
        let Some(made) = made.filter(|_| row.reason.is_none()) else { return self.leave(row) };
        let side = row.side.unwrap_or(Side::Train);
        self.counter.add(made, side, judge, &maker.words);
        self.common.see(made);
        let pair = match self.pairs.entry(side) {
            std::collections::btree_map::Entry::Occupied(pair) => pair.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let mut rows = self.making.file(&format!("{side}.rows.csv"))?;
                rows.put("row,signal_id,revision_id,weight\n", 0)?;
                let records = self.making.file(&side.file())?;
                place.insert(Pair { records, rows, count: 0 })
            }
        };
        pair.records.put(&made.text, made.count)?;
        self.text.clear();
        for _ in 0..made.count {
            // Writing to a string can't fail.
            let _ = write!(self.text, "{},{},", pair.count, row.signal_id);
            if let Some(revision) = row.revision_id {
                let _ = write!(self.text, "{revision}");
            }
            let _ = writeln!(self.text, ",{}", row.weight);
            pair.count += 1;
        }
        // Rows are counted where the records are.
        pair.rows.put(&self.text, 0)
    }

    /// `left_out.csv`: every signal that gave no row, and why. None where all gave one.
    fn leave(&mut self, row: &ReleaseRow) -> io::Result<()> {
        let file = match &mut self.left {
            Some(file) => file,
            None => {
                let mut begun = self.making.file(reason::FILE)?;
                begun.put("signal_id,feedback_id,reason\n", 0)?;
                self.left.insert(begun)
            }
        };
        let why = row.reason.as_deref().unwrap_or_default();
        match self.counts.get_mut(why) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(why.to_owned(), 1)),
        }
        file.put(&format!("{},{},{why}\n", row.signal_id, row.feedback_id), 0)
    }

    /// Flushes everything to disk, and makes tables of the records; `step` hears how many rows of
    /// those are done.
    pub fn finish(
        self,
        id: ReleaseId,
        question: &Question,
        maker: &Maker,
        step: &mut dyn FnMut(i64) -> Result<(), Halt>,
    ) -> Result<Written, Halt> {
        let (shape, redacted) = self.common.told(maker);
        let mut files = Vec::new();
        for pair in self.pairs.into_values() {
            files.push(pair.records.finish(id).map_err(full)?);
            files.push(pair.rows.finish(id).map_err(full)?);
        }
        let tables = tables::write(self.making, id, question, &shape, &files, step)?;
        files.extend(tables);
        files.extend(self.left.map(|file| file.finish(id)).transpose().map_err(full)?);
        let (figures, left) = (self.counter.figures(), self.counts);
        Ok(Written { files, figures, redacted, shape, left })
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
