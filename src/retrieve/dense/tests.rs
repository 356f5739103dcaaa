//! 1. Rankings, scores and surroundings equal the plain definition to the bit: every cosine of the
//!    snapshot written out, whatever variants there are and however deep the ranking.
//! 2. Two stages give exact scores, and the exact ranking where the codes pick every row.

use proptest::prelude::*;

use super::*;
use crate::embed::matrix::QuantisedMatrix;
use crate::embed::{EmbedError, Matrix};
use crate::ids::Fingerprint;

struct Nothing;

impl Embedder for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }
    fn dimension(&self) -> usize {
        WIDTH
    }
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::ZERO
    }
    fn embed(&self, texts: &[&str]) -> Result<Matrix, EmbedError> {
        Ok(Matrix::zeros((texts.len(), WIDTH)))
    }
}

const WIDTH: usize = 24;

/// A snapshot's vectors: `passages` of two a document, then the variants of every third one.
fn vectors(passages: usize, distinct: usize, seed: u64) -> (Vectors, Vec<f32>) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / 16_777_216.0 - 0.5
    };
    let mut vector = || (0..WIDTH).map(|_| next()).collect::<Vec<f32>>();
    let query = vector();
    let pool: Vec<_> = (0..distinct).map(|_| quantise_row(&vector()).unwrap()).collect();
    let of_passages: Vec<u32> = (0..passages as u32).map(|row| row / 2).collect();
    let documents = passages.div_ceil(2);
    let of_variants: Vec<u32> = (0..documents as u32).step_by(3).flat_map(|d| [d, d]).collect();
    let rows: Vec<_> = (0..passages + of_variants.len())
        .map(|row| pool[(row * 7 + row / 5) % distinct].clone())
        .collect();
    let matrix = QuantisedMatrix::from_vectors(WIDTH, &rows).unwrap();
    (Vectors::new(matrix, of_passages, of_variants, documents).unwrap(), query)
}

fn plain(vectors: &Vectors, share: f64, query: &QuantisedVector) -> (Vec<f64>, Vec<f64>) {
    let mut cosines = Vec::new();
    vectors.matrix().cosines(query, &mut cosines).unwrap();
    let variants = cosines.split_off(vectors.passages());
    let score = |(row, &passage): (usize, &f64)| {
        let document = vectors.document_of_passage(row).unwrap();
        let of_document = vectors.documents_of_variants().zip(&variants);
        let nearest = of_document.filter(|v| v.0 == document).map(|v| *v.1).reduce(f64::max);
        match nearest {
            Some(near) if share > 0.0 => (1.0 - share) * passage + share * passage.max(near),
            _ => passage,
        }
    };
    let scores = cosines.iter().enumerate().map(score).collect();
    (cosines, scores)
}

fn ranked(scores: &[f64], depth: usize) -> Ranking {
    let hits = (0..)
        .zip(scores)
        .map(|(row, &score)| Hit { row: Row(row), score: Score::new(score).unwrap() });
    Ranking::top(hits, depth)
}

proptest! {
    #[test]
    fn scores_rankings_and_surroundings_equal_the_plain_definition_to_the_bit(
        passages in 0_usize..700, distinct in 1_usize..200, depth in 0_usize..60, seed: u64,
        share in prop::sample::select(vec![0.0, 0.3, 0.5, 1.0]),
    ) {
        let (vectors, query) = vectors(passages, distinct, seed);
        let (cosines, scores) = plain(&vectors, share, &quantise_row(&query).unwrap());
        let settings = DenseSettings { variant_share: share };
        let dense = Dense::new(Arc::new(Nothing), Arc::new(vectors), settings);
        let bound = dense.bind_vector(&query).unwrap();
        prop_assert_eq!(bound.top(depth), ranked(&scores, depth));
        for (row, score) in (0..).zip(&scores) {
            prop_assert_eq!(bound.score(Row(row)).get().to_bits(), (score + 0.0).to_bits());
        }
        let mut nearest = cosines.clone();
        nearest.sort_by(|a, b| b.total_cmp(a));
        nearest.truncate(NEAREST_PASSAGES);
        let n = cosines.len().max(1) as f64;
        let mean = cosines.iter().sum::<f64>() / n;
        let variance = cosines.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
        let expected = Surroundings { mean, variance, nearest };
        prop_assert_eq!(bound.nearness().unwrap().surroundings(), &expected);
    }

    #[test]
    fn two_stages_rank_as_one_where_every_row_is_picked(
        passages in 0_usize..700, depth in 0_usize..60, seed: u64,
    ) {
        let (vectors, query) = vectors(passages, 500, seed);
        let (_, scores) = plain(&vectors, 0.5, &quantise_row(&query).unwrap());
        let settings = DenseSettings { variant_share: 0.5 };
        let dense = Dense::new(Arc::new(Nothing), Arc::new(vectors), settings);
        let dense = dense.with_scan(DenseScan::TwoStage);
        prop_assert_eq!(dense.bind_vector(&query).unwrap().top(depth), ranked(&scores, depth));
    }
}
