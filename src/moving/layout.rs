//! The tables of a database, read from its own catalogue: columns, keys, and the order in which
//! rows can be written so that what they refer to is there already.

use crate::db::{Conn, Either};
use anyhow::bail;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use std::collections::{BTreeMap, BTreeSet};

/// How a column keeps its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Real,
    Bytes,
    Bool,
    Id,
    Instant,
    Json,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "TEXT" | "text" => Self::Text,
            "INTEGER" | "int8" => Self::Integer,
            "REAL" | "float8" => Self::Real,
            "BLOB" | "bytea" => Self::Bytes,
            "bool" => Self::Bool,
            "uuid" => Self::Id,
            "timestamptz" => Self::Instant,
            "jsonb" => Self::Json,
            _ => return None,
        })
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// The row it refers to may be written later, so it is set once every row is there.
    pub is_late: bool,
    is_nullable: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    /// By name.
    pub columns: Vec<Column>,
    /// Places in `columns` of the primary key, in its order.
    pub key: Vec<usize>,
}

/// Every table that holds data, each after those it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(pub Vec<Table>);

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

#[derive(QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    refers_to: String,
}

// Virtual tables, their shadows and generated columns are left out: they follow from the rest.
const SQLITE_COLUMNS: &str = "SELECT t.name AS table_name, c.name AS column_name, c.type AS kind, \
     c.\"notnull\" = 0 AS is_nullable, c.pk AS key_place \
     FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c \
     WHERE t.schema = 'main' AND t.type = 'table' AND c.hidden = 0 \
     AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name <> '__diesel_schema_migrations'";
const SQLITE_REFERENCES: &str = "SELECT t.name AS table_name, f.\"from\" AS column_name, \
     f.\"table\" AS refers_to FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f \
     WHERE t.schema = 'main' AND t.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT c.relname::text AS table_name, \
     a.attname::text AS column_name, y.typname::text AS kind, NOT a.attnotnull AS is_nullable, \
     coalesce(array_position(k.conkey, a.attnum), 0)::bigint AS key_place \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     AND a.attgenerated = '' JOIN pg_type y ON y.oid = a.atttypid \
     LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
     AND c.relname <> '__diesel_schema_migrations'";
const POSTGRES_REFERENCES: &str = "SELECT c.relname::text AS table_name, \
     a.attname::text AS column_name, r.relname::text AS refers_to \
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
     JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey) \
     WHERE k.contype = 'f' AND n.nspname = current_schema()";

impl Layout {
    /// Reads the tables of a database. A column of a type that can't be moved is an error.
    pub fn read(conn: &mut Conn) -> anyhow::Result<Self> {
        let (columns, references) = match conn.either() {
            Either::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_REFERENCES),
            Either::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_REFERENCES),
        };
        let columns: Vec<ColumnRow> = diesel::sql_query(columns).load(conn)?;
        let references: Vec<ReferenceRow> = diesel::sql_query(references).load(conn)?;
        let mut tables: BTreeMap<String, Vec<ColumnRow>> = BTreeMap::new();
        for column in columns {
            tables.entry(column.table_name.clone()).or_default().push(column);
        }
        let tables: Vec<Table> = tables
            .into_iter()
            .map(|(name, columns)| table(name, columns))
            .collect::<Result<_, _>>()?;
        Ok(Self(in_order(tables, &references)?))
    }

    /// The names of all tables.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|table| table.name.as_str()).collect()
    }

    /// What another layout has otherwise, in a sentence; nothing where all tables and columns have
    /// the same names and keys.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (self.names(), other.names());
        if let Some(only) = ours.symmetric_difference(&theirs).next() {
            return Some(format!("only one of the two databases has the table `{only}`"));
        }
        let pairs = self.0.iter().filter_map(|table| Some((table, other.table(&table.name)?)));
        for (table, same) in pairs {
            let names = |table: &Table| -> Vec<String> {
                table.columns.iter().map(|column| column.name.clone()).collect()
            };
            if names(table) != names(same) || table.key != same.key {
                return Some(format!("the table `{}` has other columns or keys", table.name));
            }
        }
        None
    }

    /// The table called `name`.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.0.iter().find(|table| table.name == name)
    }
}

fn table(name: String, mut rows: Vec<ColumnRow>) -> anyhow::Result<Table> {
    rows.sort_by(|a, b| a.column_name.cmp(&b.column_name));
    let mut key: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].key_place > 0).collect();
    key.sort_by_key(|at| rows[*at].key_place);
    if key.is_empty() {
        bail!("the table `{name}` has no primary key, so it can't be walked");
    }
    let column = |row: ColumnRow| match Kind::of(&row.kind) {
        Some(kind) => {
            Ok(Column { name: row.column_name, kind, is_late: false, is_nullable: row.is_nullable })
        }
        None => bail!("`{name}.{}` is of type {}, which can't be moved", row.column_name, row.kind),
    };
    let columns = rows.into_iter().map(column).collect::<anyhow::Result<_>>()?;
    Ok(Table { columns, key, name })
}

/// Puts each table after those it refers to. A column that may be empty and refers to its own
/// table, or to one that can't come before, is marked to be set late.
fn in_order(mut left: Vec<Table>, references: &[ReferenceRow]) -> anyhow::Result<Vec<Table>> {
    let mut done: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let waits = |table: &Table, nullable_too: bool| {
            references.iter().filter(|r| r.table_name == table.name).any(|r| {
                let may_be_late = table.column(&r.column_name).is_some_and(|c| c.is_nullable);
                !done.iter().any(|d| d.name == r.refers_to)
                    && (nullable_too && r.refers_to != table.name || !may_be_late)
            })
        };
        let next = left
            .iter()
            .position(|table| !waits(table, true))
            .or_else(|| left.iter().position(|table| !waits(table, false)));
        let Some(next) = next else { bail!("the tables refer to one another in a circle") };
        let mut table = left.remove(next);
        for reference in references.iter().filter(|r| r.table_name == table.name) {
            let is_done = done.iter().any(|d| d.name == reference.refers_to);
            if let Some(column) = table.columns.iter_mut().find(|c| c.name == reference.column_name)
            {
                column.is_late |= !is_done;
            }
        }
        done.push(table);
    }
    Ok(done)
}

impl Table {
    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
