//! Shaping the tree of categories: rename, move, merge, split, retire, use again. A category keeps
//! its id, so what was said with it keeps its meaning; what is merged points to its survivor, and
//! whoever reads follows.

mod forms;
mod pages;
mod preview;
pub mod rules;

pub(super) use pages::{links, routes};
pub use rules::{Change, Part};

use super::model::{Agent, Category, CategoryId};
use super::{directory, queries};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult};
use crate::schema::categories;
use diesel::prelude::*;
use serde_json::json;

/// Changes a category of an agent. A change that makes no sense is a mistake of the field `under`,
/// `into`, `name` or `parts`.
pub fn change(
    conn: &mut Conn,
    by: Actor,
    agent: &Agent,
    slug: &str,
    change: &Change,
) -> AppResult<()> {
    let all = queries::list_categories(conn, agent.id)?;
    let this = all.iter().find(|category| category.slug == slug).ok_or(AppError::NotFound)?;
    rules::check(&all, this, change)?;
    apply(conn, &all, this, change)?;
    let to = match change {
        Change::Move(Some(to)) | Change::Merge(to) => all.iter().find(|each| each.id == *to),
        _ => None,
    };
    let detail = json!({ "category": this.slug, "change": change.word(),
        "to": to.map(|category| &category.slug) });
    audit::record(conn, by, "category.change", &format!("agent:{}", agent.slug), detail)
}

/// Adds a category at the end of its level.
pub fn add(
    conn: &mut Conn,
    by: Actor,
    agent: &Agent,
    part: &Part,
    parent: Option<CategoryId>,
) -> AppResult<()> {
    let all = queries::list_categories(conn, agent.id)?;
    rules::check_new(&all, std::slice::from_ref(part), "slug")?;
    rules::check_parent(&all, parent)?;
    insert(conn, agent, &all, std::slice::from_ref(part), parent)?;
    let detail = json!({ "category": part.slug, "change": "add" });
    audit::record(conn, by, "category.change", &format!("agent:{}", agent.slug), detail)
}

fn insert(
    conn: &mut Conn,
    agent: &Agent,
    all: &[Category],
    parts: &[Part],
    parent_id: Option<CategoryId>,
) -> AppResult<()> {
    let next = all.iter().map(|category| category.position + 1).max().unwrap_or(0);
    for (position, part) in (next..).zip(parts) {
        let new = directory::new_category(agent.id, &part.slug, &part.name, position);
        let new = Category { parent_id, ..new };
        diesel::insert_into(categories::table).values(&new).execute(conn)?;
    }
    Ok(())
}

fn apply(conn: &mut Conn, all: &[Category], this: &Category, change: &Change) -> AppResult<()> {
    let row = categories::table.find(this.id);
    match change {
        Change::Rename(name) => {
            diesel::update(row).set(categories::name.eq(name)).execute(conn)?;
        }
        Change::Move(to) => {
            diesel::update(row).set(categories::parent_id.eq(*to)).execute(conn)?;
        }
        Change::Merge(to) => {
            // What was merged into it before follows, so that a survivor is one step away.
            diesel::update(categories::table.filter(categories::merged_into.eq(this.id)))
                .set(categories::merged_into.eq(Some(*to)))
                .execute(conn)?;
            end(conn, this, Some(*to), Some(*to))?;
        }
        Change::Split(parts) => {
            let agent = super::queries::find(conn, this.agent_id)?;
            insert(conn, &agent, all, parts, Some(this.id))?;
        }
        Change::Retire => end(conn, this, None, this.parent_id)?,
        Change::UseAgain => {
            let is_used = |id: &CategoryId| all.iter().any(|each| each.id == *id && each.is_used());
            diesel::update(row)
                .set((
                    categories::retired_at.eq(None::<Instant>),
                    categories::merged_into.eq(None::<CategoryId>),
                    categories::parent_id.eq(this.parent_id.filter(is_used)),
                ))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Takes it out of use; what is under it moves.
fn end(
    conn: &mut Conn,
    this: &Category,
    survivor: Option<CategoryId>,
    children_to: Option<CategoryId>,
) -> AppResult<()> {
    diesel::update(categories::table.filter(categories::parent_id.eq(this.id)))
        .set(categories::parent_id.eq(children_to))
        .execute(conn)?;
    diesel::update(categories::table.find(this.id))
        .set((categories::retired_at.eq(Some(clock::now())), categories::merged_into.eq(survivor)))
        .execute(conn)?;
    Ok(())
}
