//! Does this message need a second look that word lists cannot give?
//!
//! Rules know the words somebody thought of; people use others. A [`Triage`] is a fitted model that
//! reads a message as a whole and sentence by sentence, by its [`wording`] (hashed n-grams) and by
//! what an embedding model makes of its words in their company ([`attention`]), and gives one
//! probability that it tells of something urgent. Only that probability meets a threshold. The
//! whole message counts together with its loudest sentence; a sentence that would be plainly urgent
//! alone counts whatever stands around it, so harmless company never silences it. Where the
//! embedding model's last layers were tuned for this ([`tuned`]), the same pass also tells what kind
//! of message it is. Nothing here assesses a symptom or writes a word: the caller picks the approved
//! text of the channel whose approved examples lie nearest.
//! The module does not know rules, corpora or replies; what rules found comes in as [`Signals`].

pub mod artifact;
pub mod attention;
pub mod exemplar;
pub mod fit;
pub mod tuned;
pub mod wording;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::calibrate::logistic::Logistic;
use crate::embed::{Begun, EmbedError, Embedder, Matrix, ModelBytes};
use crate::text::segment::{sentences, trim};

pub use artifact::{Artifact, ArtifactError, Manifest};
use exemplar::{Exemplars, Nearest};

/// Sentences of a message that are read by themselves. A message with more is never cleared.
const MOST_SENTENCES: usize = 128;
/// Bytes of a sentence that are read at once: fewer tokens than an embedder reads of a text.
const LONGEST_PIECE: usize = 600;
/// Names of the features of the last step, in order.
pub const FEATURES: [&str; 5] = ["wording", "attention", "loudest", "rule_fits", "rule_named"];
/// Odds by which a sentence alone must exceed what a whole message must reach.
const ALONE: f64 = 7.4;

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
    /// The kind of message it is taken for, where one is likely enough.
    pub kind: Option<Kind>,
}

/// What a message is taken for.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// The kind, as labels name it.
    pub name: String,
    /// How probable it is.
    pub probability: f64,
}

/// A fitted model, ready for use with the embedder it was fitted with.
#[derive(Clone)]
pub struct Triage {
    artifact: Artifact,
    embedder: Arc<dyn Embedder>,
}

impl fmt::Debug for Triage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Triage({} with {})", self.artifact.id(), self.embedder.name())
    }
}

/// One text read.
struct Features {
    wording: f64,
    /// Log odds of urgency, then of each kind.
    attention: Vec<f64>,
    vector: Vec<f32>,
}

impl Features {
    fn urgency(&self) -> f64 {
        self.attention.first().copied().unwrap_or_default()
    }
}

impl Triage {
    /// Checks that a model was fitted with this embedder, and puts its layers in.
    ///
    /// # Errors
    /// [`ArtifactError::Embedder`] when it was fitted with another, [`ArtifactError::Layers`] when
    /// its layers do not fit.
    pub fn new(artifact: Artifact, embedder: &Arc<dyn Embedder>) -> Result<Triage, ArtifactError> {
        if artifact.manifest().embedder != embedder.fingerprint() {
            return Err(ArtifactError::Embedder);
        }
        let embedder = with_layers(embedder, Some(&artifact.tail))?;
        Ok(Triage { artifact, embedder })
    }

    /// The model.
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Reads a message; `None` for one without words, or when the embedder shows no tokens. With
    /// the reading comes what the embedder that the model was made with can go on from.
    ///
    /// # Errors
    /// [`EmbedError`] when the embedder fails.
    pub fn read(
        &self,
        message: &str,
        signals: &dyn Fn(&str) -> Signals,
    ) -> Result<Option<(Reading, Option<Begun>)>, EmbedError> {
        let Views { spans, complete } = views(message);
        let mut rows = Vec::with_capacity(spans.len());
        let mut read = Vec::with_capacity(spans.len());
        let mut begun = None;
        for span in &spans {
            let text = &message[span.clone()];
            let Some((features, half)) = self.features(text)? else {
                return Ok(None);
            };
            if read.is_empty() {
                begun = half;
            }
            rows.push(row(features.wording, features.urgency(), signals(text)));
            read.push(features);
        }
        let last = &self.artifact.manifest().last;
        let Some(Loudest { probability, at }) = loudest(&rows, last) else {
            return Ok(None);
        };
        let nearest = read.get(at).and_then(|view| self.exemplars().nearest(&view.vector));
        let kind = read.first().and_then(|whole| self.kind(&whole.attention));
        let span = spans.get(at).cloned().unwrap_or_default();
        Ok(Some((Reading { probability, span, complete, nearest, kind }, begun)))
    }

    /// The kind a whole message is taken for.
    fn kind(&self, attention: &[f64]) -> Option<Kind> {
        let Manifest { kinds, routes, .. } = self.artifact.manifest();
        let shares = shares(attention.get(1..)?);
        let named = kinds.iter().zip(shares);
        let (name, probability) = named.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let route = routes.iter().find(|route| route.kind == *name)?;
        (probability >= route.from).then(|| Kind { name: name.clone(), probability })
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

    fn features(&self, text: &str) -> Result<Option<(Features, Option<Begun>)>, EmbedError> {
        let Some((tokens, begun)) = self.embedder.embed_tokens_begun(text)? else {
            return Ok(None);
        };
        let features = Features {
            wording: self.artifact.wording.score(text),
            attention: self.artifact.attention.scores(&tokens),
            vector: pooled(&tokens),
        };
        Ok(Some((features, begun)))
    }
}

/// The embedder with its last layers exchanged, if any are given.
fn with_layers(
    embedder: &Arc<dyn Embedder>,
    tail: Option<&ModelBytes>,
) -> Result<Arc<dyn Embedder>, ArtifactError> {
    let Some(tail) = tail.filter(|tail| !tail.is_empty()) else {
        return Ok(Arc::clone(embedder));
    };
    let tuned = embedder.with_tail(tail.clone());
    tuned.ok().flatten().ok_or(ArtifactError::Layers)
}

/// Shares that log odds of kinds give: exp(x) over their sum.
fn shares(odds: &[f64]) -> Vec<f64> {
    let most = odds.iter().copied().fold(f64::MIN, f64::max);
    let parts: Vec<f64> = odds.iter().map(|x| (x - most).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

/// P(urgent) of a message, and the view of it that speaks loudest.
struct Loudest {
    probability: f64,
    at: usize,
}

/// The first row, of all of a message, with its loudest view beside it.
fn whole(rows: &[Row]) -> Option<Row> {
    let mut whole = *rows.first()?;
    whole[LOUDEST] = rows.iter().map(|row| row[ATTENTION]).fold(f64::MIN, f64::max);
    Some(whole)
}

/// Reads the rows of a message, the first of all of it and the others of its sentences.
fn loudest(rows: &[Row], last: &Logistic) -> Option<Loudest> {
    let whole = last.predict(&whole(rows)?);
    let alone = rows.iter().enumerate().skip(1).map(|(at, row)| (at, last.predict(row)));
    let Some((at, alone)) = alone.max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return Some(Loudest { probability: whole, at: 0 });
    };
    // In odds: as loud as a whole message after the deduction.
    let counted = alone / (alone + (1.0 - alone) * ALONE);
    Some(Loudest { probability: whole.max(counted), at })
}

/// Features of one view.
type Row = [f64; FEATURES.len()];
/// Places of two of the features.
const ATTENTION: usize = 1;
const LOUDEST: usize = 2;

/// The features of the last step, in the order of [`FEATURES`].
fn row(wording: f64, attention: f64, signals: Signals) -> Row {
    let named = signals.named && !signals.fits;
    [wording, attention, attention, f64::from(signals.fits), f64::from(named)]
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

/// Adds every token's vector, the first one first.
fn add_up(tokens: &Matrix, sum: &mut [f32]) {
    for token in tokens.rows() {
        match token.as_slice() {
            Some(token) => sum.iter_mut().zip(token).for_each(|(total, value)| *total += value),
            None => sum.iter_mut().zip(token).for_each(|(total, value)| *total += value),
        }
    }
}

/// The mean of token vectors, scaled to length one.
fn pooled(tokens: &Matrix) -> Vec<f32> {
    let mut sum = vec![0.0_f32; tokens.ncols()];
    add_up(tokens, &mut sum);
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
