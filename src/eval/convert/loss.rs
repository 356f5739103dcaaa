//! What a conversion leaves out, counted and with a few examples.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::eval::intents::OUT_OF_SCOPE;
use crate::eval::topic::{Expected, Topic, TopicSet};
use crate::eval::trec::columns::run_line;
use crate::eval::trec::{Qrels, Run, Scored};

/// Examples kept of each kind.
const EXAMPLES: usize = 5;

/// Kinds of things that a target cannot hold.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Loss {
    /// Topics that expect something else than an answer.
    Decision,
    /// Topics for which no judgement is written.
    NotJudged,
    /// Topics that are neither one label nor out of scope.
    NotOneLabel,
    /// Topics whose text is blank.
    BlankText,
    /// Texts of topics.
    Text,
    /// Reasons not to answer.
    Reason,
    /// Families.
    Family,
    /// Quotes.
    Quotes,
    /// Programme, nation, locality.
    Scope,
    /// Slices.
    Slices,
    /// Whether the corpus answers, where the decision does not imply it.
    Answerable,
    /// That documents are in order, the best first.
    DocumentOrder,
    /// What the set says about itself.
    Header,
    /// Grades above 1.
    Grade,
    /// Judgements that a document is not relevant.
    NotRelevant,
    /// Queries that the split does not judge.
    UnjudgedQuery,
    /// Other splits of the folder.
    OtherSplit,
    /// The documents of the folder.
    Corpus,
    /// Keys that the reader does not know.
    Key,
    /// How labels are spelt.
    LabelSpelling,
    /// Comments.
    Comment,
    /// Second columns that are not `0` or `Q0`.
    SecondColumn,
    /// Tags other than the last one.
    Tag,
    /// Scores that were lowered because two hits tied.
    TiedScore,
}

impl Loss {
    /// What is left out, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Loss::Decision => "decisions other than `answer`",
            Loss::NotJudged => {
                "topics without a judgement: not to be answered, or no document named"
            }
            Loss::NotOneLabel => "topics that are neither one label nor out of scope",
            Loss::BlankText => "topics whose text is blank",
            Loss::Text => "texts of topics",
            Loss::Reason => "reasons not to answer",
            Loss::Family => "families",
            Loss::Quotes => "topics with quotes",
            Loss::Scope => "topics with a programme, nation or locality",
            Loss::Slices => "topics with slices",
            Loss::Answerable => "topics whose `answerable` differs from the decision",
            Loss::DocumentOrder => "topics with several documents, the best first",
            Loss::Header => "what the set says about itself",
            Loss::Grade => "grades above 1",
            Loss::NotRelevant => "judgements of grade 0 and below",
            Loss::UnjudgedQuery => "queries that the split does not judge",
            Loss::OtherSplit => "other splits",
            Loss::Corpus => "documents of the folder",
            Loss::Key => "unknown keys",
            Loss::LabelSpelling => "labels spelt another way",
            Loss::Comment => "comments",
            Loss::SecondColumn => "second columns that are not `0` or `Q0`",
            Loss::Tag => "tags of hits other than the last one",
            Loss::TiedScore => "scores, lowered so that no two hits tie",
        }
    }
}

/// Something left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// What.
    pub what: Loss,
    /// How often.
    pub n: usize,
    /// The first few: ids of topics, or names.
    pub examples: Vec<String>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.what.as_str(), self.n)?;
        if !self.examples.is_empty() {
            let more = if self.n > self.examples.len() { ", …" } else { "" };
            write!(f, ": {}{more}", self.examples.join(", "))?;
        }
        f.write_str(")")
    }
}

/// What has been left out so far.
#[derive(Debug, Default)]
pub(super) struct Losses {
    found: BTreeMap<Loss, LeftOut>,
}

impl Losses {
    pub(super) fn add(&mut self, what: Loss, example: &str) {
        self.add_n(what, 1, example);
    }

    pub(super) fn add_if(&mut self, is_lost: bool, what: Loss, example: &str) {
        if is_lost {
            self.add(what, example);
        }
    }

    fn add_n(&mut self, what: Loss, n: usize, example: &str) {
        let empty = LeftOut { what, n: 0, examples: Vec::new() };
        let entry = self.found.entry(what).or_insert(empty);
        entry.n += n;
        let is_new = entry.examples.last().is_none_or(|last| last != example);
        if is_new && entry.examples.len() < EXAMPLES {
            entry.examples.push(example.to_owned());
        }
    }

    pub(super) fn into_list(self) -> Vec<LeftOut> {
        self.found.into_values().collect()
    }

    /// Keys that a reader left aside.
    pub(super) fn of_keys(&mut self, keys: BTreeMap<String, usize>) {
        for (key, n) in keys {
            self.add_n(Loss::Key, n, &key);
        }
    }

    /// Labels that neither judgements nor labels of intents hold.
    pub(super) fn of_labels(&mut self, set: &TopicSet, keeps_out_of_scope: bool) {
        let header = &set.header;
        for value in [&header.name, &header.split, &header.labelled_by].into_iter().flatten() {
            self.add(Loss::Header, value);
        }
        for topic in &set.topics {
            self.of_topic(topic, keeps_out_of_scope);
        }
    }

    fn of_topic(&mut self, topic: &Topic, keeps_out_of_scope: bool) {
        let is_answer = topic.expected == Some(Expected::Answer);
        let is_kept = keeps_out_of_scope && topic.reason.as_deref() == Some(OUT_OF_SCOPE);
        let has_scope =
            topic.programme.is_some() || topic.nation.is_some() || topic.locality.is_some();
        let lost = [
            (topic.expected.is_some() && !is_answer && !is_kept, Loss::Decision),
            (topic.reason.is_some() && !is_kept, Loss::Reason),
            (!topic.family.is_empty(), Loss::Family),
            (!topic.quotes.is_empty(), Loss::Quotes),
            (has_scope, Loss::Scope),
            (!topic.slices.is_empty(), Loss::Slices),
            (topic.answerable.is_some_and(|answerable| answerable != is_answer), Loss::Answerable),
        ];
        for (is_lost, what) in lost {
            self.add_if(is_lost, what, topic.id.as_str());
        }
    }

    /// Grades that acceptable documents do not have.
    pub(super) fn of_grades(&mut self, qrels: Option<&Qrels>) {
        for (topic, judgements) in qrels.iter().flat_map(|qrels| qrels.topics()) {
            for judgement in judgements {
                self.add_if(judgement.grade > 1, Loss::Grade, topic);
                self.add_if(judgement.grade < 1, Loss::NotRelevant, topic);
            }
        }
    }

    /// What stands in a file of judgements beside topic, document and grade.
    pub(super) fn of_qrels_columns(&mut self, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines() {
            if line.starts_with('#') {
                self.add_n(Loss::Comment, 1, "");
            } else if let [_, second, _, _] = columns(line)[..] {
                self.add_if(second != "0" && second != "Q0", Loss::SecondColumn, second);
            }
        }
        self.without_blank_examples();
    }

    /// What stands in a run beside topic, document and score, and what is changed in writing it.
    pub(super) fn of_run_columns(&mut self, bytes: &[u8], run: &Run) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let line = line.trim_start();
            if line.starts_with('#') {
                self.add_n(Loss::Comment, 1, "");
            } else if let [_, second, _, _, _, tag] = columns(line)[..] {
                self.add_if(second != "0" && second != "Q0", Loss::SecondColumn, second);
                self.add_if(tag != run.tag, Loss::Tag, tag);
            }
        }
        self.without_blank_examples();
        for (topic, hits) in run.topics() {
            let n = lowered(topic, hits);
            if n > 0 {
                self.add_n(Loss::TiedScore, n, topic);
            }
        }
    }

    fn without_blank_examples(&mut self) {
        for left_out in self.found.values_mut() {
            left_out.examples.retain(|example| !example.is_empty());
        }
    }
}

fn columns(line: &str) -> Vec<&str> {
    line.split_ascii_whitespace().collect()
}

/// How many scores of a topic are written as another number.
fn lowered(topic: &str, hits: &[Scored]) -> usize {
    let mut one = Run::new("t");
    let mut bytes = Vec::new();
    if one.push(topic, hits.to_vec()).is_err() || one.write_trec(&mut bytes).is_err() {
        return 0;
    }
    let text = String::from_utf8_lossy(&bytes);
    let written = text.lines().filter_map(|line| run_line(line).ok().flatten());
    written.zip(hits).filter(|(row, hit)| row.score.to_bits() != hit.score.to_bits()).count()
}
