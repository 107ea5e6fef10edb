//! The mails of this slice.

use super::links::MAILED_MINUTES;
use super::model::{Person, Who};
use super::people::INVITED_MINUTES;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::mail::outbox::{self, NewMail};
use crate::web::Site;
use askama::Template;

#[derive(Template)]
#[template(path = "mail/sign_in.txt")]
struct SignInText<'a> {
    name: &'a str,
    link: &'a str,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "mail/sign_in.html")]
struct SignInHtml<'a> {
    name: &'a str,
    link: &'a str,
    minutes: i64,
}

/// Queues the mail with the link that signs `person` in and leads to `next`.
pub(super) fn sign_in(
    conn: &mut Conn,
    site: &Site,
    person: &Person,
    token: &str,
    next: &str,
) -> AppResult<()> {
    let Some(recipient) = person.address.clone() else { return Ok(()) };
    let link = &format!("{}{}", site.public_url, super::pages::link_path(token, next));
    let (name, minutes) = (person.name.as_str(), MAILED_MINUTES);
    let mail = NewMail {
        kind: "sign_in",
        recipient,
        subject: "Your link to sign in to Overrule".into(),
        body_text: SignInText { name, link, minutes }.render().map_err(AppError::internal)?,
        body_html: SignInHtml { name, link, minutes }.render().map_err(AppError::internal)?,
    };
    outbox::enqueue(conn, mail)
}

#[derive(Template)]
#[template(path = "mail/password_set.txt")]
struct PasswordSetText<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "mail/password_set.html")]
struct PasswordSetHtml<'a> {
    name: &'a str,
    link: &'a str,
}

/// Queues the mail that says that `person` has a new password.
pub(super) fn password_set(conn: &mut Conn, site: &Site, person: &Person) -> AppResult<()> {
    let Some(recipient) = person.address.clone() else { return Ok(()) };
    let link = &format!("{}/sign-in?next=%2Fprofile", site.public_url);
    let name = person.name.as_str();
    let mail = NewMail {
        kind: "password_set",
        recipient,
        subject: "Your password for Overrule was set".into(),
        body_text: PasswordSetText { name, link }.render().map_err(AppError::internal)?,
        body_html: PasswordSetHtml { name, link }.render().map_err(AppError::internal)?,
    };
    outbox::enqueue(conn, mail)
}

#[derive(Template)]
#[template(path = "mail/invitation.txt")]
struct InvitationText<'a> {
    name: &'a str,
    by: &'a str,
    link: &'a str,
    days: i64,
}

#[derive(Template)]
#[template(path = "mail/invitation.html")]
struct InvitationHtml<'a> {
    name: &'a str,
    by: &'a str,
    link: &'a str,
    days: i64,
}

/// Queues the mail that invites `person`, with the link that signs them in for the first time.
pub(super) fn invitation(
    conn: &mut Conn,
    site: &Site,
    by: &Who,
    person: &Person,
    token: &str,
) -> AppResult<()> {
    let Some(recipient) = person.address.clone() else { return Ok(()) };
    let link = &format!("{}{}", site.public_url, super::pages::link_path(token, "/"));
    let (name, by) = (person.name.as_str(), by.person.name.as_str());
    let days = INVITED_MINUTES / (24 * 60);
    let mail = NewMail {
        kind: "invitation",
        recipient,
        subject: "You are invited to Overrule".into(),
        body_text: InvitationText { name, by, link, days }.render().map_err(AppError::internal)?,
        body_html: InvitationHtml { name, by, link, days }.render().map_err(AppError::internal)?,
    };
    outbox::enqueue(conn, mail)
}
