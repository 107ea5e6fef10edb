//! For tests: how a database means to answer what a query asks it.

use super::{Conn, Db, Target, migrate};
use crate::error::AppResult;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use std::sync::{Arc, Mutex};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    text: String,
}

/// The steps of each statement that `work` sends to an empty database.
pub fn of<T>(work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().map_err(crate::error::AppError::internal)?;
    let target = Target::Sqlite(folder.path().join("plans.db"));
    migrate(&target)?;
    Db::open(&target)?.read_now(move |conn| {
        let explained = sent(conn, work)?.into_iter().map(|text| {
            let steps: Vec<Step> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(conn)?;
            Ok(steps.into_iter().map(|step| step.detail).collect())
        });
        explained.collect()
    })
}

/// The lines of the plan of each statement that `work` sends to PostgreSQL, in a database that
/// `fill` has put rows into; none where the tests have no PostgreSQL.
pub fn on_postgres<T>(
    fill: &str,
    work: impl FnOnce(&mut Conn) -> AppResult<T>,
) -> AppResult<Option<Vec<Vec<String>>>> {
    #[allow(clippy::disallowed_methods)]
    let Ok(server) = std::env::var("OVERRULE_TEST_POSTGRES") else { return Ok(None) };
    let name = format!("plans_{}", uuid::Uuid::now_v7().simple());
    let mut owner = super::open_connection(&Target::Postgres(server.clone()), false)
        .map_err(crate::error::AppError::internal)?;
    owner.batch_execute(&format!("CREATE DATABASE {name}"))?;
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    let explained = explained(&Target::Postgres(format!("{base}/{name}")), fill, work);
    owner.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))?;
    explained.map(Some)
}

/// With the plan that serves any value.
fn explained<T>(
    target: &Target,
    fill: &str,
    work: impl FnOnce(&mut Conn) -> AppResult<T>,
) -> AppResult<Vec<Vec<String>>> {
    migrate(target)?;
    let mut conn =
        super::open_connection(target, false).map_err(crate::error::AppError::internal)?;
    conn.batch_execute("SET session_replication_role = replica")?;
    conn.batch_execute(fill)?;
    conn.batch_execute("SET plan_cache_mode = force_generic_plan; ANALYZE")?;
    let mut all = Vec::new();
    for text in sent(&mut conn, work)? {
        let values = (1..).take_while(|n| text.contains(&format!("${n}"))).count();
        let nulls = vec!["NULL"; values].join(", ");
        conn.batch_execute(&format!("PREPARE asked AS {text}"))?;
        let lines: Vec<Line> =
            diesel::sql_query(format!("EXPLAIN EXECUTE asked({nulls})")).load(&mut conn)?;
        conn.batch_execute("DEALLOCATE asked")?;
        all.push(lines.into_iter().map(|line| line.text).collect());
    }
    Ok(all)
}

/// The texts of the statements that `work` sends.
fn sent<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> AppResult<T>,
) -> AppResult<Vec<String>> {
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = sent.clone();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let (InstrumentationEvent::StartQuery { query, .. }, Ok(mut heard)) =
            (event, heard.lock())
        {
            heard.push(query.to_string());
        }
    });
    work(conn)?;
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let texts = sent.lock().map(|sent| sent.clone()).unwrap_or_default();
    let text = |text: String| {
        text.split_once(" -- binds").map_or(text.clone(), |(text, _)| text.to_owned())
    };
    Ok(texts.into_iter().map(text).collect())
}
