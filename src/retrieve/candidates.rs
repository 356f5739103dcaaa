//! What fusion sees: the union of the retrievers' best rows, each with both exact scores.
//!
//! Nothing is ever absent: a row that only one retriever found still carries the other's exact
//! score, so no fusion has to invent a zero. Ranks are places among the candidates; for rows
//! within a retriever's depth they equal the places among all rows.

use std::cmp::Reverse;

use super::{BoundQuery, Ranking, Row};
use crate::score::Score;

/// A row with both exact scores and ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The row.
    pub row: Row,
    /// Exact lexical score.
    pub lexical: Score,
    /// Exact dense score.
    pub dense: Score,
    /// Place by lexical score among the candidates, from 1.
    pub lexical_rank: u32,
    /// Place by dense score among the candidates, from 1.
    pub dense_rank: u32,
}

/// The union of two retrievers' best rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    rows: Vec<Candidate>,
    lexical_maximum: f64,
    dense_maximum: f64,
}

impl Candidates {
    /// Gathers the best `depth` rows of each retriever.
    pub fn gather(lexical: &dyn BoundQuery, dense: &dyn BoundQuery, depth: usize) -> Candidates {
        let found = [lexical.top(depth), dense.top(depth)];
        let mut rows: Vec<Candidate> =
            Vec::with_capacity(found.iter().map(|ranking| ranking.hits().len()).sum());
        rows.extend(found.iter().flat_map(Ranking::hits).map(|hit| Candidate {
            row: hit.row,
            lexical: Score::ZERO,
            dense: Score::ZERO,
            lexical_rank: 0,
            dense_rank: 0,
        }));
        rows.sort_unstable_by_key(|c| c.row);
        rows.dedup_by_key(|c| c.row);
        for candidate in &mut rows {
            candidate.lexical = lexical.score(candidate.row);
            candidate.dense = dense.score(candidate.row);
        }
        rows.sort_unstable_by_key(|c| (Reverse(c.dense), c.row));
        for (rank, candidate) in (1..).zip(&mut rows) {
            candidate.dense_rank = rank;
        }
        rows.sort_unstable_by_key(|c| (Reverse(c.lexical), c.row));
        for (rank, candidate) in (1..).zip(&mut rows) {
            candidate.lexical_rank = rank;
        }
        rows.sort_unstable_by_key(|c| c.row);
        Candidates {
            rows,
            lexical_maximum: lexical.attainable_maximum(),
            dense_maximum: dense.attainable_maximum(),
        }
    }

    /// The candidates, by row ascending.
    pub fn rows(&self) -> &[Candidate] {
        &self.rows
    }

    /// A candidate by row.
    pub fn get(&self, row: Row) -> Option<&Candidate> {
        self.rows.binary_search_by_key(&row, |c| c.row).ok().map(|i| &self.rows[i])
    }

    /// Greatest lexical score attainable for the query.
    pub fn lexical_maximum(&self) -> f64 {
        self.lexical_maximum
    }

    /// Greatest dense score attainable for the query.
    pub fn dense_maximum(&self) -> f64 {
        self.dense_maximum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieve::{Hit, RetrieveError, RetrieverExplanation};

    struct Fixed(&'static [f64]);

    impl BoundQuery for Fixed {
        fn top(&self, depth: usize) -> Ranking {
            let rows = 0..self.0.len() as u32;
            Ranking::top(rows.map(|r| Hit { row: Row(r), score: self.score(Row(r)) }), depth)
        }
        fn score(&self, row: Row) -> Score {
            Score::new(self.0[row.0 as usize]).unwrap()
        }
        fn attainable_maximum(&self) -> f64 {
            4.0
        }
        fn explain(&self, row: Row) -> Result<RetrieverExplanation, RetrieveError> {
            Ok(RetrieverExplanation::Other { score: self.score(row).get() })
        }
    }

    #[test]
    fn rows_found_by_one_retriever_carry_the_other_ones_exact_score() {
        let candidates =
            Candidates::gather(&Fixed(&[3.0, 1.0, 1.0, 0.5]), &Fixed(&[0.1, 0.2, 0.9, 0.3]), 1);
        let rows: Vec<_> = candidates.rows().iter().map(|c| c.row.0).collect();
        assert_eq!(rows, [0, 2]);
        let second = candidates.get(Row(2)).unwrap();
        assert_eq!((second.lexical.get(), second.dense.get()), (1.0, 0.9));
        assert_eq!((second.lexical_rank, second.dense_rank), (2, 1));
    }

    #[test]
    fn ties_rank_by_row() {
        let candidates = Candidates::gather(&Fixed(&[1.0, 1.0, 2.0]), &Fixed(&[0.5; 3]), 3);
        let ranks: Vec<_> =
            candidates.rows().iter().map(|c| (c.lexical_rank, c.dense_rank)).collect();
        assert_eq!(ranks, [(2, 1), (3, 2), (1, 3)]);
    }
}
