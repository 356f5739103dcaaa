//! What must a person still put right before this corpus may speak?
//!
//! [`check`] judges files that can be read; what cannot be read is an
//! [`Issue`](super::read::Issue) already. Rules are conservative: each names a place, what is
//! wrong, and a cure, and the same corpus and day give the same findings in the same order.
//!
//! | rule | severity | found when |
//! |---|---|---|
//! | `metadata` | error | source title, publisher, address, date or licence is empty |
//! | `no-facts` | error | a text states figures and cites no fact at all |
//! | `unknown-fact` | error | a cited fact is not in `facts.toml` |
//! | `unused-fact` | warning | no document cites a fact |
//! | `figure-not-in-facts` | error | a figure of title, headings or body stands in no cited fact |
//! | `conflicting-figures` | error | two documents state different figures in one phrase |
//! | `expired` | error | the review of an approved document was due before today |
//! | `review-soon` | warning | the review is due within [`REVIEW_NOTICE_DAYS`] days |
//! | `not-yet-approved` | warning | the approval begins after today |
//! | `split-from-limit` | error | a sentence that needs the one before it may be quoted alone |
//! | `keep-too-long` | warning | a keep group exceeds [`LONGEST_KEEP`] characters |
//! | `sentence-end` | warning | a sentence ends without `.`, `?` or `!` |
//! | `long-sentence` | warning | a sentence exceeds [`LONGEST_SENTENCE`] words |
//! | `inline-address` | error | a sentence, heading or title holds a web or mail address |
//! | `duplicate-passage` | error | two passages have the same words |
//! | `near-duplicate-passage` | error | two passages share [`NEAR_DUPLICATE`] of their shingles |
//! | `dead-link` | error | a related document does not exist |
//! | `unreachable` | error | no question variant leads to the document |
//! | `repeated-question` | error | one question variant leads to two documents |
//!
//! Withdrawn documents are judged by metadata only. Plain documents are imports, quoted as they
//! stand: rules about wording and figures leave them alone. Safety and route texts are sent
//! whole, never quoted in part and never retrieved, so `split-from-limit`, `unreachable` and the
//! rules that compare documents do not concern them.
//!
//! This module knows no index and no model: its passages are cut by words, not by tokens.

mod calendar;
mod conflicts;
mod duplicates;
mod figures;
mod links;
mod sentences;
mod vocabulary;

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

pub use self::calendar::{REVIEW_NOTICE_DAYS, ReviewEntry, review_calendar};
pub use self::duplicates::NEAR_DUPLICATE;
#[cfg(feature = "cli")]
pub(super) use self::sentences::needs_context;
pub use self::sentences::{LONGEST_KEEP, LONGEST_SENTENCE};
use super::document::{Document, Format, Status};
use super::read::{Corpus, Severity};
use crate::text::place::line_and_column;

/// What [`check`] needs to know besides the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOptions {
    /// The day to judge expiry by.
    pub today: Date,
}

/// A rule, by the name reports print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// A field a reader of the quotation needs is empty.
    Metadata,
    /// Figures that rest on no fact at all.
    NoFacts,
    /// A cited fact is not in `facts.toml`.
    UnknownFact,
    /// A fact that no document cites.
    UnusedFact,
    /// A figure that stands in no cited fact.
    FigureNotInFacts,
    /// Different figures in one phrase of two documents.
    ConflictingFigures,
    /// The review is overdue.
    Expired,
    /// The review is due soon.
    ReviewSoon,
    /// The approval begins after today.
    NotYetApproved,
    /// A sentence that needs the one before it may be quoted alone.
    SplitFromLimit,
    /// A keep group too long to read as one.
    KeepTooLong,
    /// A sentence without an end.
    SentenceEnd,
    /// A sentence too long to read.
    LongSentence,
    /// A web or mail address in the text.
    InlineAddress,
    /// The same words twice.
    DuplicatePassage,
    /// Nearly the same words twice.
    NearDuplicatePassage,
    /// A related document that does not exist.
    DeadLink,
    /// A document that no question variant leads to.
    Unreachable,
    /// A question variant that leads to two documents.
    RepeatedQuestion,
}

impl Rule {
    /// The name reports print; it never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Metadata => "metadata",
            Rule::NoFacts => "no-facts",
            Rule::UnknownFact => "unknown-fact",
            Rule::UnusedFact => "unused-fact",
            Rule::FigureNotInFacts => "figure-not-in-facts",
            Rule::ConflictingFigures => "conflicting-figures",
            Rule::Expired => "expired",
            Rule::ReviewSoon => "review-soon",
            Rule::NotYetApproved => "not-yet-approved",
            Rule::SplitFromLimit => "split-from-limit",
            Rule::KeepTooLong => "keep-too-long",
            Rule::SentenceEnd => "sentence-end",
            Rule::LongSentence => "long-sentence",
            Rule::InlineAddress => "inline-address",
            Rule::DuplicatePassage => "duplicate-passage",
            Rule::NearDuplicatePassage => "near-duplicate-passage",
            Rule::DeadLink => "dead-link",
            Rule::Unreachable => "unreachable",
            Rule::RepeatedQuestion => "repeated-question",
        }
    }

    /// How bad a finding of this rule is.
    pub fn severity(self) -> Severity {
        match self {
            Rule::UnusedFact
            | Rule::ReviewSoon
            | Rule::NotYetApproved
            | Rule::KeepTooLong
            | Rule::SentenceEnd
            | Rule::LongSentence => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Finding {
    /// Path relative to the corpus root.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// The rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do about it: a lowercase fragment.
    pub cure: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { path, line, rule, severity, message, cure } = self;
        write!(f, "{path}:{line}: {severity}[{rule}] {message} ({cure})")
    }
}

/// Judges a corpus. Findings are sorted by path, line, rule and message.
pub fn check(corpus: &Corpus, options: &CheckOptions) -> Vec<Finding> {
    let mut findings = Findings::default();
    for document in &corpus.documents {
        metadata(document, &mut findings);
        if document.approval.status == Status::Withdrawn {
            continue;
        }
        calendar::check(document, options.today, &mut findings);
        links::check(document, corpus, &mut findings);
        if document.format == Format::Guidance {
            sentences::check(document, &mut findings);
            figures::check(document, &corpus.facts, &mut findings);
        }
    }
    let compared: Vec<&Document> = corpus
        .documents
        .iter()
        .filter(|d| d.kind.is_retrieved() && d.approval.status != Status::Withdrawn)
        .collect();
    links::check_facts(corpus, &mut findings);
    links::check_questions(&compared, &mut findings);
    duplicates::check(&compared, &mut findings);
    conflicts::check(&compared, &mut findings);
    findings.sorted()
}

/// Collects findings.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    /// Notes a finding at a byte of a document's file.
    fn at(
        &mut self,
        document: &Document,
        offset: usize,
        rule: Rule,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) {
        let line = line_and_column(&document.text, offset).0;
        self.line(&document.path, line, rule, message, cure);
    }

    /// Notes a finding at a value of a document's front matter.
    fn at_value(
        &mut self,
        document: &Document,
        key: &str,
        value: &str,
        rule: Rule,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) {
        let front = &document.text[..document.body.start];
        let from = front.find(&format!("\n{key} =")).map_or(0, |at| at + 1);
        let quoted = front[from..].find(&format!("\"{value}\"")).map_or(from, |at| from + at);
        self.at(document, quoted, rule, message, cure);
    }

    fn line(
        &mut self,
        path: &str,
        line: usize,
        rule: Rule,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.0.push(Finding {
            path: path.to_owned(),
            line,
            rule,
            severity: rule.severity(),
            message: message.into(),
            cure: cure.into(),
        });
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

fn metadata(document: &Document, findings: &mut Findings) {
    let source = &document.source;
    let fields = [
        ("title", &source.title),
        ("publisher", &source.publisher),
        ("address", &source.address),
        ("updated", &source.updated),
        ("licence", &source.licence),
    ];
    for (key, _) in fields.into_iter().filter(|(_, value)| value.trim().is_empty()) {
        let message = format!("the source has no {key}");
        let cure = format!("write `{key}` under `[source]`; say so in words if the page has none");
        let front = &document.text[..document.body.start];
        let offset = front.find("[source]").unwrap_or(0);
        findings.at(document, offset, Rule::Metadata, message, cure);
    }
}

#[cfg(test)]
mod tests;
