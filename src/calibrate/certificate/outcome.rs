//! What would be done with a labelled message, whatever the threshold?
//!
//! An outcome is kept with the answer that would be given and how sure the calibrator is of it, so
//! that any threshold and any barring of documents can be judged later without asking again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::CertifyError;
use crate::ids::DocumentId;

/// What would be done with one labelled message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Family of the message: the independent unit.
    pub family: String,
    /// Whether it should be answered at all.
    pub answerable: bool,
    /// What would be answered; nothing where a rule declines before the calibrator is asked, or no
    /// document was found.
    pub proposed: Option<Proposal>,
    /// Groups it is reported under.
    pub slices: Vec<String>,
}

/// What would be answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// How sure the calibrator is, from 0 to 1.
    pub confidence: f64,
    /// The document that would be quoted.
    pub document: DocumentId,
    /// Whether it is not an acceptable answer.
    pub wrong: bool,
}

/// Families that should and should not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Families that should be answered.
    pub answerable: usize,
    /// Families that should be declined.
    pub unanswerable: usize,
}

impl Mix {
    /// The mix of some outcomes.
    pub fn of(outcomes: &[Outcome]) -> Mix {
        let answerable = outcomes.iter().filter(|outcome| outcome.answerable).count();
        Mix { answerable, unanswerable: outcomes.len() - answerable }
    }

    /// All families.
    pub fn total(&self) -> usize {
        self.answerable + self.unanswerable
    }
}

impl Outcome {
    /// Whether a threshold answers it.
    pub fn is_answered(&self, threshold: f64) -> bool {
        self.proposed.as_ref().is_some_and(|proposal| proposal.confidence >= threshold)
    }

    /// The loss at a threshold: answered, and wrongly or where it should have been declined.
    pub fn loss(&self, threshold: f64) -> bool {
        let is_error = |proposal: &Proposal| proposal.wrong || !self.answerable;
        self.is_answered(threshold) && self.proposed.as_ref().is_some_and(is_error)
    }

    /// The same message where the document it would quote may not be quoted: declined.
    pub(super) fn without_barred(mut self, is_barred: &dyn Fn(&DocumentId) -> bool) -> Outcome {
        self.proposed = self.proposed.filter(|proposal| !is_barred(&proposal.document));
        self
    }
}

/// Refuses confidences that are no probabilities.
pub(super) fn check_confidences(outcomes: &[Outcome]) -> Result<(), CertifyError> {
    for outcome in outcomes {
        let Some(proposal) = &outcome.proposed else { continue };
        if !(0.0..=1.0).contains(&proposal.confidence) {
            let (family, value) = (outcome.family.clone(), proposal.confidence);
            return Err(CertifyError::Confidence { family, value });
        }
    }
    Ok(())
}

/// Refuses two outcomes of one family.
pub(super) fn check_families(outcomes: &[Outcome]) -> Result<(), CertifyError> {
    let mut families: Vec<&str> = outcomes.iter().map(|o| o.family.as_str()).collect();
    families.sort_unstable();
    match families.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(CertifyError::FamilyTwice { family: pair[0].to_owned() }),
        None => Ok(()),
    }
}
