//! Exact cosines over int8 vectors.
//!
//! The score of a passage p of document d for query q, with s the variant share:
//!
//! ```text
//! score = (1 - s) * cos(q, p) + s * max(cos(q, p), max over variants v of d of cos(q, v))
//! ```
//!
//! A document without question variants scores plain cosine. All cosines are defined by the
//! integers stored, so they are the same on every processor. The attainable maximum is 1.
//!
//! Up to [`TWO_STAGE_ROWS`] passages every row is compared with the query. Beyond that one-bit
//! codes ([`crate::embed::codes`]) pick [`CANDIDATES`] rows, and these are scored exactly: every
//! score is still exact, but a row that the codes do not pick is missing from the ranking. What
//! is picked depends on the vectors in their order of rows and on the query alone: not on depth,
//! threads, processor or layout of files. Deeper rankings than a sixteenth of the candidates
//! compare every row again.

use std::cell::OnceCell;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BestHits, BoundQuery, Hit, NEAREST_PASSAGES, Nearness, Ranking, RetrieveError, Retriever,
    RetrieverExplanation, Row, SURROUNDINGS, Surroundings,
};
use crate::embed::matrix::{PaddedQuery, QuantisedVector, quantise_row};
use crate::embed::{Begun, Embedder};
use crate::index::settings::DenseSettings;
use crate::index::vectors::Vectors;
use crate::score::Score;

/// Passages up to which every row is compared with the query.
pub const TWO_STAGE_ROWS: usize = 131_072;

/// Rows that the first of two stages picks: the 100 nearest of a million are among them but for
/// one in a thousand or less.
pub const CANDIDATES: usize = 8192;

/// Question variants whose documents' passages are scored in any case by two stages.
const CANDIDATE_VARIANTS: usize = 256;

/// Rankings are at most this deep a share of the candidates, or else every row is compared.
const CANDIDATES_PER_HIT: usize = 16;

/// Far more than the rounding of a score.
const MARGIN: f64 = 1e-9;

/// How the nearest passages are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DenseScan {
    /// Exact up to [`TWO_STAGE_ROWS`] passages, in two stages beyond.
    #[default]
    Automatic,
    /// Every row is compared.
    Exact,
    /// Codes pick rows, and these are compared.
    TwoStage,
}

/// The dense retriever.
pub struct Dense {
    embedder: Arc<dyn Embedder>,
    vectors: Arc<Vectors>,
    settings: DenseSettings,
    scan: DenseScan,
}

impl std::fmt::Debug for Dense {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dense").field("embedder", &self.embedder.name()).finish_non_exhaustive()
    }
}

impl Dense {
    /// A retriever over some vectors, made by the same embedder.
    pub fn new(
        embedder: Arc<dyn Embedder>,
        vectors: Arc<Vectors>,
        settings: DenseSettings,
    ) -> Dense {
        Dense { embedder, vectors, settings, scan: DenseScan::Automatic }
    }

    /// The same retriever with another way of finding the nearest passages.
    #[must_use]
    pub fn with_scan(self, scan: DenseScan) -> Dense {
        Dense { scan, ..self }
    }

    /// Binds a query that is embedded already.
    ///
    /// # Errors
    /// [`RetrieveError::Vectors`] when the vector does not fit those of the snapshot.
    pub fn bind_vector(&self, vector: &[f32]) -> Result<Box<dyn BoundQuery + '_>, RetrieveError> {
        let query = quantise_row(vector)?;
        let padded = self.vectors.matrix().pad(&query)?;
        let passages = self.vectors.passages();
        let mut variants = Vec::with_capacity(self.vectors.variants());
        let rows = passages..passages + self.vectors.variants();
        self.vectors.matrix().scan(rows, &padded, |_, cosine| variants.push(cosine));
        let mut nearest_variant = Vec::new();
        if self.settings.variant_share > 0.0 && !variants.is_empty() {
            nearest_variant.resize(self.vectors.documents(), f64::NEG_INFINITY);
            for (document, &cosine) in self.vectors.documents_of_variants().zip(&variants) {
                if let Some(best) = nearest_variant.get_mut(document) {
                    *best = best.max(cosine);
                }
            }
        }
        Ok(Box::new(BoundDense {
            dense: self,
            query,
            padded,
            variants,
            nearest_variant,
            nearest_passages: OnceCell::new(),
            surroundings: OnceCell::new(),
        }))
    }

    fn is_exact(&self, depth: usize) -> bool {
        match self.scan {
            DenseScan::Exact => true,
            DenseScan::Automatic if self.vectors.passages() <= TWO_STAGE_ROWS => true,
            DenseScan::Automatic | DenseScan::TwoStage => depth > CANDIDATES / CANDIDATES_PER_HIT,
        }
    }
}

/// A dense score unfolded.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DenseExplanation {
    /// Cosine of the query and the passage.
    pub passage_cosine: f64,
    /// Cosine of the query and the nearest question variant of the passage's document.
    pub variant_cosine: Option<f64>,
    /// s: share of the variant in the score.
    pub variant_share: f64,
    /// The score.
    pub score: f64,
}

struct BoundDense<'a> {
    dense: &'a Dense,
    query: QuantisedVector,
    padded: PaddedQuery,
    /// Cosine with each question variant.
    variants: Vec<f64>,
    /// Best variant cosine of each document, minus infinity without variants; empty where no
    /// variant counts.
    nearest_variant: Vec<f64>,
    /// The greatest cosines, as the last ranking met them.
    nearest_passages: OnceCell<Vec<f64>>,
    surroundings: OnceCell<Surroundings>,
}

impl Retriever for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn bind<'a>(&'a self, text: &str) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError> {
        let embedded = self.embedder.embed(&[text])?;
        self.bind_vector(&embedded.row(0).to_vec())
    }
}

impl Dense {
    /// As [`Retriever::bind`], going on from what another embedder has begun where one of those is
    /// this text.
    ///
    /// # Errors
    /// As [`Retriever::bind`].
    pub fn bind_begun<'a>(
        &'a self,
        text: &str,
        begun: &[Begun],
    ) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError> {
        for begun in begun {
            if let Some(vector) = self.embedder.finish(text, begun)? {
                return self.bind_vector(&vector);
            }
        }
        self.bind(text)
    }
}

impl BoundDense<'_> {
    fn vectors(&self) -> &Vectors {
        &self.dense.vectors
    }

    /// Cosine of the nearest variant of a row's document.
    fn variant(&self, row: usize) -> Option<f64> {
        if self.nearest_variant.is_empty() {
            return None;
        }
        let document = self.vectors().document_of_passage(row)?;
        self.nearest_variant.get(document).copied().filter(|c| c.is_finite())
    }

    fn value(&self, row: usize, passage: f64) -> f64 {
        let share = self.dense.settings.variant_share;
        match self.variant(row) {
            Some(variant) => (1.0 - share) * passage + share * passage.max(variant),
            None => passage,
        }
    }

    fn hit(&self, row: u32, passage: f64) -> Hit {
        // Cosines are quotients of finite integers, zero where a vector is zero.
        let score = Score::new(self.value(row as usize, passage)).unwrap_or(Score::ZERO);
        Hit { row: Row(row), score }
    }

    /// Compares every passage.
    fn exact(&self, found: &mut Found) {
        let rows = 0..self.vectors().passages();
        let least = std::cell::Cell::new(f64::NEG_INFINITY);
        // A row's score exceeds its cosine only where a variant of its document is nearer.
        let is_wanted = |row| self.variant(row as usize).is_some_and(|v| v >= least.get() - MARGIN);
        self.vectors().matrix().scan_above(rows, &self.padded, is_wanted, |row, cosine| {
            found.offer(self.hit(row, cosine), cosine);
            least.set(found.least_score());
            found.least_cosine()
        });
    }

    /// Compares the passages that the codes pick, and those of the nearest variants' documents.
    fn two_stage(&self, found: &mut Found) {
        let mut rows = self.vectors().codes().candidates(&self.query, CANDIDATES);
        self.add_rows_of_near_variants(&mut rows);
        self.vectors().matrix().scan_picked(&rows, &self.padded, |row, cosine| {
            found.offer(self.hit(row, cosine), cosine);
        });
    }

    fn add_rows_of_near_variants(&self, rows: &mut Vec<u32>) {
        if self.nearest_variant.is_empty() {
            return;
        }
        let mut near: Vec<(u32, f64)> = (0..).zip(self.variants.iter().copied()).collect();
        near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(CANDIDATE_VARIANTS);
        let mut of_variants: Vec<usize> = self.vectors().documents_of_variants().collect();
        of_variants = near.iter().filter_map(|v| of_variants.get(v.0 as usize).copied()).collect();
        of_variants.sort_unstable();
        of_variants.dedup();
        for document in of_variants {
            rows.extend(self.vectors().passages_of_document(document));
        }
        rows.sort_unstable();
        rows.dedup();
    }
}

/// What a scan keeps: the best scores, and the greatest cosines.
struct Found {
    best: BestHits,
    nearest: Vec<f64>,
}

impl Found {
    fn new(depth: usize) -> Found {
        Found { best: BestHits::new(depth), nearest: Vec::with_capacity(NEAREST_PASSAGES + 1) }
    }

    fn offer(&mut self, hit: Hit, cosine: f64) {
        self.best.offer(hit);
        keep_greatest(&mut self.nearest, cosine);
    }

    /// Rows of a lower score are of no use; minus infinity while any is.
    fn least_score(&self) -> f64 {
        self.best.least().map_or(f64::NEG_INFINITY, Score::get)
    }

    /// Rows of a lower cosine are of no use, unless a variant raises their score.
    fn least_cosine(&self) -> f64 {
        let is_full = self.nearest.len() == NEAREST_PASSAGES;
        let nearest = self.nearest.last().copied().filter(|_| is_full);
        self.least_score().min(nearest.unwrap_or(f64::NEG_INFINITY))
    }
}

fn keep_greatest(greatest: &mut Vec<f64>, cosine: f64) {
    if greatest.len() < NEAREST_PASSAGES || cosine > greatest[NEAREST_PASSAGES - 1] {
        let place = greatest.partition_point(|&other| other >= cosine);
        greatest.insert(place, cosine);
        greatest.truncate(NEAREST_PASSAGES);
    }
}

impl BoundQuery for BoundDense<'_> {
    fn top(&self, depth: usize) -> Ranking {
        let mut found = Found::new(depth.min(self.vectors().passages()));
        if self.dense.is_exact(depth) {
            self.exact(&mut found);
        } else {
            self.two_stage(&mut found);
        }
        self.nearest_passages.get_or_init(|| found.nearest);
        found.best.into_ranking()
    }

    fn score(&self, row: Row) -> Score {
        self.passage(row.0 as usize).map_or(Score::ZERO, |c| self.hit(row.0, c).score)
    }

    fn attainable_maximum(&self) -> f64 {
        1.0
    }

    fn explain(&self, row: Row) -> Result<RetrieverExplanation, RetrieveError> {
        let index = row.0 as usize;
        Ok(RetrieverExplanation::Dense(DenseExplanation {
            passage_cosine: self.passage(index).unwrap_or(0.0),
            variant_cosine: self.variant(index),
            variant_share: self.dense.settings.variant_share,
            score: self.score(row).get(),
        }))
    }

    fn nearness(&self) -> Option<&dyn Nearness> {
        Some(self)
    }
}

impl Nearness for BoundDense<'_> {
    fn query(&self) -> &QuantisedVector {
        &self.query
    }

    fn passage(&self, row: usize) -> Option<f64> {
        let is_passage = row < self.vectors().passages();
        if is_passage { self.vectors().matrix().cosine_with(row, &self.padded) } else { None }
    }

    fn variants(&self) -> &[f64] {
        &self.variants
    }

    fn surroundings(&self) -> &Surroundings {
        self.surroundings.get_or_init(|| {
            let (matrix, passages) = (self.vectors().matrix(), self.vectors().passages());
            let step = passages.div_ceil(SURROUNDINGS).max(1);
            let rows = (0..passages).step_by(step);
            let cosines: Vec<f64> =
                rows.filter_map(|row| matrix.cosine_with(row, &self.padded)).collect();
            let n = cosines.len().max(1) as f64;
            let mean = cosines.iter().sum::<f64>() / n;
            let variance = cosines.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
            if self.nearest_passages.get().is_none() {
                self.top(NEAREST_PASSAGES);
            }
            let nearest = self.nearest_passages.get().cloned().unwrap_or_default();
            Surroundings { mean, variance, nearest }
        })
    }
}

#[cfg(test)]
mod tests;
