//! Properties checked:
//! 1. Powers and detectable differences are those of statsmodels and scipy.
//! 2. What is detectable has the power that was asked for, and power grows with n and difference.
//! 3. The randomisation test finds as often as was said before (slow).

#![expect(clippy::float_cmp, reason = "limits are exact")]

use proptest::prelude::*;

use super::*;
use crate::statistics::fixture::{near, part};

#[test]
fn as_statsmodels() {
    type Row = (f64, usize, f64, f64, f64, f64, f64);
    for (deviation, n, level, power, detectable, margin, at) in part::<Vec<Row>>("/power") {
        near(detectable_difference(deviation, n, level, power), detectable, 1e-9, 0.0);
        near(detectable_margin(deviation, n, level, power), margin, 1e-9, 0.0);
        near(power_of(0.03, deviation, n, level), at, 1e-9, 0.0);
    }
}

#[test]
fn the_edges() {
    assert_eq!(power_of(0.1, 0.2, 1, 0.05), 0.0);
    assert_eq!(power_of(0.1, 0.0, 9, 0.05), 1.0);
    assert_eq!(power_of(0.0, 0.0, 9, 0.05), 0.0);
    near(power_of(0.0, 0.2, 9, 0.05), 0.05, 1e-10, 0.0);
    assert_eq!(power_of_noninferiority(-0.1, 0.05, 0.0, 9, 0.05), 0.0);
    assert!(detectable_difference(0.2, 1, 0.05, 0.8).is_infinite());
    assert!(detectable_difference(0.2, 9, 0.0, 0.8).is_nan());
    assert!(detectable_difference(f64::NAN, 9, 0.05, 0.8).is_nan());
    assert_eq!(detectable_difference(0.2, 9, 0.05, 0.05), 0.0);
    assert_eq!(Power::of(0.2, 1, 0.05, 0.8).detectable, None);
    assert_eq!(families_needed(0.0, 0.2, 0.05, 0.8), None);
    // Cohen (1988), 2.3: d_z = .5 at .05 two-sided has power .80 from 34 pairs on.
    assert_eq!(families_needed(0.5, 1.0, 0.05, 0.8), Some(34));
}

proptest! {
    #[test]
    fn what_is_detectable_has_the_power_asked_for(
        deviation in 0.01..2.0_f64, n in 2_usize..2000, level in 0.001..0.2_f64, power in 0.3..0.99_f64,
    ) {
        let found = detectable_difference(deviation, n, level, power);
        near(power_of(found, deviation, n, level), power, 1e-9, 0.0);
        let margin = detectable_margin(deviation, n, level, power);
        near(power_of_noninferiority(0.0, margin, deviation, n, level), power, 1e-9, 0.0);
        near(power_of_noninferiority(margin, margin, deviation, n, level),
             power_of_noninferiority(0.0, 2.0 * margin, deviation, n, level), 1e-9, 0.0);
        prop_assert!(margin < found);
    }

    #[test]
    fn more_is_easier_to_find(
        difference in 0.01..1.0_f64, deviation in 0.05..2.0_f64, n in 2_usize..500,
    ) {
        let power = power_of(difference, deviation, n, 0.05);
        prop_assert!(power <= power_of(difference * 1.1, deviation, n, 0.05) + 1e-12);
        prop_assert!(power <= power_of(difference, deviation, n + 1, 0.05) + 1e-12);
        near(power_of(-difference, deviation, n, 0.05), power, 1e-12, 1e-15);
    }
}
