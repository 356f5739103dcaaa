//! How clean the top is: precision, success and precision at R.

use super::ranking::{JudgedRanking, share};
use super::{Cutoff, Relevance};

/// P@k = relevant hits among the first k / k, also where fewer than k were found (van
/// Rijsbergen, Information Retrieval, 2nd edition, 1979; trec_eval `P`).
pub(super) fn precision(ranking: &JudgedRanking<'_>, cutoff: Cutoff, relevance: Relevance) -> f64 {
    share(found(ranking, cutoff.get() as usize, relevance), cutoff.get() as usize)
}

/// Success@k = 1 where one of the first k hits is relevant, else 0 (trec_eval `success`).
pub(super) fn success(ranking: &JudgedRanking<'_>, cutoff: Cutoff, relevance: Relevance) -> f64 {
    let is_found = ranking.relevant_hits(Some(cutoff), relevance).any(|is_relevant| is_relevant);
    f64::from(u8::from(is_found))
}

/// Rprec = relevant hits among the first R / R, R being all relevant documents (Buckley and
/// Voorhees 2005; trec_eval `Rprec`).
pub(super) fn r_precision(ranking: &JudgedRanking<'_>, relevance: Relevance) -> f64 {
    let relevant = ranking.relevant(relevance.level);
    share(found(ranking, relevant, relevance), relevant)
}

fn found(ranking: &JudgedRanking<'_>, depth: usize, relevance: Relevance) -> usize {
    ranking.relevant_hits(None, relevance).take(depth).filter(|&is_relevant| is_relevant).count()
}
