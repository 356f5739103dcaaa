//! What remains of p-values when many tests are made?
//!
//! Holm's step-down correction holds the chance of any false rejection at the level, whatever the
//! tests have to do with each other. Which tests belong together is for the caller to say.

/// Holm-adjusted p-values, in the order given (S. Holm, "A Simple Sequentially Rejective Multiple
/// Test Procedure", Scandinavian Journal of Statistics 6, 1979): of m p-values the k-th smallest
/// becomes the greatest of (m − j + 1) p₍ⱼ₎ over j ≤ k, at most 1. A test that could not be made
/// (NaN) counts among the m, with p = 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = p.iter().map(|p| if p.is_nan() { 1.0 } else { *p }).collect();
    let mut order: Vec<usize> = (0..known.len()).collect();
    order.sort_by(|&a, &b| known[a].total_cmp(&known[b]));
    let mut adjusted = vec![1.0; known.len()];
    let mut greatest = 0.0_f64;
    for (rank, &test) in order.iter().enumerate() {
        greatest = greatest.max((known.len() - rank) as f64 * known[test]);
        adjusted[test] = greatest.min(1.0);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::fixture::{near, part};

    #[test]
    fn as_statsmodels() {
        let cases: Vec<(Vec<f64>, Vec<f64>)> = part("/holm");
        for (p, expected) in cases {
            for (found, expected) in holm(&p).into_iter().zip(expected) {
                near(found, expected, 1e-12, 0.0);
            }
        }
    }

    #[test]
    fn a_test_that_was_not_made_still_counts() {
        let adjusted = holm(&[0.01, f64::NAN]);
        assert_eq!(adjusted, [0.02, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn order_is_kept_and_nothing_gets_smaller(p in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            let adjusted = holm(&p);
            for (i, &raw) in p.iter().enumerate() {
                prop_assert!(raw <= adjusted[i] && adjusted[i] <= (p.len() as f64 * raw).min(1.0));
                for (j, &other) in p.iter().enumerate() {
                    prop_assert!(raw > other || adjusted[i] <= adjusted[j]);
                }
            }
        }

        #[test]
        fn it_rejects_what_stepping_down_rejects(p in prop::collection::vec(0.0..=0.2_f64, 1..12)) {
            let level = 0.05;
            let mut left: Vec<usize> = (0..p.len()).collect();
            left.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
            let mut rejected = vec![false; p.len()];
            while let Some(&first) = left.first() {
                if p[first] > level / left.len() as f64 {
                    break;
                }
                rejected[first] = true;
                left.remove(0);
            }
            let adjusted: Vec<bool> = holm(&p).iter().map(|p| *p <= level).collect();
            prop_assert_eq!(adjusted, rejected);
        }
    }
}
