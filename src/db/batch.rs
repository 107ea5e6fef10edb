//! The hot appends: rows of all who wait are written together in a fixed few statements,
//! one commit for all. The same code on both databases.

use super::origin::{self, Origin};
use super::{Conn, Db};
use crate::error::{AppError, AppResult};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// How many requests may wait before the next is answered 503.
const QUEUE: usize = 1024;
/// How many rows share one commit at most; keeps a commit in the low milliseconds.
const ROWS: usize = 500;

struct Waiting<R, A> {
    rows: Vec<R>,
    origin: Option<Origin>,
    answer: Answer<A>,
}

type Answer<A> = oneshot::Sender<AppResult<Vec<A>>>;

/// What one caller sent: its rows among all, and from where they came.
struct Part<A> {
    rows: Range<usize>,
    origin: Option<Origin>,
    answer: Answer<A>,
}

/// A queue of rows of one type. Each row gets one answer, in order.
pub struct Batch<R, A> {
    queue: Mutex<Option<mpsc::Sender<Waiting<R, A>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<R, A> Batch<R, A>
where
    R: Send + Sync + 'static,
    A: Send + 'static,
{
    /// Starts the queue. `apply` writes some rows and answers each; a row that is not valid is
    /// an answer, not an error.
    pub fn start(
        db: Db,
        name: &str,
        apply: fn(&mut Conn, &[R]) -> AppResult<Vec<A>>,
    ) -> anyhow::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || run(&db, waiting, apply))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Writes `rows` and gives an answer for each once they are durable.
    pub async fn submit(&self, rows: Vec<R>) -> AppResult<Vec<A>> {
        let (answer, receiver) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let Some(queue) = queue else { return Err(full()) };
        queue.try_send(Waiting { rows, origin: origin::of_request(), answer }).map_err(|_| {
            metrics::counter!("overrule_queue_full_total", "queue" => "batch").increment(1);
            full()
        })?;
        drop(queue);
        super::in_time(receiver).await?.map_err(|_| full())?
    }

    /// Finishes what was accepted and stops.
    pub fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        let thread = self.thread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn full() -> AppError {
    AppError::Busy("Too many writes are waiting. Nothing was written.".into())
}

fn run<R, A>(
    db: &Db,
    mut queue: mpsc::Receiver<Waiting<R, A>>,
    apply: fn(&mut Conn, &[R]) -> AppResult<Vec<A>>,
) where
    R: Send + Sync + 'static,
    A: Send + 'static,
{
    let mut held = None;
    while let Some(first) = held.take().or_else(|| queue.blocking_recv()) {
        let mut count = first.rows.len();
        let mut waiting = vec![first];
        while let Ok(next) = queue.try_recv() {
            if count + next.rows.len() > ROWS {
                held = Some(next);
                break;
            }
            count += next.rows.len();
            waiting.push(next);
        }
        // What comes from one place stands together, in the order in which it came.
        waiting.sort_by_key(|each| each.origin);
        let (mut rows, mut parts) = (Vec::with_capacity(count), Vec::with_capacity(waiting.len()));
        for each in waiting {
            let start = rows.len();
            rows.extend(each.rows);
            let (origin, answer) = (each.origin, each.answer);
            parts.push(Part { rows: start..rows.len(), origin, answer });
        }
        answer(db, rows, parts, apply);
    }
}

/// The rows of each place.
fn places<A>(parts: &[Part<A>]) -> Vec<(Option<Origin>, Range<usize>)> {
    let groups = parts.chunk_by(|one, next| one.origin == next.origin);
    let of = |group: &[Part<A>]| {
        let (first, last) = (group.first()?, group.last()?);
        Some((first.origin, first.rows.start..last.rows.end))
    };
    groups.filter_map(of).collect()
}

fn answer<R, A>(
    db: &Db,
    rows: Vec<R>,
    parts: Vec<Part<A>>,
    apply: fn(&mut Conn, &[R]) -> AppResult<Vec<A>>,
) where
    R: Send + Sync + 'static,
    A: Send + 'static,
{
    let rows = Arc::new(rows);
    let (all, places) = (rows.clone(), places(&parts));
    let all_parts = move |conn: &mut Conn| {
        let mut answers = Vec::with_capacity(all.len());
        for (origin, range) in &places {
            answers.extend(origin::done_for(*origin, || apply(conn, &all[range.clone()]))?);
        }
        Ok(answers)
    };
    match db.write_batch(all_parts) {
        Ok(answers) => {
            let mut answers = answers.into_iter();
            for part in parts {
                let _ = part.answer.send(Ok(answers.by_ref().take(part.rows.len()).collect()));
            }
        }
        // One caller's rows may have spoiled it for all: each caller alone, so that only that
        // one hears of it. A database that is away is away for everybody.
        Err(error) if parts.len() > 1 && !matches!(error, AppError::Busy(_)) => {
            for part in parts {
                let (rows, range, origin) = (rows.clone(), part.rows, part.origin);
                let alone = move |conn: &mut Conn| {
                    origin::done_for(origin, || apply(conn, &rows[range.clone()]))
                };
                let _ = part.answer.send(db.write_batch(alone));
            }
        }
        Err(error) => {
            let busy = matches!(error, AppError::Busy(_));
            let text = error.to_string();
            let mut error = Some(error);
            for Part { answer, .. } in parts {
                let each = error.take().unwrap_or_else(|| {
                    if busy {
                        AppError::Busy(text.clone())
                    } else {
                        AppError::internal(anyhow::anyhow!(text.clone()))
                    }
                });
                let _ = answer.send(Err(each));
            }
        }
    }
}
