//! Properties checked of certificates over an interval of prevalence:
//! 1. The risk at any share inside is no greater than at one of the ends, and the limit is that of
//!    the ends.
//! 2. A p-value is the least level whose limit is alpha.
//! 3. Where a tenth of the sample should be declined and a fifth of what comes in, certificates of
//!    the sample's mix break their promise and certificates of the interval keep it, of the risk
//!    and of the coverage.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::certify::Walk;
use super::*;
use crate::statistics::fixture::near;
use crate::statistics::{binomial_limit, clopper_pearson_lower, clopper_pearson_upper};

const LOW: f64 = 0.02;
const HIGH: f64 = 0.2;
const INTERVAL: Method = Method::PrevalenceInterval { low: LOW, high: HIGH };

#[test]
fn intervals_that_are_none_are_refused() {
    for (low, high) in [(0.3, 0.2), (-0.1, 0.2), (0.2, 1.0), (f64::NAN, 0.2), (0.1, f64::NAN)] {
        assert!(!Method::PrevalenceInterval { low, high }.is_sound(), "{low} to {high}");
    }
    assert!(INTERVAL.is_sound());
}

#[test]
fn without_families_on_either_side_nothing_is_certified() {
    for (answerable, unanswerable) in [(200, 0), (0, 200)] {
        let families = Mix { answerable, unanswerable };
        let counts = Counts { families, right: answerable, wrong: 0, out_of_scope: 0 };
        assert!(INTERVAL.risk_limit(&counts, 0.05) > 0.15);
    }
}

proptest! {
    #[test]
    fn the_worst_share_is_an_end(
        right in 0_usize..200, wrong in 0_usize..20, declined in 0_usize..200, out in 0_usize..20,
        level in 0.001..0.2_f64, share in LOW..=HIGH,
    ) {
        let families = Mix { answerable: right + wrong + declined, unanswerable: 100 };
        let counts = Counts { families, right, wrong, out_of_scope: out };
        let sure = 1.0 - level / 3.0;
        let answerable = families.answerable;
        let at = |share: f64| {
            let errors = clopper_pearson_upper(wrong, answerable, sure) * (1.0 - share)
                + clopper_pearson_upper(out, 100, sure) * share;
            errors / (errors + clopper_pearson_lower(right, answerable, sure) * (1.0 - share))
        };
        let limit = INTERVAL.risk_limit(&counts, level);
        prop_assert!(at(share) <= limit + 1e-12);
        near(limit, at(LOW).max(at(HIGH)), 1e-9, 0.0);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn p_values_are_the_least_levels(
        right in 50_usize..400, wrong in 0_usize..8, out in 0_usize..8, alpha in 0.02..0.2_f64,
    ) {
        let families = Mix { answerable: 500, unanswerable: 120 };
        let counts = Counts { families, right, wrong, out_of_scope: out };
        let p = INTERVAL.p_value(&counts, alpha);
        if p > 1e-9 && p < 1.0 {
            near(INTERVAL.risk_limit(&counts, p), alpha, 1e-6, 0.0);
        }
        prop_assert!(p <= 1.0 && p > 0.0);
        let worse = Counts { out_of_scope: out + 1, ..counts };
        prop_assert!(INTERVAL.p_value(&worse, alpha) >= p);
    }
}

/// P(wrong | confidence) of answerable messages.
fn wrong_at(confidence: f64) -> f64 {
    0.04 * (1.0 - confidence)
}

fn draw(generator: &mut ChaCha8Rng, mix: Mix) -> Vec<Outcome> {
    (0..mix.total())
        .map(|family| {
            let answerable = family < mix.answerable;
            let confidence = if answerable {
                // P(confidence >= t) is 1 - t^3.
                uniform(generator).cbrt()
            } else {
                // And here (1 - t)^4.
                1.0 - uniform(generator).powf(0.25)
            };
            let wrong = uniform(generator) < wrong_at(confidence);
            Outcome { answerable, ..outcome(family, confidence, wrong) }
        })
        .collect()
}

/// The true risk and share of right answers at a threshold where a share is to be declined.
fn truth(threshold: f64, share: f64) -> (f64, f64) {
    let answered = 1.0 - threshold.powi(3);
    let wrong = 0.04 * (answered - 0.75 * (1.0 - threshold.powi(4)));
    let out = (1.0 - threshold).powi(4);
    let errors = wrong * (1.0 - share) + out * share;
    (errors / (answered * (1.0 - share) + out * share), (answered - wrong) * (1.0 - share))
}

#[test]
fn a_shift_of_prevalence_breaks_the_sample_mix_and_not_the_interval() {
    let draws = 200;
    let mix = Mix { answerable: 900, unanswerable: 100 };
    let mut broken = [0; 2];
    let (mut certified, mut short) = (0, 0);
    for seed in 0..draws {
        let generator = &mut ChaCha8Rng::seed_from_u64(seed);
        let (fit, calibrate) = (draw(generator, mix), draw(generator, mix));
        for (number, method) in [Method::SampleMix, INTERVAL].into_iter().enumerate() {
            let terms = Terms { method, ..terms(0.05, 0.05) };
            let plan = Plan::new(&fit, mix, &terms, DEFAULT_STARTS).unwrap();
            let walk = Walk::over(&plan, &calibrate, &terms).unwrap();
            if let Some(place) = walk.lowest() {
                let (risk, coverage) = truth(plan.grid[place], HIGH);
                broken[number] += usize::from(risk > 0.05);
                certified += number;
                let limit =
                    method.coverage_limit(&walk.counts[place], 0.05 / plan.grid.len() as f64);
                short += usize::from(number == 1 && coverage < limit);
            }
        }
    }
    let limit = binomial_limit(draws as usize, 0.05, 0.99);
    assert!(broken[1] <= limit && short <= limit, "{broken:?}, {short} short, limit {limit}");
    assert!(certified * 2 > draws as usize, "{certified} certificates of the interval");
    assert!(broken[0] * 2 > draws as usize, "{broken:?}");
}
