//! Settling what was read, and putting it on sides: groups first, then inputs, those on the test
//! side before all others, so that nothing of it is ever trained on. Everything is looked at a heap
//! at a time, in the order of the keys that are written.

use super::fates::Fates;
use super::spool::{HEAPS, Heaps, heap_of};
use super::{Builder, Halt, full};
use crate::datasets::model::{Side, Stage};
use crate::datasets::question::Split;
use crate::datasets::settle::{self, Agreement, Class, Draft, Fate, Limits};
use crate::datasets::split::{self, Key};
use crate::datasets::{queries, reason};
use crate::db::Conn;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Keys whose sides are written at a time.
const KEYS: usize = 10_000;

/// A signal that fits, on its way to a side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fits {
    pub draft: Draft,
    pub class: Class,
    pub group: Key,
}

/// A signal whose group is on a side.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Placed {
    fits: Fits,
    side: Side,
}

type Drawn = (Vec<Fits>, Vec<(Key, Side)>);

/// Draws a side for each group, a heap at a time, until all are drawn or nobody takes them.
fn draw(
    mut groups: Heaps<Fits>,
    split: &Split,
    seed: &str,
    give: SyncSender<std::io::Result<Drawn>>,
) {
    for heap in 0..HEAPS {
        let drawn = groups.take(heap).map(|fits| {
            let mut keys: Vec<Key> = fits.iter().map(|fits| fits.group).collect();
            keys.sort_unstable();
            keys.dedup();
            let side = |key: Key| (key, split::side(seed.as_bytes(), &key, split));
            (fits, keys.into_iter().map(side).collect())
        });
        if give.send(drawn).is_err() {
            return;
        }
    }
}

impl Builder<'_> {
    /// Says of everything that fits what becomes of it.
    pub(super) fn settle(
        &mut self,
        groups: Heaps<Fits>,
        fates: &mut Fates,
    ) -> Result<Agreement, Halt> {
        let mut inputs = self.place_groups(groups, fates)?;
        let is_limited = !self.question.max_per.is_empty();
        let mut agreement = Agreement::default();
        let mut limited = self.heaps()?;
        for heap in 0..HEAPS {
            self.step_lightly(Stage::Settling, heap as i64, HEAPS as i64)?;
            let placed = inputs.take(heap).map_err(full)?;
            let drafts: Vec<Draft> = placed.iter().map(|each| each.fits.draft).collect();
            let (settled, here) = settle::settle(&drafts, &self.question);
            agreement.add(here);
            let mut stay = Vec::new();
            for (placed, fate) in placed.into_iter().zip(settled) {
                let position = placed.fits.draft.position;
                match fate {
                    Fate::Left(reason) => fates.leave(position, reason),
                    Fate::Kept(weight) => {
                        fates.weigh(position, weight);
                        stay.push(placed);
                    }
                }
            }
            if is_limited {
                for placed in stay {
                    limited.add(placed.fits.class.heap(HEAPS), &placed).map_err(full)?;
                }
            } else {
                self.place_inputs(&stay, fates)?;
            }
        }
        if is_limited {
            self.limit(limited, fates)?;
        }
        Ok(agreement)
    }

    fn heaps<T: Serialize + serde::de::DeserializeOwned>(&self) -> Result<Heaps<T>, Halt> {
        Heaps::new(self.shelf.folder().map_err(full)?).map_err(full)
    }

    /// Gives groups their sides. What is on one goes on, by its input. One thread looks up what
    /// another writes down.
    fn place_groups(
        &mut self,
        groups: Heaps<Fits>,
        fates: &mut Fates,
    ) -> Result<Heaps<Placed>, Halt> {
        let (split, seed) = (self.question.split, self.frame.split_seed.clone());
        let mut inputs = self.heaps()?;
        let (give, drawn) = sync_channel(1);
        std::thread::scope(|threads| {
            threads.spawn(|| draw(groups, &split, &seed, give));
            for drawn in drawn {
                let (fits, mut sides) = drawn.map_err(full)?;
                let others = self.give(&sides)?;
                for (key, side) in &mut sides {
                    *side = others.get(key).copied().unwrap_or(*side);
                }
                for fits in fits {
                    let place = sides.partition_point(|(key, _)| *key < fits.group);
                    let (position, side) = (fits.draft.position, sides[place].1);
                    fates.put_on(position, side);
                    // The group may be on a side, for good, that this question has no share for.
                    if split.share(side) > 0.0 {
                        let heap = heap_of(&fits.draft.input);
                        inputs.add(heap, &Placed { fits, side }).map_err(full)?;
                    } else {
                        fates.leave(position, reason::group_on(side));
                    }
                }
            }
            Ok(inputs)
        })
    }

    /// Keeps no more of each category and label than the question wants.
    fn limit(&mut self, mut limited: Heaps<Placed>, fates: &mut Fates) -> Result<(), Halt> {
        let mut limits = Limits::new(self.question.max_per);
        let mut inputs: Heaps<Placed> = self.heaps()?;
        for heap in 0..HEAPS {
            let mut placed = limited.take(heap).map_err(full)?;
            placed.sort_unstable_by(|a, b| {
                let order = a.fits.class.order.total_cmp(&b.fits.class.order);
                order.then(a.fits.draft.position.cmp(&b.fits.draft.position))
            });
            for placed in placed {
                if limits.takes(placed.fits.class) {
                    inputs.add(heap_of(&placed.fits.draft.input), &placed).map_err(full)?;
                } else {
                    fates.leave(placed.fits.draft.position, reason::OVER_LIMIT);
                }
            }
        }
        for heap in 0..HEAPS {
            self.place_inputs(&inputs.take(heap).map_err(full)?, fates)?;
        }
        Ok(())
    }

    /// An input that is on another side already is left out.
    fn place_inputs(&mut self, placed: &[Placed], fates: &mut Fates) -> Result<(), Halt> {
        // Where the input is the group, it is on its side by now.
        let apart = placed.iter().filter(|each| each.fits.draft.input != each.fits.group);
        let apart: Vec<&Placed> = apart.collect();
        for side in [Side::Test, Side::Validation, Side::Train] {
            let on_side = || apart.iter().filter(move |each| each.side == side);
            let mut wanted: Vec<(Key, Side)> =
                on_side().map(|each| (each.fits.draft.input, side)).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let others = self.give(&wanted)?;
            for each in on_side() {
                if let Some(other) = others.get(&each.fits.draft.input) {
                    fates.leave(each.fits.draft.position, reason::input_on(*other));
                }
            }
        }
        Ok(())
    }

    /// Gives keys, each once and in order, their sides for good; gives those that have another.
    fn give(&mut self, wanted: &[(Key, Side)]) -> Result<HashMap<Key, Side>, Halt> {
        let mut others = HashMap::new();
        for wanted in wanted.chunks(KEYS) {
            let mut known = self.known(wanted)?;
            let new = wanted.iter().filter(|(key, _)| !known.contains_key(key));
            let new: Vec<(Key, Side)> = new.copied().collect();
            if !new.is_empty() {
                let (count, give) =
                    (new.len(), move |conn: &mut Conn| Ok(queries::give_sides(conn, &new)?));
                // Another build may have given some meanwhile.
                if self.store((Stage::Settling, 0, 0), give)? < count {
                    known = self.known(wanted)?;
                }
            }
            let is_other = |(key, side): &&(Key, Side)| known.get(key).is_some_and(|k| k != side);
            others.extend(wanted.iter().filter(is_other).map(|(key, _)| (*key, known[key])));
        }
        Ok(others)
    }

    /// The sides that keys have so far. Where not many others lie between them, all are read in one
    /// go, which is much cheaper than to look each of them up.
    fn known(&self, wanted: &[(Key, Side)]) -> Result<HashMap<Key, Side>, Halt> {
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(HashMap::new());
        };
        let most = 8 * wanted.len() as i64;
        Ok(self.db.read_now(|conn| {
            let mut known = queries::sides_between(conn, (&first.0, &last.0), most)?;
            if known.len() as i64 == most {
                let keys: Vec<Key> = wanted.iter().map(|(key, _)| *key).collect();
                known = queries::sides_of(conn, &keys)?;
            }
            Ok(known.into_iter().collect())
        })?)
    }
}
