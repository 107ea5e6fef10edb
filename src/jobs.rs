//! The clock's work, beside the server. Each job is safe to run twice and on two machines.

use crate::accounts;
use crate::clock;
use crate::db::Db;
use crate::error::AppResult;
use crate::mail::{self, Mailer};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The running jobs.
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts every job.
    pub fn start(db: &Db, mailer: Mailer) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (mail_db, tidy_db) = (db.clone(), db.clone());
        let tasks = vec![
            every(Duration::from_secs(1), stopped.clone(), move || {
                let (db, mailer) = (mail_db.clone(), mailer.clone());
                async move { mail::deliver(&db, &mailer).await.map(drop) }
            }),
            every(Duration::from_secs(3_600), stopped, move || {
                let db = tidy_db.clone();
                async move { db.write(|conn| accounts::actions::tidy(conn, clock::now())).await }
            }),
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

/// Runs `job` again and again until it is told to stop. An error is logged, and the next turn
/// comes as if nothing had been.
#[allow(clippy::disallowed_methods)]
fn every<F>(
    pause: Duration,
    mut stopped: watch::Receiver<bool>,
    mut job: impl FnMut() -> F + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = AppResult<()>> + 'static,
{
    actix_web::rt::spawn(async move {
        while !*stopped.borrow() {
            if let Err(error) = job().await {
                tracing::warn!(%error, "a job failed; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => {}
            }
        }
    })
}
