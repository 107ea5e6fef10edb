//! What the queue is cut down to: as it stands in the address, and as the database understands it.

use crate::accounts::{PersonId, Who, queries as accounts};
use crate::agents::model::Deployment;
use crate::agents::{CategoryId, VersionId, queries as agents};
use crate::capture::queries::{Used, used_by, used_in};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::hours::{self, Calendars};
use crate::signals::model::{ItemId, QueueState, Reviewer};
use crate::triage::queries;
use serde::Deserialize;

/// A day in minutes.
const DAY: i64 = 24 * 60;

/// The filter as it stands in the address. Words that mean nothing here are as if they were not
/// there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// `asked`, `escalated`, `adjudication` or `between_teams`; what waits for a decision
    /// otherwise.
    pub state: String,
    pub team: String,
    pub agent: String,
    pub version: String,
    pub verdict: String,
    pub category: String,
    pub severity: String,
    /// The address of somebody who reported it.
    pub person: String,
    /// `day`, `week` or `older`.
    pub age: String,
    /// `late` or `day`.
    pub due: String,
    /// `1`: claimed by the reader.
    pub mine: String,
}

impl Filter {
    /// Names and values, in the order in which they stand in the address.
    pub fn pairs(&self) -> [(&'static str, &str); 11] {
        [
            ("state", &self.state),
            ("team", &self.team),
            ("agent", &self.agent),
            ("version", &self.version),
            ("verdict", &self.verdict),
            ("category", &self.category),
            ("severity", &self.severity),
            ("person", &self.person),
            ("age", &self.age),
            ("due", &self.due),
            ("mine", &self.mine),
        ]
    }

    /// As a query for an address, without what is empty; empty where nothing is filtered.
    pub fn query(&self) -> String {
        let given = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
    }

    /// Read from a query; what it does not know is left out.
    pub fn from_query(query: &str) -> Self {
        let read = actix_web::web::Query::<Self>::from_query(query);
        read.map(actix_web::web::Query::into_inner).unwrap_or_default()
    }

    /// The address of a page of triage with this filter and another parameter.
    pub fn path(&self, path: &str, more: &[(&str, &str)]) -> String {
        let given = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(given)
            .extend_pairs(more)
            .finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same filter with another state.
    pub fn with_state(&self, state: &str) -> Self {
        Self { state: state.to_owned(), ..self.clone() }
    }

    /// What it waits for.
    pub fn state(&self) -> QueueState {
        self.state.parse().unwrap_or(QueueState::Waiting)
    }
}

/// When an item came, counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    Day,
    Week,
    Older,
}

impl Age {
    /// From the word in the address.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "older" => Some(Self::Older),
            _ => None,
        }
    }
    /// From the first instant on, and before the second.
    pub fn span(self, now: Instant) -> (Option<Instant>, Option<Instant>) {
        let (day, week) = (now.plus_minutes(-DAY), now.plus_minutes(-7 * DAY));
        match self {
            Self::Day => (Some(day), None),
            Self::Week => (Some(week), Some(day)),
            Self::Older => (None, Some(week)),
        }
    }
}

/// By when it should be decided, counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// That is past.
    Late,
    /// Within a day, or past.
    Day,
}

impl Due {
    /// From the word in the address.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "late" => Some(Self::Late),
            "day" => Some(Self::Day),
            _ => None,
        }
    }
    /// Whether only what is late is wanted.
    pub fn is_late(self) -> bool {
        self == Self::Late
    }
    /// It is due before this.
    pub fn before(self, now: Instant) -> Instant {
        match self {
            Self::Late => now,
            Self::Day => now.plus_minutes(DAY),
        }
    }
}

/// The filter as the database understands it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The deployments the reader decides for, as far as the filter keeps them.
    pub deployments: Vec<Deployment>,
    /// When their teams work.
    pub calendars: Calendars,
    pub state: QueueState,
    pub verdict: Option<Verdict>,
    pub severity: Option<Severity>,
    /// None is any; empty is none that exists.
    pub categories: Option<Vec<CategoryId>>,
    pub versions: Option<Vec<VersionId>>,
    pub age: Option<Age>,
    pub due: Option<Due>,
    /// Only these, where the filter names a person or the reader's own claims.
    pub items: Option<Vec<ItemId>>,
}

/// The deployments whose reports this person decides, with their names.
pub fn reviewed_by(conn: &mut Conn, who: &Who) -> AppResult<Vec<Used>> {
    let used = used_by(conn, who)?;
    Ok(used.into_iter().filter(|used| who.reviews(used.deployment.team_id)).collect())
}

/// The deployments of agents that a team of this person's owns, whoever uses them: where teams
/// contradict one another, that team decides.
pub fn settled_by(conn: &mut Conn, who: &Who) -> AppResult<Vec<Used>> {
    let mut teams = who.teams();
    teams.retain(|team| who.reviews(*team));
    let owned = if who.sees_all() { None } else { Some(agents::owned_by(conn, &teams)?) };
    let used = used_in(conn, None)?.into_iter();
    let is_owned =
        |used: &Used| owned.as_ref().is_none_or(|owned| owned.contains(&used.deployment.agent_id));
    Ok(used.filter(is_owned).collect())
}

/// The deployments in which this person may take what is in this state.
pub fn claimable_by(conn: &mut Conn, who: &Who, state: QueueState) -> AppResult<Vec<Used>> {
    match state {
        QueueState::BetweenTeams => settled_by(conn, who),
        _ => reviewed_by(conn, who),
    }
}

/// The deployments of which this person may know what is in this state.
pub fn seen_by(conn: &mut Conn, who: &Who, state: QueueState) -> AppResult<Vec<Used>> {
    let mut used = reviewed_by(conn, who)?;
    if state == QueueState::BetweenTeams {
        let settled = settled_by(conn, who)?.into_iter();
        let known: Vec<_> = used.iter().map(|used| used.deployment.id).collect();
        used.extend(settled.filter(|used| !known.contains(&used.deployment.id)));
    }
    Ok(used)
}

impl Wanted {
    /// What `filter` means for a person who reviews `used`.
    pub fn for_person(
        conn: &mut Conn,
        who: &Who,
        used: &[Used],
        filter: &Filter,
        now: Instant,
    ) -> AppResult<Self> {
        let mut wanted = Self::of(conn, used, filter)?;
        if filter.mine == "1" {
            let mine = queries::claimed_by(conn, Reviewer::Person(who.id()), now)?;
            wanted.only(mine);
        }
        Ok(wanted)
    }

    /// What `filter` means in these deployments, whoever asks.
    pub fn of(conn: &mut Conn, used: &[Used], filter: &Filter) -> AppResult<Self> {
        let kept = |used: &&Used| {
            (filter.agent.is_empty() || used.agent_slug == filter.agent)
                && (filter.team.is_empty() || used.team_slug == filter.team)
        };
        let deployments: Vec<Deployment> =
            used.iter().filter(kept).map(|used| used.deployment.clone()).collect();
        let mut agents: Vec<_> = deployments.iter().map(|d| d.agent_id).collect();
        agents.sort_unstable();
        agents.dedup();
        let categories = match filter.category.as_str() {
            "" => None,
            slug => Some(agents::categories_named(conn, Some(&agents), slug)?),
        };
        let versions = match filter.version.as_str() {
            "" => None,
            name => Some(agents::versions_named(conn, &agents, name)?),
        };
        let mut wanted = Self {
            calendars: hours::calendars_of(conn, used.iter().map(|used| &used.deployment))?,
            deployments,
            state: filter.state(),
            verdict: filter.verdict.parse().ok(),
            severity: filter.severity.parse().ok(),
            categories,
            versions,
            age: Age::parse(&filter.age),
            due: Due::parse(&filter.due),
            items: None,
        };
        if !filter.person.trim().is_empty() {
            let person = accounts::find_by_address(conn, &filter.person)?;
            let ids = match person {
                Some(person) => reported_by(conn, person.id)?,
                None => Vec::new(),
            };
            wanted.only(ids);
        }
        Ok(wanted)
    }

    fn only(&mut self, ids: Vec<ItemId>) {
        self.items = Some(match self.items.take() {
            Some(before) => before.into_iter().filter(|id| ids.contains(id)).collect(),
            None => ids,
        });
    }
}

fn reported_by(conn: &mut Conn, person: PersonId) -> AppResult<Vec<ItemId>> {
    Ok(queries::waiting_reported_by(conn, person)?)
}
