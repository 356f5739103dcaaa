//! Which passages say the same in the same words?
//!
//! Passages are compared as sets of shingles of three folded words (a shorter passage is one
//! shingle), by their Jaccard coefficient. Pairs are found with prefix filtering over shingles
//! ordered by rarity (Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", WWW
//! 2007), which loses no pair at or above the threshold. Passages whose documents hold for
//! different nations, or belong to different localities, may resemble each other: they differ in
//! the figure that matters.

use std::collections::HashMap;

use super::links::share_people;
use super::{Findings, Rule};
use crate::corpus::document::{Document, Passage};
use crate::corpus::split::split;
use crate::text::fold::words;
use crate::text::place::line_and_column;

/// Jaccard coefficient of word 3-shingles from which two passages are near-duplicates.
pub const NEAR_DUPLICATE: f64 = 0.8;

/// Words in a shingle.
const SHINGLE: usize = 3;

struct Entry<'a> {
    document: &'a Document,
    passage: Passage,
    /// Shingles by rarity, the rarest first, each once.
    shingles: Vec<u32>,
    words: Vec<String>,
}

pub(super) fn check(documents: &[&Document], findings: &mut Findings) {
    let mut entries = entries(documents);
    order_by_rarity(&mut entries);
    let mut with_prefix: HashMap<u32, Vec<usize>> = HashMap::new();
    for at in 0..entries.len() {
        let prefix = prefix_length(entries[at].shingles.len());
        let mut earlier: Vec<usize> = entries[at].shingles[..prefix]
            .iter()
            .filter_map(|shingle| with_prefix.get(shingle))
            .flatten()
            .copied()
            .collect();
        earlier.sort_unstable();
        earlier.dedup();
        let best = earlier
            .into_iter()
            .filter(|&other| comparable(&entries[other], &entries[at]))
            .map(|other| (other, jaccard(&entries[other].shingles, &entries[at].shingles)))
            .filter(|(_, similarity)| *similarity >= NEAR_DUPLICATE)
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((other, similarity)) = best {
            report(&entries[other], &entries[at], similarity, findings);
        }
        for shingle in &entries[at].shingles[..prefix] {
            with_prefix.entry(*shingle).or_default().push(at);
        }
    }
}

fn comparable(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    a.document.id == b.document.id || share_people(a.document, b.document)
}

fn report(earlier: &Entry<'_>, later: &Entry<'_>, similarity: f64, findings: &mut Findings) {
    let same = earlier.words == later.words;
    let rule = if same { Rule::DuplicatePassage } else { Rule::NearDuplicatePassage };
    let line = line_and_column(&earlier.document.text, earlier.passage.span.start).0;
    let place = format!("{}:{line}", earlier.document.path);
    let message = if same {
        format!("the passage has the words of {place}")
    } else {
        format!("the passage shares {similarity:.2} of its shingles with {place}")
    };
    let cure = "say it in one document, and name that document in `see_also`";
    findings.at(later.document, later.passage.span.start, rule, message, cure);
}

/// The passages of all documents, in order, with their shingles by first appearance.
fn entries<'a>(documents: &[&'a Document]) -> Vec<Entry<'a>> {
    let count_words = |text: &str| text.split_whitespace().count();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut entries = Vec::new();
    for document in documents {
        for passage in split(document, &count_words) {
            let words: Vec<String> = words(&passage.body).map(|word| word.folded).collect();
            let size = SHINGLE.min(words.len()).max(1);
            let mut shingles: Vec<u32> = words
                .windows(size)
                .map(|window| {
                    let next = numbers.len() as u32;
                    *numbers.entry(window.join(" ")).or_insert(next)
                })
                .collect();
            shingles.sort_unstable();
            shingles.dedup();
            entries.push(Entry { document, passage, shingles, words });
        }
    }
    entries
}

/// Renumbers shingles by the number of passages that hold them, the rarest first.
fn order_by_rarity(entries: &mut [Entry<'_>]) {
    let size = entries.iter().filter_map(|e| e.shingles.last()).max().map_or(0, |&n| n + 1);
    let mut holders = vec![0_u32; size as usize];
    for shingle in entries.iter().flat_map(|entry| &entry.shingles) {
        holders[*shingle as usize] += 1;
    }
    let mut by_rarity: Vec<u32> = (0..size).collect();
    by_rarity.sort_by_key(|&shingle| (holders[shingle as usize], shingle));
    let mut rank = vec![0_u32; size as usize];
    for (place, shingle) in by_rarity.into_iter().enumerate() {
        rank[shingle as usize] = place as u32;
    }
    for entry in entries {
        for shingle in &mut entry.shingles {
            *shingle = rank[*shingle as usize];
        }
        entry.shingles.sort_unstable();
    }
}

/// How many of a set's rarest shingles must be looked at so that no pair is missed: two sets
/// with a coefficient of at least t share at least ⌈t·n⌉ members, so one of the first
/// n − ⌈t·n⌉ + 1.
fn prefix_length(size: usize) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "a share of a length is not negative")]
    let shared = (NEAR_DUPLICATE * size as f64).ceil() as usize;
    size - shared.min(size) + usize::from(size > 0)
}

/// Jaccard coefficient of two sorted sets; 0 when both are empty.
fn jaccard(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let union = a.len() + b.len() - shared;
    if union == 0 { 0.0 } else { shared as f64 / union as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus::testing::document;

    proptest! {
        #[test]
        fn blocking_loses_no_pair(
            texts in proptest::collection::vec("(a|b|c|d)( (a|b|c|d|e f g h i j)){0,12}", 2..9)
        ) {
            let documents: Vec<Document> = texts
                .iter()
                .enumerate()
                .map(|(n, text)| document(&format!("d{n}"), "format = \"plain\"", text))
                .collect();
            let documents: Vec<&Document> = documents.iter().collect();
            let mut found = Findings::default();
            check(&documents, &mut found);
            let mut entries = entries(&documents);
            order_by_rarity(&mut entries);
            let mut expect = 0;
            for at in 0..entries.len() {
                let near = |e: &Entry<'_>| {
                    jaccard(&e.shingles, &entries[at].shingles) >= NEAR_DUPLICATE
                };
                expect += usize::from(entries[..at].iter().any(near));
            }
            prop_assert_eq!(found.0.len(), expect);
        }
    }
}
