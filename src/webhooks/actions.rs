//! What changes webhooks and their calls, each inside one write.

use super::model::{Call, CallId, NewWebhook, Webhook, WebhookId};
use super::{queries, sign};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::{webhook_calls, webhooks};
use diesel::prelude::*;
use serde_json::{Value, json};
use url::Url;

/// How many there are at most.
pub const MOST: i64 = 10;
/// Days for which calls are kept that arrived or were given up.
const KEPT_DAYS: i64 = 30;

/// Adds one, and gives it with its secret.
pub fn add(conn: &mut Conn, actor: Actor, url: &str) -> AppResult<(WebhookId, String)> {
    let url = check(url)?;
    if queries::list(conn)?.len() as i64 >= MOST {
        return Err(AppError::invalid("url", format!("would be the {}th; remove one", MOST + 1)));
    }
    let secret = sign::secret().map_err(AppError::internal)?;
    let id = WebhookId::new();
    let new = NewWebhook { id, url: &url, secret: &secret, created_at: clock::now() };
    diesel::insert_into(webhooks::table).values(new).execute(conn)?;
    audit::record(conn, actor, "webhook.add", &subject(id), json!({"host": host(&url)}))?;
    Ok((id, secret))
}

fn subject(id: WebhookId) -> String {
    format!("webhook:{id}")
}

/// The rest of an address may be a secret of its own.
fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn check(text: &str) -> Result<String, Mistakes> {
    let mistake = |why: &str| Mistakes::one("url", why);
    if text.len() > 2_000 {
        return Err(mistake("has 2,000 characters at most"));
    }
    let url = Url::parse(text.trim()).map_err(|_| mistake("is no address; https://… is one"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(mistake("begins with https://, or http:// inside one's own network"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(mistake("has a name or password in it; calls are signed instead"));
    }
    Ok(url.to_string())
}

/// Tells one nothing more.
pub fn end(conn: &mut Conn, actor: Actor, id: WebhookId) -> AppResult<()> {
    queries::find(conn, id)?.ok_or(AppError::NotFound)?;
    stop(conn, id)?;
    audit::record(conn, actor, "webhook.remove", &subject(id), json!({}))
}

/// As `end`, for one who asked for it by answering 410.
pub(super) fn stop(conn: &mut Conn, id: WebhookId) -> AppResult<()> {
    diesel::update(webhooks::table.find(id))
        .set((webhooks::ended_at.eq(Some(clock::now())), webhooks::secret.eq("")))
        .execute(conn)?;
    diesel::delete(webhook_calls::table)
        .filter(webhook_calls::webhook_id.eq(id))
        .filter(webhook_calls::delivered_at.is_null())
        .execute(conn)?;
    Ok(())
}

/// Writes down what everybody is to be told, inside the caller's transaction.
pub fn tell(conn: &mut Conn, event: &str, data: &Value) -> AppResult<()> {
    for webhook in queries::list(conn)? {
        tell_one(conn, &webhook, event, data)?;
    }
    Ok(())
}

/// Writes down what one is to be told.
pub(super) fn tell_one(
    conn: &mut Conn,
    webhook: &Webhook,
    event: &str,
    data: &Value,
) -> AppResult<()> {
    let now = clock::now();
    let body = json!({"type": event, "timestamp": now, "data": data});
    let call = Call {
        id: CallId::new(),
        webhook_id: webhook.id,
        event: event.to_owned(),
        body: body.to_string(),
        created_at: now,
        next_try_at: now,
        leased_until: None,
        tries: 0,
        delivered_at: None,
        last_error: None,
    };
    diesel::insert_into(webhook_calls::table).values(&call).execute(conn)?;
    Ok(())
}

/// Forgets calls that arrived, or were given up, a while ago.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    let old = now.plus_minutes(-KEPT_DAYS * 24 * 60);
    diesel::delete(webhook_calls::table.filter(webhook_calls::created_at.lt(old))).execute(conn)
}
