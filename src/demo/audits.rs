//! The demo's random audits: six weeks of two agents are drawn as they would have been, and their
//! champion has looked at all of it but for some of the newest week, which waits.

use super::people;
use super::random::Random;
use super::story::{Told, Wrong};
use crate::accounts::Who;
use crate::agents::actions::{DeploymentChange, set_deployment};
use crate::agents::model::Deployment;
use crate::audit::Actor;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::interactions::JsonText;
use crate::sampling::draw;
use crate::sampling::model::{WAIT_MINUTES, due_week, weeks_on};
use crate::schema::{
    agents, audit_draws, audit_picks, deployments, feedback, interactions, queue, resolutions,
    signals, teams,
};
use crate::signals::model::{ItemId, ResolutionId};
use crate::triage::actions::decide;
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, Choice, Verb};
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Whose answers are drawn, and how many a week.
const DRAWN: [(&str, i64); 2] = [("returns-helper", 15), ("text-to-sql", 8)];
/// How many weeks were drawn.
const WEEKS: i64 = 6;
const WEEK_MINUTES: i64 = 7 * 24 * 60;

/// What is wrong with each answer, by the sender's id; nothing with those that are right.
pub type Truth = HashMap<String, Wrong>;

/// The truth of what was told.
pub fn truth(told: Vec<Told>) -> Truth {
    told.into_iter().filter_map(|each| Some((each.key, each.wrong?))).collect()
}

/// Draws week by week, and lets champions decide.
pub fn make(
    conn: &mut Conn,
    cast: &HashMap<String, Arc<Who>>,
    truth: &Truth,
    now: Instant,
) -> AppResult<()> {
    for (slug, size) in DRAWN {
        begin(conn, slug, size)?;
    }
    for ago in (0..WEEKS).rev() {
        while draw::run(conn, now.plus_minutes(-ago * WEEK_MINUTES))? > 0 {}
    }
    let newest = due_week(now);
    let mut random = Random::new(404);
    for drawn in drawn(conn)? {
        let at = weeks_on(drawn.week, 1).plus_minutes(WAIT_MINUTES).min(now);
        let champion = cast.get(&people::champion(&drawn.team));
        let waits = drawn.week == newest && random.percent(35.0);
        match champion.filter(|_| !waits) {
            Some(champion) => {
                let choice = choice(&mut random, &drawn, truth);
                let judge = Judge::Person(champion);
                let made = decide(conn, judge, ActId::new(), drawn.item, None, &choice)?;
                let decided = at.plus_minutes(random.between(60, 30 * 60)).min(now);
                date(conn, drawn.item, made.resolution, decided)?;
            }
            None => {
                let at = at.max(now.plus_minutes(-10 * 60));
                diesel::update(queue::table.find(drawn.item))
                    .set(queue::waiting_at.eq(at))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

fn begin(conn: &mut Conn, slug: &str, size: i64) -> AppResult<()> {
    let found: Deployment = deployments::table
        .inner_join(agents::table)
        .filter(agents::slug.eq(slug))
        .filter(deployments::environment.eq("production"))
        .select(deployments::all_columns)
        .first(conn)?;
    let change = DeploymentChange {
        review: found.review,
        visibility: found.visibility,
        normal_due_minutes: found.normal_due_minutes,
        urgent_due_minutes: found.urgent_due_minutes,
        normal_resolution_minutes: found.normal_resolution_minutes,
        urgent_resolution_minutes: found.urgent_resolution_minutes,
        reviews_needed: found.reviews_needed,
        weekly_audits: size,
    };
    set_deployment(conn, Actor::System, found.id, change)
}

/// One that was drawn.
#[derive(Queryable)]
struct Drawn {
    week: Instant,
    item: ItemId,
    key: Option<String>,
    team: String,
    /// Where there was an answer.
    output_tokens: Option<i64>,
}

fn drawn(conn: &mut Conn) -> AppResult<Vec<Drawn>> {
    let rows = audit_picks::table
        .inner_join(audit_draws::table.on(audit_draws::id.eq(audit_picks::draw_id)))
        .inner_join(interactions::table.on(interactions::id.eq(audit_picks::interaction_id)))
        .inner_join(deployments::table.on(deployments::id.eq(audit_draws::deployment_id)))
        .inner_join(teams::table.on(teams::id.eq(deployments::team_id)))
        .filter(audit_picks::item_id.is_not_null())
        .order((audit_draws::week_at, audit_picks::rank))
        .select((
            audit_draws::week_at,
            audit_picks::item_id.assume_not_null(),
            interactions::external_id,
            teams::slug,
            interactions::output_tokens,
        ))
        .load(conn)?;
    Ok(rows)
}

/// What a champion says who looks well at it.
fn choice(random: &mut Random, drawn: &Drawn, truth: &Truth) -> Choice {
    if drawn.output_tokens.is_none() {
        let reason = Some("There was no answer at all.".to_owned());
        return Choice { reason, ..Choice::plain(Verb::Declined) };
    }
    let wrong = drawn.key.as_ref().and_then(|key| truth.get(key));
    let Some(wrong) = wrong else { return Choice::plain(Verb::Accepted) };
    let reason = Some(wrong.comment.to_owned());
    if random.percent(75.0) {
        let label = Some(JsonText::value(&wrong.right));
        return Choice { label, reason, ..Choice::plain(Verb::AcceptedWithEdits) };
    }
    Choice { reason, ..Choice::plain(Verb::Declined) }
}

/// It was decided then, and said then.
fn date(conn: &mut Conn, item: ItemId, made: Option<ResolutionId>, at: Instant) -> AppResult<()> {
    if let Some(made) = made {
        diesel::update(resolutions::table.find(made))
            .set(resolutions::created_at.eq(at))
            .execute(conn)?;
    }
    let said = signals::table.filter(signals::item_id.eq(item)).select(signals::feedback_id);
    let said: Vec<crate::feedback::FeedbackId> = said.load(conn)?;
    diesel::update(feedback::table.filter(feedback::id.eq_any(said)))
        .set(feedback::occurred_at.eq(at))
        .execute(conn)?;
    Ok(())
}
