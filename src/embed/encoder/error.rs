//! Why can a model not be loaded?
//!
//! One error type for everything between a model's files and a working encoder. Messages name
//! the file, tensor or field; they do not guess at a cure.

use std::error::Error;

use super::kernels::CpuPath;
use crate::embed::manifest::ManifestError;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The manifest is refused.
    #[error("cannot read the model manifest")]
    Manifest {
        /// What is wrong with it.
        #[from]
        source: ManifestError,
    },
    /// A file cannot be read.
    #[error("cannot read a model file")]
    Read {
        /// The failure; its text names the path.
        #[source]
        source: std::io::Error,
    },
    /// A file is not the one its manifest names.
    #[error("`{file}` is not the file of the manifest: SHA-256 is {found}, expected {expected}")]
    Hash {
        /// The file.
        file: String,
        /// SHA-256 by the manifest.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
    /// The tokenizer's file is refused.
    #[error("cannot read the tokenizer")]
    Tokenizer {
        /// What the tokenizer said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tokenizer lacks a token that begins or ends every text.
    #[error("the tokenizer has no token `{token}`")]
    SpecialToken {
        /// The token.
        token: &'static str,
    },
    /// The weights file is not a safetensors container.
    #[error("the weights are not a safetensors file")]
    Container {
        /// What the reader said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The int8 weights were written by another version.
    #[error("the int8 weights have format `{found}`, expected `{expected}`")]
    Int8Format {
        /// The format this version reads.
        expected: &'static str,
        /// The format found.
        found: String,
    },
    /// A tensor is missing.
    #[error("the weights have no tensor `{name}`")]
    MissingTensor {
        /// The tensor.
        name: String,
    },
    /// A tensor has another type or shape than the manifest implies.
    #[error("tensor `{name}` is {found}, expected {expected}")]
    Tensor {
        /// The tensor.
        name: String,
        /// Type and shape the manifest implies.
        expected: String,
        /// Type and shape found.
        found: String,
    },
    /// A tensor holds an infinity or something that is not a number.
    #[error("tensor `{name}` holds a number that is not finite")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// A sum of weights is greater than the weights could sum to.
    #[error("tensor `{name}` holds a sum that its weights cannot have")]
    Sum {
        /// The tensor.
        name: String,
    },
    /// The model knows fewer positions than the manifest asks for.
    #[error("the weights have {found} positions, the manifest asks for {expected}")]
    Positions {
        /// Positions in the weights.
        found: usize,
        /// Positions by the manifest.
        expected: usize,
    },
    /// A runtime of somebody else cannot compute this model, or not here.
    #[error("{runtime} cannot be used: {reason}")]
    Unsuited {
        /// The runtime.
        runtime: &'static str,
        /// What it cannot do.
        reason: &'static str,
    },
    /// A runtime of somebody else failed while it loaded a model.
    #[error("{runtime} cannot load the model")]
    Runtime {
        /// The runtime.
        runtime: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The processor lacks the instructions asked for.
    #[error("this processor cannot run the path {path}")]
    CpuPath {
        /// The path.
        path: CpuPath,
    },
}

impl LoadError {
    /// What is said of rust-bert by a program that was built without it.
    #[cfg(not(feature = "rust-bert"))]
    pub(crate) fn not_compiled_in() -> Self {
        let reason = "this program was built without the feature `rust-bert`";
        Self::Unsuited { runtime: "rust-bert", reason }
    }
}
