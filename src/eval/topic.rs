//! Topics: messages with what is expected of them, one JSON object a line.
//!
//! BEIR's `queries.jsonl` (`_id`, `text`) reads as topics without labels.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ids::{DocumentId, IdError, Locality, Nation, Programme, TopicId};

/// What a message should lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// An answer from approved guidance.
    Answer,
    /// A question back.
    Clarify,
    /// A person.
    Handover,
    /// An urgent fixed text.
    Urgent,
}

impl Expected {
    /// The decision's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Expected::Answer => "answer",
            Expected::Clarify => "clarify",
            Expected::Handover => "handover",
            Expected::Urgent => "urgent",
        }
    }
}

/// A message with an id, and with labels where it has any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Id.
    #[serde(rename = "_id")]
    pub id: TopicId,
    /// The message.
    pub text: String,
    /// Topics that ask the same thing; the independent unit. Empty: the topic is its own family.
    #[serde(default)]
    pub family: String,
    /// What it should lead to.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// Why it should not be answered.
    #[serde(default)]
    pub reason: Option<String>,
    /// Documents that acceptably answer it, best first.
    #[serde(default)]
    pub documents: Vec<DocumentId>,
    /// Sentences of the best document that answer it, verbatim.
    #[serde(default)]
    pub quotes: Vec<String>,
    /// The programme the channel is for.
    #[serde(default)]
    pub programme: Option<Programme>,
    /// The nation the person is known to be in.
    #[serde(default)]
    pub nation: Option<Nation>,
    /// The local service asked.
    #[serde(default)]
    pub locality: Option<Locality>,
    /// Whether the corpus answers it.
    #[serde(default)]
    pub answerable: Option<bool>,
    /// Groups it is reported under.
    #[serde(default)]
    pub slices: Vec<String>,
}

impl Topic {
    /// The family, or the id of a topic without one.
    pub fn family(&self) -> &str {
        if self.family.is_empty() { self.id.as_str() } else { &self.family }
    }
}

/// Why a file of topics cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The file cannot be read.
    #[error("topics cannot be read")]
    Io(#[from] std::io::Error),
    /// A line is not a topic.
    #[error("{}:{line}: {message}; each line must be a JSON object with `_id` and `text`", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// An id stands twice.
    #[error("{}:{line}: id `{id}` stands already at line {first}; ids must be unique", .path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The id.
        id: TopicId,
        /// Where it stood first.
        first: usize,
    },
    /// A topic has no label where one is needed.
    #[error("{}: topic `{id}` has no `expected`; label it or leave it out", .path.display())]
    Unlabelled {
        /// The file.
        path: PathBuf,
        /// The topic.
        id: TopicId,
    },
    /// An id cannot stand in a run file.
    #[error(transparent)]
    Id(#[from] IdError),
}

/// Reads topics, one JSON object a line; blank lines are skipped.
///
/// # Errors
/// [`TopicError`] naming file and line.
pub fn read_topics(path: &Path) -> Result<Vec<Topic>, TopicError> {
    let text = fs_err::read_to_string(path)?;
    let mut first_line = std::collections::HashMap::new();
    let mut topics: Vec<Topic> = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        if row.trim().is_empty() {
            continue;
        }
        let topic: Topic = serde_json::from_str(row).map_err(|error| TopicError::Line {
            path: path.to_owned(),
            line,
            message: error.to_string(),
        })?;
        if let Some(first) = first_line.insert(topic.id.clone(), line) {
            return Err(TopicError::Duplicate { path: path.to_owned(), line, id: topic.id, first });
        }
        topics.push(topic);
    }
    Ok(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        fs_err::write(&path, text).unwrap();
        let found = match read_topics(&path) {
            Ok(topics) => format!("{} topics", topics.len()),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn lines_read_or_are_named() {
        check("{\"_id\":\"1\",\"text\":\"a\"}\n\n{\"_id\":\"2\",\"text\":\"\"}\n", "2 topics");
        check(
            "{\"_id\":\"1\",\"text\":\"a\"}\n{\"_id\":\"1\",\"text\":\"b\"}\n",
            "t.jsonl:2: id `1`",
        );
        check("{\"_id\":\"1\"}\n", "t.jsonl:1: missing field `text`");
        check("{\"_id\":\"a b\",\"text\":\"\"}\n", "t.jsonl:1:");
    }
}
