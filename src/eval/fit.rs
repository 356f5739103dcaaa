//! Fitting a calibrator on labelled topics.
//!
//! Every number used to choose (penalties, threshold) is out of fold: families are dealt to folds,
//! so that no paraphrase of a topic helps to judge it. [`cross`] keeps the parts of a calibrator
//! that feed each other apart in the same way.

pub mod compare;
pub mod cross;
mod decisions;

use std::collections::BTreeSet;

use jiff::civil::Date;

use self::cross::{cross_sight, fit_logistic, fit_within_scope, learn, log_loss, out_of_fold};
use super::topic::{Expected, Topic, TopicPart};
use crate::calibrate::artifact::{ARTIFACT_VERSION, Fitted};
use crate::calibrate::logistic::FitError;
use crate::calibrate::{Artifact, FEATURES, Model, Pool};
use crate::dialogue::conversation::Conversation;
use crate::dialogue::follow::{Leaning, leaning};
use crate::engine::{Engine, Reply};
use crate::error::Error;
use crate::ids::{DocumentId, Fingerprint};
use crate::query::Query;
use crate::text::fold;

pub use decisions::{DecisionReport, decisions};

/// Folds of the cross-validation.
pub const FOLDS: usize = 10;
/// Penalties tried.
const PENALTIES: [f64; 8] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// A topic as the calibrator sees it.
#[derive(Debug, Clone)]
pub struct Example {
    /// The snapshot that was asked.
    pub corpus: Fingerprint,
    /// Family of the topic.
    pub family: String,
    /// The documents among which one is chosen.
    pub pool: Pool,
    /// Places in the pool of the documents that acceptably answer.
    pub acceptable: Vec<usize>,
    /// Whether any guidance of the corpus answers.
    pub in_scope: bool,
}

/// The query a topic stands for.
pub fn query_of(topic: &Topic, today: Date) -> Query {
    let mut query = match topic.conversation {
        Some(_) => Query::of_bubbles(topic.text.lines(), today),
        None => Query::new(topic.text.as_str(), today),
    };
    query.programmes.extend(topic.programme.clone());
    query.nation = topic.nation;
    query.locality.clone_from(&topic.locality);
    query
}

/// Topics in turns: those of one conversation together, every other alone.
pub fn turns(topics: &[Topic]) -> impl Iterator<Item = &[Topic]> {
    topics.chunk_by(|a, b| a.conversation.is_some() && a.conversation == b.conversation)
}

/// Asks every topic, those of a conversation in turn, each with what was kept of the last; calls
/// `take` with every topic and its reply.
///
/// # Errors
/// [`Error`] when the engine fails.
pub fn ask_all(
    engine: &Engine,
    topics: &[Topic],
    today: Date,
    mut take: impl FnMut(&Topic, Reply),
) -> Result<(), Error> {
    for turns in turns(topics) {
        let mut conversation = Conversation::default();
        for topic in turns {
            let mut query = query_of(topic, today);
            query.conversation = conversation;
            let reply = engine.reply(&query)?;
            conversation = reply.conversation.clone();
            take(topic, reply);
        }
    }
    Ok(())
}

/// Asks every topic and keeps every question of it that reaches the calibrator: neither urgent nor
/// routed, nor leaning on what went before. What leans is read as the present calibrator finds it
/// surer, and nothing of that one may enter the next.
///
/// # Errors
/// [`Error`] when the engine fails; topics without labels are left out.
pub fn examples(engine: &Engine, topics: &[Topic], today: Date) -> Result<Vec<Example>, Error> {
    let snapshot = engine.snapshot();
    let mut examples = Vec::new();
    ask_all(engine, topics, today, |topic, reply| {
        for (place, part) in reply.parts.into_iter().enumerate() {
            let follows = place > 0 || topic.conversation.is_some();
            if follows && leaning(&part.text) != Leaning::Not {
                continue;
            }
            let Some(pool) = part.pool else {
                continue;
            };
            let Some((expected, documents)) = label_of(topic, &part.text) else {
                continue;
            };
            let in_scope = expected == Expected::Answer && !documents.is_empty();
            let contenders = pool.contenders().iter().map(|c| snapshot.document_of(c.row));
            let acceptable = contenders
                .enumerate()
                .filter(|(_, document)| {
                    in_scope && document.is_some_and(|d| documents.contains(&d.id))
                })
                .map(|(place, _)| place)
                .collect();
            let (corpus, family) = (snapshot.id(), topic.family().to_owned());
            examples.push(Example { corpus, family, pool, acceptable, in_scope });
        }
    })?;
    Ok(examples)
}

/// The labels of one question of a topic: of the part whose words it shares most, else of the
/// topic itself.
fn label_of<'a>(topic: &'a Topic, text: &str) -> Option<(Expected, &'a [DocumentId])> {
    let words: BTreeSet<String> = fold::words(text).map(|word| word.folded).collect();
    let shared = |part: &TopicPart| {
        fold::words(&part.text).filter(|word| words.contains(&word.folded)).count()
    };
    // Of equal parts the first.
    let part = topic.parts.iter().rev().max_by_key(|part| shared(part));
    match part.filter(|part| shared(part) > 0) {
        Some(part) => Some((part.expected.or(topic.expected)?, &part.documents)),
        None => Some((topic.expected?, &topic.documents)),
    }
}

/// Fits all parts, choosing penalties by out-of-fold log loss and the threshold as the least one
/// whose out-of-fold selective risk stays within `target_risk`.
///
/// # Errors
/// [`FitError`] when the examples cannot determine a model.
pub fn fit(
    engine: &Engine,
    examples: &[Example],
    topics: Fingerprint,
    target_risk: f64,
) -> Result<Artifact, FitError> {
    let folded = out_of_fold(examples)?;
    let (penalty, alone) = folded.best(&PENALTIES, |s| s.correct)?;
    let (scope_penalty, in_scope) = folded.best(&PENALTIES, |s| s.in_scope)?;
    let right: Vec<bool> = folded.held_out.iter().map(|s| s.correct).collect();
    let all: Vec<&Example> = examples.iter().collect();
    let parts = learn(&all, folded.plan)?;
    let seen = cross_sight(&all, folded.plan)?;
    let scope_model = fit_logistic(&seen, scope_penalty, |s| s.in_scope)?;
    let product = folded
        .best_product(&PENALTIES, &in_scope)?
        .filter(|(_, predicted)| log_loss(&right, predicted) < log_loss(&right, &alone));
    let (penalty, predicted, correct) = match product {
        Some((penalty, predicted)) => {
            let right = fit_within_scope(&seen, penalty)?;
            (penalty, predicted, Model::Product { in_scope: scope_model.clone(), right })
        }
        None => (penalty, alone, Model::Logistic(fit_logistic(&seen, penalty, |s| s.correct)?)),
    };
    let choice = threshold(&right, &predicted, target_risk);
    let families: BTreeSet<(Fingerprint, &str)> =
        examples.iter().map(|e| (e.corpus, e.family.as_str())).collect();
    Ok(Artifact {
        version: ARTIFACT_VERSION,
        bound_to: engine.binding(),
        features: FEATURES.iter().map(|&f| f.to_owned()).collect(),
        choice: Some(parts.choice),
        subject: parts.subjects,
        correct,
        in_scope: Model::Logistic(scope_model),
        threshold: choice.least,
        fitted: Fitted {
            snapshot: engine.snapshot().id(),
            topics,
            n_topics: examples.len(),
            n_families: families.len(),
            penalty,
            target_risk,
            coverage: choice.coverage,
            risk: choice.risk,
        },
    })
}

struct Threshold {
    least: f64,
    coverage: f64,
    risk: f64,
}

fn threshold(right: &[bool], predicted: &[f64], target_risk: f64) -> Threshold {
    let mut order: Vec<usize> = (0..right.len()).collect();
    order.sort_by(|&a, &b| predicted[b].total_cmp(&predicted[a]).then(a.cmp(&b)));
    let mut choice = Threshold { least: 1.0, coverage: 0.0, risk: 0.0 };
    let mut errors = 0;
    for (answered, &i) in (1..).zip(&order) {
        errors += usize::from(!right[i]);
        let risk = errors as f64 / answered as f64;
        let next_differs = order.get(answered).is_none_or(|&next| predicted[next] < predicted[i]);
        if risk <= target_risk && next_differs {
            let coverage = answered as f64 / right.len() as f64;
            choice = Threshold { least: predicted[i], coverage, risk };
        }
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_the_least_that_keeps_the_risk_and_parts_no_ties() {
        let right = [true, true, false, true, false];
        let found = threshold(&right, &[0.9, 0.8, 0.7, 0.7, 0.1], 0.25);
        assert_eq!((found.least, found.coverage, found.risk), (0.7, 0.8, 0.25));
        let none = threshold(&right, &[0.5; 5], 0.1);
        assert_eq!((none.least, none.coverage, none.risk), (1.0, 0.0, 0.0));
    }
}
