//! Which thresholds are tested, in which order, from which starts?
//!
//! Drawn up on the fitting split, whose confidences should be out of fold. Of the calibrating
//! split it knows the number of families only. The first start is the highest threshold that will
//! very likely answer enough families for none of them wrong to reject (at alpha = delta = 5% and
//! one start 59 of them, since .95^59 < .05); the others lie at even steps down to the lowest
//! threshold at which the rates of the fitting split would reject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certify::{CertifyError, Terms};
use super::outcome::{Mix, Outcome, check_confidences};
use super::risk::{Counts, Method};
use crate::statistics::binomial_limit;

/// Most starts that may share delta.
pub const MOST_STARTS: usize = 4;
/// Starts, unless told otherwise. On simulated scores of 600 families three certified the most
/// coverage, four nearly as much, one clearly less.
pub const DEFAULT_STARTS: usize = 3;
/// Thresholds of a plan. Finer grids stop earlier by chance, coarser ones waste coverage.
const GRID: usize = 40;
/// Chance that the first start answers fewer families than it needs.
const SHORTFALL: f64 = 0.05;

/// Which thresholds are tested, in which order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The thresholds, highest first.
    pub grid: Vec<f64>,
    /// Places in the grid from which to descend, ascending.
    pub starts: Vec<usize>,
}

impl Plan {
    /// Draws up a plan for families of which `mix` numbers are known, with up to `starts` starts.
    ///
    /// # Errors
    /// [`CertifyError`] when no outcome of the fitting split has a confidence, one is no
    /// probability, or a number is out of range.
    pub fn new(
        fit: &[Outcome],
        mix: Mix,
        terms: &Terms,
        starts: usize,
    ) -> Result<Plan, CertifyError> {
        terms.check()?;
        check_confidences(fit)?;
        if !(1..=MOST_STARTS).contains(&starts) {
            return Err(CertifyError::Terms { what: "the number of starts", range: "1 to 4" });
        }
        let thresholds = thresholds(fit);
        if thresholds.is_empty() {
            return Err(CertifyError::Empty { what: "confidences of the fitting split" });
        }
        let forecast = Forecast { terms, mix, level: terms.spent() / starts as f64 };
        let counts = Counts::at_each(fit, &thresholds);
        // With too few families nothing can be certified: test what answers the most.
        let first =
            counts.partition_point(|counts| !forecast.may_reject(counts)).min(thresholds.len() - 1);
        let grid = even_steps(&thresholds[first..], &counts[first..]);
        let counts = Counts::at_each(fit, &grid);
        let last = counts.iter().rposition(|counts| forecast.expects_to_reject(counts));
        let plan = Plan { starts: even_starts(last.unwrap_or(0), starts), grid };
        plan.check()?;
        Ok(plan)
    }

    /// Place of a threshold in the grid.
    ///
    /// # Errors
    /// [`CertifyError::Plan`] when it is not of the grid.
    pub(super) fn place_of(&self, threshold: f64) -> Result<usize, CertifyError> {
        let is_it = |known: &f64| known.total_cmp(&threshold).is_eq();
        self.grid
            .iter()
            .position(is_it)
            .ok_or(CertifyError::Plan { range: "the certified threshold" })
    }

    /// # Errors
    /// [`CertifyError::Plan`] when it cannot be walked.
    pub(super) fn check(&self) -> Result<(), CertifyError> {
        let refused = |range| Err(CertifyError::Plan { range });
        if !self.grid.iter().all(|threshold| (0.0..=1.0).contains(threshold))
            || !self.grid.is_sorted_by(|a, b| a > b)
        {
            return refused("thresholds from 1 to 0, each lower than the one before");
        }
        let known = self.starts.iter().all(|&start| start < self.grid.len());
        if !known
            || !self.starts.is_sorted_by(|a, b| a < b)
            || !(1..=MOST_STARTS).contains(&self.starts.len())
        {
            return refused("one to four starts, ascending, each a place in its grid");
        }
        Ok(())
    }
}

/// Every confidence of some outcomes once, highest first.
fn thresholds(fit: &[Outcome]) -> Vec<f64> {
    let mut found: Vec<f64> =
        fit.iter().filter_map(|o| o.proposed.as_ref()).map(|p| p.confidence).collect();
    found.sort_by(|a, b| b.total_cmp(a));
    found.dedup_by(|a, b| a >= b);
    found
}

/// At most [`GRID`] of some thresholds, at even steps of the number answered.
fn even_steps(thresholds: &[f64], counts: &[Counts]) -> Vec<f64> {
    let (Some(first), Some(last)) = (counts.first(), counts.last()) else {
        return Vec::new();
    };
    let (from, to) = (first.answered(), last.answered());
    let mut grid = Vec::new();
    for step in 0..GRID {
        let wanted = from + (to - from) * step / (GRID - 1);
        let place = counts.partition_point(|counts| counts.answered() < wanted);
        grid.extend(thresholds.get(place));
    }
    grid.dedup();
    grid
}

/// Up to `starts` places at even steps from 0 to `last`.
fn even_starts(last: usize, starts: usize) -> Vec<usize> {
    let mut places: Vec<usize> =
        (0..starts).map(|start| last * start / (starts - 1).max(1)).collect();
    places.dedup();
    places
}

/// What the rates of the fitting split let one expect of the calibrating one.
struct Forecast<'a> {
    terms: &'a Terms,
    mix: Mix,
    level: f64,
}

impl Forecast<'_> {
    fn rejects(&self, counts: &Counts) -> bool {
        self.terms.method.rejects(counts, self.terms.alpha, self.level)
    }

    /// Whether the calibrating split will very likely answer enough for no error to reject.
    fn may_reject(&self, fit: &Counts) -> bool {
        let least = |n: usize, of: usize, total: usize| {
            binomial_limit(total, n as f64 / of.max(1) as f64, SHORTFALL)
        };
        let right = match self.terms.method {
            Method::SampleMix => least(fit.answered(), fit.families.total(), self.mix.total()),
            Method::PrevalenceInterval { .. } => {
                least(fit.right + fit.wrong, fit.families.answerable, self.mix.answerable)
            }
        };
        self.rejects(&Counts { families: self.mix, right, wrong: 0, out_of_scope: 0 })
    }

    /// Whether the very rates of the fitting split would reject.
    fn expects_to_reject(&self, fit: &Counts) -> bool {
        let scaled = |n: usize, of: usize, total: usize| {
            (n * total + of / 2).checked_div(of).unwrap_or_default()
        };
        let (inside, outside) = match self.terms.method {
            Method::SampleMix => {
                let all = (fit.families.total(), self.mix.total());
                (all, all)
            }
            Method::PrevalenceInterval { .. } => (
                (fit.families.answerable, self.mix.answerable),
                (fit.families.unanswerable, self.mix.unanswerable),
            ),
        };
        self.rejects(&Counts {
            families: self.mix,
            right: scaled(fit.right, inside.0, inside.1),
            wrong: scaled(fit.wrong, inside.0, inside.1),
            out_of_scope: scaled(fit.out_of_scope, outside.0, outside.1),
        })
    }
}
