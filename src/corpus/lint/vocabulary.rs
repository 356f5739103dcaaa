//! Words that carry no content of their own, for rules that ask whether two texts share any.

use crate::text::fold::words;

/// Function words of English, and the words of asking. Sorted, for binary search.
const STOP_WORDS: [&str; 126] = [
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "before", "being", "but", "by", "can", "can't", "cannot", "come",
    "could", "did", "do", "does", "doesn't", "doing", "don't", "each", "every", "for", "from",
    "get", "getting", "go", "going", "got", "had", "has", "have", "having", "he", "her", "here",
    "him", "his", "how", "i", "i'm", "i've", "if", "im", "in", "into", "is", "isn't", "it", "it's",
    "its", "ive", "just", "like", "may", "me", "might", "more", "most", "must", "my", "need", "no",
    "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "out", "over",
    "same", "she", "should", "so", "some", "still", "such", "tell", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "thing", "this", "those", "to", "too", "under",
    "until", "up", "us", "very", "want", "was", "we", "were", "what", "whats", "when", "where",
    "which", "who", "why", "will",
];

/// Longest prefix in which two words are compared: `invite`, `invited` and `invitation` share it.
const STEM: usize = 5;

/// Whether a folded word carries content.
pub(super) fn is_content(word: &str) -> bool {
    let rest = ["with", "without", "would", "you", "your"];
    word.chars().any(char::is_alphabetic)
        && STOP_WORDS.binary_search(&word).is_err()
        && !rest.contains(&word)
}

/// The content words of a text, each cut to its first [`STEM`] characters.
pub(super) fn content_stems(text: &str) -> impl Iterator<Item = String> + '_ {
    words(text)
        .filter(|word| is_content(&word.folded))
        .map(|word| word.folded.chars().take(STEM).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
        assert!(!is_content("the") && !is_content("71") && is_content("lump"));
    }
}
