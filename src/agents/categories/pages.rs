//! `/admin/agents/{slug}/categories…`: the tree on the agent's page, and what can be done to one
//! category, each with a look at what moves before it is done.

use super::forms::{AddForm, ChangeForm};
use super::preview::{count_named, number, sentences};
use super::rules::{self, Change, under};
use crate::accounts::Admin;
use crate::agents::model::{Agent, Category, CategoryId};
use crate::agents::queries;
use crate::audit::Actor;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::{PageContext, form, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query, ServiceConfig, get, post};
use askama::Template;
use std::collections::HashMap;

pub(in crate::agents) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/admin/agents/{slug}/categories", get().to(index))
        .route("/admin/agents/{slug}/categories", post().to(create))
        .route("/admin/agents/{slug}/categories/{category}", get().to(show))
        .route("/admin/agents/{slug}/categories/{category}", post().to(update));
}

/// One category of the tree, or one that is no longer in use.
struct Row {
    href: String,
    name: String,
    slug: String,
    named: i64,
    /// What it was merged into.
    survivor: String,
}

#[derive(Template)]
#[template(path = "agents/categories.html")]
struct IndexPage {
    ctx: PageContext,
    agent: Agent,
    rows: Vec<Row>,
    ended: Vec<Row>,
    parents: Vec<(String, String)>,
    form: AddForm,
    mistakes: Mistakes,
}

/// What was asked for, and what it moves.
struct Look {
    sentences: Vec<String>,
    form: ChangeForm,
    button: &'static str,
}

#[derive(Template)]
#[template(path = "agents/category.html")]
struct ShowPage {
    ctx: PageContext,
    agent: Agent,
    category: Category,
    /// The path of this page.
    here: String,
    named: i64,
    /// What was merged into it.
    merged: Vec<String>,
    survivor: String,
    look: Option<Look>,
    /// Where it can move, and what it can be merged into.
    places: Vec<(String, String)>,
    others: Vec<(String, String)>,
    form: ChangeForm,
    mistakes: Mistakes,
}

/// An agent's categories and how often each was named.
struct Tree {
    agent: Agent,
    all: Vec<Category>,
    named: HashMap<CategoryId, i64>,
}

/// The categories in use, in order: where each is changed, and its name.
pub(in crate::agents) fn links(conn: &mut Conn, agent: &Agent) -> AppResult<Vec<(String, String)>> {
    let all = queries::list_categories(conn, agent.id)?;
    let tree = Tree { agent: agent.clone(), all, named: HashMap::new() };
    let rows = tree.in_order().into_iter().map(|(each, level)| tree.row(each, level));
    Ok(rows.map(|row| (row.href, row.name)).collect())
}

fn read(conn: &mut Conn, slug: &str) -> AppResult<Tree> {
    let agent = queries::find_by_slug(conn, slug)?.ok_or(AppError::NotFound)?;
    let all = queries::list_categories(conn, agent.id)?;
    let named = count_named(conn, agent.id)?;
    Ok(Tree { agent, all, named })
}

impl Tree {
    fn row(&self, category: &Category, level: usize) -> Row {
        let survivor = category.merged_into.and_then(|id| self.name_of(id));
        Row {
            href: format!("/admin/agents/{}/categories/{}", self.agent.slug, category.slug),
            name: format!("{}{}", "– ".repeat(level), category.name),
            slug: category.slug.clone(),
            named: number(&self.all, &self.named, category.id),
            survivor: survivor.unwrap_or_default(),
        }
    }

    fn name_of(&self, id: CategoryId) -> Option<String> {
        self.all.iter().find(|each| each.id == id).map(|each| each.name.clone())
    }

    fn find(&self, slug: &str) -> AppResult<&Category> {
        self.all.iter().find(|each| each.slug == slug).ok_or(AppError::NotFound)
    }

    /// Those in use, each after what it is under, with how deep it is.
    fn in_order(&self) -> Vec<(&Category, usize)> {
        let is_used = |id: CategoryId| self.all.iter().any(|each| each.id == id && each.is_used());
        let mut found = Vec::new();
        let tops = self.all.iter().filter(|each| !each.parent_id.is_some_and(is_used));
        for top in tops.filter(|each| each.is_used()) {
            self.walk(top, 0, &mut found);
        }
        found
    }

    fn walk<'a>(
        &'a self,
        from: &'a Category,
        level: usize,
        found: &mut Vec<(&'a Category, usize)>,
    ) {
        // A circle can't be made here, and would only be cut short.
        if found.iter().any(|(known, _)| known.id == from.id) {
            return;
        }
        found.push((from, level));
        let children = self.all.iter().filter(|each| each.parent_id == Some(from.id));
        for child in children.filter(|each| each.is_used()) {
            self.walk(child, level + 1, found);
        }
    }

    /// Slugs and names of those in use, but for some.
    fn options(&self, but: impl Fn(&Category) -> bool) -> Vec<(String, String)> {
        let kept = self.in_order().into_iter().filter(|(category, _)| !but(category));
        let option = |(category, level): (&Category, usize)| {
            (category.slug.clone(), format!("{}{}", "– ".repeat(level), category.name))
        };
        kept.map(option).collect()
    }

    fn index(self, ctx: PageContext, form: AddForm, mistakes: Mistakes) -> IndexPage {
        let rows = self.in_order().into_iter().map(|(each, level)| self.row(each, level)).collect();
        let ended = self.all.iter().filter(|each| !each.is_used());
        let ended = ended.map(|each| self.row(each, 0)).collect();
        let mut parents = self.options(|_| false);
        parents.insert(0, (String::new(), "At the top".to_owned()));
        IndexPage { ctx, rows, ended, parents, agent: self.agent, form, mistakes }
    }

    fn show(
        self,
        ctx: PageContext,
        slug: &str,
        mut form: ChangeForm,
        mistakes: Mistakes,
        look: Option<Look>,
    ) -> AppResult<ShowPage> {
        let category = self.find(slug)?.clone();
        if form.act != "rename" {
            form.name.clone_from(&category.name);
        }
        let below = under(&self.all, category.id);
        let mut places = self.options(|each| each.id == category.id || below.contains(&each.id));
        places.insert(0, (String::new(), "At the top".to_owned()));
        let mut others = self.options(|each| each.id == category.id);
        others.insert(0, (String::new(), "Choose one".to_owned()));
        let merged = self.all.iter().filter(|each| each.merged_into == Some(category.id));
        Ok(ShowPage {
            ctx,
            named: number(&self.all, &self.named, category.id),
            here: format!("/admin/agents/{}/categories/{}", self.agent.slug, category.slug),
            merged: merged.map(|each| each.name.clone()).collect(),
            survivor: category.merged_into.and_then(|id| self.name_of(id)).unwrap_or_default(),
            look,
            places,
            others,
            form,
            mistakes,
            category,
            agent: self.agent,
        })
    }

    /// What the form asks for, checked, and what it moves.
    fn look(&self, slug: &str, form: &ChangeForm) -> AppResult<Look> {
        let this = self.find(slug)?;
        let change = form.check(&self.all)?;
        rules::check(&self.all, this, &change)?;
        let sentences = sentences(&self.all, &self.named, this, &change);
        Ok(Look { sentences, form: form.clone(), button: button(&change) })
    }
}

fn button(change: &Change) -> &'static str {
    match change {
        Change::Rename(_) => "Rename it",
        Change::Move(_) => "Move it",
        Change::Merge(_) => "Merge them",
        Change::Split(_) => "Split it",
        Change::Retire => "Retire it",
        Change::UseAgain => "Use it again",
    }
}

/// `GET /admin/agents/{slug}/categories`
async fn index(by: Admin, db: Data<Db>, slug: Path<String>) -> AppResult<HttpResponse> {
    let tree = db.read(move |conn| read(conn, &slug)).await?;
    page(StatusCode::OK, &tree.index(by.ctx(), AddForm::default(), Mistakes::default()))
}

/// `POST /admin/agents/{slug}/categories`: adds one.
async fn create(
    by: Admin,
    db: Data<Db>,
    slug: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (form, slug, actor): (AddForm, _, _) =
        (form::read(&body)?, slug.into_inner(), Actor::Person(by.who.id().0));
    let (asked, sent) = (slug.clone(), form.clone());
    let work = move |conn: &mut Conn| {
        let agent = queries::find_by_slug(conn, &asked)?.ok_or(AppError::NotFound)?;
        let all = queries::list_categories(conn, agent.id)?;
        let (part, parent) = sent.check(&all)?;
        super::add(conn, actor, &agent, &part, parent)
    };
    match db.write(work).await {
        Ok(()) => Ok(see_other(&format!("/admin/agents/{slug}/categories"))),
        Err(AppError::Invalid(mistakes)) => {
            let tree = db.read(move |conn| read(conn, &slug)).await?;
            page(StatusCode::UNPROCESSABLE_ENTITY, &tree.index(by.ctx(), form, mistakes))
        }
        Err(other) => Err(other),
    }
}

/// `GET /admin/agents/{slug}/categories/{category}`, with what is asked for to look at it.
async fn show(
    by: Admin,
    db: Data<Db>,
    path: Path<(String, String)>,
    asked: Query<ChangeForm>,
) -> AppResult<HttpResponse> {
    let ((slug, category), form) = (path.into_inner(), asked.into_inner());
    let tree = db.read(move |conn| read(conn, &slug)).await?;
    if form.act.is_empty() {
        let page_of = tree.show(by.ctx(), &category, form, Mistakes::default(), None)?;
        return page(StatusCode::OK, &page_of);
    }
    match tree.look(&category, &form) {
        Ok(look) => {
            let none = Mistakes::default();
            let page_of = tree.show(by.ctx(), &category, form, none, Some(look))?;
            page(StatusCode::OK, &page_of)
        }
        Err(error) => again(by.ctx(), tree, &category, form, error),
    }
}

/// `POST /admin/agents/{slug}/categories/{category}`: does it.
async fn update(
    by: Admin,
    db: Data<Db>,
    path: Path<(String, String)>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: ChangeForm = form::read(&body)?;
    let ((slug, category), actor) = (path.into_inner(), Actor::Person(by.who.id().0));
    let (asked, this, sent) = (slug.clone(), category.clone(), form.clone());
    let work = move |conn: &mut Conn| {
        let agent = queries::find_by_slug(conn, &asked)?.ok_or(AppError::NotFound)?;
        let all = queries::list_categories(conn, agent.id)?;
        let change = sent.check(&all)?;
        super::change(conn, actor, &agent, &this, &change)
    };
    match db.write(work).await {
        Ok(()) => Ok(see_other(&format!("/admin/agents/{slug}/categories"))),
        Err(error @ AppError::Invalid(_)) => {
            let tree = db.read(move |conn| read(conn, &slug)).await?;
            again(by.ctx(), tree, &category, form, error)
        }
        Err(other) => Err(other),
    }
}

/// The page with what was typed and what is wrong with it.
fn again(
    ctx: PageContext,
    tree: Tree,
    category: &str,
    form: ChangeForm,
    error: AppError,
) -> AppResult<HttpResponse> {
    let AppError::Invalid(mistakes) = error else { return Err(error) };
    let page_of = tree.show(ctx, category, form, mistakes, None)?;
    page(StatusCode::UNPROCESSABLE_ENTITY, &page_of)
}
