//! Do two documents state different figures in one phrase?
//!
//! The phrase of a figure is the (up to) three words before it and the one word after it, in one
//! sentence, folded, with every figure written `#`: `up to the # birthday`. Two documents are in
//! conflict when all of this holds:
//!
//! 1. they may answer one person: one programme, a nation in common, no two localities;
//! 2. they cite a fact in common, so that they speak of one subject;
//! 3. they use one phrase, with at least two words before the figure and, after it, a word that
//!    carries content (`birthday`, `years`, `weeks`);
//! 4. no figure of the one in that phrase is a figure of the other. A document that names both
//!    values (`in England … 71st birthday, in Wales … 70th birthday`) thus conflicts with neither.
//!
//! The rule is blind to paraphrases on purpose: what it reports is worth reading.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::figures;
use super::links::may_meet;
use super::vocabulary::is_content;
use super::{Findings, Rule};
use crate::corpus::document::{Block, Document};
use crate::text::fold::words;
use crate::text::place::line_and_column;

/// Words of a phrase before its figure, at most and at least.
const BEFORE: usize = 3;
const BEFORE_AT_LEAST: usize = 2;

/// What a document states in one phrase.
struct Stated<'a> {
    document: &'a Document,
    values: BTreeSet<String>,
    /// Byte of the first figure.
    offset: usize,
}

pub(super) fn check(documents: &[&Document], findings: &mut Findings) {
    let mut phrases: BTreeMap<String, Vec<Stated<'_>>> = BTreeMap::new();
    for &document in documents.iter().filter(|document| !document.facts.is_empty()) {
        for (phrase, value, offset) in stated(document) {
            let users = phrases.entry(phrase).or_default();
            match users.last_mut().filter(|last| last.document.id == document.id) {
                Some(last) => {
                    last.values.insert(value);
                }
                None => users.push(Stated { document, values: [value].into(), offset }),
            }
        }
    }
    for (phrase, users) in &phrases {
        for (n, later) in users.iter().enumerate() {
            if let Some(earlier) = users[..n].iter().find(|earlier| conflict(earlier, later)) {
                report(phrase, earlier, later, findings);
            }
        }
    }
}

fn conflict(a: &Stated<'_>, b: &Stated<'_>) -> bool {
    a.values.is_disjoint(&b.values)
        && may_meet(a.document, b.document)
        && a.document.facts.iter().any(|fact| b.document.facts.contains(fact))
}

fn report(phrase: &str, earlier: &Stated<'_>, later: &Stated<'_>, findings: &mut Findings) {
    let list = |stated: &Stated<'_>| {
        stated.values.iter().map(String::as_str).collect::<Vec<_>>().join(" and ")
    };
    let line = line_and_column(&earlier.document.text, earlier.offset).0;
    let message = format!(
        "`{phrase}` is {} here and {} in {}:{line}",
        list(later),
        list(earlier),
        earlier.document.path
    );
    let cure = "follow the newer official source in both, or say in each for whom it holds";
    findings.at(later.document, later.offset, Rule::ConflictingFigures, message, cure);
}

/// The phrases of a document: phrase, figure, byte of the figure.
fn stated(document: &Document) -> Vec<(String, String, usize)> {
    let sentences = document.blocks.iter().flat_map(|block| match block {
        Block::Heading { .. } => &[][..],
        Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => sentences,
    });
    sentences
        .flat_map(|span| {
            let start = span.start;
            phrases(document.slice(span)).into_iter().map(move |(p, v, at)| (p, v, start + at))
        })
        .collect()
}

fn phrases(sentence: &str) -> Vec<(String, String, usize)> {
    let figures = figures(sentence);
    let figure_at = |at: usize| figures.iter().position(|figure| figure.span.contains(&at));
    let mut tokens: Vec<(String, Option<usize>)> = Vec::new();
    for word in words(sentence) {
        match figure_at(word.start) {
            Some(n) if tokens.last().is_some_and(|(_, last)| *last == Some(n)) => {}
            Some(n) => tokens.push(("#".to_owned(), Some(n))),
            None => tokens.push((word.folded, None)),
        }
    }
    let mut found = Vec::new();
    for (at, (_, figure)) in tokens.iter().enumerate() {
        let Some(figure) = figure.and_then(|n| figures.get(n)) else {
            continue;
        };
        let Some((after, _)) = tokens.get(at + 1).filter(|(word, _)| is_content(word)) else {
            continue;
        };
        if at < BEFORE_AT_LEAST {
            continue;
        }
        let before: Vec<&str> =
            tokens[at.saturating_sub(BEFORE)..at].iter().map(|(word, _)| word.as_str()).collect();
        let phrase = format!("{} # {after}", before.join(" "));
        found.push((phrase, figure.value.clone(), figure.span.start));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_hold_their_figures_apart() {
        let found = phrases("Invitations go up to the 71st birthday, every 3 years, 1 in 4 women.");
        let shown: Vec<_> = found.iter().map(|(p, v, _)| (p.as_str(), v.as_str())).collect();
        let expect = [
            ("up to the # birthday", "71"),
            ("# birthday every # years", "3"),
            ("years # in # women", "4"),
        ];
        assert_eq!(shown, expect);
    }
}
