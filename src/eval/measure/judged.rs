//! How much of what is shown was ever judged: low values make every other measure a guess.

use super::Cutoff;
use super::ranking::{JudgedRanking, share};

/// Judged@k = judged hits among the first k / min(k, hits), as ir_measures computes it. A
/// judgement of any grade counts.
pub(super) fn judged(ranking: &JudgedRanking<'_>, cutoff: Option<Cutoff>) -> f64 {
    let hits = || ranking.hits(cutoff, false);
    share(hits().flatten().count(), hits().count())
}
