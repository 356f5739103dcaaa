//! Which files make a model, and which model is built in?
//!
//! The default, all-MiniLM-L6-v2 in int8, is part of the binary: it needs no file at run time.
//! Other files are read from a folder and compared with the hashes of their manifest before
//! they are used. This module does not know what is in the files.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::encoder::{Encoder, LoadError};
use super::manifest::{FileRecord, Manifest, ManifestError};

/// File name of a manifest.
pub const MANIFEST_FILE: &str = "manifest.toml";

/// File name of a tokenizer.
pub const TOKENIZER_FILE: &str = "tokenizer.json";

/// File name of int8 weights.
pub const INT8_FILE: &str = "weights.int8.bin";

/// File name of f32 weights, as published.
pub const F32_FILE: &str = "model.safetensors";

/// Bytes whose address is a multiple of 64, as the kernels like their panels.
#[repr(C, align(64))]
struct Aligned<B: ?Sized>(B);

static MANIFEST: &str = include_str!("../../models/all-MiniLM-L6-v2/manifest.toml");
static TOKENIZER: &[u8] = include_bytes!("../../models/all-MiniLM-L6-v2/tokenizer.json");
static WEIGHTS: &Aligned<[u8]> =
    &Aligned(*include_bytes!("../../models/all-MiniLM-L6-v2/weights.int8.bin"));

/// In which numbers a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Bytes for weights and activations: the default.
    Int8,
    /// f32 throughout: the reference.
    F32,
}

impl Precision {
    /// The name used in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Int8 => "int8",
            Precision::F32 => "f32",
        }
    }

    /// The file that holds weights of this precision.
    pub fn weights_file(self) -> &'static str {
        match self {
            Precision::Int8 => INT8_FILE,
            Precision::F32 => F32_FILE,
        }
    }

    fn records(self, manifest: &Manifest) -> &std::collections::BTreeMap<String, FileRecord> {
        match self {
            Precision::Int8 => &manifest.shipped,
            Precision::F32 => &manifest.pulled,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The content of a file, built in or read.
#[derive(Clone)]
pub struct ModelBytes(Source);

#[derive(Clone)]
enum Source {
    BuiltIn(&'static [u8]),
    /// The content begins at a multiple of [`ALIGNMENT`], and may end before the bytes do.
    Read {
        bytes: Arc<Vec<u8>>,
        content: Range<usize>,
    },
}

/// As the kernels like their panels.
const ALIGNMENT: usize = 64;

impl AsRef<[u8]> for ModelBytes {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Source::BuiltIn(bytes) => bytes,
            Source::Read { bytes, content } => &bytes[content.clone()],
        }
    }
}

impl From<&'static [u8]> for ModelBytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self(Source::BuiltIn(bytes))
    }
}

impl From<Vec<u8>> for ModelBytes {
    fn from(bytes: Vec<u8>) -> Self {
        let content = 0..bytes.len();
        if bytes.as_ptr().align_offset(ALIGNMENT) == 0 {
            return Self(Source::Read { bytes: Arc::new(bytes), content });
        }
        ModelBytes::copy(&bytes)
    }
}

impl ModelBytes {
    /// A copy where the kernels read it fastest.
    pub fn copy(content: &[u8]) -> Self {
        let mut bytes: Vec<u8> = Vec::with_capacity(content.len() + ALIGNMENT);
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        bytes.resize(start, 0);
        bytes.extend_from_slice(content);
        let content = start..bytes.len();
        Self(Source::Read { bytes: Arc::new(bytes), content })
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }
}

impl PartialEq for ModelBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl fmt::Debug for ModelBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelBytes({} bytes)", self.as_ref().len())
    }
}

/// Everything an [`Encoder`] is made of.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// The manifest.
    pub manifest: Manifest,
    /// In which numbers to compute.
    pub precision: Precision,
    /// The tokenizer's JSON.
    pub tokenizer: ModelBytes,
    /// SHA-256 of the tokenizer, a part of the fingerprint.
    pub tokenizer_sha256: String,
    /// The weights, int8 or f32 as `precision` says.
    pub weights: ModelBytes,
    /// SHA-256 of the weights, a part of the fingerprint.
    pub weights_sha256: String,
}

impl ModelFiles {
    /// The model that is part of the binary. Its hashes are taken from the manifest; a test and
    /// `models verify` compare them with the bytes.
    ///
    /// # Errors
    /// [`LoadError::Manifest`] when the built-in manifest is damaged, which a test rules out.
    pub fn built_in() -> Result<Self, LoadError> {
        let manifest = Manifest::parse(MANIFEST)?;
        let precision = Precision::Int8;
        Ok(Self {
            precision,
            tokenizer: TOKENIZER.into(),
            tokenizer_sha256: record(&manifest, precision, TOKENIZER_FILE)?.sha256.clone(),
            weights: ModelBytes::from(&WEIGHTS.0),
            weights_sha256: record(&manifest, precision, INT8_FILE)?.sha256.clone(),
            manifest,
        })
    }

    /// Reads a model from its folder and compares every file with the manifest.
    ///
    /// # Errors
    /// [`LoadError`] when a file is missing, cannot be read, or is not the manifest's.
    pub fn open(folder: &Path, precision: Precision) -> Result<Self, LoadError> {
        let read = |source| LoadError::Read { source };
        let manifest =
            Manifest::parse(&fs::read_to_string(folder.join(MANIFEST_FILE)).map_err(read)?)?;
        let tokenizer = read_checked(folder, TOKENIZER_FILE, precision, &manifest)?;
        let weights = read_checked(folder, precision.weights_file(), precision, &manifest)?;
        Ok(Self {
            precision,
            tokenizer_sha256: tokenizer.1,
            tokenizer: tokenizer.0.into(),
            weights_sha256: weights.1,
            weights: weights.0.into(),
            manifest,
        })
    }
}

fn record<'a>(
    manifest: &'a Manifest,
    precision: Precision,
    file: &'static str,
) -> Result<&'a FileRecord, ManifestError> {
    precision.records(manifest).get(file).ok_or(ManifestError::Unlisted { file })
}

fn read_checked(
    folder: &Path,
    file: &'static str,
    precision: Precision,
    manifest: &Manifest,
) -> Result<(Vec<u8>, String), LoadError> {
    let expected = record(manifest, precision, file)?;
    let content = fs::read(folder.join(file)).map_err(|source| LoadError::Read { source })?;
    let found = FileRecord::of(&content);
    if found == *expected {
        Ok((content, found.sha256))
    } else {
        Err(LoadError::Hash {
            file: file.to_owned(),
            expected: expected.sha256.clone(),
            found: found.sha256,
        })
    }
}

/// The manifest of the built-in model.
///
/// # Errors
/// [`ManifestError`] when it is damaged, which a test rules out.
pub fn default_manifest() -> Result<Manifest, ManifestError> {
    Manifest::parse(MANIFEST)
}

/// The built-in model, ready to embed: all-MiniLM-L6-v2 in int8.
///
/// # Errors
/// [`LoadError`] when the built-in files are damaged, which a test rules out.
///
/// ```
/// use guidepost::embed::{Embedder, default_model};
///
/// let model = default_model()?;
/// let vectors = model.embed(&["Does a mammogram hurt?", "Is breast screening painful?"])?;
/// let cosine = vectors.row(0).dot(&vectors.row(1));
/// assert!(cosine > 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn default_model() -> Result<Encoder, LoadError> {
    Encoder::load(ModelFiles::built_in()?)
}
