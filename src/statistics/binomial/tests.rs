//! Properties checked:
//! 1. Intervals, tails and limits are scipy's; of tails and limits that certificates need, 12 digits
//!    of scipy's and of what mpmath says to many.
//! 2. Exact intervals and intervals of quantiles cover at least as often as they say.

use proptest::prelude::*;

use super::super::fixture::{near, part, part_of};
use super::*;

#[test]
fn intervals_of_shares_as_scipy() {
    type Row = (usize, usize, f64, f64, f64, f64, f64);
    for (k, n, level, low, high, score_low, score_high) in part::<Vec<Row>>("/binomial/shares") {
        let exact = clopper_pearson(k, n, level);
        near(exact.low, low, 1e-9, 0.0);
        near(exact.high, high, 1e-9, 0.0);
        let score = wilson(k, n, level);
        near(score.low, score_low, 1e-10, 1e-15);
        near(score.high, score_high, 1e-10, 0.0);
    }
}

#[test]
fn tails_and_limits_as_scipy() {
    for (k, n, p, at_most, at_least) in
        part::<Vec<(usize, usize, f64, f64, f64)>>("/binomial/tails")
    {
        near(binomial_at_most(k, n, p), at_most, 1e-9, 0.0);
        near(binomial_at_least(k, n, p), at_least, 1e-9, 0.0);
    }
    for (n, p, level, limit) in part::<Vec<(usize, f64, f64, usize)>>("/binomial/limits") {
        assert_eq!(binomial_limit(n, p, level), limit, "{n} at {p}, {level}");
    }
}

#[test]
fn tails_of_certificates_to_twelve_digits() {
    let rows: Vec<(usize, usize, f64, f64, f64)> = part_of("certificate.json", "/binomial/tails");
    assert!(rows.len() > 100);
    for (k, n, alpha, scipy, exact) in rows {
        let found = binomial_at_most(k, n, alpha);
        near(found, scipy, 1e-12, 0.0);
        near(found, exact, 1e-12, 0.0);
    }
}

#[test]
fn limits_of_certificates_to_twelve_digits() {
    type Row = (usize, usize, f64, f64, f64, f64, f64);
    let rows: Vec<Row> = part_of("certificate.json", "/binomial/limits");
    assert!(rows.len() > 50);
    for (k, n, delta, scipy_lower, lower, scipy_upper, upper) in rows {
        let found = clopper_pearson_lower(k, n, 1.0 - delta);
        near(found, scipy_lower, 1e-12, 0.0);
        near(found, lower, 1e-12, 0.0);
        let found = clopper_pearson_upper(k, n, 1.0 - delta);
        near(found, scipy_upper, 1e-12, 0.0);
        near(found, upper, 1e-12, 0.0);
    }
}

#[test]
fn intervals_of_quantiles_as_scipy() {
    type Row = (usize, f64, f64, Option<f64>, Option<f64>);
    for (n, q, level, low, high) in part::<Vec<Row>>("/binomial/quantiles") {
        let sorted: Vec<f64> = (1..=n).map(|value| value as f64).collect();
        let found = quantile_interval(&sorted, q, level).map(|i| (i.low, i.high));
        assert_eq!(found, low.zip(high), "{n} values, quantile {q} at {level}");
    }
}

#[test]
fn nothing_seen_says_nothing() {
    assert_eq!(clopper_pearson(0, 0, 0.9), Interval { low: 0.0, high: 1.0, level: 0.9 });
    assert_eq!(wilson(0, 0, 0.9), Interval { low: 0.0, high: 1.0, level: 0.9 });
    assert_eq!(quantile_interval(&[], 0.5, 0.9), None);
    assert_eq!(quantile_interval(&[1.0; 99], 0.0, 0.9), None);
    assert_eq!(quantile_interval(&[1.0; 99], 0.5, 1.0), None);
}

#[test]
fn the_rule_of_three() {
    // 1 - .05^(1/n): about 3/n.
    near(clopper_pearson_upper(0, 149, 0.95), 1.0 - 0.05_f64.powf(1.0 / 149.0), 1e-13, 0.0);
    assert!(clopper_pearson_upper(0, 149, 0.95) < 0.02);
    assert!(clopper_pearson_upper(0, 148, 0.95) > 0.02);
    near(clopper_pearson_lower(20, 20, 0.95), 0.05_f64.powf(1.0 / 20.0), 1e-13, 0.0);
}

fn probability(n: usize, p: f64, k: usize) -> f64 {
    (0..k).fold((1.0 - p).powf(n as f64), |chance, i| {
        chance * (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p)
    })
}

proptest! {
    #[test]
    fn tails_are_sums(n in 1_usize..60, p in 0.01..0.99_f64, seed in any::<usize>()) {
        let k = seed % (n + 1);
        let at_most: f64 = (0..=k).map(|k| probability(n, p, k)).sum();
        let at_least: f64 = (k..=n).map(|k| probability(n, p, k)).sum();
        near(binomial_at_most(k, n, p), at_most, 1e-10, 1e-300);
        near(binomial_at_least(k, n, p), at_least, 1e-10, 1e-300);
    }

    #[test]
    fn exact_intervals_miss_on_each_side_no_more_often_than_they_say(
        n in 1_usize..60, p in 0.001..0.999_f64, level in 0.5..0.99_f64,
    ) {
        let intervals = (0..=n).map(|k| (k, clopper_pearson(k, n, level)));
        let above: f64 = intervals.clone().filter(|(_, i)| i.low > p).map(|(k, _)| probability(n, p, k)).sum();
        let below: f64 = intervals.filter(|(_, i)| i.high < p).map(|(k, _)| probability(n, p, k)).sum();
        prop_assert!(above.max(below) <= (1.0 - level) / 2.0 + 1e-9);
    }

    #[test]
    fn quantile_intervals_miss_on_each_side_no_more_often_than_they_say(
        n in 1_usize..200, q in 0.01..0.99_f64, level in 0.5..0.99_f64,
    ) {
        let ranks: Vec<f64> = (1..=n).map(|rank| rank as f64).collect();
        let rank_of = |value: f64| ranks.partition_point(|rank| *rank < value) + 1;
        let tail = (1.0 - level) / 2.0;
        let Some(interval) = quantile_interval(&ranks, q, level) else {
            // Even the smallest or greatest value is on the wrong side too often.
            let (all, none) = (binomial_at_least(n, n, q), binomial_at_most(0, n, q));
            prop_assert!(all > tail || none > tail);
            return Ok(());
        };
        let (low, high) = (rank_of(interval.low), rank_of(interval.high));
        prop_assert!(binomial_at_most(low - 1, n, q) <= tail && binomial_at_most(low, n, q) > tail);
        prop_assert!(binomial_at_least(high, n, q) <= tail && binomial_at_least(high - 1, n, q) > tail);
    }
}
