//! Houses with a name, and homes where people are cared for.

use std::ops::Range;

use super::addresses::{
    FILLERS, MOST_HOUSE_WORDS, NOT_IN_STREETS, announced, further_lines, is_street,
};
use super::lexicon::EVERYDAY_WORDS;
use super::scan::{PieceKind, Scan};

/// What a house with a name is called.
pub(super) const HOUSES: [&str; 24] = [
    "cottage",
    "vicarage",
    "farm",
    "farmhouse",
    "lodge",
    "barn",
    "rectory",
    "manse",
    "bungalow",
    "villa",
    "grange",
    "house",
    "manor",
    "mill",
    "croft",
    "hall",
    "stables",
    "cottages",
    "schoolhouse",
    "smithy",
    "forge",
    "parsonage",
    "gatehouse",
    "steading",
];
const HOME_KINDS: [&str; 6] = ["care", "nursing", "residential", "retirement", "rest", "sheltered"];

/// `my address is Rose Cottage, Back Lane`, `the old vicarage`: a named house after a cue.
pub(super) fn named_house(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let first = if scan.is_word(at, &["the"]) { at + 1 } else { at };
    let head = scan.word(first)?;
    if !announced(scan, at) || scan.is_word(at - 1, &["the"]) || FILLERS.contains(&head) {
        return None;
    }
    if first > at && HOUSES.contains(&head) && scan.is_titled(first) {
        return Some(at..further_lines(scan, first + 1));
    }
    let mut next = first;
    while next - first < MOST_HOUSE_WORDS
        && let Some(word) = scan.word(next)
    {
        if next > first && (HOUSES.contains(&word) || is_street(word)) {
            let capitals = scan.is_capital(first) && scan.is_capital(next);
            let name = scan.word(first).is_some_and(|w| capitals || is_word_of_house(w));
            return name.then(|| at..further_lines(scan, next + 1));
        }
        let barred = NOT_IN_STREETS.contains(&word) && word != "old";
        if barred || matches!(word, "another" | "this" | "that" | "our") {
            return None;
        }
        next += 1;
    }
    None
}

/// Words that name a house even in small letters.
fn is_word_of_house(word: &str) -> bool {
    !EVERYDAY_WORDS.holds(word)
        || matches!(
            word,
            "rose"
                | "old"
                | "ivy"
                | "orchard"
                | "willow"
                | "hill"
                | "holly"
                | "oak"
                | "church"
                | "school"
                | "mill"
                | "garden"
                | "yew"
                | "manor"
                | "home"
        )
}

/// `Sunnyside Care Home`, where somebody lives.
pub(super) fn care_home(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let lives = scan
        .words_before(at, 3)
        .any(|w| matches!(w, "at" | "in" | "live" | "lives" | "living" | "address" | "to" | "is"));
    if !lives || !scan.is_titled(at) {
        return None;
    }
    let end = home_end(scan, at)?;
    Some(at..further_lines(scan, end))
}

pub(super) fn home_end(scan: &Scan, at: usize) -> Option<usize> {
    let kind = (at + 1..at + 4).find(|&next| scan.is_word(next, &HOME_KINDS))?;
    let named = (at..kind).all(|i| scan.is(i, PieceKind::Word) && scan.is_titled(i));
    (named && scan.is_word(kind + 1, &["home", "homes", "housing", "village"])).then_some(kind + 2)
}
