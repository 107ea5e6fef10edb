//! The demo: a made-up shop with its people, agents and eight weeks of work, through the same path
//! that real data takes; and the pages that only a demo has.

mod agents;
mod audits;
mod datasets;
mod decisions;
mod escalations;
mod judge;
mod pages;
pub mod people;
mod questions;
mod random;
mod story;
mod texts;

pub use pages::routes;

use crate::accounts::Who;
use crate::agents::queries as agent_queries;
use crate::capture::submit::{self, Author, Target};
use crate::capture::{Permit, draft, intake, line};
use crate::clock;
use crate::db::{Conn, Db, installation};
use crate::error::{AppError, AppResult};
use crate::interactions::{InteractionId, Source};
use crate::schema::{feedback, interaction_bodies, interactions};
use anyhow::bail;
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use story::Told;

/// Lines that share one transaction.
const CHUNK: usize = 500;

const ELSE: &str = "start it with `overrule serve`, or give `--data-dir` another place";

/// Whether the data are a demo's, or nobody's yet. Real ones must not be served as a demo, which
/// shows its mail to everybody.
fn may_fill(db: &Db) -> anyhow::Result<bool> {
    let is_ours = db.read_now(|conn| {
        let marked = installation::find(conn, installation::DEMO)?.is_some();
        let is_new = people::nobody(conn)? && !crate::journeys::has_interactions(conn)?;
        Ok(marked || is_new)
    })?;
    Ok(is_ours)
}

/// Fills an installation that has no interactions; says whether it did. A real one is refused.
pub fn fill(db: &Db) -> anyhow::Result<bool> {
    if !may_fill(db)? {
        let place = db.target();
        bail!("{place} holds a real installation, which a demo would open to everybody; {ELSE}");
    }
    if db.read_now(|conn| Ok(crate::journeys::has_interactions(conn)?))? {
        return Ok(false);
    }
    let now = clock::now();
    let cast = db.write_now(|conn| {
        installation::set(conn, installation::DEMO, "1")?;
        people::make(conn)?;
        agents::make(conn)?;
        people::signed_in(conn)
    })?;
    let told = story::tell(now);
    for chunk in told.chunks(CHUNK) {
        store(db, chunk, &cast)?;
    }
    let truth = audits::truth(told);
    db.write_now(move |conn| {
        decisions::make(conn, &cast, now)?;
        escalations::make(conn, &cast, now)?;
        audits::make(conn, &cast, &truth, now)?;
        datasets::make(conn, &cast)?;
        questions::make(conn, &cast, now)
    })?;
    Ok(true)
}

/// Stores lines, and then what people said of them while signed in.
fn store(db: &Db, told: &[Told], cast: &HashMap<String, Arc<Who>>) -> anyhow::Result<()> {
    let mut rows = Vec::with_capacity(told.len());
    let mut said: Vec<(usize, Arc<Who>, draft::Draft)> = Vec::new();
    for (place, each) in told.iter().enumerate() {
        let line = line::read(&each.line).map_err(AppError::from)?;
        let logged = intake::Row::logged(line, Permit::COMMAND_LINE);
        rows.push(intake::Row { received_at: Some(each.at), ..logged });
        for (author, feedback) in &each.signed_in {
            if let Some(who) = cast.get(author) {
                said.push((place, who.clone(), draft::read(feedback, "").map_err(AppError::from)?));
            }
        }
    }
    let reports: Vec<bool> = told.iter().map(|each| each.is_report).collect();
    db.write_now(move |conn| {
        let mut ids: Vec<Option<InteractionId>> = Vec::with_capacity(rows.len());
        for answer in intake::apply(conn, &rows)? {
            for outcome in &answer.feedback {
                if let submit::Answer::Invalid(mistakes) = outcome {
                    return Err(mistakes.clone().into());
                }
            }
            ids.push(Some(answer.interaction?.id()));
        }
        mark_reports(conn, ids.iter().zip(&reports))?;
        let rows = said.iter().filter_map(|(place, who, draft)| {
            let target = Target::Id((*ids.get(*place)?)?);
            let (author, at) = (Author::SignedIn(who.clone()), String::new());
            Some(submit::Row { target, draft: draft.clone(), author, permit: Permit::PERSON, at })
        });
        for answer in submit::apply(conn, &rows.collect::<Vec<_>>())? {
            if let submit::Answer::Invalid(mistakes) = answer {
                return Err(mistakes.into());
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Some were not logged: a person reported them.
fn mark_reports<'a>(
    conn: &mut Conn,
    all: impl Iterator<Item = (&'a Option<InteractionId>, &'a bool)>,
) -> AppResult<()> {
    let ids: Vec<InteractionId> =
        all.filter(|(_, is_report)| **is_report).filter_map(|(id, _)| *id).collect();
    diesel::update(interactions::table.filter(interactions::id.eq_any(ids)))
        .set(interactions::source.eq(Source::Report))
        .execute(conn)?;
    Ok(())
}

/// The newest answer of an agent for customers that nobody has judged, for a signed link.
pub fn unjudged(conn: &mut Conn) -> AppResult<Option<InteractionId>> {
    let Some(agent) = agent_queries::find_by_slug(conn, "returns-helper")? else {
        return Ok(None);
    };
    let found = interactions::table
        .inner_join(interaction_bodies::table)
        .left_join(feedback::table)
        .filter(interactions::agent_id.eq(agent.id))
        .filter(interactions::environment.eq("production"))
        .filter(interaction_bodies::output.is_not_null())
        .filter(feedback::id.is_null())
        .order(interactions::id.desc())
        .select(interactions::id)
        .first(conn)
        .optional()?;
    Ok(found)
}
