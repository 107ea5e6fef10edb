//! Claims: who looks at an item, so that nobody else does it meanwhile. They are told to others,
//! run out by themselves, and are given back by leaving or deciding. What makes sure that a slot
//! is decided once is the key of its reviews; a claim only saves people's time.

use super::between;
use crate::clock;
use crate::db::{Conn, Either, Instant, sql};
use crate::error::{AppError, AppResult};
use crate::schema::claims;
use crate::signals::model::{ItemId, Reviewer};
use crate::signals::queries as signals;
use crate::triage::filter::Wanted;
use crate::triage::judge::Judge;
use crate::triage::model::{CLAIM_MINUTES, Claim};
use crate::triage::queries::{self, Held};
use crate::triage::queue::{self, Place};
use crate::triage::slots::Slots;
use crate::triage::subject::Subject;
use diesel::prelude::*;

/// How many free items are tried before none counts as free.
const TRIED: i64 = 20;

/// An item that a reviewer holds until then, or why it is handed to another team.
pub type Claimed = Result<Instant, String>;

/// Claims a slot of an item, and with it of what contradicts it; gives until when. Again by the
/// same reviewer, it only lasts longer. What teams contradict one another in goes to the team that
/// owns the agent.
pub fn claim(conn: &mut Conn, judge: Judge<'_>, item: ItemId) -> AppResult<Claimed> {
    let now = clock::now();
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    if subject.found.waiting.is_none() {
        let why = "This was decided already, so there is nothing to claim.";
        return Err(AppError::Conflict(why.into()));
    }
    if let Some(why) = between::handed_over(conn, judge, &subject)? {
        return Ok(Err(why));
    }
    between::hand_back_if_settled(conn, &subject)?;
    let items = with_itself(&subject);
    let slot = match slot(conn, judge.by(), &subject, &items, now)? {
        Ok(slot) => slot,
        Err(why) => return Err(AppError::Conflict(why)),
    };
    Ok(Ok(put(conn, judge.by(), &items, slot, now)?))
}

/// Claims the first item after `after` that has a free slot for this reviewer; nothing where there
/// is none.
pub fn claim_next(
    conn: &mut Conn,
    judge: Judge<'_>,
    wanted: &Wanted,
    after: Option<Place>,
) -> AppResult<Option<(ItemId, Instant)>> {
    let now = clock::now();
    for placed in queue::walk(conn, wanted, now, after, Some(judge.by()), TRIED)? {
        let id = placed.row.item_id;
        if !lock(conn, id)? {
            continue;
        }
        let Some(subject) = Subject::load(conn, id)? else { continue };
        if between::handed_over(conn, judge, &subject)?.is_some() {
            continue;
        }
        if between::hand_back_if_settled(conn, &subject)? {
            continue;
        }
        let items = with_itself(&subject);
        if let Ok(slot) = slot(conn, judge.by(), &subject, &items, now)? {
            return Ok(Some((id, put(conn, judge.by(), &items, slot, now)?)));
        }
    }
    Ok(None)
}

/// What is claimed with an item: at least the item.
pub(super) fn with_itself(subject: &Subject) -> Vec<ItemId> {
    let mut items = subject.together();
    if !items.contains(&subject.found.item.id) {
        items.push(subject.found.item.id);
    }
    items
}

/// The slot that is free for this reviewer, or why there is none.
fn slot(
    conn: &mut Conn,
    by: Reviewer,
    subject: &Subject,
    items: &[ItemId],
    now: Instant,
) -> AppResult<Result<i64, String>> {
    let standing = signals::standing(conn, items)?;
    let slots = Slots::of(conn, subject, &standing)?;
    Ok(free_slot(&slots, by, &queries::claims_on(conn, items, now)?))
}

/// The slot that is free for this reviewer, or why there is none.
pub(super) fn free_slot(slots: &Slots, by: Reviewer, held: &[Held]) -> Result<i64, String> {
    if slots.has(by) {
        return Err(if slots.is_settling {
            "You decided this before, and the reviewers differ: somebody else settles it.".into()
        } else {
            "You decided this already. Others decide it now, without knowing what you said.".into()
        });
    }
    slots.free(by, held).ok_or_else(|| {
        let others = held.iter().find(|held| !held.0.is_of(by));
        others.map_or_else(|| "Others have decided this.".to_owned(), taken)
    })
}

/// Takes the row for this transaction, if no other has it. One writer needs no locks.
fn lock(conn: &mut Conn, item: ItemId) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Id)]
        #[allow(dead_code)] // Read only to be counted.
        item_id: ItemId,
    }
    if matches!(conn.either(), Either::Sqlite(_)) {
        return Ok(true);
    }
    let text = "SELECT item_id FROM queue WHERE item_id = $1 FOR UPDATE SKIP LOCKED";
    let rows: Vec<Row> = diesel::sql_query(text).bind::<sql::Id, _>(item).load(conn)?;
    Ok(!rows.is_empty())
}

/// Why an item can't be had just now.
fn taken((claim, person, key): &Held) -> String {
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
fn put(
    conn: &mut Conn,
    by: Reviewer,
    items: &[ItemId],
    slot: i64,
    now: Instant,
) -> AppResult<Instant> {
    let until = now.plus_minutes(CLAIM_MINUTES);
    let old = claims::table
        .filter(claims::item_id.eq_any(items))
        .filter(claims::claimed_until.le(now).or(claims::slot.eq(slot)));
    diesel::delete(old).execute(conn)?;
    drop_claims(conn, by, items)?;
    for item in items {
        let claim = Claim {
            item_id: *item,
            slot,
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
/// hold it; that only somebody else does is a conflict.
pub fn give_back(conn: &mut Conn, by: Reviewer, item: ItemId) -> AppResult<()> {
    let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
    let items = with_itself(&subject);
    let held = queries::claims_on(conn, &[item], clock::now())?;
    if let Some(others) = held.first().filter(|_| !held.iter().any(|(claim, ..)| claim.is_of(by))) {
        return Err(AppError::Conflict(taken(others)));
    }
    drop_claims(conn, by, &items)
}

/// Ends this reviewer's claims on these items.
pub(super) fn drop_claims(conn: &mut Conn, by: Reviewer, items: &[ItemId]) -> AppResult<()> {
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
