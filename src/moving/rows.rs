//! Rows of any table: read a keyset page at a time, written many at once.

use super::cell::{Bind, Cell, Row};
use super::layout::Table;
use crate::db::{Conn, Either};
use diesel::backend::Backend;
use diesel::connection::DefaultLoadingMode;
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

/// The most rows of one page.
const PAGE_ROWS: usize = 1000;
/// The bytes after which a page ends, so that long texts don't fill the memory.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Values in one statement: SQLite takes 32,766.
const BINDS: usize = 16_000;

/// The next rows of a table after the key `after`, in the order of its key. `read` is the table
/// as the database of `conn` has it.
pub(super) fn page(
    conn: &mut Conn,
    read: &Table,
    after: Option<&[Cell]>,
) -> anyhow::Result<Vec<Row>> {
    let after = after.map(|cells| binds(read, &read.key, cells)).transpose()?;
    let select = Select { table: read, after };
    match conn.either() {
        Either::Sqlite(c) => fill(select.load_iter::<Row, DefaultLoadingMode>(c)?),
        Either::Postgres(c) => fill(select.load_iter::<Row, PgRowByRowLoadingMode>(c)?),
    }
}

fn fill(rows: impl Iterator<Item = QueryResult<Row>>) -> anyhow::Result<Vec<Row>> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for row in rows {
        let row = row?;
        bytes += row.size();
        page.push(row);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(page)
}

/// Writes rows; late columns stay empty.
pub(super) fn insert(conn: &mut Conn, into: &Table, rows: &[Row]) -> anyhow::Result<()> {
    for some in rows.chunks((BINDS / into.columns.len()).max(1)) {
        let rows = some.iter().map(|row| early(into, row)).collect::<anyhow::Result<_>>()?;
        Insert { table: into, rows }.execute(conn)?;
    }
    Ok(())
}

fn early(into: &Table, row: &Row) -> anyhow::Result<Vec<Bind>> {
    let pairs = into.columns.iter().zip(&row.0);
    pairs
        .map(|(column, cell)| {
            Bind::new(column.kind, if column.is_late { &Cell::Null } else { cell })
        })
        .collect()
}

/// Sets the late column at the place `column` of rows that have it.
pub(super) fn set_late(
    conn: &mut Conn,
    into: &Table,
    column: usize,
    rows: &[Row],
) -> anyhow::Result<()> {
    let mut places = into.key.clone();
    places.push(column);
    let having: Vec<&Row> = rows.iter().filter(|row| row.0[column] != Cell::Null).collect();
    for some in having.chunks(BINDS / places.len()) {
        let values = |row: &&Row| {
            let cells: Vec<Cell> = places.iter().map(|at| row.0[*at].clone()).collect();
            binds(into, &places, &cells)
        };
        let rows = some.iter().map(values).collect::<anyhow::Result<_>>()?;
        Update { table: into, column, rows }.execute(conn)?;
    }
    Ok(())
}

/// Removes every row.
pub(super) fn delete(conn: &mut Conn, from: &Table) -> QueryResult<usize> {
    Delete(from).execute(conn)
}

fn binds(table: &Table, places: &[usize], cells: &[Cell]) -> anyhow::Result<Vec<Bind>> {
    let pairs = places.iter().zip(cells);
    pairs.map(|(at, cell)| Bind::new(table.columns[*at].kind, cell)).collect()
}

/// A page of a table in the order of its key, after a key.
struct Select<'t> {
    table: &'t Table,
    after: Option<Vec<Bind>>,
}

/// Many rows into a table.
struct Insert<'t> {
    table: &'t Table,
    rows: Vec<Vec<Bind>>,
}

/// One column of many rows: for each its key, then the value.
struct Update<'t> {
    table: &'t Table,
    column: usize,
    rows: Vec<Vec<Bind>>,
}

/// Every row of a table.
struct Delete<'t>(&'t Table);

impl<DB: Backend> QueryFragment<DB> for Select<'_>
where
    Bind: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let key = || self.table.key.iter().map(|at| &self.table.columns[*at].name);
        out.push_sql("SELECT ");
        names(&mut out, self.table.columns.iter().map(|column| &column.name))?;
        out.push_sql(" FROM ");
        out.push_identifier(&self.table.name)?;
        if let Some(after) = &self.after {
            out.push_sql(" WHERE (");
            names(&mut out, key())?;
            out.push_sql(") > ");
            values(&mut out, after)?;
        }
        out.push_sql(" ORDER BY ");
        names(&mut out, key())?;
        out.push_sql(&format!(" LIMIT {PAGE_ROWS}"));
        Ok(())
    }
}

impl<DB: Backend> QueryFragment<DB> for Insert<'_>
where
    Bind: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_identifier(&self.table.name)?;
        out.push_sql(" (");
        names(&mut out, self.table.columns.iter().map(|column| &column.name))?;
        out.push_sql(") VALUES ");
        lists(&mut out, &self.rows)
    }
}

impl<DB: Backend> QueryFragment<DB> for Update<'_>
where
    Bind: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (table, columns) = (self.table, &self.table.columns);
        out.push_sql("WITH given (");
        let key = || table.key.iter().map(|at| &columns[*at].name);
        names(&mut out, key().chain([&columns[self.column].name]))?;
        out.push_sql(") AS (VALUES ");
        lists(&mut out, &self.rows)?;
        out.push_sql(") UPDATE ");
        out.push_identifier(&table.name)?;
        out.push_sql(" SET ");
        out.push_identifier(&columns[self.column].name)?;
        out.push_sql(" = given.");
        out.push_identifier(&columns[self.column].name)?;
        out.push_sql(" FROM given WHERE ");
        for (place, name) in key().enumerate() {
            out.push_sql(if place == 0 { "" } else { " AND " });
            out.push_identifier(&table.name)?;
            out.push_sql(".");
            out.push_identifier(name)?;
            out.push_sql(" = given.");
            out.push_identifier(name)?;
        }
        Ok(())
    }
}

impl<DB: Backend> QueryFragment<DB> for Delete<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("DELETE FROM ");
        out.push_identifier(&self.0.name)
    }
}

fn names<'n, 'b, DB: Backend>(
    out: &mut AstPass<'_, 'b, DB>,
    names: impl Iterator<Item = &'n String>,
) -> QueryResult<()> {
    for (place, name) in names.enumerate() {
        out.push_sql(if place == 0 { "" } else { ", " });
        out.push_identifier(name)?;
    }
    Ok(())
}

fn lists<'b, DB: Backend>(out: &mut AstPass<'_, 'b, DB>, rows: &'b [Vec<Bind>]) -> QueryResult<()>
where
    Bind: QueryFragment<DB>,
{
    for (place, row) in rows.iter().enumerate() {
        out.push_sql(if place == 0 { "" } else { ", " });
        values(out, row)?;
    }
    Ok(())
}

fn values<'b, DB: Backend>(out: &mut AstPass<'_, 'b, DB>, row: &'b [Bind]) -> QueryResult<()>
where
    Bind: QueryFragment<DB>,
{
    out.push_sql("(");
    for (place, bind) in row.iter().enumerate() {
        out.push_sql(if place == 0 { "" } else { ", " });
        bind.walk_ast(out.reborrow())?;
    }
    out.push_sql(")");
    Ok(())
}

impl Query for Select<'_> {
    type SqlType = Untyped;
}
impl<C> RunQueryDsl<C> for Select<'_> {}
impl<C> RunQueryDsl<C> for Insert<'_> {}
impl<C> RunQueryDsl<C> for Update<'_> {}
impl<C> RunQueryDsl<C> for Delete<'_> {}

/// Their text differs with the table, so it is what a prepared statement is found by.
macro_rules! known_by_text {
    ($name:ident) => {
        impl QueryId for $name<'_> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}
known_by_text!(Select);
known_by_text!(Insert);
known_by_text!(Update);
known_by_text!(Delete);
