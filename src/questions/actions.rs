//! Asking, writing in a thread, and pinning what is worth reading twice.

use super::mentions::{self, Named};
use super::model::{
    MOST_MESSAGES, Mention, Message, MessageId, MessageKind, Question, QuestionId, Standing,
};
use super::{mails, queries};
use crate::accounts::{PersonId, TeamId, Who};
use crate::agents::AgentId;
use crate::agents::pinned::{self, Text};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash};
use crate::error::{AppError, AppResult};
use crate::escalations::queries::people_of;
use crate::hours;
use crate::interactions::InteractionId;
use crate::on_backend;
use crate::schema::{question_mentions, question_messages, questions};
use crate::web::{Site, token};
use diesel::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A question that is about to be asked.
#[derive(Debug, Clone)]
pub struct NewQuestion {
    pub team_id: TeamId,
    pub agent_id: Option<AgentId>,
    pub interaction_id: Option<InteractionId>,
    pub is_private: bool,
    /// Not empty, at most `MAX_TEXT` characters.
    pub text: String,
    pub nonce: String,
}

/// What makes a message one of its kind: the nonce of its form, with what was written where. The
/// form sent once more is the same; a form that somebody came back to and changed is not. Without
/// a nonce nothing is the same.
fn once(nonce: &str, text: &str, place: Uuid) -> String {
    if nonce.is_empty() {
        return token::random();
    }
    let hash = Hash::of(&[nonce.as_bytes(), text.as_bytes(), place.as_bytes()]);
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks, and tells whoever looks after the team. The same form again gives the same question.
pub fn ask(conn: &mut Conn, site: &Site, who: &Who, new: &NewQuestion) -> AppResult<QuestionId> {
    let nonce = once(&new.nonce, &new.text, new.team_id.0);
    if let Some(message) = queries::find_by_nonce(conn, who.id(), &nonce)? {
        return Ok(message.question_id);
    }
    let named = named_in(conn, new.team_id, &new.text, "question")?;
    let now = clock::now();
    let standing = Standing::asked(now);
    let row = Question {
        id: QuestionId::new(),
        team_id: new.team_id,
        agent_id: new.agent_id,
        interaction_id: new.interaction_id,
        author_id: who.id(),
        is_private: new.is_private,
        state: standing.state,
        order_at: standing.since,
        asked_at: now,
        answered_at: None,
        answered_by: None,
        answer_minutes: None,
        pinned_id: None,
    };
    diesel::insert_into(questions::table).values(&row).execute(conn)?;
    let message = message(&row, who, MessageKind::Asked, &new.text, &nonce);
    insert(conn, &message, &named)?;
    mails::tell(conn, site, who, &row, &message, &named)?;
    Ok(row.id)
}

/// Writes something in the thread of a question that this person may see.
pub fn write(
    conn: &mut Conn,
    site: &Site,
    who: &Who,
    id: QuestionId,
    (text, settles, nonce): (&str, bool, &str),
) -> AppResult<()> {
    let nonce = &once(nonce, text, id.0);
    if queries::find_by_nonce(conn, who.id(), nonce)?.is_some() {
        return Ok(());
    }
    let mut row = queries::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    let before = queries::messages_of(conn, id)?;
    if i64::try_from(before.len()).unwrap_or(i64::MAX) >= MOST_MESSAGES {
        let why = "This thread is full. Ask a new question, and give the address of this one.";
        return Err(AppError::invalid("message", why));
    }
    let kind = kind_of(who, &row, settles)?;
    let named = named_in(conn, row.team_id, text, "message")?;
    let message = message(&row, who, kind, text, nonce);
    insert(conn, &message, &named)?;
    let calendars = hours::calendars(conn, &[row.team_id])?;
    let (calendar, asked_at) = (calendars.of(row.team_id), row.asked_at);
    let standing = row.standing().then(kind, who.id(), message.created_at);
    standing.project(&mut row, |at| calendar.between(asked_at, at) / 60_000_000);
    diesel::update(questions::table.find(id)).set(&row).execute(conn)?;
    mails::tell(conn, site, who, &row, &message, &named)
}

/// What a message of this person is.
fn kind_of(who: &Who, row: &Question, settles: bool) -> AppResult<MessageKind> {
    let (is_asker, leads) = (row.author_id == who.id(), who.leads(row.team_id));
    Ok(match (settles, is_asker, leads) {
        (true, false, false) => {
            let why = "Whoever asked says when nothing is open any more, or a champion does.";
            return Err(AppError::Forbidden(why.into()));
        }
        (true, _, _) => MessageKind::Settled,
        (false, true, _) => MessageKind::More,
        (false, false, true) => MessageKind::Answer,
        (false, false, false) => MessageKind::Comment,
    })
}

fn message(row: &Question, who: &Who, kind: MessageKind, text: &str, nonce: &str) -> Message {
    Message {
        id: MessageId::new(),
        question_id: row.id,
        kind,
        person_id: who.id(),
        body: text.to_owned(),
        nonce: nonce.to_owned(),
        created_at: clock::now(),
    }
}

fn insert(conn: &mut Conn, message: &Message, named: &BTreeSet<PersonId>) -> AppResult<()> {
    diesel::insert_into(question_messages::table).values(message).execute(conn)?;
    let rows: Vec<Mention> =
        named.iter().map(|id| Mention { message_id: message.id, person_id: *id }).collect();
    if !rows.is_empty() {
        on_backend!(conn, |c| diesel::insert_into(question_mentions::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(())
}

/// Who of the team is named in a text; a name that two bear is a mistake of its field.
fn named_in(
    conn: &mut Conn,
    team: TeamId,
    text: &str,
    field: &str,
) -> AppResult<BTreeSet<PersonId>> {
    if !text.contains('@') {
        return Ok(BTreeSet::new());
    }
    let people = people_of(conn, team)?.into_iter();
    let people: Vec<Named> = people
        .map(|person| Named { id: person.id, name: person.name, address: person.address })
        .collect();
    mentions::find(text, &people).map_err(|ambiguous| {
        let names = ambiguous.people.join(" or ");
        let why = format!("“@{}” may be {names}. Write the whole name.", ambiguous.name);
        AppError::invalid(field, why)
    })
}

/// Pins an answer to the agent of a question, or changes what is pinned; for whoever looks after
/// the team.
pub fn pin(conn: &mut Conn, who: &Who, id: QuestionId, text: &Text) -> AppResult<()> {
    let row = led_by(conn, who, id)?;
    let Some(agent) = row.agent_id else {
        let why = "This question is about no agent, so there is nowhere to pin it.";
        return Err(AppError::invalid("pin_question", why));
    };
    let pinned_id = match row.pinned_id {
        Some(pinned_id) => {
            pinned::rewrite(conn, pinned_id, text, who.id())?;
            pinned_id
        }
        None => pinned::pin(conn, agent, row.team_id, text, who.id())?.id,
    };
    diesel::update(questions::table.find(id))
        .set(questions::pinned_id.eq(Some(pinned_id)))
        .execute(conn)?;
    noted(conn, who, &row, "question.pin")
}

/// Takes away what is pinned of a question.
pub fn unpin(conn: &mut Conn, who: &Who, id: QuestionId) -> AppResult<()> {
    let row = led_by(conn, who, id)?;
    let Some(pinned_id) = row.pinned_id else { return Ok(()) };
    diesel::update(questions::table.find(id))
        .set(questions::pinned_id.eq(None::<pinned::PinnedId>))
        .execute(conn)?;
    pinned::unpin(conn, pinned_id)?;
    noted(conn, who, &row, "question.unpin")
}

/// The question, if this person looks after its team.
pub(super) fn led_by(conn: &mut Conn, who: &Who, id: QuestionId) -> AppResult<Question> {
    let row = queries::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    if who.leads(row.team_id) {
        return Ok(row);
    }
    Err(AppError::Forbidden("Champions and managers pin what everybody should read.".into()))
}

fn noted(conn: &mut Conn, who: &Who, row: &Question, action: &str) -> AppResult<()> {
    let detail = json!({ "agent": row.agent_id, "team": row.team_id });
    let (actor, subject) = (Actor::Person(who.id().0), format!("question:{}", row.id));
    audit::record(conn, actor, action, &subject, detail)
}
