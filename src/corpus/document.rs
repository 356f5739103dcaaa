//! A document (the unit of approval), its passages (the unit of retrieval) and their units
//! (the smallest things that may be quoted).
//!
//! Spans are byte ranges of the document's source file, so that anybody can check a quotation
//! with nothing but the file. These types are what every layer above shares; how they are read
//! from files is `corpus::read`, how passages are cut is `corpus::split`.

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{DocumentId, FactId, Fingerprint, Locality, Nation, PassageId, Programme};

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Answers questions.
    Guidance,
    /// Answers questions about one local service; only for people of its locality.
    Local,
    /// Fixed text sent when a message sounds urgent; never retrieved.
    Safety,
    /// Fixed text for messages that are not questions (complaints, thanks, other languages); never retrieved.
    Route,
}

impl Kind {
    /// Whether documents of this kind take part in retrieval.
    pub fn is_retrieved(self) -> bool {
        matches!(self, Kind::Guidance | Kind::Local)
    }
}

/// Where the facts of a document come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Title of the page or leaflet.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// Its address, kept in metadata only; sentences carry no links.
    pub address: String,
    /// The date the page carries, as written there.
    pub updated: String,
    /// Under what licence the text stands.
    pub licence: String,
}

/// State of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Written or imported; cannot answer.
    Draft,
    /// May answer until its review is due.
    Approved,
    /// Taken back; cannot answer.
    Withdrawn,
}

/// In which role an approver acted; decides where the text may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A clinically accountable approval: may leave through a real channel.
    Clinical,
    /// A service's own local facts (sites, parking): may leave through a real channel.
    Service,
    /// An example: answers on the command line and in tests, never through a real channel.
    Example,
    /// A research import: as [`Role::Example`].
    Research,
}

impl Role {
    /// Whether text approved in this role may ever leave through a real channel.
    pub fn may_leave(self) -> bool {
        matches!(self, Role::Clinical | Role::Service)
    }
}

/// Who let a document speak, in which role, when, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// State.
    pub status: Status,
    /// Name of the approver; empty for a draft.
    pub by: String,
    /// Role of the approver; `None` for a draft.
    pub role: Option<Role>,
    /// Day of approval; `None` for a draft.
    pub on: Option<Date>,
    /// Last day on which the text may answer; `None` for a draft.
    pub review_due: Option<Date>,
    /// Version of the text, as the approver counts it.
    pub version: String,
}

/// How a document's body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The Markdown subset of this corpus: headings, paragraphs, lists, keep groups.
    #[default]
    Guidance,
    /// Plain paragraphs; no character has a meaning of its own. Imports land so.
    Plain,
}

/// How a document is cut into passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// By section, at sentence ends, at most [`PASSAGE_TOKENS`] tokens.
    #[default]
    Sections,
    /// The whole body is one passage.
    Whole,
}

/// Most tokens a passage may hold (WordPiece tokens of the embedding model, special tokens apart).
/// Half of the model's window, so that title and headings always fit beside it.
pub const PASSAGE_TOKENS: usize = 128;

/// A line of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// A heading: level 2 or 3 and the span of its text.
    Heading {
        /// 2 or 3.
        level: u8,
        /// Span of the heading's text without its `#` marks.
        span: Range<usize>,
    },
    /// One paragraph, as the spans of its sentences.
    Paragraph {
        /// Sentences in order.
        sentences: Vec<Range<usize>>,
        /// Number of the keep group it stands in.
        keep: Option<u32>,
    },
    /// A list item: the sentences of the item; its lead-in is the paragraph before the list.
    Item {
        /// Sentences of the item in order.
        sentences: Vec<Range<usize>>,
        /// Span of the lead-in: the last sentence of the paragraph that introduces the list.
        lead_in: Range<usize>,
        /// Number of the keep group it stands in.
        keep: Option<u32>,
    },
}

/// A document: the unit of approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Id, unique in the corpus.
    pub id: DocumentId,
    /// Title, shown with every quotation.
    pub title: String,
    /// Programme it belongs to, or `all`.
    pub programme: Programme,
    /// What it is for.
    pub kind: Kind,
    /// Nations it holds for; never empty.
    pub nations: Vec<Nation>,
    /// The local service it belongs to, for [`Kind::Local`].
    pub locality: Option<Locality>,
    /// For whom it is written.
    pub audience: String,
    /// Approved question variants.
    pub questions: Vec<String>,
    /// Rows of `facts.toml` it rests on.
    pub facts: Vec<FactId>,
    /// Ids of related documents.
    pub see_also: Vec<DocumentId>,
    /// Where its facts come from.
    pub source: Source,
    /// Who let it speak.
    pub approval: Approval,
    /// How its body is read.
    pub format: Format,
    /// How it is cut into passages.
    pub cut: Cut,
    /// Path of its file relative to the corpus root, with `/` between folders.
    pub path: String,
    /// The whole file. Every span is a byte range of it.
    pub text: String,
    /// The body's place in [`Document::text`].
    pub body: Range<usize>,
    /// The body, block by block.
    pub blocks: Vec<Block>,
}

impl Document {
    /// Fingerprint of the file, byte for byte.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.text.as_bytes())
    }

    /// The bytes a span stands for.
    ///
    /// # Panics
    /// Never for spans of this document's own blocks, passages and units: readers and the
    /// snapshot check that they lie on character boundaries.
    pub fn slice(&self, span: &Range<usize>) -> &str {
        &self.text[span.clone()]
    }

    /// Whether the document may be quoted on a day, leaving scope (programme, nation,
    /// locality) and revocations aside.
    ///
    /// # Errors
    /// [`Barred`] with the first reason why not.
    pub fn standing(&self, on: Date) -> Result<(), Barred> {
        let approval = &self.approval;
        match approval.status {
            Status::Draft => return Err(Barred::Draft),
            Status::Withdrawn => return Err(Barred::Withdrawn),
            Status::Approved => {}
        }
        match (approval.role, approval.on, approval.review_due) {
            (Some(_), Some(from), Some(until)) => {
                if on < from {
                    Err(Barred::NotYetApproved { from })
                } else if on > until {
                    Err(Barred::Expired { review_due: until })
                } else {
                    Ok(())
                }
            }
            _ => Err(Barred::Draft),
        }
    }
}

/// Why a document may not be quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Barred {
    /// Nobody has approved it.
    #[error("not approved")]
    Draft,
    /// Its approval was taken back.
    #[error("withdrawn")]
    Withdrawn,
    /// The query's clock stands before its approval.
    #[error("approved only from {from}")]
    NotYetApproved {
        /// First day it may answer.
        from: Date,
    },
    /// Its review was due before the query's clock.
    #[error("review was due on {review_due}")]
    Expired {
        /// Last day it could answer.
        review_due: Date,
    },
    /// It was revoked after the snapshot was built.
    #[error("revoked")]
    Revoked,
    /// It holds for other nations.
    #[error("holds for other nations")]
    WrongNation,
    /// It belongs to another programme than those served.
    #[error("belongs to another programme")]
    WrongProgramme,
    /// It belongs to another local service.
    #[error("belongs to another local service")]
    WrongLocality,
}

impl Barred {
    /// The reason's code in replies and records.
    pub fn code(&self) -> &'static str {
        match self {
            Barred::Draft => "not_approved",
            Barred::Withdrawn => "withdrawn",
            Barred::NotYetApproved { .. } => "not_yet_approved",
            Barred::Expired { .. } => "expired",
            Barred::Revoked => "revoked",
            Barred::WrongNation => "wrong_nation",
            Barred::WrongProgramme => "other_programme",
            Barred::WrongLocality => "wrong_locality",
        }
    }
}

/// The smallest thing that may be quoted: a sentence, a list item with its lead-in, or a group
/// of sentences that limit each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Spans to quote, in order, each exact bytes of the file. A list item carries its lead-in
    /// first; a keep group carries all its sentences.
    pub spans: Vec<Range<usize>>,
    /// Whether the unit may be quoted. False for the pieces of a plain-text sentence that was
    /// longer than a passage may be.
    pub quotable: bool,
}

/// A contiguous span of one document: the unit of retrieval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Document and place in it.
    pub id: PassageId,
    /// Headings above it, outermost first; empty before the first heading.
    pub headings: Vec<String>,
    /// First byte of its first sentence to one past its last, in the document's file.
    pub span: Range<usize>,
    /// What is indexed and embedded: its sentences joined by blanks, without markers.
    pub body: String,
    /// Tokens of `body` by the model's tokenizer.
    pub tokens: u32,
    /// What may be quoted from it, in order.
    pub units: Vec<Unit>,
}

impl Passage {
    /// Name of the section the passage stands in: its headings joined, or empty.
    pub fn section(&self) -> String {
        self.headings.join(" > ")
    }
}
