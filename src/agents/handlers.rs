//! The pages of agents, for admins.

use super::actions;
use super::forms::{AgentForm, DeploymentForm};
use super::model::{Agent, Deployment};
use super::{DeploymentId, api, categories, deployments, queries};
use crate::accounts::{self, Admin};
use crate::audit::Actor;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::{PageContext, form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig, get, post};
use askama::Template;
use bytes::Bytes;

/// `/admin/agents…` and `/api/v1/agents…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/agents", get().to(index))
        .route("/admin/agents", post().to(create))
        .route("/admin/agents/new", get().to(new))
        .route("/admin/agents/{slug}", get().to(edit))
        .route("/admin/agents/{slug}", post().to(update))
        .route("/admin/agents/{slug}/deployments/{id}", get().to(edit_deployment))
        .route("/admin/agents/{slug}/deployments/{id}", post().to(update_deployment));
    api::routes(cfg);
    categories::routes(cfg);
    deployments::routes(cfg);
}

#[derive(Template)]
#[template(path = "agents/index.html")]
struct IndexPage {
    ctx: PageContext,
    agents: Vec<(Agent, String)>,
}

#[derive(Template)]
#[template(path = "agents/edit.html")]
struct EditPage {
    ctx: PageContext,
    is_new: bool,
    form: AgentForm,
    mistakes: Mistakes,
    teams: Vec<(String, String)>,
    deployments: Vec<(Deployment, String)>,
    versions: Vec<String>,
    retired: Vec<String>,
    /// The categories in use: where each is changed, and its name.
    categories: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "agents/deployment.html")]
struct DeploymentPage {
    ctx: PageContext,
    slug: String,
    team: String,
    environment: String,
    form: DeploymentForm,
    mistakes: Mistakes,
}

async fn index(by: Admin, db: Data<Db>) -> AppResult<HttpResponse> {
    let agents = db.read(|conn| Ok(queries::list_after(conn, "", 1_000)?)).await?;
    page(StatusCode::OK, &IndexPage { ctx: by.ctx(), agents })
}

async fn new(by: Admin, db: Data<Db>) -> AppResult<HttpResponse> {
    let page_of = edit_page(by.ctx(), true, AgentForm::new(), Mistakes::default());
    show(&db, StatusCode::OK, page_of, None).await
}

async fn create(by: Admin, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let form: AgentForm = form::read(&body)?;
    let slug = form.slug.trim().to_owned();
    if accounts::actions::check_slug(&slug).is_err() {
        let rule = "1 to 100 of a-z, 0-9, “-”, “_” and “.”";
        let page_of = edit_page(by.ctx(), true, form, Mistakes::one("slug", rule));
        return show(&db, StatusCode::UNPROCESSABLE_ENTITY, page_of, None).await;
    }
    let taken = slug.clone();
    if db.read(move |conn| Ok(queries::find_by_slug(conn, &taken)?)).await?.is_some() {
        let page_of = edit_page(by.ctx(), true, form, Mistakes::one("slug", "is taken already"));
        return show(&db, StatusCode::UNPROCESSABLE_ENTITY, page_of, None).await;
    }
    save(&by, &db, slug, form, true).await
}

async fn edit(by: Admin, db: Data<Db>, slug: Path<String>) -> AppResult<HttpResponse> {
    let slug = slug.into_inner();
    let asked = slug.clone();
    let form = db.read(move |conn| form_of(conn, &asked)).await?;
    let page_of = edit_page(by.ctx(), false, form, Mistakes::default());
    show(&db, StatusCode::OK, page_of, Some(slug)).await
}

async fn update(
    by: Admin,
    db: Data<Db>,
    slug: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let slug = slug.into_inner();
    let (asked, mut form) = (slug.clone(), form::read::<AgentForm>(&body)?);
    form.slug.clone_from(&slug);
    db.read(move |conn| form_of(conn, &asked)).await?;
    save(&by, &db, slug, form, false).await
}

/// Stores what is right, or shows the form again with what is wrong.
async fn save(
    by: &Admin,
    db: &Db,
    slug: String,
    form: AgentForm,
    is_new: bool,
) -> AppResult<HttpResponse> {
    let (actor, asked) = (Actor::Person(by.who.id().0), slug.clone());
    let saved = match form.check() {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(mut change) => {
            if !is_new {
                // The tree has pages of its own, on which nothing is retired by leaving it out.
                change.categories = None;
            }
            db.write(move |conn| actions::set(conn, actor, &asked, &change).map(drop)).await
        }
    };
    match saved {
        Ok(()) => Ok(see_other(&format!("/admin/agents/{slug}"))),
        Err(AppError::Invalid(mistakes)) => {
            let page_of = edit_page(by.ctx(), is_new, form, in_form(mistakes));
            let slug = (!is_new).then_some(slug);
            show(db, StatusCode::UNPROCESSABLE_ENTITY, page_of, slug).await
        }
        Err(other) => Err(other),
    }
}

/// `/labels/3` is a mistake of the field `labels`.
fn in_form(mut mistakes: Mistakes) -> Mistakes {
    for mistake in &mut mistakes.0 {
        let mut parts = mistake.field.trim_start_matches('/').split('/');
        let field = parts.next().unwrap_or_default().to_owned();
        if let Some(line) = parts.next().and_then(|n| n.parse::<usize>().ok()) {
            mistake.message = format!("line {}: {}", line + 1, mistake.message);
        }
        mistake.field = field;
    }
    mistakes
}

fn form_of(conn: &mut Conn, slug: &str) -> AppResult<AgentForm> {
    let (agent, team) = queries::find_with_team(conn, slug)?.ok_or(AppError::NotFound)?;
    let labels = queries::list_labels(conn, agent.id)?;
    let categories = queries::category_tree(conn, agent.id)?;
    Ok(AgentForm::of(&agent, &team, &labels, &categories))
}

fn edit_page(ctx: PageContext, is_new: bool, form: AgentForm, mistakes: Mistakes) -> EditPage {
    EditPage {
        ctx,
        is_new,
        form,
        mistakes,
        teams: Vec::new(),
        deployments: Vec::new(),
        versions: Vec::new(),
        retired: Vec::new(),
        categories: Vec::new(),
    }
}

/// Adds what stands around the form.
async fn show(
    db: &Db,
    status: StatusCode,
    mut edit: EditPage,
    slug: Option<String>,
) -> AppResult<HttpResponse> {
    let (teams, around) = db
        .read(move |conn| {
            let teams = accounts::queries::list_teams(conn)?;
            let agent = match &slug {
                Some(slug) => queries::find_by_slug(conn, slug)?,
                None => None,
            };
            let around = match agent {
                Some(agent) => Some((
                    queries::list_deployments(conn, agent.id)?,
                    queries::list_versions(conn, agent.id)?,
                    queries::list_labels(conn, agent.id)?,
                    categories::links(conn, &agent)?,
                )),
                None => None,
            };
            Ok((teams, around))
        })
        .await?;
    edit.teams = teams.into_iter().map(|team| (team.slug, team.name)).collect();
    if let Some((deployments, versions, labels, categories)) = around {
        edit.categories = categories;
        edit.deployments = deployments;
        edit.versions = versions.into_iter().map(|version| version.name).collect();
        let retired = labels.into_iter().filter(|label| label.retired_at.is_some());
        edit.retired = retired.map(|label| label.name).collect();
    }
    page(status, &edit)
}

async fn edit_deployment(
    by: Admin,
    db: Data<Db>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (slug, deployment, team) = find_deployment(&db, path.into_inner()).await?;
    let form = DeploymentForm::of(&deployment);
    let shown = deployment_page(by.ctx(), slug, &deployment, team, form, Mistakes::default());
    page(StatusCode::OK, &shown)
}

async fn update_deployment(
    by: Admin,
    db: Data<Db>,
    path: Path<(String, String)>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (slug, deployment, team) = find_deployment(&db, path.into_inner()).await?;
    let form: DeploymentForm = form::read(&body)?;
    let change = match form.check() {
        Ok(change) => change,
        Err(mistakes) => {
            let shown = deployment_page(by.ctx(), slug, &deployment, team, form, mistakes);
            return page(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let (actor, id) = (Actor::Person(by.who.id().0), deployment.id);
    db.write(move |conn| actions::set_deployment(conn, actor, id, change)).await?;
    Ok(see_other(&format!("/admin/agents/{slug}")))
}

async fn find_deployment(
    db: &Db,
    (slug, id): (String, String),
) -> AppResult<(String, Deployment, String)> {
    let id: DeploymentId = id.parse().map_err(|_| AppError::NotFound)?;
    db.read(move |conn| {
        let agent = queries::find_by_slug(conn, &slug)?.ok_or(AppError::NotFound)?;
        let all = queries::list_deployments(conn, agent.id)?;
        let found = all.into_iter().find(|(deployment, _)| deployment.id == id);
        let (deployment, team) = found.ok_or(AppError::NotFound)?;
        Ok((slug.clone(), deployment, team))
    })
    .await
}

fn deployment_page(
    ctx: PageContext,
    slug: String,
    deployment: &Deployment,
    team: String,
    form: DeploymentForm,
    mistakes: Mistakes,
) -> DeploymentPage {
    let environment = deployment.environment.to_string();
    DeploymentPage { ctx, slug, team, environment, form, mistakes }
}
