//! The clock's work, beside the server. Each job is safe to run twice and on two machines.

use crate::db::Db;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The running jobs.
pub struct Jobs {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts every job.
    pub fn start(_db: Db) -> Self {
        let (stop, _) = watch::channel(false);
        Self { stop, tasks: Vec::new() }
    }

    /// Lets each job finish the piece it is at.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}
