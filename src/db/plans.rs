//! For tests: how SQLite means to answer what a query asks it.

use super::{Conn, Db, Target, migrate};
use crate::error::AppResult;
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use std::sync::{Arc, Mutex};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// The steps of each statement that `work` sends to an empty database.
pub fn of<T>(work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().map_err(crate::error::AppError::internal)?;
    let target = Target::Sqlite(folder.path().join("plans.db"));
    migrate(&target)?;
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = sent.clone();
    Db::open(&target)?.read_now(move |conn| {
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let (InstrumentationEvent::StartQuery { query, .. }, Ok(mut heard)) =
                (event, heard.lock())
            {
                heard.push(query.to_string());
            }
        });
        work(conn)?;
        let texts = sent.lock().map(|sent| sent.clone()).unwrap_or_default();
        let explained = texts.iter().map(|text| {
            let text = text.split_once(" -- binds").map_or(text.as_str(), |(text, _)| text);
            let steps: Vec<Step> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(conn)?;
            Ok(steps.into_iter().map(|step| step.detail).collect())
        });
        explained.collect()
    })
}
