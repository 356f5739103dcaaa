//! How does a score compare with what the snapshot's own texts score?
//!
//! Some passages are near to everything, and some corpora lie closer together than others: the
//! same cosine means less there. [`Background`] holds, for each passage, how the questions of
//! *other* documents score against it, and for the snapshot, how near a question of its own lies
//! to its nearest other question. It is computed once for each snapshot, from its vectors alone,
//! and depends on nothing else: of many questions it probes an evenly spaced few.
//!
//! Hubness: Radovanović, Nanopoulos, Ivanović: Hubs in space, JMLR 11 (2010); the mean of the
//! nearest few is the local scaling of Conneau et al.: Word translation without parallel data,
//! ICLR 2018.

use super::strength::Head;
use super::{CONTENDER_WIDTH, Context};
use crate::embed::matrix::MatrixError;
use crate::index::vectors::Vectors;

/// Questions that are probed at most.
const PROBES: usize = 1000;
/// Cosines that are computed at most.
const COSINES: usize = 16_000_000;
/// With fewer question variants passages are probed as well.
const FEW_VARIANTS: usize = 50;
/// Nearest questions of other documents whose mean is a passage's hubness.
const HUB: usize = 10;

/// How the texts of a snapshot score against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    passages: Vec<Profile>,
    passages_of: Vec<Vec<u32>>,
    variants_of: Vec<Vec<u32>>,
    /// By document: length of the mean of its variants' unit vectors.
    centre_lengths: Vec<f64>,
    /// Cosine of each probe with its nearest text of another row, ascending.
    nearest: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Profile {
    mean: f64,
    deviation: f64,
    hub: f64,
}

impl Background {
    /// Measures the texts of a snapshot against each other.
    ///
    /// # Errors
    /// [`MatrixError`] when the vectors do not fit each other, which opening them rules out.
    pub fn of(vectors: &Vectors) -> Result<Background, MatrixError> {
        let passages = vectors.passages();
        let of_variants: Vec<usize> = vectors.documents_of_variants().collect();
        let mut passages_of = vec![Vec::new(); vectors.documents()];
        let mut variants_of = vec![Vec::new(); vectors.documents()];
        let document_of = |row: usize| match row.checked_sub(passages) {
            None => vectors.document_of_passage(row),
            Some(variant) => of_variants.get(variant).copied(),
        };
        for row in 0..vectors.matrix().rows() {
            let lists = if row < passages { &mut passages_of } else { &mut variants_of };
            let within = if row < passages { row } else { row - passages };
            if let Some(list) = document_of(row).and_then(|document| lists.get_mut(document)) {
                list.push(within as u32);
            }
        }
        let centre_lengths =
            variants_of.iter().map(|list| centre_length(vectors, passages, list)).collect();
        let (profiles, nearest) = profiles(vectors, &document_of, of_variants.len())?;
        Ok(Background { passages: profiles, passages_of, variants_of, centre_lengths, nearest })
    }

    /// Rows of a document.
    pub(super) fn passages_of(&self, document: usize) -> &[u32] {
        self.passages_of.get(document).map_or(&[], Vec::as_slice)
    }

    /// Variants of a document, counted from 0.
    pub(super) fn variants_of(&self, document: usize) -> &[u32] {
        self.variants_of.get(document).map_or(&[], Vec::as_slice)
    }

    /// Length of the mean of the unit vectors of a document's variants.
    pub(super) fn centre_length(&self, document: usize) -> f64 {
        self.centre_lengths.get(document).copied().unwrap_or(0.0)
    }

    /// Share of the snapshot's own questions whose nearest other text is no nearer than this.
    pub(super) fn rank_of_nearest(&self, cosine: f64) -> f64 {
        let below = self.nearest.partition_point(|&other| other <= cosine);
        below as f64 / self.nearest.len().max(1) as f64
    }
}

/// Fills in how a document stands out of its background.
pub(super) fn fill(features: &mut [f64; CONTENDER_WIDTH], head: &Head, context: &Context<'_>) {
    let Some(profile) = context.background.passages.get(head.row.0 as usize) else {
        return;
    };
    features[19] = profile.hub;
    if profile.deviation > 0.0 {
        features[20] = (features[3] - profile.mean) / profile.deviation;
    }
}

fn centre_length(vectors: &Vectors, passages: usize, variants: &[u32]) -> f64 {
    if variants.is_empty() {
        return 0.0;
    }
    let mut sum = vec![0.0; vectors.matrix().dimension()];
    for vector in variants.iter().filter_map(|&v| vectors.matrix().row(passages + v as usize)) {
        let length = f64::from(vector.square()).sqrt();
        if length > 0.0 {
            for (slot, &component) in sum.iter_mut().zip(vector.components()) {
                *slot += f64::from(component) / length;
            }
        }
    }
    sum.iter().map(|s| s * s).sum::<f64>().sqrt() / variants.len() as f64
}

/// Profiles of all passages, and how near each probe is to its nearest other text.
fn profiles(
    vectors: &Vectors,
    document_of: &dyn Fn(usize) -> Option<usize>,
    variants: usize,
) -> Result<(Vec<Profile>, Vec<f64>), MatrixError> {
    let (passages, rows) = (vectors.passages(), vectors.matrix().rows());
    let first = if variants < FEW_VARIANTS { 0 } else { passages };
    let most = PROBES.min(COSINES / rows.max(1)).max(1);
    let step = (rows - first).div_ceil(most).max(1);
    let mut sums = vec![(0.0_f64, 0.0_f64, 0_u32); passages];
    let mut hubs: Vec<Vec<f64>> = vec![Vec::with_capacity(HUB + 1); passages];
    let (mut nearest, mut cosines) = (Vec::new(), Vec::new());
    for probe in (first..rows).step_by(step) {
        let Some(vector) = vectors.matrix().row(probe) else {
            continue;
        };
        vectors.matrix().cosines(&vector, &mut cosines)?;
        let own = document_of(probe);
        for (row, &cosine) in cosines.iter().enumerate().take(passages) {
            if document_of(row) == own {
                continue;
            }
            let (sum, squares, n) = &mut sums[row];
            *sum += cosine;
            *squares += cosine * cosine;
            *n += 1;
            let hub = &mut hubs[row];
            if hub.len() < HUB || cosine > hub[HUB - 1] {
                let place = hub.partition_point(|&other| other >= cosine);
                hub.insert(place, cosine);
                hub.truncate(HUB);
            }
        }
        let others = cosines.iter().enumerate().skip(first).filter(|(row, _)| *row != probe);
        nearest.push(others.map(|(_, &cosine)| cosine).fold(0.0, f64::max));
    }
    nearest.sort_unstable_by(f64::total_cmp);
    let profile = |((sum, squares, n), hub): ((f64, f64, u32), Vec<f64>)| {
        let n = f64::from(n.max(1));
        let mean = sum / n;
        let deviation = (squares / n - mean * mean).max(0.0).sqrt();
        Profile { mean, deviation, hub: hub.iter().sum::<f64>() / hub.len().max(1) as f64 }
    };
    Ok((sums.into_iter().zip(hubs).map(profile).collect(), nearest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::matrix::{QuantisedMatrix, quantise_row};

    /// Two documents of one passage and 30 variants each, around two axes.
    fn vectors() -> Vectors {
        let at = |document: usize, turn: f32| {
            let mut vector = [0.1, 0.1, turn];
            vector[document] = 1.0;
            quantise_row(&vector).unwrap()
        };
        let mut rows = vec![at(0, 0.0), at(1, 0.0)];
        rows.extend((0..60).map(|v| at(v / 30, 0.01 * (v % 30) as f32)));
        let matrix = QuantisedMatrix::from_vectors(3, &rows).unwrap();
        let of_variants = (0..60).map(|v| v / 30).collect();
        Vectors::new(matrix, vec![0, 1], of_variants, 2).unwrap()
    }

    #[test]
    fn a_passage_is_measured_against_other_documents_only() {
        let vectors = vectors();
        let background = Background::of(&vectors).unwrap();
        for profile in &background.passages {
            // Its own variants lie at .95 and more, those of the other at about .2.
            assert!(profile.mean < 0.3 && profile.hub < 0.3, "{profile:?}");
            assert!(profile.hub >= profile.mean);
        }
        assert_eq!(background, Background::of(&vectors).unwrap());
    }

    #[test]
    fn the_centre_is_the_mean_of_the_variants() {
        let vectors = vectors();
        let background = Background::of(&vectors).unwrap();
        assert_eq!(background.variants_of(1).len(), 30);
        let length = background.centre_length(0);
        assert!(length > 0.9 && length < 1.0, "{length}");
        let ranks: Vec<f64> = [1.0, 0.1].map(|c| background.rank_of_nearest(c)).to_vec();
        assert_eq!(ranks, [1.0, 0.0]);
    }
}
