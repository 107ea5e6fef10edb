//! Sign-in links, and the sessions they start. Of every token only the hash is stored.

use super::mails;
use super::model::{LinkState, NewSession, Person, PersonId, SignInLink};
use super::queries;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::AppResult;
use crate::schema::{people, sessions, sign_in_links};
use crate::web::{Site, token};
use diesel::prelude::*;
use serde_json::json;

/// Minutes for which a mailed link works.
pub const MAILED_MINUTES: i64 = 30;
/// Minutes for which a link made at the command line works.
pub const PRINTED_MINUTES: i64 = 24 * 60;
/// Days for which a browser stays signed in.
pub const SESSION_DAYS: i64 = 30;
/// How many one-time links a person may have that still work. It keeps strangers from filling
/// someone's inbox.
const MAX_LINKS: i64 = 5;

/// Makes a link that signs `person` in for `valid_minutes`, once unless it is reusable. What is
/// given back belongs behind `/sign-in/`.
pub fn make_sign_in_link(
    conn: &mut Conn,
    person: PersonId,
    is_reusable: bool,
    valid_minutes: i64,
) -> AppResult<String> {
    let (token, now) = (token::random(), clock::now());
    let link = SignInLink {
        token_hash: token::hash(&token),
        person_id: person,
        is_reusable,
        created_at: now,
        expires_at: now.plus_minutes(valid_minutes),
        used_at: None,
    };
    diesel::insert_into(sign_in_links::table).values(&link).execute(conn)?;
    Ok(token)
}

/// Mails a link to whoever may sign in with `address`. Nobody learns whether that is someone:
/// nothing is given back, and an address nobody has is no error.
pub fn mail_sign_in_link(conn: &mut Conn, site: &Site, address: &str, next: &str) -> AppResult<()> {
    let Some(person) = queries::find_by_address(conn, address)? else { return Ok(()) };
    let may = person.can_sign_in && person.deactivated_at.is_none();
    if !may || queries::count_open_links(conn, person.id, clock::now())? >= MAX_LINKS {
        return Ok(());
    }
    let token = make_sign_in_link(conn, person.id, false, MAILED_MINUTES)?;
    mails::sign_in(conn, site, &person, &token, next)
}

/// What came of using a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// The session was started.
    SignedIn,
    /// The link doesn't work; nothing was changed.
    Refused(LinkState),
}

/// Uses a link: starts the session `new`, ends the session `old` that this browser had, and
/// marks the address as theirs. Of two who use a link at once, one wins.
pub fn use_link(conn: &mut Conn, link: Hash, new: Hash, old: Option<Hash>) -> AppResult<Used> {
    let now = clock::now();
    let Some((found, person)) = queries::find_link(conn, link)? else {
        return Ok(Used::Refused(LinkState::Unknown));
    };
    match found.state(&person, now) {
        LinkState::Good => {}
        bad => return Ok(Used::Refused(bad)),
    }
    if !found.is_reusable && !take(conn, link, now)? {
        return Ok(Used::Refused(LinkState::Used));
    }
    end_session(conn, old)?;
    let session = NewSession {
        token_hash: new,
        person_id: person.id,
        created_at: now,
        expires_at: now.plus_minutes(SESSION_DAYS * 24 * 60),
    };
    diesel::insert_into(sessions::table).values(&session).execute(conn)?;
    verify(conn, &person, now)?;
    audit::record(
        conn,
        Actor::Person(person.id.0),
        "session.start",
        &format!("person:{}", person.id),
        json!({}),
    )?;
    Ok(Used::SignedIn)
}

/// Whether the link was still there to be taken.
fn take(conn: &mut Conn, link: Hash, now: Instant) -> QueryResult<bool> {
    let open = sign_in_links::table.find(link).filter(sign_in_links::used_at.is_null());
    let taken = diesel::update(open).set(sign_in_links::used_at.eq(Some(now))).execute(conn)?;
    Ok(taken == 1)
}

fn verify(conn: &mut Conn, person: &Person, now: Instant) -> QueryResult<()> {
    if person.verified_at.is_none() {
        diesel::update(people::table.find(person.id))
            .set(people::verified_at.eq(Some(now)))
            .execute(conn)?;
    }
    Ok(())
}

/// Ends a session, if there is one with this token.
pub fn sign_out(conn: &mut Conn, session: Hash) -> AppResult<()> {
    if let Some(who) = queries::find_by_session(conn, session, clock::now())? {
        let subject = format!("person:{}", who.id());
        audit::record(conn, Actor::Person(who.id().0), "session.end", &subject, json!({}))?;
    }
    end_session(conn, Some(session))?;
    Ok(())
}

fn end_session(conn: &mut Conn, session: Option<Hash>) -> QueryResult<()> {
    if let Some(session) = session {
        diesel::delete(sessions::table.find(session)).execute(conn)?;
    }
    Ok(())
}

/// Removes sessions that ran out, and links a day after they did, so that for a while an old
/// link still says that it is old.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let yesterday = now.plus_minutes(-24 * 60);
    let sessions =
        diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)?;
    let links =
        diesel::delete(sign_in_links::table.filter(sign_in_links::expires_at.le(yesterday)))
            .execute(conn)?;
    Ok(sessions + links)
}
