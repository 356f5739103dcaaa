//! Which probabilities do the distributions have that counts and means follow?
//!
//! Exact binomial tails and limits ([`binomial_at_most`], [`clopper_pearson_upper`]), intervals of
//! shares and of quantiles, and the special functions they rest on. Pure functions of numbers:
//! every one is total, and arguments out of range give a limit or NaN, never a panic. Trials must
//! be independent; what they are is not known here. Calibration certifies with these functions and
//! evaluation reports with them, so both mean the same by a bound.

mod binomial;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod special;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use binomial::{
    binomial_at_least, binomial_at_most, binomial_limit, clopper_pearson, clopper_pearson_lower,
    clopper_pearson_upper, quantile_interval, wilson,
};

/// A two-sided interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Nominal coverage, such as 0.95.
    pub level: f64,
}
