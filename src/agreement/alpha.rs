//! Krippendorff's alpha for nominal values with any number missing, and its interval. Pure
//! arithmetic; `docs/agreement.md` has the formulas and where they come from.

/// The values that were given of one unit, as numbers from 0; equal numbers are equal values.
/// Whoever gave none is left out.
pub type Unit = Vec<usize>;

/// How often units are drawn anew for the interval.
const DRAWS: usize = 1_000;
/// Where drawing begins: the same units always have the same interval.
const SEED: u64 = 0x6f76_6572_7275_6c65;

/// What counts of one unit: how many values it has, of each how many, and how much they disagree.
struct Counted<'a> {
    values: &'a [usize],
    /// Ordered pairs of values that differ, by the number of values less one.
    disagreement: f64,
}

/// The units in which at least two gave a value.
fn counted(units: &[Unit]) -> Vec<Counted<'_>> {
    let shared = units.iter().filter(|unit| unit.len() > 1);
    let counted = shared.map(|values| {
        let differing = values.len() * values.len() - same_pairs(values);
        Counted { values, disagreement: number(differing) / number(values.len() - 1) }
    });
    counted.collect()
}

/// Ordered pairs of equal values, each value with itself too.
fn same_pairs(values: &[usize]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|same| same.len() * same.len()).sum()
}

#[allow(clippy::cast_precision_loss)] // Far below 2^53.
fn number(count: usize) -> f64 {
    count as f64
}

/// How many different values there can be: one more than the greatest.
fn size(units: &[Counted<'_>]) -> usize {
    units.iter().flat_map(|unit| unit.values).max().map_or(0, |most| most + 1)
}

/// 1 where all agree, 0 where they agree as by chance; none where all values are the same, as
/// nothing then tells agreement from chance, and where no unit has two values.
pub fn alpha(units: &[Unit]) -> Option<f64> {
    let units = counted(units);
    let mut counts = vec![0; size(&units)];
    of(units.iter(), &mut counts)
}

/// Alpha of some units; `counts` is empty space, one for each value.
fn of<'a>(units: impl Iterator<Item = &'a Counted<'a>>, counts: &mut [usize]) -> Option<f64> {
    counts.fill(0);
    let (mut all, mut observed) = (0, 0.0);
    for unit in units {
        all += unit.values.len();
        observed += unit.disagreement;
        for value in unit.values {
            if let Some(count) = counts.get_mut(*value) {
                *count += 1;
            }
        }
    }
    let same: usize = counts.iter().map(|count| count * count).sum();
    let expected = all * all - same;
    (expected > 0).then(|| 1.0 - number(all - 1) * observed / number(expected))
}

/// The share of pairs of values of the same unit that are equal; none where there is no pair.
pub fn raw(units: &[Unit]) -> Option<f64> {
    let (mut equal, mut all) = (0, 0);
    for values in units {
        equal += same_pairs(values) - values.len();
        all += values.len() * values.len() - values.len();
    }
    (all > 0).then(|| number(equal) / number(all))
}

/// Between what alpha lies in 95 of 100 sets of units drawn with replacement from these. None where
/// fewer than half of the sets have one.
pub fn interval(units: &[Unit]) -> Option<(f64, f64)> {
    let units = counted(units);
    let mut counts = vec![0; size(&units)];
    let mut random = Random(SEED);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let places: Vec<usize> = units.iter().map(|_| random.below(units.len())).collect();
            of(places.iter().filter_map(|place| units.get(*place)), &mut counts)
        })
        .collect();
    if drawn.len() < DRAWS / 2 {
        return None;
    }
    drawn.sort_unstable_by(f64::total_cmp);
    Some((at(&drawn, 25), at(&drawn, 975)))
}

/// The value below which so many of a thousand lie, between its neighbours where it is none.
fn at(sorted: &[f64], thousandth: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let (place, rest) = (last * thousandth / 1_000, last * thousandth % 1_000);
    let low = sorted.get(place).copied().unwrap_or_default();
    let high = sorted.get((place + 1).min(last)).copied().unwrap_or(low);
    low + (high - low) * number(rest) / 1_000.0
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    /// A number from 0 to below `end`, which is at least 1.
    fn below(&mut self, end: usize) -> usize {
        let product = u128::from(self.next()) * (end as u128);
        usize::try_from(product >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
