//! `/admin/audit`: who did what, when and from where; and the same as a file.

use crate::accounts::{Admin, queries as accounts};
use crate::audit::queries::{self, Filter};
use crate::audit::{self, Actor, ActorId, ActorKind, AuditEventId, Event, Origin};
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::paging::{self, PAGE_ROWS, Page};
use crate::web::{PageContext, page};
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Query, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/audit", get().to(index)).route("/admin/audit/export", get().to(export));
}

/// The filter as the address has it.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct Asked {
    /// The address of a person, or the id of a person or key.
    actor: String,
    action: String,
    subject: String,
    /// Days, or instants.
    since: String,
    until: String,
    #[serde(skip_serializing)]
    cursor: String,
}

impl Asked {
    fn check(&self, conn: &mut Conn) -> AppResult<Filter> {
        let mut mistakes = Mistakes::default();
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let filter = Filter {
            actor: match self.actor.trim() {
                "" => None,
                text => actor(conn, text)?.or_else(|| {
                    mistakes.add("actor", "is the address of somebody here, or an id");
                    None
                }),
            },
            action: filled(&self.action),
            subject: filled(&self.subject),
            since: time(&mut mistakes, "since", &self.since),
            until: time(&mut mistakes, "until", &self.until),
        };
        Ok(mistakes.or(filter)?)
    }

    /// The filter for an address, without the place in the list.
    fn query(&self) -> String {
        query_of(&[
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("since", &self.since),
            ("until", &self.until),
        ])
    }

    fn is_empty(&self) -> bool {
        self.query().is_empty()
    }
}

fn query_of(pairs: &[(&str, &String)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

fn actor(conn: &mut Conn, text: &str) -> AppResult<Option<ActorId>> {
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let person = accounts::find_by_address(conn, text)?;
    Ok(person.map(|person| ActorId(person.id.0)))
}

fn time(mistakes: &mut Mistakes, field: &str, text: &str) -> Option<Instant> {
    if text.trim().is_empty() {
        return None;
    }
    match crate::capture::draft::time(text.trim(), field) {
        Ok(at) => Some(at),
        Err(_) => {
            mistakes.add(field, "is a day such as 2026-11-02, or an instant of RFC 3339");
            None
        }
    }
}

/// An event for the page.
struct Row {
    event: Event,
    who: String,
    address: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct IndexPage {
    ctx: PageContext,
    asked: Asked,
    actions: Vec<String>,
    rows: Vec<Row>,
    older: String,
    export: String,
    mistakes: Mistakes,
}

async fn index(
    by: Admin,
    db: Data<Db>,
    request: HttpRequest,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let asked = asked.into_inner();
    let before: Option<AuditEventId> = asked.cursor.parse().ok();
    let question = asked.clone();
    let (rows, actions, mistakes) = db
        .read(move |conn| {
            let actions = queries::list_actions(conn)?;
            match question.check(conn) {
                Ok(filter) => {
                    let events = queries::list_before(conn, &filter, before, PAGE_ROWS + 1)?;
                    Ok((rows(conn, events)?, actions, Mistakes::default()))
                }
                Err(AppError::Invalid(mistakes)) => Ok((Vec::new(), actions, mistakes)),
                Err(other) => Err(other),
            }
        })
        .await?;
    let rows = Page::cut(rows, PAGE_ROWS, |row| row.event.id.to_string());
    let next = rows.next.as_deref();
    let older = next.map(|cursor| paging::with_cursor(&request, cursor)).unwrap_or_default();
    let status =
        if mistakes.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let export = match asked.query() {
        query if query.is_empty() => "/admin/audit/export".to_owned(),
        query => format!("/admin/audit/export?{query}"),
    };
    let rows = rows.items;
    page(status, &IndexPage { ctx: by.ctx(), asked, actions, rows, older, export, mistakes })
}

/// Events with the names of who did it.
fn rows(conn: &mut Conn, events: Vec<(Event, Option<Origin>)>) -> AppResult<Vec<Row>> {
    let ids: Vec<ActorId> = events.iter().filter_map(|(event, _)| event.actor_id).collect();
    let names: HashMap<ActorId, String> =
        accounts::names_of_actors(conn, &ids)?.into_iter().collect();
    let row = |(event, origin): (Event, Option<Origin>)| {
        let name = event.actor_id.and_then(|id| names.get(&id).cloned());
        Row {
            who: match event.actor_kind {
                ActorKind::Person => name.unwrap_or_else(|| "somebody".into()),
                ActorKind::Key => format!("key {}", name.unwrap_or_default()),
                ActorKind::CommandLine => "command line".into(),
                ActorKind::System => "Overrule itself".into(),
            },
            address: origin.map(|origin| origin.address).unwrap_or_default(),
            detail: if event.detail.0 == json!({}) { String::new() } else { text(&event) },
            event,
        }
    };
    Ok(events.into_iter().map(row).collect())
}

fn text(event: &Event) -> String {
    event.detail.0.to_string()
}

/// Events that are read at a time for the file.
const CHUNK: i64 = 500;

/// A line of the file.
#[derive(Serialize)]
struct Line {
    id: AuditEventId,
    at: Instant,
    actor_kind: ActorKind,
    actor: Option<ActorId>,
    action: String,
    subject: String,
    detail: serde_json::Value,
    /// From where; null where it came from no request, or was erased.
    address: Option<String>,
    /// What stands for the address in the chain, in hexadecimal.
    origin_hash: Option<String>,
    seal: Option<i64>,
}

/// JSON lines, newest first, a page of the log at a time.
async fn export(by: Admin, db: Data<Db>, asked: Query<Asked>) -> AppResult<HttpResponse> {
    let (asked, me) = (asked.into_inner(), by.who.id());
    let question = asked.clone();
    let filter = db.read(move |conn| question.check(conn)).await?;
    // What was searched for is text that somebody typed, and stays out of the log.
    let given = [
        ("actor", &asked.actor),
        ("action", &asked.action),
        ("subject", &asked.subject),
        ("since", &asked.since),
        ("until", &asked.until),
    ];
    let given = given.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, _)| name);
    let detail = json!({ "filters": given.collect::<Vec<_>>(), "found": filter.actor });
    db.write(move |conn| {
        audit::record(conn, Actor::Person(me.0), "audit.export", "audit", detail.clone())
    })
    .await?;
    let start = Some((db, filter, None));
    let body = futures_util::stream::unfold(start, |state| async move {
        let (db, filter, before) = state?;
        let asked = filter.clone();
        let read = move |conn: &mut Conn| Ok(queries::list_before(conn, &asked, before, CHUNK)?);
        match db.read(read).await {
            Ok(events) => {
                let last = events.last().map(|(event, _)| event.id)?;
                let lines: String = events.into_iter().map(line).collect();
                Some((Ok(Bytes::from(lines)), Some((db, filter, Some(last)))))
            }
            // The reader sees a body that breaks off, never one that looks whole.
            Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/x-ndjson"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body))
}

fn line((event, origin): (Event, Option<Origin>)) -> String {
    let line = Line {
        id: event.id,
        at: event.created_at,
        actor_kind: event.actor_kind,
        actor: event.actor_id,
        action: event.action,
        subject: event.subject,
        detail: event.detail.0,
        address: origin.map(|origin| origin.address),
        origin_hash: event.origin_hash.map(|hash| format!("{hash:?}")),
        seal: event.seal,
    };
    let mut text = serde_json::to_string(&line).unwrap_or_default();
    text.push('\n');
    text
}
