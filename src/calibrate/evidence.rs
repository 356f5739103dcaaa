//! What the calibrator sees of a ranking: how strong, how clear, how well agreed the winner is.
//!
//! All features are normalised by the query or by the list at hand, so that they mean the same
//! on another corpus: none is a raw BM25 score. "Rival" is the best passage that competes with the
//! winner: of another document, general and local guidance on one programme apart, which
//! complete each other.

use serde::{Deserialize, Serialize};

use crate::fuse::normalised_lexical;
use crate::retrieve::lexical::{LexicalExplanation, idf};
use crate::retrieve::{Candidate, Candidates, Ranking, RetrieverExplanation, Row};

/// Version of the features; part of what a calibrator is bound to.
pub const EVIDENCE_VERSION: u32 = 1;

/// Names of the features, in the order of [`Evidence::values`].
pub const FEATURES: [&str; 18] = [
    "fused",
    "fused_margin",
    "lexical_share",
    "lexical_margin",
    "dense",
    "dense_margin",
    "passage_cosine",
    "variant_gain",
    "dense_above_background",
    "dense_density",
    "coverage",
    "uncovered_peak",
    "unseen_share",
    "lexical_agrees",
    "dense_agrees",
    "scope_gap",
    "log_terms",
    "asks",
];

/// The features of one ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence(Vec<f64>);

/// What evidence is drawn from.
pub struct Context<'a> {
    /// Candidates of the query.
    pub candidates: &'a Candidates,
    /// The ranking to judge, best first, already restricted to what may answer.
    pub ranking: &'a Ranking,
    /// Best fused score of any passage, whatever its scope.
    pub unrestricted: f64,
    /// How the winner's lexical score came about.
    pub lexical: &'a RetrieverExplanation,
    /// How the winner's dense score came about.
    pub dense: &'a RetrieverExplanation,
    /// Whether the second row competes with the first, the winner: it answers something else.
    pub is_rival: &'a dyn Fn(Row, Row) -> bool,
    /// Whether the message is put as a question.
    pub asks: bool,
}

/// How many of the best dense rivals make up the density.
const DENSITY: usize = 10;

impl Evidence {
    /// Features of a ranking; `None` when nothing was ranked.
    pub fn of(context: &Context<'_>) -> Option<Evidence> {
        let candidates = context.candidates;
        let winner = context.ranking.first()?;
        let won = candidates.get(winner.row)?;
        let is_rival = |row: Row| (context.is_rival)(winner.row, row);
        let rival = context.ranking.hits().iter().find(|hit| is_rival(hit.row));
        let listed: Vec<&Candidate> =
            context.ranking.hits().iter().filter_map(|hit| candidates.get(hit.row)).collect();
        let best = |score: &dyn Fn(&Candidate) -> f64, rivals_only: bool| {
            listed
                .iter()
                .filter(|c| !rivals_only || is_rival(c.row))
                .map(|c| score(c))
                .fold(0.0, f64::max)
        };
        let lexical =
            |c: &Candidate| normalised_lexical(c.lexical.get(), candidates.lexical_maximum());
        let dense = |c: &Candidate| c.dense.get();
        let (mean, deviation) = background(listed.iter().map(|c| dense(c)));
        let (passage_cosine, variant_gain) = match context.dense {
            RetrieverExplanation::Dense(e) => {
                (e.passage_cosine, e.variant_cosine.map_or(0.0, |v| v - e.passage_cosine))
            }
            _ => (dense(won), 0.0),
        };
        let words = match context.lexical {
            RetrieverExplanation::Lexical(e) => Words::of(e),
            _ => Words::default(),
        };
        let document_best = |score: &dyn Fn(&Candidate) -> f64| {
            listed.iter().filter(|c| !is_rival(c.row)).map(|c| score(c)).fold(0.0, f64::max)
        };
        let agrees = |score: &dyn Fn(&Candidate) -> f64| {
            f64::from(document_best(score) >= best(score, false))
        };
        Some(Evidence(vec![
            winner.score.get(),
            winner.score.get() - rival.map_or(0.0, |hit| hit.score.get()),
            lexical(won),
            document_best(&lexical) - best(&lexical, true),
            dense(won),
            document_best(&dense) - best(&dense, true),
            passage_cosine,
            variant_gain,
            if deviation > 0.0 { (dense(won) - mean) / deviation } else { 0.0 },
            density(&listed, &is_rival) - dense(won),
            words.coverage,
            words.uncovered_peak,
            words.unseen,
            agrees(&lexical),
            agrees(&dense),
            (context.unrestricted - winner.score.get()).max(0.0),
            (1.0 + words.terms).ln(),
            f64::from(context.asks),
        ]))
    }

    /// How far the winner scores below the best passage of any scope; 0 when it is that one.
    pub fn scope_gap(&self) -> f64 {
        let place = FEATURES.iter().position(|name| *name == "scope_gap");
        place.and_then(|i| self.0.get(i)).copied().unwrap_or(0.0)
    }

    /// Share of the query's words that no passage holds.
    pub fn unseen_share(&self) -> f64 {
        let place = FEATURES.iter().position(|name| *name == "unseen_share");
        place.and_then(|i| self.0.get(i)).copied().unwrap_or(0.0)
    }

    /// The features, in the order of [`FEATURES`].
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

fn background(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    if n == 0.0 {
        return (0.0, 0.0);
    }
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Mean dense score of the nearest rivals.
fn density(listed: &[&Candidate], is_rival: &dyn Fn(Row) -> bool) -> f64 {
    let mut rivals: Vec<f64> =
        listed.iter().filter(|c| is_rival(c.row)).map(|c| c.dense.get()).collect();
    rivals.sort_by(|a, b| b.total_cmp(a));
    rivals.truncate(DENSITY);
    if rivals.is_empty() { 0.0 } else { rivals.iter().sum::<f64>() / rivals.len() as f64 }
}

/// How the winner covers the query's words.
#[derive(Default)]
struct Words {
    /// Share of the query's idf that the winner's words carry.
    coverage: f64,
    /// idf of the rarest query term that the winner lacks, as a share of the greatest idf there
    /// is: one foreign word often makes another question of it.
    uncovered_peak: f64,
    /// Share of the query's terms that no passage holds.
    unseen: f64,
    /// Number of terms.
    terms: f64,
}

impl Words {
    fn of(explanation: &LexicalExplanation) -> Words {
        let (mut total, mut covered, mut unseen, mut terms) = (0.0, 0.0, 0.0, 0.0);
        let mut peak = 0.0_f64;
        for term in &explanation.terms {
            let count = f64::from(term.count);
            terms += count;
            total += count * term.idf;
            // A word that could be several others has not really been met.
            let is_guess = term.variants.len() > 1;
            if term.weighted_frequency > 0.0 && !is_guess {
                covered += count * term.idf;
            } else {
                peak = peak.max(term.idf);
            }
            if term.document_frequency == 0 {
                unseen += count;
            }
        }
        if terms == 0.0 {
            return Words::default();
        }
        Words {
            coverage: if total > 0.0 { covered / total } else { 0.0 },
            uncovered_peak: peak / idf(explanation.rows, 0),
            unseen: unseen / terms,
            terms,
        }
    }
}
