//! Which texts of the snapshot lie around the message, and whose are they?
//!
//! The question variants nearest to the message vote for their documents; a document is also
//! told by the mean of its nearest variants and by the centre of all of them, which is steadier
//! than the single nearest one. Documents without variants are told by their passages instead,
//! so that the two kinds can be compared.

use super::strength::Head;
use super::{CONTENDER_WIDTH, Context, MESSAGE_WIDTH};
use crate::retrieve::{Nearness, RetrieverExplanation, Surroundings};

/// Variants that vote.
const VOTERS: usize = 10;
/// How fast votes fall with distance: a voter weighs exp(20 * (cosine - best cosine)). Of 5 to 30
/// the number of neighbours mattered more than this one on the CLINC150 training utterances.
const VOTE_SHARPNESS: f64 = 20.0;
/// Nearest variants of a document that are averaged.
const NEAREST: usize = 5;

/// The surroundings of a message.
pub(super) struct Neighbours {
    /// Weight of the votes by document, documents ascending.
    votes: Vec<(usize, f64)>,
    nearest: f64,
}

impl Neighbours {
    pub(super) fn of(context: &Context<'_>) -> Neighbours {
        let Some(nearness) = context.dense.nearness() else {
            return Neighbours { votes: Vec::new(), nearest: 0.0 };
        };
        let mut near: Vec<(f64, usize)> = Vec::new();
        let mut least = f64::NEG_INFINITY;
        for (document, &cosine) in context.vectors.documents_of_variants().zip(nearness.variants())
        {
            if near.len() == VOTERS && cosine <= least {
                continue;
            }
            let place = near.partition_point(|one| one.0 >= cosine);
            near.insert(place, (cosine, document));
            near.truncate(VOTERS);
            if near.len() == VOTERS {
                least = near[VOTERS - 1].0;
            }
        }
        let nearest = near.first().map_or(0.0, |one| one.0);
        let weights = near.iter().map(|v| (v.1, (VOTE_SHARPNESS * (v.0 - nearest)).exp()));
        let mut votes: Vec<(usize, f64)> = Vec::new();
        for (document, weight) in weights {
            match votes.iter_mut().find(|vote| vote.0 == document) {
                Some(vote) => vote.1 += weight,
                None => votes.push((document, weight)),
            }
        }
        votes.sort_unstable_by_key(|vote| vote.0);
        let all: f64 = votes.iter().map(|vote| vote.1).sum();
        for vote in &mut votes {
            vote.1 /= all;
        }
        Neighbours { votes, nearest }
    }

    /// Fills in what the surroundings say of one document.
    pub(super) fn fill(
        &self,
        features: &mut [f64; CONTENDER_WIDTH],
        head: &Head,
        context: &Context<'_>,
    ) {
        let Some(nearness) = context.dense.nearness() else {
            features[3] = features[2];
            return;
        };
        let passage = nearness.passage(head.row.0 as usize).unwrap_or(0.0);
        features[3] = passage;
        let passages = context.background.passages_of(head.document);
        let cosines = passages.iter().filter_map(|&row| nearness.passage(row as usize));
        let (best, sum) = cosines.fold((passage, 0.0), |(best, sum), c| (best.max(c), sum + c));
        features[4] = best;
        let of_document = sum / passages.len().max(1) as f64;
        features[5] = of_document;
        let (nearest, mean, centre) = variants(head.document, nearness, context).unwrap_or((
            features[4],
            features[4],
            features[4],
        ));
        // As the dense retriever explains it: nothing where the retriever reads no variants.
        let told = match context.dense.explain(head.row) {
            Ok(RetrieverExplanation::Dense(dense)) => dense.variant_cosine,
            _ => None,
        };
        features[6] = told.map_or(0.0, |variant| variant - passage);
        features[7] = nearest;
        features[8] = mean;
        features[9] = centre;
        let vote = self.votes.binary_search_by_key(&head.document, |vote| vote.0);
        features[10] = vote.map_or(0.0, |place| self.votes[place].1);
    }

    /// Fills in what the surroundings are like, whichever document wins.
    pub(super) fn fill_message(&self, message: &mut [f64; MESSAGE_WIDTH], context: &Context<'_>) {
        let Some(nearness) = context.dense.nearness() else {
            return;
        };
        let Surroundings { mean, variance, nearest: best } = nearness.surroundings();
        let nearest = best.first().copied().unwrap_or(0.0);
        message[6] = if *variance > 0.0 { (nearest - mean) / variance.sqrt() } else { 0.0 };
        message[7] = context.background.rank_of_nearest(if self.votes.is_empty() {
            nearest
        } else {
            self.nearest
        });
        message[8] = -self.votes.iter().map(|v| v.1 * v.1.max(1e-12).ln()).sum::<f64>();
        message[9] = best.iter().sum::<f64>() / best.len().max(1) as f64;
    }
}

/// Cosine with the nearest variant of a document, mean of the nearest few, and cosine with the
/// centre of all of them; `None` without variants.
fn variants(
    document: usize,
    nearness: &dyn Nearness,
    context: &Context<'_>,
) -> Option<(f64, f64, f64)> {
    let variants = context.background.variants_of(document);
    let mut nearest = [f64::NEG_INFINITY; NEAREST];
    let (mut sum, mut n) = (0.0, 0_usize);
    for cosine in variants.iter().filter_map(|&v| nearness.variants().get(v as usize).copied()) {
        sum += cosine;
        n += 1;
        if cosine > nearest[NEAREST - 1] {
            nearest[NEAREST - 1] = cosine;
            nearest.sort_unstable_by(|a, b| b.total_cmp(a));
        }
    }
    if n == 0 {
        return None;
    }
    let kept = n.min(NEAREST);
    let mean = nearest[..kept].iter().sum::<f64>() / kept as f64;
    let length = context.background.centre_length(document);
    let centre = if length > 0.0 { sum / n as f64 / length } else { 0.0 };
    Some((nearest[0], mean, centre))
}
