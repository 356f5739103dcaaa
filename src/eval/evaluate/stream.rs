//! Evaluates a run file of any length in bounded memory.
//!
//! The file is read once, in chunks that end between topics; the pieces of a chunk are parsed
//! and measured in parallel while the next chunk is read. Each topic is measured from its own
//! lines alone, so neither sizes nor threads touch a number. A topic that comes up again
//! further on is *scattered*: its lines are gathered in later passes, as many topics at a time
//! as fit a budget, and measured anew. Memory is two chunks, the values, one budget, and a
//! little for each topic.

use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::chunks::{Chunk, Chunks};
use super::gather::{Scattered, measure_group};
use super::judge::{Hit, Judge};
use super::{PerTopic, Table};
use crate::eval::format_error::FormatError;
use crate::eval::measure::Measure;
use crate::eval::trec::columns::{self, Problem, RunLine};
use crate::eval::trec::{Judgement, Qrels, no_hits, twice};

/// How much is held at a time, in bytes of the run's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Read before it is measured.
    pub(super) chunk: usize,
    /// Measured by one thread at a time.
    pub(super) piece: usize,
    /// Gathered of scattered topics in one pass.
    pub(super) gathered: usize,
}

impl Default for Sizes {
    /// Two chunks and what is made of them stay below 100 MiB, and so does a gathering; pieces
    /// are enough for 64 threads.
    fn default() -> Self {
        Self { chunk: 16 << 20, piece: 256 << 10, gathered: 96 << 20 }
    }
}

/// Values of the measures for every topic of the qrels, of a TREC run that need not fit into
/// memory: plain, gzip or zstd, lines in any order. The same values as
/// [`evaluate`](super::evaluate()) gives for [`Run::read`](crate::eval::trec::Run::read).
///
/// # Errors
/// [`FormatError`] naming file and line: wrong columns, a score that is not a finite number, a
/// document twice for a topic, a file without hits.
pub fn evaluate_stream(
    qrels: &Qrels,
    run: &Path,
    measures: &[Measure],
) -> Result<PerTopic, FormatError> {
    stream(qrels, run, measures, Sizes::default())
}

pub(super) fn stream(
    qrels: &Qrels,
    run: &Path,
    measures: &[Measure],
    sizes: Sizes,
) -> Result<PerTopic, FormatError> {
    let judged = Judged::new(qrels, measures);
    let mut table = Table::new(qrels, measures);
    let mut seen = Seen::default();
    in_chunks(run, sizes, |chunk| {
        let pieces: Vec<Piece<'_>> = chunk
            .pieces(sizes.piece)
            .into_par_iter()
            .map(|(line, text)| judged.measure_piece(line, text, &seen))
            .collect();
        for piece in pieces {
            if let Some((line, problem)) = piece.problem {
                return Err(problem.at(run, line));
            }
            for (place, block) in piece.blocks.iter().enumerate() {
                let is_first = seen.note(block);
                if let Some(topic) = judged.places.get(block.topic)
                    && is_first
                {
                    let values = &piece.values[place * measures.len()..][..measures.len()];
                    table.set(*topic, values);
                }
            }
        }
        Ok(())
    })?;
    if seen.topics.is_empty() {
        return Err(no_hits(run));
    }
    for group in seen.scattered_groups(sizes.gathered) {
        measure_group(run, sizes, &judged, &group, &mut table)?;
    }
    let is_unjudged = |topic: &String| !judged.places.contains_key(topic.as_str());
    Ok(table.finish(seen.topics.into_keys().filter(is_unjudged).collect()))
}

/// Hands over the chunks of a run in order; while one is worked on the next is read.
pub(super) fn in_chunks(
    run: &Path,
    sizes: Sizes,
    mut work_on: impl FnMut(&Chunk) -> Result<(), FormatError> + Send,
) -> Result<(), FormatError> {
    let mut chunks = Chunks::open(run, sizes.chunk)?;
    let mut next = chunks.next()?;
    while let Some(chunk) = next {
        let (done, read) = rayon::join(|| work_on(&chunk), || chunks.next());
        done?;
        next = read?;
    }
    Ok(())
}

/// The judgements, ready to be looked up.
pub(super) struct Judged<'q> {
    /// Where a topic stands in the qrels.
    pub(super) places: FxHashMap<&'q str, usize>,
    judgements: Vec<&'q [Judgement]>,
    measures: &'q [Measure],
}

impl<'q> Judged<'q> {
    fn new(qrels: &'q Qrels, measures: &'q [Measure]) -> Self {
        Self {
            places: qrels.topics().zip(0..).map(|((topic, _), place)| (topic, place)).collect(),
            judgements: qrels.topics().map(|(_, judgements)| judgements).collect(),
            measures,
        }
    }

    /// Adds the values of a topic's hits, in the order of the file; zeros for a topic that
    /// is not judged. Hits are checked in any case.
    pub(super) fn measure<'a>(
        &self,
        judge: &mut Judge<'a>,
        topic: &str,
        hits: impl Iterator<Item = Hit<'a>>,
        values: &mut Vec<f64>,
    ) -> Result<(), (usize, Problem)>
    where
        'q: 'a,
    {
        let place = self.places.get(topic);
        let judgements = place.map_or(&[][..], |&place| self.judgements[place]);
        if let Some(duplicate) = judge.take(judgements, hits) {
            let problem = twice(topic, duplicate.document, duplicate.before);
            return Err((duplicate.line, problem));
        }
        if place.is_some() {
            let ranking = judge.ranking();
            values.extend(self.measures.iter().map(|measure| measure.value(&ranking)));
        } else {
            values.extend(self.measures.iter().map(|_| 0.0));
        }
        Ok(())
    }

    /// Measures each block of a piece, but for topics seen before, which are to be gathered in
    /// any case; stops at the first line that is wrong.
    fn measure_piece<'t>(&self, first_line: usize, text: &'t str, seen: &Seen) -> Piece<'t>
    where
        'q: 't,
    {
        let mut piece = Piece::default();
        let mut hits: Vec<Row<'t>> = Vec::new();
        for (line, row) in (first_line..).zip(text.lines()) {
            match columns::run_line(row) {
                Ok(Some(hit)) => hits.push(Row { hit, line, bytes: row.len() + 1 }),
                Ok(None) => {}
                Err(problem) => {
                    piece.problem = Some((line, problem));
                    return piece;
                }
            }
        }
        let mut judge = Judge::default();
        for block in hits.chunk_by(|a, b| a.hit.topic == b.hit.topic) {
            let topic = block[0].hit.topic;
            let bytes = block.iter().map(|row| row.bytes).sum();
            piece.blocks.push(Block { topic, bytes });
            if seen.topics.contains_key(topic) {
                piece.values.extend(self.measures.iter().map(|_| 0.0));
                continue;
            }
            let hits = block.iter().map(|row| Hit::new(row.hit.document, row.hit.score, row.line));
            if let Err(problem) = self.measure(&mut judge, topic, hits, &mut piece.values) {
                piece.problem = Some(problem);
                return piece;
            }
        }
        piece
    }
}

/// A hit, its line in the file and how long that is.
struct Row<'t> {
    hit: RunLine<'t>,
    line: usize,
    bytes: usize,
}

/// A block of lines of one topic.
struct Block<'t> {
    topic: &'t str,
    bytes: usize,
}

/// What came out of a piece: for each block as many values as there are measures.
#[derive(Default)]
struct Piece<'t> {
    blocks: Vec<Block<'t>>,
    values: Vec<f64>,
    /// The first thing wrong, and its line in the file.
    problem: Option<(usize, Problem)>,
}

/// The topics that came up.
#[derive(Default)]
struct Seen {
    topics: FxHashMap<String, Occurrences>,
}

/// How often a topic came up, and how long its lines are together.
#[derive(Default)]
struct Occurrences {
    blocks: usize,
    bytes: usize,
}

impl Seen {
    /// Notes a block; whether it is the first of its topic.
    fn note(&mut self, block: &Block<'_>) -> bool {
        if !self.topics.contains_key(block.topic) {
            self.topics.insert(block.topic.to_owned(), Occurrences::default());
        }
        let Some(occurrences) = self.topics.get_mut(block.topic) else { return false };
        occurrences.blocks += 1;
        occurrences.bytes += block.bytes;
        occurrences.blocks == 1
    }

    /// Topics that came up more than once, in groups that fit a budget, at least one to each.
    fn scattered_groups(&self, budget: usize) -> Vec<Vec<Scattered<'_>>> {
        let mut groups: Vec<Vec<Scattered<'_>>> = Vec::new();
        let mut held = usize::MAX;
        let mut scattered: Vec<_> =
            self.topics.iter().filter(|(_, occurrences)| occurrences.blocks > 1).collect();
        scattered.sort_unstable_by_key(|(topic, _)| *topic);
        for (topic, occurrences) in scattered {
            let Occurrences { blocks, bytes } = *occurrences;
            let topic = Scattered { topic, blocks, bytes };
            held = held.saturating_add(topic.cost());
            match groups.last_mut() {
                Some(group) if held <= budget => group.push(topic),
                _ => {
                    held = topic.cost();
                    groups.push(vec![topic]);
                }
            }
        }
        groups
    }
}
