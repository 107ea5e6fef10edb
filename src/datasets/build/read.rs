//! Reading: every signal that the filters leave is judged for the format, and its records are put
//! aside, or the reason why it gives none. One thread reads while another judges.

use super::fates::Fates;
use super::lines::{Line, Maker};
use super::sides::Fits;
use super::spool::{Heaps, Spool, heap_of};
use super::{Builder, Halt, PAGE, full};
use crate::agents::AgentId;
use crate::datasets::Question;
use crate::datasets::check::Scope;
use crate::datasets::judge::Judge;
use crate::datasets::model::{FrameAgent, Stage};
use crate::datasets::queries::{self, Names, Read, Texts};
use crate::datasets::redact::Redactor;
use crate::datasets::settle::{Class, Draft};
use crate::datasets::split::{self, Key, Place};
use crate::db::Db;
use crate::error::AppResult;
use crate::exports::Format;
use crate::exports::queries::start;
use crate::interactions::content::input_hash;
use serde_json::Value;
use std::sync::mpsc::{SyncSender, sync_channel};

/// What was read, in order of position.
pub(super) struct Reading {
    pub lines: Spool,
    pub fates: Fates,
    pub maker: Maker,
    position: u32,
    /// Signals that were looked at, also those that the filters left nothing of.
    walked: i64,
    text: String,
}

impl Builder<'_> {
    /// Reads all; what fits is on heaps by its group.
    pub(super) fn read(&mut self, scope: &Scope) -> Result<(Reading, Heaps<Fits>), Halt> {
        let total = self.db.read_now(|conn| {
            let counts = scope.agents.iter().map(|agent| queries::count(conn, agent.id));
            Ok(counts.sum::<Result<i64, _>>()?)
        })?;
        let folder = self.shelf.folder().map_err(full)?;
        let mut reading = Reading {
            lines: Spool::new(folder).map_err(full)?,
            fates: Fates::default(),
            maker: Maker::new(self.redactor()?),
            position: 0,
            walked: 0,
            text: String::new(),
        };
        let mut groups = Heaps::new(folder).map_err(full)?;
        for (place, agent) in self.frame.agents.clone().iter().enumerate() {
            let schema = scope.agents.iter().find(|each| each.id == agent.id);
            let schema = schema.and_then(|agent| agent.json_schema.as_deref());
            let judge = Judge::new(agent, schema, &self.question);
            let into = (&mut reading, &mut groups);
            self.read_agent(scope, (place as u8, agent), &judge, total, into)?;
        }
        Ok((reading, groups))
    }

    fn redactor(&self) -> Result<Redactor, Halt> {
        redactor(&self.question, &self.release.redaction_key.0)
    }

    fn read_agent(
        &mut self,
        scope: &Scope,
        agent: (u8, &FrameAgent),
        judge: &Judge,
        total: i64,
        (reading, groups): (&mut Reading, &mut Heaps<Fits>),
    ) -> Result<(), Halt> {
        let (db, question) = (self.db, self.question.clone());
        let (give, pages) = sync_channel(1);
        std::thread::scope(|threads| {
            threads.spawn(|| read_pages(db, agent.1.id, (scope, &question), give));
            // Whatever ends this ends the other: nobody takes its pages any more.
            for page in pages {
                for read in page? {
                    let fits = self.judge(read, agent, judge, reading)?;
                    if let Some(fits) = fits {
                        groups.add(heap_of(&fits.group), &fits).map_err(full)?;
                    }
                }
                reading.walked += PAGE;
                self.step_lightly(Stage::Reading, reading.walked.min(total), total)?;
            }
            Ok(())
        })
    }

    /// Puts a signal aside; gives what matters to others if it fits.
    fn judge(
        &self,
        read: Read,
        (place, agent): (u8, &FrameAgent),
        judge: &Judge,
        reading: &mut Reading,
    ) -> Result<Option<Fits>, Halt> {
        let mut text = std::mem::take(&mut reading.text);
        text.clear();
        let verdict = judge.records(&read, &mut text);
        let fits = verdict.is_ok().then(|| self.fits(&read, (place, agent), judge, reading));
        let (interaction, feedback) = read.example.at;
        let ids = (interaction, feedback, read.example.signal_id, read.revision_id);
        let maker = &mut reading.maker;
        let category = read.example.category.as_deref().map(|name| maker.words.number(name));
        let texts =
            Texts { occurred_at: read.occurred_at, author: read.author, example: read.example };
        let (reason, made) = match verdict {
            Err(reason) => (Some(maker.words.number(reason)), None),
            Ok(count) => (None, Some(maker.made(judge, &texts, (&text, count)))),
        };
        let line = Line { agent: place, ids, category, reason, made };
        reading.lines.add(&line).map_err(full)?;
        reading.text = text;
        reading.position += 1;
        Ok(fits)
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
            position: reading.position,
            input,
            right,
            wrong,
            agent: place,
            is_adjudicated: read.is_adjudicated,
        };
        let class = reading.class(read, &self.question, self.frame.split_seed.as_bytes());
        Fits { draft, class, group: split::group_key(agent.group_by, in_group) }
    }
}

/// The rules of a question, under a release's key.
pub(super) fn redactor(question: &Question, key: &[u8; 32]) -> Result<Redactor, Halt> {
    Redactor::new(&question.redact, &question.patterns, key)
        .map_err(|mistakes| Halt::Failed(format!("The redaction can't be done: {mistakes}.")))
}

/// Reads an agent's signals, a page at a time, until all are read or nobody takes them. A page is
/// what the filters leave of a thousand.
fn read_pages(
    db: &Db,
    agent: AgentId,
    asked: (&Scope, &Question),
    give: SyncSender<AppResult<Vec<Read>>>,
) {
    let (mut begin, mut names) = (Some(start()), Names::default());
    while let Some(from) = begin.take() {
        let page = db.read_now(|conn| {
            begin = queries::end_of(conn, agent, from, PAGE)?;
            Ok(queries::reads(conn, agent, asked, ((from, begin), PAGE), &mut names)?)
        });
        let has_failed = page.is_err();
        if give.send(page).is_err() || has_failed {
            return;
        }
    }
}

/// The key of the input as the format gives it: of a conversation, a classifier sees the last
/// question only.
fn input_of(read: &Read, asked: &Question) -> Key {
    if asked.format == Format::Classification && read.example.prompt.as_str().starts_with('[') {
        let text = read.example.prompt.question();
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
        let words = &mut self.maker.words;
        let label = match question.max_per.label {
            Some(_) => read.example.label.as_ref().map_or(String::new(), |label| label.plain()),
            None => String::new(),
        };
        Class {
            category: words.number(read.example.category.as_deref().unwrap_or_default()),
            label: words.number(&label),
            order: split::draw(seed, read.example.signal_id.0.as_bytes()),
        }
    }
}
