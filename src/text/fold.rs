//! Words of a text, folded so that spelling variants of one word compare equal.
//!
//! Folding is NFKC, lower case, combining marks removed, typographic apostrophes made plain.
//! Word boundaries are those of Unicode (UAX #29). Offsets always refer to the raw text.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// One word of a text: its folded form and the bytes it stands at in the raw text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded form, never empty.
    pub folded: String,
    /// First byte in the raw text.
    pub start: usize,
    /// One past the last byte in the raw text.
    pub end: usize,
}

/// Folds a text: NFKC, lower case, no combining marks, plain apostrophes and hyphens.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase)
        .filter(|&c| !is_combining_mark(c))
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' => '\'',
            '\u{2010}' | '\u{2011}' => '-',
            c => c,
        })
        .nfkc()
        .collect()
}

/// Whether a character shows nothing and joins or parts nothing: Unicode's default ignorable code
/// points, among them soft hyphens, zero-width spaces and joiners, and direction marks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text without characters that cannot be seen, which would hide a word from every pattern.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| !is_invisible(c)).collect())
}

/// Where each byte of [`visible`] text stands in the raw text, and the raw length at the end.
pub fn visible_offsets(text: &str) -> Vec<usize> {
    let shown = text.char_indices().filter(|&(_, c)| !is_invisible(c));
    let bytes = shown.flat_map(|(at, c)| at..at + c.len_utf8());
    bytes.chain([text.len()]).collect()
}

/// The words of a text in order, folded, with their places in the raw text.
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    text.unicode_word_indices().filter_map(|(start, word)| {
        let folded = fold(word);
        (!folded.is_empty()).then_some(Word { folded, start, end: start + word.len() })
    })
}

/// The folded words of a text, without apostrophes: `im` and `i'm` are one.
pub fn bare_words(text: &str) -> Vec<String> {
    words(text).map(|word| word.folded.replace('\'', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variants_of_one_word_fold_together() {
        assert_eq!(fold("Naïve"), "naive");
        assert_eq!(fold("don\u{2019}t"), fold("DON'T"));
        assert_eq!(fold("ﬁt"), "fit");
    }

    #[test]
    fn characters_that_cannot_be_seen_are_left_out_and_offsets_lead_back() {
        let raw = "l\u{200b}um\u{ad}p \u{e9}";
        assert_eq!(visible(raw), "lump \u{e9}");
        assert_eq!(visible_offsets(raw), [0, 4, 5, 8, 9, 10, 11, 12]);
        assert!(matches!(visible("lump"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_offsets_slice(text in "\\PC{0,80}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
            for word in words(&text) {
                prop_assert_eq!(fold(&text[word.start..word.end]), word.folded);
            }
        }
    }
}
