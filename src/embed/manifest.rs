//! What is a model, on paper? The `manifest.toml` beside each model's files.
//!
//! A manifest names the model, its source and licence, its shape, and the size and hash of each
//! of its files. Parsed once, refused when a shape cannot be computed by the encoder, so that
//! no later layer meets an impossible width. It does not know where the files are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Newest and only format of a manifest that this version reads.
pub const FORMAT: u32 = 1;

/// How token vectors become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The mean of all tokens, special ones included.
    Mean,
}

/// The networks that the encoder computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// BERT with absolute positions, post-normalised, exact GELU.
    Bert,
}

/// Size and hash of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl FileRecord {
    /// The record of a file with this content.
    pub fn of(content: &[u8]) -> Self {
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(content) {
            for digit in [byte >> 4, byte & 15] {
                sha256.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        Self { bytes: content.len() as u64, sha256 }
    }
}

/// A model's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this manifest, [`FORMAT`].
    pub format: u32,
    /// Name of the model.
    pub name: String,
    /// Where its files come from.
    pub source: String,
    /// Licence of the weights.
    pub licence: String,
    /// The network.
    pub architecture: Architecture,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of a token between layers.
    pub hidden: usize,
    /// Width inside the feed-forward part.
    pub intermediate: usize,
    /// Tokens that have an embedding.
    pub vocabulary: usize,
    /// Tokens of a text that are read, special ones included; the rest is cut off.
    pub max_tokens: usize,
    /// ε of layer normalisation.
    pub layer_norm_epsilon: f32,
    /// Width of a vector.
    pub dimension: usize,
    /// How tokens become a vector.
    pub pooling: Pooling,
    /// Whether vectors are scaled to length one.
    pub normalised: bool,
    /// Files in the repository and the binary.
    pub shipped: BTreeMap<String, FileRecord>,
    /// Files that are copied into place by `models pull`.
    pub pulled: BTreeMap<String, FileRecord>,
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not TOML, or not a manifest.
    #[error("model manifest cannot be read")]
    Syntax {
        /// What the parser said.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A format of another time.
    #[error("model manifest has format {found}, this version reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A shape the encoder does not compute.
    #[error("model manifest gives {field} = {value}; {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// What the encoder asks of it.
        rule: &'static str,
    },
    /// An ε that would make layer normalisation meaningless.
    #[error("model manifest gives layer_norm_epsilon = {value}; it must be from 0 to 1")]
    Epsilon {
        /// The value.
        value: f32,
    },
    /// A file the manifest should list.
    #[error("model manifest does not list `{file}`")]
    Unlisted {
        /// The file.
        file: &'static str,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] when the text is not a manifest of this format or describes a network
    /// that the encoder does not compute.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|source| ManifestError::Syntax { source: Box::new(source) })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        use super::encoder::kernels::{HEAD, PANEL};
        if self.format != FORMAT {
            return Err(ManifestError::Format { found: self.format });
        }
        let rules = [
            ("layers", self.layers, (1..=1024).contains(&self.layers), "it must be 1 to 1024"),
            (
                "heads",
                self.heads,
                self.heads > 0 && self.heads.checked_mul(HEAD) == Some(self.hidden),
                "the encoder computes heads of 32, so heads · 32 must be hidden",
            ),
            (
                "hidden",
                self.hidden,
                (PANEL..=8192).contains(&self.hidden) && self.hidden.is_multiple_of(PANEL),
                "it must be a multiple of 32 of at most 8192",
            ),
            (
                "intermediate",
                self.intermediate,
                (PANEL..=32768).contains(&self.intermediate)
                    && self.intermediate.is_multiple_of(PANEL),
                "it must be a multiple of 32 of at most 32768",
            ),
            (
                "vocabulary",
                self.vocabulary,
                (1..=1 << 24).contains(&self.vocabulary),
                "it must be 1 to 16777216",
            ),
            (
                "max_tokens",
                self.max_tokens,
                (3..=8192).contains(&self.max_tokens),
                "it must be 3 to 8192, two of them special",
            ),
            ("dimension", self.dimension, self.dimension == self.hidden, "it must equal hidden"),
            (
                "normalised",
                usize::from(self.normalised),
                self.normalised,
                "the encoder scales vectors to length one",
            ),
        ];
        if !(0.0..1.0).contains(&self.layer_norm_epsilon) {
            return Err(ManifestError::Epsilon { value: self.layer_norm_epsilon });
        }
        match rules.into_iter().find(|rule| !rule.2) {
            Some((field, value, _, rule)) => Err(ManifestError::Field { field, value, rule }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../models/all-MiniLM-L6-v2/manifest.toml");

    #[test]
    fn the_shipped_manifest_is_read_and_survives_a_round_trip() {
        let manifest = Manifest::parse(SHIPPED).unwrap();
        let again = Manifest::parse(&toml::to_string(&manifest).unwrap()).unwrap();
        assert_eq!(manifest, again);
        assert_eq!(manifest.dimension, 384);
    }

    #[test]
    fn impossible_shapes_are_refused_by_field() {
        #[track_caller]
        fn check(line: &str, replacement: &str, field: &str) {
            let text = SHIPPED.replacen(line, replacement, 1);
            assert_ne!(text, SHIPPED);
            let error = Manifest::parse(&text).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        check("format = 1", "format = 2", "format 2");
        check("layers = 6", "layers = 0", "layers");
        check("heads = 12", "heads = 11", "heads");
        check("heads = 12", "heads = 18446744073709551", "heads");
        check("intermediate = 1536", "intermediate = 1537", "intermediate");
        check("max_tokens = 256", "max_tokens = 2", "max_tokens");
        check("dimension = 384", "dimension = 383", "dimension");
        check("normalised = true", "normalised = false", "normalised");
        check("layers = 6", "layers = 6\nlayer = 6", "cannot be read");
        check("epsilon = 1e-12", "epsilon = -1.0", "epsilon");
        check("epsilon = 1e-12", "epsilon = nan", "epsilon");
    }

    #[test]
    fn a_file_record_is_its_size_and_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(FileRecord::of(b""), FileRecord { bytes: 0, sha256: empty.to_owned() });
    }
}
