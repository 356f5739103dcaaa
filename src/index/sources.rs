//! What is a snapshot built from?
//!
//! A folder of documents with its synonyms and rules, read whole ([`Sources`]), or a corpus of
//! JSON lines that may be larger than memory ([`LineSources`]). A build sees both as an
//! [`Origin`]: documents by number, in the order of their ids. This module writes nothing.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::build::{BuildError, Progress};
use super::manifest::{INPUTS_VERSION, Inputs};
use super::settings::Settings;
use crate::corpus::approve::Grant;
use crate::corpus::document::{Document, PASSAGE_TOKENS, Role};
use crate::corpus::import::{CorpusLines, ImportOptions};
use crate::corpus::read::{Corpus, Issue, Severity, read_corpus};
use crate::dialogue::safety::{Decision, SafetyRules};
use crate::embed::Embedder;
use crate::ids::{DocumentId, Fingerprint, PartsHasher};
use crate::text::analyse::{Analyzer, Synonyms};

/// Documents hashed between two looks at the order.
const HASHED_AT_ONCE: usize = 4096;

/// Documents by number, with what they are read by.
pub(super) trait Origin: Sync {
    /// Number of documents.
    fn count(&self) -> usize;
    /// Id, path and text of the nth document, by id ascending.
    fn file(&self, n: usize) -> Result<[Cow<'_, str>; 3], BuildError>;
    /// The nth document, by id ascending.
    fn document(&self, n: usize) -> Result<Cow<'_, Document>, BuildError>;
    /// Synonyms.
    fn synonyms(&self) -> &Synonyms;
    /// Safety and route rules: path and text, by path.
    fn rules(&self) -> &[(String, String)];
    /// The analyzer with the synonyms.
    fn analyzer(&self) -> &Analyzer;
}

/// Everything a snapshot is built from, read and checked.
#[derive(Debug)]
pub struct Sources {
    corpus: Corpus,
    synonyms: Synonyms,
    rules: Vec<(String, String)>,
    analyzer: Arc<Analyzer>,
}

impl Origin for Sources {
    fn count(&self) -> usize {
        self.corpus.documents.len()
    }

    fn file(&self, n: usize) -> Result<[Cow<'_, str>; 3], BuildError> {
        let document = &self.corpus.documents[n];
        Ok([document.id.as_str(), &document.path, &document.text].map(Cow::Borrowed))
    }

    fn document(&self, n: usize) -> Result<Cow<'_, Document>, BuildError> {
        Ok(Cow::Borrowed(&self.corpus.documents[n]))
    }

    fn synonyms(&self) -> &Synonyms {
        &self.synonyms
    }

    fn rules(&self) -> &[(String, String)] {
        &self.rules
    }

    fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }
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
        let mut hasher = PartsHasher::default();
        for document in documents {
            for part in [document.id.as_str(), &document.path, &document.text] {
                hasher.add(part.as_bytes());
            }
        }
        inputs_with(self, hasher.finish(), embedder, settings)
    }
}

/// A corpus of JSON lines, approved for research or as an example, without synonyms and rules.
#[derive(Debug)]
pub struct LineSources {
    lines: CorpusLines,
    synonyms: Synonyms,
    analyzer: Arc<Analyzer>,
}

impl LineSources {
    /// Finds the lines of a file, or of the `corpus.jsonl` of a folder. Nothing but ids is kept.
    ///
    /// # Errors
    /// [`BuildError`] when the lines are malformed, or the role is not one that may be given to
    /// everything at once.
    pub fn open(
        path: &Path,
        options: &ImportOptions,
        grant: &Grant,
    ) -> Result<LineSources, BuildError> {
        let lines = CorpusLines::open(path, options, grant)?;
        let synonyms = Synonyms::default();
        let analyzer = Arc::new(Analyzer::new(&synonyms)?);
        Ok(LineSources { lines, synonyms, analyzer })
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none; never.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Origin for LineSources {
    fn count(&self) -> usize {
        self.lines.len()
    }

    fn file(&self, n: usize) -> Result<[Cow<'_, str>; 3], BuildError> {
        let (id, path, text) = self.lines.text(n)?;
        Ok([String::from(id), path, text].map(Cow::Owned))
    }

    fn document(&self, n: usize) -> Result<Cow<'_, Document>, BuildError> {
        Ok(Cow::Owned(self.lines.document(n)?))
    }

    fn synonyms(&self) -> &Synonyms {
        &self.synonyms
    }

    fn rules(&self) -> &[(String, String)] {
        &[]
    }

    fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }
}

/// The inputs of the snapshot that an origin makes with an embedder and settings.
pub(super) fn inputs_of(
    origin: &dyn Origin,
    embedder: &dyn Embedder,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Inputs, BuildError> {
    let mut hasher = PartsHasher::default();
    progress.begin("hashing documents", origin.count());
    for first in (0..origin.count()).step_by(HASHED_AT_ONCE) {
        let numbers = first..origin.count().min(first + HASHED_AT_ONCE);
        let count = numbers.len();
        let files: Vec<[Cow<'_, str>; 3]> =
            numbers.into_par_iter().map(|n| origin.file(n)).collect::<Result<_, _>>()?;
        files.iter().flatten().for_each(|part| hasher.add(part.as_bytes()));
        progress.advance(count);
    }
    progress.end();
    Ok(inputs_with(origin, hasher.finish(), embedder, settings))
}

fn inputs_with(
    origin: &dyn Origin,
    documents: Fingerprint,
    embedder: &dyn Embedder,
    settings: &Settings,
) -> Inputs {
    let rules = origin.rules().iter().flat_map(|(path, text)| [path.as_bytes(), text.as_bytes()]);
    Inputs {
        format: INPUTS_VERSION,
        documents,
        rules: Fingerprint::of_parts(rules),
        analyzer: origin.analyzer().fingerprint(),
        settings: settings.fingerprint(),
        embedder: embedder.fingerprint(),
        embedder_name: embedder.name().to_owned(),
        passage_tokens: PASSAGE_TOKENS,
    }
}
