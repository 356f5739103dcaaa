//! Does an answer say what the label quotes, and does the label's quote still stand?
//!
//! Words are compared as SQuAD's evaluation does (Rajpurkar et al. 2016, EMNLP): the text is
//! folded ([`fold`]: lower case, no accents, plain apostrophes and hyphens), punctuation is
//! removed, the articles `a`, `an` and `the` are dropped, and what blanks part are words. On plain
//! ASCII that is SQuAD's normalisation to the letter. Labels are checked on the characters
//! themselves, blanks apart. This module reads no files: whoever calls knows where documents are.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::topic::Topic;
use crate::ids::{DocumentId, TopicId};
use crate::text::fold::fold;

/// Overlap of an answer's words with those of a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overlap {
    /// Share of the answer's words that stand in the label.
    pub precision: f64,
    /// Share of the label's words that stand in the answer.
    pub recall: f64,
    /// Their harmonic mean, 2 · common / (words of both); 0 when nothing is common.
    pub f1: f64,
}

/// Words of a text as the overlap counts them.
pub fn normalised_words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let plain: String = folded.chars().filter_map(without_punctuation).collect();
    let words = plain.split_whitespace().filter(|word| !matches!(*word, "a" | "an" | "the"));
    words.map(str::to_owned).collect()
}

/// ASCII and general punctuation go; a dash that stands between words parts them.
fn without_punctuation(c: char) -> Option<char> {
    match c {
        '\u{2012}'..='\u{2015}' => Some(' '),
        '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}' => None,
        c if c.is_ascii_punctuation() || is_general_punctuation(c) => None,
        c => Some(c),
    }
}

/// Unicode's general punctuation, without its blanks and invisible characters.
fn is_general_punctuation(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

/// Overlap of an answer with the quotes of a label, taken together as one text: they are the
/// sentences that jointly answer. Words count as often as they stand (SQuAD's F1). `None` when
/// the quotes hold no word.
pub fn overlap<S: AsRef<str>>(answer: &str, quotes: &[S]) -> Option<Overlap> {
    let label: Vec<String> = quotes.iter().flat_map(|q| normalised_words(q.as_ref())).collect();
    if label.is_empty() {
        return None;
    }
    let answer = normalised_words(answer);
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in &label {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0_usize;
    for word in &answer {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    Some(Overlap {
        precision: common as f64 / answer.len().max(1) as f64,
        recall: common as f64 / label.len() as f64,
        f1: 2.0 * common as f64 / (answer.len() + label.len()) as f64,
    })
}

/// Why a label must be made again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StaleReason {
    /// The topic quotes but names no document.
    NoDocument,
    /// A labelled document is no longer there.
    DocumentGone,
    /// The quote is blank.
    QuoteBlank,
    /// The quote no longer stands in the best document.
    QuoteGone,
    /// The quote no longer stands in the best document, but in another one of the topic's.
    QuoteElsewhere,
}

impl StaleReason {
    /// The reason in words.
    pub fn as_str(self) -> &'static str {
        match self {
            StaleReason::NoDocument => "the label quotes but names no document",
            StaleReason::DocumentGone => "the labelled document is no longer there",
            StaleReason::QuoteBlank => "the quote is blank",
            StaleReason::QuoteGone => "the quote no longer stands in the document",
            StaleReason::QuoteElsewhere => {
                "the quote stands in another labelled document, no longer in the best one"
            }
        }
    }
}

/// A label that must be made again: never a pass, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stale {
    /// The topic.
    #[schemars(with = "String")]
    pub topic: TopicId,
    /// The labelled document.
    #[schemars(with = "Option<String>")]
    pub document: Option<DocumentId>,
    /// The quote, counted from 1; `None` where the document is at fault.
    pub quote_number: Option<usize>,
    /// Why.
    pub reason: StaleReason,
}

/// Labels that an edit of the corpus has overtaken, in order of the topics: documents that are
/// gone, then quotes that no longer stand in the topic's best document, its first.
pub fn stale_quotes(
    topics: &[Topic],
    body_of: &dyn Fn(&DocumentId) -> Option<String>,
) -> Vec<Stale> {
    topics.iter().flat_map(|topic| stale_of(topic, body_of)).collect()
}

fn stale_of(topic: &Topic, body_of: &dyn Fn(&DocumentId) -> Option<String>) -> Vec<Stale> {
    let bodies: Vec<Option<String>> =
        topic.documents.iter().map(|id| body_of(id).map(|body| one_blank(&body))).collect();
    let gone = topic.documents.iter().zip(&bodies).filter(|(_, body)| body.is_none());
    let mut stale: Vec<Stale> = gone
        .map(|(document, _)| Stale {
            topic: topic.id.clone(),
            document: Some(document.clone()),
            quote_number: None,
            reason: StaleReason::DocumentGone,
        })
        .collect();
    for (number, quote) in (1..).zip(&topic.quotes) {
        stale.extend(fault_of(quote, &bodies).map(|reason| Stale {
            topic: topic.id.clone(),
            document: topic.documents.first().cloned(),
            quote_number: Some(number),
            reason,
        }));
    }
    stale
}

/// What is wrong with a quote; the bodies are those of the topic's documents, best first.
fn fault_of(quote: &str, bodies: &[Option<String>]) -> Option<StaleReason> {
    let quote = one_blank(quote);
    let holds = |body: &Option<String>| body.as_ref().is_some_and(|b| b.contains(&quote));
    match bodies {
        _ if quote.is_empty() => Some(StaleReason::QuoteBlank),
        [] => Some(StaleReason::NoDocument),
        [best, ..] if holds(best) => None,
        [_, others @ ..] if others.iter().any(holds) => Some(StaleReason::QuoteElsewhere),
        [None, ..] => Some(StaleReason::DocumentGone),
        _ => Some(StaleReason::QuoteGone),
    }
}

/// Whether a quote stands in a text, character for character, runs of blanks and line ends
/// counting as one blank. A blank quote stands nowhere.
pub fn stands_in(quote: &str, body: &str) -> bool {
    let quote = one_blank(quote);
    !quote.is_empty() && one_blank(body).contains(&quote)
}

fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn overlap_is_that_of_squad() {
        let text = include_str!("../../tests/data/eval/selective.json");
        let fixture: Value = serde_json::from_str(text).unwrap();
        let mut compared = 0;
        for pair in fixture["spans"].as_array().unwrap() {
            let text = |name: &str| pair[name].as_str().unwrap();
            if let Some(found) = overlap(text("answer"), &[text("label")]) {
                assert!((found.f1 - pair["f1"].as_f64().unwrap()).abs() <= 1e-12, "{pair}");
                compared += 1;
            }
        }
        assert!(compared >= 50);
    }

    #[test]
    fn words_are_compared_without_case_punctuation_and_articles() {
        let words = normalised_words(
            "The \u{201c}Breast\u{201d} screening\u{2014}an NHS don\u{2019}t, caf\u{e9} £5",
        );
        assert_eq!(words, ["breast", "screening", "nhs", "dont", "cafe", "£5"]);
        assert_eq!(overlap::<&str>("anything", &[]), None);
        assert_eq!(overlap("anything", &["The, a!"]), None);
    }

    #[test]
    fn several_quotes_are_one_label() {
        let found = overlap("one two three four", &["one two", "five"]).unwrap();
        assert_eq!(found, Overlap { precision: 0.5, recall: 2.0 / 3.0, f1: 4.0 / 7.0 });
        let empty = overlap("", &["one"]).unwrap();
        assert_eq!(empty, Overlap { precision: 0.0, recall: 0.0, f1: 0.0 });
    }

    fn topic(documents: &[&str], quotes: &[&str]) -> Topic {
        let line = serde_json::json!(
            {"_id": "t1", "text": "x", "documents": documents, "quotes": quotes}
        );
        serde_json::from_value(line).unwrap()
    }

    /// The corpus: `best` and `other`.
    fn body_of(id: &DocumentId) -> Option<String> {
        match id.as_str() {
            "best" => Some("Results come by letter\nwithin 2 weeks. Call us.".to_owned()),
            "other" => Some("Bring your letter.".to_owned()),
            _ => None,
        }
    }

    #[track_caller]
    fn check(documents: &[&str], quotes: &[&str], expected: &[(Option<usize>, StaleReason)]) {
        let stale = stale_quotes(&[topic(documents, quotes)], &body_of);
        let found: Vec<(Option<usize>, StaleReason)> =
            stale.iter().map(|s| (s.quote_number, s.reason)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn labels_that_an_edit_has_overtaken_are_listed() {
        use StaleReason::{DocumentGone, NoDocument, QuoteBlank, QuoteElsewhere, QuoteGone};
        check(&["best"], &["Results come by letter within 2 weeks.", "Call us."], &[]);
        check(&["best"], &["Results come by letter within 3 weeks."], &[(Some(1), QuoteGone)]);
        check(&["best"], &["Call us.", "results come by letter"], &[(Some(2), QuoteGone)]);
        check(&["best", "other"], &["Bring your letter."], &[(Some(1), QuoteElsewhere)]);
        check(&["gone"], &["Call us."], &[(None, DocumentGone), (Some(1), DocumentGone)]);
        check(&["best", "gone"], &["Call us."], &[(None, DocumentGone)]);
        check(&[], &["Call us."], &[(Some(1), NoDocument)]);
        check(&["best"], &[" \n"], &[(Some(1), QuoteBlank)]);
        check(&[], &[], &[]);
    }

    #[test]
    fn reasons_are_snake_case_in_files_and_words_elsewhere() {
        let stale = &stale_quotes(&[topic(&["gone"], &[])], &body_of)[0];
        let json = serde_json::to_value(stale).unwrap();
        assert_eq!(
            json,
            serde_json::json!(
                {"topic": "t1", "document": "gone", "quote_number": null, "reason": "document_gone"}
            )
        );
        assert!(!stale.reason.as_str().ends_with('.'));
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_bounded_and_blind_to_the_order_of_words(
            a in "[a-e ]{0,20}", b in "[a-e ]{0,20}",
        ) {
            let reversed: String = a.chars().rev().collect();
            if let (Some(ab), Some(ba)) = (overlap(&a, &[&b]), overlap(&b, &[&a])) {
                prop_assert!((0.0..=1.0).contains(&ab.f1));
                prop_assert_eq!(ab.f1.to_bits(), ba.f1.to_bits());
                prop_assert_eq!(ab.precision.to_bits(), ba.recall.to_bits());
                let sorted = |text: &str| {
                    let mut words = normalised_words(text);
                    words.sort();
                    words
                };
                prop_assert_eq!(sorted(&a) == sorted(&b), ab.f1 >= 1.0);
            }
            if normalised_words(&a).iter().all(|word| word.len() == 1) {
                prop_assert_eq!(overlap(&a, &[&b]), overlap(&reversed, &[&b]));
            }
        }

        #[test]
        fn what_is_cut_from_a_text_stands_in_it(text in "[a-z .\n]{1,60}", from in 0_usize..60, to in 0_usize..60) {
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let quote = &text[from.min(to)..from.max(to)];
            prop_assert_eq!(stands_in(quote, &text), !quote.trim().is_empty());
            let wrapped = text.replace(' ', "\n  ");
            prop_assert_eq!(stands_in(quote, &wrapped), !quote.trim().is_empty());
        }
    }
}
