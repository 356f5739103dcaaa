//! What is wrong with a file of the corpus, where, and what cures it.
//!
//! Issues are collected, never thrown: a reader names every fault of every file before anybody
//! has to run it again. They are data for people, not errors for code.

use std::fmt;

use crate::text::place::line_and_column;
use schemars::JsonSchema;
use serde::Serialize;

/// How bad an issue or a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Must be cured before the text may be approved.
    Error,
    /// Worth a look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// What sort of fault an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IssueKind {
    /// The file cannot be opened, or is not UTF-8.
    Unreadable,
    /// The file is nothing a corpus knows; it was not read.
    UnknownFile,
    /// The front matter is missing, unclosed, or not the TOML expected.
    FrontMatter,
    /// A field of the front matter holds what it must not hold.
    Field,
    /// The approval contradicts itself or lacks what its status needs.
    Approval,
    /// Two documents, or two facts, carry one id.
    DuplicateId,
    /// There is nothing to quote.
    EmptyBody,
    /// The body carries markup, or a character that cannot be seen.
    Markup,
    /// A heading of a level, or in a place, that the grammar does not know.
    Heading,
    /// A paragraph that spans lines.
    Paragraph,
    /// A list without the sentence that leads into it, or the reverse.
    List,
    /// A keep group that is nested, empty or unclosed.
    Keep,
    /// `facts.toml` is not the TOML expected.
    Facts,
}

impl IssueKind {
    /// The name used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            IssueKind::Unreadable => "unreadable",
            IssueKind::UnknownFile => "unknown-file",
            IssueKind::FrontMatter => "front-matter",
            IssueKind::Field => "field",
            IssueKind::Approval => "approval",
            IssueKind::DuplicateId => "duplicate-id",
            IssueKind::EmptyBody => "empty-body",
            IssueKind::Markup => "markup",
            IssueKind::Heading => "heading",
            IssueKind::Paragraph => "paragraph",
            IssueKind::List => "list",
            IssueKind::Keep => "keep",
            IssueKind::Facts => "facts",
        }
    }

    /// An unknown file loses nothing that was meant to be read; every other issue does.
    pub fn severity(self) -> Severity {
        match self {
            IssueKind::UnknownFile => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault in one file of the corpus. The document it stands in was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issue {
    /// Path relative to the corpus root, with `/` between folders.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1, where one is known.
    pub column: Option<usize>,
    /// What sort of fault it is.
    pub kind: IssueKind,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do about it: a lowercase fragment.
    pub cure: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.path, self.line)?;
        if let Some(column) = self.column {
            write!(f, "{column}:")?;
        }
        write!(f, " {} ({})", self.message, self.cure)
    }
}

/// Collects the issues of one file and knows where its bytes stand.
pub(super) struct Collector<'a> {
    path: &'a str,
    text: &'a str,
    issues: Vec<Issue>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, issues: Vec::new() }
    }

    /// Notes an issue at a byte of the file.
    pub(super) fn at(
        &mut self,
        offset: usize,
        kind: IssueKind,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) {
        let (line, column) = line_and_column(self.text, offset);
        self.issues.push(Issue {
            path: self.path.to_owned(),
            line,
            column: Some(column),
            kind,
            message: message.into(),
            cure: cure.into(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.issues.is_empty()
    }

    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.issues
    }
}
