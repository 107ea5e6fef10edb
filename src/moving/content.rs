//! What a table holds, in two figures that both sides of a copy must agree on.

use super::cell::{Cell, Row};
use super::copy::Progress;
use super::layout::Table;
use super::rows;
use crate::db::{Conn, Hash, installation};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// How many rows, and a hash of them in whatever order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub rows: u64,
    pub hash: Hash,
}

impl Content {
    const NOTHING: Self = Self { rows: 0, hash: Hash([0; 32]) };

    /// Each row differs from every other by its key, so no two hashes cancel out.
    fn add(&mut self, row: Hash) {
        self.rows += 1;
        self.hash.0.iter_mut().zip(row.0).for_each(|(all, one)| *all ^= one);
    }
}

#[derive(QueryableByName)]
pub(super) struct Number {
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

/// How many rows a table has.
pub(super) fn count(conn: &mut Conn, table: &str) -> anyhow::Result<u64> {
    let query = format!("SELECT count(*) AS number FROM \"{table}\"");
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.number.unsigned_abs())
}

/// What a table holds. A value is taken for JSON when the other side keeps it as such.
pub(super) fn content(
    conn: &mut Conn,
    table: &Table,
    other: &Table,
    tell: &dyn Fn(Progress<'_>),
) -> anyhow::Result<Content> {
    let mut content = Content::NOTHING;
    let mut after: Option<Vec<Cell>> = None;
    loop {
        let page = rows::page(conn, table, after.as_deref())?;
        let Some(last) = page.last() else { return Ok(content) };
        after = Some(last.key(table));
        for row in page.iter().filter(|row| !is_mark(table, row)) {
            content.add(row.hash(table, other)?);
        }
        tell(Progress::Compared(&table.name, page.len() as u64));
    }
}

/// The mark of the copy is the copy's own, not the installation's.
fn is_mark(table: &Table, row: &Row) -> bool {
    table.name == "installation" && row.key(table) == [Cell::Text(installation::COPYING.to_owned())]
}
