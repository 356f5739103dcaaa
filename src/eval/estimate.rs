//! What every number of a report carries: a value, an interval and the n it rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A value with its interval. `n` counts families: messages that ask the same thing are one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its interval, where one can be had.
    pub interval: Option<Interval>,
    /// Families it rests on.
    pub n: usize,
    /// Topics it rests on.
    pub n_topics: usize,
}
