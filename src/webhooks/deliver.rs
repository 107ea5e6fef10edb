//! Sending calls: what is due, a batch at a time, on any number of machines at once.

use super::model::Call;
use super::{actions, queries, sign};
use crate::clock;
use crate::db::Db;
use crate::error::AppResult;
use crate::outgoing::Outgoing;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use url::Url;

/// How many calls are under way at once.
const BATCH: i64 = 10;
/// How long a sender has for its batch before another may take it; longer than any call.
const LEASE_MINUTES: i64 = 5;
/// After so many tries, which take two days, a call stays where it is with its last error.
pub const TRIES: i64 = 18;

/// What became of a call.
enum Outcome {
    Arrived,
    /// Whoever answers wants no more calls.
    Gone,
    Failed(String),
}

/// Sends what is due, a batch at most, and says how many calls it tried.
pub async fn deliver(db: &Db, outgoing: &Outgoing) -> AppResult<usize> {
    if !db.read(|conn| Ok(queries::is_due(conn, clock::now(), TRIES)?)).await? {
        return Ok(0);
    }
    let calls = db
        .write(|conn| {
            let now = clock::now();
            let until = now.plus_minutes(LEASE_MINUTES);
            Ok(queries::lease(conn, (now, until), TRIES, BATCH)?)
        })
        .await?;
    let sends = calls.iter().map(|call| one(db, outgoing, call));
    for settled in futures_util::future::join_all(sends).await {
        settled?;
    }
    Ok(calls.len())
}

async fn one(db: &Db, outgoing: &Outgoing, call: &Call) -> AppResult<()> {
    let (id, webhook_id) = (call.id, call.webhook_id);
    let Some(webhook) = db.read(move |conn| Ok(queries::find(conn, webhook_id)?)).await? else {
        return Ok(());
    };
    let outcome = match send(outgoing, call, &webhook.url, &webhook.secret.0).await {
        Ok(status) if status.is_success() => Outcome::Arrived,
        Ok(StatusCode::GONE) => Outcome::Gone,
        Ok(status) => Outcome::Failed(format!("it answered {status}")),
        Err(why) => Outcome::Failed(why),
    };
    let is_good = matches!(outcome, Outcome::Arrived);
    let result = if is_good { "delivered" } else { "failed" };
    metrics::counter!("overrule_webhook_calls_total", "result" => result).increment(1);
    let tries = call.tries + 1;
    if !is_good {
        tracing::warn!(call = %id, webhook = %webhook_id, tries, "a webhook's call did not arrive");
    }
    db.write(move |conn| match &outcome {
        Outcome::Arrived => Ok(queries::delivered(conn, id, clock::now())?),
        Outcome::Gone => actions::stop(conn, webhook_id),
        Outcome::Failed(why) => {
            let why: String = why.chars().take(500).collect();
            let next = clock::now().plus_minutes(backoff_minutes(tries));
            Ok(queries::failed(conn, id, &why, next)?)
        }
    })
    .await
}

/// 1, 2, 4 … minutes, and never more than 6 hours.
fn backoff_minutes(tries: i64) -> i64 {
    (1 << (tries - 1).clamp(0, 9)).min(360)
}

/// The error is a sentence for people, without the secret.
async fn send(
    outgoing: &Outgoing,
    call: &Call,
    url: &str,
    secret: &str,
) -> Result<StatusCode, String> {
    let url = Url::parse(url).map_err(|_| "its address can't be read".to_owned())?;
    let (id, at) = (call.id.to_string(), clock::now().as_micros() / 1_000_000);
    let signature = sign::signature(secret, &id, at, &call.body);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let at = at.to_string();
    for (name, value) in
        [("webhook-id", &id), ("webhook-timestamp", &at), ("webhook-signature", &signature)]
    {
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    let body = call.body.clone().into_bytes();
    let answer = outgoing.send(Method::POST, url, headers, body).await;
    answer.map(|answer| answer.status).map_err(|error| error.to_string())
}
