//! What became of each signal: a byte for each, and a number more for those that stand for others.

use super::lines::{Line, Words};
use crate::datasets::model::{ReleaseRow, Side};
use std::collections::HashMap;

/// By position. A signal that nothing was said of is on no side, and left out for its own reason.
#[derive(Default)]
pub(super) struct Fates {
    /// The side in the lower two bits, counted from 1; above it the reason, counted from 1.
    of: Vec<u8>,
    weights: HashMap<u32, u32>,
    reasons: Vec<&'static str>,
}

impl Fates {
    /// Its group is on this side.
    pub fn put_on(&mut self, position: u32, side: Side) {
        let place = position as usize;
        if self.of.len() <= place {
            self.of.resize(place + 1, 0);
        }
        let number = Side::ALL.iter().position(|each| *each == side).unwrap_or_default();
        self.of[place] = number as u8 + 1;
    }

    /// It stays, and stands for so many.
    pub fn weigh(&mut self, position: u32, weight: u32) {
        if weight > 1 {
            self.weights.insert(position, weight);
        }
    }

    /// It is left out after it was put on a side.
    pub fn leave(&mut self, position: u32, reason: &'static str) {
        let known = self.reasons.iter().position(|each| *each == reason);
        let number = known.unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        });
        self.of[position as usize] |= (number as u8 + 1) << 2;
        self.weights.remove(&position);
    }

    /// The row of a signal.
    pub fn row(&self, position: u32, line: &Line<'_>, words: &Words) -> ReleaseRow {
        let fate = self.of.get(position as usize).copied().unwrap_or_default();
        let (interaction_id, feedback_id, signal_id, revision_id) = line.ids;
        let own = line.reason.map(|reason| words.word(reason));
        let reason = usize::from(fate >> 2).checked_sub(1).map(|place| self.reasons[place]);
        ReleaseRow {
            position: i64::from(position),
            interaction_id,
            feedback_id,
            signal_id,
            revision_id,
            side: usize::from(fate & 3).checked_sub(1).map(|place| Side::ALL[place]),
            weight: i64::from(self.weights.get(&position).copied().unwrap_or(1)),
            category: line.category.map(|category| words.word(category).to_owned()),
            reason: own.or(reason).map(str::to_owned),
        }
    }
}
