//! The forms of agents and deployments: text, until it is checked.

use super::actions::{AgentChange, DeploymentChange};
use super::model::{
    Agent, Deployment, Label, MOST_AUDITS, MOST_REVIEWS, OutputKind, ReviewPolicy, Visibility,
};
use super::tree::{self, Node};
use crate::error::Mistakes;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::str::FromStr;

const NORMAL: &str = "normal_resolution_minutes";
const URGENT: &str = "urgent_resolution_minutes";

/// An agent as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AgentForm {
    pub slug: String,
    pub name: String,
    pub kind: String,
    pub team: String,
    pub review: String,
    pub visibility: String,
    pub good_at: String,
    pub not_for: String,
    pub labels: String,
    pub schema: String,
    pub out_of_scope_label: String,
    pub categories: String,
    pub normal_due_minutes: String,
    pub urgent_due_minutes: String,
    pub normal_resolution_minutes: String,
    pub urgent_resolution_minutes: String,
}

impl AgentForm {
    /// An empty form with the defaults.
    pub fn new() -> Self {
        let categories: Vec<Node> = super::model::DEFAULT_CATEGORIES
            .iter()
            .map(|(slug, name)| Node {
                slug: (*slug).to_owned(),
                name: Some((*name).to_owned()),
                children: Vec::new(),
            })
            .collect();
        Self {
            kind: OutputKind::Text.to_string(),
            review: ReviewPolicy::Required.to_string(),
            visibility: Visibility::Team.to_string(),
            categories: tree::show(&categories),
            normal_due_minutes: super::model::NORMAL_DUE_MINUTES.to_string(),
            urgent_due_minutes: super::model::URGENT_DUE_MINUTES.to_string(),
            normal_resolution_minutes: super::model::NORMAL_RESOLUTION_MINUTES.to_string(),
            urgent_resolution_minutes: super::model::URGENT_RESOLUTION_MINUTES.to_string(),
            ..Self::default()
        }
    }

    /// The form of an agent that is there.
    pub fn of(agent: &Agent, team: &str, labels: &[Label], categories: &[Node]) -> Self {
        let in_use = labels.iter().filter(|label| label.retired_at.is_none());
        Self {
            slug: agent.slug.clone(),
            name: agent.name.clone(),
            kind: agent.kind.to_string(),
            team: team.to_owned(),
            review: agent.review.to_string(),
            visibility: agent.visibility.to_string(),
            good_at: agent.good_at.clone(),
            not_for: agent.not_for.clone(),
            labels: in_use.map(|label| format!("{}\n", label.name)).collect(),
            schema: agent.json_schema.clone().unwrap_or_default(),
            out_of_scope_label: agent.out_of_scope_label.clone().unwrap_or_default(),
            categories: tree::show(categories),
            normal_due_minutes: agent.normal_due_minutes.to_string(),
            urgent_due_minutes: agent.urgent_due_minutes.to_string(),
            normal_resolution_minutes: agent.normal_resolution_minutes.to_string(),
            urgent_resolution_minutes: agent.urgent_resolution_minutes.to_string(),
        }
    }

    /// True values, or what is wrong with the text.
    pub fn check(&self) -> Result<AgentChange, Mistakes> {
        let mut mistakes = Mistakes::default();
        let m = &mut mistakes;
        let kind: Option<OutputKind> = word(m, "kind", &self.kind);
        let categories = tree::read(&self.categories)
            .map_err(|why| m.add("categories", why))
            .unwrap_or_default();
        let is_label = kind == Some(OutputKind::Label);
        let is_json = kind == Some(OutputKind::Json);
        let lines = self.labels.lines().map(str::trim).filter(|line| !line.is_empty());
        let change = AgentChange {
            name: Some(self.name.trim().to_owned()),
            kind,
            team: Some(self.team.trim().to_owned()).filter(|team| !team.is_empty()),
            review: word(m, "review", &self.review),
            visibility: word(m, "visibility", &self.visibility),
            good_at: Some(self.good_at.trim().to_owned()),
            not_for: Some(self.not_for.trim().to_owned()),
            labels: is_label.then(|| lines.map(str::to_owned).collect()),
            schema: Some(filled(&self.schema).filter(|_| is_json)),
            out_of_scope_label: Some(filled(&self.out_of_scope_label).filter(|_| is_label)),
            categories: Some(categories),
            normal_due_minutes: minutes(m, "normal_due_minutes", &self.normal_due_minutes),
            urgent_due_minutes: minutes(m, "urgent_due_minutes", &self.urgent_due_minutes),
            normal_resolution_minutes: minutes(m, NORMAL, &self.normal_resolution_minutes),
            urgent_resolution_minutes: minutes(m, URGENT, &self.urgent_resolution_minutes),
        };
        mistakes.or(change)
    }
}

/// A deployment as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DeploymentForm {
    pub review: String,
    pub visibility: String,
    pub normal_due_minutes: String,
    pub urgent_due_minutes: String,
    pub normal_resolution_minutes: String,
    pub urgent_resolution_minutes: String,
    pub reviews_needed: String,
    pub weekly_audits: String,
}

impl DeploymentForm {
    /// The form of a deployment that is there.
    pub fn of(deployment: &Deployment) -> Self {
        Self {
            review: deployment.review.to_string(),
            visibility: deployment.visibility.to_string(),
            normal_due_minutes: deployment.normal_due_minutes.to_string(),
            urgent_due_minutes: deployment.urgent_due_minutes.to_string(),
            normal_resolution_minutes: deployment.normal_resolution_minutes.to_string(),
            urgent_resolution_minutes: deployment.urgent_resolution_minutes.to_string(),
            reviews_needed: deployment.reviews_needed.to_string(),
            weekly_audits: deployment.weekly_audits.to_string(),
        }
    }

    /// True values, or what is wrong with the text.
    pub fn check(&self) -> Result<DeploymentChange, Mistakes> {
        let mut mistakes = Mistakes::default();
        let m = &mut mistakes;
        let change = (
            word::<ReviewPolicy>(m, "review", &self.review),
            word::<Visibility>(m, "visibility", &self.visibility),
            minutes(m, "normal_due_minutes", &self.normal_due_minutes),
            minutes(m, "urgent_due_minutes", &self.urgent_due_minutes),
            minutes(m, NORMAL, &self.normal_resolution_minutes),
            minutes(m, URGENT, &self.urgent_resolution_minutes),
            number(m, "reviews_needed", &self.reviews_needed, 1..=MOST_REVIEWS),
            number(m, "weekly_audits", &self.weekly_audits, 0..=MOST_AUDITS),
        );
        match change {
            (
                Some(review),
                Some(visibility),
                Some(normal_due_minutes),
                Some(urgent_due_minutes),
                Some(normal_resolution_minutes),
                Some(urgent_resolution_minutes),
                Some(reviews_needed),
                Some(weekly_audits),
            ) => Ok(DeploymentChange {
                review,
                visibility,
                normal_due_minutes,
                urgent_due_minutes,
                normal_resolution_minutes,
                urgent_resolution_minutes,
                reviews_needed,
                weekly_audits,
            }),
            _ => Err(mistakes),
        }
    }
}

fn number(
    mistakes: &mut Mistakes,
    field: &str,
    text: &str,
    allowed: RangeInclusive<i64>,
) -> Option<i64> {
    let number = text.trim().parse().ok().filter(|number| allowed.contains(number));
    if number.is_none() {
        let (least, most) = (allowed.start(), allowed.end());
        mistakes.add(field, format!("is a number from {least} to {most}"));
    }
    number
}

fn word<T: FromStr<Err = String>>(mistakes: &mut Mistakes, field: &str, text: &str) -> Option<T> {
    text.parse().map_err(|why| mistakes.add(field, why)).ok()
}

fn minutes(mistakes: &mut Mistakes, field: &str, text: &str) -> Option<i64> {
    let number = text.trim().parse().ok().filter(|minutes| (1..=525_600).contains(minutes));
    if number.is_none() {
        mistakes.add(field, "is a number of minutes from 1 to 525,600 (a year)");
    }
    number
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
