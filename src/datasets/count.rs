//! What a question would give now: how many signals fit, and what becomes of the newest of them.
//! The cost is bounded, however much is stored: the newest 10,000 signals of the agents are
//! counted, and the newest 300 that fit are judged.

use super::build::redacted;
use super::check::Scope;
use super::judge::Judge;
use super::model::{FrameAgent, Wanted};
use super::queries::{self, Read};
use super::question::Question;
use super::redact::{Redactor, Report};
use super::split;
use crate::agents;
use crate::agents::model::Agent;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::interactions::InteractionId;
use crate::signals::SignalStatus;
use std::collections::BTreeMap;

/// Signals that are counted at most, the newest.
pub const MOST_COUNTED: i64 = 10_000;
/// Signals that are judged at most, the newest that fit.
pub const MOST_JUDGED: i64 = 300;
/// Rows that are shown.
const SHOWN: usize = 5;

/// What a question would give.
#[derive(Debug, Default)]
pub struct Outlook {
    /// Signals that fit and are of the wanted status.
    pub fit: i64,
    /// Whether there are older signals that were not counted.
    pub is_capped: bool,
    /// Of the newest that fit: how many were judged, and how many give rows.
    pub judged: usize,
    pub give: usize,
    /// Why the others don't.
    pub left: BTreeMap<&'static str, u64>,
    pub shown: Vec<Shown>,
}

/// One row as it would be.
#[derive(Debug)]
pub struct Shown {
    pub interaction: InteractionId,
    pub question: String,
    pub answer: String,
    pub verdict: &'static str,
    /// The records as lines of the file.
    pub records: String,
    /// The records before redaction, where that changes something.
    pub before: Option<String>,
}

/// Looks at the newest signals.
pub fn outlook(conn: &mut Conn, scope: &Scope, question: &Question) -> AppResult<Outlook> {
    let mut outlook = Outlook::default();
    let agents = scope.agents.len().max(1) as i64;
    for agent in &scope.agents {
        let from = queries::newest_from(conn, agent.id, MOST_COUNTED / agents)?;
        outlook.is_capped |= from.is_some();
        for (status, count) in queries::total(conn, agent.id, (scope, question), from)? {
            let is_wanted = match status {
                SignalStatus::Accepted => true,
                SignalStatus::Pending => question.status == Wanted::Any,
                SignalStatus::Declined => false,
            };
            outlook.fit += if is_wanted { count } else { 0 };
        }
        judge(conn, (agent, from), (scope, question), MOST_JUDGED / agents, &mut outlook)?;
    }
    Ok(outlook)
}

fn judge(
    conn: &mut Conn,
    (agent, from): (&Agent, Option<InteractionId>),
    asked: (&Scope, &Question),
    most: i64,
    outlook: &mut Outlook,
) -> AppResult<()> {
    let question = asked.1;
    let mut page = queries::newest(conn, agent.id, asked, from, most)?;
    page.retain(|read| !is_settled(read, question));
    let frame = FrameAgent {
        id: agent.id,
        slug: agent.slug.clone(),
        kind: agent.kind,
        labels: agents::queries::list_labels(conn, agent.id)?.into_iter().map(|l| l.name).collect(),
        out_of_scope: agent.out_of_scope_label.clone(),
        group_by: split::DEFAULT,
    };
    let judge = Judge::new(&frame, agent.json_schema.as_deref(), question);
    let redactor =
        Redactor::new(&question.redact, &question.patterns, &[0; 32]).map_err(AppError::Invalid)?;
    for read in page {
        outlook.judged += 1;
        let mut records = String::new();
        match judge.records(&read, &mut records) {
            Err(reason) => *outlook.left.entry(reason).or_default() += 1,
            Ok(_) => {
                outlook.give += 1;
                if outlook.shown.len() < SHOWN {
                    outlook.shown.push(shown(&judge, &redactor, &read, records));
                }
            }
        }
    }
    Ok(())
}

/// What is declined, taken back, or waits where only accepted ones are wanted, is no news.
fn is_settled(read: &Read, question: &Question) -> bool {
    match read.status {
        SignalStatus::Accepted => false,
        SignalStatus::Pending => question.status == Wanted::Accepted,
        SignalStatus::Declined => true,
    }
}

fn shown(judge: &Judge, redactor: &Redactor, read: &Read, records: String) -> Shown {
    use crate::capture::words;
    let example = redacted(redactor, judge.kind, &read.example, &mut Report::new());
    let mut after = String::new();
    // It gave records before; placeholders take none away.
    let _ = judge.write(&example, &mut after);
    let answer = example.label.as_ref().or(example.output.as_ref());
    let has_changed = after != records;
    Shown {
        interaction: read.example.at.0,
        question: words::question(Some(&example.prompt)),
        answer: answer.map(words::said).unwrap_or_default(),
        verdict: read.example.verdict.as_str(),
        records: after,
        before: has_changed.then_some(records),
    }
}
