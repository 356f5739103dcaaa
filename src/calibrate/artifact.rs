//! A fitted calibrator as a file: its models, its threshold, and what it is bound to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Confidence;
use super::choice::Choice;
use super::evidence::{CONTENDER_WIDTH, EVIDENCE_VERSION, Evidence, FEATURES, Pool};
use super::model::Model;
use super::subject::Subject;
use crate::ids::Fingerprint;

/// Version of the artifact's form.
pub const ARTIFACT_VERSION: u32 = 2;

/// A fitted calibrator, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Version of this form.
    pub version: u32,
    /// What it is bound to; anything else makes it unusable.
    pub bound_to: Binding,
    /// Names of the features, in order.
    pub features: Vec<String>,
    /// Which of the best documents answers; without it, the first of the ranking.
    pub choice: Option<Choice>,
    /// What the message's direction tells of its subject, if anything.
    pub subject: Option<Subjects>,
    /// P(the winning document answers the message).
    pub correct: Model,
    /// P(some guidance of the corpus answers the message).
    pub in_scope: Model,
    /// Least confidence that answers.
    pub threshold: f64,
    /// How it was fitted.
    pub fitted: Fitted,
}

/// What directions of messages tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// Whether some guidance answers.
    pub in_scope: Subject,
    /// Whether the document chosen answers.
    pub right: Subject,
}

/// What a calibrator is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Version of the features.
    pub evidence: u32,
    /// The embedding model with its tokenizer.
    pub embedder: Fingerprint,
    /// The settings of retrieval and fusion.
    pub settings: Fingerprint,
}

/// How a calibrator was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// The snapshot it was fitted on. Another snapshot keeps the calibrator usable, but its
    /// answers say that it was fitted elsewhere.
    pub snapshot: Fingerprint,
    /// Fingerprint of the labelled topics.
    pub topics: Fingerprint,
    /// Topics used.
    pub n_topics: usize,
    /// Families of topics: the independent units.
    pub n_families: usize,
    /// L2 penalty.
    pub penalty: f64,
    /// The selective risk the threshold was chosen for, on out-of-fold confidences.
    pub target_risk: f64,
    /// Out-of-fold coverage at the threshold.
    pub coverage: f64,
    /// Out-of-fold selective risk at the threshold.
    pub risk: f64,
}

/// Why a calibrator cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// It does not parse.
    #[error("the calibrator does not parse: {message}; fit it again with `guidepost calibrate`")]
    Syntax {
        /// What is wrong.
        message: String,
    },
    /// It has another version or other features than this program.
    #[error("the calibrator was made by another version; fit it again with `guidepost calibrate`")]
    Version,
    /// It was fitted for another model or other settings.
    #[error(
        "the calibrator was fitted for another {what}; fit it again with `guidepost calibrate`"
    )]
    Binding {
        /// What differs.
        what: &'static str,
    },
    /// A number is out of range.
    #[error("the calibrator holds numbers out of range; fit it again with `guidepost calibrate`")]
    Range,
}

/// A calibrator ready for use.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrator {
    artifact: Artifact,
    id: Fingerprint,
}

/// What a calibrator says of a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// P(the winning document answers the message).
    pub confidence: Confidence,
    /// P(some guidance of the corpus answers the message).
    pub in_scope: f64,
}

/// The winner of a pool, with what was seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Its place in the pool.
    pub place: usize,
    /// What was seen.
    pub evidence: Evidence,
    /// What a calibrator says of it; nothing without one.
    pub verdict: Option<Verdict>,
}

impl Judgement {
    /// The winner where nothing is calibrated: the first of the ranking.
    pub fn uncalibrated(pool: &Pool) -> Option<Judgement> {
        see(pool, None, None).map(|(place, evidence)| Judgement { place, evidence, verdict: None })
    }
}

/// The winner of a pool by a choice, and the evidence of it.
pub fn see(
    pool: &Pool,
    choice: Option<&Choice>,
    subjects: Option<&Subjects>,
) -> Option<(usize, Evidence)> {
    let scores = match choice {
        Some(choice) => choice.scores(pool),
        None => Choice::prior().scores(pool),
    };
    let of = |subject: &Subject| subject.score(pool.direction());
    let subject = subjects.map_or((0.0, 0.0), |s| (of(&s.in_scope), of(&s.right)));
    Evidence::of(pool, &scores, subject).map(|evidence| (scores.winner(), evidence))
}

fn is_sound(artifact: &Artifact) -> bool {
    let finite = |list: &[f64]| list.iter().all(|v| v.is_finite());
    let choice = artifact.choice.as_ref().is_none_or(|choice| {
        let lists = [&choice.means, &choice.deviations, &choice.weights];
        lists.iter().all(|l| l.len() == CONTENDER_WIDTH && finite(l))
            && choice.deviations.iter().all(|&d| d > 0.0)
    });
    let subject = artifact.subject.as_ref().is_none_or(|subjects| {
        let all = [&subjects.in_scope, &subjects.right];
        all.iter().all(|s| finite(&s.weights) && s.intercept.is_finite())
    });
    let models = [&artifact.correct, &artifact.in_scope];
    choice
        && subject
        && models.iter().all(|model| model.is_sound(FEATURES.len()))
        && (0.0..=1.0).contains(&artifact.threshold)
}

impl Artifact {
    /// Reads an artifact.
    ///
    /// # Errors
    /// [`ArtifactError::Syntax`] when it is not the JSON expected.
    pub fn parse(text: &str) -> Result<Artifact, ArtifactError> {
        serde_json::from_str(text)
            .map_err(|error| ArtifactError::Syntax { message: error.to_string() })
    }
}

impl Calibrator {
    /// Checks an artifact against what it will be used with.
    ///
    /// # Errors
    /// [`ArtifactError`] when it is bound to anything else or damaged.
    pub fn new(artifact: Artifact, used_with: &Binding) -> Result<Calibrator, ArtifactError> {
        let known = artifact.version == ARTIFACT_VERSION
            && artifact.bound_to.evidence == EVIDENCE_VERSION
            && used_with.evidence == EVIDENCE_VERSION
            && artifact.features == FEATURES;
        if !known {
            return Err(ArtifactError::Version);
        }
        if artifact.bound_to.embedder != used_with.embedder {
            return Err(ArtifactError::Binding { what: "embedding model" });
        }
        if artifact.bound_to.settings != used_with.settings {
            return Err(ArtifactError::Binding { what: "choice of settings" });
        }
        if !is_sound(&artifact) {
            return Err(ArtifactError::Range);
        }
        let id = Fingerprint::of(serde_json::to_string(&artifact).unwrap_or_default().as_bytes());
        Ok(Calibrator { artifact, id })
    }

    /// Identity of the calibrator.
    pub fn id(&self) -> Fingerprint {
        self.id
    }

    /// How it was fitted.
    pub fn fitted(&self) -> &Fitted {
        &self.artifact.fitted
    }

    /// Least confidence that answers.
    pub fn threshold(&self) -> f64 {
        self.artifact.threshold
    }

    /// Chooses the document of a pool that answers best, and says how surely it does.
    pub fn judge(&self, pool: &Pool) -> Option<Judgement> {
        let artifact = &self.artifact;
        let (place, evidence) = see(pool, artifact.choice.as_ref(), artifact.subject.as_ref())?;
        let verdict = Verdict {
            confidence: Confidence(artifact.correct.predict(evidence.values())),
            in_scope: artifact.in_scope.predict(evidence.values()),
        };
        Some(Judgement { place, evidence, verdict: Some(verdict) })
    }

    /// Name and value of each feature, and what it adds to the log odds that the winner answers,
    /// against an average message of the sample it was fitted on.
    pub fn contributions(
        &self,
        evidence: &Evidence,
    ) -> impl Iterator<Item = (&'static str, f64, f64)> {
        let contributions = self.artifact.correct.contributions(evidence.values());
        let values = evidence.values().to_vec();
        let named = FEATURES.into_iter().zip(values).zip(contributions);
        named.map(|((name, value), contribution)| (name, value, contribution))
    }

    /// Whether a confidence is enough to answer.
    pub fn answers(&self, confidence: Confidence) -> bool {
        confidence.0 >= self.artifact.threshold
    }
}
