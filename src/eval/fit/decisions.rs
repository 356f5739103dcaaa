//! What an engine decides on labelled topics, counted.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::ask_all;
use crate::answer::Response;
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::topic::{Expected, Topic};

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
