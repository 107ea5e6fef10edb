//! The difference between what an agent said and what a person says it should have said, word by
//! word.

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

#[cfg(test)]
mod tests {
    use super::*;

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
