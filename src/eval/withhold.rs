//! What does the engine say when the guidance that would answer is not there?
//!
//! For each of some answerable topics a snapshot is built from the same corpus without any
//! document that its label accepts, and the topic is asked. Whatever is still answered is wrong:
//! the right words do not exist. The rate stands beside a certificate, whose errors are of a
//! population in which most answerable messages have their document.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::EvalError;
use super::estimate::Interval;
use super::fit::query_of;
use super::significance::clopper_pearson;
use super::topic::{Expected, Topic};
use crate::answer::Response;
use crate::calibrate::Artifact;
use crate::embed::Embedder;
use crate::engine::Engine;
use crate::error::Error;
use crate::ids::{DocumentId, Fingerprint};
use crate::index::build::{BuildOptions, CountTokens, Progress, Quiet, Sources, build};
use crate::index::settings::Settings;
use crate::index::store::Store;

/// Level of the interval.
const LEVEL: f64 = 0.95;

/// What happened to topics whose documents were taken away.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Withheld {
    /// Topics asked, one a family.
    pub n: usize,
    /// Decisions given, counted: answer, clarify, handover, urgent.
    pub decisions: Vec<(String, usize)>,
    /// Answered: each is an error.
    pub answered: usize,
    /// Share answered.
    pub rate: f64,
    /// Exact interval of the share (Clopper and Pearson 1934), over families.
    pub interval: Interval,
    /// The answers, the surest first.
    pub answers: Vec<WrongAnswer>,
}

/// An answer given without the guidance that would have been right.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WrongAnswer {
    /// The topic.
    pub topic: String,
    /// Its message.
    pub text: String,
    /// The document quoted instead.
    pub document: String,
    /// How sure the engine was.
    pub confidence: f64,
}

/// What is needed to build and ask.
pub struct Withholding<'a> {
    /// The corpus.
    pub sources: &'a Sources,
    /// The embedder.
    pub embedder: &'a Arc<dyn Embedder>,
    /// How it counts tokens.
    pub count_tokens: CountTokens<'a>,
    /// The settings.
    pub settings: &'a Settings,
    /// The calibrator, else the built-in one.
    pub artifact: Option<&'a Artifact>,
    /// A folder for the snapshots; the cache of embeddings stays in it.
    pub folder: &'a Path,
    /// The day of asking.
    pub today: Date,
}

/// At most `most` answerable topics of as many families, in the order of a hash of seed and id, so
/// that neither the order of the file nor its length chooses.
pub fn pick(topics: &[Topic], most: usize, seed: u64) -> Vec<&Topic> {
    let may = |t: &&Topic| {
        t.expected == Some(Expected::Answer)
            && !t.documents.is_empty()
            && t.parts.is_empty()
            && t.conversation.is_none()
    };
    let place =
        |t: &&Topic| Fingerprint::of_parts([&seed.to_le_bytes()[..], t.id.as_str().as_bytes()]);
    let mut picked: Vec<&Topic> = topics.iter().filter(may).collect();
    picked.sort_by_key(|topic| (place(topic), topic.id.clone()));
    let mut families = std::collections::BTreeSet::new();
    picked.retain(|topic| families.insert(topic.family()));
    picked.truncate(most);
    picked
}

impl Withholding<'_> {
    /// Asks each topic of a corpus without its documents.
    ///
    /// # Errors
    /// [`EvalError`] when a snapshot cannot be built or asked.
    pub fn run(&self, topics: &[&Topic], progress: &dyn Progress) -> Result<Withheld, EvalError> {
        let mut decisions = [("answer", 0), ("clarify", 0), ("handover", 0), ("urgent", 0)];
        let mut answers = Vec::new();
        progress.begin("asking without the right documents", topics.len());
        for topic in topics {
            let engine = self.engine_without(&topic.documents)?;
            let reply = engine.reply(&query_of(topic, self.today))?;
            let given = reply.response.decision();
            for (name, count) in &mut decisions {
                *count += usize::from(*name == given);
            }
            if let Response::Answer(answer) = &reply.response {
                answers.push(WrongAnswer {
                    topic: topic.id.to_string(),
                    text: topic.text.clone(),
                    document: answer
                        .citations
                        .first()
                        .map(|citation| citation.document.to_string())
                        .unwrap_or_default(),
                    confidence: answer.confidence.get(),
                });
            }
            progress.advance(1);
        }
        progress.end();
        answers.sort_by(|a, b| {
            b.confidence.total_cmp(&a.confidence).then_with(|| a.topic.cmp(&b.topic))
        });
        let (n, answered) = (topics.len(), answers.len());
        Ok(Withheld {
            n,
            decisions: decisions.map(|(name, count)| (name.to_owned(), count)).to_vec(),
            answered,
            rate: answered as f64 / n.max(1) as f64,
            interval: clopper_pearson(answered, n, LEVEL),
            answers,
        })
    }

    fn engine_without(&self, documents: &[DocumentId]) -> Result<Engine, Error> {
        let sources = self.sources.without(documents);
        let store = Store::new(self.folder);
        build(
            &store,
            &sources,
            self.embedder,
            self.count_tokens,
            self.settings,
            BuildOptions::default(),
            &Quiet,
        )?;
        let mut builder = Engine::builder(self.folder).embedder(Arc::clone(self.embedder));
        if let Some(artifact) = self.artifact {
            builder = builder.calibrator(artifact.clone());
        }
        builder.open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: &str, family: &str, expected: &str) -> Topic {
        let line = serde_json::json!({
            "_id": id, "text": "x", "family": family, "expected": expected,
            "documents": if expected == "answer" { vec!["d"] } else { vec![] },
        });
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn picks_are_answerable_one_a_family_and_do_not_depend_on_the_order() {
        let mut topics: Vec<Topic> =
            (0..30).map(|i| topic(&format!("t{i}"), &format!("f{}", i % 10), "answer")).collect();
        topics.push(topic("no", "g", "handover"));
        let ids = |topics: &[Topic], seed| {
            pick(topics, 8, seed).iter().map(|t| t.id.to_string()).collect::<Vec<_>>()
        };
        let first = ids(&topics, 1);
        assert_eq!(first.len(), 8);
        assert!(!first.contains(&"no".to_owned()));
        topics.reverse();
        assert_eq!(ids(&topics, 1), first);
        assert_ne!(ids(&topics, 2), first);
        assert_eq!(pick(&topics, 50, 1).len(), 10);
    }
}
