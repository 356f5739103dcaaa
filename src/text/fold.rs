//! Words of a text, folded so that spelling variants of one word compare equal.
//!
//! Folding is NFKC, lower case, combining marks removed, typographic apostrophes made plain.
//! Word boundaries are those of Unicode (UAX #29). Offsets always refer to the raw text.

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

/// The words of a text in order, folded, with their places in the raw text.
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    text.unicode_word_indices().filter_map(|(start, word)| {
        let folded = fold(word);
        (!folded.is_empty()).then_some(Word { folded, start, end: start + word.len() })
    })
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
