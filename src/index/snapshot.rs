//! One immutable, hashed set of everything an engine serves from.
//!
//! Opening verifies checksums and every span, so that no later code has to doubt them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::manifest::{FORMAT_VERSION, FileRecord, Manifest, OLDEST_READABLE};
use super::postings::{Postings, PostingsError};
use super::vectors::{Vectors, VectorsMismatch};
use crate::corpus::document::{Document, Passage};
use crate::embed::matrix::{MatrixError, QuantisedMatrix};
use crate::ids::{DocumentId, Fingerprint, PassageId, Row};
use crate::text::analyse::{Analyzer, SynonymError, Synonyms};

/// File of the manifest.
pub const MANIFEST_FILE: &str = "manifest.json";
/// File of documents, passages, synonyms and rules.
pub const PASSAGES_FILE: &str = "passages.bin";
/// File of the vectors.
pub const VECTORS_FILE: &str = "vectors.bin";
/// Folder of the postings.
pub const LEXICAL_FOLDER: &str = "lexical";

/// Why a snapshot cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A file is missing or cannot be read.
    #[error("a file of the snapshot cannot be read")]
    Io {
        /// Why; names the path.
        #[source]
        source: std::io::Error,
    },
    /// The manifest is not the JSON expected.
    #[error("manifest {path} is damaged: {message}", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The snapshot was written by another version.
    #[error(
        "snapshot format {found} cannot be read, only {OLDEST_READABLE} to {FORMAT_VERSION}; build it again with `guidepost index build`"
    )]
    Format {
        /// The version found.
        found: u32,
    },
    /// The id is not the hash of the inputs.
    #[error("the manifest's inputs hash to {computed}, but its id is {id}")]
    Identity {
        /// The id stated.
        id: Fingerprint,
        /// The id computed.
        computed: Fingerprint,
    },
    /// A file's bytes are not those the manifest lists.
    #[error("{path} has changed since the snapshot was built; build it again with `guidepost index build`", path = path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// The passages file does not decode.
    #[error("{path} is damaged: {message}", path = path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The postings cannot be opened.
    #[error(transparent)]
    Postings(#[from] PostingsError),
    /// The vectors cannot be opened.
    #[error("the vectors cannot be opened")]
    Matrix(#[from] MatrixError),
    /// The vectors do not fit the passages.
    #[error(transparent)]
    Vectors(#[from] VectorsMismatch),
    /// The synonyms clash.
    #[error("the snapshot's synonyms cannot be used")]
    Synonyms(#[from] SynonymError),
}

impl From<std::io::Error> for SnapshotError {
    fn from(source: std::io::Error) -> Self {
        SnapshotError::Io { source }
    }
}

/// Documents, passages, synonyms and rules, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// Documents by id descending.
    pub documents: Vec<Document>,
    /// Passages in row order: by document as above, then by ordinal.
    pub passages: Vec<Passage>,
    /// Synonyms.
    pub synonyms: Synonyms,
    /// Safety and route rules: path and text, by path.
    pub rules: Vec<(String, String)>,
}

impl Contents {
    /// Number of the document of each passage, or the id of a passage without one.
    ///
    /// # Errors
    /// The first passage whose document is missing or that stands out of order.
    pub fn documents_of_passages(&self) -> Result<Vec<u32>, PassageId> {
        let mut numbers = Vec::with_capacity(self.passages.len());
        let mut number = 0;
        for passage in &self.passages {
            while self.documents.get(number).is_some_and(|d| d.id != passage.id.document) {
                number += 1;
            }
            if number == self.documents.len() {
                return Err(passage.id.clone());
            }
            numbers.push(number as u32);
        }
        Ok(numbers)
    }

    /// Number of the document of each question variant of a retrieved document, in order.
    pub fn documents_of_variants(&self) -> Vec<u32> {
        let retrieved = (0..).zip(&self.documents).filter(|(_, d)| d.kind.is_retrieved());
        retrieved.flat_map(|(n, d)| std::iter::repeat_n(n, d.questions.len())).collect()
    }

    fn check(&self) -> Result<Vec<u32>, String> {
        let numbers = self.documents_of_passages().map_err(|passage| {
            format!("passage {passage} has no document or stands out of order")
        })?;
        for (passage, &number) in self.passages.iter().zip(&numbers) {
            let document = &self.documents[number as usize];
            let spans = passage.units.iter().flat_map(|u| &u.spans).chain([&passage.span]);
            for span in spans {
                if document.text.get(span.clone()).is_none() {
                    return Err(format!(
                        "a span of passage {} lies outside its document",
                        passage.id
                    ));
                }
            }
        }
        if self.documents.windows(2).any(|pair| pair[0].id <= pair[1].id) {
            return Err("documents are not in order of id".to_owned());
        }
        Ok(numbers)
    }
}

/// One immutable, hashed set of everything an engine serves from.
#[derive(Debug)]
pub struct Snapshot {
    manifest: Manifest,
    contents: Contents,
    document_of_passage: Vec<u32>,
    first_row_of_document: Vec<u32>,
    analyzer: Arc<Analyzer>,
    postings: Arc<Postings>,
    vectors: Arc<Vectors>,
}

impl Snapshot {
    /// Opens the snapshot in a folder and verifies all of its files.
    ///
    /// # Errors
    /// [`SnapshotError`] when a file is missing, damaged or of another version.
    pub fn open(folder: &Path) -> Result<Snapshot, SnapshotError> {
        let manifest = read_manifest(folder)?;
        verify_files(folder, &manifest.files)?;
        let path = folder.join(PASSAGES_FILE);
        let damaged = |message| SnapshotError::Contents { path: path.clone(), message };
        let contents: Contents = postcard::from_bytes(&fs_err::read(&path)?)
            .map_err(|error| damaged(error.to_string()))?;
        let document_of_passage = contents.check().map_err(damaged)?;
        let analyzer = Arc::new(Analyzer::new(&contents.synonyms)?);
        let rows = contents.passages.len() as u32;
        let postings = Arc::new(Postings::open(&folder.join(LEXICAL_FOLDER), rows)?);
        let matrix = QuantisedMatrix::open(map(&folder.join(VECTORS_FILE))?)?;
        let vectors = Arc::new(Vectors::new(
            matrix,
            document_of_passage.clone(),
            contents.documents_of_variants(),
            contents.documents.len(),
        )?);
        let first_row_of_document = first_rows(&document_of_passage, contents.documents.len());
        Ok(Snapshot {
            manifest,
            contents,
            document_of_passage,
            first_row_of_document,
            analyzer,
            postings,
            vectors,
        })
    }

    /// The id: a hash of the inputs.
    pub fn id(&self) -> Fingerprint {
        self.manifest.id
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// All documents, by id descending.
    pub fn documents(&self) -> &[Document] {
        &self.contents.documents
    }

    /// A document by id.
    pub fn document(&self, id: &DocumentId) -> Option<&Document> {
        self.document_number(id).map(|n| &self.contents.documents[n])
    }

    fn document_number(&self, id: &DocumentId) -> Option<usize> {
        self.contents.documents.binary_search_by(|d| id.cmp(&d.id)).ok()
    }

    /// All passages, in row order.
    pub fn passages(&self) -> &[Passage] {
        &self.contents.passages
    }

    /// A passage by row.
    pub fn passage(&self, row: Row) -> Option<&Passage> {
        self.contents.passages.get(row.0 as usize)
    }

    /// The document a row belongs to.
    pub fn document_of(&self, row: Row) -> Option<&Document> {
        let number = *self.document_of_passage.get(row.0 as usize)?;
        self.contents.documents.get(number as usize)
    }

    /// Number of the document a row belongs to.
    pub fn document_number_of(&self, row: Row) -> Option<u32> {
        self.document_of_passage.get(row.0 as usize).copied()
    }

    /// The rows of the document a row belongs to.
    pub fn rows_of_same_document(&self, row: Row) -> impl Iterator<Item = Row> + use<> {
        let number = self.document_number_of(row).map(|n| n as usize);
        let first = number.map_or(0, |n| self.first_row_of_document[n]);
        let after = number.map_or(0, |n| {
            let next = self.first_row_of_document.get(n + 1).copied();
            next.unwrap_or(self.contents.passages.len() as u32)
        });
        (first..after).map(Row)
    }

    /// The row of a passage.
    pub fn row(&self, id: &PassageId) -> Option<Row> {
        let number = self.document_number(&id.document)?;
        let row = Row(self.first_row_of_document[number].checked_add(id.ordinal)?);
        self.passage(row).filter(|p| p.id == *id).map(|_| row)
    }

    /// Safety and route rules: path and text, by path.
    pub fn rules(&self) -> &[(String, String)] {
        &self.contents.rules
    }

    /// The analyzer.
    pub fn analyzer(&self) -> &Arc<Analyzer> {
        &self.analyzer
    }

    /// The postings.
    pub fn postings(&self) -> &Arc<Postings> {
        &self.postings
    }

    /// The vectors.
    pub fn vectors(&self) -> &Arc<Vectors> {
        &self.vectors
    }
}

/// Maps a file of a snapshot into memory.
fn map(path: &Path) -> std::io::Result<memmap2::Mmap> {
    let file = fs_err::File::open(path)?;
    #[expect(unsafe_code, reason = "mapping a file is the only way to read vectors in place")]
    // SAFETY: files of a published snapshot are never written again: a snapshot is built in a
    // folder of its own, appears by one rename and is only ever removed whole, which leaves
    // existing mappings valid.
    unsafe {
        memmap2::Mmap::map(file.file())
    }
}

/// First row of each document; documents without passages point at the next one's.
fn first_rows(document_of_passage: &[u32], documents: usize) -> Vec<u32> {
    let mut counts = vec![0u32; documents];
    for &number in document_of_passage {
        counts[number as usize] += 1;
    }
    counts
        .iter()
        .scan(0, |next, count| {
            let first = *next;
            *next += count;
            Some(first)
        })
        .collect()
}

/// Reads and checks the manifest of a snapshot, without its files.
///
/// # Errors
/// [`SnapshotError`] when it is missing, damaged or of another version.
pub fn read_manifest(folder: &Path) -> Result<Manifest, SnapshotError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let path = folder.join(MANIFEST_FILE);
    let text = fs_err::read_to_string(&path)?;
    let damaged = |error: serde_json::Error| SnapshotError::Manifest {
        path: path.clone(),
        message: error.to_string(),
    };
    let Version { format } = serde_json::from_str(&text).map_err(damaged)?;
    if !(OLDEST_READABLE..=FORMAT_VERSION).contains(&format) {
        return Err(SnapshotError::Format { found: format });
    }
    let manifest: Manifest = serde_json::from_str(&text).map_err(damaged)?;
    if !manifest.is_sound(&text) {
        return Err(SnapshotError::Checksum { path });
    }
    let computed = manifest.inputs.id();
    if computed != manifest.id || manifest.inputs.settings != manifest.settings.fingerprint() {
        return Err(SnapshotError::Identity { id: manifest.id, computed });
    }
    Ok(manifest)
}

/// Rehashes every file a manifest lists.
///
/// # Errors
/// [`SnapshotError::Checksum`] naming the first file that differs.
pub fn verify_files(folder: &Path, files: &[FileRecord]) -> Result<(), SnapshotError> {
    for record in files {
        let path = folder.join(&record.path);
        let bytes = fs_err::read(&path)?;
        if bytes.len() as u64 != record.bytes || Fingerprint::of(&bytes) != record.checksum {
            return Err(SnapshotError::Checksum { path });
        }
    }
    Ok(())
}
