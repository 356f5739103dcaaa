//! Where is a document cut into passages, and which parts of it may be quoted?
//!
//! A passage stands in one section, is cut between units, and holds at most
//! [`PASSAGE_TOKENS`] tokens. A unit (a sentence, a list item with its lead-in, a keep group) is
//! never split; one that is longer than a passage may be is a passage of its own. A list may be
//! cut between its items: the lead-in is then repeated at the head of the next passage's body.
//! In the plain format only, a sentence that is too long is cut between words, and its pieces may
//! not be quoted.
//!
//! Invariants: every sentence lies in exactly one passage's span, in order; spans slice the
//! document's file; the same document and counter give the same passages. This module does not
//! know the tokenizer: whoever calls brings a counter.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::document::{Block, Cut, Document, Format, PASSAGE_TOKENS, Passage, Unit};
use crate::ids::PassageId;
use crate::text::segment::trim;

/// Cuts a document. `count_tokens` counts what the embedding model would see, special tokens
/// apart.
pub fn split(document: &Document, count_tokens: &dyn Fn(&str) -> usize) -> Vec<Passage> {
    let mut cutter = Cutter {
        document,
        count_tokens,
        limit: match document.cut {
            Cut::Sections => PASSAGE_TOKENS,
            Cut::Whole => usize::MAX,
        },
        passages: Vec::new(),
        open: None,
    };
    let mut headings = Headings::default();
    for part in parts(document) {
        match part {
            Part::Heading { level, span } if document.cut == Cut::Sections => {
                cutter.close();
                headings.enter(level, document.slice(&span));
            }
            Part::Heading { .. } => {}
            Part::Quotable(atom) => cutter.add(atom, &headings.path),
        }
    }
    cutter.close();
    cutter.passages
}

/// What is never split, in order, however the document is cut into passages.
pub(super) fn units(document: &Document) -> Vec<Unit> {
    parts(document)
        .into_iter()
        .filter_map(|part| match part {
            Part::Heading { .. } => None,
            Part::Quotable(atom) => Some(Unit { spans: atom.quote, quotable: true }),
        })
        .collect()
}

/// The headings above a place.
#[derive(Default)]
struct Headings {
    path: Vec<String>,
}

impl Headings {
    /// A heading of level 2 is the only one above its text; level 3 stands below a level 2.
    fn enter(&mut self, level: u8, text: &str) {
        self.path.truncate(usize::from(level.saturating_sub(2)));
        self.path.push(text.to_owned());
    }
}

enum Part {
    Heading { level: u8, span: Range<usize> },
    Quotable(Atom),
}

/// What is never split.
struct Atom {
    /// What is quoted: the lead-in first for a list item.
    quote: Vec<Range<usize>>,
    /// The sentences that stand here and in no other atom.
    own: Vec<Range<usize>>,
    /// The lead-in, where it stands in an earlier atom.
    lead_in: Option<Range<usize>>,
    /// Whether the unit may be quoted.
    quotable: bool,
}

impl Atom {
    fn sentence(span: Range<usize>) -> Self {
        Self { quote: vec![span.clone()], own: vec![span], lead_in: None, quotable: true }
    }

    /// A list item, for now without its lead-in as its own.
    fn item(lead_in: Range<usize>, sentences: &[Range<usize>]) -> Self {
        let mut quote = vec![lead_in.clone()];
        quote.extend_from_slice(sentences);
        Self { quote, own: sentences.to_vec(), lead_in: Some(lead_in), quotable: true }
    }

    fn extend(&mut self, sentences: &[Range<usize>]) {
        self.quote.extend_from_slice(sentences);
        self.own.extend_from_slice(sentences);
    }
}

/// The headings and the atoms of a document, in order.
fn parts(document: &Document) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut group: Option<u32> = None;
    for (at, block) in document.blocks.iter().enumerate() {
        let (sentences, keep) = match block {
            Block::Heading { level, span } => {
                parts.push(Part::Heading { level: *level, span: span.clone() });
                group = None;
                continue;
            }
            Block::Paragraph { sentences, keep } | Block::Item { sentences, keep, .. } => {
                (sentences, *keep)
            }
        };
        if keep.is_some()
            && keep == group
            && let Some(Part::Quotable(atom)) = parts.last_mut()
        {
            atom.extend(sentences);
            continue;
        }
        group = keep;
        let is_lead_in = leads_into(document.blocks.get(at + 1), sentences.last());
        parts.extend(open(block, sentences, keep.is_some(), is_lead_in).map(Part::Quotable));
    }
    own_lead_ins(&mut parts);
    parts
}

/// Whether the next block is an item that a sentence leads into.
fn leads_into(next: Option<&Block>, last: Option<&Range<usize>>) -> bool {
    matches!(next, Some(Block::Item { lead_in, .. }) if Some(lead_in) == last)
}

/// The atoms of a block that continues no keep group.
fn open(
    block: &Block,
    sentences: &[Range<usize>],
    is_kept: bool,
    is_lead_in: bool,
) -> impl Iterator<Item = Atom> + use<> {
    let atoms: Vec<Atom> = match block {
        Block::Item { lead_in, .. } => vec![Atom::item(lead_in.clone(), sentences)],
        _ if is_kept => sentences.split_first().map_or_else(Vec::new, |(first, rest)| {
            let mut atom = Atom::sentence(first.clone());
            atom.extend(rest);
            vec![atom]
        }),
        _ => {
            let alone = sentences.len() - usize::from(is_lead_in && !sentences.is_empty());
            sentences[..alone].iter().cloned().map(Atom::sentence).collect()
        }
    };
    atoms.into_iter()
}

/// Gives each lead-in to the first item that is quoted with it.
fn own_lead_ins(parts: &mut [Part]) {
    let mut seen: Option<Range<usize>> = None;
    for part in parts {
        let Part::Quotable(atom) = part else { continue };
        if let Some(lead_in) = &atom.lead_in
            && seen.as_ref() != Some(lead_in)
        {
            seen = Some(lead_in.clone());
            atom.own.insert(0, lead_in.clone());
            atom.lead_in = None;
        }
    }
}

/// A passage in the making.
struct Open {
    headings: Vec<String>,
    span: Range<usize>,
    body: String,
    tokens: usize,
    units: Vec<Unit>,
    lead_in: Option<Range<usize>>,
}

struct Cutter<'a> {
    document: &'a Document,
    count_tokens: &'a dyn Fn(&str) -> usize,
    limit: usize,
    passages: Vec<Passage>,
    open: Option<Open>,
}

impl Cutter<'_> {
    /// Adds an atom to the open passage if it fits, or to a new one.
    fn add(&mut self, atom: Atom, headings: &[String]) {
        let Some(span) = hull(&atom.own) else { return };
        let lead_in = atom.quote.first().filter(|_| atom.quote.len() > 1).cloned();
        if let Some(mut open) = self.open.take() {
            let repeats = atom.lead_in.as_ref().filter(|l| open.lead_in.as_ref() != Some(l));
            let body = self.joined(&open.body, repeats, &atom.own);
            let tokens = (self.count_tokens)(&body);
            if tokens <= self.limit {
                open.body = body;
                open.tokens = tokens;
                open.span.end = span.end;
                open.units.push(Unit { spans: atom.quote, quotable: atom.quotable });
                open.lead_in = lead_in;
                self.open = Some(open);
                return;
            }
            self.open = Some(open);
            self.close();
        }
        let body = self.joined("", atom.lead_in.as_ref(), &atom.own);
        let tokens = (self.count_tokens)(&body);
        if tokens > self.limit
            && self.document.format == Format::Plain
            && let [sentence] = atom.own.as_slice()
            && let Some(pieces) = self.cut_sentence(sentence)
        {
            for piece in pieces {
                self.add(Atom { quotable: false, ..Atom::sentence(piece) }, headings);
            }
            return;
        }
        self.open = Some(Open {
            headings: headings.to_vec(),
            span,
            body,
            tokens,
            units: vec![Unit { spans: atom.quote, quotable: atom.quotable }],
            lead_in,
        });
    }

    /// A body with sentences added, all joined by blanks.
    fn joined(&self, body: &str, lead_in: Option<&Range<usize>>, own: &[Range<usize>]) -> String {
        let mut body = body.to_owned();
        for span in lead_in.into_iter().chain(own) {
            if !body.is_empty() {
                body.push(' ');
            }
            body.push_str(self.document.slice(span));
        }
        body
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let ordinal = u32::try_from(self.passages.len()).unwrap_or(u32::MAX);
        self.passages.push(Passage {
            id: PassageId::new(self.document.id.clone(), ordinal),
            headings: open.headings,
            span: open.span,
            body: open.body,
            tokens: u32::try_from(open.tokens).unwrap_or(u32::MAX),
            units: open.units,
        });
    }

    /// Cuts a sentence between words (UAX #29) into pieces within the limit, each as long as it
    /// can be; a word beyond the limit is a piece of its own. `None` when it is one word.
    fn cut_sentence(&self, sentence: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let text = self.document.slice(sentence);
        let ends: Vec<usize> =
            text.split_word_bound_indices().map(|(at, word)| at + word.len()).collect();
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut first = 0;
        while first < ends.len() {
            let fits = |words: usize| {
                let piece = text[start..ends[first + words - 1]].trim();
                (self.count_tokens)(piece) <= self.limit
            };
            let words = largest(ends.len() - first, fits);
            let end = ends[first + words - 1];
            pieces.extend(trim(
                self.document.text.as_str(),
                sentence.start + start..sentence.start + end,
            ));
            start = end;
            first += words;
        }
        (pieces.len() > 1).then_some(pieces)
    }
}

/// From the first byte to one past the last of some spans.
fn hull(spans: &[Range<usize>]) -> Option<Range<usize>> {
    let start = spans.iter().map(|span| span.start).min()?;
    let end = spans.iter().map(|span| span.end).max()?;
    Some(start..end)
}

/// A number of words, 1 to `limit`, that fits; the largest one when fewer words fit whenever
/// more do. 1 when none fits. Doubles, then halves, so that a long sentence is not counted once
/// a word.
fn largest(limit: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut good = 1;
    let mut step = 1;
    while good < limit && fits((good + step).min(limit)) {
        good = (good + step).min(limit);
        step *= 2;
    }
    while step > 0 {
        if good + step <= limit && fits(good + step) {
            good += step;
        }
        step /= 2;
    }
    good
}

#[cfg(test)]
mod tests;
