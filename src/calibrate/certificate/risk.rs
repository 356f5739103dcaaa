//! How surely do counts of right and wrong answers hold a risk?
//!
//! The risk is selective: errors among what is answered. [`Method::SampleMix`] is exact for
//! messages mixed as the families of the sample are. Where the share of messages that nobody
//! should answer is not the sample's, the risk is another one, and often a far greater one;
//! [`Method::PrevalenceInterval`] holds for every share in an interval that is declared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::{Mix, Outcome};
use crate::statistics::special::smooth_root;
use crate::statistics::{binomial_at_most, clopper_pearson_lower, clopper_pearson_upper};

/// What a threshold does with the families of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All families.
    pub families: Mix,
    /// Answerable families answered rightly.
    pub right: usize,
    /// Answerable families answered wrongly.
    pub wrong: usize,
    /// Families answered that should have been declined.
    pub out_of_scope: usize,
}

impl Counts {
    /// Families answered.
    pub fn answered(&self) -> usize {
        self.right + self.errors()
    }

    /// Families answered that should have got another answer or none.
    pub fn errors(&self) -> usize {
        self.wrong + self.out_of_scope
    }

    /// As many answers without an error.
    pub(super) fn faultless(&self) -> Counts {
        Counts { right: self.answered(), wrong: 0, out_of_scope: 0, ..*self }
    }

    /// Counts at each of some thresholds, highest first.
    pub(super) fn at_each(outcomes: &[Outcome], grid: &[f64]) -> Vec<Counts> {
        let families = Mix::of(outcomes);
        let nothing = Counts { families, right: 0, wrong: 0, out_of_scope: 0 };
        let mut counts = vec![nothing; grid.len()];
        for outcome in outcomes {
            let Some(proposal) = &outcome.proposed else { continue };
            let place = grid.partition_point(|&threshold| threshold > proposal.confidence);
            let Some(first) = counts.get_mut(place) else { continue };
            match (outcome.answerable, proposal.wrong) {
                (true, false) => first.right += 1,
                (true, true) => first.wrong += 1,
                (false, _) => first.out_of_scope += 1,
            }
        }
        for place in 1..counts.len() {
            let above = counts[place - 1];
            counts[place].right += above.right;
            counts[place].wrong += above.wrong;
            counts[place].out_of_scope += above.out_of_scope;
        }
        counts
    }
}

/// Which messages the risk is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Messages mixed as the sample is. Given how many families are answered, errors are binomial:
    /// the p-value of "the risk is above alpha" is P(Bin(answered, alpha) ≤ errors), and the limit
    /// is Clopper and Pearson's.
    SampleMix,
    /// Messages of which a share between two ends should be declined. Limits of P(answered | to
    /// decline), P(answered wrongly | answerable) and P(answered rightly | answerable), each at a
    /// third of the level (Bonferroni), bound the risk at any share; the p-value is the least
    /// level whose bound is alpha or less.
    PrevalenceInterval {
        /// Least share of messages that should be declined.
        low: f64,
        /// Greatest share of messages that should be declined.
        high: f64,
    },
}

/// Statements that [`Method::PrevalenceInterval`] makes at once.
const STATEMENTS: f64 = 3.0;
/// Least p-value of an interval: below, 1 − level would lose its digits.
const LEAST_LEVEL: f64 = 1e-12;
/// Steps of one unit in the last place that a limit may take to meet its tail.
const NUDGES: usize = 256;

impl Method {
    /// Whether it is one: an interval lies between 0 and 1, and leaves something to answer.
    pub fn is_sound(&self) -> bool {
        match *self {
            Method::SampleMix => true,
            Method::PrevalenceInterval { low, high } => 0.0 <= low && low <= high && high < 1.0,
        }
    }

    /// How likely so few errors are, or fewer, where the risk is alpha: at most this.
    pub fn p_value(&self, counts: &Counts, alpha: f64) -> f64 {
        match self {
            Method::SampleMix => binomial_at_most(counts.errors(), counts.answered(), alpha),
            Method::PrevalenceInterval { .. } => {
                let above = |log_level: f64| alpha - self.raw_limit(counts, log_level.exp());
                if above(0.0) < 0.0 {
                    return 1.0;
                }
                smooth_root(LEAST_LEVEL.ln(), 0.0, above).exp().min(1.0)
            }
        }
    }

    /// Whether "the risk is above alpha" is rejected at a level: the p-value is that or less.
    pub fn rejects(&self, counts: &Counts, alpha: f64, level: f64) -> bool {
        match self {
            Method::SampleMix => self.p_value(counts, alpha) <= level,
            // The same, without the search for the p-value.
            Method::PrevalenceInterval { .. } => self.raw_limit(counts, level) <= alpha,
        }
    }

    /// A limit that the risk at a threshold chosen beforehand exceeds with probability `level` at
    /// most: the least alpha, to the last few bits, that rejects.
    pub fn risk_limit(&self, counts: &Counts, level: f64) -> f64 {
        let mut limit = self.raw_limit(counts, level);
        for _ in 0..NUDGES {
            if limit >= 1.0 || self.rejects(counts, limit, level) {
                break;
            }
            limit = limit.next_up();
        }
        limit.min(1.0)
    }

    fn raw_limit(&self, counts: &Counts, level: f64) -> f64 {
        let Method::PrevalenceInterval { low, high } = *self else {
            return clopper_pearson_upper(counts.errors(), counts.answered(), 1.0 - level);
        };
        let Mix { answerable, unanswerable } = counts.families;
        let sure = 1.0 - level / STATEMENTS;
        let out = clopper_pearson_upper(counts.out_of_scope, unanswerable, sure);
        let wrong = clopper_pearson_upper(counts.wrong, answerable, sure);
        let right = clopper_pearson_lower(counts.right, answerable, sure);
        // Errors over answers, both linear in the share: greatest at one of its ends. Growing in
        // `out` and `wrong`, falling in `right`.
        let risk = |share: f64| {
            let errors = wrong * (1.0 - share) + out * share;
            let answers = errors + right * (1.0 - share);
            if answers > 0.0 { errors / answers } else { 1.0 }
        };
        risk(low).max(risk(high))
    }

    /// Share of the messages answered: of the sample, or of the worst mix declared, where only
    /// right answers count.
    pub fn coverage(&self, counts: &Counts) -> f64 {
        let (answered, families) = self.covered(counts);
        let share = answered as f64 / families.max(1) as f64;
        share * self.least_answerable_share()
    }

    /// A limit that [`Method::coverage`] of all messages, at a threshold chosen beforehand, falls
    /// short of with probability `level` at most.
    pub fn coverage_limit(&self, counts: &Counts, level: f64) -> f64 {
        let (answered, families) = self.covered(counts);
        clopper_pearson_lower(answered, families, 1.0 - level) * self.least_answerable_share()
    }

    fn covered(&self, counts: &Counts) -> (usize, usize) {
        match self {
            Method::SampleMix => (counts.answered(), counts.families.total()),
            Method::PrevalenceInterval { .. } => (counts.right, counts.families.answerable),
        }
    }

    fn least_answerable_share(&self) -> f64 {
        match self {
            Method::SampleMix => 1.0,
            Method::PrevalenceInterval { high, .. } => 1.0 - high,
        }
    }
}
