//! Dates of birth.
//!
//! A full date up to 2014 is taken for a date of birth wherever it stands. Later years are those of
//! appointments and letters, and of babies: they need a birth cue, as do years alone, months with a
//! year, days without a year, and dates in words.

use std::ops::Range;

use super::Kind;
use super::birthdays::{cued, has_cue, is_announced, turns_an_age};
use super::lexicon::within_one_slip;
use super::scan::{PieceKind, Scan};
use super::spoken::{Spoken, spoken};

pub(super) const BIRTH_CUES: [&str; 16] = [
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
    "birthdat",
    "dobb",
    "birtday",
    "brithday",
    "birthdays",
    "dateofbirth",
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
/// A month written out in at least this many letters may hold one slip.
const FEWEST_LETTERS_TO_SLIP: usize = 5;
pub(super) const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];
/// Words that show that a number counts something and is no year and no digit of a longer number.
pub(super) const UNITS: [&str; 22] = [
    "week", "weeks", "wk", "wks", "day", "days", "month", "months", "year", "years", "yr", "yrs",
    "hour", "hours", "hrs", "minutes", "mins", "lb", "lbs", "oz", "am", "pm",
];
/// Years after this one need a birth cue.
const LAST_SURE_YEAR: u32 = 2014;
/// Two digits above this one belong to the last century.
const CENTURY_TURN: u32 = 35;
/// `the twenty third of the month of march of nineteen hundred and fifty eight` and some more.
const LONGEST_IN_WORDS: usize = 16;
pub(super) const CUE_REACH: usize = 7;
pub(super) const SEPARATORS: [char; 12] =
    ['/', '.', '-', '\\', ',', '|', '_', '\'', '\u{2019}', '\u{2013}', '\u{2010}', '\u{2011}'];

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        if scan.is(at, PieceKind::Mark) || scan.is(at, PieceKind::Placeholder) {
            continue;
        }
        let date = in_words(scan, at)
            .or_else(|| full(scan, at))
            .or_else(|| packed(scan, at))
            .or_else(|| cued(scan, at));
        if let Some(range) = date {
            scan.claim(Kind::DateOfBirth, range);
        }
    }
}

/// Whether a redacted date held a day.
pub(super) fn is_full(text: &str) -> bool {
    let scan = Scan::new(text);
    let groups: Vec<&str> = (0..scan.pieces.len()).filter_map(|i| scan.digits(i)).collect();
    let words = || (0..scan.pieces.len()).filter_map(|i| scan.word(i));
    let said: Vec<Spoken> = words().filter_map(spoken).collect();
    let ordinal = said.contains(&Spoken::Ordinal) || words().any(|w| ORDINALS.contains(&w));
    groups.len() >= 2
        || groups.iter().any(|g| matches!(g.len(), 6 | 8))
        || ordinal && groups.len() + said.len() >= 2
        || said.len() >= 4 && !words().any(is_month_name)
        || words().any(|w| matches!(w, "day" | "eve"))
}

struct Date {
    end: usize,
    year: u32,
    /// Only a birth cue makes it a date.
    needs_cue: bool,
}

/// Day, month and year in any order and with any marks.
fn full(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let date = numeric(scan, at)
        .or_else(|| year_first(scan, at))
        .or_else(|| day_first(scan, at))
        .or_else(|| month_first(scan, at))
        .or_else(|| ordinal_month(scan, at))?;
    let sure = date.year <= LAST_SURE_YEAR && !date.needs_cue;
    let cued = || has_cue(scan, at, date.end) || turns_an_age(scan, at);
    (sure || cued()).then_some(at..date.end)
}

fn numeric(scan: &Scan, at: usize) -> Option<Date> {
    let first = scan.digits(at)?;
    if is_inside(scan, at) {
        return None;
    }
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
    let year_length = year.len();
    let year = year_of(year)?;
    let fits = |day: &str, month: &str| is_day(day) && is_month(month);
    let alike = marked == third_marked || year_length == 4;
    let needs_cue = !(marked && third_marked) && year_length != 4;
    (alike && (fits(day, month) || fits(month, day))).then_some(Date { end, year, needs_cue })
}

/// Whether a number is the middle of something longer: glued to a letter, a digit or a mark that
/// belongs to numbers. A birth cue may be glued to its date.
fn is_inside(scan: &Scan, at: usize) -> bool {
    if !scan.glued_to_last(at) || scan.is_word(at - 1, &BIRTH_CUES) {
        return false;
    }
    let after_digits = at > 1 && scan.is(at - 2, PieceKind::Digits);
    if scan.is_mark(at - 1, &['/', ':']) {
        return after_digits;
    }
    !scan.is_mark(at - 1, &['(', '-', ',', '"', '=', ';', '\'', '[', '>', '*', '_'])
}

/// The next group of digits after one of `/ . -`, two of them, or a blank, and whether there was a
/// mark.
fn after_separator(scan: &Scan, at: usize) -> Option<(usize, bool)> {
    let ordinal = scan.glued_to_next(at) && scan.is_word(at + 1, &ORDINALS);
    let first = if ordinal { at + 2 } else { at + 1 };
    let mut next = first;
    while next < first + 2 && scan.is_mark(next, &SEPARATORS) && !ends_sentence(scan, next) {
        next += 1;
    }
    scan.is(next, PieceKind::Digits).then_some((next, next > first))
}

/// A comma or a full stop before a blank.
fn ends_sentence(scan: &Scan, at: usize) -> bool {
    let sentence = scan.is_mark(at, &[',']) || scan.is_mark(at, &['.']) && scan.glued_to_last(at);
    sentence && !scan.glued_to_next(at)
}

/// `3rd of April 1968`, `3 apr 68`, `3/apr/68`.
fn day_first(scan: &Scan, at: usize) -> Option<Date> {
    is_day(scan.digits(at)?).then_some(())?;
    let next = scan.skip_words(at + 1, &ORDINALS);
    let next = scan.skip_words(scan.skip_marks(next, &SEPARATORS), &["of", "the"]);
    is_month_name(scan.word(next)?).then_some(())?;
    with_year(scan, next + 1)
}

/// `1968 April 3`.
fn year_first(scan: &Scan, at: usize) -> Option<Date> {
    let year = scan.digits(at).filter(|d| d.len() == 4).and_then(year_of)?;
    let month_at = scan.skip_marks(at + 1, &SEPARATORS);
    is_month_name(scan.word(month_at)?).then_some(())?;
    let day_at = scan.skip_marks(month_at + 1, &SEPARATORS);
    is_day(scan.digits(day_at)?).then_some(Date { end: day_at + 1, year, needs_cue: false })
}

/// `April 3rd, 1968`.
fn month_first(scan: &Scan, at: usize) -> Option<Date> {
    is_month_name(scan.word(at)?).then_some(())?;
    let day_at = scan.skip_words(scan.skip_marks(at + 1, &SEPARATORS), &["the"]);
    is_day(scan.digits(day_at)?).then_some(())?;
    with_year(scan, scan.skip_words(day_at + 1, &ORDINALS))
}

/// `3rd of the 4th 1968`.
fn ordinal_month(scan: &Scan, at: usize) -> Option<Date> {
    is_day(scan.digits(at)?).then_some(())?;
    let of = scan.skip_words(at + 1, &ORDINALS);
    let month_at = scan.skip_words(of, &["of", "the"]);
    (month_at > of && is_month(scan.digits(month_at)?)).then_some(())?;
    let after = scan.skip_words(month_at + 1, &ORDINALS);
    (after > month_at + 1).then(|| with_year(scan, after))?
}

fn with_year(scan: &Scan, at: usize) -> Option<Date> {
    let at = scan.skip_words(scan.skip_marks(at, &SEPARATORS), &["in"]);
    let year = year_of(scan.digits(at)?)?;
    let is_clock = scan.is_mark(at + 1, &['.', ':']) && scan.is(at + 2, PieceKind::Digits);
    let is_count = scan.is_word(at + 1, &UNITS);
    // `april 1-10` is a range of days, `4 november 10` a time.
    let needs_cue = scan.digits(at)?.len() == 2 && scan.digits(at).is_some_and(is_day);
    (!is_clock && !is_count).then_some(Date { end: at + 1, year, needs_cue })
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
        || scan.glued_to_last(at) && is_inside(scan, at);
    let sure = year.is_some_and(|y| y <= LAST_SURE_YEAR) && !glued;
    let ends = !scan.is(at + 1, PieceKind::Digits) && !scan.is_mark(at + 1, &['-']);
    let sure = sure && (digits.len() == 8 || ends);
    (fits && year.is_some() && (sure || has_cue(scan, at, at + 1))).then_some(at..at + 1)
}

/// `twelfth of march nineteen fifty eight`, `one four sixty seven`, `1st april sixty seven`.
fn in_words(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let (mut next, mut end, mut said, mut numbers, mut ordinals) = (at, at, 0, 0, 0);
    let (mut month, mut pair, mut century) = (false, false, false);
    while let Some(piece) = scan.get(next).filter(|_| next - at < LONGEST_IN_WORDS) {
        match (piece.kind, spoken(&piece.text)) {
            (PieceKind::Word, Some(number)) => {
                said += 1;
                numbers += 1;
                pair |= number == Spoken::Pair;
                ordinals += usize::from(number == Spoken::Ordinal);
                century |= piece.text == "nineteen";
            }
            (PieceKind::Word, None) if is_month_name(&piece.text) && !month => month = true,
            (PieceKind::Digits, _) if month && year_of(&piece.text).is_some() => {
                numbers += 1;
                century |= piece.text.starts_with("19");
                end = next + 1;
                break;
            }
            (PieceKind::Digits, _) if numbers == 0 && is_day(&piece.text) => {
                next = scan.skip_words(next + 1, &ORDINALS) - 1;
                numbers += 1;
            }
            (PieceKind::Word, _) if next > at && matches!(&*piece.text, "of" | "the" | "and") => {
                next += 1;
                continue;
            }
            (PieceKind::Mark, _) if next > at && matches!(&*piece.text, "," | "-" | "/") => {
                next += 1;
                continue;
            }
            _ => break,
        }
        next += 1;
        end = next;
    }
    if said == 0 || scan.is_word(end, &UNITS) {
        return None;
    }
    let enough = month && numbers >= 1 || pair && numbers >= 2 || numbers >= 3;
    let sure = month && century && numbers >= 2 || ordinals >= 2 && pair && numbers >= 4;
    let cued = enough && is_announced(scan, at);
    (sure || cued).then_some(at..end)
}

pub(super) fn is_day(digits: &str) -> bool {
    digits.len() <= 2 && digits.parse().is_ok_and(|d: u32| (1..=31).contains(&d))
}

pub(super) fn is_month(digits: &str) -> bool {
    digits.len() <= 2 && digits.parse().is_ok_and(|m: u32| (1..=12).contains(&m))
}

pub(super) fn is_month_name(word: &str) -> bool {
    let may_slip = word.len() >= FEWEST_LETTERS_TO_SLIP;
    MONTHS.iter().any(|&(short, long)| {
        word == short
            || word == long
            || may_slip
                && long.len() >= FEWEST_LETTERS_TO_SLIP
                && word.as_bytes()[0] == long.as_bytes()[0]
                && within_one_slip(word, long)
    }) || word == "sept"
}

/// The year of two or four digits, if somebody alive could be born in it.
pub(super) fn year_of(digits: &str) -> Option<u32> {
    let number: u32 = digits.parse().ok()?;
    match digits.len() {
        2 if number > CENTURY_TURN => Some(1900 + number),
        2 => Some(2000 + number),
        4 => (1900..=2040).contains(&number).then_some(number),
        _ => None,
    }
}
