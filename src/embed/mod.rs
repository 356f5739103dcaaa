//! How does a text become a vector, and how do two vectors compare?
//!
//! An [`Embedder`] turns texts into unit vectors; [`encoder`] is ours (BERT, in int8 or f32),
//! users may bring any other. [`matrix`] keeps vectors as bytes and compares them in integers,
//! [`cache`] remembers vectors by content, [`models`] handles model files. Invariants: a text's
//! vector depends on that text alone, never on its neighbours in a call, on the number of
//! threads, or (int8) on the processor; the fingerprint changes whenever vectors may change.
//! This layer does not know what the texts are: neither passages nor questions.

pub mod bench;
pub mod cache;
pub mod codes;
pub mod encoder;
pub mod manifest;
pub mod matrix;
pub mod model;
pub mod models;
pub mod quantise;
#[cfg(feature = "rust-bert")]
pub mod rust_bert;
#[cfg(any(test, feature = "rust-bert"))]
mod worker;

use std::error::Error;
use std::sync::Arc;

use crate::ids::Fingerprint;

pub(crate) use encoder::kernels::token_dots;
pub use encoder::{CpuPath, Encoder, LoadError};
pub use model::{ModelBytes, default_model};
#[cfg(feature = "rust-bert")]
pub use rust_bert::RustBertEmbedder;

/// Vectors, one row a text.
pub type Matrix = ndarray::Array2<f32>;

/// Turns texts into vectors of length one (or zero, for a text without content).
///
/// ```
/// use guidepost::embed::{EmbedError, Embedder, Matrix};
/// use guidepost::ids::Fingerprint;
///
/// /// Two letters counted: a toy that shows what an embedder of your own has to say.
/// struct Letters;
///
/// impl Embedder for Letters {
///     fn name(&self) -> &str {
///         "letters"
///     }
///     fn dimension(&self) -> usize {
///         2
///     }
///     fn fingerprint(&self) -> Fingerprint {
///         Fingerprint::of(b"letters 1")
///     }
///     fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
///         let count = |text: &str, letter| text.chars().filter(|c| *c == letter).count() as f32;
///         Ok(Matrix::from_shape_fn((texts.len(), 2), |(row, column)| {
///             let counts = [count(texts[row], 'a'), count(texts[row], 'b')];
///             let length = counts[0].hypot(counts[1]).max(1.0);
///             counts[column] / length
///         }))
///     }
/// }
///
/// assert_eq!(Letters.embed(&["aaa"]).unwrap()[[0, 0]], 1.0);
/// ```
pub trait Embedder: Send + Sync {
    /// What reports call it, for example `all-MiniLM-L6-v2 int8`.
    fn name(&self) -> &str;

    /// Numbers in a vector.
    fn dimension(&self) -> usize;

    /// Identifies everything the vectors depend on: weights, tokenizer, arithmetic, limits.
    fn fingerprint(&self) -> Fingerprint;

    /// Embeds each text by itself; row i is the vector of text i.
    ///
    /// # Errors
    /// [`EmbedError`] when a text cannot be tokenised or the backend fails.
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError>;

    /// The vectors of a text's tokens before pooling, one row a token, marks of beginning and end
    /// included; `None` from an embedder that shows none. Their mean points where the vector of
    /// the text points.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        let _ = text;
        Ok(None)
    }

    /// As [`Embedder::embed_tokens`], with what [`Embedder::finish`] of the embedder that this one
    /// was made from can go on from, where there is such a thing.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    fn embed_tokens_begun(&self, text: &str) -> Result<Option<TokensBegun>, EmbedError> {
        Ok(self.embed_tokens(text)?.map(|tokens| (tokens, None)))
    }

    /// The vector of a text, the same to the bit as [`Embedder::embed`] gives, made from where
    /// another embedder with the same first layers left it; `None` where that was another text or
    /// another model.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    fn finish(&self, text: &str, begun: &Begun) -> Result<Option<Vec<f32>>, EmbedError> {
        let _ = (text, begun);
        Ok(None)
    }

    /// An embedder that computes as this one but for its last layers, which come in `tail`; `None`
    /// from an embedder whose layers cannot be exchanged.
    ///
    /// # Errors
    /// [`LoadError`] when the layers do not fit this model.
    fn with_tail(&self, tail: ModelBytes) -> Result<Option<Arc<dyn Embedder>>, LoadError> {
        let _ = tail;
        Ok(None)
    }
}

/// Vectors of a text's tokens, and the text half way.
pub type TokensBegun = (Matrix, Option<Begun>);

/// A text half way through the layers, where embedders that differ in their last layers part.
#[derive(Clone)]
pub struct Begun {
    base: Fingerprint,
    ids: Vec<u32>,
    layers: usize,
    rows: Vec<f32>,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Begun({} tokens, {} layers)", self.ids.len(), self.layers)
    }
}

/// Why texts could not be embedded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The tokenizer refused a text.
    #[error("cannot tokenise text {index} of the call")]
    Tokenise {
        /// Place of the text in the call, from 0.
        index: usize,
        /// What the tokenizer said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tokenizer made a token that the weights have no row for.
    #[error("token {token} of text {index} is outside the vocabulary of {vocabulary}")]
    Vocabulary {
        /// Place of the text in the call, from 0.
        index: usize,
        /// The token.
        token: u32,
        /// Rows of the embedding table.
        vocabulary: usize,
    },
    /// An embedder outside this crate failed.
    #[error("embedder `{embedder}` failed")]
    Backend {
        /// The embedder's name.
        embedder: String,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// An embedder returned a matrix of another shape than it was asked for.
    #[error(
        "embedder returned {rows} × {columns} numbers instead of {expected_rows} × {expected_columns}"
    )]
    Shape {
        /// Rows returned.
        rows: usize,
        /// Columns returned.
        columns: usize,
        /// Texts given.
        expected_rows: usize,
        /// The embedder's dimension.
        expected_columns: usize,
    },
}
