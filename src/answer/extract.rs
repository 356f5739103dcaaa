//! Which of a passage's units to quote.
//!
//! A passage of up to three sentences is quoted whole. Of a longer one, the run of neighbouring
//! units that covers most of the query's idf is quoted, up to three sentences; ties go to the
//! shorter run, then to the earlier one. A list counts as one unit where it is short enough to
//! be read whole, so that a choice of items is not mistaken for all of them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::corpus::document::{Block, Document, Passage, Unit};
use crate::text::analyse::Analyzer;

/// Sentences an answer quotes at most, unless one unit alone holds more.
pub const MOST_SENTENCES: usize = 3;
/// Bytes up to which a list is quoted whole.
const WHOLE_LIST: usize = 700;
/// Bytes an answer may have at most: what one message of the channel holds.
pub const MOST_BYTES: usize = 2000;

/// A term of the query with everything that counts as holding it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryTerm {
    /// The term, its typo variants and its concepts.
    pub forms: Vec<String>,
    /// Its idf, as the lexical retriever used it.
    pub idf: f64,
}

/// A run of units that stay together.
struct Group<'a> {
    units: &'a [Unit],
    sentences: usize,
}

/// The spans of a passage to quote for a query. Empty when nothing of it may be quoted.
pub fn extract(
    document: &Document,
    passage: &Passage,
    analyzer: &Analyzer,
    query: &[QueryTerm],
) -> Vec<Range<usize>> {
    let groups = groups(&passage.units);
    let weights: Vec<Vec<(usize, f64)>> =
        groups.iter().map(|g| matched(document, g, analyzer, query)).collect();
    let mut best: Option<(f64, usize, usize, usize)> = None;
    for start in 0..groups.len() {
        let mut covered: BTreeMap<usize, f64> = BTreeMap::new();
        let mut sentences = 0;
        for end in start..groups.len() {
            sentences += groups[end].sentences;
            let fits = end == start || sentences <= MOST_SENTENCES;
            if !fits || !groups[end].units.iter().all(|u| u.quotable) {
                break;
            }
            covered.extend(weights[end].iter().copied());
            let whole = groups.len() == end + 1 && start == 0;
            // Short passages are written to be read whole.
            let score = if whole { f64::INFINITY } else { covered.values().sum() };
            let better = best.is_none_or(|(most, length, ..)| {
                score > most || (score >= most && end - start < length)
            });
            if better {
                best = Some((score, end - start, start, end));
            }
        }
    }
    let Some((_, _, start, end)) = best else {
        return Vec::new();
    };
    let units = groups[start..=end].iter().flat_map(|g| g.units);
    join_spans(document, units.flat_map(|u| u.spans.iter().cloned()))
}

/// Share of the query's idf that the headings and the body of a passage hold, from 0 to 1.
pub fn coverage(passage: &Passage, analyzer: &Analyzer, query: &[QueryTerm]) -> f64 {
    let text = format!("{}\n{}", passage.headings.join("\n"), passage.body);
    let analysis = analyzer.analyse(&text);
    let held = analysis.frequencies();
    let (mut total, mut covered) = (0.0, 0.0);
    for term in query {
        total += term.idf;
        if term.forms.iter().any(|form| held.contains_key(form.as_str())) {
            covered += term.idf;
        }
    }
    if total > 0.0 { covered / total } else { 0.0 }
}

/// Sentences in some spans, counted as units count them: one a span.
pub fn sentences(passage: &Passage, spans: &[Range<usize>]) -> usize {
    let units = passage.units.iter().flat_map(|unit| &unit.spans);
    units.filter(|s| spans.iter().any(|q| q.start <= s.start && s.end <= q.end)).count()
}

/// All spans of a document's body, for fixed texts, which are sent whole.
pub fn whole(document: &Document) -> Vec<Range<usize>> {
    let spans = document.blocks.iter().flat_map(|block| match block {
        Block::Heading { .. } => Vec::new(),
        Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => sentences.clone(),
    });
    join_spans(document, spans)
}

/// The text made of some spans: a blank between sentences, a line of its own for list items.
pub fn render(document: &Document, spans: &[Range<usize>]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Range<usize>> = None;
    for span in spans {
        if let Some(previous) = previous {
            let between = document.text.get(previous.end..span.start).unwrap_or_default();
            let item = document.text[..span.start].ends_with("- ");
            text.push_str(match (item, between.contains("\n\n")) {
                (true, _) => "\n- ",
                (false, true) => "\n",
                (false, false) => " ",
            });
        }
        text.push_str(document.slice(span));
        previous = Some(span);
    }
    text
}

/// Drops repeated lead-ins and joins sentences that stand on one line into one span.
fn join_spans(document: &Document, spans: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for span in spans {
        if joined.iter().any(|known| known.start <= span.start && span.end <= known.end) {
            continue;
        }
        match joined.last_mut() {
            Some(last)
                if document
                    .text
                    .get(last.end..span.start)
                    .is_some_and(|gap| gap.chars().all(|c| c == ' ')) =>
            {
                last.end = span.end;
            }
            _ => joined.push(span),
        }
    }
    joined
}

fn groups(units: &[Unit]) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let lead_in = |unit: &Unit| (unit.spans.len() > 1).then(|| unit.spans[0].clone());
    for run in units.chunk_by(|a, b| lead_in(a).is_some() && lead_in(a) == lead_in(b)) {
        let bytes: usize = run.iter().flat_map(|u| &u.spans).map(Range::len).sum();
        if run.len() > 1 && bytes <= WHOLE_LIST {
            groups.push(Group { units: run, sentences: MOST_SENTENCES });
        } else {
            groups.extend(
                run.chunks(1).map(|one| Group { units: one, sentences: one[0].spans.len() }),
            );
        }
    }
    groups
}

/// Numbers and idf of the query terms that a group holds.
fn matched(
    document: &Document,
    group: &Group<'_>,
    analyzer: &Analyzer,
    query: &[QueryTerm],
) -> Vec<(usize, f64)> {
    let spans = group.units.iter().flat_map(|u| &u.spans);
    let text = spans.map(|span| document.slice(span)).collect::<Vec<_>>().join("\n");
    let analysis = analyzer.analyse(&text);
    let held = analysis.frequencies();
    let holds = |term: &QueryTerm| term.forms.iter().any(|f| held.contains_key(f.as_str()));
    query.iter().enumerate().filter(|(_, t)| holds(t)).map(|(i, t)| (i, t.idf)).collect()
}
