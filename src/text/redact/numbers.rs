//! Phone numbers, NHS, CHI and H&C numbers, and other long numbers.
//!
//! An NHS number has 10 digits (NHS Data Dictionary, "NHS number": usually shown 3-3-4); CHI and H&C
//! numbers have 10 as well. A UK phone number has 11 digits from its leading 0, seldom 10. Numbers
//! that begin with 080 are freephone and those that begin with 030 are kept for public and
//! charitable bodies (Ofcom, "National Telephone Numbering Plan"): neither is a person's, and both
//! are what people ask about.

use std::ops::Range;

use super::Kind;
use super::dates::UNITS;
use super::scan::{PieceKind, Scan};
use super::spoken::read_out;

/// Helplines that belong to nobody, as digits, beside those of [`is_public`].
const PUBLIC_NUMBERS: [&str; 4] = ["116123", "116000", "08001111", "85258"];

const NHS_CUES: [&str; 7] = ["nhs", "chi", "hc", "hcn", "h", "num", "nhsno"];
/// Cues after which a number with a digit too few or too many is one all the same.
const SURE_NHS_CUES: [&str; 8] = ["nhs", "chi", "hcn", "nhsno", "health", "hc", "care", "index"];
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
/// More digits than any one number has.
const MOST_DIGITS: usize = 19;

pub(super) fn claim(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        if !scan.is_free(&(at..at + 1)) {
            continue;
        }
        let said = match scan.pieces[at].kind {
            PieceKind::Digits => (at + 1..at + 4).any(|i| scan.is(i, PieceKind::Word)),
            PieceKind::Word => true,
            PieceKind::Mark | PieceKind::Placeholder => continue,
        };
        let said = if said { in_words(scan, at) } else { None };
        let claim = said.or_else(|| in_digits(scan, at));
        if let Some((kind, range)) = claim {
            scan.claim(kind, range);
        }
    }
}

fn in_words(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    let number = read_out(scan, at)?;
    let kind = match (number.from_zero, number.digits) {
        (true, _) => Kind::Phone,
        (false, 10) => Kind::NhsNumber,
        (false, _) => Kind::Reference,
    };
    Some((kind, at..number.end))
}

fn in_digits(scan: &Scan, at: usize) -> Option<(Kind, Range<usize>)> {
    scan.digits(at)?;
    let groups = Groups::new(scan, at);
    card(&groups)
        .or_else(|| phone(scan, &groups))
        .or_else(|| nhs_number(scan, &groups))
        .or_else(|| long_run(scan, at))
        .or_else(|| short_phone(scan, &groups))
}

/// Digit groups that may be one number: at most two separating marks between neighbours.
pub(super) struct Groups {
    start: usize,
    digits: String,
    /// For each group the place after it and the digits up to there.
    cuts: Vec<(usize, usize)>,
    /// Whether a comma parts two groups, as in `1,300`.
    comma: bool,
}

impl Groups {
    pub(super) fn new(scan: &Scan, at: usize) -> Self {
        let mut groups = Self { start: at, digits: String::new(), cuts: Vec::new(), comma: false };
        let mut next = at;
        while let Some(group) = scan.digits(next) {
            groups.digits.push_str(group);
            groups.cuts.push((next + 1, groups.digits.len()));
            next += 1;
            let after = next;
            if scan.is_mark(next, &['.']) && scan.glued_to_last(next) && !scan.glued_to_next(next) {
                break;
            }
            while scan.is_mark(next, &['-', '.', '(', ')', '/', '\u{2013}', '\u{2011}', '\u{2010}'])
            {
                next += 1;
            }
            let glued = scan.glued_to_next(next - 1) && scan.glued_to_next(next);
            if next == after && glued && scan.is_mark(next, &['_', ',', '*', '\\', '|', '+']) {
                groups.comma |= scan.is_mark(next, &[',']) && scan.is(next + 1, PieceKind::Digits);
                next += 1;
            }
            if next - after > 2 || groups.digits.len() > MOST_DIGITS {
                break;
            }
        }
        groups
    }

    /// The place after the group that ends with the `count`th digit.
    pub(super) fn end_of(&self, count: usize) -> Option<usize> {
        self.cuts.iter().find(|(_, digits)| *digits == count).map(|&(end, _)| end)
    }

    fn end(&self) -> usize {
        self.cuts.last().map_or(self.start, |&(end, _)| end)
    }

    /// The groups up to a place.
    fn parts(&self, end: usize) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.cuts.iter().take_while(move |(at, _)| *at <= end).map(move |&(_, to)| {
            let part = &self.digits[from..to];
            from = to;
            part
        })
    }

    fn holds_year(&self, end: usize) -> bool {
        self.parts(end).any(is_year)
    }
}

pub(super) fn keep_public(scan: &mut Scan) {
    for at in 0..scan.pieces.len() {
        let may_be = scan.digits(at).is_some_and(|d| d.starts_with(['0', '1', '8']));
        if !may_be || scan.is_mark(at.wrapping_sub(1), &['+']) {
            continue;
        }
        let groups = Groups::new(scan, at);
        let public = groups.cuts.iter().find(|(_, digits)| is_public(&groups.digits[..*digits]));
        if let Some(&(end, _)) = public
            && scan.is_free(&(at..end))
        {
            scan.keep(at..end);
        }
    }
}

fn is_public(digits: &str) -> bool {
    let whole = digits.len() == 11 || digits.len() == 10 && digits.starts_with("0800");
    whole && (digits.starts_with("080") || digits.starts_with("030"))
        || PUBLIC_NUMBERS.contains(&digits)
}

/// A bank card: four groups of four digits.
fn card(groups: &Groups) -> Option<(Kind, Range<usize>)> {
    let end = groups.end_of(16)?;
    let fours = groups.parts(end).all(|part| part.len() == 4) && !groups.holds_year(end);
    fours.then_some((Kind::Reference, groups.start..end))
}

fn phone(scan: &Scan, groups: &Groups) -> Option<(Kind, Range<usize>)> {
    let at = groups.start;
    let plus = at > 0 && scan.is_mark(at - 1, &['+']);
    let start = if plus { at - 1 } else { at };
    let whole = |end: usize| {
        let bracket = start > 0 && scan.is_mark(start - 1, &['(']) && end > at + 1;
        Some((Kind::Phone, if bracket { start - 1 } else { start }..end))
    };
    let first = |wanted: &dyn Fn(&str) -> bool| {
        groups.cuts.iter().find(|(_, count)| wanted(&groups.digits[..*count])).map(|&(end, _)| end)
    };
    let digits = groups.digits.as_str();
    if plus {
        return whole(first(&|d| (11..=15).contains(&d.len()) && is_abroad_end(d))?);
    }
    if digits.starts_with("0044") {
        return whole(first(&|d| d.len() > 2 && is_abroad_end(&d[2..]))?);
    }
    if digits.starts_with("447") || digits.starts_with("4407") {
        return whole(first(&is_abroad_end)?);
    }
    if digits.starts_with("00") && (12..=16).contains(&digits.len()) {
        return whole(groups.end());
    }
    if !digits.starts_with('0') || digits.starts_with("00") {
        return None;
    }
    if let Some(end) = groups.end_of(11) {
        // `07700 900868/78`: the end of another one.
        let other = scan.is_mark(end, &['/'])
            && scan.glued_to_last(end)
            && scan.glued_to_next(end)
            && scan.digits(end + 1).is_some_and(|d| d.len() <= 3);
        return whole(if other { end + 2 } else { end });
    }
    let ten = groups.end_of(10).filter(|_| !has_nhs_cue(scan, at));
    // A mobile number with digits too few or too many.
    let slipped = digits.starts_with("07") && (9..=14).contains(&digits.len());
    whole(ten.or_else(|| slipped.then(|| groups.end()))?)
}

/// `+44` takes 10 more digits, or 11 with the bracketed 0; other countries are not counted.
fn is_abroad_end(digits: &str) -> bool {
    match digits.strip_prefix("44") {
        Some(rest) if rest.starts_with('0') => rest.len() == 11,
        Some(rest) => rest.len() == 10,
        None => true,
    }
}

fn nhs_number(scan: &Scan, groups: &Groups) -> Option<(Kind, Range<usize>)> {
    let at = groups.start;
    let Some(end) = groups.end_of(10) else {
        return slipped_nhs_number(scan, groups);
    };
    // One digit too many, unless it counts what follows.
    let surplus = groups.end_of(11).filter(|&more| {
        more == groups.end() && !scan.is_word(more, &UNITS) && is_cued_for_slips(scan, at)
    });
    if let Some(more) = surplus {
        return Some((Kind::NhsNumber, at..more));
    }
    let one_by_one = groups.parts(end).count() == 10;
    let small_numbers = groups.parts(end).all(|part| part.len() <= 2) && !one_by_one;
    let holds_year = groups.parts(end).count() > 1 && groups.holds_year(end);
    let plain = !small_numbers && !holds_year && !groups.comma;
    (plain || has_nhs_cue(scan, at)).then_some((Kind::NhsNumber, at..end))
}

/// A number after "NHS number" with digits too few or too many.
fn slipped_nhs_number(scan: &Scan, groups: &Groups) -> Option<(Kind, Range<usize>)> {
    let (at, end) = (groups.start, groups.end());
    let near = (8..=13).contains(&groups.digits.len()) && !groups.holds_year(end);
    (near && is_cued_for_slips(scan, at)).then_some((Kind::NhsNumber, at..end))
}

fn is_cued_for_slips(scan: &Scan, at: usize) -> bool {
    scan.words_before(at, 6).any(|w| SURE_NHS_CUES.contains(&w))
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
fn short_phone(scan: &Scan, groups: &Groups) -> Option<(Kind, Range<usize>)> {
    let at = groups.start;
    let (end, _) = groups.cuts.iter().rev().find(|(_, count)| (5..=9).contains(count))?;
    let mut words = scan.words_before(at, 4).peekable();
    let nearest = *words.peek()?;
    let leads = matches!(nearest, "on" | "is" | "number" | "no" | "me");
    let directly = PHONE_CUES.contains(&nearest);
    let cued = words.any(|w| PHONE_CUES.contains(&w));
    let plain = !groups.holds_year(*end) && !groups.comma;
    (cued && (leads || directly) && plain).then_some((Kind::Phone, at..*end))
}
