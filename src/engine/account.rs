//! How did a message come to its decision, in words that a clinician can read?
//!
//! An [`Account`] follows one message from what was hidden in it to what would have to change for
//! another decision: as data, and as text through its `Display`. It is made beside the reply, not
//! from it: the message is asked as it would be, then read once more for what came nearest. It
//! explains; it decides nothing, and shows nothing that names a person.

mod change;
mod evidence;
mod text;

use schemars::JsonSchema;
use serde::Serialize;

use super::asking::Asking;
use super::log::FixedBy;
use super::{Engine, Reply};
use crate::answer::response::Citation;
use crate::error::Error;
use crate::ids::DocumentId;
use crate::query::Query;

pub(super) use evidence::sentence;

/// From a message to its decision.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Account {
    /// The message, redacted.
    pub message: String,
    /// What was hidden in it.
    pub hidden: Vec<HiddenAccount>,
    /// The rule that took the whole message, if one did.
    pub rule: Option<RuleAccount>,
    /// The questions that were found.
    pub questions: Vec<QuestionAccount>,
    /// The least confidence that answers, where there is a calibrator.
    pub threshold: Option<f64>,
    /// `answer`, `clarify`, `handover` or `urgent`.
    pub decision: String,
    /// `draft` for an answer.
    pub standing: Option<String>,
    /// Code of the reason why it was not answered.
    pub reason: Option<String>,
    /// The words that are said.
    pub says: String,
    /// Whose approval the words carry.
    pub approvals: Vec<ApprovalAccount>,
    /// What would have to change for another decision.
    pub changes: Vec<String>,
    /// What must be shown beside it.
    pub notice: Option<String>,
}

/// A kind of thing that was hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HiddenAccount {
    /// What it is, such as `NHS number`.
    pub kind: String,
    /// How often.
    pub count: usize,
}

/// The rule that took a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleAccount {
    /// Safety rule or route.
    pub by: FixedBy,
    /// Id of its channel.
    pub channel: String,
    /// Its id.
    pub rule: String,
    /// Reason code of its channel.
    pub reason: String,
    /// The words of the message that it fitted; empty for a property of the whole.
    pub words: Vec<String>,
    /// The document that replies.
    pub reply: DocumentId,
    /// Who approved the rules.
    pub approved_by: String,
    /// The last day of that approval.
    #[schemars(extend("format" = "date"))]
    pub review_due: String,
}

/// One question of a message.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QuestionAccount {
    /// Its words.
    pub text: String,
    /// The words it was read with, where it leaned on what went before.
    pub read_as: Option<String>,
    /// The guidance that came nearest, best first.
    pub nearest: Vec<NearAccount>,
    /// Its words that no guidance holds.
    pub unknown_words: Vec<String>,
    /// What the calibrator saw, what moved it most first.
    pub evidence: Vec<EvidenceAccount>,
    /// P(the winner answers it).
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// P(some guidance answers it).
    #[schemars(range(min = 0, max = 1))]
    pub in_scope: Option<f64>,
    /// `answer`, `clarify` or `handover`.
    pub decision: String,
    /// Code of the reason why it was not answered.
    pub reason: Option<String>,
}

/// Guidance that came near.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NearAccount {
    /// The document.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
    /// Headings of the passage; empty where there are none.
    pub section: String,
    /// Whether it won.
    pub won: bool,
    /// Its blended score: it ranks, and is no probability.
    pub score: f64,
    /// Words of the question that it holds; empty where only the meaning is near.
    pub words: Vec<String>,
    /// Why it may not answer this person today.
    pub barred: Option<String>,
}

/// One thing the calibrator saw.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EvidenceAccount {
    /// Name of the feature.
    pub feature: String,
    /// Its value.
    pub value: f64,
    /// What it adds to the log odds of being right, against an average message; negative where it
    /// speaks against it.
    pub contribution: f64,
    /// It in words.
    pub says: String,
}

/// Whose approval a document carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApprovalAccount {
    /// The document.
    pub document: DocumentId,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Who approved it.
    pub by: String,
    /// In which role.
    pub role: String,
    /// From which day.
    #[schemars(extend("format" = "date"))]
    pub on: String,
    /// The last day it may be quoted.
    #[schemars(extend("format" = "date"))]
    pub review_due: String,
}

impl Engine {
    /// Asks a message and gives an account of the decision.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn account(&self, query: &Query) -> Result<Account, Error> {
        let state = self.state();
        let revocations = self.revocations()?;
        let reply = Asking::new(&state, &self.second, &revocations, query).reply()?;
        let asking = Asking::new(&state, &self.second, &revocations, query)
            .in_nation(reply.conversation.nation);
        let mut account = asking.account(&reply)?;
        account.changes = change::changes(&account, &reply);
        Ok(account)
    }
}

/// The approvals of everything that is said, each document once.
pub(super) fn approvals(reply: &Reply) -> Vec<ApprovalAccount> {
    let mut approvals: Vec<ApprovalAccount> = Vec::new();
    for citation in reply.response.citations() {
        if approvals.iter().all(|known| known.document != citation.document) {
            approvals.push(approval(citation));
        }
    }
    approvals
}

fn approval(citation: &Citation) -> ApprovalAccount {
    let role = serde_json::to_value(citation.role).ok();
    ApprovalAccount {
        document: citation.document.clone(),
        title: citation.title.clone(),
        version: citation.version.clone(),
        by: citation.approved_by.clone(),
        role: role.as_ref().and_then(|role| role.as_str()).unwrap_or_default().to_owned(),
        on: citation.approved_on.to_string(),
        review_due: citation.review_due.to_string(),
    }
}
