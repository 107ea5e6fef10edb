//! The API described: `/openapi.json` (OpenAPI 3.1, generated from the handlers) and `/docs`, the
//! same as a page to read.

use crate::accounts::Anyone;
use crate::capture;
use crate::error::AppResult;
use crate::web::problem::Problem;
use crate::web::{PageContext, page};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Overrule",
        description = "People's overrides of AI agents, as training signals.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        capture::api::interactions::create,
        capture::api::interactions::show,
        capture::api::feedback::create,
        capture::api::feedback::list,
        crate::agents::api::list,
        crate::agents::api::show,
        crate::agents::api::update,
        crate::agents::deployments::list,
        crate::agents::deployments::update,
        crate::sampling::api::show,
        crate::agreement::api::show,
        crate::exports::api::list,
        crate::triage::api::list,
        crate::triage::api::claim,
        crate::triage::api::decide,
        crate::triage::api::release,
        crate::datasets::api::list,
        crate::datasets::api::show,
        crate::datasets::api::update,
        crate::datasets::api::list_releases,
        crate::datasets::api::create_release,
        crate::datasets::api::show_release,
        crate::datasets::api::cancel,
        crate::datasets::api::download,
        crate::datasets::push_api::push,
        crate::datasets::lineage_api::lineage,
    ),
    components(schemas(
        Problem,
        crate::exports::Format,
        crate::exports::model::Status,
        crate::signals::model::QueueState,
    )),
    tags(
        (name = "interactions", description = "What agents were asked, and what they answered."),
        (name = "feedback", description = "What people say of it."),
        (name = "agents", description = "What answers: labels, schema, categories, review."),
        (name = "triage", description = "What waits for a decision: claim it, decide it."),
        (name = "datasets", description = "Saved questions, and frozen releases of them."),
        (name = "signals", description = "Labelled examples, as files that trainers load."),
    ),
    modifiers(&Keys, &Names, &Refusals),
)]
struct Api;

struct Keys;

impl Modify for Keys {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key made with `overrule key create`, sent as a bearer token."))
            .build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

struct Names;

impl Modify for Names {
    /// Each call has a name of its own (`agents_list`), for clients are generated with them.
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for path in api.paths.paths.values_mut() {
            let calls = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
            for call in calls.into_iter().flatten() {
                let tag = call.tags.iter().flatten().next();
                if let (Some(tag), Some(name)) = (tag, &call.operation_id) {
                    call.operation_id = Some(format!("{tag}_{name}"));
                }
            }
        }
    }
}

struct Refusals;

impl Modify for Refusals {
    /// What any call may be answered, whatever it does.
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for path in api.paths.paths.values_mut() {
            let calls = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
            for call in calls.into_iter().flatten() {
                for (status, description) in REFUSALS {
                    let known = &mut call.responses.responses;
                    known.insert((*status).to_owned(), refusal(status, description).into());
                }
            }
        }
    }
}

/// Statuses that have nothing to do with what is asked for.
const REFUSALS: &[(&str, &str)] = &[
    ("401", "No key, or one that is unknown, revoked or over"),
    ("429", "Too many requests with this key, or from this address without a good one"),
    ("503", "The database can't be reached, or too much is waiting; nothing was written"),
];

fn refusal(status: &str, description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content);
    let header = |of_type, text: &str| {
        let schema = ObjectBuilder::new().schema_type(of_type).build();
        HeaderBuilder::new().schema(Some(schema)).description(Some(text)).build()
    };
    match status {
        "401" => response.header("WWW-Authenticate", header(Type::String, "`Bearer`")),
        _ => response.header("Retry-After", header(Type::Integer, "Seconds to wait")),
    }
    .build()
}

/// `/openapi.json` and `/docs`
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/openapi.json", web::get().to(json)).route("/docs", web::get().to(docs));
}

/// The description as JSON text.
pub fn text() -> AppResult<String> {
    Api::openapi().to_pretty_json().map_err(crate::error::AppError::internal)
}

async fn json(_by: Anyone) -> AppResult<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(text()?))
}

async fn docs(by: Anyone) -> AppResult<HttpResponse> {
    let api: Value = serde_json::from_str(&text()?).map_err(crate::error::AppError::internal)?;
    page(StatusCode::OK, &DocsPage { ctx: by.ctx(), groups: groups(&api), schemas: schemas(&api) })
}

#[derive(Template)]
#[template(path = "docs/index.html")]
struct DocsPage {
    ctx: PageContext,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

struct Group {
    name: String,
    description: String,
    calls: Vec<Call>,
}

struct Call {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<Field>,
    bodies: Vec<Field>,
    answers: Vec<Field>,
}

/// A row of a table: what it is called, its type, whether it must be there, what it means.
struct Field {
    name: String,
    kind: String,
    link: String,
    is_required: bool,
    text: String,
}

struct Schema {
    name: String,
    description: String,
    fields: Vec<Field>,
}

fn groups(api: &Value) -> Vec<Group> {
    let tags = api["tags"].as_array().into_iter().flatten();
    tags.map(|tag| Group {
        name: text_of(&tag["name"]),
        description: text_of(&tag["description"]),
        calls: calls(api, &text_of(&tag["name"])),
    })
    .filter(|group| !group.calls.is_empty())
    .collect()
}

fn calls(api: &Value, tag: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, methods) in api["paths"].as_object().into_iter().flatten() {
        for (method, call) in methods.as_object().into_iter().flatten() {
            if call["tags"][0] == *tag {
                calls.push(self::call(path, method, call));
            }
        }
    }
    calls
}

fn call(path: &str, method: &str, call: &Value) -> Call {
    let parameters = call["parameters"].as_array().into_iter().flatten();
    let bodies = call["requestBody"]["content"].as_object().into_iter().flatten();
    let answers = call["responses"].as_object().into_iter().flatten();
    Call {
        anchor: format!("{method}{}", path.replace(['/', '{', '}'], "-")),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text_of(&call["summary"]),
        description: text_of(&call["description"]),
        parameters: parameters
            .map(|p| {
                let required = p["required"] == true;
                field(&text_of(&p["name"]), &p["schema"], required, text_of(&p["description"]))
            })
            .collect(),
        bodies: bodies
            .map(|(kind, body)| field(kind, &body["schema"], true, String::new()))
            .collect(),
        answers: answers
            .map(|(status, answer)| {
                let content = answer["content"].as_object().and_then(|c| c.values().next());
                let schema = content.map_or(&Value::Null, |content| &content["schema"]);
                field(status, schema, true, text_of(&answer["description"]))
            })
            .collect(),
    }
}

fn schemas(api: &Value) -> Vec<Schema> {
    let all = api["components"]["schemas"].as_object().into_iter().flatten();
    all.map(|(name, schema)| {
        let required: Vec<&Value> = schema["required"].as_array().into_iter().flatten().collect();
        let fields = schema["properties"].as_object().into_iter().flatten();
        Schema {
            name: name.clone(),
            description: match schema["enum"].as_array() {
                Some(words) => words.iter().map(text_of).collect::<Vec<_>>().join(" · "),
                None => text_of(&schema["description"]),
            },
            fields: fields
                .map(|(name, schema)| {
                    let is_required = required.iter().any(|r| *r == name);
                    field(name, schema, is_required, text_of(&schema["description"]))
                })
                .collect(),
        }
    })
    .collect()
}

fn field(name: &str, schema: &Value, is_required: bool, text: String) -> Field {
    let (kind, link) = kind(schema);
    Field { name: name.to_owned(), kind, link, is_required, text }
}

/// A schema in a word, and the name of the schema it refers to.
fn kind(schema: &Value) -> (String, String) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return (name.to_owned(), name.to_owned());
    }
    let any = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(inner) = any.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        return kind(inner);
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text_of).collect(),
        one => vec![text_of(one)],
    };
    let types: Vec<String> = types.into_iter().filter(|t| t != "null" && !t.is_empty()).collect();
    if types == ["array"] {
        let (inner, link) = kind(&schema["items"]);
        return (format!("list of {inner}"), link);
    }
    match schema["format"].as_str() {
        Some(format) => (format!("{} ({format})", types.join(" or ")), String::new()),
        None if types.is_empty() => ("any JSON".to_owned(), String::new()),
        None => (types.join(" or "), String::new()),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}
