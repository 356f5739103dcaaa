//! From one form of labels or hits to another, with a report of what the target cannot hold.
//!
//! Ways there are: run to (tie-proof) run; TREC and BEIR judgements to each other; topics, intent
//! sets and BEIR folders to topics, to judgements and to each other where the target can say it.
//! Nothing is lost in silence: whatever does not arrive is counted in [`Converted::left_out`]. A
//! sensitive set converts to topics only,
//! the one form that says so itself. Files are written whole; `.gz` and `.zst` names are written
//! packed. What is read fits in memory.

mod loss;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead as _, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::loss::Losses;
pub use self::loss::{LeftOut, Loss};
use super::beir::{BeirFolder, sensitive_queries};
use super::compress;
use super::format_error::FormatError;
use super::intents::{OUT_OF_SCOPE, is_out_of_scope, read_intents};
use super::open;
use super::topic::{Expected, Keys, Topic, TopicError, TopicSet, read_with_ignored_keys};
use super::trec::{Judgement, Qrels, Run};
use crate::durable;
use crate::ids::{DocumentId, IdError};

/// Forms of labels and hits.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Hits of a system: `topic Q0 document rank score tag`.
    TrecRun,
    /// Judgements: `topic 0 document grade`.
    TrecQrels,
    /// Judgements with tabs and a header.
    BeirQrels,
    /// A folder of queries, corpus and judgements.
    BeirFolder,
    /// Labelled messages, our own form.
    Topics,
    /// Utterances with labels.
    Intents,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 6] = [
        Kind::TrecRun,
        Kind::TrecQrels,
        Kind::BeirQrels,
        Kind::BeirFolder,
        Kind::Topics,
        Kind::Intents,
    ];

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::TrecRun => "trec-run",
            Kind::TrecQrels => "trec-qrels",
            Kind::BeirQrels => "beir-qrels",
            Kind::BeirFolder => "beir-folder",
            Kind::Topics => "topics",
            Kind::Intents => "intents",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = IdError;

    fn from_str(value: &str) -> Result<Kind, IdError> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == value).ok_or_else(|| IdError::Unknown {
            what: "kind of file",
            value: value.to_owned(),
            known: "trec-run, trec-qrels, beir-qrels, beir-folder, topics, intents",
        })
    }
}

/// A conversion asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion<'a> {
    /// File or folder to read.
    pub from: &'a Path,
    /// What it is; without it, told from its content by [`sniff`].
    pub from_kind: Option<Kind>,
    /// File or folder to write; `.gz` and `.zst` pack files.
    pub to: &'a Path,
    /// What to write.
    pub to_kind: Kind,
    /// Split of a BEIR folder to read or to write, such as `test`.
    pub split: &'a str,
}

/// What a conversion did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Converted {
    /// What was read.
    pub from: Kind,
    /// What was written.
    pub to: Kind,
    /// Topics written.
    pub topics: usize,
    /// Hits or judgements written; for topics, acceptable documents.
    pub rows: usize,
    /// What the target does not hold.
    pub left_out: Vec<LeftOut>,
}

impl Converted {
    /// The report in lines for a person.
    pub fn lines(&self) -> Vec<String> {
        let Converted { from, to, topics, rows, left_out } = self;
        let what = match to {
            Kind::TrecRun => "hits",
            Kind::TrecQrels | Kind::BeirQrels | Kind::BeirFolder => "judgements",
            Kind::Topics => "acceptable documents",
            Kind::Intents => "labels",
        };
        let first = format!("{from} to {to}: {topics} topics, {rows} {what}");
        let others = left_out.iter().map(|left_out| format!("left out: {left_out}"));
        [first].into_iter().chain(others).collect()
    }
}

/// Why something cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A file cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A file of topics cannot be used.
    #[error(transparent)]
    Topics(#[from] TopicError),
    /// The content tells no kind.
    #[error("{}: cannot tell what this is; name its kind: trec-run, trec-qrels, beir-qrels, beir-folder, topics or intents", .path.display())]
    Unknown {
        /// The file or folder.
        path: PathBuf,
    },
    /// The target cannot say what the source says.
    #[error("{from} cannot become {to}: {why}")]
    NoWay {
        /// What is read.
        from: Kind,
        /// What was asked for.
        to: Kind,
        /// Why not.
        why: &'static str,
    },
    /// A sensitive set would lose the mark that says so.
    #[error("{}: a sensitive set converts to topics only: {to} cannot say that it is sensitive", .path.display())]
    Sensitive {
        /// The set.
        path: PathBuf,
        /// What was asked for.
        to: Kind,
    },
    /// A folder has no such split.
    #[error("{}: no split `{split}`; its splits: {known}", .path.display())]
    Split {
        /// The folder.
        path: PathBuf,
        /// The split asked for.
        split: String,
        /// The splits there are, separated by commas.
        known: String,
    },
    /// The name of a split would leave its folder.
    #[error("`{split}` cannot name a split; use letters, digits, `-` and `_`")]
    SplitName {
        /// The name.
        split: String,
    },
    /// A query that is judged is not there.
    #[error("{}: topic `{topic}` is judged in split `{split}`, but there is no such query", .path.display())]
    NoQuery {
        /// The queries.
        path: PathBuf,
        /// The topic.
        topic: String,
        /// The split.
        split: String,
    },
    /// A document id of judgements cannot be one of topics.
    #[error("{}: {source}", .path.display())]
    Id {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: IdError,
    },
    /// Nothing would be written.
    #[error("{}: nothing in it can be written as {to}", .path.display())]
    Nothing {
        /// The source.
        path: PathBuf,
        /// What was asked for.
        to: Kind,
    },
    /// The target cannot be written.
    #[error("{} cannot be written", .path.display())]
    Write {
        /// The target.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Tells the kind of a file or folder from its content.
///
/// # Errors
/// [`ConvertError`] when it cannot be read or is none of the kinds. No content is quoted.
pub fn sniff(path: &Path) -> Result<Kind, ConvertError> {
    if path.is_dir() {
        return Ok(BeirFolder::open(path).map(|_| Kind::BeirFolder)?);
    }
    let first = first_line(path)?;
    let first = std::str::from_utf8(&first).unwrap_or_default().trim_start_matches('\u{feff}');
    kind_of_line(first.trim()).ok_or_else(|| ConvertError::Unknown { path: path.to_owned() })
}

/// The first line that is neither blank nor a comment; empty where there is none.
fn first_line(path: &Path) -> Result<Vec<u8>, FormatError> {
    let mut file = open::open(path)?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = file.read_until(b'\n', &mut line);
        if n.map_err(|source| FormatError::io(path, source))? == 0 {
            return Ok(Vec::new());
        }
        let shown = line.trim_ascii();
        if !shown.is_empty() && !shown.starts_with(b"#") {
            return Ok(line);
        }
    }
}

fn kind_of_line(line: &str) -> Option<Kind> {
    if line.starts_with('{') {
        let Keys(keys) = serde_json::from_str(line).ok()?;
        let has = |name: &str| keys.iter().any(|key| key == name);
        return match () {
            () if has("_set") => Some(Kind::Topics),
            () if has("text") && has("label") => Some(Kind::Intents),
            () if has("_id") && has("text") => Some(Kind::Topics),
            () => None,
        };
    }
    if line.split('\t').map(str::trim).eq(["query-id", "corpus-id", "score"]) {
        return Some(Kind::BeirQrels);
    }
    match line.split_ascii_whitespace().count() {
        6 => Some(Kind::TrecRun),
        4 => Some(Kind::TrecQrels),
        _ => None,
    }
}

/// Converts a file or folder.
///
/// # Errors
/// [`ConvertError`]; nothing is written then.
pub fn convert(asked: &Conversion<'_>) -> Result<Converted, ConvertError> {
    let Conversion { from: path, to_kind: to, split, .. } = *asked;
    let from = asked.from_kind.map_or_else(|| sniff(path), Ok)?;
    refuse_way(from, to)?;
    let mut losses = Losses::default();
    let content = read(path, from, split, &mut losses)?;
    if content.is_sensitive() && to != Kind::Topics {
        return Err(ConvertError::Sensitive { path: path.to_owned(), to });
    }
    let written = render(content, to, split, &mut losses)?;
    let (topics, rows) = written.size();
    if topics == 0 || (rows == 0 && to != Kind::Topics) {
        return Err(ConvertError::Nothing { path: path.to_owned(), to });
    }
    written.store(asked.to, to)?;
    Ok(Converted { from, to, topics, rows, left_out: losses.into_list() })
}

fn refuse_way(from: Kind, to: Kind) -> Result<(), ConvertError> {
    use Kind::{BeirFolder, BeirQrels, Intents, Topics, TrecQrels, TrecRun};
    let why = match (from, to) {
        (TrecRun, TrecRun) | (TrecQrels | BeirQrels, TrecQrels | BeirQrels) => return Ok(()),
        (TrecRun, _) => "hits are no judgements and hold no text",
        (TrecQrels | BeirQrels, _) => {
            "judgements hold no text; convert the BEIR folder they are of"
        }
        (_, TrecRun) => "labels are no hits; `guidepost run` ranks documents for topics",
        (BeirFolder, BeirFolder) | (Intents, Intents) => "it is that already",
        (Topics | Intents | BeirFolder, _) => return Ok(()),
    };
    Err(ConvertError::NoWay { from, to, why })
}

/// What was read, in one of three shapes.
enum Content {
    Run(Run),
    Qrels(Qrels),
    /// Topics, and their graded judgements where the source has such.
    Topics(TopicSet, Option<Qrels>),
}

impl Content {
    fn is_sensitive(&self) -> bool {
        matches!(self, Content::Topics(set, _) if set.header.sensitive)
    }
}

fn read(
    path: &Path,
    kind: Kind,
    split: &str,
    losses: &mut Losses,
) -> Result<Content, ConvertError> {
    match kind {
        Kind::TrecRun => {
            let run = Run::read(path)?;
            losses.of_run_columns(&open::read(path)?, &run);
            Ok(Content::Run(run))
        }
        Kind::TrecQrels | Kind::BeirQrels => {
            let qrels = Qrels::read(path)?;
            losses.of_qrels_columns(&open::read(path)?);
            Ok(Content::Qrels(qrels))
        }
        Kind::Topics => {
            let (set, ignored) = read_with_ignored_keys(path)?;
            losses.of_keys(ignored);
            Ok(Content::Topics(set, None))
        }
        Kind::Intents => {
            let set = read_intents(path)?;
            for utterance in &set.utterances {
                let kept = utterance.document.as_ref().map_or("oos", DocumentId::as_str);
                losses.add_if(utterance.label != kept, Loss::LabelSpelling, &utterance.label);
            }
            losses.of_keys(set.ignored_keys.clone());
            let set = TopicSet { topics: set.topics(), ..TopicSet::default() };
            Ok(Content::Topics(set, None))
        }
        Kind::BeirFolder => read_folder(path, split, losses),
    }
}

fn read_folder(path: &Path, split: &str, losses: &mut Losses) -> Result<Content, ConvertError> {
    let folder = BeirFolder::open(path)?;
    let qrels = Qrels::read(qrels_of(path, &folder, split)?)?;
    let (set, ignored) = read_with_ignored_keys(&folder.queries)?;
    if set.header.sensitive {
        return Err(ConvertError::Topics(sensitive_queries(&folder.queries)));
    }
    losses.of_keys(ignored);
    for other in folder.qrels.keys().filter(|other| *other != split) {
        losses.add(Loss::OtherSplit, other);
    }
    losses.add_if(folder.corpus.is_some(), Loss::Corpus, "corpus.jsonl");
    let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
    for topic in set.topics {
        if qrels.of(topic.id.as_str()).is_some() {
            topics.insert(topic.id.to_string(), topic);
        } else {
            losses.add(Loss::UnjudgedQuery, topic.id.as_str());
        }
    }
    for (topic, judgements) in qrels.topics() {
        let no_query = || ConvertError::NoQuery {
            path: folder.queries.clone(),
            topic: topic.to_owned(),
            split: split.to_owned(),
        };
        let labelled = topics.get_mut(topic).ok_or_else(no_query)?;
        label(labelled, judgements)
            .map_err(|source| ConvertError::Id { path: path.to_owned(), source })?;
    }
    let mut set = TopicSet { topics: topics.into_values().collect(), header: set.header };
    set.header.split.get_or_insert_with(|| split.to_owned());
    Ok(Content::Topics(set, Some(qrels)))
}

fn qrels_of<'a>(
    path: &Path,
    folder: &'a BeirFolder,
    split: &str,
) -> Result<&'a Path, ConvertError> {
    folder.qrels.get(split).map(PathBuf::as_path).ok_or_else(|| {
        let known: Vec<&str> = folder.qrels.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ConvertError::Split { path: path.to_owned(), split: split.to_owned(), known }
    })
}

/// Labels a query with its relevant documents, best first.
fn label(topic: &mut Topic, judgements: &[Judgement]) -> Result<(), IdError> {
    let mut relevant: Vec<&Judgement> = judgements.iter().filter(|j| j.grade >= 1).collect();
    // Stable: equal grades stay bytewise ascending.
    relevant.sort_by_key(|judgement| -i64::from(judgement.grade));
    for judgement in relevant {
        let document = DocumentId::new(judgement.document.as_str())?;
        if !topic.documents.contains(&document) {
            topic.documents.push(document);
        }
    }
    if !topic.documents.is_empty() && topic.expected.is_none() {
        topic.expected = Some(Expected::Answer);
    }
    Ok(())
}

/// What will be written.
enum Written {
    Run(Run),
    Qrels(Qrels),
    Topics(TopicSet),
    Folder { queries: Vec<Topic>, split: String, qrels: Qrels },
    Intents(Vec<IntentLine>),
}

/// An utterance with its label.
#[derive(Serialize, JsonSchema)]
pub(crate) struct IntentLine {
    /// Id.
    _id: String,
    /// The message.
    text: String,
    /// The document that answers, or `oos`.
    label: String,
}

fn render(
    content: Content,
    to: Kind,
    split: &str,
    losses: &mut Losses,
) -> Result<Written, ConvertError> {
    let (mut set, graded) = match content {
        Content::Run(run) => return Ok(Written::Run(run)),
        Content::Qrels(qrels) => return Ok(Written::Qrels(qrels)),
        Content::Topics(set, graded) => (set, graded),
    };
    if graded.is_some() && to != Kind::Topics {
        // The split of a folder, which was asked for.
        set.header.split = None;
    }
    match to {
        Kind::Topics => {
            losses.of_grades(graded.as_ref());
            Ok(Written::Topics(set))
        }
        Kind::Intents => {
            losses.of_grades(graded.as_ref());
            losses.of_labels(&set, true);
            Ok(Written::Intents(intents_of(set.topics, losses)))
        }
        Kind::BeirFolder => {
            if set.header.split.as_deref() == Some(split) {
                // The name of the file holds it.
                set.header.split = None;
            }
            losses.of_labels(&set, false);
            if split.is_empty() || !split.bytes().all(is_of_a_split) {
                return Err(ConvertError::SplitName { split: split.to_owned() });
            }
            let qrels = judgements_of(&set.topics, losses);
            let split = split.to_owned();
            Ok(Written::Folder { queries: set.topics, split, qrels })
        }
        Kind::TrecQrels | Kind::BeirQrels | Kind::TrecRun => {
            losses.of_labels(&set, false);
            for topic in &set.topics {
                losses.add(Loss::Text, topic.id.as_str());
            }
            let judged = graded.unwrap_or_else(|| judgements_of(&set.topics, losses));
            Ok(Written::Qrels(judged))
        }
    }
}

fn is_of_a_split(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Judgements of labels: every acceptable document at grade 1.
fn judgements_of(topics: &[Topic], losses: &mut Losses) -> Qrels {
    let mut qrels = Qrels::new();
    for topic in topics {
        let is_answered = topic.expected.is_none_or(|expected| expected == Expected::Answer);
        if topic.documents.is_empty() || !is_answered {
            losses.add(Loss::NotJudged, topic.id.as_str());
            continue;
        }
        losses.add_if(topic.documents.len() > 1, Loss::DocumentOrder, topic.id.as_str());
        for document in &topic.documents {
            qrels.insert(topic.id.as_str(), document.as_str(), 1);
        }
    }
    qrels
}

fn intents_of(topics: Vec<Topic>, losses: &mut Losses) -> Vec<IntentLine> {
    let mut lines = Vec::new();
    for topic in topics {
        let is_far = topic.reason.as_deref() == Some(OUT_OF_SCOPE);
        let label = match (topic.expected, topic.documents.as_slice()) {
            (Some(Expected::Answer), [document]) if !is_out_of_scope(document.as_str()) => {
                document.to_string()
            }
            (Some(Expected::Handover), []) if is_far => "oos".to_owned(),
            _ => {
                losses.add(Loss::NotOneLabel, topic.id.as_str());
                continue;
            }
        };
        if topic.text.trim().is_empty() {
            losses.add(Loss::BlankText, topic.id.as_str());
            continue;
        }
        lines.push(IntentLine { _id: topic.id.to_string(), text: topic.text, label });
    }
    lines
}

impl Written {
    /// Topics, and rows of them.
    fn size(&self) -> (usize, usize) {
        let rows_of = |qrels: &Qrels| qrels.topics().map(|(_, rows)| rows.len()).sum();
        match self {
            Written::Run(run) => (run.len(), run.topics().map(|(_, hits)| hits.len()).sum()),
            Written::Qrels(qrels) => (qrels.len(), rows_of(qrels)),
            Written::Topics(set) => {
                (set.topics.len(), set.topics.iter().map(|topic| topic.documents.len()).sum())
            }
            Written::Folder { queries, qrels, .. } => (queries.len(), rows_of(qrels)),
            Written::Intents(lines) => (lines.len(), lines.len()),
        }
    }

    fn store(self, path: &Path, kind: Kind) -> Result<(), ConvertError> {
        if let Written::Folder { queries, split, qrels } = self {
            return Ok(BeirFolder::write(path, &queries, &BTreeMap::from([(split, qrels)]))?);
        }
        let error = |source| ConvertError::Write { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        self.write(kind, &mut bytes).map_err(error)?;
        let bytes = match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => compress::gzip(&bytes).map_err(error)?,
            Some("zst") => compress::zstd(&bytes).map_err(error)?,
            _ => bytes,
        };
        durable::write(path, &bytes).map_err(error)
    }

    fn write(&self, kind: Kind, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Written::Run(run) => run.write_trec(out),
            Written::Qrels(qrels) if kind == Kind::BeirQrels => qrels.write_beir(out),
            Written::Qrels(qrels) => qrels.write_trec(out),
            Written::Topics(set) => set.write(out),
            Written::Folder { .. } => Ok(()),
            Written::Intents(lines) => {
                for line in lines {
                    serde_json::to_writer(&mut *out, line)?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::topic::read_topic_set;

    const TOPICS: &str = r#"{"_id":"t1","text":"does it hurt","family":"f","expected":"answer","documents":["d2","d1"],"quotes":["q"],"programme":"breast","answerable":true,"slices":["near"]}
{"_id":"t2","text":"my results","expected":"handover","reason":"personal","answerable":false}
{"_id":"t3","text":"weather","expected":"handover","reason":"out_of_scope_far"}
{"_id":"t4","text":"parking","expected":"answer","documents":["d3"]}
"#;

    struct Fixture {
        folder: tempfile::TempDir,
    }

    impl Fixture {
        fn with(name: &str, content: &str) -> Fixture {
            let folder = tempfile::tempdir().unwrap();
            fs_err::write(folder.path().join(name), content).unwrap();
            Fixture { folder }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn convert(&self, from: &str, to: &str, kind: Kind) -> Result<Converted, ConvertError> {
            self.convert_split(from, to, kind, "test")
        }

        fn convert_split(
            &self,
            from: &str,
            to: &str,
            to_kind: Kind,
            split: &str,
        ) -> Result<Converted, ConvertError> {
            let (from, to) = (&self.path(from), &self.path(to));
            convert(&Conversion { from, from_kind: None, to, to_kind, split })
        }

        fn text(&self, name: &str) -> String {
            String::from_utf8(open::read(&self.path(name)).unwrap()).unwrap()
        }
    }

    fn lost(conversion: &Converted) -> Vec<(Loss, usize)> {
        conversion.left_out.iter().map(|left_out| (left_out.what, left_out.n)).collect()
    }

    #[test]
    fn kinds_are_told_from_content_and_printed_back() {
        for (content, kind) in [
            ("# note\n1 Q0 d 1 2.5 tag\n", Some(Kind::TrecRun)),
            ("1 0 d 1\n", Some(Kind::TrecQrels)),
            ("query-id\tcorpus-id\tscore\n", Some(Kind::BeirQrels)),
            (TOPICS, Some(Kind::Topics)),
            ("{\"_set\":{}}", Some(Kind::Topics)),
            ("{\"_id\":\"1\",\"text\":\"a\",\"label\":\"b\"}", Some(Kind::Intents)),
            ("a b c", None),
            ("", None),
            ("{\"canary\":", None),
        ] {
            let fixture = Fixture::with("x", content);
            let found = sniff(&fixture.path("x"));
            assert_eq!(found.as_ref().ok(), kind.as_ref(), "{content}");
            if let Err(error) = found {
                assert!(!error.to_string().contains("canary"));
            }
        }
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn topics_become_a_beir_folder_and_come_back_with_what_it_holds() {
        let fixture = Fixture::with("t.jsonl", TOPICS);
        let done = fixture.convert("t.jsonl", "folder", Kind::BeirFolder).unwrap();
        assert_eq!((done.topics, done.rows), (4, 3));
        assert_eq!(
            lost(&done),
            [
                (Loss::Decision, 2),
                (Loss::NotJudged, 2),
                (Loss::Reason, 2),
                (Loss::Family, 1),
                (Loss::Quotes, 1),
                (Loss::Scope, 1),
                (Loss::Slices, 1),
                (Loss::DocumentOrder, 1),
            ]
        );
        let back = fixture.convert("folder", "back.jsonl.gz", Kind::Topics).unwrap();
        assert_eq!((back.from, back.topics), (Kind::BeirFolder, 2));
        assert_eq!(lost(&back), [(Loss::UnjudgedQuery, 2)]);
        let set = read_topic_set(&fixture.path("back.jsonl.gz")).unwrap();
        assert_eq!(set.header.split.as_deref(), Some("test"));
        assert_eq!(set.topics[0].expected, Some(Expected::Answer));
        let documents: Vec<&str> = set.topics[0].documents.iter().map(DocumentId::as_str).collect();
        assert_eq!(documents, ["d1", "d2"]);
        assert!(fixture.path("back.jsonl.gz").metadata().unwrap().len() > 0);
    }

    #[test]
    fn judgements_pass_between_trec_and_beir_unchanged() {
        let fixture = Fixture::with("q", "# note\n1 0 b 2\n1 7 a -1\n2 0 c 0\n");
        let done = fixture.convert("q", "q.tsv.zst", Kind::BeirQrels).unwrap();
        assert_eq!(lost(&done), [(Loss::Comment, 1), (Loss::SecondColumn, 1)]);
        assert_eq!(done.left_out[1].to_string(), "second columns that are not `0` or `Q0` (1: 7)");
        assert_eq!(
            fixture.text("q.tsv.zst"),
            "query-id\tcorpus-id\tscore\n1\ta\t-1\n1\tb\t2\n2\tc\t0\n"
        );
        let back = fixture.convert("q.tsv.zst", "back", Kind::TrecQrels).unwrap();
        assert_eq!(lost(&back), []);
        assert_eq!(fixture.text("back"), "1 0 a -1\n1 0 b 2\n2 0 c 0\n");
    }

    #[test]
    fn a_run_becomes_one_without_ties_and_says_so() {
        let fixture = Fixture::with("r", "1 Q0 a 1 2 x\n1 Q0 b 2 2 y\n1 Q0 c 3 1 y\n");
        let done = fixture.convert("r", "out.run", Kind::TrecRun).unwrap();
        assert_eq!(lost(&done), [(Loss::Tag, 1), (Loss::TiedScore, 1)]);
        assert!(fixture.text("out.run").starts_with("1 Q0 b 1 2.0 y\n1 Q0 a 2 1.9"));
        let again = fixture.convert("out.run", "again.run", Kind::TrecRun).unwrap();
        assert_eq!(lost(&again), []);
        assert_eq!(fixture.text("again.run"), fixture.text("out.run"));
    }

    #[test]
    fn intents_become_topics_and_come_back() {
        let intents = "{\"_id\":\"1\",\"text\":\"a\",\"label\":\"x y\"}\n\
                       {\"_id\":\"2\",\"text\":\"b\",\"label\":\"oos\"}\n";
        let fixture = Fixture::with("i.jsonl", intents);
        let done = fixture.convert("i.jsonl", "t.jsonl", Kind::Topics).unwrap();
        assert_eq!(lost(&done), [(Loss::LabelSpelling, 1)]);
        let back = fixture.convert("t.jsonl", "back.jsonl", Kind::Intents).unwrap();
        assert_eq!(lost(&back), []);
        assert_eq!(fixture.text("back.jsonl"), intents.replace("x y", "x_y"));
        let qrels = fixture.convert("i.jsonl", "q", Kind::TrecQrels).unwrap();
        assert_eq!(fixture.text("q"), "1 0 x_y 1\n");
        assert!(lost(&qrels).contains(&(Loss::NotJudged, 1)));
    }

    #[test]
    fn grades_and_other_splits_are_reported() {
        let fixture = Fixture::with("unused", "");
        let folder = fixture.path("set");
        fs_err::create_dir_all(folder.join("qrels")).unwrap();
        let queries = "{\"_id\":\"1\",\"text\":\"a\",\"metadata\":{}}\n";
        fs_err::write(folder.join("queries.jsonl"), queries).unwrap();
        let header = "query-id\tcorpus-id\tscore\n";
        let rows = "1\ta\t1\n1\tb\t2\n1\tc\t0\n";
        fs_err::write(folder.join("qrels/dev.tsv"), format!("{header}{rows}")).unwrap();
        fs_err::write(folder.join("qrels/test.tsv"), format!("{header}1\ta\t1\n")).unwrap();
        let error =
            fixture.convert_split("set", "t.jsonl", Kind::Topics, "fit").unwrap_err().to_string();
        assert!(error.ends_with("no split `fit`; its splits: dev, test"), "{error}");
        let done = fixture.convert_split("set", "t.jsonl", Kind::Topics, "dev").unwrap();
        assert_eq!(
            lost(&done),
            [(Loss::Grade, 1), (Loss::NotRelevant, 1), (Loss::OtherSplit, 1), (Loss::Key, 1)]
        );
        assert_eq!(done.lines()[0], "beir-folder to topics: 1 topics, 2 acceptable documents");
        assert_eq!(done.lines()[1], "left out: grades above 1 (1: 1)");
        let set = read_topic_set(&fixture.path("t.jsonl")).unwrap();
        assert_eq!(set.topics[0].documents[0].as_str(), "b");
        // As judgements, grades stay.
        let done = fixture.convert_split("set", "q.tsv", Kind::BeirQrels, "dev").unwrap();
        assert_eq!(lost(&done), [(Loss::Text, 1), (Loss::OtherSplit, 1), (Loss::Key, 1)]);
        assert_eq!(fixture.text("q.tsv"), format!("{header}{rows}"));
    }

    #[test]
    fn a_sensitive_set_stays_a_set_of_topics() {
        let header = "{\"_set\":{\"sensitive\":true}}\n";
        let fixture = Fixture::with("t.jsonl", &format!("{header}{TOPICS}"));
        for (name, kind) in [("q", Kind::TrecQrels), ("f", Kind::BeirFolder), ("i", Kind::Intents)]
        {
            let error = fixture.convert("t.jsonl", name, kind).unwrap_err();
            assert!(matches!(error, ConvertError::Sensitive { .. }));
            assert!(!fixture.path(name).exists());
        }
        let done = fixture.convert("t.jsonl", "t.zst", Kind::Topics).unwrap();
        assert_eq!((done.topics, done.left_out), (4, vec![]));
        let (one, other) = (fixture.path("t.jsonl"), fixture.path("t.zst"));
        assert_eq!(read_topic_set(&one).unwrap(), read_topic_set(&other).unwrap());
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let fixture = Fixture::with("r", "1 Q0 a 1 2 x\n");
        let error = fixture.convert("r", "t.jsonl", Kind::Topics).unwrap_err().to_string();
        assert_eq!(error, "trec-run cannot become topics: hits are no judgements and hold no text");
        let unlabelled = Fixture::with("t.jsonl", "{\"_id\":\"1\",\"text\":\"a\"}\n");
        let error = unlabelled.convert("t.jsonl", "q", Kind::TrecQrels).unwrap_err().to_string();
        assert!(error.ends_with("nothing in it can be written as trec-qrels"), "{error}");
        let topics = Fixture::with("t.jsonl", TOPICS);
        let error = topics.convert_split("t.jsonl", "f", Kind::BeirFolder, "../x");
        assert!(matches!(error, Err(ConvertError::SplitName { .. })));
    }
}
