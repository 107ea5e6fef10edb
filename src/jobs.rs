//! The clock's work, beside the server. Each job is safe to run twice and on two machines.

mod overrides;
mod releases;

use crate::accounts::KeyCache;
use crate::accounts::sessions::{self, Seen};
use crate::datasets::{self, Shelf};
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::mail::{Mailer, Nudge, outbox};
use crate::outgoing::Outgoing;
use crate::signals::published;
use crate::web::Site;
use crate::web::budgets::Budgets;
use crate::web::limits::Limits;
use crate::web::operating::Metrics;
use crate::{accounts, audit, clock, config, escalations, news, sampling, webhooks};
use actix_web::web::Data;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often the outbox is looked at when nobody nudges.
const MAIL_EVERY: Duration = Duration::from_secs(1);
/// How long to leave a database alone that could not be reached.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How often is looked whether somebody should be told of an escalation or of their report.
const NOTICES_EVERY: Duration = Duration::from_secs(5);
/// How often what ran out is removed.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often it is written down which sessions were used.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether a week is to be drawn, and how long others write in between
/// while one is.
const DRAWS_EVERY: Duration = Duration::from_secs(5);
const DRAWS_PAUSE: Duration = Duration::from_millis(20);
/// How often what happened to signals is numbered for those who follow it, and how much at a time.
const PUBLISH_EVERY: Duration = Duration::from_millis(500);
const PUBLISHED: i64 = 1_000;
/// How often figures are folded together, so that they take no memory between scrapes.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// For how long nothing is written before the writer gives memory back.
const REST_EVERY: Duration = Duration::from_secs(3);

/// How often the audit log is sealed, and how soon again while there is more.
const SEAL_EVERY: Duration = Duration::from_secs(30);
const SEAL_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether a key was used that should be written down.
const NOTE_KEYS_EVERY: Duration = Duration::from_secs(2);

/// What the jobs work with.
#[derive(Clone)]
pub struct Tools {
    pub db: Db,
    pub mailer: Mailer,
    /// What links in mails start with, and what signs them.
    pub site: Site,
    /// Wakes the mail delivery.
    pub nudge: Nudge,
    /// The way out to other machines.
    pub outgoing: Outgoing,
    /// Where the files of releases are.
    pub shelf: Shelf,
    /// Where releases are pushed to.
    pub store: config::Store,
    /// The rate limits of the server in this process, if there is one.
    pub limits: Option<Limits>,
    /// What callers of the server in this process may ask for.
    pub budgets: Option<Budgets>,
    /// The keys that the server in this process has met.
    pub keys: Option<Data<KeyCache>>,
    /// The figures of this process, if it shows them.
    pub metrics: Option<Metrics>,
    /// The sessions that the server in this process saw used, if there is one.
    pub seen: Option<Seen>,
}

/// The running jobs.
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts every job on the runtime of the caller.
    pub fn start(tools: Tools) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(mail(tools.clone(), stopped.clone())),
            tokio::spawn(tidy(tools.clone(), stopped.clone())),
            tokio::spawn(note(tools.clone(), stopped.clone())),
            tokio::spawn(seal(tools.clone(), stopped.clone())),
            tokio::spawn(note_keys(tools.clone(), stopped.clone())),
            tokio::spawn(releases::build(tools.clone(), stopped.clone())),
            tokio::spawn(releases::push(tools.clone(), stopped.clone())),
            tokio::spawn(notices(tools.clone(), stopped.clone())),
            tokio::spawn(draws(tools.clone(), stopped.clone())),
            tokio::spawn(overrides::index(tools.clone(), stopped.clone())),
            tokio::spawn(hooks(tools.clone(), stopped.clone())),
            tokio::spawn(publish(tools.clone(), stopped.clone())),
            tokio::spawn(rest(tools.clone(), stopped.clone())),
            tokio::spawn(fold(tools, stopped)),
        ];
        Self { stop, tasks }
    }

    /// Lets each job finish the piece it is at.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Sends mail until told to stop; a full batch is followed by the next at once.
async fn mail(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let pause = match outbox::deliver(&tools.db, &tools.mailer).await {
            Ok(0) => MAIL_EVERY,
            Ok(_) => continue,
            Err(error) => {
                tell("mail", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = tools.nudge.wait() => {}
            _ = stop.changed() => {}
        }
    }
}

/// Calls webhooks until told to stop; a full batch is followed by the next at once.
async fn hooks(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let pause = match webhooks::deliver(&tools.db, &tools.outgoing).await {
            Ok(0) => MAIL_EVERY,
            Ok(_) => continue,
            Err(error) => {
                tell("webhooks", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Tells people of escalations and of what became of their reports until told to stop.
async fn notices(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let pause = match notices_once(&tools).await {
            Ok(0) => NOTICES_EVERY,
            Ok(_) => {
                tools.nudge.mail();
                continue;
            }
            Err(error) => {
                tell("notices", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn notices_once(tools: &Tools) -> AppResult<usize> {
    let due = |conn: &mut Conn| {
        let now = clock::now();
        Ok(escalations::notices::is_due(conn, now)? || news::delivery::is_due(conn, now)?)
    };
    if !tools.db.read(due).await? {
        return Ok(0);
    }
    let site = tools.site.clone();
    let run = move |conn: &mut Conn| {
        let now = clock::now();
        Ok(escalations::notices::run(conn, &site, now)? + news::delivery::run(conn, &site, now)?)
    };
    tools.db.write(run).await
}

/// Draws what is to be looked at of the week before, a piece at a time.
async fn draws(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let is_due = tools.db.read(|conn| Ok(sampling::draw::is_due(conn, clock::now())?)).await;
        let done = match is_due {
            Ok(true) => tools.db.write(|conn| sampling::draw::run(conn, clock::now())).await,
            other => other.map(|_| 0),
        };
        let pause = match done {
            Ok(0) => DRAWS_EVERY,
            Ok(_) => DRAWS_PAUSE,
            Err(error) => {
                tell("draws", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Removes what ran out, at once and then every hour.
async fn tidy(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = tidy_once(&tools).await {
            tell("tidy", &error);
        }
        tokio::select! {
            () = sleep(TIDY_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn tidy_once(tools: &Tools) -> AppResult<()> {
    if let Some(limits) = &tools.limits {
        limits.tidy();
    }
    if let Some(budgets) = &tools.budgets {
        budgets.tidy();
    }
    let removed = tools
        .db
        .write(|conn| {
            let now = clock::now();
            Ok(accounts::links::tidy(conn, now)?
                + outbox::tidy(conn, now)?
                + webhooks::tidy(conn, now)?)
        })
        .await?;
    tracing::debug!(removed, "tidied");
    Ok(())
}

/// Writes down every minute, and at the end, which sessions were used: a page never waits for it.
async fn note(tools: Tools, mut stop: watch::Receiver<bool>) {
    let Some(seen) = tools.seen else { return };
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            () = sleep(NOTE_EVERY) => {}
            _ = stop.changed() => is_last = true,
        }
        for used in seen.take() {
            let write = move |conn: &mut Conn| Ok(sessions::mark_seen(conn, &used, clock::now())?);
            if let Err(error) = tools.db.write(write).await {
                tell("note", &error);
            }
        }
    }
}

/// Seals what was added to the audit log; a full batch is followed by the next at once.
async fn seal(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let sealed = match tools.db.read(|conn| Ok(audit::queries::has_open(conn)?)).await {
            Ok(false) => Ok(0),
            Ok(true) => tools.db.write(audit::seal).await,
            Err(error) => Err(error),
        };
        let pause = match sealed {
            Ok(0) => SEAL_EVERY,
            Ok(_) => SEAL_PAUSE,
            Err(error) => {
                tell("seal", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Writes down which keys are in use, each every five minutes at most.
async fn note_keys(tools: Tools, mut stop: watch::Receiver<bool>) {
    let Some(keys) = tools.keys else { return };
    while !*stop.borrow() {
        let uses = keys.unnoted();
        if !uses.is_empty() {
            let written = uses.clone();
            match tools.db.write(move |conn| accounts::keys::note_uses(conn, &written)).await {
                Ok(()) => keys.noted(&uses),
                Err(error) => tell("keys", &error),
            }
        }
        tokio::select! {
            () = sleep(NOTE_KEYS_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Numbers what happened to signals, and lets releases follow, until told to stop.
async fn publish(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let pause = match publish_once(&tools.db).await {
            Ok(false) => PUBLISH_EVERY,
            Ok(true) => continue,
            Err(error) => {
                tell("publish", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Says whether there was something.
async fn publish_once(db: &Db) -> AppResult<bool> {
    let due = |conn: &mut Conn| Ok((published::is_due(conn)?, datasets::marks::is_due(conn)?));
    let (is_new, is_behind) = db.read(due).await?;
    if is_new {
        db.write(|conn| published::publish(conn, PUBLISHED)).await?;
    }
    if is_new || is_behind {
        db.write(datasets::marks::run).await?;
    }
    Ok(is_new || is_behind)
}

/// Gives back what the writer keeps in memory, where nothing is written any more.
async fn rest(tools: Tools, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = tools.db.rest().await {
            tell("rest", &error);
        }
        tokio::select! {
            () = sleep(REST_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn fold(tools: Tools, mut stop: watch::Receiver<bool>) {
    let Some(metrics) = tools.metrics else { return };
    while !*stop.borrow() {
        metrics.fold();
        tokio::select! {
            () = sleep(FOLD_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// The cause goes to the log; a job tries again by itself.
fn tell(job: &str, error: &AppError) {
    tracing::warn!(job, cause = %error, "a job failed and will be tried again");
}
