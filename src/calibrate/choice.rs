//! Which of the best documents of a ranking answers?
//!
//! A conditional logit (McFadden: Conditional logit analysis of qualitative choice behavior, 1974)
//! over the documents of a pool: with x_d the standardised features of document d,
//!
//! ```text
//! P(d answers | one of the pool does) = exp(w · x_d) / sum over the pool of exp(w · x)
//! ```
//!
//! Fitted by Newton's method on pools that hold an acceptable document, with the penalty
//! lambda / 2 * |w - prior|^2. The prior follows the fused score alone, so that few labels leave
//! the ranking as it is. The document of the greatest score wins; ties go to the better fused one.

use ndarray::{Array1, Array2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{CONTENDER_WIDTH, Pool};
use super::logistic::{FitError, solve};

/// Newton steps at most.
const STEPS: usize = 40;
/// Change of every weight below which the fit has converged.
const TOLERANCE: f64 = 1e-9;
/// Weight of the fused score in the prior, by unit of score: a lead of .05 makes the odds 3 to 1.
const PRIOR_WEIGHT: f64 = 22.0;

/// A fitted choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Mean of each feature over all documents of the fitting pools.
    pub means: Vec<f64>,
    /// Standard deviation of each feature; 1 where it never varied.
    pub deviations: Vec<f64>,
    /// Weight of each standardised feature.
    pub weights: Vec<f64>,
}

/// Scores of the documents of a pool, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores(Vec<f64>);

impl Scores {
    /// Place of the winner in the pool; 0 for an empty one.
    pub fn winner(&self) -> usize {
        let mut best = 0;
        for (place, score) in self.0.iter().enumerate() {
            if *score > self.0[best] {
                best = place;
            }
        }
        best
    }

    /// Share of the winner: P(it answers | one of the pool does).
    pub fn share(&self) -> f64 {
        self.shares().fold(0.0, f64::max)
    }

    /// Score of the winner less that of the best of some others; its own without any.
    pub fn lead(&self, others: &[usize]) -> f64 {
        let top = self.0.get(self.winner()).copied().unwrap_or(0.0);
        let best =
            others.iter().filter_map(|&o| self.0.get(o)).fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        if best.is_finite() { top - best } else { top }
    }

    /// ln of the sum of exp(score): how much there is to choose from.
    pub fn total(&self) -> f64 {
        let top = self.0.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        if top.is_finite() {
            top + self.0.iter().map(|s| (s - top).exp()).sum::<f64>().ln()
        } else {
            0.0
        }
    }

    /// Entropy of the shares, in nats.
    pub fn entropy(&self) -> f64 {
        -self.shares().map(|p| p * p.max(1e-300).ln()).sum::<f64>()
    }

    fn shares(&self) -> impl Iterator<Item = f64> + '_ {
        let total = self.total();
        self.0.iter().map(move |score| (score - total).exp())
    }
}

impl Choice {
    /// The choice that follows the fused score alone.
    pub fn prior() -> Choice {
        let mut weights = vec![0.0; CONTENDER_WIDTH];
        weights[0] = PRIOR_WEIGHT;
        Choice {
            means: vec![0.0; CONTENDER_WIDTH],
            deviations: vec![1.0; CONTENDER_WIDTH],
            weights,
        }
    }

    /// Scores every document of a pool.
    pub fn scores(&self, pool: &Pool) -> Scores {
        let score = |features: &[f64; CONTENDER_WIDTH]| {
            let standardised = features
                .iter()
                .zip(&self.means)
                .zip(&self.deviations)
                .map(|((x, m), d)| (x - m) / d);
            standardised.zip(&self.weights).map(|(z, w)| z * w).sum()
        };
        Scores(pool.contenders().iter().map(|c| score(&c.features)).collect())
    }

    /// Fits pools and the places of their acceptable documents; pools without one are left out.
    /// Without any usable pool the prior is returned.
    ///
    /// # Errors
    /// [`FitError::Singular`] when the normal equations have no solution.
    pub fn fit(pools: &[(&Pool, &[usize])], lambda: f64) -> Result<Choice, FitError> {
        let usable: Vec<&(&Pool, &[usize])> = pools
            .iter()
            .filter(|(pool, right)| pool.contenders().len() > 1 && !right.is_empty())
            .collect();
        if usable.is_empty() {
            return Ok(Choice::prior());
        }
        let (means, deviations) = moments(&usable);
        let standardised = |features: &[f64; CONTENDER_WIDTH]| {
            Array1::from_iter(
                (0..CONTENDER_WIDTH).map(|j| (features[j] - means[j]) / deviations[j]),
            )
        };
        let designs: Vec<(Vec<Array1<f64>>, &[usize])> = usable
            .iter()
            .map(|(pool, right)| {
                (pool.contenders().iter().map(|c| standardised(&c.features)).collect(), *right)
            })
            .collect();
        let mut prior = Array1::zeros(CONTENDER_WIDTH);
        prior[0] = PRIOR_WEIGHT * deviations[0];
        let weights = newton(&designs, &prior, lambda)?.to_vec();
        Ok(Choice { means, deviations, weights })
    }

    /// Mean of -ln P(an acceptable document) over the pools that hold one.
    pub fn loss(&self, pools: &[(&Pool, &[usize])]) -> f64 {
        let usable: Vec<f64> = pools
            .iter()
            .filter(|(_, right)| !right.is_empty())
            .map(|(pool, right)| {
                let scores = self.scores(pool);
                let shares: Vec<f64> = scores.shares().collect();
                let p: f64 = right.iter().filter_map(|&place| shares.get(place)).sum();
                -p.max(1e-15).ln()
            })
            .collect();
        usable.iter().sum::<f64>() / usable.len().max(1) as f64
    }
}

fn moments(pools: &[&(&Pool, &[usize])]) -> (Vec<f64>, Vec<f64>) {
    let all = || pools.iter().flat_map(|(pool, _)| pool.contenders());
    let n = all().count() as f64;
    let mut means = [0.0; CONTENDER_WIDTH];
    for contender in all() {
        for (mean, value) in means.iter_mut().zip(contender.features) {
            *mean += value / n;
        }
    }
    let mut variances = [0.0; CONTENDER_WIDTH];
    for contender in all() {
        for ((variance, value), mean) in variances.iter_mut().zip(contender.features).zip(&means) {
            *variance += (value - mean).powi(2) / n;
        }
    }
    let deviation = |variance: &f64| if *variance > 1e-20 { variance.sqrt() } else { 1.0 };
    (means.to_vec(), variances.iter().map(deviation).collect())
}

/// With several acceptable documents the likelihood is that of any of them: its gradient takes
/// them by their present shares (one step of expectation and maximisation each time), and the
/// curvature of the whole pool bounds that of the likelihood.
fn newton(
    designs: &[(Vec<Array1<f64>>, &[usize])],
    prior: &Array1<f64>,
    lambda: f64,
) -> Result<Array1<f64>, FitError> {
    let mut weights = prior.clone();
    for _ in 0..STEPS {
        let mut gradient = (prior - &weights) * lambda;
        let mut hessian = Array2::<f64>::eye(CONTENDER_WIDTH) * lambda;
        for (rows, right) in designs {
            let scores = Scores(rows.iter().map(|x| x.dot(&weights)).collect());
            let shares: Vec<f64> = scores.shares().collect();
            let of_right: f64 = right.iter().map(|&place| shares[place]).sum();
            let mut mean = Array1::<f64>::zeros(CONTENDER_WIDTH);
            for (place, (x, &share)) in rows.iter().zip(&shares).enumerate() {
                mean.scaled_add(share, x);
                let held = if right.contains(&place) { share / of_right.max(1e-300) } else { 0.0 };
                gradient.scaled_add(held - share, x);
            }
            for (x, &share) in rows.iter().zip(&shares) {
                add_outer(&mut hessian, &(x - &mean), share);
            }
        }
        let step = solve(hessian, gradient).ok_or(FitError::Singular { lambda })?;
        weights += &step;
        if step.iter().all(|s| s.abs() < TOLERANCE) {
            break;
        }
    }
    if weights.iter().all(|w| w.is_finite()) {
        Ok(weights)
    } else {
        Err(FitError::Singular { lambda })
    }
}

fn add_outer(matrix: &mut Array2<f64>, x: &Array1<f64>, weight: f64) {
    for (mut row, &value) in matrix.rows_mut().into_iter().zip(x) {
        row.scaled_add(weight * value, x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::evidence::testing::pool;

    /// Pools in which feature 3, not the fused score, tells the right document.
    fn sample() -> Vec<(Pool, Vec<usize>)> {
        (0..40)
            .map(|i| {
                let right = i % 3;
                let features: Vec<[f64; CONTENDER_WIDTH]> = (0..3)
                    .map(|d| {
                        let mut features = [0.0; CONTENDER_WIDTH];
                        features[0] = 0.5 - 0.02 * d as f64;
                        features[3] = f64::from(d == right) + 0.3 * ((i * 7 + d * 5) % 4) as f64;
                        features
                    })
                    .collect();
                (pool(&features), vec![right])
            })
            .collect()
    }

    fn borrowed(sample: &[(Pool, Vec<usize>)]) -> Vec<(&Pool, &[usize])> {
        sample.iter().map(|(pool, right)| (pool, right.as_slice())).collect()
    }

    #[test]
    fn the_prior_follows_the_ranking_and_labels_overrule_it() {
        let sample = sample();
        let pools = borrowed(&sample);
        assert!(pools.iter().all(|(pool, _)| Choice::prior().scores(pool).winner() == 0));
        let fitted = Choice::fit(&pools, 0.1).unwrap();
        let right =
            |c: &Choice| pools.iter().filter(|(p, r)| r.contains(&c.scores(p).winner())).count();
        assert!(right(&fitted) > 30 && right(&Choice::prior()) < 15);
        assert!(fitted.loss(&pools) < Choice::prior().loss(&pools));
        // Held fast by a great penalty, the fit stays with the ranking.
        let held = Choice::fit(&pools, 1e9).unwrap();
        assert!(pools.iter().all(|(pool, _)| held.scores(pool).winner() == 0));
    }

    #[test]
    fn shares_sum_to_one_and_without_labels_there_is_only_the_prior() {
        let sample = sample();
        let scores = Choice::prior().scores(&sample[0].0);
        assert!((scores.shares().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(scores.share() >= 1.0 / 3.0 && scores.entropy() <= 3.0_f64.ln() + 1e-12);
        assert_eq!(Choice::fit(&[(&sample[0].0, &[])], 1.0).unwrap(), Choice::prior());
    }
}
