//! Reading JSON strictly: every mistake says where it is (a JSON pointer, RFC 6901) and what is
//! allowed there.

use crate::error::Mistakes;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Reads `text` as `T`. Not JSON at all is a mistake at the whole, with line and column.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Mistakes> {
    let mut input = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let pointer = pointer(error.path());
        Mistakes::one(pointer, error.into_inner().to_string())
    })?;
    input.end().map_err(|error| Mistakes::one("", error.to_string()))?;
    Ok(value)
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
    }
}
