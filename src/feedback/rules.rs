//! What a correction must be: valid for the agent's output kind, and not what the agent said.

use crate::agents::OutputKind;
use crate::interactions::JsonText;
use crate::interactions::content::{canonical, normalised};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

/// The sentence for a correction that changes nothing.
pub const SAME: &str = "This is what the agent said already. Change it, or choose “It's right”.";

/// Checks the shape of a correction for the kind; labels and schemas are checked by who has them.
pub fn check_shape(kind: OutputKind, correction: &JsonText) -> Result<(), String> {
    let value = correction.to_value();
    match (kind, &value) {
        (OutputKind::Text | OutputKind::Label, Value::String(text)) if text.trim().is_empty() => {
            Err("is empty; give the right answer".into())
        }
        (OutputKind::Text | OutputKind::Label, Value::String(_)) | (OutputKind::Json, _) => Ok(()),
        (OutputKind::Text, _) => Err("must be a string, for this agent answers in text".into()),
        (OutputKind::Label, _) => Err("must be a string, one of the agent's labels".into()),
        (OutputKind::Message, message) => check_message(message),
    }
}

/// An assistant's message: text or tool calls, in the shape of the chat APIs.
pub fn check_message(message: &Value) -> Result<(), String> {
    let Some(fields) = message.as_object() else {
        return Err("must be an assistant's message: an object with `role` and `content`".into());
    };
    if fields.get("role").and_then(Value::as_str) != Some("assistant") {
        return Err("must have `\"role\": \"assistant\"`".into());
    }
    let content = fields.get("content").unwrap_or(&Value::Null);
    if !(content.is_null() || content.is_string() || content.is_array()) {
        return Err("`content` must be a text, a list of parts or null".into());
    }
    let calls = match fields.get("tool_calls") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(calls)) => calls,
        Some(_) => return Err("`tool_calls` must be a list".into()),
    };
    for (n, call) in calls.iter().enumerate() {
        let function = call.get("function");
        let name = function.and_then(|f| f.get("name")).and_then(Value::as_str);
        if name.is_none_or(str::is_empty) {
            return Err(format!("tool call {} must have `function.name`", n + 1));
        }
        if let Some(Value::String(arguments)) = function.and_then(|f| f.get("arguments"))
            && serde_json::from_str::<Value>(arguments).is_err()
        {
            return Err(format!("the arguments of tool call {} are not JSON", n + 1));
        }
    }
    let says_something = content.as_str().is_some_and(|text| !text.trim().is_empty())
        || content.as_array().is_some_and(|parts| !parts.is_empty());
    if calls.is_empty() && !says_something {
        return Err("must say something or call a tool".into());
    }
    Ok(())
}

/// Whether two outputs are the same: texts up to Unicode's spellings of the same letters, JSON up
/// to the order of keys and the spelling of numbers.
pub fn same_output(kind: OutputKind, a: &JsonText, b: &JsonText) -> bool {
    match kind {
        OutputKind::Text | OutputKind::Label => a.plain().nfc().eq(b.plain().nfc()),
        OutputKind::Json | OutputKind::Message => a.canonical() == b.canonical(),
    }
}

/// An output made comparable for finding repeats.
pub fn comparable(kind: OutputKind, output: &JsonText) -> String {
    match kind {
        OutputKind::Text => normalised(&output.plain()),
        OutputKind::Label => output.plain(),
        OutputKind::Json | OutputKind::Message => canonical(&output.to_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_correction_fits_the_kind() {
        let text = |t: &str| JsonText::string(t);
        assert!(check_shape(OutputKind::Text, &text("yes")).is_ok());
        assert!(check_shape(OutputKind::Text, &text("  \n")).is_err());
        assert!(check_shape(OutputKind::Text, &JsonText::value(&json!(7))).is_err());
        assert!(check_shape(OutputKind::Json, &JsonText::value(&json!(7))).is_ok());
        for wrong in [
            json!("hello"),
            json!({"role": "user", "content": "x"}),
            json!({"role": "assistant", "content": ""}),
            json!({"role": "assistant", "tool_calls": [{"function": {}}]}),
            json!({"role": "assistant", "tool_calls": [
                {"function": {"name": "f", "arguments": "{"}}]}),
        ] {
            assert!(check_message(&wrong).is_err(), "{wrong}");
        }
        let call = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
        assert!(check_message(&call).is_ok());
    }

    #[test]
    fn the_same_output_in_other_spelling_is_no_correction() {
        let a = JsonText::value(&json!({"a": 1, "b": [1.0]}));
        let b = JsonText::parse(r#"{"b":[1], "a":1e0}"#).unwrap_or_else(|e| panic!("{e}"));
        assert!(same_output(OutputKind::Json, &a, &b));
        let (nfc, nfd) = (JsonText::string("\u{e9}"), JsonText::string("e\u{301}"));
        assert!(same_output(OutputKind::Text, &nfc, &nfd));
        assert!(!same_output(OutputKind::Text, &JsonText::string("A"), &JsonText::string("a")));
    }
}
