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

/// The deepest nesting that is taken: what readers of training files can follow.
pub const MAX_DEPTH: usize = 100;

const NUL: &str = "holds the character NUL";

/// What makes a JSON text unfit to be kept and handed on, with the pointer to it as far as it can
/// be told: NUL, which text columns can't hold; half a surrogate pair, which is no character; and
/// nesting that readers of training files can't follow.
pub fn unfit(text: &str) -> Result<(), Mistakes> {
    if text.contains('\0') {
        return Err(Mistakes::one(nul_at(text), NUL));
    }
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut in_text) = (0, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        let mut length = 1;
        match (in_text, byte) {
            (true, b'\\') => match escaped(&bytes[at..]) {
                (Some(0), _) => return Err(Mistakes::one(nul_at(text), NUL)),
                (Some(0xd800..=0xdfff), _) => {
                    return Err(Mistakes::one("", "holds half a surrogate pair"));
                }
                (_, whole) => length = whole,
            },
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Mistakes::one("", format!("is nested deeper than {MAX_DEPTH}")));
        }
        at += length;
    }
    Ok(())
}

/// The number of an escaped character, if it is escaped by number, and how long the escape is.
/// A whole surrogate pair has no number here.
fn escaped(bytes: &[u8]) -> (Option<u32>, usize) {
    let unit = |from: usize| {
        let digits = std::str::from_utf8(bytes.get(from + 2..from + 6)?).ok()?;
        let is_one = bytes.get(from..from + 2)? == br"\u";
        if is_one { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (None, 12),
        (Some(one), _) => (Some(one), 6),
        (None, _) => (None, 2),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<String> {
        unfit(text).err().map(|mistakes| mistakes.0[0].message.to_string())
    }

    #[test]
    fn nul_is_found_however_it_is_written() {
        assert_eq!(why("\"a\0\"").as_deref(), Some(NUL));
        assert_eq!(why(r#""a\u0000""#).as_deref(), Some(NUL));
        assert_eq!(why(r#""a\\u0000""#), None);
        assert_eq!(why(r#""a\\\u0000""#).as_deref(), Some(NUL));
    }

    #[test]
    fn half_a_pair_and_too_deep_a_nesting_are_unfit() {
        let fit =
            [r#""\ud83d\ude00 \u00e9 \" \\ud800""#, r#"{"a": ["[[[", "]"]}"#, r#""\"#, r#""\u12"#];
        for fit in fit {
            assert_eq!(why(fit), None, "{fit}");
        }
        let halves =
            [r#""a\ud800""#, r#""\udc00 b""#, r#"{"\ud83d\u0041": 1}"#, r#""\ud83d\ud83d\ude00""#];
        for half in halves {
            assert_eq!(why(half).as_deref(), Some("holds half a surrogate pair"), "{half}");
        }
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(why(&deep(MAX_DEPTH)), None);
        assert_eq!(why(&deep(MAX_DEPTH + 1)).as_deref(), Some("is nested deeper than 100"));
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
