//! Names that need no cue, by their form, and names beside other data of the same person.

use std::ops::Range;

use super::Kind;
use super::cues::LABELS;
use super::lexicon::SURNAMES;
use super::people::{
    Standing, begins_line, ends_line, ends_part, initials_end, is_place_or_public, is_surname,
    name_end, standing, stands_alone,
};
use super::scan::{PieceKind, Scan};

const MOST_LABELS: usize = 5;
const MOST_LISTED_NAMES: usize = 3;

/// A given name that needs no cue, with the surname a comma parts from it: `Holt, Jean`.
pub(super) fn alone(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if let Some(range) = after_initial(scan, at) {
        return Some(range);
    }
    if is_family_name(scan, at) {
        return Some(at..name_end(scan, at));
    }
    stands_alone(scan, at).then_some(())?;
    let surname_at = at.checked_sub(2).filter(|&i| {
        let surname = standing(scan, i) == Standing::Titled
            || scan.word(i).is_some_and(|w| SURNAMES.holds(w));
        scan.is_mark(i + 1, &[',']) && begins_line(scan, i) && scan.is_capital(i) && surname
    });
    Some(surname_at.unwrap_or(at)..name_end(scan, at))
}

/// Conditions with the names of those who described them.
const EPONYMS: [(&str, &str); 3] =
    [("li", "fraumeni"), ("hutchinson", "gilford"), ("peutz", "jeghers")];

/// `O'Hanlon`, `McTavish`, `Crosby-Wainwright`: names by their form.
fn is_family_name(scan: &Scan, at: usize) -> bool {
    let surface = &scan.raw[scan.pieces[at].start..scan.pieces[at].end];
    let inner = surface
        .strip_prefix("O'")
        .or_else(|| surface.strip_prefix("O\u{2019}"))
        .or_else(|| surface.strip_prefix("Mc"));
    let celtic = inner
        .is_some_and(|rest| rest.chars().count() > 2 && rest.starts_with(char::is_uppercase))
        && !scan.is_word(at, &["o'clock", "mcdonalds", "mcdonald's"]);
    let hyphen =
        scan.is_mark(at + 1, &['-']) && scan.glued_to_next(at) && scan.glued_to_next(at + 1);
    let eponym = EPONYMS
        .iter()
        .any(|&(first, second)| scan.word(at) == Some(first) && scan.word(at + 2) == Some(second));
    let joined = hyphen
        && !eponym
        && [at, at + 2].iter().all(|&i| scan.get(i).is_some_and(|p| p.titled))
        && [at, at + 2]
            .iter()
            .any(|&i| is_surname(scan, i) || standing(scan, i) == Standing::Given);
    (celtic || joined) && !is_place_or_public(scan, at)
}

/// `A. Rahman`, `J P Holt`: initials and a surname.
fn after_initial(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let surname_at = initials_end(scan, at);
    let sure = scan.is_mark(at + 1, &['.']) || !scan.is_word(at, &["a", "i"]);
    let surname = surname_at > at
        && scan.word(surname_at).is_some_and(|w| SURNAMES.holds(w) || w.starts_with("o'"))
        && scan.is_titled(surname_at);
    let two = surname_at > at + 1 && scan.is(at + 1, PieceKind::Word);
    let surname = surname || two && standing(scan, surname_at) == Standing::Titled;
    (sure && surname && !is_place_or_public(scan, surname_at))
        .then(|| at..name_end(scan, surname_at))
}

/// A name beside a number of the same person: `jean holt, dob [date of birth]`, `[phone], Holt`.
pub(super) fn beside_identifier(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if scan.stands_for(at, Kind::Name) || scan.stands_for(at, Kind::Link) {
        return None;
    }
    name_before(scan, at).or_else(|| name_after(scan, at))
}

fn name_before(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let mut end = at;
    let mut skipped = 0;
    while end > 0 && skipped < MOST_LABELS {
        let label = scan.is_word(end - 1, &LABELS);
        if !label && !scan.is_mark(end - 1, &[',', ':', '-', '\n', '.', '(', '=']) {
            break;
        }
        skipped += usize::from(label);
        end -= 1;
    }
    let mut start = end;
    while start > 0 && end - start < MOST_LISTED_NAMES && looks_listed(scan, start - 1) {
        start -= 1;
    }
    let opens = start == 0
        || !scan.is(start - 1, PieceKind::Word)
        || scan
            .is_word(start - 1, &["name", "mrs", "mr", "miss", "ms", "is", "its", "from", "for"]);
    let names = start..end;
    let given = names.clone().any(|i| standing(scan, i) == Standing::Given);
    let titled = names.clone().all(|i| scan.is_capital(i));
    let family = names.clone().any(|i| scan.word(i).is_some_and(|w| SURNAMES.holds(w)));
    let likely = match names.len() {
        0 => false,
        1 => given || titled && family,
        _ => given || titled || family && begins_line(scan, start),
    };
    (opens && likely).then_some(names)
}

/// Whether the word at a place may be part of a name in a list of somebody's data.
fn looks_listed(scan: &Scan, at: usize) -> bool {
    match standing(scan, at) {
        Standing::Given | Standing::Titled | Standing::Unknown => true,
        Standing::Doubtful => scan.is_capital(at),
        Standing::Everyday => {
            let initial = scan.word(at).is_some_and(|w| w.chars().nth(1).is_none() && w != "i");
            scan.is_capital(at) && (initial || scan.word(at).is_some_and(|w| SURNAMES.holds(w)))
        }
    }
}

fn name_after(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let start = scan.skip_marks(at + 1, &[',', '-', '\n', '.', ';']);
    let end = name_end(scan, start);
    let surname = scan.word(start).is_some_and(|w| SURNAMES.holds(w));
    // After an address stands a town.
    let placed = [Kind::Address, Kind::Postcode].iter().any(|kind| scan.stands_for(at, *kind));
    let named = match standing(scan, start) {
        Standing::Given => !placed,
        Standing::Titled => !placed && (surname || end > start + 1),
        Standing::Doubtful => !placed && scan.is_titled(start),
        Standing::Unknown => {
            surname && scan.is_capital(start) || ends_line(scan, end) && is_bare_list(scan, at)
        }
        Standing::Everyday => !placed && surname && scan.is_capital(start),
    };
    let apart = !scan.glued_to_last(start) || scan.is(start - 1, PieceKind::Mark);
    (named && apart && ends_part(scan, end) && !is_place_or_public(scan, start))
        .then_some(start..end)
}

/// Whether up to a place a line holds nothing but placeholders, marks and labels.
fn is_bare_list(scan: &Scan, at: usize) -> bool {
    (0..at).rev().take_while(|&i| !scan.is_new_line(i)).all(|i| {
        !scan.is(i, PieceKind::Word) && !scan.is(i, PieceKind::Digits) || scan.is_word(i, &LABELS)
    })
}
