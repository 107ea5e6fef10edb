//! Claims: who looks at an item, so that nobody else does it meanwhile. They are told to others,
//! run out by themselves, and are given back by leaving or deciding. What makes sure that an item
//! is decided once is the key of its reviews; a claim only saves people's time.

use crate::clock;
use crate::db::{Conn, Instant, sql};
use crate::error::{AppError, AppResult};
use crate::schema::claims;
use crate::signals::model::{ItemId, Reviewer};
use crate::triage::filter::Wanted;
use crate::triage::model::{CLAIM_MINUTES, Claim, SLOT};
use crate::triage::queries::{self, Held};
use crate::triage::queue::{self, Place};
use crate::triage::subject::Subject;
use diesel::prelude::*;

/// How many free items are tried before none counts as free.
const TRIED: i64 = 20;

/// Claims an item, and with it what contradicts it; gives until when. Again by the same reviewer,
/// it only lasts longer.
pub fn claim(conn: &mut Conn, by: Reviewer, item: ItemId) -> AppResult<Instant> {
    let now = clock::now();
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    if subject.found.waiting.is_none() {
        let why = "This was decided already, so there is nothing to claim.";
        return Err(AppError::Conflict(why.into()));
    }
    let items = with_itself(&subject);
    if let Some(held) = held_by_others(conn, by, &items, now)? {
        return Err(AppError::Conflict(taken(&held)));
    }
    put(conn, by, &items, now)
}

/// Claims the first item after `after` that nobody looks at; nothing where there is none.
pub fn claim_next(
    conn: &mut Conn,
    by: Reviewer,
    wanted: &Wanted,
    after: Option<Place>,
) -> AppResult<Option<(ItemId, Instant)>> {
    let now = clock::now();
    for placed in queue::walk(conn, wanted, now, after, true, TRIED)? {
        let id = placed.row.item_id;
        if !lock(conn, id)? {
            continue;
        }
        let Some(subject) = Subject::load(conn, id)? else { continue };
        let items = with_itself(&subject);
        if held_by_others(conn, by, &items, now)?.is_some() {
            continue;
        }
        return Ok(Some((id, put(conn, by, &items, now)?)));
    }
    Ok(None)
}

/// What is claimed with an item: at least the item.
fn with_itself(subject: &Subject) -> Vec<ItemId> {
    let mut items = subject.together();
    if !items.contains(&subject.found.item.id) {
        items.push(subject.found.item.id);
    }
    items
}

/// Takes the row for this transaction, if no other has it. One writer needs no locks.
fn lock(conn: &mut Conn, item: ItemId) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Id)]
        #[allow(dead_code)] // Read only to be counted.
        item_id: ItemId,
    }
    if matches!(conn, Conn::Sqlite(_)) {
        return Ok(true);
    }
    let text = "SELECT item_id FROM queue WHERE item_id = $1 FOR UPDATE SKIP LOCKED";
    let rows: Vec<Row> = diesel::sql_query(text).bind::<sql::Id, _>(item).load(conn)?;
    Ok(!rows.is_empty())
}

/// The first claim of somebody else on any of these items.
pub(super) fn held_by_others(
    conn: &mut Conn,
    by: Reviewer,
    items: &[ItemId],
    now: Instant,
) -> AppResult<Option<Held>> {
    let held = queries::claims_on(conn, items, now)?;
    Ok(held.into_iter().find(|(claim, _, _)| !claim.is_of(by)))
}

/// Why an item can't be had just now.
pub(super) fn taken((claim, person, key): &Held) -> String {
    let name = person.as_deref().or(key.as_deref()).unwrap_or("Somebody");
    let until = clock::deadline(claim.claimed_until, clock::now());
    format!("{name} is looking at this one, until {until} at the latest.")
}

impl Claim {
    /// Whether it is this reviewer's.
    pub fn is_of(&self, by: Reviewer) -> bool {
        match by {
            Reviewer::Person(id) => self.person_id == Some(id),
            Reviewer::Key(id) => self.key_id == Some(id),
        }
    }
}

/// Stores the claims in place of what ran out and of earlier ones of the same reviewer.
fn put(conn: &mut Conn, by: Reviewer, items: &[ItemId], now: Instant) -> AppResult<Instant> {
    let until = now.plus_minutes(CLAIM_MINUTES);
    diesel::delete(claims::table.filter(claims::item_id.eq_any(items))).execute(conn)?;
    for item in items {
        let claim = Claim {
            item_id: *item,
            slot: SLOT,
            person_id: by.person(),
            key_id: by.key(),
            claimed_at: now,
            claimed_until: until,
        };
        diesel::insert_into(claims::table).values(&claim).execute(conn)?;
    }
    Ok(until)
}

/// Gives an item back, and what was claimed with it. Nothing happens where the reviewer doesn't
/// hold it; that somebody else does is a conflict.
pub fn give_back(conn: &mut Conn, by: Reviewer, item: ItemId) -> AppResult<()> {
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    let items = with_itself(&subject);
    let held = queries::claims_on(conn, &[item], clock::now())?;
    if let Some(held) = held.iter().find(|(claim, _, _)| !claim.is_of(by)) {
        return Err(AppError::Conflict(taken(held)));
    }
    let all = claims::table.filter(claims::item_id.eq_any(items));
    match by {
        Reviewer::Person(id) => diesel::delete(all.filter(claims::person_id.eq(id))).execute(conn),
        Reviewer::Key(id) => diesel::delete(all.filter(claims::key_id.eq(id))).execute(conn),
    }?;
    Ok(())
}

/// Gives back all that the reviewer holds: people look at one item at a time.
pub fn give_back_all(conn: &mut Conn, by: Reviewer) -> AppResult<()> {
    match by {
        Reviewer::Person(id) => {
            diesel::delete(claims::table.filter(claims::person_id.eq(id))).execute(conn)
        }
        Reviewer::Key(id) => {
            diesel::delete(claims::table.filter(claims::key_id.eq(id))).execute(conn)
        }
    }?;
    Ok(())
}
