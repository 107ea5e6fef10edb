//! The outbox: a mail is a row, written in the transaction of the fact it tells, and sent from
//! there at least once, with the same Message-ID each time.

use super::Mailer;
use crate::clock;
use crate::db::{Conn, Db, Either, Instant};
use crate::error::{AppError, AppResult};
use crate::schema::outbox;
use diesel::prelude::*;
use lettre::Address;

/// How many mails are under way at once.
const BATCH: i64 = 10;
/// How long a sender has for its batch before another may take it; longer than any send.
const LEASE_MINUTES: i64 = 5;
/// After so many tries, which take two days, a mail stays where it is with its last error.
const TRIES: i64 = 18;
/// Minutes after which a mail should have left.
pub const LATE_MINUTES: i64 = 15;
/// Days for which delivered and abandoned mails are kept, without their text.
const KEPT_DAYS: i64 = 30;

crate::id_type!(
    /// The id of a mail; its Message-ID is made from it.
    MailId
);

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// What it is about, in one word for figures and logs: `sign_in`.
    pub kind: &'static str,
    /// One mail address, without a name.
    pub recipient: String,
    /// One line.
    pub subject: String,
    pub body_text: String,
    pub body_html: String,
}

/// A row of the outbox.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(super) struct Mail {
    pub(super) id: MailId,
    kind: String,
    pub(super) recipient: String,
    pub(super) subject: String,
    pub(super) body_text: String,
    pub(super) body_html: String,
    pub(super) created_at: Instant,
    next_try_at: Instant,
    leased_until: Option<Instant>,
    tries: i64,
    delivered_at: Option<Instant>,
    last_error: Option<String>,
    /// Where one click ends mails of this kind.
    pub(super) unsubscribe: Option<String>,
}

/// Writes a mail into the outbox, inside the caller's transaction. An error when the recipient
/// is no mail address; a subject becomes one line.
pub fn enqueue(conn: &mut Conn, new: NewMail) -> AppResult<()> {
    insert(conn, new, None)
}

/// As `enqueue`, with headers by which a mail program ends mails of this kind with one click.
pub fn enqueue_unsubscribable(conn: &mut Conn, new: NewMail, address: &str) -> AppResult<()> {
    insert(conn, new, Some(address.to_owned()))
}

fn insert(conn: &mut Conn, new: NewMail, unsubscribe: Option<String>) -> AppResult<()> {
    if new.recipient.parse::<Address>().is_err() {
        return Err(AppError::invalid("recipient", "is not a mail address"));
    }
    let now = clock::now();
    let mail = Mail {
        id: MailId::new(),
        kind: new.kind.to_owned(),
        recipient: new.recipient,
        subject: new.subject.split(char::is_control).collect::<Vec<_>>().join(" "),
        body_text: new.body_text,
        body_html: new.body_html,
        created_at: now,
        next_try_at: now,
        leased_until: None,
        tries: 0,
        delivered_at: None,
        last_error: None,
        unsubscribe,
    };
    diesel::insert_into(outbox::table).values(&mail).execute(conn)?;
    Ok(())
}

/// Sends what is due, a batch at most, and says how many mails it tried. Safe on any number of
/// machines at once; a mail whose sender died is taken again when its lease has run out.
pub async fn deliver(db: &Db, mailer: &Mailer) -> AppResult<usize> {
    if !db.read(|conn| Ok(is_due(conn, clock::now())?)).await? {
        return Ok(0);
    }
    let mails = db.write(|conn| Ok(lease(conn, clock::now())?)).await?;
    let sends = mails.iter().map(|mail| async {
        let result = mailer.send(mail).await;
        settle(db, mail, result).await
    });
    for settled in futures_util::future::join_all(sends).await {
        settled?;
    }
    Ok(mails.len())
}

/// The mails that still wait to be sent.
pub fn count_waiting(conn: &mut Conn) -> QueryResult<i64> {
    outbox::table
        .filter(outbox::delivered_at.is_null())
        .filter(outbox::tries.lt(TRIES))
        .count()
        .get_result(conn)
}

/// Mails that should have left by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stuck {
    /// How many wait for more than `LATE_MINUTES`.
    pub late: i64,
    /// How many are tried no more.
    pub given_up: i64,
}

/// The mails that stay: nobody delivers them, or nobody takes them.
pub fn stuck(conn: &mut Conn, now: Instant) -> QueryResult<Stuck> {
    let waiting = || outbox::table.filter(outbox::delivered_at.is_null());
    let late = waiting()
        .filter(outbox::tries.lt(TRIES))
        .filter(outbox::created_at.lt(now.plus_minutes(-LATE_MINUTES)))
        .count()
        .get_result(conn)?;
    let given_up = waiting().filter(outbox::tries.ge(TRIES)).count().get_result(conn)?;
    Ok(Stuck { late, given_up })
}

/// Forgets mails that were delivered, or given up, a while ago.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let old = now.plus_minutes(-KEPT_DAYS * 24 * 60);
    diesel::delete(
        outbox::table
            .filter(outbox::created_at.lt(old))
            .filter(outbox::delivered_at.is_not_null().or(outbox::tries.ge(TRIES))),
    )
    .execute(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn due(now: Instant, soon: Instant, tries: i64) -> _ {
    outbox::table
        .filter(outbox::delivered_at.is_null())
        // What is from the future was written before the clock was set back.
        .filter(outbox::next_try_at.le(now).or(outbox::created_at.gt(soon)))
        .filter(outbox::tries.lt(tries))
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.lt(now)))
}

fn is_due(conn: &mut Conn, now: Instant) -> QueryResult<bool> {
    let any: Option<MailId> =
        due(now, now.plus_minutes(1), TRIES).select(outbox::id).first(conn).optional()?;
    Ok(any.is_some())
}

/// Takes the next due mails. Others' transactions step over rows taken here; SQLite has one
/// writer, who needs no row locks.
fn lease(conn: &mut Conn, now: Instant) -> QueryResult<Vec<Mail>> {
    let due = due(now, now.plus_minutes(1), TRIES);
    let next = due.order(outbox::next_try_at).limit(BATCH).select(outbox::all_columns);
    let mails: Vec<Mail> = match conn.either() {
        Either::Postgres(c) => next.for_update().skip_locked().load(c)?,
        Either::Sqlite(c) => next.load(c)?,
    };
    let ids: Vec<MailId> = mails.iter().map(|mail| mail.id).collect();
    diesel::update(outbox::table.filter(outbox::id.eq_any(ids)))
        .set((
            outbox::leased_until.eq(Some(now.plus_minutes(LEASE_MINUTES))),
            outbox::tries.eq(outbox::tries + 1),
        ))
        .execute(conn)?;
    Ok(mails)
}

/// Writes down what became of a mail. The text of a delivered mail goes: it may hold a link
/// that signs in, of which only the hash may stay.
async fn settle(db: &Db, mail: &Mail, result: Result<(), String>) -> AppResult<()> {
    let (id, tries) = (mail.id, mail.tries + 1);
    let row = move || outbox::table.filter(outbox::id.eq(id));
    match result {
        Ok(()) => {
            metrics::counter!("overrule_mails_total", "result" => "delivered").increment(1);
            db.write(move |conn| {
                diesel::update(row())
                    .set((
                        outbox::delivered_at.eq(Some(clock::now())),
                        outbox::leased_until.eq(None::<Instant>),
                        outbox::last_error.eq(None::<String>),
                        outbox::body_text.eq(""),
                        outbox::body_html.eq(""),
                        outbox::unsubscribe.eq(None::<String>),
                    ))
                    .execute(conn)?;
                Ok(())
            })
            .await
        }
        Err(error) => {
            metrics::counter!("overrule_mails_total", "result" => "failed").increment(1);
            tracing::warn!(mail = %id, kind = mail.kind, tries, "a mail did not leave");
            let error: String = error.chars().take(500).collect();
            db.write(move |conn| {
                let next = clock::now().plus_minutes(backoff_minutes(tries));
                diesel::update(row())
                    .set((
                        outbox::next_try_at.eq(next),
                        outbox::leased_until.eq(None::<Instant>),
                        outbox::last_error.eq(Some(&error)),
                    ))
                    .execute(conn)?;
                Ok(())
            })
            .await
        }
    }
}

/// 1, 2, 4 … minutes, and never more than 6 hours.
fn backoff_minutes(tries: i64) -> i64 {
    (1 << (tries - 1).clamp(0, 9)).min(360)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::{self, Target};
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    fn database() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::Sqlite(folder.path().join("t.db"));
        db::migrate(&target).unwrap();
        (folder, Db::open(&target).unwrap())
    }

    fn mail(recipient: &str) -> NewMail {
        NewMail {
            kind: "test",
            recipient: recipient.into(),
            subject: "Hello\r\nBcc: eve@example.com".into(),
            body_text: "A link: http://localhost/é".into(),
            body_html: "<p>A link</p>".into(),
        }
    }

    async fn put(db: &Db) {
        db.write(|conn| enqueue(conn, mail("ada@example.com"))).await.unwrap();
    }

    /// A server that takes mails, or refuses every recipient; gives back what it was told.
    fn sink(refuse: bool) -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (out, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let (mut all, mut in_data) = (String::new(), false);
                stream.write_all(b"220 sink\r\n").unwrap();
                while let Some(Ok(line)) = lines.next() {
                    all.push_str(&line);
                    all.push('\n');
                    let answer = match (in_data, line.as_str()) {
                        (true, ".") => {
                            in_data = false;
                            "250 taken"
                        }
                        (true, _) => continue,
                        (_, "DATA") => {
                            in_data = true;
                            "354 go on"
                        }
                        (_, "QUIT") => "221 bye",
                        (_, line) if refuse && line.starts_with("RCPT") => "451 come back later",
                        _ => "250 sink",
                    };
                    stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
                }
                out.send(all).unwrap();
            }
        });
        (url, told)
    }

    #[tokio::test]
    async fn a_mail_goes_to_a_server_once_and_its_text_is_forgotten() {
        let (_folder, db) = database();
        let (url, told) = sink(false);
        let mailer = Mailer::smtp(&url, "Overrule <overrule@example.com>").unwrap();
        put(&db).await;
        assert_eq!(deliver(&db, &mailer).await.unwrap(), 1);
        assert_eq!(deliver(&db, &mailer).await.unwrap(), 0);
        let row: Mail = db.read_now(|conn| Ok(outbox::table.first(conn)?)).unwrap();
        assert!(row.delivered_at.is_some() && row.body_text.is_empty());
        drop(mailer);
        let told = told.recv().unwrap();
        assert!(told.contains("RCPT TO:<ada@example.com>"), "{told}");
        assert!(told.contains(&format!("Message-ID: <{}@example.com>", row.id)), "{told}");
        assert!(!told.contains("\nBcc:"), "{told}");
    }

    #[tokio::test]
    async fn a_refused_mail_waits_longer_each_time() {
        let (_folder, db) = database();
        let (url, _told) = sink(true);
        let mailer = Mailer::smtp(&url, "overrule@example.com").unwrap();
        put(&db).await;
        assert_eq!(deliver(&db, &mailer).await.unwrap(), 1);
        assert_eq!(deliver(&db, &mailer).await.unwrap(), 0, "not before its time");
        let row: Mail = db.read_now(|conn| Ok(outbox::table.first(conn)?)).unwrap();
        assert!(row.last_error.unwrap().contains("come back later"));
        assert!(row.next_try_at > clock::now() && row.leased_until.is_none() && row.tries == 1);
        assert_eq!([1, 2, 3, 18].map(backoff_minutes), [1, 2, 4, 360]);
    }

    #[tokio::test]
    async fn a_mail_is_leased_to_one_sender_until_its_lease_runs_out() {
        let (_folder, db) = database();
        put(&db).await;
        let now = clock::now();
        for (at, taken) in [(now, 1), (now, 0), (now.plus_minutes(LEASE_MINUTES + 1), 1)] {
            let mails = db.write(move |conn| Ok(lease(conn, at)?)).await.unwrap();
            assert_eq!(mails.len(), taken);
        }
    }

    #[tokio::test]
    async fn a_folder_holds_whole_mails_whose_names_sort_by_time() {
        let (folder, db) = database();
        let place = folder.path().join("mail");
        let mailer = Mailer::folder(&place, "overrule@example.com").unwrap();
        for _ in 0..3 {
            put(&db).await;
        }
        assert_eq!(deliver(&db, &mailer).await.unwrap(), 3);
        let names: Vec<_> = std::fs::read_dir(&place).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(names.len(), 3);
        for name in names {
            assert_eq!(name.extension().unwrap(), "eml");
            let text = std::fs::read_to_string(name).unwrap();
            assert!(text.contains("To: ada@example.com") && text.contains("A link"), "{text}");
        }
    }

    #[test]
    fn a_recipient_is_an_address_and_nothing_more() {
        let (_folder, db) = database();
        for bad in ["", "ada", "a@b.c, d@e.f", "Ada <ada@example.com>", "a@b.c\r\nBcc: d@e.f"] {
            assert!(db.write_now(move |conn| enqueue(conn, mail(bad))).is_err(), "{bad}");
        }
    }
}
