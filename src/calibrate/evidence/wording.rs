//! How is the message put? Whether it asks, and whom it speaks of.
//!
//! Word lists here are of grammar, never clinical. Nothing here looks at the corpus. The kind of
//! question (what, when, why…), its length in words, numbers and conditions in it were tried: out
//! of fold they made the shipped corpus's calibrator no better, and plain questions less sure.

use crate::text::fold;

/// Number of features.
pub const WIDTH: usize = 5;

const QUESTION_WORDS: [&str; 21] = [
    "what", "when", "where", "who", "why", "how", "which", "can", "could", "do", "does", "did",
    "is", "are", "am", "will", "would", "should", "shall", "may", "wot",
];
const FIRST_PERSON: [&str; 8] = ["i", "im", "ive", "my", "me", "mine", "we", "our"];
const THIRD_PERSON: [&str; 16] = [
    "she", "he", "her", "his", "him", "mum", "mother", "dad", "wife", "husband", "daughter", "son",
    "sister", "friend", "partner", "mam",
];
const NEGATIONS: [&str; 12] = [
    "not", "no", "never", "dont", "cant", "wont", "isnt", "didnt", "havent", "without", "nothing",
    "cannot",
];

/// The features of a message: the last [`WIDTH`] of
/// [`MESSAGE_FEATURES`](super::MESSAGE_FEATURES).
pub fn features(text: &str) -> [f64; WIDTH] {
    let words: Vec<String> =
        fold::words(text).map(|word| word.folded.replace(['\'', '’'], "")).collect();
    let holds = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let opens = words.iter().take(8).any(|word| QUESTION_WORDS.contains(&word.as_str()));
    let sentences = text.split(['.', '?', '!', '\n']).filter(|s| s.trim().len() > 3).count();
    [
        text.contains('?') || opens,
        holds(&FIRST_PERSON),
        holds(&THIRD_PERSON),
        holds(&NEGATIONS),
        sentences > 1,
    ]
    .map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::evidence::MESSAGE_FEATURES;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let names = &MESSAGE_FEATURES[MESSAGE_FEATURES.len() - WIDTH..];
        let found: Vec<&str> =
            names.iter().zip(features(text)).filter(|f| f.1 > 0.0).map(|f| *f.0).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn wording_is_told() {
        check("How long does it take?", &["asks"]);
        check("Can my mum still go", &["asks", "first_person", "third_person"]);
        check("I don't want it. Stop writing", &["first_person", "negated", "several_sentences"]);
        check("", &[]);
    }
}
