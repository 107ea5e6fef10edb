//! Counts beside the filters. The first 10,000 that wait are looked at and no more, so that a
//! count costs the same however much waits. That is the dearest of the page, so where there is much
//! the counts are kept for some seconds, and everybody's page shares them.

use super::filter::{Age, Wanted};
use super::queue::bounds;
use crate::agents::model::Deployment;
use crate::agents::{AgentId, CategoryId, DeploymentId, VersionId};
use crate::db::{Conn, Either, Instant, sql};
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::hours::Calendars;
use crate::signals::model::QueueState;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far is counted.
pub const CAP: i64 = 10_000;
/// From how many on nobody looks for one more or less, and for how long such counts are kept.
const MUCH: i64 = 1_000;
const KEPT: Duration = Duration::from_secs(10);

/// What was counted of a deployment not long ago.
static COUNTED: Mutex<Option<HashMap<(DeploymentId, QueueState), Counted>>> = Mutex::new(None);

struct Counted {
    at: std::time::Instant,
    limit: i64,
    rows: Vec<Row>,
}

impl Counted {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < KEPT
    }
    /// Whether a count that may go as far as `limit` would find the same.
    fn is_enough(&self, limit: i64) -> bool {
        self.limit >= limit || number(&self.rows) < self.limit
    }
}

fn number(rows: &[Row]) -> i64 {
    rows.iter().map(|row| row.count).sum()
}

/// Items that are the same in all that is filtered by.
#[derive(Debug, Clone, QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    verdict: Option<Verdict>,
    #[diesel(sql_type = Text)]
    severity: Severity,
    #[diesel(sql_type = Nullable<sql::Id>)]
    category_id: Option<CategoryId>,
    #[diesel(sql_type = sql::Id)]
    version_id: VersionId,
    /// 1 where it is urgent.
    #[diesel(sql_type = BigInt)]
    urgent: i64,
    /// 0 late, 1 due within a day, 2 later.
    #[diesel(sql_type = BigInt)]
    due: i64,
    /// 0 of this day, 1 of this week, 2 older.
    #[diesel(sql_type = BigInt)]
    age: i64,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The same, with the place of the deployment among those that were asked for.
#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(embed)]
    row: Row,
}

/// A group of items in one deployment.
#[derive(Debug, Clone)]
struct Group {
    deployment: DeploymentId,
    agent: AgentId,
    row: Row,
}

/// What the counts are made of.
#[derive(Debug, Default)]
pub struct Facets {
    groups: Vec<Group>,
    looked_at: i64,
}

/// What a count leaves out of the filter: its own dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum But {
    Nothing,
    Agent,
    Version,
    Verdict,
    Severity,
    Category,
    Age,
    Due,
}

/// Where the rows come from, of the deployments in a table of bounds. SQLite goes from one
/// deployment to the next by itself; PostgreSQL might take the whole queue for it.
const ON_SQLITE: &str = "(SELECT value ->> 0 AS number, unhex(value ->> 1) AS deployment, \
    value ->> 2 AS urgent_now, value ->> 3 AS urgent_soon, value ->> 4 AS other_now, \
    value ->> 5 AS other_soon FROM json_each($3)) AS bounds \
    CROSS JOIN queue ON queue.deployment_id = bounds.deployment AND queue.state = $4";
const ON_POSTGRES: &str = "jsonb_to_recordset(CAST($3 AS jsonb)) AS bounds(number bigint, \
    deployment uuid, urgent_now timestamptz, urgent_soon timestamptz, other_now timestamptz, \
    other_soon timestamptz) CROSS JOIN LATERAL (SELECT * FROM queue \
    WHERE deployment_id = bounds.deployment AND state = $4 LIMIT $5) AS queue";
const NAMES: [&str; 4] = ["urgent_now", "urgent_soon", "other_now", "other_soon"];

fn statement(is_postgres: bool) -> String {
    let from = if is_postgres { ON_POSTGRES } else { ON_SQLITE };
    format!(
        "SELECT number, verdict, severity, category_id, version_id, urgent, due, age, \
        CAST(count(*) AS BIGINT) AS count FROM ( \
            SELECT CAST(bounds.number AS BIGINT) AS number, \
            verdict, severity, category_id, version_id, \
            CAST(CASE WHEN is_urgent THEN 1 ELSE 0 END AS BIGINT) AS urgent, \
            CAST(CASE WHEN is_urgent THEN CASE WHEN waiting_at < urgent_now THEN 0 \
                WHEN waiting_at < urgent_soon THEN 1 ELSE 2 END \
                ELSE CASE WHEN waiting_at < other_now THEN 0 \
                WHEN waiting_at < other_soon THEN 1 ELSE 2 END END AS BIGINT) AS due, \
            CAST(CASE WHEN waiting_at >= $1 THEN 0 WHEN waiting_at >= $2 THEN 1 ELSE 2 END \
                AS BIGINT) AS age \
            FROM {from} LIMIT $5) AS looked_at \
        GROUP BY number, verdict, severity, category_id, version_id, urgent, due, age"
    )
}

impl Facets {
    /// Counts what is in one state in these deployments, whatever else is filtered by.
    pub fn count(
        conn: &mut Conn,
        deployments: &[Deployment],
        calendars: &Calendars,
        state: QueueState,
        now: Instant,
    ) -> QueryResult<Self> {
        let mut facets = Self::default();
        let mut rest = Vec::new();
        for deployment in deployments {
            match kept(deployment, state, CAP + 1 - facets.looked_at) {
                Some(rows) if !facets.is_capped() => facets.add(deployment, rows),
                _ => rest.push(deployment),
            }
        }
        let limit = CAP + 1 - facets.looked_at;
        if limit > 0 && !rest.is_empty() {
            for (deployment, rows) in rows(conn, &rest, calendars, state, now, limit)? {
                facets.add(deployment, rows);
            }
        }
        Ok(facets)
    }

    fn add(&mut self, of: &Deployment, rows: Vec<Row>) {
        self.looked_at += number(&rows);
        let group = |row| Group { deployment: of.id, agent: of.agent_id, row };
        self.groups.extend(rows.into_iter().map(group));
    }

    /// The versions that are among them.
    pub fn versions(&self) -> Vec<VersionId> {
        let mut ids: Vec<VersionId> = self.groups.iter().map(|g| g.row.version_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether there is more than what was looked at.
    pub fn is_capped(&self) -> bool {
        self.looked_at > CAP
    }

    /// How many there are of what `of` keeps and the filter keeps, but for one dimension.
    pub fn number(&self, wanted: &Wanted, but: But, of: impl Fn(&Each<'_>) -> bool) -> i64 {
        let kept = self.groups.iter().filter(|group| group.is_kept(wanted, but));
        kept.filter(|group| of(&Each(group))).map(|group| group.row.count).sum()
    }
}

/// One group, as a filter looks at it.
pub struct Each<'a>(&'a Group);

impl Each<'_> {
    /// Whose they are.
    pub fn agent(&self) -> AgentId {
        self.0.agent
    }
    /// The version that answered.
    pub fn version(&self) -> VersionId {
        self.0.row.version_id
    }
    /// What was said; nothing of what was drawn at random.
    pub fn verdict(&self) -> Option<Verdict> {
        self.0.row.verdict
    }
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.0.row.severity
    }
    /// What is wrong.
    pub fn category(&self) -> Option<CategoryId> {
        self.0.row.category_id
    }
    /// Whether somebody waits for an answer.
    pub fn is_urgent(&self) -> bool {
        self.0.row.urgent == 1
    }
    /// Whether it should have been decided before now, or will have to be within a day.
    pub fn is_due(&self, late: bool) -> bool {
        self.0.row.due <= i64::from(!late)
    }
    /// When it came.
    pub fn age(&self) -> Age {
        match self.0.row.age {
            0 => Age::Day,
            1 => Age::Week,
            _ => Age::Older,
        }
    }
}

impl Group {
    fn is_kept(&self, wanted: &Wanted, but: But) -> bool {
        let each = Each(self);
        let agrees = |dimension: But, fits: bool| dimension == but || fits;
        agrees(But::Agent, wanted.deployments.iter().any(|d| d.id == self.deployment))
            && agrees(But::Verdict, wanted.verdict.is_none_or(|v| Some(v) == each.verdict()))
            && agrees(But::Severity, wanted.severity.is_none_or(|s| s == each.severity()))
            && agrees(But::Age, wanted.age.is_none_or(|age| age == each.age()))
            && agrees(But::Due, wanted.due.is_none_or(|due| each.is_due(due.is_late())))
            && agrees(
                But::Category,
                wanted
                    .categories
                    .as_ref()
                    .is_none_or(|all| each.category().is_some_and(|id| all.contains(&id))),
            )
            && agrees(
                But::Version,
                wanted.versions.as_ref().is_none_or(|all| all.contains(&each.version())),
            )
    }
}

/// What was counted of a deployment not long ago, where it was much.
fn kept(deployment: &Deployment, state: QueueState, limit: i64) -> Option<Vec<Row>> {
    let all = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = all.as_ref()?.get(&(deployment.id, state))?;
    (counted.is_fresh() && counted.is_enough(limit)).then(|| counted.rows.clone())
}

/// Keeps much for some seconds; of what was cut short it is known how far it goes.
fn keep(deployment: &Deployment, state: QueueState, limit: i64, rows: &[Row]) {
    let mut all = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    all.retain(|_, counted| counted.is_fresh());
    let counted = Counted { at: std::time::Instant::now(), limit, rows: rows.to_vec() };
    all.insert((deployment.id, state), counted);
}

/// Counts what is in these deployments, one after the other, up to `limit`.
fn rows<'a>(
    conn: &mut Conn,
    deployments: &[&'a Deployment],
    calendars: &Calendars,
    state: QueueState,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<(&'a Deployment, Vec<Row>)>> {
    const DAY: i64 = 24 * 60;
    let bounds_of = |of: &&Deployment| {
        let since = |is_urgent: bool, minutes: i64| {
            calendars.late_before(of, is_urgent, now.plus_minutes(minutes)).as_micros()
        };
        (of.id, [since(true, 0), since(true, DAY), since(false, 0), since(false, DAY)])
    };
    let is_postgres = matches!(conn.either(), Either::Postgres(_));
    let bounds = bounds::json(is_postgres, NAMES, deployments.iter().map(bounds_of));
    let counts: Vec<Numbered> = diesel::sql_query(statement(is_postgres))
        .bind::<sql::Instant, _>(now.plus_minutes(-DAY))
        .bind::<sql::Instant, _>(now.plus_minutes(-7 * DAY))
        .bind::<Text, _>(bounds)
        .bind::<Text, _>(state)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    let mut found: Vec<(&Deployment, Vec<Row>)> =
        deployments.iter().map(|each| (*each, Vec::new())).collect();
    for count in counts {
        let of = usize::try_from(count.number).ok().and_then(|number| found.get_mut(number));
        if let Some((_, rows)) = of {
            rows.push(count.row);
        }
    }
    found.retain(|(_, rows)| !rows.is_empty());
    keep_all(&found, state, limit);
    Ok(found)
}

/// Keeps what was much of what was counted one after the other, up to `limit`.
fn keep_all(found: &[(&Deployment, Vec<Row>)], state: QueueState, limit: i64) {
    let mut left = limit;
    for (deployment, rows) in found {
        let counted = number(rows);
        if counted >= MUCH {
            keep(deployment, state, left, rows);
        }
        left -= counted;
    }
}
