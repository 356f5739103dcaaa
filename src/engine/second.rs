//! Who looks at a message again after the rules, and what comes of it?
//!
//! The urgency model reads every message that no rule of an unfailing channel (crisis, emergency,
//! safeguarding, abuse) has already raised. It may add an alarm, whose words are the approved text
//! of the channel that the nearest approved examples belong to, and it may overrule a fitting rule
//! of a symptom when it is very sure. Without a model that fits the embedder rules work alone, and
//! [`RulesAlone`] says why. A model that fails on a message leaves the rules' word standing.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::Response;
use crate::dialogue::route::RouteMatch;
use crate::dialogue::safety::{Alarm, SafetyRules};
use crate::embed::{Begun, Embedder};
use crate::error::Error;
use crate::ids::Fingerprint;
use crate::text::fold;
use crate::triage::{self, Signals, Triage};

/// The urgency model fitted with the built-in embedding model.
const SHIPPED: &[u8] = include_bytes!("../../models/triage/shipped.bin");

/// The channel of an alarm whose nearest examples belong to none that the corpus still has.
const FALLBACK_CHANNEL: &str = "other-symptom";

/// The urgency model fitted with the built-in embedding model.
///
/// # Errors
/// [`triage::ArtifactError`] when this build carries a damaged one.
pub fn shipped_triage() -> Result<triage::Artifact, triage::ArtifactError> {
    triage::Artifact::parse(SHIPPED)
}

/// Why no urgency model helps the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesAlone {
    /// It was wished so.
    AsWished,
    /// The built-in model was fitted with another embedding model.
    OtherEmbedder,
    /// The built-in model cannot be read.
    Damaged,
}

impl fmt::Display for RulesAlone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RulesAlone::AsWished => "rules alone raise alarms, as wished",
            RulesAlone::OtherEmbedder => {
                "rules alone raise alarms: the urgency model was fitted with another embedding model"
            }
            RulesAlone::Damaged => "rules alone raise alarms: the urgency model cannot be read",
        })
    }
}

/// What safety and routes say of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstLook {
    /// The fixed reply, if one is due.
    pub response: Option<Response>,
    /// What the urgency model made of the message, where it was asked.
    pub second_look: Option<SecondLook>,
    /// How long it took.
    pub took: Duration,
}

/// What the urgency model made of a message.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SecondLook {
    /// P(the message tells of something urgent).
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// Least probability that raises an alarm.
    pub alarm_from: f64,
    /// Below this a fitting rule of a symptom is overruled.
    pub clear_below: f64,
    /// First byte of the sentence that speaks loudest.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// The approved example nearest to it.
    pub nearest: Option<NearestExample>,
    /// The fitting rule that was overruled.
    pub overruled: Option<String>,
    /// The kind of message it is taken for, where one that a person takes over is likely enough.
    pub kind: Option<LikelyKind>,
}

/// What a message is taken for without a rule.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LikelyKind {
    /// The kind: `personal`, `identity`, `complaint`, `opt_out` or `person`.
    pub name: String,
    /// How probable it is.
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
}

/// An approved example near a message.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NearestExample {
    /// Its channel.
    pub channel: String,
    /// Its rule or group.
    pub rule: String,
    /// Its words.
    pub text: String,
    /// Cosine to the message.
    pub cosine: f64,
}

impl SecondLook {
    /// The route it takes a message for that no rule takes, if any.
    pub(super) fn route(&self, rules: &SafetyRules) -> Option<RouteMatch> {
        let name = self.kind.as_ref()?.name.replace('_', "-");
        rules.route_like(&name)
    }

    /// The alarm it raises, if any.
    pub(super) fn alarm(&self, rules: &SafetyRules) -> Option<Alarm> {
        if self.probability < self.alarm_from {
            return None;
        }
        let span = || self.start..self.end;
        let like = |n: &NearestExample| rules.alarm_like(&n.channel, &n.rule, span());
        self.nearest
            .as_ref()
            .and_then(like)
            .or_else(|| rules.alarm_like(FALLBACK_CHANNEL, "", span()))
    }
}

/// The urgency model beside the embedder it reads with, or why there is none.
pub(super) enum SecondReader {
    /// Both looks are taken.
    Ready(Box<Triage>),
    /// Rules work alone.
    Absent(RulesAlone),
}

impl SecondReader {
    /// The model given, else the built-in one. One that was given must fit; the built-in one is left
    /// out where it does not.
    pub(super) fn open(
        given: Option<triage::Artifact>,
        rules_alone: bool,
        embedder: &Arc<dyn Embedder>,
    ) -> Result<SecondReader, Error> {
        let ready = |triage| SecondReader::Ready(Box::new(triage));
        if rules_alone {
            return Ok(SecondReader::Absent(RulesAlone::AsWished));
        }
        if let Some(artifact) = given {
            return Ok(ready(Triage::new(artifact, embedder)?));
        }
        let Ok(artifact) = shipped_triage() else {
            return Ok(SecondReader::Absent(RulesAlone::Damaged));
        };
        Ok(match Triage::new(artifact, embedder) {
            Ok(triage) => ready(triage),
            Err(_) => SecondReader::Absent(RulesAlone::OtherEmbedder),
        })
    }

    /// Identity of the model; that of no bytes, where rules work alone.
    pub(super) fn id(&self) -> Fingerprint {
        match self {
            SecondReader::Ready(triage) => triage.artifact().id(),
            SecondReader::Absent(_) => Fingerprint::of(&[]),
        }
    }

    pub(super) fn rules_alone(&self) -> Option<RulesAlone> {
        match self {
            SecondReader::Ready(_) => None,
            SecondReader::Absent(why) => Some(*why),
        }
    }

    /// Looks at a message again. What it began for the message, retrieval may go on from.
    pub(super) fn look(
        &self,
        raw: &str,
        rules: &SafetyRules,
        by_rule: Option<&Alarm>,
    ) -> Option<(SecondLook, Option<Begun>)> {
        let SecondReader::Ready(triage) = self else {
            return None;
        };
        let shown = fold::visible(raw);
        let (reading, begun) = triage.read(&shown, &|text| signals(rules, text)).ok()??;
        let span = raw_span(raw, &shown, &reading.span);
        let clears = triage.clears(&reading);
        let overruled = by_rule.filter(|_| clears && !rules.is_certain(raw));
        let manifest = triage.artifact().manifest();
        let look = SecondLook {
            probability: reading.probability,
            alarm_from: manifest.alarm_from,
            clear_below: manifest.clear_below,
            start: span.start,
            end: span.end,
            nearest: reading.nearest.map(|near| NearestExample {
                channel: near.exemplar.channel,
                rule: near.exemplar.rule,
                text: near.exemplar.text,
                cosine: near.cosine,
            }),
            overruled: overruled.map(|alarm| alarm.rule.clone()),
            kind: reading
                .kind
                .map(|kind| LikelyKind { name: kind.name, probability: kind.probability }),
        };
        Some((look, begun))
    }
}

/// What rules say of a text, as the urgency model hears it.
pub(crate) fn signals(rules: &SafetyRules, text: &str) -> Signals {
    let mentions = rules.mentions(text);
    Signals { fits: mentions.iter().any(|m| m.fits), named: !mentions.is_empty() }
}

/// A span of the visible text in bytes of the raw one.
fn raw_span(raw: &str, shown: &str, span: &Range<usize>) -> Range<usize> {
    if raw.len() == shown.len() {
        return span.clone();
    }
    let offsets = fold::visible_offsets(raw);
    let end = offsets.get(span.end.saturating_sub(1)).map_or(raw.len(), |last| last + 1);
    offsets.get(span.start).copied().unwrap_or(0)..end
}
