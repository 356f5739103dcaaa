//! Brings together the lines of topics that are scattered over a run, and measures them.

use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Table;
use super::judge::{Hit, Judge};
use super::stream::{Judged, Sizes, in_chunks};
use crate::eval::format_error::FormatError;
use crate::eval::trec::columns::{self, Problem};

/// A topic whose lines stand in more than one place.
pub(super) struct Scattered<'s> {
    pub(super) topic: &'s str,
    /// Stretches of lines, at most.
    pub(super) blocks: usize,
    /// How long the lines are together.
    pub(super) bytes: usize,
}

impl Scattered<'_> {
    /// Memory its lines will take, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.bytes + self.blocks * size_of::<(usize, usize)>()
    }
}

/// The lines of a topic, from all over the file.
struct Gathered {
    text: String,
    /// Where in the text a stretch of lines begins, and its line in the file.
    fragments: Vec<(usize, usize)>,
}

impl Gathered {
    fn with_room_for(topic: &Scattered<'_>) -> Self {
        Self {
            text: String::with_capacity(topic.bytes),
            fragments: Vec::with_capacity(topic.blocks),
        }
    }

    fn push(&mut self, line: usize, text: &str) {
        self.fragments.push((self.text.len(), line));
        self.text.push_str(text);
        // The last line of a file need not end.
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// The hits, in the order of the file.
    fn hits(&self) -> impl Iterator<Item = Hit<'_>> {
        let ends = self.fragments.iter().skip(1).map(|&(start, _)| start);
        let ends = ends.chain([self.text.len()]);
        self.fragments.iter().zip(ends).flat_map(|(&(start, line), end)| {
            (line..).zip(self.text[start..end].lines()).filter_map(|(line, row)| {
                // The lines were checked when the file was read before.
                let hit = columns::run_line(row).ok()??;
                Some(Hit::new(hit.document, hit.score, line))
            })
        })
    }
}

/// Measures a group of scattered topics from all their lines.
pub(super) fn measure_group(
    run: &Path,
    sizes: Sizes,
    judged: &Judged<'_>,
    topics: &[Scattered<'_>],
    table: &mut Table,
) -> Result<(), FormatError> {
    let gathered = gather(run, sizes, topics)?;
    let measured: Vec<Result<Vec<f64>, (usize, Problem)>> = topics
        .par_iter()
        .zip(&gathered)
        .map(|(topic, gathered)| {
            let mut values = Vec::new();
            judged
                .measure(&mut Judge::default(), topic.topic, gathered.hits(), &mut values)
                .map(|()| values)
        })
        .collect();
    let problems = measured.iter().filter_map(|values| values.as_ref().err());
    if let Some((line, problem)) = problems.min_by_key(|(line, _)| *line) {
        return Err(problem.clone().at(run, *line));
    }
    for (topic, values) in topics.iter().zip(measured) {
        if let (Some(place), Ok(values)) = (judged.places.get(topic.topic), values) {
            table.set(*place, &values);
        }
    }
    Ok(())
}

fn gather(
    run: &Path,
    sizes: Sizes,
    topics: &[Scattered<'_>],
) -> Result<Vec<Gathered>, FormatError> {
    let slots: FxHashMap<&str, usize> = topics.iter().map(|topic| topic.topic).zip(0..).collect();
    let mut gathered: Vec<Gathered> = topics.iter().map(Gathered::with_room_for).collect();
    in_chunks(run, sizes, |chunk| {
        let found: Vec<Vec<Fragment<'_>>> = chunk
            .pieces(sizes.piece)
            .into_par_iter()
            .map(|(line, text)| fragments(line, text, &slots))
            .collect();
        for fragment in found.iter().flatten() {
            gathered[fragment.slot].push(fragment.line, fragment.text);
        }
        Ok(())
    })?;
    Ok(gathered)
}

/// A stretch of lines of one topic.
struct Fragment<'t> {
    slot: usize,
    line: usize,
    text: &'t str,
}

fn fragments<'t>(
    first_line: usize,
    text: &'t str,
    slots: &FxHashMap<&str, usize>,
) -> Vec<Fragment<'t>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut end = 0;
    // The topic of the stretch being read, and the line it begins at.
    let mut open: Option<(&str, usize)> = None;
    let mut close = |topic: &str, line: usize, text: &'t str| {
        if let Some(&slot) = slots.get(topic) {
            found.push(Fragment { slot, line, text });
        }
    };
    for (line, row) in (first_line..).zip(text.split_inclusive('\n')) {
        if let Some(topic) = columns::topic_of(row)
            && open.is_none_or(|(other, _)| other != topic)
        {
            if let Some((other, line)) = open {
                close(other, line, &text[start..end]);
            }
            open = Some((topic, line));
            start = end;
        }
        end += row.len();
    }
    if let Some((topic, line)) = open {
        close(topic, line, &text[start..end]);
    }
    found
}
