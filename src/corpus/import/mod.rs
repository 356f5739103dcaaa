//! How does text written elsewhere become documents of a corpus?
//!
//! Every import lands as drafts, which cannot answer until somebody approves them
//! ([`approve`](super::approve)). It is all or nothing: sources are read and every file is read
//! back before the first byte is written; the folder is written aside, synced, and appears under
//! its name at once. A malformed source is an error that names file, line and cure. A source that
//! is sound but not wanted (another language, another site) is refused and reported.
//!
//! Withdrawn pages land in a folder named [`QUARANTINE`], which no reader reads, with the status
//! `withdrawn`. This module does not fetch anything.

mod draft;
#[cfg(feature = "cli")]
mod govuk;
#[cfg(feature = "cli")]
mod html;
mod jsonl;
mod lines;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::draft::Draft;
pub use self::lines::CorpusLines;
use super::approve::ApproveError;
use super::document::Cut;
use super::read::{Issue, QUARANTINE, read_document};
use crate::durable;
use crate::ids::{DocumentId, IdError, Nation, Programme};

/// The attribution that the Open Government Licence asks for when the publisher states none.
pub const OPEN_GOVERNMENT_LICENCE: &str =
    "Contains public sector information licensed under the Open Government Licence v3.0.";

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SourceKind {
    /// Answers of the GOV.UK Content API: a JSON file, or a folder of them.
    #[cfg(feature = "cli")]
    Govuk,
    /// A corpus of JSON lines (`_id`, `title`, `text`), as BEIR has them: the file, or the folder
    /// that holds `corpus.jsonl`.
    Jsonl,
    /// Labelled utterances (`text`, `label`): the file, or the folder that holds `train.jsonl`.
    /// One document a label.
    Intents,
}

/// What the documents shall say about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Programme of all documents.
    pub programme: Programme,
    /// Nations of documents whose source names none.
    pub nations: Vec<Nation>,
    /// Whole documents, or passages.
    pub cut: Cut,
    /// Name of the source, for JSON lines; the file name where there is none.
    pub source: Option<String>,
    /// Licence of the source, for JSON lines.
    pub licence: Option<String>,
    /// Paths of GOV.UK under which pages are accepted; empty for the whole site.
    pub allowed_paths: Vec<String>,
}

/// A document that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Imported {
    /// The document.
    pub document: DocumentId,
    /// Path of its file, relative to the folder written.
    pub path: String,
}

/// A source that was sound but not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refused {
    /// File of the source.
    pub source: PathBuf,
    /// Line of the file, from 1, where lines are documents.
    pub line: Option<usize>,
    /// Why: a lowercase fragment.
    pub reason: String,
}

/// Something of a source that did not survive as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// The document.
    pub document: DocumentId,
    /// What was changed or dropped: a lowercase fragment.
    pub message: String,
}

/// What an import did, in the order of the sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct ImportReport {
    /// Drafts written.
    pub written: Vec<Imported>,
    /// Withdrawn pages, written where no reader reads.
    pub quarantined: Vec<Imported>,
    /// Sources not wanted.
    pub refused: Vec<Refused>,
    /// Losses and changes a reader of the draft should know of.
    pub notes: Vec<Note>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source cannot be read.
    #[error("the source cannot be read")]
    Read {
        /// What the system said; it names the path.
        #[source]
        source: io::Error,
    },
    /// No file of the source can be a source of this kind.
    #[error("{} holds no {expected}", path.display())]
    NoSource {
        /// The path given.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
    },
    /// A line of a source is not UTF-8.
    #[error("{}:{line}: not UTF-8; convert the file", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A source is not the JSON expected.
    #[error("{}:{line}: not the JSON expected; {cure}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is expected: a lowercase fragment.
        cure: &'static str,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// A name of the source cannot be a document id.
    #[error("{}:{line}: the id cannot be used; rename it in the source", path.display())]
    Id {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: IdError,
    },
    /// Two documents of the source have one id.
    #[error("{}:{line}: the id `{id}` stands in the source twice; remove one", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The line of the second, from 1.
        line: usize,
        /// The id.
        id: DocumentId,
    },
    /// The draft would not be read back.
    #[error("{}:{line}: the document `{id}` would not be readable: {issue}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The document.
        id: DocumentId,
        /// The first of its issues.
        issue: Box<Issue>,
    },
    /// A document that an index is built from straight away has neither title nor text.
    #[error("{}:{line}: {reason}; give it a text or take the line out", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is missing: a lowercase fragment.
        reason: String,
    },
    /// A line of the source is not the one that stood there before.
    #[error("{}:{line}: the file has changed while it was read; begin again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The documents cannot be approved so.
    #[error(transparent)]
    Grant(#[from] ApproveError),
    /// There is something where the folder should be written.
    #[error("{} exists already; name a new folder", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// The folder cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The target.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Imports a source into a new folder. The folder must not exist, or be empty; it appears whole
/// or not at all.
///
/// # Errors
/// [`ImportError`]; the target is then as it was.
pub fn import(
    kind: SourceKind,
    source: &Path,
    target: &Path,
    options: &ImportOptions,
) -> Result<ImportReport, ImportError> {
    if is_taken(target) {
        return Err(ImportError::TargetExists { path: target.to_owned() });
    }
    let gathered = match kind {
        #[cfg(feature = "cli")]
        SourceKind::Govuk => govuk::gather(source, options)?,
        SourceKind::Jsonl => jsonl::gather_corpus(source, options)?,
        SourceKind::Intents => jsonl::gather_intents(source, options)?,
    };
    land(gathered, target)
}

fn is_taken(target: &Path) -> bool {
    match fs_err::read_dir(target) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// What was found in the sources.
#[derive(Default)]
struct Gathered {
    drafts: Vec<Draft>,
    refused: Vec<Refused>,
    notes: Vec<Note>,
}

/// Checks that every draft can be read back, then writes them all.
fn land(gathered: Gathered, target: &Path) -> Result<ImportReport, ImportError> {
    let Gathered { drafts, refused, notes } = gathered;
    check_ids(&drafts)?;
    let files: Vec<(String, String)> = drafts.iter().map(|d| (d.path(), d.render())).collect();
    drafts.par_iter().zip(&files).try_for_each(|(draft, (path, text))| {
        read_document(path, text.clone()).map(drop).map_err(|issues| draft.unreadable(issues))
    })?;
    write_folder(&files, target)
        .map_err(|source| ImportError::Write { path: target.to_owned(), source })?;
    let mut report = ImportReport { refused, notes, ..ImportReport::default() };
    for (draft, (path, _)) in drafts.into_iter().zip(files) {
        let list = if draft.is_withdrawn { &mut report.quarantined } else { &mut report.written };
        list.push(Imported { document: draft.id, path });
    }
    Ok(report)
}

fn check_ids(drafts: &[Draft]) -> Result<(), ImportError> {
    let mut seen = BTreeSet::new();
    match drafts.iter().find(|draft| !seen.insert(&draft.id)) {
        None => Ok(()),
        Some(Draft { id, file, line, .. }) => {
            Err(ImportError::DuplicateId { path: file.clone(), line: *line, id: id.clone() })
        }
    }
}

/// Writes files aside, syncs them, and gives their folder its name.
fn write_folder(files: &[(String, String)], target: &Path) -> io::Result<()> {
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs_err::create_dir_all(parent)?;
    let aside = tempfile::Builder::new().prefix(".import-").tempdir_in(parent)?;
    // A folder of its own, so that it has the permissions of any new folder.
    let staged = aside.path().join("staged");
    fs_err::create_dir(&staged)?;
    if files.iter().any(|(path, _)| path.contains('/')) {
        fs_err::create_dir(staged.join(QUARANTINE))?;
    }
    files
        .par_iter()
        .try_for_each(|(path, text)| durable::create(&staged.join(path), text.as_bytes()))?;
    for folder in [staged.join(QUARANTINE), staged.clone()].iter().filter(|f| f.is_dir()) {
        durable::sync_folder(folder)?;
    }
    durable::rename(&staged, target)
}

#[cfg(test)]
mod tests;
