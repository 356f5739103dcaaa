//! Postcodes.
//!
//! A whole postcode is one wherever it stands. A part of one, or one with a slip, needs "postcode"
//! before it; the outward part alone (`ST4`) is a district and stays.

use std::ops::Range;

use super::Kind;
use super::lexicon::{EVERYDAY_WORDS, within_one_slip};
use super::scan::{PieceKind, Scan};

/// Postcode areas of the United Kingdom (Royal Mail, Postcode Address File areas).
const AREAS: [&str; 125] = [
    "ab", "al", "b", "ba", "bb", "bd", "bh", "bl", "bn", "br", "bs", "bt", "ca", "cb", "cf", "ch",
    "cm", "co", "cr", "ct", "cv", "cw", "da", "dd", "de", "dg", "dh", "dl", "dn", "dt", "dy", "e",
    "ec", "eh", "en", "ex", "fk", "fy", "g", "gl", "gu", "gy", "ha", "hd", "hg", "hp", "hr", "hs",
    "hu", "hx", "ig", "im", "ip", "iv", "je", "ka", "kt", "kw", "ky", "l", "la", "ld", "le", "ll",
    "ln", "ls", "lu", "m", "me", "mk", "ml", "n", "ne", "ng", "nn", "np", "nr", "nw", "ol", "ox",
    "pa", "pe", "ph", "pl", "po", "pr", "rg", "rh", "rm", "s", "sa", "se", "sg", "sk", "sl", "sm",
    "sn", "so", "sp", "sr", "ss", "st", "sw", "sy", "ta", "td", "tf", "tn", "tq", "tr", "ts", "tw",
    "ub", "w", "wa", "wc", "wd", "wf", "wn", "wr", "ws", "wv", "yo", "ze", "zz",
];
const FILLERS: [&str; 14] = [
    "is", "my", "its", "it's", "was", "the", "starts", "begins", "with", "in", "new", "code",
    "are", "mine",
];
/// Letters and digits of the longest postcode, and of the shortest part worth hiding.
const LONGEST: usize = 7;
const SHORTEST: usize = 2;

pub(super) fn claim(scan: &mut Scan) {
    for find in [whole, after_cue] {
        for at in 0..scan.pieces.len() {
            if let Some(range) = find(scan, at) {
                scan.claim(Kind::Postcode, range);
            }
        }
    }
}

/// `ST4 6QG`, `st46qg`, `SW1A 1AA`, `M1-1AE`.
fn whole(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let area = scan.word(at)?;
    if area.len() > 2 || !scan.glued_to_next(at) {
        return None;
    }
    let inside = scan.glued_to_last(at)
        && !scan.is_mark(at - 1, &['(', ',', ':', '.', '-', '/', '=', '"', '[', ';']);
    if inside || AREAS.binary_search(&area).is_err() {
        return None;
    }
    let district = scan.digits(at + 1)?;
    let letter_after = scan.glued_to_next(at + 1)
        && scan.word(at + 2).is_some_and(|w| w.len() == 1)
        && district.len() == 1;
    if !letter_after && scan.glued_to_next(at + 1) && scan.is(at + 2, PieceKind::Word) {
        // `st46qg`: the last digit belongs to the inward part.
        let whole = (2..=3).contains(&district.len()) && is_inward(scan.word(at + 2)?);
        return whole.then_some(at..at + 3);
    }
    let mut next = if letter_after { at + 3 } else { at + 2 };
    (district.len() <= 2).then_some(())?;
    next = scan.skip_marks(next, &['-', '.', ',', '/']).min(next + 1);
    if let Some(word) = scan.word(next) {
        // `ST4 OQG`: a letter o typed for a zero.
        let inward = word.strip_prefix('o').is_some_and(is_inward) && !EVERYDAY_WORDS.holds(word);
        return inward.then_some(at..next + 1);
    }
    let digit = scan.digits(next)?;
    let single = digit.len() == 1 && scan.glued_to_next(next);
    let inward = scan.word(next + 1)?;
    let chat = is_chat_word(area, district) && is_ordinal(digit, inward);
    let shouted = |i: usize| scan.is_shouted(i);
    let shaped = inward.len() == 2
        && [at, next + 1].iter().all(|&i| shouted(i))
        && !matches!(inward, "am" | "pm" | "km" | "cm" | "mm" | "st" | "nd" | "rd" | "th");
    (single && (is_inward(inward) || shaped) && !chat).then_some(at..next + 2)
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

/// The place after a word for postcode.
fn cue_end(scan: &Scan, at: usize) -> Option<usize> {
    let word = scan.word(at)?;
    let one = matches!(word, "pc" | "zip" | "zipcode")
        || word.len() >= 7 && word.starts_with('p') && within_one_slip(word, "postcode");
    let slashed = word == "p" && scan.is_mark(at + 1, &['/']) && scan.is_word(at + 2, &["c"]);
    let two = matches!(word, "post" | "postal") && scan.is_word(at + 1, &["code", "cod"]);
    match (one, slashed, two) {
        (true, _, _) => Some(at + 1),
        (_, true, _) => Some(at + 3),
        (_, _, true) => Some(at + 2),
        _ => None,
    }
}

/// `postcode is ST4`, `postcode S T 4 6 Q G`: whatever of letters and digits could be one.
fn after_cue(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let mut start = cue_end(scan, at)?;
    while scan.is_mark(start, &[':', '-', '=', '.', '\n']) || scan.is_word(start, &FILLERS) {
        start += 1;
    }
    let (mut end, mut length, mut lettered, mut numbered) = (start, 0, false, false);
    while let Some(piece) = scan.get(end) {
        if end > start && scan.is_mark(end, &['-']) && scan.glued_to_next(end) {
            end += 1;
            continue;
        }
        let word = piece.kind == PieceKind::Word;
        let long = piece.text.len() > 3 || length + piece.text.len() > LONGEST;
        let parted = end > start && !scan.glued_to_last(end);
        let everyday = word && parted && piece.text.len() > 1 && EVERYDAY_WORDS.holds(&piece.text);
        if !(word || piece.kind == PieceKind::Digits) || long || everyday {
            break;
        }
        lettered |= word;
        numbered |= !word;
        length += piece.text.len();
        end += 1;
    }
    if end > start && scan.is(end - 1, PieceKind::Mark) {
        end -= 1;
    }
    let begins = scan.is(start, PieceKind::Word);
    (begins && lettered && numbered && length >= SHORTEST).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::AREAS;

    #[test]
    fn areas_are_sorted() {
        assert!(AREAS.is_sorted_by(|a, b| a < b));
    }
}
