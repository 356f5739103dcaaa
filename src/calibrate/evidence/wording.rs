//! How is the message put? Its length, the kind of question, whom it speaks of.
//!
//! Word lists here are of grammar, never clinical. Nothing here looks at the corpus.

use crate::text::fold;

/// Number of features.
pub const WIDTH: usize = 15;

const QUESTION_WORDS: [&str; 21] = [
    "what", "when", "where", "who", "why", "how", "which", "can", "could", "do", "does", "did",
    "is", "are", "am", "will", "would", "should", "shall", "may", "wot",
];
const WHETHER: [&str; 15] = [
    "can", "could", "do", "does", "did", "is", "are", "am", "will", "would", "should", "shall",
    "may", "have", "has",
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
const CONDITIONS: [&str; 5] = ["if", "unless", "after", "before", "because"];

/// The features of a message: the last [`WIDTH`] of
/// [`MESSAGE_FEATURES`](super::MESSAGE_FEATURES).
pub fn features(text: &str) -> [f64; WIDTH] {
    let words: Vec<String> =
        fold::words(text).map(|word| word.folded.replace(['\'', '’'], "")).collect();
    let opens = |list: &[&str]| words.iter().take(8).any(|word| list.contains(&word.as_str()));
    let holds = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let sentences = text.split(['.', '?', '!', '\n']).filter(|s| s.trim().len() > 3).count();
    let asks = text.contains('?') || opens(&QUESTION_WORDS);
    let flags = [
        asks,
        opens(&["what", "which", "wot"]),
        opens(&["how"]),
        opens(&["when"]),
        opens(&["where"]),
        opens(&["who", "whose", "whom"]),
        opens(&["why"]),
        words.first().is_some_and(|word| WHETHER.contains(&word.as_str())),
        holds(&FIRST_PERSON),
        holds(&THIRD_PERSON),
        holds(&NEGATIONS),
        text.bytes().any(|byte| byte.is_ascii_digit()),
        holds(&CONDITIONS),
        sentences > 1,
    ];
    let mut features = [0.0; WIDTH];
    features[0] = (words.len() as f64).ln_1p();
    for (slot, flag) in features[1..].iter_mut().zip(flags) {
        *slot = f64::from(flag);
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::evidence::MESSAGE_FEATURES;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let names = &MESSAGE_FEATURES[MESSAGE_FEATURES.len() - WIDTH..];
        let found: Vec<&str> =
            names.iter().zip(features(text)).skip(1).filter(|f| f.1 > 0.0).map(|f| *f.0).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn questions_are_told_by_their_kind() {
        check("How long does it take?", &["asks", "asks_how"]);
        check(
            "Can my mum still go if she is 75?",
            &[
                "asks",
                "asks_whether",
                "first_person",
                "third_person",
                "holds_number",
                "holds_condition",
            ],
        );
        check("I don't want it. Stop writing", &["first_person", "negated", "several_sentences"]);
        check("", &[]);
    }
}
