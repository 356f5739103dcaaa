//! Normalised discounted cumulative gain: how much of the attainable gain stands early.

use super::ranking::{JudgedRanking, depth};
use super::{Cutoff, Gain};

/// nDCG@k = DCG@k / ideal DCG@k, DCG@k = Σ gain(grade at rank r) / log2(r + 1) for r ≤ k. The
/// ideal ranks all judged documents, found or not, by grade (Järvelin and Kekäläinen,
/// "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002, with the discount of
/// Burges et al., "Learning to rank using gradient descent", ICML 2005; trec_eval `ndcg`,
/// `ndcg_cut`). Grades below 1 have no gain.
pub(super) fn ndcg(
    ranking: &JudgedRanking<'_>,
    cutoff: Option<Cutoff>,
    gain: Gain,
    judged_only: bool,
) -> f64 {
    let ideal = discounted(ranking.judged.iter().copied().take(depth(cutoff)), gain);
    if ideal == 0.0 {
        return 0.0;
    }
    let hits = ranking.hits(cutoff, judged_only).map(Option::unwrap_or_default);
    discounted(hits, gain) / ideal
}

fn discounted(grades: impl Iterator<Item = i32>, gain: Gain) -> f64 {
    let mut sum = 0.0;
    for (rank, grade) in (1u32..).zip(grades) {
        if grade > 0 {
            sum += worth(grade, gain) / f64::from(rank + 1).log2();
        }
    }
    sum
}

/// Grades above 1000 are worth as much as 1000, so that no sum overflows.
fn worth(grade: i32, gain: Gain) -> f64 {
    match gain {
        Gain::Linear => f64::from(grade),
        Gain::Exponential => 2f64.powi(grade.min(1000)) - 1.0,
    }
}
