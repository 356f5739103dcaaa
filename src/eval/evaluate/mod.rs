//! Values of measures for every judged topic of a run.
//!
//! - Every topic of the qrels has a value, as with trec_eval's `-c` and in ir_measures: a judged
//!   topic that the run lacks scores 0, and so does one without relevant documents. Topics of
//!   the run that are not judged have no value. Both are listed in the [`Coverage`], and
//!   [`Coverage::complete`] turns them into an error.
//! - [`evaluate_stream`] gives the same numbers as [`evaluate`], bit for bit, at any thread
//!   count, without holding the run in memory.
//!
//! Knows nothing of averages, intervals and families: those are made from the values.

mod blocks;
mod chunks;
mod gather;
mod judge;
mod stream;

use serde::Serialize;

use self::judge::{Hit, Judge};
use super::measure::Measure;
use super::trec::{Qrels, Run};

pub use stream::evaluate_stream;

/// Values of measures by topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PerTopic {
    /// The topics of the qrels, bytewise ascending.
    pub topics: Vec<String>,
    /// The measures, in the order they were asked for.
    pub measures: Vec<Measure>,
    /// The values: `values[measure][topic]`.
    pub values: Vec<Vec<f64>>,
    /// Where qrels and run do not speak of the same topics.
    pub coverage: Coverage,
}

impl PerTopic {
    /// The mean over all topics of the measure at a place; not a number without topics.
    pub fn mean(&self, measure: usize) -> f64 {
        let values = self.values.get(measure).map(Vec::as_slice).unwrap_or_default();
        values.iter().sum::<f64>() / values.len() as f64
    }
}

/// Where qrels and run do not speak of the same topics; topics bytewise ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Judged topics the run has no hits for; their values are 0.
    pub missing: Vec<String>,
    /// Topics of the run without judgements; they have no value.
    pub unjudged: Vec<String>,
    /// Judged topics of which no document has a grade above 0. Their values are 0 whatever is
    /// found (`Judged` apart), which lowers every mean: as trec_eval has it.
    pub without_relevant: Vec<String>,
}

/// Why a run cannot be taken for a whole run over the judged topics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// Judged topics have no hits.
    #[error("{count} judged topics have no hits, `{first}` the first; run them or judge less")]
    Missing {
        /// How many.
        count: usize,
        /// The first, bytewise.
        first: String,
    },
    /// Topics with hits are not judged.
    #[error(
        "{count} topics of the run are not judged, `{first}` the first; are these the right qrels?"
    )]
    Unjudged {
        /// How many.
        count: usize,
        /// The first, bytewise.
        first: String,
    },
}

impl Coverage {
    /// Demands that run and qrels hold the same topics.
    ///
    /// # Errors
    /// [`CoverageError`] where they do not.
    pub fn complete(&self) -> Result<(), CoverageError> {
        if let Some(first) = self.missing.first() {
            let first = first.clone();
            return Err(CoverageError::Missing { count: self.missing.len(), first });
        }
        if let Some(first) = self.unjudged.first() {
            let first = first.clone();
            return Err(CoverageError::Unjudged { count: self.unjudged.len(), first });
        }
        Ok(())
    }
}

/// Values of the measures for every topic of the qrels.
pub fn evaluate(qrels: &Qrels, run: &Run, measures: &[Measure]) -> PerTopic {
    let mut table = Table::new(qrels, measures);
    let mut judge = Judge::default();
    for (place, (topic, judgements)) in qrels.topics().enumerate() {
        if let Some(hits) = run.of(topic) {
            let hits = hits.iter().zip(1..);
            let hits = hits.map(|(hit, line)| Hit::new(&hit.document, hit.score, line));
            judge.take(judgements, hits);
            let ranking = judge.ranking();
            let values: Vec<f64> = measures.iter().map(|measure| measure.value(&ranking)).collect();
            table.set(place, &values);
        }
    }
    let unjudged = run.topics().filter(|(topic, _)| qrels.of(topic).is_none());
    table.finish(unjudged.map(|(topic, _)| topic.to_owned()).collect())
}

/// Values as they come in, topic by topic.
struct Table {
    result: PerTopic,
    is_found: Vec<bool>,
}

impl Table {
    fn new(qrels: &Qrels, measures: &[Measure]) -> Self {
        let topics: Vec<String> = qrels.topics().map(|(topic, _)| topic.to_owned()).collect();
        let without_relevant = qrels
            .topics()
            .filter(|(_, judgements)| judgements.iter().all(|judgement| judgement.grade < 1))
            .map(|(topic, _)| topic.to_owned())
            .collect();
        Self {
            is_found: vec![false; topics.len()],
            result: PerTopic {
                values: vec![vec![0.0; topics.len()]; measures.len()],
                topics,
                measures: measures.to_vec(),
                coverage: Coverage { without_relevant, ..Coverage::default() },
            },
        }
    }

    fn set(&mut self, topic: usize, values: &[f64]) {
        self.is_found[topic] = true;
        for (column, value) in self.result.values.iter_mut().zip(values) {
            column[topic] = *value;
        }
    }

    fn finish(mut self, mut unjudged: Vec<String>) -> PerTopic {
        unjudged.sort_unstable();
        let topics = self.result.topics.iter().zip(&self.is_found);
        self.result.coverage.missing =
            topics.filter(|(_, is_found)| !**is_found).map(|(topic, _)| topic.clone()).collect();
        self.result.coverage.unjudged = unjudged;
        self.result
    }
}

#[cfg(test)]
mod tests;
