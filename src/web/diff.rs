//! The difference between what an agent said and what a person says it should have said: word by
//! word, and for JSON value by value.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// A run of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `same`, `added` or `removed`.
    pub kind: &'static str,
    pub text: String,
}

/// The runs of words that lead from `old` to `new`.
pub fn words(old: &str, new: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for change in TextDiff::from_unicode_words(old, new).iter_all_changes() {
        let kind = match change.tag() {
            ChangeTag::Equal => "same",
            ChangeTag::Delete => "removed",
            ChangeTag::Insert => "added",
        };
        match parts.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(change.value()),
            _ => parts.push(Part { kind, text: change.value().to_owned() }),
        }
    }
    joined(parts)
}

/// "six weeks" becoming "30 days" is one change, not two with a space between them.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    let mut rest = parts.into_iter().peekable();
    while let Some(part) = rest.next() {
        let is_gap = part.kind == "same" && part.text.chars().all(|c| c == ' ' || c == '\t');
        let follows =
            matches!(out.as_slice(), [.., a, b] if a.kind == "removed" && b.kind == "added");
        if is_gap && follows && rest.peek().is_some_and(|next| next.kind == "removed") {
            let removed = rest.next().map(|next| next.text).unwrap_or_default();
            let added = rest.next_if(|next| next.kind == "added").map(|next| next.text);
            let [.., a, b] = out.as_mut_slice() else { continue };
            a.text.push_str(&format!("{}{removed}", part.text));
            b.text.push_str(&format!("{}{}", part.text, added.unwrap_or_default()));
            continue;
        }
        out.push(part);
    }
    out
}

/// A value of some JSON that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is, as people write it: `items[2].name`; empty for the whole.
    pub at: String,
    /// The JSON that was there; empty where nothing was.
    pub before: String,
    /// The JSON that is there; empty where nothing is.
    pub after: String,
}

/// The values that lead from `old` to `new`, in the order of `old`. Lists are compared place by
/// place.
pub fn values(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(old), Some(new), &mut changes);
    changes
}

fn compare(at: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                compare(&at, old.get(key), new.get(key), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for n in 0..old.len().max(new.len()) {
                compare(&format!("{at}[{n}]"), old.get(n), new.get(n), changes);
            }
        }
        (old, new) => {
            let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
            changes.push(Change { at: at.to_owned(), before: text(old), after: text(new) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(old: &str, new: &str) -> String {
        let sign = |kind| match kind {
            "removed" => '-',
            "added" => '+',
            _ => '=',
        };
        words(old, new).iter().map(|part| format!("{}{}|", sign(part.kind), part.text)).collect()
    }

    #[test]
    fn words_that_change_together_are_one_change() {
        assert_eq!(
            shown("within six weeks.", "within 30 days."),
            "=within |-six weeks|+30 days|=.|"
        );
        assert_eq!(shown("a b", "a b"), "=a b|");
        assert_eq!(shown("one\ntwo", "1\n2"), "-one|+1|=\n|-two|+2|");
    }

    #[test]
    fn json_is_compared_value_by_value() {
        let old = json!({"a": 1, "items": [{"n": "x"}, 2], "gone": true, "same": [1]});
        let new = json!({"same": [1], "a": 1.5, "items": [{"n": "y"}], "new": null});
        let change = |at: &str, before: &str, after: &str| Change {
            at: at.into(),
            before: before.into(),
            after: after.into(),
        };
        let wanted = [
            change("a", "1", "1.5"),
            change("items[0].n", "\"x\"", "\"y\""),
            change("items[1]", "2", ""),
            change("gone", "true", ""),
            change("new", "", "null"),
        ];
        assert_eq!(values(&old, &new), wanted);
        assert_eq!(values(&json!(1), &json!("1")), [change("", "1", "\"1\"")]);
        assert!(values(&old, &old).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn both_texts_can_be_read_from_the_difference(old in "[ab ]{0,12}", new in "[abc ]{0,12}") {
            let parts = words(&old, &new);
            let text = |not: &str| -> String {
                parts.iter().filter(|p| p.kind != not).map(|p| p.text.as_str()).collect()
            };
            proptest::prop_assert_eq!(text("added"), old);
            proptest::prop_assert_eq!(text("removed"), new);
        }
    }
}
