//! How strongly does each document match? Scores of both retrievers and their blend, and the
//! places they give it.
//!
//! Knows scores only; what they are scores of is the business of the other families.

use super::{CONTENDER_WIDTH, Context, POOL};
use crate::fuse::normalised_lexical;
use crate::retrieve::Row;

/// A document at the head of the ranking.
pub(super) struct Head {
    /// Its best row.
    pub(super) row: Row,
    /// Its number in the snapshot.
    pub(super) document: usize,
    /// Its fused score, with any bonus.
    pub(super) fused: f64,
}

/// The best documents of the ranking, each with its best row.
pub(super) fn heads(context: &Context<'_>) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    for hit in context.ranking.hits() {
        let Some(document) = context.vectors.document_of_passage(hit.row.0 as usize) else {
            continue;
        };
        if heads.iter().all(|head| head.document != document) {
            heads.push(Head { row: hit.row, document, fused: hit.score.get() });
            if heads.len() == POOL {
                break;
            }
        }
    }
    heads
}

/// Fills in scores and places.
pub(super) fn fill(features: &mut [f64; CONTENDER_WIDTH], head: &Head, context: &Context<'_>) {
    features[0] = head.fused;
    let Some(candidate) = context.candidates.get(head.row) else {
        return;
    };
    let maximum = context.candidates.lexical_maximum();
    features[1] = normalised_lexical(candidate.lexical.get(), maximum);
    features[2] = candidate.dense.get();
    features[11] = 1.0 / f64::from(candidate.lexical_rank.max(1));
    features[12] = 1.0 / f64::from(candidate.dense_rank.max(1));
}
