//! Wilcoxon's signed ranks on one number for each family.
//!
//! Zeros are left out and equal absolute values share their mean rank (F. Wilcoxon, Biometrics 1,
//! 1945). Up to [`MOST_EXACT`] families the distribution given the ranks is exact, ties or not;
//! beyond, normal with the variance corrected for ties and no correction for continuity, as
//! `scipy.stats.wilcoxon` has it. It tests symmetry about zero, not the mean. Knows nothing of
//! where the numbers come from.

use crate::eval::report::model::TestResult;
use crate::statistics::special::normal_cdf;

/// Numbers other than zero up to which the distribution is worked out in full.
pub(super) const MOST_EXACT: usize = 100;

/// Absolute values within this share of each other are equal but for rounding.
const ROUNDING: f64 = 1e-12;

/// Rank sums and the probabilities of sums as extreme, if either sign is as likely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SignedRanks {
    /// Sum of the ranks of positive numbers.
    pub(super) positive: f64,
    /// Sum of the ranks of negative numbers.
    pub(super) negative: f64,
    /// P(W⁺ ≥ seen).
    pub(super) at_least: f64,
    /// P(W⁺ ≤ seen).
    pub(super) at_most: f64,
}

impl SignedRanks {
    /// Ranks the values; `None` where all are zero.
    pub(super) fn of(values: &[f64]) -> Option<SignedRanks> {
        let mut nonzero: Vec<f64> = values.iter().copied().filter(|v| *v != 0.0).collect();
        if nonzero.is_empty() {
            return None;
        }
        nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let doubled = doubled_ranks(&nonzero);
        let signed = nonzero.iter().zip(&doubled);
        let positive: usize = signed.filter(|(v, _)| **v > 0.0).map(|(_, rank)| rank).sum();
        let negative = doubled.iter().sum::<usize>() - positive;
        let (at_most, at_least) = if doubled.len() <= MOST_EXACT {
            exact_tails(&doubled, positive)
        } else {
            normal_tails(&doubled, positive)
        };
        let [positive, negative] = [positive, negative].map(|sum| sum as f64 / 2.0);
        Some(SignedRanks { positive, negative, at_least, at_most })
    }

    /// The two-sided test; the statistic is the smaller rank sum.
    pub(super) fn test(&self) -> TestResult {
        let p = (2.0 * self.at_least.min(self.at_most)).min(1.0);
        TestResult { statistic: self.positive.min(self.negative), degrees: None, p }
    }
}

/// Twice the mid-ranks, which are whole numbers.
fn doubled_ranks(ascending: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(ascending.len());
    while let Some(first) = ascending.get(ranks.len()) {
        let start = ranks.len();
        let limit = first.abs() * (1.0 + ROUNDING);
        let size = ascending[start..].iter().take_while(|v| v.abs() <= limit).count().max(1);
        ranks.resize(start + size, 2 * start + size + 1);
    }
    ranks
}

/// P(≤) and P(≥) of the sum of those ranks whose coin shows heads.
fn exact_tails(ranks: &[usize], seen: usize) -> (f64, f64) {
    let mut chances = vec![0.0; ranks.iter().sum::<usize>() + 1];
    chances[0] = 1.0;
    let mut top = 0;
    for &rank in ranks {
        top += rank;
        for sum in (0..=top).rev() {
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = 0.5 * (chances[sum] + with);
        }
    }
    (chances[..=seen].iter().sum(), chances[seen..].iter().sum())
}

/// Mean n(n+1)/4 and variance Σ r²/4, which is the variance corrected for ties.
fn normal_tails(doubled: &[usize], seen: usize) -> (f64, f64) {
    let ranks = doubled.iter().map(|&rank| rank as f64 / 2.0);
    let mean = ranks.clone().sum::<f64>() / 2.0;
    let deviation = (ranks.map(|rank| rank * rank).sum::<f64>() / 4.0).sqrt();
    let z = (seen as f64 / 2.0 - mean) / deviation;
    (normal_cdf(z), normal_cdf(-z))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::fixture::near;

    #[test]
    fn ties_share_their_rank_though_rounding_parts_them() {
        assert_eq!(doubled_ranks(&[0.1, 1.0 - 0.9, 0.2, 0.3 - 0.1, 0.5]), [3, 3, 7, 7, 10]);
        assert_eq!(SignedRanks::of(&[0.0, 0.0]), None);
        let ranks = SignedRanks::of(&[0.0, 2.0, -1.0, 3.0]).unwrap();
        assert_eq!((ranks.positive, ranks.negative), (5.0, 1.0));
        // Of eight assignments, two reach 5 and seven stay at or below 5.
        assert_eq!((ranks.at_least, ranks.at_most), (0.25, 0.875));
    }

    proptest! {
        #[test]
        fn the_exact_distribution_is_that_of_all_signs(
            values in prop::collection::vec(-4_i8..=4, 1..11),
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let Some(ranks) = SignedRanks::of(&values) else { return Ok(()) };
            let nonzero: Vec<f64> = values.into_iter().filter(|v| *v != 0.0).collect();
            let rank = |v: f64| {
                let below = nonzero.iter().filter(|w| w.abs() < v.abs()).count() as f64;
                let at_most = nonzero.iter().filter(|w| w.abs() <= v.abs()).count() as f64;
                f64::midpoint(below + 1.0, at_most)
            };
            let ways = 1_u32 << nonzero.len();
            let sums = (0..ways).map(|way| {
                let kept = nonzero.iter().enumerate().filter(|(i, _)| way >> i & 1 == 1);
                kept.map(|(_, v)| rank(*v)).sum::<f64>()
            });
            let seen = nonzero.iter().filter(|v| **v > 0.0).map(|v| rank(*v)).sum::<f64>();
            let at_least = sums.filter(|sum| *sum >= seen).count();
            near(ranks.positive, seen, 1e-12, 0.0);
            near(ranks.at_least, at_least as f64 / f64::from(ways), 1e-12, 0.0);
        }

        #[test]
        fn exact_and_normal_meet(values in prop::collection::vec(-1.0..1.0_f64, 90..100)) {
            prop_assume!(values.iter().all(|v| *v != 0.0));
            let mut ascending = values;
            ascending.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let ranks = doubled_ranks(&ascending);
            let signed = ascending.iter().zip(&ranks);
            let seen = signed.filter(|(v, _)| **v > 0.0).map(|(_, rank)| rank).sum();
            let (exact, normal) = (exact_tails(&ranks, seen), normal_tails(&ranks, seen));
            near(normal.0, exact.0, 0.0, 2e-3);
            near(normal.1, exact.1, 0.0, 2e-3);
        }
    }
}
