//! Can every sentence be quoted alone, and read?
//!
//! A sentence needs the one before it when it opens with a word that points back (`But`,
//! `However`, `This`, `It`, `They`, …), or when it opens with a condition and holds nothing else
//! (`Only if you ask.`, `Unless you are told not to.`, without a comma after which the main
//! clause could follow). Such a sentence must stand in a keep group behind what it points to; the
//! first sentence of a keep group has nothing before it and is judged like any other. A list item
//! is judged by its lead-in.

use std::ops::Range;

use super::{Findings, Rule};
use crate::corpus::document::{Block, Document, Kind};
use crate::corpus::split::units;
use crate::text::fold::{fold, words};

/// Most words of a sentence before it is a warning: NHS content aims at 20; 25 is the limit here.
pub const LONGEST_SENTENCE: usize = 25;

/// Most characters of a keep group before it is a warning: half a phone screen.
pub const LONGEST_KEEP: usize = 600;

/// Openings that point to the sentence before.
const POINTING: [&str; 22] = [
    "but",
    "however",
    "this",
    "it",
    "it's",
    "its",
    "they",
    "they're",
    "their",
    "these",
    "those",
    "that",
    "that's",
    "and",
    "or",
    "so",
    "also",
    "yet",
    "otherwise",
    "if so",
    "if not",
    "in this",
];

/// Openings of a condition, complete only with a main clause behind a comma.
const CONDITIONS: [&str; 7] =
    ["only if", "unless", "except", "although", "though", "because", "only when"];

/// Endings of domain names that an address of the public sector or of a charity may have.
const DOMAINS: [&str; 12] =
    ["uk", "com", "org", "net", "gov", "nhs", "wales", "scot", "info", "io", "eu", "health"];

/// A publisher whose name looks like an address.
const PUBLISHER: &str = "GOV.UK";

pub(super) fn check(document: &Document, findings: &mut Findings) {
    if document.kind.is_retrieved() {
        standing_alone(document, findings);
    }
    title_and_headings(document, findings);
    for (at, block) in document.blocks.iter().enumerate() {
        match block {
            Block::Heading { .. } => {}
            Block::Paragraph { sentences, .. } => {
                let leads_in = matches!(document.blocks.get(at + 1), Some(Block::Item { .. }));
                for (n, span) in sentences.iter().enumerate() {
                    let is_lead_in = leads_in && n + 1 == sentences.len();
                    sentence(document, span, is_lead_in, findings);
                }
            }
            Block::Item { sentences, .. } => {
                for span in sentences {
                    sentence(document, span, true, findings);
                }
            }
        }
    }
    if document.kind != Kind::Safety && document.kind != Kind::Route {
        long_keeps(document, findings);
    }
}

fn standing_alone(document: &Document, findings: &mut Findings) {
    let mut previous: Option<Range<usize>> = None;
    let mut judged: Option<Range<usize>> = None;
    for unit in units(document) {
        let (Some(first), Some(last)) = (unit.spans.first(), unit.spans.last()) else {
            continue;
        };
        // Items of one list share their first span, the lead-in.
        if judged.as_ref() != Some(first)
            && let Some(opening) = needs_context(document.slice(first))
        {
            let before = previous
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), |span| format!("`{}`", document.slice(span)));
            let message = format!("`{opening}` is split from its limit: {before} stands before it");
            let cure = "name the subject, merge the sentences, or put both in one keep group";
            findings.at(document, first.start, Rule::SplitFromLimit, message, cure);
        }
        judged = Some(first.clone());
        previous = Some(last.clone());
    }
}

/// The opening by which a sentence needs the one before it.
pub(in crate::corpus) fn needs_context(sentence: &str) -> Option<&'static str> {
    let mut opening = words(sentence).map(|word| word.folded);
    let first = opening.next()?;
    let second = opening.next().unwrap_or_default();
    let pair = format!("{first} {second}");
    let opens = |with: &&&'static str| **with == first || **with == pair;
    let points = POINTING.iter().find(opens).copied();
    let fragment = || CONDITIONS.iter().find(opens).copied().filter(|_| !sentence.contains(','));
    points.filter(|_| pair != "so that").or_else(fragment)
}

fn sentence(document: &Document, span: &Range<usize>, in_list: bool, findings: &mut Findings) {
    let text = document.slice(span);
    let count = words(text).count();
    if count > LONGEST_SENTENCE {
        let message = format!("the sentence has {count} words");
        let cure = format!("cut it to {LONGEST_SENTENCE} words, better to 20");
        findings.at(document, span.start, Rule::LongSentence, message, cure);
    }
    let closed = text.trim_end_matches([')', '"', '\'', '\u{2019}', '\u{201d}']);
    if !in_list && !closed.ends_with(['.', '?', '!', '\u{964}', '\u{6d4}']) {
        let message = "the sentence does not end with `.`, `?` or `!`";
        findings.at(document, span.start, Rule::SentenceEnd, message, "end it");
    }
    address(document, span, findings);
}

fn title_and_headings(document: &Document, findings: &mut Findings) {
    if let Some(found) = find_address(&document.title) {
        let message = format!("the title holds the address `{found}`");
        let title = &document.title;
        let rule = Rule::InlineAddress;
        findings.at_value(document, "title", title, rule, message, CURE_ADDRESS);
    }
    for block in &document.blocks {
        if let Block::Heading { span, .. } = block {
            address(document, span, findings);
        }
    }
}

const CURE_ADDRESS: &str = "put it in the front matter as the source's address";

fn address(document: &Document, span: &Range<usize>, findings: &mut Findings) {
    if let Some(found) = find_address(document.slice(span)) {
        let message = format!("the text holds the address `{found}`");
        findings.at(document, span.start, Rule::InlineAddress, message, CURE_ADDRESS);
    }
}

fn find_address(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|token| *token != PUBLISHER && is_address(&fold(token)))
}

fn is_address(token: &str) -> bool {
    if token.contains("://") || token.starts_with("www.") || token.contains('@') {
        return true;
    }
    let host = token.split('/').next().unwrap_or_default();
    let mut labels = host.split('.').rev();
    let last = labels.next().unwrap_or_default();
    let rest: Vec<&str> = labels.collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    !rest.is_empty() && DOMAINS.contains(&last) && rest.iter().all(is_label)
}

fn long_keeps(document: &Document, findings: &mut Findings) {
    for (number, spans) in keeps(document) {
        let length: usize = spans.iter().map(|s| document.slice(s).chars().count() + 1).sum();
        if length > LONGEST_KEEP + 1
            && let Some(first) = spans.first()
        {
            let message = format!("keep group {} has {} characters", number + 1, length - 1);
            let cure = format!("cut it to {LONGEST_KEEP} characters");
            findings.at(document, first.start, Rule::KeepTooLong, message, cure);
        }
    }
}

/// The sentences of each keep group, in order.
fn keeps(document: &Document) -> Vec<(u32, Vec<Range<usize>>)> {
    let mut groups: Vec<(u32, Vec<Range<usize>>)> = Vec::new();
    for block in &document.blocks {
        let (Block::Paragraph { sentences, keep: Some(keep) }
        | Block::Item { sentences, keep: Some(keep), .. }) = block
        else {
            continue;
        };
        match groups.last_mut() {
            Some((number, spans)) if number == keep => spans.extend_from_slice(sentences),
            _ => groups.push((*keep, sentences.clone())),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_point_back_are_recognised() {
        for sentence in [
            "But not on Mondays.",
            "However, ask first.",
            "It is safe.",
            "This hurts.",
            "They will call.",
            "Only if you ask.",
            "Unless you are told not to.",
            "If so, call.",
            "That's fine.",
        ] {
            assert!(needs_context(sentence).is_some(), "{sentence}");
        }
        for sentence in [
            "Breast screening is safe, but it can hurt.",
            "Unless you opt out, invitations go on.",
            "Although it is quick, it can hurt.",
            "If you have implants, call.",
            "Itching is a symptom.",
            "",
        ] {
            assert_eq!(needs_context(sentence), None, "{sentence}");
        }
    }

    #[test]
    fn addresses_are_recognised() {
        for text in ["See nhs.uk/breast.", "At (www.x.y)", "a@b.org", "https://x"] {
            assert!(find_address(text).is_some(), "{text}");
        }
        for text in ["e.g. this", "4.5 cm", "at 9 a.m. Monday", "End.Com", "and/or"] {
            assert_eq!(find_address(text).is_some(), text == "End.Com", "{text}");
        }
    }
}
