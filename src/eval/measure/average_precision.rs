//! Average precision: how early, over the whole list, the relevant documents stand.

use super::ranking::JudgedRanking;
use super::{Cutoff, Relevance};

/// AP = (1 / R) Σ over relevant hits of (relevant hits down to its rank / rank), R being all
/// relevant documents, found or not (Buckley and Voorhees, "Retrieval System Evaluation", in
/// TREC: Experiment and Evaluation in Information Retrieval, 2005; trec_eval `map`, `map_cut`).
pub(super) fn average_precision(
    ranking: &JudgedRanking<'_>,
    cutoff: Option<Cutoff>,
    relevance: Relevance,
) -> f64 {
    let relevant = ranking.relevant(relevance.level);
    if relevant == 0 {
        return 0.0;
    }
    let mut found = 0.0;
    let mut sum = 0.0;
    for (rank, is_relevant) in (1u32..).zip(ranking.relevant_hits(cutoff, relevance)) {
        if is_relevant {
            found += 1.0;
            sum += found / f64::from(rank);
        }
    }
    sum / relevant as f64
}
