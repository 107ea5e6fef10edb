//! Every query on questions.

use super::model::{
    MOST_MESSAGES, Mention, Message, MessageId, MessageKind, Question, QuestionId, State,
};
use crate::accounts::{PersonId, TeamId, Who};
use crate::agents::AgentId;
use crate::db::{Conn, Instant, MultiBackend};
use crate::schema::{agents, people, question_mentions, question_messages, questions};
use diesel::prelude::*;
use std::collections::HashMap;

/// How many of the newest answered questions say how long an answer takes.
const NEWEST: i64 = 200;

/// The question with this id; the caller knows who may see it.
pub fn find_by_id(conn: &mut Conn, id: QuestionId) -> QueryResult<Option<Question>> {
    questions::table.find(id).select(questions::all_columns).first(conn).optional()
}

/// The question, if this person may see it: its asker, whoever looks after its team, everybody of
/// the team unless it is private, and whoever was mentioned in it.
pub fn find_visible_to(
    conn: &mut Conn,
    who: &Who,
    id: QuestionId,
) -> QueryResult<Option<Question>> {
    let Some(row) = find_by_id(conn, id)? else { return Ok(None) };
    let is_theirs = row.author_id == who.id() || who.leads(row.team_id);
    let is_seen =
        who.in_team(row.team_id) && (!row.is_private || is_mentioned(conn, id, who.id())?);
    Ok(Some(row).filter(|_| is_theirs || is_seen))
}

fn is_mentioned(conn: &mut Conn, id: QuestionId, person: PersonId) -> QueryResult<bool> {
    let found: Option<MessageId> = question_messages::table
        .inner_join(question_mentions::table)
        .filter(question_messages::question_id.eq(id))
        .filter(question_mentions::person_id.eq(person))
        .select(question_messages::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// The message of this person that came with this nonce.
pub fn find_by_nonce(
    conn: &mut Conn,
    person: PersonId,
    nonce: &str,
) -> QueryResult<Option<Message>> {
    question_messages::table
        .filter(question_messages::person_id.eq(person))
        .filter(question_messages::nonce.eq(nonce))
        .select(question_messages::all_columns)
        .first(conn)
        .optional()
}

/// What was written, oldest first.
pub fn messages_of(conn: &mut Conn, id: QuestionId) -> QueryResult<Vec<Message>> {
    question_messages::table
        .filter(question_messages::question_id.eq(id))
        .order(question_messages::id)
        .limit(MOST_MESSAGES)
        .select(question_messages::all_columns)
        .load(conn)
}

/// Who was mentioned in the messages of a question.
pub fn mentions_in(conn: &mut Conn, id: QuestionId) -> QueryResult<Vec<Mention>> {
    question_mentions::table
        .inner_join(question_messages::table)
        .filter(question_messages::question_id.eq(id))
        .select(question_mentions::all_columns)
        .load(conn)
}

/// What was asked with these questions.
pub fn texts_of(conn: &mut Conn, ids: &[QuestionId]) -> QueryResult<HashMap<QuestionId, String>> {
    let rows: Vec<(QuestionId, String)> = question_messages::table
        .filter(question_messages::question_id.eq_any(ids))
        .filter(question_messages::kind.eq(MessageKind::Asked))
        .select((question_messages::question_id, question_messages::body))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Name and slug of these agents.
pub fn agents_of(
    conn: &mut Conn,
    ids: &[AgentId],
) -> QueryResult<HashMap<AgentId, (String, String)>> {
    let rows: Vec<(AgentId, String, String)> = agents::table
        .filter(agents::id.eq_any(ids))
        .select((agents::id, agents::name, agents::slug))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name, slug)| (id, (name, slug))).collect())
}

/// The address of somebody who can sign in.
pub fn address_of(conn: &mut Conn, person: PersonId) -> QueryResult<Option<(String, String)>> {
    let row: Option<(String, Option<String>)> = people::table
        .find(person)
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .select((people::name, people::address))
        .first(conn)
        .optional()?;
    Ok(row.and_then(|(name, address)| Some((name, address?))))
}

/// Whose questions a list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    /// What somebody asked.
    By(PersonId),
    /// What a person sees of their teams: all of those they look after, what is not private of the
    /// others, and what they asked themselves.
    Seen {
        led: Vec<TeamId>,
        member_of: Vec<TeamId>,
        by: PersonId,
    },
    /// All of the teams a person looks after.
    Led(Vec<TeamId>),
}

impl Scope {
    /// What this person sees.
    pub fn of(who: &Who) -> Self {
        if who.sees_all() {
            return Self::All;
        }
        let (led, member_of) = who.teams().into_iter().partition(|team| who.leads(*team));
        Self::Seen { led, member_of, by: who.id() }
    }
}

type Rows<'a> = questions::BoxedQuery<'a, MultiBackend, questions::SqlType>;

/// The walks of an index that make up a scope; no question is in two of them.
fn parts(scope: &Scope) -> Vec<Rows<'static>> {
    let all = || questions::table.into_boxed();
    let team = |team: TeamId, is_private: bool| {
        all().filter(questions::team_id.eq(team)).filter(questions::is_private.eq(is_private))
    };
    let whole = |led: &[TeamId]| -> Vec<Rows<'static>> {
        led.iter().flat_map(|id| [team(*id, false), team(*id, true)]).collect()
    };
    match scope {
        Scope::All => vec![all()],
        Scope::By(person) => vec![all().filter(questions::author_id.eq(*person))],
        Scope::Led(led) => whole(led),
        Scope::Seen { led, member_of, by } => {
            let mut parts = whole(led);
            parts.extend(member_of.iter().map(|id| team(*id, false)));
            // Their own that no walk above has: private ones, and those of teams they left.
            let elsewhere = questions::team_id.ne_all(member_of.clone());
            parts.push(
                all()
                    .filter(questions::author_id.eq(*by))
                    .filter(questions::team_id.ne_all(led.clone()))
                    .filter(questions::is_private.eq(true).or(elsewhere)),
            );
            parts
        }
    }
}

/// A place in a list: what it is sorted by, and the id.
pub type Place = (Instant, QuestionId);

/// Questions in one state: open ones that wait longest first, the others the newest first.
pub fn list(
    conn: &mut Conn,
    scope: &Scope,
    state: State,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<Question>> {
    let mut rows = Vec::new();
    for part in parts(scope) {
        rows.extend(walk(conn, part, state, after, limit)?);
    }
    rows.sort_by_key(|row| (row.order_at, row.id));
    if state != State::Open {
        rows.reverse();
    }
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(rows)
}

/// One walk. Both bounds of a place are given, so that the index is entered there.
fn walk(
    conn: &mut Conn,
    query: Rows<'_>,
    state: State,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<Question>> {
    let mut query = query.filter(questions::state.eq(state)).limit(limit);
    if let Some((at, id)) = after {
        query = match state {
            State::Open => query
                .filter(questions::order_at.ge(at))
                .filter(questions::order_at.gt(at).or(questions::id.gt(id))),
            State::Answered | State::Settled => query
                .filter(questions::order_at.le(at))
                .filter(questions::order_at.lt(at).or(questions::id.lt(id))),
        };
    }
    query = match state {
        State::Open => query.order((questions::order_at, questions::id)),
        State::Answered | State::Settled => {
            query.order((questions::order_at.desc(), questions::id.desc()))
        }
    };
    query.select(questions::all_columns).load(conn)
}

/// How many there are in one state, up to `cap`.
pub fn count(conn: &mut Conn, scope: &Scope, state: State, cap: i64) -> QueryResult<i64> {
    let mut number = 0;
    for part in parts(scope) {
        let ids: Vec<QuestionId> =
            part.filter(questions::state.eq(state)).limit(cap).select(questions::id).load(conn)?;
        number += i64::try_from(ids.len()).unwrap_or(cap);
    }
    Ok(number.min(cap))
}

/// Whose answers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    Everywhere,
    In(TeamId),
    By(PersonId),
}

/// The working minutes until the first answer, of the newest 200 that got one.
pub fn answer_minutes(conn: &mut Conn, which: Answered) -> QueryResult<Vec<i64>> {
    let query = questions::table
        .filter(questions::answered_at.is_not_null())
        .order(questions::answered_at.desc())
        .limit(NEWEST)
        .select(questions::answer_minutes.assume_not_null())
        .into_boxed();
    match which {
        Answered::Everywhere => query.load(conn),
        Answered::In(team) => query.filter(questions::team_id.eq(team)).load(conn),
        Answered::By(person) => query.filter(questions::answered_by.eq(person)).load(conn),
    }
}
