//! NHS numbers, references and phone numbers.
//!
//! An NHS number has 10 digits (NHS Data Dictionary, "NHS number": usually shown 3-3-4); CHI and H&C
//! numbers have 10 as well. A UK phone number has 11 digits from its leading 0, seldom 10.

use std::ops::Range;

use super::Kind;
use super::scan::{PieceKind, Scan};

/// Helplines that belong to nobody, as digits.
const PUBLIC_NUMBERS: [&str; 5] =
    ["08007076060", "08082000247", "08000152514", "116123", "08001111"];

const NHS_CUES: [&str; 7] = ["nhs", "chi", "hc", "hcn", "h", "num", "nhsno"];
const REFERENCE_CUES: [&str; 22] = [
    "sx",
    "ref",
    "reference",
    "hospital",
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
];
/// Words that may stand between a reference cue and the number.
const REFERENCE_FILLERS: [&str; 14] = [
    "number",
    "no",
    "num",
    "nr",
    "code",
    "is",
    "id",
    "my",
    "its",
    "was",
    "of",
    "ref",
    "reference",
    "screening",
];
const PHONE_CUES: [&str; 20] = [
    "phone",
    "tel",
    "telephone",
    "mobile",
    "mob",
    "ring",
    "call",
    "text",
    "number",
    "landline",
    "contact",
    "whatsapp",
    "cell",
    "fone",
    "num",
    "ext",
    "tele",
    "txt",
    "dial",
    "home",
];
/// A single number this long is somebody's, whatever it is.
const LONG_RUN: usize = 7;

pub(super) fn claim_references(scan: &mut Scan) {
    keep_public_numbers(scan);
    for at in 0..scan.pieces.len() {
        let after_cue = after_reference_cue(scan, at);
        if let Some(range) = after_cue.or_else(|| before_sx(scan, at)) {
            let health = scan.word(at).is_some_and(|w| matches!(w, "chi" | "hcn"));
            let kind = if health { Kind::NhsNumber } else { Kind::Reference };
            scan.claim(kind, range);
        }
        if let Some(range) = national_insurance(scan, at) {
            scan.claim(Kind::Reference, range);
        }
    }
}

pub(super) fn claim_runs(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        if !scan.is(at, PieceKind::Digits) || !scan.is_free(&(at..at + 1)) {
            continue;
        }
        let claim = phone(scan, at)
            .or_else(|| nhs_number(scan, at))
            .or_else(|| long_run(scan, at))
            .or_else(|| short_phone(scan, at));
        if let Some((kind, range)) = claim {
            scan.claim(kind, range);
        }
    }
}

/// Digit groups from `at` on with at most two separating marks between neighbours: for each group
/// the place after it and the digits so far.
fn groups(scan: &Scan, at: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut next = at;
    while let Some(group) = scan.digits(next) {
        digits.push_str(group);
        found.push((next + 1, digits.clone()));
        next += 1;
        let mut marks = 0;
        while scan.is_mark(next, &['-', '.', '(', ')', '/', '\u{2013}', '\u{2011}', '\u{2010}']) {
            next += 1;
            marks += 1;
        }
        if marks > 2 || digits.len() > 16 {
            break;
        }
    }
    found
}

fn keep_public_numbers(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let public = groups(scan, at)
            .into_iter()
            .find(|(_, digits)| PUBLIC_NUMBERS.contains(&digits.as_str()));
        if let Some((end, _)) = public
            && scan.is_free(&(at..end))
            && !scan.is_mark(at.wrapping_sub(1), &['+'])
        {
            scan.keep(at..end);
        }
    }
}

fn phone(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    let groups = groups(scan, at);
    let plus = at > 0 && scan.is_mark(at - 1, &['+']);
    let start = if plus { at - 1 } else { at };
    let whole = |wanted: &dyn Fn(&str) -> bool| {
        let end = groups.iter().find(|(_, digits)| wanted(digits))?.0;
        let bracket = start > 0 && scan.is_mark(start - 1, &['(']) && end > at + 1;
        Some((Kind::Phone, if bracket { start - 1 } else { start }..end))
    };
    let first = &groups.first()?.1;
    if plus {
        return whole(&|d| (11..=15).contains(&d.len()) && is_abroad_end(d));
    }
    if first.starts_with("0044") || first == "00" {
        return whole(&|d| d.starts_with("0044") && matches!(d.len(), 14 | 15));
    }
    if first.starts_with("44") {
        return whole(&|d| matches!(d.len(), 12 | 13) && is_abroad_end(d));
    }
    let domestic = |d: &str| d.starts_with('0') && !d.starts_with("00");
    whole(&|d| d.len() == 11 && domestic(d)).or_else(|| {
        let ten = whole(&|d| d.len() == 10 && domestic(d))?;
        (!has_nhs_cue(scan, at)).then_some(ten)
    })
}

/// `+44` takes 10 more digits, or 11 with the bracketed 0; other countries are not counted.
fn is_abroad_end(digits: &str) -> bool {
    match digits.strip_prefix("44") {
        Some(rest) if rest.starts_with('0') => rest.len() == 11,
        Some(rest) => rest.len() == 10,
        None => true,
    }
}

fn nhs_number(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    let groups = groups(scan, at);
    let (end, _) = groups.iter().find(|(_, digits)| digits.len() == 10)?;
    let lengths: Vec<usize> = (at..*end).filter_map(|i| scan.digits(i)).map(str::len).collect();
    let one_by_one = lengths.len() == 10;
    let small_numbers = lengths.iter().all(|&l| l <= 2) && !one_by_one;
    let holds_year = lengths.len() > 1 && (at..*end).any(|i| scan.digits(i).is_some_and(is_year));
    let plain = !small_numbers && !holds_year;
    (plain || has_nhs_cue(scan, at)).then_some((Kind::NhsNumber, at..*end))
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && digits.parse().is_ok_and(|y: u32| (1900..=2040).contains(&y))
}

fn has_nhs_cue(scan: &Scan, at: usize) -> bool {
    scan.words_before(at, 6).any(|w| NHS_CUES.contains(&w))
}

fn long_run(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    let digits = scan.digits(at)?;
    let round = digits.ends_with("0000") && !digits.starts_with('0');
    let is_long = digits.len() >= LONG_RUN && !round;
    let kind = if digits.len() == 10 { Kind::NhsNumber } else { Kind::Reference };
    is_long.then_some((kind, at..at + 1))
}

/// A local number of 5 to 9 digits after "ring me on", "my number is".
fn short_phone(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    let groups = groups(scan, at);
    let (end, _) = groups.iter().rev().find(|(_, d)| (5..=9).contains(&d.len()))?;
    let holds_year = (at..*end).any(|i| scan.digits(i).is_some_and(is_year));
    let words: Vec<&str> = scan.words_before(at, 4).collect();
    let cued = words.iter().any(|w| PHONE_CUES.contains(w));
    let leads = words.first().is_some_and(|w| matches!(*w, "on" | "is" | "number" | "no" | "me"));
    let directly = words.first().is_some_and(|w| PHONE_CUES.contains(w));
    (cued && (leads || directly) && !holds_year).then_some((Kind::Phone, at..*end))
}

/// `SX number 1234567`, `ref: AB/1234`, `hospital no 123456`.
fn after_reference_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let cue = scan.word(at)?;
    if !REFERENCE_CUES.contains(&cue) {
        return None;
    }
    let mut next = at + 1;
    let mut said_number = matches!(cue, "sx" | "ref" | "reference" | "mrn" | "psid" | "pid");
    while next < scan.pieces.len() && next - at <= 6 {
        if scan.is_mark(next, &[':', '#', '-', '.', '=', '/']) {
            next += 1;
        } else if let Some(word) = scan.word(next)
            && (REFERENCE_FILLERS.contains(&word) || REFERENCE_CUES.contains(&word))
        {
            said_number |= matches!(word, "number" | "no" | "num" | "nr" | "code" | "ref" | "id");
            next += 1;
        } else {
            break;
        }
    }
    let end = code_end(scan, next)?;
    let digits: usize = (next..end).filter_map(|i| scan.digits(i)).map(str::len).sum();
    (said_number && digits >= 4).then_some(next..end)
}

/// A code: glued letters, digits, slashes and dashes, and further groups of digits after blanks.
fn code_end(scan: &Scan, start: usize) -> Option<usize> {
    let short_word = |at: usize| scan.word(at).is_some_and(|w| w.len() <= 4);
    let mut end = start;
    while scan.is(end, PieceKind::Digits)
        || (short_word(end)
            && (scan.glued_to_next(end) || (end > start && glued_before(scan, end))))
        || (scan.is_mark(end, &['/', '-']) && scan.glued_to_next(end) && end > start)
    {
        end += 1;
    }
    (start..end).any(|i| scan.is(i, PieceKind::Digits)).then_some(end)
}

fn glued_before(scan: &Scan, at: usize) -> bool {
    at > 0 && scan.glued_to_next(at - 1)
}

/// `1234567 SX`.
fn before_sx(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let digits = scan.digits(at)?;
    (digits.len() >= LONG_RUN && scan.word(at + 1) == Some("sx")).then_some(at..at + 1)
}

/// Two letters, six digits, one letter: `QQ 12 34 56 C`.
fn national_insurance(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let prefix = scan.word(at)?;
    let (end, digits) = groups(scan, at + 1).into_iter().find(|(_, d)| d.len() == 6)?;
    let pairs = (at + 1..end).filter_map(|i| scan.digits(i)).all(|d| matches!(d.len(), 2 | 6));
    let suffix = scan.word(end).is_some_and(|w| matches!(w, "a" | "b" | "c" | "d"));
    let letters = prefix.len() == 2 && prefix.is_ascii();
    let glued = scan.glued_to_next(end - 1) || digits.len() == 6 && scan.pieces[at].capital;
    (letters && pairs && suffix && glued).then_some(at..end + 1)
}
