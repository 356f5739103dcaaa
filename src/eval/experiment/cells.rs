//! What systems said, topic by topic, kept under a hash of everything it depends on.
//!
//! A cell is one system on one dataset with one seed. Its key covers the system's resolved
//! settings, the snapshot, the calibrator, the topics and judgements, depth, day, seed and the very
//! program that runs, so that no change of any of them can bring back an old result. Rows are
//! appended as they come; a run that is killed goes on where it was. A finished cell is renamed into
//! place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use crate::durable;
use crate::eval::topic::Expected;
use crate::ids::Fingerprint;

/// A quote with the document it is said to stand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cited {
    /// The document.
    pub document: String,
    /// The quote.
    pub quote: String,
}

/// What a system said to one topic. Everything but the id may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The topic.
    #[serde(rename = "_id")]
    pub topic: String,
    /// Documents with scores, best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Vec<(String, f64)>>,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Expected>,
    /// The best document, answered from or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// How sure the system is that this document answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The answer's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<Vec<Cited>>,
    /// Scores and evidence in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Row {
    /// A row that says nothing.
    pub fn empty(topic: impl Into<String>) -> Row {
        Row {
            topic: topic.into(),
            ranking: None,
            decision: None,
            document: None,
            confidence: None,
            answer: None,
            citations: None,
            why: None,
        }
    }

    /// Checks numbers and that no document stands twice.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.confidence.is_some_and(|c| !c.is_finite()) {
            return Err("gave a confidence that is not finite");
        }
        let Some(ranking) = &self.ranking else {
            return Ok(());
        };
        if ranking.windows(2).any(|pair| pair[0].1 < pair[1].1) {
            return Err("gave a ranking whose scores increase; write the best first");
        }
        let mut seen = BTreeSet::new();
        for (document, score) in ranking {
            if !score.is_finite() {
                return Err("gave a score that is not finite");
            }
            if document.is_empty() || document.contains(char::is_whitespace) {
                return Err("ranked a document whose id is empty or holds a blank");
            }
            if !seen.insert(document) {
                return Err("ranked a document twice");
            }
        }
        Ok(())
    }
}

/// Reads rows of answers, one JSON object a line, by topic.
///
/// # Errors
/// [`ExperimentError::Line`] naming file and line, without quoting it.
pub fn read_rows(path: &Path) -> Result<BTreeMap<String, Row>, ExperimentError> {
    let bytes = crate::eval::open::read(path).map_err(|e| std::io::Error::other(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| ExperimentError::Line {
        path: path.to_owned(),
        line: 1,
        message: "the file is not UTF-8".to_owned(),
    })?;
    let mut rows = BTreeMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let wrong =
            |message: String| ExperimentError::Line { path: path.to_owned(), line, message };
        let row: Row = serde_json::from_str(text).map_err(|e| {
            wrong(format!(
                "{:?} error at column {}; write one object with `_id`, and `decision`, `document`, `confidence` or `ranking` where the system has them",
                e.classify(),
                e.column()
            ))
        })?;
        row.check().map_err(|message| wrong(format!("the system {message}")))?;
        if rows.contains_key(&row.topic) {
            return Err(wrong(
                "its topic stands on an earlier line already; keep one of the two".to_owned(),
            ));
        }
        rows.insert(row.topic.clone(), row);
    }
    Ok(rows)
}

/// First line of a cell's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// Key of the cell: a hash of everything its rows depend on.
    cell: Fingerprint,
    /// Rows of the finished cell.
    topics: usize,
}

/// The folder of cells.
#[derive(Debug, Clone)]
pub struct Cells {
    root: PathBuf,
}

impl Cells {
    /// The cells in a folder; it is made when something is written.
    pub fn new(root: impl Into<PathBuf>) -> Cells {
        Cells { root: root.into() }
    }

    fn path(&self, key: Fingerprint) -> PathBuf {
        self.root.join(format!("{key}.jsonl"))
    }

    fn partial(&self, key: Fingerprint) -> PathBuf {
        self.root.join(format!("{key}.partial"))
    }

    /// The rows of a finished cell, in the order of its topics.
    ///
    /// # Errors
    /// [`ExperimentError`] when a file cannot be read; one that is damaged counts as absent.
    pub fn finished(
        &self,
        key: Fingerprint,
        topics: &[&str],
    ) -> Result<Option<Vec<Row>>, ExperimentError> {
        let path = self.path(key);
        if !path.exists() {
            return Ok(None);
        }
        let rows = parse(&fs_err::read_to_string(&path)?, key, topics);
        Ok((rows.len() == topics.len()).then_some(rows))
    }

    /// Asks what is missing of a cell, keeping every chunk as it comes.
    ///
    /// # Errors
    /// Of `ask` and of the files.
    pub fn complete<E: From<ExperimentError>>(
        &self,
        key: Fingerprint,
        topics: &[&str],
        chunk: usize,
        mut ask: impl FnMut(std::ops::Range<usize>) -> Result<Vec<Row>, E>,
    ) -> Result<Vec<Row>, E> {
        let io = |source: std::io::Error| E::from(ExperimentError::Read { source });
        fs_err::create_dir_all(&self.root).map_err(io)?;
        let partial = self.partial(key);
        let mut rows = match fs_err::read_to_string(&partial) {
            Ok(text) => parse(&text, key, topics),
            Err(_) => Vec::new(),
        };
        // What a kill tore in two is written again from the last whole row on.
        let head = serde_json::to_string(&Head { cell: key, topics: topics.len() });
        let mut text = head.map_err(|e| io(e.into()))? + "\n";
        for row in &rows {
            push(&mut text, row).map_err(io)?;
        }
        durable::write(&partial, text.as_bytes()).map_err(io)?;
        let mut file = fs_err::OpenOptions::new().append(true).open(&partial).map_err(io)?;
        while rows.len() < topics.len() {
            let end = (rows.len() + chunk.max(1)).min(topics.len());
            let fresh = ask(rows.len()..end)?;
            let mut text = String::new();
            for row in &fresh {
                push(&mut text, row).map_err(io)?;
            }
            file.write_all(text.as_bytes()).map_err(io)?;
            rows.extend(fresh);
        }
        file.sync_all().map_err(io)?;
        durable::rename(&partial, &self.path(key)).map_err(io)?;
        Ok(rows)
    }
}

fn push(text: &mut String, row: &Row) -> std::io::Result<()> {
    text.push_str(&serde_json::to_string(row)?);
    text.push('\n');
    Ok(())
}

/// Rows of a file as far as it is whole: the right head, then the topics in their order.
fn parse(text: &str, key: Fingerprint, topics: &[&str]) -> Vec<Row> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let head: Option<Head> = lines.next().and_then(|line| serde_json::from_str(line).ok());
    if head != Some(Head { cell: key, topics: topics.len() }) {
        return Vec::new();
    }
    lines
        .zip(topics)
        .map_while(|(line, topic)| {
            serde_json::from_str::<Row>(line).ok().filter(|row| row.topic == **topic)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPICS: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn row(topic: &str) -> Row {
        Row { confidence: Some(1.0 / 3.0), ..Row::empty(topic) }
    }

    fn rows(range: std::ops::Range<usize>) -> Vec<Row> {
        TOPICS[range].iter().map(|t| row(t)).collect()
    }

    #[test]
    fn a_cell_goes_on_where_it_was_cut_and_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cells = Cells::new(folder.path());
        let key = Fingerprint::of(b"one");
        let stopped = cells.complete(key, &TOPICS, 2, |range| {
            if range.start == 2 {
                return Err(ExperimentError::Plan { message: "stop".to_owned() });
            }
            Ok(rows(range))
        });
        assert!(stopped.is_err());
        assert_eq!(cells.finished(key, &TOPICS).unwrap(), None);
        // A torn last line is no row.
        let partial = cells.partial(key);
        let whole = fs_err::read_to_string(&partial).unwrap();
        fs_err::write(&partial, &whole[..whole.len() - 3]).unwrap();
        let mut asked = Vec::new();
        let all = cells.complete(key, &TOPICS, 2, |range| {
            asked.push(range.start);
            Ok::<_, ExperimentError>(rows(range))
        });
        assert_eq!(asked, [1, 3]);
        let all: Vec<Row> = all.unwrap();
        assert_eq!(all, rows(0..5));
        assert_eq!(cells.finished(key, &TOPICS).unwrap(), Some(all));
        assert!(!partial.exists());
        // Other topics under the same key, or another key, find nothing.
        assert_eq!(cells.finished(key, &TOPICS[..4]).unwrap(), None);
        assert_eq!(cells.finished(Fingerprint::of(b"two"), &TOPICS).unwrap(), None);
    }

    #[test]
    fn answers_that_do_not_read_are_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let check = |text: &str, expected: &str| {
            fs_err::write(&path, text).unwrap();
            let error = read_rows(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        };
        check("{\"_id\":\"a\"}\n{\"_id\":\"a\"}\n", "a.jsonl:2: its topic stands");
        check("{\"_id\":\"a\",\"decision\":\"secret\"}\n", "a.jsonl:1: Data error");
        check("{\"_id\":\"a\",\"ranking\":[[\"d\",1],[\"d\",0.5]]}\n", "a document twice");
    }
}
