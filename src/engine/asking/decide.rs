//! What a reading leads to: an answer, a question back, or a person.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Asking;
use super::fixed::{
    HANDOVER_REPLY, OTHER_PROGRAMME_REPLY, OUT_OF_SCOPE_REPLY, WHICH_NATION_REPLY,
    WHICH_PROGRAMME_REPLY, WHICH_QUESTION_REPLY,
};
use super::quote::citation;
use super::read::{Head, Reading, Retrieved};
use crate::answer::response::{
    Answer, Citation, Clarify, Handover, Meaning, Nearest, Reason, Response, Standing,
};
use crate::answer::{extract, ground};
use crate::calibrate::artifact::Verdict;
use crate::corpus::document::{Barred, Document};
use crate::dialogue::follow::{Leaning, leaning};
use crate::retrieve::Ranking;
use crate::text::fold;

/// Nearest documents named when a person takes over, and offered when the engine asks back.
const NEAREST: usize = 3;
/// How far below the best guidance of any scope the best guidance for this person may score and
/// still be considered: farther down, the question is about something else.
const SCOPE_REACH: f64 = 0.15;
/// P(in scope) below which a message that was not answered is called out of scope.
const IN_SCOPE: f64 = 0.4;
/// Words with which guidance points to the local service; its contact text follows then.
const CONTACT_CUE: &str = "contact your local ";

impl Asking<'_> {
    /// Decides on a reading. Where it may ask back it does so when the answer depends on it: which
    /// programme, which nation, which of the nearest questions.
    pub(super) fn decide(&self, reading: &Reading<'_>, may_ask: bool) -> Response {
        let retrieved = &reading.retrieved;
        let Some(head) = &reading.head else {
            return match &reading.overall {
                Some(other) => self.out_of_reach(other, retrieved, may_ask),
                None => self.decline(Reason::OutOfScope, None, retrieved),
            };
        };
        if let Some(other) = &reading.overall {
            let gap = head.pool.scope_gap();
            let unsure = !self.is_sure(head);
            if gap > SCOPE_REACH || (unsure && self.is_sure(other)) {
                return self.out_of_reach(other, retrieved, may_ask);
            }
        }
        let Some(document) = self.state.snapshot.document_of(head.row) else {
            return self.decline(Reason::OutOfScope, None, retrieved);
        };
        // The winner is barred: say so, whatever the confidence, and never fall through to the
        // next best.
        if let Err(barred) = self.may_quote(document) {
            return self.decline(Reason::Barred(barred), Some(head), retrieved);
        }
        let Some(verdict) = head.verdict else {
            return self.decline(Reason::Uncalibrated, Some(head), retrieved);
        };
        if reading.meanings.len() > 1 && may_ask {
            let options = reading.meanings.clone();
            return self.ask_back(Reason::WhichProgramme, WHICH_PROGRAMME_REPLY, options);
        }
        if reading.meanings.len() > 1 || !self.is_sure(head) {
            return self.unsure(reading, head, verdict, may_ask);
        }
        self.answer(head, document, verdict, retrieved)
    }

    /// Not sure enough: offers the nearest questions where the message is too short to be
    /// understood but seems to be about screening; else a person takes over.
    fn unsure(
        &self,
        reading: &Reading<'_>,
        head: &Head,
        verdict: Verdict,
        may_ask: bool,
    ) -> Response {
        let retrieved = &reading.retrieved;
        let known_word = is_one_word(&reading.text) && head.evidence.unseen_share() == 0.0;
        if verdict.in_scope < IN_SCOPE && !known_word {
            return self.decline(Reason::OutOfScope, Some(head), retrieved);
        }
        if may_ask && leaning(&reading.text) != Leaning::Not {
            let options: Vec<Meaning> = self
                .nearest(&self.restrict(retrieved, |d| self.is_served(d)))
                .into_iter()
                .map(|n| Meaning { programme: n.programme, document: n.document, title: n.title })
                .collect();
            if options.len() > 1 {
                return self.ask_back(Reason::Ambiguous, WHICH_QUESTION_REPLY, options);
            }
        }
        let reason = if retrieved.is_local { Reason::Local } else { Reason::LowConfidence };
        self.decline(reason, Some(head), retrieved)
    }

    fn ask_back(&self, reason: Reason, reply: &str, options: Vec<Meaning>) -> Response {
        let (text, citations) = self.fixed_text(reply);
        Response::Clarify(Clarify { text, citations, reason, rule: None, options })
    }

    pub(super) fn may_quote(&self, document: &Document) -> Result<(), Barred> {
        ground::standing(document, self.revocations, self.query.today)?;
        if self.holds_here(document) { Ok(()) } else { Err(Barred::WrongNation) }
    }

    fn answer(
        &self,
        head: &Head,
        document: &Document,
        verdict: Verdict,
        retrieved: &Retrieved<'_>,
    ) -> Response {
        let Ok(quoted) = self.quoted_spans(head.row, document, retrieved) else {
            return self.decline(Reason::Ungrounded, Some(head), retrieved);
        };
        let spans: Vec<Range<usize>> = quoted.iter().map(|(s, _)| s.clone()).collect();
        let mut text = extract::render(document, &spans);
        let mut citations: Vec<Citation> = quoted
            .into_iter()
            .filter_map(|(span, section)| citation(document, section, span))
            .collect();
        if text.to_lowercase().contains(CONTACT_CUE)
            && let Some((contact, contact_citations)) = self.local_contact(document)
        {
            let whole = format!("{text}\n\n{contact}");
            if whole.len() < extract::MOST_BYTES {
                text = whole;
                citations.extend(contact_citations);
            }
        }
        if text.len() >= extract::MOST_BYTES {
            return self.decline(Reason::TooLong, Some(head), retrieved);
        }
        let checked =
            ground::check(&citations, &self.state.snapshot, self.revocations, self.query.today);
        if citations.is_empty() || checked.is_err() {
            return self.decline(Reason::Ungrounded, Some(head), retrieved);
        }
        let calibrated_here = self
            .state
            .calibrator
            .as_ref()
            .is_some_and(|c| c.fitted().snapshot == self.state.snapshot.id());
        Response::Answer(Answer {
            standing: Standing::Draft,
            text,
            citations,
            confidence: verdict.confidence,
            calibrated_here,
            unanswered: 0,
        })
    }

    /// The best guidance is not for this person: of another nation, or of a programme that is
    /// not served here.
    fn out_of_reach(&self, other: &Head, retrieved: &Retrieved<'_>, may_ask: bool) -> Response {
        match self.state.snapshot.document_of(other.row) {
            Some(document) if !self.holds_here(document) => {
                if may_ask && self.nation.is_none() && self.is_sure(other) {
                    return self.ask_back(Reason::WhichNation, WHICH_NATION_REPLY, Vec::new());
                }
                self.decline(Reason::Barred(Barred::WrongNation), Some(other), retrieved)
            }
            Some(_) if self.is_sure(other) => self.signpost(other, retrieved),
            _ => self.decline(Reason::OutOfScope, Some(other), retrieved),
        }
    }

    fn signpost(&self, other: &Head, retrieved: &Retrieved<'_>) -> Response {
        let (text, citations) = self.fixed_text(OTHER_PROGRAMME_REPLY);
        Response::Handover(Handover {
            reason: Reason::OtherProgramme,
            rule: None,
            text,
            citations,
            barred: None,
            confidence: other.verdict.map(|v| v.confidence),
            nearest: self.nearest(&retrieved.ranking),
        })
    }

    /// The reply where there is nothing to decide on.
    pub(super) fn nothing_said(&self) -> Response {
        let said = self.fixed_text(HANDOVER_REPLY);
        Response::Handover(Handover::unranked(Reason::OutOfScope, None, said))
    }

    fn decline(&self, reason: Reason, head: Option<&Head>, retrieved: &Retrieved<'_>) -> Response {
        let reply = if reason == Reason::OutOfScope { OUT_OF_SCOPE_REPLY } else { HANDOVER_REPLY };
        let (text, citations) = self.fixed_text(reply);
        let document = head.and_then(|h| self.state.snapshot.document_of(h.row));
        let barred = match (&reason, document) {
            (Reason::Barred(why), Some(document)) => Some((document.id.clone(), why.clone())),
            _ => None,
        };
        Response::Handover(Handover {
            reason,
            rule: None,
            text,
            citations,
            barred,
            confidence: head.and_then(|h| h.verdict).map(|v| v.confidence),
            nearest: self.nearest(&retrieved.ranking),
        })
    }

    /// The nearest documents that may be quoted.
    fn nearest(&self, ranking: &Ranking) -> Vec<Nearest> {
        let mut seen = BTreeSet::new();
        ranking
            .hits()
            .iter()
            .filter_map(|hit| self.state.snapshot.document_of(hit.row))
            .filter(|d| self.may_quote(d).is_ok() && seen.insert(&d.id))
            .take(NEAREST)
            .map(|d| Nearest {
                document: d.id.clone(),
                title: d.title.clone(),
                programme: d.programme.clone(),
            })
            .collect()
    }
}

/// Whether a text holds a word or two and no more.
fn is_one_word(text: &str) -> bool {
    fold::words(text).count() <= 2
}
