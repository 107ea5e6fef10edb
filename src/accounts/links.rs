//! Sign-in links. Of every token only the hash is stored.

use super::mails;
use super::model::{LinkState, PersonId, SignInLink};
use super::sessions::{self, Start};
use super::{queries, tries};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::AppResult;
use crate::schema::sign_in_links;
use crate::web::{Site, token};
use diesel::prelude::*;

/// Minutes for which a mailed link works.
pub const MAILED_MINUTES: i64 = 30;
/// Minutes for which a link made at the command line works.
pub const PRINTED_MINUTES: i64 = 24 * 60;
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

/// Uses a link: starts the session `new` and marks the address as theirs. Of two who use a link
/// at once, one wins.
pub fn use_link(conn: &mut Conn, link: Hash, new: &Start) -> AppResult<Used> {
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
    sessions::start(conn, person.id, new)?;
    sessions::verify(conn, &person, now)?;
    Ok(Used::SignedIn)
}

/// Whether the link was still there to be taken.
fn take(conn: &mut Conn, link: Hash, now: Instant) -> QueryResult<bool> {
    let open = sign_in_links::table.find(link).filter(sign_in_links::used_at.is_null());
    let taken = diesel::update(open).set(sign_in_links::used_at.eq(Some(now))).execute(conn)?;
    Ok(taken == 1)
}

/// Removes sessions that ran out, what failed a day ago, and links a day after they
/// ran out, so that for a while an old link still says that it is old.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let yesterday = now.plus_minutes(-24 * 60);
    let links =
        diesel::delete(sign_in_links::table.filter(sign_in_links::expires_at.le(yesterday)))
            .execute(conn)?;
    Ok(sessions::tidy(conn, now)? + links + tries::tidy(conn, now)?)
}
