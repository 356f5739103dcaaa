//! Does a message lean on what was said before?
//!
//! "And if I'm over 71?" cannot be understood alone; "where do I park" can, whatever went before.
//! [`leaning`] looks at the form of a message only. Whether it is then read together with the last
//! question is for the engine, which knows how well each reading is answered: a message that can
//! be answered alone never takes the old subject along.

use crate::text::fold;

/// Words with which a message takes up what went before.
const OPENERS: [&str; 24] = [
    "and if",
    "and what if",
    "what if",
    "but if",
    "but what if",
    "what about",
    "wot about",
    "how about",
    "and what about",
    "and how about",
    "but what about",
    "and for",
    "and is",
    "and can",
    "and do",
    "and does",
    "and how",
    "and when",
    "and where",
    "and why",
    "and will",
    "even if",
    "same for",
    "so if",
];
/// Words that stand for something named before.
const POINTERS: [&str; 14] = [
    "it", "its", "that", "thats", "this", "they", "them", "those", "these", "there", "then", "one",
    "ones", "same",
];
/// Words that carry no subject of their own.
const LIGHT: [&str; 93] = [
    "and", "but", "so", "or", "if", "what", "whats", "wot", "about", "how", "when", "where", "why",
    "who", "which", "is", "isnt", "are", "was", "were", "be", "been", "am", "im", "do", "does",
    "dont", "doesnt", "did", "can", "cant", "could", "will", "wont", "would", "should", "may",
    "has", "have", "had", "i", "ive", "id", "me", "my", "you", "u", "your", "we", "he", "she",
    "her", "his", "him", "a", "an", "the", "to", "of", "for", "in", "on", "at", "with", "as", "by",
    "from", "up", "ok", "okay", "oh", "right", "yes", "no", "not", "also", "too", "long", "much",
    "many", "often", "soon", "bad", "sure", "really", "still", "just", "then", "well", "now",
    "again", "does", "please",
];
/// Content words that a message may hold and still be a fragment of a question.
const FRAGMENT_WORDS: usize = 3;

/// How a message leans on what went before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaning {
    /// It says so: it opens with "and if", or points at something it does not name.
    Plainly,
    /// It is so short that it may.
    Perhaps,
    /// It stands by itself.
    Not,
}

/// How a message leans on what went before.
pub fn leaning(text: &str) -> Leaning {
    let words = fold::bare_words(text);
    let content = words.iter().filter(|word| !is_light(word)).count();
    let opens = OPENERS.iter().any(|opener| {
        let mut expected = opener.split(' ');
        words.iter().take(opener.split(' ').count()).all(|w| expected.next() == Some(w.as_str()))
            && expected.next().is_none()
    });
    let points = words.iter().any(|word| POINTERS.contains(&word.as_str()));
    if words.is_empty() {
        Leaning::Not
    } else if (opens && content <= 2 * FRAGMENT_WORDS) || (points && content <= FRAGMENT_WORDS) {
        Leaning::Plainly
    } else if content <= FRAGMENT_WORDS {
        Leaning::Perhaps
    } else {
        Leaning::Not
    }
}

fn is_light(word: &str) -> bool {
    LIGHT.contains(&word) || POINTERS.contains(&word)
}

/// The last question and the message that leans on it, to be read as one.
pub fn together(before: &str, message: &str) -> String {
    let before = before.trim_end_matches(['?', '.', '!', ' ', '\n']);
    format!("{before} {}", message.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_lean_and_whole_questions_do_not() {
        for text in
            ["and if I'm over 71?", "what about my mum", "is it sore", "how long does that take"]
        {
            assert_eq!(leaning(text), Leaning::Plainly, "{text}");
        }
        for text in ["over 71?", "breastfeeding", "for men"] {
            assert_eq!(leaning(text), Leaning::Perhaps, "{text}");
        }
        for text in ["where do i park the car near your hospital site", ""] {
            assert_eq!(leaning(text), Leaning::Not, "{text}");
        }
    }

    #[test]
    fn two_turns_read_as_one() {
        assert_eq!(
            together("Can I come at 50?", " and if I'm 72? "),
            "Can I come at 50 and if I'm 72?"
        );
    }
}
