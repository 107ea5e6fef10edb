//! `/questions/{id}`: the thread, writing in it, and pinning an answer to the agent.

use crate::accounts::{PersonId, SignedIn, Who};
use crate::agents::pinned::{self, Pinned, Text};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::escalations::queries::{names, team_names};
use crate::interactions::queries as interactions;
use crate::mail::Nudge;
use crate::questions::actions;
use crate::questions::forms::WriteForm;
use crate::questions::model::{Mention, Message, MessageKind, Question, QuestionId, State};
use crate::questions::pages;
use crate::questions::queries;
use crate::web::{PageContext, Site, form, page, see_other, token};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use std::collections::HashMap;

/// One message of the thread.
struct Said {
    title: String,
    text: String,
    when: When,
    /// Who was told of it because they are named in it.
    named: String,
}

#[derive(Template)]
#[template(path = "questions/show.html")]
struct ShowPage {
    ctx: PageContext,
    id: QuestionId,
    asker: String,
    team: String,
    state: Badge,
    is_private: bool,
    is_settled: bool,
    is_asker: bool,
    leads: bool,
    /// What the field to write in is called.
    label: &'static str,
    /// Path and name of the agent it is about.
    agent: Option<(String, String)>,
    /// Path and question of the interaction, where the reader may see it.
    about: Option<(String, String)>,
    said: Vec<Said>,
    /// How much of it the reader wrote: what they type next is kept under this number.
    written: usize,
    pinned: Option<Pinned>,
    form: WriteForm,
    mistakes: Mistakes,
}

/// What is read for the page.
struct Facts {
    row: Question,
    messages: Vec<Message>,
    mentions: Vec<Mention>,
    names: HashMap<PersonId, String>,
    team: String,
    agent: Option<(String, String)>,
    about: Option<(String, String)>,
    pinned: Option<Pinned>,
}

fn read(conn: &mut Conn, who: &Who, id: QuestionId) -> AppResult<Facts> {
    let row = queries::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?;
    let messages = queries::messages_of(conn, id)?;
    let mentions = queries::mentions_in(conn, id)?;
    let mut people: Vec<PersonId> = messages.iter().map(|message| message.person_id).collect();
    people.extend(mentions.iter().map(|mention| mention.person_id));
    let shown = match row.interaction_id {
        Some(id) => interactions::find_visible_to(conn, who, id)?,
        None => None,
    };
    let about = shown.map(|shown| {
        let input = shown.body.as_ref().map(|body| &body.input);
        (format!("/interactions/{}", shown.row.id), words::question(input))
    });
    let agent = queries::agents_of(conn, row.agent_id.as_slice())?.into_values().next();
    let pinned = match row.pinned_id {
        Some(id) => pinned::find(conn, id)?,
        None => None,
    };
    Ok(Facts {
        names: names(conn, &people)?,
        team: team_names(conn, &[row.team_id])?.into_values().next().unwrap_or_default(),
        agent: agent.map(|(name, slug)| (format!("/agents/{slug}"), name)),
        row,
        messages,
        mentions,
        about,
        pinned,
    })
}

/// The forms before anything was typed: a pin starts from what was asked and answered.
fn blank(facts: &Facts) -> WriteForm {
    let newest = facts.messages.iter().rev().find(|one| one.kind == MessageKind::Answer);
    let asked = facts.messages.first().map(|first| first.body.clone()).unwrap_or_default();
    let answer = newest.map(|answer| answer.body.clone()).unwrap_or_default();
    let (pin_question, pin_answer) = match &facts.pinned {
        Some(pinned) => (pinned.question.clone(), pinned.answer.clone()),
        None => (words::one_line(&asked), answer),
    };
    WriteForm { pin_question, pin_answer, nonce: token::random(), ..WriteForm::default() }
}

/// `GET /questions/{id}`
pub(super) async fn show(
    by: SignedIn,
    db: Data<Db>,
    id: Path<QuestionId>,
) -> AppResult<HttpResponse> {
    again(StatusCode::OK, &by, &db, id.into_inner(), None).await
}

/// The page, or the page with what was typed and what is wrong with it.
async fn again(
    status: StatusCode,
    by: &SignedIn,
    db: &Data<Db>,
    id: QuestionId,
    typed: Option<(WriteForm, Mistakes)>,
) -> AppResult<HttpResponse> {
    let who = by.who.clone();
    let facts = db.read(move |conn| read(conn, &who, id)).await?;
    let mut blank = blank(&facts);
    let (form, mistakes) = match typed {
        // Only what one of the forms has was typed; the others are as they were.
        Some((typed, mistakes)) if typed.pin_question.is_empty() && typed.pin_answer.is_empty() => {
            blank.message = typed.message;
            blank.nonce = typed.nonce;
            (blank, mistakes)
        }
        Some((typed, mistakes)) => (WriteForm { nonce: blank.nonce, ..typed }, mistakes),
        None => (blank, Mistakes::default()),
    };
    page(status, &make(by, facts, form, mistakes, clock::now()))
}

fn make(
    by: &SignedIn,
    facts: Facts,
    form: WriteForm,
    mistakes: Mistakes,
    now: Instant,
) -> ShowPage {
    let Facts { row, messages, mentions, names, team, agent, about, pinned } = facts;
    let asker = names.get(&row.author_id).cloned().unwrap_or_default();
    let (is_asker, leads) = (row.author_id == by.who.id(), by.who.leads(row.team_id));
    ShowPage {
        ctx: by.ctx(),
        id: row.id,
        asker,
        team,
        state: pages::state(row.state),
        is_private: row.is_private,
        is_settled: row.state == State::Settled,
        label: match (is_asker, leads) {
            (true, _) => "Add something",
            (false, true) => "Your answer",
            (false, false) => "Write something",
        },
        is_asker,
        leads,
        agent,
        about,
        written: messages.iter().filter(|one| one.person_id == by.who.id()).count(),
        said: messages.iter().map(|one| said(one, &mentions, &names, now)).collect(),
        pinned,
        form,
        mistakes,
    }
}

fn said(
    message: &Message,
    mentions: &[Mention],
    names: &HashMap<PersonId, String>,
    now: Instant,
) -> Said {
    let who = names.get(&message.person_id).cloned().unwrap_or_default();
    let named: Vec<String> = mentions
        .iter()
        .filter(|mention| mention.message_id == message.id)
        .filter_map(|mention| names.get(&mention.person_id).cloned())
        .collect();
    let what = match message.kind {
        MessageKind::Asked => "asked",
        MessageKind::More => "went on",
        MessageKind::Answer => "answered",
        MessageKind::Comment => "wrote",
        MessageKind::Settled => "settled it",
    };
    Said {
        title: format!("{who} {what}"),
        text: message.body.clone(),
        when: words::when(message.created_at, now),
        named: words::list(&named, "and"),
    }
}

/// Back to the thread when it was done, or the page again with what was typed.
async fn done(
    by: &SignedIn,
    db: &Data<Db>,
    id: QuestionId,
    sent: WriteForm,
    result: AppResult<()>,
) -> AppResult<HttpResponse> {
    match result {
        Ok(()) => Ok(see_other(&format!("/questions/{id}"))),
        Err(AppError::Invalid(mistakes)) => {
            again(StatusCode::UNPROCESSABLE_ENTITY, by, db, id, Some((sent, mistakes))).await
        }
        Err(other) => Err(other),
    }
}

/// `POST /questions/{id}/messages`
pub(super) async fn write(
    by: SignedIn,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    id: Path<QuestionId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (sent, id): (WriteForm, _) = (form::read(&body)?, id.into_inner());
    let result = match sent.text() {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(text) => {
            let (who, site) = (by.who.clone(), site.clone());
            let (settles, nonce) = (sent.settles(), sent.nonce.clone());
            let work = move |conn: &mut Conn| {
                actions::write(conn, &site, &who, id, (&text, settles, &nonce))
            };
            db.write(work).await
        }
    };
    nudge.mail();
    done(&by, &db, id, sent, result).await
}

/// `POST /questions/{id}/pin`
pub(super) async fn pin(
    by: SignedIn,
    db: Data<Db>,
    id: Path<QuestionId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (sent, id): (WriteForm, _) = (form::read(&body)?, id.into_inner());
    let who = by.who.clone();
    db.read(move |conn| actions::led_by(conn, &who, id)).await?;
    let result = match Text::check(&sent.pin_question, &sent.pin_answer) {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(text) => {
            let who = by.who.clone();
            db.write(move |conn| actions::pin(conn, &who, id, &text)).await
        }
    };
    done(&by, &db, id, sent, result).await
}

/// `POST /questions/{id}/unpin`
pub(super) async fn unpin(
    by: SignedIn,
    db: Data<Db>,
    id: Path<QuestionId>,
) -> AppResult<HttpResponse> {
    let (who, id) = (by.who, id.into_inner());
    db.write(move |conn| actions::unpin(conn, &who, id)).await?;
    Ok(see_other(&format!("/questions/{id}")))
}
