//! The right answer as people type it, for each kind of output, and back.

use crate::agents::OutputKind;
use crate::agents::schema::{Schema, line_of};
use crate::capture::draft::MAX_CORRECTION;
use crate::error::Mistakes;
use crate::feedback::rules;
use crate::interactions::JsonText;
use crate::interactions::content;
use serde_json::Value;

/// What a judgement is about, as far as its correction is concerned.
#[derive(Debug, Clone)]
pub struct About {
    pub kind: OutputKind,
    pub output: Option<JsonText>,
    /// The labels in use, in order.
    pub labels: Vec<String>,
    pub json_schema: Option<String>,
}

impl About {
    /// Whether the agent gave an answer.
    pub fn has_output(&self) -> bool {
        self.output.is_some()
    }

    /// What the fields for the correction and for tool calls start from: the agent's own answer.
    /// A label starts empty, for the list shows only what fits what is typed.
    pub fn start(&self) -> (String, String) {
        match (&self.output, self.kind) {
            (None, _) | (_, OutputKind::Label) => (String::new(), String::new()),
            (Some(output), _) => self.as_typed(output),
        }
    }

    /// An output as it stands in the fields.
    pub fn as_typed(&self, output: &JsonText) -> (String, String) {
        match self.kind {
            OutputKind::Text | OutputKind::Label => (output.plain(), String::new()),
            OutputKind::Json => (content::pretty(output.as_str()), String::new()),
            OutputKind::Message => {
                let message = output.to_value();
                let calls = message.get("tool_calls").filter(|calls| !calls.is_null());
                let calls = calls.map(|calls| content::pretty(&calls.to_string()));
                (content::turn(&message).text, calls.unwrap_or_default())
            }
        }
    }

    /// The correction that was typed, or what is wrong with it.
    pub fn correction(&self, typed: &str, calls: &str) -> Result<Option<JsonText>, Mistakes> {
        let correction = match self.kind {
            OutputKind::Text => text(typed)?,
            OutputKind::Label => self.label(typed.trim())?,
            OutputKind::Json => self.json(typed)?,
            OutputKind::Message => self.message(typed, calls)?,
        };
        if correction.as_str().len() > MAX_CORRECTION {
            return Err(wrong("This is larger than 1 MiB, the most that can be kept."));
        }
        let same = self.output.as_ref().is_some_and(|output| {
            rules::same_output(self.kind, output, &correction)
                || self.as_typed(output) == (typed.to_owned(), calls.to_owned())
                || lines(&output.plain()) == lines(&correction.plain())
        });
        if same { Err(wrong(rules::SAME)) } else { Ok(Some(correction)) }
    }

    fn label(&self, typed: &str) -> Result<JsonText, Mistakes> {
        if typed.is_empty() {
            return Err(wrong("Choose the right label from the list."));
        }
        if self.labels.iter().any(|label| label == typed) {
            return Ok(JsonText::string(typed));
        }
        let known: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let close = similar::get_close_matches(typed, &known, 1, 0.6);
        Err(wrong(&match close.first() {
            Some(close) => format!("There is no label “{typed}”. Did you mean “{close}”?"),
            None => format!("There is no label “{typed}”. Choose one from the list."),
        }))
    }

    fn json(&self, typed: &str) -> Result<JsonText, Mistakes> {
        let json = JsonText::parse(typed.trim()).map_err(|error| not_json(&error))?;
        crate::web::strict::unfit(json.as_str()).map_err(|mistakes| {
            let why: String = mistakes.0.into_iter().map(|mistake| mistake.message).collect();
            wrong(&format!("It {why}, which can't be stored."))
        })?;
        let schema = self.json_schema.as_deref().and_then(|schema| Schema::compile(schema).ok());
        let Some(schema) = schema else { return Ok(json) };
        let breaches = schema.check(&json.to_value());
        let said: Vec<String> = breaches
            .iter()
            .map(|breach| {
                let line = line_of(json.as_str(), &breach.pointer);
                format!("Line {line}: {}", breach.message)
            })
            .collect();
        if said.is_empty() { Ok(json) } else { Err(wrong(&said.join(". "))) }
    }

    /// The agent's own message with another text and other tool calls: whatever else it has stays.
    /// A whole message as JSON is taken as it is.
    fn message(&self, typed: &str, calls: &str) -> Result<JsonText, Mistakes> {
        let whole = JsonText::parse(typed.trim()).ok();
        if let Some(whole) = whole.filter(|json| json.to_value().get("role").is_some()) {
            rules::check_message(&whole.to_value()).map_err(|why| wrong(&why))?;
            return Ok(whole);
        }
        let own = self.output.as_ref().map(JsonText::to_value).and_then(|own| match own {
            Value::Object(fields) => Some(fields),
            _ => None,
        });
        let mut message = own.clone().unwrap_or_default();
        message.insert("role".into(), "assistant".into());
        let own_text = own.map(|own| content::turn(&Value::Object(own)).text);
        if own_text.as_deref() != Some(typed) {
            let text = if typed.is_empty() { Value::Null } else { typed.into() };
            message.insert("content".into(), text);
        }
        match read_calls(calls)? {
            Some(calls) => message.insert("tool_calls".into(), calls),
            None => message.remove("tool_calls"),
        };
        let message = Value::Object(message);
        rules::check_message(&message).map_err(|why| wrong(&why))?;
        Ok(JsonText::value(&message))
    }
}

fn read_calls(calls: &str) -> Result<Option<Value>, Mistakes> {
    if calls.trim().is_empty() {
        return Ok(None);
    }
    let calls: Value = serde_json::from_str(calls).map_err(|error| {
        let why = format!("Line {}: this is not JSON ({error}).", error.line());
        Mistakes::one("tool_calls", why)
    })?;
    match &calls {
        Value::Array(list) if list.is_empty() => Ok(None),
        Value::Array(_) => Ok(Some(calls)),
        _ => Err(Mistakes::one("tool_calls", "This must be a list of tool calls: [ … ].")),
    }
}

fn text(typed: &str) -> Result<JsonText, Mistakes> {
    if typed.trim().is_empty() {
        return Err(wrong("Write the right answer, or choose that you don't know it."));
    }
    Ok(JsonText::string(typed))
}

/// Browsers have one spelling for the end of a line, and spaces around a text teach nothing.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn not_json(error: &serde_json::Error) -> Mistakes {
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    let (line, column) = (error.line(), error.column());
    wrong(&format!("Line {line}, character {column}: this is not JSON ({why})."))
}

fn wrong(why: &str) -> Mistakes {
    Mistakes::one("correction", why)
}
