//! Which questions does a message ask?
//!
//! Each question is a contiguous range of the message: its own words with the statements that lead
//! up to it ("I'm 72. Can I still come?"). A message with one question, or none, is one range. Where
//! it is unsure it does not cut: two questions answered as one cost a hand-over, half a question
//! answered costs a wrong answer. Nothing here knows what a message is about.
//!
//! Invariants: ranges are in order, apart from each other, not empty, on character boundaries, and
//! every word that is not a courtesy at the ends of the message stands in one of them.

use std::ops::Range;

use super::courtesy::{is_courtesy, without_courtesies};
use crate::text::fold::{self, Word};
use crate::text::segment::sentences;

/// Questions answered of one message at most; what comes after belongs to the last.
pub const MOST_QUESTIONS: usize = 4;

/// Words that open a question about something.
const ASKING: [&str; 14] = [
    "what", "whats", "wot", "when", "whens", "where", "wheres", "who", "whos", "why", "how",
    "hows", "which", "whose",
];
/// Verbs that open a question to be answered yes or no, and that follow an asking word.
const VERBS: [&str; 36] = [
    "can", "cant", "could", "do", "dont", "does", "doesnt", "did", "didnt", "is", "isnt", "are",
    "arent", "am", "was", "were", "will", "wont", "would", "wouldnt", "should", "shouldnt",
    "shall", "may", "might", "has", "have", "had", "shud", "cud", "wud", "dus", "r", "must",
    "need", "ought",
];
/// Persons and things that follow the verb of a question.
const SUBJECTS: [&str; 31] = [
    "i", "you", "u", "we", "they", "it", "he", "she", "there", "this", "that", "the", "my", "me",
    "your", "ur", "our", "a", "an", "any", "anyone", "someone", "these", "those", "his", "her",
    "their", "people", "women", "men", "everyone",
];
/// Beginnings that ask without the form of a question.
const REQUESTS: [&str; 12] = [
    "wondering if",
    "wondering whether",
    "want to know",
    "need to know",
    "like to know",
    "wanted to know",
    "wanted to ask",
    "tell me",
    "let me know",
    "wanna know",
    "need to ask",
    "wondering how",
];
/// Words that join one question to the next.
const JOINTS: [&str; 7] = ["and", "also", "plus", "n", "or", "nd", "then"];
/// Words that a question about nothing of its own is made of: "is that ok?", "can you help?".
const EMPTY: [&str; 60] = [
    "is", "that", "this", "it", "ok", "okay", "normal", "right", "alright", "all", "can", "you",
    "u", "help", "me", "please", "advise", "advice", "any", "ideas", "idea", "know", "do", "does",
    "what", "should", "i", "why", "so", "really", "correct", "true", "anyone", "could", "would",
    "let", "are", "am", "sure", "for", "with", "be", "possible", "fine", "to", "a", "the",
    "someone", "tell", "if", "hello", "and", "yes", "no", "or", "not", "ask", "question", "may",
    "think",
];

/// The questions of a message, as ranges of it.
pub fn questions(text: &str) -> Vec<Range<usize>> {
    let whole = without_courtesies(text);
    let offset = whole.start;
    let inner = &text[whole];
    let pieces = pieces(inner);
    let asked = pieces.iter().filter(|piece| piece.asks).count();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    if asked <= 1 {
        ranges.push(0..inner.len());
    } else {
        gather(inner, &pieces, &mut ranges);
    }
    ranges.into_iter().map(|range| offset + range.start..offset + range.end).collect()
}

/// A sentence or a part of one that was joined to it.
struct Piece {
    range: Range<usize>,
    asks: bool,
}

/// Statements go with the question they lead up to, those after the last question with it.
fn gather(text: &str, pieces: &[Piece], ranges: &mut Vec<Range<usize>>) {
    let mut start = None;
    for piece in pieces {
        if is_courtesy(&text[piece.range.clone()]) {
            continue;
        }
        let from = *start.get_or_insert(piece.range.start);
        if piece.asks && ranges.len() < MOST_QUESTIONS {
            ranges.push(from..piece.range.end);
            start = None;
        }
    }
    if let (Some(_), Some(last), Some(end)) = (start, ranges.last_mut(), pieces.last()) {
        last.end = end.range.end;
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for sentence in sentences(text) {
        let words: Vec<Word> = fold::words(&text[sentence.clone()]).map(bare).collect();
        let mut start = sentence.start;
        for cut in cuts(&words) {
            let end = sentence.start + words[cut].start;
            push(&mut pieces, text, start..end);
            start = end;
        }
        push(&mut pieces, text, start..sentence.end);
    }
    pieces
}

fn push(pieces: &mut Vec<Piece>, text: &str, range: Range<usize>) {
    let trimmed = text[range.clone()].trim_end().len();
    let range = range.start..range.start + trimmed;
    let words: Vec<Word> = fold::words(&text[range.clone()]).map(bare).collect();
    let has_content = words.iter().any(|word| !EMPTY.contains(&word.folded.as_str()));
    let asks = has_content && (text[range.clone()].contains('?') || asks(&words));
    if !range.is_empty() {
        pieces.push(Piece { range, asks });
    }
}

fn bare(mut word: Word) -> Word {
    word.folded.retain(|c| c != '\'');
    word
}

/// Whether words are put as a question or a request to be told.
fn asks(words: &[Word]) -> bool {
    let from = words.iter().take_while(|word| is_one_of(word, &JOINTS)).count();
    (from..words.len().min(from + 9)).any(|at| opens_question(words, at)) || requests(words)
}

fn requests(words: &[Word]) -> bool {
    words.windows(2).any(|pair| {
        REQUESTS.iter().any(|request| {
            request.split_once(' ') == Some((pair[0].folded.as_str(), pair[1].folded.as_str()))
        })
    })
}

fn is_one_of(word: &Word, list: &[&str]) -> bool {
    list.contains(&word.folded.as_str())
}

/// Whether the words from here have the order of a question: `how long does`, `can i`, `where is`.
fn opens_question(words: &[Word], at: usize) -> bool {
    let is = |at: usize, list: &[&str]| words.get(at).is_some_and(|word| is_one_of(word, list));
    let inverted = |at: usize| is(at, &VERBS) && is(at + 1, &SUBJECTS);
    if is(at, &ASKING) {
        // "what do", "how long does it", "which of them is the": the verb soon follows.
        return (at + 1..at + 4).any(|verb| is(verb, &VERBS) && words.get(verb + 1).is_some());
    }
    // "i can", "it is": the subject stands before the verb in a statement.
    inverted(at) && (at == 0 || !is(at - 1, &SUBJECTS) && !is(at - 1, &ASKING))
}

/// Where a sentence that asks goes on to ask something else: numbers of the words that open it.
fn cuts(words: &[Word]) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut start = 0;
    let mut at = 2;
    while at < words.len() {
        let joined = is_one_of(&words[at - 1], &JOINTS);
        let long_enough = |range: &[Word]| {
            range.iter().filter(|word| !is_one_of(word, &EMPTY)).count() >= 1 && range.len() >= 2
        };
        let opens = opens_question(words, at);
        let left_end = if joined { at - 1 } else { at };
        // Without a joint the left side must stand as a question by itself, and not lead up to
        // this one: "can you tell me how long does it take".
        let leads_up = words[..at].last().is_some_and(|word| {
            [
                "me",
                "know",
                "wondering",
                "ask",
                "if",
                "tell",
                "see",
                "sure",
                "explain",
                "idea",
                "but",
            ]
            .contains(&word.folded.as_str())
        });
        let apart = joined || (is_one_of(&words[at], &ASKING) && !leads_up && at >= start + 3);
        if opens
            && apart
            && asks(&words[start..left_end])
            && long_enough(&words[start..left_end])
            && long_enough(&words[at..])
        {
            cuts.push(at - usize::from(joined));
            start = at;
            at += 2;
        } else {
            at += 1;
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = questions(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn questions_side_by_side_are_parted() {
        check(
            "does it hurt and how long does it take?",
            &["does it hurt", "and how long does it take?"],
        );
        check("What do I wear? Can I bring my mum?", &["What do I wear?", "Can I bring my mum?"]);
        check(
            "hiya does it hurt? also where do i park thanks x",
            &["does it hurt?", "also where do i park"],
        );
        check(
            "I'm 72. Can I still come? My sister is 48. Can she come too?",
            &["I'm 72. Can I still come?", "My sister is 48. Can she come too?"],
        );
        check(
            "how long do results take what do i wear",
            &["how long do results take", "what do i wear"],
        );
        check("can i bring my kid\nwhere do i park", &["can i bring my kid", "where do i park"]);
    }

    #[test]
    fn one_question_is_left_whole() {
        for one in [
            "does it hurt",
            "I had my mammogram last week and nobody has told me anything. When do results come?",
            "can you tell me how long it takes",
            "I'm not sure what to do about my letter, can you help?",
            "what is the difference between a smear and a mammogram",
            "Can I come if I am breastfeeding? Is that ok?",
            "do you know when the van is back and whether it does weekends",
            "parking?",
            "",
        ] {
            check(one, &[one]);
        }
    }

    #[test]
    fn no_more_than_the_most_are_given() {
        let text = "What do I wear? Does it hurt? Where do I park? How long is it? Who does it?";
        assert_eq!(questions(text).len(), MOST_QUESTIONS);
        assert_eq!(questions(text).last().map(|range| range.end), Some(text.len()));
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_hold_every_word(text in "[a-z?.!\n ]{0,60}|\\PC{0,40}") {
            let ranges = questions(&text);
            prop_assert!(!ranges.is_empty());
            for pair in ranges.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            let kept = without_courtesies(&text);
            for word in fold::words(&text[kept.clone()]) {
                let at = kept.start + word.start..kept.start + word.end;
                let holds = |range: &Range<usize>| range.start <= at.start && at.end <= range.end;
                prop_assert!(ranges.iter().any(holds) || is_courtesy_between(&text, &at));
            }
        }
    }

    /// A sentence of courtesies between two questions belongs to neither.
    fn is_courtesy_between(text: &str, word: &Range<usize>) -> bool {
        sentences(text).iter().any(|sentence| {
            sentence.start <= word.start
                && word.end <= sentence.end
                && pieces(text).iter().any(|piece| {
                    piece.range.start <= word.start
                        && word.end <= piece.range.end
                        && is_courtesy(&text[piece.range.clone()])
                })
        })
    }
}
