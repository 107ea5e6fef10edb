//! Alpha against worked examples, and against its definition.

use super::*;

/// Turns one line of values a judge into units; `.` and `*` are missing.
fn units(judges: &[&str]) -> Vec<Unit> {
    let lines: Vec<Vec<&str>> =
        judges.iter().map(|line| line.split_whitespace().collect()).collect();
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let value = |text: &&str| {
        let letter = text.chars().next().filter(|letter| !matches!(letter, '.' | '*'))?;
        Some(letter as usize - '0' as usize)
    };
    (0..count)
        .map(|n| lines.iter().filter_map(|line| line.get(n).and_then(value)).collect())
        .collect()
}

fn thousandths(alpha: Option<f64>) -> Option<f64> {
    alpha.map(|alpha| (alpha * 1_000.0).round() / 1_000.0)
}

#[test]
fn alpha_is_as_in_the_worked_examples_of_krippendorff() {
    // Computing Krippendorff's Alpha-Reliability (2011): A, B and C.
    let binary = units(&["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]);
    assert_eq!(thousandths(alpha(&binary)), Some(0.095));
    let nominal = units(&["a a b b d c c c e d d a", "b a b b b c c c e d d d"]);
    assert_eq!(thousandths(alpha(&nominal)), Some(0.692));
    let gaps = units(&[
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]);
    assert_eq!(thousandths(alpha(&gaps)), Some(0.743));
}

#[test]
fn alpha_is_as_in_the_example_of_the_package() {
    let given = units(&[
        "* * * * * 3 4 1 2 1 1 3 3 * 3",
        "1 * 2 1 3 3 4 3 * * * * * * *",
        "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
    ]);
    let found = alpha(&given).unwrap_or_default();
    assert!((found - 0.691_358_024_691_358).abs() < 1e-12, "{found}");
}

#[test]
fn where_nothing_varies_there_is_no_alpha() {
    assert_eq!(alpha(&[]), None);
    assert_eq!(alpha(&[vec![1], vec![2]]), None, "nobody judged what another did");
    let same = vec![vec![3, 3], vec![3, 3, 3]];
    assert_eq!((alpha(&same), raw(&same), interval(&same)), (None, Some(1.0), None));
    assert_eq!(raw(&[vec![1]]), None);
    assert_eq!(raw(&[vec![1, 1, 2], vec![1, 1]]), Some(0.5));
}

#[test]
fn an_interval_holds_alpha_and_is_the_same_each_time() {
    let given: Vec<Unit> =
        (0..200).map(|n| vec![n % 4, if n % 7 == 0 { 0 } else { n % 4 }]).collect();
    let (low, high) = interval(&given).unwrap_or_default();
    let middle = alpha(&given).unwrap_or_default();
    assert!(low < middle && middle < high && high - low < 0.2, "{low} {middle} {high}");
    assert_eq!(interval(&given), Some((low, high)));
}

proptest::proptest! {
    /// As the definition has it, with every pair of values of a unit and of all units written out.
    #[test]
    fn alpha_is_one_less_observed_by_expected_disagreement(
        given in proptest::collection::vec(proptest::collection::vec(0usize..4, 0..5), 0..20),
    ) {
        let shared: Vec<&Unit> = given.iter().filter(|unit| unit.len() > 1).collect();
        let all: Vec<usize> = shared.iter().flat_map(|unit| unit.iter().copied()).collect();
        let pairs = |values: &[usize]| -> f64 {
            let mut differing = 0.0;
            for (n, a) in values.iter().enumerate() {
                for (k, b) in values.iter().enumerate() {
                    differing += if n != k && a != b { 1.0 } else { 0.0 };
                }
            }
            differing
        };
        let n = number(all.len());
        let observed: f64 = shared.iter().map(|unit| pairs(unit) / number(unit.len() - 1)).sum();
        let expected = pairs(&all);
        let wanted = (expected > 0.0).then(|| 1.0 - (observed / n) / (expected / (n * (n - 1.0))));
        match (alpha(&given), wanted) {
            (Some(found), Some(wanted)) => proptest::prop_assert!((found - wanted).abs() < 1e-9),
            (found, wanted) => proptest::prop_assert_eq!(found, wanted),
        }
    }

    /// What values are called, and in which order units come, changes nothing.
    #[test]
    fn alpha_knows_no_names_and_no_order(
        given in proptest::collection::vec(proptest::collection::vec(0usize..4, 0..5), 0..20),
    ) {
        let renamed: Vec<Unit> = given.iter().rev()
            .map(|unit| unit.iter().rev().map(|value| 7 - value).collect()).collect();
        match (alpha(&given), alpha(&renamed)) {
            (Some(a), Some(b)) => proptest::prop_assert!((a - b).abs() < 1e-12),
            (a, b) => proptest::prop_assert_eq!(a, b),
        }
        proptest::prop_assert_eq!(raw(&given), raw(&renamed));
    }
}
