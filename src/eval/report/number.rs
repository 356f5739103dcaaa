//! How do numbers read? Three decimals without a leading zero, a true minus, plain units.
//!
//! One form for each kind of number, used by every table, figure and sentence. Invariant: no
//! number prints as a negative zero, and one that is not finite says so. Knows no report.

use crate::eval::estimate::{Estimate, Interval};

/// What stands for a number that is not finite.
const UNDEFINED: &str = "undefined";

/// The true minus sign.
const MINUS: char = '\u{2212}';

/// Three decimals, the leading zero left out: `.730`, `1.000`, `−.021`.
pub(super) fn decimal(value: f64) -> String {
    places(value, 3)
}

/// As [`decimal`], with a sign unless it rounds to nought: `+.021`.
pub(super) fn signed(value: f64) -> String {
    let text = decimal(value);
    if value > 0.0 && value.is_finite() && text != ".000" { format!("+{text}") } else { text }
}

/// An interval in the manner of `form`: `[.708, .751]`.
pub(super) fn interval(interval: Interval, form: fn(f64) -> String) -> String {
    format!("[{}, {}]", form(interval.low), form(interval.high))
}

/// A value and its interval: `.730 [.708, .751]`.
pub(super) fn estimate(estimate: &Estimate, form: fn(f64) -> String) -> String {
    let value = form(estimate.value);
    match estimate.interval {
        Some(ends) => format!("{value} {}", interval(ends, form)),
        None => value,
    }
}

/// A probability of a test: `.012`, `< .001`.
pub(super) fn probability(p: f64) -> String {
    if !p.is_finite() {
        return UNDEFINED.to_owned();
    }
    if p < 0.001 { "< .001".to_owned() } else { decimal(p) }
}

/// A probability in a sentence: `p = .012`, `p < .001`.
pub(super) fn probability_clause(p: f64) -> String {
    let text = probability(p);
    if text.starts_with('<') { format!("p {text}") } else { format!("p = {text}") }
}

/// Microseconds as milliseconds with three significant digits: `0.042`, `12.3`, `1,240`.
pub(super) fn milliseconds(microseconds: f64) -> String {
    significant(microseconds / 1000.0)
}

/// Three significant digits, leading zero kept, for quantities with a unit.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rounded first, so that 9.999 takes the decimals of 10.
    let rounded = format!("{:.2e}", value.abs()).parse::<f64>().unwrap_or(value.abs());
    let whole_digits = rounded.log10().floor() as i32 + 1;
    let decimals = usize::try_from(3 - whole_digits).unwrap_or(0).min(9);
    if decimals == 0 {
        let sign = if value < 0.0 { MINUS.to_string() } else { String::new() };
        return format!("{sign}{}", grouped(&format!("{rounded:.0}")));
    }
    with_minus(format!("{value:.decimals$}"))
}

/// A count with groups of three: `12,345`.
pub(super) fn count(n: usize) -> String {
    grouped(&n.to_string())
}

/// A count and its noun: `1 topic`, `12 topics`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// Bytes in decimal units: `23.4 MB`.
pub(super) fn bytes(n: u64) -> String {
    let size = n as f64;
    let (unit, name) = match n {
        0..1_000 => return format!("{n} bytes"),
        1_000..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    format!("{} {name}", significant(size / unit))
}

/// A share as whole per cent: `75%`.
pub(super) fn per_cent(share: f64) -> String {
    let share = share * 100.0;
    if share.is_finite() { with_minus(format!("{share:.0}%")) } else { UNDEFINED.to_owned() }
}

/// A setting as a person would write it: the shortest decimal, leading zero kept.
pub(super) fn setting(value: f64) -> String {
    if value.is_finite() { with_minus(value.to_string()) } else { UNDEFINED.into() }
}

/// The level of an interval as per cent: `95%`.
pub(super) fn level(level: f64) -> String {
    let level = level * 100.0;
    if !level.is_finite() {
        return UNDEFINED.to_owned();
    }
    let text = format!("{level:.1}");
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

/// Two decimals, the leading zero left out, for axes.
pub(super) fn hundredths(value: f64) -> String {
    places(value, 2)
}

/// `places` decimals, the leading zero left out.
pub(super) fn places(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    let text = format!("{value:.places$}");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let nought = digits.bytes().all(|byte| byte == b'0' || byte == b'.');
    let digits = match digits.strip_prefix('0') {
        Some(rest) if rest.starts_with('.') => rest,
        _ => digits,
    };
    if sign && !nought { format!("{MINUS}{digits}") } else { digits.to_owned() }
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn with_minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| byte == b'0' || byte == b'.') => rest.to_owned(),
        Some(rest) => format!("{MINUS}{rest}"),
        None => text,
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(text, expect);
    }

    #[test]
    fn numbers_read_as_the_field_writes_them() {
        check(&decimal(0.73), ".730");
        check(&decimal(1.0), "1.000");
        check(&decimal(-0.0214), "\u{2212}.021");
        check(&decimal(-0.0001), ".000");
        check(&decimal(f64::NAN), "undefined");
        check(&signed(0.0214), "+.021");
        check(&signed(0.0001), ".000");
        check(&signed(-1.5), "\u{2212}1.500");
        check(&probability(0.0004), "< .001");
        check(&probability(0.0124), ".012");
        check(&probability_clause(0.0004), "p < .001");
        check(&probability_clause(0.2), "p = .200");
        check(&milliseconds(42.0), "0.0420");
        check(&milliseconds(12_340.0), "12.3");
        check(&milliseconds(9_999.0), "10.0");
        check(&milliseconds(1_240_000.0), "1,240");
        check(&milliseconds(0.0), "0");
        check(&count(1_234_567), "1,234,567");
        check(&count(12), "12");
        check(&counted(1, "topic", "topics"), "1 topic");
        check(&bytes(16_400_000_000), "16.4 GB");
        check(&bytes(12), "12 bytes");
        check(&per_cent(0.749), "75%");
        check(&level(0.95), "95%");
        check(&level(0.999), "99.9%");
        check(&setting(0.25), "0.25");
        let ends = Interval { low: -0.01, high: 0.02, level: 0.95 };
        check(&interval(ends, signed), "[\u{2212}.010, +.020]");
    }

    proptest! {
        #[test]
        fn a_printed_decimal_is_the_value_to_half_a_thousandth(value in -10.0_f64..10.0) {
            let text = decimal(value).replace('\u{2212}', "-");
            prop_assert!((text.parse::<f64>().unwrap() - value).abs() <= 0.000_5 + 1e-12, "{text}");
            prop_assert!(!text.starts_with("-.000"));
        }

        #[test]
        fn significant_digits_keep_the_value_to_half_a_per_cent(exponent in -5.0_f64..8.0) {
            let value = 10.0_f64.powf(exponent);
            let printed = significant(value).replace(',', "").parse::<f64>().unwrap();
            prop_assert!(((printed - value) / value).abs() <= 0.005_01, "{value} {printed}");
        }
    }
}
