//! Does this message need a second look that word lists cannot give?
//!
//! Rules know the words somebody thought of; people use others. A [`Triage`] is a fitted model that
//! reads a message as a whole and sentence by sentence, by its [`wording`] (hashed n-grams) and by
//! what an embedding model makes of its words in their company ([`attention`]), and gives one
//! probability that it tells of something urgent. Only that probability meets a threshold. Every
//! sentence is judged as if it were the whole message and the highest probability counts, so a
//! harmless sentence never silences an urgent one. Nothing here assesses a symptom or writes a
//! word: the caller picks the approved text of the channel whose approved examples lie nearest.
//! The module does not know rules, corpora or replies; what rules found comes in as [`Signals`].

pub mod artifact;
pub mod attention;
pub mod exemplar;
pub mod fit;
pub mod wording;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::embed::{EmbedError, Embedder, Matrix};
use crate::text::segment::{sentences, trim};

pub use artifact::{Artifact, ArtifactError};
use exemplar::{Exemplars, Nearest};

/// Sentences of a message that are read by themselves. A message with more is never cleared.
const MOST_SENTENCES: usize = 128;
/// Bytes of a sentence that are read at once: fewer tokens than an embedder reads of a text.
const LONGEST_PIECE: usize = 600;
/// Names of the features of the last step, in order.
pub const FEATURES: [&str; 4] = ["wording", "attention", "rule_fits", "rule_named"];

/// What the rules say of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// Some urgent rule fits.
    pub fits: bool,
    /// Some urgent rule finds its words, but denied, general or long past.
    pub named: bool,
}

/// What the model makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// P(the message tells of something urgent).
    pub probability: f64,
    /// The sentence that speaks loudest, in bytes of the message, or all of it.
    pub span: Range<usize>,
    /// Whether every sentence was read.
    pub complete: bool,
    /// The approved example nearest to it, of the channel most of the nearest belong to.
    pub nearest: Option<Nearest>,
}

/// A fitted model, ready for use with the embedder it was fitted with.
#[derive(Debug, Clone)]
pub struct Triage {
    artifact: Artifact,
}

/// One text read: its features but the rules', and its vector.
struct Features {
    wording: f64,
    attention: f64,
    vector: Vec<f32>,
}

impl Triage {
    /// Checks that a model was fitted with this embedder.
    ///
    /// # Errors
    /// [`ArtifactError::Embedder`] when it was fitted with another.
    pub fn new(artifact: Artifact, embedder: &dyn Embedder) -> Result<Triage, ArtifactError> {
        if artifact.manifest().embedder != embedder.fingerprint() {
            return Err(ArtifactError::Embedder);
        }
        Ok(Triage { artifact })
    }

    /// The model.
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Reads a message; `None` for one without words, or when the embedder shows no tokens.
    ///
    /// # Errors
    /// [`EmbedError`] when the embedder fails.
    pub fn read(
        &self,
        message: &str,
        embedder: &dyn Embedder,
        signals: &dyn Fn(&str) -> Signals,
    ) -> Result<Option<Reading>, EmbedError> {
        let mut best: Option<(f64, Range<usize>, Vec<f32>)> = None;
        let Views { spans, complete } = views(message);
        for span in spans {
            let text = &message[span.clone()];
            let Some(features) = self.features(text, embedder)? else {
                return Ok(None);
            };
            let probability = self.probability(&features, signals(text));
            if best.as_ref().is_none_or(|(highest, ..)| probability > *highest) {
                best = Some((probability, span, features.vector));
            }
        }
        Ok(best.map(|(probability, span, vector)| Reading {
            probability,
            span,
            complete,
            nearest: self.exemplars().nearest(&vector),
        }))
    }

    /// Whether a probability alone raises an alarm.
    pub fn alarms(&self, reading: &Reading) -> bool {
        reading.probability >= self.artifact.manifest().alarm_from
    }

    /// Whether a reading is so low that a fitting rule of a symptom is taken for a harmless mention.
    pub fn clears(&self, reading: &Reading) -> bool {
        reading.complete && reading.probability < self.artifact.manifest().clear_below
    }

    fn exemplars(&self) -> &Exemplars {
        &self.artifact.exemplars
    }

    fn features(
        &self,
        text: &str,
        embedder: &dyn Embedder,
    ) -> Result<Option<Features>, EmbedError> {
        let Some(tokens) = embedder.embed_tokens(text)? else {
            return Ok(None);
        };
        Ok(Some(Features {
            wording: self.artifact.wording.score(text),
            attention: self.artifact.attention.score(&tokens),
            vector: pooled(&tokens),
        }))
    }

    fn probability(&self, features: &Features, signals: Signals) -> f64 {
        let row = row(features.wording, features.attention, signals);
        self.artifact.manifest().last.predict(&row)
    }
}

/// The features of the last step, in the order of [`FEATURES`].
fn row(wording: f64, attention: f64, signals: Signals) -> [f64; FEATURES.len()] {
    [wording, attention, f64::from(signals.fits), f64::from(signals.named && !signals.fits)]
}

/// What is read of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Views {
    /// All of it, and each sentence where it has several; a sentence that stands there twice is
    /// read once.
    spans: Vec<Range<usize>>,
    /// Whether every sentence is among them.
    complete: bool,
}

fn views(message: &str) -> Views {
    let parts: Vec<Range<usize>> =
        sentences(message).into_iter().flat_map(|part| pieces(message, part)).collect();
    let mut spans = Vec::with_capacity(parts.len() + 1);
    if !parts.is_empty() {
        spans.push(0..message.len());
    }
    let mut seen = BTreeSet::new();
    let several = parts.len() > 1;
    let mut fresh = parts.into_iter().filter(|part| several && seen.insert(&message[part.clone()]));
    spans.extend(fresh.by_ref().take(MOST_SENTENCES));
    let complete = fresh.next().is_none();
    Views { spans, complete }
}

/// A sentence, cut at white space where it is longer than the embedder may read.
fn pieces(message: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    let mut cut = Vec::new();
    let mut start = sentence.start;
    while sentence.end - start > LONGEST_PIECE {
        let most = message.floor_char_boundary(start + LONGEST_PIECE);
        let end = message[start..most].rfind(char::is_whitespace).map_or(most, |at| start + at);
        let end = if end == start { most } else { end };
        cut.extend(trim(message, start..end));
        start = end;
    }
    cut.extend(trim(message, start..sentence.end));
    cut
}

/// The mean of token vectors, scaled to length one.
fn pooled(tokens: &Matrix) -> Vec<f32> {
    let mut sum = vec![0.0_f32; tokens.ncols()];
    for token in tokens.rows() {
        for (total, value) in sum.iter_mut().zip(token) {
            *total += value;
        }
    }
    let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut sum {
            *value /= length;
        }
    }
    sum
}

#[cfg(test)]
mod tests;
