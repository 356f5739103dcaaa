//! Who lets a document speak, and who takes it back?
//!
//! Only the `[approval]` table of a file is edited, line by line; every other byte stays. All
//! edits are worked out and read back before the first file is written, and each file is replaced
//! at once, so no file is ever half-approved. This module does not know who may approve what: it
//! records what it is told.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rayon::prelude::*;
use serde::Serialize;

use super::document::{Approval, Document, Role, Status};
use super::read::{Corpus, Issue, ReadError, read_corpus, read_document};
use crate::durable;
use crate::ids::DocumentId;

/// An approval to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Name of the approver.
    pub by: String,
    /// Role in which they approve.
    pub role: Role,
    /// Day of approval.
    pub on: Date,
    /// Last day on which the text may answer.
    pub review_due: Date,
}

/// A file whose approval was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The document.
    pub document: DocumentId,
    /// Path relative to the corpus root.
    pub path: String,
    /// The approval it now has.
    pub approval: Approval,
}

/// Why approvals were not changed. Unless a file could not be written, none was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApproveError {
    /// The corpus cannot be read at all.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The approver has no name, or one that does not fit on a line.
    #[error("an approval needs the approver's name on one line")]
    Name,
    /// The review would be due before the approval.
    #[error("the review ({review_due}) would be due before the approval ({on})")]
    Dates {
        /// Day of approval.
        on: Date,
        /// Day of review.
        review_due: Date,
    },
    /// Approving everything at once is not reading it.
    #[error("approving everything at once is only for research and example texts")]
    Bulk,
    /// Nothing readable has this id or path.
    #[error("no document of the corpus has the id or path `{selected}`")]
    Unknown {
        /// What was asked for.
        selected: String,
    },
    /// The file is malformed.
    #[error("`{selected}` cannot be read: {issue}")]
    Malformed {
        /// What was asked for.
        selected: String,
        /// The first of its issues.
        issue: Box<Issue>,
    },
    /// The approval does not stand in a table of its own, one line a key.
    #[error("{path}: the approval is not an `[approval]` table with one line a key")]
    Table {
        /// The file.
        path: String,
    },
    /// A file could not be written; others may have been.
    #[error("{} could not be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Approves the documents selected by id, by path within the corpus, or by path.
///
/// # Errors
/// [`ApproveError`]; nothing is written unless every selected file can be edited.
pub fn approve(
    root: &Path,
    selection: &[String],
    grant: &Grant,
) -> Result<Vec<Changed>, ApproveError> {
    check_grant(grant)?;
    let corpus = read_corpus(root)?;
    let documents = select(&corpus, selection)?;
    change(&corpus.root, &documents, &granted_lines(grant))
}

/// Approves every draft, for research and example texts only.
///
/// # Errors
/// [`ApproveError`]; nothing is written unless every draft can be edited.
pub fn approve_all(root: &Path, grant: &Grant) -> Result<Vec<Changed>, ApproveError> {
    if grant.role.may_leave() {
        return Err(ApproveError::Bulk);
    }
    check_grant(grant)?;
    let corpus = read_corpus(root)?;
    let drafts: Vec<&Document> =
        corpus.documents.iter().filter(|d| d.approval.status == Status::Draft).collect();
    change(&corpus.root, &drafts, &granted_lines(grant))
}

/// Withdraws the documents selected; who approved them, and when, stays on record.
///
/// # Errors
/// [`ApproveError`]; nothing is written unless every selected file can be edited.
pub fn withdraw(root: &Path, selection: &[String]) -> Result<Vec<Changed>, ApproveError> {
    let corpus = read_corpus(root)?;
    let documents = select(&corpus, selection)?;
    change(&corpus.root, &documents, &[("status", quoted("withdrawn"))])
}

pub(super) fn check_grant(grant: &Grant) -> Result<(), ApproveError> {
    let Grant { by, on, review_due, .. } = grant;
    if by.trim().is_empty() || by.contains(char::is_control) {
        return Err(ApproveError::Name);
    }
    if review_due < on {
        return Err(ApproveError::Dates { on: *on, review_due: *review_due });
    }
    Ok(())
}

/// The lines of the table that a grant changes, as an approval of an untouched draft has them.
pub(super) fn granted_text(grant: &Grant) -> String {
    let lines = granted_lines(grant).map(|(key, value)| format!("{key} = {value}\n"));
    lines.concat()
}

fn granted_lines(grant: &Grant) -> [(&'static str, String); 5] {
    let role = match grant.role {
        Role::Clinical => "clinical",
        Role::Service => "service",
        Role::Example => "example",
        Role::Research => "research",
    };
    [
        ("status", quoted("approved")),
        ("by", quoted(&grant.by)),
        ("role", quoted(role)),
        ("on", grant.on.to_string()),
        ("review_due", grant.review_due.to_string()),
    ]
}

fn quoted(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

/// The documents selected, each once, in the order of the corpus.
fn select<'a>(corpus: &'a Corpus, selection: &[String]) -> Result<Vec<&'a Document>, ApproveError> {
    let fits = |selected: &str, id: Option<&str>, path: &str| {
        id == Some(selected) || path == selected || corpus.root.join(path) == Path::new(selected)
    };
    let mut chosen = vec![false; corpus.documents.len()];
    for selected in selection {
        let found =
            corpus.documents.iter().position(|d| fits(selected, Some(d.id.as_str()), &d.path));
        if let Some(found) = found {
            chosen[found] = true;
            continue;
        }
        let selected = selected.clone();
        return Err(match corpus.issues.iter().find(|i| fits(&selected, None, &i.path)) {
            Some(issue) => ApproveError::Malformed { selected, issue: Box::new(issue.clone()) },
            None => ApproveError::Unknown { selected },
        });
    }
    let documents = corpus.documents.iter().zip(chosen);
    Ok(documents.filter_map(|(document, chosen)| chosen.then_some(document)).collect())
}

/// Sets keys of the approval tables; all edits are read back before the first is written.
fn change(
    root: &Path,
    documents: &[&Document],
    values: &[(&str, String)],
) -> Result<Vec<Changed>, ApproveError> {
    let mut edits = Vec::with_capacity(documents.len());
    for document in documents {
        let after = edit(document, values)
            .ok_or_else(|| ApproveError::Table { path: document.path.clone() })?;
        edits.push(after);
    }
    write_all(root, &edits)?;
    let changed = |after: Document| Changed {
        document: after.id,
        path: after.path,
        approval: after.approval,
    };
    Ok(edits.into_iter().map(changed).collect())
}

/// Replaces the files, then syncs each folder once.
fn write_all(root: &Path, edits: &[Document]) -> Result<(), ApproveError> {
    let write = |after: &Document| {
        let path = root.join(&after.path);
        durable::write(&path, after.text.as_bytes())
            .map_err(|source| ApproveError::Write { path, source })
    };
    let results: Vec<Result<(), ApproveError>> = edits.par_iter().map(write).collect();
    results.into_iter().collect::<Result<(), _>>()?;
    let folders: BTreeSet<PathBuf> = edits
        .iter()
        .filter_map(|after| root.join(&after.path).parent().map(Path::to_owned))
        .collect();
    for path in folders {
        durable::sync_folder(&path).map_err(|source| ApproveError::Write { path, source })?;
    }
    Ok(())
}

/// The document with keys of its approval table set; `None` when that would change anything
/// else, or would not be read back as meant.
fn edit(document: &Document, values: &[(&str, String)]) -> Option<Document> {
    let text = edit_text(&document.text, document.body.start, values)?;
    let after = read_document(&document.path, text).ok()?;
    let mut expect = after.clone();
    expect.approval = document.approval.clone();
    expect.text.clone_from(&document.text);
    expect.body = document.body.clone();
    expect.blocks.clone_from(&document.blocks);
    let same_body = after.text[after.body.clone()] == document.text[document.body.clone()];
    (same_body && expect == *document).then_some(after)
}

/// Replaces or adds lines of the `[approval]` table before `end`.
fn edit_text(text: &str, end: usize, values: &[(&str, String)]) -> Option<String> {
    let (front, body) = text.split_at_checked(end)?;
    let mut lines: Vec<String> = front.split_inclusive('\n').map(str::to_owned).collect();
    let header = lines.iter().position(|line| line.trim() == "[approval]")?;
    let line_end = if lines[header].ends_with("\r\n") { "\r\n" } else { "\n" };
    let first = header + 1;
    let length = lines[first..].iter().position(|l| l.starts_with('[') || l.trim_end() == "+++")?;
    let mut table: Vec<String> = lines.drain(first..first + length).collect();
    let mut next = 0;
    for (key, value) in values {
        let line = format!("{key} = {value}{line_end}");
        if let Some(found) = table.iter().position(|line| sets(line, key)) {
            table[found] = line;
            next = found + 1;
        } else {
            table.insert(next, line);
            next += 1;
        }
    }
    lines.splice(first..first, table);
    Some(lines.concat() + body)
}

/// Whether a line of TOML sets a key.
fn sets(line: &str, key: &str) -> bool {
    line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::corpus::testing::file;

    fn grant(role: Role) -> Grant {
        let (on, review_due) = (date(2026, 12, 1), date(2027, 12, 1));
        Grant { by: "Dr \"Q\" O'Neil".to_owned(), role, on, review_due }
    }

    /// A corpus of two drafts and an approved document.
    fn corpus() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (full, draft) = (file("c", "", "One."), "status = \"draft\"\nversion = \"1\"\n+++\n\n");
        let start = full.find("status").unwrap();
        let write = |id: &str, body: &str| {
            let head = full[..start].replacen("id = \"c\"", &format!("id = \"{id}\""), 1);
            fs_err::write(folder.path().join(format!("{id}.md")), head + draft + body).unwrap();
        };
        write("a", "One.\n\n## status = two\n\nThree.\n");
        write("b", "Other.\n");
        fs_err::write(folder.path().join("c.md"), &full).unwrap();
        folder
    }

    fn read(folder: &tempfile::TempDir, id: &str) -> Document {
        let corpus = read_corpus(folder.path()).unwrap();
        assert_eq!(corpus.issues, []);
        corpus.document(&DocumentId::new(id).unwrap()).unwrap().clone()
    }

    #[test]
    fn approving_changes_the_approval_and_nothing_else() {
        let folder = corpus();
        let before = read(&folder, "a");
        let changed = approve(folder.path(), &["a".to_owned()], &grant(Role::Clinical)).unwrap();
        let after = read(&folder, "a");
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].approval, after.approval);
        assert_eq!(after.approval.by, "Dr \"Q\" O'Neil");
        assert_eq!(after.approval.review_due, Some(date(2027, 12, 1)));
        assert_eq!(after.approval.version, "1");
        assert_eq!(after.slice(&after.body), before.slice(&before.body));
        assert_eq!(read(&folder, "b").approval.status, Status::Draft);
        let again = approve(folder.path(), &["a.md".to_owned()], &grant(Role::Service)).unwrap();
        assert_eq!(again[0].approval.role, Some(Role::Service));
        assert_eq!(read(&folder, "a").text.matches("role =").count(), 1);
    }

    #[test]
    fn windows_line_ends_stay() {
        let folder = corpus();
        let path = folder.path().join("a.md");
        let text = fs_err::read_to_string(&path).unwrap().replace('\n', "\r\n");
        fs_err::write(&path, text).unwrap();
        let selection = [path.to_str().unwrap().to_owned()];
        approve(folder.path(), &selection, &grant(Role::Example)).unwrap();
        let text = fs_err::read_to_string(&path).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }

    #[test]
    fn everything_at_once_is_for_research_only() {
        let folder = corpus();
        let refused = approve_all(folder.path(), &grant(Role::Clinical));
        assert!(matches!(refused, Err(ApproveError::Bulk)));
        let kept = read(&folder, "c");
        assert_eq!(approve_all(folder.path(), &grant(Role::Research)).unwrap().len(), 2);
        assert_eq!(read(&folder, "b").approval.role, Some(Role::Research));
        assert_eq!(read(&folder, "c"), kept);
    }

    #[test]
    fn withdrawing_keeps_the_record() {
        let folder = corpus();
        withdraw(folder.path(), &["c".to_owned()]).unwrap();
        let after = read(&folder, "c").approval;
        assert_eq!((after.status, after.by.as_str()), (Status::Withdrawn, "Somebody"));
    }

    #[test]
    fn nothing_is_written_when_one_of_them_cannot_be() {
        let folder = corpus();
        fs_err::write(folder.path().join("d.md"), "broken").unwrap();
        let unchanged = |selection: &[&str]| {
            let selection: Vec<String> = selection.iter().map(|s| (*s).to_owned()).collect();
            let error = approve(folder.path(), &selection, &grant(Role::Example)).unwrap_err();
            let text = fs_err::read_to_string(folder.path().join("a.md")).unwrap();
            assert!(text.contains("status = \"draft\""));
            error
        };
        assert!(matches!(unchanged(&["a", "gone"]), ApproveError::Unknown { .. }));
        assert!(matches!(unchanged(&["a", "d.md"]), ApproveError::Malformed { .. }));
        let path = folder.path().join("d.md");
        let text = fs_err::read_to_string(folder.path().join("c.md")).unwrap();
        let start = text.find("[approval]").unwrap();
        let inline = "approval.status = \"draft\"\napproval.version = \"1\"\n";
        let text = text[..start].replacen("id = \"c\"\n", &format!("id = \"d\"\n{inline}"), 1);
        fs_err::write(path, text + "+++\n\nOne.\n").unwrap();
        assert!(matches!(unchanged(&["a", "d"]), ApproveError::Table { .. }));
        let bad = Grant { review_due: date(2020, 1, 1), ..grant(Role::Example) };
        let refused = approve(folder.path(), &["a".to_owned()], &bad);
        assert!(matches!(refused, Err(ApproveError::Dates { .. })));
    }
}
