//! What of a message is greeting and thanks, and what asks for something?
//!
//! Courtesies stand at the ends: "hiya hope ur ok x … thanks in advance xx". Only whole phrases of
//! one list go, and never all of a message: a message that is nothing else keeps its words, since
//! a route of the corpus answers those.

use std::ops::Range;

use crate::text::fold::{self, Word};

/// Phrases that open a message, folded, without apostrophes, words apart by one space.
const OPENINGS: [&str; 66] = [
    "hi",
    "hiya",
    "hello",
    "hey",
    "heya",
    "hallo",
    "helo",
    "hello there",
    "hi there",
    "hey there",
    "hi all",
    "hello all",
    "hi team",
    "hello team",
    "hi love",
    "hi duck",
    "hiya love",
    "hiya duck",
    "hiya hun",
    "hi hun",
    "hello duck",
    "hello love",
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "ey up",
    "ey up duck",
    "ay up",
    "ay up duck",
    "now then",
    "dear sir",
    "dear madam",
    "dear sir or madam",
    "dear team",
    "to whom it may concern",
    "hi guys",
    "hi ladies",
    "hi everyone",
    "hope you are well",
    "hope youre well",
    "hope your well",
    "hope ur well",
    "hope u are well",
    "hope you are ok",
    "hope youre ok",
    "hope ur ok",
    "hope your ok",
    "hope this finds you well",
    "hope you dont mind me asking",
    "sorry to bother you",
    "sorry to bother u",
    "sorry to ask",
    "sorry if this is a silly question",
    "silly question",
    "daft question",
    "stupid question",
    "quick question",
    "quick q",
    "just a quick question",
    "just a quick one",
    "quick one",
    "please",
    "pls",
    "thanks",
    "x",
];

/// Phrases that close one.
const CLOSINGS: [&str; 52] = [
    "thanks",
    "thank you",
    "thankyou",
    "thank u",
    "thx",
    "ta",
    "cheers",
    "many thanks",
    "thanks in advance",
    "thank you in advance",
    "thanks so much",
    "thank you so much",
    "thanks a lot",
    "thanks again",
    "thank you again",
    "thanks for your help",
    "thank you for your help",
    "thanks for the help",
    "thanks very much",
    "thank you very much",
    "thanks duck",
    "thanks love",
    "thanks hun",
    "thanks pet",
    "thanks mate",
    "ta duck",
    "ta love",
    "cheers duck",
    "cheers love",
    "cheers mate",
    "cheers hun",
    "kind regards",
    "best wishes",
    "regards",
    "please",
    "pls",
    "plz",
    "tia",
    "much appreciated",
    "any help appreciated",
    "any help would be appreciated",
    "appreciate it",
    "bye",
    "x",
    "xx",
    "xxx",
    "xxxx",
    "lol",
    "god bless",
    "sorry to bother you",
    "sorry for the long message",
    "hope you can help",
];

/// Most words of a phrase.
const LONGEST: usize = 7;

/// The message without the courtesies at its ends, as a range of it; the whole of it where
/// nothing else stands in it.
pub fn without_courtesies(text: &str) -> Range<usize> {
    let words: Vec<Word> = fold::words(text).collect();
    let from = leading(&words);
    let kept = &words[from..];
    let to = from + kept.len() - trailing(kept);
    if from >= to {
        return 0..text.len();
    }
    // What stands before the first and after the last word that stays belongs to it, up to the
    // courtesy: a question mark above all.
    let start = if from == 0 { 0 } else { words[from].start };
    let end = words.get(to).map_or(text.len(), |next| next.start);
    start..end
}

/// Whether a text is courtesy and nothing else.
pub fn is_courtesy(text: &str) -> bool {
    let words: Vec<Word> = fold::words(text).collect();
    let from = leading(&words);
    from + trailing(&words[from..]) == words.len()
}

fn leading(words: &[Word]) -> usize {
    let mut from = 0;
    while let Some(length) = (1..=LONGEST.min(words.len() - from))
        .rev()
        .find(|&length| is_phrase(&OPENINGS, &words[from..from + length]))
    {
        from += length;
    }
    from
}

fn trailing(words: &[Word]) -> usize {
    let mut gone = 0;
    while let Some(length) = (1..=LONGEST.min(words.len() - gone))
        .rev()
        .find(|&length| is_phrase(&CLOSINGS, &words[words.len() - gone - length..][..length]))
    {
        gone += length;
    }
    gone
}

/// Whether a word is the one expected but for its apostrophes.
fn is_plainly(word: &str, expected: &str) -> bool {
    word.bytes().filter(|byte| *byte != b'\'').eq(expected.bytes())
}

fn is_phrase(phrases: &[&str], words: &[Word]) -> bool {
    phrases.iter().any(|phrase| {
        let mut expected = phrase.split(' ');
        words.iter().all(|word| expected.next().is_some_and(|e| is_plainly(&word.folded, e)))
            && expected.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, kept: &str) {
        assert_eq!(text[without_courtesies(text)].trim(), kept);
    }

    #[test]
    fn the_ends_go_and_the_question_stays() {
        check("hiya hope ur ok x does it hurt? thanks xx", "does it hurt?");
        check("Good morning, can I bring my mum please", "can I bring my mum");
        check("does it hurt", "does it hurt");
        check("what does all clear mean", "what does all clear mean");
    }

    #[test]
    fn a_message_of_courtesies_alone_is_kept_whole() {
        check("hi, thank you so much xx", "hi, thank you so much xx");
        assert!(is_courtesy("hi, thank you so much xx"));
        assert!(!is_courtesy("thanks but what do I wear"));
    }

    proptest! {
        #[test]
        fn every_range_is_within_and_no_text_panics(text in "\\PC{0,40}") {
            let range = without_courtesies(&text);
            prop_assert!(text.get(range).is_some());
        }

        #[test]
        fn words_that_are_no_courtesy_are_never_lost(words in "(lump|van|park|hurt)( (van|hurt|letter)){0,4}") {
            let text = format!("hi {words} thanks");
            prop_assert_eq!(text[without_courtesies(&text)].trim(), words);
        }
    }
}
