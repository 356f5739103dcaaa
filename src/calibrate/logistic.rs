//! Logistic regression with an L2 penalty, fitted by Newton's method.
//!
//! Maximises sum of log likelihood - lambda / 2 * |w|^2 over standardised features; the
//! intercept is not penalised (Hastie, Tibshirani, Friedman: The Elements of Statistical
//! Learning, 4.4). Deterministic: a fixed number of steps at most, no random start.

use ndarray::{Array1, Array2, s};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Newton steps at most; convergence takes fewer than ten.
const STEPS: usize = 50;
/// Change of every coefficient below which the fit has converged.
const TOLERANCE: f64 = 1e-10;

/// A fitted logistic model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Mean of each feature in the fitting sample.
    pub means: Vec<f64>,
    /// Standard deviation of each feature in the fitting sample; 1 where it never varied.
    pub deviations: Vec<f64>,
    /// Weight of each standardised feature.
    pub weights: Vec<f64>,
    /// Intercept.
    pub intercept: f64,
}

/// Why a model cannot be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// One of the two outcomes never occurs.
    #[error("both outcomes are needed to fit, but all {n} examples are {outcome}")]
    OneOutcome {
        /// Number of examples.
        n: usize,
        /// The only outcome.
        outcome: bool,
    },
    /// Examples have different numbers of features.
    #[error("example {example} has {found} features, expected {expected}")]
    Features {
        /// Number of the example, from 0.
        example: usize,
        /// Features expected.
        expected: usize,
        /// Features found.
        found: usize,
    },
    /// The normal equations have no solution.
    #[error("the fit does not converge; raise the penalty above {lambda}")]
    Singular {
        /// The penalty.
        lambda: f64,
    },
}

impl Logistic {
    /// Fits features to outcomes with penalty `lambda`.
    ///
    /// # Errors
    /// [`FitError`] when the sample cannot determine a model.
    pub fn fit(features: &[&[f64]], outcomes: &[bool], lambda: f64) -> Result<Logistic, FitError> {
        let n = features.len().min(outcomes.len());
        let width = features.first().map_or(0, |f| f.len());
        for (example, found) in features.iter().map(|f| f.len()).enumerate() {
            if found != width {
                return Err(FitError::Features { example, expected: width, found });
            }
        }
        let positives = outcomes.iter().filter(|&&o| o).count();
        if positives == 0 || positives == n {
            return Err(FitError::OneOutcome { n, outcome: positives > 0 });
        }
        let (means, deviations) = moments(features, width);
        let design = Array2::from_shape_fn((n, width + 1), |(i, j)| {
            if j == width { 1.0 } else { (features[i][j] - means[j]) / deviations[j] }
        });
        let targets = Array1::from_iter(outcomes.iter().take(n).map(|&o| f64::from(o)));
        let beta = newton(&design, &targets, lambda)?;
        Ok(Logistic {
            means,
            deviations,
            weights: beta.iter().take(width).copied().collect(),
            intercept: beta[width],
        })
    }

    /// What each feature adds to the log odds, against its mean: together with the intercept they
    /// sum to the log odds.
    pub fn contributions(&self, features: &[f64]) -> Vec<f64> {
        let moments = self.means.iter().zip(&self.deviations).zip(&self.weights);
        let each = features.iter().zip(moments);
        each.map(|(value, ((mean, deviation), weight))| (value - mean) / deviation * weight)
            .collect()
    }

    /// The probability of the outcome, from 0 to 1. Features missing at the end count as their
    /// mean.
    pub fn predict(&self, features: &[f64]) -> f64 {
        let standardised = features
            .iter()
            .zip(&self.means)
            .zip(&self.deviations)
            .map(|((value, mean), deviation)| (value - mean) / deviation);
        let sum: f64 = standardised.zip(&self.weights).map(|(z, weight)| z * weight).sum();
        sigmoid(self.intercept + sum)
    }
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

fn moments(features: &[&[f64]], width: usize) -> (Vec<f64>, Vec<f64>) {
    let n = features.len() as f64;
    let means: Vec<f64> =
        (0..width).map(|j| features.iter().map(|f| f[j]).sum::<f64>() / n).collect();
    let deviations = (0..width)
        .map(|j| {
            let square = features.iter().map(|f| (f[j] - means[j]).powi(2)).sum::<f64>() / n;
            let deviation = square.sqrt();
            if deviation > 1e-12 { deviation } else { 1.0 }
        })
        .collect();
    (means, deviations)
}

fn newton(
    design: &Array2<f64>,
    targets: &Array1<f64>,
    lambda: f64,
) -> Result<Array1<f64>, FitError> {
    let width = design.ncols();
    let mut beta = Array1::<f64>::zeros(width);
    for _ in 0..STEPS {
        let predicted = design.dot(&beta).mapv(sigmoid);
        let mut gradient = design.t().dot(&(targets - &predicted));
        let weights = predicted.mapv(|p| (p * (1.0 - p)).max(1e-12));
        let weighted = design * &weights.view().insert_axis(ndarray::Axis(1));
        let mut hessian = design.t().dot(&weighted);
        for j in 0..width - 1 {
            gradient[j] -= lambda * beta[j];
            hessian[[j, j]] += lambda;
        }
        let step = solve(hessian, gradient).ok_or(FitError::Singular { lambda })?;
        beta += &step;
        if step.iter().all(|s| s.abs() < TOLERANCE) {
            return Ok(beta);
        }
    }
    if beta.iter().all(|b| b.is_finite()) { Ok(beta) } else { Err(FitError::Singular { lambda }) }
}

/// Solves a symmetric positive definite system by Cholesky decomposition.
pub(super) fn solve(mut a: Array2<f64>, mut b: Array1<f64>) -> Option<Array1<f64>> {
    let n = b.len();
    for i in 0..n {
        let (above, mut below) = a.view_mut().split_at(ndarray::Axis(0), i);
        let mut row = below.row_mut(0);
        for j in 0..i {
            let rest = row[j] - row.slice(s![..j]).dot(&above.slice(s![j, ..j]));
            row[j] = rest / above[[j, j]];
        }
        let rest = row[i] - row.slice(s![..i]).dot(&row.slice(s![..i]));
        if rest <= 0.0 || !rest.is_finite() {
            return None;
        }
        row[i] = rest.sqrt();
    }
    for i in 0..n {
        b[i] = (b[i] - a.slice(s![i, ..i]).dot(&b.slice(s![..i]))) / a[[i, i]];
    }
    for i in (0..n).rev() {
        b[i] = (b[i] - a.slice(s![i + 1.., i]).dot(&b.slice(s![i + 1..]))) / a[[i, i]];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_is_stationary_and_matches_the_base_rate() {
        let rows: Vec<[f64; 2]> =
            (0..40).map(|i| [f64::from(i % 7), f64::from(i * i % 11)]).collect();
        let features: Vec<&[f64]> = rows.iter().map(<[f64; 2]>::as_slice).collect();
        let outcomes: Vec<bool> = (0..40).map(|i| (i % 7) + (i % 3) > 4).collect();
        let model = Logistic::fit(&features, &outcomes, 0.5).unwrap();
        let predicted: Vec<f64> = features.iter().map(|f| model.predict(f)).collect();
        // Score equations: the unpenalised intercept makes means equal, each weight balances
        // its penalty.
        let residual = |i: usize| f64::from(outcomes[i]) - predicted[i];
        assert!((0..40).map(residual).sum::<f64>().abs() < 1e-8);
        for (j, weight) in model.weights.iter().enumerate() {
            let z = |i: usize| (rows[i][j] - model.means[j]) / model.deviations[j];
            let gradient: f64 = (0..40).map(|i| residual(i) * z(i)).sum();
            assert!((gradient - 0.5 * weight).abs() < 1e-8);
        }
    }

    #[test]
    fn separable_samples_stay_finite_and_hopeless_ones_are_refused() {
        let rows: Vec<[f64; 1]> = (0..10).map(|i| [f64::from(i)]).collect();
        let features: Vec<&[f64]> = rows.iter().map(<[f64; 1]>::as_slice).collect();
        let outcomes: Vec<bool> = (0..10).map(|i| i > 4).collect();
        let model = Logistic::fit(&features, &outcomes, 1.0).unwrap();
        assert!(model.predict(&[9.0]) > 0.9 && model.predict(&[9.0]) < 1.0);
        assert!(matches!(
            Logistic::fit(&features, &[true; 10], 1.0),
            Err(FitError::OneOutcome { n: 10, outcome: true })
        ));
    }
}
