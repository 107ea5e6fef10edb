//! "Is one of these", as one statement text however many there are, so that both databases prepare
//! it once: an array on PostgreSQL, a JSON text on SQLite. diesel's `eq_any` is a text of its own
//! for each number of values on SQLite, which is parsed and planned anew each time.

use super::{Hash, MultiBackend};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, Binary, Bool, HasSqlType, IntoNullable, Nullable, Text};
use diesel::sqlite::Sqlite;

/// What may be in such a list.
pub trait Element: Clone + 'static {
    /// The type of the column.
    type Sql: 'static;
    /// Whether the value is bytes, which JSON carries as hexadecimal digits.
    const IS_BYTES: bool;
    /// Writes the value as a JSON string.
    fn write_json(&self, json: &mut String);
}

/// Writes bytes as a JSON string of hexadecimal digits.
pub fn write_hex(bytes: &[u8], json: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    json.push('"');
    for byte in bytes {
        json.push(char::from(DIGITS[usize::from(byte >> 4)]));
        json.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    json.push('"');
}

impl Element for Hash {
    type Sql = Binary;
    const IS_BYTES: bool = true;
    fn write_json(&self, json: &mut String) {
        write_hex(&self.0, json);
    }
}

impl Element for [u8; 16] {
    type Sql = Binary;
    const IS_BYTES: bool = true;
    fn write_json(&self, json: &mut String) {
        write_hex(self, json);
    }
}

impl Element for String {
    type Sql = Text;
    const IS_BYTES: bool = false;
    fn write_json(&self, json: &mut String) {
        json.push_str(&serde_json::Value::from(self.as_str()).to_string());
    }
}

/// The condition that a column has one of some values.
#[derive(Debug, Clone)]
pub struct OneOf<C, T> {
    column: C,
    values: Vec<T>,
    json: String,
}

/// The condition that `column` has one of `values`; never true where there are none.
pub fn one_of<C, T>(column: C, values: &[T]) -> OneOf<C, T>
where
    C: Expression,
    C::SqlType: IntoNullable<Nullable = Nullable<T::Sql>>,
    T: Element,
{
    let mut json = String::with_capacity(values.len() * 36 + 2);
    json.push('[');
    for value in values {
        if json.len() > 1 {
            json.push(',');
        }
        value.write_json(&mut json);
    }
    json.push(']');
    OneOf { column, values: values.to_vec(), json }
}

impl<C, T: 'static> Expression for OneOf<C, T> {
    type SqlType = Bool;
}
impl<C: AppearsOnTable<QS>, T: 'static, QS: ?Sized> AppearsOnTable<QS> for OneOf<C, T> {}
impl<C, T: 'static, QS: ?Sized> SelectableExpression<QS> for OneOf<C, T> where
    C: SelectableExpression<QS>
{
}
impl<C: ValidGrouping<G>, T, G> ValidGrouping<G> for OneOf<C, T> {
    type IsAggregate = C::IsAggregate;
}
impl<C: QueryId, T: 'static> QueryId for OneOf<C, T> {
    type QueryId = OneOf<C::QueryId, T>;
    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C, T> QueryFragment<Pg> for OneOf<C, T>
where
    C: QueryFragment<Pg>,
    T: Element,
    Vec<T>: ToSql<Array<T::Sql>, Pg>,
    Pg: HasSqlType<Array<T::Sql>>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<T::Sql>, Vec<T>>(&self.values)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C, T> QueryFragment<Sqlite> for OneOf<C, T>
where
    C: QueryFragment<Sqlite>,
    T: Element,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        let value = if T::IS_BYTES { "unhex(value)" } else { "value" };
        out.push_sql(" IN (SELECT ");
        out.push_sql(value);
        out.push_sql(" FROM json_each(");
        out.push_bind_param::<Text, String>(&self.json)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C, T> QueryFragment<MultiBackend> for OneOf<C, T>
where
    Self: QueryFragment<Pg> + QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(self, out)
    }
}
