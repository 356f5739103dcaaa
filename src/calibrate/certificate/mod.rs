//! Which threshold holds a risk, on which messages, and what proves it?
//!
//! Learn then Test (A. N. Angelopoulos, S. Bates, E. J. Candès, M. I. Jordan and L. Lei, "Learn
//! then Test: Calibrating Predictive Algorithms to Achieve Risk Control", Annals of Applied
//! Statistics 19, 2025) on the selective risk: of the messages that a threshold answers, the share
//! that should have got another answer or none. A [`Plan`] is drawn up on the fitting split: which
//! thresholds to test, in which order, from which starts. [`certify`] then tests it on the
//! calibrating split, and [`Certificate`] keeps the result with all that it depends on.
//!
//! Invariants:
//! 1. **One message a family.** Binomial tails need independent trials, and messages that ask the
//!    same thing are right or wrong together; two outcomes of one family are refused.
//! 2. **The plan never sees the outcomes it is tested on.** From the calibrating split it knows
//!    the number of families alone.
//! 3. A certificate says which messages it holds for, and is void with any other snapshot, model,
//!    analyzer, settings or calibrator.
//! 4. What is certified is that the risk is at most alpha, with probability 1 − delta over the
//!    draw of the families. Exact limits at the threshold found stand beside it, but that
//!    threshold was chosen by looking; they are not certified.
//!
//! Not known here: engines, files, clocks, and whether the labels are right.

mod certify;
mod content;
mod outcome;
mod plan;
mod population;
mod recompute;
mod review;
mod risk;
mod slices;
#[cfg(test)]
mod tests;

pub use certify::{Attempt, Certified, CertifyError, Nothing, Terms, Verdict, certify};
pub use content::{
    Bound, CERTIFICATE_VERSION, Certificate, CertificateError, Content, Issued, Labels, Request,
    Urgent, UrgentCounts,
};
pub use outcome::{Mix, Outcome, Proposal};
pub use plan::{DEFAULT_STARTS, MOST_STARTS, Plan};
pub use population::{NotForSending, Population};
pub use review::{Recertification, Review};
pub use risk::{Counts, Method};
pub use slices::Slice;
