//! Signing in by a link: asking for one, using it, and going again.

use crate::accounts::model::{NewSession, Person, SignInLink};
use crate::accounts::{PersonId, queries};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::{AppError, AppResult};
use crate::mail::{self, NewMail};
use crate::schema::{people, sessions, sign_in_links};
use crate::web::token;
use askama::Template;
use diesel::prelude::*;

/// How long a link that was mailed works.
pub const MAILED_MINUTES: i64 = 30;
/// How long a link that `overrule user add` printed works.
pub const PRINTED_MINUTES: i64 = 24 * 60;
/// How long a browser stays signed in.
pub const SESSION_MINUTES: i64 = 30 * 24 * 60;
/// Unused links one person may have; more are not mailed, so that nobody's mailbox is filled.
const OPEN_LINKS: i64 = 5;

#[derive(Template)]
#[template(path = "mail/sign_in.txt")]
struct Text<'a> {
    name: &'a str,
    link: &'a str,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "mail/sign_in.html")]
struct Html<'a> {
    name: &'a str,
    link: &'a str,
    minutes: i64,
}

/// Mails a link to whoever has this address and may sign in; says nothing about whether there is
/// such a person.
pub fn ask_for_link(conn: &mut Conn, address: &str, public_url: &str, next: &str) -> AppResult<()> {
    let person = queries::find_by_address(conn, address)?
        .filter(|person| person.can_sign_in && person.deactivated_at.is_none());
    let Some(person) = person else { return Ok(()) };
    let Some(recipient) = person.address.clone() else { return Ok(()) };
    if open_links(conn, person.id)? >= OPEN_LINKS {
        return Ok(());
    }
    let token = make_link(conn, person.id, false, MAILED_MINUTES)?;
    let mut link = format!("{public_url}/sign-in/{token}");
    if next != "/" {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        link.push('?');
        link.push_str(&query.append_pair("next", next).finish());
    }
    let (name, minutes) = (person.name.as_str(), MAILED_MINUTES);
    let text = Text { name, link: &link, minutes }.render().map_err(AppError::internal)?;
    let html = Html { name, link: &link, minutes }.render().map_err(AppError::internal)?;
    let subject = "Your link to sign in to Overrule".to_owned();
    mail::enqueue(conn, &NewMail { kind: "sign_in", recipient, subject, text, html })
}

fn open_links(conn: &mut Conn, person: PersonId) -> QueryResult<i64> {
    sign_in_links::table
        .filter(sign_in_links::person_id.eq(person))
        .filter(sign_in_links::used_at.is_null())
        .filter(sign_in_links::is_reusable.eq(false))
        .filter(sign_in_links::expires_at.gt(clock::now()))
        .count()
        .get_result(conn)
}

/// Makes a link and gives its token.
pub fn make_link(
    conn: &mut Conn,
    person: PersonId,
    is_reusable: bool,
    minutes: i64,
) -> AppResult<String> {
    let token = token::random();
    let now = clock::now();
    let link = SignInLink {
        token_hash: token::hash(&token),
        person_id: person,
        is_reusable,
        created_at: now,
        expires_at: now.plus_minutes(minutes),
        used_at: None,
    };
    diesel::insert_into(sign_in_links::table).values(&link).execute(conn)?;
    Ok(token)
}

/// Uses a link up and gives the token of a new session; nothing where the link is no good. An
/// earlier session of the same browser ends.
pub fn use_link(
    conn: &mut Conn,
    link_hash: Hash,
    earlier: Option<Hash>,
) -> AppResult<Option<(Person, String)>> {
    let now = clock::now();
    let good = sign_in_links::table
        .find(link_hash)
        .filter(sign_in_links::expires_at.gt(now))
        .filter(sign_in_links::used_at.is_null().or(sign_in_links::is_reusable.eq(true)));
    let used = diesel::update(good).set(sign_in_links::used_at.eq(Some(now))).execute(conn)?;
    if used == 0 {
        return Ok(None);
    }
    let Some(person) = queries::find_by_link(conn, link_hash)? else { return Ok(None) };
    if person.verified_at.is_none() {
        diesel::update(people::table.find(person.id))
            .set(people::verified_at.eq(Some(now)))
            .execute(conn)?;
    }
    if let Some(earlier) = earlier {
        end_session(conn, earlier)?;
    }
    let token = token::random();
    let session = NewSession {
        token_hash: token::hash(&token),
        person_id: person.id,
        created_at: now,
        expires_at: now.plus_minutes(SESSION_MINUTES),
    };
    diesel::insert_into(sessions::table).values(&session).execute(conn)?;
    let (by, subject) = (Actor::Person(person.id.0), format!("person:{}", person.id));
    audit::record(conn, by, "session.start", &subject, serde_json::json!({}))?;
    Ok(Some((person, token)))
}

/// Ends a session.
pub fn end_session(conn: &mut Conn, token_hash: Hash) -> AppResult<()> {
    diesel::delete(sessions::table.find(token_hash)).execute(conn)?;
    Ok(())
}

/// Deletes sessions and links that ran out before `before`.
pub fn tidy(conn: &mut Conn, before: Instant) -> AppResult<()> {
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(before))).execute(conn)?;
    diesel::delete(sign_in_links::table.filter(sign_in_links::expires_at.lt(before)))
        .execute(conn)?;
    Ok(())
}
