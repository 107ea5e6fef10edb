//! Bodies with one item or many: an object, an array, or a line each.

use crate::capture::line::TOO_LARGE;
use crate::error::{AppError, AppResult, Mistakes};
use actix_web::HttpRequest;
use bytes::Bytes;
use serde_json::value::RawValue;

/// Rows that are handed to the writer at a time.
pub const GROUP: usize = 250;

/// The items of a body, read and checked; a bad one does not hold back the others.
pub enum Items<T> {
    /// An object by itself.
    One(Result<T, Mistakes>),
    /// An array, or NDJSON.
    Many(Vec<Result<T, Mistakes>>),
}

/// Reads a body, on a blocking thread where it is large.
pub async fn read<T: Send + 'static>(
    request: &HttpRequest,
    body: Bytes,
    item: fn(&str) -> Result<T, Mistakes>,
) -> AppResult<Items<T>> {
    let lines = is_ndjson(request)?;
    let work = move || if lines { Ok(split_lines(&body, item)) } else { split_json(&body, item) };
    if lines || request.headers().get("content-length").is_none_or(|n| n.len() > 5) {
        return actix_web::web::block(work).await.map_err(AppError::internal)?;
    }
    work()
}

fn is_ndjson(request: &HttpRequest) -> AppResult<bool> {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(false),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(true),
        _ => Err(AppError::MediaType(
            "Send `application/json`, or `application/x-ndjson` with an object a line.".into(),
        )),
    }
}

fn split_lines<T>(body: &[u8], item: fn(&str) -> Result<T, Mistakes>) -> Items<T> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    Items::Many(
        lines
            .map(|line| match std::str::from_utf8(line) {
                Ok(text) => item(text.trim()),
                Err(_) => Err(Mistakes::one("", "is not valid UTF-8")),
            })
            .collect(),
    )
}

fn split_json<T>(body: &[u8], item: fn(&str) -> Result<T, Mistakes>) -> AppResult<Items<T>> {
    let text = std::str::from_utf8(body)
        .map_err(|_| AppError::BadRequest("The body is not valid UTF-8.".into()))?;
    let whole: &RawValue = serde_json::from_str(text)
        .map_err(|error| AppError::BadRequest(format!("The body is not JSON: {error}.")))?;
    if whole.get().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(whole.get())
            .map_err(|error| AppError::BadRequest(format!("The body is not JSON: {error}.")))?;
        return Ok(Items::Many(items.into_iter().map(|raw| item(raw.get())).collect()));
    }
    Ok(Items::One(item(whole.get())))
}

/// What one item by itself is told: one that is too large gets the status for that.
pub fn refused(mistakes: Mistakes) -> AppError {
    if mistakes.0.iter().any(|mistake| mistake.message == TOO_LARGE) {
        return AppError::TooLarge("One may hold 1 MiB at most.".into());
    }
    mistakes.into()
}

/// Gives every good item to `store`, in groups, and puts the answers back in order.
pub async fn store_each<T, A, F>(
    items: Vec<Result<T, Mistakes>>,
    mut store: impl FnMut(Vec<T>) -> F,
) -> AppResult<Vec<Result<A, Mistakes>>>
where
    F: Future<Output = AppResult<Vec<A>>>,
{
    let mut answers: Vec<Option<Result<A, Mistakes>>> = Vec::with_capacity(items.len());
    let (mut group, mut places) = (Vec::new(), Vec::new());
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        match item {
            Err(mistakes) => answers.push(Some(Err(mistakes))),
            Ok(item) => {
                places.push(answers.len());
                answers.push(None);
                group.push(item);
            }
        }
        if group.len() == GROUP || (items.peek().is_none() && !group.is_empty()) {
            let stored = store(std::mem::take(&mut group)).await?;
            for (place, answer) in places.drain(..).zip(stored) {
                answers[place] = Some(Ok(answer));
            }
        }
    }
    Ok(answers.into_iter().flatten().collect())
}
