//! The outbox: rows that wait to leave. Delivered at least once, under the same id each time.

use super::{Letter, Mailer};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::schema::outbox;
use diesel::prelude::*;

crate::id_type!(
    /// The id of something that leaves.
    OutboxId
);

/// Minutes for which a row belongs to who took it.
const LEASE_MINUTES: i64 = 2;
/// Rows taken at a time.
const TAKE: i64 = 20;
/// After so many tries, some days, a mail is given up.
const TRIES: i64 = 20;

/// A mail to be sent.
pub struct NewMail {
    /// Which mail it is, such as `sign_in`.
    pub kind: &'static str,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct Row {
    id: OutboxId,
    kind: String,
    recipient: String,
    subject: String,
    body_text: String,
    body_html: String,
    created_at: Instant,
    next_try_at: Instant,
    leased_until: Option<Instant>,
    tries: i64,
    delivered_at: Option<Instant>,
    last_error: Option<String>,
}

/// Puts a mail into the outbox, in the caller's transaction.
pub fn enqueue(conn: &mut Conn, mail: &NewMail) -> AppResult<()> {
    let now = clock::now();
    let row = Row {
        id: OutboxId::new(),
        kind: mail.kind.to_owned(),
        recipient: mail.recipient.clone(),
        subject: mail.subject.clone(),
        body_text: mail.text.clone(),
        body_html: mail.html.clone(),
        created_at: now,
        next_try_at: now,
        leased_until: None,
        tries: 0,
        delivered_at: None,
        last_error: None,
    };
    diesel::insert_into(outbox::table).values(&row).execute(conn)?;
    Ok(())
}

/// How many mails wait, for `/metrics`; counted up to 10,000.
pub fn waiting(conn: &mut Conn) -> QueryResult<i64> {
    let rows: Vec<OutboxId> = outbox::table
        .filter(outbox::delivered_at.is_null())
        .filter(outbox::tries.lt(TRIES))
        .select(outbox::id)
        .limit(10_000)
        .load(conn)?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Sends what is due; gives how many left. Safe to run on several machines at once: a row belongs
/// to who leased it, and a lease that ran out is taken again.
pub async fn deliver(db: &Db, mailer: &Mailer) -> AppResult<usize> {
    let rows = db.write(|conn| take(conn)).await?;
    let mut sent = 0;
    for row in rows {
        let letter = Letter {
            message_id: format!("<{}@overrule>", row.id),
            to: row.recipient,
            subject: row.subject,
            text: row.body_text,
            html: row.body_html,
        };
        let (id, tries) = (row.id, row.tries + 1);
        match mailer.send(&letter).await {
            Ok(()) => {
                sent += 1;
                db.write(move |conn| delivered(conn, id, tries)).await?;
            }
            Err(error) => {
                // The error may name the recipient; the log gets only which mail it was.
                tracing::warn!(mail = %id, kind = row.kind, tries, "a mail could not be sent");
                let why = format!("{error:#}");
                db.write(move |conn| failed(conn, id, tries, &why)).await?;
            }
        }
    }
    Ok(sent)
}

fn take(conn: &mut Conn) -> AppResult<Vec<Row>> {
    let now = clock::now();
    let due = outbox::table
        .filter(outbox::delivered_at.is_null())
        .filter(outbox::next_try_at.le(now))
        .filter(outbox::tries.lt(TRIES))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.lt(now)))
        .order(outbox::next_try_at)
        .limit(TAKE)
        .select(outbox::id);
    // Serializable on PostgreSQL, one writer on SQLite: nobody else takes the same.
    let ids: Vec<OutboxId> = due.load(conn)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    diesel::update(outbox::table.filter(outbox::id.eq_any(&ids)))
        .set(outbox::leased_until.eq(Some(now.plus_minutes(LEASE_MINUTES))))
        .execute(conn)?;
    Ok(outbox::table
        .filter(outbox::id.eq_any(&ids))
        .order(outbox::id)
        .select(outbox::all_columns)
        .load(conn)?)
}

/// What was sent is no longer kept: a mail holds a link that signs in.
fn delivered(conn: &mut Conn, id: OutboxId, tries: i64) -> AppResult<()> {
    diesel::update(outbox::table.find(id))
        .set((
            outbox::delivered_at.eq(Some(clock::now())),
            outbox::tries.eq(tries),
            outbox::body_text.eq(""),
            outbox::body_html.eq(""),
            outbox::leased_until.eq(None::<Instant>),
        ))
        .execute(conn)?;
    Ok(())
}

/// The next try after 1, 2, 4 … minutes, at most six hours.
fn failed(conn: &mut Conn, id: OutboxId, tries: i64, why: &str) -> AppResult<()> {
    let wait = (1_i64 << (tries - 1).min(9)).min(360);
    diesel::update(outbox::table.find(id))
        .set((
            outbox::next_try_at.eq(clock::now().plus_minutes(wait)),
            outbox::tries.eq(tries),
            outbox::last_error.eq(Some(why)),
            outbox::leased_until.eq(None::<Instant>),
        ))
        .execute(conn)?;
    Ok(())
}
