//! The words of a text, as the index keeps them and as it is asked for them: so both databases
//! find the same.

use std::collections::HashSet;

/// The most words of one text that are kept.
const MOST: usize = 150;
/// The most letters of a word; longer ones are numbers, hashes and addresses.
const LONGEST: usize = 40;
/// How much of a text is looked at.
const LETTERS: usize = 8_000;

/// The different words of a text in the order in which they come, in lower case: letters and
/// digits, two at least.
pub fn words(text: &str) -> Vec<String> {
    let text: String = text.chars().take(LETTERS).flat_map(char::to_lowercase).collect();
    let mut seen = HashSet::new();
    let is_kept = |word: &&str| {
        let letters = word.chars().count();
        (2..=LONGEST).contains(&letters)
    };
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(is_kept)
        .filter(|word| seen.insert((*word).to_owned()))
        .take(MOST)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_different_words() {
        assert_eq!(words("Where's my order, WHERE?"), ["where", "my", "order"]);
        assert_eq!(words("Grüße, 12 Äpfel"), ["grüße", "12", "äpfel"]);
        assert!(words("a - b ' \" * :").is_empty());
        assert!(words(&"x".repeat(41)).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn words_hold_nothing_that_a_query_could_trip_over(text in "\\PC{0,200}") {
            for word in words(&text) {
                proptest::prop_assert!(word.chars().all(char::is_alphanumeric), "{}", word);
                proptest::prop_assert!(word.chars().count() <= LONGEST);
            }
        }
    }
}
