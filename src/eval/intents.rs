//! Intent sets: utterances with a label, one JSON object (`_id`, `text`, `label`) a line.
//!
//! A label is a document: the importer makes one document of the training utterances of each
//! label, under the id that [`label_document`] gives. Labels that begin with `oos` are out of
//! scope: no document answers. Each utterance is its own family, since a shared label is a shared
//! answer, not a shared question.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::beir::for_each_line;
use super::format_error::FormatError;
use super::topic::{Expected, Keys, Topic};
use super::trec::Qrels;
use crate::ids::{DocumentId, IdError, TopicId};

/// Why an out-of-scope utterance is handed over: the sets mean questions of other fields.
pub const OUT_OF_SCOPE: &str = "out_of_scope_far";
/// How labels of out-of-scope utterances begin.
const OUT_OF_SCOPE_LABEL: &str = "oos";
const CURE: &str = "write one object a line with the texts `_id`, `text` and `label`";

/// A message with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// Id.
    pub id: TopicId,
    /// The message.
    pub text: String,
    /// The label as the set spells it.
    pub label: String,
    /// The document that the label stands for; none where it is out of scope.
    pub document: Option<DocumentId>,
}

/// An intent set, in the order of its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntentSet {
    /// The messages.
    pub utterances: Vec<Utterance>,
    /// Keys beside `_id`, `text` and `label` that were left aside, and how often.
    pub ignored_keys: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    id: TopicId,
    text: String,
    label: String,
}

/// Whether a label says that no document answers.
pub fn is_out_of_scope(label: &str) -> bool {
    label.starts_with(OUT_OF_SCOPE_LABEL)
}

/// The id of the document that a label stands for: the label, with blanks as underscores.
///
/// # Errors
/// [`IdError`] when the label is empty or longer than an id may be.
pub fn label_document(label: &str) -> Result<DocumentId, IdError> {
    let parts = label.split(|c: char| c.is_whitespace() || c.is_control());
    DocumentId::new(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_"))
}

/// Reads an intent set; blank lines are skipped.
///
/// # Errors
/// [`FormatError`] naming file and line: not such an object, an id twice, a message without text,
/// a label that cannot be an id or whose id another label has.
pub fn read_intents(path: &Path) -> Result<IntentSet, FormatError> {
    let mut set = IntentSet::default();
    let mut first_lines: BTreeMap<TopicId, usize> = BTreeMap::new();
    let mut labels: BTreeMap<DocumentId, String> = BTreeMap::new();
    for_each_line(path, |line, row| {
        if row.trim().is_empty() {
            return Ok(());
        }
        let json = |error| FormatError::json(path, line, &error, CURE);
        let Keys(keys) = serde_json::from_str(row).map_err(json)?;
        let Line { id, text, label } = serde_json::from_str(row).map_err(json)?;
        for key in keys.into_iter().filter(|key| !["_id", "text", "label"].contains(&key.as_str()))
        {
            *set.ignored_keys.entry(key).or_default() += 1;
        }
        if let Some(first) = first_lines.insert(id.clone(), line) {
            let message = format!("id `{id}` stands already at line {first}");
            return Err(FormatError::line(path, line, message, "ids must be unique"));
        }
        if text.trim().is_empty() {
            return Err(FormatError::line(path, line, "the text is blank", "take the line out"));
        }
        let document = document_of(&label, &mut labels)
            .map_err(|message| FormatError::line(path, line, message, "rename the label"))?;
        set.utterances.push(Utterance { id, text, label, document });
        Ok(())
    })?;
    if set.utterances.is_empty() {
        return Err(FormatError::file(path, "no utterances", CURE));
    }
    Ok(set)
}

fn document_of(
    label: &str,
    labels: &mut BTreeMap<DocumentId, String>,
) -> Result<Option<DocumentId>, String> {
    if is_out_of_scope(label) {
        return Ok(None);
    }
    let document = label_document(label).map_err(|error| error.to_string())?;
    let first = labels.entry(document.clone()).or_insert_with(|| label.to_owned());
    if first != label {
        return Err(format!("the labels `{first}` and `{label}` have the same id `{document}`"));
    }
    Ok(Some(document))
}

impl IntentSet {
    /// The utterances as topics: an answer from the label's document, or handed over as
    /// [`OUT_OF_SCOPE`].
    pub fn topics(&self) -> Vec<Topic> {
        self.utterances.iter().map(topic).collect()
    }

    /// Judgements: the label's document at grade 1. Out-of-scope utterances have none.
    pub fn qrels(&self) -> Qrels {
        let mut qrels = Qrels::new();
        for Utterance { id, document, .. } in &self.utterances {
            if let Some(document) = document {
                qrels.insert(id.as_str(), document.as_str(), 1);
            }
        }
        qrels
    }
}

fn topic(utterance: &Utterance) -> Topic {
    let is_answered = utterance.document.is_some();
    Topic {
        id: utterance.id.clone(),
        text: utterance.text.clone(),
        family: String::new(),
        expected: Some(if is_answered { Expected::Answer } else { Expected::Handover }),
        reason: (!is_answered).then(|| OUT_OF_SCOPE.to_owned()),
        documents: utterance.document.iter().cloned().collect(),
        quotes: Vec::new(),
        programme: None,
        nation: None,
        locality: None,
        answerable: Some(is_answered),
        slices: Vec::new(),
        parts: Vec::new(),
        conversation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::topic::{TopicSet, read_topics};

    fn read(text: &str) -> Result<IntentSet, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("i.jsonl");
        fs_err::write(&path, text).unwrap();
        read_intents(&path)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match read(text) {
            Ok(set) => format!("{} utterances", set.utterances.len()),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    }

    fn line(id: &str, label: &str) -> String {
        format!("{{\"_id\":\"{id}\",\"text\":\"t {id}\",\"label\":\"{label}\"}}\n")
    }

    #[test]
    fn lines_read_or_are_named() {
        check(&(line("1", "a") + "\n" + &line("2", "oos")), "2 utterances");
        check(&(line("1", "a") + &line("1", "b")), "i.jsonl:2: id `1` stands already at line 1");
        check(&(line("1", "a b") + &line("2", "a_b")), "i.jsonl:2: the labels `a b` and `a_b`");
        check(&line("1", " "), "i.jsonl:1: a document id must not be empty; rename");
        check("{\"_id\":\"1\",\"text\":\"x\"}", "i.jsonl:1: column 22: missing field `label`");
        check("{\"_id\":\"1\",\"text\":\" \",\"label\":\"a\"}", "the text is blank");
        check("", "no utterances");
    }

    #[test]
    fn utterances_become_topics_that_read_as_topics_and_judgements() {
        let set = read(&(line("1", "a b") + &line("2", "oos_chat") + &line("3", "c"))).unwrap();
        let topics = set.topics();
        assert_eq!(topics[0].documents[0].as_str(), "a_b");
        assert_eq!(topics[1].expected, Some(Expected::Handover));
        assert_eq!(topics[1].reason.as_deref(), Some(OUT_OF_SCOPE));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let mut bytes = Vec::new();
        TopicSet { topics: topics.clone(), ..TopicSet::default() }.write(&mut bytes).unwrap();
        fs_err::write(&path, bytes).unwrap();
        assert_eq!(read_topics(&path).unwrap(), topics);
        let qrels = set.qrels();
        assert_eq!(qrels.len(), 2);
        assert_eq!(qrels.of("1").unwrap()[0].document, "a_b");
        assert!(qrels.of("2").is_none());
    }
}
