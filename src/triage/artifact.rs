//! A fitted model as one file, and what it is bound to.
//!
//! The first line is a manifest in JSON that anybody can read; weights follow as bytes; the last 32
//! bytes are the fingerprint of all bytes before them, so that a file with any byte changed is
//! refused. A model serves only with the embedder it was fitted with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FEATURES;
use super::attention::{Attention, Output};
use super::exemplar::{Exemplar, Exemplars};
use super::wording::{BUCKETS, Wording};
use crate::calibrate::logistic::Logistic;
use crate::embed::ModelBytes;
use crate::ids::Fingerprint;

/// Version of the form and of everything that gives its numbers their meaning.
pub const VERSION: u32 = 2;
/// Bytes of the fingerprint at the end.
const SEAL: usize = 32;

/// What can be read of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this form.
    pub version: u32,
    /// The embedding model with its tokenizer; the model serves with no other.
    pub embedder: Fingerprint,
    /// What reports call that embedding model.
    pub embedder_name: String,
    /// Names of the last step's features, in order.
    pub features: Vec<String>,
    /// The last step: from features to P(urgent).
    pub last: Logistic,
    /// Least probability that raises an alarm.
    pub alarm_from: f64,
    /// A rule of a symptom that fits is overruled below this probability.
    pub clear_below: f64,
    /// Kinds of message that the attention tells apart, in the order of its outputs after the first.
    pub kinds: Vec<String>,
    /// Kinds that a message is taken for without a rule.
    pub routes: Vec<KindRoute>,
    /// How it was fitted, and what it did on sources it was not fitted on.
    pub fitted: Fitted,
    /// Sizes of the parts that follow, and their scales.
    pub parts: Parts,
    /// Approved examples, in the order of their vectors.
    pub exemplars: Vec<Exemplar>,
}

/// From which probability on a message is taken for one of a kind, and what that did on sources
/// not fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindRoute {
    /// The kind.
    pub kind: String,
    /// Least probability.
    pub from: f64,
    /// Messages of the kind.
    pub messages: usize,
    /// Those taken for it.
    pub found: usize,
    /// Ordinary messages.
    pub ordinary: usize,
    /// Those taken for it.
    pub falsely: usize,
}

/// Sizes and scales.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Numbers in a vector.
    pub dimension: usize,
    /// Buckets of the wording.
    pub buckets: usize,
    /// What one step of a bucket's weight is worth.
    pub wording_step: f32,
    /// Intercept of the wording.
    pub wording_intercept: f32,
    /// Detectors of the attention.
    pub detectors: usize,
    /// Intercepts of the attention's outputs: urgency, then each kind.
    pub intercepts: Vec<f32>,
    /// Bytes of the encoder's tuned last layers; 0: the encoder is used as it is.
    pub tail: usize,
}

/// How a model was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// The files it was fitted on.
    pub sources: Vec<Source>,
    /// The share of false alarms among harmless messages the alarm was set for, out of source.
    pub target_false_alarms: f64,
    /// The share of rightly fitting symptom rules the model may overrule, out of source.
    pub target_cleared: f64,
    /// What a model fitted without each source did on it, at these thresholds.
    pub held_out: Vec<HeldOut>,
}

/// A file of labelled messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the file, without its folder.
    pub name: String,
    /// Fingerprint of its messages and labels.
    pub fingerprint: Fingerprint,
    /// Messages.
    pub messages: usize,
    /// Those labelled urgent.
    pub urgent: usize,
}

/// What rules and model did on one source that the model had not seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// Name of the source.
    pub source: String,
    /// Urgent messages.
    pub urgent: usize,
    /// Those that raised an alarm.
    pub found: usize,
    /// Those that rules alone would have found.
    pub found_by_rules: usize,
    /// Harmless messages that tempt, or all where none is named so.
    pub harmless: usize,
    /// Those that raised an alarm.
    pub false_alarms: usize,
    /// Those for which rules alone would have raised one.
    pub false_alarms_of_rules: usize,
    /// Fitting rules overruled on urgent messages.
    pub wrongly_cleared: usize,
    /// Fitting rules overruled on harmless messages.
    pub rightly_cleared: usize,
}

/// Why a model cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Bytes were changed or lost.
    #[error("the urgency model is damaged; fit it again with `guidepost triage fit`")]
    Damaged,
    /// The manifest does not parse.
    #[error(
        "the urgency model's manifest does not parse: {message}; fit it again with `guidepost triage fit`"
    )]
    Syntax {
        /// What is wrong.
        message: String,
    },
    /// It was made by another version of this program.
    #[error(
        "the urgency model was made by another version; fit it again with `guidepost triage fit`"
    )]
    Version,
    /// It was fitted with another embedding model.
    #[error(
        "the urgency model was fitted with another embedding model; fit it again with `guidepost triage fit`"
    )]
    Embedder,
    /// Its tuned layers do not fit the embedding model.
    #[error(
        "the urgency model's layers do not fit the embedding model; fit it again with `guidepost triage fit`"
    )]
    Layers,
    /// A number is out of range.
    #[error(
        "the urgency model holds numbers out of range; fit it again with `guidepost triage fit`"
    )]
    Range,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    manifest: Manifest,
    pub(super) wording: Wording,
    pub(super) attention: Attention,
    pub(super) exemplars: Exemplars,
    /// The encoder's tuned last layers; empty: it is used as it is.
    pub(super) tail: ModelBytes,
    id: Fingerprint,
}

impl Artifact {
    pub(super) fn new(
        mut manifest: Manifest,
        wording: Wording,
        attention: Attention,
        exemplars: Exemplars,
        tail: ModelBytes,
    ) -> Result<Artifact, ArtifactError> {
        manifest.exemplars.clone_from(&exemplars.texts);
        manifest.parts = Parts {
            dimension: attention.dimension,
            buckets: wording.weights.len(),
            wording_step: wording.step,
            wording_intercept: wording.intercept,
            detectors: attention.steps.len(),
            intercepts: attention.outputs.iter().map(|o| o.intercept).collect(),
            tail: tail.as_ref().len(),
        };
        let id = Fingerprint::of(&[]);
        let unsealed = Artifact { manifest, wording, attention, exemplars, tail, id };
        // What is served is what was stored, to the bit.
        Artifact::parse(&unsealed.to_bytes()?)
    }

    /// What can be read of the model.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The encoder's tuned last layers; empty: it is used as it is.
    pub fn tail(&self) -> &[u8] {
        self.tail.as_ref()
    }

    /// Identity of the model.
    pub fn id(&self) -> Fingerprint {
        self.id
    }

    /// The file.
    ///
    /// # Errors
    /// [`ArtifactError::Syntax`] when the manifest cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArtifactError> {
        let mut bytes = serde_json::to_vec(&self.manifest)
            .map_err(|error| ArtifactError::Syntax { message: error.to_string() })?;
        bytes.push(b'\n');
        bytes.extend(&self.wording.frequencies);
        push_signed(&mut bytes, &self.wording.weights);
        push_signed(&mut bytes, &self.attention.detectors);
        let attention = &self.attention;
        let outputs = attention.outputs.iter().flat_map(|o| [&o.strongest, &o.mean, &o.token]);
        for value in [&attention.steps, &attention.offsets].into_iter().chain(outputs).flatten() {
            bytes.extend(value.to_le_bytes());
        }
        push_signed(&mut bytes, &self.exemplars.vectors);
        bytes.extend(self.tail.as_ref());
        let seal = Fingerprint::of(&bytes);
        bytes.extend(seal.as_bytes());
        Ok(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ArtifactError`] when any byte was changed, or it is of another version.
    pub fn parse(bytes: &[u8]) -> Result<Artifact, ArtifactError> {
        let end = bytes.len().checked_sub(SEAL).ok_or(ArtifactError::Damaged)?;
        let (sealed, seal) = bytes.split_at(end);
        let id = Fingerprint::of(sealed);
        if id.as_bytes() != seal {
            return Err(ArtifactError::Damaged);
        }
        let line = memchr::memchr(b'\n', sealed).ok_or(ArtifactError::Damaged)?;
        let manifest: Manifest = serde_json::from_slice(&sealed[..line])
            .map_err(|error| ArtifactError::Syntax { message: error.to_string() })?;
        if manifest.version != VERSION
            || manifest.features != FEATURES
            || manifest.parts.buckets != BUCKETS
        {
            return Err(ArtifactError::Version);
        }
        let Parts { dimension, buckets, detectors, .. } = manifest.parts;
        let mut rest = Rest(&sealed[line + 1..]);
        let wording = Wording {
            frequencies: rest.take(buckets)?.to_vec(),
            weights: rest.signed(buckets)?,
            step: manifest.parts.wording_step,
            intercept: manifest.parts.wording_intercept,
        };
        let cells = detectors.checked_mul(dimension).ok_or(ArtifactError::Range)?;
        let mut attention = Attention {
            dimension,
            detectors: rest.signed(cells)?,
            steps: rest.floats(detectors)?,
            offsets: rest.floats(detectors)?,
            outputs: Vec::new(),
        };
        for &intercept in &manifest.parts.intercepts {
            attention.outputs.push(Output {
                strongest: rest.floats(detectors)?,
                mean: rest.floats(detectors)?,
                token: rest.floats(dimension)?,
                intercept,
            });
        }
        let cells = manifest.exemplars.len().checked_mul(dimension).ok_or(ArtifactError::Range)?;
        let vectors = rest.signed(cells)?;
        let tail = ModelBytes::copy(rest.take(manifest.parts.tail)?);
        if !rest.0.is_empty() {
            return Err(ArtifactError::Damaged);
        }
        let exemplars = Exemplars::new(manifest.exemplars.clone(), vectors, dimension);
        let artifact = Artifact { manifest, wording, attention, exemplars, tail, id };
        if artifact.in_range() { Ok(artifact) } else { Err(ArtifactError::Range) }
    }

    fn in_range(&self) -> bool {
        let Manifest { last, alarm_from, clear_below, .. } = &self.manifest;
        let lists = [&last.means, &last.deviations, &last.weights];
        let attention = &self.attention;
        let outputs = attention.outputs.iter().flat_map(|o| [&o.strongest, &o.mean, &o.token]);
        let mut floats = [&attention.steps, &attention.offsets].into_iter().chain(outputs);
        let kinds = &self.manifest.kinds;
        lists.iter().all(|l| l.len() == FEATURES.len() && l.iter().all(|v| v.is_finite()))
            && last.deviations.iter().all(|&d| d > 0.0)
            && last.intercept.is_finite()
            && (0.0..=1.0).contains(alarm_from)
            && (0.0..=1.0).contains(clear_below)
            && floats.all(|l| l.iter().all(|v| v.is_finite()))
            && self.wording.step.is_finite()
            && self.wording.intercept.is_finite()
            && attention.outputs.len() == 1 + kinds.len()
            && attention.outputs.iter().all(|o| o.intercept.is_finite())
            && self.manifest.routes.iter().all(|r| kinds.contains(&r.kind) && r.from > 0.0)
    }
}

fn push_signed(bytes: &mut Vec<u8>, values: &[i8]) {
    bytes.extend(values.iter().map(|&v| v.cast_unsigned()));
}

/// Bytes not yet read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], ArtifactError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(ArtifactError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn signed(&mut self, n: usize) -> Result<Vec<i8>, ArtifactError> {
        Ok(self.take(n)?.iter().map(|&b| b.cast_signed()).collect())
    }

    fn floats(&mut self, n: usize) -> Result<Vec<f32>, ArtifactError> {
        let bytes = self.take(n.checked_mul(4).ok_or(ArtifactError::Damaged)?)?;
        let quads = bytes.as_chunks::<4>().0;
        Ok(quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect())
    }
}
