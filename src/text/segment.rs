//! Where do the sentences of a text begin and end?
//!
//! Boundaries are those of Unicode (UAX #29, sentence boundaries), corrected where full stops
//! mislead: abbreviations, initials, numbered items, ellipses, and sentences that open with a
//! figure. Where a rule must guess, it joins: a quotation that is one sentence too long is
//! harmless, one that ends before its limit is not.
//!
//! Invariants: spans are byte ranges of the raw text, in order, apart from each other, without
//! surrounding white space and never empty; together they hold every byte that is not white
//! space. This module does not know documents or markup: a line break always ends a sentence.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations that never end a sentence, with their full stop, in lower case.
const ALWAYS_CONTINUE: [&str; 16] = [
    "e.g.", "i.e.", "eg.", "ie.", "dr.", "mr.", "mrs.", "ms.", "prof.", "rev.", "st.", "vs.", "v.",
    "cf.", "viz.", "approx.",
];

/// Abbreviations that continue only before a figure: `No. 5` but `No. You can park there.`
const CONTINUE_BEFORE_FIGURE: [&str; 12] =
    ["no.", "nos.", "p.", "pp.", "vol.", "fig.", "sec.", "para.", "tel.", "ext.", "ref.", "ch."];

/// Times of day, which continue only before a day or a month: `9 a.m. Monday`.
const TIMES_OF_DAY: [&str; 2] = ["a.m.", "p.m."];

const DAYS_AND_MONTHS: [&str; 19] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Most digits of a number that stands alone before its item: `12. Bring your letter.`
const LONGEST_ITEM_NUMBER: usize = 3;

/// The sentences of a text, as byte ranges of it.
///
/// ```
/// use guidepost::text::segment::sentences;
/// let text = "Ask Dr. Jones, e.g. by phone. 4 in 100 women are called back.";
/// let found: Vec<&str> = sentences(text).into_iter().map(|span| &text[span]).collect();
/// assert_eq!(found, ["Ask Dr. Jones, e.g. by phone.", "4 in 100 women are called back."]);
/// ```
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, piece) in text.split_sentence_bound_indices() {
        for part in split_before_figures(piece) {
            let Some(part) = trim(text, start + part.start..start + part.end) else {
                continue;
            };
            match found.last_mut() {
                Some(last) if joins(text, last, &part) => last.end = part.end,
                _ => found.push(part),
            }
        }
    }
    found
}

/// A span without the white space at its ends; `None` when nothing else is in it.
pub fn trim(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let inside = &text[span.clone()];
    let left = inside.trim_start();
    let start = span.end - left.len();
    let end = start + left.trim_end().len();
    (start < end).then_some(start..end)
}

/// Whether two neighbouring spans are one sentence after all.
fn joins(text: &str, last: &Range<usize>, next: &Range<usize>) -> bool {
    let between = &text[last.end..next.start];
    !between.contains(is_line_break) && continues(&text[last.clone()], &text[next.clone()])
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '"' | '\'' | '\u{2019}' | '\u{201d}' | '\u{bb}')
}

fn is_opener(c: char) -> bool {
    matches!(c, '(' | '[' | '"' | '\'' | '\u{2018}' | '\u{201c}' | '\u{ab}')
}

/// Cuts a piece where a sentence opens with a figure, which UAX #29 (rule SB8) reads as a
/// continuation whenever a lower-case word follows: `All is well. 4 in 100 are called back.`
fn split_before_figures(piece: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut previous_end: Option<usize> = None;
    for token in piece.split_whitespace() {
        let token_start = token.as_ptr() as usize - piece.as_ptr() as usize;
        if let Some(end) = previous_end
            && opens_with_figure(token)
            && ends_with_full_stop(&piece[start..end])
            && !continues(piece[start..end].trim_start(), &piece[token_start..])
        {
            parts.push(start..token_start);
            start = token_start;
        }
        previous_end = Some(token_start + token.len());
    }
    parts.push(start..piece.len());
    parts
}

fn opens_with_figure(token: &str) -> bool {
    let first = token.trim_start_matches(is_opener).chars().next();
    first.is_some_and(|c| c.is_ascii_digit() || matches!(c, '\u{a3}' | '\u{20ac}' | '$'))
}

fn ends_with_full_stop(sentence: &str) -> bool {
    sentence.trim_end_matches(is_closer).ends_with('.')
}

/// Whether a sentence that seems to have ended goes on with what follows it on the line.
fn continues(sentence: &str, next: &str) -> bool {
    if sentence.ends_with("..") || sentence.ends_with('\u{2026}') {
        return true;
    }
    if quotes_a_question(sentence) {
        return next.chars().next().is_some_and(char::is_lowercase);
    }
    if is_item_number(sentence) {
        return true;
    }
    let token_start = sentence
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_whitespace())
        .map_or(0, |(at, c)| at + c.len_utf8());
    let token = sentence[token_start..].trim_start_matches(is_opener);
    let before = sentence[..token_start].trim_end();
    abbreviation_continues(&token.to_lowercase(), token_start == 0, next)
        || (is_initials(token) && names_go_on(before))
}

fn abbreviation_continues(token: &str, alone: bool, next: &str) -> bool {
    if ALWAYS_CONTINUE.contains(&token) {
        return true;
    }
    if CONTINUE_BEFORE_FIGURE.contains(&token) {
        return !alone && next.starts_with(|c: char| c.is_ascii_digit() || c == '+');
    }
    if TIMES_OF_DAY.contains(&token) {
        let word: String = next.chars().take_while(|c| c.is_alphabetic()).collect();
        return next.starts_with(|c: char| c.is_ascii_digit())
            || DAYS_AND_MONTHS.contains(&word.to_lowercase().as_str());
    }
    false
}

/// `"Does it hurt?"` inside a sentence: the mark belongs to the quotation.
fn quotes_a_question(sentence: &str) -> bool {
    let inner = sentence.trim_end_matches(is_closer);
    inner.len() < sentence.len() && inner.ends_with(['?', '!'])
}

fn is_item_number(sentence: &str) -> bool {
    sentence.strip_suffix('.').is_some_and(|number| {
        !number.is_empty()
            && number.len() <= LONGEST_ITEM_NUMBER
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `J.` or `J.R.`
fn is_initials(token: &str) -> bool {
    let mut letters = 0_usize;
    let mut expect_letter = true;
    for c in token.chars() {
        let fits = if expect_letter { c.is_uppercase() } else { c == '.' };
        if !fits {
            return false;
        }
        letters += usize::from(expect_letter);
        expect_letter = !expect_letter;
    }
    letters > 0 && expect_letter
}

/// Whether an initial after these words may belong to a name: nothing stands before it, or a
/// capitalised word does. So `hepatitis B. Ask again.` is not joined.
fn names_go_on(before: &str) -> bool {
    let previous = before.split_whitespace().next_back().unwrap_or_default();
    previous.is_empty()
        || (previous.starts_with(char::is_uppercase) && !previous.ends_with([',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found: Vec<&str> = sentences(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn plain_sentences_part() {
        check("Does it hurt? It can. Go on!", &["Does it hurt?", "It can.", "Go on!"]);
        check("  One.\n\n Two  ", &["One.", "Two"]);
        check("", &[]);
        check(" \n\t ", &[]);
    }

    #[test]
    fn abbreviations_do_not_end_a_sentence() {
        check("Ask Dr. Jones.", &["Ask Dr. Jones."]);
        check("Wear a top, e.g. A T-shirt.", &["Wear a top, e.g. A T-shirt."]);
        check("St. Mary's is near. Come in.", &["St. Mary's is near.", "Come in."]);
        check("England vs. Wales differ.", &["England vs. Wales differ."]);
        check("See room No. 5 first.", &["See room No. 5 first."]);
        check("Can I? No. You cannot.", &["Can I?", "No.", "You cannot."]);
        check("Can I? No. 3 in 4 wait.", &["Can I?", "No.", "3 in 4 wait."]);
        check("Open at 9 a.m. Monday to Friday.", &["Open at 9 a.m. Monday to Friday."]);
        check("Open at 9 a.m. The van moves.", &["Open at 9 a.m.", "The van moves."]);
    }

    #[test]
    fn initials_join_only_in_names() {
        check("Dr. J. R. Smith wrote. He left.", &["Dr. J. R. Smith wrote.", "He left."]);
        check(
            "Tested for hepatitis B. Ask a midwife.",
            &["Tested for hepatitis B.", "Ask a midwife."],
        );
    }

    #[test]
    fn figures_open_sentences_and_decimals_do_not_end_them() {
        check(
            "All is well. 4 in 100 are called back.",
            &["All is well.", "4 in 100 are called back."],
        );
        check("It stops at 71. 3 in 4 come.", &["It stops at 71.", "3 in 4 come."]);
        check("A lump of 4.4 cm. Then 4.5.", &["A lump of 4.4 cm.", "Then 4.5."]);
        check("Pay. \u{a3}5 a day.", &["Pay.", "\u{a3}5 a day."]);
        check("1. Bring your letter. 2. Wait.", &["1. Bring your letter.", "2. Wait."]);
    }

    #[test]
    fn ellipses_and_quoted_questions_go_on() {
        check("Well... I wait. Go.", &["Well... I wait.", "Go."]);
        check(
            "People ask \"does it hurt?\" a lot. Yes.",
            &["People ask \"does it hurt?\" a lot.", "Yes."],
        );
        check("He said \"Does it hurt?\" She left.", &["He said \"Does it hurt?\"", "She left."]);
    }

    #[test]
    fn a_line_break_always_ends_a_sentence() {
        check("Ask Dr.\nJones", &["Ask Dr.", "Jones"]);
        check("a\r\nb", &["a", "b"]);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "([A-Za-z0-9 .?!…\"'()\n\r£]|e\\.g\\. |Dr\\. |No\\. |\u{2028}|é|中|\u{300}){0,60}",
        ]
    }

    proptest! {
        #[test]
        fn spans_are_trimmed_ordered_and_hold_every_visible_byte(text in text()) {
            let spans = sentences(&text);
            let mut end = 0;
            for span in &spans {
                prop_assert!(text[end..span.start].trim().is_empty());
                let sentence = &text[span.clone()];
                prop_assert!(!sentence.is_empty());
                prop_assert_eq!(sentence.trim(), sentence);
                end = span.end;
            }
            prop_assert!(text[end..].trim().is_empty());
        }

        #[test]
        fn a_sentence_alone_is_one_sentence(text in text()) {
            for span in sentences(&text) {
                let sentence = &text[span];
                prop_assert_eq!(sentences(sentence), vec![0..sentence.len()], "{:?}", sentence);
            }
        }
    }
}
