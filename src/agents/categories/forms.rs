//! The forms of categories, as a browser sends them.

use super::rules::{Change, Part};
use crate::agents::model::{Category, CategoryId};
use crate::error::Mistakes;
use serde::{Deserialize, Serialize};

/// What is to be done to a category; empty where nothing was asked yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ChangeForm {
    /// `rename`, `move`, `merge`, `split`, `retire` or `use_again`.
    pub act: String,
    pub name: String,
    /// With `move`: the slug of what it goes under; empty is the top.
    pub under: String,
    /// With `merge`: the slug of what it becomes part of.
    pub into: String,
    /// A part a line: `slug: Name`.
    pub parts: String,
}

impl ChangeForm {
    /// A true change, or what is wrong with the text.
    pub fn check(&self, all: &[Category]) -> Result<Change, Mistakes> {
        Ok(match self.act.as_str() {
            "rename" => Change::Rename(self.name.trim().to_owned()),
            "move" if self.under.is_empty() => Change::Move(None),
            "move" => Change::Move(Some(named(all, &self.under, "under")?)),
            "merge" => Change::Merge(named(all, &self.into, "into")?),
            "split" => Change::Split(parts(&self.parts)),
            "retire" => Change::Retire,
            "use_again" => Change::UseAgain,
            _ => return Err(Mistakes::one("", "Choose what to do with it.")),
        })
    }
}

/// A category to be added.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AddForm {
    pub slug: String,
    pub name: String,
    /// The slug of what it goes under; empty is the top.
    pub parent: String,
}

impl AddForm {
    /// The category and what it goes under.
    pub fn check(&self, all: &[Category]) -> Result<(Part, Option<CategoryId>), Mistakes> {
        let parent = match self.parent.as_str() {
            "" => None,
            slug => Some(named(all, slug, "parent")?),
        };
        Ok((part(self.slug.trim(), self.name.trim()), parent))
    }
}

fn named(all: &[Category], slug: &str, field: &str) -> Result<CategoryId, Mistakes> {
    let found = all.iter().find(|category| category.slug == slug);
    found.map(|category| category.id).ok_or_else(|| Mistakes::one(field, "Choose a category."))
}

fn parts(text: &str) -> Vec<Part> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let parts = lines.map(|line| match line.split_once(':') {
        Some((slug, name)) => part(slug.trim(), name.trim()),
        None => part(line, ""),
    });
    parts.collect()
}

/// Without a name it is called by its slug.
fn part(slug: &str, name: &str) -> Part {
    let name =
        if name.is_empty() { crate::accounts::actions::title(slug) } else { name.to_owned() };
    Part { slug: slug.to_owned(), name }
}
