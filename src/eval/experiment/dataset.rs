//! A dataset as an experiment uses it: topics, judgements, families, and what may be shown.
//!
//! The corpus belongs to it as a path; what is built from it is [`super::system`]'s business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::definition::{CutPlan, DatasetPlan, Places};
use crate::eval::beir::read_queries;
use crate::eval::error::EvalError;
use crate::eval::format_error::FormatError;
use crate::eval::intents::read_intents;
use crate::eval::report::model::Input;
use crate::eval::sensitive::{Key, SMALLEST_CELL, keyed_id, suppress_parts};
use crate::eval::significance::Families;
use crate::eval::topic::{Expected, Topic, TopicError, read_topic_set};
use crate::eval::trec::{Judgement, Qrels};
use crate::ids::Fingerprint;

/// Where the documents of a dataset come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorpusSource {
    /// A folder of Markdown documents.
    Folder(PathBuf),
    /// A `corpus.jsonl`, and how it is cut.
    Lines(PathBuf, CutPlan),
    /// Utterances of an intent set, one document a label.
    Intents(PathBuf),
}

/// A dataset, loaded.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// As planned.
    pub plan: DatasetPlan,
    /// Topics, in the order of their file.
    pub topics: Vec<Topic>,
    /// Judgements of the topics that guidance answers.
    pub qrels: Qrels,
    /// Whether topics say what is expected of them.
    pub has_decisions: bool,
    /// Whether texts, answers and ids are withheld.
    pub sensitive: bool,
    /// Its documents.
    pub corpus: Option<CorpusSource>,
    /// Hash of topics and judgements.
    pub fingerprint: Fingerprint,
    /// Files that went in.
    pub inputs: Vec<Input>,
    key: Option<Key>,
}

impl Dataset {
    /// Loads a dataset.
    ///
    /// # Errors
    /// [`EvalError`] naming file, line and cure.
    pub fn load(
        plan: &DatasetPlan,
        places: &Places,
        key: Option<&Key>,
    ) -> Result<Dataset, EvalError> {
        let resolve =
            |name: &Option<String>| name.as_deref().map(|n| places.resolve(n)).transpose();
        let loaded = Loaded::read(plan, places)
            .map_err(|e| if plan.sensitive { without_content(e, &plan.name) } else { e })?;
        let sensitive = plan.sensitive || loaded.sensitive;
        if sensitive && key.is_none() {
            return Err(ExperimentError::Dataset {
                dataset: plan.name.clone(),
                message: "is sensitive and needs a key for its ids: put 32 random bytes as 64 \
                          hexadecimal digits into a file outside the repository and name it with \
                          GUIDEPOST_ID_KEY"
                    .to_owned(),
            }
            .into());
        }
        if sensitive && loaded.topics.len() < 2 * SMALLEST_CELL {
            let message = format!(
                "is sensitive and holds fewer than {} topics: nothing of it can be shown",
                2 * SMALLEST_CELL
            );
            return Err(ExperimentError::Dataset { dataset: plan.name.clone(), message }.into());
        }
        if loaded.topics.is_empty() {
            let message = "holds no topic to ask".to_owned();
            return Err(ExperimentError::Dataset { dataset: plan.name.clone(), message }.into());
        }
        let mut inputs: Vec<Input> = Vec::new();
        let mut prints = Vec::new();
        for (role, path) in loaded.files {
            let print = Fingerprint::of(&fs_err::read(&path)?);
            // The hash of a small sensitive file could be guessed at; it is keyed like an id.
            let shown = match (sensitive, key) {
                (true, Some(key)) => keyed_id(key, &print.to_string()),
                _ => print.to_string(),
            };
            inputs.push(Input {
                role: role.to_owned(),
                name: format!("{} {}", plan.name, plan.split),
                fingerprint: shown,
            });
            prints.push(print);
        }
        let corpus = match (resolve(&plan.corpus)?, resolve(&plan.intents)?) {
            (Some(path), _) if path.is_dir() => Some(CorpusSource::Folder(path)),
            (Some(path), _) => Some(CorpusSource::Lines(path, plan.cut)),
            (None, Some(path)) => Some(CorpusSource::Intents(path)),
            (None, None) => None,
        };
        Ok(Dataset {
            plan: plan.clone(),
            topics: loaded.topics,
            qrels: loaded.qrels,
            has_decisions: loaded.has_decisions,
            sensitive,
            corpus,
            fingerprint: match (sensitive, key) {
                (true, Some(key)) => {
                    let keyed: Vec<String> =
                        prints.iter().map(|p| keyed_id(key, &p.to_string())).collect();
                    Fingerprint::of_parts(keyed.iter().map(String::as_bytes))
                }
                _ => Fingerprint::of_parts(prints.iter().map(|p| p.as_bytes().as_slice())),
            },
            inputs,
            key: if sensitive { key.cloned() } else { None },
        })
    }

    /// Name and split.
    pub fn label(&self) -> String {
        format!("{}/{}", self.plan.name, self.plan.split)
    }

    /// Topics with a relevant document; `None` where a sensitive set's counts are small.
    pub fn answerable(&self) -> Option<usize> {
        let relevant = |(_, js): &(&str, &[Judgement])| js.iter().any(|j| j.grade > 0);
        let answerable = self.qrels.topics().filter(relevant).count();
        if !self.sensitive {
            return Some(answerable);
        }
        let others = self.topics.len().saturating_sub(answerable);
        suppress_parts(&[answerable, others], SMALLEST_CELL).into_iter().next().flatten()
    }

    /// Whether texts and answers may stand in a report.
    pub fn shows_text(&self) -> bool {
        self.plan.show_text && !self.sensitive
    }

    /// A topic's or family's id as a report may show it: keyed where the set is sensitive.
    pub fn shown(&self, id: &str) -> String {
        match &self.key {
            Some(key) => keyed_id(key, id),
            None => id.to_owned(),
        }
    }

    /// An error about a file that speaks of this set: without content where it is sensitive.
    pub fn withheld(&self, error: EvalError) -> EvalError {
        if self.sensitive { without_content(error, &self.plan.name) } else { error }
    }

    /// Family of each topic, by id.
    pub fn family_of(&self) -> BTreeMap<&str, &str> {
        self.topics.iter().map(|t| (t.id.as_str(), t.family())).collect()
    }

    /// Families of some topics, in their order.
    pub fn families<S: AsRef<str>>(&self, topics: &[S]) -> Families {
        let of = self.family_of();
        let families: Vec<&str> =
            topics.iter().map(|t| of.get(t.as_ref()).copied().unwrap_or(t.as_ref())).collect();
        Families::of(&families)
    }
}

/// An error about a file of a sensitive set without what it may quote of it: where, at most.
pub fn without_content(error: EvalError, dataset: &str) -> EvalError {
    let (path, line) = match error {
        EvalError::Topics(
            TopicError::Line { path, line, .. }
            | TopicError::Duplicate { path, line, .. }
            | TopicError::Format(FormatError::Line { path, line, .. }),
        )
        | EvalError::Format(FormatError::Line { path, line, .. }) => (path, line),
        // These quote nothing of a file.
        EvalError::Experiment(_)
        | EvalError::Io(_)
        | EvalError::Format(FormatError::Io { .. } | FormatError::Json { .. })
        | EvalError::Topics(
            TopicError::Sensitive { .. }
            | TopicError::Format(FormatError::Io { .. } | FormatError::Json { .. }),
        ) => return error,
        _ => {
            let message =
                "a file of it is damaged (the set is sensitive: its content is not shown)";
            let (dataset, message) = (dataset.to_owned(), message.to_owned());
            return ExperimentError::Dataset { dataset, message }.into();
        }
    };
    let message = "the line is damaged, or stands twice; correct it (the set is sensitive: its \
                   content is not shown)";
    ExperimentError::Line { path, line, message: message.to_owned() }.into()
}

#[derive(Default)]
struct Loaded {
    topics: Vec<Topic>,
    qrels: Qrels,
    has_decisions: bool,
    sensitive: bool,
    files: Vec<(&'static str, PathBuf)>,
}

impl Loaded {
    fn read(plan: &DatasetPlan, places: &Places) -> Result<Loaded, EvalError> {
        let mut loaded = Loaded::default();
        let resolve =
            |name: &Option<String>| name.as_deref().map(|n| places.resolve(n)).transpose();
        if let Some(path) = resolve(&plan.topics)? {
            loaded.topics(&path)?;
        } else if let (Some(queries), Some(qrels)) =
            (resolve(&plan.queries)?, resolve(&plan.qrels)?)
        {
            loaded.queries(&queries, &qrels, plan)?;
        } else if let Some(path) = resolve(&plan.utterances)? {
            loaded.intents(&path)?;
        }
        Ok(loaded)
    }

    fn topics(&mut self, path: &Path) -> Result<(), EvalError> {
        let set = read_topic_set(path)?;
        self.sensitive = set.header.sensitive;
        self.judge(set.topics);
        self.files.push(("topics", path.to_owned()));
        Ok(())
    }

    fn queries(
        &mut self,
        queries: &Path,
        qrels: &Path,
        plan: &DatasetPlan,
    ) -> Result<(), EvalError> {
        self.qrels = Qrels::read(qrels)?;
        let mut known: BTreeMap<String, Topic> =
            read_queries(queries)?.into_iter().map(|t| (t.id.as_str().to_owned(), t)).collect();
        for (topic, _) in self.qrels.topics() {
            let Some(topic) = known.remove(topic) else {
                let which =
                    if plan.sensitive { "a topic".to_owned() } else { format!("topic `{topic}`") };
                let message = format!(
                    "the qrels judge {which}, which the queries do not hold; both must come from the same set"
                );
                return Err(ExperimentError::Dataset { dataset: plan.name.clone(), message }.into());
            };
            self.topics.push(topic);
        }
        self.files.extend([("queries", queries.to_owned()), ("qrels", qrels.to_owned())]);
        Ok(())
    }

    fn intents(&mut self, path: &Path) -> Result<(), EvalError> {
        self.judge(read_intents(path)?.topics());
        self.files.push(("utterances", path.to_owned()));
        Ok(())
    }

    /// Judgements of labelled topics: every acceptable document has grade 1.
    fn judge(&mut self, topics: Vec<Topic>) {
        for topic in &topics {
            if topic.expected == Some(Expected::Answer) {
                for document in &topic.documents {
                    self.qrels.insert(topic.id.as_str(), document.as_str(), 1);
                }
            }
        }
        self.has_decisions = topics.iter().any(|t| t.expected.is_some());
        self.topics = topics;
    }
}
