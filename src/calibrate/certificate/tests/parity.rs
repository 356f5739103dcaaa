//! Properties checked against MAPIE's Learn then Test (`scripts/eval/parity_ltt.py`):
//! 1. At every threshold as many answers and errors, and the same p-value with `binary=True`.
//! 2. The same thresholds rejected by fixed-sequence testing from one, two and four starts.
//! 3. Where MAPIE rounds n · (k / n) up to k + 1, its p-value lies above ours, and not above ours of
//!    k + 1 errors.

use serde::Deserialize;

use super::super::certify::Walk;
use super::*;
use crate::statistics::fixture::{near, part_of};

#[derive(Deserialize)]
struct Case {
    alpha: f64,
    delta: f64,
    confidence: Vec<f64>,
    loss: Vec<bool>,
    grid: Vec<f64>,
    answered: Vec<usize>,
    errors: Vec<usize>,
    p: Vec<f64>,
    rejected: std::collections::BTreeMap<usize, Vec<usize>>,
}

#[test]
fn p_values_and_rejections_are_mapies() {
    let cases: Vec<Case> = part_of("certificate.json", "/learn_then_test");
    assert!(cases.iter().any(|case| case.rejected[&1] != case.rejected[&4]));
    for case in cases {
        let pairs = case.confidence.iter().zip(&case.loss).enumerate();
        let outcomes: Vec<Outcome> =
            pairs.map(|(family, (&confidence, &loss))| outcome(family, confidence, loss)).collect();
        let size = case.grid.len();
        for (starts, rejected) in &case.rejected {
            // MAPIE spaces its starts evenly over the grid.
            let places: Vec<usize> = (0..*starts).map(|start| start * (size / starts)).collect();
            let (plan, terms) = (plan(&case.grid, &places), terms(case.alpha, case.delta));
            let walk = Walk::over(&plan, &outcomes, &terms).unwrap();
            let found: Vec<usize> = (0..size).filter(|&place| walk.holds(place)).collect();
            assert_eq!(found, *rejected, "{starts} starts");
            for place in 0..size {
                let attempt = walk.attempt(place);
                let expected = (case.answered[place], case.errors[place]);
                assert_eq!((attempt.n, attempt.errors), expected);
                near(attempt.p, case.p[place], 1e-12, 0.0);
            }
        }
    }
}

#[test]
fn where_mapie_counts_an_error_more() {
    let rows: Vec<(usize, usize, f64, f64)> = part_of("certificate.json", "/rounding");
    assert!(rows.len() > 10);
    for (k, n, alpha, p) in rows {
        let families = Mix { answerable: n, unanswerable: 0 };
        let counts = |wrong: usize| Counts { families, right: n - wrong, wrong, out_of_scope: 0 };
        let ours = |errors: usize| Method::SampleMix.p_value(&counts(errors), alpha);
        assert!(ours(k) < p && p <= ours(k + 1) * (1.0 + 1e-12), "{k} of {n}: {p}");
    }
}
