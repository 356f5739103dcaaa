//! Which documents does a folder hold, and what is wrong with the files that hold none?
//!
//! Every `*.md` file below the root is one document: TOML front matter between lines of `+++`,
//! then a body. A file with any fault is left out whole and its faults are collected as
//! [`Issue`]s with line and cure; nothing panics and nothing is skipped silently: a file of
//! another sort is an issue too. Left unread on purpose are hidden files and folders (a leading
//! dot) and folders named [`QUARANTINE`].
//!
//! Invariants: documents are sorted by id bytewise, ids are unique, and every span of a document
//! is a byte range of its file, with its byte order mark and line ends as they stand there. This
//! module does not judge content ([`lint`](super::lint)) nor cut passages
//! ([`split`](super::split)).

mod body;
mod front;
mod issue;
mod lines;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use self::body::{KEEP_CLOSE, KEEP_OPEN};
#[cfg(feature = "cli")]
pub(super) use self::body::{find_markup, item_number};
use self::issue::Collector;
pub use self::issue::{Issue, IssueKind, Severity};
use super::document::Document;
use super::facts::{FACTS_FILE, Fact, read_facts};
use crate::ids::DocumentId;

/// Folders of this name hold withdrawn imports; they are never read.
pub const QUARANTINE: &str = "quarantine";

/// Files at the root, beside the documents, that other readers read.
const KNOWN_FILES: [&str; 2] = [FACTS_FILE, "synonyms.toml"];
/// Folders whose `*.toml` files other readers read.
const KNOWN_FOLDERS: [&str; 2] = ["safety", "routes"];

/// A folder of guidance, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The folder.
    pub root: PathBuf,
    /// The documents, sorted by id bytewise.
    pub documents: Vec<Document>,
    /// Rows of `facts.toml` in file order; empty where there is no such file.
    pub facts: Vec<Fact>,
    /// What is wrong, by path and line.
    pub issues: Vec<Issue>,
}

impl Corpus {
    /// The document of an id.
    pub fn document(&self, id: &DocumentId) -> Option<&Document> {
        self.documents
            .binary_search_by(|document| document.id.cmp(id))
            .ok()
            .map(|at| &self.documents[at])
    }
}

/// Why a corpus cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The root is not there, or is a file.
    #[error("the corpus `{}` is not a folder", path.display())]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The root cannot be listed.
    #[error("the corpus folder cannot be listed")]
    List {
        /// What the system said; it names the path.
        #[source]
        source: io::Error,
    },
}

/// Reads a folder of guidance.
///
/// # Errors
/// [`ReadError`] when the root itself cannot be listed. Whatever is wrong below it is collected
/// in [`Corpus::issues`].
pub fn read_corpus(root: &Path) -> Result<Corpus, ReadError> {
    if !root.is_dir() {
        return Err(ReadError::NotAFolder { path: root.to_owned() });
    }
    let mut walk = Walk::default();
    walk.folder(root, "").map_err(|source| ReadError::List { source })?;
    walk.files.sort_unstable();
    let Walk { files, mut issues } = walk;
    let mut documents = Vec::with_capacity(files.len());
    let mut facts = Vec::new();
    for file in &files {
        let text = match read_text(&root.join(file)) {
            Ok(text) => text,
            Err(message) => {
                let cure = "make the file readable UTF-8, or move it out of the corpus";
                issues.push(whole_file(file, IssueKind::Unreadable, message, cure));
                continue;
            }
        };
        if file == FACTS_FILE {
            let (rows, faults) = read_facts(file, &text);
            facts = rows;
            issues.extend(faults);
        } else {
            match read_document(file, text) {
                Ok(document) => documents.push(document),
                Err(faults) => issues.extend(faults),
            }
        }
    }
    documents.sort_by(|a, b| (&a.id, &a.path).cmp(&(&b.id, &b.path)));
    drop_duplicates(&mut documents, &mut issues);
    issues.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    Ok(Corpus { root: root.to_owned(), documents, facts, issues })
}

/// Reads one document. `path` names it in issues and stands in [`Document::path`].
///
/// # Errors
/// Everything that is wrong with the file; never an empty list.
pub fn read_document(path: &str, text: String) -> Result<Document, Vec<Issue>> {
    let mut issues = Collector::new(path, &text);
    let parts = front::split_front(&text, &mut issues);
    let front = parts.as_ref().and_then(|p| front::read_front(&text, p.front.clone(), &mut issues));
    let (Some(parts), Some(front)) = (parts, front) else {
        return Err(issues.into_issues());
    };
    let (blocks, body) = body::read_body(&text, parts.body, front.format, &mut issues);
    if !issues.is_empty() {
        return Err(issues.into_issues());
    }
    Ok(Document {
        id: front.id,
        title: front.title,
        programme: front.programme,
        kind: front.kind,
        nations: front.nations,
        locality: front.locality,
        audience: front.audience,
        questions: front.questions,
        facts: front.facts,
        see_also: front.see_also,
        source: front.source,
        approval: front.approval,
        format: front.format,
        cut: front.cut,
        path: path.to_owned(),
        body,
        blocks,
        text,
    })
}

/// Every document of an id that stands twice is left out: which of them is meant, nobody knows.
fn drop_duplicates(documents: &mut Vec<Document>, issues: &mut Vec<Issue>) {
    let mut paths: BTreeMap<DocumentId, Vec<String>> = BTreeMap::new();
    for document in documents.iter() {
        paths.entry(document.id.clone()).or_default().push(document.path.clone());
    }
    paths.retain(|_, paths| paths.len() > 1);
    documents.retain(|document| !paths.contains_key(&document.id));
    for (id, paths) in &paths {
        for path in paths {
            let others: Vec<&str> =
                paths.iter().filter(|other| *other != path).map(String::as_str).collect();
            let message = format!("the id `{id}` also stands in {}", others.join(", "));
            let cure = "give one of the documents another id; until then none of them is read";
            issues.push(whole_file(path, IssueKind::DuplicateId, message, cure));
        }
    }
}

fn whole_file(path: &str, kind: IssueKind, message: String, cure: &str) -> Issue {
    Issue { path: path.to_owned(), line: 1, column: None, kind, message, cure: cure.to_owned() }
}

fn read_text(path: &Path) -> Result<String, String> {
    fs_err::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => "the file is not UTF-8".to_owned(),
        _ => format!("the file cannot be read: {}", error.kind()),
    })
}

/// The files below a folder, sorted out by what they are.
#[derive(Default)]
struct Walk {
    files: Vec<String>,
    issues: Vec<Issue>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, relative: &str) -> io::Result<()> {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let shown = format!("{relative}{}", name.to_string_lossy());
                self.unknown(&shown, "the file name is not UTF-8", "rename it");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let file_type = entry.file_type()?;
            let path = entry.path();
            let relative = format!("{relative}{name}");
            if file_type.is_dir() {
                self.subfolder(&path, &relative, name);
            } else if file_type.is_symlink() && path.is_dir() {
                let cure = "put the folder itself here";
                self.unknown(&relative, "links to folders are not followed", cure);
            } else {
                self.file(relative);
            }
        }
        Ok(())
    }

    fn subfolder(&mut self, path: &Path, relative: &str, name: &str) {
        if name == QUARANTINE {
            return;
        }
        if let Err(error) = self.folder(path, &format!("{relative}/")) {
            let message = format!("the folder cannot be listed: {}", error.kind());
            let cure = "make the folder readable";
            self.issues.push(whole_file(relative, IssueKind::Unreadable, message, cure));
        }
    }

    fn file(&mut self, relative: String) {
        let (folder, name) = relative.rsplit_once('/').unwrap_or(("", &relative));
        if has_extension(name, "md") || relative == FACTS_FILE {
            self.files.push(relative);
        } else if !is_known(folder, name) {
            let cure = "move it out of the corpus; documents end with `.md`";
            self.unknown(&relative, "the file is no document and was not read", cure);
        }
    }

    fn unknown(&mut self, path: &str, message: &str, cure: &str) {
        self.issues.push(whole_file(path, IssueKind::UnknownFile, message.to_owned(), cure));
    }
}

fn is_known(folder: &str, name: &str) -> bool {
    if folder.is_empty() {
        KNOWN_FILES.contains(&name)
    } else {
        KNOWN_FOLDERS.contains(&folder) && has_extension(name, "toml")
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests;
