//! What may differ between a logged turn and the same turn asked again, and what may cause it, as
//! data and in words.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{DocumentId, Fingerprint};

/// What of an outcome differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Answer, question back, hand-over or urgent.
    Decision,
    /// Why it was not answered.
    Reason,
    /// The rule that took the message.
    Rule,
    /// Whether it may leave without a person.
    Standing,
    /// The passage that won.
    Winner,
    /// Where the words stand.
    Quotes,
    /// The words themselves.
    Words,
    /// Which questions the message holds, or how they were read.
    Questions,
    /// What was offered, or named as near.
    Nearest,
    /// How sure it is.
    Confidence,
}

impl What {
    /// Whether the person would have been told something else.
    pub fn is_told(self) -> bool {
        !matches!(self, What::Winner | What::Nearest | What::Confidence | What::Reason)
    }
}

/// One difference between then and now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// The question of the message it concerns, from 1; `None` for the whole message.
    pub question: Option<usize>,
    /// How it was.
    pub then: String,
    /// How it is now.
    pub now: String,
    /// What brought it about, as far as it is known.
    pub because: Vec<Because>,
}

/// What may bring a difference about.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Because {
    /// A document that spoke or won is no longer in the snapshot.
    DocumentGone {
        /// The document.
        document: DocumentId,
    },
    /// A document that spoke or won was revoked.
    DocumentRevoked {
        /// The document.
        document: DocumentId,
        /// Who revoked it.
        by: String,
        /// Why.
        reason: String,
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
    },
    /// A document that spoke or won may not be quoted on that day: withdrawn, expired, a draft.
    DocumentBarred {
        /// The document.
        document: DocumentId,
        /// Code of the reason.
        code: String,
        /// The reason in words.
        reason: String,
    },
    /// A document that spoke has another text.
    DocumentChanged {
        /// The document.
        document: DocumentId,
        /// BLAKE3 of its file then.
        then: Fingerprint,
        /// BLAKE3 of its file now.
        now: Fingerprint,
    },
    /// A document that won before is beaten, or now beats what won.
    OtherDocumentWins {
        /// What wins now.
        document: DocumentId,
    },
    /// The rule that took the message is gone.
    RuleGone {
        /// Its channel.
        channel: String,
        /// The rule.
        rule: String,
    },
    /// The rule that took the message no longer fires on it.
    RuleSilent {
        /// Its channel.
        channel: String,
        /// The rule.
        rule: String,
    },
    /// A rule takes the message that did not take it then.
    RuleNowFires {
        /// Its channel.
        channel: String,
        /// The rule.
        rule: String,
    },
    /// The threshold or the model of confidence is another.
    OtherCalibrator {
        /// The calibrator then.
        then: Option<Fingerprint>,
        /// The calibrator now.
        now: Option<Fingerprint>,
    },
    /// The urgency model is another.
    OtherUrgencyModel {
        /// The model then.
        then: Fingerprint,
        /// The model now.
        now: Fingerprint,
    },
    /// Retrieval and fusion have other settings.
    OtherSettings {
        /// The settings then.
        then: Fingerprint,
        /// The settings now.
        now: Fingerprint,
    },
    /// The snapshot is another, and scores depend on the whole of it.
    OtherSnapshot {
        /// The snapshot then.
        then: Fingerprint,
        /// The snapshot now.
        now: Fingerprint,
    },
    /// The program is of another version.
    OtherProgram {
        /// Its version then.
        then: String,
        /// Its version now.
        now: String,
    },
    /// Nothing that is recorded explains it.
    Unexplained,
}

/// How what is not there is told.
pub(super) fn none() -> String {
    "none".to_owned()
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Decision => "decision",
            What::Reason => "reason",
            What::Rule => "rule",
            What::Standing => "standing",
            What::Winner => "winning passage",
            What::Quotes => "quotes",
            What::Words => "words",
            What::Questions => "questions",
            What::Nearest => "nearest documents",
            What::Confidence => "confidence",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(question) = self.question {
            write!(f, "question {question}: ")?;
        }
        if self.what == What::Words {
            f.write_str("other words")
        } else {
            write!(f, "{}: {} -> {}", self.what, self.then, self.now)
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::DocumentGone { document } => {
                write!(f, "`{document}` is no longer in the snapshot")
            }
            Because::DocumentRevoked { document, by, reason, at } => {
                write!(f, "`{document}` was revoked by {by} at {at}: {reason}")
            }
            Because::DocumentBarred { document, reason, .. } => {
                write!(f, "`{document}` may not be quoted on that day: {reason}")
            }
            Because::DocumentChanged { document, then, now } => {
                write!(f, "`{document}` changed ({} -> {})", then.short(), now.short())
            }
            Because::OtherDocumentWins { document } => write!(f, "`{document}` wins now"),
            Because::RuleGone { channel, rule } => {
                write!(f, "the rule `{rule}` of `{channel}` is gone")
            }
            Because::RuleSilent { channel, rule } => {
                write!(f, "the rule `{rule}` of `{channel}` no longer takes it")
            }
            Because::RuleNowFires { channel, rule } => {
                write!(f, "the rule `{rule}` of `{channel}` takes it now")
            }
            Because::OtherCalibrator { then, now } => {
                let short = |id: &Option<Fingerprint>| id.map_or_else(none, |id| id.short());
                write!(f, "another calibrator ({} -> {})", short(then), short(now))
            }
            Because::OtherUrgencyModel { then, now } => {
                write!(f, "another urgency model ({} -> {})", then.short(), now.short())
            }
            Because::OtherSettings { then, now } => {
                write!(f, "other settings ({} -> {})", then.short(), now.short())
            }
            Because::OtherSnapshot { then, now } => {
                let (then, now) = (then.short(), now.short());
                write!(f, "another snapshot, and scores depend on all of it ({then} -> {now})")
            }
            Because::OtherProgram { then, now } => {
                write!(f, "another version of the program ({then} -> {now})")
            }
            Because::Unexplained => f.write_str("nothing that is recorded explains it"),
        }
    }
}
