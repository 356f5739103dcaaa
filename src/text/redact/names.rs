//! Names: of the person who writes, of those they write about, of staff.
//!
//! A given name that is hardly ever anything else needs no cue. Any other word is a name only after
//! a cue ("my name is", "my husband", "Mrs", "thanks,"), before one ("here", a date of birth), and
//! the less the cue says, the more the word must look like a name. Names of hospitals, streets,
//! charities and of people in the news are not redacted.

use std::ops::Range;

use super::Kind;
use super::cues::{
    AFTER_SELF, CUES, Cue, FILLERS, LOOSE_TITLES, NAME_LABELS, OWNERS, POSSESSIVES, RELATIONS,
    SEASONS, WORDY_TITLES,
};
use super::lexicon::SURNAMES;
use super::name_lists::{alone, beside_identifier};
use super::people::{
    Standing, ends_line, ends_part, initials_end, is_place_or_public, is_surname, name_end,
    standing,
};
use super::scan::{PieceKind, Scan};
use super::signatures::{after_closing, before_here, last_words};

/// Initials, their dots and particles between a title and a surname.
const MOST_BEFORE_SURNAME: usize = 6;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let name = match scan.pieces[at].kind {
            PieceKind::Word => after_label(scan, at)
                .or_else(|| after_title(scan, at))
                .or_else(|| after_cue(scan, at))
                .or_else(|| after_change(scan, at))
                .or_else(|| after_relation(scan, at))
                .or_else(|| after_closing(scan, at))
                .or_else(|| before_here(scan, at))
                .or_else(|| alone(scan, at))
                .or_else(|| last_words(scan, at)),
            PieceKind::Placeholder => beside_identifier(scan, at),
            PieceKind::Mark | PieceKind::Digits => None,
        };
        if let Some(range) = name {
            scan.claim(Kind::Name, range);
        }
    }
}

/// A name at a place after a cue, if the word is likely enough for it.
fn name_at(scan: &Scan, start: usize, cue: Cue) -> Option<Range<usize>> {
    let first = initials_end(scan, start);
    if first > start {
        let named = matches!(standing(scan, first), Standing::Given | Standing::Titled)
            || scan.pieces.get(first).is_some_and(|p| p.capital)
                && SURNAMES.holds(scan.word(first)?);
        return (named && cue >= Cue::Fair).then(|| start..name_end(scan, first));
    }
    let titled = scan.get(start)?.titled;
    let end = name_end(scan, start);
    let likely = match standing(scan, start) {
        Standing::Doubtful if cue == Cue::Weak => {
            let last = ends_line(scan, end) && !scan.is_word(start, &SEASONS);
            titled && (end > start + 1 || last)
        }
        Standing::Doubtful if cue == Cue::Contact => titled && !scan.is(end, PieceKind::Digits),
        Standing::Doubtful => {
            let own = end > start + 1 || ends_part(scan, end) || scan.is_word(end, &AFTER_SELF);
            titled && (own || cue >= Cue::Strong) || cue == Cue::Sure && ends_line(scan, end)
        }
        Standing::Titled if cue < Cue::Fair => {
            end > start + 1 && is_surname(scan, end - 1) && scan.is_titled(end - 1)
        }
        Standing::Titled if cue == Cue::Fair => !is_belonging(scan, start),
        Standing::Given | Standing::Titled => true,
        Standing::Unknown => cue == Cue::Sure || cue == Cue::Fair && is_surname(scan, start + 1),
        Standing::Everyday => false,
    };
    (likely && !is_place_or_public(scan, start)).then_some(start..end)
}

/// `Glaswegian`, `Japanese`, `Methodist`: where somebody belongs.
fn is_belonging(scan: &Scan, at: usize) -> bool {
    scan.word(at).is_some_and(|w| w.ends_with("ian") || w.ends_with("ese") || w.ends_with("ist"))
}

/// `my name is Jane Smith`, `name: jane`, `surname Pugh`, `patient name PUGH, Jane`.
fn after_label(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let label = scan.word(at)?;
    if !NAME_LABELS.contains(&label) {
        return None;
    }
    let person = matches!(label, "patient" | "client");
    let owned = at > 0 && scan.is_word(at - 1, &OWNERS);
    let mut told = matches!(label, "name's" | "surname" | "forename");
    let mut start = at + 1;
    loop {
        if scan.is_word(start, &["is", "was", "now", "spelt", "spelled"]) && !person
            || scan.is_mark(start, &[':', '=', '-', ',', '(', '\n'])
        {
            told = true;
        } else if !scan.is_mark(start, &['"', '\'', '.']) {
            break;
        }
        start += 1;
    }
    let cue = match (told, owned) {
        _ if person && !told => return None,
        (true, _) => Cue::Sure,
        (false, true) => Cue::Strong,
        (false, false) => Cue::Fair,
    };
    let start = scan.skip_words(start, &["mrs", "mr", "ms", "miss", "dr"]);
    let range = name_at(scan, start, cue).or_else(|| {
        let small = told || owned;
        named_like_a_word(scan, start, told).filter(|_| small)
    })?;
    Some(range.start..inverted_end(scan, range.end))
}

/// `my name is Will May`, `my name is rose`: words that are names after such a cue.
fn named_like_a_word(scan: &Scan, at: usize, told: bool) -> Option<Range<usize>> {
    let piece = scan.get(at)?;
    let end = name_end(scan, at);
    let word = standing(scan, at) == Standing::Doubtful && (piece.titled || ends_part(scan, end));
    let surname = piece.capital && SURNAMES.holds(scan.word(at)?);
    let unknown = standing(scan, at) == Standing::Unknown && (ends_part(scan, end) || told);
    (word || surname || unknown).then_some(at..end)
}

/// `PUGH, Jane`.
fn inverted_end(scan: &Scan, end: usize) -> usize {
    let inverted = scan.is_mark(end, &[','])
        && matches!(standing(scan, end + 1), Standing::Given | Standing::Titled)
        && scan.is_capital(end + 1);
    if inverted { name_end(scan, end + 1) } else { end }
}

/// `Mrs Smith`, `dr patel`, `Dr. A K Rao`; a bare `miss` is a verb.
fn after_title(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let title = scan.word(at)?;
    let loose = LOOSE_TITLES.contains(&title);
    if !loose && !WORDY_TITLES.contains(&title) {
        return None;
    }
    let start = if scan.is_mark(at + 1, &['.']) { at + 2 } else { at + 1 };
    let mut spelled = start;
    while spelled - start < MOST_BEFORE_SURNAME && is_initial(scan, spelled) {
        spelled += 1;
    }
    let first = scan.skip_words(spelled, &["van", "von", "de", "der", "la", "al", "el"]);
    let word = scan.word(first)?;
    let capitals = scan.is_capital(at) && scan.is_capital(first);
    let named = match standing(scan, first) {
        Standing::Given => true,
        Standing::Titled => scan.is_capital(at) || loose,
        Standing::Doubtful => capitals || loose && scan.is_capital(first),
        Standing::Unknown => {
            let addressed = title == "miss" && !is_verb(scan, at);
            loose && title != "ms" || capitals || addressed || SURNAMES.holds(word)
        }
        Standing::Everyday => capitals && word.len() > 2 && SURNAMES.holds(word),
    };
    (named && first - start <= MOST_BEFORE_SURNAME).then(|| start..name_end(scan, first))
}

/// Whether a `miss` is what somebody does, not a title.
fn is_verb(scan: &Scan, at: usize) -> bool {
    at > 0
        && scan.is(at - 1, PieceKind::Word)
        && !scan
            .is_word(at - 1, &["with", "by", "from", "saw", "see", "under", "for", "is", "mean"])
}

fn is_initial(scan: &Scan, at: usize) -> bool {
    let letter = |at: usize| scan.word(at).is_some_and(|w| w.chars().nth(1).is_none());
    letter(at) || scan.is_mark(at, &['.']) && at > 0 && letter(at - 1)
}

/// `this is Jane`, `im called dot`, `on behalf of Joan`, `spoke to karen`.
fn after_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let first = scan.word(at)?;
    let says = |cue: &&(&[&str], Cue)| cue.0[0] == first && scan.says(at, cue.0);
    let &(phrase, cue) = CUES.iter().filter(says).max_by_key(|(phrase, _)| phrase.len())?;
    let from = at + phrase.len();
    let start = scan.skip_marks(from, &[':', '"', '\'']);
    if let Some(range) = name_at(scan, start, cue) {
        return Some(range);
    }
    let start = scan.skip_words(start, &FILLERS);
    (start > from && cue >= Cue::Fair).then(|| name_at(scan, start, Cue::Fair))?
}

/// `changed my name from Walsh to Carter`, `Walsh, formerly Carter`.
fn after_change(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let mut back = at;
    while back > 0 && scan.is_mark(back - 1, &[',', '(']) {
        back -= 1;
    }
    let named = |i: usize| scan.stands_for(i, Kind::Name);
    let old = back.checked_sub(1).filter(|&i| named(i))?;
    let changed = scan
        .is_word(at, &["was", "now", "nee", "formerly", "previously", "aka", "not", "and", "n"])
        || scan.is_word(at, &["to"]) && {
            let from = (0..old).rev().find(|&i| !named(i));
            from.is_some_and(|i| scan.is_word(i, &["from"]))
        };
    let start = at + 1;
    let likely = matches!(standing(scan, start), Standing::Given | Standing::Titled)
        || scan.is_titled(start)
            && (SURNAMES.holds(scan.word(start)?)
                || standing(scan, start) == Standing::Doubtful && ends_part(scan, start + 1));
    (changed && likely).then(|| start..name_end(scan, start))
}

/// `my husband Trevor`, `my mum is Doreen`, `my friend, Lynne,`.
fn after_relation(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let word = scan.word(at)?;
    let related = RELATIONS.contains(&word.strip_suffix("'s").unwrap_or(word));
    let in_law = || {
        let before = (0..at).rev().find(|&i| !scan.is_mark(i, &['-']));
        before.is_some_and(|i| scan.is_word(i, &["in"]))
    };
    if !related || word == "law" && !in_law() {
        return None;
    }
    let owned = scan.words_before(at, 6).any(|w| POSSESSIVES.contains(&w));
    let mut start = at + 1;
    let mut joined = false;
    if scan.is_mark(start, &[',', ':', '(', '-']) {
        start += 1;
    }
    while scan.is_word(start, &["is", "called", "named", "was", "name", "name's"]) {
        joined = true;
        start += 1;
    }
    let titled = scan.get(start)?.titled;
    let end = name_end(scan, start);
    let named = match standing(scan, start) {
        Standing::Given => true,
        Standing::Doubtful => titled,
        Standing::Titled => owned && !(joined && is_belonging(scan, start)),
        Standing::Unknown | Standing::Everyday => false,
    };
    (named && !is_place_or_public(scan, start)).then_some(start..end)
}
