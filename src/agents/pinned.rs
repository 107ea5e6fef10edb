//! Pinned answers: what the champions of a team want everybody to read beside what an agent is
//! good at. Texts of their own, so that what was asked in a team stays there.

use super::model::AgentId;
use crate::accounts::{PersonId, TeamId};
use crate::clock;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::pinned_answers;
use diesel::prelude::*;

crate::id_type!(
    /// The id of a pinned answer.
    PinnedId
);

/// How many answers a team may pin to one agent: a page of them is no longer read.
pub const MOST: usize = 12;
/// The most characters of a pinned question, and of its answer.
pub const MAX_QUESTION: usize = 300;
/// As above, of the answer.
pub const MAX_ANSWER: usize = 2_000;

/// A question with its answer, for whoever uses the agent in the team.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = pinned_answers, treat_none_as_default_value = false)]
pub struct Pinned {
    pub id: PinnedId,
    pub agent_id: AgentId,
    pub team_id: TeamId,
    pub question: String,
    pub answer: String,
    pub pinned_by: Option<PersonId>,
    pub created_at: Instant,
}

/// A question and its answer as somebody wants them read; both trimmed, neither empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub question: String,
    pub answer: String,
}

impl Text {
    /// Checks both; the fields are called `pin_question` and `pin_answer`.
    pub fn check(question: &str, answer: &str) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut one = |field: &str, text: &str, most: usize, limit: &str| {
            let text = text.trim().to_owned();
            if text.is_empty() {
                mistakes.add(field, "Write something first.");
            } else if text.chars().count() > most {
                mistakes.add(field, format!("It has more than {limit} characters."));
            }
            text
        };
        let question = one("pin_question", question, MAX_QUESTION, "300");
        let answer = one("pin_answer", answer, MAX_ANSWER, "2,000");
        mistakes.or(Self { question, answer })
    }
}

/// What is pinned to an agent for a team, in the order in which it was pinned; at most `MOST`.
pub fn list_for(conn: &mut Conn, agent: AgentId, team: TeamId) -> QueryResult<Vec<Pinned>> {
    list_for_any(conn, agent, &[team])
}

/// The same for some teams.
pub fn list_for_any(conn: &mut Conn, agent: AgentId, teams: &[TeamId]) -> QueryResult<Vec<Pinned>> {
    pinned_answers::table
        .filter(pinned_answers::agent_id.eq(agent))
        .filter(pinned_answers::team_id.eq_any(teams))
        .order(pinned_answers::id)
        .limit(i64::try_from(MOST * teams.len().max(1)).unwrap_or(i64::MAX))
        .select(pinned_answers::all_columns)
        .load(conn)
}

/// The pinned answer with this id.
pub fn find(conn: &mut Conn, id: PinnedId) -> QueryResult<Option<Pinned>> {
    pinned_answers::table.find(id).select(pinned_answers::all_columns).first(conn).optional()
}

/// Pins a new answer; refused where the team has pinned as many as are read.
pub fn pin(
    conn: &mut Conn,
    agent_id: AgentId,
    team_id: TeamId,
    text: &Text,
    by: PersonId,
) -> AppResult<Pinned> {
    if list_for(conn, agent_id, team_id)?.len() >= MOST {
        let why = "Twelve answers are pinned already, which is as many as anybody reads. \
            Take one away first.";
        return Err(AppError::invalid("pin_question", why));
    }
    let row = Pinned {
        id: PinnedId::new(),
        agent_id,
        team_id,
        question: text.question.clone(),
        answer: text.answer.clone(),
        pinned_by: Some(by),
        created_at: clock::now(),
    };
    diesel::insert_into(pinned_answers::table).values(&row).execute(conn)?;
    Ok(row)
}

/// Changes what is pinned, in its place.
pub fn rewrite(conn: &mut Conn, id: PinnedId, text: &Text, by: PersonId) -> QueryResult<()> {
    diesel::update(pinned_answers::table.find(id))
        .set((
            pinned_answers::question.eq(&text.question),
            pinned_answers::answer.eq(&text.answer),
            pinned_answers::pinned_by.eq(Some(by)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes it away.
pub fn unpin(conn: &mut Conn, id: PinnedId) -> QueryResult<()> {
    diesel::delete(pinned_answers::table.find(id)).execute(conn)?;
    Ok(())
}
