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

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    BoundQuery, Hit, Nearness, Ranking, RetrieveError, Retriever, RetrieverExplanation, Row,
};
use crate::embed::Embedder;
use crate::embed::matrix::{QuantisedVector, quantise_row};
use crate::index::settings::DenseSettings;
use crate::index::vectors::Vectors;
use crate::score::Score;

/// The dense retriever.
pub struct Dense {
    embedder: Arc<dyn Embedder>,
    vectors: Arc<Vectors>,
    settings: DenseSettings,
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
        Dense { embedder, vectors, settings }
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
    /// Passages first, then question variants.
    cosines: Vec<f64>,
    /// Best variant cosine of each document; minus infinity without variants.
    nearest_variant: Vec<f64>,
}

impl Retriever for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn bind<'a>(&'a self, text: &str) -> Result<Box<dyn BoundQuery + 'a>, RetrieveError> {
        let embedded = self.embedder.embed(&[text])?;
        let query = quantise_row(&embedded.row(0).to_vec())?;
        let mut cosines = Vec::new();
        self.vectors.matrix().cosines(&query, &mut cosines)?;
        let mut nearest_variant = vec![f64::NEG_INFINITY; self.vectors.documents()];
        if self.settings.variant_share > 0.0 {
            let variants = cosines.iter().skip(self.vectors.passages());
            for (document, &cosine) in self.vectors.documents_of_variants().zip(variants) {
                if let Some(best) = nearest_variant.get_mut(document) {
                    *best = best.max(cosine);
                }
            }
        }
        Ok(Box::new(BoundDense { dense: self, query, cosines, nearest_variant }))
    }
}

impl BoundDense<'_> {
    fn passages(&self) -> &[f64] {
        &self.cosines[..self.dense.vectors.passages().min(self.cosines.len())]
    }

    fn variant(&self, row: usize) -> Option<f64> {
        let document = self.dense.vectors.document_of_passage(row)?;
        self.nearest_variant.get(document).copied().filter(|c| c.is_finite())
    }

    fn value(&self, row: usize) -> f64 {
        let Some(&passage) = self.passages().get(row) else {
            return 0.0;
        };
        let share = self.dense.settings.variant_share;
        match self.variant(row) {
            Some(variant) => (1.0 - share) * passage + share * passage.max(variant),
            None => passage,
        }
    }
}

impl BoundQuery for BoundDense<'_> {
    fn top(&self, depth: usize) -> Ranking {
        let rows = 0..self.passages().len() as u32;
        Ranking::top(rows.map(|r| Hit { row: Row(r), score: self.score(Row(r)) }), depth)
    }

    fn score(&self, row: Row) -> Score {
        // Cosines are quotients of finite integers, zero where a vector is zero.
        Score::new(self.value(row.0 as usize)).unwrap_or(Score::ZERO)
    }

    fn attainable_maximum(&self) -> f64 {
        1.0
    }

    fn explain(&self, row: Row) -> Result<RetrieverExplanation, RetrieveError> {
        let index = row.0 as usize;
        Ok(RetrieverExplanation::Dense(DenseExplanation {
            passage_cosine: self.passages().get(index).copied().unwrap_or(0.0),
            variant_cosine: self.variant(index),
            variant_share: self.dense.settings.variant_share,
            score: self.score(row).get(),
        }))
    }

    fn nearness(&self) -> Option<Nearness<'_>> {
        let (passages, variants) = self.cosines.split_at(self.passages().len());
        Some(Nearness { query: &self.query, passages, variants })
    }
}
