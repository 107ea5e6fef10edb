//! `GET /api/v1/signals`: what `overrule export` writes, as it is read.

use super::file;
use super::model::{FileFormat, Format, Question, Status};
use super::stream::{Export, Sinks};
use crate::accounts::extract::scope::Export as ExportScope;
use crate::accounts::{LimitedKey, Reach};
use crate::agents::{DeploymentId, Environment, queries as agents};
use crate::audit::{self, Actor};
use crate::capture::draft::time;
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::Verdict;
use crate::web::problem::Problem;
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use bytes::Bytes;
use std::io::{self, Write};
use std::str::FromStr;
use tokio::sync::mpsc;

/// `/api/v1/signals`
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list);
}

/// Bytes that travel together, and how many of those may wait for a slow reader.
const CHUNK: usize = 128 * 1024;
const CHUNKS: usize = 4;

/// Signals as a file, a record a line or a row.
///
/// The same question gives the same bytes as long as nothing new was decided. What a format
/// can't use is left out.
#[utoipa::path(
    tag = "signals",
    params(
        ("agent" = String, Query, description = "Slug of the agent"),
        ("format" = Format, Query),
        ("file_format" = Option<FileFormat>, Query, description = "Default `jsonl`. `csv` for the format `classification`"),
        ("status" = Option<Status>, Query, description = "Default `accepted`"),
        ("environment" = Option<Environment>, Query),
        ("version" = Option<String>, Query, description = "A version of the agent"),
        ("verdict" = Option<Verdict>, Query),
        ("since" = Option<String>, Query, description = "RFC 3339 or a day: when the interaction happened, or later"),
        ("until" = Option<String>, Query, description = "RFC 3339 or a day: before the interaction happened"),
    ),
    responses(
        (status = 200, description = "A record a line or a row", content((String = "application/x-ndjson"), (String = "text/csv"), (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `export`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A question that is not valid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/signals")]
pub async fn list(
    by: LimitedKey<ExportScope>,
    db: Data<Db>,
    request: HttpRequest,
) -> AppResult<HttpResponse> {
    let mut question = question(request.query_string())?;
    question.deployments = reached(&db, &by.reach, &question.agent).await?;
    let (prepare_db, asked) = (db.clone(), question.clone());
    let export = web::block(move || Export::prepare(&prepare_db, asked))
        .await
        .map_err(AppError::internal)??;
    let (actor, subject) = (Actor::Key(by.key.id.0), format!("agent:{}", question.agent));
    let detail = question.noted();
    db.write(move |conn| audit::record(conn, actor, "signals.export", &subject, detail.clone()))
        .await?;
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let media_type = question.file_format.media_type();
    let db = db.as_ref().clone();
    std::thread::Builder::new()
        .name("export".into())
        .spawn(move || send(&db, &export, sender))
        .map_err(AppError::internal)?;
    let body = futures_util::stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (chunk, chunks))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body))
}

/// The deployments that a key is for; none where it is for all. An agent that it is not for is not
/// there.
async fn reached(db: &Db, reach: &Reach, agent: &str) -> AppResult<Option<Vec<DeploymentId>>> {
    if reach.is_all() {
        return Ok(None);
    }
    let (reach, agent) = (reach.clone(), agent.to_owned());
    db.read(move |conn| {
        agents::find_reached_by(conn, &reach, &agent)?.ok_or(AppError::NotFound)?;
        Ok(Some(agents::deployments_reached_by(conn, &reach, &agent)?))
    })
    .await
}

type Chunk = Result<Bytes, io::Error>;

fn send(db: &Db, export: &Export, sender: mpsc::Sender<Chunk>) {
    let mut out = Chunks { sender, buffer: Vec::with_capacity(CHUNK) };
    let sinks = Sinks { records: &mut out, ids: None };
    let written = file::write(export, db, sinks, tempfile::tempfile, |_| {});
    let flushed = written.map(drop).and_then(|()| out.flush().map_err(AppError::internal));
    if let Err(error) = flushed {
        // The reader sees a body that breaks off, never one that looks whole.
        tracing::warn!(%error, "an export ended early");
        let _ = out.sender.blocking_send(Err(io::Error::other("the export ended early")));
    }
}

/// Full buffers go to the reader; where it is slow the writer waits, where it is gone it stops.
struct Chunks {
    sender: mpsc::Sender<Chunk>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn question(query: &str) -> Result<Question, Mistakes> {
    let (mut agent, mut format, mut file_format, mut status) = (None, None, None, None);
    let (mut environment, mut version, mut verdict) = (None, None, None);
    let (mut since, mut until) = (None, None);
    let mut mistakes = Mistakes::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let m = &mut mistakes;
        match name.as_ref() {
            "agent" => agent = Some(value.into_owned()),
            "version" => version = Some(value.into_owned()),
            "format" => format = word::<Format>(m, &name, &value),
            "file_format" => file_format = word::<FileFormat>(m, &name, &value),
            "status" => status = word::<Status>(m, &name, &value),
            "environment" => environment = word(m, &name, &value),
            "verdict" => verdict = word(m, &name, &value),
            "since" => since = or_mistake(m, time(&value, "/since")),
            "until" => until = or_mistake(m, time(&value, "/until")),
            _ => m.add(format!("/{name}"), "is no filter here"),
        }
    }
    if agent.is_none() {
        mistakes.add("/agent", "is required");
    }
    if format.is_none() && mistakes.of("/format").is_empty() {
        mistakes.add("/format", format!("is required: one of {}", Format::allowed()));
    }
    let question = Question {
        agent: agent.unwrap_or_default(),
        format: format.unwrap_or(Format::Signals),
        file_format: file_format.unwrap_or(FileFormat::Jsonl),
        status: status.unwrap_or(Status::Accepted),
        environment,
        version,
        verdict,
        since,
        until,
        deployments: None,
    };
    mistakes.or(question)
}

fn word<T: FromStr<Err = String>>(mistakes: &mut Mistakes, name: &str, value: &str) -> Option<T> {
    value.parse().map_err(|why| mistakes.add(format!("/{name}"), why)).ok()
}

fn or_mistake<T>(mistakes: &mut Mistakes, result: Result<T, Mistakes>) -> Option<T> {
    result.map_err(|more| mistakes.0.extend(more.0)).ok()
}
