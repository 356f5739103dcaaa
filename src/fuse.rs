//! From candidates to one ranking. Pure: no IO, no clock, no state.
//!
//! The weighted sum divides by what is attainable for the query (lexical: the sum of count *
//! idf * (k1 + 1); dense: 1), never by the best or worst of the result at hand, so a passage's
//! score does not change with its neighbours in the list, the depth or the layout of the index.

use schemars::JsonSchema;
use serde::Serialize;

use crate::index::settings::{FusionMethod, FusionSettings};
use crate::retrieve::{Candidate, Candidates, Hit, Ranking};
use crate::score::Score;

/// Candidates to one ranking.
pub trait Fusion: Send + Sync {
    /// Ranks all candidates.
    fn fuse(&self, candidates: &Candidates) -> Ranking;
}

/// A fused score unfolded.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FusionExplanation {
    /// Which fusion.
    pub method: FusionMethod,
    /// Exact lexical score.
    pub lexical: f64,
    /// Greatest lexical score attainable for the query.
    pub lexical_maximum: f64,
    /// Exact dense score.
    pub dense: f64,
    /// Greatest dense score attainable.
    pub dense_maximum: f64,
    /// Weight of the dense side, for the weighted sum.
    pub dense_weight: f64,
    /// k, for reciprocal rank fusion.
    pub rrf_k: f64,
    /// Place by lexical score, from 1.
    pub lexical_rank: u32,
    /// Place by dense score, from 1.
    pub dense_rank: u32,
    /// The fused score.
    pub score: f64,
}

impl FusionSettings {
    /// The fused score of one candidate.
    pub fn score(&self, candidate: &Candidate, candidates: &Candidates) -> f64 {
        let lexical = normalised_lexical(candidate.lexical.get(), candidates.lexical_maximum());
        let dense = candidate.dense.get() / candidates.dense_maximum();
        match self.method {
            FusionMethod::WeightedSum => {
                (1.0 - self.dense_weight) * lexical + self.dense_weight * dense
            }
            FusionMethod::Rrf => {
                1.0 / (self.rrf_k + f64::from(candidate.lexical_rank))
                    + 1.0 / (self.rrf_k + f64::from(candidate.dense_rank))
            }
            FusionMethod::LexicalOnly => candidate.lexical.get(),
            FusionMethod::DenseOnly => candidate.dense.get(),
        }
    }

    /// Unfolds the fused score of one candidate.
    pub fn explain(&self, candidate: &Candidate, candidates: &Candidates) -> FusionExplanation {
        FusionExplanation {
            method: self.method,
            lexical: candidate.lexical.get(),
            lexical_maximum: candidates.lexical_maximum(),
            dense: candidate.dense.get(),
            dense_maximum: candidates.dense_maximum(),
            dense_weight: self.dense_weight,
            rrf_k: self.rrf_k,
            lexical_rank: candidate.lexical_rank,
            dense_rank: candidate.dense_rank,
            score: self.score(candidate, candidates),
        }
    }
}

/// A lexical score as a share of what is attainable; 0 when nothing is.
pub fn normalised_lexical(score: f64, maximum: f64) -> f64 {
    if maximum > 0.0 { score / maximum } else { 0.0 }
}

impl Fusion for FusionSettings {
    fn fuse(&self, candidates: &Candidates) -> Ranking {
        let matched =
            |c: &&Candidate| self.method != FusionMethod::LexicalOnly || c.lexical > Score::ZERO;
        Ranking::from_hits(candidates.rows().iter().filter(matched).map(|candidate| Hit {
            row: candidate.row,
            // Settings are range-checked and scores finite, so the sum is finite.
            score: Score::new(self.score(candidate, candidates)).unwrap_or(Score::ZERO),
        }))
    }
}
