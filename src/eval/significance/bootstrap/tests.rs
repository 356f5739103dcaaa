//! Properties checked:
//! 1. From the same replicates, BCa ends are scipy's.
//! 2. The fast path for means says what the general one says.
//! 3. Paraphrases in a family do not narrow an interval; the same draws at any thread count.
//! 4. Degenerate samples have no interval rather than a narrow one.
//! 5. Intervals cover about as often as they say (slow).

#![expect(clippy::float_cmp, reason = "means of equal values are exact")]

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::statistics::fixture::{near, part, slow};

fn quick(seed: u64) -> Bootstrap {
    Bootstrap { replicates: 400, seed, ..Bootstrap::default() }
}

fn weighted_mean(values: &[f64], counts: &[u32]) -> f64 {
    let sum: f64 = values.iter().zip(counts).map(|(v, c)| v * f64::from(*c)).sum();
    sum / counts.iter().map(|c| f64::from(*c)).sum::<f64>()
}

fn width(estimate: &Estimate) -> f64 {
    estimate.interval.map(|i| i.high - i.low).unwrap()
}

#[test]
fn ends_from_the_same_replicates_as_scipy() {
    for case in part::<Vec<Value>>("/bca") {
        let list = |name: &str| -> Vec<f64> { serde_json::from_value(case[name].clone()).unwrap() };
        let (first, second) = (list("first"), list("second"));
        let is_mean = case["figure"] == "mean";
        let statistic = |counts: &[u32]| {
            if is_mean {
                return weighted_mean(&first, counts);
            }
            let counted = second.iter().zip(counts).map(|(s, c)| s * f64::from(*c));
            let sum: f64 = counted.clone().sum();
            counted.zip(&first).map(|(s, f)| s * f).sum::<f64>() / sum
        };
        let families = Families::singletons(first.len());
        let value = statistic(&vec![1; first.len()]);
        let level = case["level"].as_f64().unwrap();
        let left_out = || jackknife(&families, &statistic);
        let mut replicates = list("replicates");
        replicates.sort_by(f64::total_cmp);
        let bias = bias_correction(value, &replicates);
        // scipy has Efron's normal quantile, not widened.
        let reach = normal_quantile(f64::midpoint(1.0, level));
        let interval =
            corrected_percentiles(&replicates, bias, acceleration(&left_out()), reach, level);
        let expected = list("interval");
        near(interval.low, expected[0], 1e-9, 0.0);
        near(interval.high, expected[1], 1e-9, 0.0);
    }
}

#[test]
fn few_families_widen_the_interval() {
    near(small_sample_reach(10, 0.95), (10.0_f64 / 9.0).sqrt() * 2.262_157_162_74, 1e-9, 0.0);
    near(small_sample_reach(100_000, 0.95), normal_quantile(0.975), 1e-4, 0.0);
}

#[test]
fn numbers_below_n_are_equally_likely() {
    let mut generator = stream(1, 0);
    let mut seen = [0_u32; 7];
    for _ in 0..70_000 {
        seen[below(&mut generator, 7) as usize] += 1;
    }
    // Six degrees of freedom: 27.9 is passed once in ten thousand.
    let chi: f64 = seen.iter().map(|&k| (f64::from(k) - 1e4).powi(2) / 1e4).sum();
    assert!(chi < 27.9, "{seen:?}");
}

#[test]
fn the_same_bits_at_any_thread_count() {
    let values: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101) / 101.0).collect();
    let names: Vec<String> = (0..300).map(|i| (i / 2).to_string()).collect();
    let families = Families::of(&names);
    let estimates = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let general = bca(&families, &|counts| weighted_mean(&values, counts), &quick(1));
            (general, mean(&values, &families, &quick(1)))
        })
    };
    let (one, many) = (estimates(1), estimates(5));
    assert_eq!(one, many);
    assert_ne!(one.1, mean(&values, &families, &quick(2)));
}

#[test]
fn copies_in_a_family_leave_the_interval_as_it_is() {
    let values: Vec<f64> = (0..60).map(|i| f64::from(i * 13 % 17) / 17.0).collect();
    let alone = mean(&values, &Families::singletons(60), &quick(1));
    let copied: Vec<f64> = values.iter().flat_map(|v| [*v; 5]).collect();
    let names: Vec<String> = (0..300).map(|topic| (topic / 5).to_string()).collect();
    let in_families = mean(&copied, &Families::of(&names), &quick(1));
    near(width(&in_families), width(&alone), 1e-9, 0.0);
    assert_eq!((in_families.n, in_families.n_topics), (60, 300));
    // Counted as topics of their own, they would have looked like news.
    let as_topics = mean(&copied, &Families::singletons(300), &quick(1));
    assert!(width(&as_topics) < 0.6 * width(&alone));
}

#[test]
fn degenerate_samples_have_no_interval() {
    let check = |values: &[f64], families: &Families, options: &Bootstrap| {
        let estimate = mean(values, families, options);
        assert_eq!(estimate.interval, None);
        let general = bca(families, &|counts| weighted_mean(values, counts), options);
        assert_eq!(general.interval, None);
        estimate.value
    };
    assert!(check(&[], &Families::singletons(0), &quick(1)).is_nan());
    assert_eq!(check(&[0.5], &Families::singletons(1), &quick(1)), 0.5);
    assert_eq!(check(&[0.0, 1.0], &Families::of(&["a", "a"]), &quick(1)), 0.5);
    assert_eq!(check(&[1.0; 40], &Families::singletons(40), &quick(1)), 1.0);
    assert!(check(&[0.0, f64::NAN], &Families::singletons(2), &quick(1)).is_nan());
    for level in [0.0, 1.0, f64::NAN] {
        let options = Bootstrap { level, ..quick(1) };
        check(&[0.0, 1.0], &Families::singletons(2), &options);
    }
    check(&[0.0, 1.0], &Families::singletons(2), &Bootstrap { replicates: 1, ..quick(1) });
    assert!(mean(&[0.0], &Families::singletons(2), &quick(1)).value.is_nan());
}

#[test]
fn undefined_replicates_are_left_out_up_to_a_share() {
    // Defined only where family 0 was drawn: all but (1 - 1/n)^n, about 37%.
    let values: Vec<f64> = (0..50).map(f64::from).collect();
    let families = Families::singletons(50);
    let needs = |least: usize| {
        let values = &values;
        move |counts: &[u32]| {
            let present = counts[..least].iter().any(|c| *c > 0);
            if present { weighted_mean(values, counts) } else { f64::NAN }
        }
    };
    let often = bca_with_diagnostics(&families, &needs(1), &quick(1));
    assert!((100..200).contains(&often.undefined), "{}", often.undefined);
    assert_eq!(often.estimate.interval, None);
    let seldom = bca_with_diagnostics(&families, &needs(5), &quick(1));
    assert!((1..20).contains(&seldom.undefined), "{}", seldom.undefined);
    assert!(seldom.estimate.interval.is_some());
}

#[test]
fn replicates_all_on_one_side_still_give_finite_ends() {
    let values: Vec<f64> = (0..20).map(f64::from).collect();
    let greatest = |counts: &[u32]| {
        let drawn = values.iter().zip(counts).filter(|(_, c)| **c > 0);
        drawn.map(|(v, _)| *v).fold(f64::NEG_INFINITY, f64::max)
    };
    let interval = bca(&Families::singletons(20), &greatest, &quick(1)).interval.unwrap();
    assert!(interval.low.is_finite() && interval.high == 19.0 && interval.low <= interval.high);
}

#[test]
fn leaving_out_groups_keeps_the_acceleration() {
    let n = 4 * MOST_JACKKNIFE_GROUPS;
    // Fourth powers of uniform numbers: skewed.
    let mut generator = stream(5, 0);
    let values: Vec<f64> =
        (0..n).map(|_| (f64::from(below(&mut generator, 1000)) / 1e3).powi(4)).collect();
    let families = Families::singletons(n);
    let grouped = jackknife(&families, &|counts| weighted_mean(&values, counts));
    assert_eq!(grouped.len(), MOST_JACKKNIFE_GROUPS);
    let total: f64 = values.iter().sum();
    let single: Vec<f64> = values.iter().map(|v| (total - v) / (n - 1) as f64).collect();
    near(acceleration(&grouped), acceleration(&single), 0.25, 0.0);
}

proptest! {
    #[test]
    fn the_fast_path_says_the_same(
        topics in prop::collection::vec((0.0..1.0_f64, 0_u8..12), 3..40), seed in any::<u64>(),
    ) {
        let values: Vec<f64> = topics.iter().map(|t| t.0).collect();
        let names: Vec<String> = topics.iter().map(|t| t.1.to_string()).collect();
        let families = Families::of(&names);
        let fast = mean(&values, &families, &quick(seed));
        let general = bca(&families, &|counts| weighted_mean(&values, counts), &quick(seed));
        prop_assert!((fast.value - general.value).abs() < 1e-12);
        prop_assert_eq!(fast.interval.is_some(), general.interval.is_some());
        if let (Some(a), Some(b)) = (fast.interval, general.interval) {
            // A replicate that equals the value but for rounding may fall on either side of it.
            let tolerance = 0.02 * (b.high - b.low);
            prop_assert!((a.low - b.low).abs() <= tolerance && (a.high - b.high).abs() <= tolerance);
        }
    }

    #[test]
    fn moving_and_stretching_move_and_stretch_the_interval(
        values in prop::collection::vec(0.0..1.0_f64, 4..40), shift in -5.0..5.0_f64,
    ) {
        let families = Families::singletons(values.len());
        let moved: Vec<f64> = values.iter().map(|v| 4.0 * (v + shift)).collect();
        let (before, after) = (mean(&values, &families, &quick(1)), mean(&moved, &families, &quick(1)));
        prop_assume!(before.interval.is_some());
        let (a, b) = (before.interval.unwrap(), after.interval.unwrap());
        let tolerance = 0.02 * (b.high - b.low);
        prop_assert!((4.0 * (a.low + shift) - b.low).abs() <= tolerance);
        prop_assert!((4.0 * (a.high + shift) - b.high).abs() <= tolerance);
    }
}

/// Share of intervals that hold the true mean of families of two, drawn from reciprocal ranks.
fn coverage(n: usize, simulations: u64) -> f64 {
    let ranks = [1.0, 1.0, 0.5, 1.0 / 3.0, 0.1, 0.0];
    let truth = ranks.iter().sum::<f64>() / 6.0;
    let held = (0..simulations).filter(|&simulation| {
        let mut generator = stream(99, simulation);
        let mut names = Vec::new();
        let mut values = Vec::new();
        for family in 0..n {
            let value = ranks[below(&mut generator, 6) as usize];
            for _ in 0..=below(&mut generator, 2) {
                names.push(family.to_string());
                values.push(value);
            }
        }
        let options = Bootstrap { replicates: 1000, level: 0.95, seed: simulation };
        let interval = mean(&values, &Families::of(&names), &options).interval;
        interval.is_some_and(|i| i.low <= truth && truth <= i.high)
    });
    held.count() as f64 / simulations as f64
}

#[test]
fn intervals_cover_about_as_often_as_they_say() {
    let (n, simulations) = if slow() { (50, 20_000) } else { (50, 400) };
    let covered = coverage(n, simulations);
    // Four deviations of chance beside what the method itself is off by.
    let chance = 4.0 * (0.05 * 0.95 / simulations as f64).sqrt();
    assert!((0.935 - chance..0.955 + chance).contains(&covered), "{covered}");
}
