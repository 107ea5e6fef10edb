//! From two samples to the true error rate, and to the share of errors that people flag, each with
//! a 95 % interval. The formulas and where they come from are in `docs/estimates.md`.

/// The normal quantile of a 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// What was looked at of one stratum of one week: overridden interactions, or the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many interactions are in it.
    pub all: i64,
    /// Of how many, drawn at random, it is known whether they are wrong.
    pub judged: i64,
    /// How many of those are wrong.
    pub wrong: i64,
}

/// One week of a deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Week {
    /// What somebody overrode.
    pub flagged: Counts,
    /// What nobody did.
    pub rest: Counts,
}

/// An estimate with its 95 % interval; all three from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// What is estimated, and of what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many weeks it is made of: those of which something of each stratum is known.
    pub weeks: i64,
    /// Interactions in them, and how many of these were looked at.
    pub all: i64,
    pub judged: i64,
    /// How many of all interactions are wrong.
    pub error_rate: Interval,
    /// How many of the wrong ones somebody overrides; none where nothing wrong was found.
    pub flagged_share: Option<Interval>,
}

/// The estimate of some weeks; none where no week has enough to go by.
pub fn estimate(weeks: &[Week]) -> Option<Estimate> {
    let is_known = |counts: &Counts| counts.all == 0 || counts.judged > 0;
    let is_there = |week: &&Week| week.flagged.all + week.rest.all > 0;
    let known: Vec<&Week> = weeks
        .iter()
        .filter(is_there)
        .filter(|week| is_known(&week.flagged) && is_known(&week.rest))
        .collect();
    let all: i64 = known.iter().map(|week| week.flagged.all + week.rest.all).sum();
    if all == 0 {
        return None;
    }
    let flagged = Total::of(known.iter().map(|week| week.flagged));
    let rest = Total::of(known.iter().map(|week| week.rest));
    let judged = known.iter().map(|week| week.flagged.judged + week.rest.judged).sum();
    Some(Estimate {
        weeks: i64::try_from(known.len()).unwrap_or(i64::MAX),
        all,
        judged,
        error_rate: sum(flagged, rest, all as f64),
        flagged_share: share(flagged, rest),
    })
}

/// How many are wrong in one stratum, over all weeks: estimated, at least, at most.
#[derive(Debug, Clone, Copy)]
struct Total {
    wrong: f64,
    low: f64,
    high: f64,
}

impl Total {
    /// Each week is a stratum of its own, drawn without replacement: its share of wrong ones
    /// counts by its size. The interval is Wilson's, with the number of judgements that would be
    /// as exact if all weeks were one.
    fn of(weeks: impl Iterator<Item = Counts>) -> Self {
        let weeks: Vec<Counts> = weeks.filter(|counts| counts.all > 0).collect();
        let all: f64 = weeks.iter().map(|counts| counts.all as f64).sum();
        let (mut share, mut spread) = (0.0, 0.0);
        for counts in &weeks {
            let (size, judged) = (counts.all as f64, counts.judged as f64);
            let weight = size / all;
            share += weight * counts.wrong as f64 / judged;
            if counts.all > counts.judged {
                spread += weight * weight * (size - judged) / ((size - 1.0) * judged);
            }
        }
        // A sum of shares may be a hair above 1.
        let share = share.min(1.0);
        let (low, high) = if spread > 0.0 { wilson(share, 1.0 / spread) } else { (share, share) };
        Self { wrong: all * share, low: all * low, high: all * high }
    }
}

/// Wilson's score interval of a share that was found in `n` draws, which need not be whole.
fn wilson(share: f64, n: f64) -> (f64, f64) {
    let squared = Z * Z;
    let middle = (share + squared / (2.0 * n)) / (1.0 + squared / n);
    let root = (share * (1.0 - share) / n + squared / (4.0 * n * n)).sqrt();
    let half = Z * root / (1.0 + squared / n);
    ((middle - half).clamp(0.0, share), (middle + half).clamp(share, 1.0))
}

/// The interval of a sum from the intervals of what is added: how far each side may be off is
/// added as squares.
fn sum(a: Total, b: Total, all: f64) -> Interval {
    let estimate = a.wrong + b.wrong;
    let low = estimate - (a.wrong - a.low).hypot(b.wrong - b.low);
    let high = estimate + (a.high - a.wrong).hypot(b.high - b.wrong);
    let of_all = |count: f64| (count / all).clamp(0.0, 1.0);
    Interval { estimate: of_all(estimate), low: of_all(low), high: of_all(high) }
}

/// The interval of a share: those shares at which what is flagged and what is not could balance,
/// by the same rule as for a sum.
fn share(flagged: Total, rest: Total) -> Option<Interval> {
    let wrong = flagged.wrong + rest.wrong;
    if wrong <= 0.0 {
        return None;
    }
    let balance = |share: f64| (1.0 - share) * flagged.wrong - share * rest.wrong;
    let below = |share: f64| {
        let (a, b) = (flagged.wrong - flagged.low, rest.high - rest.wrong);
        balance(share) - ((1.0 - share) * a).hypot(share * b) > 0.0
    };
    let above = |share: f64| {
        let (a, b) = (flagged.high - flagged.wrong, rest.wrong - rest.low);
        balance(share) + ((1.0 - share) * a).hypot(share * b) < 0.0
    };
    Some(Interval {
        estimate: flagged.wrong / wrong,
        low: edge(|share| !below(share)),
        high: 1.0 - edge(|from_top| !above(1.0 - from_top)),
    })
}

/// The smallest number from 0 to 1 from which on `holds`.
fn edge(holds: impl Fn(f64) -> bool) -> f64 {
    if holds(0.0) {
        return 0.0;
    }
    let (mut no, mut yes) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(no, yes);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    yes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sampling::draw::{Ranked, smallest};

    /// A small generator whose numbers are always the same (SplitMix64).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// A deployment that is made up: how often it is wrong, and how often people say so.
    struct World {
        wrong: f64,
        flagged_if_wrong: f64,
        flagged_if_right: f64,
        audits: usize,
        triaged: f64,
    }

    /// Draws weeks of it as the job does; gives them, the true error rate and the true share.
    fn simulate(world: &World, seed: u64) -> (Vec<Week>, f64, f64) {
        let mut random = Random(seed);
        let (mut weeks, mut all, mut wrong, mut told) = (Vec::new(), 0.0, 0.0, 0.0);
        for week in 0..4u64 {
            let (mut rest, mut flagged) = (Vec::new(), Vec::new());
            for n in 0..(800 + 300 * week) {
                let is_wrong = random.next() < world.wrong;
                let chance = if is_wrong { world.flagged_if_wrong } else { world.flagged_if_right };
                let is_flagged = random.next() < chance;
                all += 1.0;
                wrong += f64::from(u8::from(is_wrong));
                told += f64::from(u8::from(is_wrong && is_flagged));
                let id = uuid::Uuid::from_u128((u128::from(week) << 64) | u128::from(n));
                let ranked = Ranked::of(uuid::Uuid::from_u128(u128::from(seed)), week as i64, id);
                if is_flagged { &mut flagged } else { &mut rest }.push((ranked, is_wrong));
            }
            let judge = |of: &[(Ranked, bool)], drawn: Vec<Ranked>| Counts {
                all: of.len() as i64,
                judged: drawn.len() as i64,
                wrong: of.iter().filter(|(r, is_wrong)| *is_wrong && drawn.contains(r)).count()
                    as i64,
            };
            let ids = |of: &[(Ranked, bool)]| of.iter().map(|(ranked, _)| *ranked).collect();
            let triaged = (flagged.len() as f64 * world.triaged).ceil() as usize;
            weeks.push(Week {
                flagged: judge(&flagged, smallest(ids(&flagged), triaged)),
                rest: judge(&rest, smallest(ids(&rest), world.audits)),
            });
        }
        (weeks, wrong / all, told / wrong)
    }

    #[test]
    fn the_intervals_cover_the_truth_in_at_least_ninety_of_a_hundred_deployments() {
        let worlds = [
            (0.04, 0.5, 0.01, 60, 1.0),
            (0.10, 0.3, 0.02, 40, 0.5),
            (0.20, 0.7, 0.05, 30, 0.3),
            (0.02, 0.2, 0.005, 100, 1.0),
        ];
        for (wrong, flagged_if_wrong, flagged_if_right, audits, triaged) in worlds {
            let world = World { wrong, flagged_if_wrong, flagged_if_right, audits, triaged };
            let (mut rate, mut share, mut width) = (0, 0, 0.0);
            for seed in 0..100 {
                let (weeks, true_rate, true_share) = simulate(&world, 1 + seed * 7_919);
                let found = estimate(&weeks).unwrap();
                let covers = |of: Interval, truth: f64| of.low <= truth && truth <= of.high;
                rate += u32::from(covers(found.error_rate, true_rate));
                share += u32::from(covers(found.flagged_share.unwrap(), true_share));
                width += (found.error_rate.high - found.error_rate.low) / 100.0;
            }
            assert!(rate >= 90, "the error rate in {rate} of 100, wrong {wrong}");
            assert!(share >= 90, "the share that is flagged in {share} of 100, wrong {wrong}");
            assert!(width < 0.12, "an interval of {width} says nothing, wrong {wrong}");
        }
    }

    fn week(flagged: (i64, i64, i64), rest: (i64, i64, i64)) -> Week {
        let counts = |(all, judged, wrong)| Counts { all, judged, wrong };
        Week { flagged: counts(flagged), rest: counts(rest) }
    }

    #[test]
    fn what_is_all_known_has_no_width() {
        let found = estimate(&[week((10, 10, 8), (90, 90, 2))]).unwrap();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        for rate in [found.error_rate.low, found.error_rate.estimate, found.error_rate.high] {
            close(rate, 0.1);
        }
        let share = found.flagged_share.unwrap();
        for share in [share.low, share.estimate, share.high] {
            close(share, 0.8);
        }
    }

    #[test]
    fn weeks_of_which_nothing_is_known_are_left_out_and_nothing_gives_nothing() {
        assert_eq!(estimate(&[]), None);
        assert_eq!(estimate(&[Week::default()]), None);
        assert_eq!(estimate(&[week((3, 2, 1), (50, 0, 0))]), None);
        let found = estimate(&[week((3, 2, 1), (50, 0, 0)), week((0, 0, 0), (100, 20, 1))]);
        let found = found.unwrap();
        assert_eq!((found.weeks, found.all, found.judged), (1, 100, 20));
        assert!((found.error_rate.estimate - 0.05).abs() < 1e-9);
        let share = found.flagged_share.unwrap();
        assert!((share.estimate, share.low, share.high) == (0.0, 0.0, 0.0), "nobody flagged any");
        // Nothing wrong was found: the rate may yet be above nothing, and there is no share.
        let found = estimate(&[week((0, 0, 0), (1_000, 30, 0))]).unwrap();
        assert_eq!((found.error_rate.estimate, found.error_rate.low), (0.0, 0.0));
        assert!(found.error_rate.high > 0.05 && found.flagged_share.is_none());
    }

    proptest::proptest! {
        #[test]
        fn an_interval_holds_its_estimate_and_stays_within_0_and_1(
            weeks in proptest::collection::vec(
                ((0i64..300, 0i64..300, 0i64..300), (0i64..9_000, 0i64..300, 0i64..300)), 1..6)
        ) {
            let cut = |(all, judged, wrong): (i64, i64, i64)| {
                let judged = judged.min(all);
                (all, judged, wrong.min(judged))
            };
            let weeks: Vec<Week> = weeks.into_iter().map(|(a, b)| week(cut(a), cut(b))).collect();
            if let Some(found) = estimate(&weeks) {
                for of in std::iter::once(found.error_rate).chain(found.flagged_share) {
                    proptest::prop_assert!(0.0 <= of.low && of.low <= of.estimate + 1e-9);
                    proptest::prop_assert!(of.estimate <= of.high + 1e-9 && of.high <= 1.0);
                }
            }
        }
    }
}
