//! A connection to either database. What a statement is made of is forgotten here: the machinery
//! below is compiled once and not for each of some five hundred statements, and the text of a
//! statement is written once each time it is sent.

use diesel::connection::{
    CacheSize, Connection, ConnectionSealed, Instrumentation, LoadConnection, SimpleConnection,
    TransactionManager, TransactionManagerStatus,
};
use diesel::expression::QueryMetadata;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId};
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::Untyped;

/// One of the two connections, for what must be said to each in its own way.
#[derive(diesel::MultiConnection)]
pub enum Either {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// Embedded SQLite.
    Sqlite(SqliteConnection),
}

/// A connection to either database.
pub struct Conn(Either);

impl Conn {
    /// The connection behind it.
    pub fn either(&mut self) -> &mut Either {
        &mut self.0
    }
}

impl From<PgConnection> for Conn {
    fn from(conn: PgConnection) -> Self {
        Self(Either::Postgres(conn))
    }
}

impl From<SqliteConnection> for Conn {
    fn from(conn: SqliteConnection) -> Self {
        Self(Either::Sqlite(conn))
    }
}

/// A part of a statement, whatever its type.
trait Part {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()>;
}

impl<T: QueryFragment<MultiBackend>> Part for T {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.walk_ast(pass)
    }
}

struct Parts<'q>(Box<dyn Part + 'q>);

impl QueryFragment<MultiBackend> for Parts<'_> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk(pass)
    }
}

type Builder = <MultiBackend as diesel::backend::Backend>::QueryBuilder;

/// A statement with its text.
struct Statement<'q> {
    parts: Parts<'q>,
    text: String,
    is_kept: bool,
}

impl<'q> Statement<'q> {
    fn new(conn: &Either, query: impl QueryFragment<MultiBackend> + 'q) -> QueryResult<Self> {
        let parts = Parts(Box::new(query));
        let (mut builder, backend) = match conn {
            Either::Postgres(_) => {
                (Builder::Postgres(Default::default()), MultiBackend::Postgres(Default::default()))
            }
            Either::Sqlite(_) => {
                (Builder::Sqlite(Default::default()), MultiBackend::Sqlite(Default::default()))
            }
        };
        parts.to_sql(&mut builder, &backend)?;
        let is_kept = parts.is_safe_to_cache_prepared(&backend)?;
        Ok(Self { parts, text: builder.finish(), is_kept })
    }
}

impl QueryFragment<MultiBackend> for Statement<'_> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.parts.walk_ast(pass)
    }
    fn to_sql(&self, out: &mut Builder, _: &MultiBackend) -> QueryResult<()> {
        out.push_sql(&self.text);
        Ok(())
    }
    fn is_safe_to_cache_prepared(&self, _: &MultiBackend) -> QueryResult<bool> {
        Ok(self.is_kept)
    }
}

/// Statements that are kept prepared are found by their text.
impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Columns are read by whoever knows their types.
impl Query for Statement<'_> {
    type SqlType = Untyped;
}

impl SimpleConnection for Conn {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.0.batch_execute(query)
    }
}

impl ConnectionSealed for Conn {}

impl Connection for Conn {
    type Backend = MultiBackend;
    type TransactionManager = Self;

    fn establish(url: &str) -> ConnectionResult<Self> {
        Either::establish(url).map(Self)
    }
    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<MultiBackend> + QueryId,
    {
        let statement = Statement::new(&self.0, source)?;
        self.0.execute_returning_count(&statement)
    }
    fn transaction_state(&mut self) -> &mut Self {
        self
    }
    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.0.instrumentation()
    }
    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.0.set_instrumentation(instrumentation);
    }
    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.0.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for Conn {
    type Cursor<'conn, 'query> = <Either as LoadConnection>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <Either as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<MultiBackend> + QueryId + 'query,
        MultiBackend: QueryMetadata<T::SqlType>,
    {
        let statement = Statement::new(&self.0, source)?;
        send(&mut self.0, statement)
    }
}

/// Apart from `load`, where the compiler knows of no other columns than those of `T`.
fn send<'conn, 'query>(
    conn: &'conn mut Either,
    statement: Statement<'query>,
) -> QueryResult<<Either as LoadConnection>::Cursor<'conn, 'query>> {
    conn.load(statement)
}

impl TransactionManager<Self> for Conn {
    type TransactionStateData = Self;

    fn begin_transaction(conn: &mut Self) -> QueryResult<()> {
        <Either as TransactionManager<Either>>::begin_transaction(&mut conn.0)
    }
    fn rollback_transaction(conn: &mut Self) -> QueryResult<()> {
        <Either as TransactionManager<Either>>::rollback_transaction(&mut conn.0)
    }
    fn commit_transaction(conn: &mut Self) -> QueryResult<()> {
        <Either as TransactionManager<Either>>::commit_transaction(&mut conn.0)
    }
    fn transaction_manager_status_mut(conn: &mut Self) -> &mut TransactionManagerStatus {
        <Either as TransactionManager<Either>>::transaction_manager_status_mut(&mut conn.0)
    }
    fn is_broken_transaction_manager(conn: &mut Self) -> bool {
        <Either as TransactionManager<Either>>::is_broken_transaction_manager(&mut conn.0)
    }
}

impl R2D2Connection for Conn {
    fn ping(&mut self) -> QueryResult<()> {
        self.0.ping()
    }
    fn is_broken(&mut self) -> bool {
        self.0.is_broken()
    }
}
