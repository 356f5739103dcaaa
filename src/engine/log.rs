//! What must be kept of a turn so that it can be asked again without its raw text?
//!
//! A [`LogEntry`] holds the redacted message, the scope and the conversation it was asked in, what
//! a rule decided on the raw message, and what came of it: enough for [`Engine::replay`] to ask it
//! again and to say what differs and why. It holds no words of a reply, only where they stand in
//! approved documents, and no time finer than a day. Invariants: an entry read back is the same, its
//! confidences to the last bit; a replay on the same index gives the same outcome.

mod difference;
mod replay;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

use super::asking::plain::{kept, plain};
use super::{MadeWith, PartReply, Reply};
use crate::answer::response::{Citation, Response};
use crate::calibrate::artifact::Verdict;
use crate::dialogue::conversation::Conversation;
use crate::ids::{DocumentId, Fingerprint, Locality, Nation, PassageId, Programme};
use crate::query::Query;

pub use difference::{Because, Difference, What};
pub use replay::Replayed;

#[cfg(doc)]
use super::Engine;

/// Version of the entry's form.
pub const LOG_VERSION: u32 = 1;

/// One turn, as it is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// Version of this form.
    pub version: u32,
    /// Version of the program that answered.
    pub program: String,
    /// The day on which it was asked.
    #[schemars(with = "String", extend("format" = "date"))]
    pub day: Date,
    /// The message, redacted.
    pub text: String,
    /// Where its bubbles begin; empty for a message that was sent as one.
    pub bubble_starts: Vec<usize>,
    /// Programmes served; empty means all.
    pub programmes: Vec<Programme>,
    /// The nation the caller named.
    pub nation: Option<Nation>,
    /// The local service asked.
    pub locality: Option<Locality>,
    /// The conversation before it, redacted.
    pub conversation: Conversation,
    /// The decision that a rule took on the whole message, if one did.
    pub fixed: Option<FixedDecision>,
    /// Whether that decision, or that there is none, hangs on words that are redacted: then a
    /// replay takes it from here.
    pub rules_need_raw: bool,
    /// The snapshot it was answered from.
    pub snapshot: Fingerprint,
    /// What it was answered with besides.
    pub made_with: MadeWith,
    /// What came of it.
    pub outcome: Outcome,
}

/// What kind of rule took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FixedBy {
    /// A safety rule: the message sounds urgent.
    Urgent,
    /// A route.
    Route,
}

/// A decision that a rule took before anything was retrieved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedDecision {
    /// What kind of rule it was.
    pub by: FixedBy,
    /// Id of the channel.
    pub channel: String,
    /// Id of the rule, or name of the recogniser.
    pub rule: String,
    /// Reason code of the channel.
    pub reason: String,
    /// The document that replies.
    pub reply: DocumentId,
    /// Bytes of the raw message that fitted; never logged.
    #[serde(skip)]
    pub spans: Vec<Range<usize>>,
}

impl FixedDecision {
    /// Whether it is the same rule, whatever it fitted on.
    pub fn is_of_same_rule(&self, other: &FixedDecision) -> bool {
        (self.by, &self.channel, &self.rule) == (other.by, &other.channel, &other.rule)
    }
}

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// `answer`, `clarify`, `handover` or `urgent`.
    pub decision: String,
    /// `draft` for an answer.
    pub standing: Option<String>,
    /// Why it was not answered.
    pub reason: Option<String>,
    /// The passage that won, whether or not it was quoted.
    pub winner: Option<PassageId>,
    /// Where the words that were said stand.
    pub quotes: Vec<Quoted>,
    /// BLAKE3 of the words that were said.
    pub words: Fingerprint,
    /// P(the winner answers the message), where a calibrator judged it.
    pub confidence: Option<f64>,
    /// Questions of the message that an answer leaves to a person.
    pub unanswered: usize,
    /// What was offered when the engine asked back.
    pub options: Vec<DocumentId>,
    /// Nearest documents named for the person who takes over.
    pub nearest: Vec<DocumentId>,
    /// The questions of the message.
    pub parts: Vec<PartOutcome>,
}

/// Where words that were said stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quoted {
    /// The document.
    pub document: DocumentId,
    /// BLAKE3 of its file.
    pub fingerprint: Fingerprint,
    /// First byte in the file.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What came of one question of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartOutcome {
    /// `answer`, `clarify` or `handover`.
    pub decision: String,
    /// Why it was not answered.
    pub reason: Option<String>,
    /// The passage that won.
    pub winner: Option<PassageId>,
    /// P(the winner answers it).
    pub confidence: Option<f64>,
    /// Whether it was read together with what went before.
    pub leans: bool,
}

impl LogEntry {
    /// The entry of a query and the reply that it got.
    pub fn of(query: &Query, reply: &Reply) -> LogEntry {
        let kept = kept(&query.text, &query.bubble_starts);
        let fixed = reply.fixed.clone();
        LogEntry {
            version: LOG_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            day: query.today,
            text: kept.text,
            bubble_starts: kept.bubble_starts,
            programmes: query.programmes.clone(),
            nation: query.nation,
            locality: query.locality.clone(),
            conversation: query.conversation.cleaned(plain),
            fixed: fixed.map(|fixed| FixedDecision { spans: Vec::new(), ..fixed }),
            rules_need_raw: reply.rules_need_raw,
            snapshot: reply.snapshot,
            made_with: reply.made_with,
            outcome: Outcome::of(reply),
        }
    }

    /// The query to ask again: its text is the redacted one.
    fn query(&self) -> Query {
        let mut query = Query::new(self.text.clone(), self.day);
        query.programmes.clone_from(&self.programmes);
        query.nation = self.nation;
        query.locality.clone_from(&self.locality);
        query.conversation = self.conversation.clone();
        query.bubble_starts.clone_from(&self.bubble_starts);
        query
    }
}

impl Outcome {
    /// The outcome of a reply.
    pub fn of(reply: &Reply) -> Outcome {
        let response = &reply.response;
        let mut outcome = Outcome {
            decision: response.decision().to_owned(),
            standing: None,
            reason: response.reason().map(str::to_owned),
            winner: reply.winner.clone(),
            quotes: response.citations().iter().map(Quoted::of).collect(),
            words: Fingerprint::of(response.text().as_bytes()),
            confidence: confidence(reply.verdict),
            unanswered: 0,
            options: Vec::new(),
            nearest: Vec::new(),
            parts: reply.parts.iter().map(PartOutcome::of).collect(),
        };
        match response {
            Response::Answer(answer) => {
                outcome.standing = Some(answer.standing.as_str().to_owned());
                outcome.unanswered = answer.unanswered;
            }
            Response::Clarify(clarify) => {
                outcome.options = clarify.options.iter().map(|o| o.document.clone()).collect();
            }
            Response::Handover(handover) => {
                outcome.nearest = handover.nearest.iter().map(|n| n.document.clone()).collect();
            }
            Response::Urgent(_) => {}
        }
        outcome
    }

    /// Documents whose words were said or that won, each once, those said first.
    fn documents(&self) -> Vec<&DocumentId> {
        let said = self.quotes.iter().map(|quoted| &quoted.document);
        let winners = self.parts.iter().filter_map(|part| part.winner.as_ref());
        let won = self.winner.iter().chain(winners).map(|passage| &passage.document);
        let mut documents: Vec<&DocumentId> = Vec::new();
        for document in said.chain(won) {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        documents
    }
}

impl Quoted {
    fn of(citation: &Citation) -> Quoted {
        Quoted {
            document: citation.document.clone(),
            fingerprint: citation.fingerprint,
            start: citation.span.start,
            end: citation.span.end,
        }
    }
}

impl PartOutcome {
    fn of(part: &PartReply) -> PartOutcome {
        PartOutcome {
            decision: part.response.decision().to_owned(),
            reason: part.response.reason().map(str::to_owned),
            winner: part.winner.clone(),
            confidence: confidence(part.verdict),
            leans: part.read_as.is_some(),
        }
    }
}

fn confidence(verdict: Option<Verdict>) -> Option<f64> {
    verdict.map(|verdict| verdict.confidence.get())
}
