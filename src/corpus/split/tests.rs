//! 1. Spans slice the file, and every visible byte of a sentence lies in exactly one passage.
//! 2. Keep groups and list items with their lead-in are never split.
//! 3. No passage is longer than the limit unless one unit is.
//! 4. Only pieces of over-long plain sentences are not quotable.

use proptest::prelude::*;

use super::*;
use crate::corpus::testing::{document, guidance_body, plain_body};

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Four characters a token, so that words have several and a word may exceed the limit.
fn count_quarters(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(4)).sum()
}

fn words(n: usize) -> String {
    vec!["word"; n].join(" ")
}

#[track_caller]
fn bodies(extra: &str, body: &str) -> Vec<String> {
    split(&document("a", extra, body), &count_words).into_iter().map(|p| p.body).collect()
}

#[test]
fn sections_part_and_sentences_join() {
    let document = document("a", "", "One. Two.\n\nThree.\n\n## A\n\nFour.\n\n### B\n\nFive.");
    let passages = split(&document, &count_words);
    let shown: Vec<_> = passages.iter().map(|p| (p.section(), p.body.as_str())).collect();
    let expect = [("", "One. Two. Three."), ("A", "Four."), ("A > B", "Five.")];
    assert_eq!(shown, expect.map(|(section, body)| (section.to_owned(), body)));
    assert_eq!(passages[2].id.to_string(), "a#2");
}

#[test]
fn long_sections_are_cut_at_sentence_ends() {
    let sentence = format!("A {}.", words(59));
    let expect = [format!("{sentence} {sentence}"), sentence.clone()];
    assert_eq!(bodies("", &vec![sentence; 3].join(" ")), expect);
}

#[test]
fn the_whole_document_may_be_one_passage() {
    let body = format!("{}. Two.\n\n## A\n\nThree.", words(200));
    assert_eq!(bodies("cut = \"whole\"", &body), [format!("{}. Two. Three.", words(200))]);
}

#[test]
fn a_list_is_cut_between_items_and_repeats_its_lead_in() {
    let (a, b) = (words(70), words(60));
    let document = document("a", "", &format!("First. Bring:\n- {a}\n- {b}\n- c\n\nLast."));
    let passages = split(&document, &count_words);
    let found: Vec<&str> = passages.iter().map(|p| p.body.as_str()).collect();
    assert_eq!(found, [format!("First. Bring: {a}"), format!("Bring: {b} c Last.")]);
    assert!(document.slice(&passages[1].span).starts_with(&b));
    let quotes: Vec<Vec<&str>> = passages[1]
        .units
        .iter()
        .map(|unit| unit.spans.iter().map(|span| document.slice(span)).collect())
        .collect();
    assert_eq!(quotes, [vec!["Bring:", b.as_str()], vec!["Bring:", "c"], vec!["Last."]]);
}

#[test]
fn a_keep_group_is_one_unit_however_long() {
    let body = format!("A.\n\n<!-- keep -->\n{}. B.\n\nIf:\n- c\n<!-- /keep -->\n\nD.", words(150));
    let document = document("a", "", &body);
    let passages = split(&document, &count_words);
    let units: Vec<usize> = passages.iter().map(|p| p.units.len()).collect();
    assert_eq!(units, [1, 1, 1]);
    assert_eq!(passages[1].units[0].spans.len(), 4);
}

#[test]
fn over_long_plain_sentences_are_cut_between_words_and_not_quoted() {
    let document = document("a", "format = \"plain\"", &format!("One.\nA {}. Two.", words(199)));
    let passages = split(&document, &count_words);
    let shape: Vec<_> = passages
        .iter()
        .map(|p| (p.tokens, p.units.iter().map(|u| u.quotable).collect::<Vec<_>>()))
        .collect();
    assert_eq!(shape, [(1, vec![true]), (128, vec![false]), (73, vec![false, true])]);
}

/// What holds of every document, however it is cut.
fn check(document: &Document, count: &dyn Fn(&str) -> usize) -> Result<(), TestCaseError> {
    let passages = split(document, count);
    let sentences: Vec<Range<usize>> = document
        .blocks
        .iter()
        .flat_map(|block| match block {
            Block::Heading { .. } => Vec::new(),
            Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => sentences.clone(),
        })
        .collect();
    let mut covered: Vec<usize> = Vec::new();
    let mut end = 0;
    for (at, passage) in passages.iter().enumerate() {
        prop_assert_eq!(passage.id.ordinal as usize, at);
        prop_assert!(end <= passage.span.start && passage.span.start < passage.span.end);
        end = passage.span.end;
        prop_assert_eq!(count(&passage.body), passage.tokens as usize);
        let fits = passage.tokens as usize <= PASSAGE_TOKENS;
        prop_assert!(fits || document.cut == Cut::Whole || passage.units.len() == 1);
        for unit in &passage.units {
            prop_assert!(!unit.spans.is_empty());
            prop_assert!(unit.quotable || document.format == Format::Plain);
            for span in &unit.spans {
                prop_assert!(passage.body.contains(document.slice(span)));
                prop_assert!(document.body.start <= span.start && span.end <= document.body.end);
            }
        }
        let own = passage.units.iter().flat_map(|unit| unit.spans.clone());
        let own: Vec<_> = own.filter(|span| span.start >= passage.span.start).collect();
        covered.extend(own.into_iter().flatten());
    }
    covered.sort_unstable();
    covered.dedup();
    let visible = |span: &Range<usize>| {
        let base = span.start;
        let chars = document.slice(span).char_indices().filter(|(_, c)| !c.is_whitespace());
        chars.map(move |(i, _)| base + i).collect::<Vec<_>>()
    };
    for byte in sentences.iter().flat_map(visible) {
        prop_assert!(covered.binary_search(&byte).is_ok());
        prop_assert_eq!(passages.iter().filter(|p| p.span.contains(&byte)).count(), 1);
    }
    for unit in units(document) {
        let whole = |passage: &Passage| passage.units.iter().any(|u| u.spans == unit.spans);
        prop_assert!(document.format == Format::Plain || passages.iter().any(whole));
    }
    Ok(())
}

proptest! {
    #[test]
    fn plain_documents_are_cut_without_loss(body in plain_body(), long in "[a-z中]{0,700}") {
        let document = document("a", "format = \"plain\"", &format!("{body} {long}"));
        check(&document, &count_words)?;
        check(&document, &count_quarters)?;
        check(&document, &|text| text.chars().count())?;
    }

    #[test]
    fn guidance_documents_are_cut_without_loss(body in guidance_body(), whole in any::<bool>()) {
        let extra = if whole { "cut = \"whole\"" } else { "" };
        let document = document("a", extra, &body);
        check(&document, &count_words)?;
        check(&document, &|text| text.chars().count())?;
    }
}
