//! What do the numbers of these topics say about topics not seen?
//!
//! Pure functions from per-topic values to intervals, p-values, powers and agreement. One rule
//! holds throughout: **the family is the unit** ([`Families`]). A value is a mean over topics; its
//! uncertainty comes from drawing, flipping or ranking whole families, so that adding paraphrases
//! never makes a result look surer than it is.
//!
//! Random draws come from ChaCha8 keyed by the seed, with one stream for each replicate or block,
//! so results are the same bits at any thread count. Signs are flipped in integers, so no sum
//! depends on its order.
//!
//! Not known here: topics, systems, measures, files and reports. Nothing here decides which
//! comparison is primary or which p-values belong to one family of tests.
//!
//! | Question | Function |
//! |---|---|
//! | How sure is a mean, or any figure of topics? | [`mean`], [`bca`] |
//! | Do two systems differ? Is one not worse by a margin? | [`compare`] |
//! | What if many comparisons are made? | [`holm`] |
//! | What could this number of families have found? | [`detectable_difference`], [`power_of`] |
//! | How sure is a count out of n? | [`clopper_pearson`], [`wilson`] |
//! | How sure is a percentile? | [`quantile_interval`] |
//! | Do two sets of labels agree? | [`agreement`] |

pub mod agreement;
mod bootstrap;
mod correction;
mod families;
mod paired;
mod power;
mod randomisation;
mod signed_rank;
mod student;

pub use bootstrap::{Bootstrap, Bootstrapped, bca, bca_with_diagnostics, mean};
pub use correction::holm;
pub use families::Families;
pub use paired::{Paired, PairedOptions, PrimaryTest, compare, deviation};
pub use power::{
    Power, detectable_difference, detectable_margin, families_needed, power_of,
    power_of_noninferiority,
};

pub use crate::statistics::{
    binomial_at_least, binomial_at_most, binomial_limit, clopper_pearson, clopper_pearson_lower,
    clopper_pearson_upper, quantile_interval, wilson,
};

/// Values that cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignificanceError {
    /// The two systems, or the families, are not of the same topics.
    #[error(
        "baseline, system and families must name the same topics: {baseline} values, {system} \
         values, {families} topics in families"
    )]
    Lengths {
        /// Values of the baseline.
        baseline: usize,
        /// Values of the system.
        system: usize,
        /// Topics in families.
        families: usize,
    },
    /// There is nothing to compare.
    #[error("no topics to compare")]
    Empty,
    /// A value is infinite or not a number.
    #[error("the value of topic number {topic} is not finite")]
    NotFinite {
        /// Position of the topic, from 0.
        topic: usize,
    },
    /// A level is not strictly between 0 and 1, or a margin is not above 0.
    #[error("{what} must be {range}")]
    Option {
        /// Which option.
        what: &'static str,
        /// What it may be.
        range: &'static str,
    },
}
