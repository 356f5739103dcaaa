//! Fitting a calibrator on labelled topics.
//!
//! Every number used to choose (penalty, threshold) is out of fold: families are dealt to folds,
//! so that no paraphrase of a topic helps to judge it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::topic::{Expected, Topic, TopicPart};
use crate::answer::Response;
use crate::calibrate::artifact::{ARTIFACT_VERSION, Fitted};
use crate::calibrate::logistic::{FitError, Logistic};
use crate::calibrate::{Artifact, Evidence, FEATURES};
use crate::dialogue::conversation::Conversation;
use crate::engine::{Engine, Reply};
use crate::error::Error;
use crate::ids::{DocumentId, Fingerprint};
use crate::query::Query;
use crate::text::fold;
use jiff::civil::Date;

/// Folds of the cross-validation.
pub const FOLDS: usize = 10;
/// Penalties tried.
const PENALTIES: [f64; 6] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// A topic as the calibrator sees it.
#[derive(Debug, Clone)]
pub struct Example {
    /// Family of the topic.
    pub family: String,
    /// What was seen.
    pub evidence: Evidence,
    /// Whether the winning document acceptably answers.
    pub correct: bool,
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
/// routed.
///
/// # Errors
/// [`Error`] when the engine fails; topics without labels are left out.
pub fn examples(engine: &Engine, topics: &[Topic], today: Date) -> Result<Vec<Example>, Error> {
    let mut examples = Vec::new();
    ask_all(engine, topics, today, |topic, reply| {
        for part in reply.parts {
            let (Some(evidence), Some(winner)) = (part.evidence, part.winner) else {
                continue;
            };
            let Some((expected, documents)) = label_of(topic, &part.text) else {
                continue;
            };
            let answerable = expected == Expected::Answer && !documents.is_empty();
            examples.push(Example {
                family: topic.family().to_owned(),
                evidence,
                correct: answerable && documents.contains(&winner.document),
                in_scope: answerable,
            });
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

/// Fits both models, choosing the penalty by out-of-fold log loss and the threshold as the least
/// one whose out-of-fold selective risk stays within `target_risk`.
///
/// # Errors
/// [`FitError`] when the examples cannot determine a model.
pub fn fit(
    engine: &Engine,
    examples: &[Example],
    topics: Fingerprint,
    target_risk: f64,
) -> Result<Artifact, FitError> {
    let folds = folds(examples);
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for penalty in PENALTIES {
        let predicted = out_of_fold(examples, &folds, penalty, |e| e.correct)?;
        let loss = log_loss(examples, &predicted);
        if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
            best = Some((loss, penalty, predicted));
        }
    }
    let (_, penalty, predicted) =
        best.ok_or(FitError::OneOutcome { n: examples.len(), outcome: false })?;
    let choice = threshold(examples, &predicted, target_risk);
    let all: Vec<&[f64]> = examples.iter().map(|e| e.evidence.values()).collect();
    let outcomes = |of: fn(&Example) -> bool| examples.iter().map(of).collect::<Vec<bool>>();
    let mut families: Vec<&str> = examples.iter().map(|e| e.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    Ok(Artifact {
        version: ARTIFACT_VERSION,
        bound_to: engine.binding(),
        features: FEATURES.iter().map(|&f| f.to_owned()).collect(),
        correct: Logistic::fit(&all, &outcomes(|e| e.correct), penalty)?,
        in_scope: Logistic::fit(&all, &outcomes(|e| e.in_scope), penalty)?,
        threshold: choice.threshold,
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

/// Fold of each example: families in order of the hash of their name, dealt in turn.
fn folds(examples: &[Example]) -> Vec<usize> {
    let mut families: BTreeMap<(Fingerprint, &str), usize> = BTreeMap::new();
    for example in examples {
        let key = (Fingerprint::of(example.family.as_bytes()), example.family.as_str());
        families.insert(key, 0);
    }
    for (number, fold) in families.values_mut().enumerate() {
        *fold = number % FOLDS;
    }
    examples
        .iter()
        .map(|e| families[&(Fingerprint::of(e.family.as_bytes()), e.family.as_str())])
        .collect()
}

fn out_of_fold(
    examples: &[Example],
    folds: &[usize],
    penalty: f64,
    outcome: impl Fn(&Example) -> bool,
) -> Result<Vec<f64>, FitError> {
    let mut predicted = vec![0.0; examples.len()];
    for fold in 0..FOLDS {
        let others = || examples.iter().zip(folds).filter(|(_, f)| **f != fold).map(|(e, _)| e);
        if !folds.contains(&fold) {
            continue;
        }
        let features: Vec<&[f64]> = others().map(|e| e.evidence.values()).collect();
        let outcomes: Vec<bool> = others().map(&outcome).collect();
        let model = Logistic::fit(&features, &outcomes, penalty)?;
        for (i, example) in examples.iter().enumerate().filter(|(i, _)| folds[*i] == fold) {
            predicted[i] = model.predict(example.evidence.values());
        }
    }
    Ok(predicted)
}

fn log_loss(examples: &[Example], predicted: &[f64]) -> f64 {
    let losses = examples.iter().zip(predicted).map(|(e, p)| {
        let p = if e.correct { *p } else { 1.0 - p };
        -p.max(1e-15).ln()
    });
    losses.sum::<f64>() / examples.len() as f64
}

struct Choice {
    threshold: f64,
    coverage: f64,
    risk: f64,
}

fn threshold(examples: &[Example], predicted: &[f64], target_risk: f64) -> Choice {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by(|&a, &b| predicted[b].total_cmp(&predicted[a]).then(a.cmp(&b)));
    let mut choice = Choice { threshold: 1.0, coverage: 0.0, risk: 0.0 };
    let mut errors = 0;
    for (answered, &i) in (1..).zip(&order) {
        errors += usize::from(!examples[i].correct);
        let risk = errors as f64 / answered as f64;
        let next_differs = order.get(answered).is_none_or(|&next| predicted[next] < predicted[i]);
        if risk <= target_risk && next_differs {
            let coverage = answered as f64 / examples.len() as f64;
            choice = Choice { threshold: predicted[i], coverage, risk };
        }
    }
    choice
}

/// How decisions compare with labels on a set of topics.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DecisionReport {
    /// Labelled topics.
    pub n: usize,
    /// Share whose decision is the expected one.
    pub decision_accuracy: f64,
    /// Expected and given decisions, counted: `expected>given`.
    pub confusion: BTreeMap<String, usize>,
    /// Topics answered.
    pub answered: usize,
    /// Of those answered, how many from an acceptable document.
    pub answered_right: usize,
    /// Of the answers from the best document of a topic with quotes: how many hold all of them.
    pub quoted_all: usize,
    /// … and how many hold at least one.
    pub quoted_any: usize,
    /// … and how many such answers there are.
    pub quotable: usize,
    /// Share of the answerable topics answered rightly.
    pub answerable_recall: f64,
    /// Of the answerable topics that reached retrieval, how many had an acceptable winner.
    pub winner_right: usize,
    /// Answerable topics.
    pub answerable: usize,
    /// Ids of topics whose decision differs or whose answer is wrong, with what was given.
    pub misses: Vec<String>,
}

/// Asks every labelled topic and compares.
///
/// # Errors
/// [`Error`] when the engine fails.
pub fn decisions(engine: &Engine, topics: &[Topic], today: Date) -> Result<DecisionReport, Error> {
    let mut report = DecisionReport {
        n: 0,
        decision_accuracy: 0.0,
        confusion: BTreeMap::new(),
        answered: 0,
        answered_right: 0,
        quoted_all: 0,
        quoted_any: 0,
        quotable: 0,
        answerable_recall: 0.0,
        winner_right: 0,
        answerable: 0,
        misses: Vec::new(),
    };
    let mut agreed = 0;
    ask_all(engine, topics, today, |topic, reply| {
        let Some(expected) = topic.expected else {
            return;
        };
        let given = reply.response.decision();
        report.n += 1;
        *report.confusion.entry(format!("{}>{given}", expected.as_str())).or_insert(0) += 1;
        let won = reply.winner.as_ref().is_some_and(|w| topic.accepts(&w.document));
        let answerable = expected == Expected::Answer;
        report.answerable += usize::from(answerable);
        report.winner_right += usize::from(answerable && won);
        let answered = matches!(reply.response, Response::Answer(_));
        report.answered += usize::from(answered);
        report.answered_right += usize::from(answered && answerable && won);
        let from_best =
            reply.winner.as_ref().is_some_and(|w| topic.documents.first() == Some(&w.document));
        if answered && from_best && !topic.quotes.is_empty() {
            let text = reply.response.text();
            let holds = |quote: &String| text.contains(quote.trim());
            report.quotable += 1;
            report.quoted_all += usize::from(topic.quotes.iter().all(holds));
            report.quoted_any += usize::from(topic.quotes.iter().any(holds));
        }
        agreed += usize::from(given == expected.as_str());
        if given != expected.as_str() || (answered && !won) {
            let winner = reply.winner.map(|w| w.to_string()).unwrap_or_default();
            let confidence = reply.verdict.map_or(0.0, |v| v.confidence.get());
            report.misses.push(format!(
                "{} {}>{given} {winner} {confidence:.3} {}",
                topic.id,
                expected.as_str(),
                topic.text
            ));
        }
    })?;
    report.decision_accuracy = agreed as f64 / report.n.max(1) as f64;
    report.answerable_recall = report.answered_right as f64 / report.answerable.max(1) as f64;
    Ok(report)
}
