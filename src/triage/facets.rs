//! Counts beside the filters. The first 10,000 that wait are looked at and no more, so that a
//! count costs the same however much waits. That is the dearest of the page, so where there is much
//! the counts are kept for some seconds, and everybody's page shares them.

use super::filter::{Age, Wanted};
use crate::agents::model::Deployment;
use crate::agents::{AgentId, CategoryId, DeploymentId, VersionId};
use crate::db::{Conn, Instant, sql};
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
    rows.iter().map(|row| row.number).sum()
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
    number: i64,
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

const COUNT: &str = "SELECT verdict, severity, category_id, version_id, urgent, due, age, \
    CAST(count(*) AS BIGINT) AS number FROM ( \
        SELECT verdict, severity, category_id, version_id, \
        CAST(CASE WHEN is_urgent THEN 1 ELSE 0 END AS BIGINT) AS urgent, \
        CAST(CASE WHEN is_urgent THEN \
            CASE WHEN waiting_at < $1 THEN 0 WHEN waiting_at < $2 THEN 1 ELSE 2 END ELSE \
            CASE WHEN waiting_at < $3 THEN 0 WHEN waiting_at < $4 THEN 1 ELSE 2 END END \
            AS BIGINT) AS due, \
        CAST(CASE WHEN waiting_at >= $5 THEN 0 WHEN waiting_at >= $6 THEN 1 ELSE 2 END \
            AS BIGINT) AS age \
        FROM queue WHERE deployment_id = $7 AND state = $8 LIMIT $9) AS looked_at \
    GROUP BY verdict, severity, category_id, version_id, urgent, due, age";

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
        for deployment in deployments {
            let rest = CAP + 1 - facets.looked_at;
            if rest <= 0 {
                break;
            }
            for row in kept_rows(conn, deployment, calendars, state, now, rest)? {
                facets.looked_at += row.number;
                let (deployment, agent) = (deployment.id, deployment.agent_id);
                facets.groups.push(Group { deployment, agent, row });
            }
        }
        Ok(facets)
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
        kept.filter(|group| of(&Each(group))).map(|group| group.row.number).sum()
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

/// As `rows`, but of much what was counted not long ago.
fn kept_rows(
    conn: &mut Conn,
    deployment: &Deployment,
    calendars: &Calendars,
    state: QueueState,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let key = (deployment.id, state);
    let all = || COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = all().as_ref().and_then(|all| {
        let counted = all.get(&key)?;
        (counted.is_fresh() && counted.is_enough(limit)).then(|| counted.rows.clone())
    });
    if let Some(rows) = kept {
        return Ok(rows);
    }
    let at = std::time::Instant::now();
    let rows = rows(conn, deployment, calendars, state, now, limit)?;
    if number(&rows) >= MUCH {
        let mut all = all();
        let all = all.get_or_insert_default();
        all.retain(|_, counted| counted.is_fresh());
        all.insert(key, Counted { at, limit, rows: rows.clone() });
    }
    Ok(rows)
}

fn rows(
    conn: &mut Conn,
    deployment: &Deployment,
    calendars: &Calendars,
    state: QueueState,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    const DAY: i64 = 24 * 60;
    let since = |is_urgent: bool, minutes: i64| {
        calendars.late_before(deployment, is_urgent, now.plus_minutes(minutes))
    };
    diesel::sql_query(COUNT)
        .bind::<sql::Instant, _>(since(true, 0))
        .bind::<sql::Instant, _>(since(true, DAY))
        .bind::<sql::Instant, _>(since(false, 0))
        .bind::<sql::Instant, _>(since(false, DAY))
        .bind::<sql::Instant, _>(now.plus_minutes(-DAY))
        .bind::<sql::Instant, _>(now.plus_minutes(-7 * DAY))
        .bind::<sql::Id, _>(deployment.id)
        .bind::<Text, _>(state)
        .bind::<BigInt, _>(limit)
        .load(conn)
}
