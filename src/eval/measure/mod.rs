//! Measures of a ranking against graded judgements, as trec_eval computes them and ir_measures
//! names them.
//!
//! - A measure is data: it parses from its name and prints back the name ([`Measure`]).
//! - A measure sees grades only ([`JudgedRanking`]), in the one order of hits; it never sees
//!   scores, documents or other topics, and gives a finite number for any input.
//! - A topic without relevant documents has the value 0, as in trec_eval, and so has an empty
//!   ranking.
//! - A grade below 0 means pooled but not judged (trec_eval's `RELVALUE_UNJUDGED`): such a
//!   document is not relevant, has no gain, and counts as judged for [`Measure::Judged`] only.

mod average_precision;
mod binary_preference;
mod judged;
mod name;
mod ndcg;
mod precision;
mod ranking;
mod recall;
mod reciprocal_rank;

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use name::MeasureError;
pub use ranking::JudgedRanking;

/// How deep a ranking is looked at: hits from the first, at least one.
pub type Cutoff = NonZeroU32;

/// Which documents count as relevant, and which hits are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relevance {
    /// The least grade that counts as relevant, at least 1; 1 unless named (`rel`).
    pub level: NonZeroU32,
    /// Whether hits without a judgement are left out before ranks are counted (`judged_only`).
    pub judged_only: bool,
}

impl Default for Relevance {
    fn default() -> Self {
        Self { level: NonZeroU32::MIN, judged_only: false }
    }
}

/// What a grade is worth in nDCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gain {
    /// The grade itself (`dcg='log2'`): Järvelin and Kekäläinen 2002.
    #[default]
    Linear,
    /// 2^grade - 1 (`dcg='exp-log2'`): Burges et al. 2005.
    Exponential,
}

/// A measure of one topic's ranking. Values lie between 0 and 1.
///
/// ```
/// use guidepost::eval::measure::Measure;
/// let measure: Measure = "P(rel=2)@5".parse()?;
/// assert_eq!(measure.to_string(), "P(rel=2)@5");
/// assert_eq!("MAP".parse::<Measure>()?.to_string(), "AP");
/// # Ok::<(), guidepost::eval::measure::MeasureError>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
#[non_exhaustive]
pub enum Measure {
    /// `AP`, `AP@k`: mean of the precision at each relevant document. With a cutoff, documents
    /// below it add nothing; the divisor stays the number of relevant documents.
    AveragePrecision {
        /// How deep to look.
        cutoff: Option<Cutoff>,
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `nDCG`, `nDCG@k`: gain discounted by log2(rank + 1), over that of the ideal ranking of
    /// all judged documents, cut at the same depth.
    Ndcg {
        /// How deep to look.
        cutoff: Option<Cutoff>,
        /// What a grade is worth.
        gain: Gain,
        /// Whether hits without a judgement are left out before ranks are counted.
        judged_only: bool,
    },
    /// `RR`, `RR@k`: one over the rank of the first relevant document.
    ReciprocalRank {
        /// How deep to look.
        cutoff: Option<Cutoff>,
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `P@k`: relevant documents among the first k, over k however many were found.
    Precision {
        /// How deep to look.
        cutoff: Cutoff,
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `R@k`: relevant documents among the first k, over all relevant documents.
    Recall {
        /// How deep to look.
        cutoff: Cutoff,
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `Success@k`: 1 where a relevant document is among the first k, else 0.
    Success {
        /// How deep to look.
        cutoff: Cutoff,
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `Rprec`: precision at R, the number of relevant documents.
    RPrecision {
        /// Which documents count as relevant.
        relevance: Relevance,
    },
    /// `Bpref`: how many of the judged pairs the ranking has the right way round.
    BinaryPreference {
        /// The least grade that counts as relevant.
        level: NonZeroU32,
    },
    /// `Judged`, `Judged@k`: share of the first k hits that have a judgement of any grade,
    /// over the hits found where they are fewer than k.
    Judged {
        /// How deep to look.
        cutoff: Option<Cutoff>,
    },
}

impl Measure {
    /// The measure of a ranking, between 0 and 1.
    pub fn value(&self, ranking: &JudgedRanking<'_>) -> f64 {
        match *self {
            Self::AveragePrecision { cutoff, relevance } => {
                average_precision::average_precision(ranking, cutoff, relevance)
            }
            Self::Ndcg { cutoff, gain, judged_only } => {
                ndcg::ndcg(ranking, cutoff, gain, judged_only)
            }
            Self::ReciprocalRank { cutoff, relevance } => {
                reciprocal_rank::reciprocal_rank(ranking, cutoff, relevance)
            }
            Self::Precision { cutoff, relevance } => {
                precision::precision(ranking, cutoff, relevance)
            }
            Self::Recall { cutoff, relevance } => recall::recall(ranking, cutoff, relevance),
            Self::Success { cutoff, relevance } => precision::success(ranking, cutoff, relevance),
            Self::RPrecision { relevance } => precision::r_precision(ranking, relevance),
            Self::BinaryPreference { level } => {
                binary_preference::binary_preference(ranking, level)
            }
            Self::Judged { cutoff } => judged::judged(ranking, cutoff),
        }
    }

    /// The least grade that counts as relevant; none where grades or judgements count as such.
    pub fn relevance_level(&self) -> Option<NonZeroU32> {
        match *self {
            Self::AveragePrecision { relevance, .. }
            | Self::ReciprocalRank { relevance, .. }
            | Self::Precision { relevance, .. }
            | Self::Recall { relevance, .. }
            | Self::Success { relevance, .. }
            | Self::RPrecision { relevance } => Some(relevance.level),
            Self::BinaryPreference { level } => Some(level),
            Self::Ndcg { .. } | Self::Judged { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
