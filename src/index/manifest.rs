//! What a snapshot is made of, as written beside it.
//!
//! The id is a hash of the inputs alone (documents, rules, synonyms, settings, model);
//! the files' checksums stand apart, because tantivy names its segments at random: the same
//! inputs promise the same runs, not the same files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::ids::Fingerprint;

/// Version of the snapshot's files.
pub const FORMAT_VERSION: u32 = 2;
/// Oldest version this code reads.
pub const OLDEST_READABLE: u32 = 2;
/// Version of what an id is made of. It stands still where only the layout of the files changes:
/// the same inputs promise the same runs in either layout, so certificates go on holding.
pub const INPUTS_VERSION: u32 = 1;

/// Said wherever text of the example corpus goes.
pub const EXAMPLE_NOTICE: &str =
    "Example guidance, approved by a fictional approver. Not clinically approved.";

/// Said wherever text of a research import goes.
pub const RESEARCH_NOTICE: &str = "Research import, for evaluation only. Not approved guidance.";

/// What a snapshot is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of the files.
    pub format: u32,
    /// The snapshot's id: a hash of [`Manifest::inputs`].
    pub id: Fingerprint,
    /// Everything the id is made of.
    pub inputs: Inputs,
    /// The settings it was built with; defaults of every engine over it.
    pub settings: Settings,
    /// What it holds.
    pub counts: Counts,
    /// What every answer's provenance must say, when any approval is an example's or research's.
    pub notice: Option<String>,
    /// Version of the program that built it.
    pub built_by: String,
    /// Its files.
    pub files: Vec<FileRecord>,
    /// BLAKE3 of the manifest's own text with this value as zeros; see [`Manifest::sealed`].
    pub checksum: Fingerprint,
}

impl Manifest {
    /// The manifest as written: with the checksum of its own text.
    ///
    /// # Errors
    /// None that a manifest of this crate can cause; whatever the JSON writer says.
    pub fn sealed(mut self) -> serde_json::Result<String> {
        self.checksum = Fingerprint::ZERO;
        let text = serde_json::to_string_pretty(&self)? + "\n";
        let checksum = Fingerprint::of(text.as_bytes()).to_string();
        Ok(text.replace(&Fingerprint::ZERO.to_string(), &checksum))
    }

    /// Whether a manifest's text is the one that was sealed.
    pub fn is_sound(&self, text: &str) -> bool {
        let zeroed = text.replace(&self.checksum.to_string(), &Fingerprint::ZERO.to_string());
        Fingerprint::of(zeroed.as_bytes()) == self.checksum
    }
}

/// The canonical inputs of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inputs {
    /// Version of these inputs.
    pub format: u32,
    /// Documents: paths and bytes, in order of id.
    pub documents: Fingerprint,
    /// Safety and route rules.
    pub rules: Fingerprint,
    /// The analyzer with its synonyms.
    pub analyzer: Fingerprint,
    /// The settings.
    pub settings: Fingerprint,
    /// The embedding model with its tokenizer.
    pub embedder: Fingerprint,
    /// Name of the embedding model.
    pub embedder_name: String,
    /// Most tokens of a passage.
    pub passage_tokens: usize,
}

impl Inputs {
    /// The id these inputs make.
    pub fn id(&self) -> Fingerprint {
        let text = serde_json::to_string(self).unwrap_or_default();
        Fingerprint::of_parts([b"guidepost snapshot".as_slice(), text.as_bytes()])
    }
}

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Documents, by kind.
    pub documents: BTreeMap<String, usize>,
    /// Documents, by approval: a role, or `draft`, or `withdrawn`.
    pub approvals: BTreeMap<String, usize>,
    /// Passages.
    pub passages: usize,
    /// Question variants.
    pub variants: usize,
}

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRecord {
    /// Path relative to the snapshot, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes.
    pub checksum: Fingerprint,
}
