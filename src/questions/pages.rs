//! What lists and home pages show of questions.

use super::model::{Question, State, median};
use super::queries::{self, Answered};
use crate::accounts::Who;
use crate::capture::words::{self, Badge, When};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::escalations::queries::{names, team_names};

/// Fewer answers than this say nothing about how long one takes.
const ENOUGH: usize = 5;

/// One row of a list.
pub struct Row {
    pub href: String,
    /// What was asked, in one line.
    pub text: String,
    /// The agent it is about; empty where it is about none.
    pub agent: String,
    pub team: String,
    pub who: String,
    pub is_private: bool,
    pub state: Badge,
    /// Since when it stands so.
    pub when: When,
}

/// Questions as rows of a list, in the order they have.
pub fn rows(conn: &mut Conn, found: &[Question], now: Instant) -> AppResult<Vec<Row>> {
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let texts = queries::texts_of(conn, &ids)?;
    let agents: Vec<_> = found.iter().filter_map(|row| row.agent_id).collect();
    let agents = queries::agents_of(conn, &agents)?;
    let people: Vec<_> = found.iter().map(|row| row.author_id).collect();
    let people = names(conn, &people)?;
    let teams: Vec<_> = found.iter().map(|row| row.team_id).collect();
    let teams = team_names(conn, &teams)?;
    let row = |each: &Question| Row {
        href: format!("/questions/{}", each.id),
        text: texts.get(&each.id).map(|text| words::one_line(text)).unwrap_or_default(),
        agent: each.agent_id.and_then(|id| agents.get(&id)).cloned().unwrap_or_default().0,
        team: teams.get(&each.team_id).cloned().unwrap_or_default(),
        who: people.get(&each.author_id).cloned().unwrap_or_default(),
        is_private: each.is_private,
        state: state(each.state),
        when: words::when(each.order_at, now),
    };
    Ok(found.iter().map(row).collect())
}

/// Where a question stands, in a word.
pub fn state(state: State) -> Badge {
    match state {
        State::Open => Badge { kind: "pending", text: "Waits for an answer" },
        State::Answered => Badge { kind: "accepted", text: "Answered" },
        State::Settled => Badge { kind: "superseded", text: "Settled" },
    }
}

/// How long answers take: whose, the figure, and what it rests on.
pub struct Pace {
    pub label: String,
    pub value: String,
    pub rests_on: String,
}

/// How long answers take: of the teams somebody is manager of, of all for who sees all, and
/// their own for who answers. Nobody reads of anybody else.
pub fn paces(conn: &mut Conn, who: &Who) -> AppResult<Vec<Pace>> {
    let mut paces = Vec::new();
    if who.sees_all() {
        let minutes = queries::answer_minutes(conn, Answered::Everywhere)?;
        paces.extend(pace("First answer, in all teams".to_owned(), &minutes));
    }
    let managed: Vec<_> =
        who.memberships.iter().filter(|m| m.is_manager).map(|m| m.team_id).collect();
    let teams = team_names(conn, &managed)?;
    for team in managed {
        let minutes = queries::answer_minutes(conn, Answered::In(team))?;
        let name = teams.get(&team).cloned().unwrap_or_default();
        paces.extend(pace(format!("First answer in {name}"), &minutes));
    }
    if who.sees_all() || who.is_champion() || who.is_manager() {
        let minutes = queries::answer_minutes(conn, Answered::By(who.id()))?;
        paces.extend(pace("Your own first answers".to_owned(), &minutes));
    }
    Ok(paces)
}

fn pace(label: String, minutes: &[i64]) -> Option<Pace> {
    if minutes.len() < ENOUGH {
        return None;
    }
    let number = i64::try_from(minutes.len()).unwrap_or(i64::MAX);
    Some(Pace {
        label,
        value: within(median(minutes)?),
        rests_on: format!("half of the newest {} took no longer", words::count(number, "answer")),
    })
}

/// Working time in words: `25 minutes`, `3 hours`, `2 days` of 24 hours.
fn within(minutes: i64) -> String {
    match minutes {
        ..1 => "under a minute".to_owned(),
        1..120 => words::count(minutes, "minute"),
        120..2_880 => words::count((minutes + 30) / 60, "hour"),
        _ => words::count((minutes + 720) / 1_440, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_needs_enough_answers() {
        assert!(pace(String::new(), &[1, 2, 3, 4]).is_none());
        let value = |minutes: &[i64]| pace(String::new(), minutes).map(|pace| pace.value);
        assert_eq!(value(&[1, 2, 45, 60, 90]).as_deref(), Some("45 minutes"));
        assert_eq!(value(&[600; 5]).as_deref(), Some("10 hours"));
        assert_eq!(value(&[0; 5]).as_deref(), Some("under a minute"));
    }
}
