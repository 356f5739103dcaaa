//! From the replies to the questions of a message to the reply to the message.

use std::cmp::Ordering;

use super::fixed::REST_REPLY;
use super::{Asking, Part};
use crate::answer::extract::MOST_BYTES;
use crate::answer::response::{Answer, Response};
use crate::engine::{PartReply, Reply};

impl Asking<'_> {
    /// Each question was answered or declined on its own. Where one was answered the message is,
    /// as sure as the least sure answer; what was declined is named by an approved line behind.
    pub(super) fn combined(&self, parts: Vec<Part<'_>>) -> Reply {
        let parts: Vec<PartReply> = parts.into_iter().map(|part| part.reply).collect();
        let answer = self.joined(&parts);
        let deciding = deciding(&parts, answer.is_some());
        let response = answer.map_or_else(
            || deciding.map_or_else(|| self.nothing_said(), |part| part.response.clone()),
            Response::Answer,
        );
        let mut reply = self.wrap(response);
        if let Some(part) = deciding {
            reply.winner.clone_from(&part.winner);
            reply.evidence.clone_from(&part.evidence);
            reply.pool.clone_from(&part.pool);
            reply.verdict = part.verdict;
            reply.explanation.clone_from(&part.explanation);
        }
        reply.parts = parts;
        reply
    }

    /// All answers as one; `None` when nothing was answered.
    fn joined(&self, parts: &[PartReply]) -> Option<Answer> {
        let mut joined: Option<Answer> = None;
        let mut left = 0;
        let rest = self.fixed_text(REST_REPLY);
        for part in parts {
            let Response::Answer(answer) = &part.response else {
                left += 1;
                continue;
            };
            let Some(so_far) = &mut joined else {
                joined = Some(answer.clone());
                continue;
            };
            if so_far.text.contains(&answer.text) {
                so_far.confidence = so_far.confidence.least(answer.confidence);
                continue;
            }
            // Room for the line behind is kept whether or not it will be needed.
            if so_far.text.len() + answer.text.len() + rest.0.len() + 4 >= MOST_BYTES {
                left += 1;
                continue;
            }
            so_far.text = format!("{}\n\n{}", so_far.text, answer.text);
            so_far.citations.extend(answer.citations.iter().cloned());
            so_far.confidence = so_far.confidence.least(answer.confidence);
            so_far.calibrated_here &= answer.calibrated_here;
        }
        if let Some(answer) = &mut joined
            && left > 0
        {
            answer.unanswered = left;
            if !rest.0.is_empty() && answer.text.len() + rest.0.len() + 2 < MOST_BYTES {
                answer.text = format!("{}\n\n{}", answer.text, rest.0);
                answer.citations.extend(rest.1);
            }
        }
        joined
    }
}

/// The part that decides: of several answers the least sure; where nothing was answered a question
/// back before a hand-over.
fn deciding(parts: &[PartReply], is_answered: bool) -> Option<&PartReply> {
    if is_answered {
        let sure = |part: &&PartReply| match &part.response {
            Response::Answer(answer) => Some(answer.confidence.get()),
            _ => None,
        };
        return parts
            .iter()
            .filter(|part| sure(part).is_some())
            .min_by(|a, b| sure(a).partial_cmp(&sure(b)).unwrap_or(Ordering::Equal));
    }
    let asks_back = |part: &&PartReply| matches!(part.response, Response::Clarify(_));
    parts.iter().find(asks_back).or_else(|| parts.first())
}
