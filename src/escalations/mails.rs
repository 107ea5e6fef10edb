//! The mails of this slice: somebody has something new to look after, or a time runs out.

use super::model::{Escalation, NoticeKind};
use super::queries::{self, About};
use crate::accounts::PersonId;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult};
use crate::hours::Calendar;
use crate::mail::outbox::{self, NewMail};
use crate::web::Site;
use askama::Template;

/// What a mail says of one escalation.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub what: String,
    pub question: String,
    pub agent: String,
    pub link: String,
}

#[derive(Template)]
#[template(path = "mail/escalations.txt")]
struct Text<'a> {
    name: &'a str,
    lines: &'a [Line],
}

#[derive(Template)]
#[template(path = "mail/escalations.html")]
struct Html<'a> {
    name: &'a str,
    lines: &'a [Line],
}

/// Queues one mail with all that there is to tell somebody.
pub(super) fn queue(
    conn: &mut Conn,
    address: &str,
    name: &str,
    subject: String,
    lines: &[Line],
) -> AppResult<()> {
    let mail = NewMail {
        kind: "escalation",
        recipient: address.to_owned(),
        subject,
        body_text: Text { name, lines }.render().map_err(AppError::internal)?,
        body_html: Html { name, lines }.render().map_err(AppError::internal)?,
    };
    match outbox::enqueue(conn, mail) {
        // A name that is no address gets no mail, and keeps nobody else from theirs.
        Err(AppError::Invalid(_)) => Ok(()),
        other => other,
    }
}

/// Tells somebody that they have it now.
pub(super) fn assigned(
    conn: &mut Conn,
    site: &Site,
    row: &Escalation,
    to: PersonId,
    by: &str,
) -> AppResult<()> {
    let Some(person) = queries::find_person(conn, to)? else { return Ok(()) };
    let Some(address) = person.address else { return Ok(()) };
    let calendars = crate::hours::calendars(conn, &[row.team_id])?;
    let due = row.due_at.map(|due| deadline(due, calendars.of(row.team_id)));
    let due = due.map(|due| format!(" It is due {due}.")).unwrap_or_default();
    let about = queries::about(conn, &[row.feedback_id])?;
    let what = format!("{by} gave you this to look after.{due}");
    let line = line(site, row, about.get(&row.feedback_id), what);
    let subject = "An escalation is yours to look after".to_owned();
    queue(conn, &address, &person.name, subject, &[line])
}

/// A line about one escalation.
pub(super) fn line(site: &Site, row: &Escalation, about: Option<&About>, what: String) -> Line {
    let input = about.and_then(|about| about.input.as_ref());
    let question = input.map(|input| input.question()).unwrap_or_default();
    Line {
        what,
        question: short(&question),
        agent: about.map(|about| about.agent.clone()).unwrap_or_default(),
        link: format!("{}/escalations/{}", site.public_url, row.id),
    }
}

/// A question on one line of at most 160 characters.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}

/// When something is due, in the team's own time: `Tuesday 24 Nov, 14:05 CET`.
pub(super) fn deadline(at: Instant, calendar: &Calendar) -> String {
    let local = at.0.to_zoned_datetime(calendar.zone().clone());
    local.strftime("%A %-d %b, %H:%M %Z").to_string()
}

/// What is told, as a sentence.
pub(super) fn sentence(kind: NoticeKind, at: Instant, due: Instant, calendar: &Calendar) -> String {
    let (at, due) = (deadline(at, calendar), deadline(due, calendar));
    match kind {
        NoticeKind::Opened => format!("Somebody asks for a person. The first answer is due {due}."),
        NoticeKind::Replied => format!("The reporter answered. What is next is due {due}."),
        NoticeKind::AnswerSoon => format!("The first answer is due {due}."),
        NoticeKind::AnswerLate => format!("The first answer is late: it was due {at}."),
        NoticeKind::ResolutionSoon => format!("It should be done with by {due}."),
        NoticeKind::ResolutionLate => format!("It is late: it should have been done by {at}."),
    }
}
