//! JSON as the text that was sent, and how such texts are compared: by RFC 8785 for JSON, by
//! normalised text for what people write.

use crate::db::Hash;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Valid JSON, kept and given back exactly as it was sent: key order, spaces, spelling of numbers.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = Text)]
pub struct JsonText(String);

impl JsonText {
    /// `text` if it is JSON; the error names line and column.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<&RawValue>(&text)?;
        Ok(Self(text))
    }
    /// A plain text as a JSON string.
    pub fn string(text: &str) -> Self {
        Self(Value::from(text).to_string())
    }
    /// A value, printed without spaces.
    pub fn value(value: &Value) -> Self {
        Self(value.to_string())
    }
    /// The JSON as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The JSON as it was sent, to be put inside other JSON.
    pub fn raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.0.clone()).unwrap_or_default()
    }
    /// The JSON read.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }
    /// A string's text; none of any other JSON.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let inside = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))?;
        if inside.contains('\\') {
            return serde_json::from_str(&self.0).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inside))
    }
    /// What people read: a string's text, or the JSON itself.
    pub fn plain(&self) -> String {
        match self.text() {
            Some(text) => text.into_owned(),
            None => serde_json::from_str(&self.0).unwrap_or_else(|_| self.0.clone()),
        }
    }
    /// The turns of an input; see `turns`.
    pub fn turns(&self) -> Vec<Turn> {
        // Most inputs are a text, or messages with a text each.
        if let Some(text) = self.text() {
            return vec![Turn::said("user", &text)];
        }
        match self.said() {
            Some(said) => said.iter().map(|each| Turn::said(&each.role, &each.content)).collect(),
            None => turns(&self.to_value()),
        }
    }
    /// Messages that have a role and a text each, and nothing else; none of any other JSON.
    pub fn said(&self) -> Option<Vec<Said<'_>>> {
        serde_json::from_str(&self.0).ok().filter(|_| self.0.starts_with('['))
    }
    /// What the agent was asked; see `question`.
    pub fn question(&self) -> String {
        last_question(self.turns())
    }
    /// The same for every spelling of the same JSON (RFC 8785).
    pub fn canonical(&self) -> String {
        canonical(&self.to_value())
    }
}

/// RFC 8785: sorted keys, one spelling for each number and string.
pub fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string())
}

impl From<Box<RawValue>> for JsonText {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Box::<str>::from(raw).into())
    }
}
impl Serialize for JsonText {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(out)
    }
}
impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(input).map(Self::from)
    }
}
impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<Text, DB> for JsonText
where
    str: diesel::serialize::ToSql<Text, DB>,
{
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, DB>,
    ) -> diesel::serialize::Result {
        self.0.as_str().to_sql(out)
    }
}
impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<Text, DB> for JsonText
where
    String: diesel::deserialize::FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        String::from_sql(value).map(Self)
    }
}

/// One turn of a conversation, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The text; empty where the turn only calls tools.
    pub text: String,
    /// `name(arguments)` of each tool call.
    pub tool_calls: Vec<String>,
}

impl Turn {
    fn said(role: &str, text: &str) -> Self {
        Self { role: role.to_owned(), text: text.to_owned(), tool_calls: Vec::new() }
    }
}

/// A message with a text and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said<'m> {
    #[serde(borrow)]
    role: Cow<'m, str>,
    #[serde(borrow)]
    content: Cow<'m, str>,
}

/// The turns of an input: a string is one turn of the user.
pub fn turns(input: &Value) -> Vec<Turn> {
    match input {
        Value::String(text) => {
            vec![Turn { role: "user".into(), text: text.clone(), tool_calls: Vec::new() }]
        }
        Value::Array(messages) => messages.iter().map(turn).collect(),
        _ => Vec::new(),
    }
}

/// One message as a turn.
pub fn turn(message: &Value) -> Turn {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    Turn {
        role: message.get("role").and_then(Value::as_str).unwrap_or("assistant").to_owned(),
        text: text_of(message.get("content").unwrap_or(&Value::Null)),
        tool_calls: calls.into_iter().flatten().map(tool_call).collect(),
    }
}

/// The text of a message's content: a string, or the text parts of a list.
fn text_of(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().map(|part| match part.get("text").and_then(Value::as_str) {
                Some(text) => text.to_owned(),
                None => part.to_string(),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn tool_call(call: &Value) -> String {
    let function = call.get("function").unwrap_or(call);
    let name = function.get("name").and_then(Value::as_str).unwrap_or("tool");
    match function.get("arguments") {
        Some(Value::String(arguments)) => format!("{name}({arguments})"),
        Some(arguments) => format!("{name}({arguments})"),
        None => format!("{name}()"),
    }
}

/// What the agent was asked, in one text: the last turn of the user.
pub fn question(input: &Value) -> String {
    last_question(turns(input))
}

fn last_question(mut turns: Vec<Turn>) -> String {
    let asked = turns.iter().rposition(|turn| turn.role == "user");
    let asked = match asked {
        Some(place) => Some(turns.swap_remove(place)),
        None => turns.pop(),
    };
    asked.map(|turn| turn.text).unwrap_or_default()
}

/// JSON on many lines for people to read and change. Only white space differs: numbers and strings
/// keep their spelling. `json` must be valid JSON.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut signs = json.chars().peekable();
    while let Some(sign) = signs.next() {
        if in_string {
            out.push(sign);
            in_string = is_escaped || sign != '"';
            is_escaped = sign == '\\' && !is_escaped;
            continue;
        }
        match sign {
            '{' | '[' => {
                out.push(sign);
                while signs.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = signs.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(sign);
            }
            ',' => {
                out.push(sign);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            sign if sign.is_ascii_whitespace() => {}
            sign => {
                in_string = sign == '"';
                out.push(sign);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Text made comparable: NFC, trimmed, single spaces, lower case.
pub fn normalised(text: &str) -> String {
    // ASCII is composed as it is, and most texts are nothing else.
    let folded = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.nfc().collect::<String>().to_lowercase(),
    };
    let mut out = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The hash of a normalised input: every turn's role, text and tool calls.
pub fn input_hash(input: &Value) -> Hash {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for turn in turns(input) {
        parts.push(turn.role.into_bytes());
        parts.push(normalised(&turn.text).into_bytes());
        parts.extend(turn.tool_calls.into_iter().map(|call| normalised(&call).into_bytes()));
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Hash::of(&parts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_comes_out_exactly_as_it_was_sent() {
        let sent = r#"{"b": 1.0,  "a": 1e3, "n": 12345678901234567890}"#;
        let text: JsonText = serde_json::from_str(sent).unwrap();
        assert_eq!(text.as_str(), sent);
        assert_eq!(serde_json::to_string(&text).unwrap(), sent);
        assert_eq!(
            JsonText::parse(r#"{"a":1000,"b":1}"#).unwrap().canonical(),
            JsonText::parse(r#"{"b":1.0,"a":1e3}"#).unwrap().canonical()
        );
    }

    #[test]
    fn a_string_is_read_as_its_text() {
        for (sent, text) in
            [(r#""a""#, "a"), (r#""a\n\"b\"""#, "a\n\"b\""), (r#" "a" "#, "a"), ("7", "7")]
        {
            assert_eq!(JsonText::parse(sent).unwrap().plain(), text);
        }
        assert_eq!(JsonText::parse(r#"["a", "b"]"#).unwrap().text(), None);
    }

    #[test]
    fn json_is_spread_over_lines_and_stays_as_it_was_spelled() {
        let sent = r#"{"b":1.0, "a" : [ 1e3,{} , [ ]], "t":"x: {\"y\", [\\"}"#;
        let shown = "{\n  \"b\": 1.0,\n  \"a\": [\n    1e3,\n    {},\n    []\n  ],\n  \
                     \"t\": \"x: {\\\"y\\\", [\\\\\"\n}";
        assert_eq!(pretty(sent), shown);
        assert_eq!(pretty(shown), shown);
        assert_eq!(pretty("12345678901234567890123"), "12345678901234567890123");
    }

    #[test]
    fn the_same_question_in_other_spelling_is_the_same_question() {
        let one = json!("How  many\nStadiums? ");
        let other = json!([{"role": "user", "content": "how many stadiums?"}]);
        assert_eq!(input_hash(&one), input_hash(&other));
        assert_ne!(input_hash(&one), input_hash(&json!("how many stadiums")));
        assert_eq!(normalised(" A\t b\u{b}\nC\u{1f} "), "a b c\u{1f}");
        assert_eq!(normalised("E\u{301}tude"), normalised("\u{c9}TUDE"));
    }

    #[test]
    fn the_question_is_the_last_thing_the_user_said() {
        let input = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"function": {"name": "look_up", "arguments": "{\"id\": 7}"}}]},
            {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
        ]);
        assert_eq!(question(&input), "And now?");
        for input in [
            input.clone(),
            json!("Hi\n\"you\""),
            json!([{"role": "user", "content": "a"}]),
            json!([{"role": "tool", "content": "a\nb"}, {"role": "assistant", "content": "c"}]),
            json!([{"content": "c"}]),
            json!([{"role": 7, "content": "c"}]),
            json!([]),
            json!({}),
        ] {
            let text = JsonText::value(&input);
            assert_eq!(text.turns(), turns(&input), "{input}");
            assert_eq!(text.question(), question(&input), "{input}");
        }
        assert_eq!(turns(&input)[2].tool_calls, ["look_up({\"id\": 7})"]);
    }
}
