//! Numbers and words that stand for a person in somebody's files: screening, hospital and booking
//! references, National Insurance numbers, user names, passwords and codes.

use std::ops::Range;

use super::Kind;
use super::dates::UNITS;
use super::lexicon::EVERYDAY_WORDS;
use super::numbers::Groups;
use super::scan::{PieceKind, Scan};

const REFERENCE_CUES: [&str; 37] = [
    "sx",
    "ref",
    "reference",
    "hospital",
    "hosp",
    "patient",
    "unit",
    "mrn",
    "barcode",
    "kit",
    "id",
    "file",
    "record",
    "case",
    "pid",
    "psid",
    "chi",
    "hcn",
    "membership",
    "policy",
    "account",
    "insurance",
    "booking",
    "screening",
    "passport",
    "licence",
    "license",
    "card",
    "code",
    "ni",
    "nino",
    "sample",
    "lab",
    "episode",
    "customer",
    "member",
    "accession",
];
/// Cues that need no "number" behind them.
const SURE_CUES: [&str; 10] =
    ["sx", "ref", "reference", "mrn", "psid", "pid", "passport", "code", "barcode", "policy"];
/// Words that may stand between a reference cue and the number.
const REFERENCE_FILLERS: [&str; 28] = [
    "number",
    "no",
    "num",
    "nr",
    "nbr",
    "code",
    "is",
    "id",
    "my",
    "its",
    "it's",
    "was",
    "of",
    "ref",
    "reference",
    "screening",
    "on",
    "the",
    "letter",
    "card",
    "kit",
    "you",
    "texted",
    "sent",
    "gave",
    "me",
    "says",
    "reads",
];
/// Words that say a number follows.
const NUMBER_WORDS: [&str; 9] =
    ["number", "no", "num", "nr", "nbr", "code", "ref", "id", "reference"];
const LETTERS_BEFORE_DIGITS: usize = 4;
/// In pieces: letters, groups of digits, marks.
const LONGEST_CODE: usize = 24;
const FEWEST_DIGITS: usize = 4;
const MOST_FILLERS: usize = 8;
/// A single number this long before `SX` is one.
const LONG_RUN: usize = 7;

/// Cues of a user name, password or code.
const SECRET_CUES: [&str; 15] = [
    "username",
    "login",
    "logon",
    "userid",
    "password",
    "passcode",
    "passwd",
    "pin",
    "insta",
    "instagram",
    "snapchat",
    "skype",
    "tiktok",
    "twitter",
    "otp",
];
const FEWEST_CODE_DIGITS: usize = 3;
const SECRET_FILLERS: [&str; 8] = ["is", "was", "name", "number", "code", "id", "my", "its"];

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        if let Some(range) = national_insurance(scan, at) {
            scan.claim(Kind::Reference, range);
        }
    }
    for at in 0..scan.pieces.len() {
        let range = match scan.pieces[at].kind {
            PieceKind::Word => after_cue(scan, at)
                .or_else(|| split_sx(scan, at))
                .or_else(|| number_plate(scan, at))
                .or_else(|| secret(scan, at))
                .or_else(|| last_digits(scan, at)),
            PieceKind::Digits => before_sx(scan, at).or_else(|| before_cue(scan, at)),
            PieceKind::Mark | PieceKind::Placeholder => None,
        };
        if let Some(range) = range {
            let health = scan.is_word(at, &["chi", "hcn"]);
            scan.claim(if health { Kind::NhsNumber } else { Kind::Reference }, range);
        }
    }
}

/// `SX number 1234567`, `ref: AB/1234`, `hospital no 123456`.
fn after_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let cue = scan.word(at)?;
    if !REFERENCE_CUES.contains(&cue) {
        return None;
    }
    code_after(scan, at + 1, SURE_CUES.contains(&cue), cue == "sx")
}

/// `S.X. number 6655443`.
fn split_sx(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let dot = scan.is_word(at, &["s"]) && scan.is_mark(at + 1, &['.']);
    (dot && scan.is_word(at + 2, &["x"])).then(|| code_after(scan, at + 3, true, true))?
}

fn code_after(scan: &Scan, from: usize, sure: bool, sx: bool) -> Option<Range<usize>> {
    let mut said_number = sure;
    let mut next = from;
    while next < scan.pieces.len() && next - from < MOST_FILLERS {
        if scan.is_mark(next, &[':', '#', '-', '.', '=', '/', '(']) {
            next += 1;
        } else if let Some(word) = scan.word(next)
            && (REFERENCE_FILLERS.contains(&word) || REFERENCE_CUES.contains(&word))
        {
            said_number |= NUMBER_WORDS.contains(&word);
            next += 1;
        } else {
            break;
        }
    }
    let prefix = scan.word(next).is_some_and(|w| w.len() <= LETTERS_BEFORE_DIGITS)
        && scan.is(next + 1, PieceKind::Digits)
        && (sx || scan.get(next)?.capital && !scan.get(next)?.titled);
    let end = if prefix { code_end(scan, next + 1) } else { code_end(scan, next) }?;
    let digits: usize = (next..end).filter_map(|i| scan.digits(i)).map(str::len).sum();
    let year = scan.digits(next).is_some_and(|d| {
        end == next + 1 && d.len() == 4 && (d.starts_with("19") || d.starts_with("20"))
    });
    let dialling = end == next + 1
        && scan.is_word(next - 1, &["code"])
        && scan.digits(next).is_some_and(|d| d.len() == 5 && d.starts_with("01"));
    (said_number && digits >= FEWEST_DIGITS && !year && !dialling).then_some(next..end)
}

/// A code: glued letters, digits, slashes and dashes, and further groups of digits after blanks.
fn code_end(scan: &Scan, start: usize) -> Option<usize> {
    let belongs = |at: usize| {
        let glued = scan.glued_to_next(at) || at > start && scan.glued_to_last(at);
        let letters = scan.word(at).is_some_and(|w| w.len() <= LETTERS_BEFORE_DIGITS) && glued;
        let digits = scan.is(at, PieceKind::Digits) && !(at > start && is_count(scan, at));
        let mark = at > start && scan.is_mark(at, &['/', '-']) && scan.glued_to_next(at);
        letters || digits || mark
    };
    let longest = start + LONGEST_CODE;
    let end = (start..longest).find(|&at| !belongs(at)).unwrap_or(longest);
    (start..end).any(|i| scan.is(i, PieceKind::Digits)).then_some(end)
}

/// Whether a short number that stands apart counts what follows: `ref 4481927 2 weeks ago`.
fn is_count(scan: &Scan, at: usize) -> bool {
    let short = scan.digits(at).is_some_and(|d| d.len() <= 2);
    short && !scan.glued_to_last(at) && scan.is_word(at + 1, &UNITS)
}

/// `1234567 SX`.
fn before_sx(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let digits = scan.digits(at)?;
    (digits.len() >= LONG_RUN && scan.is_word(at + 1, &["sx"])).then_some(at..at + 1)
}

/// `K123456 is my hospital number`.
fn before_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let letters = scan.glued_to_last(at)
        && scan.word(at - 1).is_some_and(|w| w.len() <= LETTERS_BEFORE_DIGITS);
    let start = if letters { at - 1 } else { at };
    let end = code_end(scan, start)?;
    let owned = scan.skip_words(end, &["is", "was", "thats", "that's", "my", "the", "her", "his"]);
    let cued = owned > end
        && (owned..owned + 2).any(|i| scan.is_word(i, &REFERENCE_CUES))
        && (owned..owned + 3).any(|i| scan.is_word(i, &NUMBER_WORDS));
    let digits: usize = (start..end).filter_map(|i| scan.digits(i)).map(str::len).sum();
    (cued && digits >= FEWEST_DIGITS).then_some(start..end)
}

/// Two letters, six digits, one letter: `QQ 12 34 56 C` (HMRC, "National Insurance Manual",
/// NIM39110).
fn national_insurance(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let prefix = scan.word(at)?;
    let first = if scan.is_mark(at + 1, &['-', '.']) { at + 2 } else { at + 1 };
    if prefix.len() != 2 || !prefix.is_ascii() || !scan.is(first, PieceKind::Digits) {
        return None;
    }
    let groups = Groups::new(scan, first);
    let end = groups.end_of(6)?;
    let even = (first..end).filter_map(|i| scan.digits(i)).all(|d| matches!(d.len(), 2 | 4 | 6));
    let suffix_at = if scan.is_mark(end, &['-', '.']) { end + 1 } else { end };
    let suffix = scan.is_word(suffix_at, &["a", "b", "c", "d"]);
    let glued = scan.glued_to_next(suffix_at - 1) && scan.glued_to_next(end - 1);
    let cued = || {
        scan.words_before(at, 5).any(|w| matches!(w, "ni" | "nino" | "insurance" | "ins" | "nat"))
    };
    (even && suffix && (glued || scan.is_capital(at) || cued())).then_some(at..suffix_at + 1)
}

/// `AB12 CDE`: two letters, two digits, three letters, in capitals or after "reg".
fn number_plate(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let letters = |at: usize, count: usize| scan.word(at).is_some_and(|w| w.len() == count);
    let shape = letters(at, 2)
        && scan.glued_to_next(at)
        && scan.digits(at + 1).is_some_and(|d| d.len() == 2)
        && letters(at + 2, 3);
    let capitals = || [at, at + 2].iter().all(|&i| scan.is_shouted(i));
    let cued = || scan.words_before(at, 4).any(|w| matches!(w, "reg" | "registration" | "plate"));
    (shape && (capitals() || cued())).then_some(at..at + 3)
}

/// `username is jane_s58`, `password: Mammo1958`, `my pin is 4821`.
fn secret(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let cue = scan.word(at)?;
    let site = matches!(cue, "facebook" | "fb" | "messenger" | "user");
    let two = (matches!(cue, "user" | "screen" | "facebook" | "fb")
        && scan.is_word(at + 1, &["name", "id"]))
    .then_some(at + 2);
    let from = two.or_else(|| (site || SECRET_CUES.contains(&cue)).then_some(at + 1))?;
    let site = site && two.is_none();
    let mut next = from;
    let mut told = matches!(cue, "pin" | "otp" | "passcode");
    loop {
        if scan.is_mark(next, &[':', '=', '-']) || scan.is_word(next, &["is", "was"]) {
            told = true;
        } else if !scan.is_word(next, &SECRET_FILLERS) {
            break;
        }
        next += 1;
    }
    let start = scan.skip_marks(next, &['@', '"', '\'']);
    let end = handle_end(scan, start)?;
    let secret = if end > start + 1 {
        !site || told
    } else if site {
        false
    } else if let Some(word) = scan.word(start) {
        told && !EVERYDAY_WORDS.holds(word)
    } else {
        told && scan.digits(start).is_some_and(|d| d.len() >= FEWEST_CODE_DIGITS)
    };
    secret.then_some(start..end)
}

/// The place after letters and digits glued by what user names hold.
fn handle_end(scan: &Scan, start: usize) -> Option<usize> {
    let belongs =
        |at: usize| matches!(scan.get(at)?.kind, PieceKind::Word | PieceKind::Digits).then_some(());
    belongs(start)?;
    let mut end = start + 1;
    while scan.glued_to_last(end)
        && (belongs(end).is_some() || scan.is_mark(end, &['_', '.', '-', '!', '#', '$', '&', '*']))
    {
        end += 1;
    }
    while end > start + 1 && scan.is_mark(end - 1, &['.', '-', '!']) {
        end -= 1;
    }
    Some(end)
}

/// `my NHS number ends 4567`.
fn last_digits(scan: &Scan, at: usize) -> Option<Range<usize>> {
    if !scan.is_word(at, &["ends", "ending", "end"]) {
        return None;
    }
    let next = scan.skip_words(at + 1, &["in", "with"]);
    let digits = scan.digits(next).is_some_and(|d| (3..=6).contains(&d.len()));
    let numbered = scan
        .words_before(at, 5)
        .any(|w| matches!(w, "number" | "no" | "num" | "phone" | "mobile" | "card"));
    (digits && numbered).then_some(next..next + 1)
}
