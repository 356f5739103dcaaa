//! From a corpus to a published snapshot.
//!
//! Deterministic: the same inputs give the same id and the same runs, whatever the order of the
//! files, the number of threads, the batch size or the number of commits. The snapshot is built
//! beside the others and appears by one rename, complete and fsynced, or not at all. Texts and
//! vectors are written as they are made, so memory grows by some tens of bytes a passage; what was
//! embedded is kept by the cache, so a build that was killed goes on where it was.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::manifest::{FORMAT_VERSION, FileRecord, Manifest};
use super::postings::PostingsError;
use super::settings::{Settings, SettingsError};
use super::snapshot::{
    LEXICAL_FOLDER, MANIFEST_FILE, PASSAGES_FILE, SnapshotError, VECTORS_FILE, hash_file,
};
pub use super::sources::{LineSources, Sources};
use super::sources::{Origin, inputs_of};
use super::stages::{VectorStage, write_texts};
use super::store::{Store, StoreError};
use crate::corpus::document::{Document, Passage};
use crate::corpus::import::ImportError;
use crate::corpus::read::{Issue, ReadError};
use crate::dialogue::safety::SafetyError;
use crate::durable;
use crate::embed::cache::CacheError;
use crate::embed::encoder::LoadError;
use crate::embed::matrix::MatrixError;
use crate::embed::{Embedder, default_model};
use crate::ids::{DocumentId, Fingerprint};
use crate::text::analyse::SynonymError;

/// Told what a build is doing; a progress bar or nothing.
pub trait Progress: Sync {
    /// A stage of `total` steps begins.
    fn begin(&self, stage: &str, total: usize);
    /// So many more steps are done.
    fn advance(&self, steps: usize);
    /// The stage has ended.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _stage: &str, _total: usize) {}
    fn advance(&self, _steps: usize) {}
    fn end(&self) {}
}

/// How to build; nothing here changes what is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// Texts embedded between two reports of progress and two writes to the cache.
    pub batch: usize,
    /// Commits the postings are written in before they are merged.
    pub commits: usize,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { batch: 64, commits: 1 }
    }
}

/// Counts tokens of a text as the embedding model would, special tokens apart.
pub type CountTokens<'a> = &'a (dyn Fn(&str) -> usize + Sync);

/// Why a snapshot cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The corpus folder cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Files of the corpus are malformed; nothing was built.
    #[error("{} of the corpus's files cannot be used", .issues.len())]
    Malformed {
        /// What is wrong, file by file.
        issues: Vec<Issue>,
    },
    /// No document of the corpus takes part in retrieval.
    #[error("the corpus in {} holds no guidance; write one or import some with `guidepost corpus import`", .root.display())]
    Empty {
        /// The corpus.
        root: std::path::PathBuf,
    },
    /// A corpus of JSON lines cannot be read.
    #[error(transparent)]
    Lines(#[from] ImportError),
    /// The documents and passages just written cannot be read back.
    #[error("the documents and passages just written cannot be read back: {message}")]
    ReadBack {
        /// What is wrong, a fragment.
        message: String,
    },
    /// `synonyms.toml` cannot be used.
    #[error("synonyms.toml cannot be used")]
    Synonyms(#[from] SynonymError),
    /// Safety or route rules cannot be used.
    #[error(transparent)]
    Safety(#[from] SafetyError),
    /// Guidance for people, but no rule that recognises an urgent message.
    #[error("{} has guidance for people but no urgent rules; copy the folders `safety` and `routes` of the shipped corpus into it", .root.display())]
    NoSafety {
        /// The corpus.
        root: std::path::PathBuf,
    },
    /// A rule replies with a document that is not there or not a fixed text.
    #[error("a rule replies with `{reply}`, but no safety or route document has that id")]
    Reply {
        /// The id.
        reply: DocumentId,
    },
    /// The settings are out of range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Texts could not be embedded, or the cache of embeddings cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The built-in model cannot be loaded.
    #[error(transparent)]
    Model(#[from] LoadError),
    /// Vectors could not be written.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// Postings could not be written.
    #[error(transparent)]
    Postings(#[from] PostingsError),
    /// The index folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The finished snapshot does not open.
    #[error("the snapshot just built does not open")]
    Check(#[from] SnapshotError),
    /// Documents and passages do not encode.
    #[error("documents and passages cannot be encoded")]
    Encode(#[from] postcard::Error),
    /// A file could not be written.
    #[error("a file of the snapshot could not be written")]
    Io(#[from] std::io::Error),
}

/// What a build did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Id of the snapshot, now current.
    pub id: Fingerprint,
    /// Passages and question variants embedded, the rest came from the cache.
    pub embedded: usize,
    /// Passages and question variants in all.
    pub texts: usize,
    /// Whether the snapshot was there already.
    pub reused: bool,
}

/// Builds the snapshot of some sources and publishes it as current.
///
/// # Errors
/// [`BuildError`]; whatever happens, the snapshot current before stays current and whole.
pub fn build(
    store: &Store,
    sources: &Sources,
    embedder: &Arc<dyn Embedder>,
    count_tokens: CountTokens<'_>,
    settings: &Settings,
    options: BuildOptions,
    progress: &dyn Progress,
) -> Result<Built, BuildError> {
    build_from(store, sources, embedder, count_tokens, settings, options, progress)
}

/// Builds the snapshot of a corpus of JSON lines and publishes it as current. Its bytes are those
/// of the folder that an import of the lines would leave; memory does not grow with its texts.
/// One that is interrupted embeds only the rest when it is begun again.
///
/// # Errors
/// As [`build`].
pub fn build_lines(
    store: &Store,
    sources: &LineSources,
    embedder: &Arc<dyn Embedder>,
    count_tokens: CountTokens<'_>,
    settings: &Settings,
    options: BuildOptions,
    progress: &dyn Progress,
) -> Result<Built, BuildError> {
    build_from(store, sources, embedder, count_tokens, settings, options, progress)
}

fn build_from(
    store: &Store,
    origin: &dyn Origin,
    embedder: &Arc<dyn Embedder>,
    count_tokens: CountTokens<'_>,
    settings: &Settings,
    options: BuildOptions,
    progress: &dyn Progress,
) -> Result<Built, BuildError> {
    settings.check()?;
    let inputs = inputs_of(origin, embedder.as_ref(), settings, progress)?;
    let id = inputs.id();
    let mut writer = store.lock()?;
    if store.opens(id) {
        writer.make_current(id)?;
        return Ok(Built { id, embedded: 0, texts: 0, reused: true });
    }
    let folder = writer.begin()?;
    let tally = write_texts(folder.path(), origin, count_tokens, options.commits, progress)?;
    let vectors = VectorStage {
        embedder: embedder.as_ref(),
        cache: &store.cache_path(),
        batch: options.batch,
        progress,
    };
    let (texts, fresh) = vectors.write(folder.path())?;
    progress.begin("hashing and syncing files", 1);
    let files = file_records(folder.path())?;
    let manifest = Manifest {
        format: FORMAT_VERSION,
        id,
        inputs,
        settings: settings.clone(),
        notice: tally.notice(),
        counts: tally.counts,
        built_by: format!("guidepost {}", env!("CARGO_PKG_VERSION")),
        files,
        checksum: Fingerprint::ZERO,
    };
    let text = manifest.sealed().map_err(std::io::Error::other)?;
    fs_err::write(folder.path().join(MANIFEST_FILE), text)?;
    durable::sync_tree(folder.path())?;
    progress.end();
    writer.publish(folder, id)?;
    Ok(Built { id, embedded: fresh, texts, reused: false })
}

/// Builds the snapshot of some sources with the built-in model and the default settings, and
/// publishes it as current in the index folder.
///
/// # Errors
/// As [`build`]; [`BuildError::Model`] when the built-in model is damaged.
pub fn build_default(index: &Path, sources: &Sources) -> Result<Built, BuildError> {
    let encoder = Arc::new(default_model()?);
    let count = |text: &str| encoder.count_tokens(text).unwrap_or(usize::MAX);
    let embedder: Arc<dyn Embedder> = Arc::clone(&encoder) as Arc<dyn Embedder>;
    build(
        &Store::new(index),
        sources,
        &embedder,
        &count,
        &Settings::default(),
        BuildOptions::default(),
        &Quiet,
    )
}

/// What is embedded for a passage: its document's title, its headings and itself.
pub fn passage_text(document: &Document, passage: &Passage) -> String {
    let parts = std::iter::once(document.title.as_str())
        .chain(passage.headings.iter().map(String::as_str))
        .chain([passage.body.as_str()]);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn file_records(folder: &Path) -> std::io::Result<Vec<FileRecord>> {
    let mut paths = vec![PASSAGES_FILE.to_owned(), VECTORS_FILE.to_owned()];
    for entry in fs_err::read_dir(folder.join(LEXICAL_FOLDER))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // Lock files are empty and come and go with every writer.
        if Path::new(&name).extension().is_none_or(|extension| extension != "lock") {
            paths.push(format!("{LEXICAL_FOLDER}/{name}"));
        }
    }
    paths.sort();
    paths
        .into_par_iter()
        .map(|path| {
            let (bytes, checksum) = hash_file(&folder.join(&path), |_| true)?;
            Ok(FileRecord { path, bytes, checksum })
        })
        .collect()
}
