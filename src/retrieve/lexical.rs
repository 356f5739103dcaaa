//! BM25F over tantivy's postings.
//!
//! For a query term g and a row r, with w_f and b_f the field's weight and length
//! normalisation, len_f the field's length and avg_f its mean over all rows:
//!
//! ```text
//! tf'(g, r)  = sum over fields f of  w_f * tf_f / (1 - b_f + b_f * len_f / avg_f)
//! score(r)   = sum over terms g of   count(g) * idf(g) * (k1 + 1) * tf' / (k1 + tf')
//! idf(g)     = ln(1 + (N - df + 0.5) / (df + 0.5))
//! ```
//!
//! Zaragoza, Craswell, Taylor, Saria, Robertson: Microsoft Cambridge at TREC-13 (2004), the
//! simple BM25 extension of weighted fields; idf is Lucene's, never negative. df counts rows
//! that hold the term in any weighted field; N counts all rows. With one field of weight 1 this
//! is textbook BM25.
//!
//! A query term together with its expansions counts once: its typo variants add up like
//! inflections of one word; a concept (synonyms) is another reading of the same word, and of
//! several readings the most frequent one counts in each field.
//!
//! The attainable maximum is sum of count * idf * (k1 + 1): what a passage of endless
//! repetitions would approach.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BoundQuery, Hit, MatchedTerm, Matches, Ranking, RetrieveError, Retriever, RetrieverExplanation,
    Row,
};
use crate::index::postings::{Postings, PostingsError, TextField};
use crate::index::settings::LexicalSettings;
use crate::score::Score;
use crate::text::analyse::Analyzer;

/// Terms shorter than this are never corrected: too many words lie near a short one.
const TYPO_LEAST_LENGTH: usize = 4;
/// Longer words are never corrected: no word of guidance is that long.
const TYPO_MOST_LENGTH: usize = 40;
/// From this length on, two edits are allowed.
const TYPO_TWO_EDITS: usize = 8;

/// The lexical retriever.
#[derive(Debug)]
pub struct Lexical {
    postings: Arc<Postings>,
    analyzer: Arc<Analyzer>,
    settings: LexicalSettings,
}

/// One query term with its expansions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    /// The term as analysed.
    term: String,
    /// How often the query holds it.
    count: u32,
    /// What is looked up for it: the term itself, or its nearest terms when it is unknown.
    variants: Vec<String>,
    /// Other readings.
    concepts: Vec<String>,
}

/// A group with its statistics.
#[derive(Debug)]
struct Weighted {
    group: Group,
    df: u32,
    idf: f64,
}

impl Lexical {
    /// A retriever over some postings.
    pub fn new(
        postings: Arc<Postings>,
        analyzer: Arc<Analyzer>,
        settings: LexicalSettings,
    ) -> Lexical {
        Lexical { postings, analyzer, settings }
    }

    fn groups(&self, text: &str) -> Result<Vec<Group>, PostingsError> {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for term in self.analyzer.analyse(text).terms {
            if let Some(group) = groups.get_mut(&term.text) {
                group.count += 1;
                if self.settings.synonyms {
                    group.concepts.extend(term.concepts);
                }
                continue;
            }
            let variants = self.variants(&term.text)?;
            let concepts = if self.settings.synonyms { term.concepts } else { Vec::new() };
            let group = Group { term: term.text.clone(), count: 1, variants, concepts };
            groups.insert(term.text, group);
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        for group in &mut groups {
            group.concepts.sort();
            group.concepts.dedup();
        }
        Ok(groups)
    }

    fn variants(&self, term: &str) -> Result<Vec<String>, PostingsError> {
        let length = term.chars().count();
        let correctable = self.settings.typos
            && (TYPO_LEAST_LENGTH..=TYPO_MOST_LENGTH).contains(&length)
            && term.chars().all(char::is_alphabetic);
        if !correctable || self.postings.contains(term)? {
            return Ok(vec![term.to_owned()]);
        }
        let distance = if length >= TYPO_TWO_EDITS { 2 } else { 1 };
        let mut nearest = self.postings.nearest_terms(term, distance)?;
        // The first letter is rarely mistyped; in short words a change of it is another word.
        nearest
            .retain(|near| length >= TYPO_TWO_EDITS || near.chars().next() == term.chars().next());
        if nearest.is_empty() {
            nearest.push(term.to_owned());
        }
        Ok(nearest)
    }

    /// Calls `visit(row, tf')` once for every row the group matches, in an unspecified order.
    fn visit_group(
        &self,
        group: &Group,
        scratch: &mut Scratch,
        mut visit: impl FnMut(u32, f64),
    ) -> Result<(), PostingsError> {
        if group.concepts.is_empty() {
            for field in TextField::ALL {
                let Some(norm) = self.norm(field) else {
                    continue;
                };
                for variant in &group.variants {
                    self.postings.visit(field, variant, |row, tf| {
                        let length = self.postings.length(field, row);
                        scratch.add(row, f64::from(tf) * norm.factor(length));
                    })?;
                }
            }
            scratch.drain(visit);
            return Ok(());
        }
        // (row, field, reading) -> frequency; readings: 0 the word, 1.. its concepts.
        let mut entries: Vec<(u32, TextField, usize, u32)> = Vec::new();
        for field in TextField::ALL {
            if self.norm(field).is_none() {
                continue;
            }
            let readings = group
                .variants
                .iter()
                .map(|v| (0, v))
                .chain(group.concepts.iter().enumerate().map(|(i, c)| (i + 1, c)));
            for (reading, text) in readings {
                self.postings
                    .visit(field, text, |row, tf| entries.push((row, field, reading, tf)))?;
            }
        }
        entries.sort_unstable();
        for of_row in entries.chunk_by(|a, b| a.0 == b.0) {
            let row = of_row[0].0;
            let mut total = 0.0;
            for of_field in of_row.chunk_by(|a, b| a.1 == b.1) {
                let field = of_field[0].1;
                let Some(norm) = self.norm(field) else {
                    continue;
                };
                total += f64::from(most_frequent_reading(of_field))
                    * norm.factor(self.postings.length(field, row));
            }
            visit(row, total);
        }
        Ok(())
    }

    fn norm(&self, field: TextField) -> Option<Norm> {
        let settings = self.settings.fields()[field as usize];
        let average = self.postings.average_length(field);
        (settings.weight > 0.0 && average > 0.0).then_some(Norm {
            weight: settings.weight,
            b: settings.b,
            average,
        })
    }

    fn saturate(&self, tf: f64) -> f64 {
        (self.settings.k1 + 1.0) * tf / (self.settings.k1 + tf)
    }
}

fn most_frequent_reading(entries: &[(u32, TextField, usize, u32)]) -> u32 {
    entries
        .chunk_by(|a, b| a.2 == b.2)
        .map(|reading| reading.iter().map(|e| e.3).sum())
        .max()
        .unwrap_or(0)
}

#[derive(Clone, Copy)]
struct Norm {
    weight: f64,
    b: f64,
    average: f64,
}

impl Norm {
    fn factor(&self, length: u32) -> f64 {
        self.weight / (1.0 - self.b + self.b * f64::from(length) / self.average)
    }
}

/// Per-row sums that are reset after every term.
struct Scratch {
    values: Vec<f64>,
    touched: Vec<u32>,
}

impl Scratch {
    fn new(rows: u32) -> Scratch {
        Scratch { values: vec![0.0; rows as usize], touched: Vec::new() }
    }

    fn add(&mut self, row: u32, value: f64) {
        let slot = &mut self.values[row as usize];
        if *slot == 0.0 {
            self.touched.push(row);
        }
        *slot += value;
    }

    fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for row in self.touched.drain(..) {
            visit(row, std::mem::take(&mut self.values[row as usize]));
        }
    }
}

/// idf of a term that `df` of `rows` rows hold: ln(1 + (N - df + 0.5) / (df + 0.5)).
pub fn idf(rows: u32, df: u32) -> f64 {
    let (n, df) = (f64::from(rows), f64::from(df));
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln()
}

struct BoundLexical<'a> {
    lexical: &'a Lexical,
    terms: Vec<Weighted>,
    scores: Scratch,
    maximum: f64,
}

impl Retriever for Lexical {
    fn name(&self) -> &'static str {
        "lexical"
    }

    fn bind<'a>(&'a self, text: &str) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError> {
        let rows = self.postings.rows();
        let mut scratch = Scratch::new(rows);
        let mut scores = Scratch::new(rows);
        let mut terms = Vec::new();
        let mut maximum = 0.0;
        for group in self.groups(text)? {
            let mut matched = Vec::new();
            self.visit_group(&group, &mut scratch, |row, tf| matched.push((row, tf)))?;
            let df = matched.len() as u32;
            let idf = idf(rows, df);
            let weight = f64::from(group.count) * idf;
            for (row, tf) in matched {
                scores.add(row, weight * self.saturate(tf));
            }
            if df > 0 || self.settings.count_unseen {
                maximum += weight * (self.settings.k1 + 1.0);
            }
            terms.push(Weighted { group, df, idf });
        }
        Ok(Box::new(BoundLexical { lexical: self, terms, scores, maximum }))
    }
}

impl BoundQuery for BoundLexical<'_> {
    fn top(&self, depth: usize) -> Ranking {
        let hits = self.scores.touched.iter().map(|&row| {
            let row = Row(row);
            Hit { row, score: self.score(row) }
        });
        Ranking::top(hits, depth)
    }

    fn score(&self, row: Row) -> Score {
        let value = self.scores.values.get(row.0 as usize).copied().unwrap_or(0.0);
        // Sums of finite products of checked settings are finite.
        Score::new(value).unwrap_or(Score::ZERO)
    }

    fn attainable_maximum(&self) -> f64 {
        self.maximum
    }

    fn explain(&self, row: Row) -> Result<RetrieverExplanation, RetrieveError> {
        let mut terms = Vec::new();
        for weighted in &self.terms {
            terms.push(self.explain_term(weighted, row)?);
        }
        Ok(RetrieverExplanation::Lexical(LexicalExplanation {
            k1: self.lexical.settings.k1,
            rows: self.lexical.postings.rows(),
            terms,
            attainable_maximum: self.maximum,
            score: self.score(row).get(),
        }))
    }

    fn matches(&self, rows: &[Row]) -> Result<Option<Matches>, RetrieveError> {
        let postings = &self.lexical.postings;
        let mut held = vec![vec![0; self.terms.len()]; rows.len()];
        for (number, Weighted { group, .. }) in self.terms.iter().enumerate() {
            for field in TextField::ALL {
                if self.lexical.norm(field).is_none() {
                    continue;
                }
                for form in group.variants.iter().chain(&group.concepts) {
                    postings.visit(field, form, |row, _| {
                        if let Ok(place) = rows.binary_search(&Row(row)) {
                            held[place][number] |= 1 << field as u8;
                        }
                    })?;
                }
            }
        }
        let terms = self.terms.iter().map(|term| MatchedTerm {
            count: f64::from(term.group.count),
            idf: term.idf,
            document_frequency: term.df,
            is_guess: term.group.variants.len() > 1,
        });
        let lengths = |field| rows.iter().map(|row| postings.length(field, row.0)).collect();
        Ok(Some(Matches {
            rows: postings.rows(),
            terms: terms.collect(),
            held,
            title_lengths: lengths(TextField::Title),
            body_lengths: lengths(TextField::Body),
        }))
    }
}

impl BoundLexical<'_> {
    fn explain_term(
        &self,
        weighted: &Weighted,
        row: Row,
    ) -> Result<TermExplanation, RetrieveError> {
        let Weighted { group, df, idf } = weighted;
        let lexical = self.lexical;
        let mut fields = Vec::new();
        let mut tf_prime = 0.0;
        for field in TextField::ALL {
            let Some(norm) = lexical.norm(field) else {
                continue;
            };
            let mut readings = vec![0; group.concepts.len() + 1];
            // Typo variants are added one by one when scored; keep that order of sums.
            let mut parts = Vec::new();
            for variant in &group.variants {
                lexical.postings.visit(field, variant, |r, tf| {
                    if r == row.0 {
                        readings[0] += tf;
                        parts.push(tf);
                    }
                })?;
            }
            for (reading, concept) in group.concepts.iter().enumerate() {
                lexical.postings.visit(field, concept, |r, tf| {
                    if r == row.0 {
                        readings[reading + 1] += tf;
                    }
                })?;
            }
            let tf = readings.into_iter().max().unwrap_or(0);
            if tf == 0 {
                continue;
            }
            let length = lexical.postings.length(field, row.0);
            if group.concepts.is_empty() {
                for part in parts {
                    tf_prime += f64::from(part) * norm.factor(length);
                }
            } else {
                tf_prime += f64::from(tf) * norm.factor(length);
            }
            fields.push(FieldExplanation {
                field: field.as_str(),
                frequency: tf,
                length,
                average_length: norm.average,
                weight: norm.weight,
                b: norm.b,
            });
        }
        let score = f64::from(group.count) * idf * lexical.saturate(tf_prime);
        Ok(TermExplanation {
            term: group.term.clone(),
            count: group.count,
            variants: group.variants.clone(),
            concepts: group.concepts.clone(),
            document_frequency: *df,
            idf: *idf,
            fields,
            weighted_frequency: tf_prime,
            score: if tf_prime > 0.0 { score } else { 0.0 },
        })
    }
}

/// A BM25F score unfolded; see the module for the formula. The sum of the terms' scores, in
/// their order, is the score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LexicalExplanation {
    /// Saturation.
    pub k1: f64,
    /// N: rows of the snapshot.
    pub rows: u32,
    /// The query's terms, in the order they are summed.
    pub terms: Vec<TermExplanation>,
    /// Sum of count * idf * (k1 + 1).
    pub attainable_maximum: f64,
    /// The score.
    pub score: f64,
}

/// One term of a BM25F score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TermExplanation {
    /// The term as analysed.
    pub term: String,
    /// How often the query holds it.
    pub count: u32,
    /// What was looked up for it.
    pub variants: Vec<String>,
    /// Its concepts.
    pub concepts: Vec<String>,
    /// Rows that hold it.
    pub document_frequency: u32,
    /// idf, as used.
    pub idf: f64,
    /// Fields of this row that hold it.
    pub fields: Vec<FieldExplanation>,
    /// tf'.
    pub weighted_frequency: f64,
    /// count * idf * (k1 + 1) * tf' / (k1 + tf').
    pub score: f64,
}

/// One field of one term of a BM25F score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FieldExplanation {
    /// Name of the field.
    pub field: &'static str,
    /// Frequency of the term.
    pub frequency: u32,
    /// Length of the field, in terms.
    pub length: u32,
    /// Mean length of the field over all rows.
    pub average_length: f64,
    /// Weight of the field.
    pub weight: f64,
    /// Length normalisation of the field.
    pub b: f64,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "explanations recompute to the same bits")]

    use super::*;
    use crate::index::postings::write_postings;
    use crate::index::settings::FieldSettings;
    use crate::text::analyse::{Analysis, Synonyms};
    use proptest::prelude::*;

    struct Fixture {
        _folder: tempfile::TempDir,
        lexical: Lexical,
    }

    fn fixture(bodies: &[String], titles: &[String], settings: LexicalSettings) -> Fixture {
        let synonyms =
            Synonyms::parse("[[concept]]\nid = 'cs'\nphrases = ['cervical screening', 'smear']\n")
                .unwrap();
        let analyzer = Analyzer::new(&synonyms).unwrap();
        let analyse =
            |texts: &[String]| texts.iter().map(|t| analyzer.analyse(t)).collect::<Vec<_>>();
        let (bodies, titles, empty) = (analyse(bodies), analyse(titles), Analysis::default());
        let folder = tempfile::tempdir().unwrap();
        let rows = bodies.iter().zip(&titles).map(|(b, t)| [t, &empty, &empty, b]);
        write_postings(folder.path(), rows.collect::<Vec<_>>().into_iter(), 1).unwrap();
        let postings = Postings::open(folder.path(), bodies.len() as u32).unwrap();
        let lexical = Lexical::new(Arc::new(postings), Arc::new(analyzer), settings);
        Fixture { _folder: folder, lexical }
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&t| t.to_owned()).collect()
    }

    fn body_only() -> LexicalSettings {
        let off = FieldSettings { weight: 0.0, b: 0.75 };
        LexicalSettings { title: off, headings: off, questions: off, ..LexicalSettings::default() }
    }

    /// Textbook BM25 over white-space words, written without looking at the module above.
    fn textbook(bodies: &[String], query: &str) -> Vec<f64> {
        let docs: Vec<Vec<&str>> = bodies.iter().map(|b| b.split_whitespace().collect()).collect();
        let n = docs.len() as f64;
        let average = docs.iter().map(Vec::len).sum::<usize>() as f64 / n;
        docs.iter()
            .map(|doc| {
                query
                    .split_whitespace()
                    .map(|q| {
                        let df = docs.iter().filter(|d| d.contains(&q)).count() as f64;
                        let tf = doc.iter().filter(|&&w| w == q).count() as f64;
                        let k = 1.2 * (0.25 + 0.75 * doc.len() as f64 / average);
                        (1.0 + (n - df + 0.5) / (df + 0.5)).ln() * tf * 2.2 / (tf + k)
                    })
                    .sum()
            })
            .collect()
    }

    const VOCABULARY: [&str; 6] = ["lump", "kit", "scan", "gown", "hpv", "aorta"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn one_field_of_weight_one_is_textbook_bm25(
            docs in proptest::collection::vec(proptest::collection::vec(0..6usize, 1..12), 1..8),
            query in proptest::collection::vec(0..6usize, 1..5),
        ) {
            let text = |words: &[usize]| {
                words.iter().map(|&w| VOCABULARY[w]).collect::<Vec<_>>().join(" ")
            };
            let bodies: Vec<String> = docs.iter().map(|d| text(d)).collect();
            let settings = LexicalSettings { k1: 1.2, typos: false, ..body_only() };
            let fixture = fixture(&bodies, &vec![String::new(); bodies.len()], settings);
            let bound = fixture.lexical.bind(&text(&query)).unwrap();
            for (row, expected) in (0..).zip(textbook(&bodies, &text(&query))) {
                let score = bound.score(Row(row)).get();
                prop_assert!((score - expected).abs() < 1e-12, "{score} {expected}");
                prop_assert!(score <= bound.attainable_maximum());
            }
        }

        #[test]
        fn explanations_recompute_to_the_same_f64(
            docs in proptest::collection::vec(
                (proptest::collection::vec(0..6usize, 0..9), proptest::collection::vec(0..6usize, 0..3)),
                1..6,
            ),
            query in "(lump|smear|cervical screening|scann|kit| ){1,5}",
        ) {
            let text = |words: &[usize]| {
                words.iter().map(|&w| VOCABULARY[w]).collect::<Vec<_>>().join(" ")
            };
            let bodies: Vec<String> =
                docs.iter().map(|(b, _)| format!("{} smear smear", text(b))).collect();
            let titles: Vec<String> = docs.iter().map(|(_, t)| text(t)).collect();
            let fixture = fixture(&bodies, &titles, LexicalSettings::default());
            let bound = fixture.lexical.bind(&query).unwrap();
            for row in 0..bodies.len() as u32 {
                let RetrieverExplanation::Lexical(e) = bound.explain(Row(row)).unwrap() else {
                    panic!("a lexical explanation");
                };
                let recomputed: f64 = e.terms.iter().fold(0.0, |sum, t| {
                    let tf: f64 = t.fields.iter().fold(0.0, |sum, f| {
                        let norm = 1.0 - f.b + f.b * f64::from(f.length) / f.average_length;
                        sum + f64::from(f.frequency) * (f.weight / norm)
                    });
                    let n = f64::from(e.rows);
                    let df = f64::from(t.document_frequency);
                    assert_eq!((1.0 + (n - df + 0.5) / (df + 0.5)).ln(), t.idf);
                    if tf == 0.0 {
                        return sum;
                    }
                    sum + f64::from(t.count) * t.idf * ((e.k1 + 1.0) * tf / (e.k1 + tf))
                });
                prop_assert_eq!(recomputed, bound.score(Row(row)).get());
                prop_assert_eq!(e.score, recomputed);
            }
        }
    }

    #[test]
    fn a_synonym_finds_the_passage_and_counts_once() {
        let bodies = strings(&["cervical screening at 25", "breast screening", "a smear"]);
        let empty = vec![String::new(); 3];
        let fixture = fixture(&bodies, &empty, LexicalSettings::default());
        let bound = fixture.lexical.bind("smear").unwrap();
        assert_eq!(bound.top(10).hits().len(), 2);
        let RetrieverExplanation::Lexical(e) = bound.explain(Row(2)).unwrap() else { panic!() };
        assert_eq!(e.terms.len(), 1);
        assert_eq!((e.terms[0].document_frequency, e.terms[0].fields[0].frequency), (2, 1));
    }

    #[test]
    fn a_typo_finds_its_word_and_a_known_word_is_left_alone() {
        let bodies = strings(&["deodorant on the day", "the day of the scan"]);
        let fixture = fixture(&bodies, &strings(&["", ""]), LexicalSettings::default());
        let top = |query| fixture.lexical.bind(query).unwrap().top(9).first().map(|h| h.row);
        assert_eq!(top("deoderant"), Some(Row(0)));
        assert_eq!(top("scan"), Some(Row(1)));
        assert_eq!(top("zzz"), None);
    }

    #[test]
    fn free_text_is_never_query_syntax() {
        let bodies = strings(&["and or not"]);
        let fixture = fixture(&bodies, &strings(&[""]), LexicalSettings::default());
        for query in ["title:(", "\"", "-kit +", "a AND", "[* TO *]", "\u{0}", ""] {
            assert!(fixture.lexical.bind(query).is_ok(), "{query}");
        }
    }
}
