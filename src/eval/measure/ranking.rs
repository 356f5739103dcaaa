//! What measures see of a topic: grades by rank, and all grades given.

use std::num::NonZeroU32;

use super::{Cutoff, Relevance};

/// A topic's ranking with what is judged.
#[derive(Debug, Clone, Copy)]
pub struct JudgedRanking<'a> {
    /// The grade of each hit, best hit first; none for a hit that is not judged.
    pub ranked: &'a [Option<i32>],
    /// The grades of all judged documents, found or not, descending.
    pub judged: &'a [i32],
}

impl<'a> JudgedRanking<'a> {
    /// Grades of the hits down to a cutoff.
    pub(super) fn hits(
        &self,
        cutoff: Option<Cutoff>,
        judged_only: bool,
    ) -> impl Iterator<Item = Option<i32>> + 'a {
        self.ranked
            .iter()
            .copied()
            .filter(move |grade| !judged_only || grade.is_some_and(|grade| grade >= 0))
            .take(depth(cutoff))
    }

    /// Whether each hit is relevant, down to a cutoff.
    pub(super) fn relevant_hits(
        &self,
        cutoff: Option<Cutoff>,
        relevance: Relevance,
    ) -> impl Iterator<Item = bool> + 'a {
        self.hits(cutoff, relevance.judged_only)
            .map(move |grade| grade.is_some_and(|grade| is_relevant(grade, relevance.level)))
    }

    /// Documents judged relevant, found or not.
    pub(super) fn relevant(&self, level: NonZeroU32) -> usize {
        self.judged.partition_point(|&grade| is_relevant(grade, level))
    }

    /// Documents judged, found or not.
    pub(super) fn graded(&self) -> usize {
        self.judged.partition_point(|&grade| grade >= 0)
    }
}

pub(super) fn is_relevant(grade: i32, level: NonZeroU32) -> bool {
    i64::from(grade) >= i64::from(level.get())
}

pub(super) fn depth(cutoff: Option<Cutoff>) -> usize {
    cutoff.map_or(usize::MAX, |cutoff| cutoff.get() as usize)
}

/// A share, 0 where there is nothing to share.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
