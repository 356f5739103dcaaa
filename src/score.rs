//! Numbers that rank: [`Score`], finite by construction, with a total order.
//!
//! A score's unit belongs to the stage that made it (BM25F points, a cosine, a fused value);
//! none of them is a probability, and none may meet a threshold. Probabilities are
//! [`Confidence`](crate::calibrate::Confidence), made by a fitted calibrator only.

use std::cmp::Ordering;
use std::fmt;

/// A finite f64. The unit belongs to the stage that made it.
#[derive(Clone, Copy, PartialEq)]
pub struct Score(f64);

impl Score {
    /// Zero: no evidence.
    pub const ZERO: Score = Score(0.0);

    /// Wraps a finite number; `None` for NaN and infinities. Negative zero becomes zero.
    pub fn new(value: f64) -> Option<Score> {
        value.is_finite().then_some(Score(value + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_are_scores_and_zero_is_one_number() {
        assert_eq!(Score::new(f64::NAN), None);
        assert_eq!(Score::new(f64::INFINITY), None);
        assert_eq!(Score::new(-0.0).map(|s| s.cmp(&Score::ZERO)), Some(Ordering::Equal));
    }
}
