//! Cases for evaluators: inspect's samples, promptfoo's test cases and openai/evals. Each is
//! written as its own reader takes it.

use super::training::{Left, messages, right, string, text};
use crate::agents::OutputKind;
use crate::exports::queries::Example;
use crate::interactions::JsonText;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashMap;

/// A sample of inspect: `{"id", "input", "target", "metadata"}`.
pub(super) fn eval(
    agent: &str,
    kind: OutputKind,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    let right = right(example)?;
    out.push_str("{\"id\":\"");
    out.push_str(&example.signal_id.to_string());
    out.push_str("\",\"input\":");
    inspect_messages(&example.prompt, out);
    out.push_str(",\"target\":");
    text(kind, right, out);
    out.push_str(",\"metadata\":{");
    about(agent, example, out);
    out.push_str("}}\n");
    Ok(1)
}

/// inspect wants a content in each message, and calls of tools in its own shape.
fn inspect_messages(prompt: &JsonText, out: &mut String) {
    let list = Some(prompt.to_value()).filter(|_| prompt.as_str().starts_with('['));
    let is_plain = |message: &Value| {
        let keys = message.as_object().map_or(0, Map::len);
        keys == 2 && message["role"].is_string() && message["content"].is_string()
    };
    match list {
        Some(Value::Array(list)) if !list.iter().all(is_plain) => {
            let mut names = HashMap::new();
            let list: Vec<Value> = list.iter().map(|m| inspect_message(m, &mut names)).collect();
            out.push_str(&Value::from(list).to_string());
        }
        _ => messages(prompt, out),
    }
}

/// `names` are the functions by the id of their call.
fn inspect_message(message: &Value, names: &mut HashMap<String, String>) -> Value {
    let mut made = Map::new();
    made.insert("role".into(), message["role"].clone());
    made.insert("content".into(), inspect_content(&message["content"]));
    let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls: Vec<Value> = calls.iter().map(inspect_call).collect();
    for call in &calls {
        let word = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        names.insert(word("id"), word("function"));
    }
    if !calls.is_empty() {
        made.insert("tool_calls".into(), calls.into());
    }
    if let Some(id) = message["tool_call_id"].as_str() {
        made.insert("tool_call_id".into(), id.into());
        if let Some(name) = names.get(id) {
            made.insert("function".into(), name.as_str().into());
        }
    }
    Value::Object(made)
}

fn inspect_content(content: &Value) -> Value {
    match content {
        Value::Null => "".into(),
        Value::Array(parts) => parts.iter().map(inspect_part).collect(),
        other => other.clone(),
    }
}

/// A picture is called `image` there; what it does not know is given as its text.
fn inspect_part(part: &Value) -> Value {
    let image = part["image_url"].get("url").unwrap_or(&part["image_url"]);
    match (part["type"].as_str(), image.as_str()) {
        (Some("text"), _) => part.clone(),
        (Some("image_url"), Some(url)) => json!({"type": "image", "image": url}),
        _ => json!({"type": "text", "text": part.to_string()}),
    }
}

fn inspect_call(call: &Value) -> Value {
    let function = call.get("function").filter(|f| f.is_object()).unwrap_or(call);
    let arguments = match &function["arguments"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let arguments = if arguments.is_object() { arguments } else { json!({}) };
    let id = call["id"].as_str().unwrap_or_default();
    let name = function["name"].as_str().unwrap_or_default();
    json!({"id": id, "function": name, "arguments": arguments, "type": "function"})
}

/// A test case of promptfoo. A list in `vars` would be a case for each of its members, so the input
/// is a text: the question, or a conversation as the JSON that promptfoo takes for a chat.
pub(super) fn promptfoo(
    agent: &str,
    kind: OutputKind,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    let right = right(example)?;
    let prompt = example.prompt.plain();
    out.push_str("{\"vars\":{\"input\":");
    string(&literal(&prompt), out);
    out.push_str("},\"assert\":[{\"type\":\"equals\",\"value\":");
    match kind {
        // promptfoo compares an object or a list, as it is, with the answer read as JSON.
        OutputKind::Json if !right.as_str().starts_with('"') => out.push_str(right.as_str()),
        OutputKind::Message => string(&literal(right.as_str()), out),
        _ => match literal(&right.plain()) {
            Cow::Borrowed(_) => out.push_str(right.as_str()),
            Cow::Owned(changed) => string(&changed, out),
        },
    }
    out.push_str("}],\"metadata\":{");
    about(agent, example, out);
    out.push_str("}}\n");
    Ok(1)
}

/// A text that promptfoo gives back as it is. It fills in templates, also from its environment, and
/// reads the file or the package that a text begins with: what people wrote must do neither. So a
/// brace that belongs to a template becomes a template that says this brace.
fn literal(text: &str) -> Cow<'_, str> {
    let start = ["file:", "package:"].into_iter().find(|start| text.starts_with(start));
    let is_plain = !["{{", "{%", "{#", "#}"].into_iter().any(|tag| text.contains(tag));
    if is_plain && start.is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    let rest = &text[start.map_or(0, str::len)..];
    if let Some(start) = start {
        out.push_str(&format!("{{{{ '{start}' }}}}"));
    }
    let mut before = ' ';
    let mut chars = rest.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('{', Some('{' | '%' | '#')) => out.push_str("{{ '{' }}"),
            ('}', _) if before == '#' => out.push_str("{{ '}' }}"),
            (other, _) => out.push(other),
        }
        before = char;
    }
    Cow::Owned(out)
}

/// A sample of openai/evals.
pub(super) fn openai_evals(
    kind: OutputKind,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    let right = right(example)?;
    out.push_str("{\"input\":");
    messages(&example.prompt, out);
    out.push_str(",\"ideal\":");
    text(kind, right, out);
    out.push_str("}\n");
    Ok(1)
}

/// What the signal is about, as fields of an object that is open. Nobody is named.
pub(super) fn about(agent: &str, example: &Example, out: &mut String) {
    let signal = example.signal_id.to_string();
    let fields = [
        ("agent", agent),
        ("agent_version", &example.version),
        ("environment", example.environment.as_str()),
        ("verdict", example.verdict.as_str()),
        ("category", example.category.as_deref().unwrap_or_default()),
        ("severity", example.severity.as_str()),
        ("signal_id", &signal),
    ];
    for (n, (name, value)) in fields.into_iter().enumerate() {
        let is_none = name == "category" && example.category.is_none();
        out.push_str(if n == 0 { "\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":");
        if is_none { out.push_str("null") } else { string(value, out) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What promptfoo makes of a text, as far as `literal` uses it.
    fn filled_in(text: &str) -> String {
        let one = regex::Regex::new(r"\{\{ '(.*?)' \}\}").unwrap();
        one.replace_all(text, "$1").into_owned()
    }

    #[test]
    fn what_looks_like_a_template_or_a_file_is_a_text() {
        for (text, wanted) in [
            ("Dear {{ name }}, {a}", "Dear {{ '{' }}{ name }}, {a}"),
            ("{% raw %}{# c #}", "{{ '{' }}% raw %}{{ '{' }}# c #{{ '}' }}"),
            ("{{{", "{{ '{' }}{{ '{' }}{"),
            ("file:///etc/hostname", "{{ 'file:' }}///etc/hostname"),
            ("package:x", "{{ 'package:' }}x"),
            ("a file://x", "a file://x"),
            ("{\"a\": {\"b\": 1}}", "{\"a\": {\"b\": 1}}"),
        ] {
            assert_eq!(literal(text), wanted);
            assert_eq!(filled_in(wanted), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_fill_in(text in r"(file:|package:)?[{}%# a'\n]{0,20}") {
            let escaped = literal(&text);
            prop_assert!(!escaped.starts_with("file:") && !escaped.starts_with("package:"));
            let own = regex::Regex::new(r"\{\{ '(\{|\}|file:|package:)' \}\}").unwrap();
            let between = own.replace_all(&escaped, "\u{0}").into_owned();
            for tag in ["{{", "{%", "{#", "#}"] {
                prop_assert!(!between.contains(tag), "{} of {}", escaped, text);
            }
            let back = own.replace_all(&escaped, "$1");
            // What says a brace already says two things then.
            if !own.is_match(&text) {
                prop_assert_eq!(back.as_ref(), text.as_str());
            }
        }
    }
}
