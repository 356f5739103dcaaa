//! One line of a TREC file taken apart, without copying.
//!
//! Columns are parted by what C's `isspace` calls space, as in trec_eval. Knows nothing of
//! files and line numbers: a [`Problem`] says what is wrong, its caller says where.

use std::borrow::Cow;
use std::path::Path;

use crate::eval::format_error::FormatError;

/// What is wrong with a line, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) cure: Cow<'static, str>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, cure: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), cure: cure.into() }
    }

    /// The problem at its place.
    pub(crate) fn at(self, path: &Path, line: usize) -> FormatError {
        FormatError::line(path, line, self.message, self.cure)
    }
}

/// A hit of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RunLine<'a> {
    pub(crate) topic: &'a str,
    pub(crate) document: &'a str,
    pub(crate) score: f64,
    pub(crate) tag: &'a str,
}

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QrelsLine<'a> {
    pub(crate) topic: &'a str,
    pub(crate) document: &'a str,
    pub(crate) grade: i32,
}

/// The bytes of a file as text.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, (usize, Problem)> {
    let (place, what) = match (std::str::from_utf8(bytes), memchr::memchr(0, bytes)) {
        (Ok(text), None) => return Ok(text),
        (Ok(_), Some(place)) => (place, "a zero byte"),
        (Err(error), _) => (error.valid_up_to(), "bytes that are not UTF-8"),
    };
    let line = 1 + memchr::memchr_iter(b'\n', &bytes[..place]).count();
    Err((line, Problem::new(what, "save the file as plain UTF-8 text")))
}

/// C's `isspace` in the C locale.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The columns of a line.
struct Columns<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Columns<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let start = bytes.iter().position(|&byte| !is_space(byte))?;
        let length = bytes[start..].iter().position(|&byte| is_space(byte));
        let end = length.map_or(bytes.len(), |length| start + length);
        // Blanks are ASCII, so both places are boundaries of characters.
        let column = &self.rest[start..end];
        self.rest = &self.rest[end..];
        Some(column)
    }
}

/// The first column of a line of a run; none for a blank line or a comment.
pub(crate) fn topic_of(line: &str) -> Option<&str> {
    Columns { rest: line }.next().filter(|column| !column.starts_with('#'))
}

const RUN_COLUMNS: &str = "write `topic Q0 document rank score tag`";
const QRELS_COLUMNS: &str = "write `topic 0 document grade`";

/// A line of a run; none for a blank line or a comment.
pub(crate) fn run_line(line: &str) -> Result<Option<RunLine<'_>>, Problem> {
    let mut columns = Columns { rest: line };
    let Some(topic) = columns.next() else { return Ok(None) };
    if topic.starts_with('#') {
        return Ok(None);
    }
    let five = (columns.next(), columns.next(), columns.next(), columns.next(), columns.next());
    let (Some(_), Some(document), Some(_), Some(score), Some(tag)) = five else {
        return Err(wrong_count(line, 6, RUN_COLUMNS));
    };
    if columns.next().is_some() {
        return Err(wrong_count(line, 6, RUN_COLUMNS));
    }
    without_mark(topic)?;
    Ok(Some(RunLine { topic, document, score: parse_score(score)?, tag }))
}

/// A line of qrels in four columns; none for a comment.
pub(crate) fn qrels_line(line: &str) -> Result<Option<QrelsLine<'_>>, Problem> {
    if line.starts_with('#') {
        return Ok(None);
    }
    let mut columns = Columns { rest: line };
    let four = (columns.next(), columns.next(), columns.next(), columns.next());
    let (Some(topic), Some(_), Some(document), Some(grade)) = four else {
        return Err(blank_or_wrong_count(line, 4, QRELS_COLUMNS));
    };
    if columns.next().is_some() {
        return Err(blank_or_wrong_count(line, 4, QRELS_COLUMNS));
    }
    without_mark(topic)?;
    Ok(Some(QrelsLine { topic, document, grade: parse_grade(grade)? }))
}

/// A line of BEIR's qrels: topic, document and grade parted by single tabs.
pub(crate) fn beir_line(line: &str) -> Result<QrelsLine<'_>, Problem> {
    const COLUMNS: &str = "write topic, document and grade with a tab between";
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut columns = line.split('\t');
    let three = (columns.next(), columns.next(), columns.next(), columns.next());
    let (Some(topic), Some(document), Some(grade), None) = three else {
        return Err(if line.trim().is_empty() {
            blank()
        } else {
            count_problem(line.split('\t').count(), 3, COLUMNS)
        });
    };
    for (what, id) in [("topic", topic), ("document", document)] {
        if id.is_empty() || id.bytes().any(is_space) {
            let message = format!("the {what} id `{id}` is empty or holds a blank");
            return Err(Problem::new(message, "give it an id without blanks"));
        }
    }
    Ok(QrelsLine { topic, document, grade: parse_grade(grade)? })
}

fn blank() -> Problem {
    Problem::new("a blank line", "remove it: trec_eval refuses blank lines in qrels")
}

fn blank_or_wrong_count(line: &str, expected: usize, cure: &'static str) -> Problem {
    let mut columns = Columns { rest: line };
    match columns.next() {
        None => blank(),
        Some(first) if first.starts_with('#') => Problem::new(
            "a comment that does not begin the line",
            "begin the line with `#`: trec_eval reads it as a judgement otherwise",
        ),
        Some(_) => wrong_count(line, expected, cure),
    }
}

fn wrong_count(line: &str, expected: usize, cure: &'static str) -> Problem {
    count_problem(Columns { rest: line }.count(), expected, cure)
}

fn count_problem(found: usize, expected: usize, cure: &'static str) -> Problem {
    let columns = if found == 1 { "column" } else { "columns" };
    Problem::new(format!("{found} {columns} instead of {expected}"), cure)
}

/// A byte order mark would become part of the first topic's id, which then matches nothing.
fn without_mark(topic: &str) -> Result<(), Problem> {
    if topic.starts_with('\u{feff}') {
        return Err(Problem::new(
            "a byte order mark before the topic id",
            "save the file as UTF-8 without one",
        ));
    }
    Ok(())
}

fn parse_score(column: &str) -> Result<f64, Problem> {
    match column.parse::<f64>() {
        // Adding zero makes -0 into 0, which compares equal in every tool.
        Ok(score) if score.is_finite() => Ok(score + 0.0),
        Ok(_) => Err(Problem::new(
            format!("the score `{column}` is not finite"),
            "leave the hit out or give it a finite score",
        )),
        Err(_) => Err(Problem::new(
            format!("the score `{column}` is not a number"),
            "write a decimal number such as 12.5 or 1e-3",
        )),
    }
}

fn parse_grade(column: &str) -> Result<i32, Problem> {
    column.parse::<i32>().map_err(|_| {
        Problem::new(
            format!("the grade `{column}` is not a whole number"),
            "write a whole number such as 0, 1 or 2",
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_run(line: &str, expected: &str) {
        let found = match run_line(line) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(hit)) => format!("{}/{}/{}/{}", hit.topic, hit.document, hit.score, hit.tag),
            Err(problem) => problem.message,
        };
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_qrels(line: &str, expected: &str) {
        let found = match qrels_line(line) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(row)) => format!("{}/{}/{}", row.topic, row.document, row.grade),
            Err(problem) => problem.message,
        };
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_beir(line: &str, expected: &str) {
        let found = match beir_line(line) {
            Ok(row) => format!("{}/{}/{}", row.topic, row.document, row.grade),
            Err(problem) => problem.message,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_of_runs() {
        check_run("1 Q0 d1 1 0.5 r", "1/d1/0.5/r");
        check_run(" 1\tQ0\x0bd1 \t 1 -1e-3 r \r", "1/d1/-0.001/r");
        check_run("1 Q0 d#1 1 -0 r#2", "1/d#1/0/r#2");
        check_run("", "nothing");
        check_run(" \t\r", "nothing");
        check_run("# 1 Q0 d1 1 0.5 r", "nothing");
        check_run("  #1 Q0 d1 1 0.5 r", "nothing");
        check_run("1 Q0 d1 1 0.5", "5 columns instead of 6");
        check_run("1", "1 column instead of 6");
        check_run("1 Q0 d1 1 0.5 r x", "7 columns instead of 6");
        check_run("1 Q0 d1 1 nan r", "the score `nan` is not finite");
        check_run("1 Q0 d1 1 -inf r", "the score `-inf` is not finite");
        check_run("1 Q0 d1 1 1e999 r", "the score `1e999` is not finite");
        check_run("1 Q0 d1 1 0,5 r", "the score `0,5` is not a number");
        check_run("\u{feff}1 Q0 d1 1 0.5 r", "a byte order mark before the topic id");
    }

    #[test]
    fn lines_of_qrels() {
        check_qrels("1 0 d1 2", "1/d1/2");
        check_qrels("\t1 0\td1  -1 \r", "1/d1/-1");
        check_qrels("#1 0 d1 2", "nothing");
        check_qrels(" #1 0 d1", "a comment that does not begin the line");
        check_qrels("", "a blank line");
        check_qrels("1 0 d1", "3 columns instead of 4");
        check_qrels("1 0 d1 1 1", "5 columns instead of 4");
        check_qrels("1 0 d1 1.0", "the grade `1.0` is not a whole number");
        check_qrels("1 0 d1 9999999999", "the grade `9999999999` is not a whole number");
    }

    #[test]
    fn lines_of_beir() {
        check_beir("1\td1\t2\r", "1/d1/2");
        check_beir("1 d1 2", "1 column instead of 3");
        check_beir("1\td1\t2\t", "4 columns instead of 3");
        check_beir("", "a blank line");
        check_beir("1\td 1\t1", "the document id `d 1` is empty or holds a blank");
        check_beir("\td1\t1", "the topic id `` is empty or holds a blank");
        check_beir("1\td1\t", "the grade `` is not a whole number");
    }

    proptest! {
        #[test]
        fn no_line_panics_and_topics_agree(line in "[ \t#0-9a-c.é-]{0,24}") {
            let _ = qrels_line(&line);
            let _ = beir_line(&line);
            if let Ok(hit) = run_line(&line) {
                prop_assert_eq!(hit.map(|hit| hit.topic), topic_of(&line));
            }
        }
    }
}
