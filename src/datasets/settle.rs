//! What signals about the same input become: one of those that say the same, what the question
//! wants of contradictions, and no more than the limits allow.

use super::model::{Conflicts, Duplicates};
use super::question::{MaxPer, Question};
use super::reason;
use super::split::Key;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A signal that would give a row, as far as others matter to it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Draft {
    pub position: u32,
    pub input: Key,
    /// What it holds to be right, and what to be wrong: hashes, 0 where it says nothing.
    pub right: u64,
    pub wrong: u64,
    /// The agent it is about, by its place.
    pub agent: u8,
    /// A reviewer chose it among contradicting ones.
    pub is_adjudicated: bool,
}

/// What limits count: names by number, and the order in which rows are taken.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Class {
    pub category: u32,
    pub label: u32,
    /// From 0 to 1.
    pub order: f64,
}

impl Class {
    /// The heap it is put on, of so many, in the order of the rows.
    pub fn heap(&self, heaps: usize) -> usize {
        ((self.order * heaps as f64) as usize).min(heaps - 1)
    }
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A row that stands for so many signals.
    Kept(u32),
    Left(&'static str),
}

/// How far people agree where several judged the same input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreement {
    pub inputs: u64,
    pub agreed: u64,
}

impl Draft {
    fn contradicts(&self, other: &Self) -> bool {
        let differs = self.right != 0 && other.right != 0 && self.right != other.right;
        let denied = |a: u64, b: u64| a != 0 && a == b;
        differs || denied(self.right, other.wrong) || denied(self.wrong, other.right)
    }
    fn says_same(&self, other: &Self) -> bool {
        self.right == other.right && self.wrong == other.wrong
    }
}

impl Agreement {
    /// Adds what was found among other inputs.
    pub fn add(&mut self, other: Self) {
        self.inputs += other.inputs;
        self.agreed += other.agreed;
    }
}

/// Settles drafts among which are all of each of their inputs. Fates come in their order.
pub fn settle(drafts: &[Draft], question: &Question) -> (Vec<Fate>, Agreement) {
    let mut fates = vec![Fate::Kept(1); drafts.len()];
    let mut agreement = Agreement::default();
    let mut order: Vec<u32> = (0..drafts.len() as u32).collect();
    let key = |n: &u32| {
        let draft = &drafts[*n as usize];
        (draft.agent, draft.input, draft.position)
    };
    order.sort_unstable_by_key(key);
    let same = |a: &u32, b: &u32| {
        let (a, b) = (&drafts[*a as usize], &drafts[*b as usize]);
        (a.agent, a.input) == (b.agent, b.input)
    };
    for group in order.chunk_by(same).filter(|group| group.len() > 1) {
        let has_conflict = contradict(drafts, group, question.conflicts, &mut fates);
        agreement.inputs += 1;
        agreement.agreed += u64::from(!has_conflict);
        if question.duplicates == Duplicates::Once {
            merge(drafts, group, &mut fates);
        }
    }
    (fates, agreement)
}

/// Leaves out what can't be right; says whether anything contradicted.
fn contradict(drafts: &[Draft], group: &[u32], rule: Conflicts, fates: &mut [Fate]) -> bool {
    let of = |n: &u32| &drafts[*n as usize];
    // What each says, and how many say so.
    let mut said: Vec<(u64, u64, u32)> = Vec::new();
    for draft in group.iter().map(of) {
        match said
            .iter_mut()
            .find(|(right, wrong, _)| (*right, *wrong) == (draft.right, draft.wrong))
        {
            Some((_, _, votes)) => *votes += 1,
            None => said.push((draft.right, draft.wrong, 1)),
        }
    }
    let draft = |right, wrong| Draft { right, wrong, ..*of(&group[0]) };
    let has_conflict = said.iter().enumerate().any(|(n, (right, wrong, _))| {
        let one = draft(*right, *wrong);
        said[n + 1..].iter().any(|(right, wrong, _)| one.contradicts(&draft(*right, *wrong)))
    });
    if !has_conflict {
        return false;
    }
    let winner = match rule {
        Conflicts::LeaveOut => None,
        Conflicts::Majority => majority(&said),
        Conflicts::Adjudicated => adjudicated(group.iter().map(of)),
    };
    for n in group {
        let stays = winner.is_some_and(|right| !draft(right, 0).contradicts(of(n)));
        let is_silent = of(n).right == 0 && of(n).wrong == 0;
        if !stays && !is_silent {
            fates[*n as usize] = Fate::Left(reason::CONFLICTING);
        }
    }
    true
}

/// The answer that more people hold to be right than any other, those subtracted who hold it to be
/// wrong; none where two have as many, or nobody is left.
fn majority(said: &[(u64, u64, u32)]) -> Option<u64> {
    let mut votes: HashMap<u64, i64> = HashMap::new();
    for (right, wrong, count) in said {
        if *right != 0 {
            *votes.entry(*right).or_default() += i64::from(*count);
        }
        if *wrong != 0 {
            *votes.entry(*wrong).or_default() -= i64::from(*count);
        }
    }
    let most = votes.values().copied().max().filter(|most| *most > 0)?;
    let mut first = votes.iter().filter(|(_, count)| **count == most);
    let (answer, _) = first.next()?;
    if first.next().is_some() { None } else { Some(*answer) }
}

/// The answer that reviewers chose; none where they chose several, or none.
fn adjudicated<'d>(group: impl Iterator<Item = &'d Draft>) -> Option<u64> {
    let mut chosen = group.filter(|draft| draft.is_adjudicated && draft.right != 0);
    let right = chosen.next()?.right;
    chosen.all(|other| other.right == right).then_some(right)
}

/// The first of those that say the same stays, and stands for all of them.
fn merge(drafts: &[Draft], group: &[u32], fates: &mut [Fate]) {
    let mut firsts: Vec<u32> = Vec::new();
    for n in group {
        if fates[*n as usize] != Fate::Kept(1) {
            continue;
        }
        let draft = &drafts[*n as usize];
        match firsts.iter().find(|first| drafts[**first as usize].says_same(draft)) {
            None => firsts.push(*n),
            Some(first) => {
                fates[*n as usize] = Fate::Left(reason::DUPLICATE);
                if let Fate::Kept(weight) = &mut fates[*first as usize] {
                    *weight += 1;
                }
            }
        }
    }
}

/// Keeps so many of each category and label, of rows that come in an order that has nothing to do
/// with time.
pub struct Limits {
    most: MaxPer,
    categories: HashMap<u32, u32>,
    labels: HashMap<u32, u32>,
}

impl Limits {
    /// With nothing taken so far.
    pub fn new(most: MaxPer) -> Self {
        Self { most, categories: HashMap::new(), labels: HashMap::new() }
    }

    /// Whether there is room for one more of its class, which it takes.
    pub fn takes(&mut self, class: Class) -> bool {
        let category = self.categories.entry(class.category).or_default();
        let label = self.labels.entry(class.label).or_default();
        let has_room = |count: u32, most: Option<u32>| most.is_none_or(|most| count < most);
        let takes = has_room(*category, self.most.category) && has_room(*label, self.most.label);
        if takes {
            *category += 1;
            *label += 1;
        }
        takes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::datasets::question::from_json;
    use proptest::prelude::*;

    fn question(conflicts: &str, duplicates: &str) -> Question {
        let text = format!(
            "{{\"agents\": [\"a\"], \"format\": \"sft\", \"conflicts\": \"{conflicts}\", \
             \"duplicates\": \"{duplicates}\"}}"
        );
        from_json(&text).unwrap()
    }

    fn draft(position: u32, input: u8, right: u64, wrong: u64) -> Draft {
        Draft { position, input: [input; 16], right, wrong, agent: 0, is_adjudicated: false }
    }

    #[test]
    fn the_same_is_one_row_with_its_weight() {
        let drafts = [draft(0, 1, 5, 9), draft(1, 2, 5, 9), draft(2, 1, 5, 9), draft(3, 1, 5, 8)];
        let (fates, agreement) = settle(&drafts, &question("leave_out", "once"));
        let duplicate = Fate::Left(reason::DUPLICATE);
        assert_eq!(fates, [Fate::Kept(2), Fate::Kept(1), duplicate, Fate::Kept(1)]);
        assert_eq!(agreement, Agreement { inputs: 1, agreed: 1 });
        let (fates, _) = settle(&drafts, &question("leave_out", "all"));
        assert_eq!(fates, [Fate::Kept(1); 4]);
    }

    #[test]
    fn contradictions_are_settled_as_asked() {
        // Two say 5, one says 6, and one that 5 is wrong without knowing better.
        let mut drafts = vec![draft(0, 1, 5, 9), draft(1, 1, 5, 9), draft(2, 1, 6, 9)];
        drafts.push(draft(3, 1, 0, 5));
        let left = Fate::Left(reason::CONFLICTING);
        let fates = |drafts: &[Draft], rule| settle(drafts, &question(rule, "all")).0;
        assert_eq!(fates(&drafts, "leave_out"), [left; 4]);
        // 5 has two votes less one, 6 has one: nobody has most.
        assert_eq!(fates(&drafts, "majority"), [left; 4]);
        drafts.push(draft(4, 1, 5, 0));
        let kept = Fate::Kept(1);
        assert_eq!(fates(&drafts, "majority"), [kept, kept, left, left, kept]);
        assert_eq!(fates(&drafts, "adjudicated"), [left; 5]);
        drafts[2].is_adjudicated = true;
        // That 5 is wrong agrees with 6.
        assert_eq!(fates(&drafts, "adjudicated"), [left, left, kept, kept, left]);
    }

    #[test]
    fn no_more_than_the_limit_of_each_class() {
        let mut limits = Limits::new(MaxPer { category: Some(2), label: Some(3) });
        let mut takes = |category, label| limits.takes(Class { category, label, order: 0.5 });
        assert_eq!([takes(1, 7), takes(1, 7), takes(1, 7)], [true, true, false]);
        assert_eq!([takes(2, 7), takes(2, 7), takes(2, 8)], [true, false, true]);
        let heap = |order| Class { category: 0, label: 0, order }.heap(64);
        assert_eq!([heap(0.0), heap(0.5), heap(0.999_999), heap(1.0)], [0, 32, 63, 63]);
    }

    proptest! {
        #[test]
        fn what_stays_never_contradicts_and_stands_for_all(
            said in proptest::collection::vec((0u8..4, 0u64..3, 0u64..3), 0..40),
            rule in prop_oneof!["adjudicated", "majority", "leave_out"],
        ) {
            let drafts: Vec<Draft> = said.iter().enumerate()
                .map(|(n, (input, right, wrong))| draft(n as u32, *input, *right, *wrong))
                .filter(|draft| draft.right == 0 || draft.right != draft.wrong)
                .collect();
            let (fates, _) = settle(&drafts, &question(&rule, "once"));
            let kept: Vec<&Draft> = drafts.iter().zip(&fates)
                .filter(|(_, fate)| matches!(fate, Fate::Kept(_))).map(|(d, _)| d).collect();
            for one in &kept {
                for other in kept.iter().filter(|other| other.input == one.input) {
                    prop_assert!(!one.contradicts(other));
                    prop_assert!(one.position == other.position || !one.says_same(other));
                }
            }
            let weights: usize = fates.iter().map(|fate| match fate {
                Fate::Kept(weight) => *weight as usize,
                Fate::Left(_) => 0,
            }).sum();
            let out = fates.iter().filter(|f| **f == Fate::Left(reason::CONFLICTING)).count();
            prop_assert_eq!(weights + out, drafts.len());
        }

        #[test]
        fn the_order_in_which_signals_come_does_not_matter(
            said in proptest::collection::vec((0u8..4, 0u64..3, 0u64..3), 0..30),
        ) {
            let drafts: Vec<Draft> = said.iter().enumerate()
                .map(|(n, (input, right, wrong))| draft(n as u32, *input, *right, *wrong))
                .collect();
            let turned: Vec<Draft> = drafts.iter().rev().copied().collect();
            let asked = question("majority", "once");
            let (mut fates, _) = settle(&turned, &asked);
            fates.reverse();
            prop_assert_eq!(settle(&drafts, &asked).0, fates);
        }
    }
}
