//! What could this number of families have found?
//!
//! Power of the paired t test, by the noncentral t distribution (J. Cohen, Statistical Power
//! Analysis for the Behavioral Sciences, 2nd ed. 1988; W. Webber, A. Moffat and J. Zobel,
//! "Statistical Power in Retrieval Experimentation", CIKM 2008). The randomisation test has the
//! same power but for terms that vanish with n. The deviation is that of the numbers the tests see
//! ([`super::deviation`]); it says nothing of who is ahead, so looking at it first is fair.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::special::{
    noncentral_t_lower, noncentral_t_upper, smooth_root, student_upper_quantile,
};

/// What a number of families can resolve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Power {
    /// Families.
    pub n: usize,
    /// Standard deviation of the differences of families.
    pub deviation: f64,
    /// Level of the two-sided test.
    pub level: f64,
    /// Power asked for.
    pub power: f64,
    /// Least difference found with that power; `None` for fewer than two families.
    pub detectable: Option<f64>,
}

impl Power {
    /// Works out what can be detected.
    pub fn of(deviation: f64, n: usize, level: f64, power: f64) -> Power {
        let detectable = detectable_difference(deviation, n, level, power);
        let detectable = detectable.is_finite().then_some(detectable);
        Power { n, deviation, level, power, detectable }
    }

    /// Power for a true difference.
    pub fn at(&self, difference: f64) -> f64 {
        power_of(difference, self.deviation, self.n, self.level)
    }
}

/// Probability that the two-sided paired t test at `level` rejects when the true mean difference
/// is `difference` and differences of `n` families have the standard deviation `deviation`.
/// For fewer than two families 0; without deviation 1 for any difference other than 0, else 0.
pub fn power_of(difference: f64, deviation: f64, n: usize, level: f64) -> f64 {
    if let Some(known) = without_doubt(difference != 0.0, deviation, n) {
        return known;
    }
    let degrees = (n - 1) as f64;
    let critical = student_upper_quantile(level / 2.0, degrees);
    let shift = difference / deviation * (n as f64).sqrt();
    let upper = noncentral_t_upper(critical, degrees, shift);
    (upper + noncentral_t_lower(-critical, degrees, shift)).min(1.0)
}

/// The power where it needs no distribution.
fn without_doubt(apart: bool, deviation: f64, n: usize) -> Option<f64> {
    if n < 2 {
        return Some(0.0);
    }
    (deviation <= 0.0).then_some(if apart { 1.0 } else { 0.0 })
}

/// The least positive difference that [`power_of`] finds with probability `power`; infinite for
/// fewer than two families, NaN for a level or power that is not between 0 and 1, 0 where the
/// power is not above the level.
pub fn detectable_difference(deviation: f64, n: usize, level: f64, power: f64) -> f64 {
    least_difference(deviation, n, level, power, |d| power_of(d, deviation, n, level))
}

fn least_difference(
    deviation: f64,
    n: usize,
    level: f64,
    power: f64,
    power_at: impl Fn(f64) -> f64,
) -> f64 {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    if !(inside(level) && inside(power)) || deviation.is_nan() {
        return f64::NAN;
    }
    if n < 2 {
        return f64::INFINITY;
    }
    if deviation <= 0.0 || power <= level {
        return 0.0;
    }
    let mut high = deviation / (n as f64).sqrt();
    while power_at(high) < power && high < deviation * 1e12 {
        high *= 2.0;
    }
    smooth_root(0.0, high, |difference| power_at(difference) - power)
}

/// Probability that a system is found not inferior by `margin`, by the one-sided t test at
/// `level`, when it truly differs by `difference` (0: as good as the baseline).
pub fn power_of_noninferiority(
    difference: f64,
    margin: f64,
    deviation: f64,
    n: usize,
    level: f64,
) -> f64 {
    let above = difference + margin;
    if let Some(known) = without_doubt(above > 0.0, deviation, n) {
        return known;
    }
    let degrees = (n - 1) as f64;
    let critical = student_upper_quantile(level, degrees);
    noncentral_t_upper(critical, degrees, above / deviation * (n as f64).sqrt())
}

/// The least margin by which an equally good system is found not inferior with probability
/// `power`. Special cases as in [`detectable_difference`].
pub fn detectable_margin(deviation: f64, n: usize, level: f64, power: f64) -> f64 {
    least_difference(deviation, n, level, power, |margin| {
        power_of_noninferiority(0.0, margin, deviation, n, level)
    })
}

/// The least number of families with which [`power_of`] reaches `power`; `None` beyond a million,
/// or where arguments are out of range.
pub fn families_needed(difference: f64, deviation: f64, level: f64, power: f64) -> Option<usize> {
    const MOST: usize = 1_000_000;
    let enough = |n: usize| power_of(difference, deviation, n, level) >= power;
    if !enough(MOST) {
        return None;
    }
    let (mut low, mut high) = (2, MOST);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests;
