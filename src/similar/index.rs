//! Filling the index, beside what people do: what reports write is not one statement more.
//!
//! Two passes go over all review items in the order of their ids. The first takes what is new at
//! once. Ids are made before their rows are written, so a row may come to be behind it; the second
//! stays some minutes back and takes what the first missed. Both can be done again.

use super::model::Entry;
use super::words::words;
use crate::clock;
use crate::db::{Conn, Either, Instant, Portable, one_of};
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::insert_rows;
use crate::interactions::JsonText;
use crate::schema::{
    feedback, interaction_bodies, override_passes, override_words, past_overrides, review_items,
    signals,
};
use crate::signals::model::{Item, ItemId, ItemKind};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use std::collections::{BTreeMap, HashSet};

/// How many items are taken in one write: few, for whoever else writes waits for it.
const AT_ONCE: i64 = 40;
/// How far the second pass stays back: longer than any write takes, and clocks differ.
const BACK_MINUTES: i64 = 3;

/// The passes, by their names.
const FIRST: &str = "first";
const SECOND: &str = "second";

/// Some items that are to be taken into the index, as they were read.
#[derive(Debug, Clone)]
pub struct Batch {
    pass: &'static str,
    /// Where the pass was when they were read, and where it is once they are stored.
    from: Option<ItemId>,
    to: ItemId,
    /// Overrides that are not there yet, with the words of what was asked.
    new: Vec<(Item, Vec<String>)>,
}

/// Reads the next items of a pass; nothing where both passes are through.
pub fn next(conn: &mut Conn, now: Instant) -> AppResult<Option<Batch>> {
    for (pass, before) in passes(now) {
        let from = place(conn, pass)?;
        let items: Vec<Item> = review_items::table
            .filter(review_items::id.gt(from.unwrap_or(ItemId(uuid::Uuid::nil()))))
            .filter(review_items::id.lt(before))
            .order(review_items::id)
            .limit(AT_ONCE)
            .select(review_items::all_columns)
            .load(conn)?;
        let Some(to) = items.last().map(|item| item.id) else { continue };
        let there = there(conn, items.iter().map(|item| item.id).collect())?;
        let mut new = Vec::new();
        for item in items.into_iter().filter(|item| !there.contains(&item.id)) {
            if let Some(asked) = asked(conn, &item)? {
                let words = words(&asked.question());
                new.push((item, words));
            }
        }
        return Ok(Some(Batch { pass, from, to, new }));
    }
    Ok(None)
}

/// Stores a batch, unless another machine was here first.
pub fn store(conn: &mut Conn, batch: &Batch) -> AppResult<()> {
    if place(conn, batch.pass)? != batch.from {
        return Ok(());
    }
    let there = there(conn, batch.new.iter().map(|(item, _)| item.id).collect())?;
    let next = last(conn)? + 1;
    let (mut entries, mut counts) = (Vec::new(), BTreeMap::new());
    let new = batch.new.iter().filter(|(item, _)| !there.contains(&item.id));
    for (number, (item, words)) in (next..).zip(new) {
        for word in words {
            *counts.entry(word.clone()).or_insert(0i64) += 1;
        }
        entries.push(Entry {
            number,
            item_id: item.id,
            agent_id: item.agent_id,
            team_id: item.team_id,
            words: words.join(" "),
        });
    }
    insert_rows!(conn, past_overrides::table, entries.iter().collect::<Vec<_>>())?;
    count(conn, &counts)?;
    let row = (override_passes::name.eq(batch.pass), override_passes::after.eq(batch.to));
    let insert = diesel::insert_into(override_passes::table).values(row);
    let insert = insert.on_conflict(override_passes::name).do_update();
    Portable(insert.set(override_passes::after.eq(batch.to))).execute(conn)?;
    Ok(())
}

fn passes(now: Instant) -> [(&'static str, ItemId); 2] {
    let end = ItemId(uuid::Uuid::max());
    let millis = now.plus_minutes(-BACK_MINUTES).as_micros().max(0) / 1_000;
    let back = ItemId(uuid::Uuid::from_u128(u128::try_from(millis).unwrap_or(0) << 80));
    [(FIRST, end), (SECOND, back)]
}

/// The last item that a pass took.
fn place(conn: &mut Conn, pass: &str) -> QueryResult<Option<ItemId>> {
    override_passes::table.find(pass).select(override_passes::after).first(conn).optional()
}

/// Which of these items are in the index.
fn there(conn: &mut Conn, items: Vec<ItemId>) -> QueryResult<HashSet<ItemId>> {
    let rows: Vec<ItemId> = past_overrides::table
        .filter(one_of(past_overrides::item_id, &items))
        .select(past_overrides::item_id)
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The highest number so far.
pub(super) fn last(conn: &mut Conn) -> QueryResult<i64> {
    let last: Option<i64> = past_overrides::table
        .order(past_overrides::number.desc())
        .select(past_overrides::number)
        .first(conn)
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// What was asked; nothing where it is no override, or nobody stands behind it any more.
fn asked(conn: &mut Conn, item: &Item) -> QueryResult<Option<JsonText>> {
    if item.kind != ItemKind::Feedback {
        return Ok(None);
    }
    let found: Option<(Verdict, Option<JsonText>)> = signals::table
        .inner_join(feedback::table)
        .left_join(
            interaction_bodies::table
                .on(interaction_bodies::interaction_id.eq(signals::interaction_id)),
        )
        .filter(signals::item_id.eq(item.id))
        .order(signals::id)
        .select((feedback::verdict, interaction_bodies::input.nullable()))
        .first(conn)
        .optional()?;
    let asked = found.filter(|(verdict, _)| *verdict != Verdict::Confirmed);
    Ok(asked.map(|(_, input)| input.unwrap_or_else(|| JsonText::string(""))))
}

/// Adds to how many overrides have each word.
fn count(conn: &mut Conn, counts: &BTreeMap<String, i64>) -> AppResult<()> {
    const ADD: &str = "ON CONFLICT (word) DO UPDATE \
        SET overrides = override_words.overrides + excluded.overrides";
    let (words, numbers): (Vec<&String>, Vec<i64>) = counts.iter().unzip();
    match conn.either() {
        Either::Postgres(conn) => {
            let text = format!(
                "INSERT INTO override_words (word, overrides) SELECT * FROM unnest($1, $2) {ADD}"
            );
            diesel::sql_query(text)
                .bind::<Array<Text>, _>(words)
                .bind::<Array<BigInt>, _>(numbers)
                .execute(conn)?;
        }
        Either::Sqlite(conn) => {
            let text =
                format!("INSERT INTO override_words (word, overrides) VALUES ($1, $2) {ADD}");
            for (word, number) in words.into_iter().zip(numbers) {
                diesel::sql_query(&text)
                    .bind::<Text, _>(word)
                    .bind::<BigInt, _>(number)
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// How many overrides have each of these words.
pub(super) fn counts(conn: &mut Conn, words: &[String]) -> QueryResult<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = override_words::table
        .filter(one_of(override_words::word, words))
        .select(override_words::all_columns)
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Takes all that is there into the index at once: for a demo, and for tests.
pub fn fill(conn: &mut Conn) -> AppResult<()> {
    while let Some(batch) = next(conn, clock::now())? {
        store(conn, &batch)?;
    }
    Ok(())
}
