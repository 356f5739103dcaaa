//! How sure is a figure of topics?
//!
//! Families are drawn with replacement, as many as there are; all topics of a drawn family come
//! with it. The interval is BCa (B. Efron, "Better Bootstrap Confidence Intervals", JASA 82, 1987;
//! Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 14.3), which corrects the
//! percentiles for bias and for a spread that changes with the value, and widened for few families
//! ([`small_sample_reach`]). In simulations with 95% asked for, means of graded and reciprocal-rank
//! values were covered 95 to 98% of the time from 10 families on. Of mean differences with 60% of
//! families at zero it was 88 to 92% up to 50 families and 94% at 100; with 91% at zero and the
//! rest a whole unit apart, 76 to 89% up to 50 and 94% at 100: what a sample lacks no resampling
//! can find. Replicate number r is drawn
//! from stream r of the generator, so replicates are the same at any thread count, and all figures
//! with the same families and seed see the same draws. Knows no figure by name.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::families::Families;
use crate::eval::estimate::{Estimate, Interval};
use crate::statistics::special::{normal_cdf, normal_quantile, student_upper_quantile};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bootstrap {
    /// Replicates drawn.
    pub replicates: usize,
    /// Nominal coverage of the two-sided interval, between 0 and 1.
    pub level: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2,000 replicates, twice what Efron and Tibshirani (1993, 14.3) advise for BCa at least; 95%.
    fn default() -> Bootstrap {
        Bootstrap { replicates: 2000, level: 0.95, seed: 1 }
    }
}

/// An estimate and how its interval came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrapped {
    /// The figure with its interval.
    pub estimate: Estimate,
    /// Replicates in which the figure was undefined (not finite); left out.
    pub undefined: usize,
    /// Standard deviation of the defined replicates; NaN for fewer than two.
    pub standard_error: f64,
    /// Bias correction z₀; NaN where there is no interval.
    pub bias: f64,
    /// Acceleration a; NaN where there is no interval.
    pub acceleration: f64,
}

/// Share of undefined replicates above which there is no interval: it would speak of those draws
/// only that the figure happens to exist for.
const MOST_UNDEFINED: f64 = 0.05;

/// Families left out at a time are one up to this number; above it, as many equal groups. The
/// acceleration has the same expectation, and 1,000,000 families cost no more than these.
const MOST_JACKKNIFE_GROUPS: usize = 2000;

/// A figure with its BCa interval over families.
///
/// `statistic` takes how often each topic counts. It must not care for the order of the topics,
/// and returns NaN where it is undefined. The value is `statistic` with every topic once.
///
/// There is no interval for fewer than two families, where no replicate differs from another (a
/// sample without variation tells nothing of what it lacks), where more than 5% of the replicates
/// are undefined, for a level outside 0 to 1 and for fewer than two replicates.
pub fn bca(
    families: &Families,
    statistic: &(dyn Fn(&[u32]) -> f64 + Sync),
    options: &Bootstrap,
) -> Estimate {
    bca_with_diagnostics(families, statistic, options).estimate
}

/// [`bca`], with what its interval rests on.
pub fn bca_with_diagnostics(
    families: &Families,
    statistic: &(dyn Fn(&[u32]) -> f64 + Sync),
    options: &Bootstrap,
) -> Bootstrapped {
    let value = statistic(&vec![1; families.topics()]);
    if !may_have_interval(value, families, options) {
        return without_interval(value, families);
    }
    let replicate = |buffers: &mut (Vec<u32>, Vec<u32>), number: u64| {
        let (drawn, counts) = buffers;
        draw_counts(&mut stream(options.seed, number), drawn);
        counts.clear();
        counts.extend(families.index().iter().map(|&family| drawn[family as usize]));
        statistic(counts)
    };
    let replicates = (0..options.replicates as u64)
        .into_par_iter()
        .map_init(|| (vec![0; families.n()], Vec::with_capacity(families.topics())), replicate)
        .collect();
    finish(value, replicates, || jackknife(families, statistic), families, options)
}

/// Mean of the values over topics with its BCa interval over families.
///
/// What [`bca`] would say of the mean, but fast: only sums of families are drawn. Up to rounding,
/// and to the grouping of the jackknife above 2,000 families, the result is the same. NaN without
/// an interval where there are no values, a value is not finite, or `families` is of other topics.
pub fn mean(values: &[f64], families: &Families, options: &Bootstrap) -> Estimate {
    if values.len() != families.topics() {
        return without_interval(f64::NAN, families).estimate;
    }
    let sums = families.sums(values.iter().copied());
    let sizes: Vec<f64> = families.sizes().into_iter().map(f64::from).collect();
    let (sum, size) = (sums.iter().sum::<f64>(), values.len() as f64);
    let value = sum / size;
    if !may_have_interval(value, families, options) {
        return without_interval(value, families).estimate;
    }
    let replicates = (0..options.replicates as u64)
        .into_par_iter()
        .map(|number| drawn_mean(&sums, &sizes, &mut stream(options.seed, number)))
        .collect();
    let left_out = || sums.iter().zip(&sizes).map(|(s, m)| (sum - s) / (size - m)).collect();
    finish(value, replicates, left_out, families, options).estimate
}

fn may_have_interval(value: f64, families: &Families, options: &Bootstrap) -> bool {
    let level = options.level > 0.0 && options.level < 1.0;
    value.is_finite() && families.n() > 1 && options.replicates > 1 && level
}

fn without_interval(value: f64, families: &Families) -> Bootstrapped {
    let (n, n_topics) = (families.n(), families.topics());
    let estimate = Estimate { value, interval: None, n, n_topics };
    Bootstrapped {
        estimate,
        undefined: 0,
        standard_error: f64::NAN,
        bias: f64::NAN,
        acceleration: f64::NAN,
    }
}

/// The generator of one replicate.
pub(super) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(number);
    generator
}

/// A number below `n`, each equally likely (D. Lemire, "Fast Random Integer Generation in an
/// Interval", ACM TOMACS 29, 2019). `n` must not be 0.
fn below(generator: &mut ChaCha8Rng, n: u32) -> u32 {
    let mut product = u64::from(generator.next_u32()) * u64::from(n);
    if (product as u32) < n {
        let reject = n.wrapping_neg() % n;
        while (product as u32) < reject {
            product = u64::from(generator.next_u32()) * u64::from(n);
        }
    }
    (product >> 32) as u32
}

fn draw_counts(generator: &mut ChaCha8Rng, drawn: &mut [u32]) {
    let n = drawn.len() as u32;
    drawn.fill(0);
    for _ in 0..n {
        drawn[below(generator, n) as usize] += 1;
    }
}

fn drawn_mean(sums: &[f64], sizes: &[f64], generator: &mut ChaCha8Rng) -> f64 {
    let n = sums.len() as u32;
    let (mut sum, mut size) = (0.0, 0.0);
    for _ in 0..n {
        let family = below(generator, n) as usize;
        sum += sums[family];
        size += sizes[family];
    }
    sum / size
}

/// The figure without each family, or without each of 2,000 groups of families.
fn jackknife(families: &Families, statistic: &(dyn Fn(&[u32]) -> f64 + Sync)) -> Vec<f64> {
    let groups = families.n().min(MOST_JACKKNIFE_GROUPS);
    let without = |counts: &mut Vec<u32>, group: usize| {
        counts.clear();
        let kept = |&family: &u32| u32::from(family as usize % groups != group);
        counts.extend(families.index().iter().map(kept));
        statistic(counts)
    };
    (0..groups)
        .into_par_iter()
        .map_init(|| Vec::with_capacity(families.topics()), without)
        .collect()
}

fn finish(
    value: f64,
    mut replicates: Vec<f64>,
    left_out: impl FnOnce() -> Vec<f64>,
    families: &Families,
    options: &Bootstrap,
) -> Bootstrapped {
    let drawn = replicates.len();
    replicates.retain(|replicate| replicate.is_finite());
    replicates.sort_by(f64::total_cmp);
    let undefined = drawn - replicates.len();
    let standard_error = standard_deviation(&replicates);
    let nothing = without_interval(value, families);
    let partly = Bootstrapped { undefined, standard_error, ..nothing };
    let too_many = undefined as f64 > MOST_UNDEFINED * drawn as f64;
    if too_many || !varies(&replicates) {
        return partly;
    }
    let bias = bias_correction(value, &replicates);
    let acceleration = acceleration(&left_out());
    let reach = small_sample_reach(families.n(), options.level);
    let interval = corrected_percentiles(&replicates, bias, acceleration, reach, options.level);
    let estimate = Estimate { interval: Some(interval), ..nothing.estimate };
    Bootstrapped { estimate, bias, acceleration, ..partly }
}

/// Whether the ascending values differ by more than rounding.
fn varies(sorted: &[f64]) -> bool {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return false;
    };
    last - first > ROUNDING * first.abs().max(last.abs())
}

/// Deviation with n − 1 below the sum; NaN for fewer than two values.
pub(super) fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// Replicates this near to the value, as a share of the greatest of them, equal it but for rounding.
/// With few families many do, and z₀ must not hang on the order of addition.
const ROUNDING: f64 = 1e-12;

/// z₀ = Φ⁻¹ of the share of replicates below the value, ties counted half. A share of 0 or 1 counts
/// as half a replicate, which keeps z₀ finite.
fn bias_correction(value: f64, sorted: &[f64]) -> f64 {
    let count = sorted.len() as f64;
    let largest = sorted.iter().fold(value.abs(), |largest, r| largest.max(r.abs()));
    let slack = ROUNDING * largest;
    let below = sorted.partition_point(|&replicate| replicate < value - slack) as f64;
    let at_most = sorted.partition_point(|&replicate| replicate <= value + slack) as f64;
    let share = (below + at_most) / (2.0 * count);
    normal_quantile(share.clamp(0.5 / count, 1.0 - 0.5 / count))
}

/// a = Σ (θ̄ − θᵢ)³ / 6 (Σ (θ̄ − θᵢ)²)^1.5 over the values θᵢ without family i (Efron 1987, 6.6).
/// Undefined values are left out; 0 where nothing varies.
fn acceleration(left_out: &[f64]) -> f64 {
    let defined: Vec<f64> = left_out.iter().copied().filter(|v| v.is_finite()).collect();
    let mean = defined.iter().sum::<f64>() / defined.len() as f64;
    let squares: f64 = defined.iter().map(|v| (mean - v).powi(2)).sum();
    let cubes: f64 = defined.iter().map(|v| (mean - v).powi(3)).sum();
    let acceleration = cubes / (6.0 * squares.powf(1.5));
    if acceleration.is_finite() { acceleration } else { 0.0 }
}

/// Deviations to either side: √(n / (n − 1)) t for Student's t with n − 1 degrees of freedom, where
/// Efron's formula has the normal z. Bootstrap intervals of few families are too short, since the
/// sample's deviation divides by n and is itself uncertain; this much makes up for it (T. C.
/// Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69,
/// 2015: expanded percentiles).
fn small_sample_reach(n: usize, level: f64) -> f64 {
    let degrees = (n - 1) as f64;
    (n as f64 / degrees).sqrt() * student_upper_quantile((1.0 - level) / 2.0, degrees)
}

fn corrected_percentiles(
    sorted: &[f64],
    bias: f64,
    acceleration: f64,
    reach: f64,
    level: f64,
) -> Interval {
    let end = |deviations: f64| {
        let z = bias + deviations;
        let stretch = 1.0 - acceleration * z;
        // Beyond the pole the correction is infinite: the outermost replicate.
        let corrected = if stretch > 0.0 { bias + z / stretch } else { z.signum() * f64::INFINITY };
        interpolated(sorted, normal_cdf(corrected))
    };
    Interval { low: end(-reach), high: end(reach), level }
}

/// Quantile by linear interpolation between order statistics (Hyndman and Fan's type 7).
#[expect(clippy::cast_sign_loss, reason = "a share of a length is not negative")]
fn interpolated(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = (place as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests;
