//! Dates of birth.
//!
//! A full date up to 2014 is taken for a date of birth wherever it stands. Later years are those of
//! appointments and letters, and of babies: they need a birth cue, as do years alone, months with a
//! year, and days without a year.

use std::ops::Range;

use super::Kind;
use super::scan::{PieceKind, Scan};

const BIRTH_CUES: [&str; 12] = [
    "born",
    "birth",
    "dob",
    "birthday",
    "bday",
    "birthdate",
    "yob",
    "borned",
    "bithday",
    "brith",
    "d.o.b",
    "birthdat",
];
const MONTHS: [(&str, &str); 12] = [
    ("jan", "january"),
    ("feb", "february"),
    ("mar", "march"),
    ("apr", "april"),
    ("may", "may"),
    ("jun", "june"),
    ("jul", "july"),
    ("aug", "august"),
    ("sep", "september"),
    ("oct", "october"),
    ("nov", "november"),
    ("dec", "december"),
];
const OTHER_MONTHS: [&str; 6] = ["sept", "febuary", "agust", "setember", "octobre", "novemeber"];
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];
/// Words that show that a number after "born" is no year.
const UNITS: [&str; 22] = [
    "week", "weeks", "wk", "wks", "day", "days", "month", "months", "year", "years", "yr", "yrs",
    "hour", "hours", "hrs", "minutes", "mins", "lb", "lbs", "oz", "am", "pm",
];
/// Years after this one need a birth cue.
const LAST_SURE_YEAR: u32 = 2014;
/// Two digits above this one belong to the last century.
const CENTURY_TURN: u32 = 35;
const CUE_REACH: usize = 7;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let date = full(scan, at).or_else(|| packed(scan, at)).or_else(|| cued(scan, at));
        if let Some(range) = date {
            scan.claim(Kind::DateOfBirth, range);
        }
    }
}

/// Whether a redacted date held a day.
pub(super) fn is_full(text: &str) -> bool {
    let scan = Scan::new(text);
    let groups: Vec<&str> = (0..scan.pieces.len()).filter_map(|i| scan.digits(i)).collect();
    groups.len() >= 2 || groups.iter().any(|g| matches!(g.len(), 6 | 8))
}

struct Date {
    end: usize,
    year: u32,
    /// Only a birth cue makes it a date.
    needs_cue: bool,
}

/// Day, month and year in any order and with any marks.
fn full(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let date =
        numeric(scan, at).or_else(|| day_first(scan, at)).or_else(|| month_first(scan, at))?;
    let sure = date.year <= LAST_SURE_YEAR && !date.needs_cue;
    (sure || has_cue(scan, at, date.end)).then_some(at..date.end)
}

fn numeric(scan: &Scan, at: usize) -> Option<Date> {
    if at > 0 && scan.glued_to_next(at - 1) && !scan.is_mark(at - 1, &['(', ':', '-', ',', '"']) {
        return None;
    }
    let first = scan.digits(at)?;
    let (second_at, marked) = after_separator(scan, at)?;
    let (third_at, third_marked) = after_separator(scan, second_at)?;
    let (second, third) = (scan.digits(second_at)?, scan.digits(third_at)?);
    let end = third_at + 1;
    if scan.glued_to_next(third_at) && scan.is(end, PieceKind::Word) {
        return None;
    }
    let (day, month, year) = match (first.len(), second.len(), third.len()) {
        (1 | 2, 1 | 2, 2 | 4) => (first, second, third),
        (4, 1 | 2, 1 | 2) => (third, second, first),
        _ => return None,
    };
    let year = year_of(year)?;
    let fits = |day: &str, month: &str| is_day(day) && is_month(month);
    let all_marked = marked && third_marked;
    let needs_cue = !all_marked && third.len() != 4 && first.len() != 4;
    (fits(day, month) || fits(month, day)).then_some(Date { end, year, needs_cue })
}

/// The next group of digits after one of `/ . -` or a blank, and whether there was a mark.
fn after_separator(scan: &Scan, at: usize) -> Option<(usize, bool)> {
    let marks = ['/', '.', '-', '\\', ',', '\u{2013}', '\u{2010}', '\u{2011}'];
    if scan.is_mark(at + 1, &marks) {
        return scan.is(at + 2, PieceKind::Digits).then_some((at + 2, true));
    }
    scan.is(at + 1, PieceKind::Digits).then_some((at + 1, false))
}

/// `3rd of April 1968`, `3 apr 68`, `3/apr/68`.
fn day_first(scan: &Scan, at: usize) -> Option<Date> {
    is_day(scan.digits(at)?).then_some(())?;
    let next = skip_words(scan, at + 1, &ORDINALS);
    let next = skip_words(scan, skip_marks(scan, next), &["of", "the"]);
    is_month_name(scan.word(next)?).then_some(())?;
    with_year(scan, next + 1)
}

/// `April 3rd, 1968`.
fn month_first(scan: &Scan, at: usize) -> Option<Date> {
    is_month_name(scan.word(at)?).then_some(())?;
    let day_at = skip_words(scan, at + 1, &["the"]);
    is_day(scan.digits(day_at)?).then_some(())?;
    with_year(scan, skip_words(scan, day_at + 1, &ORDINALS))
}

fn with_year(scan: &Scan, at: usize) -> Option<Date> {
    let at = skip_words(scan, skip_marks(scan, at), &["in"]);
    let year = year_of(scan.digits(at)?)?;
    let is_clock = scan.is_mark(at + 1, &['.', ':']) && scan.is(at + 2, PieceKind::Digits);
    let is_count = scan.word(at + 1).is_some_and(|w| UNITS.contains(&w));
    (!is_clock && !is_count).then_some(Date { end: at + 1, year, needs_cue: false })
}

/// `03041968` and, after a cue or when it can be nothing else, `030468`.
fn packed(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let digits = scan.digits(at)?;
    if !matches!(digits.len(), 6 | 8) {
        return None;
    }
    let fits = is_day(&digits[..2]) && is_month(&digits[2..4]);
    let year = year_of(&digits[4..]);
    let glued = scan.glued_to_next(at) && scan.is(at + 1, PieceKind::Word)
        || at > 0 && scan.glued_to_next(at - 1);
    let sure = year.is_some_and(|y| y <= LAST_SURE_YEAR) && !glued;
    let ends = !scan.is(at + 1, PieceKind::Digits) && !scan.is_mark(at + 1, &['-']);
    let sure = sure && (digits.len() == 8 || ends);
    (fits && year.is_some() && (sure || has_cue(scan, at, at + 1))).then_some(at..at + 1)
}

/// After a birth cue: a year, a month with a year, a day with a month.
fn cued(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let range = year_alone(scan, at)
        .or_else(|| month_and_year(scan, at))
        .or_else(|| day_and_month(scan, at))?;
    has_cue_before(scan, range.start).then_some(range)
}

fn year_alone(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let digits = scan.digits(at)?;
    let two = digits.len() == 2 && is_near_born(scan, at);
    let four = digits.len() == 4 && year_of(digits).is_some();
    let counted = scan.word(at + 1).is_some_and(|w| UNITS.contains(&w) || w == "s" || w == "%");
    let glued = scan.glued_to_next(at) && scan.is(at + 1, PieceKind::Word);
    let fraction = scan.is_mark(at + 1, &['.', ':', '/']) && scan.is(at + 2, PieceKind::Digits);
    ((two || four) && !counted && !glued && !fraction).then_some(at..at + 1)
}

/// Two digits are a year only right after "born in", "dob", "'".
fn is_near_born(scan: &Scan, at: usize) -> bool {
    let fillers = ["in", "the", "year", "of", "is", "was", "on", "way", "back"];
    let mut words = scan.words_before(at, CUE_REACH).filter(|w| !fillers.contains(w));
    words.next().is_some_and(|w| BIRTH_CUES.contains(&w))
}

fn month_and_year(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let numeric = scan.digits(at).is_some_and(is_month) && scan.is_mark(at + 1, &['/', '.', '-']);
    if numeric {
        let year = scan.digits(at + 2).filter(|y| y.len() == 4).and_then(year_of);
        return year.map(|_| at..at + 3);
    }
    is_month_name(scan.word(at)?).then_some(())?;
    let next = skip_words(scan, skip_marks(scan, at + 1), &["of", "in"]);
    let year = year_of(scan.digits(next)?);
    year.map(|_| at..next + 1)
}

fn day_and_month(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if let Some(day) = scan.digits(at) {
        is_day(day).then_some(())?;
        let next = skip_words(scan, at + 1, &ORDINALS);
        if scan.word(next).is_some_and(|w| w == "of" || is_month_name(w)) {
            let next = skip_words(scan, next, &["of", "the"]);
            return scan.word(next).is_some_and(is_month_name).then_some(at..next + 1);
        }
        let numeric = scan.is_mark(at + 1, &['/']) && scan.digits(at + 2).is_some_and(is_month);
        return numeric.then_some(at..at + 3);
    }
    is_month_name(scan.word(at)?).then_some(())?;
    is_day(scan.digits(at + 1)?).then_some(())?;
    Some(at..skip_words(scan, at + 2, &ORDINALS))
}

fn has_cue(scan: &Scan, start: usize, end: usize) -> bool {
    has_cue_before(scan, start) || scan.words_after(end, CUE_REACH).any(|w| BIRTH_CUES.contains(&w))
}

fn has_cue_before(scan: &Scan, at: usize) -> bool {
    let words: Vec<&str> = scan.words_before(at, CUE_REACH).collect();
    let spelled = words.windows(3).any(|w| w == ["b", "o", "d"]);
    spelled || words.iter().any(|w| BIRTH_CUES.contains(w))
}

fn skip_words(scan: &Scan, at: usize, words: &[&str]) -> usize {
    let mut next = at;
    while scan.word(next).is_some_and(|w| words.contains(&w)) {
        next += 1;
    }
    next
}

fn skip_marks(scan: &Scan, at: usize) -> usize {
    let mut next = at;
    while scan.is_mark(next, &[',', '.', '-', '/', '\'', '\u{2019}']) {
        next += 1;
    }
    next
}

fn is_day(digits: &str) -> bool {
    digits.len() <= 2 && digits.parse().is_ok_and(|d: u32| (1..=31).contains(&d))
}

fn is_month(digits: &str) -> bool {
    digits.len() <= 2 && digits.parse().is_ok_and(|m: u32| (1..=12).contains(&m))
}

fn is_month_name(word: &str) -> bool {
    MONTHS.iter().any(|&(short, long)| word == short || word == long)
        || OTHER_MONTHS.contains(&word)
}

/// The year of two or four digits, if somebody alive could be born in it.
fn year_of(digits: &str) -> Option<u32> {
    let number: u32 = digits.parse().ok()?;
    match digits.len() {
        2 if number > CENTURY_TURN => Some(1900 + number),
        2 => Some(2000 + number),
        4 => (1900..=2040).contains(&number).then_some(number),
        _ => None,
    }
}
