//! One message on its way: from raw text to a reply.
//!
//! The order is the point: urgent rules first, on every bubble and on the whole; then what the
//! person chose of an offer, then routes, all before anything is retrieved; then each question by
//! itself: retrieval, scope, confidence; words last, and checked again before they leave.

mod account;
mod combine;
mod decide;
mod fixed;
pub(super) mod plain;
mod quote;
mod read;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::second::{FirstLook, SecondLook, SecondReader};
use super::{PartReply, Reply, State, Timings};
use crate::answer::response::{Clarify, Handover, Reason, Response};
use crate::corpus::document::Document;
use crate::dialogue::conversation::{
    Asked, Choice, Conversation, Offered, nation_named, nation_said,
};
use crate::dialogue::follow::{Leaning, leaning, together};
use crate::dialogue::split::questions;
use crate::embed::Begun;
use crate::error::Error;
use crate::ids::{DocumentId, Nation, Programme};
use crate::index::store::Revocation;
use crate::query::Query;

use fixed::{FixedOutcome, HANDOVER_REPLY, WHICH_PROGRAMME_REPLY};
use plain::{Kept, kept, plain, plain_of};
use read::Reading;

pub(super) use fixed::Heard;
pub use read::ASK_DEPTH;

/// Bytes of a message that are retrieved with; safety and routes read all of it.
const MOST_RETRIEVED_BYTES: usize = 8192;

/// One message on its way.
pub(super) struct Asking<'a> {
    pub(super) state: &'a State,
    pub(super) revocations: &'a BTreeMap<DocumentId, Revocation>,
    pub(super) query: &'a Query,
    pub(super) timings: Cell<Timings>,
    /// The nation the caller names, else the one the person said they are in.
    nation: Option<Nation>,
    /// Who looks at the message again after the rules, and what came of it.
    second: &'a SecondReader,
    second_looks: RefCell<Vec<(String, SecondLook)>>,
    /// What those looks began, for retrieval to go on from.
    begun: RefCell<Vec<Begun>>,
    /// The message as it may be kept.
    kept: OnceCell<Kept>,
    /// What rules decide by.
    heard: Heard<'a>,
    /// The decision that a rule took, and whether it hung on what is redacted.
    fixed: RefCell<FixedOutcome>,
}

/// One question of a message, asked.
struct Part<'a> {
    reply: PartReply,
    /// How it was read, where it was retrieved.
    reading: Option<Reading<'a>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        state: &'a State,
        second: &'a SecondReader,
        revocations: &'a BTreeMap<DocumentId, Revocation>,
        query: &'a Query,
    ) -> Asking<'a> {
        let nation = query.nation.or(query.conversation.nation);
        Asking {
            state,
            second,
            second_looks: RefCell::default(),
            begun: RefCell::default(),
            revocations,
            query,
            timings: Cell::default(),
            nation,
            kept: OnceCell::new(),
            heard: Heard::Raw,
            fixed: RefCell::default(),
        }
    }

    /// A query whose text was kept, not raw: what rules decided is told, or found in it.
    pub(super) fn again(mut self, heard: Heard<'a>) -> Asking<'a> {
        self.heard = heard;
        self
    }

    /// With the nation that a reply found the person to be in.
    pub(super) fn in_nation(mut self, said: Option<Nation>) -> Asking<'a> {
        self.nation = self.query.nation.or(said);
        self
    }

    pub(super) fn reply(mut self) -> Result<Reply, Error> {
        let start = Instant::now();
        let mut next = self.query.conversation.cleaned(plain);
        next.turns = next.turns.saturating_add(1);
        let asked = next.asked.take();
        let urgent = self.urgent();
        self.clock(|t| t.rules_us = micros(start.elapsed()));
        let mut reply = match urgent {
            Some(response) => self.wrap(response),
            None => self.converse(asked.as_ref(), &mut next)?,
        };
        reply.conversation = next;
        let fixed = self.fixed.take();
        (reply.fixed, reply.rules_need_raw) = (fixed.decision, fixed.needs_raw);
        reply.second_look = self.second_look();
        reply.other_language = self.other_language(&reply);
        self.clock(|t| t.total_us = micros(start.elapsed()));
        reply.timings = self.timings.get();
        Ok(reply)
    }

    /// Safety and routes alone, with the time they took.
    pub(super) fn first_look(self) -> FirstLook {
        let start = Instant::now();
        let response = self.urgent().or_else(|| self.route(1).map(|route| self.routed(route)));
        let took = start.elapsed();
        FirstLook { response, second_look: self.second_look(), took }
    }

    /// What came of the second look at the first text looked at, the raw one.
    fn second_look(&self) -> Option<SecondLook> {
        self.second_looks.borrow().first().map(|(_, look)| look.clone())
    }

    fn clock(&self, set: impl FnOnce(&mut Timings)) {
        let mut timings = self.timings.get();
        set(&mut timings);
        self.timings.set(timings);
    }

    fn wrap(&self, response: Response) -> Reply {
        Reply {
            response,
            parts: Vec::new(),
            conversation: self.query.conversation.clone(),
            snapshot: self.state.snapshot.id(),
            made_with: self.state.made_with,
            fixed: None,
            rules_need_raw: false,
            notice: self.state.snapshot.manifest().notice.clone(),
            certificate: None,
            second_look: None,
            other_language: None,
            winner: None,
            evidence: None,
            pool: None,
            verdict: None,
            explanation: None,
            timings: Timings::default(),
        }
    }

    /// The urgent reply alone, if the message sounds urgent.
    pub(super) fn alarm(&self) -> Option<Reply> {
        let mut reply = self.urgent().map(|response| self.wrap(response))?;
        reply.fixed = self.fixed.take().decision;
        Some(reply)
    }

    /// What an engine says whose index has turned out to be damaged: an alarm where one is due, else
    /// a person takes over. Nothing is retrieved and nothing quoted.
    pub(super) fn over_damage(&self) -> Reply {
        self.alarm().unwrap_or_else(|| {
            let nothing = (String::new(), Vec::new());
            self.wrap(Response::Handover(Handover::unranked(Reason::Damaged, None, nothing)))
        })
    }

    /// What follows when nothing is urgent: the answer to what was asked back, else routes, else
    /// the questions of the message one by one.
    fn converse(&mut self, asked: Option<&Asked>, next: &mut Conversation) -> Result<Reply, Error> {
        let start = Instant::now();
        let plain = self.plain_text();
        if let Some(nation) = nation_said(&plain) {
            next.nation = Some(nation);
            self.nation = self.query.nation.or(next.nation);
        }
        if let Some(reply) = self.chosen(asked, &plain, next)? {
            return Ok(reply);
        }
        let questions = questions(&plain);
        let route = self.route(questions.len());
        self.clock(|t| t.dialogue_us = micros(start.elapsed()));
        if let Some(route) = route {
            return Ok(self.wrap(self.routed(route)));
        }
        let may_ask = asked.is_none();
        let mut parts: Vec<Part<'a>> = Vec::new();
        for range in questions.iter().cloned() {
            let text = &plain[range];
            let before = parts.last().map(|part: &Part<'_>| part.reply.text.clone());
            let before = before.or_else(|| next.question.clone());
            let is_one_of_many = questions.len() > 1;
            let part = self.part(text, before.as_deref(), is_one_of_many, may_ask, next)?;
            parts.push(part);
        }
        self.remember(&parts, next);
        Ok(self.combined(parts))
    }

    /// What was offered and taken, or refused; `None` when the message says something else.
    fn chosen(
        &mut self,
        asked: Option<&Asked>,
        plain: &str,
        next: &mut Conversation,
    ) -> Result<Option<Reply>, Error> {
        let Some(asked) = asked else {
            return Ok(None);
        };
        if asked.options.is_empty() {
            let Some(nation) = nation_named(plain) else {
                return Ok(None);
            };
            next.nation = Some(nation);
            self.nation = self.query.nation.or(next.nation);
            let part = self.part(&asked.about, None, false, false, next)?;
            let parts = vec![part];
            self.remember(&parts, next);
            return Ok(Some(self.combined(parts)));
        }
        match asked.choice(plain) {
            Choice::SomethingElse => Ok(None),
            Choice::NoneOfThese => {
                let said = self.fixed_text(HANDOVER_REPLY);
                let handover = Handover::unranked(Reason::NoneOfThese, None, said);
                Ok(Some(self.wrap(Response::Handover(handover))))
            }
            Choice::Taken(number) => {
                let Some(option) = asked.options.get(number) else {
                    return Ok(None);
                };
                next.keep_question(&option.title);
                next.programme = Some(option.programme.clone());
                self.take(option).map(Some)
            }
        }
    }

    /// Answers from the document that the person chose.
    fn take(&self, option: &Offered) -> Result<Reply, Error> {
        let only = |document: &Document| document.id == option.document;
        let reading = self.read_only(&option.title, only)?;
        let part = self.answered(option.title.clone(), None, reading, false)?;
        Ok(self.combined(vec![part]))
    }

    /// One question: a route may still take it where it is one of several; else it is read alone,
    /// and together with what went before where it leans on that.
    fn part(
        &self,
        text: &str,
        before: Option<&str>,
        is_one_of_many: bool,
        may_ask: bool,
        next: &Conversation,
    ) -> Result<Part<'a>, Error> {
        if is_one_of_many
            && let Some(route) = self.state.rules.route(text)
            && route.each_part
        {
            let reply = self.part_reply(text.to_owned(), None, self.routed(route), None)?;
            return Ok(Part { reply, reading: None });
        }
        if self.holds_no_words(text) {
            let (reply, citations) = self.fixed_text(WHICH_PROGRAMME_REPLY);
            let reason = Reason::Empty;
            let clarify =
                Clarify { text: reply, citations, reason, rule: None, options: Vec::new() };
            let reply = self.part_reply(text.to_owned(), None, Response::Clarify(clarify), None)?;
            return Ok(Part { reply, reading: None });
        }
        let alone = self.read(text, None, None)?;
        let leaning = before.map_or(Leaning::Not, |_| leaning(text));
        let (reading, read_as) = match (leaning, before) {
            (Leaning::Not, _) | (_, None) => (alone, None),
            (leaning, Some(before)) => {
                let joined_text = together(before, text);
                let said = next.answered.as_ref();
                let joined = self.read(&joined_text, next.programme.as_ref(), said)?;
                if self.takes_along(leaning, &alone, &joined) {
                    (joined, Some(joined_text))
                } else {
                    (alone, None)
                }
            }
        };
        self.answered(text.to_owned(), read_as, reading, may_ask)
    }

    /// What to say to a question that was read.
    fn answered(
        &self,
        text: String,
        read_as: Option<String>,
        reading: Reading<'a>,
        may_ask: bool,
    ) -> Result<Part<'a>, Error> {
        let start = Instant::now();
        let response = self.decide(&reading, may_ask);
        let reply = self.part_reply(text, read_as, response, Some(&reading))?;
        self.clock(|t| t.answer_us += micros(start.elapsed()));
        Ok(Part { reply, reading: Some(reading) })
    }

    /// Whether a message is read together with what went before. The old subject never comes into
    /// a message that can be answered alone.
    fn takes_along(&self, leaning: Leaning, alone: &Reading<'_>, joined: &Reading<'_>) -> bool {
        let sure = |reading: &Reading<'_>| reading.head.as_ref().is_some_and(|h| self.is_sure(h));
        match leaning {
            Leaning::Plainly => joined.confidence() >= alone.confidence(),
            Leaning::Perhaps => !sure(alone) && sure(joined),
            Leaning::Not => false,
        }
    }

    fn part_reply(
        &self,
        text: String,
        read_as: Option<String>,
        response: Response,
        reading: Option<&Reading<'_>>,
    ) -> Result<PartReply, Error> {
        let head = reading.and_then(|reading| reading.head.as_ref().map(|head| (reading, head)));
        let explanation = match head {
            Some((reading, head)) => Some(self.explain(reading, head)?),
            None => None,
        };
        Ok(PartReply {
            text,
            read_as,
            response,
            winner: head
                .and_then(|(_, head)| self.state.snapshot.passage(head.row))
                .map(|passage| passage.id.clone()),
            evidence: head.map(|(_, head)| head.evidence.clone()),
            pool: head.map(|(_, head)| head.pool.clone()),
            verdict: head.and_then(|(_, head)| head.verdict),
            explanation,
        })
    }

    /// Keeps the last question for the next message to lean on, and what was asked back.
    fn remember(&self, parts: &[Part<'_>], next: &mut Conversation) {
        for Part { reply, reading } in parts {
            let as_read = reply.read_as.as_ref().unwrap_or(&reply.text);
            if reading.is_some() {
                next.keep_question(as_read);
            }
            match &reply.response {
                Response::Answer(_) => {
                    next.programme = self.programme_of(reply);
                    next.answered.clone_from(&reply.winner);
                }
                Response::Clarify(clarify) if reading.is_some() => {
                    let mut about = Conversation::default();
                    about.keep_question(as_read);
                    let options = clarify.options.iter().map(|option| Offered {
                        document: option.document.clone(),
                        title: option.title.clone(),
                        programme: option.programme.clone(),
                    });
                    next.asked = Some(Asked {
                        about: about.question.unwrap_or_default(),
                        options: options.collect(),
                    });
                }
                _ => {}
            }
        }
    }

    fn programme_of(&self, reply: &PartReply) -> Option<Programme> {
        let document = self.state.snapshot.document(&reply.winner.as_ref()?.document)?;
        (document.programme.as_str() != Programme::ALL).then(|| document.programme.clone())
    }

    fn holds_no_words(&self, text: &str) -> bool {
        self.state.snapshot.analyzer().analyse(text).is_empty()
            && !text.chars().any(char::is_alphanumeric)
    }

    fn kept(&self) -> &Kept {
        self.kept.get_or_init(|| kept(&self.query.text, &self.query.bubble_starts))
    }

    /// What questions are found in: see [`plain`]; and not endlessly long.
    fn plain_text(&self) -> String {
        let mut plain = plain_of(self.kept().text.clone());
        plain.truncate(plain.floor_char_boundary(MOST_RETRIEVED_BYTES));
        plain
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
