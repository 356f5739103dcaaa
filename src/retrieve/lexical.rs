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
//!
//! Every row that holds a term is scored. Sums are taken term after term in lexical order, and
//! within a term field after field, so that a score is the same f64 whatever else is searched.

mod accumulate;
mod explain;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use self::accumulate::Accumulator;
pub use self::explain::{FieldExplanation, LexicalExplanation, TermExplanation};
use self::groups::Group;
use super::{
    BestHits, BoundQuery, Hit, MatchedTerm, Matches, Ranking, RetrieveError, Retriever,
    RetrieverExplanation, Row,
};
use crate::index::postings::{PerField, Postings, TextField};
use crate::index::settings::LexicalSettings;
use crate::score::Score;
use crate::text::analyse::Analyzer;

/// Lengths whose factors are kept; those of longer fields are computed when they are met.
const KEPT_LENGTHS: u32 = 8192;

/// Scores that are compared with the worst of the best in one go.
const SCORE_BLOCK: usize = 64;

/// The lexical retriever.
#[derive(Debug)]
pub struct Lexical {
    postings: Arc<Postings>,
    analyzer: Arc<Analyzer>,
    settings: LexicalSettings,
    norms: PerField<Option<Norm>>,
    /// Accumulators that no query uses now.
    idle: Mutex<Vec<Accumulator>>,
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
        let norms = TextField::ALL.map(|field| Norm::of(&postings, &settings, field));
        Lexical { postings, analyzer, settings, norms, idle: Mutex::default() }
    }

    fn norm(&self, field: TextField) -> Option<&Norm> {
        self.norms[field as usize].as_ref()
    }

    fn saturate(&self, tf: f64) -> f64 {
        (self.settings.k1 + 1.0) * tf / (self.settings.k1 + tf)
    }

    fn accumulator(&self) -> Accumulator {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| Accumulator::new(self.postings.rows()))
    }
}

/// What an occurrence counts in a field, by the field's length.
#[derive(Debug)]
struct Norm {
    weight: f64,
    b: f64,
    average: f64,
    /// Factors of the lengths from 0 on.
    factors: Vec<f64>,
}

impl Norm {
    /// `None` where the field does not count.
    fn of(postings: &Postings, settings: &LexicalSettings, field: TextField) -> Option<Norm> {
        let settings = settings.fields()[field as usize];
        let average = postings.average_length(field);
        if settings.weight <= 0.0 || average <= 0.0 {
            return None;
        }
        let mut norm =
            Norm { weight: settings.weight, b: settings.b, average, factors: Vec::new() };
        let longest = postings.lengths(field).iter().copied().max().unwrap_or(0);
        norm.factors = (0..=longest.min(KEPT_LENGTHS)).map(|l| norm.computed(l)).collect();
        Some(norm)
    }

    fn factor(&self, length: u32) -> f64 {
        let kept = self.factors.get(length as usize).copied();
        kept.unwrap_or_else(|| self.computed(length))
    }

    fn computed(&self, length: u32) -> f64 {
        self.weight / (1.0 - self.b + self.b * f64::from(length) / self.average)
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
    accumulator: Accumulator,
    maximum: f64,
}

impl Drop for BoundLexical<'_> {
    fn drop(&mut self) {
        let accumulator = std::mem::take(&mut self.accumulator);
        self.lexical.idle.lock().unwrap_or_else(PoisonError::into_inner).push(accumulator);
    }
}

impl Retriever for Lexical {
    fn name(&self) -> &'static str {
        "lexical"
    }

    fn bind<'a>(&'a self, text: &str) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError> {
        let groups = self.groups(text)?;
        let mut bound = BoundLexical {
            lexical: self,
            terms: Vec::with_capacity(groups.len()),
            accumulator: self.accumulator(),
            maximum: 0.0,
        };
        bound.accumulator.clear();
        for group in groups {
            let df = bound.accumulator.gather(self, &group)?;
            let idf = idf(self.postings.rows(), df);
            let weight = f64::from(group.count) * idf;
            bound.accumulator.add(weight, |tf| self.saturate(tf));
            if df > 0 || self.settings.count_unseen {
                bound.maximum += weight * (self.settings.k1 + 1.0);
            }
            bound.terms.push(Weighted { group, df, idf });
        }
        Ok(Box::new(bound))
    }
}

impl BoundQuery for BoundLexical<'_> {
    fn top(&self, depth: usize) -> Ranking {
        let scores = self.accumulator.scores();
        let mut best = BestHits::new(depth.min(scores.len()));
        let mut least = 0.0;
        for (block, scores) in scores.chunks(SCORE_BLOCK).enumerate() {
            let greatest = scores.iter().fold(0.0, |a: f64, &b| if b > a { b } else { a });
            if greatest <= 0.0 || greatest < least {
                continue;
            }
            for (place, &value) in (block * SCORE_BLOCK..).zip(scores) {
                if value > 0.0 && value >= least {
                    let row = Row(self.lexical.postings.row_at(place as u32));
                    best.offer(Hit { row, score: finite(value) });
                }
            }
            least = best.least().map_or(0.0, Score::get);
        }
        best.into_ranking()
    }

    fn score(&self, row: Row) -> Score {
        let place = self.lexical.postings.place_of(row.0);
        let value = place.and_then(|p| self.accumulator.scores().get(p as usize).copied());
        finite(value.unwrap_or(0.0))
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
        // (place, index in `rows`), places ascending.
        let mut order: Vec<(u32, usize)> = (0..)
            .zip(rows)
            .filter_map(|(index, row)| Some((postings.place_of(row.0)?, index)))
            .collect();
        order.sort_unstable();
        let places: Vec<u32> = order.iter().map(|one| one.0).collect();
        for (number, Weighted { group, .. }) in self.terms.iter().enumerate() {
            for form in group.variants.iter().chain(&group.concepts) {
                for list in form.lists.iter().flatten() {
                    let field = list.field();
                    if self.lexical.norm(field).is_some() {
                        postings.visit_places(list, &places, |at, _| {
                            held[order[at].1][number] |= 1 << field as u8;
                        })?;
                    }
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

/// Sums of finite products of checked settings are finite.
fn finite(value: f64) -> Score {
    Score::new(value).unwrap_or(Score::ZERO)
}
