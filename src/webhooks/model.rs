//! Rows of webhooks and their calls.

use crate::config::Secret;
use crate::db::Instant;
use crate::schema::{webhook_calls, webhooks};
use diesel::prelude::*;

crate::id_type!(
    /// The id of a webhook.
    WebhookId
);
crate::id_type!(
    /// The id of a call; the same each time it is sent.
    CallId
);

/// Somebody who is told.
#[derive(Debug, Clone, Queryable)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    #[diesel(deserialize_as = String)]
    pub secret: Secret,
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Something to tell.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = webhook_calls, treat_none_as_default_value = false)]
pub struct Call {
    pub id: CallId,
    pub webhook_id: WebhookId,
    /// Such as `dataset.released`.
    pub event: String,
    /// JSON, the same bytes each time.
    pub body: String,
    pub created_at: Instant,
    pub next_try_at: Instant,
    pub leased_until: Option<Instant>,
    pub tries: i64,
    pub delivered_at: Option<Instant>,
    pub last_error: Option<String>,
}

/// A new webhook's row.
#[derive(Insertable)]
#[diesel(table_name = webhooks)]
pub struct NewWebhook<'n> {
    pub id: WebhookId,
    pub url: &'n str,
    pub secret: &'n str,
    pub created_at: Instant,
}
