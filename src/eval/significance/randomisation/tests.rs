//! Properties checked:
//! 1. Counting all signs gives what adding them up one by one gives.
//! 2. Draws agree with counting; p is never 0; the same bits at any thread count.
//! 3. Equal sums are equal though rounding parts them.

#![expect(clippy::float_cmp, reason = "shares of the same counts")]

use proptest::prelude::*;

use super::*;
use crate::statistics::fixture::near;

fn by_hand(values: &[f64]) -> (f64, f64, f64) {
    let ways = 1_u32 << values.len();
    let seen: f64 = values.iter().sum();
    let share = |extreme: &dyn Fn(f64) -> bool| {
        let sums = (0..ways).map(|way| {
            let signed = values.iter().enumerate();
            signed.map(|(i, v)| if way >> i & 1 == 1 { *v } else { -v }).sum::<f64>()
        });
        sums.filter(|sum| extreme(*sum)).count() as f64 / f64::from(ways)
    };
    let close = 1e-9;
    let two_sided = share(&|sum| sum.abs() >= seen.abs() - close);
    (two_sided, share(&|sum| sum >= seen - close), share(&|sum| sum <= seen + close))
}

#[test]
fn no_difference_no_evidence() {
    for values in [&[][..], &[0.0; 30]] {
        let flips = sign_flips(values, 1000, 1);
        assert_eq!((flips.two_sided, flips.exact), (1.0, true));
    }
}

#[test]
fn p_is_never_zero() {
    let flips = sign_flips(&[1.0; 100], 999, 1);
    assert_eq!((flips.two_sided, flips.at_least, flips.at_most), (0.001, 0.001, 1.0));
    assert!(!flips.exact);
    let without_draws = sign_flips(&[1.0; 100], 0, 1);
    assert_eq!(without_draws.two_sided, 1.0);
    let exact = sign_flips(&[1.0; 9], 512, 1);
    assert_eq!((exact.two_sided, exact.exact), (2.0 / 512.0, true));
    assert!(!sign_flips(&[1.0; 9], 511, 1).exact);
}

#[test]
fn draws_agree_with_counting() {
    let values: Vec<f64> = (0..16).map(|i| f64::from(i * 7 % 11) - 3.5).collect();
    let (exact, drawn) = (sign_flips(&values, 1 << 16, 1), sign_flips(&values, 60_000, 1));
    assert!(exact.exact && !drawn.exact);
    // Four deviations of a share of 60,000.
    near(drawn.two_sided, exact.two_sided, 0.0, 4.0 * (0.25_f64 / 6e4).sqrt());
    near(drawn.at_least, exact.at_least, 0.0, 4.0 * (0.25_f64 / 6e4).sqrt());
}

#[test]
fn the_same_bits_at_any_thread_count() {
    let values: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101) / 101.0 - 0.45).collect();
    let flips = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sign_flips(&values, 5000, seed))
    };
    assert_eq!(flips(1, 1), flips(5, 1));
    assert_ne!(flips(1, 1).at_least.to_bits(), flips(1, 2).at_least.to_bits());
}

#[test]
fn numbers_of_any_size_are_borne() {
    for scale in [f64::MIN_POSITIVE / 4.0, 1e-300, 1.0, 1e300] {
        let values: Vec<f64> = [3.0, -1.0, 2.0, 2.0].iter().map(|v| v * scale).collect();
        near(sign_flips(&values, 100, 1).two_sided, 0.25, 1e-12, 0.0);
    }
}

proptest! {
    #[test]
    fn counting_is_adding_up_all_signs(values in prop::collection::vec(-5_i8..=5, 1..11)) {
        // Tenths, so that equal sums differ by rounding.
        let values: Vec<f64> = values.into_iter().map(|v| f64::from(v) * 0.1).collect();
        let flips = sign_flips(&values, 1 << 11, 1);
        let (two_sided, at_least, at_most) = by_hand(&values);
        prop_assert!(flips.exact);
        near(flips.two_sided, two_sided, 1e-12, 0.0);
        near(flips.at_least, at_least, 1e-12, 0.0);
        near(flips.at_most, at_most, 1e-12, 0.0);
    }

    #[test]
    fn names_of_the_systems_and_order_of_the_families_do_not_matter(
        values in prop::collection::vec(-1.0..1.0_f64, 1..14),
    ) {
        let turned: Vec<f64> = values.iter().rev().map(|v| -v).collect();
        let (a, b) = (sign_flips(&values, 1 << 14, 1), sign_flips(&turned, 1 << 14, 1));
        prop_assert_eq!(a.two_sided.to_bits(), b.two_sided.to_bits());
        prop_assert_eq!(a.at_least.to_bits(), b.at_most.to_bits());
    }
}
