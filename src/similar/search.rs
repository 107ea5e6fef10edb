//! Looking for past overrides like a question: those that share its rarest words. What is common
//! is not looked for, so the cost is bounded however many there are.

use super::index;
use super::model::{COMMON, COMPARED, LEAST, RAREST};
use super::words::words;
use crate::accounts::TeamId;
use crate::agents::AgentId;
use crate::db::{Conn, Either, sql};
use crate::signals::model::ItemId;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::{BTreeMap, HashSet};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = sql::Id)]
    item_id: ItemId,
    #[diesel(sql_type = Text)]
    words: String,
}

// The words are quoted: letters and digits mean nothing else to either database.
const SQLITE: &str = "SELECT p.item_id, p.words FROM past_override_index \
     JOIN past_overrides p ON p.number = past_override_index.rowid \
     WHERE past_override_index MATCH $1 AND p.agent_id = $2 AND ($3 IS NULL OR p.team_id = $3) \
     ORDER BY bm25(past_override_index), p.number DESC LIMIT $4";
const POSTGRES: &str = "SELECT p.item_id, p.words FROM past_overrides p \
     WHERE p.lexemes @@ $1::tsquery AND p.agent_id = $2 AND ($3 IS NULL OR p.team_id = $3) \
     ORDER BY ts_rank(p.lexemes, $1::tsquery) DESC, p.number DESC LIMIT $4";

/// The items of one agent, in one team or in all, whose questions are most like this one: the
/// likest first.
pub fn similar(
    conn: &mut Conn,
    agent: AgentId,
    team: Option<TeamId>,
    question: &str,
) -> QueryResult<Vec<ItemId>> {
    let asked = words(question);
    let counts = index::counts(conn, &asked)?;
    let rarest = rarest(&counts);
    if rarest.is_empty() {
        return Ok(Vec::new());
    }
    let (text, sign, or) = match conn.either() {
        Either::Sqlite(_) => (SQLITE, '"', " OR "),
        Either::Postgres(_) => (POSTGRES, '\'', " | "),
    };
    let wanted: Vec<String> = rarest.iter().map(|word| format!("{sign}{word}{sign}")).collect();
    let found: Vec<Found> = diesel::sql_query(text)
        .bind::<Text, _>(wanted.join(or))
        .bind::<sql::Id, _>(agent)
        .bind::<Nullable<sql::Id>, _>(team)
        .bind::<BigInt, _>(COMPARED)
        .load(conn)?;
    let all = index::last(conn)?;
    let weight = |word: &str| weight(counts.get(word).copied().unwrap_or(0), all);
    let whole: f64 = asked.iter().map(|word| weight(word)).sum();
    let mut scored: Vec<(f64, ItemId)> = found
        .into_iter()
        .map(|found| {
            let there: HashSet<&str> = found.words.split(' ').collect();
            let shared = asked.iter().filter(|word| there.contains(word.as_str()));
            (shared.map(|word| weight(word)).sum::<f64>() / whole, found.item_id)
        })
        .filter(|(score, _)| *score >= LEAST)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    Ok(scored.into_iter().map(|(_, item)| item).collect())
}

/// The words that the fewest overrides have, of those that tell them apart.
fn rarest(counts: &BTreeMap<String, i64>) -> Vec<String> {
    let mut rare: Vec<(&String, i64)> = counts
        .iter()
        .map(|(word, count)| (word, *count))
        .filter(|(_, count)| (1..=COMMON).contains(count))
        .collect();
    rare.sort_by_key(|(word, count)| (*count, *word));
    rare.into_iter().take(RAREST).map(|(word, _)| word.clone()).collect()
}

/// How much a word tells that so many of all overrides have.
fn weight(count: i64, all: i64) -> f64 {
    (1.0 + (all.max(1) as f64) / (1.0 + count as f64)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_words_are_looked_for_and_the_common_never() {
        let counts = [("the", 900_000), ("where", 20_000), ("parcel", 40), ("dhl", 3), ("a1", 1)];
        let counts: BTreeMap<String, i64> =
            counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect();
        assert_eq!(rarest(&counts), ["a1", "dhl", "parcel"]);
        assert!(weight(3, 1_000) > weight(40, 1_000));
    }
}
