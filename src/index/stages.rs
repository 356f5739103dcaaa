//! How do documents become the files of a snapshot without all of them being in memory?
//!
//! Two walks. The first cuts each document into passages, analyses their words and appends
//! records and postings; some thousand documents at a time are worked on by all threads and
//! written in order. The second reads the records back, embeds what they say (through the cache,
//! which is flushed batch by batch) and appends vectors. What is written does not depend on
//! threads or batches.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rayon::prelude::*;

use super::build::{BuildError, CountTokens, Progress, passage_text};
use super::manifest::{Counts, EXAMPLE_NOTICE, RESEARCH_NOTICE};
use super::postings::PostingsWriter;
use super::records::{Damage, Encoded, Records, RecordsWriter};
use super::snapshot::{LEXICAL_FOLDER, PASSAGES_FILE, VECTORS_FILE, map};
use super::sources::Origin;
use crate::corpus::document::{Document, Passage, Role, Status};
use crate::corpus::split::split;
use crate::embed::Embedder;
use crate::embed::cache::EmbeddingCache;
use crate::embed::matrix::{QuantisedMatrix, QuantisedVector};
use crate::text::analyse::{Analysis, Analyzer};

/// Documents worked on at a time.
const AT_ONCE: usize = 2048;

/// Bytes written at a time.
const WRITE: usize = 1 << 20;

impl From<Damage> for BuildError {
    fn from(damage: Damage) -> Self {
        BuildError::ReadBack { message: damage.0 }
    }
}

/// What a snapshot holds, counted on the way.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    has_examples: bool,
    has_research: bool,
}

impl Tally {
    fn new() -> Tally {
        let (documents, approvals) = (BTreeMap::new(), BTreeMap::new());
        let counts = Counts { documents, approvals, passages: 0, variants: 0 };
        Tally { counts, has_examples: false, has_research: false }
    }

    fn add(&mut self, document: &Document, passages: usize) {
        let kind = serde_json::to_value(document.kind).ok();
        let kind = kind.as_ref().and_then(|k| k.as_str()).unwrap_or_default();
        *self.counts.documents.entry(kind.to_owned()).or_insert(0) += 1;
        *self.counts.approvals.entry(approval_name(document)).or_insert(0) += 1;
        if document.kind.is_retrieved() {
            self.counts.variants += document.questions.len();
        }
        self.counts.passages += passages;
        self.has_examples |= document.approval.role == Some(Role::Example);
        self.has_research |= document.approval.role == Some(Role::Research);
    }

    /// What must be said wherever text of the snapshot goes.
    pub(super) fn notice(&self) -> Option<String> {
        let notices = [(self.has_examples, EXAMPLE_NOTICE), (self.has_research, RESEARCH_NOTICE)];
        notices.iter().find(|(has, _)| *has).map(|(_, notice)| (*notice).to_owned())
    }
}

fn approval_name(document: &Document) -> String {
    let value = match (document.approval.status, document.approval.role) {
        (Status::Approved, Some(role)) => serde_json::to_value(role),
        (status, _) => serde_json::to_value(status),
    };
    value.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A document, ready to be written.
struct Made<'a> {
    document: std::borrow::Cow<'a, Document>,
    encoded: Encoded,
    title: Analysis,
    questions: Analysis,
    /// Headings and body of each passage.
    passages: Vec<(Analysis, Analysis)>,
}

impl<'a> Made<'a> {
    fn of(
        document: std::borrow::Cow<'a, Document>,
        analyzer: &Analyzer,
        count_tokens: CountTokens<'_>,
    ) -> Result<Made<'a>, BuildError> {
        let cut: Vec<Passage> =
            if document.kind.is_retrieved() { split(&document, count_tokens) } else { Vec::new() };
        let of_passage =
            |p: &Passage| (analyzer.analyse(&p.headings.join("\n")), analyzer.analyse(&p.body));
        Ok(Made {
            encoded: Encoded::of(&document, &cut)?,
            title: analyzer.analyse(&document.title),
            questions: analyzer.analyse(&document.questions.join("\n")),
            passages: cut.iter().map(of_passage).collect(),
            document,
        })
    }
}

/// Writes documents, passages and postings into the folder of a snapshot.
pub(super) fn write_texts(
    folder: &Path,
    origin: &dyn Origin,
    count_tokens: CountTokens<'_>,
    commits: usize,
    progress: &dyn Progress,
) -> Result<Tally, BuildError> {
    let lexical = folder.join(LEXICAL_FOLDER);
    fs_err::create_dir(&lexical)?;
    let mut postings = PostingsWriter::create(&lexical)?;
    let file = fs_err::File::create(folder.join(PASSAGES_FILE))?;
    let mut records = RecordsWriter::new(BufWriter::with_capacity(WRITE, file))?;
    let mut tally = Tally::new();
    let count = origin.count();
    let per_commit = count.div_ceil(commits.max(1)).max(1);
    progress.begin("cutting passages and indexing words", count);
    for first in (0..count).step_by(AT_ONCE) {
        // Documents are kept by id descending.
        let numbers = first..count.min(first + AT_ONCE);
        let work =
            |n: usize| Made::of(origin.document(count - 1 - n)?, origin.analyzer(), count_tokens);
        let made: Vec<Made<'_>> =
            numbers.clone().into_par_iter().map(work).collect::<Result<_, _>>()?;
        for (n, made) in numbers.clone().zip(&made) {
            tally.add(&made.document, made.passages.len());
            records.add(&made.encoded)?;
            for (headings, body) in &made.passages {
                postings.add([&made.title, headings, &made.questions, body])?;
            }
            if (n + 1) % per_commit == 0 {
                postings.commit()?;
            }
        }
        progress.advance(numbers.len());
    }
    progress.end();
    progress.begin("merging words", 1);
    postings.finish()?;
    records.finish(origin.synonyms(), origin.rules())?;
    progress.end();
    Ok(tally)
}

/// The walk that embeds.
pub(super) struct VectorStage<'a> {
    pub(super) embedder: &'a dyn Embedder,
    pub(super) cache: &'a Path,
    pub(super) batch: usize,
    pub(super) progress: &'a dyn Progress,
}

impl VectorStage<'_> {
    /// Writes the vectors of the passages and question variants that a folder holds. How many
    /// they are, and how many of them were embedded now.
    pub(super) fn write(&self, folder: &Path) -> Result<(usize, usize), BuildError> {
        let path = folder.join(PASSAGES_FILE);
        let records = Records::open(map(&path)?).map_err(Damage)?;
        let mut file = BufReader::with_capacity(WRITE, fs_err::File::open(&path)?);
        let rows = records.passage_count() + records.document_of_variant().len();
        let mut run = Run {
            stage: self,
            cache: EmbeddingCache::open(self.cache)?,
            to: VectorsWriter::new(&folder.join(VECTORS_FILE), self.embedder.dimension(), rows)?,
            waiting: Vec::new(),
            embedded: 0,
        };
        self.progress.begin("embedding passages", rows);
        records.walk(&mut file, |_, document, passages| {
            passages.iter().try_for_each(|passage| run.take(passage_text(&document, passage)))
        })?;
        if rows > records.passage_count() {
            records.walk(&mut file, |_, document, _| {
                let is_retrieved = document.kind.is_retrieved();
                let questions = document.questions.into_iter().filter(|_| is_retrieved);
                questions.into_iter().try_for_each(|question| run.take(question))
            })?;
        }
        run.flush()?;
        self.progress.end();
        run.to.finish()?;
        Ok((rows, run.embedded))
    }
}

/// Texts on their way to vectors.
struct Run<'a> {
    stage: &'a VectorStage<'a>,
    cache: EmbeddingCache,
    to: VectorsWriter,
    waiting: Vec<String>,
    embedded: usize,
}

impl Run<'_> {
    fn take(&mut self, text: String) -> Result<(), BuildError> {
        self.waiting.push(text);
        if self.waiting.len() >= self.stage.batch.max(1) { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), BuildError> {
        let texts: Vec<&str> = self.waiting.iter().map(String::as_str).collect();
        let (vectors, used) = self.cache.embed(self.stage.embedder, &texts)?;
        self.cache.flush()?;
        self.embedded += used.embedded;
        self.stage.progress.advance(texts.len());
        self.waiting.clear();
        vectors.iter().try_for_each(|vector| self.to.add(vector))
    }
}

/// Writes a matrix file row by row.
struct VectorsWriter {
    to: BufWriter<fs_err::File>,
    dimension: usize,
    squares: Vec<u32>,
    row: Vec<u8>,
}

impl VectorsWriter {
    fn new(path: &Path, dimension: usize, rows: usize) -> Result<VectorsWriter, BuildError> {
        let mut to = BufWriter::with_capacity(WRITE, fs_err::File::create(path)?);
        // The lengths stand before the rows and are known after them.
        let head = QuantisedMatrix::head_bytes(dimension, &vec![0; rows])?;
        to.write_all(&vec![0; head.len()])?;
        Ok(VectorsWriter { to, dimension, squares: Vec::with_capacity(rows), row: Vec::new() })
    }

    fn add(&mut self, vector: &QuantisedVector) -> Result<(), BuildError> {
        self.row.clear();
        QuantisedMatrix::push_row(self.dimension, vector, &mut self.row)?;
        self.squares.push(vector.square());
        Ok(self.to.write_all(&self.row)?)
    }

    fn finish(&mut self) -> Result<(), BuildError> {
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&QuantisedMatrix::head_bytes(self.dimension, &self.squares)?)?;
        Ok(self.to.flush()?)
    }
}
