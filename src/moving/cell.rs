//! Values of any table. Between the two databases a value has the shape SQLite keeps it in, to
//! which every type on PostgreSQL goes and from which it comes back.

use super::layout::{Kind, Table};
use crate::db::{Hash, Instant, Json, MultiBackend, sql};
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary, Bool, Double, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

crate::id_type!(
    /// An id of any table.
    AnyId
);

/// One value, as SQLite keeps it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// About how much memory it takes.
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 8,
        }
    }

    /// The same bytes for the same value, from whichever database it was read.
    fn canonical(&self, is_json: bool) -> anyhow::Result<(u8, Vec<u8>)> {
        Ok(match self {
            Self::Null => (0, Vec::new()),
            Self::Integer(number) => (1, number.to_be_bytes().to_vec()),
            // SQLite forgets the sign of a zero.
            Self::Real(number) => (2, (number + 0.0).to_bits().to_be_bytes().to_vec()),
            Self::Text(text) if is_json => {
                let json: serde_json::Value = serde_json::from_str(text)?;
                (3, serde_json_canonicalizer::to_vec(&json)?)
            }
            Self::Text(text) => (3, text.clone().into_bytes()),
            Self::Bytes(bytes) => (4, bytes.clone()),
        })
    }
}

/// One row: a value for each column of its table.
pub(super) struct Row(pub(super) Vec<Cell>);

impl Row {
    /// The values of the primary key.
    pub(super) fn key(&self, table: &Table) -> Vec<Cell> {
        table.key.iter().map(|at| self.0[*at].clone()).collect()
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(Cell::size).sum()
    }

    /// A hash of all its values. Text is compared as JSON where either side of a copy keeps it as
    /// such, for PostgreSQL writes JSON in its own way.
    pub(super) fn hash(&self, table: &Table, other: &Table) -> anyhow::Result<Hash> {
        let mut bytes = Vec::with_capacity(self.size() + self.0.len() * 9);
        let kinds = table.columns.iter().zip(&other.columns);
        for (cell, (column, same)) in self.0.iter().zip(kinds) {
            let is_json = column.kind == Kind::Json || same.kind == Kind::Json;
            let (tag, value) = cell.canonical(is_json)?;
            bytes.push(tag);
            bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
            bytes.extend_from_slice(&value);
        }
        Ok(Hash::of(&[&bytes]))
    }
}

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let cells = (0..row.field_count()).map(|at| {
            let field = diesel::row::Row::get(row, at).ok_or("a missing field")?;
            field.value().map_or(Ok(Cell::Null), sqlite_cell)
        });
        cells.collect::<Result<_, _>>().map(Self)
    }
}

fn sqlite_cell(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Cell> {
    Ok(match value.value_type() {
        None => Cell::Null,
        Some(SqliteType::Text) => Cell::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
        Some(SqliteType::Binary) => Cell::Bytes(FromSql::<Binary, Sqlite>::from_sql(value)?),
        Some(SqliteType::Float | SqliteType::Double) => {
            Cell::Real(FromSql::<Double, Sqlite>::from_sql(value)?)
        }
        Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
            Cell::Integer(FromSql::<BigInt, Sqlite>::from_sql(value)?)
        }
    })
}

impl QueryableByName<Pg> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let cells = (0..row.field_count()).map(|at| {
            let field = diesel::row::Row::get(row, at).ok_or("a missing field")?;
            field.value().map_or(Ok(Cell::Null), postgres_cell)
        });
        cells.collect::<Result<_, _>>().map(Self)
    }
}

fn postgres_cell(value: PgValue<'_>) -> deserialize::Result<Cell> {
    Ok(match value.get_oid().get() {
        16 => Cell::Integer(<bool as FromSql<Bool, Pg>>::from_sql(value)?.into()),
        17 => Cell::Bytes(FromSql::<Binary, Pg>::from_sql(value)?),
        20 => Cell::Integer(FromSql::<BigInt, Pg>::from_sql(value)?),
        25 => Cell::Text(FromSql::<Text, Pg>::from_sql(value)?),
        701 => Cell::Real(FromSql::<Double, Pg>::from_sql(value)?),
        1184 => Cell::Integer(<Instant as FromSql<sql::Instant, Pg>>::from_sql(value)?.as_micros()),
        2950 => Cell::Bytes(value.as_bytes().to_vec()),
        3802 => {
            let json = <Json as FromSql<sql::Json, Pg>>::from_sql(value)?;
            Cell::Text(serde_json::to_string(&json.0)?)
        }
        oid => return Err(format!("a value of the type {oid}, which can't be moved").into()),
    })
}

/// A value on its way into a column of a certain kind.
pub(super) enum Bind {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Bytes(Option<Vec<u8>>),
    Bool(Option<bool>),
    Id(Option<AnyId>),
    Instant(Option<Instant>),
    Json(Option<Json>),
}

impl Bind {
    pub(super) fn new(kind: Kind, cell: &Cell) -> anyhow::Result<Self> {
        Ok(match (kind, cell) {
            (Kind::Text, Cell::Null) => Self::Text(None),
            (Kind::Integer, Cell::Null) => Self::Integer(None),
            (Kind::Real, Cell::Null) => Self::Real(None),
            (Kind::Bytes, Cell::Null) => Self::Bytes(None),
            (Kind::Bool, Cell::Null) => Self::Bool(None),
            (Kind::Id, Cell::Null) => Self::Id(None),
            (Kind::Instant, Cell::Null) => Self::Instant(None),
            (Kind::Json, Cell::Null) => Self::Json(None),
            (Kind::Text, Cell::Text(text)) => Self::Text(Some(text.clone())),
            (Kind::Integer, Cell::Integer(number)) => Self::Integer(Some(*number)),
            (Kind::Real, Cell::Real(number)) => Self::Real(Some(*number)),
            (Kind::Bytes, Cell::Bytes(bytes)) => Self::Bytes(Some(bytes.clone())),
            (Kind::Bool, Cell::Integer(number)) => Self::Bool(Some(*number != 0)),
            (Kind::Id, Cell::Bytes(bytes)) => Self::Id(Some(AnyId(uuid::Uuid::from_slice(bytes)?))),
            (Kind::Instant, Cell::Integer(micros)) => {
                Self::Instant(Some(Instant(jiff::Timestamp::from_microsecond(*micros)?)))
            }
            (Kind::Json, Cell::Text(text)) => Self::Json(Some(Json(serde_json::from_str(text)?))),
            (kind, cell) => anyhow::bail!("{cell:?} can't be kept as {kind:?}"),
        })
    }
}

macro_rules! bind_on {
    ($db:ty) => {
        impl QueryFragment<$db> for Bind {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                match self {
                    Self::Text(v) => out.push_bind_param::<Nullable<Text>, _>(v),
                    Self::Integer(v) => out.push_bind_param::<Nullable<BigInt>, _>(v),
                    Self::Real(v) => out.push_bind_param::<Nullable<Double>, _>(v),
                    Self::Bytes(v) => out.push_bind_param::<Nullable<Binary>, _>(v),
                    Self::Bool(v) => out.push_bind_param::<Nullable<Bool>, _>(v),
                    Self::Id(v) => out.push_bind_param::<Nullable<sql::Id>, _>(v),
                    Self::Instant(v) => out.push_bind_param::<Nullable<sql::Instant>, _>(v),
                    Self::Json(v) => out.push_bind_param::<Nullable<sql::Json>, _>(v),
                }
            }
        }
    };
}
bind_on!(Pg);
bind_on!(Sqlite);
bind_on!(MultiBackend);
