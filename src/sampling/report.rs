//! The figures of each deployment: how much of it people override, and how often it is wrong.

use super::estimate::{Estimate, estimate};
use super::model::{Draw, WEEKS, due_week, weeks_on};
use super::queries;
use crate::agents::DeploymentId;
use crate::capture::queries::Used;
use crate::db::{Conn, Instant};
use crate::error::AppResult;

/// What is known of one deployment, of its last 13 weeks.
pub struct Figures {
    pub used: Used,
    /// Interactions of the weeks that were drawn, and how many of them somebody overrode.
    pub counted: i64,
    pub flagged: i64,
    /// How many of those that were drawn wait for a decision.
    pub waiting: i64,
    /// None while too little is known.
    pub estimate: Option<Estimate>,
}

impl Figures {
    /// How many of all interactions somebody overrode, from 0 to 1.
    pub fn override_rate(&self) -> Option<f64> {
        (self.counted > 0).then(|| self.flagged as f64 / self.counted as f64)
    }
}

/// The figures of each of these deployments, in their order.
pub fn figures(conn: &mut Conn, used: Vec<Used>, now: Instant) -> AppResult<Vec<Figures>> {
    let ids: Vec<DeploymentId> = used.iter().map(|used| used.deployment.id).collect();
    let since = weeks_on(due_week(now), 1 - WEEKS);
    let mut draws = queries::draws(conn, &ids, since)?;
    let mut all = Vec::with_capacity(used.len());
    for used in used {
        let is_own = |draw: &Draw| draw.deployment_id == used.deployment.id;
        let (own, rest): (Vec<Draw>, Vec<Draw>) = draws.into_iter().partition(is_own);
        draws = rest;
        let weeks = queries::weeks(conn, &own)?;
        let drawn = |draw: &Draw| draw.size.min(draw.counted - draw.flagged);
        let judged: i64 = weeks.iter().map(|week| week.rest.judged).sum();
        all.push(Figures {
            counted: own.iter().map(|draw| draw.counted).sum(),
            flagged: own.iter().map(|draw| draw.flagged).sum(),
            waiting: own.iter().map(drawn).sum::<i64>() - judged,
            estimate: estimate(&weeks),
            used,
        });
    }
    Ok(all)
}
