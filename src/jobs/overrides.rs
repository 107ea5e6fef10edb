//! The index of past overrides follows what people report.

use super::{AFTER_FAILURE, Tools, tell};
use crate::db::Conn;
use crate::{clock, similar};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;

/// How often it is looked whether there are new overrides, and how many times longer than it takes
/// to store some of them others may write in between, unless nobody does.
const EVERY: Duration = Duration::from_secs(5);
const REST: u32 = 4;
const PAUSE: RangeInclusive<Duration> = Duration::from_millis(5)..=Duration::from_secs(1);

/// Takes overrides into the index of past ones. Others who write come first.
pub(super) async fn index(tools: Tools, mut stop: watch::Receiver<bool>) {
    let mut writes = tools.db.writes();
    while !*stop.borrow() {
        let batch = tools.db.read(|conn| similar::index::next(conn, clock::now())).await;
        let started = Instant::now();
        let done = match batch {
            Ok(Some(batch)) => {
                let write = move |conn: &mut Conn| similar::index::store(conn, &batch);
                tools.db.write(write).await.map(|()| true)
            }
            other => other.map(|_| false),
        };
        let before = std::mem::replace(&mut writes, tools.db.writes());
        let is_alone = writes.zip(before).is_some_and(|(now, before)| now <= before + 1);
        let times = if is_alone { 1 } else { REST };
        let pause = match done {
            Ok(false) => EVERY,
            Ok(true) => (started.elapsed() * times).clamp(*PAUSE.start(), *PAUSE.end()),
            Err(error) => {
                tell("index", &error);
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
