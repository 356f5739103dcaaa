//! Models that turn evidence into a probability, one kind at a time.
//!
//! Each is monotone in one score or linear in all, so that a person can follow it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::isotonic::Isotonic;
use super::logistic::{Logistic, sigmoid};

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Model {
    /// Logistic regression on all features.
    Logistic(Logistic),
    /// P(in scope) times P(right | in scope), both logistic on all features: the second never saw
    /// a message that nothing answers.
    Product {
        /// P(in scope).
        in_scope: Logistic,
        /// P(right | in scope).
        right: Logistic,
    },
    /// Platt scaling of one feature (Platt 1999), or of its temperature alone where the intercept
    /// is 0 (Guo et al.: On calibration of modern neural networks, 2017).
    Platt {
        /// Place of the feature.
        feature: usize,
        /// Its factor.
        slope: f64,
        /// Added to it.
        intercept: f64,
    },
    /// A step function of one feature.
    Isotonic {
        /// Place of the feature.
        feature: usize,
        /// The steps.
        steps: Isotonic,
    },
}

impl Model {
    /// The probability, from 0 to 1.
    pub fn predict(&self, features: &[f64]) -> f64 {
        let of = |feature: &usize| features.get(*feature).copied().unwrap_or(0.0);
        match self {
            Model::Logistic(logistic) => logistic.predict(features),
            Model::Product { in_scope, right } => {
                in_scope.predict(features) * right.predict(features)
            }
            Model::Platt { feature, slope, intercept } => sigmoid(slope * of(feature) + intercept),
            Model::Isotonic { feature, steps } => steps.predict(of(feature)),
        }
    }

    /// What each feature speaks for or against, in log odds against its mean. Of a product it is
    /// the sum over the two, whose log odds do not add up to those of the product: signs and order
    /// can be read, sums cannot.
    pub fn contributions(&self, features: &[f64]) -> Vec<f64> {
        let only = |place: usize, value: f64| {
            let mut all = vec![0.0; features.len()];
            if let Some(own) = all.get_mut(place) {
                *own = value;
            }
            all
        };
        let of = |feature: usize| features.get(feature).copied().unwrap_or(0.0);
        match self {
            Model::Logistic(logistic) => logistic.contributions(features),
            Model::Product { in_scope, right } => {
                let pairs = in_scope.contributions(features).into_iter();
                pairs.zip(right.contributions(features)).map(|(a, b)| a + b).collect()
            }
            Model::Platt { feature, slope, .. } => only(*feature, slope * of(*feature)),
            Model::Isotonic { feature, steps } => {
                let p = steps.predict(of(*feature)).clamp(1e-6, 1.0 - 1e-6);
                only(*feature, (p / (1.0 - p)).ln())
            }
        }
    }

    /// Whether its numbers are usable with so many features.
    pub fn is_sound(&self, width: usize) -> bool {
        match self {
            Model::Logistic(model) => is_logistic_sound(model, width),
            Model::Product { in_scope, right } => {
                is_logistic_sound(in_scope, width) && is_logistic_sound(right, width)
            }
            Model::Platt { feature, slope, intercept } => {
                *feature < width && slope.is_finite() && intercept.is_finite()
            }
            Model::Isotonic { feature, steps } => *feature < width && steps.is_sound(),
        }
    }
}

fn is_logistic_sound(model: &Logistic, width: usize) -> bool {
    let lists = [&model.means, &model.deviations, &model.weights];
    lists.iter().all(|l| l.len() == width && l.iter().all(|v| v.is_finite()))
        && model.deviations.iter().all(|&d| d > 0.0)
        && model.intercept.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logistic(weight: f64) -> Logistic {
        Logistic { means: vec![0.0], deviations: vec![1.0], weights: vec![weight], intercept: 0.0 }
    }

    #[test]
    fn every_kind_round_trips_and_predicts_by_its_formula() {
        let steps = Isotonic { scores: vec![0.0, 1.0], probabilities: vec![0.2, 0.8] };
        let models = [
            (Model::Logistic(logistic(1.0)), 1.0 / (1.0 + (-0.5_f64).exp())),
            (Model::Product { in_scope: logistic(0.0), right: logistic(0.0) }, 0.25),
            (Model::Platt { feature: 0, slope: 2.0, intercept: -1.0 }, 0.5),
            (Model::Isotonic { feature: 0, steps }, 0.5),
        ];
        for (model, expected) in models {
            assert!((model.predict(&[0.5]) - expected).abs() < 1e-12, "{model:?}");
            assert!(model.is_sound(1) && !model.is_sound(0));
            let text = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model);
        }
    }

    #[test]
    fn numbers_out_of_range_are_not_sound() {
        let mut broken = logistic(1.0);
        broken.deviations[0] = 0.0;
        assert!(!Model::Logistic(broken.clone()).is_sound(1));
        assert!(!Model::Product { in_scope: logistic(1.0), right: broken }.is_sound(1));
        assert!(!Model::Platt { feature: 0, slope: f64::NAN, intercept: 0.0 }.is_sound(1));
        let falling = Isotonic { scores: vec![0.0, 1.0], probabilities: vec![0.8, 0.2] };
        assert!(!Model::Isotonic { feature: 0, steps: falling }.is_sound(1));
    }
}
