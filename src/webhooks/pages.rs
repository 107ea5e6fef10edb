//! `/webhooks`: who is told, and how that went. A secret is shown once, when it is made.

use super::deliver::TRIES;
use super::model::{Call, Webhook, WebhookId};
use super::{actions, queries};
use crate::accounts::Engineer;
use crate::audit::Actor;
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::{PageContext, form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig, get, post};
use askama::Template;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

/// Calls shown of each.
const SHOWN: i64 = 5;

/// `/webhooks…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/webhooks", get().to(index))
        .route("/webhooks", post().to(create))
        .route("/webhooks/{id}/test", post().to(test))
        .route("/webhooks/{id}/remove", post().to(remove));
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct HookForm {
    url: String,
}

struct CallRow {
    event: String,
    badge: (&'static str, &'static str),
    why: String,
    at: (String, String, String),
}

impl CallRow {
    fn of(call: Call) -> Self {
        let badge = match (&call.delivered_at, call.tries) {
            (Some(_), _) => ("accepted", "Arrived"),
            (None, TRIES..) => ("rejected", "Given up"),
            (None, 0) => ("pending", "Waits"),
            (None, _) => ("fallback", "Tried again"),
        };
        let at = call.created_at;
        let at = (at.to_string(), at.ago(), at.exact());
        Self { event: call.event, badge, why: call.last_error.unwrap_or_default(), at }
    }
}

#[derive(Template)]
#[template(path = "webhooks/index.html")]
struct IndexPage {
    ctx: PageContext,
    hooks: Vec<(Webhook, Vec<CallRow>)>,
    form: HookForm,
    mistakes: Mistakes,
    /// The secret, on the one page that shows it.
    secret: String,
}

async fn show(
    by: &Engineer,
    db: &Db,
    status: StatusCode,
    (form, mistakes): (HookForm, Mistakes),
    secret: String,
) -> AppResult<HttpResponse> {
    let hooks = db
        .read(|conn| {
            let hooks = queries::list(conn)?.into_iter();
            let all = hooks.map(|hook| {
                let calls = queries::newest_calls(conn, hook.id, SHOWN)?;
                Ok((hook, calls.into_iter().map(CallRow::of).collect()))
            });
            all.collect::<AppResult<Vec<_>>>()
        })
        .await?;
    page(status, &IndexPage { ctx: by.ctx(), hooks, form, mistakes, secret })
}

async fn index(by: Engineer, db: Data<Db>) -> AppResult<HttpResponse> {
    show(&by, &db, StatusCode::OK, Default::default(), String::new()).await
}

async fn create(by: Engineer, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let form = form::read::<HookForm>(&body)?;
    let (actor, url) = (Actor::Person(by.who.id().0), form.url.clone());
    match db.write(move |conn| actions::add(conn, actor, &url)).await {
        Ok((_, secret)) => show(&by, &db, StatusCode::OK, Default::default(), secret).await,
        Err(AppError::Invalid(mistakes)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(&by, &db, status, (form, mistakes), String::new()).await
        }
        Err(other) => Err(other),
    }
}

async fn test(_by: Engineer, db: Data<Db>, id: Path<WebhookId>) -> AppResult<HttpResponse> {
    let id = id.into_inner();
    db.write(move |conn| {
        let webhook = queries::find(conn, id)?.ok_or(AppError::NotFound)?;
        actions::tell_one(conn, &webhook, "webhook.test", &json!({"says": "It works."}))
    })
    .await?;
    Ok(see_other("/webhooks"))
}

async fn remove(by: Engineer, db: Data<Db>, id: Path<WebhookId>) -> AppResult<HttpResponse> {
    let (id, actor) = (id.into_inner(), Actor::Person(by.who.id().0));
    db.write(move |conn| actions::end(conn, actor, id)).await?;
    Ok(see_other("/webhooks"))
}
