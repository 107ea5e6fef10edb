//! The mails of this slice: each message is told once to whom it concerns, through the outbox.
//! Nobody is told of what they wrote, and nobody who wants no mail.

use super::model::{Message, MessageKind, Question};
use super::queries;
use crate::accounts::{PersonId, Who};
use crate::capture::words;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::escalations::queries::people_of;
use crate::mail::outbox::{self, NewMail};
use crate::news::queries::is_declined;
use crate::web::Site;
use crate::web::token::Purpose;
use askama::Template;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "mail/question.txt")]
struct TextMail<'a> {
    name: &'a str,
    letter: &'a Letter,
    unsubscribe: &'a str,
}

#[derive(Template)]
#[template(path = "mail/question.html")]
struct HtmlMail<'a> {
    name: &'a str,
    letter: &'a Letter,
    unsubscribe: &'a str,
}

/// What all who are told of a message read.
struct Letter {
    who: String,
    /// What the question is about: an agent, or nothing.
    agent: String,
    /// What was asked in the first place, in one line; empty where this is the question.
    asked: String,
    text: String,
    link: String,
}

/// Tells whom a message concerns, each once.
pub(super) fn tell(
    conn: &mut Conn,
    site: &Site,
    by: &Who,
    row: &Question,
    message: &Message,
    named: &BTreeSet<PersonId>,
) -> AppResult<()> {
    let concerned = concerned(conn, row, message.kind)?;
    let all: BTreeSet<PersonId> = concerned.iter().chain(named).copied().collect();
    if all.iter().all(|person| *person == by.id()) {
        return Ok(());
    }
    let letter = letter(conn, site, by, row, message)?;
    for person in all.into_iter().filter(|person| *person != by.id()) {
        let subject = subject(message.kind, named.contains(&person));
        send(conn, site, person, subject, &letter)?;
    }
    Ok(())
}

/// Whom a message concerns: a question those who look after the team, an answer its asker, more of
/// it those who answered before.
fn concerned(conn: &mut Conn, row: &Question, kind: MessageKind) -> AppResult<BTreeSet<PersonId>> {
    match kind {
        MessageKind::Answer | MessageKind::Comment => Ok(BTreeSet::from([row.author_id])),
        MessageKind::Settled => Ok(BTreeSet::new()),
        MessageKind::Asked => looking_after(conn, row),
        MessageKind::More => {
            let before = queries::messages_of(conn, row.id)?.into_iter();
            let answered: BTreeSet<PersonId> = before
                .filter(|message| message.kind == MessageKind::Answer)
                .map(|message| message.person_id)
                .collect();
            if answered.is_empty() { looking_after(conn, row) } else { Ok(answered) }
        }
    }
}

/// The champions of a team, or its managers where there are none.
fn looking_after(conn: &mut Conn, row: &Question) -> AppResult<BTreeSet<PersonId>> {
    let team = people_of(conn, row.team_id)?;
    let has_champion = team.iter().any(|person| person.is_champion);
    let told = team.iter().filter(|person| match has_champion {
        true => person.is_champion,
        false => person.is_manager,
    });
    Ok(told.map(|person| person.id).collect())
}

fn letter(
    conn: &mut Conn,
    site: &Site,
    by: &Who,
    row: &Question,
    message: &Message,
) -> AppResult<Letter> {
    let agents = queries::agents_of(conn, row.agent_id.as_slice())?;
    let asked = match message.kind {
        MessageKind::Asked => String::new(),
        _ => queries::texts_of(conn, &[row.id])?.remove(&row.id).unwrap_or_default(),
    };
    Ok(Letter {
        who: by.person.name.clone(),
        agent: agents.into_values().next().map(|(name, _)| name).unwrap_or_default(),
        asked: if asked.is_empty() { asked } else { words::one_line(&asked) },
        text: message.body.clone(),
        link: format!("{}/questions/{}#reply", site.public_url, row.id),
    })
}

fn subject(kind: MessageKind, is_named: bool) -> &'static str {
    match kind {
        _ if is_named => "You are mentioned in a question",
        MessageKind::Asked => "Somebody has a question for you",
        MessageKind::More => "A question you answered goes on",
        MessageKind::Answer => "Your question was answered",
        MessageKind::Comment => "Somebody wrote about your question",
        MessageKind::Settled => "A question is settled",
    }
}

fn send(
    conn: &mut Conn,
    site: &Site,
    person: PersonId,
    subject: &str,
    letter: &Letter,
) -> AppResult<()> {
    if is_declined(conn, person)? {
        return Ok(());
    }
    let Some((name, recipient)) = queries::address_of(conn, person)? else { return Ok(()) };
    let token = site.signer.sign(Purpose::Unsubscribe, person.0, None);
    let unsubscribe = &format!("{}/unsubscribe/{token}", site.public_url);
    let text = TextMail { name: &name, letter, unsubscribe };
    let html = HtmlMail { name: &name, letter, unsubscribe };
    let mail = NewMail {
        kind: "question",
        recipient,
        subject: subject.to_owned(),
        body_text: text.render().map_err(AppError::internal)?,
        body_html: html.render().map_err(AppError::internal)?,
    };
    match outbox::enqueue_unsubscribable(conn, mail, unsubscribe) {
        // A name that is no address gets no mail, and keeps nobody else from theirs.
        Err(AppError::Invalid(_)) => Ok(()),
        other => other,
    }
}
