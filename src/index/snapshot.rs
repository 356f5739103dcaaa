//! One immutable, hashed set of everything an engine serves from.
//!
//! Opening verifies checksums and every span, so that no later code has to doubt them; of a great
//! snapshot documents, passages and vectors are verified behind, and it says how far that is.

use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Deserialize;

use super::manifest::{FORMAT_VERSION, FileRecord, Manifest, OLDEST_READABLE};
use super::postings::{Postings, PostingsError};
use super::records::{Damage, Records};
use super::vectors::{Vectors, VectorsMismatch};
use super::verification::Ledger;
pub use super::verification::Verification;
use crate::corpus::document::{Document, Passage};
use crate::embed::matrix::{MatrixError, QuantisedMatrix};
use crate::ids::{DocumentId, Fingerprint, PassageId, Programme, Row};
use crate::text::analyse::{Analyzer, SynonymError};

/// Bytes read at a time.
const READ: usize = 1 << 20;

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

/// Bytes of a snapshot's files up to which everything is verified before it is served.
pub const VERIFIED_FIRST: u64 = 64 << 20;

/// One immutable, hashed set of everything an engine serves from.
#[derive(Debug)]
pub struct Snapshot {
    manifest: Manifest,
    records: Arc<Records>,
    analyzer: Arc<Analyzer>,
    postings: Arc<Postings>,
    vectors: Arc<Vectors>,
    ledger: Arc<Ledger>,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.ledger.stop();
    }
}

impl Snapshot {
    /// Opens the snapshot in a folder and verifies all of its files.
    ///
    /// # Errors
    /// [`SnapshotError`] when a file is missing, damaged or of another version.
    pub fn open(folder: &Path) -> Result<Snapshot, SnapshotError> {
        Snapshot::open_at_once(folder, u64::MAX)
    }

    /// Opens the snapshot in a folder. One of at most `verified_first` bytes is verified as
    /// [`Snapshot::open`] does. Of a greater one the manifest, the postings and the columns are
    /// verified, and a thread verifies documents, passages and vectors behind; until that has
    /// ended well ([`Snapshot::verification`]) nothing made from it may go anywhere without a
    /// person.
    ///
    /// # Errors
    /// [`SnapshotError`] when a file is missing, of another version, or known to be damaged.
    pub fn open_at_once(folder: &Path, verified_first: u64) -> Result<Snapshot, SnapshotError> {
        let manifest = read_manifest(folder)?;
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        let is_small = bytes <= verified_first;
        let (first, behind): (Vec<FileRecord>, Vec<FileRecord>) = manifest
            .files
            .iter()
            .cloned()
            .partition(|file| is_small || file.path.starts_with(LEXICAL_FOLDER));
        verify_lengths(folder, &behind)?;
        verify_files(folder, &first)?;
        let path = folder.join(PASSAGES_FILE);
        let damaged = |message| SnapshotError::Contents { path: path.clone(), message };
        let records = Arc::new(Records::open(map(&path)?).map_err(damaged)?);
        let analyzer = Arc::new(Analyzer::new(records.synonyms())?);
        let rows = records.passage_count() as u32;
        let postings = Arc::new(Postings::open(&folder.join(LEXICAL_FOLDER), rows)?);
        let matrix = QuantisedMatrix::open(map(&folder.join(VECTORS_FILE))?)?;
        let vectors = Arc::new(Vectors::new(
            matrix,
            records.document_of_passage().to_vec(),
            records.document_of_variant(),
            records.document_count(),
        )?);
        let ledger = if is_small {
            check_records(&path, &records, |_| true)?;
            Ledger::verified()
        } else {
            let records = Arc::clone(&records);
            let folder = folder.to_owned();
            Ledger::behind(work_of(&behind), move |ledger| {
                let goes_on = |bytes: usize| ledger.advance(bytes as u64);
                verify_files_while(&folder, &behind, goes_on)
                    .and_then(|()| check_records(&path, &records, goes_on))
                    .map_err(|error| full_text(&error))
            })?
        };
        Ok(Snapshot { manifest, records, analyzer, postings, vectors, ledger })
    }

    /// How far the snapshot's files are verified.
    pub fn verification(&self) -> Verification {
        self.ledger.state()
    }

    /// Waits until verification has ended, and says how.
    pub fn verified(&self) -> Verification {
        self.ledger.wait()
    }

    /// The id: a hash of the inputs.
    pub fn id(&self) -> Fingerprint {
        self.manifest.id
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of documents.
    pub fn document_count(&self) -> usize {
        self.records.document_count()
    }

    /// All documents, by id descending. Each is decoded and kept: of a great snapshot ask for
    /// single ones. One that is damaged is left out.
    pub fn documents(&self) -> impl DoubleEndedIterator<Item = &Document> {
        (0..self.document_count()).filter_map(|number| self.records.document(number))
    }

    /// A document by id.
    pub fn document(&self, id: &DocumentId) -> Option<&Document> {
        self.records.document(self.records.number(id)?).filter(|document| document.id == *id)
    }

    /// Number of passages.
    pub fn passage_count(&self) -> usize {
        self.records.passage_count()
    }

    /// All passages, in row order; as [`Snapshot::documents`].
    pub fn passages(&self) -> impl DoubleEndedIterator<Item = &Passage> {
        (0..self.passage_count()).filter_map(|row| self.records.passage(row))
    }

    /// A passage by row.
    pub fn passage(&self, row: Row) -> Option<&Passage> {
        self.records.passage(row.0 as usize)
    }

    /// The document a row belongs to.
    pub fn document_of(&self, row: Row) -> Option<&Document> {
        self.records.document(self.document_number_of(row)? as usize)
    }

    /// Number of the document a row belongs to.
    pub fn document_number_of(&self, row: Row) -> Option<u32> {
        self.records.document_of_passage().get(row.0 as usize).copied()
    }

    /// The rows of the document a row belongs to.
    pub fn rows_of_same_document(&self, row: Row) -> impl Iterator<Item = Row> + use<> {
        let number = self.document_number_of(row).map_or(usize::MAX, |n| n as usize);
        self.records.rows(number).map(Row)
    }

    /// The row of a passage.
    pub fn row(&self, id: &PassageId) -> Option<Row> {
        let rows = self.records.rows(self.records.number(&id.document)?);
        let row = Row(rows.start.checked_add(id.ordinal)?);
        self.passage(row).filter(|p| p.id == *id).map(|_| row)
    }

    /// Programmes of the documents, each once, sorted. Read without decoding a document.
    pub fn programmes(&self) -> &[Programme] {
        self.records.programmes()
    }

    /// Programme of the document a row belongs to. Read without decoding it.
    pub fn programme_of(&self, row: Row) -> Option<&Programme> {
        self.records.programme(self.document_number_of(row)? as usize)
    }

    /// Safety and route rules: path and text, by path.
    pub fn rules(&self) -> &[(String, String)] {
        self.records.rules()
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

/// Bytes that verification reads: all files, and documents and passages once more to decode them.
fn work_of(files: &[FileRecord]) -> u64 {
    let again = files.iter().filter(|file| file.path == PASSAGES_FILE);
    files.iter().chain(again).map(|file| file.bytes).sum()
}

/// Decodes all documents and passages, and keeps none.
fn check_records(
    path: &Path,
    records: &Records,
    goes_on: impl FnMut(usize) -> bool,
) -> Result<(), SnapshotError> {
    let mut file = BufReader::with_capacity(READ, fs_err::File::open(path)?);
    records.check(&mut file, goes_on).map_err(|damage: Damage| SnapshotError::Contents {
        path: path.to_owned(),
        message: damage.to_string(),
    })
}

/// An error with its causes.
fn full_text(error: &SnapshotError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Maps a file of a snapshot into memory.
pub(super) fn map(path: &Path) -> std::io::Result<memmap2::Mmap> {
    let file = fs_err::File::open(path)?;
    #[expect(unsafe_code, reason = "mapping a file is the only way to read vectors in place")]
    // SAFETY: files of a published snapshot are never written again: a snapshot is built in a
    // folder of its own, appears by one rename and is only ever removed whole, which leaves
    // existing mappings valid.
    unsafe {
        memmap2::Mmap::map(file.file())
    }
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
    files.par_iter().try_for_each(|file| verify_file(folder, file, |_| true))
}

fn verify_files_while(
    folder: &Path,
    files: &[FileRecord],
    goes_on: impl Fn(usize) -> bool,
) -> Result<(), SnapshotError> {
    files.iter().try_for_each(|file| verify_file(folder, file, &goes_on))
}

fn verify_file(
    folder: &Path,
    record: &FileRecord,
    goes_on: impl Fn(usize) -> bool,
) -> Result<(), SnapshotError> {
    let path = folder.join(&record.path);
    let (bytes, checksum) = hash_file(&path, goes_on)?;
    if bytes == record.bytes && checksum == record.checksum {
        Ok(())
    } else {
        Err(SnapshotError::Checksum { path })
    }
}

fn verify_lengths(folder: &Path, files: &[FileRecord]) -> Result<(), SnapshotError> {
    for record in files {
        let path = folder.join(&record.path);
        if fs_err::metadata(&path)?.len() != record.bytes {
            return Err(SnapshotError::Checksum { path });
        }
    }
    Ok(())
}

/// Length and BLAKE3 of a file, read piece by piece; of what was read until `goes_on`, told the
/// bytes of each piece, says no.
pub(super) fn hash_file(
    path: &Path,
    goes_on: impl Fn(usize) -> bool,
) -> std::io::Result<(u64, Fingerprint)> {
    let mut file = fs_err::File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut buffer = vec![0; length.clamp(1, READ)];
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
                if !goes_on(read) {
                    break;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((bytes, Fingerprint::from_bytes(*hasher.finalize().as_bytes())))
}
