//! Rows in order: the one order there is.
//!
//! Rows of a snapshot are numbered by document id descending (bytewise), then passage ordinal
//! ascending, so "score descending, then row ascending" *is* the documented tie rule (that of
//! trec_eval, with the ordinal behind it).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

pub use crate::ids::Row;
use crate::score::Score;

/// A row and its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The row.
    pub row: Row,
    /// Its score; the unit belongs to the stage that made the ranking.
    pub score: Score,
}

impl Hit {
    fn order(&self, other: &Hit) -> Ordering {
        other.score.cmp(&self.score).then(self.row.cmp(&other.row))
    }
}

/// Hits by score descending, then row ascending; no row twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranking(Vec<Hit>);

#[derive(Debug, PartialEq, Eq)]
struct Worst(Hit);

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best hits of those offered so far, each row once.
#[derive(Debug)]
pub struct BestHits {
    depth: usize,
    heap: BinaryHeap<Worst>,
}

impl BestHits {
    /// Room for the best `depth` hits.
    pub fn new(depth: usize) -> BestHits {
        BestHits { depth, heap: BinaryHeap::with_capacity(depth.min(4096) + 1) }
    }

    /// Keeps a hit if it is among the best so far.
    pub fn offer(&mut self, hit: Hit) {
        if self.heap.len() < self.depth {
            self.heap.push(Worst(hit));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit.order(&worst.0) == Ordering::Less
        {
            *worst = Worst(hit);
        }
    }

    /// The score below which no hit is kept any more; `None` while there is room.
    pub fn least(&self) -> Option<Score> {
        let is_full = self.heap.len() >= self.depth;
        self.heap.peek().filter(|_| is_full).map(|worst| worst.0.score)
    }

    /// The hits, best first.
    pub fn into_ranking(self) -> Ranking {
        Ranking(self.heap.into_sorted_vec().into_iter().map(|worst| worst.0).collect())
    }
}

impl Ranking {
    /// Orders hits. Of a row given twice the better score stays.
    pub fn from_hits(hits: impl IntoIterator<Item = Hit>) -> Ranking {
        let given = hits.into_iter();
        // Filters promise nothing but an upper bound: room for it once, not growth by doubling.
        let room = given.size_hint().1.unwrap_or(0).min(4096);
        let mut hits: Vec<Hit> = Vec::with_capacity(room);
        hits.extend(given);
        hits.sort_unstable_by_key(|h| (h.row, Reverse(h.score)));
        hits.dedup_by_key(|h| h.row);
        hits.sort_unstable_by(Hit::order);
        Ranking(hits)
    }

    /// The best `depth` of many hits, each row given once, in memory of the depth alone.
    pub fn top(hits: impl IntoIterator<Item = Hit>, depth: usize) -> Ranking {
        let mut best = BestHits::new(depth);
        for hit in hits {
            best.offer(hit);
        }
        best.into_ranking()
    }

    /// The hits, best first.
    pub fn hits(&self) -> &[Hit] {
        &self.0
    }

    /// The best hit.
    pub fn first(&self) -> Option<Hit> {
        self.0.first().copied()
    }

    /// Place of a row, from 0.
    pub fn rank_of(&self, row: Row) -> Option<usize> {
        self.0.iter().position(|h| h.row == row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hit((row, score): (u32, i32)) -> Hit {
        Hit { row: Row(row), score: Score::new(f64::from(score)).unwrap() }
    }

    proptest! {
        #[test]
        fn top_equals_the_head_of_a_full_sort(
            scores in proptest::collection::vec(-3..3i32, 0..60),
            depth in 0..70usize,
        ) {
            let hits: Vec<Hit> = (0..).zip(scores).map(hit).collect();
            let full = Ranking::from_hits(hits.clone());
            let top = Ranking::top(hits.into_iter().rev(), depth);
            prop_assert_eq!(top.hits(), &full.hits()[..depth.min(full.hits().len())]);
        }

        #[test]
        fn order_is_score_then_row_and_rows_are_unique(
            pairs in proptest::collection::vec((0..20u32, -3..3i32), 0..60),
        ) {
            let ranking = Ranking::from_hits(pairs.into_iter().map(hit));
            for pair in ranking.hits().windows(2) {
                prop_assert_eq!(pair[0].order(&pair[1]), Ordering::Less);
                prop_assert_ne!(pair[0].row, pair[1].row);
            }
        }
    }
}
