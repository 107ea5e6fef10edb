//! The category tree as people write it: a slug a line, `slug: Name` with a name, two spaces for
//! each level; or as JSON.

use crate::accounts::actions::title;
use serde::{Deserialize, Serialize};

/// A category with what is under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    pub slug: String,
    /// Made of the slug when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub children: Vec<Node>,
}

/// A category in a flat list: its parent's slug, its slug and its name.
pub type Flat = (Option<String>, String, String);

/// The tree from parents to children.
pub fn flatten(nodes: &[Node]) -> Vec<Flat> {
    let mut flat = Vec::new();
    walk(nodes, None, &mut flat);
    flat
}

fn walk(nodes: &[Node], parent: Option<&str>, flat: &mut Vec<Flat>) {
    for node in nodes {
        let name = node.name.clone().unwrap_or_else(|| title(&node.slug));
        flat.push((parent.map(str::to_owned), node.slug.clone(), name));
        walk(&node.children, Some(&node.slug), flat);
    }
}

/// Reads indented lines; an error names the line.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let mut lines: Vec<(usize, Node)> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let (slug, name) = match line.trim().split_once(':') {
            Some((slug, name)) => (slug.trim(), Some(name.trim().to_owned())),
            None => (line.trim(), None),
        };
        if indent % 2 == 1 || indent / 2 > lines.last().map_or(0, |(level, _)| level + 1) {
            return Err(format!("line {}: indent by two spaces for each level", n + 1));
        }
        let name = name.filter(|name| !name.is_empty());
        lines.push((indent / 2, Node { slug: slug.to_owned(), name, children: Vec::new() }));
    }
    Ok(build(&mut lines.into_iter().peekable(), 0))
}

fn build(
    lines: &mut std::iter::Peekable<std::vec::IntoIter<(usize, Node)>>,
    level: usize,
) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some((_, mut node)) = lines.next_if(|(at, _)| *at == level) {
        node.children = build(lines, level + 1);
        nodes.push(node);
    }
    nodes
}

/// The tree as indented lines.
pub fn show(nodes: &[Node]) -> String {
    fn walk(nodes: &[Node], level: usize, out: &mut String) {
        for node in nodes {
            let name = node.name.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
            out.push_str(&format!("{}{}{name}\n", "  ".repeat(level), node.slug));
            walk(&node.children, level + 1, out);
        }
    }
    let mut out = String::new();
    walk(nodes, 0, &mut out);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_comes_back_as_it_was_written() {
        let text = "wrong_answer: Wrong answer\n  outdated: Out of date\n  made_up\ntone: Tone\n";
        let nodes = read(text).unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[0].children[1].slug, "made_up");
        assert_eq!(show(&nodes), text);
        let flat = flatten(&nodes);
        assert_eq!(flat[2], (Some("wrong_answer".into()), "made_up".into(), "Made up".into()));
        assert!(read("a\n    b").unwrap_err().contains("line 2"));
    }
}
