//! A release's file as an answer: with its hash as `ETag`, and in parts for whoever goes on after a
//! break. The hash never changes, so what was fetched once need not be fetched again.

use super::actions;
use super::build;
use super::model::{Release, ReleaseFile, State};
use super::queries;
use super::shelf::Shelf;
use crate::audit::{self, Actor};
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding, Header, Range};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::json;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes that are read and sent together.
const CHUNK: usize = 128 * 1024;

/// Answers with a file of a release, and notes that `by` fetched it.
pub async fn file(
    request: &HttpRequest,
    db: &Db,
    shelf: &Shelf,
    by: Actor,
    (name, number, file): (String, i64, String),
) -> AppResult<HttpResponse> {
    let (to_open, shelf, of) = (db.clone(), shelf.clone(), name.clone());
    let opened = actix_web::web::block(move || open(&to_open, &shelf, &of, number, &file));
    let (found, file) = opened.await.map_err(AppError::internal)??;
    let etag = format!("\"{}\"", hex::encode(found.sha256.0));
    let size = found.bytes.unsigned_abs();
    if has(request, header::IF_NONE_MATCH, &etag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    db.write(noted(by, &name, number, &found.name)).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::ETAG, etag.clone()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::CONTENT_TYPE, kind(&found.name)))
        // A hash of the file and parts of it mean nothing once it is compressed on the way.
        .insert_header(ContentEncoding::Identity)
        .insert_header((header::CONTENT_DISPOSITION, as_file(&found.name)));
    match part(request, &etag, size) {
        Part::All => Ok(answer.no_chunking(size).streaming(body(file, 0, size))),
        Part::None => {
            answer.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            Ok(answer.status(StatusCode::RANGE_NOT_SATISFIABLE).finish())
        }
        Part::Some(first, last) => {
            let range = format!("bytes {first}-{last}/{size}");
            answer.insert_header((header::CONTENT_RANGE, range));
            let length = last - first + 1;
            answer.status(StatusCode::PARTIAL_CONTENT).no_chunking(length);
            Ok(answer.streaming(body(file, first, length)))
        }
    }
}

/// A write that notes in the audit log that `by` fetched `file`. A part of it counts as the file:
/// who asks for all parts has all of it.
pub fn noted(
    by: Actor,
    name: &str,
    number: i64,
    file: &str,
) -> impl Fn(&mut Conn) -> AppResult<()> + Send + 'static {
    let subject = actions::subject(name);
    let detail = json!({"number": number, "file": file});
    move |conn| audit::record(conn, by, "dataset.download", &subject, detail.clone())
}

fn as_file(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}

/// Finds a file of a release that is ready, and sees to it that it is on this machine.
fn open(
    db: &Db,
    shelf: &Shelf,
    name: &str,
    number: i64,
    file: &str,
) -> AppResult<(ReleaseFile, File)> {
    let release = db.read_now(|conn| {
        let found = queries::find_release(conn, name, number)?.ok_or(AppError::NotFound)?;
        Ok(found.1)
    })?;
    is_ready(&release)?;
    let files = db.read_now(|conn| Ok(queries::files(conn, release.id)?))?;
    let known = files.iter().any(|each| each.name == file);
    if !known {
        return Err(AppError::NotFound);
    }
    let files = build::ensure(db, shelf, &release)?;
    let found = files.into_iter().find(|each| each.name == file).ok_or(AppError::NotFound)?;
    let opened = File::open(shelf.path(release.id, file)).map_err(AppError::internal)?;
    Ok((found, opened))
}

/// An error with a sentence unless the release's files can be fetched.
pub fn is_ready(release: &Release) -> AppResult<()> {
    let number = release.number;
    match release.state {
        State::Ready => Ok(()),
        State::Building => Err(AppError::Conflict(format!(
            "Release {number} is being built; wait until it is ready."
        ))),
        State::Withdrawn => Err(AppError::Gone(format!(
            "Release {number} held what was erased since: its files are gone, its manifest stays."
        ))),
        State::Failed | State::Cancelled => Err(AppError::NotFound),
    }
}

fn has(request: &HttpRequest, name: header::HeaderName, etag: &str) -> bool {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .split(',')
            .any(|each| each.trim().trim_start_matches("W/") == etag || each.trim() == "*")
    })
}

/// The media type of a file, by its name.
pub(super) fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("jsonl") => "application/x-ndjson",
        Some("json") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    }
}

enum Part {
    All,
    None,
    /// First and last byte.
    Some(u64, u64),
}

/// What is asked for: one range of bytes, or all. Several ranges are answered with all of it.
fn part(request: &HttpRequest, etag: &str, size: u64) -> Part {
    let is_other =
        request.headers().contains_key(header::IF_RANGE) && !has(request, header::IF_RANGE, etag);
    match Range::parse(request) {
        Ok(Range::Bytes(ranges)) if ranges.len() == 1 && !is_other => {
            match ranges[0].to_satisfiable_range(size) {
                Some((first, last)) => Part::Some(first, last),
                None => Part::None,
            }
        }
        _ => Part::All,
    }
}

type Chunk = Result<Bytes, std::io::Error>;

/// Reads the file bit by bit, beside the threads that answer.
fn body(file: File, from: u64, length: u64) -> impl futures_util::Stream<Item = Chunk> + 'static {
    let start = Some((file, Some(from), length));
    futures_util::stream::unfold(start, |state| async move {
        let (file, from, left) = state.filter(|(_, _, left)| *left > 0)?;
        let read = tokio::task::spawn_blocking(move || read(file, from, left)).await;
        match read.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
            Ok((bytes, file)) => {
                let left = left - bytes.len() as u64;
                Some((Ok(bytes), Some((file, None, left))))
            }
            // The reader sees a body that breaks off.
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn read(mut file: File, from: Option<u64>, left: u64) -> std::io::Result<(Bytes, File)> {
    if let Some(from) = from {
        file.seek(SeekFrom::Start(from))?;
    }
    let mut buffer = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
    file.read_exact(&mut buffer)?;
    Ok((Bytes::from(buffer), file))
}
