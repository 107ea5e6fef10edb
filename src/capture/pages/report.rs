//! `/report`: something an agent did that was not logged, or that is no single answer.

use super::form::{self, SEVERITIES};
use crate::accounts::{SignedIn, Who};
use crate::agents::queries as agents;
use crate::capture::forms::{About, ReportForm, at_fields};
use crate::capture::queries::{self, Reportable};
use crate::capture::submit::Answer;
use crate::capture::{Permit, intake};
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::FeedbackId;
use crate::web::{PageContext, form as body_form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

/// `?agent=SLUG/TEAM` chooses the agent already.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    agent: String,
}

#[derive(Template)]
#[template(path = "capture/report.html")]
struct ReportPage {
    ctx: PageContext,
    report: ReportForm,
    agents: Vec<(String, String)>,
    categories: Vec<(String, String)>,
    severities: [(&'static str, &'static str); 4],
    mistakes: Mistakes,
}

/// `GET /report`
pub(super) async fn new(
    by: SignedIn,
    db: Data<Db>,
    query: Query<Chosen>,
) -> AppResult<HttpResponse> {
    let (ctx, form) = (by.ctx(), ReportForm::new(query.into_inner().agent));
    show(StatusCode::OK, ctx, &db, by.who.into(), form, Mistakes::default()).await
}

/// `POST /report`
pub(super) async fn create(by: SignedIn, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let sent: ReportForm = body_form::read(&body)?;
    let (ctx, who) = (by.ctx(), Arc::new(by.who));
    let (reader, chosen) = (who.clone(), sent.agent.clone());
    let about = db.read(move |conn| about(conn, &reader, &chosen)).await?;
    let address = who.person.address.clone().unwrap_or_default();
    let stored = match sent.check(about.as_ref(), &address) {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(line) => {
            let reporter = Some(who.clone());
            let row = intake::Row { reporter, ..intake::Row::logged(line, Permit::PERSON) };
            db.write(move |conn| store(conn, &row)).await
        }
    };
    match stored {
        Ok(feedback) => Ok(see_other(&format!("/feedback/{feedback}"))),
        Err(AppError::Invalid(mistakes)) => {
            show(StatusCode::UNPROCESSABLE_ENTITY, ctx, &db, who, sent, mistakes).await
        }
        Err(other) => Err(other),
    }
}

/// What a report on the chosen agent is checked against; nothing where it is not theirs to choose.
fn about(conn: &mut Conn, who: &Who, chosen: &str) -> AppResult<Option<About>> {
    let all = queries::reportable_by(conn, who)?;
    let Some(found) = all.into_iter().find(|each| each.key() == chosen) else { return Ok(None) };
    let agent = agents::find(conn, found.agent_id)?;
    form::about(conn, &agent, None).map(Some)
}

fn store(conn: &mut Conn, row: &intake::Row) -> AppResult<FeedbackId> {
    let answers = intake::apply(conn, std::slice::from_ref(row))?;
    let Some(answer) = answers.into_iter().next() else { return Err(AppError::NotFound) };
    if let Err(mistakes) = answer.interaction {
        return Err(AppError::Invalid(at_report(mistakes)));
    }
    match answer.feedback.into_iter().next() {
        Some(Answer::Created(id) | Answer::Duplicate(id)) => Ok(id),
        // The whole write is undone: a report is one thing.
        Some(Answer::Invalid(mistakes)) => Err(AppError::Invalid(at_report(mistakes))),
        Some(Answer::NotFound) | None => Err(AppError::NotFound),
    }
}

/// Mistakes of the line at the fields of the form.
fn at_report(mistakes: Mistakes) -> Mistakes {
    let mut found = Mistakes::default();
    for mut mistake in mistakes.0 {
        if let Some(inside) = mistake.field.strip_prefix("/feedback/0") {
            mistake.field = inside.to_owned();
        }
        found.0.push(mistake);
    }
    let mut found = at_fields(found);
    for mistake in &mut found.0 {
        let field = match mistake.field.as_str() {
            "input" => "question",
            "output" => "answer",
            "team" => "agent",
            other => other,
        };
        mistake.field = field.to_owned();
    }
    found
}

async fn show(
    status: StatusCode,
    ctx: PageContext,
    db: &Data<Db>,
    who: Arc<Who>,
    report: ReportForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let chosen = report.agent.clone();
    let (agents, categories) = db
        .read(move |conn| {
            let all = queries::reportable_by(conn, &who)?;
            let categories = match all.iter().find(|each| each.key() == chosen) {
                Some(found) => form::categories(conn, found.agent_id)?,
                None => Vec::new(),
            };
            Ok((all, categories))
        })
        .await?;
    let page_of = ReportPage {
        ctx,
        categories: category_options(&form::options(&categories), !categories.is_empty()),
        agents: agent_options(agents),
        severities: SEVERITIES,
        report,
        mistakes,
    };
    page(status, &page_of)
}

/// Before an agent is chosen only the categories are offered that every agent starts with.
fn category_options(of_agent: &[(String, String)], is_chosen: bool) -> Vec<(String, String)> {
    if is_chosen {
        return of_agent.to_vec();
    }
    let defaults = crate::agents::model::DEFAULT_CATEGORIES;
    let defaults = defaults.iter().map(|(slug, name)| ((*slug).to_owned(), (*name).to_owned()));
    of_agent.iter().cloned().chain(defaults).collect()
}

fn agent_options(all: Vec<Reportable>) -> Vec<(String, String)> {
    let several_teams = all.iter().any(|each| each.team_slug != all[0].team_slug);
    let option = |each: &Reportable| {
        let name = if several_teams {
            format!("{}, {}", each.agent, each.team)
        } else {
            each.agent.clone()
        };
        (each.key(), name)
    };
    all.iter().map(option).collect()
}
