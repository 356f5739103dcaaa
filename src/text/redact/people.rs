//! How likely is a word somebody's name, and how far does the name reach?
//!
//! It knows words and capitals; the cues before and after a name are the business of `names`.

use super::lexicon::{DOUBTFUL_NAMES, EVERYDAY_WORDS, GIVEN_NAMES, SURNAMES};
use super::scan::{PieceKind, Scan};

/// What a word is, taken by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A given name, hardly ever anything else.
    Given,
    /// A given name that is also a word, a month or a place.
    Doubtful,
    /// A word on no list, with a capital letter.
    Titled,
    /// A word on no list, in small letters, in capitals, or of a script without capitals.
    Unknown,
    /// An everyday word, or no word.
    Everyday,
}

/// What the word at a place is.
pub(super) fn standing(scan: &Scan, at: usize) -> Standing {
    let Some(word) = scan.word(at) else {
        return Standing::Everyday;
    };
    let word = word.strip_suffix("'s").unwrap_or(word);
    if GIVEN_NAMES.holds(word) {
        Standing::Given
    } else if DOUBTFUL_NAMES.holds(word) {
        Standing::Doubtful
    } else if word.chars().nth(1).is_none() && word.is_ascii() || EVERYDAY_WORDS.holds(word) {
        Standing::Everyday
    } else if scan.is_titled(at) {
        Standing::Titled
    } else {
        Standing::Unknown
    }
}

/// Given names this short need a capital letter or a cue.
const SHORT_NAME: usize = 3;
/// A name has at most this many words after its first.
const MOST_FURTHER_NAMES: usize = 3;
const MOST_INITIALS: usize = 4;
const PARTICLES: [&str; 16] = [
    "van", "von", "der", "den", "de", "la", "du", "di", "da", "al", "el", "bin", "bint", "ap",
    "ferch", "mac",
];
/// What makes a place of the name before it.
const PLACE_NOUNS: [&str; 41] = [
    "hospital",
    "hospitals",
    "infirmary",
    "centre",
    "center",
    "clinic",
    "unit",
    "surgery",
    "road",
    "rd",
    "street",
    "st",
    "lane",
    "avenue",
    "ave",
    "ward",
    "wing",
    "building",
    "university",
    "college",
    "school",
    "church",
    "foundation",
    "hospice",
    "medical",
    "health",
    "square",
    "gardens",
    "stadium",
    "pub",
    "theatre",
    "library",
    "department",
    "campus",
    "mosque",
    "cathedral",
    "crescent",
    "terrace",
    "curie",
    "trial",
    "leisure",
];
/// The same, unless a name with a capital letter stands before one in small letters.
const DOUBTFUL_PLACE_NOUNS: [&str; 24] = [
    "house",
    "park",
    "court",
    "trust",
    "practice",
    "way",
    "drive",
    "arms",
    "suite",
    "station",
    "close",
    "site",
    "retail",
    "shopping",
    "community",
    "day",
    "study",
    "thing",
    "project",
    "breast",
    "screening",
    "service",
    "cancer",
    "lung",
];
const PLACE_REACH: usize = 3;
/// What makes a place or an institution of the name after it.
const TITLES_OF_PLACES: [&str; 8] =
    ["st", "saint", "queen", "king", "prince", "princess", "royal", "jo's"];
/// What people call a hospital.
const NICKNAMES: [&str; 3] = ["jimmy's", "jimmys", "jimmies"];
/// People everybody talks about: the given name, then the surname or what stands around it.
const PUBLIC_PEOPLE: [(&str, &str); 19] = [
    ("roy", "castle"),
    ("angelina", "jolie"),
    ("kylie", "minogue"),
    ("jade", "goody"),
    ("marie", "curie"),
    ("deborah", "james"),
    ("sarah", "harding"),
    ("olivia", "newton"),
    ("chris", "hoy"),
    ("stephen", "fry"),
    ("bill", "turnbull"),
    ("george", "alagiah"),
    ("amy", "dowden"),
    ("julia", "bradbury"),
    ("davina", "mccall"),
    ("lorraine", "kelly"),
    ("linda", "nolan"),
    ("kris", "hallenga"),
    ("king", "charles"),
];
/// The same, known by one name; a cue still makes it somebody's.
const KNOWN_BY_ONE_NAME: [&str; 3] = ["kylie", "angelina", "davina"];
const BROADCASTERS: [&str; 9] =
    ["itv", "tv", "bbc", "telly", "radio", "television", "corrie", "eastenders", "strictly"];

/// Whether a name at a place is part of a hospital, a street, a charity, or of somebody in the
/// news.
pub(super) fn is_place_or_public(scan: &Scan, at: usize) -> bool {
    let before =
        at.checked_sub(1).map(|i| if scan.is_mark(i, &['.']) { i.saturating_sub(1) } else { i });
    let titled = scan.is_word(at, &NICKNAMES)
        || before.is_some_and(|i| scan.is_word(i, &TITLES_OF_PLACES))
        || at > 0 && scan.is_word(at - 1, &["the"]) && !is_surname(scan, at + 1);
    let possessive = scan.word(at).is_some_and(|w| w.ends_with("'s"));
    let noun = (at + 1..=at + PLACE_REACH)
        .take_while(|&i| scan.is(i, PieceKind::Word))
        .take_while(|&i| {
            i == at + 1 || scan.is_capital(i - 1) || standing(scan, i - 1) == Standing::Unknown
        })
        .any(|i| is_place_noun(scan, at, i));
    let noun = noun && !(possessive && scan.is_word(at + 1, &["surgery", "house", "day"]));
    let news = |given: &str| {
        PUBLIC_PEOPLE.iter().any(|&(first, last)| {
            first == given && scan.is_word(at + 1, &[last])
                || last == given && at > 0 && scan.is_word(at - 1, &[first])
        })
    };
    let aired = scan.is_word(at + 1, &["on", "off", "from"])
        && (at + 2..at + 5).any(|i| scan.is_word(i, &BROADCASTERS));
    titled || noun || aired || scan.word(at).is_some_and(news)
}

fn is_place_noun(scan: &Scan, name: usize, at: usize) -> bool {
    let alike = scan.is_capital(at) || !scan.is_titled(name) || at > name + 1;
    let near = at == name + 1 || !scan.is_word(at, &["day", "st"]);
    near && (scan.is_word(at, &PLACE_NOUNS) || alike && scan.is_word(at, &DOUBTFUL_PLACE_NOUNS))
}

/// Whether a given name at a place needs no cue.
pub(super) fn stands_alone(scan: &Scan, at: usize) -> bool {
    let long = scan.word(at).is_some_and(|w| w.trim_end_matches("'s").chars().count() > SHORT_NAME);
    let known = scan.is_word(at, &KNOWN_BY_ONE_NAME) && !is_surname(scan, at + 1);
    standing(scan, at) == Standing::Given
        && !known
        && !is_abbreviation(scan, at)
        && (long || scan.is_titled(at))
        && !is_place_or_public(scan, at)
}

/// Whether a word in capitals stands alone among words in small letters, as `EDITH`, a trial, does.
fn is_abbreviation(scan: &Scan, at: usize) -> bool {
    let shouted = |i: usize| scan.is_shouted(i);
    let word = |i: &usize| scan.is(*i, PieceKind::Word);
    let mut beside =
        [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter(word).peekable();
    shouted(at) && beside.peek().is_some() && !beside.any(shouted)
}

/// The place after a name that begins at a place: hyphens, initials, particles and surnames.
pub(super) fn name_end(scan: &Scan, start: usize) -> usize {
    let mut end = word_end(scan, start);
    for _ in 0..MOST_FURTHER_NAMES {
        let Some(further) = further_name(scan, start, end) else {
            break;
        };
        end = further;
    }
    end
}

/// The place after the word at a place and what hyphens join to it.
fn word_end(scan: &Scan, at: usize) -> usize {
    let mut end = at + 1;
    while scan.is_mark(end, &['-', '\u{2010}', '\u{2011}'])
        && scan.glued_to_last(end)
        && scan.glued_to_next(end)
        && scan.is(end + 1, PieceKind::Word)
    {
        end += 2;
    }
    end
}

/// The place after one more name at a place, if there is one.
fn further_name(scan: &Scan, start: usize, at: usize) -> Option<usize> {
    let initial_end = initials_end(scan, at);
    if initial_end > at && scan.is_titled(start) && ends_part(scan, initial_end) {
        return Some(initial_end);
    }
    if initial_end > at && belongs(scan, start, initial_end) {
        return Some(word_end(scan, initial_end));
    }
    let particles_end = scan.skip_words(at, &PARTICLES);
    if particles_end > at
        && matches!(standing(scan, particles_end), Standing::Titled | Standing::Given)
        && scan.is_capital(particles_end)
    {
        return Some(word_end(scan, particles_end));
    }
    belongs(scan, start, at).then(|| word_end(scan, at))
}

/// The place after capital initials, `J P` or `J. P.`.
pub(super) fn initials_end(scan: &Scan, at: usize) -> usize {
    let mut next = at;
    let letter = |at: usize| scan.word(at).is_some_and(|w| w.chars().nth(1).is_none());
    while next - at < 2 * MOST_INITIALS && letter(next) && scan.is_capital(next) {
        next += if scan.is_mark(next + 1, &['.']) { 2 } else { 1 };
    }
    next
}

/// Whether the word at a place is a frequent surname and no everyday word.
pub(super) fn is_surname(scan: &Scan, at: usize) -> bool {
    scan.word(at).is_some_and(|w| SURNAMES.holds(w) && !EVERYDAY_WORDS.holds(w))
}

/// Whether the word at a place goes on a name that began at another.
fn belongs(scan: &Scan, start: usize, at: usize) -> bool {
    let Some(word) = scan.word(at) else {
        return false;
    };
    let capital = scan.is_capital(at);
    let surname = SURNAMES.holds(word.strip_suffix("'s").unwrap_or(word));
    match standing(scan, at) {
        Standing::Given => capital || !scan.is_titled(start),
        Standing::Titled => true,
        Standing::Doubtful => capital || ends_part(scan, at + 1) && !scan.is_titled(start),
        Standing::Everyday => capital && surname && scan.is_capital(start),
        Standing::Unknown if capital => scan.is_capital(start),
        Standing::Unknown => surname || !scan.is_titled(start) && ends_part(scan, at + 1),
    }
}

/// Words that may follow the end of a name at once.
const AFTER_NAMES: [&str; 12] = [
    "and", "here", "dob", "born", "nhs", "date", "address", "tel", "postcode", "x", "speaking",
    "age",
];

/// Whether a part of a message ends at a place: at its end, at a mark, before a number, a
/// placeholder, or a word such as "and".
pub(super) fn ends_part(scan: &Scan, at: usize) -> bool {
    match scan.get(at) {
        None => true,
        Some(piece) => match piece.kind {
            PieceKind::Mark => !matches!(piece.text.as_str(), "-" | "'" | "@" | "/" | "&" | "_"),
            PieceKind::Digits | PieceKind::Placeholder => true,
            PieceKind::Word => AFTER_NAMES.contains(&piece.text.as_str()),
        },
    }
}

/// Whether only kisses, marks or nothing follow up to the end of the line.
pub(super) fn ends_line(scan: &Scan, at: usize) -> bool {
    for piece in scan.pieces.iter().skip(at) {
        let fades = match piece.kind {
            PieceKind::Word => piece.text.chars().all(|c| c == 'x' || c == 'o'),
            PieceKind::Mark if piece.text == "\n" => return true,
            PieceKind::Mark => !piece.text.chars().all(char::is_alphanumeric),
            PieceKind::Digits | PieceKind::Placeholder => false,
        };
        if !fades {
            return false;
        }
    }
    true
}

/// Whether a line begins at a place.
pub(super) fn begins_line(scan: &Scan, at: usize) -> bool {
    at == 0 || scan.is_new_line(at - 1)
}
