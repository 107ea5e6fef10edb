//! Lists of feedback: one short walk of an index in each deployment, then the newest of them all.
//! So the cost is that of the page, however much is stored.

use super::{FeedbackOut, Row, StatusFilter, out};
use crate::accounts::Reach;
use crate::agents::queries::{categories_named, survivor_slug};
use crate::agents::{AgentId, CategoryId, DeploymentId, Environment};
use crate::db::{Conn, Instant, MultiBackend};
use crate::feedback::{FeedbackId, Verdict};
use crate::schema::{
    agent_versions, agents, categories, deployments, feedback, interactions, people, signals, teams,
};
use crate::signals::SignalStatus;
use diesel::prelude::*;
use std::str::FromStr;

/// Which feedback is wanted.
#[derive(Debug, Default, Clone)]
pub struct FeedbackFilter {
    pub agent: Option<String>,
    pub team: Option<String>,
    pub environment: Option<Environment>,
    pub verdict: Option<Verdict>,
    pub status: Option<StatusFilter>,
    pub category: Option<String>,
    pub since: Option<Instant>,
    pub until: Option<Instant>,
    pub after: Option<Place>,
    /// The agents and teams that the asker's key is for.
    pub reach: Reach,
}

/// The place of feedback in a list: what comes later in the list is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was given; only in a list between two times, which is in that order.
    at: Option<Instant>,
    id: FeedbackId,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}.{}", at.as_micros(), self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is not `next` of an earlier page";
        let (at, id) = match text.split_once('.') {
            Some((micros, id)) => {
                let micros: i64 = micros.parse().map_err(|_| WRONG)?;
                let at = jiff::Timestamp::from_microsecond(micros).map_err(|_| WRONG)?;
                (Some(Instant(at)), id)
            }
            None => (None, text),
        };
        Ok(Self { at, id: id.parse().map_err(|_| WRONG)? })
    }
}

impl FeedbackFilter {
    /// Whether the list is in the order in which things were said, and not in that of their ids:
    /// what is imported was said long before it got its id.
    pub fn is_by_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether `after` can be of a list that is filtered like this.
    pub fn has_its_place(&self) -> bool {
        self.after.is_none_or(|place| place.at.is_some() == self.is_by_time())
    }

    /// Where this feedback stands in the list.
    pub fn place_of(&self, row: &FeedbackOut) -> Place {
        Place { at: self.is_by_time().then_some(row.occurred_at), id: row.id }
    }

    /// The signals' status that is looked for.
    fn signalled(&self) -> Option<SignalStatus> {
        match self.status? {
            StatusFilter::Pending => Some(SignalStatus::Pending),
            StatusFilter::Accepted => Some(SignalStatus::Accepted),
            StatusFilter::Declined => Some(SignalStatus::Declined),
            StatusFilter::Superseded => None,
        }
    }

    /// Whether it is all feedback of everybody, whose ids alone are an index.
    fn is_all(&self) -> bool {
        let named = self.agent.is_some() || self.team.is_some() || self.environment.is_some();
        let cut = self.verdict.is_some() || self.status.is_some() || self.category.is_some();
        !named && !cut && !self.is_by_time() && self.reach.is_all()
    }
}

/// The newest feedback that passes the filter: the newest to come in, or with `since` or `until`
/// the newest to be given.
pub fn list_feedback(
    conn: &mut Conn,
    filter: &FeedbackFilter,
    limit: i64,
) -> QueryResult<Vec<FeedbackOut>> {
    let mut found = Vec::new();
    if filter.is_all() {
        found = places_of(conn, filter, Walk::default(), limit)?;
    } else {
        for walk in walks(conn, filter)? {
            found.extend(places_of(conn, filter, walk, limit)?);
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(usize::try_from(limit).unwrap_or(0));
    }
    let ids: Vec<FeedbackId> = found.into_iter().map(|place| place.id).collect();
    let rows: Vec<Row> = joined!().filter(feedback::id.eq_any(ids)).load(conn)?;
    let mut rows: Vec<FeedbackOut> = rows.into_iter().map(out).collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(filter.place_of(row)));
    Ok(rows)
}

/// One walk of an index: in one deployment, of one category.
#[derive(Debug, Default, Clone, Copy)]
struct Walk {
    deployment: Option<DeploymentId>,
    category: Option<CategoryId>,
}

fn walks(conn: &mut Conn, filter: &FeedbackFilter) -> QueryResult<Vec<Walk>> {
    let found = deployments_named(conn, filter)?;
    let Some(slug) = &filter.category else {
        let walk = |(deployment, _)| Walk { deployment: Some(deployment), category: None };
        return Ok(found.into_iter().map(walk).collect());
    };
    let mut walks = Vec::new();
    let named = categories_named(conn, None, slug)?;
    let named: Vec<(CategoryId, AgentId)> = categories::table
        .filter(categories::id.eq_any(named))
        .select((categories::id, categories::agent_id))
        .load(conn)?;
    for (deployment, agent) in found {
        let of_agent = named.iter().filter(|(_, of)| *of == agent);
        walks.extend(
            of_agent.map(|(category, _)| Walk {
                deployment: Some(deployment),
                category: Some(*category),
            }),
        );
    }
    Ok(walks)
}

fn deployments_named(
    conn: &mut Conn,
    filter: &FeedbackFilter,
) -> QueryResult<Vec<(DeploymentId, AgentId)>> {
    let mut query = deployments::table
        .inner_join(agents::table)
        .inner_join(teams::table)
        .select((deployments::id, deployments::agent_id))
        .into_boxed();
    if let Some(agent) = &filter.agent {
        query = query.filter(agents::slug.eq(agent));
    }
    if let Some(team) = &filter.team {
        query = query.filter(teams::slug.eq(team));
    }
    if let Some(environment) = filter.environment {
        query = query.filter(deployments::environment.eq(environment));
    }
    if let Some(reached) = &filter.reach.agents {
        query = query.filter(agents::slug.eq_any(reached));
    }
    if let Some(reached) = &filter.reach.teams {
        query = query.filter(teams::slug.eq_any(reached));
    }
    query.load(conn)
}

/// Feedback and what became of it, on the way to be filtered.
type Rows<'a> = diesel::dsl::IntoBoxed<
    'a,
    diesel::dsl::LeftJoin<feedback::table, signals::table>,
    MultiBackend,
>;

/// The first places of one walk. It is of the index (deployment_id, occurred_at, id) between two
/// times; else of (deployment_id, status, feedback_id) of signals where a status is looked for;
/// else of an index of feedback that begins with the deployment and ends with the id.
fn places_of(
    conn: &mut Conn,
    filter: &FeedbackFilter,
    walk: Walk,
    limit: i64,
) -> QueryResult<Vec<Place>> {
    let rows: Rows<'_> = feedback::table.left_join(signals::table).limit(limit).into_boxed();
    if filter.is_by_time() {
        let rows = kept(by_time(rows, filter, walk), filter, walk);
        let places: Vec<(Instant, FeedbackId)> =
            rows.select((feedback::occurred_at, feedback::id)).load(conn)?;
        return Ok(places.into_iter().map(|(at, id)| Place { at: Some(at), id }).collect());
    }
    let ids: Vec<FeedbackId> =
        kept(by_id(rows, filter, walk), filter, walk).select(feedback::id).load(conn)?;
    Ok(ids.into_iter().map(|id| Place { at: None, id }).collect())
}

/// Both bounds are given, so that the index is entered at the place and ties are still told apart.
fn by_time<'a>(mut rows: Rows<'a>, filter: &FeedbackFilter, walk: Walk) -> Rows<'a> {
    rows = rows.order((feedback::occurred_at.desc(), feedback::id.desc()));
    if let Some(deployment) = walk.deployment {
        rows = rows.filter(feedback::deployment_id.eq(deployment));
    }
    if let Some(since) = filter.since {
        rows = rows.filter(feedback::occurred_at.ge(since));
    }
    if let Some(until) = filter.until {
        rows = rows.filter(feedback::occurred_at.lt(until));
    }
    if let Some(Place { at: Some(at), id }) = filter.after {
        rows = rows.filter(feedback::occurred_at.le(at));
        rows = rows.filter(feedback::occurred_at.lt(at).or(feedback::id.lt(id)));
    }
    rows
}

fn by_id<'a>(rows: Rows<'a>, filter: &FeedbackFilter, walk: Walk) -> Rows<'a> {
    // No id is above this one.
    let before = filter.after.map_or(FeedbackId(uuid::Uuid::max()), |place| place.id);
    match (filter.signalled(), walk.deployment) {
        (Some(status), Some(deployment)) => rows
            .filter(signals::deployment_id.eq(deployment))
            .filter(signals::status.eq(status))
            .filter(signals::feedback_id.lt(before))
            .order(signals::feedback_id.desc()),
        (_, Some(deployment)) => rows
            .filter(feedback::deployment_id.eq(deployment))
            .filter(feedback::id.lt(before))
            .order(feedback::id.desc()),
        (_, None) => rows.filter(feedback::id.lt(before)).order(feedback::id.desc()),
    }
}

/// What the filter keeps, but for times and places.
fn kept<'a>(mut rows: Rows<'a>, filter: &FeedbackFilter, walk: Walk) -> Rows<'a> {
    if let Some(status) = filter.signalled() {
        rows = rows.filter(signals::status.eq(status)).filter(feedback::superseded_by.is_null());
    }
    if filter.status == Some(StatusFilter::Superseded) {
        rows = rows.filter(feedback::superseded_by.is_not_null());
    }
    if let Some(verdict) = filter.verdict {
        rows = rows.filter(feedback::verdict.eq(verdict));
    }
    if let Some(category) = walk.category {
        rows = rows.filter(feedback::category_id.eq(category));
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
