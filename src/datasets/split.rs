//! Which side a group is on. The side follows from a keyed hash of the group, so it is the same
//! whatever else comes, goes or changes places. It is then kept for good, for the group and for
//! each normalised input in it: whoever writes first decides, on any machine, so that no input is
//! ever on two sides.

use super::model::{GroupBy, Side};
use super::question::Split;
use crate::accounts::PersonId;
use crate::agents::AgentId;
use crate::db::Hash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What is not torn apart where nobody says otherwise.
pub const DEFAULT: GroupBy = GroupBy::Conversation;

/// Names a group or an input among the sides that were given: 128 bits of a hash.
pub type Key = [u8; 16];

/// What an interaction belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub agent: AgentId,
    pub conversation: Option<&'a str>,
    pub end_user: Option<PersonId>,
    pub input: Key,
}

/// The key of a normalised input, the same for all agents.
pub fn input_key(input: &Hash) -> Key {
    cut(Hash::of(&[b"input", &input.0]))
}

/// The key of the group an interaction is in. Where it is in none, its input is the group.
pub fn group_key(by: GroupBy, place: Place<'_>) -> Key {
    let agent = place.agent.0.as_bytes();
    match (by, place.conversation, place.end_user) {
        (GroupBy::Conversation, Some(conversation), _) => {
            cut(Hash::of(&[b"conversation", agent, conversation.as_bytes()]))
        }
        (GroupBy::EndUser, _, Some(person)) => {
            cut(Hash::of(&[b"end user", agent, person.0.as_bytes()]))
        }
        _ => place.input,
    }
}

fn cut(hash: Hash) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&hash.0[..16]);
    key
}

/// A number from 0 to 1 that follows from a key and a secret seed.
pub fn draw(seed: &[u8], key: &[u8]) -> f64 {
    #[allow(clippy::expect_used)] // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(seed).expect("any length is a key");
    mac.update(key);
    let bytes = mac.finalize().into_bytes();
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    // 53 bits are what a double holds exactly.
    (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The side that a group gets when nobody gave it one yet: test below, then validation, then train.
pub fn side(seed: &[u8], key: &Key, split: &Split) -> Side {
    let at = draw(seed, key);
    if at < split.test {
        Side::Test
    } else if at < split.test + split.validation {
        Side::Validation
    } else if split.train > 0.0 {
        Side::Train
    } else if split.validation > 0.0 {
        Side::Validation
    } else {
        Side::Test
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const SPLIT: Split = Split { train: 0.8, validation: 0.1, test: 0.1 };

    fn key(n: u32) -> Key {
        input_key(&Hash::of(&[&n.to_be_bytes()]))
    }

    #[test]
    fn ratios_are_met_within_one_per_cent() {
        let mut counts: HashMap<Side, u32> = HashMap::new();
        for n in 0..100_000 {
            *counts.entry(side(b"seed", &key(n), &SPLIT)).or_default() += 1;
        }
        for (which, share) in [(Side::Train, 0.8), (Side::Validation, 0.1), (Side::Test, 0.1)] {
            let got = f64::from(counts[&which]) / 100_000.0;
            assert!((got - share).abs() < 0.01, "{which}: {got}");
        }
    }

    #[test]
    fn a_side_without_a_share_gets_nothing() {
        let only = Split { train: 0.0, validation: 0.0, test: 1.0 };
        assert!((0..1_000).all(|n| side(b"seed", &key(n), &only) == Side::Test));
        let none = Split { train: 1.0, validation: 0.0, test: 0.0 };
        assert!((0..1_000).all(|n| side(b"seed", &key(n), &none) == Side::Train));
    }

    proptest! {
        #[test]
        fn a_side_depends_on_the_group_alone(n in 0u32..1_000_000, seed in ".{0,20}") {
            let seed = seed.as_bytes();
            prop_assert_eq!(side(seed, &key(n), &SPLIT), side(seed, &key(n), &SPLIT));
            // A larger test side takes more in and gives nothing back.
            let wider = Split { train: 0.5, validation: 0.1, test: 0.4 };
            if side(seed, &key(n), &SPLIT) == Side::Test {
                prop_assert_eq!(side(seed, &key(n), &wider), Side::Test);
            }
        }

        #[test]
        fn what_belongs_together_has_one_key(
            conversation in ".{1,20}", a in 0u32..9, b in 0u32..9,
        ) {
            let agent = AgentId::new();
            let at = |n: u32| Place {
                agent, conversation: Some(&conversation), end_user: None, input: key(n),
            };
            let by = GroupBy::Conversation;
            prop_assert_eq!(group_key(by, at(a)), group_key(by, at(b)));
            let alone = Place { conversation: None, ..at(a) };
            prop_assert_eq!(group_key(by, alone), key(a));
            prop_assert_eq!(group_key(GroupBy::Input, at(a)), key(a));
        }
    }
}
