//! Properties of the summary:
//! 1. quantiles and distribution are those of all samples;
//! 2. independent samples get the exact interval of order statistics; samples that only repeat
//!    others, within a family or in time, do not narrow it;
//! 3. intervals cover as often as they say, families or not;
//! 4. no interval where the samples cannot bound the quantile.

#![expect(clippy::float_cmp, reason = "counts are whole numbers")]

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

use super::super::samples::{Load, LoadKind, Sample, WHOLE};
use super::*;

/// Samples of one stage, by round and topic.
fn samples_of(rounds: &[Vec<u64>]) -> Samples {
    let load = Load { kind: LoadKind::Closed, warm_up: 1, threads: 1 };
    let topics = rounds.first().map_or(0, Vec::len);
    let mut samples = Samples::new(load, (0..topics).map(|t| t.to_string()).collect());
    let mut request = 0;
    for (round, values) in (0..).zip(rounds) {
        for (topic, &nanoseconds) in (0..).zip(values) {
            let start = u64::from(request);
            let (thread, stage, intended) = (0, 0, start);
            let sample =
                Sample { request, topic, round, thread, stage, nanoseconds, intended, start };
            samples.push(sample, WHOLE);
            request += 1;
        }
    }
    samples
}

fn summary(rounds: &[Vec<u64>], families: &Families) -> Latency {
    let mut stages = summarise("d", "s", &samples_of(rounds), families, 0.95).unwrap();
    assert_eq!(stages.len(), 1);
    stages.remove(0)
}

fn interval(latency: &Latency, name: &str) -> Option<(f64, f64)> {
    let quantile = latency.quantiles.iter().find(|q| q.name == name).unwrap();
    quantile.interval.map(|i| (i.low, i.high))
}

/// Numbers 1 to `count` in an order without a pattern, as microseconds.
fn scattered(count: u64) -> Vec<u64> {
    let mut values: Vec<u64> = (1..=count).collect();
    values.sort_by_key(|v| v.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    values.into_iter().map(|v| v * 1000).collect()
}

#[test]
fn quantiles_are_those_of_all_samples() {
    let latency = summary(&[scattered(1000)], &Families::singletons(1000));
    let values: Vec<(&str, f64)> =
        latency.quantiles.iter().map(|q| (q.name.as_str(), q.microseconds)).collect();
    let expected =
        [("p50", 500.0), ("p90", 900.0), ("p95", 950.0), ("p99", 990.0), ("max", 1000.0)];
    assert_eq!(values, expected);
    assert_eq!(latency.cdf.len(), 101);
    assert_eq!((latency.cdf[0], latency.cdf[25], latency.cdf[100]), (1.0, 250.0, 1000.0));
    assert_eq!(latency.samples, 1000);
    assert_eq!(latency.load, "closed, warm (1 round), 1 thread");
    assert_eq!(interval(&latency, "max"), None);
}

#[test]
fn quantiles_agree_with_a_histogram_to_its_digits() {
    let samples = samples_of(&[scattered(5000)]);
    let histogram = histogram(&samples, WHOLE).unwrap();
    let latency = summary(&[scattered(5000)], &Families::singletons(5000));
    for quantile in &latency.quantiles[..4] {
        let share = quantile.name[1..].parse::<f64>().unwrap() / 100.0;
        let other = histogram.value_at_quantile(share) as f64 / 1000.0;
        let difference = (other / quantile.microseconds - 1.0).abs();
        assert!(difference < 1e-3, "{}: {other}", quantile.name);
    }
    let mut text = Vec::new();
    write_percentiles(&histogram, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().map(|cell| cell.parse().ok()).collect())
        .filter(|row: &Vec<f64>| !row.is_empty())
        .collect();
    assert!(rows.iter().all(|row| row.len() >= 3));
    assert!(rows.is_sorted_by(|one, next| one[..3].iter().zip(next).all(|(a, b)| a <= b)));
    assert_eq!(rows.last().unwrap()[2], 5000.0);
    assert!(text.contains("Total count    =         5000]"));
}

#[test]
fn a_stage_that_is_not_there_has_an_empty_histogram() {
    let histogram = histogram(&samples_of(&[vec![1]]), "dense").unwrap();
    assert_eq!(histogram.len(), 0);
    write_percentiles(&histogram, &mut Vec::new()).unwrap();
}

#[test]
fn independent_samples_get_nearly_the_exact_interval() {
    let latency = summary(&[scattered(2000)], &Families::singletons(2000));
    let sorted: Vec<f64> = (1..=2000).map(f64::from).collect();
    for (name, share) in QUANTILES {
        let exact = quantile_interval(&sorted, share, 0.95).unwrap();
        let (low, high) = interval(&latency, name).unwrap();
        let ratio = (high - low) / (exact.high - exact.low);
        // Blocks of scattered numbers resemble each other a little more or less by chance.
        assert!((0.95..1.35).contains(&ratio), "{name}: {ratio} times as wide");
    }
}

#[test]
fn repeating_topics_does_not_narrow_an_interval() {
    let once = summary(&[scattered(500)], &Families::singletons(500));
    let repeated = summary(&vec![scattered(500); 10], &Families::singletons(500));
    for name in ["p50", "p90", "p95"] {
        let (low, high) = interval(&once, name).unwrap();
        let (again_low, again_high) = interval(&repeated, name).unwrap();
        let ratio = (again_high - again_low) / (high - low);
        assert!(ratio > 0.85, "{name}: {ratio} times as wide");
    }
    // 3,000 samples, but of 300 topics: they cannot bound the 99th percentile.
    let repeated = summary(&vec![scattered(300); 10], &Families::singletons(300));
    assert_eq!(interval(&repeated, "p99"), None);
    assert!(interval(&repeated, "p50").is_some());
}

#[test]
fn topics_of_one_family_count_as_one() {
    let topics: Vec<u64> = scattered(400).into_iter().flat_map(|v| [v; 5]).collect();
    let names: Vec<String> = (0..2000).map(|topic| (topic / 5).to_string()).collect();
    let latency = summary(&[topics], &Families::of(&names));
    let alone = summary(&[scattered(400)], &Families::singletons(400));
    let width = |latency| interval(latency, "p90").map(|(low, high)| high - low).unwrap();
    assert!(width(&latency) > 0.85 * width(&alone));
    assert_eq!(interval(&latency, "p99").is_some(), interval(&alone, "p99").is_some());
}

#[test]
fn a_stall_of_many_requests_counts_as_few() {
    // 4,000 requests; four stalls of 20 requests each make the slowest 2 %.
    let mut values = vec![1_000; 4000];
    for stall in [300, 1300, 2300, 3300] {
        for (place, value) in values[stall..stall + 20].iter_mut().enumerate() {
            *value = 100_000 - 1_000 * place as u64;
        }
    }
    let stalled = summary(&[values.clone()], &Families::singletons(4000));
    values.sort_by_key(|v| v.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7);
    let mut spread = vec![0; 4000];
    for (place, value) in values.into_iter().enumerate() {
        spread[place * 1231 % 4000] = value;
    }
    let spread = summary(&[spread], &Families::singletons(4000));
    let (low, high) = interval(&spread, "p99").unwrap();
    let (stalled_low, stalled_high) = interval(&stalled, "p99").unwrap();
    assert!(stalled_low < low && stalled_high > high);
    // Four stalls cannot tell whether the quantile is touched by one at all.
    assert_eq!(stalled_low, 1.0);
    assert!(low > 80.0, "{low}");
}

#[test]
fn too_few_samples_no_interval() {
    let check = |count: u64, name: &str, expect: bool| {
        let latency = summary(&[scattered(count)], &Families::singletons(count as usize));
        assert_eq!(interval(&latency, name).is_some(), expect, "{name} of {count}");
    };
    // 1 - .99^n exceeds .975 from n = 368 on.
    check(300, "p99", false);
    check(2000, "p99", true);
    check(3, "p50", false);
    check(40, "p50", true);
    check(1, "p50", false);
}

#[test]
fn no_samples_no_stages() {
    let none = summarise("d", "s", &samples_of(&[]), &Families::singletons(0), 0.95).unwrap();
    assert!(none.is_empty());
}

#[test]
fn families_must_be_those_of_the_topics() {
    let error = summarise("d", "s", &samples_of(&[vec![1, 2]]), &Families::singletons(3), 0.95);
    assert!(matches!(error, Err(LatencyError::Families { topics: 2, families: 3 })));
}

/// Intervals of the 90th percentile of exp(topic + noise), both normal, against the true one.
fn coverage(topics: usize, rounds: usize, topic_deviation: f64, simulations: u64) -> f64 {
    let noise_deviation = (1.0 - topic_deviation * topic_deviation).sqrt();
    let truth = 1.281_551_565_544_600_4_f64.exp() * 1000.0;
    let covered = (0..simulations).filter(|&seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let effects: Vec<f64> = (0..topics).map(|_| normal(&mut random)).collect();
        let rounds: Vec<Vec<u64>> = (0..rounds)
            .map(|_| {
                let one = |effect: &f64| {
                    let log = topic_deviation * effect + noise_deviation * normal(&mut random);
                    Duration::from_secs_f64(log.exp() / 1000.0).as_nanos() as u64
                };
                effects.iter().map(one).collect()
            })
            .collect();
        let latency = summary(&rounds, &Families::singletons(topics));
        interval(&latency, "p90").is_some_and(|(low, high)| low <= truth && truth <= high)
    });
    covered.count() as f64 / simulations as f64
}

/// Box and Muller, 1958.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (one, other): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

#[test]
fn intervals_cover_as_often_as_they_say() {
    // 95 % of 400, less three and a half standard errors.
    for (topics, rounds, topic_deviation) in [(300, 1, 0.0), (150, 6, 0.9), (150, 6, 0.3)] {
        let share = coverage(topics, rounds, topic_deviation, 400);
        assert!(share > 0.912, "{topics} topics, {rounds} rounds: {share}");
    }
}
