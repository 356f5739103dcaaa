//! Binary preference: a measure that looks at judged documents only.

use std::num::NonZeroU32;

use super::ranking::{JudgedRanking, is_relevant};

/// Bpref = (1 / R) Σ over relevant hits of (1 - min(n, R) / min(N, R)), n being the judged
/// non-relevant hits above it, N all judged non-relevant and R all relevant documents; a hit
/// with n = 0 adds 1 (Buckley and Voorhees, "Retrieval evaluation with incomplete
/// information", SIGIR 2004, as trec_eval `bpref` computes it).
pub(super) fn binary_preference(ranking: &JudgedRanking<'_>, level: NonZeroU32) -> f64 {
    let relevant = ranking.relevant(level);
    if relevant == 0 {
        return 0.0;
    }
    let pairs = (ranking.graded() - relevant).min(relevant);
    let mut above = 0usize;
    let mut sum = 0.0;
    for grade in ranking.ranked.iter().flatten().copied().filter(|&grade| grade >= 0) {
        if !is_relevant(grade, level) {
            above += 1;
        } else if above == 0 || pairs == 0 {
            sum += 1.0;
        } else {
            sum += 1.0 - above.min(relevant) as f64 / pairs as f64;
        }
    }
    sum / relevant as f64
}
