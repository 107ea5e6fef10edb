//! The work on releases: building them, and pushing them to the object store. Each goes one at a
//! time, beside the threads that answer.

use super::{AFTER_FAILURE, Tools, tell};
use crate::datasets;
use crate::error::{AppError, AppResult};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often it is looked whether a release waits.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Builds releases. A stop ends the one at hand between two pages; whoever works next on this
/// database goes on with it.
pub(super) async fn build(tools: Tools, stop: watch::Receiver<bool>) {
    let work = move |is_stopping: &dyn Fn() -> bool| {
        let least = tools.site.agreement_items;
        datasets::build::next(&tools.db, &tools.shelf, least, is_stopping)
    };
    one_by_one("releases", stop, work).await;
}

/// Pushes releases, where a store is set up. A stop ends the one at hand within seconds.
pub(super) async fn push(tools: Tools, stop: watch::Receiver<bool>) {
    if tools.store.url.is_none() {
        return;
    }
    let work = move |is_stopping: &dyn Fn() -> bool| {
        datasets::push::next(&tools.db, &tools.shelf, &tools.store, is_stopping)
    };
    one_by_one("pushes", stop, work).await;
}

/// Does piece after piece until told to stop; `work` says whether there was one.
async fn one_by_one(
    job: &str,
    mut stop: watch::Receiver<bool>,
    work: impl Fn(&dyn Fn() -> bool) -> AppResult<bool> + Clone + Send + 'static,
) {
    while !*stop.borrow() {
        let (work, stopped) = (work.clone(), stop.clone());
        let piece = move || work(&|| *stopped.borrow());
        let pause = match tokio::task::spawn_blocking(piece).await.unwrap_or_else(|panic| {
            Err(AppError::internal(anyhow::anyhow!("work on a release panicked: {panic}")))
        }) {
            Ok(true) => continue,
            Ok(false) => LOOK_EVERY,
            Err(error) => {
                tell(job, &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
