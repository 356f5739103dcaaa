//! Years, months and days that are somebody's birth or birthday by what stands beside them.

use std::ops::Range;

use super::dates::{
    BIRTH_CUES, CUE_REACH, ORDINALS, SEPARATORS, UNITS, is_day, is_month, is_month_name, year_of,
};
use super::scan::{PieceKind, Scan};

/// Days that have a name: the word, the words that may follow, whether one of them must.
const FEASTS: [(&str, &[&str]); 7] = [
    ("christmas", &["day", "eve"]),
    ("xmas", &["day", "eve"]),
    ("boxing", &["day"]),
    ("valentines", &["day"]),
    ("valentine's", &["day"]),
    ("years", &["day", "eve"]),
    ("year's", &["day", "eve"]),
];
/// Birthdays that people tell the date of, in a talk about screening.
const YOUNGEST: &str = "16";
/// Words between a birth cue and what it announces.
const FILLERS: [&str; 14] =
    ["in", "the", "year", "of", "is", "was", "on", "way", "back", "its", "it's", "my", "a", "as"];

/// After a birth cue: a year, a month with a year, a day with a month, a named day.
pub(super) fn cued(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let range = feast(scan, at)
        .or_else(|| month_and_year(scan, at))
        .or_else(|| day_and_month(scan, at))
        .or_else(|| year_alone(scan, at))?;
    let birthday = has_cue_before(scan, range.start)
        || turns_an_age(scan, range.start)
        || range.len() > 1 && is_said_birthday(scan, range.end);
    birthday.then_some(range)
}

/// `christmas day 1959`, `new years eve`.
fn feast(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let word = scan.word(at)?;
    let named = if word == "new" { at + 1 } else { at };
    let (_, second) = FEASTS.iter().find(|(first, _)| scan.word(named) == Some(first))?;
    scan.is_word(named + 1, second).then_some(())?;
    let year = scan.skip_words(scan.skip_marks(named + 2, &SEPARATORS), &["in"]);
    let year = scan.digits(year).is_some_and(|d| year_of(d).is_some()).then_some(year + 1);
    Some(at..year.unwrap_or(named + 2))
}

fn year_alone(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let digits = scan.digits(at)?;
    let two = digits.len() == 2 && is_announced(scan, at);
    let four = digits.len() == 4 && year_of(digits).is_some();
    let counted = scan.is_word(at + 1, &UNITS) || scan.is_word(at + 1, &["s"]);
    let counted = counted || scan.is_mark(at + 1, &['%']);
    let glued = scan.glued_to_next(at)
        && scan.is(at + 1, PieceKind::Word)
        && !scan.is_word(at + 1, &["ish"]);
    let fraction = scan.is_mark(at + 1, &['.', ':', '/']) && scan.is(at + 2, PieceKind::Digits);
    ((two || four) && !counted && !glued && !fraction).then_some(at..at + 1)
}

/// Whether a birth cue stands right before a place, but for small words.
pub(super) fn is_announced(scan: &Scan, at: usize) -> bool {
    let mut words = scan.words_before(at, CUE_REACH).filter(|w| !FILLERS.contains(w));
    words.next().is_some_and(|w| BIRTH_CUES.contains(&w)) || is_spelled_cue(scan, at)
}

fn month_and_year(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let numeric = scan.digits(at).is_some_and(is_month) && scan.is_mark(at + 1, &['/', '.', '-']);
    if numeric {
        let year = scan.digits(at + 2).filter(|y| y.len() == 4).and_then(year_of);
        return year.map(|_| at..at + 3);
    }
    is_month_name(scan.word(at)?).then_some(())?;
    let next = scan.skip_words(scan.skip_marks(at + 1, &SEPARATORS), &["of", "in"]);
    let year = year_of(scan.digits(next)?);
    year.map(|_| at..next + 1)
}

fn day_and_month(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if let Some(day) = scan.digits(at) {
        is_day(day).then_some(())?;
        let next = scan.skip_words(at + 1, &ORDINALS);
        if scan.word(next).is_some_and(|w| w == "of" || is_month_name(w)) {
            let next = scan.skip_words(next, &["of", "the"]);
            return scan.word(next).is_some_and(is_month_name).then_some(at..next + 1);
        }
        let numeric = scan.is_mark(at + 1, &['/']) && scan.digits(at + 2).is_some_and(is_month);
        return numeric.then_some(at..at + 3);
    }
    is_month_name(scan.word(at)?).then_some(())?;
    is_day(scan.digits(at + 1)?).then_some(())?;
    Some(at..scan.skip_words(at + 2, &ORDINALS))
}

/// `22nd november is my birthday`.
fn is_said_birthday(scan: &Scan, end: usize) -> bool {
    let verb = scan.skip_words(end, &["is", "was", "thats", "that's", "being"]);
    let birthday = scan.skip_words(verb, &["my", "her", "his", "their"]);
    verb > end && scan.is_word(birthday, &["birthday", "bday"])
}

/// `I turned 53 on the 3rd of may`, `my 50th was on 3 May 2021`: a birthday.
pub(super) fn turns_an_age(scan: &Scan, at: usize) -> bool {
    let mut back = at;
    while back > 0 && scan.is_word(back - 1, &["on", "the", "was", "is"]) {
        back -= 1;
    }
    let age = |at: usize| scan.digits(at).is_some_and(|d| d.len() == 2 && d >= YOUNGEST);
    let turned = back >= 2
        && age(back - 1)
        && scan.is_word(back - 2, &["turn", "turned", "turning", "turns"]);
    let nth = back >= 3
        && scan.is_word(back - 1, &ORDINALS)
        && age(back - 2)
        && scan.is_word(back - 3, &["my", "her", "his", "mums", "mum's"]);
    let aged = back >= 2
        && age(back - 1)
        && (scan.is_word(back - 2, &["im", "i'm", "be", "i'll"])
            || back >= 3
                && scan.is_word(back - 2, &["am", "was", "is"])
                && scan.is_word(back - 3, &["i", "she", "he", "mum", "dad"]));
    back < at && (turned || nth || aged)
}

pub(super) fn has_cue(scan: &Scan, start: usize, end: usize) -> bool {
    has_cue_before(scan, start) || scan.words_after(end, CUE_REACH).any(|w| BIRTH_CUES.contains(&w))
}

fn has_cue_before(scan: &Scan, at: usize) -> bool {
    is_spelled_cue(scan, at) || scan.words_before(at, CUE_REACH).any(|w| BIRTH_CUES.contains(&w))
}

/// `D.O.B.`
fn is_spelled_cue(scan: &Scan, at: usize) -> bool {
    let (mut third, mut second) = ("", "");
    scan.words_before(at, CUE_REACH).any(|word| {
        let spelled = [word, second, third] == ["d", "o", "b"];
        (third, second) = (second, word);
        spelled
    })
}
