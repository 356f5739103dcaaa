//! Student's t on one number for each family, and the standardised mean with its exact interval.
//!
//! Exact where those numbers are normal, and for many families by the central limit theorem; with
//! rare large losses "many" is hundreds, hence the correction for skewness.
//! Knows nothing of where the numbers come from.

use super::bootstrap::standard_deviation;
use crate::eval::estimate::Interval;
use crate::eval::report::model::TestResult;
use crate::statistics::special::{
    Tails, noncentral_t_lower, noncentral_t_upper, smooth_root, student_tails,
};

/// What the test sees of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) n: usize,
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// Third central moment over the deviation cubed.
    pub(super) skewness: f64,
}

/// Probability of a mean as great or greater, and as small or smaller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OneSided {
    pub(super) at_least: f64,
    pub(super) at_most: f64,
}

/// Deviations below this share of the greatest value are rounding, not variation.
const ROUNDING: f64 = 1e-12;

impl Sample {
    /// Mean and deviation; `None` for fewer than two values or without variation.
    pub(super) fn of(values: &[f64]) -> Option<Sample> {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let deviation = standard_deviation(values);
        let largest = values.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
        let cubes = values.iter().map(|v| (v - mean).powi(3)).sum::<f64>() / n as f64;
        let skewness = cubes / deviation.powi(3);
        (n > 1 && deviation > ROUNDING * largest).then_some(Sample { n, mean, deviation, skewness })
    }

    pub(super) fn degrees(&self) -> f64 {
        (self.n - 1) as f64
    }

    /// t = mean √n / deviation.
    pub(super) fn t(&self) -> f64 {
        self.mean * (self.n as f64).sqrt() / self.deviation
    }

    /// Student's one-sided tests of mean 0.
    pub(super) fn one_sided(&self) -> OneSided {
        let Tails { lower, upper } = student_tails(self.t(), self.degrees());
        OneSided { at_least: upper, at_most: lower }
    }

    /// One-sided tests by t with the skewness taken out: √n (u + γu²/3 + γ²u³/27 + γ/6n), u being
    /// mean / deviation and γ the skewness (P. Hall, "On the Removal of Skewness by
    /// Transformation", J. Royal Statistical Society B 54, 1992).
    pub(super) fn skewness_corrected(&self) -> OneSided {
        let (u, n, skewness) = (self.mean / self.deviation, self.n as f64, self.skewness);
        let curved = u + skewness * u * u / 3.0 + skewness * skewness * u * u * u / 27.0;
        let t = n.sqrt() * (curved + skewness / (6.0 * n));
        let Tails { lower, upper } = student_tails(t, self.degrees());
        OneSided { at_least: upper, at_most: lower }
    }

    /// One-sample test of mean 0 (Student, Biometrika 6, 1908).
    pub(super) fn test(&self) -> TestResult {
        let statistic = self.t();
        let p = 2.0 * student_tails(statistic.abs(), self.degrees()).upper;
        TestResult { statistic, degrees: Some(self.degrees()), p: p.min(1.0) }
    }

    /// Interval of mean / deviation of the population: those noncentralities whose t is not
    /// extreme at (1 − level) / 2 in either direction, over √n (J. H. Steiger and R. T. Fouladi,
    /// "Noncentrality Interval Estimation", in What If There Were No Significance Tests?, 1997).
    pub(super) fn standardised_interval(&self, level: f64) -> Interval {
        let tail = (1.0 - level) / 2.0;
        let (t, degrees) = (self.t(), self.degrees());
        // Wide enough for any tail a double can hold: ten deviations of t about its noncentrality.
        let reach = 10.0 * (1.0 + t * t / (2.0 * degrees)).sqrt() + 10.0 + t.abs();
        let (from, to) = (t - reach, t + reach);
        let low = smooth_root(from, to, |shift| noncentral_t_upper(t, degrees, shift) - tail);
        let high = smooth_root(from, to, |shift| tail - noncentral_t_lower(t, degrees, shift));
        let scale = (self.n as f64).sqrt();
        Interval { low: low / scale, high: high / scale, level }
    }
}
