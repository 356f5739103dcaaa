//! Is the message about something that guidance is known to cover, or known not to?
//!
//! A ridge regression of a label on the direction of the message's vector (Hastie, Tibshirani,
//! Friedman: The Elements of Statistical Learning, 3.4.1), after Hoerl and Kennard 1970: weights
//! w = (X'X + lambda I)^-1 X'(y - mean y), with y = 1 or -1 and rows of X of length one. Messages
//! of subjects that labels showed to be unanswerable lie together; a score of similarity to the
//! guidance cannot see that. What it says is one feature among others, never a decision.

use ndarray::{Array1, Array2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::logistic::{FitError, solve};

/// A fitted subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Weight of each component of the message's unit vector.
    pub weights: Vec<f64>,
    /// Mean of the labels, as 1 and -1.
    pub intercept: f64,
}

impl Subject {
    /// What a direction tells, about -1 to 1; 0 for a zero vector or one of another width.
    pub fn score(&self, direction: &[i8]) -> f64 {
        let length = length(direction);
        if direction.len() != self.weights.len() || length == 0.0 {
            return 0.0;
        }
        let products = direction.iter().zip(&self.weights).map(|(&x, w)| f64::from(x) * w);
        self.intercept + products.sum::<f64>() / length
    }

    /// Fits directions of one width to labels.
    ///
    /// # Errors
    /// [`FitError`] when there is nothing to fit or widths differ.
    pub fn fit(directions: &[&[i8]], labels: &[bool], lambda: f64) -> Result<Subject, FitError> {
        let n = directions.len().min(labels.len());
        let width = directions.first().map_or(0, |d| d.len());
        for (example, direction) in directions.iter().enumerate() {
            if direction.len() != width {
                let found = direction.len();
                return Err(FitError::Features { example, expected: width, found });
            }
        }
        if n == 0 || width == 0 {
            return Err(FitError::OneOutcome { n, outcome: false });
        }
        let design = Array2::from_shape_fn((n, width), |(i, j)| {
            let length = length(directions[i]);
            if length > 0.0 { f64::from(directions[i][j]) / length } else { 0.0 }
        });
        let intercept = labels.iter().take(n).map(|&l| sign(l)).sum::<f64>() / n as f64;
        let targets = Array1::from_iter(labels.iter().take(n).map(|&l| sign(l) - intercept));
        // The smaller of the two forms of the same solution.
        let weights = if n < width {
            let mut gram = design.dot(&design.t());
            gram.diag_mut().mapv_inplace(|v| v + lambda);
            design.t().dot(&solve(gram, targets).ok_or(FitError::Singular { lambda })?)
        } else {
            let mut gram = design.t().dot(&design);
            gram.diag_mut().mapv_inplace(|v| v + lambda);
            let moment = design.t().dot(&targets);
            solve(gram, moment).ok_or(FitError::Singular { lambda })?
        };
        Ok(Subject { weights: weights.to_vec(), intercept })
    }
}

fn sign(label: bool) -> f64 {
    if label { 1.0 } else { -1.0 }
}

fn length(direction: &[i8]) -> f64 {
    f64::from(direction.iter().map(|&x| i32::from(x) * i32::from(x)).sum::<i32>()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_weights_and_find_the_direction() {
        let rows: Vec<[i8; 4]> = (0..12_i8)
            .map(|i| [if i % 2 == 0 { 100 } else { -100 }, 5 * (i % 5), 7 * (i % 3), 20])
            .collect();
        let directions: Vec<&[i8]> = rows.iter().map(<[i8; 4]>::as_slice).collect();
        let labels: Vec<bool> = (0..12).map(|i| i % 2 == 0).collect();
        let subject = Subject::fit(&directions, &labels, 0.5).unwrap();
        assert!(directions.iter().zip(&labels).all(|(d, &l)| (subject.score(d) > 0.0) == l));
        // Normal equations: X'(y - Xw) = lambda w.
        for (j, weight) in subject.weights.iter().enumerate() {
            let of = |i: usize| f64::from(rows[i][j]) / length(&rows[i]);
            let residual = |i: usize| sign(labels[i]) - subject.score(&rows[i]);
            let gradient: f64 = (0..12).map(|i| of(i) * residual(i)).sum();
            assert!((gradient - 0.5 * weight).abs() < 1e-9);
        }
        let few = Subject::fit(&directions[..3], &labels[..3], 0.5).unwrap();
        for (j, weight) in few.weights.iter().enumerate() {
            let of = |i: usize| f64::from(rows[i][j]) / length(&rows[i]);
            let gradient: f64 =
                (0..3).map(|i| of(i) * (sign(labels[i]) - few.score(&rows[i]))).sum();
            assert!((gradient - 0.5 * weight).abs() < 1e-9);
        }
    }

    #[test]
    fn what_does_not_fit_tells_nothing() {
        let subject = Subject { weights: vec![1.0, 0.0], intercept: 0.2 };
        assert_eq!((subject.score(&[]), subject.score(&[0, 0])), (0.0, 0.0));
        assert!((subject.score(&[50, 0]) - 1.2).abs() < 1e-12);
        assert!(Subject::fit(&[&[1, 2], &[1]], &[true, false], 1.0).is_err());
        assert!(Subject::fit(&[], &[], 1.0).is_err());
    }
}
