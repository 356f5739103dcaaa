//! From a corpus to a published snapshot.
//!
//! Deterministic: the same inputs give the same id and the same runs, whatever the order of the
//! files, the number of threads, the batch size or the number of commits. The snapshot is built
//! beside the others and appears by one rename, complete and fsynced, or not at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{
    Counts, EXAMPLE_NOTICE, FORMAT_VERSION, FileRecord, Inputs, Manifest, RESEARCH_NOTICE,
};
use super::postings::{PostingsError, write_postings};
use super::settings::{Settings, SettingsError};
use super::snapshot::{
    Contents, LEXICAL_FOLDER, MANIFEST_FILE, PASSAGES_FILE, SnapshotError, VECTORS_FILE,
};
use super::store::{Store, StoreError};
use crate::corpus::document::{Document, PASSAGE_TOKENS, Passage, Role, Status};
use crate::corpus::read::{Corpus, Issue, ReadError, Severity, read_corpus};
use crate::corpus::split::split;
use crate::dialogue::safety::{Decision, SafetyError, SafetyRules};
use crate::durable;
use crate::embed::cache::{CacheError, EmbeddingCache};
use crate::embed::encoder::LoadError;
use crate::embed::matrix::{MatrixError, QuantisedMatrix, QuantisedVector};
use crate::embed::{Embedder, default_model};
use crate::ids::{DocumentId, Fingerprint};
use crate::text::analyse::{Analysis, Analyzer, SynonymError, Synonyms};

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
pub type CountTokens<'a> = &'a dyn Fn(&str) -> usize;

/// Everything a snapshot is built from, read and checked.
#[derive(Debug)]
pub struct Sources {
    corpus: Corpus,
    synonyms: Synonyms,
    rules: Vec<(String, String)>,
    analyzer: Arc<Analyzer>,
}

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

impl Sources {
    /// Reads a corpus with its synonyms and rules.
    ///
    /// # Errors
    /// [`BuildError`]; malformed files are collected and refused together, never skipped.
    pub fn read(root: &Path) -> Result<Sources, BuildError> {
        let corpus = read_corpus(root)?;
        let malformed: Vec<Issue> = corpus
            .issues
            .iter()
            .filter(|issue| issue.kind.severity() == Severity::Error)
            .cloned()
            .collect();
        if !malformed.is_empty() {
            return Err(BuildError::Malformed { issues: malformed });
        }
        if !corpus.documents.iter().any(|d| d.kind.is_retrieved()) {
            return Err(BuildError::Empty { root: root.to_owned() });
        }
        let path = root.join("synonyms.toml");
        let synonyms = if path.exists() {
            Synonyms::parse(&fs_err::read_to_string(path)?)?
        } else {
            Synonyms::default()
        };
        let analyzer = Arc::new(Analyzer::new(&synonyms)?);
        let rules = SafetyRules::load(root)?;
        let for_people = |d: &Document| {
            d.kind.is_retrieved() && d.approval.role.is_some_and(|role| role != Role::Research)
        };
        if !rules.channels().any(|c| c.decision == Decision::Urgent)
            && corpus.documents.iter().any(for_people)
        {
            return Err(BuildError::NoSafety { root: root.to_owned() });
        }
        for reply in rules.replies() {
            if corpus.document(reply).is_none_or(|d| d.kind.is_retrieved()) {
                return Err(BuildError::Reply { reply: reply.clone() });
            }
        }
        Ok(Sources { rules: rules.sources().to_vec(), corpus, synonyms, analyzer })
    }

    /// The same sources without some documents.
    #[must_use]
    pub fn without(&self, documents: &[DocumentId]) -> Sources {
        let mut corpus = self.corpus.clone();
        corpus.documents.retain(|document| !documents.contains(&document.id));
        Sources {
            corpus,
            synonyms: self.synonyms.clone(),
            rules: self.rules.clone(),
            analyzer: Arc::clone(&self.analyzer),
        }
    }

    /// The corpus.
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// The inputs of the snapshot these sources make with an embedder and settings.
    pub fn inputs(&self, embedder: &dyn Embedder, settings: &Settings) -> Inputs {
        let documents = self.corpus.documents.iter();
        let parts: Vec<[&[u8]; 3]> = documents
            .map(|d| [d.id.as_str().as_bytes(), d.path.as_bytes(), d.text.as_bytes()])
            .collect();
        let rules = self.rules.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_bytes()]);
        Inputs {
            format: FORMAT_VERSION,
            documents: Fingerprint::of_parts(parts.iter().flatten().copied()),
            rules: Fingerprint::of_parts(rules),
            analyzer: self.analyzer.fingerprint(),
            settings: settings.fingerprint(),
            embedder: embedder.fingerprint(),
            embedder_name: embedder.name().to_owned(),
            passage_tokens: PASSAGE_TOKENS,
        }
    }
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
    settings.check()?;
    let inputs = sources.inputs(embedder.as_ref(), settings);
    let id = inputs.id();
    let mut writer = store.lock()?;
    if store.opens(id) {
        writer.make_current(id)?;
        return Ok(Built { id, embedded: 0, texts: 0, reused: true });
    }
    let folder = writer.begin()?;
    let contents = gather(sources, count_tokens, progress);
    progress.begin("indexing words", contents.passages.len());
    write_lexical(folder.path(), &contents, &sources.analyzer, options.commits)?;
    progress.end();
    let cache = store.cache_path();
    let (vectors, fresh) =
        embed_all(&contents, embedder.as_ref(), &cache, options.batch, progress)?;
    let texts = vectors.len();
    let matrix = QuantisedMatrix::from_vectors(embedder.dimension(), &vectors)?;
    fs_err::write(folder.path().join(VECTORS_FILE), matrix.as_bytes())?;
    fs_err::write(folder.path().join(PASSAGES_FILE), postcard::to_stdvec(&contents)?)?;
    let files = file_records(folder.path())?;
    let manifest = Manifest {
        format: FORMAT_VERSION,
        id,
        inputs,
        settings: settings.clone(),
        notice: notice(&contents),
        counts: counts(&contents),
        built_by: format!("guidepost {}", env!("CARGO_PKG_VERSION")),
        files,
        checksum: Fingerprint::ZERO,
    };
    let text = manifest.sealed().map_err(std::io::Error::other)?;
    fs_err::write(folder.path().join(MANIFEST_FILE), text)?;
    durable::sync_tree(folder.path())?;
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

fn gather(sources: &Sources, count_tokens: CountTokens<'_>, progress: &dyn Progress) -> Contents {
    let mut documents: Vec<Document> = sources.corpus.documents.clone();
    documents.sort_by(|a, b| b.id.cmp(&a.id));
    progress.begin("cutting passages", documents.len());
    let mut passages: Vec<Passage> = Vec::new();
    for document in &documents {
        if document.kind.is_retrieved() {
            passages.extend(split(document, count_tokens));
        }
        progress.advance(1);
    }
    progress.end();
    Contents {
        documents,
        passages,
        synonyms: sources.synonyms.clone(),
        rules: sources.rules.clone(),
    }
}

fn write_lexical(
    folder: &Path,
    contents: &Contents,
    analyzer: &Analyzer,
    commits: usize,
) -> Result<(), BuildError> {
    let lexical = folder.join(LEXICAL_FOLDER);
    fs_err::create_dir(&lexical)?;
    let mut by_document: BTreeMap<&DocumentId, (Analysis, Analysis)> = BTreeMap::new();
    for document in &contents.documents {
        let title = analyzer.analyse(&document.title);
        let questions = analyzer.analyse(&document.questions.join("\n"));
        by_document.insert(&document.id, (title, questions));
    }
    let own: Vec<(Analysis, Analysis)> = contents
        .passages
        .iter()
        .map(|p| (analyzer.analyse(&p.headings.join("\n")), analyzer.analyse(&p.body)))
        .collect();
    let none = Analysis::default();
    let rows = contents.passages.iter().zip(&own).map(|(passage, (headings, body))| {
        let (title, questions) = match by_document.get(&passage.id.document) {
            Some((title, questions)) => (title, questions),
            None => (&none, &none),
        };
        [title, headings, questions, body]
    });
    write_postings(&lexical, rows, commits)?;
    Ok(())
}

/// What is embedded for a passage: its document's title, its headings and itself.
pub fn passage_text(document: &Document, passage: &Passage) -> String {
    let parts = std::iter::once(document.title.as_str())
        .chain(passage.headings.iter().map(String::as_str))
        .chain([passage.body.as_str()]);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn embed_all(
    contents: &Contents,
    embedder: &dyn Embedder,
    cache_path: &Path,
    batch: usize,
    progress: &dyn Progress,
) -> Result<(Vec<QuantisedVector>, usize), BuildError> {
    let numbers = contents.documents_of_passages().unwrap_or_default();
    let passages = contents
        .passages
        .iter()
        .zip(numbers)
        .map(|(passage, number)| passage_text(&contents.documents[number as usize], passage));
    let retrieved = contents.documents.iter().filter(|d| d.kind.is_retrieved());
    let variants = retrieved.flat_map(|d| d.questions.iter().cloned());
    let texts: Vec<String> = passages.chain(variants).collect();
    let mut cache = EmbeddingCache::open(cache_path)?;
    let mut vectors = Vec::with_capacity(texts.len());
    let mut fresh = 0;
    progress.begin("embedding passages", texts.len());
    for batch in texts.chunks(batch.max(1)) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        let (of_batch, used) = cache.embed(embedder, &batch)?;
        cache.flush()?;
        vectors.extend(of_batch);
        fresh += used.embedded;
        progress.advance(batch.len());
    }
    progress.end();
    Ok((vectors, fresh))
}

fn counts(contents: &Contents) -> Counts {
    let mut documents = BTreeMap::new();
    let mut approvals = BTreeMap::new();
    let mut variants = 0;
    for document in &contents.documents {
        let kind = serde_json::to_value(document.kind).ok();
        let kind = kind.as_ref().and_then(|k| k.as_str()).unwrap_or_default();
        *documents.entry(kind.to_owned()).or_insert(0) += 1;
        *approvals.entry(approval_name(document)).or_insert(0) += 1;
        if document.kind.is_retrieved() {
            variants += document.questions.len();
        }
    }
    Counts { documents, approvals, passages: contents.passages.len(), variants }
}

fn approval_name(document: &Document) -> String {
    let value = match (document.approval.status, document.approval.role) {
        (Status::Approved, Some(role)) => serde_json::to_value(role),
        (status, _) => serde_json::to_value(status),
    };
    value.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn notice(contents: &Contents) -> Option<String> {
    let any = |role| contents.documents.iter().any(|d| d.approval.role == Some(role));
    if any(Role::Example) {
        Some(EXAMPLE_NOTICE.to_owned())
    } else {
        any(Role::Research).then(|| RESEARCH_NOTICE.to_owned())
    }
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
        .into_iter()
        .map(|path| {
            let bytes = fs_err::read(folder.join(&path))?;
            let checksum = Fingerprint::of(&bytes);
            Ok(FileRecord { path, bytes: bytes.len() as u64, checksum })
        })
        .collect()
}
