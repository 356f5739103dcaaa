//! Graded judgements of documents, by topic.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::columns::{self, Problem, QrelsLine};
use crate::eval::format_error::FormatError;
use crate::eval::open;

/// A document judged for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The document.
    pub document: String,
    /// How well it answers: 0 not at all, more is better. Below 0 it was pooled but not judged.
    pub grade: i32,
}

/// Judgements by topic: topics and their documents bytewise ascending, no document twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Qrels {
    topics: BTreeMap<String, Vec<Judgement>>,
}

impl Qrels {
    /// No judgements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a judgement; false where the document is judged for the topic already.
    pub fn insert(&mut self, topic: &str, document: &str, grade: i32) -> bool {
        let judgement = Judgement { document: document.to_owned(), grade };
        let Some(judgements) = self.topics.get_mut(topic) else {
            self.topics.insert(topic.to_owned(), vec![judgement]);
            return true;
        };
        match judgements.binary_search_by(|other| other.document.as_str().cmp(document)) {
            Ok(_) => false,
            Err(place) => {
                judgements.insert(place, judgement);
                true
            }
        }
    }

    /// Reads TREC qrels (four columns) or BEIR's tab-separated file, which begins with the
    /// header `query-id corpus-id score`; plain, gzip or zstd.
    ///
    /// # Errors
    /// [`FormatError`] naming file and line: wrong columns, a grade that is not a whole number,
    /// a document judged twice for a topic, a file without judgements.
    pub fn read(path: &Path) -> Result<Qrels, FormatError> {
        let bytes = open::read(path)?;
        let text = columns::text_of(&bytes).map_err(|(line, problem)| problem.at(path, line))?;
        let mut reading = Reading::default();
        let (skipped, parse) = parser_for(text);
        for (line, row) in (1..).zip(text.lines()).skip(skipped) {
            if let Some(judgement) = parse(row).map_err(|problem| problem.at(path, line))? {
                reading.add(judgement, line);
            }
        }
        reading.finish(path)
    }

    /// Topics with their judgements, topics and documents bytewise ascending.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &[Judgement])> {
        self.topics.iter().map(|(topic, judgements)| (topic.as_str(), judgements.as_slice()))
    }

    /// The judgements of a topic, documents bytewise ascending.
    pub fn of(&self, topic: &str) -> Option<&[Judgement]> {
        self.topics.get(topic).map(Vec::as_slice)
    }

    /// Judged topics.
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether no topic is judged.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Writes TREC qrels: `topic 0 document grade`.
    ///
    /// # Errors
    /// What the writer says, or [`io::ErrorKind::InvalidInput`] for an id that is empty, holds
    /// a blank or begins a comment.
    pub fn write_trec(&self, writer: &mut dyn Write) -> io::Result<()> {
        for (topic, judgements) in &self.topics {
            check_id(topic)?;
            for Judgement { document, grade } in judgements {
                check_id(document)?;
                writeln!(writer, "{topic} 0 {document} {grade}")?;
            }
        }
        Ok(())
    }

    /// Writes BEIR's qrels, tab-separated with a header.
    ///
    /// # Errors
    /// As [`Qrels::write_trec`].
    pub fn write_beir(&self, writer: &mut dyn Write) -> io::Result<()> {
        writeln!(writer, "query-id\tcorpus-id\tscore")?;
        for (topic, judgements) in &self.topics {
            check_id(topic)?;
            for Judgement { document, grade } in judgements {
                check_id(document)?;
                writeln!(writer, "{topic}\t{document}\t{grade}")?;
            }
        }
        Ok(())
    }
}

/// Refuses what would come back as something else when it is read.
pub(super) fn check_id(id: &str) -> io::Result<()> {
    if id.is_empty() || id.starts_with(['#', '\u{feff}']) || id.bytes().any(not_in_an_id) {
        let message = format!("`{id}` cannot stand in a TREC file: ids hold no blanks");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

fn not_in_an_id(byte: u8) -> bool {
    columns::is_space(byte) || byte == 0
}

type Parse = fn(&str) -> Result<Option<QrelsLine<'_>>, Problem>;

/// How to read the lines, and how many lines of header come before.
fn parser_for(text: &str) -> (usize, Parse) {
    let first = text.lines().next().unwrap_or_default();
    if first.split('\t').map(str::trim).eq(["query-id", "corpus-id", "score"]) {
        (1, |line| columns::beir_line(line).map(Some))
    } else {
        (0, columns::qrels_line)
    }
}

/// Judgements in the order of the file, with their lines.
#[derive(Default)]
struct Reading<'a> {
    topics: BTreeMap<&'a str, Vec<(&'a str, usize, i32)>>,
}

impl<'a> Reading<'a> {
    fn add(&mut self, row: QrelsLine<'a>, line: usize) {
        self.topics.entry(row.topic).or_default().push((row.document, line, row.grade));
    }

    fn finish(mut self, path: &Path) -> Result<Qrels, FormatError> {
        if self.topics.is_empty() {
            return Err(FormatError::file(path, "no judgements", "give a file that holds some"));
        }
        for rows in self.topics.values_mut() {
            rows.sort_unstable();
        }
        if let Some(error) = self.first_duplicate(path) {
            return Err(error);
        }
        let owned = |(topic, rows): (&str, Vec<(&str, usize, i32)>)| {
            let judgements = rows
                .into_iter()
                .map(|(document, _, grade)| Judgement { document: document.to_owned(), grade })
                .collect();
            (topic.to_owned(), judgements)
        };
        Ok(Qrels { topics: self.topics.into_iter().map(owned).collect() })
    }

    /// The duplicate that stands first in the file.
    fn first_duplicate(&self, path: &Path) -> Option<FormatError> {
        let duplicates = self.topics.iter().flat_map(|(topic, rows)| {
            let pairs = rows.windows(2).filter(|pair| pair[0].0 == pair[1].0);
            pairs.map(move |pair| (pair[1].1, pair[0].1, *topic, pair[0].0))
        });
        let (line, before, topic, document) = duplicates.min()?;
        let message =
            format!("document `{document}` is judged for topic `{topic}` at line {before} already");
        Some(FormatError::line(path, line, message, "keep one judgement"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &str) -> Result<Qrels, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q");
        fs_err::write(&path, content).unwrap();
        Qrels::read(&path)
    }

    #[track_caller]
    fn check(content: &str, expected: &str) {
        let found = match read(content) {
            Ok(qrels) => {
                let mut bytes = Vec::new();
                qrels.write_trec(&mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            }
            Err(error) => error.to_string().rsplit_once('/').unwrap().1.to_owned(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn qrels_read_or_the_first_bad_line_is_named() {
        check("2 0 b 1\n1 0 a 0\n# one\n# two\n2 0 a -2", "1 0 a 0\n2 0 a -2\n2 0 b 1\n");
        check("query-id\tcorpus-id\tscore\n1\ta\t2\r\n", "1 0 a 2\n");
        check(
            "1 0 b 1\n1 0 a 1\n1 0 a 2\n1 0 b 1\n",
            "q:3: document `a` is judged for topic `1` at line 2 already; keep one judgement",
        );
        check(
            "1 0 a 1\n\n",
            "q:2: a blank line; remove it: trec_eval refuses blank lines in qrels",
        );
        check("1\ta\t2\n", "q:1: 3 columns instead of 4; write `topic 0 document grade`");
        check(
            "query-id\tcorpus-id\tscore\n1 a 2\n",
            "q:2: 1 column instead of 3; write topic, document and grade with a tab between",
        );
        check("", "q: no judgements; give a file that holds some");
        check("# none\n", "q: no judgements; give a file that holds some");
        check("1 0 a 1\n1 0 \0 1\n", "q:2: a zero byte; save the file as plain UTF-8 text");
    }

    #[test]
    fn bytes_that_are_not_text_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q");
        fs_err::write(&path, b"1 0 a 1\n1 0 \xff 1\n").unwrap();
        assert_eq!(Qrels::read(&path).unwrap_err().line_number(), Some(2));
    }

    #[test]
    fn ids_that_would_not_come_back_are_not_written() {
        for id in ["", "a b", "a\u{b}", "#1", "\u{feff}1"] {
            let mut qrels = Qrels::new();
            qrels.insert(id, "d", 1);
            let error = qrels.write_trec(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(qrels.write_beir(&mut Vec::new()).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            rows in prop::collection::vec(("[a-cé]{1,2}", "[a-c-]{1,2}", -2..4), 1..30)
        ) {
            let mut qrels = Qrels::new();
            let mut seen = BTreeMap::new();
            for (topic, document, grade) in &rows {
                let is_new = qrels.insert(topic, document, *grade);
                prop_assert_eq!(is_new, !seen.contains_key(&(topic, document)));
                seen.entry((topic, document)).or_insert(*grade);
            }
            let listed: Vec<_> = qrels
                .topics()
                .flat_map(|(topic, all)| all.iter().map(move |j| (topic, j)))
                .map(|(topic, j)| ((topic.to_owned(), j.document.clone()), j.grade))
                .collect();
            let expected: Vec<_> = seen
                .into_iter()
                .map(|((topic, document), grade)| ((topic.clone(), document.clone()), grade))
                .collect();
            prop_assert_eq!(listed, expected);
            let (mut trec, mut beir) = (Vec::new(), Vec::new());
            qrels.write_trec(&mut trec).unwrap();
            qrels.write_beir(&mut beir).unwrap();
            prop_assert_eq!(&read(std::str::from_utf8(&trec).unwrap()).unwrap(), &qrels);
            prop_assert_eq!(&read(std::str::from_utf8(&beir).unwrap()).unwrap(), &qrels);
        }
    }
}
