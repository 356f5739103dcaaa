//! How does the same model embed through libtorch?
//!
//! The second implementation, for whoever lives there and as a witness: rust-bert over the
//! published f32 weights, on a thread of its own, for its model may be sent but not shared.
//! Invariants: a text is cut, pooled and scaled as [`Encoder`](super::Encoder) does it, from the
//! same tokens, unpadded; its vector depends on that text alone; files are checked before
//! libtorch sees a byte; a panic over there is an error here. Vectors are libtorch's: equal to
//! the last bits only on one machine with one number of threads, so the fingerprint is another
//! one. Needs the feature `rust-bert` and a libtorch, which `scripts/libtorch.sh` obtains.

mod network;

use std::fmt;
use std::num::NonZeroUsize;

use self::network::{Network, TorchError};
use super::encoder::tokens::Tokens;
use super::encoder::{LoadError, shaped};
use super::manifest::Manifest;
use super::model::{ModelFiles, Precision};
use super::worker::Worker;
use super::{EmbedError, Embedder, Matrix};
use crate::ids::Fingerprint;

/// What errors and names call it.
const RUNTIME: &str = "rust-bert";

/// Counts up whenever a change here, of rust-bert or of libtorch may change a vector.
const ARITHMETIC: &str = "guidepost rust-bert 1: rust-bert 0.23.0, libtorch 2.4.0";

/// Name of the thread that owns the model.
const THREAD: &str = "guidepost-torch";

/// What is asked of the network.
enum Question {
    /// The text's vector.
    Vector(Vec<u32>),
    /// The rows of its tokens.
    Rows(Vec<u32>),
}

/// The model over libtorch. Shared freely between threads; they take turns.
///
/// ```no_run
/// use std::path::Path;
/// use guidepost::embed::model::{ModelFiles, Precision};
/// use guidepost::embed::{Embedder, RustBertEmbedder};
///
/// // What `scripts/models.sh` obtained.
/// let folder = Path::new("models/pulled/all-MiniLM-L6-v2");
/// let model = RustBertEmbedder::load(ModelFiles::open(folder, Precision::F32)?)?;
/// let vectors = model.embed(&["Does a mammogram hurt?"])?;
/// assert_eq!(vectors.dim(), (1, 384));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RustBertEmbedder {
    name: String,
    manifest: Manifest,
    fingerprint: Fingerprint,
    tokens: Tokens,
    worker: Worker<Question, Result<Vec<f32>, TorchError>>,
}

impl fmt::Debug for RustBertEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RustBertEmbedder({})", self.name)
    }
}

impl RustBertEmbedder {
    /// Loads f32 files. libtorch computes on one thread; see
    /// [`load_with_threads`](Self::load_with_threads) for more.
    ///
    /// # Errors
    /// [`LoadError`] when the files are not f32, do not fit the manifest, or libtorch fails.
    pub fn load(files: ModelFiles) -> Result<Self, LoadError> {
        Self::load_with_threads(files, NonZeroUsize::MIN)
    }

    /// Loads f32 files and lets libtorch compute each text on `threads` threads. libtorch keeps
    /// one number for the whole process: the last one that was set counts. With more than one,
    /// set `OMP_WAIT_POLICY=passive` in the environment, or waiting threads burn the processor.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_threads(files: ModelFiles, threads: NonZeroUsize) -> Result<Self, LoadError> {
        if files.precision != Precision::F32 {
            let reason = "it computes with f32 weights only";
            return Err(LoadError::Unsuited { runtime: RUNTIME, reason });
        }
        let fingerprint = fingerprint(&files);
        let ModelFiles { manifest, tokenizer, weights, .. } = files;
        let tokens = Tokens::read(tokenizer.as_ref(), manifest.max_tokens)?;
        let shape = manifest.clone();
        let make = move || {
            let network = Network::load(weights.as_ref(), &shape, threads)?;
            drop(weights);
            Ok::<_, LoadError>(move |question| match question {
                Question::Vector(ids) => network.vector(&ids),
                Question::Rows(ids) => network.rows(&ids),
            })
        };
        let worker = Worker::start(THREAD, make).map_err(|error| refused(error.into()))??;
        let name = format!("{} {} {RUNTIME}", manifest.name, Precision::F32);
        Ok(Self { name, manifest, fingerprint, tokens, worker })
    }

    /// The model's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Tokens of a text, without the special tokens and without a limit: what passages are
    /// measured with.
    ///
    /// # Errors
    /// [`EmbedError::Tokenise`] when the tokenizer refuses the text.
    pub fn count_tokens(&self, text: &str) -> Result<usize, EmbedError> {
        self.tokens.count(text).map_err(|source| EmbedError::Tokenise { index: 0, source })
    }

    /// The ids of a text, every one of which the network has a row for.
    fn ids(&self, index: usize, text: &str) -> Result<Vec<u32>, EmbedError> {
        let mut ids = Vec::new();
        self.tokens.ids(text, &mut ids).map_err(|source| EmbedError::Tokenise { index, source })?;
        let vocabulary = self.manifest.vocabulary;
        match ids.iter().find(|id| **id as usize >= vocabulary) {
            Some(token) => Err(EmbedError::Vocabulary { index, token: *token, vocabulary }),
            None => Ok(ids),
        }
    }

    fn ask(&self, question: Question) -> Result<Vec<f32>, EmbedError> {
        let answer = self.worker.ask(question).map_err(TorchError::from).flatten();
        answer.map_err(|source| EmbedError::Backend { embedder: self.name.clone(), source })
    }
}

impl Embedder for RustBertEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    fn dimension(&self) -> usize {
        self.manifest.dimension
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// One question a text: a query that comes in while a corpus is embedded waits for one text.
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        let mut numbers = Vec::with_capacity(texts.len() * self.dimension());
        for (index, text) in texts.iter().enumerate() {
            let ids = self.ids(index, text)?;
            numbers.extend(self.ask(Question::Vector(ids))?);
        }
        shaped(numbers, texts.len(), self.dimension())
    }

    fn embed_tokens(&self, text: &str) -> Result<Option<Matrix>, EmbedError> {
        let ids = self.ids(0, text)?;
        let rows = ids.len();
        let numbers = self.ask(Question::Rows(ids))?;
        shaped(numbers, rows, self.dimension()).map(Some)
    }
}

/// A failure that is not a fault of the files.
fn refused(source: TorchError) -> LoadError {
    LoadError::Runtime { runtime: RUNTIME, source }
}

/// What the vectors depend on; libtorch is a part of it.
fn fingerprint(files: &ModelFiles) -> Fingerprint {
    let max_tokens = files.manifest.max_tokens.to_string();
    let parts = [ARITHMETIC, &files.weights_sha256, &files.tokenizer_sha256, &max_tokens];
    Fingerprint::of_parts(parts.map(str::as_bytes))
}
