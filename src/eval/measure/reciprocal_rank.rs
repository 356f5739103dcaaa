//! Reciprocal rank: how far down the first relevant document stands.

use super::ranking::JudgedRanking;
use super::{Cutoff, Relevance};

/// RR = 1 / rank of the first relevant hit, 0 where there is none down to the cutoff (Kantor
/// and Voorhees, "The TREC-5 confusion track", Information Retrieval 2, 2000; trec_eval
/// `recip_rank`, which knows no cutoff).
pub(super) fn reciprocal_rank(
    ranking: &JudgedRanking<'_>,
    cutoff: Option<Cutoff>,
    relevance: Relevance,
) -> f64 {
    let first = ranking.relevant_hits(cutoff, relevance).position(|is_relevant| is_relevant);
    first.map_or(0.0, |place| 1.0 / (place + 1) as f64)
}
