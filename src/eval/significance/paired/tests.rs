//! Properties checked:
//! 1. Tests, effect sizes and margins are those of scipy and statsmodels, with and without
//!    families.
//! 2. Swapping the systems turns signs and keeps p; copies in a family change nothing.
//! 3. Rounding makes neither wins nor losses.
//! 4. Two systems that are alike are told apart no more often than the level (slow: more often).

#![expect(clippy::float_cmp, reason = "shares of the same counts")]

use proptest::prelude::*;
use serde::Deserialize;

use super::super::bootstrap::stream;
use super::super::{binomial_limit, power_of};
use super::*;
use crate::statistics::fixture::{near, part, slow};
use rand_chacha::rand_core::Rng;

#[derive(Deserialize)]
struct Case {
    families: Vec<u32>,
    baseline: Vec<f64>,
    system: Vec<f64>,
    difference: f64,
    deviation: f64,
    t: (f64, f64),
    effect: (f64, f64),
    wilcoxon: Option<(f64, f64)>,
    randomisation: Option<f64>,
    margin: (f64, f64, f64),
    skewness_corrected: (f64, f64),
}

impl Case {
    fn compare(&self, test: PrimaryTest) -> Paired {
        let names: Vec<String> = self.families.iter().map(u32::to_string).collect();
        let options = PairedOptions { margin: Some(self.margin.0), test, ..quick() };
        compare(&self.baseline, &self.system, &Families::of(&names), &options).unwrap()
    }
}

fn quick() -> PairedOptions {
    PairedOptions {
        bootstrap: Bootstrap { replicates: 200, ..Bootstrap::default() },
        permutations: 10_000,
        ..PairedOptions::default()
    }
}

#[test]
fn as_scipy_and_statsmodels() {
    for case in part::<Vec<Case>>("/paired") {
        let paired = case.compare(PrimaryTest::T);
        near(paired.difference.value, case.difference, 1e-12, 1e-15);
        near(paired.deviation.unwrap(), case.deviation, 1e-9, 0.0);
        let t = paired.t.unwrap();
        near(t.statistic, case.t.0, 1e-9, 0.0);
        near(t.p, case.t.1, 1e-9, 0.0);
        let effect = paired.effect.unwrap().interval.unwrap();
        near(effect.low, case.effect.0, 1e-9, 1e-11);
        near(effect.high, case.effect.1, 1e-9, 1e-11);
        let margin = paired.noninferiority.unwrap();
        near(margin.p_lower, case.margin.1.max(case.skewness_corrected.0), 1e-9, 0.0);
        near(margin.p_upper, case.margin.2.max(case.skewness_corrected.1), 1e-9, 0.0);
        let ranked = case.compare(PrimaryTest::Wilcoxon).noninferiority;
        assert_eq!(ranked, Some(margin), "Wilcoxon leaves non-inferiority to t");
        if let Some((statistic, p)) = case.wilcoxon {
            let wilcoxon = paired.wilcoxon.unwrap();
            near(wilcoxon.statistic, statistic, 1e-12, 0.0);
            near(wilcoxon.p, p, 1e-9, 0.0);
        }
        if let Some(p) = case.randomisation {
            near(paired.randomisation.p, p, 1e-12, 0.0);
            assert!(paired.exact);
        }
    }
}

#[test]
fn the_primary_test_is_the_one_named() {
    let case = &part::<Vec<Case>>("/paired")[21];
    let [randomisation, t, wilcoxon] =
        [PrimaryTest::Randomisation, PrimaryTest::T, PrimaryTest::Wilcoxon]
            .map(|test| case.compare(test));
    assert_eq!(randomisation.p.to_bits(), randomisation.randomisation.p.to_bits());
    assert_eq!(Some(t.p), t.t.map(|t| t.p));
    assert_eq!(Some(wilcoxon.p), wilcoxon.wilcoxon.map(|w| w.p));
    let lower = |paired: &Paired| paired.noninferiority.unwrap().p_lower;
    assert!(lower(&t) < 1e-20, "{}", lower(&t));
    assert_eq!(lower(&randomisation), 1.0 / 10_001.0);
    assert_eq!(PrimaryTest::Wilcoxon.to_string(), "wilcoxon");
    assert_eq!(serde_json::to_string(&PrimaryTest::T).unwrap(), "\"t\"");
}

#[test]
fn rounding_makes_neither_wins_nor_losses() {
    // (1 - .9) + (0 - .1) is 2.8e-17.
    let families = Families::of(&["a", "a", "b", "c"]);
    let paired =
        compare(&[0.9, 0.1, 0.5, 0.2], &[1.0, 0.0, 0.6, 0.2], &families, &quick()).unwrap();
    assert_eq!((paired.wins, paired.ties, paired.losses), (1, 2, 0));
    assert_eq!(paired.randomisation.p, 1.0);
}

#[test]
fn equal_systems() {
    let values = [0.1, 0.7, 0.3];
    let options = PairedOptions { margin: Some(0.01), ..quick() };
    let paired = compare(&values, &values, &Families::singletons(3), &options).unwrap();
    assert_eq!((paired.p, paired.difference.value, paired.ties), (1.0, 0.0, 3));
    assert_eq!((paired.t, paired.wilcoxon, paired.effect), (None, None, None));
    assert_eq!(paired.difference.interval, None);
    // Three families cannot show anything at .05: 1/8.
    assert_eq!(paired.noninferiority.unwrap().p_lower, 0.125);
    let ten = compare(&[0.5; 10], &[0.5; 10], &Families::singletons(10), &options).unwrap();
    assert!(ten.noninferiority.unwrap().equivalent);
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let check = |baseline: &[f64], system: &[f64], n: usize, expected: &SignificanceError| {
        let found = compare(baseline, system, &Families::singletons(n), &quick());
        assert_eq!(found.as_ref(), Err(expected));
    };
    let lengths = SignificanceError::Lengths { baseline: 1, system: 2, families: 2 };
    check(&[0.0], &[0.0, 1.0], 2, &lengths);
    check(&[], &[], 0, &SignificanceError::Empty);
    check(&[0.0, 0.0], &[0.0, f64::NAN], 2, &SignificanceError::NotFinite { topic: 1 });
    check(&[f64::INFINITY, 0.0], &[0.0, 0.0], 2, &SignificanceError::NotFinite { topic: 0 });
    let refuses = |options: &PairedOptions| {
        let found = compare(&[0.0], &[0.0], &Families::singletons(1), options);
        matches!(found, Err(SignificanceError::Option { .. }))
    };
    assert!(refuses(&PairedOptions { level: 1.0, ..quick() }));
    assert!(refuses(&PairedOptions { margin: Some(0.0), ..quick() }));
    let bootstrap = Bootstrap { level: f64::NAN, ..Bootstrap::default() };
    assert!(refuses(&PairedOptions { bootstrap, ..quick() }));
}

#[test]
fn the_reported_difference_and_the_tests_point_the_same_way() {
    // One family of fifty topics loses all of them, thirty single topics win a little.
    let mut names = vec!["big".to_owned(); 50];
    names.extend((0..30).map(|topic| topic.to_string()));
    let baseline = vec![0.5; 80];
    let system: Vec<f64> = (0..80).map(|topic| if topic < 50 { 0.0 } else { 0.55 }).collect();
    let paired = compare(&baseline, &system, &Families::of(&names), &quick()).unwrap();
    assert!(paired.difference.value < 0.0 && paired.t.unwrap().statistic < 0.0);
    assert!(paired.effect.unwrap().value < 0.0);
    assert!(paired.p > 0.5, "one family tells little: {}", paired.p);
    assert_eq!((paired.wins, paired.losses), (30, 1));
}

proptest! {
    #[test]
    fn swapping_the_systems_turns_the_signs(
        values in prop::collection::vec((0_u8..5, 0_u8..5), 2..30),
    ) {
        let baseline: Vec<f64> = values.iter().map(|v| f64::from(v.0) / 4.0).collect();
        let system: Vec<f64> = values.iter().map(|v| f64::from(v.1) / 4.0).collect();
        let families = Families::singletons(values.len());
        let options = PairedOptions { margin: Some(0.1), permutations: 1 << 9, ..quick() };
        let there = compare(&baseline, &system, &families, &options).unwrap();
        let back = compare(&system, &baseline, &families, &options).unwrap();
        prop_assert_eq!((there.wins, there.ties), (back.losses, back.ties));
        prop_assert!((there.difference.value + back.difference.value).abs() < 1e-15);
        prop_assert_eq!(there.t.map(|t| t.p), back.t.map(|t| t.p));
        prop_assert_eq!(there.wilcoxon.map(|w| w.p), back.wilcoxon.map(|w| w.p));
        let (a, b) = (there.noninferiority.unwrap(), back.noninferiority.unwrap());
        // Draws are not mirrored, counts are.
        let tolerance = if there.exact && values.len() < 10 { 0.0 } else { 0.12 };
        prop_assert!((there.p - back.p).abs() <= tolerance);
        prop_assert!((a.p_lower - b.p_upper).abs() <= tolerance);
    }

    #[test]
    fn copies_in_a_family_change_nothing(
        values in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 2..12), copies in 2_usize..4,
    ) {
        let baseline: Vec<f64> = values.iter().map(|v| v.0).collect();
        let system: Vec<f64> = values.iter().map(|v| v.1).collect();
        let alone = compare(&baseline, &system, &Families::singletons(values.len()), &quick()).unwrap();
        let repeat = |values: &[f64]| -> Vec<f64> {
            values.iter().flat_map(|v| vec![*v; copies]).collect()
        };
        let names: Vec<String> =
            (0..values.len() * copies).map(|topic| (topic / copies).to_string()).collect();
        let (baseline, system) = (repeat(&baseline), repeat(&system));
        let copied = compare(&baseline, &system, &Families::of(&names), &quick()).unwrap();
        prop_assert_eq!(copied.p.to_bits(), alone.p.to_bits());
        let p = |paired: &Paired| paired.t.map_or(1.0, |t| t.p);
        prop_assert!((p(&copied) - p(&alone)).abs() < 1e-9);
        let (a, b) = (alone.deviation.unwrap(), copied.deviation.unwrap());
        prop_assert!((a - b).abs() < 1e-12);
    }
}

/// Differences as retrieval has them: mostly none, else of any size to either side.
fn drawn(n: usize, shift: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut generator = stream(seed, 0);
    let mut share = || (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let topic = |_| {
        let (moves, baseline, other) = (share() < 0.4, share(), share());
        (baseline, if moves { other } else { baseline } + shift)
    };
    (0..n).map(topic).unzip()
}

/// How many of the comparisons reject at .05.
fn rejections(n: usize, shift: f64, simulations: u64, test: PrimaryTest) -> usize {
    let bootstrap = Bootstrap { replicates: 2, ..Bootstrap::default() };
    let options = PairedOptions { bootstrap, permutations: 2000, test, ..PairedOptions::default() };
    let rejected = (0..simulations).filter(|&seed| {
        let (baseline, system) = drawn(n, shift, seed);
        let options = PairedOptions { seed, ..options };
        compare(&baseline, &system, &Families::singletons(n), &options).unwrap().p <= 0.05
    });
    rejected.count()
}

#[test]
fn equal_systems_are_told_apart_no_more_often_than_the_level() {
    let simulations = if slow() { 5000 } else { 300 };
    let limit = binomial_limit(simulations, 0.05, 0.999);
    for test in [PrimaryTest::Randomisation, PrimaryTest::T, PrimaryTest::Wilcoxon] {
        let rejected = rejections(60, 0.0, simulations as u64, test);
        assert!(rejected <= limit, "{test}: {rejected} of {simulations}");
        assert!(rejected > 0, "{test} never rejects");
    }
}

/// How often a system is granted non-inferiority at .05 that is worse by exactly the margin, since
/// it loses `loss` on one family in ten.
fn granted(n: usize, simulations: u64, test: PrimaryTest) -> f64 {
    let options = PairedOptions {
        bootstrap: Bootstrap { replicates: 2, ..Bootstrap::default() },
        permutations: 1000,
        margin: Some(0.03),
        test,
        ..PairedOptions::default()
    };
    let passed = (0..simulations).filter(|&seed| {
        let mut generator = stream(seed, 7);
        let loses = |_| u8::from(generator.next_u32().is_multiple_of(10));
        let system: Vec<f64> = (0..n).map(loses).map(|l| 0.6 - 0.3 * f64::from(l)).collect();
        let options = PairedOptions { seed, ..options };
        let paired = compare(&vec![0.6; n], &system, &Families::singletons(n), &options).unwrap();
        paired.noninferiority.unwrap().noninferior
    });
    passed.count() as f64 / simulations as f64
}

#[test]
fn rare_large_losses_are_not_waved_through() {
    let simulations: u64 = if slow() { 4000 } else { 300 };
    let chance = 4.0 * (0.05 * 0.95 / simulations as f64).sqrt();
    for test in [PrimaryTest::Randomisation, PrimaryTest::T, PrimaryTest::Wilcoxon] {
        let share = granted(100, simulations, test);
        assert!(share <= 0.05 + chance, "{test}: {share}");
    }
}

#[test]
fn a_difference_is_found_as_often_as_was_said() {
    let simulations: u64 = if slow() { 5000 } else { 300 };
    let (n, shift) = (80, 0.08);
    let (baseline, system) = drawn(100_000, 0.0, 1);
    let spread = deviation(&baseline, &system, &Families::singletons(100_000)).unwrap().unwrap();
    let said = power_of(shift, spread, n, 0.05);
    assert!((0.6..0.95).contains(&said), "{said}");
    let chance = 4.0 * (said * (1.0 - said) / simulations as f64).sqrt();
    for test in [PrimaryTest::Randomisation, PrimaryTest::T] {
        let found = rejections(n, shift, simulations, test) as f64 / simulations as f64;
        near(found, said, 0.0, 0.02 + chance);
    }
}
