//! Isotonic regression by pooling adjacent violators.
//!
//! The least-squares step function that never falls (Ayer et al. 1955; Zadrozny and Elkan 2002
//! for calibration). Between steps it is linear, outside them constant. Deterministic: equal
//! scores are pooled first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fitted step function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isotonic {
    /// Scores, ascending.
    pub scores: Vec<f64>,
    /// Probability at each score, never falling.
    pub probabilities: Vec<f64>,
}

struct Block {
    first: f64,
    last: f64,
    sum: f64,
    n: f64,
}

impl Isotonic {
    /// Fits scores to outcomes; empty lists give a function that says one half.
    pub fn fit(scores: &[f64], outcomes: &[bool]) -> Isotonic {
        let mut order: Vec<(f64, f64)> =
            scores.iter().zip(outcomes).map(|(&s, &o)| (s, f64::from(o))).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (score, outcome) in order {
            match blocks.last_mut() {
                Some(block) if block.last.total_cmp(&score).is_eq() => {
                    block.sum += outcome;
                    block.n += 1.0;
                }
                _ => blocks.push(Block { first: score, last: score, sum: outcome, n: 1.0 }),
            }
        }
        let mut pooled: Vec<Block> = Vec::new();
        for block in blocks {
            pooled.push(block);
            while let [.., before, last] = pooled.as_slice()
                && before.sum / before.n >= last.sum / last.n
            {
                let (last_score, sum, n) = (last.last, before.sum + last.sum, before.n + last.n);
                let first = before.first;
                pooled.truncate(pooled.len() - 2);
                pooled.push(Block { first, last: last_score, sum, n });
            }
        }
        let mut fitted = Isotonic { scores: Vec::new(), probabilities: Vec::new() };
        for block in pooled {
            for score in [block.first, block.last] {
                if fitted.scores.last() != Some(&score) {
                    fitted.scores.push(score);
                    fitted.probabilities.push(block.sum / block.n);
                }
            }
        }
        fitted
    }

    /// The probability at a score.
    pub fn predict(&self, score: f64) -> f64 {
        let after = self.scores.partition_point(|&s| s <= score);
        let at = |place: usize| self.probabilities.get(place).copied();
        match (after.checked_sub(1).and_then(at), at(after)) {
            (None, None) => 0.5,
            (Some(p), None) | (None, Some(p)) => p,
            (Some(low), Some(high)) => {
                let (left, right) = (self.scores[after - 1], self.scores[after]);
                low + (high - low) * (score - left) / (right - left)
            }
        }
    }

    /// Whether scores ascend and probabilities never fall and lie from 0 to 1.
    pub fn is_sound(&self) -> bool {
        let ascends = self.scores.windows(2).all(|w| w[0] < w[1]);
        let never_falls = self.probabilities.windows(2).all(|w| w[0] <= w[1]);
        self.scores.len() == self.probabilities.len()
            && ascends
            && never_falls
            && self.scores.iter().all(|s| s.is_finite())
            && self.probabilities.iter().all(|p| (0.0..=1.0).contains(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn violators_are_pooled() {
        // Worked by hand: the second and third pool to one half.
        let fitted = Isotonic::fit(&[1.0, 2.0, 3.0, 4.0], &[false, true, false, true]);
        assert_eq!(fitted.scores, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(fitted.probabilities, [0.0, 0.5, 0.5, 1.0]);
        let predicted: Vec<f64> = [3.5, -9.0, 9.0].map(|score| fitted.predict(score)).to_vec();
        assert_eq!(predicted, [0.75, 0.0, 1.0]);
        assert_eq!(vec![Isotonic::fit(&[], &[]).predict(0.3)], [0.5]);
    }

    proptest! {
        #[test]
        fn it_never_falls_and_keeps_the_mean(
            sample in prop::collection::vec((-5_i32..5, any::<bool>()), 1..60)
        ) {
            let scores: Vec<f64> = sample.iter().map(|s| f64::from(s.0)).collect();
            let outcomes: Vec<bool> = sample.iter().map(|s| s.1).collect();
            let fitted = Isotonic::fit(&scores, &outcomes);
            prop_assert!(fitted.is_sound());
            let mean = scores.iter().map(|&s| fitted.predict(s)).sum::<f64>();
            let right = outcomes.iter().filter(|&&o| o).count() as f64;
            prop_assert!((mean - right).abs() < 1e-9);
        }
    }
}
