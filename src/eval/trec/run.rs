//! Ranked hits of a system, by topic.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use super::columns::{self, Problem, RunLine};
use super::qrels::check_id;
use crate::eval::format_error::FormatError;
use crate::eval::open;

/// A document with the score a system gave it for a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The document.
    pub document: String,
    /// The score: more is better; the unit is the system's own.
    pub score: f64,
}

/// A system's hits by topic, score descending, then document descending bytewise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// The system's name, the last column of a run file.
    pub tag: String,
    topics: BTreeMap<String, Vec<Scored>>,
}

/// Why hits cannot be added to a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The topic has hits already.
    #[error("topic `{topic}` has hits already")]
    Topic {
        /// The topic.
        topic: String,
    },
    /// A document stands twice.
    #[error("document `{document}` stands twice among the hits of topic `{topic}`")]
    Duplicate {
        /// The topic.
        topic: String,
        /// The document.
        document: String,
    },
    /// A score is infinite or not a number.
    #[error("the score of document `{document}` for topic `{topic}` is not finite")]
    Score {
        /// The topic.
        topic: String,
        /// The document.
        document: String,
    },
}

/// The one order of hits: score descending, then document descending bytewise, as in
/// trec_eval's `form_res_rels.c`.
pub(crate) fn hit_order(a: (f64, &str), b: (f64, &str)) -> Ordering {
    b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal).then_with(|| b.1.cmp(a.1))
}

impl Run {
    /// A run without hits.
    pub fn new(tag: impl Into<String>) -> Self {
        Self { tag: tag.into(), topics: BTreeMap::new() }
    }

    /// Adds the hits of a topic in any order; none at all is a topic for which nothing was
    /// found, which a run file cannot say.
    ///
    /// # Errors
    /// [`RunError`] for a topic that has hits already, a document that stands twice, a score
    /// that is not finite; the run is as before.
    pub fn push(&mut self, topic: &str, mut hits: Vec<Scored>) -> Result<(), RunError> {
        let topic = topic.to_owned();
        if self.topics.contains_key(&topic) {
            return Err(RunError::Topic { topic });
        }
        for hit in &mut hits {
            if !hit.score.is_finite() {
                return Err(RunError::Score { topic, document: hit.document.clone() });
            }
            hit.score += 0.0;
        }
        let mut documents: Vec<&str> = hits.iter().map(|hit| hit.document.as_str()).collect();
        documents.sort_unstable();
        if let Some(pair) = documents.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RunError::Duplicate { topic, document: pair[0].to_owned() });
        }
        hits.sort_unstable_by(in_order);
        self.topics.insert(topic, hits);
        Ok(())
    }

    /// Reads a TREC run (`topic Q0 document rank score tag`), plain, gzip or zstd. The rank is
    /// not read; the tag is that of the last line, as in trec_eval. Lines of a topic may stand
    /// anywhere. For files larger than memory there is [`evaluate_stream`].
    ///
    /// [`evaluate_stream`]: crate::eval::evaluate::evaluate_stream
    ///
    /// # Errors
    /// [`FormatError`] naming file and line: wrong columns, a score that is not a finite number,
    /// a document twice for a topic, a file without hits.
    pub fn read(path: &Path) -> Result<Run, FormatError> {
        let bytes = open::read(path)?;
        let text = columns::text_of(&bytes).map_err(|(line, problem)| problem.at(path, line))?;
        let mut tag = "";
        let mut topics: BTreeMap<&str, Vec<(RunLine<'_>, usize)>> = BTreeMap::new();
        for (line, row) in (1..).zip(text.lines()) {
            if let Some(hit) = columns::run_line(row).map_err(|problem| problem.at(path, line))? {
                tag = hit.tag;
                topics.entry(hit.topic).or_default().push((hit, line));
            }
        }
        if topics.is_empty() {
            return Err(no_hits(path));
        }
        let mut duplicates = Duplicates::default();
        let mut run = Run::new(tag);
        for (topic, mut hits) in topics {
            hits.sort_unstable_by(|(a, _), (b, _)| a.document.cmp(b.document));
            for pair in hits.chunk_by(|(a, _), (b, _)| a.document == b.document) {
                duplicates.note(topic, pair[0].0.document, pair.iter().map(|&(_, line)| line));
            }
            let mut hits: Vec<Scored> = hits
                .into_iter()
                .map(|(hit, _)| Scored { document: hit.document.to_owned(), score: hit.score })
                .collect();
            hits.sort_unstable_by(in_order);
            run.topics.insert(topic.to_owned(), hits);
        }
        duplicates.finish(path).map(|()| run)
    }

    /// Topics with their hits, topics bytewise ascending.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &[Scored])> {
        self.topics.iter().map(|(topic, hits)| (topic.as_str(), hits.as_slice()))
    }

    /// The hits of a topic, best first.
    pub fn of(&self, topic: &str) -> Option<&[Scored]> {
        self.topics.get(topic).map(Vec::as_slice)
    }

    /// Topics in the run.
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether the run holds no topic.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Writes a TREC run in which no two hits of a topic tie: scores are strictly decreasing in
    /// double and in single precision (older tools read single), each as it is, or the next
    /// number below the one before it where it would tie. Where no such numbers are left, the
    /// topic's scores are written as n, n-1, ..., 1.
    ///
    /// # Errors
    /// What the writer says, or [`io::ErrorKind::InvalidInput`] for an id or tag that is empty,
    /// holds a blank or begins a comment.
    pub fn write_trec(&self, writer: &mut dyn Write) -> io::Result<()> {
        check_id(&self.tag)?;
        for (topic, hits) in &self.topics {
            check_id(topic)?;
            let scores = scores_without_ties(hits);
            for (rank, (hit, score)) in (1..).zip(hits.iter().zip(scores)) {
                check_id(&hit.document)?;
                // Debug is the shortest text that reads back as the same number, with an
                // exponent for the very large and the very small.
                writeln!(writer, "{topic} Q0 {} {rank} {score:?} {}", hit.document, self.tag)?;
            }
        }
        Ok(())
    }
}

fn in_order(a: &Scored, b: &Scored) -> Ordering {
    hit_order((a.score, &a.document), (b.score, &b.document))
}

pub(crate) fn no_hits(path: &Path) -> FormatError {
    FormatError::file(path, "no hits", "check that the system that wrote it ran to its end")
}

/// Scores in the order of the hits, strictly decreasing in single precision and so in double.
fn scores_without_ties(hits: &[Scored]) -> Vec<f64> {
    let mut scores = Vec::with_capacity(hits.len());
    let mut bound = f32::INFINITY;
    for hit in hits {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
        let single = hit.score as f32;
        let (written, score) = if single < bound {
            (single, hit.score)
        } else {
            let below = bound.next_down();
            (below, f64::from(below))
        };
        if !single.is_finite() || !written.is_finite() {
            return (1..=hits.len()).rev().map(|rank| rank as f64).collect();
        }
        bound = written;
        scores.push(score);
    }
    scores
}

/// A document that stands twice for a topic.
pub(crate) fn twice(topic: &str, document: &str, before: usize) -> Problem {
    let message =
        format!("document `{document}` of topic `{topic}` stands at line {before} already");
    Problem::new(message, "keep one hit for a document")
}

/// The duplicate whose second line stands first in the file.
#[derive(Default)]
struct Duplicates {
    first: Option<(usize, usize, String, String)>,
}

impl Duplicates {
    /// Notes the lines at which a document stands for a topic; one line is no duplicate.
    fn note(&mut self, topic: &str, document: &str, lines: impl ExactSizeIterator<Item = usize>) {
        if lines.len() < 2 {
            return;
        }
        let mut lines: Vec<usize> = lines.collect();
        lines.sort_unstable();
        let [before, line, ..] = lines[..] else { return };
        if self.first.as_ref().is_none_or(|first| line < first.0) {
            self.first = Some((line, before, topic.to_owned(), document.to_owned()));
        }
    }

    /// The error, if there is one.
    fn finish(self, path: &Path) -> Result<(), FormatError> {
        let Some((line, before, topic, document)) = self.first else { return Ok(()) };
        Err(twice(&topic, &document, before).at(path, line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &str) -> Result<Run, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r");
        fs_err::write(&path, content).unwrap();
        Run::read(&path)
    }

    fn written(run: &Run) -> String {
        let mut bytes = Vec::new();
        run.write_trec(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[track_caller]
    fn check(content: &str, expected: &str) {
        let found = match read(content) {
            Ok(run) => written(&run),
            Err(error) => error.to_string().rsplit_once('/').unwrap().1.to_owned(),
        };
        assert_eq!(found, expected);
    }

    fn scored(hits: &[(&str, f64)]) -> Vec<Scored> {
        hits.iter().map(|&(d, score)| Scored { document: d.to_owned(), score }).collect()
    }

    #[test]
    fn runs_read_or_the_first_bad_line_is_named() {
        check(
            "2 Q0 a 9 1 x\n\n# note\n1 Q0 b 1 1.5 x\n2 Q0 b 1 3 y\n",
            "1 Q0 b 1 1.5 y\n2 Q0 b 1 3.0 y\n2 Q0 a 2 1.0 y\n",
        );
        check(
            "1 Q0 b 1 2 x\n1 Q0 a 2 1 x\n2 Q0 a 1 1 x\n1 Q0 a 3 0 x\n1 Q0 b 4 0 x\n",
            "r:4: document `a` of topic `1` stands at line 2 already; keep one hit for a document",
        );
        check(
            "1 Q0 b 1 2 x\n1 Q0 a 2 NaN x\n",
            "r:2: the score `NaN` is not finite; leave the hit out or give it a finite score",
        );
        check("# none\n", "r: no hits; check that the system that wrote it ran to its end");
    }

    #[test]
    fn ties_are_ordered_and_broken_in_writing() {
        let mut run = Run::new("t");
        run.push("1", scored(&[("a", 1.0), ("c", 1.0), ("b", 1.0), ("d", -0.0), ("e", 0.0)]))
            .unwrap();
        let order: Vec<_> = run.of("1").unwrap().iter().map(|hit| hit.document.as_str()).collect();
        assert_eq!(order, ["c", "b", "a", "e", "d"]);
        assert_eq!(
            written(&run),
            "1 Q0 c 1 1.0 t\n1 Q0 b 2 0.9999999403953552 t\n1 Q0 a 3 0.9999998807907104 t\n\
             1 Q0 e 4 0.0 t\n1 Q0 d 5 -1e-45 t\n"
                .replace("-1e-45", "-1.401298464324817e-45")
        );
    }

    #[test]
    fn scores_beyond_single_precision_are_written_as_places() {
        let mut run = Run::new("t");
        run.push("1", scored(&[("a", 1e300), ("b", 5e299), ("c", -1e300)])).unwrap();
        assert_eq!(written(&run), "1 Q0 a 1 3.0 t\n1 Q0 b 2 2.0 t\n1 Q0 c 3 1.0 t\n");
    }

    #[test]
    fn hits_that_cannot_be_ranked_are_refused() {
        let mut run = Run::new("t");
        assert!(matches!(run.push("1", scored(&[("a", f64::NAN)])), Err(RunError::Score { .. })));
        assert!(matches!(
            run.push("1", scored(&[("a", 1.0), ("b", 1.0), ("a", 2.0)])),
            Err(RunError::Duplicate { .. })
        ));
        run.push("1", scored(&[("a", 1.0)])).unwrap();
        assert!(matches!(run.push("1", Vec::new()), Err(RunError::Topic { .. })));
        assert_eq!(run.len(), 1);
        run.tag = "two words".to_owned();
        assert!(run.write_trec(&mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn written_runs_keep_their_order_and_hold_no_tie(
            hits in prop::collection::btree_map(
                "[a-d]{1,3}",
                prop_oneof![
                    (-3i32..3).prop_map(f64::from),
                    (-1.0..1.0f64).prop_map(|x| 1.0 + x * 1e-9),
                    any::<f64>().prop_filter("finite", |x| x.is_finite()),
                ],
                1..40,
            )
        ) {
            let mut run = Run::new("t");
            let hits: Vec<_> = hits
                .into_iter()
                .map(|(document, score)| Scored { document, score })
                .collect();
            run.push("1", hits).unwrap();
            let text = written(&run);
            let back = read(&text).unwrap();
            let documents = |run: &Run| -> Vec<String> {
                run.of("1").unwrap().iter().map(|hit| hit.document.clone()).collect()
            };
            prop_assert_eq!(documents(&run), documents(&back));
            for pair in back.of("1").unwrap().windows(2) {
                prop_assert!(pair[0].score > pair[1].score);
                prop_assert!(pair[0].score as f32 > pair[1].score as f32);
            }
            prop_assert_eq!(written(&back), text);
        }
    }
}
