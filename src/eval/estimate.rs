//! What every number of a report carries: a value, an interval and the n it rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::statistics::Interval;

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
