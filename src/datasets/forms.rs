//! A question as a browser sends it: fields become the JSON that programs send, so that both are
//! read and checked by the same rules.

use super::question::{self, Question};
use super::redact::BUILT_IN;
use crate::agents::Environment;
use crate::error::{AppResult, Mistakes};
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::web::form;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What was typed and ticked, by the name of the field.
#[derive(Debug, Clone, Default)]
pub struct QuestionForm(BTreeMap<String, String>);

/// Lists of names in one field.
const LISTS: [&str; 4] = ["agents", "versions", "teams", "categories"];
/// Fields that go through as they are.
const TEXTS: [&str; 10] = [
    "status",
    "audit",
    "since",
    "until",
    "format",
    "duplicates",
    "conflicts",
    "group_by",
    "license",
    "description",
];

impl QuestionForm {
    /// Reads a body.
    pub fn read(body: &[u8]) -> AppResult<Self> {
        form::read(body).map(Self)
    }

    /// A new one, with what suits most.
    pub fn new() -> Self {
        let fields = [("format", "sft"), ("train", "80"), ("validation", "10"), ("test", "10")];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(fields.collect())
    }

    /// The fields of a question that was saved.
    pub fn of(name: &str, question: &Question) -> Self {
        let mut fields = BTreeMap::from([("name".to_owned(), name.to_owned())]);
        let value = question.to_value();
        for field in LISTS {
            let names = value[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            fields.insert(field.into(), names.collect::<Vec<_>>().join(", "));
        }
        for field in TEXTS {
            fields.insert(field.into(), value[field].as_str().unwrap_or_default().to_owned());
        }
        for (field, mark) in [("environments", "env"), ("verdicts", "v"), ("severities", "s")] {
            for word in value[field].as_array().into_iter().flatten().filter_map(Value::as_str) {
                fields.insert(format!("{mark}_{word}"), "1".into());
            }
        }
        for file in &question.file_formats {
            fields.insert(format!("f_{file}"), "1".into());
        }
        if question.push {
            fields.insert("to_store".into(), "1".into());
        }
        for rule in &question.redact {
            fields.insert(format!("r_{rule}"), "1".into());
        }
        let patterns = question.patterns.iter().map(|(name, text)| format!("{name} = {text}"));
        fields.insert("patterns".into(), patterns.collect::<Vec<_>>().join("\n"));
        let split = question.split;
        for (field, share) in
            [("train", split.train), ("validation", split.validation), ("test", split.test)]
        {
            fields.insert(field.into(), percent(share));
        }
        let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
        fields.insert("max_per_category".into(), number(question.max_per.category));
        fields.insert("max_per_label".into(), number(question.max_per.label));
        fields.insert("max_tokens".into(), number(question.max_tokens));
        Self(fields)
    }

    /// What stands in a field.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a box is ticked.
    pub fn has(&self, mark: &str, word: &str) -> bool {
        self.0.contains_key(&format!("{mark}_{word}"))
    }

    /// The question, or what is wrong with it by field.
    pub fn check(&self) -> Result<Question, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut out = Map::new();
        for field in LISTS {
            let names: Vec<&str> =
                self.get(field).split([',', ' ', '\n', '\t']).filter(|n| !n.is_empty()).collect();
            out.insert(field.into(), json!(names));
        }
        for field in TEXTS {
            let text = self.get(field).trim();
            if !text.is_empty() {
                out.insert(field.into(), text.into());
            }
        }
        self.ticked(&mut out);
        self.redaction(&mut out, &mut mistakes);
        let share = |field: &str, mistakes: &mut Mistakes| self.share(field, mistakes);
        let (train, validation, test) = (
            share("train", &mut mistakes),
            share("validation", &mut mistakes),
            share("test", &mut mistakes),
        );
        out.insert("split".into(), json!({"train": train, "validation": validation, "test": test}));
        let mut max_per = Map::new();
        for (field, name) in [("max_per_category", "category"), ("max_per_label", "label")] {
            if let Some(number) = self.number(field, &mut mistakes) {
                max_per.insert(name.into(), number.into());
            }
        }
        out.insert("max_per".into(), max_per.into());
        if let Some(number) = self.number("max_tokens", &mut mistakes) {
            out.insert("max_tokens".into(), number.into());
        }
        mistakes.or(())?;
        question::from_json(&Value::Object(out).to_string()).map_err(in_form)
    }

    fn ticked(&self, out: &mut Map<String, Value>) {
        let chosen = |mark: &str, words: Vec<&'static str>| -> Vec<&'static str> {
            words.into_iter().filter(|word| self.has(mark, word)).collect()
        };
        let environments = Environment::ALL.iter().map(|e| e.as_str()).collect();
        let verdicts = Verdict::ALL.iter().map(|v| v.as_str()).collect();
        let severities = Severity::ALL.iter().map(|s| s.as_str()).collect();
        out.insert("environments".into(), json!(chosen("env", environments)));
        out.insert("verdicts".into(), json!(chosen("v", verdicts)));
        out.insert("severities".into(), json!(chosen("s", severities)));
        out.insert("file_formats".into(), json!(chosen("f", vec!["parquet", "csv"])));
        out.insert("push".into(), self.has("to", "store").into());
    }

    /// Rules that are ticked, and patterns of one's own, a line each.
    fn redaction(&self, out: &mut Map<String, Value>, mistakes: &mut Mistakes) {
        let ticked = BUILT_IN.iter().map(|(name, _)| *name).filter(|name| self.has("r", name));
        let mut names: Vec<String> = ticked.map(str::to_owned).collect();
        let mut patterns = Map::new();
        let lines = self.get("patterns").lines().filter(|line| !line.trim().is_empty());
        for (number, line) in lines.enumerate() {
            match line.split_once('=') {
                Some((name, pattern)) => {
                    names.push(name.trim().to_owned());
                    patterns.insert(name.trim().to_owned(), pattern.trim().into());
                }
                None => mistakes.add(
                    "patterns",
                    format!("line {}: write a name, “=” and a regular expression", number + 1),
                ),
            }
        }
        out.insert("redact".into(), json!(names));
        out.insert("patterns".into(), patterns.into());
    }

    fn share(&self, field: &str, mistakes: &mut Mistakes) -> f64 {
        let text = self.get(field).trim().trim_end_matches('%').trim();
        if text.is_empty() {
            return 0.0;
        }
        match text.replace(',', ".").parse::<f64>() {
            // To four decimals, so that 10 % is 0.1 and nothing beside it.
            Ok(share) if (0.0..=100.0).contains(&share) => (share * 100.0).round() / 10_000.0,
            _ => {
                mistakes.add(field, "is a share from 0 to 100 per cent");
                0.0
            }
        }
    }

    fn number(&self, field: &str, mistakes: &mut Mistakes) -> Option<u32> {
        let text = self.get(field).trim();
        if text.is_empty() {
            return None;
        }
        let number = text.parse::<u32>().ok();
        if number.is_none() {
            mistakes.add(field, "is a number from 1 on");
        }
        number
    }
}

fn percent(share: f64) -> String {
    let percent = (share * 10_000.0).round() / 100.0;
    if percent == 0.0 { String::new() } else { percent.to_string() }
}

/// A mistake at `/categories/1` belongs to the field `categories`; the share of all sides to the
/// first of them.
pub fn in_form(mut mistakes: Mistakes) -> Mistakes {
    for mistake in &mut mistakes.0 {
        let path = mistake.field.trim_start_matches('/').to_owned();
        mistake.field = match path.as_str() {
            "split" => "train".to_owned(),
            "max_per/category" | "max_per/label" => path.replace('/', "_"),
            _ => path.split('/').next().unwrap_or_default().to_owned(),
        };
    }
    mistakes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_question_goes_into_the_form_and_comes_out_the_same() {
        let sent = r#"{"agents": ["a", "b"], "verdicts": ["corrected"], "severities": ["high"],
            "environments": ["production"], "versions": ["v1"], "since": "2026-01-01",
            "format": "preference", "file_formats": ["parquet"], "duplicates": "all", "conflicts": "majority",
            "redact": ["email", "ticket"], "patterns": {"ticket": "T-[0-9]+=x"}, "max_tokens": 9,
            "split": {"train": 0.335, "validation": 0.0, "test": 0.665},
            "max_per": {"category": 4}, "group_by": "end_user", "license": "mit", "push": true,
            "audit": "only"}"#;
        let question = question::from_json(sent).unwrap();
        assert_eq!(QuestionForm::of("x", &question).check().unwrap(), question);
    }
}
