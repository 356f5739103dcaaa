//! House and street, named houses, flats and care homes.
//!
//! A number with a street is an address; a street alone is a place that people ask about and
//! stays, as does a town. Houses with a name need a cue before them.

use std::ops::Range;

use super::Kind;
use super::houses::{HOUSES, care_home, home_end, named_house};
use super::lexicon::{EVERYDAY_WORDS, within_one_slip};
use super::scan::{PieceKind, Scan};

const STREETS: [&str; 24] = [
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
    "gdns",
    "mews",
    "boulevard",
    "parade",
    "strasse",
    "esplanade",
    "str",
    "wynd",
    "broadway",
    "causeway",
    "promenade",
    "approach",
];
/// Also street types, but common words too: they need capitals or an address cue.
const DOUBTFUL_STREETS: [&str; 41] = [
    "st", "close", "drive", "way", "court", "ct", "place", "walk", "row", "square", "hill", "park",
    "view", "rise", "green", "gate", "bank", "mount", "croft", "fold", "house", "cottages", "brow",
    "meadow", "meadows", "dr", "brae", "vale", "lodge", "hall", "quay", "wharf", "villas", "cl",
    "sq", "tce", "bungalow", "cottage", "towers", "heights", "mansions",
];
const ADDRESS_CUES: [&str; 11] = [
    "address", "live", "living", "lives", "adress", "moved", "moving", "reside", "flat", "addres",
    "residing",
];
/// Words between an address cue and the address.
pub(super) const FILLERS: [&str; 23] = [
    "is", "at", "to", "in", "my", "its", "it's", "the", "now", "new", "be", "should", "changed",
    "has", "was", "to", "back", "from", "just", "am", "it", "house", "home",
];
/// Words before a number that belong to it.
const UNITS_OF_HOUSES: [&str; 13] = [
    "flat",
    "apartment",
    "apt",
    "room",
    "unit",
    "plot",
    "house",
    "number",
    "no",
    "suite",
    "block",
    "bungalow",
    "cottage",
];
const PARTS_OF_HOUSES: [&str; 9] =
    ["garden", "basement", "ground", "first", "second", "top", "upper", "lower", "floor"];
/// Words that never stand in the name of a street after a number.
pub(super) const NOT_IN_STREETS: [&str; 58] = [
    "in",
    "of",
    "the",
    "on",
    "to",
    "at",
    "a",
    "an",
    "is",
    "it",
    "and",
    "or",
    "for",
    "from",
    "by",
    "with",
    "my",
    "me",
    "i",
    "im",
    "minute",
    "minutes",
    "min",
    "mins",
    "hour",
    "hours",
    "mile",
    "miles",
    "year",
    "years",
    "yr",
    "yrs",
    "week",
    "weeks",
    "day",
    "days",
    "month",
    "months",
    "am",
    "pm",
    "x",
    "cm",
    "mm",
    "metres",
    "yards",
    "steps",
    "times",
    "women",
    "people",
    "old",
    "long",
    "short",
    "out",
    "more",
    "ish",
    "can",
    "st",
    "different",
];
const MOST_STREET_WORDS: usize = 3;
pub(super) const MOST_HOUSE_WORDS: usize = 4;
const FEWEST_LETTERS_TO_SLIP: usize = 5;
const CUE_REACH: usize = 5;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let range = match scan.pieces[at].kind {
            PieceKind::Digits => numbered(scan, at),
            PieceKind::Word => number_last(scan, at)
                .or_else(|| named_house(scan, at))
                .or_else(|| lettered_flat(scan, at))
                .or_else(|| care_home(scan, at)),
            PieceKind::Mark | PieceKind::Placeholder => None,
        };
        if let Some(range) = range {
            scan.claim(Kind::Address, range);
        }
    }
}

/// A house number and a street, with a flat before it.
fn numbered(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let name = after_house_number(scan, at)?;
    let cued = is_cued(scan, at);
    let end = street_end(scan, name, cued)
        .or_else(|| welsh_street_end(scan, name))
        .or_else(|| named_after_cue(scan, at, name))
        .or_else(|| flat_of_house(scan, at, name))?;
    Some(start_of(scan, at)..further_lines(scan, end))
}

/// The place after `14`, `14b`, `12-14`, `12/3`, `14,`: where the street's name begins.
fn after_house_number(scan: &Scan, at: usize) -> Option<usize> {
    let short = |at: usize| scan.digits(at).is_some_and(|d| d.len() <= 4);
    let inside = scan.glued_to_last(at) && !scan.is_mark(at - 1, &[',', '(', ':', '.', '"']);
    if !short(at) || inside {
        return None;
    }
    let mut next = at + 1;
    if scan.is_mark(next, &['-', '/', '\u{2013}']) && scan.glued_to_next(next) && short(next + 1) {
        next += 2;
    }
    let glued = scan.glued_to_last(next);
    if glued && scan.is_word(next, &["st", "nd", "rd", "th"]) {
        return None;
    }
    if glued && scan.word(next).is_some_and(|w| w.len() == 1 && w != "x") {
        next += 1;
    }
    if scan.is_mark(next, &[',']) {
        next += 1;
    }
    Some(next)
}

/// The place after a street that begins at a place.
fn street_end(scan: &Scan, first: usize, cued: bool) -> Option<usize> {
    let mut next = first;
    let article = scan.is_word(first, &["the"]) && (cued || scan.is_titled(first));
    while let Some(word) = scan.word(next) {
        let named = next > first;
        if named && is_street(word) {
            return Some(next + 1);
        }
        let capitals = || scan.pieces[first..=next].iter().all(|p| p.capital || p.text == ".");
        if named && DOUBTFUL_STREETS.contains(&word) && (cued || capitals()) {
            let further = scan.word(next + 1).is_some_and(|w| is_street(w) && word != "st");
            let saint = word == "st" && next == first + 1 && further;
            return Some(if further && !saint { next + 2 } else { next + 1 });
        }
        let saint = next == first && word == "st";
        let barred = NOT_IN_STREETS.contains(&word) && !saint && !(next == first && article);
        if barred || next - first >= MOST_STREET_WORDS {
            return None;
        }
        next += 1;
        if saint && scan.is_mark(next, &['.']) {
            next += 1;
        }
    }
    None
}

/// `Heol y Parc`, `Ffordd Las`: in Welsh the kind of street comes first.
fn welsh_street_end(scan: &Scan, first: usize) -> Option<usize> {
    let kinds =
        ["heol", "ffordd", "stryd", "maes", "clos", "rhodfa", "cwrt", "lon", "rhes", "bryn"];
    let end = capitalised_end(scan, first);
    (scan.is_word(first, &kinds) && end > first + 1).then_some(end)
}

pub(super) fn is_street(word: &str) -> bool {
    STREETS.contains(&word)
        || word.len() >= FEWEST_LETTERS_TO_SLIP
            && !EVERYDAY_WORDS.holds(word)
            && STREETS.iter().any(|s| s.len() >= FEWEST_LETTERS_TO_SLIP && within_one_slip(word, s))
}

/// `i live at 8 Cwrt y Felin`: after a cue, a number and a name with a capital will do.
fn named_after_cue(scan: &Scan, number: usize, first: usize) -> Option<usize> {
    let first_name = if scan.is_word(first, &["the"]) { first + 1 } else { first };
    let named =
        scan.word(first_name).is_some_and(|w| !EVERYDAY_WORDS.holds(w) || first_name > first)
            && scan.is_titled(first_name)
            && scan.is_titled(first)
            && announced(scan, start_of(scan, number));
    let after = || {
        let end = capitalised_end(scan, first);
        let town = scan.skip_marks(end, &[',']);
        let mine = if scan.get(town).is_some_and(|p| p.titled) { town + 1 } else { town };
        let mine = scan.skip_words(mine, &["is", "thats", "that's"]);
        scan.says(mine, &["my", "address"]).then_some(end)
    };
    if named { Some(capitalised_end(scan, first_name)) } else { after().filter(|&end| end > first) }
}

/// `Room 12 Ashgrove Nursing Home`, `Unit 4, 8 Dock Road` (the rest is a street of its own).
fn flat_of_house(scan: &Scan, number: usize, first: usize) -> Option<usize> {
    let start = start_of(scan, number);
    if start == number || scan.is_word(start, &["number", "no"]) {
        return None;
    }
    home_end(scan, first).or_else(|| {
        let next = after_house_number(scan, first)?;
        street_end(scan, next, true)
    })
}

/// Capitalised words, and small ones between them, as in `Cwrt y Felin`.
fn capitalised_end(scan: &Scan, first: usize) -> usize {
    let mut end = first;
    let mut next = first;
    while next - first < MOST_HOUSE_WORDS
        && let Some(word) = scan.word(next)
    {
        if scan.is_capital(next)
            && (next == first || !EVERYDAY_WORDS.holds(word) || is_place_noun(word))
        {
            end = next + 1;
        } else if !matches!(word, "y" | "yr" | "of" | "on" | "the" | "la" | "le") {
            break;
        }
        next += 1;
    }
    end
}

fn is_place_noun(word: &str) -> bool {
    STREETS.contains(&word) || DOUBTFUL_STREETS.contains(&word) || HOUSES.contains(&word)
}

/// Where an address with a house number begins: `flat 3, 12`, `no. 12`, `plot 4`.
fn start_of(scan: &Scan, number: usize) -> usize {
    let mut start = number;
    let mut back = number;
    while back > 0 && number - back < 5 {
        back -= 1;
        if scan.is_word(back, &UNITS_OF_HOUSES) {
            start = back;
            while start > 0 && scan.is_word(start - 1, &PARTS_OF_HOUSES) {
                start -= 1;
            }
        }
        let letter = scan.word(back).is_some_and(|w| w.len() == 1);
        let passes = letter
            || scan.is_word(back, &UNITS_OF_HOUSES)
            || scan.is_mark(back, &[',', '.', '/'])
            || scan.is(back, PieceKind::Digits);
        if !passes {
            break;
        }
    }
    // `2/1 40 Byres Road`: the flat, as it is written in Scotland.
    let short = |at: usize| scan.digits(at).is_some_and(|d| d.len() <= 2);
    let flat = start == number
        && number >= 3
        && short(number - 1)
        && scan.is_mark(number - 2, &['/'])
        && short(number - 3);
    if flat { number - 3 } else { start }
}

/// Further parts of an address after commas or new lines: `Wharf House, Canal Street`.
pub(super) fn further_lines(scan: &Scan, end: usize) -> usize {
    let next = scan.skip_marks(end, &[',', '\n']);
    if next == end || !scan.get(next).is_some_and(|p| p.capital) {
        return end;
    }
    match street_end(scan, next, true).or_else(|| home_end(scan, next)) {
        Some(further) if scan.is_capital(further - 1) => further_lines(scan, further),
        _ => end,
    }
}

fn is_cued(scan: &Scan, at: usize) -> bool {
    scan.words_before(at, CUE_REACH).any(|w| ADDRESS_CUES.contains(&w))
}

/// Whether an address cue stands right before a place, but for small words.
pub(super) fn announced(scan: &Scan, at: usize) -> bool {
    let further =
        at >= 2 && scan.is_word(at - 1, &["to"]) && scan.stands_for(at - 2, Kind::Address);
    if further {
        return true;
    }
    let mut words = scan.words_before(at, CUE_REACH + 2).filter(|w| !FILLERS.contains(w));
    match words.next() {
        Some("o") => words.next() == Some("c"),
        Some("send" | "post" | "sent" | "posted") => scan.is_word(at.wrapping_sub(1), &["to"]),
        Some(word) => word != "flat" && ADDRESS_CUES.contains(&word),
        None => false,
    }
}

/// `Mill Lane number 14`: the number, when the street stands before it.
fn number_last(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let before = (0..at).rev().find(|&i| !scan.is_mark(i, &[',']))?;
    let after_street = scan.word(before).is_some_and(is_street);
    let number = scan.digits(at + 1).is_some_and(|d| d.len() <= 3);
    (scan.is_word(at, &["number", "no"]) && after_street && number).then_some(at..at + 2)
}

/// `Flat B, 20 Marine Parade`: the flat's letter, when the rest is claimed as a street.
fn lettered_flat(scan: &Scan, at: usize) -> Option<Range<usize>> {
    scan.is_word(at, &["flat", "apartment", "apt", "unit", "block"]).then_some(())?;
    let letter = scan.word(at + 1).is_some_and(|w| w.len() == 1 && w != "a" && w != "i")
        || scan.is_word(at + 1, &["a"]) && scan.is_mark(at + 2, &[',']);
    letter.then_some(())?;
    let number = scan.skip_marks(at + 2, &[',', '.']);
    let end = street_end(scan, after_house_number(scan, number)?, true)?;
    Some(at..further_lines(scan, end))
}
