//! How much of what is relevant is found.

use super::ranking::{JudgedRanking, share};
use super::{Cutoff, Relevance};

/// R@k = relevant hits among the first k / all relevant documents (trec_eval `recall`). Where a
/// paper means "any relevant document among the first k" it is Success@k.
pub(super) fn recall(ranking: &JudgedRanking<'_>, cutoff: Cutoff, relevance: Relevance) -> f64 {
    let found = ranking.relevant_hits(Some(cutoff), relevance).filter(|&is_relevant| is_relevant);
    share(found.count(), ranking.relevant(relevance.level))
}
