//! What may be done to a tree of categories, as pure functions.

use crate::accounts::actions::check_slug;
use crate::agents::model::{Category, CategoryId};
use crate::error::Mistakes;
use std::collections::BTreeSet;

/// A category to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub slug: String,
    pub name: String,
}

/// What is done to a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is called something else; its slug stays, as programs know it.
    Rename(String),
    /// It goes under another, or to the top, with all that is under it.
    Move(Option<CategoryId>),
    /// It becomes part of another, in filters and exports too.
    Merge(CategoryId),
    /// New categories come under it; what was said before stays with it.
    Split(Vec<Part>),
    /// It is offered no more; what was said with it stays.
    Retire,
    /// It is offered again; what was merged comes back with all that was said with it.
    UseAgain,
}

impl Change {
    /// The word for it in forms and in the audit log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rename(_) => "rename",
            Self::Move(_) => "move",
            Self::Merge(_) => "merge",
            Self::Split(_) => "split",
            Self::Retire => "retire",
            Self::UseAgain => "use_again",
        }
    }
}

impl Category {
    /// Whether people can choose it.
    pub fn is_used(&self) -> bool {
        self.retired_at.is_none() && self.merged_into.is_none()
    }
}

/// The categories under one, at any depth, without itself.
pub fn under(all: &[Category], top: CategoryId) -> BTreeSet<CategoryId> {
    let mut found = BTreeSet::new();
    let mut next = vec![top];
    while let Some(parent) = next.pop() {
        for child in all.iter().filter(|category| category.parent_id == Some(parent)) {
            if child.id != top && found.insert(child.id) {
                next.push(child.id);
            }
        }
    }
    found
}

/// Checks a change of a category; the mistake is a sentence for whoever asked.
pub fn check(all: &[Category], this: &Category, change: &Change) -> Result<(), Mistakes> {
    let name = &this.name;
    match change {
        Change::UseAgain if this.is_used() => {
            return Err(Mistakes::one("", format!("“{name}” is in use.")));
        }
        Change::UseAgain => return Ok(()),
        _ if !this.is_used() => {
            let why = format!("“{name}” is not in use any more. Use it again first.");
            return Err(Mistakes::one("", why));
        }
        _ => {}
    }
    match change {
        Change::Rename(name) => check_name(name, "name"),
        Change::Split(parts) if parts.is_empty() => {
            Err(Mistakes::one("parts", "Write at least one part, one a line."))
        }
        Change::Split(parts) => check_new(all, parts, "parts"),
        Change::Move(None) | Change::Retire | Change::UseAgain => Ok(()),
        Change::Move(Some(to)) => check_target(all, this, *to, ("under", "moved under")),
        Change::Merge(to) => check_target(all, this, *to, ("into", "merged into")),
    }
}

/// Where a category goes must be in use, and neither itself nor under it.
fn check_target(
    all: &[Category],
    this: &Category,
    to: CategoryId,
    (field, done): (&str, &str),
) -> Result<(), Mistakes> {
    let name = &this.name;
    let target = all.iter().find(|category| category.id == to && category.is_used());
    let why = match target {
        None => "Choose a category that is in use.".to_owned(),
        Some(_) if to == this.id => format!("“{name}” can't be {done} itself."),
        Some(target) if under(all, this.id).contains(&to) => {
            let child = &target.name;
            format!(
                "“{child}” is under “{name}”, so “{name}” can't be {done} it. Move “{child}” first."
            )
        }
        Some(_) => return Ok(()),
    };
    Err(Mistakes::one(field, why))
}

/// A new category goes to the top, or under one that is in use.
pub fn check_parent(all: &[Category], parent: Option<CategoryId>) -> Result<(), Mistakes> {
    let is_used = |id| all.iter().any(|category| category.id == id && category.is_used());
    if parent.is_none_or(is_used) {
        return Ok(());
    }
    Err(Mistakes::one("parent", "Choose a category that is in use."))
}

/// New categories have slugs of their own.
pub fn check_new(all: &[Category], parts: &[Part], field: &str) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    let mut seen = BTreeSet::new();
    for part in parts {
        let slug = &part.slug;
        if check_slug(slug).is_err() {
            let rule = "1 to 100 of a-z, 0-9, “-”, “_” and “.”";
            mistakes.add(field, format!("“{slug}” is no name for programs: {rule}."));
        } else if all.iter().any(|category| category.slug == *slug) {
            mistakes.add(field, format!("“{slug}” is there already, in use or retired."));
        } else if !seen.insert(slug) {
            mistakes.add(field, format!("“{slug}” is there twice."));
        }
        if let Err(wrong) = check_name(&part.name, field) {
            mistakes.0.extend(wrong.0);
        }
    }
    mistakes.or(())
}

fn check_name(name: &str, field: &str) -> Result<(), Mistakes> {
    if name.trim().is_empty() || name.chars().count() > 200 {
        return Err(Mistakes::one(field, "A name has 1 to 200 characters."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::directory::new_category;
    use crate::agents::model::AgentId;

    /// `(slug, parent)` in order.
    fn tree(of: &[(&str, Option<usize>)]) -> Vec<Category> {
        let agent = AgentId::new();
        let mut all: Vec<Category> = Vec::new();
        for (slug, parent) in of {
            let parent_id = parent.and_then(|n| all.get(n)).map(|category| category.id);
            all.push(Category { parent_id, ..new_category(agent, slug, slug, 0) });
        }
        all
    }

    fn why(result: Result<(), Mistakes>) -> String {
        result.err().map(|mistakes| mistakes.0[0].message.clone()).unwrap_or_default()
    }

    #[test]
    fn a_category_is_not_merged_into_itself_or_its_child() {
        let all = tree(&[("a", None), ("b", Some(0)), ("c", Some(1)), ("d", None)]);
        let merge = |from: usize, to: usize| check(&all, &all[from], &Change::Merge(all[to].id));
        assert_eq!(why(merge(0, 0)), "“a” can't be merged into itself.");
        let child = "“c” is under “a”, so “a” can't be merged into it. Move “c” first.";
        assert_eq!(why(merge(0, 2)), child);
        assert_eq!(merge(2, 0), Ok(()));
        assert_eq!(merge(0, 3), Ok(()));
        let moved = check(&all, &all[0], &Change::Move(Some(all[1].id)));
        assert_eq!(why(moved), "“b” is under “a”, so “a” can't be moved under it. Move “b” first.");
    }

    #[test]
    fn what_is_not_in_use_is_left_alone() {
        let mut all = tree(&[("a", None), ("b", None)]);
        all[0].merged_into = Some(all[1].id);
        assert!(why(check(&all, &all[0], &Change::Retire)).contains("not in use any more"));
        assert!(why(check(&all, &all[1], &Change::Merge(all[0].id))).contains("in use"));
        assert_eq!(check(&all, &all[0], &Change::UseAgain), Ok(()));
        assert!(check(&all, &all[1], &Change::UseAgain).is_err());
        let part = |slug: &str| Part { slug: slug.to_owned(), name: "A".to_owned() };
        let split = |parts: &[&str]| {
            check(&all, &all[1], &Change::Split(parts.iter().map(|slug| part(slug)).collect()))
        };
        assert!(why(split(&["a"])).contains("there already"));
        assert!(why(split(&["x", "x"])).contains("twice"));
        assert!(why(split(&["X y"])).contains("no name for programs"));
        assert!(why(split(&[])).contains("at least one"));
        assert_eq!(split(&["x", "y"]), Ok(()));
    }

    proptest::proptest! {
        /// Whatever is moved as the rules allow, the tree stays one: nothing is above itself.
        #[test]
        fn no_move_makes_a_circle(
            moves in proptest::collection::vec((0usize..6, 0usize..6), 0..20),
        ) {
            let mut all = tree(&["a", "b", "c", "d", "e", "f"].map(|slug| (slug, None)));
            for (from, to) in moves {
                let to = all[to].id;
                if check(&all, &all[from], &Change::Move(Some(to))).is_ok() {
                    all[from].parent_id = Some(to);
                }
                for category in &all {
                    let mut at = category.parent_id;
                    let mut steps = 0;
                    while let Some(parent) = at {
                        let above = all.iter().find(|each| each.id == parent);
                        at = above.and_then(|each| each.parent_id);
                        steps += 1;
                        proptest::prop_assert!(steps <= all.len());
                    }
                }
            }
        }
    }
}
