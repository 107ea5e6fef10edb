//! The column types that both databases can hold, and the ways round what diesel's derive leaves
//! out.

use super::connection::MultiBackend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, HasSqlType};
use diesel::sqlite::Sqlite;

/// Runs a statement that both back ends understand but the derive has no impl
/// for: upserts, `UNION`, `FILTER`.
pub struct Portable<T>(pub T);

impl<T: QueryFragment<Pg> + QueryFragment<Sqlite>> QueryFragment<MultiBackend> for Portable<T> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, out)
    }
}
impl<T: QueryId> QueryId for Portable<T> {
    type QueryId = T::QueryId;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}
impl<T: Query> Query for Portable<T> {
    type SqlType = T::SqlType;
}
impl<T, C> RunQueryDsl<C> for Portable<T> {}

/// Type-checks one text for each back end; for multi-row inserts.
#[macro_export]
macro_rules! on_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn.either() {
            $crate::db::Either::Postgres($c) => $body,
            $crate::db::Either::Sqlite($c) => $body,
        }
    };
}

/// SQL types that are native on each side.
pub mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// A UUIDv7: `uuid`, or a 16-byte `BLOB`.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct Id;

    /// An instant: `timestamptz`, or `INTEGER` microseconds since 1970.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Instant;

    /// Settings: `jsonb`, or checked `TEXT`.
    #[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct Json;

    impl diesel::sql_types::SqlOrd for Instant {}
    impl diesel::sql_types::SqlOrd for Id {}
}

macro_rules! has_sql_type {
    ($sql:ty) => {
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }
    };
}
has_sql_type!(sql::Id);
has_sql_type!(sql::Instant);
has_sql_type!(sql::Json);

/// Lets `Conn` read and write a Rust type that each back end already can.
#[doc(hidden)]
#[macro_export]
macro_rules! portable_type {
    ($sql:ty => $rust:ty) => {
        impl diesel::serialize::ToSql<$sql, $crate::db::MultiBackend> for $rust {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, $crate::db::MultiBackend>,
            ) -> diesel::serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(diesel::serialize::IsNull::No)
            }
        }
        impl diesel::deserialize::FromSql<$sql, $crate::db::MultiBackend> for $rust {
            fn from_sql(
                value: <$crate::db::MultiBackend as diesel::backend::Backend>::RawValue<'_>,
            ) -> diesel::deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    };
}

/// Declares the id of one table: a UUIDv7 made by the program, so that what
/// refers to a row is known before the row is written.
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = $crate::db::sql::Id)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A new id, later than every id this process made before.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::schema::SchemaFormat::KnownFormat(
                        utoipa::openapi::schema::KnownFormat::Uuid,
                    )))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
        impl diesel::serialize::ToSql<$crate::db::sql::Id, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.0.as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
        impl diesel::serialize::ToSql<$crate::db::sql::Id, diesel::sqlite::Sqlite> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
            ) -> diesel::serialize::Result {
                out.set_value(self.0.as_bytes().as_slice());
                Ok(diesel::serialize::IsNull::No)
            }
        }
        impl diesel::deserialize::FromSql<$crate::db::sql::Id, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(Self(uuid::Uuid::from_slice(value.as_bytes())?))
            }
        }
        impl diesel::deserialize::FromSql<$crate::db::sql::Id, diesel::sqlite::Sqlite> for $name {
            fn from_sql(
                value: diesel::sqlite::SqliteValue<'_, '_, '_>,
            ) -> diesel::deserialize::Result<Self> {
                let bytes = <Vec<u8> as diesel::deserialize::FromSql<
                    diesel::sql_types::Binary,
                    diesel::sqlite::Sqlite,
                >>::from_sql(value)?;
                Ok(Self(uuid::Uuid::from_slice(&bytes)?))
            }
        }
        $crate::portable_type!($crate::db::sql::Id => $name);
        impl $crate::db::Element for $name {
            type Sql = $crate::db::sql::Id;
            const IS_BYTES: bool = true;
            fn write_json(&self, json: &mut String) {
                $crate::db::write_hex(self.0.as_bytes(), json);
            }
        }
    };
}

/// An instant to the microsecond, as both databases keep it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = sql::Instant)]
#[serde(transparent)]
pub struct Instant(pub jiff::Timestamp);

/// Microseconds from 1970 to 2000, where PostgreSQL's clock starts.
const PG_EPOCH: i64 = 946_684_800_000_000;

impl Instant {
    /// The instant `micros` microseconds after 1970, kept within the calendar.
    pub fn from_micros(micros: i64) -> Self {
        Self(jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::MAX))
    }
    /// Microseconds since 1970.
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }
    /// This instant with whatever is finer than a microsecond cut off.
    pub fn truncated(timestamp: jiff::Timestamp) -> Self {
        Self::from_micros(timestamp.as_microsecond())
    }
    /// The instant `minutes` later.
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self::from_micros(self.as_micros().saturating_add(minutes.saturating_mul(60_000_000)))
    }
}
impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ToSql<sql::Instant, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &(self.as_micros() - PG_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Instant, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.as_micros());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Instant, Pg> for Instant {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?) + PG_EPOCH;
        Ok(Self(jiff::Timestamp::from_microsecond(micros)?))
    }
}
impl FromSql<sql::Instant, Sqlite> for Instant {
    fn from_sql(value: diesel::sqlite::SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<diesel::sql_types::BigInt, Sqlite>>::from_sql(value)?;
        Ok(Self(jiff::Timestamp::from_microsecond(micros)?))
    }
}
portable_type!(sql::Instant => Instant);

/// A settings value.
#[derive(
    Debug,
    Clone,
    PartialEq,
    serde::Serialize,
    serde::Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = sql::Json)]
pub struct Json(pub serde_json::Value);

impl ToSql<sql::Json, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // jsonb on the wire: a version byte, then the text.
        std::io::Write::write_all(out, &[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Json, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Json, Pg> for Json {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        let bytes = value.as_bytes();
        match bytes.split_first() {
            Some((1, text)) => Ok(Self(serde_json::from_slice(text)?)),
            _ => Err("jsonb of an unknown version".into()),
        }
    }
}
impl FromSql<sql::Json, Sqlite> for Json {
    fn from_sql(value: diesel::sqlite::SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<diesel::sql_types::Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}
portable_type!(sql::Json => Json);

/// A SHA-256.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = Binary)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of some parts, each set apart by its length so that no two
    /// lists of parts run into the same bytes.
    pub fn of(parts: &[&[u8]]) -> Self {
        use sha2::Digest;
        let mut sha = sha2::Sha256::new();
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        Self(sha.finalize().into())
    }

    /// The plain SHA-256 of a file, read bit by bit.
    pub fn of_file(path: &std::path::Path) -> std::io::Result<Self> {
        use sha2::Digest;
        let mut sha = sha2::Sha256::new();
        let mut file = std::fs::File::open(path)?;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match std::io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(Self(sha.finalize().into())),
                read => sha.update(&buffer[..read]),
            }
        }
    }
}
impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl<DB: diesel::backend::Backend> ToSql<Binary, DB> for Hash
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_slice().to_sql(out)
    }
}
impl<DB: diesel::backend::Backend> FromSql<Binary, DB> for Hash
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = Vec::<u8>::from_sql(value)?;
        Ok(Self(bytes.try_into().map_err(|_| "a hash has 32 bytes")?))
    }
}
