//! From labelled messages to a certificate: what the engine would do with each family.
//!
//! The policy that is certified is the engine's own, narrowed: of the answers it drafts, those at
//! least as sure as a threshold. What it declines at its own threshold stays declined, so no
//! threshold below that one is ever tested. The plan is drawn up on the fitting topics alone.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::EvalError;
use super::fit::ask_all;
use super::topic::{Expected, Topic};
use crate::answer::Response;
use crate::calibrate::certificate::{
    Certificate, CertifyError, Issued, Labels, Mix, Outcome, Plan, Population, Proposal,
    Recertification, Request, Terms, UrgentCounts,
};
use crate::engine::{Engine, PartReply, Reply};
use crate::ids::Fingerprint;

/// What the engine did with labelled topics.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// One outcome a topic that is not urgent or was not taken for urgent.
    pub outcomes: Vec<Outcome>,
    /// Families that are urgent, and what was done with them.
    pub urgent: UrgentCounts,
}

/// What to certify.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted<'a> {
    /// Topics that the calibrator was fitted on and the plan is drawn up on.
    pub fit: &'a [Topic],
    /// Topics that the plan is tested on, one a family.
    pub calibrate: &'a [Topic],
    /// Fingerprints of the two files.
    pub labels: Labels,
    /// Whose messages they are.
    pub population: Population,
    /// Risk, error and method.
    pub terms: Terms,
    /// Starts that share delta.
    pub starts: usize,
    /// The day of asking.
    pub today: Date,
}

/// Asks topics and keeps what would be answered. A family of several topics counts once an
/// outcome each, which a certificate refuses and a plan allows.
///
/// # Errors
/// [`EvalError::Engine`] when the engine fails.
pub fn ask(engine: &Engine, topics: &[Topic], today: Date) -> Result<Asked, EvalError> {
    let mut outcomes = Vec::new();
    let mut families: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    ask_all(engine, topics, today, |topic, reply| {
        let Some(expected) = topic.expected else {
            return;
        };
        let is_urgent = expected == Expected::Urgent;
        let alarmed = matches!(reply.response, Response::Urgent(_));
        let family = families.entry(topic.family().to_owned()).or_insert((is_urgent, is_urgent));
        // A family is recognised when each of its messages is, and falsely alarmed when one is.
        family.1 = if is_urgent { family.1 && alarmed } else { family.1 || alarmed };
        outcomes.push(Outcome {
            family: topic.family().to_owned(),
            answerable: expected == Expected::Answer,
            proposed: proposal(topic, &reply),
            slices: topic.slices.clone(),
        });
    })?;
    let mut urgent = UrgentCounts::default();
    for (is_urgent, alarmed) in families.into_values() {
        if is_urgent {
            urgent.urgent += 1;
            urgent.recognised += usize::from(alarmed);
        } else {
            urgent.others += 1;
            urgent.false_alarms += usize::from(alarmed);
        }
    }
    Ok(Asked { outcomes, urgent })
}

/// What was answered: of several questions the least sure answer, wrong where one is.
fn proposal(topic: &Topic, reply: &Reply) -> Option<Proposal> {
    let Response::Answer(answer) = &reply.response else {
        return None;
    };
    let answered = |part: &&PartReply| matches!(part.response, Response::Answer(_));
    let is_wrong = |part: &PartReply| {
        part.winner.as_ref().is_none_or(|winner| !topic.accepts(&winner.document))
    };
    Some(Proposal {
        confidence: answer.confidence.get(),
        document: reply.winner.as_ref()?.document.clone(),
        wrong: reply.parts.iter().filter(answered).any(is_wrong),
    })
}

/// Draws up a plan on the fitting topics and tests it on the others.
///
/// # Errors
/// [`EvalError`] when the engine fails or the topics cannot be tested, two of one family above all.
pub fn issue(engine: &Engine, wanted: Wanted<'_>) -> Result<Issued, EvalError> {
    let fit = ask(engine, wanted.fit, wanted.today)?;
    let asked = ask(engine, wanted.calibrate, wanted.today)?;
    let mix = Mix::of(&asked.outcomes);
    let plan = Plan::new(&fit.outcomes, mix, &wanted.terms, wanted.starts)?;
    let bound_to =
        engine.bound().ok_or(CertifyError::Empty { what: "calibrators for this index" })?;
    Ok(Certificate::issue(Request {
        population: wanted.population,
        bound_to,
        labels: wanted.labels,
        terms: wanted.terms,
        plan,
        outcomes: asked.outcomes,
        urgent: asked.urgent,
    })?)
}

/// Tests a certificate's threshold on what an edited corpus makes of the same topics.
///
/// # Errors
/// [`EvalError`] when the engine fails or the topics are not the certificate's.
pub fn recertify(
    engine: &Engine,
    certificate: &Certificate,
    revision: u32,
    topics: &[Topic],
    today: Date,
) -> Result<Recertification, EvalError> {
    let asked = ask(engine, topics, today)?;
    let bound = engine.bound().ok_or(CertifyError::Empty { what: "calibrators for this index" })?;
    Ok(certificate.recertify(revision, asked.outcomes, bound, asked.urgent)?)
}

/// Fingerprints of the files of labels.
pub fn labels(fit: &[u8], calibrate: &[u8]) -> Labels {
    Labels { fit: Fingerprint::of(fit), calibrate: Fingerprint::of(calibrate) }
}
