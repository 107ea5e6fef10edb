//! JSON Schema: what a right output of a `json` agent looks like. Nothing is fetched: a schema
//! that refers to another address is refused.

use serde_json::Value;

/// A schema, ready to check with.
pub struct Schema(jsonschema::Validator);

/// One breach: where, as a JSON pointer, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub pointer: String,
    pub message: String,
}

impl Schema {
    /// Reads a schema; an error says what is wrong with it.
    pub fn compile(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
        if !value.is_object() && !value.is_boolean() {
            return Err("is a JSON object".into());
        }
        jsonschema::validator_for(&value)
            .map(Self)
            .map_err(|error| format!("is not a JSON Schema: {error}"))
    }

    /// What breaks the schema, at most 20.
    pub fn check(&self, value: &Value) -> Vec<Breach> {
        let breaches = self.0.iter_errors(value).take(20);
        breaches
            .map(|breach| Breach {
                pointer: breach.instance_path().to_string(),
                message: breach.to_string(),
            })
            .collect()
    }
}

/// The line of a JSON text, from 1, on which the value at `pointer` starts. Found by looking for
/// the keys in turn, which is right unless an earlier text looks like such a key.
pub fn line_of(text: &str, pointer: &str) -> usize {
    let mut at = 0;
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        if let Some(found) = text[at..].find(&format!("\"{key}\"")) {
            at += found;
        }
    }
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_breach_says_where_it_is() {
        let text = r#"{"type": "object", "required": ["total"],
            "properties": {"total": {"type": "number"}}}"#;
        let schema = Schema::compile(text).unwrap();
        assert!(schema.check(&json!({"total": 1})).is_empty());
        let breaches = schema.check(&json!({"total": "1"}));
        assert_eq!(breaches[0].pointer, "/total");
        assert!(breaches[0].message.contains("number"), "{}", breaches[0].message);
        assert_eq!(line_of("{\n  \"a\": 1,\n  \"total\": \"1\"\n}", "/total"), 3);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for wrong in ["", "7", "{\"type\": \"nummer\"}", "[]"] {
            assert!(Schema::compile(wrong).is_err(), "{wrong}");
        }
    }
}
