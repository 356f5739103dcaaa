//! A BEIR folder: `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`, each plain or packed
//! (`.gz`, `.zst`).
//!
//! What is judged must exist: an id in the judgements that the queries or the corpus do not hold
//! is an error at its line. The corpus is streamed; what is kept of it is 20 bytes a document.
//! Knows nothing of what texts say; [`crate::corpus::import`] makes documents of them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format_error::FormatError;
use super::open::open;
use super::topic::{Topic, TopicError, read_topic_set};
use super::trec::Qrels;
use super::trec::columns::beir_line;
use crate::durable;

/// Endings of files that are read packed, and none.
const ENDINGS: [&str; 3] = ["", ".gz", ".zst"];

/// Reads `queries.jsonl`: objects with `_id` and `text`, other keys left aside.
///
/// # Errors
/// [`TopicError`] naming file and line; also for a set that says it is sensitive, since queries
/// cannot carry that on.
pub fn read_queries(path: &Path) -> Result<Vec<Topic>, TopicError> {
    let set = read_topic_set(path)?;
    if set.header.sensitive {
        return Err(sensitive_queries(path));
    }
    Ok(set.topics)
}

/// Queries cannot carry on that they are sensitive.
pub(super) fn sensitive_queries(path: &Path) -> TopicError {
    let cure = "give it as topics, which keep it hidden";
    FormatError::file(path, "a sensitive set is not read as queries", cure).into()
}

/// The files of a BEIR folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeirFolder {
    /// The documents, where they are there.
    pub corpus: Option<PathBuf>,
    /// The queries of all splits.
    pub queries: PathBuf,
    /// The judgements by split.
    pub qrels: BTreeMap<String, PathBuf>,
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderCheck {
    /// Documents, where there is a corpus.
    pub documents: Option<usize>,
    /// Queries of all splits.
    pub queries: usize,
    /// Splits by name.
    pub splits: Vec<SplitCheck>,
}

/// What a split holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitCheck {
    /// Name of the split.
    pub split: String,
    /// Topics judged.
    pub topics: usize,
    /// Judgements.
    pub judgements: usize,
    /// Judgements of grade 1 and above.
    pub relevant: usize,
}

impl BeirFolder {
    /// Finds the files of a folder. Nothing is read.
    ///
    /// # Errors
    /// [`FormatError`] when there are no queries, or a file is there twice, plain and packed.
    pub fn open(folder: &Path) -> Result<BeirFolder, FormatError> {
        let queries = one_of(folder, "queries.jsonl")?.ok_or_else(|| {
            let cure = "a BEIR folder holds `queries.jsonl`, `corpus.jsonl` and `qrels/SPLIT.tsv`";
            FormatError::file(folder, "no `queries.jsonl`", cure)
        })?;
        let corpus = one_of(folder, "corpus.jsonl")?;
        Ok(BeirFolder { corpus, queries, qrels: splits_of(&folder.join("qrels"))? })
    }

    /// Reads the queries of all splits.
    ///
    /// # Errors
    /// As [`read_queries`].
    pub fn queries(&self) -> Result<Vec<Topic>, TopicError> {
        read_queries(&self.queries)
    }

    /// Reads everything and checks that ids are unique and that what is judged exists.
    ///
    /// # Errors
    /// [`FormatError`] at the first line of its file that is wrong.
    pub fn check(&self) -> Result<FolderCheck, FormatError> {
        let mut judged = Judged::default();
        let mut splits = Vec::new();
        for (split, path) in &self.qrels {
            splits.push(split_check(split, &Qrels::read(path)?));
            judged.read(path)?;
        }
        let queries = stream_ids(&self.queries, &mut judged.queries)?;
        let documents = match &self.corpus {
            Some(corpus) => Some(stream_ids(corpus, &mut judged.documents)?),
            None => None,
        };
        judged.refuse_unknown(&self.queries, self.corpus.as_deref())?;
        Ok(FolderCheck { documents, queries, splits })
    }

    /// Writes a folder whole: queries, and judgements by split. Documents are not written.
    ///
    /// # Errors
    /// [`FormatError`] when the folder exists already or cannot be written, or an id cannot stand
    /// in judgements.
    pub fn write(
        folder: &Path,
        queries: &[Topic],
        qrels: &BTreeMap<String, Qrels>,
    ) -> Result<(), FormatError> {
        if folder.exists() {
            let cure = "name a folder that does not exist yet";
            return Err(FormatError::file(folder, "exists already", cure));
        }
        write_aside(folder, queries, qrels).map_err(|source| FormatError::io(folder, source))
    }
}

/// A query.
#[derive(Serialize, JsonSchema)]
pub(crate) struct QueryLine<'a> {
    /// Id.
    _id: &'a str,
    /// The message.
    text: &'a str,
}

fn write_aside(
    folder: &Path,
    queries: &[Topic],
    qrels: &BTreeMap<String, Qrels>,
) -> io::Result<()> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let aside = durable::folder_aside(parent.unwrap_or(Path::new(".")), durable::WRITING)?;
    let mut lines = Vec::new();
    for Topic { id, text, .. } in queries {
        serde_json::to_writer(&mut lines, &QueryLine { _id: id.as_str(), text })?;
        lines.push(b'\n');
    }
    durable::create(&aside.path().join("queries.jsonl"), &lines)?;
    fs_err::create_dir(aside.path().join("qrels"))?;
    for (split, qrels) in qrels {
        let mut table = Vec::new();
        qrels.write_beir(&mut table)?;
        durable::create(&aside.path().join("qrels").join(format!("{split}.tsv")), &table)?;
    }
    durable::sync_tree(aside.path())?;
    durable::rename(&aside.keep(), folder)
}

/// The file of that name, plain or packed.
fn one_of(folder: &Path, name: &str) -> Result<Option<PathBuf>, FormatError> {
    let paths = ENDINGS.map(|ending| folder.join(format!("{name}{ending}")));
    let mut found = paths.into_iter().filter(|path| path.is_file());
    let Some(path) = found.next() else { return Ok(None) };
    match found.next() {
        None => Ok(Some(path)),
        Some(other) => Err(twice(&other)),
    }
}

fn twice(path: &Path) -> FormatError {
    let cure = "keep either the plain or the packed file";
    FormatError::file(path, "is there plain and packed", cure)
}

/// The judgements in a folder, by split.
fn splits_of(folder: &Path) -> Result<BTreeMap<String, PathBuf>, FormatError> {
    let mut splits = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(splits);
    }
    let io_error = |source| FormatError::io(folder, source);
    for entry in fs_err::read_dir(folder).map_err(io_error)? {
        let path = entry.map_err(io_error)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
        let Some(split) = plain.strip_suffix(".tsv") else { continue };
        if let Some(other) = splits.insert(split.to_owned(), path.clone()) {
            return Err(twice(&other.max(path)));
        }
    }
    Ok(splits)
}

fn split_check(split: &str, qrels: &Qrels) -> SplitCheck {
    let grades = || qrels.topics().flat_map(|(_, judgements)| judgements).map(|j| j.grade);
    SplitCheck {
        split: split.to_owned(),
        topics: qrels.len(),
        judgements: grades().count(),
        relevant: grades().filter(|grade| *grade >= 1).count(),
    }
}

/// Where an id is judged first: number of the file, line.
type FirstJudged = HashMap<String, (usize, usize)>;

/// Ids that are judged and not yet found.
#[derive(Default)]
struct Judged {
    files: Vec<PathBuf>,
    queries: FirstJudged,
    documents: FirstJudged,
}

impl Judged {
    fn read(&mut self, path: &Path) -> Result<(), FormatError> {
        let file = self.files.len();
        self.files.push(path.to_owned());
        for_each_line(path, |line, row| {
            if line == 1 {
                return check_header(path, row);
            }
            let judgement = beir_line(row).map_err(|problem| problem.at(path, line))?;
            let place = (file, line);
            for (ids, id) in
                [(&mut self.queries, judgement.topic), (&mut self.documents, judgement.document)]
            {
                if !ids.contains_key(id) {
                    ids.insert(id.to_owned(), place);
                }
            }
            Ok(())
        })
    }

    /// The first judgement of something that does not exist.
    fn refuse_unknown(self, queries: &Path, corpus: Option<&Path>) -> Result<(), FormatError> {
        let queries = self.queries.into_iter().map(|(id, at)| (at, 0, id, "topic", queries));
        let documents = corpus.into_iter().flat_map(|corpus| {
            self.documents.iter().map(move |(id, at)| (*at, 1, id.clone(), "document", corpus))
        });
        let Some(((file, line), _, id, what, holder)) = queries.chain(documents).min() else {
            return Ok(());
        };
        let message = format!("{what} `{id}` is judged, but {} does not hold it", holder.display());
        Err(FormatError::line(
            &self.files[file],
            line,
            message,
            "add it there, or take the line out",
        ))
    }
}

fn check_header(path: &Path, row: &str) -> Result<(), FormatError> {
    if row.split('\t').map(str::trim).eq(["query-id", "corpus-id", "score"]) {
        return Ok(());
    }
    let cure = "begin the file with `query-id`, `corpus-id` and `score`, with tabs between";
    Err(FormatError::line(path, 1, "no header", cure))
}

/// What every line of queries and of a corpus must hold.
#[derive(Deserialize)]
struct IdLine<'a> {
    #[serde(rename = "_id", borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(rename = "text", borrow)]
    _text: std::borrow::Cow<'a, str>,
}

/// Counts the ids of a file and takes them from those that are missing. Of each id 128 bits of its
/// hash and its line are kept, to tell duplicates.
fn stream_ids(path: &Path, missing: &mut FirstJudged) -> Result<usize, FormatError> {
    let mut seen: Vec<([u8; 16], u32)> = Vec::new();
    for_each_line(path, |line, row| {
        if row.trim().is_empty() {
            return Ok(());
        }
        let IdLine { id, .. } = serde_json::from_str(row)
            .map_err(|error| FormatError::json_without_content(path, line, &error))?;
        missing.remove(id.as_ref());
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
        seen.push((hash, line as u32));
        Ok(())
    })?;
    seen.sort_unstable();
    let same = seen.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    match same.map(|pair| (pair[1].1, pair[0].1)).min() {
        None => Ok(seen.len()),
        Some((line, before)) => {
            let message = format!("the id stands already at line {before}");
            Err(FormatError::line(path, line as usize, message, "ids must be unique"))
        }
    }
}

/// Hands the lines of a file on as text, counted from 1, without their ends.
pub(super) fn for_each_line(
    path: &Path,
    mut take: impl FnMut(usize, &str) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        let n = file.read_until(b'\n', &mut bytes);
        if n.map_err(|source| FormatError::io(path, source))? == 0 {
            return Ok(());
        }
        line += 1;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| FormatError::line(path, line, "not UTF-8", "save the file as UTF-8"))?;
        let text = if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        take(line, text.trim_end_matches(['\n', '\r']))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERIES: &str = "{\"_id\":\"q1\",\"text\":\"a\"}\n{\"_id\":\"q2\",\"text\":\"b\"}\n";
    const CORPUS: &str =
        "{\"_id\":\"d1\",\"title\":\"t\",\"text\":\"a\"}\n\n{\"_id\":\"d2\",\"text\":\"b\"}\n";
    const HEADER: &str = "query-id\tcorpus-id\tscore\n";

    #[track_caller]
    fn check(queries: &str, corpus: &str, qrels: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs_err::create_dir(root.join("qrels")).unwrap();
        fs_err::write(root.join("queries.jsonl"), queries).unwrap();
        fs_err::write(root.join("corpus.jsonl"), corpus).unwrap();
        fs_err::write(root.join("qrels/test.tsv"), qrels).unwrap();
        let found = match BeirFolder::open(root).unwrap().check() {
            Ok(found) => serde_json::to_string(&found).unwrap(),
            Err(error) => error.to_string().replace(&format!("{}/", root.display()), ""),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_judged_must_exist() {
        let judged = |rows: &str| format!("{HEADER}{rows}");
        check(
            QUERIES,
            CORPUS,
            &judged("q1\td1\t1\nq1\td2\t0\n"),
            "{\"documents\":2,\"queries\":2,\"splits\":[{\"split\":\"test\",\"topics\":1,\
             \"judgements\":2,\"relevant\":1}]}",
        );
        check(
            QUERIES,
            CORPUS,
            &judged("q1\td1\t1\nq2\td9\t1\nq9\td1\t1\nq1\td9\t1\n"),
            "qrels/test.tsv:3: document `d9` is judged, but corpus.jsonl does not hold it; add it \
             there, or take the line out",
        );
        check(
            QUERIES,
            CORPUS,
            &judged("q9\td9\t1\n"),
            "qrels/test.tsv:2: topic `q9` is judged, but queries.jsonl does not hold it; add it \
             there, or take the line out",
        );
        check(
            QUERIES,
            CORPUS,
            "q1 0 d1 1\n",
            "qrels/test.tsv:1: no header; begin the file with `query-id`, `corpus-id` and \
             `score`, with tabs between",
        );
        check(
            QUERIES,
            &CORPUS.replace("d2", "d1"),
            &judged("q1\td1\t1\n"),
            "corpus.jsonl:3: the id stands already at line 1; ids must be unique",
        );
        check(
            "{\"_id\":\"canary\"}",
            CORPUS,
            &judged("q1\td1\t1\n"),
            "queries.jsonl:1:16: not a value that belongs here; correct the line (its content is \
             not shown)",
        );
    }

    #[test]
    fn files_are_found_plain_or_packed_but_not_both() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let error = BeirFolder::open(root).unwrap_err().to_string();
        assert!(error.contains("no `queries.jsonl`"), "{error}");
        fs_err::write(
            root.join("queries.jsonl.zst"),
            zstd::encode_all(QUERIES.as_bytes(), 0).unwrap(),
        )
        .unwrap();
        let found = BeirFolder::open(root).unwrap();
        assert_eq!(found.queries().unwrap().len(), 2);
        assert_eq!((found.corpus, found.qrels.len()), (None, 0));
        fs_err::write(root.join("queries.jsonl"), QUERIES).unwrap();
        let error = BeirFolder::open(root).unwrap_err().to_string();
        assert!(error.contains("plain and packed"), "{error}");
    }

    #[test]
    fn a_folder_is_written_whole_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        fs_err::write(folder.path().join("q.jsonl"), QUERIES).unwrap();
        let queries = read_queries(&folder.path().join("q.jsonl")).unwrap();
        let mut qrels = Qrels::new();
        qrels.insert("q1", "d1", 2);
        let splits = BTreeMap::from([("dev".to_owned(), qrels.clone())]);
        BeirFolder::write(&target, &queries, &splits).unwrap();
        let found = BeirFolder::open(&target).unwrap();
        assert_eq!(found.queries().unwrap(), queries);
        assert_eq!(Qrels::read(&found.qrels["dev"]).unwrap(), qrels);
        assert_eq!(found.check().unwrap().documents, None);
        assert!(BeirFolder::write(&target, &queries, &splits).is_err());
        // An id that cannot stand in judgements leaves nothing behind.
        let mut bad = Qrels::new();
        bad.insert("a b", "d", 1);
        let other = folder.path().join("other");
        let splits = BTreeMap::from([("dev".to_owned(), bad)]);
        assert!(BeirFolder::write(&other, &queries, &splits).is_err());
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn sensitive_sets_are_not_read_as_queries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.jsonl");
        fs_err::write(&path, format!("{{\"_set\":{{\"sensitive\":true}}}}\n{QUERIES}")).unwrap();
        assert!(read_queries(&path).unwrap_err().to_string().contains("not read as queries"));
    }
}
