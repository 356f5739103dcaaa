//! How sure is a count out of n, or a percentile of a sample?
//!
//! Exact binomial limits: Clopper-Pearson for shares, order statistics for quantiles; and Wilson's
//! approximation. Trials must be independent: count families, not topics. Nothing here knows what
//! is counted.

use super::Interval;
use super::special::{beta_quantile, beta_tails, normal_quantile};

/// P(X ≤ k) of Binomial(n, p), p clamped to 0 to 1.
pub fn binomial_at_most(k: usize, n: usize, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let p = p.clamp(0.0, 1.0);
    beta_tails((n - k) as f64, k as f64 + 1.0, 1.0 - p, p).lower
}

/// P(X ≥ k) of Binomial(n, p), p clamped to 0 to 1.
pub fn binomial_at_least(k: usize, n: usize, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    let p = p.clamp(0.0, 1.0);
    beta_tails(k as f64, (n - k) as f64 + 1.0, p, 1.0 - p).lower
}

/// The least k with P(X ≤ k) ≥ level: more than k of n at probability p would happen with
/// probability 1 − level at most.
pub fn binomial_limit(n: usize, p: f64, level: f64) -> usize {
    least(n, |k| binomial_at_most(k, n, p) >= level)
}

/// The least k ≤ n for which a condition holds that holds for all greater ones; n if for none.
fn least(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Exact two-sided interval of a share of which `k` in `n` were seen (C. J. Clopper and E. S.
/// Pearson, Biometrika 26, 1934): each end is missed with probability (1 − level) / 2 at most.
/// Without trials, 0 to 1. `k` above `n` counts as `n`.
pub fn clopper_pearson(k: usize, n: usize, level: f64) -> Interval {
    let one_sided = f64::midpoint(1.0, level);
    let low = clopper_pearson_lower(k, n, one_sided);
    let high = clopper_pearson_upper(k, n, one_sided);
    Interval { low, high, level }
}

/// Exact one-sided lower limit: above the true share with probability 1 − level at most.
pub fn clopper_pearson_lower(k: usize, n: usize, level: f64) -> f64 {
    let k = k.min(n);
    if k == 0 {
        return 0.0;
    }
    beta_quantile(k as f64, (n - k) as f64 + 1.0, 1.0 - level)
}

/// Exact one-sided upper limit: below the true share with probability 1 − level at most.
pub fn clopper_pearson_upper(k: usize, n: usize, level: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_quantile(k as f64 + 1.0, (n - k) as f64, level)
}

/// Wilson's score interval (E. B. Wilson, JASA 22, 1927): shorter than Clopper-Pearson's, with
/// nearly the nominal coverage on average but not for every share. Without trials, 0 to 1.
pub fn wilson(k: usize, n: usize, level: f64) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0, level };
    }
    let (none, all) = (k == 0, k >= n);
    let (k, n) = (k.min(n) as f64, n as f64);
    let z = normal_quantile(f64::midpoint(1.0, level));
    let share = k / n;
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let spread = (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let half = z * spread / (1.0 + z * z / n);
    let low = if none { 0.0 } else { (centre - half).max(0.0) };
    let high = if all { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high, level }
}

/// Interval of the `q`-quantile of what the sample was drawn from, between two of its order
/// statistics (H. A. David and H. N. Nagaraja, Order Statistics, 3rd ed. 2003, 7.1).
///
/// `sorted` is ascending and its values independent. The l-th smallest lies above the quantile
/// with probability P(X ≤ l − 1), X of Binomial(n, q); the u-th lies below it with probability
/// P(X ≥ u) at most; l is the greatest and u the least for which these are (1 − level) / 2 at
/// most. `None` where the sample is too small to have them, or q or level is not between 0 and 1.
pub fn quantile_interval(sorted: &[f64], q: f64, level: f64) -> Option<Interval> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    if !(inside(q) && inside(level)) {
        return None;
    }
    let n = sorted.len();
    let tail = (1.0 - level) / 2.0;
    // The least k with P(X ≤ k) > tail is the greatest l with P(X ≤ l − 1) ≤ tail.
    let low = least(n, |k| binomial_at_most(k, n, q) > tail);
    let high = least(n + 1, |k| binomial_at_least(k, n, q) <= tail);
    if low == 0 || high > n {
        return None;
    }
    Some(Interval { low: sorted[low - 1], high: sorted[high - 1], level })
}

#[cfg(test)]
mod tests;
