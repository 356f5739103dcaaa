//! Which words are names, and which are not?
//!
//! Four sorted lists of folded words, one a line: given names, given names that are also everyday
//! words, frequent surnames, and everyday words of screening talk (the guidance's own lower-case
//! words, the fit and dev messages, and a list written by hand). A word on no list is unknown: its
//! capital and what stands before it decide.
//!
//! It does not know what stands around a word.

use std::cmp::Ordering;

/// Given names that are hardly ever anything else.
pub(super) const GIVEN_NAMES: WordList = WordList(include_str!("given_names.txt"));
/// Given names that are words, months or places too.
pub(super) const DOUBTFUL_NAMES: WordList = WordList(include_str!("doubtful_names.txt"));
/// Frequent surnames.
pub(super) const SURNAMES: WordList = WordList(include_str!("surnames.txt"));
/// Words that are no names.
pub(super) const EVERYDAY_WORDS: WordList = WordList(include_str!("everyday_words.txt"));

/// Words in byte order, one a line, each line ended.
pub(super) struct WordList(&'static str);

impl WordList {
    /// Whether the list holds a folded word.
    pub(super) fn holds(&self, word: &str) -> bool {
        let bytes = self.0.as_bytes();
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start =
                bytes[low..middle].iter().rposition(|&b| b == b'\n').map_or(low, |i| low + i + 1);
            let end = bytes[middle..]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(bytes.len(), |i| middle + i);
            match bytes[start..end].cmp(word.as_bytes()) {
                Ordering::Equal => return true,
                Ordering::Less => low = end + 1,
                Ordering::Greater => high = start,
            }
        }
        false
    }
}

/// Whether two words differ by at most one slip: a letter too many, too few or wrong, or two
/// neighbours swapped (Damerau, "A technique for computer detection and correction of spelling
/// errors", 1964).
pub(super) fn within_one_slip(typed: &str, meant: &str) -> bool {
    let (typed, meant) = (typed.as_bytes(), meant.as_bytes());
    let head = typed.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (typed, meant) = (&typed[head..], &meant[head..]);
    let tail = typed.iter().rev().zip(meant.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&typed[..typed.len() - tail], &meant[..meant.len() - tail]) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::fold;

    #[test]
    fn lists_are_sorted_folded_and_found_whole() {
        for list in [GIVEN_NAMES, DOUBTFUL_NAMES, SURNAMES, EVERYDAY_WORDS] {
            let words: Vec<&str> = list.0.lines().collect();
            assert!(list.0.ends_with('\n') && words.is_sorted_by(|a, b| a < b));
            for word in words {
                assert!(list.holds(word) && fold(word) == word, "{word}");
            }
            for absent in ["", "\n", "zzzz", "aaaa", "mary\nmaryam", "~"] {
                assert!(!list.holds(absent), "{absent}");
            }
        }
    }

    #[test]
    fn a_sure_given_name_is_no_everyday_word() {
        let both: Vec<&str> = GIVEN_NAMES
            .0
            .lines()
            .filter(|w| EVERYDAY_WORDS.holds(w) || DOUBTFUL_NAMES.holds(w))
            .collect();
        assert_eq!(both, [""; 0]);
    }

    #[test]
    fn one_slip_is_forgiven_two_are_not() {
        for typed in ["march", "marhc", "mrch", "marrch", "narch"] {
            assert!(within_one_slip(typed, "march"), "{typed}");
        }
        for typed in ["mar", "macrh1", "hcram", ""] {
            assert!(!within_one_slip(typed, "march"), "{typed}");
        }
    }
}
