//! How does BERT turn a text into a vector?
//!
//! A plain forward pass (Devlin et al. 2019; pooled as Reimers and Gurevych 2019) in int8 or
//! f32. Texts are encoded one by one, unpadded, so a vector never depends on its neighbours or
//! on the number of threads; in int8 it is the same to the bit on every processor. Weights have
//! a scale an output channel, activations a scale a token, sums are exact integers. Only
//! `kernels` knows instruction sets; nothing here knows passages or questions.

mod error;
pub(crate) mod kernels;
pub(crate) mod published;
mod tensors;
mod tokens;
pub(crate) mod weights;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use self::kernels::{AttentionScratch, Kernels};
use self::tokens::Tokens;
use self::weights::{Layer, Linear, Normalisation, Quantised, Weights};
use super::manifest::Manifest;
use super::model::{ModelBytes, ModelFiles, Precision};
use super::{EmbedError, Embedder, Matrix};
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
    file: ModelBytes,
    layers: Vec<Layer<Linear>>,
}

/// Working memory of one text, kept for the next one.
#[derive(Debug, Default)]
struct Scratch {
    ids: Vec<u32>,
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
            tail: Some(Tail { file: tail, layers }),
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

    fn embed_one(&self, index: usize, text: &str, vector: &mut [f32]) -> Result<(), EmbedError> {
        let mut scratch = self.take_scratch();
        let done = self.forward(index, text, &mut scratch, vector);
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        done
    }

    fn take_scratch(&self) -> Scratch {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn forward(
        &self,
        index: usize,
        text: &str,
        scratch: &mut Scratch,
        vector: &mut [f32],
    ) -> Result<(), EmbedError> {
        self.base
            .tokens
            .ids(text, &mut scratch.ids)
            .map_err(|source| EmbedError::Tokenise { index, source })?;
        self.embed_tokens(&scratch.ids, &mut scratch.rows)
            .map_err(|token| self.unknown(index, token))?;
        for (layer, file) in self.layers() {
            self.attend(layer, file, scratch);
            self.feed_forward(layer, file, scratch);
        }
        self.kernels.mean_and_scale(&scratch.rows, vector);
        Ok(())
    }

    fn unknown(&self, index: usize, token: u32) -> EmbedError {
        EmbedError::Vocabulary { index, token, vocabulary: self.manifest.vocabulary }
    }

    /// The first rows: word and position embeddings, normalised. Err is a token without a row.
    fn embed_tokens(&self, ids: &[u32], rows: &mut Vec<f32>) -> Result<(), u32> {
        let hidden = self.manifest.hidden;
        rows.resize(ids.len() * hidden, 0.0);
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
        let Scratch { rows, projected, context, residual, quantised, attention, .. } = scratch;
        let kernels = self.kernels;
        layer.query_key_value.multiply(kernels, file, rows, quantised, projected);
        context.resize(rows.len(), 0.0);
        kernels.attention(projected, self.manifest.heads, attention, context);
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
            let rows = vectors.par_chunks_exact_mut(dimension).zip(texts).enumerate();
            rows.try_for_each(|(index, (row, text))| self.embed_one(index, text, row))?;
        }
        shaped(vectors, texts.len(), dimension)
    }

    fn with_tail(&self, tail: ModelBytes) -> Result<Option<Arc<dyn Embedder>>, LoadError> {
        Ok(Some(Arc::new(self.with_layers(tail)?)))
    }

    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        let dimension = self.dimension();
        let mut scratch = self.take_scratch();
        let mut vector = vec![0.0; dimension];
        let done = self.forward(0, text, &mut scratch, &mut vector);
        let rows = scratch.rows.clone();
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        done?;
        let n = rows.len() / dimension;
        shaped(rows, n, dimension).map(Some)
    }
}

fn shaped(numbers: Vec<f32>, texts: usize, dimension: usize) -> Result<Matrix, EmbedError> {
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
