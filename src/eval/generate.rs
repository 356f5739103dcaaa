//! What does an index of a million passages do, when nobody has written a million?
//!
//! A corpus made of the sentences of others: each passage joins parts of sentences drawn at
//! random and perturbs them (words dropped, exchanged, replaced, digits drawn anew) until it has between
//! [`SHORTEST`] and [`LONGEST`] words. Each query is a window of words of one passage, written
//! down carelessly, and that passage is judged relevant to it. The texts mean nothing; they have
//! the words, the lengths and the vectors of real ones.
//!
//! Passage `n` depends on the seed, on `n` and on the texts given: the first passages of a corpus
//! are those of every greater one. Queries depend on the number of passages besides. The same
//! plan gives the same bytes, at any number of threads.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::EvalError;
use super::beir::for_each_line;
use super::format_error::FormatError;
use crate::corpus::read::Corpus;
use crate::durable;
use crate::embed::matrix::MatrixError;
use crate::index::build::Progress;
use crate::index::vectors::Vectors;
use crate::text::segment::sentences;

/// Fewest words of a passage.
pub const SHORTEST: u32 = 25;
/// Most words of a passage.
pub const LONGEST: u32 = 60;
/// Words of a sentence that is taken.
const SENTENCE: std::ops::RangeInclusive<usize> = 5..=45;
/// Most words of one sentence in a passage: at least three take part, so that two passages of a
/// million are seldom nearly the same.
const MOST_OF_ONE: usize = 12;
/// Words of a query, fewest and most.
const QUERY: (u32, u32) = (5, 11);
/// Of a hundred words, how many are replaced, dropped, or change places with the next one.
const REPLACED: u32 = 12;
const DROPPED: u32 = 6;
const EXCHANGED: u32 = 4;
/// Passages made at a time.
const AT_ONCE: u32 = 1 << 14;
/// Streams of queries; those of passages count from 0.
const QUERY_STREAMS: u64 = 1 << 32;

/// How much to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Passages, one a document.
    pub passages: u32,
    /// Queries.
    pub queries: u32,
    /// Seed.
    pub seed: u64,
}

/// Sentences to draw from.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    sentences: Vec<Sentence>,
    titles: Vec<String>,
    seen: HashSet<String>,
}

#[derive(Debug, Clone)]
struct Sentence {
    words: Vec<String>,
    title: u32,
}

#[derive(Deserialize)]
struct DocumentIn {
    #[serde(default)]
    title: String,
    text: String,
}

#[derive(Serialize)]
struct DocumentOut<'a> {
    _id: &'a str,
    title: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct QueryOut<'a> {
    _id: &'a str,
    text: &'a str,
}

impl Texts {
    /// The sentences of the `corpus.jsonl` of BEIR folders, each once.
    ///
    /// # Errors
    /// [`FormatError`] naming file and line.
    pub fn of_folders(folders: &[PathBuf]) -> Result<Texts, FormatError> {
        let mut texts = Texts::default();
        for folder in folders {
            let path = folder.join("corpus.jsonl");
            for_each_line(&path, |line, row| {
                if row.trim().is_empty() {
                    return Ok(());
                }
                let DocumentIn { title, text } = serde_json::from_str(row)
                    .map_err(|error| FormatError::json_without_content(&path, line, &error))?;
                texts.add(&title, &text);
                Ok(())
            })?;
        }
        texts.checked(folders.first().map_or(Path::new("."), PathBuf::as_path))
    }

    /// The sentences of a corpus, each once.
    ///
    /// # Errors
    /// [`FormatError`] when it holds too few.
    pub fn of_corpus(corpus: &Corpus) -> Result<Texts, FormatError> {
        let mut texts = Texts::default();
        for document in corpus.documents.iter().filter(|d| d.kind.is_retrieved()) {
            texts.add(&document.title, document.slice(&document.body));
        }
        texts.checked(&corpus.root)
    }

    fn add(&mut self, title: &str, text: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let number = self.titles.len() as u32;
        for span in sentences(text) {
            let words: Vec<String> = text[span].split_whitespace().map(str::to_owned).collect();
            if SENTENCE.contains(&words.len()) && self.seen.insert(words.join(" ")) {
                self.sentences.push(Sentence { words, title: number });
            }
        }
        self.titles.push(title);
    }

    fn checked(mut self, path: &Path) -> Result<Texts, FormatError> {
        self.seen = HashSet::new();
        if self.sentences.len() < 2 {
            let message = "holds fewer than two sentences";
            return Err(FormatError::file(path, message, "name a greater set of texts"));
        }
        Ok(self)
    }

    fn draw<'a>(&'a self, random: &mut ChaCha8Rng) -> &'a Sentence {
        &self.sentences[below(random, self.sentences.len() as u32) as usize]
    }

    fn word<'a>(&'a self, random: &mut ChaCha8Rng) -> &'a str {
        let words = &self.draw(random).words;
        &words[below(random, words.len() as u32) as usize]
    }

    /// Title and text of the nth passage.
    fn passage(&self, seed: u64, n: u32) -> (&str, String) {
        let mut random = stream(seed, u64::from(n));
        let target = (SHORTEST + below(&mut random, LONGEST - SHORTEST + 1)) as usize;
        let mut words: Vec<String> = Vec::with_capacity(target);
        let mut title = None;
        while words.len() < target {
            let sentence = self.draw(&mut random);
            title.get_or_insert(sentence.title);
            self.perturb(part_of(&sentence.words, &mut random), &mut words, &mut random);
        }
        words.truncate(target);
        let mut text = words.join(" ");
        if !text.ends_with(['.', '!', '?']) {
            text.truncate(text.trim_end_matches([',', ';', ':', '-']).len());
            text.push('.');
        }
        (self.titles.get(title.unwrap_or_default() as usize).map_or("", String::as_str), text)
    }

    fn perturb(&self, words: &[String], into: &mut Vec<String>, random: &mut ChaCha8Rng) {
        let first = into.len();
        for word in words {
            let chance = below(random, 100);
            if chance < REPLACED {
                into.push(self.word(random).to_owned());
            } else if chance >= REPLACED + DROPPED {
                into.push(other_digits(word, random));
            }
            let last = into.len();
            if chance >= 100 - EXCHANGED && last >= first + 2 {
                into.swap(last - 1, last - 2);
            }
        }
    }

    /// A query, and the number of the passage it is about.
    fn query(&self, plan: Plan, n: u32) -> (String, u32) {
        let mut random = stream(plan.seed, QUERY_STREAMS | u64::from(n));
        let about = below(&mut random, plan.passages);
        let (_, text) = self.passage(plan.seed, about);
        let words: Vec<&str> = text.split(' ').collect();
        let length = (QUERY.0 + below(&mut random, QUERY.1 - QUERY.0 + 1)) as usize;
        let last = words.len().saturating_sub(length);
        let start = below(&mut random, last as u32 + 1) as usize;
        let window = words.iter().skip(start).take(length);
        let kept: Vec<String> = window
            .filter(|_| below(&mut random, 100) >= 2 * DROPPED)
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        let query = if kept.is_empty() { text.to_lowercase() } else { kept.join(" ") };
        (query, about)
    }
}

/// As many words of a sentence as one may give, from anywhere in it.
fn part_of<'a>(words: &'a [String], random: &mut ChaCha8Rng) -> &'a [String] {
    let spare = words.len().saturating_sub(MOST_OF_ONE);
    let start = below(random, spare as u32 + 1) as usize;
    words.get(start..words.len().min(start + MOST_OF_ONE)).unwrap_or_default()
}

/// The word with each of its digits drawn anew.
fn other_digits(word: &str, random: &mut ChaCha8Rng) -> String {
    if !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut digit = |c: char| {
        if c.is_ascii_digit() { char::from(b'0' + below(random, 10) as u8) } else { c }
    };
    word.chars().map(&mut digit).collect()
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(number);
    generator
}

/// A number below `n`, each as likely as another to one in 2³² (D. Lemire, "Fast Random Integer
/// Generation in an Interval", ACM TOMACS 29, 2019, without its second draw); 0 for none.
fn below(random: &mut ChaCha8Rng, n: u32) -> u32 {
    (u64::from(random.next_u32()).wrapping_mul(u64::from(n)) >> 32) as u32
}

fn id(n: u32) -> String {
    format!("g{n:08}")
}

/// Writes a BEIR folder: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`. It appears whole or
/// not at all.
///
/// # Errors
/// [`EvalError`] when the folder exists already or cannot be written.
pub fn generate(
    texts: &Texts,
    plan: Plan,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(), EvalError> {
    if folder.exists() {
        let cure = "name a folder that does not exist yet";
        return Err(FormatError::file(folder, "exists already", cure).into());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let aside = durable::folder_aside(parent.unwrap_or(Path::new(".")), durable::WRITING)?;
    write_corpus(texts, plan, &aside.path().join("corpus.jsonl"), progress)?;
    write_queries(texts, plan, aside.path())?;
    durable::sync_tree(aside.path())?;
    Ok(durable::rename(&aside.keep(), folder)?)
}

fn write_corpus(texts: &Texts, plan: Plan, path: &Path, progress: &dyn Progress) -> io::Result<()> {
    let mut to = BufWriter::new(fs_err::File::create(path)?);
    progress.begin("making passages", plan.passages as usize);
    for first in (0..plan.passages).step_by(AT_ONCE as usize) {
        let numbers = first..plan.passages.min(first.saturating_add(AT_ONCE));
        let count = numbers.len();
        let lines: Vec<String> = numbers
            .into_par_iter()
            .map(|n| {
                let (title, text) = texts.passage(plan.seed, n);
                serde_json::to_string(&DocumentOut { _id: &id(n), title, text: &text })
            })
            .collect::<serde_json::Result<_>>()?;
        for line in lines {
            writeln!(to, "{line}")?;
        }
        progress.advance(count);
    }
    progress.end();
    to.flush()
}

fn write_queries(texts: &Texts, plan: Plan, folder: &Path) -> io::Result<()> {
    let count = if plan.passages == 0 { 0 } else { plan.queries };
    let mut queries = BufWriter::new(fs_err::File::create(folder.join("queries.jsonl"))?);
    fs_err::create_dir(folder.join("qrels"))?;
    let mut qrels = BufWriter::new(fs_err::File::create(folder.join("qrels/test.tsv"))?);
    writeln!(qrels, "query-id\tcorpus-id\tscore")?;
    for n in 0..count {
        let (text, about) = texts.query(plan, n);
        let name = format!("q{n:06}");
        let line = serde_json::to_string(&QueryOut { _id: &name, text: &text })?;
        writeln!(queries, "{line}")?;
        writeln!(qrels, "{name}\t{}\t1", id(about))?;
    }
    queries.flush()?;
    qrels.flush()
}

/// How many passages have another one that is nearly the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubles {
    /// Passages looked at.
    pub sample: usize,
    /// Those of them that have a double.
    pub with_double: usize,
    /// Passages among which doubles were looked for.
    pub passages: usize,
}

/// Looks at evenly spaced passages: has any other passage of the index a cosine above `above`?
///
/// # Errors
/// [`MatrixError`] when the vectors do not fit each other, which opening them rules out.
pub fn nearly_the_same(
    vectors: &Vectors,
    sample: usize,
    above: f64,
) -> Result<Doubles, MatrixError> {
    let passages = vectors.passages();
    let step = passages.div_ceil(sample.max(1)).max(1);
    let rows: Vec<usize> = (0..passages).step_by(step).collect();
    let has_double = |row: &usize| -> Result<bool, MatrixError> {
        let Some(vector) = vectors.matrix().row(*row) else {
            return Ok(false);
        };
        let nearest = vectors.matrix().nearest(&vector, 2)?;
        let is_other = |hit: u32| hit as usize != *row && (hit as usize) < passages;
        Ok(nearest.iter().any(|hit| is_other(hit.row) && hit.cosine > above))
    };
    let found: Vec<bool> = rows.par_iter().map(has_double).collect::<Result<_, _>>()?;
    let with_double = found.into_iter().filter(|has| *has).count();
    Ok(Doubles { sample: rows.len(), with_double, passages })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::build::Quiet;

    fn texts() -> Texts {
        let mut texts = Texts::default();
        for n in 0..40 {
            let sentence = format!("Sentence {n} tells word{n} and other{n} to each reader here.");
            texts.add(&format!("Title {n}"), &format!("{sentence} {sentence} Too short."));
        }
        texts.checked(Path::new(".")).unwrap()
    }

    fn lines(path: &Path) -> Vec<String> {
        fs_err::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_corpus_is_a_prefix_of_a_greater_one_and_the_same_every_time() {
        let (texts, folder) = (texts(), tempfile::tempdir().unwrap());
        assert_eq!(texts.sentences.len(), 40, "sentences stand once");
        let make = |name: &str, passages, seed| {
            let path = folder.path().join(name);
            generate(&texts, Plan { passages, queries: 50, seed }, &path, &Quiet).unwrap();
            path
        };
        let (small, great) = (make("small", 300, 1), make("great", 700, 1));
        let (again, other) = (make("again", 300, 1), make("other", 300, 2));
        for file in ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"] {
            assert_eq!(lines(&small.join(file)), lines(&again.join(file)));
        }
        let corpus = lines(&small.join("corpus.jsonl"));
        assert_eq!(corpus[..], lines(&great.join("corpus.jsonl"))[..300]);
        assert_ne!(corpus, lines(&other.join("corpus.jsonl")));
        let distinct: HashSet<&String> = corpus.iter().collect();
        assert_eq!(distinct.len(), 300);
        let told = generate(&texts, Plan { passages: 1, queries: 1, seed: 1 }, &small, &Quiet);
        assert!(told.unwrap_err().to_string().contains("exists already"));
    }

    #[test]
    fn passages_keep_to_their_length_and_queries_speak_of_theirs() {
        let texts = texts();
        let plan = Plan { passages: 500, queries: 0, seed: 3 };
        for n in 0..500 {
            let (title, text) = texts.passage(3, n);
            let words = text.split(' ').count() as u32;
            assert!((SHORTEST..=LONGEST).contains(&words), "{words}: {text}");
            assert!(title.starts_with("Title "));
            let (query, about) = texts.query(plan, n);
            let (_, of) = texts.passage(3, about);
            let of = of.to_lowercase();
            assert!(query.split(' ').all(|word| of.contains(word)), "{query}: {of}");
        }
    }
}
