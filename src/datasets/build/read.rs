//! Reading: every signal that the filters leave is judged for the format and written down with its
//! side, or with the reason why it gives no row.

use super::{Builder, Halt, PAGE};
use crate::datasets::check::Scope;
use crate::datasets::judge::Judge;
use crate::datasets::model::{FrameAgent, ReleaseRow, Side, Stage};
use crate::datasets::queries::{self, Read};
use crate::datasets::settle::{Class, Draft};
use crate::datasets::split::{self, Key, Place};
use crate::datasets::{Question, reason};
use crate::db::Conn;
use crate::error::AppResult;
use crate::exports::Format;
use crate::exports::queries::start;
use crate::interactions::content::{input_hash, question};
use crate::signals::model::How;
use serde_json::Value;
use std::collections::HashMap;

/// What was read and fits, in order of position.
#[derive(Default)]
pub(super) struct Reading {
    pub drafts: Vec<Draft>,
    /// One for each draft where rows are limited by class.
    pub classes: Vec<Class>,
    /// The side of each draft's group.
    pub sides: Vec<Side>,
    position: i64,
    names: HashMap<String, u32>,
}

/// A signal of a page, judged.
struct Judged {
    row: ReleaseRow,
    /// None where it gives no row.
    fits: Option<Fits>,
}

struct Fits {
    draft: Draft,
    class: Class,
    group: Key,
}

impl Builder<'_> {
    pub(super) fn read(&mut self, scope: &Scope) -> Result<Reading, Halt> {
        let question = self.question.clone();
        let total = self.db.read_now(|conn| {
            let mut total = 0;
            for agent in &scope.agents {
                let counts = queries::total(conn, agent.id, (scope, &question), None)?;
                total += counts.iter().map(|(_, count)| count).sum::<i64>();
            }
            Ok(total)
        })?;
        let mut reading = Reading::default();
        for (place, agent) in self.frame.agents.clone().iter().enumerate() {
            let schema = scope.agents.iter().find(|each| each.id == agent.id);
            let schema = schema.and_then(|agent| agent.json_schema.as_deref());
            let judge = Judge::new(agent, schema, &question);
            self.read_agent(scope, (place as u8, agent), &judge, total, &mut reading)?;
        }
        Ok(reading)
    }

    fn read_agent(
        &mut self,
        scope: &Scope,
        agent: (u8, &FrameAgent),
        judge: &Judge,
        total: i64,
        reading: &mut Reading,
    ) -> Result<(), Halt> {
        let (question, mut after) = (self.question.clone(), start());
        loop {
            let asked = (scope, &question);
            let page = self
                .db
                .read_now(|conn| Ok(queries::reads(conn, agent.1.id, asked, after, PAGE)?))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.example.at;
            let is_last = page.len() < PAGE as usize;
            let judged = self.judge(&page, agent, judge, reading);
            self.store_page(judged, total, reading)?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn judge(
        &self,
        page: &[Read],
        (place, agent): (u8, &FrameAgent),
        judge: &Judge,
        reading: &mut Reading,
    ) -> Vec<Judged> {
        let mut scratch = String::new();
        let mut judged = Vec::with_capacity(page.len());
        for read in page {
            scratch.clear();
            let verdict = judge.records(read, &mut scratch);
            let fits = verdict.is_ok().then(|| self.fits(read, (place, agent), judge, reading));
            let row = ReleaseRow {
                release_id: self.release.id,
                position: reading.position,
                signal_id: read.example.signal_id,
                feedback_id: read.example.at.1,
                revision_id: read.revision_id,
                side: None,
                weight: 1,
                category: read.example.category.clone(),
                reason: verdict.err().map(str::to_owned),
            };
            reading.position += 1;
            judged.push(Judged { row, fits });
        }
        judged
    }

    fn fits(
        &self,
        read: &Read,
        (place, agent): (u8, &FrameAgent),
        judge: &Judge,
        reading: &mut Reading,
    ) -> Fits {
        let input = input_of(read, &self.question);
        let in_group = Place {
            agent: agent.id,
            conversation: read.conversation.as_deref(),
            end_user: read.end_user,
            input,
        };
        let (right, wrong) = judge.position(&read.example);
        let draft = Draft {
            position: reading.position as u32,
            input,
            right,
            wrong,
            agent: place,
            is_adjudicated: read.how == Some(How::Adjudication),
        };
        let class = reading.class(read, &self.question, self.frame.split_seed.as_bytes());
        Fits { draft, class, group: split::group_key(agent.group_by, in_group) }
    }

    /// Gives the groups of a page their sides, and writes its rows down.
    fn store_page(
        &mut self,
        judged: Vec<Judged>,
        total: i64,
        reading: &mut Reading,
    ) -> Result<(), Halt> {
        let (split, seed) = (self.question.split, self.frame.split_seed.clone());
        let mut groups: HashMap<Key, Side> = HashMap::new();
        for fits in judged.iter().filter_map(|each| each.fits.as_ref()) {
            let side = || split::side(seed.as_bytes(), &fits.group, &split);
            groups.entry(fits.group).or_insert_with(side);
        }
        let mut groups: Vec<(Key, Side)> = groups.into_iter().collect();
        // Always in one order, so that two builders don't wait for each other in a circle.
        groups.sort_unstable();
        let keys: Vec<Option<Key>> =
            judged.iter().map(|each| each.fits.as_ref().map(|fits| fits.group)).collect();
        let rows: Vec<ReleaseRow> = judged.iter().map(|each| each.row.clone()).collect();
        let progress = (Stage::Reading, reading.position, total.max(reading.position));
        let sides = self
            .store(progress, move |conn| store_rows(conn, rows.clone(), &keys, &groups, &split))?;
        for (each, side) in judged.into_iter().zip(sides) {
            if let (Some(fits), Some(side)) = (each.fits, side) {
                reading.drafts.push(fits.draft);
                reading.sides.push(side);
                if !self.question.max_per.is_empty() {
                    reading.classes.push(fits.class);
                }
            }
        }
        Ok(())
    }
}

/// Gives the side of each row that goes on.
fn store_rows(
    conn: &mut Conn,
    mut rows: Vec<ReleaseRow>,
    keys: &[Option<Key>],
    groups: &[(Key, Side)],
    split: &crate::datasets::question::Split,
) -> AppResult<Vec<Option<Side>>> {
    let given = queries::give_sides(conn, groups)?;
    let mut sides = Vec::with_capacity(rows.len());
    for (row, key) in rows.iter_mut().zip(keys) {
        let side = key.and_then(|key| given.get(&key).copied());
        row.side = side;
        // The group is on a side, for good, that this question has no share for.
        let homeless = side.filter(|side| split.share(*side) <= 0.0);
        if let Some(side) = homeless {
            row.reason = Some(reason::group_on(side).to_owned());
        }
        sides.push(side.filter(|_| homeless.is_none()));
    }
    queries::insert_rows(conn, &rows)?;
    Ok(sides)
}

/// The key of the input as the format gives it: of a conversation, a classifier sees the last
/// question only.
pub(super) fn input_of(read: &Read, asked: &Question) -> Key {
    if asked.format == Format::Classification && read.example.prompt.as_str().starts_with('[') {
        let text = question(&read.example.prompt.to_value());
        return split::input_key(&input_hash(&Value::from(text)));
    }
    split::input_key(&read.input_hash)
}

impl Reading {
    /// What limits count of a signal.
    fn class(&mut self, read: &Read, question: &Question, seed: &[u8]) -> Class {
        if question.max_per.is_empty() {
            return Class::default();
        }
        let category = format!("c{}", read.example.category.as_deref().unwrap_or_default());
        let label = match question.max_per.label {
            Some(_) => read.example.label.as_ref().map_or(String::new(), |label| label.plain()),
            None => String::new(),
        };
        let signal = read.example.signal_id.0;
        Class {
            category: self.number(category),
            label: self.number(format!("l{label}")),
            order: split::draw(seed, signal.as_bytes()).to_bits(),
        }
    }

    fn number(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert(next)
    }
}
