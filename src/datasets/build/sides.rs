//! Writing down what was settled, and putting inputs on sides: those on the test side first, so
//! that nothing of it is ever trained on.

use super::read::Reading;
use super::{Builder, Halt, PAGE};
use crate::datasets::model::{Side, Stage};
use crate::datasets::settle::Fate;
use crate::datasets::split::Key;
use crate::datasets::{queries, reason};
use std::collections::BTreeMap;

impl Builder<'_> {
    pub(super) fn place(&mut self, read: &Reading, fates: &[Fate]) -> Result<(), Halt> {
        let mut left: BTreeMap<&'static str, Vec<i64>> = BTreeMap::new();
        let mut weights: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (draft, fate) in read.drafts.iter().zip(fates) {
            let position = i64::from(draft.position);
            match fate {
                Fate::Kept(1) => {}
                Fate::Kept(weight) => weights.entry(i64::from(*weight)).or_default().push(position),
                Fate::Left(reason) => left.entry(reason).or_default().push(position),
            }
        }
        let (id, total) = (self.release.id, read.drafts.len() as i64);
        for (weight, positions) in weights {
            for positions in positions.chunks(PAGE as usize) {
                let positions = positions.to_vec();
                self.store((Stage::Settling, 0, total), move |conn| {
                    Ok(queries::weigh(conn, id, &positions, weight)?)
                })?;
            }
        }
        self.leave(left, total)?;
        let mut done = 0;
        for side in [Side::Test, Side::Validation, Side::Train] {
            let on_side = read.drafts.iter().zip(fates).zip(&read.sides);
            let on_side =
                on_side.filter(|((_, fate), its)| **its == side && matches!(fate, Fate::Kept(_)));
            let inputs: Vec<(Key, i64)> =
                on_side.map(|((draft, _), _)| (draft.input, i64::from(draft.position))).collect();
            for inputs in inputs.chunks(PAGE as usize) {
                done += inputs.len() as i64;
                self.place_inputs(inputs, side, (done, total))?;
            }
        }
        Ok(())
    }

    /// An input that is on another side already is left out.
    fn place_inputs(
        &mut self,
        inputs: &[(Key, i64)],
        side: Side,
        (done, total): (i64, i64),
    ) -> Result<(), Halt> {
        let mut wanted: Vec<(Key, Side)> = inputs.iter().map(|(key, _)| (*key, side)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let given = self.store((Stage::Settling, done, total), move |conn| {
            Ok(queries::give_sides(conn, &wanted)?)
        })?;
        let mut left: BTreeMap<&'static str, Vec<i64>> = BTreeMap::new();
        for (key, position) in inputs {
            if let Some(other) = given.get(key).filter(|other| **other != side) {
                left.entry(reason::input_on(*other)).or_default().push(*position);
            }
        }
        self.leave(left, total)
    }

    fn leave(&mut self, left: BTreeMap<&'static str, Vec<i64>>, total: i64) -> Result<(), Halt> {
        let id = self.release.id;
        for (reason, positions) in left {
            for positions in positions.chunks(PAGE as usize) {
                let positions = positions.to_vec();
                self.store((Stage::Settling, 0, total), move |conn| {
                    Ok(queries::leave_out(conn, id, &positions, reason)?)
                })?;
            }
        }
        Ok(())
    }
}
