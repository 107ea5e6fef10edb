//! What colleagues asked in the demo: some is answered, one answer is pinned, one waits.

use super::people::address;
use crate::accounts::{TeamId, Who};
use crate::agents::AgentId;
use crate::agents::pinned::{self, Text};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::questions::model::{
    Message, MessageId, MessageKind, Question, QuestionId, Standing, State,
};
use crate::schema::{question_messages, questions};
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Who says what, how many minutes after the question.
type Line = (&'static str, MessageKind, i64, &'static str);

/// Team, agent, hours ago, what was written, and how it is pinned.
type Thread =
    (&'static str, &'static str, i64, &'static [Line], Option<(&'static str, &'static str)>);

const THREADS: &[Thread] = &[
    (
        "support",
        "returns-helper",
        70,
        &[
            (
                "noor.haddad",
                MessageKind::Asked,
                0,
                "Does the helper know about parcels that were sent before the new return times?",
            ),
            (
                "lena.fischer",
                MessageKind::Answer,
                34,
                "No, it always tells the new 60 days. For parcels sent before October it is still 30: correct it, and I accept it.",
            ),
            ("noor.haddad", MessageKind::Settled, 41, "Thank you!"),
        ],
        Some((
            "Which return time holds for my parcel?",
            "Parcels sent before October can be sent back for 30 days, later ones for 60. The helper always tells 60.",
        )),
    ),
    (
        "support",
        "returns-helper",
        26,
        &[
            (
                "tomas.rivera",
                MessageKind::Asked,
                0,
                "It promised a refund in cash. Is that wrong, or just unusual?",
            ),
            ("jun.takeda", MessageKind::Comment, 12, "I had the same last week."),
            (
                "lena.fischer",
                MessageKind::Answer,
                95,
                "It is wrong: refunds go back the way they were paid. Please report it as unsafe.",
            ),
        ],
        None,
    ),
    (
        "support",
        "",
        3,
        &[(
            "ifeoma.okafor",
            MessageKind::Asked,
            0,
            "Where do I see what became of the reports I sent before my holidays?",
        )],
        None,
    ),
    (
        "analytics",
        "text-to-sql",
        50,
        &[
            ("yuki.sato", MessageKind::Asked, 0, "May I correct a query that works but is slow?"),
            (
                "diego.morales",
                MessageKind::Answer,
                20,
                "Yes, and write in the comment how much faster yours is.",
            ),
        ],
        None,
    ),
];

/// Writes the threads.
pub fn make(conn: &mut Conn, cast: &HashMap<String, Arc<Who>>, now: Instant) -> AppResult<()> {
    for thread in THREADS {
        write(conn, cast, now, thread)?;
    }
    Ok(())
}

fn write(
    conn: &mut Conn,
    cast: &HashMap<String, Arc<Who>>,
    now: Instant,
    (team, agent, hours, lines, pin): &Thread,
) -> AppResult<()> {
    let Some(team) = crate::accounts::queries::find_team(conn, team)? else { return Ok(()) };
    let agent = crate::agents::queries::find_by_slug(conn, agent)?;
    let asked_at = now.plus_minutes(-hours * 60);
    let id = QuestionId::new();
    let messages = messages(id, cast, asked_at, lines);
    let Some(first) = messages.first() else { return Ok(()) };
    let mut row = question(id, team.id, agent.as_ref().map(|agent| agent.id), first);
    let standing = messages.iter().fold(Standing::asked(asked_at), |standing, message| {
        standing.then(message.kind, message.person_id, message.created_at)
    });
    standing.project(&mut row, |at| (at.as_micros() - asked_at.as_micros()) / 60_000_000);
    if let (Some(agent), Some((question, answer)), Some(by)) = (agent, pin, row.answered_by) {
        let text = Text { question: (*question).to_owned(), answer: (*answer).to_owned() };
        row.pinned_id = Some(pinned::pin(conn, agent.id, team.id, &text, by)?.id);
    }
    diesel::insert_into(questions::table).values(&row).execute(conn)?;
    for message in &messages {
        diesel::insert_into(question_messages::table).values(message).execute(conn)?;
    }
    Ok(())
}

fn messages(
    question_id: QuestionId,
    cast: &HashMap<String, Arc<Who>>,
    asked_at: Instant,
    lines: &[Line],
) -> Vec<Message> {
    let message = |(local, kind, minutes, text): &Line| {
        Some(Message {
            id: MessageId::new(),
            question_id,
            kind: *kind,
            person_id: cast.get(&address(local))?.id(),
            body: (*text).to_owned(),
            nonce: crate::web::token::random(),
            created_at: asked_at.plus_minutes(*minutes),
        })
    };
    lines.iter().filter_map(message).collect()
}

fn question(
    id: QuestionId,
    team_id: TeamId,
    agent_id: Option<AgentId>,
    first: &Message,
) -> Question {
    Question {
        id,
        team_id,
        agent_id,
        interaction_id: None,
        author_id: first.person_id,
        is_private: false,
        state: State::Open,
        order_at: first.created_at,
        asked_at: first.created_at,
        answered_at: None,
        answered_by: None,
        answer_minutes: None,
        pinned_id: None,
    }
}
