//! What is to be told, and who wants to hear nothing.

use super::model::{Declined, News, NewsId, NewsKind};
use super::queries;
use crate::accounts::PersonId;
use crate::clock;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::FeedbackId;
use crate::on_backend;
use crate::schema::{news, news_declined};
use crate::signals::model::ItemId;
use diesel::prelude::*;

/// How many are told with one statement.
const AT_ONCE: i64 = 500;

/// Notes something for all who stand behind an item, but for whoever did it.
pub fn tell(
    conn: &mut Conn,
    item: ItemId,
    by: Option<PersonId>,
    kind: NewsKind,
    body: Option<&str>,
) -> AppResult<()> {
    let now = clock::now();
    let mut after = FeedbackId(uuid::Uuid::nil());
    loop {
        let reporters = queries::reporters_of(conn, item, after, AT_ONCE)?;
        let Some((last, _)) = reporters.last() else { return Ok(()) };
        after = *last;
        let ids: Vec<FeedbackId> = reporters.iter().map(|(id, _)| *id).collect();
        let told = match kind {
            // How it stands is looked up later: once is enough.
            NewsKind::Decided => queries::to_be_told(conn, &ids)?,
            _ => Vec::new(),
        };
        let rows: Vec<News> = reporters
            .into_iter()
            .filter(|(id, person)| Some(*person) != by && !told.contains(id))
            .map(|(feedback_id, person_id)| News {
                id: NewsId::new(),
                person_id,
                feedback_id,
                item_id: item,
                kind,
                body: body.map(str::to_owned),
                due_at: now.plus_minutes(kind.wait()),
                created_at: now,
            })
            .collect();
        if !rows.is_empty() {
            on_backend!(conn, |c| diesel::insert_into(news::table).values(&rows).execute(c))?;
        }
    }
}

/// A decision was taken back before anybody was told: then nobody is. Who was told already is told
/// that it is looked at again.
pub fn take_back(conn: &mut Conn, item: ItemId, by: Option<PersonId>) -> AppResult<()> {
    let untold =
        news::table.filter(news::item_id.eq(item)).filter(news::kind.eq(NewsKind::Decided));
    if diesel::delete(untold).execute(conn)? == 0 {
        tell(conn, item, by, NewsKind::Decided, None)?;
    }
    Ok(())
}

/// Switches somebody's mails on or off; what was to be told is told no more.
pub fn switch(conn: &mut Conn, person: PersonId, on: bool) -> AppResult<()> {
    diesel::delete(news_declined::table.find(person)).execute(conn)?;
    if !on {
        let row = Declined { person_id: person, created_at: clock::now() };
        diesel::insert_into(news_declined::table).values(&row).execute(conn)?;
        diesel::delete(news::table.filter(news::person_id.eq(person))).execute(conn)?;
    }
    Ok(())
}
