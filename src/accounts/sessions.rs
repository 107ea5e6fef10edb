//! Sessions: how they start, what their person sees of them, how they end. Of a token only the
//! hash is stored.

use super::model::{Person, PersonId};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::AppResult;
use crate::schema::{people, sessions, sign_in_links};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

crate::text_enum!(
    /// How a session began.
    How {
        /// By a link, mailed or printed.
        Link = "link",
        /// By a password.
        Password = "password",
        /// By an identity provider.
        Oidc = "oidc",
        /// By the link that makes the first admin.
        First = "first",
    }
);

/// For how many minutes a new session may do what needs the password later.
const FRESH_MINUTES: i64 = 15;
/// How many sessions of one person are listed.
const MOST_LISTED: i64 = 100;
/// How many sessions one statement marks as used.
const CHUNK: usize = 500;

/// A browser that is signed in.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct Session {
    pub token_hash: Hash,
    pub person_id: PersonId,
    pub created_at: Instant,
    /// When it ends, however much it is used.
    pub expires_at: Instant,
    pub how: How,
    /// When it was last used, to the minute.
    pub last_seen_at: Instant,
    /// The browser in a few words, such as `Firefox on Linux`.
    pub browser: String,
    /// The network address it began at.
    pub address: String,
    /// What the identity provider said, to sign out there too.
    pub id_token: Option<String>,
}

impl Session {
    /// Whether the person proved a moment ago who they are.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.created_at.plus_minutes(FRESH_MINUTES) > now
    }
    /// The words for how it began.
    pub fn how_in_words(&self) -> &'static str {
        match self.how {
            How::Link => "by a link",
            How::Password => "by password",
            How::Oidc => "by single sign-on",
            How::First => "by the first link",
        }
    }
    /// What its person names it by, to end it.
    pub fn name(&self) -> String {
        hex::encode(self.token_hash.0)
    }
}

/// A session about to start.
#[derive(Debug, Clone)]
pub struct Start {
    /// The hash of its token.
    pub token_hash: Hash,
    pub how: How,
    /// The session that this browser had; it ends.
    pub old: Option<Hash>,
    pub browser: String,
    pub address: String,
    pub id_token: Option<String>,
    /// For how many days it lasts at most.
    pub days: u32,
}

/// Starts a session for `person`, and ends the one this browser had.
pub fn start(conn: &mut Conn, person: PersonId, new: &Start) -> AppResult<()> {
    let now = clock::now();
    end(conn, new.old)?;
    let session = Session {
        token_hash: new.token_hash,
        person_id: person,
        created_at: now,
        expires_at: now.plus_minutes(i64::from(new.days) * 24 * 60),
        how: new.how,
        last_seen_at: now,
        browser: new.browser.clone(),
        address: new.address.clone(),
        id_token: new.id_token.clone(),
    };
    diesel::insert_into(sessions::table).values(&session).execute(conn)?;
    let subject = format!("person:{person}");
    let detail = json!({ "how": new.how.as_str() });
    audit::record(conn, Actor::Person(person.0), "session.start", &subject, detail)
}

/// Marks the address of `person` as theirs.
pub fn verify(conn: &mut Conn, person: &Person, now: Instant) -> QueryResult<()> {
    if person.verified_at.is_none() {
        diesel::update(people::table.find(person.id))
            .set(people::verified_at.eq(Some(now)))
            .execute(conn)?;
    }
    Ok(())
}

/// Ends a session, if there is one with this token.
pub fn end(conn: &mut Conn, session: Option<Hash>) -> QueryResult<()> {
    if let Some(session) = session {
        diesel::delete(sessions::table.find(session)).execute(conn)?;
    }
    Ok(())
}

/// Signs out: ends the session and gives it back, so that its provider can be told.
pub fn sign_out(conn: &mut Conn, session: Hash) -> AppResult<Option<Session>> {
    let found: Option<Session> =
        sessions::table.find(session).select(sessions::all_columns).first(conn).optional()?;
    if let Some(found) = &found {
        let person = found.person_id;
        let subject = format!("person:{person}");
        audit::record(conn, Actor::Person(person.0), "session.end", &subject, json!({}))?;
        end(conn, Some(session))?;
    }
    Ok(found)
}

/// Ends one session of `person`; nothing happens where it is somebody else's.
pub fn end_one_of(conn: &mut Conn, person: PersonId, session: Hash) -> AppResult<usize> {
    let mine = sessions::table.find(session).filter(sessions::person_id.eq(person));
    let ended = diesel::delete(mine).execute(conn)?;
    told(conn, Actor::Person(person.0), person, ended)
}

/// Ends every session of `person` but `except`, as when a password or a role changed, and says who
/// did it. It goes unrecorded when there was none.
pub fn end_others_of(
    conn: &mut Conn,
    by: Actor,
    person: PersonId,
    except: Option<Hash>,
) -> AppResult<usize> {
    let all = sessions::table.filter(sessions::person_id.eq(person));
    let ended = match except {
        Some(except) => {
            diesel::delete(all.filter(sessions::token_hash.ne(except))).execute(conn)?
        }
        None => diesel::delete(all).execute(conn)?,
    };
    told(conn, by, person, ended)
}

/// Voids the one-time links of `person` that nobody used yet, as when they sign out everywhere.
pub fn void_links(conn: &mut Conn, person: PersonId) -> QueryResult<usize> {
    let links = sign_in_links::table
        .filter(sign_in_links::person_id.eq(person))
        .filter(sign_in_links::is_reusable.eq(false));
    diesel::delete(links).execute(conn)
}

fn told(conn: &mut Conn, by: Actor, person: PersonId, ended: usize) -> AppResult<usize> {
    if ended > 0 {
        let subject = format!("person:{person}");
        audit::record(conn, by, "session.end", &subject, json!({ "count": ended }))?;
    }
    Ok(ended)
}

/// The sessions of `person` that are still good, the last used first; a hundred at most.
pub fn list_of(
    conn: &mut Conn,
    person: PersonId,
    now: Instant,
    idle_minutes: i64,
) -> QueryResult<Vec<Session>> {
    sessions::table
        .filter(sessions::person_id.eq(person))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_seen_at.gt(now.plus_minutes(-idle_minutes)))
        .order((sessions::last_seen_at.desc(), sessions::token_hash))
        .limit(MOST_LISTED)
        .select(sessions::all_columns)
        .load(conn)
}

/// Sessions that were used since they were last written down: no request waits for a write.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<HashSet<Hash>>>);

impl Seen {
    /// Notes that a session was used.
    pub fn note(&self, session: Hash) {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(session);
    }

    /// Those noted since the last time, in lists of what one statement takes.
    pub fn take(&self) -> Vec<Vec<Hash>> {
        let mut noted = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let all: Vec<Hash> = std::mem::take(&mut *noted).into_iter().collect();
        all.chunks(CHUNK).map(<[Hash]>::to_vec).collect()
    }
}

/// Writes down that these sessions were used about now.
pub fn mark_seen(conn: &mut Conn, used: &[Hash], now: Instant) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::token_hash.eq_any(used)))
        .set(sessions::last_seen_at.eq(now))
        .execute(conn)
}

/// Removes sessions that ran out.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)
}

/// A browser in a few words, from what it says of itself.
pub fn browser_in_words(agent: &str) -> String {
    let first = |pairs: &[(&str, &'static str)]| {
        pairs.iter().find(|(part, _)| agent.contains(part)).map(|(_, word)| *word)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Mac OS X", "a Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_in_a_few_words() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
                "Safari on an iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0",
                "Edge on Windows",
            ),
            ("curl/8.0", "A browser"),
            ("", "A browser"),
        ] {
            assert_eq!(browser_in_words(agent), words);
        }
    }

    #[test]
    fn what_was_used_is_taken_once() {
        let seen = Seen::default();
        for n in 0..CHUNK + 1 {
            seen.note(Hash::of(&[&n.to_be_bytes()]));
            seen.note(Hash::of(&[&n.to_be_bytes()]));
        }
        assert_eq!(seen.take().iter().map(Vec::len).collect::<Vec<_>>(), [CHUNK, 1]);
        assert!(seen.take().is_empty());
    }
}
