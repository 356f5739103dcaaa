//! Postcodes, house and street.

use std::ops::Range;

use super::Kind;
use super::scan::{PieceKind, Scan};

/// Postcode areas of the United Kingdom (Royal Mail, Postcode Address File areas).
const AREAS: &str = "ab al b ba bb bd bh bl bn br bs bt ca cb cf ch cm co cr ct cv cw da dd de dg dh \
    dl dn dt dy e ec eh en ex fk fy g gl gu gy ha hd hg hp hr hs hu hx ig im ip iv ka kt kw ky l la \
    ld le ll ln ls lu m me mk ml n ne ng nn np nr nw ol ox pa pe ph pl po pr rg rh rm s sa se sg sk \
    sl sm sn so sp sr ss st sw sy ta td tf tn tq tr ts tw ub w wa wc wd wf wn wr ws wv yo ze je";

const STREETS: [&str; 20] = [
    "street",
    "road",
    "rd",
    "avenue",
    "ave",
    "crescent",
    "cres",
    "lane",
    "ln",
    "terrace",
    "grove",
    "gardens",
    "mews",
    "boulevard",
    "parade",
    "strasse",
    "esplanade",
    "str",
    "crescnt",
    "stret",
];
/// Also street types, but common words too: they need capitals or an address cue.
const DOUBTFUL_STREETS: [&str; 26] = [
    "st", "close", "drive", "way", "court", "ct", "place", "walk", "row", "square", "hill", "park",
    "view", "rise", "green", "gate", "bank", "mount", "croft", "fold", "house", "cottages", "brow",
    "meadow", "meadows", "dr",
];
const ADDRESS_CUES: [&str; 9] =
    ["address", "live", "living", "lives", "adress", "moved", "moving", "reside", "flat"];
/// Words that never stand in the name of a street after a number.
const NOT_IN_STREETS: [&str; 56] = [
    "in", "of", "the", "on", "to", "at", "a", "an", "is", "it", "and", "or", "for", "from", "by",
    "with", "my", "me", "i", "im", "minute", "minutes", "min", "mins", "hour", "hours", "mile",
    "miles", "year", "years", "yr", "yrs", "week", "weeks", "day", "days", "month", "months", "am",
    "pm", "x", "cm", "mm", "metres", "yards", "steps", "times", "women", "people", "old", "long",
    "short", "out", "more", "ish", "can",
];
const MOST_STREET_WORDS: usize = 3;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        if let Some(range) = postcode(scan, at) {
            scan.claim(Kind::Postcode, range);
        }
    }
    for at in 0..scan.pieces.len() {
        if let Some(range) = address(scan, at) {
            scan.claim(Kind::Address, range);
        }
    }
}

/// `ST4 6QG`, `st46qg`, `SW1A 1AA`, `M1-1AE`. An outward part alone stays.
fn postcode(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let area = scan.word(at)?;
    if at > 0
        && scan.glued_to_next(at - 1)
        && !scan.is_mark(at - 1, &['(', ',', ':', '.', '-', '/'])
    {
        return None;
    }
    (AREAS.split_whitespace().any(|a| a == area) && scan.glued_to_next(at)).then_some(())?;
    let district = scan.digits(at + 1)?;
    let letter_after = scan.glued_to_next(at + 1)
        && scan.word(at + 2).is_some_and(|w| w.len() == 1)
        && district.len() == 1;
    let (mut next, inward_here) = if letter_after {
        (at + 3, None)
    } else if scan.glued_to_next(at + 1) && scan.is(at + 2, PieceKind::Word) {
        // `st46qg`: the last digit belongs to the inward part.
        ((2..=3).contains(&district.len()).then_some(at + 2)?, Some(at + 2))
    } else {
        ((district.len() <= 2).then_some(at + 2)?, None)
    };
    if let Some(letters_at) = inward_here {
        return is_inward(scan.word(letters_at)?).then_some(at..letters_at + 1);
    }
    if scan.is_mark(next, &['-', '.']) {
        next += 1;
    }
    let single = scan.digits(next)?.len() == 1 && scan.glued_to_next(next);
    let inward = scan.word(next + 1)?;
    let chat = is_chat_word(area, district) && is_ordinal(scan.digits(next)?, inward);
    (single && is_inward(inward) && !chat).then_some(at..next + 2)
}

/// The last two letters of a postcode never hold C, I, K, M, O or V.
fn is_inward(letters: &str) -> bool {
    letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_lowercase() && !b"cikmov".contains(&b))
}

/// `b4 9th`, `m8 2nd`: text speak, not Birmingham.
fn is_chat_word(area: &str, district: &str) -> bool {
    matches!((area, district), ("b", "4") | ("m" | "l" | "w", "8"))
}

fn is_ordinal(digit: &str, letters: &str) -> bool {
    matches!(
        (digit, letters),
        ("1", "st") | ("2", "nd") | ("3", "rd") | ("0" | "4" | "5" | "6" | "7" | "8" | "9", "th")
    )
}

/// A house number and a street, with a flat before it.
fn address(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let number = scan.digits(at)?;
    if number.len() > 4
        || at > 0 && scan.glued_to_next(at - 1) && !scan.is_mark(at - 1, &[',', '('])
    {
        return None;
    }
    let mut next = at + 1;
    let glued = scan.glued_to_next(at);
    if glued && scan.word(next).is_some_and(|w| matches!(w, "st" | "nd" | "rd" | "th")) {
        return None;
    }
    let letter = scan.word(next).is_some_and(|w| w.len() == 1 && w != "x");
    if letter && glued {
        next += 1;
    }
    if scan.is_mark(next, &[',']) {
        next += 1;
    }
    let first = next;
    while let Some(word) = scan.word(next) {
        let sure = STREETS.contains(&word);
        let named = next > first;
        if named && sure
            || named && DOUBTFUL_STREETS.contains(&word) && is_named(scan, first, next, at)
        {
            return Some(flat_start(scan, at)..next + 1);
        }
        if NOT_IN_STREETS.contains(&word) || next - first >= MOST_STREET_WORDS {
            return None;
        }
        next += 1;
    }
    None
}

/// Capitals in the name, or an address cue before the number.
fn is_named(scan: &Scan, first: usize, street: usize, number: usize) -> bool {
    let capitals = scan.pieces[first..=street].iter().all(|p| p.capital);
    capitals || scan.words_before(number, 5).any(|w| ADDRESS_CUES.contains(&w))
}

/// `flat 3, 12 High Street`, `flat 3b 12 ...`.
fn flat_start(scan: &Scan, number: usize) -> usize {
    let mut back = number;
    while back > 0 && number - back < 4 {
        back -= 1;
        let passes = scan.word(back).is_some_and(|w| w.len() == 1)
            || scan.is_mark(back, &[','])
            || scan.is(back, PieceKind::Digits);
        if matches!(scan.word(back), Some("flat" | "apartment" | "apt")) {
            return back;
        }
        if !passes {
            return number;
        }
    }
    number
}
