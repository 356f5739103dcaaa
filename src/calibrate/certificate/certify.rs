//! Does a plan, tested on families that it has not seen, hold the risk?
//!
//! Fixed-sequence testing (Angelopoulos et al., Learn then Test, algorithm 1): from every start
//! towards lower thresholds, each at delta / starts, until one does not reject "the risk is above
//! alpha". The chance that any threshold of a greater risk is certified is delta at most, whatever
//! the risks have to do with each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, check_confidences, check_families};
use super::plan::Plan;
use super::risk::{Counts, Method};

/// What is to be certified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The risk to hold.
    pub alpha: f64,
    /// Greatest chance that it is certified and not held.
    pub delta: f64,
    /// Over which messages.
    pub method: Method,
    /// How often the same families have been tested before, each time after an edit of the corpus;
    /// 0 for the first time. The k-th test spends delta / 2^k, so that all tests after the first
    /// together spend no more than delta again.
    pub revision: u32,
}

impl Terms {
    /// What this test spends of delta.
    pub fn spent(&self) -> f64 {
        self.delta * 0.5_f64.powi(i32::try_from(self.revision).unwrap_or(i32::MAX))
    }

    /// # Errors
    /// [`CertifyError::Terms`] naming the number that is out of range.
    pub(super) fn check(&self) -> Result<(), CertifyError> {
        let inside = |value: f64| value > 0.0 && value < 1.0;
        let wrong = |what, range| Err(CertifyError::Terms { what, range });
        if !inside(self.alpha) {
            return wrong("alpha", "above 0 and below 1");
        }
        if !inside(self.delta) {
            return wrong("delta", "above 0 and below 1");
        }
        if !self.method.is_sound() {
            return wrong("the interval of prevalence", "ascending, from 0 up, and below 1");
        }
        Ok(())
    }
}

/// Why outcomes cannot be tested.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// There is nothing to test.
    #[error("there are no {what} to certify with")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// Two outcomes of one family.
    #[error(
        "family `{family}` has two outcomes; exact limits need independent ones, so keep one \
         message a family"
    )]
    FamilyTwice {
        /// The family.
        family: String,
    },
    /// A confidence is no probability.
    #[error("the confidence {value} of family `{family}` is not between 0 and 1")]
    Confidence {
        /// The family.
        family: String,
        /// The confidence.
        value: f64,
    },
    /// A number of the terms is out of range.
    #[error("{what} must be {range}")]
    Terms {
        /// Which number.
        what: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// Outcomes of other families than the certificate's.
    #[error(
        "the outcomes are not of the certificate's families; other families need a certificate of \
         their own"
    )]
    OtherFamilies,
    /// A test of the same families was counted before.
    #[error("revision {revision} was used before: the certificate is of revision {last}")]
    RevisionUsed {
        /// The revision asked for.
        revision: u32,
        /// The certificate's.
        last: u32,
    },
    /// The plan cannot be walked.
    #[error("the plan must hold {range}")]
    Plan {
        /// What it must hold.
        range: &'static str,
    },
}

/// A threshold that was tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The threshold.
    pub threshold: f64,
    /// Families answered at it.
    pub n: usize,
    /// Errors among them.
    pub errors: usize,
    /// The p-value of "the risk is above alpha".
    pub p: f64,
}

/// A threshold that holds the risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certified {
    /// Least confidence that answers.
    pub threshold: f64,
    /// Families answered.
    pub n: usize,
    /// Errors among them.
    pub errors: usize,
    /// The p-value of "the risk is above alpha".
    pub p: f64,
    /// The level it was held against: what is spent of delta, shared among the starts.
    pub level: f64,
    /// Exact upper limit of the risk at that level, had the threshold been chosen beforehand. Not
    /// certified: alpha is.
    pub risk_limit: f64,
    /// Share of the sample answered; of an interval of prevalence, the share of messages answered
    /// rightly at its upper end.
    pub coverage: f64,
    /// Exact lower limit of that share, good for every threshold of the plan at once: a statement
    /// beside the certified one, missed with the probability spent of delta at most.
    pub coverage_limit: f64,
    /// Every threshold tested, highest first.
    pub attempts: Vec<Attempt>,
}

/// No threshold holds the risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {
    /// The least alpha at which the same plan certifies something, at the same delta: the least
    /// exact limit of the risk at any of its starts. As these limits hold at once, it may be read
    /// off afterwards, for the threshold of that start only.
    pub smallest_alpha: f64,
    /// The test that would certify it.
    pub at: Attempt,
    /// Every threshold tested, highest first.
    pub attempts: Vec<Attempt>,
}

/// What a test of a plan says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A threshold holds the risk: the lowest of those that do.
    Certified(Certified),
    /// None does.
    Nothing(Nothing),
}

/// Tests a plan on outcomes that it has not seen, one a family.
///
/// # Errors
/// [`CertifyError`] when the outcomes are not one a family with a confidence, or the terms or the
/// plan are out of range.
pub fn certify(plan: &Plan, outcomes: &[Outcome], terms: &Terms) -> Result<Verdict, CertifyError> {
    let walk = Walk::over(plan, outcomes, terms)?;
    Ok(match walk.lowest() {
        Some(place) => Verdict::Certified(walk.certified(place)),
        None => Verdict::Nothing(walk.nothing()),
    })
}

/// A plan tested on outcomes.
pub(super) struct Walk<'a> {
    plan: &'a Plan,
    terms: &'a Terms,
    pub(super) level: f64,
    pub(super) counts: Vec<Counts>,
    /// Whether a threshold was tested, by place in the grid.
    tested: Vec<bool>,
    /// Whether it is certified.
    holds: Vec<bool>,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// [`CertifyError`] as of [`certify`].
    pub(super) fn over(
        plan: &'a Plan,
        outcomes: &[Outcome],
        terms: &'a Terms,
    ) -> Result<Walk<'a>, CertifyError> {
        terms.check()?;
        plan.check()?;
        if outcomes.is_empty() {
            return Err(CertifyError::Empty { what: "outcomes" });
        }
        check_families(outcomes)?;
        check_confidences(outcomes)?;
        let mut walk = Walk {
            plan,
            terms,
            level: terms.spent() / plan.starts.len() as f64,
            counts: Counts::at_each(outcomes, &plan.grid),
            tested: vec![false; plan.grid.len()],
            holds: vec![false; plan.grid.len()],
        };
        for &start in &plan.starts {
            walk.descend(start);
        }
        Ok(walk)
    }

    fn descend(&mut self, start: usize) {
        for place in start..self.counts.len() {
            if self.holds[place] {
                continue;
            }
            self.tested[place] = true;
            let Terms { alpha, method, .. } = self.terms;
            if !method.rejects(&self.counts[place], *alpha, self.level) {
                return;
            }
            self.holds[place] = true;
        }
    }

    /// Place of the lowest threshold that holds.
    pub(super) fn lowest(&self) -> Option<usize> {
        self.holds.iter().rposition(|&holds| holds)
    }

    /// Whether a threshold of the grid holds.
    pub(super) fn holds(&self, place: usize) -> bool {
        self.holds.get(place).is_some_and(|&holds| holds)
    }

    pub(super) fn attempt(&self, place: usize) -> Attempt {
        let counts = &self.counts[place];
        Attempt {
            threshold: self.plan.grid[place],
            n: counts.answered(),
            errors: counts.errors(),
            p: self.terms.method.p_value(counts, self.terms.alpha),
        }
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        (0..self.tested.len())
            .filter(|&place| self.tested[place])
            .map(|place| self.attempt(place))
            .collect()
    }

    pub(super) fn certified(&self, place: usize) -> Certified {
        let (method, counts) = (&self.terms.method, &self.counts[place]);
        let Attempt { threshold, n, errors, p } = self.attempt(place);
        let each = self.terms.spent() / self.plan.grid.len() as f64;
        Certified {
            threshold,
            n,
            errors,
            p,
            level: self.level,
            risk_limit: method.risk_limit(counts, self.level),
            coverage: method.coverage(counts),
            coverage_limit: method.coverage_limit(counts, each),
            attempts: self.attempts(),
        }
    }

    pub(super) fn nothing(&self) -> Nothing {
        let limit = |place: usize| self.terms.method.risk_limit(&self.counts[place], self.level);
        let starts = self.plan.starts.iter().map(|&start| (limit(start), start));
        let best = starts.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((1.0, 0));
        Nothing { smallest_alpha: best.0, at: self.attempt(best.1), attempts: self.attempts() }
    }
}
