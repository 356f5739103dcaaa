//! What the engine says: an answer, a question back, a hand-over, or an urgent fixed text.

use std::fmt;
use std::ops::Range;

use jiff::civil::Date;

use crate::calibrate::Confidence;
use crate::corpus::document::{Barred, Role, Source};
use crate::ids::{DocumentId, Fingerprint, Programme};

/// Verbatim text of one document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The quoted bytes, exactly as in the document's file.
    pub quote: String,
    /// The document.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Headings above the quote, joined; empty before the first heading.
    pub section: String,
    /// Path of the document's file, relative to the corpus root.
    pub path: String,
    /// Place of the quote in the document's file.
    pub span: Range<usize>,
    /// Fingerprint of the document's file.
    pub fingerprint: Fingerprint,
    /// Where its facts come from.
    pub source: Source,
    /// Role in which it was approved.
    pub role: Role,
    /// Who approved it.
    pub approved_by: String,
    /// Day of approval.
    pub approved_on: Date,
    /// Last day it may be quoted.
    pub review_due: Date,
}

/// Whether an answer may leave without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// A person must send it.
    Draft,
    /// The certificate of this id covers it. Whether it may leave without a person is for
    /// [`Engine::may_leave`](crate::engine::Engine::may_leave) to say.
    Certified(Fingerprint),
}

impl Standing {
    /// Name in replies and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Draft => "draft",
            Standing::Certified(_) => "certified",
        }
    }
}

/// Words of approved guidance that answer the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Whether it may leave without a person.
    pub standing: Standing,
    /// What to send: the quotes joined, nothing else.
    pub text: String,
    /// The quotes, in the order of the text; those of the local contact last.
    pub citations: Vec<Citation>,
    /// The probability that the document answers the message.
    pub confidence: Confidence,
    /// Whether the calibrator was fitted on this very snapshot.
    pub calibrated_here: bool,
    /// How many questions of the message it leaves to a person.
    pub unanswered: usize,
}

/// A question back.
#[derive(Debug, Clone, PartialEq)]
pub struct Clarify {
    /// The approved text that asks, when there is one.
    pub text: String,
    /// Where it stands.
    pub citations: Vec<Citation>,
    /// Why it must be asked.
    pub reason: Reason,
    /// The rule that fitted, for a route.
    pub rule: Option<String>,
    /// What may be meant.
    pub options: Vec<Meaning>,
}

/// One thing a message may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The programme it belongs to.
    pub programme: Programme,
    /// The document that would answer.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
}

/// A hand-over to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// Why.
    pub reason: Reason,
    /// The rule that fitted, for a route.
    pub rule: Option<String>,
    /// The approved text to send meanwhile, when there is one.
    pub text: String,
    /// Where it stands.
    pub citations: Vec<Citation>,
    /// Why the winning document may not be quoted, for [`Reason::Barred`].
    pub barred: Option<(DocumentId, Barred)>,
    /// Confidence of the best draft, when there was one.
    pub confidence: Option<Confidence>,
    /// The nearest documents, best first, for the person who takes over.
    pub nearest: Vec<Nearest>,
}

impl Handover {
    /// A hand-over that nothing was ranked for.
    pub(crate) fn unranked(
        reason: Reason,
        rule: Option<String>,
        (text, citations): (String, Vec<Citation>),
    ) -> Handover {
        let nearest = Vec::new();
        Handover { reason, rule, text, citations, barred: None, confidence: None, nearest }
    }
}

/// A document near the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The document.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
    /// Its programme.
    pub programme: Programme,
}

/// A fixed text for a message that sounds urgent.
#[derive(Debug, Clone, PartialEq)]
pub struct Urgent {
    /// The approved text.
    pub text: String,
    /// Where it stands.
    pub citations: Vec<Citation>,
    /// Which channel recognised it.
    pub channel: String,
    /// The channel's reason code.
    pub reason: String,
    /// Which rule fitted.
    pub rule: String,
    /// Bytes of the raw message that fitted the rule.
    pub spans: Vec<Range<usize>>,
}

/// What the engine says to a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Response {
    /// Words of approved guidance.
    Answer(Answer),
    /// A question back.
    Clarify(Clarify),
    /// A person takes over.
    Handover(Handover),
    /// It sounds urgent.
    Urgent(Urgent),
}

/// Why a message was not answered. Codes of routes come from the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing in the corpus seems to be about it.
    OutOfScope,
    /// The best draft is not sure enough.
    LowConfidence,
    /// There is no calibrator for this model and these settings.
    Uncalibrated,
    /// The index is damaged.
    Damaged,
    /// The winning document may not be quoted.
    Barred(Barred),
    /// It belongs to a programme that is not served here.
    OtherProgramme,
    /// Several programmes could answer it.
    WhichProgramme,
    /// The answer depends on the nation, which is not known.
    WhichNation,
    /// It is too short to be understood: one of the nearest questions may be meant.
    Ambiguous,
    /// None of the questions offered is meant.
    NoneOfThese,
    /// It asks about one local service, and which is not known.
    Local,
    /// The message holds no words.
    Empty,
    /// The answer would be longer than a message may be.
    TooLong,
    /// The answer failed the last check of its quotes.
    Ungrounded,
    /// A route of the corpus took it; its reason code.
    Route(String),
}

impl Reason {
    /// The reason's code in replies and records.
    pub fn code(&self) -> &str {
        match self {
            Reason::OutOfScope => "out_of_scope",
            Reason::LowConfidence => "low_confidence",
            Reason::Uncalibrated => "uncalibrated",
            Reason::Damaged => "damaged_index",
            Reason::Barred(barred) => barred.code(),
            Reason::OtherProgramme => "other_programme",
            Reason::WhichProgramme => "which_programme",
            Reason::WhichNation => "which_nation",
            Reason::Ambiguous => "ambiguous",
            Reason::NoneOfThese => "none_of_these",
            Reason::Local => "local",
            Reason::Empty => "empty",
            Reason::TooLong => "too_long",
            Reason::Ungrounded => "ungrounded",
            Reason::Route(code) => code,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Response {
    /// The decision's name: `answer`, `clarify`, `handover` or `urgent`.
    pub fn decision(&self) -> &'static str {
        match self {
            Response::Answer(_) => "answer",
            Response::Clarify(_) => "clarify",
            Response::Handover(_) => "handover",
            Response::Urgent(_) => "urgent",
        }
    }

    /// Code of the reason why it is no answer.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Response::Answer(_) => None,
            Response::Clarify(clarify) => Some(clarify.reason.code()),
            Response::Handover(handover) => Some(handover.reason.code()),
            Response::Urgent(urgent) => Some(&urgent.reason),
        }
    }

    /// The text to send; empty when there is none.
    pub fn text(&self) -> &str {
        match self {
            Response::Answer(a) => &a.text,
            Response::Clarify(c) => &c.text,
            Response::Handover(h) => &h.text,
            Response::Urgent(u) => &u.text,
        }
    }

    /// Every quote of the text.
    pub fn citations(&self) -> &[Citation] {
        match self {
            Response::Answer(a) => &a.citations,
            Response::Clarify(c) => &c.citations,
            Response::Handover(h) => &h.citations,
            Response::Urgent(u) => &u.citations,
        }
    }
}
