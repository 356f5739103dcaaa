//! What the calibrator sees of a ranking: how strong, how clear, how well agreed the winner is.
//!
//! Gathering and judging are two steps. [`Pool::gather`] describes the best documents of a ranking
//! one by one ([`CONTENDER_FEATURES`]) and the message itself ([`MESSAGE_FEATURES`]), whoever
//! wins. [`Evidence::of`] takes a pool and the document that [`Choice`](super::choice::Choice)
//! picked from it. So a calibrator can be fitted, cross-fitted and compared without asking again.
//!
//! All features are normalised by the query, the list at hand or the snapshot, so that they mean
//! the same on another corpus: none is a raw BM25 score. A *rival* of a document competes with it:
//! it is another document, general and local guidance on one programme apart, which complete each
//! other. One file for each family of features.

pub mod background;
mod coverage;
mod neighbours;
mod strength;
pub mod wording;

use serde::{Deserialize, Serialize};

use super::choice::Scores;
use crate::index::vectors::Vectors;
use crate::retrieve::{BoundQuery, Candidates, Ranking, RetrieveError, Row};
use background::Background;
use neighbours::Neighbours;

/// Version of the features; part of what a calibrator is bound to.
pub const EVIDENCE_VERSION: u32 = 2;

/// Documents at the head of a ranking among which one is chosen: beyond these lie 2 in 100 right
/// ones on the FeedbackQA training questions to the CDC.
pub const POOL: usize = 16;

/// Number of features of one document.
pub const CONTENDER_WIDTH: usize = 22;

/// Features of one document of a pool.
pub const CONTENDER_FEATURES: [&str; CONTENDER_WIDTH] = [
    "fused",
    "lexical_share",
    "dense",
    "passage_cosine",
    "document_cosine",
    "document_mean",
    "variant_gain",
    "variant_cosine",
    "variant_mean",
    "variant_centre",
    "neighbour_share",
    "lexical_place",
    "dense_place",
    "coverage",
    "title_coverage",
    "question_coverage",
    "body_coverage",
    "title_share",
    "uncovered_peak",
    "hubness",
    "above_background",
    "log_length",
];

/// Features of a document of which the distance to the best rival is a feature too.
const MARGINS: [usize; 9] = [0, 1, 2, 4, 7, 8, 9, 13, 20];

/// Number of features of a message.
pub const MESSAGE_WIDTH: usize = 15;

/// Features of a message, whichever document wins.
pub const MESSAGE_FEATURES: [&str; MESSAGE_WIDTH] = [
    "scope_gap",
    "log_terms",
    "unseen_share",
    "guess_share",
    "rarest_term",
    "mean_rarity",
    "nearest_above_all",
    "nearest_variant_rank",
    "neighbour_entropy",
    "density",
    "asks",
    "first_person",
    "third_person",
    "negated",
    "several_sentences",
];

/// Number of features of the choice and of the message's subject.
const CHOSEN_WIDTH: usize = 8;
const CHOSEN_FEATURES: [&str; CHOSEN_WIDTH] = [
    "choice_share",
    "choice_log_share",
    "choice_lead",
    "choice_total",
    "choice_entropy",
    "choice_agrees",
    "subject_in_scope",
    "subject_right",
];

/// Number of features.
pub const WIDTH: usize = CONTENDER_WIDTH + MARGINS.len() + 3 + CHOSEN_WIDTH + MESSAGE_WIDTH;

/// Names of the features, in the order of [`Evidence::values`].
pub const FEATURES: [&str; WIDTH] = names();

const MARGIN_NAMES: [&str; MARGINS.len()] = [
    "fused_margin",
    "lexical_margin",
    "dense_margin",
    "document_margin",
    "variant_margin",
    "variant_mean_margin",
    "variant_centre_margin",
    "coverage_margin",
    "background_margin",
];
const AGREEMENT_NAMES: [&str; 3] = ["lexical_agrees", "dense_agrees", "variants_agree"];
/// Features of a document on which agreement is told: the winner is best by them.
const AGREEMENTS: [usize; 3] = [1, 2, 7];

const fn names() -> [&'static str; WIDTH] {
    let mut all = [""; WIDTH];
    let groups: [&[&'static str]; 5] =
        [&CONTENDER_FEATURES, &MARGIN_NAMES, &AGREEMENT_NAMES, &CHOSEN_FEATURES, &MESSAGE_FEATURES];
    let (mut group, mut at) = (0, 0);
    while group < groups.len() {
        let mut i = 0;
        while i < groups[group].len() {
            all[at] = groups[group][i];
            at += 1;
            i += 1;
        }
        group += 1;
    }
    all
}

/// The features of one judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence(Vec<f64>);

/// What a pool is gathered from.
pub struct Context<'a> {
    /// Candidates of the query.
    pub candidates: &'a Candidates,
    /// The ranking to judge, best first, already restricted to what may answer.
    pub ranking: &'a Ranking,
    /// Best fused score of any passage, whatever its scope.
    pub unrestricted: f64,
    /// The lexical retriever, bound to the query.
    pub lexical: &'a dyn BoundQuery,
    /// The dense retriever, bound to the query.
    pub dense: &'a dyn BoundQuery,
    /// The vectors of the snapshot.
    pub vectors: &'a Vectors,
    /// How the snapshot's own texts score against each other.
    pub background: &'a Background,
    /// Whether the second row competes with the first.
    pub is_rival: &'a dyn Fn(Row, Row) -> bool,
    /// How the message is put; see [`wording::features`].
    pub wording: &'a [f64; wording::WIDTH],
}

/// A document of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// Its best row.
    pub row: Row,
    /// [`CONTENDER_FEATURES`].
    pub features: [f64; CONTENDER_WIDTH],
    /// Places in the pool of the documents that complete this one.
    completed_by: Vec<usize>,
}

/// The best documents of a ranking, described; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    contenders: Vec<Contender>,
    message: [f64; MESSAGE_WIDTH],
    direction: Vec<i8>,
}

impl Pool {
    /// Describes the best documents of a ranking; `None` when nothing was ranked.
    ///
    /// # Errors
    /// [`RetrieveError`] when the index cannot be read.
    pub fn gather(context: &Context<'_>) -> Result<Option<Pool>, RetrieveError> {
        let heads = strength::heads(context);
        if heads.is_empty() {
            return Ok(None);
        }
        let mut rows: Vec<Row> = heads.iter().map(|head| head.row).collect();
        rows.sort_unstable();
        let matches = context.lexical.matches(&rows)?;
        let neighbours = Neighbours::of(context);
        let mut contenders: Vec<Contender> = heads
            .iter()
            .map(|head| {
                let mut features = [0.0; CONTENDER_WIDTH];
                strength::fill(&mut features, head, context);
                neighbours.fill(&mut features, head, context);
                coverage::fill(&mut features, head.row, &rows, matches.as_ref());
                background::fill(&mut features, head, context);
                Contender { row: head.row, features, completed_by: Vec::new() }
            })
            .collect();
        for (place, head) in heads.iter().enumerate() {
            let others = (0..heads.len()).filter(|&other| other != place);
            contenders[place].completed_by =
                others.filter(|&other| !(context.is_rival)(head.row, heads[other].row)).collect();
        }
        let mut message = [0.0; MESSAGE_WIDTH];
        message[0] = (context.unrestricted - heads[0].fused).max(0.0);
        coverage::fill_message(&mut message, matches.as_ref());
        neighbours.fill_message(&mut message, context);
        message[10..].copy_from_slice(context.wording);
        let nearness = context.dense.nearness();
        let direction = nearness.map(|n| n.query().components().to_vec()).unwrap_or_default();
        Ok(Some(Pool { contenders, message, direction }))
    }

    /// The documents, best fused score first.
    pub fn contenders(&self) -> &[Contender] {
        &self.contenders
    }

    /// [`MESSAGE_FEATURES`].
    pub fn message(&self) -> &[f64; MESSAGE_WIDTH] {
        &self.message
    }

    /// The message's vector in bytes; empty where the retriever has none.
    pub fn direction(&self) -> &[i8] {
        &self.direction
    }

    /// How far the best document scores below the best passage of any scope; 0 when it is that
    /// one.
    pub fn scope_gap(&self) -> f64 {
        self.message[0]
    }

    fn are_rivals(&self, one: usize, other: usize) -> bool {
        one != other && !self.contenders[one].completed_by.contains(&other)
    }
}

impl Evidence {
    /// Share of the query's words that no passage holds.
    pub fn unseen_share(&self) -> f64 {
        let place = FEATURES.iter().position(|name| *name == "unseen_share");
        place.and_then(|i| self.0.get(i)).copied().unwrap_or(0.0)
    }

    /// Features of a pool, given the scores by which its winner was chosen and what is thought of
    /// the message's subject (in scope, answered rightly). `None` where the winner is not in the
    /// pool.
    pub fn of(pool: &Pool, scores: &Scores, subject: (f64, f64)) -> Option<Evidence> {
        let place = scores.winner();
        let winner = pool.contenders.get(place)?;
        let rivals: Vec<usize> =
            (0..pool.contenders.len()).filter(|&other| pool.are_rivals(place, other)).collect();
        let best = |feature: usize| {
            let values = rivals.iter().map(|&other| pool.contenders[other].features[feature]);
            values.fold(f64::NEG_INFINITY, f64::max)
        };
        // Without a rival the distance is that to nothing: the feature itself.
        let margin = |feature: usize| {
            let rival = best(feature);
            winner.features[feature] - if rival.is_finite() { rival } else { 0.0 }
        };
        let mut values = Vec::with_capacity(WIDTH);
        values.extend(winner.features);
        values.extend(MARGINS.map(margin));
        values.extend(AGREEMENTS.map(|f| f64::from(winner.features[f] >= best(f))));
        values.extend([
            scores.share(),
            scores.share().max(1e-12).ln(),
            scores.lead(&rivals),
            scores.total(),
            scores.entropy(),
            f64::from(place == 0),
            subject.0,
            subject.1,
        ]);
        values.extend(pool.message);
        Some(Evidence(values))
    }

    /// The features, in the order of [`FEATURES`].
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Pools made by hand.

    use super::{CONTENDER_WIDTH, Contender, MESSAGE_WIDTH, Pool};
    use crate::retrieve::Row;

    /// A pool of documents that all compete.
    pub(crate) fn pool(features: &[[f64; CONTENDER_WIDTH]]) -> Pool {
        pool_towards(features, vec![1, 2, 3])
    }

    /// The same, for a message of some direction.
    pub(crate) fn pool_towards(features: &[[f64; CONTENDER_WIDTH]], direction: Vec<i8>) -> Pool {
        let contender = |(row, &features): (u32, &[f64; CONTENDER_WIDTH])| Contender {
            row: Row(row),
            features,
            completed_by: Vec::new(),
        };
        Pool {
            contenders: (0..).zip(features).map(contender).collect(),
            message: [0.0; MESSAGE_WIDTH],
            direction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_name_of_its_own() {
        let mut names = FEATURES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WIDTH);
        assert!(names.iter().all(|name| !name.is_empty()));
    }

    #[test]
    fn what_completes_the_winner_is_no_rival_of_it() {
        let row = |fused: f64| {
            let mut features = [0.0; CONTENDER_WIDTH];
            features[0] = fused;
            features
        };
        let mut pool = testing::pool(&[row(0.9), row(0.8), row(0.3)]);
        let scores = crate::calibrate::Choice::prior().scores(&pool);
        let margin = |pool: &Pool| {
            let evidence = Evidence::of(pool, &scores, (0.0, 0.0)).unwrap();
            evidence.values()[FEATURES.iter().position(|f| *f == "fused_margin").unwrap()]
        };
        assert!((margin(&pool) - 0.1).abs() < 1e-12);
        pool.contenders[0].completed_by = vec![1];
        assert!((margin(&pool) - 0.6).abs() < 1e-12);
        pool.contenders[0].completed_by = vec![1, 2];
        assert!((margin(&pool) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn margins_are_named_after_their_features() {
        for (name, feature) in MARGIN_NAMES.iter().zip(MARGINS) {
            let stem = name.trim_end_matches("_margin");
            let of = CONTENDER_FEATURES[feature];
            assert!(of.contains(stem.split('_').next().unwrap()), "{name} is told of {of}");
        }
    }
}
