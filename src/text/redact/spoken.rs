//! Numbers in words: a phone number read out, a date of birth written as it is said.
//!
//! It knows how many digits a run of words stands for, not which.

use super::scan::Scan;

/// A number word by what it does in a run of digits or in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// One digit: `oh`, `seven`.
    Digit,
    /// `eleven`, `sixty`: two digits.
    Pair,
    /// `hundred`, `thousand`.
    Scale,
    /// `first`, `twelfth`.
    Ordinal,
}

/// What a word says as a number.
pub(super) fn spoken(word: &str) -> Option<Spoken> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "one" | "two" | "three" | "four" | "five" | "six"
        | "seven" | "eight" | "nine" => Spoken::Digit,
        "ten" | "eleven" | "twelve" | "thirteen" | "fourteen" | "fifteen" | "sixteen"
        | "seventeen" | "eighteen" | "nineteen" | "twenty" | "thirty" | "forty" | "fourty"
        | "fifty" | "sixty" | "seventy" | "eighty" | "ninety" => Spoken::Pair,
        "hundred" | "thousand" => Spoken::Scale,
        "first" | "second" | "third" | "fourth" | "fifth" | "sixth" | "seventh" | "eighth"
        | "ninth" | "tenth" | "eleventh" | "twelfth" | "thirteenth" | "fourteenth"
        | "fifteenth" | "sixteenth" | "seventeenth" | "eighteenth" | "nineteenth" | "twentieth"
        | "thirtieth" => Spoken::Ordinal,
        _ => return None,
    })
}

/// A number read out.
pub(super) struct ReadOut {
    /// The place after it.
    pub(super) end: usize,
    /// How many digits it stands for.
    pub(super) digits: usize,
    /// Whether it begins with a zero, as phone numbers do.
    pub(super) from_zero: bool,
}

/// A read-out number has at least this many digits, and this many of them as words.
const FEWEST_DIGITS: usize = 7;
const FEWEST_WORDS: usize = 4;

/// A number of seven digits or more that is read out: `oh double seven, nine one one ...`.
pub(super) fn read_out(scan: &Scan, at: usize) -> Option<ReadOut> {
    let from_zero = scan.is_word(at, &["zero", "oh", "o", "nought"])
        || scan.digits(at).is_some_and(|d| d.starts_with('0'));
    let (mut next, mut end, mut digits, mut words) = (at, at, 0, 0);
    loop {
        let times = match scan.word(next) {
            Some("double") => 2,
            Some("triple" | "treble") => 3,
            _ => 1,
        };
        let item = if times == 1 { next } else { next + 1 };
        if let Some(figures) = scan.digits(item) {
            digits += figures.len() * times;
        } else {
            digits += match scan.word(item).and_then(spoken) {
                Some(Spoken::Digit) => times,
                Some(Spoken::Pair | Spoken::Scale) => 2,
                _ => break,
            };
            words += times;
        }
        end = item + 1;
        next = scan.skip_marks(end, &[',', '-', '.', '/']);
    }
    let long = digits >= FEWEST_DIGITS && words >= FEWEST_WORDS;
    long.then_some(ReadOut { end, digits, from_zero })
}
