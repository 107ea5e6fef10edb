//! The columns of each format and their types: what a card states, what tables are written by. They
//! follow from the format, the kinds of the agents and the keys that messages have, so that they
//! are the same in every file of a release, also where a column is empty in one of them.

use super::model::Format;
use super::shape::{Messages, Shape};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A column, or a field in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// What stands in a column. Everything may also be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Float,
    Bool,
    /// Any JSON; where a table has no such type, as its text.
    Json,
    List(Box<Kind>),
    Fields(Vec<Column>),
}

fn column(name: &str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind }
}

fn texts(names: &[&str]) -> Vec<Column> {
    names.iter().map(|name| column(name, Kind::Text)).collect()
}

fn list(fields: Vec<Column>) -> Kind {
    Kind::List(Box::new(Kind::Fields(fields)))
}

/// Role and content first, then what else messages have.
fn messages(name: &str, seen: &Messages) -> Column {
    let kind = |key: &str| if seen.is_text(key) { Kind::Text } else { Kind::Json };
    let mut fields: Vec<Column> =
        ["role", "content"].iter().map(|name| column(name, kind(name))).collect();
    let others = seen.keys().filter(|key| !matches!(*key, "role" | "content"));
    fields.extend(others.map(|key| column(key, kind(key))));
    column(name, list(fields))
}

/// The columns of a format's records that look like this.
pub fn columns(format: Format, shape: &Shape) -> Vec<Column> {
    let (prompt, answer) = (&shape.prompt, &shape.answer);
    let mut all = match format {
        Format::Signals => return signals(),
        Format::Classification => {
            let mut all = texts(&["text", "label"]);
            all.extend([column("label_id", Kind::Int), column("predicted", Kind::Text)]);
            return all;
        }
        Format::Eval | Format::Promptfoo | Format::OpenaiEvals => return cases(format, shape),
        Format::Argilla => return argilla(),
        Format::LabelStudio => return label_studio(shape),
        Format::Sft => vec![messages("prompt", prompt), messages("completion", answer)],
        Format::Kto => vec![
            messages("prompt", prompt),
            messages("completion", answer),
            column("label", Kind::Bool),
        ],
        Format::Preference => vec![
            messages("prompt", prompt),
            messages("chosen", answer),
            messages("rejected", answer),
        ],
        Format::OpenaiChat => vec![messages("messages", &prompt.and(answer))],
        Format::OpenaiPreference => {
            let mut input = vec![messages("messages", prompt)];
            input.extend(tools(shape));
            return vec![
                column("input", Kind::Fields(input)),
                messages("preferred_output", answer),
                messages("non_preferred_output", answer),
            ];
        }
    };
    all.extend(tools(shape));
    all
}

fn tools(shape: &Shape) -> Option<Column> {
    shape.has_tools.then(|| column("tools", Kind::Json))
}

/// What every record says of its signal.
const ABOUT: [&str; 7] =
    ["agent", "agent_version", "environment", "verdict", "category", "severity", "signal_id"];

fn cases(format: Format, shape: &Shape) -> Vec<Column> {
    let metadata = column("metadata", Kind::Fields(texts(&ABOUT)));
    match format {
        Format::Eval => vec![
            column("id", Kind::Text),
            messages("input", &shape.prompt.for_inspect()),
            column("target", Kind::Text),
            metadata,
        ],
        Format::Promptfoo => {
            let value = if shape.has_json { Kind::Json } else { Kind::Text };
            let expected = vec![column("type", Kind::Text), column("value", value)];
            let vars = Kind::Fields(texts(&["input"]));
            vec![column("vars", vars), column("assert", list(expected)), metadata]
        }
        _ => vec![messages("input", &shape.prompt), column("ideal", Kind::Text)],
    }
}

fn argilla() -> Vec<Column> {
    let fields = vec![column("prompt", list(texts(&["role", "content"])))];
    let suggestions = vec![column("answer", Kind::Fields(texts(&["value", "agent"])))];
    let responses = vec![column("answer", list(texts(&["value", "user_id"])))];
    vec![
        column("id", Kind::Text),
        column("fields", Kind::Fields(fields)),
        column("metadata", Kind::Fields(texts(&ABOUT))),
        column("suggestions", Kind::Fields(suggestions)),
        column("responses", Kind::Fields(responses)),
    ]
}

fn label_studio(shape: &Shape) -> Vec<Column> {
    let mut data = texts(&["text"]);
    data.push(column("messages", list(texts(&["role", "content"]))));
    data.extend(texts(&ABOUT));
    let mut value = Vec::new();
    let mut say = |is_there: bool, name: &str| {
        value.extend(is_there.then(|| column(name, Kind::List(Box::new(Kind::Text)))));
    };
    say(shape.has_labels, "choices");
    say(shape.has_texts || !shape.has_labels, "text");
    let mut result = texts(&["from_name", "to_name", "type"]);
    result.push(column("value", Kind::Fields(value)));
    let mut prediction = texts(&["model_version"]);
    prediction.push(column("result", list(result.clone())));
    vec![
        column("data", Kind::Fields(data)),
        column("predictions", list(prediction)),
        column("annotations", list(vec![column("result", list(result))])),
    ]
}

/// The interchange line.
fn signals() -> Vec<Column> {
    let mut feedback = texts(&["external_id", "author", "verdict"]);
    feedback.push(column("correction", Kind::Json));
    let said = ["category", "severity", "comment", "urgency", "occurred_at", "status"];
    feedback.extend(texts(&said));
    feedback.push(column("audit", Kind::Bool));
    feedback.extend(texts(&["id", "signal_id", "decision"]));
    feedback.push(column("label", Kind::Json));
    feedback.extend(texts(&["reviewer", "decided_at"]));
    let mut all = texts(&["id", "external_id", "agent", "agent_version", "environment", "team"]);
    all.extend(texts(&["conversation_id", "occurred_at", "end_user"]));
    all.extend(["input", "tools", "output"].map(|name| column(name, Kind::Json)));
    all.extend(texts(&["error"]));
    all.push(column("sources", Kind::Json));
    all.push(column("confidence", Kind::Float));
    all.extend(texts(&["model"]));
    let numbers = ["latency_ms", "input_tokens", "output_tokens"];
    all.extend(numbers.map(|name| column(name, Kind::Int)));
    all.extend(texts(&["cost_usd"]));
    all.push(column("metadata", Kind::Json));
    all.push(column("feedback", list(feedback)));
    all
}

/// The columns as a card's front matter states them, indented by `depth`.
pub fn yaml(columns: &[Column], depth: usize, out: &mut String) {
    let pad = " ".repeat(depth);
    for Column { name, kind } in columns {
        // Writing to a string can't fail; JSON's strings are YAML's, too.
        let _ = writeln!(out, "{pad}- name: {}", Value::from(name.as_str()));
        match kind {
            Kind::Fields(fields) => {
                let _ = writeln!(out, "{pad}  struct:");
                yaml(fields, depth + 2, out);
            }
            Kind::List(inner) => match inner.as_ref() {
                Kind::Fields(fields) => {
                    let _ = writeln!(out, "{pad}  list:");
                    yaml(fields, depth + 2, out);
                }
                inner => {
                    let _ = writeln!(out, "{pad}  list: {}", word(inner));
                }
            },
            kind => {
                let _ = writeln!(out, "{pad}  dtype: {}", word(kind));
            }
        }
    }
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int => "int64",
        Kind::Float => "float64",
        Kind::Bool => "bool",
        Kind::Text => "string",
        Kind::Json | Kind::List(_) | Kind::Fields(_) => "json",
    }
}

/// The columns as Hugging Face's `datasets` keeps them in a Parquet file.
pub fn hugging_face(columns: &[Column]) -> Value {
    json!({"info": {"features": fields(columns)}})
}

fn fields(columns: &[Column]) -> Value {
    let each = columns.iter().map(|column| (column.name.clone(), feature(&column.kind)));
    Value::Object(each.collect::<Map<_, _>>())
}

fn feature(kind: &Kind) -> Value {
    match kind {
        Kind::Json => json!({"_type": "Json"}),
        Kind::List(inner) => json!({"feature": feature(inner), "_type": "List"}),
        Kind::Fields(columns) => fields(columns),
        kind => json!({"dtype": word(kind), "_type": "Value"}),
    }
}
