//! How does BERT turn a text into a vector?
//!
//! A plain forward pass (Devlin et al. 2019; pooled as Reimers and Gurevych 2019) in int8 or
//! f32. The tokens of several short texts go through the linear layers together, so that weights
//! are read once for all of them; nothing is padded, and each token's numbers are its own. So a
//! vector never depends on its neighbours or on the number of threads; in int8 it is the same to
//! the bit on every processor. Weights have
//! a scale an output channel, activations a scale a token, sums are exact integers. Only
//! `kernels` knows instruction sets; nothing here knows passages or questions.

mod error;
pub(crate) mod kernels;
pub(crate) mod published;
pub(super) mod tensors;
pub(super) mod tokens;
pub(crate) mod weights;
mod wordpiece;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use self::kernels::{AttentionScratch, Kernels};
use self::tokens::Tokens;
use self::weights::{Layer, Linear, Normalisation, Quantised, Weights};
use super::manifest::Manifest;
use super::model::{ModelBytes, ModelFiles, Precision};
use super::{Begun, EmbedError, Embedder, Matrix, TokensBegun};
use crate::ids::Fingerprint;

pub use self::error::LoadError;
pub use self::kernels::CpuPath;

/// Counts up whenever a change of the arithmetic may change a vector.
const ARITHMETIC: &str = "guidepost encoder 1";

/// A BERT encoder. Shared freely between threads.
pub struct Encoder {
    name: String,
    manifest: Manifest,
    fingerprint: Fingerprint,
    base: Arc<Base>,
    tail: Option<Tail>,
    kernels: Kernels,
    scratch: Mutex<Vec<Scratch>>,
}

/// What encoders that differ in their last layers share.
struct Base {
    tokens: Tokens,
    file: ModelBytes,
    weights: Weights,
}

/// Layers that stand in for the last ones of the base.
struct Tail {
    /// The encoder whose layers they stand in for.
    of: Fingerprint,
    file: ModelBytes,
    layers: Vec<Layer<Linear>>,
}

/// Tokens that go through the layers together, unless one text alone has more: enough to make
/// reading the weights cheap beside using them, few enough for a core's own cache.
const TOGETHER: usize = 96;

/// Working memory of some texts, kept for the next ones.
#[derive(Debug, Default)]
struct Scratch {
    /// Tokens of all texts, one text after the other.
    ids: Vec<u32>,
    /// Tokens of each text.
    lengths: Vec<usize>,
    rows: Vec<f32>,
    projected: Vec<f32>,
    context: Vec<f32>,
    wide: Vec<f32>,
    residual: Vec<f32>,
    quantised: Quantised,
    attention: AttentionScratch,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} on {})", self.name, self.kernels.path())
    }
}

impl Encoder {
    /// Loads a model on the fastest path of this processor.
    ///
    /// # Errors
    /// [`LoadError`] when tokenizer or weights cannot be read or do not fit the manifest.
    pub fn load(files: ModelFiles) -> Result<Self, LoadError> {
        Self::with_kernels(files, Kernels::detect())
    }

    /// Loads a model on a given path, to compare paths.
    ///
    /// # Errors
    /// [`LoadError::CpuPath`] when the processor lacks the path, else as [`Encoder::load`].
    pub fn load_on(files: ModelFiles, path: CpuPath) -> Result<Self, LoadError> {
        let kernels = Kernels::on(path).ok_or(LoadError::CpuPath { path })?;
        Self::with_kernels(files, kernels)
    }

    fn with_kernels(files: ModelFiles, kernels: Kernels) -> Result<Self, LoadError> {
        let fingerprint = fingerprint(&files);
        let ModelFiles { manifest, precision, tokenizer, weights: file, .. } = files;
        let tokens = Tokens::read(tokenizer.as_ref(), manifest.max_tokens)?;
        let weights = Weights::read(file.as_ref(), precision, &manifest)?;
        let file = match precision {
            Precision::Int8 => file,
            Precision::F32 => ModelBytes::from(Vec::new()),
        };
        let name = format!("{} {precision}", manifest.name);
        let base = Arc::new(Base { tokens, file, weights });
        Ok(Self {
            name,
            manifest,
            fingerprint,
            base,
            tail: None,
            kernels,
            scratch: Mutex::default(),
        })
    }

    /// An encoder that computes as this one but for its last layers, which are those of `tail`: a
    /// file of [`quantise_tail`](super::quantise::quantise_tail). The rest is shared, not copied.
    ///
    /// # Errors
    /// [`LoadError`] when the file does not fit this model.
    pub fn with_layers(&self, tail: ModelBytes) -> Result<Self, LoadError> {
        let layers = Weights::read_tail(tail.as_ref(), &self.manifest)?;
        let parts = [self.fingerprint.as_bytes().as_slice(), tail.as_ref()];
        Ok(Self {
            name: format!("{}, tuned", self.name),
            manifest: self.manifest.clone(),
            fingerprint: Fingerprint::of_parts(parts),
            base: Arc::clone(&self.base),
            tail: Some(Tail { of: self.fingerprint, file: tail, layers }),
            kernels: self.kernels,
            scratch: Mutex::default(),
        })
    }

    /// The layers in their order, each with the file its weights lie in.
    fn layers(&self) -> impl Iterator<Item = (&Layer<Linear>, &[u8])> {
        let (tail, file) = match &self.tail {
            Some(tail) => (tail.layers.as_slice(), tail.file.as_ref()),
            None => (&[][..], &[][..]),
        };
        let base = &self.base.weights.layers;
        let kept = base.iter().take(base.len() - tail.len());
        let kept = kept.map(|layer| (layer, self.base.file.as_ref()));
        kept.chain(tail.iter().map(move |layer| (layer, file)))
    }

    /// The model's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The instructions this encoder runs on.
    pub fn cpu_path(&self) -> CpuPath {
        self.kernels.path()
    }

    /// Tokens of a text, without the special tokens and without a limit: what passages are
    /// measured with.
    ///
    /// # Errors
    /// [`EmbedError::Tokenise`] when the tokenizer refuses the text.
    pub fn count_tokens(&self, text: &str) -> Result<usize, EmbedError> {
        self.base.tokens.count(text).map_err(|source| EmbedError::Tokenise { index: 0, source })
    }

    fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let lock = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = lock().pop().unwrap_or_default();
        let done = work(&mut scratch);
        lock().push(scratch);
        done
    }

    fn tokenise(&self, index: usize, text: &str, ids: &mut Vec<u32>) -> Result<(), EmbedError> {
        let tokens = &self.base.tokens;
        tokens.ids(text, ids).map_err(|source| EmbedError::Tokenise { index, source })
    }

    /// One text, the `index`th of its call.
    fn embed_one(&self, index: usize, text: &str, vector: &mut [f32]) -> Result<(), EmbedError> {
        self.with_scratch(|scratch| {
            self.begin_one(index, text, scratch)?;
            self.run(0..usize::MAX, scratch);
            self.kernels.mean_and_scale(&scratch.rows, vector);
            Ok(())
        })
    }

    /// Some texts, the first of them the `index`th of its call, whose tokens are `texts`.
    fn embed_some(
        &self,
        index: usize,
        texts: &[Vec<u32>],
        vectors: &mut [f32],
    ) -> Result<(), EmbedError> {
        self.with_scratch(|scratch| {
            scratch.ids.clear();
            scratch.ids.extend(texts.iter().flatten());
            scratch.lengths.clear();
            scratch.lengths.extend(texts.iter().map(Vec::len));
            self.begin(index, scratch)?;
            self.run(0..usize::MAX, scratch);
            let hidden = self.manifest.hidden;
            let mut rows = scratch.rows.as_slice();
            for (length, vector) in scratch.lengths.iter().zip(vectors.chunks_exact_mut(hidden)) {
                let (own, rest) = rows.split_at(length * hidden);
                self.kernels.mean_and_scale(own, vector);
                rows = rest;
            }
            Ok(())
        })
    }

    /// Many texts, spread over the threads in groups of about [`TOGETHER`] tokens.
    fn embed_many(&self, texts: &[&str], vectors: &mut [f32]) -> Result<(), EmbedError> {
        let tokenise = |(index, text): (usize, &&str)| {
            let mut ids = Vec::new();
            self.tokenise(index, text, &mut ids).map(|()| ids)
        };
        let tokens: Vec<Vec<u32>> =
            texts.par_iter().enumerate().map(tokenise).collect::<Result<_, _>>()?;
        let mut groups = Vec::new();
        let (mut left, mut first) = (vectors, 0);
        while first < tokens.len() {
            let count = group(&tokens[first..]);
            let (own, rest) = left.split_at_mut(count * self.dimension());
            groups.push((first, &tokens[first..first + count], own));
            (left, first) = (rest, first + count);
        }
        groups
            .into_par_iter()
            .try_for_each(|(first, tokens, vectors)| self.embed_some(first, tokens, vectors))
    }

    /// Turns one text into its first rows.
    fn begin_one(&self, index: usize, text: &str, scratch: &mut Scratch) -> Result<(), EmbedError> {
        self.tokenise(index, text, &mut scratch.ids)?;
        scratch.lengths.clear();
        scratch.lengths.push(scratch.ids.len());
        self.begin(index, scratch)
    }

    /// Turns the tokens in `scratch` into their first rows.
    fn begin(&self, index: usize, scratch: &mut Scratch) -> Result<(), EmbedError> {
        let Scratch { ids, lengths, rows, .. } = scratch;
        rows.resize(ids.len() * self.manifest.hidden, 0.0);
        let (mut ids, mut left) = (ids.as_slice(), rows.as_mut_slice());
        for (place, length) in lengths.iter().enumerate() {
            let (own, rest) = left.split_at_mut(length * self.manifest.hidden);
            self.embed_tokens(&ids[..*length], own)
                .map_err(|token| self.unknown(index + place, token))?;
            (ids, left) = (&ids[*length..], rest);
        }
        Ok(())
    }

    /// Sends the rows in `scratch` through some of the layers.
    fn run(&self, layers: Range<usize>, scratch: &mut Scratch) {
        for (layer, file) in self.layers().take(layers.end).skip(layers.start) {
            self.attend(layer, file, scratch);
            self.feed_forward(layer, file, scratch);
        }
    }

    fn unknown(&self, index: usize, token: u32) -> EmbedError {
        EmbedError::Vocabulary { index, token, vocabulary: self.manifest.vocabulary }
    }

    /// The first rows: word and position embeddings, normalised. Err is a token without a row.
    fn embed_tokens(&self, ids: &[u32], rows: &mut [f32]) -> Result<(), u32> {
        let hidden = self.manifest.hidden;
        for (row, token) in rows.chunks_exact_mut(hidden).zip(ids) {
            if !self.base.weights.words.read(self.base.file.as_ref(), *token, row) {
                return Err(*token);
            }
        }
        let positions = &self.base.weights.positions[..rows.len()];
        self.normalise(rows, Some(positions), &self.base.weights.norm);
        Ok(())
    }

    fn normalise(&self, rows: &mut [f32], residual: Option<&[f32]>, norm: &Normalisation) {
        let epsilon = self.manifest.layer_norm_epsilon;
        self.kernels.add_and_normalise(rows, residual, &norm.gain, &norm.bias, epsilon);
    }

    fn attend(&self, layer: &Layer<Linear>, file: &[u8], scratch: &mut Scratch) {
        let Scratch { lengths, rows, projected, context, residual, quantised, attention, .. } =
            scratch;
        let kernels = self.kernels;
        layer.query_key_value.multiply(kernels, file, rows, quantised, projected);
        context.resize(rows.len(), 0.0);
        let (mut projected, mut left) = (projected.as_slice(), context.as_mut_slice());
        for length in lengths.iter().map(|tokens| tokens * self.manifest.hidden) {
            let (own, rest) = left.split_at_mut(length);
            kernels.attention(&projected[..3 * length], self.manifest.heads, attention, own);
            (projected, left) = (&projected[3 * length..], rest);
        }
        layer.attention_output.multiply(kernels, file, context, quantised, residual);
        self.normalise(rows, Some(residual), &layer.attention_norm);
    }

    fn feed_forward(&self, layer: &Layer<Linear>, file: &[u8], scratch: &mut Scratch) {
        let Scratch { rows, wide, residual, quantised, .. } = scratch;
        let kernels = self.kernels;
        layer.up.multiply(kernels, file, rows, quantised, wide);
        kernels.gelu(wide);
        layer.down.multiply(kernels, file, wide, quantised, residual);
        self.normalise(rows, Some(residual), &layer.norm);
    }
}

impl Embedder for Encoder {
    fn name(&self) -> &str {
        &self.name
    }

    fn dimension(&self) -> usize {
        self.manifest.dimension
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        let dimension = self.dimension();
        let mut vectors = vec![0.0; texts.len() * dimension];
        if let [text] = texts {
            self.embed_one(0, text, &mut vectors)?;
        } else {
            self.embed_many(texts, &mut vectors)?;
        }
        shaped(vectors, texts.len(), dimension)
    }

    fn with_tail(&self, tail: ModelBytes) -> Result<Option<Arc<dyn Embedder>>, LoadError> {
        Ok(Some(Arc::new(self.with_layers(tail)?)))
    }

    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        Ok(self.embed_tokens_begun(text)?.map(|(tokens, _)| tokens))
    }

    fn embed_tokens_begun(&self, text: &str) -> Result<Option<TokensBegun>, EmbedError> {
        let all = self.manifest.layers;
        let (base, own) = match &self.tail {
            Some(tail) => (tail.of, tail.layers.len()),
            None => (self.fingerprint, 0),
        };
        let layers = all.saturating_sub(own);
        let (rows, begun) = self.with_scratch(|scratch| {
            self.begin_one(0, text, scratch)?;
            self.run(0..layers, scratch);
            let (ids, rows) = (scratch.ids.clone(), scratch.rows.clone());
            let begun = Begun { base, ids, layers, rows };
            self.run(layers..all, scratch);
            Ok::<_, EmbedError>((scratch.rows.clone(), begun))
        })?;
        let dimension = self.dimension();
        let tokens = rows.len() / dimension;
        shaped(rows, tokens, dimension).map(|tokens| Some((tokens, Some(begun))))
    }

    fn finish(&self, text: &str, begun: &Begun) -> Result<Option<Vec<f32>>, EmbedError> {
        if begun.base != self.fingerprint {
            return Ok(None);
        }
        self.with_scratch(|scratch| {
            self.tokenise(0, text, &mut scratch.ids)?;
            if scratch.ids != begun.ids {
                return Ok(None);
            }
            scratch.lengths.clear();
            scratch.lengths.push(begun.ids.len());
            scratch.rows.clone_from(&begun.rows);
            self.run(begun.layers..usize::MAX, scratch);
            let mut vector = vec![0.0; self.dimension()];
            self.kernels.mean_and_scale(&scratch.rows, &mut vector);
            Ok(Some(vector))
        })
    }
}

/// How many of some texts, at least the first, go through the layers together.
fn group(texts: &[Vec<u32>]) -> usize {
    let mut tokens = 0;
    let fits = texts.iter().take_while(|ids| {
        tokens += ids.len();
        tokens <= TOGETHER
    });
    fits.count().max(1)
}

/// Numbers as a matrix of one row a text.
pub(super) fn shaped(
    numbers: Vec<f32>,
    texts: usize,
    dimension: usize,
) -> Result<Matrix, EmbedError> {
    let (rows, columns) = (numbers.len() / dimension, dimension);
    Matrix::from_shape_vec((texts, dimension), numbers).map_err(|_| EmbedError::Shape {
        rows,
        columns,
        expected_rows: texts,
        expected_columns: dimension,
    })
}

/// What the vectors depend on. The path of the processor is no part of it.
fn fingerprint(files: &ModelFiles) -> Fingerprint {
    let max_tokens = files.manifest.max_tokens.to_string();
    let parts = [
        ARITHMETIC,
        files.precision.as_str(),
        &files.weights_sha256,
        &files.tokenizer_sha256,
        &max_tokens,
    ];
    Fingerprint::of_parts(parts.map(str::as_bytes))
}
