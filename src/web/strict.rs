//! Reading JSON strictly: every mistake says where it is (a JSON pointer, RFC 6901) and what is
//! allowed there.

use crate::error::Mistakes;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::fmt;
use std::marker::PhantomData;

/// Reads an object as `T`. Not JSON at all is a mistake at the whole, with line and column.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mistakes> {
    let mut input = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let pointer = pointer(error.path());
        explain(pointer, &error.into_inner().to_string())
    })?;
    input.end().map_err(|error| Mistakes::one("", error.to_string()))?;
    Ok(value)
}

/// A struct that was sent as an object: serde alone takes a list of its fields for one, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }
        input.deserialize_map(Fields(PhantomData)).map(Object)
    }
}

/// What serde says, with the key that is missing where it belongs, and types in plain words.
fn explain(mut pointer: String, said: &str) -> Mistakes {
    let bare = said.split(" at line ").next().unwrap_or(said);
    if let Some(key) = bare.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
    {
        pointer.push('/');
        pointer.push_str(key);
        return Mistakes::one(pointer, "is required");
    }
    let plain = bare
        .replace("expected i64", "expected a whole number of at most 9223372036854775807")
        .replace("expected f64", "expected a number");
    // Where it is stands in the pointer; line and column help only with what is not JSON at all.
    Mistakes::one(pointer, if bare.starts_with("invalid") { plain } else { said.to_owned() })
}

/// `/feedback/0/verdict`
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    pointer
}

/// Where a JSON text holds NUL: the pointer to the first text that does, or the whole.
pub fn nul_at(text: &str) -> String {
    fn find(value: &Value, at: String) -> Option<String> {
        match value {
            Value::String(text) => text.contains('\0').then_some(at),
            Value::Array(items) => {
                items.iter().enumerate().find_map(|(n, item)| find(item, format!("{at}/{n}")))
            }
            Value::Object(fields) => fields.iter().find_map(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                find(value, format!("{at}/{key}"))
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
    let value = serde_json::from_str(text).unwrap_or_default();
    find(&value, String::new()).unwrap_or_default()
}

/// Whether a JSON text holds NUL, which text columns can't: as a byte or as an escape.
pub fn holds_nul(text: &str) -> bool {
    if text.contains('\0') {
        return true;
    }
    // `\u0000` is an escape only after an even number of backslashes.
    text.match_indices("\\u0000").any(|(at, _)| {
        let before = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        before % 2 == 0
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_however_it_is_written() {
        assert!(holds_nul("\"a\0\""));
        assert!(holds_nul(r#""a\u0000""#));
        assert!(!holds_nul(r#""a\\u0000""#));
        assert!(holds_nul(r#""a\\\u0000""#));
    }

    #[test]
    fn a_mistake_says_where_it_is() {
        #[derive(serde::Deserialize, Debug)]
        struct Outer {
            #[allow(dead_code)]
            list: Vec<u8>,
        }
        let mistakes = read::<Outer>(r#"{"list": [1, "x"]}"#).unwrap_err();
        assert_eq!(mistakes.0[0].field, "/list/1");
        assert!(read::<Outer>(r#"{"list": []} x"#).is_err());
        let missing = read::<Outer>("{}").unwrap_err();
        assert_eq!((&*missing.0[0].field, &*missing.0[0].message), ("/list", "is required"));
    }

    #[test]
    fn a_list_is_no_object() {
        #[derive(serde::Deserialize, Debug)]
        struct Inner {
            #[allow(dead_code)]
            list: Vec<u8>,
        }
        for text in ["[[1]]", "null", "7", "\"x\""] {
            let mistakes = read::<Inner>(text).unwrap_err();
            assert!(mistakes.0[0].message.contains("expected an object"), "{mistakes}");
        }
    }

    #[test]
    fn nul_is_said_where_it_stands() {
        assert_eq!(nul_at(r#"{"a": "x", "b": [1, "\u0000"]}"#), "/b/1");
        assert_eq!(nul_at("\"\0\""), "");
    }
}
