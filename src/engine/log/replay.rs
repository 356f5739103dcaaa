//! What differs when a logged turn is asked again, and why?
//!
//! A turn is asked on the day it was asked, with what is served now. Outcomes are compared field by
//! field, confidences to the last bit: another snapshot alone is no difference. Each difference
//! carries what is known to have brought it about: what became of the documents that spoke, rules
//! that are gone or now fire, another calibrator. It does not open old snapshots.

use std::collections::BTreeMap;

use super::difference::{Because, Difference, What, none};
use super::{FixedBy, FixedDecision, LogEntry, Outcome, PartOutcome, Quoted};
use crate::answer::ground;
use crate::corpus::document::Barred;
use crate::engine::asking::plain::spaced;
use crate::engine::asking::{Asking, Heard};
use crate::engine::second::SecondReader;
use crate::engine::{Engine, Reply, State};
use crate::error::Error;
use crate::ids::DocumentId;
use crate::index::store::Revocation;

/// What came of asking a logged turn again.
#[derive(Debug, Clone, PartialEq)]
pub enum Replayed {
    /// The same outcome.
    Same,
    /// Another one.
    Differs(Vec<Difference>),
}

impl Engine {
    /// Asks a logged turn again, on its day, with what is served now.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn reply_again(&self, entry: &LogEntry) -> Result<Reply, Error> {
        let state = self.state();
        let revocations = self.revocations()?;
        again(&state, &self.second, &revocations, entry)
    }

    /// Asks a logged turn again and compares what comes of it.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub fn replay(&self, entry: &LogEntry) -> Result<Replayed, Error> {
        let state = self.state();
        let revocations = self.revocations()?;
        let reply = again(&state, &self.second, &revocations, entry)?;
        let comparison = Comparison {
            state: &state,
            revocations: &revocations,
            entry,
            fixed: reply.fixed.as_ref(),
            now: &Outcome::of(&reply),
        };
        let differences = comparison.differences();
        Ok(if differences.is_empty() { Replayed::Same } else { Replayed::Differs(differences) })
    }
}

type Revocations = BTreeMap<DocumentId, Revocation>;

fn again(
    state: &State,
    second: &SecondReader,
    revocations: &Revocations,
    entry: &LogEntry,
) -> Result<Reply, Error> {
    let query = entry.query();
    let asking = |heard| Asking::new(state, second, revocations, &query).again(heard);
    let on_kept = || Heard::Kept(spaced(&entry.text));
    let told = entry.fixed.as_ref();
    let exists = told.is_none_or(|fixed| state.rules.named(&fixed.channel, &fixed.rule).is_some());
    if !entry.rules_need_raw || !exists {
        return asking(on_kept()).reply();
    }
    if entry.made_with.rules != state.made_with.rules
        && let Some(fixed) = told
    {
        // The rules are others: one that outranks the logged one may take the message now.
        let reply = asking(on_kept()).reply()?;
        if reply.fixed.as_ref().is_some_and(|now| rank(state, now) > rank(state, fixed)) {
            return Ok(reply);
        }
    }
    asking(Heard::Told(told)).reply()
}

/// Safety before routes, then by priority.
fn rank(state: &State, fixed: &FixedDecision) -> (bool, u32) {
    let named = state.rules.named(&fixed.channel, &fixed.rule);
    (fixed.by == FixedBy::Urgent, named.map_or(0, |(channel, _)| channel.priority))
}

/// An entry and what came of it now.
struct Comparison<'a> {
    state: &'a State,
    revocations: &'a Revocations,
    entry: &'a LogEntry,
    fixed: Option<&'a FixedDecision>,
    now: &'a Outcome,
}

impl Comparison<'_> {
    fn differences(&self) -> Vec<Difference> {
        let (then, now) = (&self.entry.outcome, self.now);
        let mut found = Vec::new();
        let mut compare = |what, question, then: String, now: String| {
            if then != now {
                found.push(Difference { what, question, then, now, because: self.because(what) });
            }
        };
        let rule = |fixed: Option<&FixedDecision>| {
            fixed.map_or_else(none, |fixed| format!("{} of {}", fixed.rule, fixed.channel))
        };
        compare(What::Decision, None, then.decision.clone(), now.decision.clone());
        compare(What::Reason, None, text(then.reason.as_ref()), text(now.reason.as_ref()));
        compare(What::Rule, None, rule(self.entry.fixed.as_ref()), rule(self.fixed));
        compare(What::Standing, None, text(then.standing.as_ref()), text(now.standing.as_ref()));
        compare(What::Winner, None, text(then.winner.as_ref()), text(now.winner.as_ref()));
        compare(What::Quotes, None, places(&then.quotes), places(&now.quotes));
        compare(What::Words, None, then.words.to_string(), now.words.to_string());
        compare(What::Questions, None, questions(then), questions(now));
        compare(What::Nearest, None, list(&then.options), list(&now.options));
        compare(What::Nearest, None, list(&then.nearest), list(&now.nearest));
        compare(What::Confidence, None, number(then.confidence), number(now.confidence));
        if then.parts.len() == now.parts.len() && then.parts.len() > 1 {
            for (number_of, (then, now)) in (1..).zip(then.parts.iter().zip(&now.parts)) {
                let at = Some(number_of);
                compare(What::Decision, at, decided(then), decided(now));
                compare(What::Winner, at, text(then.winner.as_ref()), text(now.winner.as_ref()));
                compare(What::Confidence, at, number(then.confidence), number(now.confidence));
            }
        }
        found
    }

    fn because(&self, what: What) -> Vec<Because> {
        let mut causes = self.rules();
        if what != What::Rule {
            causes.extend(self.documents(what));
        }
        let (then, now) = (&self.entry.made_with, &self.state.made_with);
        let is_specific = !causes.is_empty();
        if then.calibrator != now.calibrator {
            causes.push(Because::OtherCalibrator { then: then.calibrator, now: now.calibrator });
        }
        if then.urgency != now.urgency {
            causes.push(Because::OtherUrgencyModel { then: then.urgency, now: now.urgency });
        }
        if then.settings != now.settings {
            causes.push(Because::OtherSettings { then: then.settings, now: now.settings });
        }
        let snapshot = self.state.snapshot.id();
        if self.entry.snapshot != snapshot && !is_specific {
            causes.push(Because::OtherSnapshot { then: self.entry.snapshot, now: snapshot });
        }
        let program = env!("CARGO_PKG_VERSION");
        if self.entry.program != program {
            let then = self.entry.program.clone();
            causes.push(Because::OtherProgram { then, now: program.to_owned() });
        }
        if causes.is_empty() {
            causes.push(Because::Unexplained);
        }
        causes
    }

    fn rules(&self) -> Vec<Because> {
        let mut causes = Vec::new();
        let same = match (&self.entry.fixed, self.fixed) {
            (Some(then), Some(now)) => then.is_of_same_rule(now),
            (then, now) => then.is_none() && now.is_none(),
        };
        if same {
            return causes;
        }
        if let Some(FixedDecision { channel, rule, .. }) = &self.entry.fixed {
            let (channel, rule) = (channel.clone(), rule.clone());
            causes.push(match self.state.rules.named(&channel, &rule) {
                Some(_) => Because::RuleSilent { channel, rule },
                None => Because::RuleGone { channel, rule },
            });
        }
        if let Some(FixedDecision { channel, rule, .. }) = self.fixed {
            let (channel, rule) = (channel.clone(), rule.clone());
            causes.push(Because::RuleNowFires { channel, rule });
        }
        causes
    }

    /// What became of the documents that spoke or won.
    fn documents(&self, what: What) -> Vec<Because> {
        let mut causes: Vec<Because> = Vec::new();
        let then = &self.entry.outcome;
        let named = then.options.iter().chain(&then.nearest);
        let named = named.filter(|id| what == What::Nearest && !then.documents().contains(id));
        for id in then.documents().into_iter().chain(named) {
            causes.extend(self.document(id, what));
        }
        let won = |outcome: &Outcome| outcome.winner.as_ref().map(|w| w.document.clone());
        if let Some(document) = won(self.now)
            && what != What::Confidence
            && causes.is_empty()
            && won(then).is_some_and(|before| before != document)
        {
            causes.push(Because::OtherDocumentWins { document });
        }
        causes
    }

    fn document(&self, id: &DocumentId, what: What) -> Option<Because> {
        let Some(document) = self.state.snapshot.document(id) else {
            return Some(Because::DocumentGone { document: id.clone() });
        };
        let said = self.entry.outcome.quotes.iter().find(|quoted| quoted.document == *id);
        let changed = said.filter(|quoted| quoted.fingerprint != document.fingerprint());
        // What may be quoted moves no score; it may move whose score is told.
        let (then, now) = (&self.entry.outcome, self.now);
        let bars = what != What::Confidence
            || (&then.winner, &then.decision) != (&now.winner, &now.decision);
        if bars && let Some(Revocation { by, reason, at, .. }) = self.revocations.get(id) {
            let (by, reason) = (by.clone(), reason.clone());
            return Some(Because::DocumentRevoked { document: id.clone(), by, reason, at: *at });
        }
        if bars
            && document.kind.is_retrieved()
            && let Err(why) = ground::standing(document, self.revocations, self.entry.day)
            && !self.was_barred(id, &why)
        {
            let (code, reason) = (why.code().to_owned(), why.to_string());
            return Some(Because::DocumentBarred { document: id.clone(), code, reason });
        }
        changed.map(|quoted| Because::DocumentChanged {
            document: id.clone(),
            then: quoted.fingerprint,
            now: document.fingerprint(),
        })
    }

    /// Whether the document was barred then too, for the same reason.
    fn was_barred(&self, id: &DocumentId, why: &Barred) -> bool {
        let then = &self.entry.outcome;
        then.winner.as_ref().is_some_and(|winner| winner.document == *id)
            && then.reason.as_deref() == Some(why.code())
    }
}

fn text(value: Option<&impl ToString>) -> String {
    value.map_or_else(none, ToString::to_string)
}

/// Shortest text that reads back as the same number.
fn number(value: Option<f64>) -> String {
    text(value.as_ref())
}

fn list(documents: &[DocumentId]) -> String {
    let names: Vec<&str> = documents.iter().map(DocumentId::as_str).collect();
    if names.is_empty() { none() } else { names.join(", ") }
}

fn places(quotes: &[Quoted]) -> String {
    let place = |q: &Quoted| format!("{} bytes {}-{}", q.document, q.start, q.end);
    let places: Vec<String> = quotes.iter().map(place).collect();
    if places.is_empty() { none() } else { places.join(", ") }
}

fn questions(outcome: &Outcome) -> String {
    let leaning = outcome.parts.iter().filter(|part| part.leans).count();
    let left = outcome.unanswered;
    format!("{} found, {leaning} read with what went before, {left} left", outcome.parts.len())
}

fn decided(part: &PartOutcome) -> String {
    let reason = part.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{reason}", part.decision)
}
