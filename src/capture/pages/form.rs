//! What the pages of one interaction share: its facts, the form, and storing what was sent.

use crate::agents::pinned::{self, Pinned};
use crate::agents::queries as agents;
use crate::agents::tree;
use crate::agents::{AgentId, CategoryId};
use crate::capture::forms::{About, FeedbackForm, at_fields};
use crate::capture::queries::Said;
use crate::capture::submit::{self, Answer, Author, Row, Target};
use crate::capture::words::{self, Badge, When};
use crate::capture::{Permit, draft::Draft};
use crate::db::{Conn, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::{Feedback, FeedbackId};
use crate::interactions::queries::Shown;
use crate::interactions::{InteractionId, JsonText};
use serde::Deserialize;
use std::collections::HashMap;

/// What a link may choose already: `?verdict=corrected`.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    pub verdict: String,
}

/// An interaction with what its form needs.
pub struct Subject {
    pub shown: Shown,
    pub about: About,
    pub categories: Vec<(CategoryId, String, String)>,
    /// What some were merged into.
    merged: HashMap<CategoryId, CategoryId>,
    /// What the person said of it before.
    pub mine: Option<Feedback>,
    /// What the team's champions want everybody to know of the agent.
    pub pinned: Vec<Pinned>,
}

/// The form as it is shown.
pub struct FormPart {
    pub action: String,
    /// What is typed is kept in the browser under this name until it has arrived.
    pub keep: String,
    pub about: About,
    pub categories: Vec<(String, String)>,
    pub form: FeedbackForm,
    pub mistakes: Mistakes,
    /// What was said before, which this replaces.
    pub before: Option<Before>,
}

/// What the person said before.
pub struct Before {
    pub verdict: Badge,
    pub when: When,
}

impl FormPart {
    /// Whether a label is chosen from a short list: on a phone that is one tap.
    pub fn has_few_labels(&self) -> bool {
        self.about.labels.len() <= 12
    }
    /// The labels as options, the empty one first.
    pub fn label_options(&self) -> Vec<(String, String)> {
        let all = self.about.labels.iter().map(|label| (label.clone(), label.clone()));
        std::iter::once((String::new(), "Choose one".to_owned())).chain(all).collect()
    }
    /// The labels to search in.
    pub fn label_list(&self) -> Vec<(String, String)> {
        self.about.labels.iter().map(|label| (label.clone(), String::new())).collect()
    }
    /// Whether the agent calls tools, so that calls can be corrected.
    pub fn has_tools(&self) -> bool {
        !self.form.tool_calls.is_empty()
    }
    /// The kind of output as a word.
    pub fn kind(&self) -> &'static str {
        self.about.kind.as_str()
    }
}

/// The choices of severity.
pub const SEVERITIES: [(&str, &str); 4] = [
    ("low", "Low: a blemish"),
    ("medium", "Medium"),
    ("high", "High: someone was misled"),
    ("critical", "Critical: harm is possible"),
];

impl Subject {
    /// Gathers what the form needs, for an interaction that the person may see.
    pub fn of(conn: &mut Conn, shown: Shown, mine: Option<Feedback>) -> AppResult<Self> {
        let output = shown.body.as_ref().and_then(|body| body.output.clone());
        let about = about(conn, &shown.agent, output)?;
        let categories = categories(conn, shown.agent.id)?;
        let pinned = pinned::list_for(conn, shown.agent.id, shown.deployment.team_id)?;
        let all = agents::list_categories(conn, shown.agent.id)?.into_iter();
        let merged = all.filter_map(|each| Some((each.id, each.merged_into?))).collect();
        Ok(Self { shown, about, categories, merged, mine, pinned })
    }

    /// The form before anything was sent; it starts from what the person said before.
    pub fn blank(&self, action: String, chosen: &str, now: Instant) -> FormPart {
        let mut form = match &self.mine {
            Some(before) => FeedbackForm::again(&self.about, before, self.category_of(before)),
            None => FeedbackForm::new(&self.about),
        };
        if !chosen.is_empty() {
            form.verdict = chosen.to_owned();
        }
        self.with(action, form, Mistakes::default(), now)
    }

    /// The form as it was sent, with what is wrong with it.
    pub fn with(
        &self,
        action: String,
        form: FeedbackForm,
        mistakes: Mistakes,
        now: Instant,
    ) -> FormPart {
        let before = self.mine.as_ref().map(|before| Before {
            verdict: words::verdict(before.verdict),
            when: words::when(before.occurred_at, now),
        });
        FormPart {
            action,
            keep: format!("feedback-{}", self.shown.row.id),
            about: self.about.clone(),
            categories: options(&self.categories),
            form,
            mistakes,
            before,
        }
    }

    /// What they named before, or what that was merged into.
    fn category_of(&self, feedback: &Feedback) -> String {
        let survivor = feedback.category_id.and_then(|id| self.merged.get(&id).copied());
        let named = survivor.or(feedback.category_id);
        let found = self.categories.iter().find(|(id, _, _)| Some(*id) == named);
        found.map(|(_, slug, _)| slug.clone()).unwrap_or_default()
    }
}

/// What a judgement of an agent's output is checked against.
pub fn about(
    conn: &mut Conn,
    agent: &crate::agents::model::Agent,
    output: Option<JsonText>,
) -> AppResult<About> {
    let labels = agents::list_labels(conn, agent.id)?;
    let labels = labels.into_iter().filter(|label| label.retired_at.is_none());
    Ok(About {
        kind: agent.kind,
        output,
        labels: labels.map(|label| label.name).collect(),
        json_schema: agent.json_schema.clone(),
    })
}

/// The categories in use, as a flat list in the order of the tree: id, slug, and name with a dash
/// for each level.
pub fn categories(conn: &mut Conn, agent: AgentId) -> AppResult<Vec<(CategoryId, String, String)>> {
    let ids = agents::list_categories(conn, agent)?;
    let nodes = agents::category_tree(conn, agent)?;
    let mut flat = Vec::new();
    walk(&nodes, 0, &mut flat);
    let id_of = |slug: &str| ids.iter().find(|c| c.slug == slug).map(|c| c.id);
    Ok(flat.into_iter().filter_map(|(slug, name)| Some((id_of(&slug)?, slug, name))).collect())
}

fn walk(nodes: &[tree::Node], level: usize, flat: &mut Vec<(String, String)>) {
    for node in nodes {
        let name = node.name.as_deref().unwrap_or(&node.slug);
        flat.push((node.slug.clone(), format!("{}{name}", "– ".repeat(level))));
        walk(&node.children, level + 1, flat);
    }
}

/// Categories as options, the empty one first.
pub fn options(categories: &[(CategoryId, String, String)]) -> Vec<(String, String)> {
    let all = categories.iter().map(|(_, slug, name)| (slug.clone(), name.clone()));
    std::iter::once((String::new(), "I can't say".to_owned())).chain(all).collect()
}

/// One line of what people said of an interaction.
pub struct SaidRow {
    pub href: String,
    pub author: String,
    pub verdict: Badge,
    pub state: Badge,
    pub when: When,
    /// A reviewer found it in a random audit.
    pub is_audit: bool,
}

/// What people said, as its rows are shown.
pub fn said_row(said: Said, now: Instant) -> SaidRow {
    let is_superseded = said.superseded_by.is_some();
    SaidRow {
        href: format!("/feedback/{}", said.id),
        author: said.author.unwrap_or_else(|| "Somebody".to_owned()),
        verdict: words::verdict(said.verdict),
        state: match said.is_audit {
            true => words::audit_state(is_superseded, said.status),
            false => words::state(is_superseded, said.status, false),
        },
        when: words::when(said.occurred_at, now),
        is_audit: said.is_audit,
    }
}

/// Stores one judgement inside a write; mistakes that only now come to light go to their fields.
pub fn store(
    conn: &mut Conn,
    id: InteractionId,
    draft: &Draft,
    author: Author,
) -> AppResult<FeedbackId> {
    let (target, draft, at) = (Target::Id(id), draft.clone(), String::new());
    let row = Row { target, draft, author, permit: Permit::PERSON, at };
    match submit::apply(conn, &[row])?.into_iter().next() {
        Some(Answer::Created(id) | Answer::Duplicate(id)) => Ok(id),
        Some(Answer::Invalid(mistakes)) => Err(AppError::Invalid(at_fields(mistakes))),
        Some(Answer::NotFound) | None => Err(AppError::NotFound),
    }
}
