//! From evidence to a probability that the answer is right.
//!
//! [`Confidence`] is the only number that meets a threshold, and only a fitted [`Calibrator`]
//! makes one. Fitting and predicting are pure: no IO, no clock.

pub mod artifact;
pub mod certificate;
pub mod choice;
pub mod evidence;
pub mod isotonic;
pub mod logistic;
pub mod model;
pub mod shift;
pub mod subject;

use std::fmt;

pub use artifact::{Artifact, ArtifactError, Calibrator};
pub use choice::Choice;
pub use evidence::{Evidence, FEATURES, Pool};
pub use model::Model;
pub use subject::Subject;

/// The probability that an answer is right, from 0 to 1, as a fitted calibrator estimates it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// The probability.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The lesser of two.
    #[must_use]
    pub fn least(self, other: Confidence) -> Confidence {
        Confidence(self.0.min(other.0))
    }
}

impl fmt::Debug for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
