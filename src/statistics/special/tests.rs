//! Properties checked:
//! 1. Values are scipy's and mpmath's, to 1e-9 relative and mostly better, also in the tails.
//! 2. Quantiles undo distribution functions.
//! 3. No argument makes a function panic or run forever.

use proptest::prelude::*;

use super::super::fixture::{near, part};
use super::*;

#[test]
fn normal_as_scipy() {
    for (z, expected) in part::<Vec<(f64, f64)>>("/special/normal") {
        near(normal_cdf(z), expected, 1e-12, 0.0);
    }
    for (p, expected) in part::<Vec<(f64, f64)>>("/special/normal_quantile") {
        near(normal_quantile(p), expected, 1e-10, 1e-15);
    }
}

#[test]
fn beta_as_mpmath() {
    for (a, b, x, expected) in part::<Vec<(f64, f64, f64, f64)>>("/special/beta") {
        let tails = beta_tails(a, b, x, 1.0 - x);
        // 1 - x is rounded: its error moves the tail by up to the density.
        near(tails.lower, expected, 1e-10, 0.0);
        near(tails.upper, 1.0 - expected, 1e-10, 1e-15);
        near(beta_quantile(a, b, expected), x, 1e-10, 0.0);
    }
}

#[test]
fn student_as_scipy() {
    for (t, degrees, upper) in part::<Vec<(f64, f64, f64)>>("/special/student") {
        near(student_tails(t, degrees).upper, upper, 1e-11, 0.0);
        near(student_tails(-t, degrees).lower, upper, 1e-11, 0.0);
        near(student_upper_quantile(upper, degrees), t, 1e-9, 1e-9);
    }
}

#[test]
fn noncentral_t_as_mpmath() {
    for (t, degrees, shift, lower) in part::<Vec<(f64, f64, f64, f64)>>("/special/noncentral") {
        near(noncentral_t_lower(t, degrees, shift), lower, 0.0, 1e-12);
        near(noncentral_t_upper(t, degrees, shift), 1.0 - lower, 0.0, 1e-12);
    }
}

#[test]
fn central_is_a_case_of_noncentral() {
    for degrees in [1.0, 4.0, 30.0, 1e3, 1e6] {
        for t in [-7.0, -1.0, 0.0, 0.5, 3.0] {
            let central = student_tails(t, degrees);
            near(noncentral_t_lower(t, degrees, 0.0), central.lower, 0.0, 1e-11);
            near(noncentral_t_upper(t, degrees, 0.0), central.upper, 0.0, 1e-11);
        }
    }
}

#[test]
fn roots_of_curves() {
    near(smooth_root(0.0, 10.0, |x| x * x * x - 7.0), 7.0_f64.cbrt(), 1e-13, 0.0);
    near(smooth_root(-50.0, 50.0, |x| normal_cdf(x) - 0.975), normal_quantile(0.975), 1e-12, 0.0);
    near(smooth_root(-1.0, 9.0, |x| x), 0.0, 0.0, 1e-13);
    near(smooth_root(2.0, 3.0, |x| x), 2.0, 0.0, 0.0);
    near(smooth_root(2.0, 3.0, |x| x - 9.0), 3.0, 0.0, 0.0);
    near(root(0.0, 10.0, |x| x * x - 2.0), 2.0_f64.sqrt(), 1e-15, 0.0);
}

proptest! {
    #[test]
    fn tails_are_probabilities_that_add_to_one(
        a in 1e-3..1e6_f64, b in 1e-3..1e6_f64, x in 0.0..=1.0_f64,
    ) {
        let tails = beta_tails(a, b, x, 1.0 - x);
        prop_assert!((0.0..=1.0).contains(&tails.lower) && (0.0..=1.0).contains(&tails.upper));
        prop_assert!((tails.lower + tails.upper - 1.0).abs() < 1e-15);
    }

    #[test]
    fn any_argument_is_borne(a in any::<f64>(), b in any::<f64>(), x in any::<f64>()) {
        normal_cdf(a);
        normal_quantile(a);
        beta_tails(a, b, x, 1.0 - x);
        student_tails(a, b);
        student_upper_quantile(a, b);
        noncentral_t_upper(a, b, x);
        smooth_root(a, b, |y| y - x);
    }

    #[test]
    fn quantiles_undo_tails(a in 0.3..1e4_f64, b in 0.3..1e4_f64, p in 1e-6..1.0_f64) {
        let x = beta_quantile(a, b, p);
        let tails = beta_tails(a, b, x, 1.0 - x);
        prop_assume!(x < 1.0 - 1e-9);
        near(tails.lower, p, 1e-9, 0.0);
    }
}
