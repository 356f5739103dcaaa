//! The one JSON form of a reply, for the command line and for services.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Certified, Explanation, OtherLanguage, PartReply, Reply, SecondLook, Timings};
use crate::answer::{Citation, Response};
use crate::calibrate::Confidence;
use crate::dialogue::conversation::Conversation;
use crate::ids::Fingerprint;

/// A reply as JSON. Fields that do not apply are `null` or empty, never left out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WireReply {
    /// `answer`, `clarify`, `handover` or `urgent`.
    #[schemars(extend("enum" = ["answer", "clarify", "handover", "urgent"]))]
    pub decision: &'static str,
    /// Of an answer: `draft`, or `certified` where the certificate covers it.
    #[schemars(extend("enum" = ["draft", "certified", null]))]
    pub standing: Option<&'static str>,
    /// What to send.
    pub text: String,
    /// Every quote of the text.
    pub citations: Vec<WireCitation>,
    /// P(the document answers the message), where a calibrator judged it.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// Whether the calibrator was fitted on this very snapshot.
    pub calibrated_here: Option<bool>,
    /// Why it was not answered, or the urgent channel's reason.
    pub reason: Option<String>,
    /// The document quoted; for a hand-over, the one that won but may not be quoted.
    pub document: Option<String>,
    /// The urgent rule or route that fitted.
    pub rule: Option<String>,
    /// What the message may have meant.
    pub options: Vec<WireDocument>,
    /// Nearest documents, for the person who takes over.
    pub nearest: Vec<WireDocument>,
    /// The questions of the message, each with what was made of it.
    pub parts: Vec<WirePart>,
    /// What to give back with the next message of the conversation.
    pub conversation: Conversation,
    /// What the engine's certificate says, where it has one.
    pub certificate: Option<Certified>,
    /// For the person who takes over a message in another language.
    pub other_language: Option<OtherLanguage>,
    /// What must be shown beside the answer.
    pub notice: Option<String>,
    /// Id of the snapshot.
    #[schemars(with = "Fingerprint")]
    pub snapshot: String,
    /// Time by stage; left out where replies must be the same bytes every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timings")]
    pub timings: Option<Timings>,
    /// From postings to confidence, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WireExplanation")]
    pub explanation: Option<WireExplanation>,
}

/// A quote as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WireCitation {
    /// The exact bytes of the document's file from `start` to `end`.
    pub quote: String,
    /// Id of the document.
    pub document: String,
    /// Title of the document.
    pub title: String,
    /// Version of the document.
    pub version: String,
    /// Section the quote stands in.
    pub section: String,
    /// The document's file, relative to the corpus root.
    pub path: String,
    /// First byte in the file.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// BLAKE3 of the file.
    #[schemars(with = "Fingerprint")]
    pub fingerprint: String,
    /// Where its facts come from.
    pub source: WireSource,
    /// Role in which it was approved.
    pub approval_role: String,
    /// Who approved it.
    pub approved_by: String,
    /// Day of approval.
    #[schemars(extend("format" = "date"))]
    pub approved_on: String,
    /// Last day it may be quoted.
    #[schemars(extend("format" = "date"))]
    pub review_due: String,
    /// Licence of the text.
    pub licence: String,
}

/// A source as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WireSource {
    /// Title of the page.
    pub title: String,
    /// Its publisher.
    pub publisher: String,
    /// Its address.
    pub address: String,
    /// The date it carries.
    pub updated: String,
}

/// One question of a message as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WirePart {
    /// Its words, redacted.
    pub text: String,
    /// The words it was read with, where it leaned on what went before.
    pub read_as: Option<String>,
    /// `answer`, `clarify` or `handover`.
    #[schemars(extend("enum" = ["answer", "clarify", "handover"]))]
    pub decision: &'static str,
    /// Why it was not answered.
    pub reason: Option<String>,
    /// The best document found.
    pub document: Option<String>,
    /// P(the document answers it), where a calibrator judged it.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
}

/// A document named as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WireDocument {
    /// Id.
    pub document: String,
    /// Title.
    pub title: String,
    /// Programme.
    pub programme: String,
}

/// An explanation as JSON, with the evidence and what the calibrator made of it. Where a fixed rule
/// decided, nothing was scored, and there are no scores.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(extend("dependentRequired" = {
    "passage": ["lexical", "dense", "fusion", "scope_bonus", "score"]
}))]
pub struct WireExplanation {
    /// Scores of the winner.
    #[serde(flatten)]
    pub scores: Option<Explanation>,
    /// Name and value of every feature the calibrator saw.
    pub evidence: Vec<(&'static str, f64)>,
    /// P(some guidance of the corpus answers the message).
    #[schemars(range(min = 0, max = 1))]
    pub in_scope: Option<f64>,
    /// P(the winner answers the message).
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// What the urgency model made of the message, where it was asked.
    pub second_look: Option<SecondLook>,
}

impl WireReply {
    /// The JSON form of a reply.
    pub fn new(reply: Reply, with_timings: bool, with_explanation: bool) -> WireReply {
        let explanation = with_explanation.then(|| WireExplanation {
            scores: reply.explanation,
            evidence: reply
                .evidence
                .iter()
                .flat_map(|e| crate::calibrate::FEATURES.into_iter().zip(e.values().to_vec()))
                .collect(),
            in_scope: reply.verdict.map(|v| v.in_scope),
            confidence: reply.verdict.map(|v| v.confidence.get()),
            second_look: reply.second_look,
        });
        let mut wire = WireReply {
            decision: reply.response.decision(),
            standing: None,
            text: reply.response.text().to_owned(),
            citations: reply.response.citations().iter().map(WireCitation::new).collect(),
            confidence: None,
            calibrated_here: None,
            reason: None,
            document: None,
            rule: None,
            options: Vec::new(),
            nearest: Vec::new(),
            parts: reply.parts.iter().map(WirePart::new).collect(),
            conversation: reply.conversation,
            certificate: reply.certificate,
            other_language: reply.other_language,
            notice: reply.notice,
            snapshot: reply.snapshot.to_string(),
            timings: with_timings.then_some(reply.timings),
            explanation,
        };
        wire.document = wire.citations.first().map(|c| c.document.clone());
        match reply.response {
            Response::Answer(answer) => {
                wire.standing = Some(answer.standing.as_str());
                wire.confidence = Some(answer.confidence.get());
                wire.calibrated_here = Some(answer.calibrated_here);
            }
            Response::Clarify(clarify) => {
                wire.reason = Some(clarify.reason.code().to_owned());
                wire.rule = clarify.rule;
                let named = clarify.options.into_iter();
                wire.options =
                    named.map(|o| WireDocument::new(&o.document, o.title, &o.programme)).collect();
            }
            Response::Handover(handover) => {
                wire.reason = Some(handover.reason.code().to_owned());
                wire.rule = handover.rule;
                wire.confidence = handover.confidence.map(Confidence::get);
                wire.document = handover.barred.map(|(document, _)| document.to_string());
                let named = handover.nearest.into_iter();
                wire.nearest =
                    named.map(|n| WireDocument::new(&n.document, n.title, &n.programme)).collect();
            }
            Response::Urgent(urgent) => {
                wire.reason = Some(urgent.reason);
                wire.rule = Some(urgent.rule);
            }
        }
        wire
    }
}

impl WirePart {
    fn new(part: &PartReply) -> WirePart {
        let reason = match &part.response {
            Response::Clarify(clarify) => Some(clarify.reason.code().to_owned()),
            Response::Handover(handover) => Some(handover.reason.code().to_owned()),
            Response::Urgent(urgent) => Some(urgent.reason.clone()),
            Response::Answer(_) => None,
        };
        WirePart {
            text: part.text.clone(),
            read_as: part.read_as.clone(),
            decision: part.response.decision(),
            reason,
            document: part.winner.as_ref().map(|winner| winner.document.to_string()),
            confidence: part.verdict.map(|verdict| verdict.confidence.get()),
        }
    }
}

impl WireDocument {
    fn new(
        document: &crate::ids::DocumentId,
        title: String,
        programme: &crate::ids::Programme,
    ) -> WireDocument {
        WireDocument { document: document.to_string(), title, programme: programme.to_string() }
    }
}

impl WireCitation {
    fn new(citation: &Citation) -> WireCitation {
        let role = serde_json::to_value(citation.role).ok();
        WireCitation {
            quote: citation.quote.clone(),
            document: citation.document.to_string(),
            title: citation.title.clone(),
            version: citation.version.clone(),
            section: citation.section.clone(),
            path: citation.path.clone(),
            start: citation.span.start,
            end: citation.span.end,
            fingerprint: citation.fingerprint.to_string(),
            source: WireSource {
                title: citation.source.title.clone(),
                publisher: citation.source.publisher.clone(),
                address: citation.source.address.clone(),
                updated: citation.source.updated.clone(),
            },
            approval_role: role.as_ref().and_then(|r| r.as_str()).unwrap_or_default().to_owned(),
            approved_by: citation.approved_by.clone(),
            approved_on: citation.approved_on.to_string(),
            review_due: citation.review_due.to_string(),
            licence: citation.source.licence.clone(),
        }
    }
}
