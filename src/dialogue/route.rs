//! Is this a message that no guidance answers: a personal request, a complaint, thanks, another
//! language?
//!
//! Routes are tried after safety found nothing. For a question that guidance can answer nothing may
//! fire: routes are narrow on purpose, and what they miss is left to retrieval and its abstention.
//! Like safety rules they are files of the corpus; only three recognisers of whole messages
//! (identifiers, other languages, no words) are code.

use std::borrow::Cow;
use std::ops::Range;

use super::safety::{Channel, Decision, EXEMPLAR, Recogniser, SafetyRules, lead_back};
use crate::ids::DocumentId;
use crate::text::fold;
use crate::text::language::Recognised;
use crate::text::redact;

/// A message that a fixed text or a person should take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteMatch {
    /// Id of the channel.
    pub channel: String,
    /// What it leads to; never [`Decision::Urgent`].
    pub decision: Decision,
    /// Reason code of the channel.
    pub reason: String,
    /// The document that replies.
    pub reply: DocumentId,
    /// Id of the rule or name of the recogniser that fitted.
    pub rule: String,
    /// Bytes of the raw message that fitted, in reading order; empty for a property of the whole.
    pub spans: Vec<Range<usize>>,
    /// Whether it takes one question among several and leaves the others.
    pub each_part: bool,
}

impl RouteMatch {
    /// What a channel leads to, whatever part of a message it took; `None` for one that alarms.
    pub fn of(channel: &Channel, reply: &DocumentId, rule: String) -> Option<RouteMatch> {
        (channel.decision != Decision::Urgent).then(|| RouteMatch {
            channel: channel.id.clone(),
            decision: channel.decision,
            reason: channel.reason.clone(),
            reply: reply.clone(),
            rule,
            spans: Vec::new(),
            each_part: channel.each_part,
        })
    }
}

impl SafetyRules {
    /// The route of a raw message, if it takes one. Call after [`SafetyRules::assess`].
    pub fn route(&self, raw: &str) -> Option<RouteMatch> {
        if let Cow::Owned(shown) = fold::visible(raw) {
            let offsets = fold::visible_offsets(raw);
            let mut route = self.route(&shown)?;
            lead_back(&mut route.spans, &offsets);
            return Some(route);
        }
        let message = self.read(raw);
        let wordless = message.words() == 0;
        let recognise = |recogniser, raw: &str| match recogniser {
            Recogniser::Wordless => wordless.then(Vec::new),
            Recogniser::Identifiers => identifiers(raw),
            Recogniser::OtherLanguage => self.other_language(raw).map(|_| Vec::new()),
        };
        let fit = self.first_fit(&message, raw, |c| c.decision != Decision::Urgent, recognise)?;
        Some(RouteMatch {
            channel: fit.channel.id.clone(),
            decision: fit.channel.decision,
            reason: fit.channel.reason.clone(),
            reply: fit.reply.clone(),
            rule: fit.rule,
            spans: fit.spans,
            each_part: fit.channel.each_part,
        })
    }

    /// Whether a raw message is in another language, and in which, when one stands out.
    pub fn other_language(&self, raw: &str) -> Option<Option<&'static str>> {
        match self.languages().recognise(&fold::visible(raw)) {
            Recognised::Other { code } => Some(code),
            Recognised::English | Recognised::Unclear => None,
        }
    }

    /// The route of a channel that a model takes a message for; `None` where the corpus has no such
    /// channel or it leads to an alarm.
    pub fn route_like(&self, channel: &str) -> Option<RouteMatch> {
        let (channel, reply) = self.reply_of(channel, "")?;
        RouteMatch::of(channel, reply, format!("{EXEMPLAR}{}", channel.id))
    }
}

/// Numbers, dates and addresses that name one person. A year of birth alone does not.
fn identifiers(raw: &str) -> Option<Vec<Range<usize>>> {
    let names_one_person = |found: &redact::Found| match found.kind {
        redact::Kind::NhsNumber
        | redact::Kind::Reference
        | redact::Kind::Phone
        | redact::Kind::Email
        | redact::Kind::Postcode
        | redact::Kind::Address => true,
        redact::Kind::DateOfBirth => redact::is_full_date(&raw[found.start..found.end]),
        _ => false,
    };
    let found = redact::redact(raw).found;
    let spans: Vec<_> =
        found.iter().filter(|f| names_one_person(f)).map(|f| f.start..f.end).collect();
    (!spans.is_empty()).then_some(spans)
}
