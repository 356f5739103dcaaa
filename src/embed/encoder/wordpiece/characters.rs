//! What does BERT make of a character?
//!
//! Control characters go, white space and punctuation end words, ideographs stand alone, accents
//! are stripped, capitals made small. Decomposition (Unicode 9) and categories (Unicode 8) are
//! of the very crates that `tokenizers` reads them from, because the vectors of a model hang on
//! its ids; white space and small letters are those of the standard library, as there.
//! This module does not know words.

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;

/// What an ASCII character does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ascii {
    /// It belongs to a word, as this small letter or digit.
    Word(u8),
    /// It ends a word.
    Space,
    /// It is a word.
    Punctuation,
    /// It is not there.
    Dropped,
}

pub(super) const ASCII: [Ascii; 128] = {
    let mut table = [Ascii::Dropped; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => Ascii::Space,
            _ if byte.is_ascii_alphanumeric() => Ascii::Word(byte.to_ascii_lowercase()),
            _ if byte.is_ascii_punctuation() => Ascii::Punctuation,
            _ => Ascii::Dropped,
        };
        byte += 1;
    }
    table
};

/// Length of the run of characters beyond ASCII that a text begins with. Dropped characters
/// within are part of it, for marks on both sides of one change places.
pub(super) fn run(text: &[u8]) -> usize {
    let ends = |byte: &u8| ASCII.get(usize::from(*byte)).is_some_and(|a| *a != Ascii::Dropped);
    text.iter().position(ends).unwrap_or(text.len())
}

/// The characters of a run as words are made of them; ideographs have a space on either side.
pub(super) fn normalised(run: &str) -> impl Iterator<Item = char> {
    let kept = run.chars().filter(|c| !is_dropped(*c));
    let clean = kept.map(|c| if c.is_whitespace() { ' ' } else { c });
    let spaced = clean.flat_map(|c| {
        let space = is_ideograph(c).then_some(' ');
        space.into_iter().chain([c]).chain(space)
    });
    let bare = spaced.nfd().map(|(c, _)| c).filter(|c| !is_accent(*c));
    bare.flat_map(char::to_lowercase)
}

/// Whether a character is a word of its own.
pub(super) fn is_punctuation(c: char) -> bool {
    !is_usual_letter(c) && (c.is_ascii_punctuation() || c.is_punctuation())
}

fn is_accent(c: char) -> bool {
    !is_usual_letter(c) && c.is_mark_nonspacing()
}

fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ => !is_usual_letter(c) && c.is_other(),
    }
}

/// Characters of the scripts most written in that are none of the above, to spare them a dozen
/// searches in tables.
const fn is_usual_letter(c: char) -> bool {
    matches!(c,
        'a'..='z'
        | 'A'..='Z'
        | '\u{c0}'..='\u{24f}'
        | '\u{391}'..='\u{481}'
        | '\u{5d0}'..='\u{5ea}'
        | '\u{620}'..='\u{64a}'
        | '\u{904}'..='\u{939}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}')
}

/// The blocks that BERT calls Chinese.
const fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_nothing_to_say_of_usual_letters() {
        for c in ('\0'..=char::MAX).filter(|c| is_usual_letter(*c)) {
            assert!(!c.is_other() && !c.is_mark_nonspacing() && !c.is_punctuation(), "{c:?}");
            assert!(!c.is_ascii_punctuation() && !c.is_whitespace(), "{c:?}");
        }
    }
}
