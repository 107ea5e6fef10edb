//! The mails to reporters: all that there is to tell somebody goes into one. Safe to run twice and
//! on two machines: what is told is forgotten in the transaction that queues the mail.

use super::model::{News, NewsKind};
use super::queries;
use crate::accounts::PersonId;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult};
use crate::feedback::FeedbackId;
use crate::mail::outbox::{self, NewMail};
use crate::signals::model::{ItemId, Outcome, Resolution};
use crate::signals::queries as signals;
use crate::web::Site;
use crate::web::token::Purpose;
use askama::Template;
use std::collections::{BTreeMap, HashMap};

/// How many people are told in one transaction.
const AT_ONCE: i64 = 50;

/// What a mail says of one report.
struct Line {
    question: String,
    agent: String,
    what: Vec<String>,
    link: String,
}

#[derive(Template)]
#[template(path = "mail/news.txt")]
struct Text<'a> {
    name: &'a str,
    lines: &'a [Line],
    unsubscribe: &'a str,
}

#[derive(Template)]
#[template(path = "mail/news.html")]
struct Html<'a> {
    name: &'a str,
    lines: &'a [Line],
    unsubscribe: &'a str,
}

/// Whether somebody is to be told something.
pub fn is_due(conn: &mut Conn, now: Instant) -> AppResult<bool> {
    Ok(!queries::people_due(conn, now, 1)?.is_empty())
}

/// Queues the mails that are due, to fifty people at most; says to how many.
pub fn run(conn: &mut Conn, site: &Site, now: Instant) -> AppResult<usize> {
    let people = queries::people_due(conn, now, AT_ONCE)?;
    for person in &people {
        let all = queries::all_for(conn, *person)?;
        let ids: Vec<_> = all.iter().map(|news| news.id).collect();
        queries::forget(conn, &ids)?;
        if let Some((name, Some(address))) = queries::address_of(conn, *person)? {
            write(conn, site, *person, &name, address, &all)?;
        }
    }
    Ok(people.len())
}

fn write(
    conn: &mut Conn,
    site: &Site,
    person: PersonId,
    name: &str,
    address: String,
    all: &[News],
) -> AppResult<()> {
    let lines = lines(conn, site, all)?;
    if lines.is_empty() {
        return Ok(());
    }
    let token = site.signer.sign(Purpose::Unsubscribe, person.0, None);
    let unsubscribe = &format!("{}/unsubscribe/{token}", site.public_url);
    let page =
        (Text { name, lines: &lines, unsubscribe }, Html { name, lines: &lines, unsubscribe });
    let mail = NewMail {
        kind: "news",
        recipient: address,
        subject: match lines.len() {
            1 => "What became of your report".to_owned(),
            many => format!("What became of {many} of your reports"),
        },
        body_text: page.0.render().map_err(AppError::internal)?,
        body_html: page.1.render().map_err(AppError::internal)?,
    };
    match outbox::enqueue_unsubscribable(conn, mail, unsubscribe) {
        // A name that is no address gets no mail, and keeps nobody else from theirs.
        Err(AppError::Invalid(_)) => Ok(()),
        other => other,
    }
}

fn lines(conn: &mut Conn, site: &Site, all: &[News]) -> AppResult<Vec<Line>> {
    let items: Vec<ItemId> = all.iter().map(|news| news.item_id).collect();
    let standing = signals::standing(conn, &items)?;
    let ids: Vec<FeedbackId> = all.iter().map(|news| news.feedback_id).collect();
    let about = queries::about(conn, &ids)?;
    let mut told: BTreeMap<FeedbackId, Vec<String>> = BTreeMap::new();
    for news in all {
        told.entry(news.feedback_id).or_default().extend(sentence(news, &standing));
    }
    let line = |(id, what): (FeedbackId, Vec<String>)| {
        let (input, agent) = about.get(&id).cloned().unwrap_or_default();
        let question = input.map(|input| input.question());
        Line {
            question: short(&question.unwrap_or_default()),
            agent,
            what,
            link: format!("{}/feedback/{id}", site.public_url),
        }
    };
    Ok(told.into_iter().filter(|(_, what)| !what.is_empty()).map(line).collect())
}

/// What is told, as a sentence.
fn sentence(news: &News, standing: &HashMap<ItemId, Resolution>) -> Option<String> {
    let body = news.body.as_deref().map(|body| format!(" {body}")).unwrap_or_default();
    Some(match news.kind {
        NewsKind::Answered => format!("A person answered:{body}"),
        NewsKind::Asked => format!("A person asks you:{body}"),
        NewsKind::Closed => format!("A person is done with it.{body}"),
        NewsKind::Decided => {
            let decision = standing.get(&news.item_id)?;
            let why = decision.reason.as_deref().map(|why| format!(" {why}")).unwrap_or_default();
            match decision.outcome {
                Outcome::Accepted => format!("It was accepted.{why}"),
                Outcome::AcceptedWithEdits => format!("It was accepted with a change.{why}"),
                Outcome::Declined => format!("It was declined.{why}"),
                Outcome::Duplicate => "The same was reported before.".to_owned(),
                Outcome::NeedsInfo => format!("There is a question about it:{why}"),
                Outcome::Escalated => "It was passed on to somebody who can decide it.".to_owned(),
                Outcome::Reopened => format!("It is looked at again.{why}"),
            }
        }
    })
}

/// A question on one line of at most 160 characters.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}
