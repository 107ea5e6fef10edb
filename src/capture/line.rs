//! One line of the interchange format: an interaction with its feedback inside.

use super::draft::{self, Draft, cut, instant, short};
use crate::agents::Environment;
use crate::db::{Hash, Instant};
use crate::error::Mistakes;
use crate::interactions::JsonText;
use crate::interactions::content::{canonical, input_hash};
use crate::interactions::model::nano_usd;
use crate::web::strict;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

/// The most bytes one interaction may have, without the feedback in it.
pub const MAX_INTERACTION: usize = 1024 * 1024;
/// What an export may add to what was sent: ids, defaults, times.
pub const ADDED: usize = 16 * 1024;
/// What a larger one is told.
pub const TOO_LARGE: &str = "is larger than 1 MiB";
/// The most bytes a line may have, with the feedback in it.
pub const MAX_LINE: usize = 32 * 1024 * 1024;

/// An interaction as programs send it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InteractionInput)]
pub struct Sent {
    /// The sender's own id. With `agent` and `environment` it is the interaction's key.
    #[serde(default)]
    external_id: Option<String>,
    /// Slug of the agent.
    agent: String,
    /// Default `""`.
    #[serde(default)]
    agent_version: Option<String>,
    /// `development`, `staging` or `production` (default).
    #[serde(default)]
    environment: Option<Environment>,
    /// Slug of the team that used the agent; default the agent's owning team.
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    conversation_id: Option<String>,
    /// RFC 3339; now when not given.
    #[serde(default)]
    occurred_at: Option<String>,
    /// Address of the person who asked, as claimed.
    #[serde(default)]
    end_user: Option<String>,
    /// A string (one user message) or a list of `{role, content, …}`.
    #[schema(value_type = serde_json::Value)]
    input: Box<RawValue>,
    /// The definitions of the tools the agent could call.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    tools: Option<Box<RawValue>>,
    /// A string; any JSON for kind `json`; an assistant's message for kind `message`.
    #[serde(default)]
    #[schema(value_type = serde_json::Value, required = false)]
    output: Option<Box<RawValue>>,
    /// Why there is no output.
    #[serde(default)]
    error: Option<String>,
    /// What the answer rests on: `[{"title", "url"}]`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    sources: Option<Box<RawValue>>,
    /// 0 to 1.
    #[serde(default)]
    confidence: Option<f64>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    latency_ms: Option<i64>,
    #[serde(default)]
    input_tokens: Option<i64>,
    #[serde(default)]
    output_tokens: Option<i64>,
    /// Dollars as a decimal string with at most nine decimals.
    #[serde(default)]
    cost_usd: Option<String>,
    /// Any JSON.
    #[serde(default)]
    #[schema(value_type = Value, required = false)]
    metadata: Option<Box<RawValue>>,
    /// Feedback on it; takes a key with scope `feedback` too.
    #[serde(default)]
    #[schema(value_type = Option<Vec<draft::Sent>>)]
    feedback: Option<Vec<Box<RawValue>>>,
    /// What an export adds is passed over.
    #[serde(default, rename = "id")]
    #[schema(value_type = Value, required = false)]
    _id: IgnoredAny,
}

/// An interaction whose parts make sense, before its names are looked up.
#[derive(Debug, Clone)]
pub struct Line {
    pub external_id: Option<String>,
    pub agent: String,
    pub agent_version: String,
    pub environment: Environment,
    pub team: Option<String>,
    pub conversation_id: Option<String>,
    pub occurred_at: Option<Instant>,
    pub end_user: Option<String>,
    pub input: JsonText,
    pub tools: Option<JsonText>,
    pub output: Option<JsonText>,
    pub error: Option<String>,
    pub sources: Option<JsonText>,
    pub confidence: Option<f64>,
    pub model: Option<String>,
    pub latency_ms: Option<i64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub cost_nano_usd: Option<i64>,
    pub metadata: Option<JsonText>,
    /// Each as it was sent, good or not: a bad one does not hold back the interaction.
    pub feedback: Vec<Result<Draft, Mistakes>>,
    pub content_hash: Hash,
    pub input_hash: Hash,
}

/// Reads and checks one line.
pub fn read(text: &str) -> Result<Line, Mistakes> {
    read_up_to(text, MAX_INTERACTION)
}

/// As `read`, for a line that may come from an export.
pub fn read_exported(text: &str) -> Result<Line, Mistakes> {
    read_up_to(text, MAX_INTERACTION + ADDED)
}

fn read_up_to(text: &str, most: usize) -> Result<Line, Mistakes> {
    if text.len() > MAX_LINE {
        return Err(Mistakes::one("", TOO_LARGE));
    }
    strict::unfit(text)?;
    let sent = strict::read::<Sent>(text)?;
    let said: usize = sent.feedback.iter().flatten().map(|feedback| feedback.get().len()).sum();
    if text.len() - said > most {
        return Err(Mistakes::one("", TOO_LARGE));
    }
    sent.check()
}

impl Sent {
    fn check(self) -> Result<Line, Mistakes> {
        let mut mistakes = Mistakes::default();
        let m = &mut mistakes;
        short(m, "/external_id", self.external_id.as_deref(), 500);
        if self.external_id.as_deref() == Some("") {
            m.add("/external_id", "is empty; leave it out where there is none");
        }
        short(m, "/agent_version", self.agent_version.as_deref(), 200);
        short(m, "/conversation_id", self.conversation_id.as_deref(), 500);
        short(m, "/end_user", self.end_user.as_deref(), 320);
        short(m, "/model", self.model.as_deref(), 200);
        let input = JsonText::from(self.input);
        let input_value = input.to_value();
        check_input(m, &input_value);
        let output = self.output.map(JsonText::from);
        if output.is_none() && self.error.is_none() {
            m.add("/output", "is required, or `error` where there is no output");
        }
        let tools = list(m, "/tools", self.tools);
        let sources = list(m, "/sources", self.sources);
        if self.confidence.is_some_and(|c| !(0.0..=1.0).contains(&c)) {
            m.add("/confidence", "is a number from 0 to 1");
        }
        for (pointer, number) in [
            ("/latency_ms", self.latency_ms),
            ("/input_tokens", self.input_tokens),
            ("/output_tokens", self.output_tokens),
        ] {
            if number.is_some_and(|n| n < 0) {
                m.add(pointer, "is a whole number, 0 or more");
            }
        }
        let occurred_at =
            instant(self.occurred_at.as_deref(), "/occurred_at").unwrap_or_else(|more| {
                m.0.extend(more.0);
                None
            });
        let cost_nano_usd = self.cost_usd.as_deref().and_then(|text| {
            nano_usd(text).map_err(|why| m.add("/cost_usd", format!("`{}` {why}", cut(text)))).ok()
        });
        if self.feedback.as_ref().is_some_and(|all| all.len() > 1_000) {
            m.add("/feedback", "has more than 1,000 entries");
        }
        let feedback = (self.feedback.unwrap_or_default().iter().enumerate())
            .map(|(n, raw)| draft::read(raw.get(), &format!("/feedback/{n}")))
            .collect();
        let mut line = Line {
            external_id: self.external_id,
            agent: self.agent,
            agent_version: self.agent_version.unwrap_or_default(),
            environment: self.environment.unwrap_or(Environment::Production),
            team: self.team,
            conversation_id: self.conversation_id.filter(|id| !id.is_empty()),
            occurred_at,
            end_user: self.end_user.filter(|name| !name.trim().is_empty()),
            input_hash: input_hash(&input_value),
            input,
            tools,
            output,
            error: self.error,
            sources,
            confidence: self.confidence,
            model: self.model,
            latency_ms: self.latency_ms,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost_nano_usd,
            metadata: self.metadata.map(JsonText::from),
            feedback,
            content_hash: Hash([0; 32]),
        };
        line.content_hash = line.hash(&input_value);
        mistakes.or(line)
    }
}

impl Line {
    /// The hash of what was sent, but for the key, the team and the time: those two have defaults
    /// that may change, and are compared by themselves.
    fn hash(&self, input: &Value) -> Hash {
        let json = |text: &Option<JsonText>| text.as_ref().map(JsonText::canonical);
        let number = |n: Option<i64>| n.map(|n| n.to_string());
        let parts = [
            Some(self.agent_version.clone()),
            self.conversation_id.clone(),
            self.end_user.as_deref().map(crate::accounts::model::normal_address),
            Some(canonical(input)),
            json(&self.tools).filter(|tools| tools != "[]"),
            json(&self.output),
            self.error.clone(),
            json(&self.sources).filter(|sources| sources != "[]"),
            self.confidence.map(|c| c.to_string()),
            self.model.clone(),
            number(self.latency_ms),
            number(self.input_tokens),
            number(self.output_tokens),
            number(self.cost_nano_usd),
            json(&self.metadata),
        ];
        // What was not sent differs from what was sent empty.
        let tagged: Vec<String> =
            parts.into_iter().map(|p| p.map_or_else(String::new, |p| format!("={p}"))).collect();
        let bytes: Vec<&[u8]> = tagged.iter().map(String::as_bytes).collect();
        Hash::of(&bytes)
    }

    /// An external id made from the content, so that the same line sent again is the same.
    pub fn derived_key(&self) -> String {
        let at = self.occurred_at.map(Instant::as_micros).unwrap_or_default().to_be_bytes();
        let team = self.team.as_deref().unwrap_or_default();
        let hash = Hash::of(&[&self.content_hash.0, team.as_bytes(), &at]);
        format!("sha256:{hash:?}")
    }
}

fn list(mistakes: &mut Mistakes, pointer: &str, raw: Option<Box<RawValue>>) -> Option<JsonText> {
    let text = JsonText::from(raw?);
    if !text.as_str().starts_with('[') {
        mistakes.add(pointer, "is a list");
    }
    Some(text)
}

/// A string, or a list of messages with a known role.
fn check_input(mistakes: &mut Mistakes, input: &Value) {
    match input {
        Value::String(_) => {}
        Value::Array(messages) if messages.is_empty() => {
            mistakes.add("/input", "has no message");
        }
        Value::Array(messages) => {
            for (n, message) in messages.iter().enumerate() {
                let at = format!("/input/{n}");
                let Some(fields) = message.as_object() else {
                    mistakes.add(at, "is a message: an object with `role` and `content`");
                    continue;
                };
                let role = fields.get("role").and_then(Value::as_str).unwrap_or_default();
                if !matches!(role, "system" | "user" | "assistant" | "tool") {
                    let at = format!("{at}/role");
                    mistakes.add(at, "is one of: system, user, assistant, tool");
                }
                if !fields.contains_key("content") && !fields.contains_key("tool_calls") {
                    mistakes.add(format!("{at}/content"), "is required");
                }
            }
        }
        _ => mistakes.add("/input", "is a string or a list of messages"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> (String, String) {
        let mistakes = read(text).unwrap_err();
        (mistakes.0[0].field.clone(), mistakes.0[0].message.clone())
    }

    #[test]
    fn a_line_keeps_its_texts_as_they_were_sent() {
        let line = read(
            r#"{"agent": "a", "input": [{"role":"user",  "content":"x"}], "output": {"b": 1.0, "a": 1e3}}"#,
        )
        .unwrap();
        assert_eq!(line.input.as_str(), r#"[{"role":"user",  "content":"x"}]"#);
        assert_eq!(line.output.unwrap().as_str(), r#"{"b": 1.0, "a": 1e3}"#);
        assert_eq!(line.environment, Environment::Production);
    }

    #[test]
    fn every_mistake_says_where_and_what_is_allowed() {
        let missing = mistake(r#"{"input": "x", "output": "y"}"#);
        assert_eq!(missing, ("/agent".into(), "is required".into()));
        let (at, what) = mistake(r#"{"agent": "a", "input": "x", "output": "y", "confidense": 1}"#);
        assert_eq!(at, "/confidense");
        assert!(what.contains("unknown field `confidense`"), "{what}");
        assert_eq!(mistake(r#"{"agent": "a", "input": "x"}"#).0, "/output");
        assert_eq!(mistake(r#"{"agent": "a", "input": 7, "output": "y"}"#).0, "/input");
        assert_eq!(
            mistake(r#"{"agent": "a", "input": "x", "output": "y", "confidence": 2}"#).0,
            "/confidence"
        );
        assert_eq!(
            mistake(r#"{"agent": "a", "input": "x", "output": "y", "cost_usd": 0.1}"#).0,
            "/cost_usd"
        );
        assert_eq!(
            mistake(r#"{"agent": "a", "input": "x", "output": "y", "occurred_at": "02.11.2026"}"#)
                .0,
            "/occurred_at"
        );
        assert_eq!(
            mistake(
                r#"{"agent": "a", "input": "x", "output": "y", "latency_ms": 99999999999999999999}"#
            )
            .0,
            "/latency_ms"
        );
        let text = "x".repeat(MAX_INTERACTION);
        let long = format!(r#"{{"agent": "a", "input": "{text}", "output": "y"}}"#);
        assert_eq!(mistake(&long).1, TOO_LARGE);
        let (at, what) = mistake(r#"{"agent": "a", "input": "\u0000", "output": "y"}"#);
        assert!(at == "/input" && what.contains("NUL"), "{at} {what}");
        assert!(mistake(r#"["id", "a", "v1"]"#).1.contains("expected an object"));
    }

    #[test]
    fn bad_feedback_does_not_hold_back_the_interaction() {
        let line = read(
            r#"{"agent": "a", "input": "x", "output": "y", "feedback": [
            {"verdict": "corrected"}, {"verdict": "confirmed"}]}"#,
        )
        .unwrap();
        assert_eq!(line.feedback[0].as_ref().unwrap_err().0[0].field, "/feedback/0/correction");
        assert!(line.feedback[1].is_ok());
    }

    #[test]
    fn the_same_content_is_the_same_whatever_its_spelling() {
        let a = read(r#"{"agent": "a", "input": "x", "output": {"p": 1, "q": 2}}"#).unwrap();
        let b = read(
            r#"{"output": {"q": 2.0, "p": 1}, "agent": "a", "input": "x", "tools": [],
            "occurred_at": "2026-01-01T00:00:00Z"}"#,
        )
        .unwrap();
        assert_eq!(a.content_hash, b.content_hash);
        let c = read(r#"{"agent": "a", "input": "x", "output": {"p": 1, "q": 3}}"#).unwrap();
        assert_ne!(a.content_hash, c.content_hash);
        assert_ne!(a.derived_key(), b.derived_key());
    }
}
