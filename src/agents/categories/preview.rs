//! What a change moves, in sentences, before it is made. Counts stop at a number of judgements.

use super::rules::{Change, under};
use crate::agents::model::{AgentId, Category, CategoryId};
use crate::db::{Conn, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::HashMap;

/// How many of an agent's newest judgements are looked at.
pub const NEWEST: i64 = 1_000;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql::Id)]
    id: CategoryId,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// How often each category was named among an agent's newest judgements. Walks the index
/// (agent_id, interaction_id, feedback_id).
pub fn count_named(conn: &mut Conn, agent: AgentId) -> QueryResult<HashMap<CategoryId, i64>> {
    let rows: Vec<Named> = diesel::sql_query(
        "SELECT f.category_id AS id, count(*) AS number FROM \
         (SELECT feedback_id FROM signals WHERE agent_id = $1 \
          ORDER BY interaction_id DESC LIMIT $2) AS newest \
         JOIN feedback f ON f.id = newest.feedback_id \
         WHERE f.category_id IS NOT NULL GROUP BY f.category_id",
    )
    .bind::<sql::Id, _>(agent)
    .bind::<BigInt, _>(NEWEST)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

/// How often a category was named, with all that was merged into it.
pub fn number(all: &[Category], named: &HashMap<CategoryId, i64>, id: CategoryId) -> i64 {
    let merged = all.iter().filter(|category| category.merged_into == Some(id));
    merged.map(|category| category.id).chain([id]).filter_map(|id| named.get(&id)).sum()
}

/// What a change does, in sentences. The change was checked.
pub fn sentences(
    all: &[Category],
    named: &HashMap<CategoryId, i64>,
    this: &Category,
    change: &Change,
) -> Vec<String> {
    let name = &this.name;
    let said = said(name, number(all, named, this.id));
    match change {
        Change::Rename(to) => vec![format!("“{name}” is called “{to}” from now on.")],
        Change::Move(to) => {
            let (to, with) = (place(all, *to), with_below(under(all, this.id).len()));
            vec![format!("“{name}” moves {to}{with}."), format!("{said} That stays as it is.")]
        }
        Change::Merge(to) => merged(all, this, *to, &said),
        Change::Split(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| format!("“{}”", part.name)).collect();
            vec![
                format!("New under “{name}”: {}.", parts.join(", ")),
                format!("{said} That stays with “{name}”, as nobody knows which part was meant."),
            ]
        }
        Change::Retire => {
            let mut lines = vec![format!("“{name}” is offered no more.")];
            lines.push(format!("{said} That stays, and can still be found by it."));
            lines.extend(children(all, this, &place(all, this.parent_id)));
            lines
        }
        Change::UseAgain => {
            let again = this.merged_into.map(|survivor| {
                let survivor = name_of(all, survivor);
                format!("{said} That counts as “{name}” again, no longer as “{survivor}”.")
            });
            std::iter::once(format!("“{name}” is offered again.")).chain(again).collect()
        }
    }
}

fn merged(all: &[Category], this: &Category, to: CategoryId, said: &str) -> Vec<String> {
    let (name, into) = (&this.name, name_of(all, to));
    let mut lines = vec![
        format!("“{name}” becomes part of “{into}” and is offered no more."),
        format!("{said} That counts as “{into}” from now on, in filters and exports too."),
    ];
    lines.extend(children(all, this, &place(all, Some(to))));
    lines.push("Releases that were built stay as they are.".to_owned());
    lines
}

fn name_of(all: &[Category], id: CategoryId) -> &str {
    all.iter().find(|each| each.id == id).map_or("", |each| each.name.as_str())
}

/// Where something goes, in words.
fn place(all: &[Category], to: Option<CategoryId>) -> String {
    to.map_or("to the top".to_owned(), |id| format!("under “{}”", name_of(all, id)))
}

fn with_below(below: usize) -> String {
    match below {
        0 => String::new(),
        1 => ", with the one under it".to_owned(),
        many => format!(", with the {many} under it"),
    }
}

fn said(name: &str, number: i64) -> String {
    match number {
        0 => format!("None of the newest 1,000 judgements names “{name}”."),
        1 => format!("One of the newest 1,000 judgements names “{name}”."),
        many => format!("{many} of the newest 1,000 judgements name “{name}”."),
    }
}

/// What stands directly under it, and where that goes.
fn children(all: &[Category], this: &Category, to: &str) -> Option<String> {
    let below = all.iter().filter(|each| each.parent_id == Some(this.id) && each.is_used());
    let names: Vec<String> = below.map(|each| format!("“{}”", each.name)).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("{} moves {to}.", names.join(""))),
        _ => Some(format!("{} move {to}.", names.join(", "))),
    }
}
