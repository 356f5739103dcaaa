//! What are the words and sentences of a message?
//!
//! Words come from [`crate::text::fold`]; here they are cut further where people forget the blank
//! after a full stop, apostrophes are dropped (`don't` = `dont`), and the strongest mark before each
//! word is kept. Offsets refer to the raw message. Meaning is not known here.

use unicode_segmentation::UnicodeSegmentation;

use crate::text::fold::fold;

/// The strongest mark between a word and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// A blank, a hyphen inside a word, or nothing.
    None,
    /// A comma, colon, bracket, dash or a pause of dots.
    Comma,
    /// The end of a sentence, a semicolon or a new line.
    Sentence,
}

/// A word of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Folded, without apostrophes.
    pub(super) text: String,
    /// First byte in the raw message.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// The mark before it.
    pub(super) before: Break,
    /// Number of the sentence it stands in.
    pub(super) sentence: u32,
}

/// The words of a message in order.
pub(super) fn tokens(raw: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut last_end = 0;
    for (word_start, surface) in raw.unicode_word_indices() {
        let mut start = word_start;
        for piece in surface.split_inclusive(['.', ':', '_', '\u{b7}']) {
            let end = start + piece.len();
            let kept = if is_decimal(surface) { surface } else { piece.trim_end_matches(MARKS) };
            push(raw, &mut found, &mut last_end, start, kept);
            if is_decimal(surface) {
                break;
            }
            start = end;
        }
    }
    found
}

const MARKS: [char; 4] = ['.', ':', '_', '\u{b7}'];

/// `10.10` and `4.4cm` stay one token; `lump.its` does not.
fn is_decimal(surface: &str) -> bool {
    surface.starts_with(|c: char| c.is_ascii_digit())
}

fn push(raw: &str, found: &mut Vec<Token>, last_end: &mut usize, start: usize, surface: &str) {
    let text = plain(surface);
    if text.is_empty() {
        return;
    }
    let before = if found.is_empty() { Break::None } else { mark(&raw[*last_end..start]) };
    let sentence = found.last().map_or(0, |t| t.sentence + u32::from(before == Break::Sentence));
    let end = start + surface.len();
    *last_end = end;
    found.push(Token { text, start, end, before, sentence });
}

/// Folds, drops apostrophes and shortens runs of three or more equal letters to two.
pub(super) fn plain(surface: &str) -> String {
    let folded = fold(surface);
    let folded = folded.strip_suffix("'ll").unwrap_or(&folded);
    let mut text = String::with_capacity(folded.len());
    let (mut last, mut run) = (None, 0);
    for c in folded.chars().filter(|&c| c != '\'') {
        run = if Some(c) == last { run + 1 } else { 1 };
        last = Some(c);
        if run < 3 || !c.is_alphabetic() {
            text.push(c);
        }
    }
    text
}

fn mark(gap: &str) -> Break {
    if gap.bytes().all(|b| b == b' ') {
        return Break::None;
    }
    let dots = gap.matches('.').count();
    let ends = |c: char| matches!(c, '!' | '?' | '\n' | ';' | '।' | '۔' | '؟');
    if gap.contains(ends) || dots == 1 {
        return Break::Sentence;
    }
    let pauses = |c: char| {
        matches!(c, ',' | ':' | '(' | ')' | '\u{2013}' | '\u{2014}' | '\u{2026}' | '،' | '"')
    };
    let dash = gap.contains('-') && gap.contains(' ');
    if gap.contains(pauses) || dash || dots > 1 { Break::Comma } else { Break::None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        let mut shown = String::new();
        for token in tokens(raw) {
            shown.push_str(match token.before {
                Break::None => " ",
                Break::Comma => ", ",
                Break::Sentence => " | ",
            });
            shown.push_str(&token.text);
        }
        assert_eq!(shown.trim(), expected);
    }

    #[test]
    fn words_and_marks() {
        check("I've a lump.its sore", "ive a lump | its sore");
        check("Don\u{2019}t, I'll x-ray", "dont, i x ray");
        check("lump... in breast", "lump, in breast");
        check("4.4cm at 10.10 - ok", "4.4cm at 10.10, ok");
        check("nooooo!! lump", "noo | lump");
        check("a\nb; c", "a | b | c");
        check("", "");
    }

    proptest! {
        #[test]
        fn offsets_slice_the_raw_message(raw in "\\PC{0,60}") {
            let mut last = 0;
            for token in tokens(&raw) {
                prop_assert!(last <= token.start && token.start < token.end);
                prop_assert_eq!(plain(&raw[token.start..token.end]), token.text);
                last = token.end;
            }
        }
    }
}
