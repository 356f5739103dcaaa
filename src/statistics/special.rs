//! Distribution functions: normal, beta, Student's t and noncentral t.
//!
//! Every function is total: arguments out of range give a limit or NaN, never a panic. Tails are
//! computed as tails, not as one minus the rest. Written here because what `statrs` offers is good
//! to 11 digits for the normal distribution, and its incomplete beta function stops after 140
//! terms, too few for 100,000 topics. Compared with `scipy` and `mpmath` in the tests. Knows
//! nothing of topics.

use std::f64::consts::{LN_2, PI};

/// Beyond this many deviations a normal tail is below the least positive double.
const FARTHEST: f64 = 39.0;

/// P(Z ≤ x) of the standard normal distribution.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    if x > 0.0 { 1.0 - upper_normal_tail(x) } else { upper_normal_tail(-x) }
}

/// P(Z ≥ x) for x ≥ 0: one half less the series of Abramowitz and Stegun 26.2.11, which has no
/// negative terms, or Laplace's continued fraction 26.2.14.
#[expect(clippy::cast_sign_loss, reason = "the number of terms is positive")]
fn upper_normal_tail(x: f64) -> f64 {
    if x > FARTHEST {
        return 0.0;
    }
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    if x > 3.0 {
        // Enough for the last bit at any x from 3 on.
        let terms = 20 + (480.0 / (x * x)) as u8;
        let fraction = (1..terms).rev().fold(x, |below, k| x + f64::from(k) / below);
        return density / fraction;
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term > sum * f64::EPSILON / 4.0 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 - density * sum
}

/// The x with P(Z ≤ x) = p; infinite at 0 and 1.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    match p {
        p if p.is_nan() => f64::NAN,
        p if p <= 0.0 => f64::NEG_INFINITY,
        p if p >= 1.0 => f64::INFINITY,
        p if p > 0.5 => root(0.0, FARTHEST, |x| (1.0 - p) - upper_normal_tail(x)),
        p => -root(0.0, FARTHEST, |x| p - upper_normal_tail(x)),
    }
}

/// A probability and its complement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tails {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Tails {
    fn swapped(self) -> Tails {
        Tails { lower: self.upper, upper: self.lower }
    }
}

/// δ(z) = ln Γ(z + 1) − (z + ½) ln z + z − ½ ln 2π, the error of Stirling's formula (C. Loader,
/// "Fast and Accurate Computation of Binomial Probabilities", 2000): its asymptotic series from 16
/// on, below by δ(z) = δ(z + 1) + (z + ½) ln(1 + 1/z) − 1.
fn stirling_error(z: f64) -> f64 {
    let (mut z, mut below) = (z, 0.0);
    while z < 16.0 {
        below += (z + 0.5) * (1.0 / z).ln_1p() - 1.0;
        z += 1.0;
    }
    let square = z * z;
    let series = 1.0 / 1680.0 - 1.0 / (1188.0 * square);
    let series = 1.0 / 360.0 - (1.0 / 1260.0 - series / square) / square;
    below + (1.0 / 12.0 - series / square) / z
}

/// x ln(x / m) + m − x without cancellation where x is near m (Loader 2000, `bd0`).
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    let mut odd = 1.0;
    loop {
        term *= v * v;
        odd += 2.0;
        let next = sum + term / odd;
        if next.to_bits() == sum.to_bits() || !next.is_finite() {
            return next;
        }
        sum = next;
    }
}

/// Regularised incomplete beta function at x, with y = 1 − x given apart for accuracy near 1: the
/// distribution function of Beta(a, b).
///
/// Continued fraction of DiDonato and Morris in Lentz's form (Press et al., Numerical Recipes, 3rd
/// ed., 6.4), with the leading factor from Loader's deviances.
pub(crate) fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> Tails {
    if !(a > 0.0 && b > 0.0) || x.is_nan() || y.is_nan() {
        return Tails { lower: f64::NAN, upper: f64::NAN };
    }
    if x <= 0.0 {
        return Tails { lower: 0.0, upper: 1.0 };
    }
    if y <= 0.0 {
        return Tails { lower: 1.0, upper: 0.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return beta_small(b, a, y, x).swapped();
    }
    beta_small(a, b, x, y)
}

#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn beta_small(a: f64, b: f64, x: f64, y: f64) -> Tails {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let deviances = deviance(a, n * x) + deviance(b, n * y);
    let front = (a * b / (2.0 * PI * n)).sqrt() * (errors - deviances).exp();
    let lower = (front * continued_fraction(a, b, x) / a).clamp(0.0, 1.0);
    Tails { lower, upper: 1.0 - lower }
}

/// Terms of the continued fraction; it needs about √max(a, b).
const MOST_TERMS: u32 = 100_000;

#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for term in 1..MOST_TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / kept(1.0 + even * d);
        c = kept(1.0 + even / c);
        value *= d * c;
        d = 1.0 / kept(1.0 + odd * d);
        c = kept(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// The x at which an increasing function of x in \[low, high\] passes 0, to the last bit.
pub(crate) fn root(mut low: f64, mut high: f64, increasing: impl Fn(f64) -> f64) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if !(low < middle && middle < high) {
            return middle;
        }
        if increasing(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The x at which a smooth increasing function of x in \[low, high\] passes 0, to about 14 digits
/// in few steps (C. Ridders, IEEE Transactions on Circuits and Systems 26, 1979); an end where the
/// function does not change sign.
pub(crate) fn smooth_root(mut low: f64, mut high: f64, increasing: impl Fn(f64) -> f64) -> f64 {
    const CLOSE: f64 = 1e-14;
    let (mut at_low, mut at_high) = (increasing(low), increasing(high));
    if at_low >= 0.0 {
        return low;
    }
    if at_high <= 0.0 {
        return high;
    }
    let mut best = low;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let at_middle = increasing(middle);
        let bend = (at_middle * at_middle - at_low * at_high).sqrt();
        let next = middle - (middle - low) * at_middle / bend;
        let at_next = increasing(next);
        let close = CLOSE * low.abs().max(high.abs());
        if at_next.total_cmp(&0.0).is_eq() || (next - best).abs() <= close || high - low <= close {
            return next;
        }
        best = next;
        for (place, value) in [(middle, at_middle), (next, at_next)] {
            if value < 0.0 && place > low {
                (low, at_low) = (place, value);
            } else if value >= 0.0 && place < high {
                (high, at_high) = (place, value);
            }
        }
    }
    best
}

/// The x with P(X ≤ x) = p for X of Beta(a, b).
pub(crate) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p)) {
        return f64::NAN;
    }
    root(0.0, 1.0, |x| {
        let tails = beta_tails(a, b, x, 1.0 - x);
        if p < 0.5 { tails.lower - p } else { (1.0 - p) - tails.upper }
    })
}

/// P(T ≤ t) and P(T ≥ t) of Student's t (Abramowitz and Stegun 26.7.1).
pub(crate) fn student_tails(t: f64, degrees: f64) -> Tails {
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return Tails { lower: f64::NAN, upper: f64::NAN };
    }
    if t.is_infinite() {
        let lower = if t > 0.0 { 1.0 } else { 0.0 };
        return Tails { lower, upper: 1.0 - lower };
    }
    let total = degrees + t * t;
    let both = beta_tails(degrees / 2.0, 0.5, degrees / total, t * t / total).lower;
    let tails = Tails { lower: 1.0 - both / 2.0, upper: both / 2.0 };
    if t > 0.0 { tails } else { tails.swapped() }
}

/// The t with P(T ≥ t) = p.
pub(crate) fn student_upper_quantile(p: f64, degrees: f64) -> f64 {
    if !(p > 0.0 && p < 1.0 && degrees > 0.0) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -student_upper_quantile(1.0 - p, degrees);
    }
    let mut high = 2.0;
    while student_tails(high, degrees).upper > p && high < f64::MAX / 4.0 {
        high *= 2.0;
    }
    root(0.0, high, |t| p - student_tails(t, degrees).upper)
}

/// P(T ≥ t) of the noncentral t: T = (Z + δ) / S, S² being χ²(ν) / ν.
///
/// Integrates Φ(δ − t s) over the density of S (Johnson, Kotz and Balakrishnan, Continuous
/// Univariate Distributions 2, 31.2) by Gauss and Legendre's rule, in pieces between which the
/// normal factor turns from 0 to 1. Absolute error below 1e-12; no term is negative, so it holds
/// for any δ, where the usual series underflow.
pub(crate) fn noncentral_t_upper(t: f64, degrees: f64, shift: f64) -> f64 {
    if !(t.is_finite() && shift.is_finite() && degrees >= 1.0) {
        return f64::NAN;
    }
    // Twelve standard deviations of S, about 1 / √(2ν), leave out less than 1e-19.
    let reach = 12.0 / (2.0 * degrees).sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let mut ends = vec![low, high];
    if t != 0.0 {
        let turns = [-9.0, 0.0, 9.0].map(|z| (shift + z) / t);
        ends.extend(turns.into_iter().filter(|s| (low..high).contains(s)));
    }
    ends.sort_by(f64::total_cmp);
    let density = chi_density(degrees);
    let integrand = |s: f64| density(s) * normal_cdf(shift - t * s);
    let pieces = ends.windows(2).map(|piece| integral(piece[0], piece[1], integrand));
    pieces.sum::<f64>().clamp(0.0, 1.0)
}

/// P(T ≤ t) of the noncentral t.
pub(crate) fn noncentral_t_lower(t: f64, degrees: f64, shift: f64) -> f64 {
    noncentral_t_upper(-t, degrees, -shift)
}

/// Density of √(χ²(ν) / ν).
fn chi_density(degrees: f64) -> impl Fn(f64) -> f64 {
    let half = degrees / 2.0;
    let constant = LN_2 + 0.5 * (half / (2.0 * PI)).ln() - stirling_error(half);
    move |s: f64| {
        if s <= 0.0 {
            return 0.0;
        }
        let rise = (s - 1.0).ln_1p();
        let excess = 2.0 * rise - (s - 1.0) * (s + 1.0);
        (constant + half * excess - rise).exp()
    }
}

/// Panels of [`integral`].
const PANELS: u32 = 16;

/// Nodes and weights of Gauss and Legendre's rule with 16 points on \[-1, 1\], one half of them
/// (Abramowitz and Stegun, table 25.4).
const NODES: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_894),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];

fn integral(low: f64, high: f64, integrand: impl Fn(f64) -> f64) -> f64 {
    let half = (high - low) / (2.0 * f64::from(PANELS));
    let panel = |number: u32| {
        let centre = low + half * (2.0 * f64::from(number) + 1.0);
        let pair = |&(node, weight): &(f64, f64)| {
            weight * (integrand(centre - half * node) + integrand(centre + half * node))
        };
        half * NODES.iter().map(pair).sum::<f64>()
    };
    (0..PANELS).map(panel).sum()
}

#[cfg(test)]
mod tests;
