//! The question a dataset saves: which signals, by which rules, in which shape. Read strictly, from
//! JSON or TOML.

use super::model::{Audit, Conflicts, Duplicates, GroupBy, Side, Wanted};
use crate::agents::Environment;
use crate::capture::draft::time;
use crate::db::Instant;
use crate::error::Mistakes;
use crate::exports::{FileFormat, Format};
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::web::strict;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A dataset's question. A filter that is left out, or empty, leaves nothing out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Dataset)]
pub struct Question {
    /// Slugs of agents; at least one.
    pub agents: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
    /// Versions of the agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Slugs of teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Slugs of categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<Severity>,
    /// `accepted` (default), or `any`: also what nobody decided yet.
    #[serde(default = "accepted")]
    pub status: Wanted,
    /// What random audits found: `include` (default), `leave_out`, or `only`.
    #[serde(default = "include", skip_serializing_if = "Audit::is_include")]
    pub audit: Audit,
    /// RFC 3339 or a day: when the interaction happened, or later.
    #[serde(default, deserialize_with = "instant", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub since: Option<Instant>,
    /// RFC 3339 or a day: before the interaction happened.
    #[serde(default, deserialize_with = "instant", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub until: Option<Instant>,
    /// The shape of a record.
    pub format: Format,
    /// Tables beside the lines: `parquet`, and `csv` for the format `classification`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_formats: Vec<FileFormat>,
    /// `once` (default) keeps one of those that say the same.
    #[serde(default = "once")]
    pub duplicates: Duplicates,
    /// What becomes of contradictions; `adjudicated` by default.
    #[serde(default = "adjudicated")]
    pub conflicts: Conflicts,
    /// Rules of redaction: `email`, `phone`, `card`, `iban`, `ip`, or names in `patterns`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// Patterns of one's own by name, as regular expressions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub patterns: BTreeMap<String, String>,
    /// Shares of the groups; together 1. Left out, all is `train`.
    #[serde(default)]
    pub split: Split,
    /// What a split never tears apart; fixed for an agent by its first release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<GroupBy>,
    /// At most so many rows of each category or label.
    #[serde(default, skip_serializing_if = "MaxPer::is_empty")]
    pub max_per: MaxPer,
    /// Rows with more tokens are left out, as o200k_base counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The licence that the card names, such as `cc-by-4.0`; `other` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// A sentence for the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether each release is pushed to the object store once it is ready.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub push: bool,
}

/// Shares of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    #[serde(default)]
    pub train: f64,
    #[serde(default)]
    pub validation: f64,
    #[serde(default)]
    pub test: f64,
}

/// At most so many rows of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxPer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<u32>,
}

impl MaxPer {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.category.is_none() && self.label.is_none()
    }
}

impl Default for Split {
    fn default() -> Self {
        Self { train: 1.0, validation: 0.0, test: 0.0 }
    }
}

impl Split {
    /// The share of a side.
    pub fn share(&self, side: Side) -> f64 {
        match side {
            Side::Train => self.train,
            Side::Validation => self.validation,
            Side::Test => self.test,
        }
    }
}

fn accepted() -> Wanted {
    Wanted::Accepted
}
fn include() -> Audit {
    Audit::Include
}
fn once() -> Duplicates {
    Duplicates::Once
}
fn adjudicated() -> Conflicts {
    Conflicts::Adjudicated
}

fn instant<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Instant>, D::Error> {
    let Some(text) = Option::<String>::deserialize(input)? else { return Ok(None) };
    time(&text, "").map(Some).map_err(|mistakes| serde::de::Error::custom(mistakes.to_string()))
}

/// Reads a question from JSON.
pub fn from_json(text: &str) -> Result<Question, Mistakes> {
    strict::read(text)
}

/// Reads a question from TOML; days and instants may stand there without quotes.
pub fn from_toml(text: &str) -> Result<Question, Mistakes> {
    let table: toml::Table =
        toml::from_str(text).map_err(|error| Mistakes::one("", error.message().to_owned()))?;
    strict::read(&as_json(toml::Value::Table(table)).to_string())
}

fn as_json(value: toml::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        toml::Value::String(text) => Json::from(text),
        toml::Value::Integer(number) => Json::from(number),
        toml::Value::Float(number) => Json::from(number),
        toml::Value::Boolean(is) => Json::from(is),
        toml::Value::Datetime(at) => Json::from(at.to_string()),
        toml::Value::Array(list) => Json::Array(list.into_iter().map(as_json).collect()),
        toml::Value::Table(table) => {
            Json::Object(table.into_iter().map(|(key, value)| (key, as_json(value))).collect())
        }
    }
}

impl Question {
    /// The kinds of tables beside the lines, each once.
    pub fn tables(&self) -> impl Iterator<Item = FileFormat> {
        let is_asked = |format: &FileFormat| self.file_formats.contains(format);
        [FileFormat::Parquet, FileFormat::Csv].into_iter().filter(is_asked)
    }

    /// The question as it is kept.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A question that was kept.
    pub fn of(kept: &crate::db::Json) -> Result<Self, serde_json::Error> {
        serde_json::from_value(kept.0.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn json_and_toml_say_the_same() {
        let json = r#"{"agents": ["router"], "format": "classification", "since": "2026-01-01",
            "split": {"train": 0.9, "test": 0.1}, "max_per": {"label": 5}}"#;
        let toml = "agents = [\"router\"]\nformat = \"classification\"\nsince = 2026-01-01\n\
            [split]\ntrain = 0.9\ntest = 0.1\n[max_per]\nlabel = 5\n";
        let one = from_json(json).unwrap();
        assert_eq!(one, from_toml(toml).unwrap());
        assert_eq!(one, Question::of(&crate::db::Json(one.to_value())).unwrap());
        assert_eq!((one.duplicates, one.conflicts), (Duplicates::Once, Conflicts::Adjudicated));
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        let wrong = |text: &str| from_json(text).unwrap_err().0.remove(0);
        let at = wrong(r#"{"agents": [], "format": "sft", "verdicts": ["wrong"]}"#);
        assert_eq!(at.field, "/verdicts/0");
        assert_eq!(wrong(r#"{"agents": [], "format": "sft", "color": 1}"#).field, "/color");
        assert_eq!(wrong(r#"{"agents": [], "format": "sft", "since": "May"}"#).field, "/since");
        assert!(from_toml("agents = [").is_err());
    }
}
