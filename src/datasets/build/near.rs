//! How many inputs say nearly the same as another: MinHash over words and pairs of words, without
//! case, punctuation and numbers. Two inputs that share nine tenths of those get the same key four
//! times of five. Keys are counted; where there are many, only a share of them, which follows from
//! the key itself, so memory has an end and the share stays right.

use std::collections::HashMap;

/// Keys that are counted at once, of some 16 bytes each.
const MOST_KEYS: usize = 65_536;

/// Counts inputs by what they say.
#[derive(Debug, Default)]
pub(super) struct Near {
    keys: HashMap<u64, u64>,
    /// Keys are counted that end in so many zero bits.
    level: u32,
}

impl Near {
    /// Looks at the key of one input.
    pub fn add(&mut self, key: u64) {
        if !self.counts(key) {
            return;
        }
        *self.keys.entry(key).or_default() += 1;
        while self.keys.len() > MOST_KEYS {
            self.level += 1;
            let level = self.level;
            self.keys.retain(|key, _| key.trailing_zeros() >= level);
        }
    }

    fn counts(&self, key: u64) -> bool {
        key.trailing_zeros() >= self.level
    }

    /// The share of inputs that say nearly the same as another one before; none where there was
    /// nothing to compare.
    pub fn share(&self) -> Option<f64> {
        let rows: u64 = self.keys.values().sum();
        (rows > 0).then(|| (rows - self.keys.len() as u64) as f64 / rows as f64)
    }
}

/// The same for most inputs that are nearly the same. None for a text without words.
pub(super) fn key(text: &str) -> Option<u64> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let (mut least, mut before) = ([u64::MAX; 2], 0);
    for word in words {
        let hash = fnv(word.as_bytes());
        for (least, salt) in least.iter_mut().zip([0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f]) {
            *least = (*least).min(mix(hash ^ salt));
            if before != 0 {
                *least = (*least).min(mix(hash.rotate_left(17) ^ before ^ salt));
            }
        }
        before = hash;
    }
    (before != 0).then(|| mix(least[0] ^ least[1].rotate_left(32)))
}

/// FNV-1a: the same on every machine.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads every bit over all.
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(texts: impl IntoIterator<Item = String>) -> Option<f64> {
        let mut near = Near::default();
        texts.into_iter().filter_map(|text| key(&text)).for_each(|key| near.add(key));
        near.share()
    }

    #[test]
    fn case_numbers_and_punctuation_make_no_difference() {
        let texts = ["Where is order 17?", "where is ORDER 99", "Cancel it", "12", ""];
        assert_eq!(share(texts.map(str::to_owned)), Some(1.0 / 3.0));
        assert_eq!(share(["7".to_owned()]), None);
    }

    #[test]
    fn a_long_text_with_a_word_changed_is_mostly_found() {
        let word = |n: u64| {
            let letters = mix(n).to_be_bytes().map(|byte| char::from(b'a' + byte % 26));
            letters.iter().collect::<String>()
        };
        let text = |n: u64, changed: u64| {
            let words = (0..40).map(|at| word(if at == 20 { changed } else { n * 100 + at }));
            words.collect::<Vec<_>>().join(" ")
        };
        let pairs = (0..300).flat_map(|n| [text(n, n * 7 + 1_000_000), text(n, n * 7 + 1_000_001)]);
        let found = share(pairs).unwrap_or_default() * 2.0;
        assert!(found > 0.7, "{found} of the pairs");
        let others = share((0..600).map(|n| text(n, 1_000_000 + n)));
        assert!(others.unwrap_or_default() < 0.02, "{others:?} of what is not alike");
    }

    #[test]
    fn memory_has_an_end_and_the_share_stays_right() {
        let word = |n: u64| -> String {
            format!("{n:b}").chars().map(|bit| if bit == '1' { 'x' } else { 'y' }).collect()
        };
        let mut near = Near::default();
        for n in 0..300_000u64 {
            // Every third says what the one before says.
            near.add(key(&word(n - u64::from(n % 3 == 2))).unwrap());
        }
        assert!(near.keys.len() <= MOST_KEYS && near.level > 0);
        let got = near.share().unwrap_or_default();
        assert!((got - 1.0 / 3.0).abs() < 0.01, "{got}");
    }

    proptest! {
        #[test]
        fn the_order_of_inputs_makes_no_difference(
            mut texts in proptest::collection::vec("[a-c ]{0,12}", 0..40),
        ) {
            let one = share(texts.clone());
            texts.reverse();
            prop_assert_eq!(one, share(texts));
        }
    }
}
