//! Topics: messages with what is expected of them, one JSON object a line.
//!
//! A set may open with a line that says what it is: `{"_set": {"name": "inbox", "split": "test",
//! "sensitive": true, "labelled_by": "two nurses"}}`. Of a set that is sensitive no error shows
//! any content, not even an id: file, line and column only. BEIR's `queries.jsonl` (`_id`, `text`)
//! reads as topics without labels; keys that it holds beside those are left aside, but not beside
//! labels or under such a first line, where they may be labels misspelt. Labels that contradict
//! each other are refused. Whether a quote still stands in its document is not known here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::format_error::FormatError;
use super::open::open;
use crate::ids::{DocumentId, IdError, Locality, Nation, Programme, TopicId};

/// What a message should lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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

/// What a set of topics says about itself in its first line, `{"_set": {…}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetHeader {
    /// Name for reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its texts, answers and ids must appear nowhere: see
    /// [`sensitive`](super::sensitive).
    #[serde(default)]
    pub sensitive: bool,
    /// Which part of a larger set it is: `fit`, `calibrate`, `dev` or `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Who labelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled_by: Option<String>,
}

/// Topics with what the set says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicSet {
    /// The first line, or its defaults.
    pub header: SetHeader,
    /// The topics, in the order of the file.
    pub topics: Vec<Topic>,
}

impl TopicSet {
    /// Writes the set so that it reads back equal: the header unless it says nothing, then a topic
    /// a line.
    ///
    /// # Errors
    /// The error of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.header != SetHeader::default() {
            serde_json::to_writer(&mut *out, &HeaderLine { set: self.header.clone() })?;
            out.write_all(b"\n")?;
        }
        for topic in &self.topics {
            serde_json::to_writer(&mut *out, topic)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The first line of a file of topics, where the set says what it is.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderLine {
    /// What the set says about itself.
    #[serde(rename = "_set")]
    set: SetHeader,
}

/// A message with an id, and with labels where it has any. A line with labels holds no other keys
/// than these; on a line without labels others are left aside, as BEIR's queries have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("if" = is_labelled(), "then" = holds_known_keys()))]
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
    /// The questions of a message that asks several, in its order; empty for a single one. The
    /// labels of the topic itself are then those of the whole: urgent where any part is, else
    /// answer where any part can be answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<TopicPart>,
    /// The conversation it is a turn of. Turns of one conversation follow each other in the file,
    /// in the order in which they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// One question of a message that asks several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicPart {
    /// Its words, as in the message.
    pub text: String,
    /// What it should lead to.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// Why it should not be answered.
    #[serde(default)]
    pub reason: Option<String>,
    /// Documents that acceptably answer it, best first.
    #[serde(default)]
    pub documents: Vec<DocumentId>,
    /// Whether the corpus answers it.
    #[serde(default)]
    pub answerable: Option<bool>,
}

impl Topic {
    /// Whether a document acceptably answers the message or one of its questions.
    pub fn accepts(&self, document: &DocumentId) -> bool {
        self.documents.contains(document)
            || self.parts.iter().any(|part| part.documents.contains(document))
    }

    /// The family, or the id of a topic without one.
    pub fn family(&self) -> &str {
        if self.family.is_empty() { self.id.as_str() } else { &self.family }
    }
}

/// Why a file of topics cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The file cannot be opened, read or unpacked.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A line is not a topic.
    #[error("{}:{line}: {message}; {cure}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// A line of a sensitive set is not a topic. Nothing of the line is kept.
    #[error("{}:{line}{}: {what}; {cure} (the set is sensitive: its content is not shown)", .path.display(), Column(*.column))]
    Sensitive {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1, where it is known.
        column: Option<usize>,
        /// What is wrong, in words that hold whatever the line says.
        what: &'static str,
        /// What to do about it.
        cure: &'static str,
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

struct Column(Option<usize>);

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// Reads topics for whoever will show them, one JSON object a line; blank lines and the line about
/// the set are skipped.
///
/// # Errors
/// [`TopicError`] naming file and line, and for every sensitive set.
pub fn read_topics(path: &Path) -> Result<Vec<Topic>, TopicError> {
    let set = read_topic_set(path)?;
    if set.header.sensitive {
        return Err(TopicError::Sensitive {
            path: path.to_owned(),
            line: 1,
            column: None,
            what: "the set is sensitive, and this command shows ids and texts",
            cure: "use `guidepost eval run`, which withholds them",
        });
    }
    Ok(set.topics)
}

/// Reads topics, one JSON object a line, plain or packed (gz, zstd), with what their first line
/// says about the set; blank lines are skipped.
///
/// # Errors
/// [`TopicError`] naming file and line; of a sensitive set it holds no content.
pub fn read_topic_set(path: &Path) -> Result<TopicSet, TopicError> {
    read_with_ignored_keys(path).map(|(set, _)| set)
}

/// The set, and how often each key that it does not know was left aside.
pub(super) fn read_with_ignored_keys(
    path: &Path,
) -> Result<(TopicSet, BTreeMap<String, usize>), TopicError> {
    let mut reader = Reader::new(path);
    let mut file = open(path)?;
    let mut row = Vec::new();
    let mut line = 0;
    loop {
        row.clear();
        let read = file.read_until(b'\n', &mut row);
        if read.map_err(|source| FormatError::io(path, source))? == 0 {
            return Ok((reader.set, reader.ignored_keys));
        }
        line += 1;
        let bytes = if line == 1 { without_mark(&row) } else { &row };
        reader.take(line, bytes).map_err(|fault| reader.error(line, fault))?;
    }
}

/// A line without the byte order mark that some editors put first.
fn without_mark(row: &[u8]) -> &[u8] {
    row.strip_prefix("\u{feff}".as_bytes()).unwrap_or(row)
}

const CURE_TOPIC: &str = "each line must be a JSON object with `_id` and `text`";
const CURE_HEADER: &str =
    "the first line may be `{\"_set\": {…}}` with `name`, `sensitive`, `split`, `labelled_by`";

/// Keys that make a line a labelled topic.
const LABELS: [&str; 8] =
    ["family", "expected", "reason", "documents", "quotes", "answerable", "slices", "parts"];
/// Keys that any line may hold.
const OTHERS: [&str; 6] = ["_id", "text", "programme", "nation", "locality", "conversation"];

/// Schema of a line with a label.
fn is_labelled() -> serde_json::Value {
    let labels = LABELS.map(|key| serde_json::json!({ "required": [key] }));
    serde_json::json!({ "anyOf": labels })
}

/// Schema of a line whose keys are all known.
fn holds_known_keys() -> serde_json::Value {
    let known: Vec<&str> = OTHERS.into_iter().chain(LABELS).collect();
    serde_json::json!({ "propertyNames": { "enum": known } })
}

/// What is wrong with a line: once in words that may quote it, once in words that cannot.
#[derive(Debug)]
struct Fault {
    message: String,
    what: &'static str,
    column: Option<usize>,
    cure: &'static str,
    /// The id and the line where it stood first, when that is what is wrong.
    duplicate: Option<(TopicId, usize)>,
}

impl Fault {
    fn new(what: &'static str, cure: &'static str) -> Fault {
        Fault { message: what.to_owned(), what, column: None, cure, duplicate: None }
    }

    fn json(error: &serde_json::Error, cure: &'static str) -> Fault {
        use serde_json::error::Category;
        let what = match error.classify() {
            Category::Syntax => "not valid JSON",
            Category::Eof => "the JSON ends too early",
            Category::Data => "a key is missing, unknown or twice, or a value is of the wrong kind",
            Category::Io => "the line cannot be read",
        };
        let full = error.to_string();
        let place = full.rfind(" at line ").unwrap_or(full.len());
        let column = Some(error.column()).filter(|&column| column > 0);
        let at = column.map_or_else(String::new, |column| format!(" at column {column}"));
        let message = format!("{}{at}", &full[..place]);
        Fault { message, what, column, cure, duplicate: None }
    }
}

/// Topics read so far.
struct Reader<'a> {
    path: &'a Path,
    set: TopicSet,
    has_header: bool,
    /// Whether errors must hold no content.
    is_sensitive: bool,
    /// Whether a line that is not blank has been seen.
    has_begun: bool,
    first_lines: HashMap<TopicId, usize>,
    ignored_keys: BTreeMap<String, usize>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path) -> Self {
        Reader {
            path,
            set: TopicSet::default(),
            has_header: false,
            is_sensitive: false,
            has_begun: false,
            first_lines: HashMap::new(),
            ignored_keys: BTreeMap::new(),
        }
    }

    fn take(&mut self, line: usize, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.trim_ascii().is_empty() {
            return Ok(());
        }
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        // Until the first line is understood, what names the word is taken at its word.
        self.is_sensitive |= is_first && names_sensitive(bytes);
        let row = std::str::from_utf8(bytes).map_err(|error| Fault {
            column: Some(error.valid_up_to() + 1),
            ..Fault::new("not UTF-8", "save the file as UTF-8")
        })?;
        let Keys(keys) =
            serde_json::from_str(row).map_err(|error| Fault::json(&error, CURE_TOPIC))?;
        if keys.iter().any(|key| key == "_set") {
            return self.take_header(row, is_first);
        }
        self.take_topic(line, row, keys)?;
        if is_first {
            self.is_sensitive = false;
        }
        Ok(())
    }

    fn take_header(&mut self, row: &str, is_first: bool) -> Result<(), Fault> {
        if !is_first {
            return Err(Fault::new("`_set` after the first line", CURE_HEADER));
        }
        let parsed: HeaderLine =
            serde_json::from_str(row).map_err(|error| Fault::json(&error, CURE_HEADER))?;
        self.has_header = true;
        self.is_sensitive = parsed.set.sensitive;
        self.set.header = parsed.set;
        Ok(())
    }

    fn take_topic(&mut self, line: usize, row: &str, keys: Vec<String>) -> Result<(), Fault> {
        let topic: Topic =
            serde_json::from_str(row).map_err(|error| Fault::json(&error, CURE_TOPIC))?;
        let is_labelled = self.has_header || keys.iter().any(|key| LABELS.contains(&key.as_str()));
        for key in keys {
            if LABELS.contains(&key.as_str()) || OTHERS.contains(&key.as_str()) {
                continue;
            }
            if is_labelled || key.starts_with('_') {
                return Err(unknown_key(&key));
            }
            *self.ignored_keys.entry(key).or_default() += 1;
        }
        check_labels(&topic)?;
        if let Some(first) = self.first_lines.insert(topic.id.clone(), line) {
            let duplicate = Some((topic.id, first));
            return Err(Fault {
                duplicate,
                ..Fault::new("an id stands twice", "ids must be unique")
            });
        }
        self.set.topics.push(topic);
        Ok(())
    }

    fn error(&self, line: usize, fault: Fault) -> TopicError {
        let path = self.path.to_owned();
        let Fault { message, what, column, cure, duplicate } = fault;
        match duplicate {
            _ if self.is_sensitive => TopicError::Sensitive { path, line, column, what, cure },
            Some((id, first)) => TopicError::Duplicate { path, line, id, first },
            None => TopicError::Line { path, line, message, cure },
        }
    }
}

fn names_sensitive(bytes: &[u8]) -> bool {
    bytes.to_ascii_lowercase().windows(9).any(|window| window == b"sensitive")
}

fn unknown_key(key: &str) -> Fault {
    let known = || LABELS.into_iter().chain(OTHERS);
    let meant = known().find(|known| known.eq_ignore_ascii_case(key.trim()));
    let hint = meant.map_or_else(
        || format!("; known: {}", known().collect::<Vec<_>>().join(", ")),
        |meant| format!("; did you mean `{meant}`"),
    );
    let cure = "take it out, or write it as it is known";
    Fault { message: format!("unknown key `{key}`{hint}"), ..Fault::new("a key is unknown", cure) }
}

/// Labels must not contradict each other.
fn check_labels(topic: &Topic) -> Result<(), Fault> {
    let is_answer = topic.expected == Some(Expected::Answer);
    let fault = |what, cure| Err(Fault::new(what, cure));
    if !topic.quotes.is_empty() && topic.documents.is_empty() {
        return fault(
            "`quotes` without `documents`",
            "name the document that the quotes stand in first in `documents`",
        );
    }
    if topic.quotes.iter().any(|quote| quote.trim().is_empty()) {
        return fault("a quote is blank", "quote the sentence, or take the quote out");
    }
    let mut documents: Vec<&DocumentId> = topic.documents.iter().collect();
    documents.sort_unstable();
    if documents.windows(2).any(|pair| pair[0] == pair[1]) {
        return fault("a document stands twice in `documents`", "name each document once");
    }
    if is_answer && topic.documents.is_empty() {
        return fault(
            "`expected` is `answer` but `documents` is empty",
            "name the documents that acceptably answer, best first",
        );
    }
    if is_answer && topic.reason.is_some() {
        return fault(
            "`expected` is `answer` but there is a `reason` not to answer",
            "take one of the two out",
        );
    }
    if topic.parts.iter().any(|part| part.text.trim().is_empty()) {
        return fault("a part is blank", "give its words, or take the part out");
    }
    if is_answer && topic.answerable == Some(false) {
        return fault(
            "`expected` is `answer` but `answerable` is false",
            "put one of the two right",
        );
    }
    Ok(())
}

/// The keys of a JSON object, in order.
pub(super) struct Keys(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(KeysVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: impl AsRef<[u8]>) -> Result<TopicSet, TopicError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        fs_err::write(&path, text.as_ref()).unwrap();
        read_topic_set(&path)
    }

    #[track_caller]
    fn check(text: impl AsRef<[u8]>, expected: &str) {
        let found = match read(text) {
            Ok(set) => format!("{} topics", set.topics.len()),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn lines_read_or_are_named() {
        check("{\"_id\":\"1\",\"text\":\"a\"}\n\n{\"_id\":\"2\",\"text\":\"\"}\n", "2 topics");
        check(
            "{\"_id\":\"1\",\"text\":\"a\"}\n{\"_id\":\"1\",\"text\":\"b\"}\n",
            "t.jsonl:2: id `1` stands already at line 1",
        );
        check("{\"_id\":\"1\"}\n", "t.jsonl:1: missing field `text` at column 11; each line");
        check("{\"_id\":\"a b\",\"text\":\"\"}\n", "t.jsonl:1:");
        check("\u{feff}{\"_id\":\"1\",\"text\":\"a\"}\r\n", "1 topics");
        check("[\"1\",\"a\"]", "t.jsonl:1: invalid type: sequence, expected an object");
        check("{\"_id\":\"1\",\"text\":\"a\",\"text\":\"b\"}", "duplicate field `text`");
        check(b"\n{\"_id\":\"\xff\"}", "t.jsonl:2: not UTF-8");
        check("", "0 topics");
    }

    #[test]
    fn queries_of_beir_may_hold_other_keys_but_labelled_topics_may_not() {
        check(r#"{"_id":"1","text":"a","metadata":{"url":"u"}}"#, "1 topics");
        check(r#"{"_id":"1","text":"a","_sets":{"sensitive":true}}"#, "a key is unknown");
        check(
            r#"{"_id":"1","text":"a","family":"f","metadata":{}}"#,
            "unknown key `metadata`; known",
        );
        check(
            r#"{"_id":"1","text":"a","slices":[],"Expected":"answer"}"#,
            "did you mean `expected`",
        );
        check(
            "{\"_set\":{}}\n{\"_id\":\"1\",\"text\":\"a\",\"expcted\":\"urgent\"}",
            "t.jsonl:2: unknown key",
        );
        check(r#"{"_id":"1","text":"a","programme":"breast","channel":"x"}"#, "1 topics");
    }

    #[test]
    fn labels_must_not_contradict_each_other() {
        let topic = |labels: &str| format!(r#"{{"_id":"1","text":"a",{labels}}}"#);
        check(topic(r#""expected":"answer","documents":["d"],"quotes":["q"]"#), "1 topics");
        check(topic(r#""expected":"handover","reason":"personal""#), "1 topics");
        check(topic(r#""expected":"answer""#), "`documents` is empty; name the documents");
        check(topic(r#""quotes":["q"]"#), "`quotes` without `documents`");
        check(topic(r#""documents":["d"],"quotes":[" "]"#), "a quote is blank");
        check(topic(r#""documents":["d","e","d"]"#), "stands twice");
        check(topic(r#""expected":"answer","documents":["d"],"reason":"x""#), "a `reason` not to");
        check(topic(r#""expected":"answer","documents":["d"],"answerable":false"#), "is false");
        check(topic(r#""expected":"maybe""#), "unknown variant `maybe`");
    }

    #[test]
    fn a_set_says_what_it_is_in_its_first_line_only() {
        let header = r#"{"_set":{"name":"n","sensitive":true,"split":"dev","labelled_by":"us"}}"#;
        let set = read(format!("\n{header}\n{{\"_id\":\"1\",\"text\":\"a\"}}")).unwrap();
        assert!(set.header.sensitive);
        assert_eq!(set.header.name.as_deref(), Some("n"));
        assert_eq!(set.topics.len(), 1);
        check(
            "{\"_id\":\"1\",\"text\":\"a\"}\n{\"_set\":{}}",
            "t.jsonl:2: `_set` after the first line",
        );
        check(r#"{"_set":{"nam":"x"}}"#, "unknown field `nam`");
        check(r#"{"_set":{},"_id":"1"}"#, "unknown field `_id`");
    }

    #[test]
    fn errors_of_a_sensitive_set_hold_file_line_and_column_only() {
        let canary = "canary7";
        let header = r#"{"_set":{"sensitive":true}}"#;
        let row = |id: &str, rest: &str| format!(r#"{{"_id":"{id}","text":"{canary}"{rest}}}"#);
        let bodies = [
            row("a canary7", ""),
            row("1", r#","canary7":1"#),
            row("1", r#","expected":"canary7""#),
            row("1", r#","documents":"canary7""#),
            row("1", r#","nation":"canary7""#),
            row("1", r#","programme":"Canary7""#),
            format!("{}\n{}", row("canary7", ""), row("canary7", "")),
            format!("canary7 {}", row("1", "")),
            r#"{"_id":"canary7","text":"canary7"#.to_owned(),
            r#"{"_id":"canary7"}"#.to_owned(),
            format!(r#"{{"_set":{{"name":"{canary}"}}}}"#),
        ];
        for body in bodies {
            let error = read(format!("{header}\n{body}\n")).unwrap_err();
            let shown = format!("{error} {error:?}").to_lowercase();
            assert!(!shown.contains(canary), "{shown}");
            assert!(shown.contains("t.jsonl:2") || shown.contains("t.jsonl:3"), "{shown}");
            assert!(std::error::Error::source(&error).is_none());
        }
        // A header that cannot be understood is taken at its word.
        for header in [
            r#"{"_set":{"sensitive":"canary7"}}"#,
            r#"{"_set":{"Sensitive":true,"name":"canary7"}}"#,
            r#"{"_sett":{"sensitive":true,"canary7":true}}"#,
            r#"{"_set":{"sensitive":true,"canary7":1}}"#,
            "sensitive canary7",
        ] {
            let error = read(format!("{header}\n{}\n", row("1", ""))).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(canary) && shown.contains("t.jsonl:1"), "{shown}");
        }
        let error = read(format!("{header}\n{}", row("1", r#","nation":7"#))).unwrap_err();
        assert!(error.to_string().contains("t.jsonl:2:"), "{error}");
    }

    #[test]
    fn sets_in_the_repository_read() {
        for name in ["screening-fit", "screening-dev"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/topics");
            let set = read_topic_set(&folder.join(format!("{name}.jsonl"))).unwrap();
            assert!(set.topics.iter().all(|topic| topic.expected.is_some()));
        }
    }

    #[test]
    fn packed_files_read_as_plain_ones() {
        let plain = b"{\"_id\":\"1\",\"text\":\"a\"}\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(plain).unwrap();
        assert_eq!(read(packed.finish().unwrap()).unwrap(), read(plain).unwrap());
        assert_eq!(
            read(zstd::encode_all(plain.as_slice(), 3).unwrap()).unwrap(),
            read(plain).unwrap()
        );
    }

    fn some_topic() -> impl Strategy<Value = Topic> {
        let ids = prop::collection::btree_set("[a-z#]{1,4}", 0..3);
        let words = prop::collection::vec("\\PC{0,8}[a-z]", 0..3);
        let expected = prop::option::of(prop::sample::select(vec![
            Expected::Answer,
            Expected::Clarify,
            Expected::Handover,
            Expected::Urgent,
        ]));
        let text = "[\\PC\n\t\"]{0,20}";
        ("[!-~]{1,8}", text, "[a-z]{0,2}", expected, ids, words).prop_map(
            |(id, text, family, expected, documents, words)| {
                let has_documents = !documents.is_empty();
                let expected = expected.filter(|e| *e != Expected::Answer || has_documents);
                Topic {
                    id: TopicId::new(id).unwrap(),
                    text,
                    family,
                    expected,
                    reason: (expected == Some(Expected::Handover)).then(|| "r".to_owned()),
                    documents: documents.iter().map(|d| DocumentId::new(d).unwrap()).collect(),
                    quotes: if has_documents { words.clone() } else { Vec::new() },
                    programme: has_documents.then(|| Programme::new("breast").unwrap()),
                    nation: expected.map(|_| Nation::Wales),
                    locality: None,
                    answerable: (expected != Some(Expected::Answer)).then_some(false),
                    slices: words,
                    parts: Vec::new(),
                    conversation: None,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_set_reads_back_as_it_was_written(
            topics in prop::collection::vec(some_topic(), 0..8),
            name in prop::option::of("\\PC{0,8}"),
            sensitive in any::<bool>(),
        ) {
            let topics: BTreeMap<TopicId, Topic> =
                topics.into_iter().map(|topic| (topic.id.clone(), topic)).collect();
            let header = SetHeader { name, sensitive, split: None, labelled_by: None };
            let set = TopicSet { header, topics: topics.into_values().collect() };
            let mut bytes = Vec::new();
            set.write(&mut bytes).unwrap();
            prop_assert_eq!(read(&bytes).unwrap(), set);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&bytes);
        }
    }
}
