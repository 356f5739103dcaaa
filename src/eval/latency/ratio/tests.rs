//! Properties of the ratio test:
//! 1. the walk down the tail finds the quantiles that sorting finds, swapped or not;
//! 2. equal systems are called worse, and systems worse by the margin not worse, no more often
//!    than the level says; an injected slowdown is found about as often as predicted beforehand;
//! 3. p agrees with full enumeration; the interval holds exactly the ratios that are not rejected;
//! 4. units do not matter, nor do threads; exchanging the systems inverts the ratio.

#![expect(clippy::float_cmp, reason = "the same numbers by another way")]

use proptest::prelude::*;

use super::*;

const QUICK: RatioOptions =
    RatioOptions { quantile: 0.99, margin: 1.2, permutations: 199, level: 0.9, seed: 3 };

/// Latencies of some topics in some rounds: a topic's own size, then noise with a tail.
fn latencies(random: &mut ChaCha8Rng, sizes: &[f64], rounds: usize, factor: f64) -> Vec<Vec<f64>> {
    sizes
        .iter()
        .map(|size| {
            let one = |_| factor * size * (1.0 + 0.15 * -(1.0 - random.random::<f64>()).ln());
            (0..rounds).map(one).collect()
        })
        .collect()
}

fn pair(seed: u64, topics: usize, rounds: usize, factor: f64) -> [Vec<Vec<f64>>; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let sizes: Vec<f64> = (0..topics).map(|_| 1000.0 + 100.0 * random.random::<f64>()).collect();
    [1.0, factor].map(|factor| latencies(&mut random, &sizes, rounds, factor))
}

fn rejections(count: u64, passes: impl Fn(u64) -> bool + Sync) -> usize {
    (0..count).into_par_iter().filter(|&seed| passes(seed)).count()
}

fn by_sorting(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[nearest_rank(share, values.len()) - 1]
}

proptest! {
    #[test]
    fn the_walk_finds_what_sorting_finds(
        samples in prop::collection::vec(
            (prop::collection::vec(1_u16..50, 1..6), prop::collection::vec(1_u16..50, 1..6), 0_u8..5),
            1..80,
        ),
        share in 0.01_f64..1.0,
        seed: u64,
    ) {
        let floats = |list: &[u16]| -> Vec<f64> { list.iter().copied().map(f64::from).collect() };
        let a: Vec<Vec<f64>> = samples.iter().map(|s| floats(&s.0)).collect();
        let b: Vec<Vec<f64>> = samples.iter().map(|s| floats(&s.1)).collect();
        let names: Vec<String> = samples.iter().map(|s| s.2.to_string()).collect();
        let families = Families::of(&names);
        let mut coins = Coins::new(families.n());
        coins.toss(seed, Purpose::Permutation, 0);
        let pool = Pool::new(&Sides::new(&a, &b, &families).unwrap(), share, 0.0);
        let mut swapped = [Vec::new(), Vec::new()];
        for ((a, b), &family) in a.iter().zip(&b).zip(families.index()) {
            let side = coins.of(family);
            swapped[side].extend(a);
            swapped[1 - side].extend(b);
        }
        let found = pool.quantiles(&coins);
        for (found, values) in found.into_iter().zip(&mut swapped) {
            prop_assert_eq!(found, by_sorting(values, share).ln());
        }
    }

    #[test]
    fn exchanging_the_systems_inverts_the_ratio(seed: u64, factor in 0.7_f64..1.4) {
        let [a, b] = pair(seed, 30, 3, factor);
        let families = Families::singletons(30);
        let there = quantile_ratio_test(&a, &b, &families, &QUICK).unwrap();
        let back = quantile_ratio_test(&b, &a, &families, &QUICK).unwrap();
        prop_assert!((there.ratio * back.ratio - 1.0).abs() < 1e-12);
        let (there, back) = (there.interval.unwrap(), back.interval.unwrap());
        prop_assert!((there.low * back.high - 1.0).abs() < 1e-3);
        prop_assert!((there.high * back.low - 1.0).abs() < 1e-3);
    }
}

#[test]
fn units_do_not_matter() {
    let [a, b] = pair(1, 40, 4, 1.1);
    // A power of two keeps every digit.
    let scaled = |lists: &[Vec<f64>]| -> Vec<Vec<f64>> {
        lists.iter().map(|list| list.iter().map(|v| v * 1024.0).collect()).collect()
    };
    let families = Families::singletons(40);
    let one = quantile_ratio_test(&a, &b, &families, &QUICK).unwrap();
    let other = quantile_ratio_test(&scaled(&a), &scaled(&b), &families, &QUICK).unwrap();
    assert_eq!((one.p_worse, one.p_noninferior), (other.p_worse, other.p_noninferior));
    assert!((one.ratio / other.ratio - 1.0).abs() < 1e-12);
}

#[test]
fn a_clear_difference_is_clear_and_equality_is_not_called_one() {
    let families = Families::singletons(60);
    let [a, b] = pair(5, 60, 5, 1.5);
    let slower = quantile_ratio_test(&a, &b, &families, &QUICK).unwrap();
    assert_eq!(slower.p_worse, 1.0 / 200.0);
    assert!(slower.p_noninferior > 0.9);
    assert!(slower.interval.unwrap().low > 1.2);
    let faster = quantile_ratio_test(&b, &a, &families, &QUICK).unwrap();
    assert_eq!(faster.p_noninferior, 1.0 / 200.0);
    assert!(faster.p_worse > 0.9);
    let same = quantile_ratio_test(&a, &a, &families, &QUICK).unwrap();
    assert_eq!((same.ratio, same.p_worse), (1.0, 1.0));
    assert_eq!(same.samples, (300, 300));
}

#[test]
fn topics_of_one_family_are_one_observation() {
    let [a, b] = pair(5, 60, 5, 1.5);
    // Three families: of eight ways to swap, one is as extreme.
    let names: Vec<String> = (0..60).map(|topic| (topic % 3).to_string()).collect();
    let options = RatioOptions { permutations: 20_000, ..QUICK };
    let test = quantile_ratio_test(&a, &b, &Families::of(&names), &options).unwrap();
    assert_eq!(test.families, 3);
    assert!((test.p_worse - 0.125).abs() < 0.01, "{}", test.p_worse);
    assert_eq!(test.interval, None);
}

#[test]
fn p_agrees_with_full_enumeration() {
    let families = Families::singletons(8);
    for seed in 0..5 {
        let [a, b] = pair(seed, 8, 3, 1.04);
        let pool = Pool::new(&Sides::new(&a, &b, &families).unwrap(), 0.9, 0.0);
        let statistic = |swaps: u64| {
            let [low, high] = pool.quantiles(&Coins(vec![swaps]));
            high - low
        };
        let exact = (0..256).filter(|&s| statistic(s) >= statistic(0)).count() as f64 / 256.0;
        let options = RatioOptions { permutations: 20_000, quantile: 0.9, ..QUICK };
        let drawn = quantile_ratio_test(&a, &b, &families, &options).unwrap().p_worse;
        // Four standard errors of a share of 20,000.
        assert!((drawn - exact).abs() < 0.015, "{drawn} for {exact}");
    }
}

#[test]
fn the_interval_ends_where_the_tests_begin_to_reject() {
    let [a, b] = pair(9, 50, 4, 1.1);
    let families = Families::singletons(50);
    let options = RatioOptions { permutations: 999, ..QUICK };
    let interval = quantile_ratio_test(&a, &b, &families, &options).unwrap().interval.unwrap();
    let alpha = (1.0 - options.level) / 2.0;
    for (margin, noninferior) in [(interval.high * 1.002, true), (interval.high * 0.998, false)] {
        let options = RatioOptions { margin, ..options };
        let p = quantile_ratio_test(&a, &b, &families, &options).unwrap().p_noninferior;
        assert_eq!(p <= alpha, noninferior, "margin {margin}: {p}");
    }
}

#[test]
fn threads_do_not_matter() {
    let [a, b] = pair(2, 130, 2, 1.05);
    let families = Families::singletons(130);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let test = quantile_ratio_test(&a, &b, &families, &QUICK).unwrap();
            let power = outcomes(&a, &b, &families, 1.2, 0.05, 40, &QUICK).unwrap();
            (test, power)
        })
    };
    assert_eq!(run(1), run(3));
}

/// Upper 99 % limit of a binomial count, by the normal approximation with a correction.
fn limit(count: f64, share: f64) -> f64 {
    count * share + 2.326 * (count * share * (1.0 - share)).sqrt() + 0.5
}

#[test]
fn false_alarms_keep_to_the_level() {
    let runs = 500_u64;
    let families = Families::singletons(40);
    let most = limit(runs as f64, 0.05);
    for quantile in [0.99, 0.5] {
        let options = RatioOptions { quantile, ..QUICK };
        let equal = rejections(runs, |seed| {
            let [a, b] = pair(seed, 40, 3, 1.0);
            let sides = Sides::new(&a, &b, &families).unwrap();
            Pool::new(&sides, quantile, 0.0).test(options.permutations, seed).slower <= 0.05
        });
        assert!(equal as f64 <= most, "{equal} of {runs} equal systems called worse");
        assert!(equal > 5, "{equal} of {runs}: a test that never rejects tests nothing");
        let at_the_margin = rejections(runs, |seed| {
            let [a, b] = pair(seed, 40, 3, options.margin);
            let sides = Sides::new(&a, &b, &families).unwrap();
            let pool = Pool::new(&sides, quantile, options.margin.ln());
            pool.test(options.permutations, seed).faster <= 0.05
        });
        assert!(at_the_margin as f64 <= most, "{at_the_margin} of {runs} at the margin passed");
        assert!(at_the_margin > 5, "{at_the_margin} of {runs}");
    }
}

#[test]
fn a_slowdown_is_found_as_often_as_was_predicted() {
    let families = Families::singletons(60);
    for (quantile, factor) in [(0.99, 1.1), (0.99, 1.2), (0.5, 1.03)] {
        let options = RatioOptions { quantile, ..QUICK };
        // What pilots of equal systems promise; one alone is off by .15 with 240 samples.
        let pilots = 60;
        let promised: f64 = (0..pilots)
            .into_par_iter()
            .map(|seed| {
                let [a, b] = pair(10_000 + seed, 60, 4, 1.0);
                outcomes(&a, &b, &families, factor, 0.05, 60, &options).unwrap().worse
            })
            .collect::<Vec<f64>>()
            .into_iter()
            .sum::<f64>()
            / pilots as f64;
        let runs = 600;
        let found = rejections(runs, |seed| {
            let [a, b] = pair(seed, 60, 4, factor);
            let sides = Sides::new(&a, &b, &families).unwrap();
            Pool::new(&sides, quantile, 0.0).test(options.permutations, seed).slower <= 0.05
        }) as f64
            / runs as f64;
        // Three and a half standard errors of both.
        let difference = found - promised;
        assert!(difference.abs() < 0.1, "{quantile}, {factor}: {promised} promised, {found} found");
    }
}

#[test]
fn blinding_hides_a_difference() {
    let families = Families::singletons(60);
    let [a, b] = pair(4, 60, 4, 1.0);
    let equal = outcomes(&a, &b, &families, 1.0, 0.05, 200, &QUICK).unwrap();
    assert!(equal.worse < 0.11, "{}", equal.worse);
    let [a, b] = pair(4, 60, 4, 1.3);
    let blinded = outcomes(&a, &b, &families, 1.0, 0.05, 200, &QUICK).unwrap();
    assert!(blinded.worse < 0.11, "{}", blinded.worse);
    assert!(blinded.noninferior <= equal.noninferior);
}

#[test]
fn what_cannot_be_tested_is_an_error() {
    let families = Families::singletons(1);
    let one = [vec![1.0]];
    let check = |a: &[Vec<f64>], b: &[Vec<f64>], options: &RatioOptions, expect: &str| {
        let error = quantile_ratio_test(a, b, &families, options).unwrap_err().to_string();
        assert_eq!(error, expect);
    };
    check(
        &[],
        &one,
        &QUICK,
        "the baseline was asked 0 topics, the system 1: they must be the same",
    );
    check(&[], &[], &QUICK, "0 topics were measured, but families are given for 1");
    check(&one, &[vec![]], &QUICK, "topic 0 has no sample of one of the systems");
    let zero = "topic 0: a latency must be a positive number, not 0";
    check(&one, &[vec![0.0]], &QUICK, zero);
    let nan = "topic 0: a latency must be a positive number, not NaN";
    check(&one, &[vec![f64::NAN]], &QUICK, nan);
    let options = RatioOptions { margin: 1.0, ..QUICK };
    check(&one, &one, &options, "margin must lie in (1, ∞), not at 1");
    let options = RatioOptions { quantile: 0.0, ..QUICK };
    check(&one, &one, &options, "quantile must lie in (0, 1], not at 0");
    let none = Families::singletons(0);
    let error = quantile_ratio_test(&[], &[], &none, &QUICK).unwrap_err();
    assert!(matches!(error, LatencyError::NoTopic));
}
