//! Do two systems differ on the same topics?
//!
//! Every test sees one number for each family: the sum of its topics' differences over the mean
//! size of a family. The mean of these numbers is the mean difference over topics, which is what
//! the report shows, so no test can contradict it by weighing families otherwise; where all
//! families are of one size the number is the family's mean difference. Signs: positive where the
//! system has the greater value, and greater is taken to be better.
//!
//! Non-inferiority is two one-sided tests (D. J. Schuirmann, J. Pharmacokinetics and Biopharmaceutics
//! 15, 1987) on differences shifted by the margin. t and the randomisation test are too ready to
//! grant it where few families lose much and the rest nothing: of systems worse by exactly the
//! margin they passed up to 15% at .05 in simulations of 20 to 300 families. So a t corrected for
//! skewness must agree; then it was 6% at most. Only where no family differs at all does nothing
//! help: losses too rare to be in the sample cannot be seen in it.
//!
//! Knows no measures, no names and no other comparisons; correct for those with [`super::holm`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SignificanceError;
use super::bootstrap::{Bootstrap, mean, standard_deviation};
use super::families::Families;
use super::randomisation::{SignFlips, sign_flips};
use super::signed_rank::SignedRanks;
use super::student::{OneSided, Sample};
use crate::eval::estimate::Estimate;
use crate::eval::report::model::{Noninferiority, TestResult};

/// The test an experiment names beforehand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrimaryTest {
    /// Paired randomisation: signs of families flipped.
    #[default]
    Randomisation,
    /// Student's paired t.
    T,
    /// Wilcoxon's signed ranks.
    Wilcoxon,
}

impl PrimaryTest {
    /// Name as settings have it.
    pub fn as_str(self) -> &'static str {
        match self {
            PrimaryTest::Randomisation => "randomisation",
            PrimaryTest::T => "t",
            PrimaryTest::Wilcoxon => "wilcoxon",
        }
    }
}

impl std::fmt::Display for PrimaryTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PairedOptions {
    /// Intervals; its level is theirs.
    pub bootstrap: Bootstrap,
    /// Sign assignments drawn, or the most that are counted in full.
    pub permutations: usize,
    /// Seed of the sign assignments.
    pub seed: u64,
    /// Margin of non-inferiority, above 0, in units of the measure.
    pub margin: Option<f64>,
    /// Level at which non-inferiority is claimed, each side one-sided.
    pub level: f64,
    /// The test whose p counts.
    pub test: PrimaryTest,
}

impl Default for PairedOptions {
    /// 100,000 assignments, no margin, level .05, the randomisation test.
    fn default() -> PairedOptions {
        PairedOptions {
            bootstrap: Bootstrap::default(),
            permutations: 100_000,
            seed: 1,
            margin: None,
            level: 0.05,
            test: PrimaryTest::default(),
        }
    }
}

/// A system against a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean of the baseline over topics.
    pub baseline: f64,
    /// Mean of the system over topics.
    pub system: f64,
    /// System minus baseline, with its BCa interval over families.
    pub difference: Estimate,
    /// Paired randomisation; the statistic is the mean difference.
    pub randomisation: TestResult,
    /// Whether that test counted every assignment of signs instead of drawing some.
    pub exact: bool,
    /// Student's t over families; `None` for fewer than two families or without variation.
    pub t: Option<TestResult>,
    /// Wilcoxon's signed ranks over families; `None` where no family differs.
    pub wilcoxon: Option<TestResult>,
    /// Two-sided p of the primary test; 1 where it could not be made.
    pub p: f64,
    /// Cohen's d_z over families, mean over standard deviation, with the interval from the
    /// noncentral t distribution; `None` where there is no t.
    pub effect: Option<Estimate>,
    /// Families in which the system is ahead.
    pub wins: usize,
    /// Families without a difference.
    pub ties: usize,
    /// Families in which the baseline is ahead.
    pub losses: usize,
    /// Standard deviation of the numbers of families; `None` for fewer than two.
    pub deviation: Option<f64>,
    /// Two one-sided tests against the margin, where one is given.
    pub noninferiority: Option<Noninferiority>,
}

/// Compares a system with a baseline, topic by topic.
///
/// `baseline` and `system` hold a value for each topic of `families`, in the same order.
///
/// # Errors
/// [`SignificanceError`] where the values are not of the same topics, there are none, one is not
/// finite, a level is not between 0 and 1 or the margin is not above 0.
pub fn compare(
    baseline: &[f64],
    system: &[f64],
    families: &Families,
    options: &PairedOptions,
) -> Result<Paired, SignificanceError> {
    check_options(options)?;
    let differences = Differences::of(baseline, system, families)?;
    let by_topic: Vec<f64> = system.iter().zip(baseline).map(|(s, b)| s - b).collect();
    let difference = mean(&by_topic, families, &options.bootstrap);
    let values = &differences.values;
    let flips = sign_flips(values, options.permutations, options.seed);
    let randomisation =
        TestResult { statistic: difference.value, degrees: None, p: flips.two_sided };
    let sample = Sample::of(values);
    let t = sample.map(|sample| sample.test());
    let wilcoxon = SignedRanks::of(values).map(|ranks| ranks.test());
    let primary = match options.test {
        PrimaryTest::Randomisation => Some(randomisation),
        PrimaryTest::T => t,
        PrimaryTest::Wilcoxon => wilcoxon,
    };
    Ok(Paired {
        baseline: average(baseline),
        system: average(system),
        difference,
        randomisation,
        exact: flips.exact,
        t,
        wilcoxon,
        p: primary.map_or(1.0, |test| test.p),
        effect: sample.map(|sample| effect(&sample, families, options.bootstrap.level)),
        wins: values.iter().filter(|v| **v > 0.0).count(),
        ties: values.iter().filter(|v| **v == 0.0).count(),
        losses: values.iter().filter(|v| **v < 0.0).count(),
        deviation: (values.len() > 1).then(|| standard_deviation(values)),
        noninferiority: options.margin.map(|margin| differences.noninferiority(margin, options)),
    })
}

/// Standard deviation of what the tests of [`compare`] see, which is what powers are worked out
/// from ([`super::power_of`]). It does not tell who is ahead. `None` for fewer than two families.
///
/// # Errors
/// As [`compare`].
pub fn deviation(
    baseline: &[f64],
    system: &[f64],
    families: &Families,
) -> Result<Option<f64>, SignificanceError> {
    let differences = Differences::of(baseline, system, families)?;
    Ok((families.n() > 1).then(|| standard_deviation(&differences.values)))
}

fn check_options(options: &PairedOptions) -> Result<(), SignificanceError> {
    let levels = [
        ("the level of a test", options.level),
        ("the level of an interval", options.bootstrap.level),
    ];
    for (what, level) in levels {
        if !(level > 0.0 && level < 1.0) {
            return Err(SignificanceError::Option { what, range: "between 0 and 1" });
        }
    }
    match options.margin {
        Some(margin) if !(margin > 0.0 && margin.is_finite()) => {
            Err(SignificanceError::Option { what: "a margin", range: "above 0" })
        }
        _ => Ok(()),
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn effect(sample: &Sample, families: &Families, level: f64) -> Estimate {
    Estimate {
        value: sample.mean / sample.deviation,
        interval: Some(sample.standardised_interval(level)),
        n: families.n(),
        n_topics: families.topics(),
    }
}

/// Sums this small, as a share of the greatest value seen, are zero but for rounding.
const ROUNDING: f64 = 1e-12;

/// One number for each family.
struct Differences {
    values: Vec<f64>,
    /// Size of each family over the mean size.
    weights: Vec<f64>,
    rounding: f64,
}

impl Differences {
    fn of(
        baseline: &[f64],
        system: &[f64],
        families: &Families,
    ) -> Result<Differences, SignificanceError> {
        let topics = families.topics();
        if baseline.len() != topics || system.len() != topics {
            let (baseline, system) = (baseline.len(), system.len());
            return Err(SignificanceError::Lengths { baseline, system, families: topics });
        }
        if topics == 0 {
            return Err(SignificanceError::Empty);
        }
        let pairs = || system.iter().zip(baseline);
        if let Some(topic) = pairs().position(|(s, b)| !(s - b).is_finite()) {
            return Err(SignificanceError::NotFinite { topic });
        }
        let scale = families.n() as f64 / topics as f64;
        let largest = pairs().fold(0.0_f64, |largest, (s, b)| largest.max(s.abs()).max(b.abs()));
        let sums = families.sums(pairs().map(|(s, b)| s - b));
        let rounding = ROUNDING * largest;
        let values = sums.iter().map(|sum| cleaned(sum * scale, rounding)).collect();
        let weights = families.sizes().iter().map(|&size| f64::from(size) * scale).collect();
        Ok(Differences { values, weights, rounding })
    }

    /// The numbers if every topic's difference were greater by `shift`.
    fn shifted(&self, shift: f64) -> Vec<f64> {
        let pairs = self.values.iter().zip(&self.weights);
        pairs.map(|(value, weight)| cleaned(value + shift * weight, self.rounding)).collect()
    }

    /// Two one-sided tests against the margin.
    fn noninferiority(&self, margin: f64, options: &PairedOptions) -> Noninferiority {
        let p_lower = one_sided(&self.shifted(margin), options).at_least;
        let p_upper = one_sided(&self.shifted(-margin), options).at_most;
        let noninferior = p_lower <= options.level;
        let equivalent = noninferior && p_upper <= options.level;
        Noninferiority { margin, p_lower, p_upper, noninferior, equivalent }
    }
}

fn cleaned(value: f64, rounding: f64) -> f64 {
    if value.abs() <= rounding { 0.0 } else { value }
}

/// The greater p, in either direction, of the primary test and of the skewness-corrected t.
///
/// Wilcoxon is replaced by t: shifted by a margin, its ranks speak of the median, and a system
/// that loses much on few families would pass. Without variation all signs are equal and their
/// flips are counted.
fn one_sided(values: &[f64], options: &PairedOptions) -> OneSided {
    let flips = || {
        let SignFlips { at_least, at_most, .. } =
            sign_flips(values, options.permutations, options.seed);
        OneSided { at_least, at_most }
    };
    let Some(sample) = Sample::of(values) else {
        return flips();
    };
    let primary = match options.test {
        PrimaryTest::Randomisation => flips(),
        PrimaryTest::T | PrimaryTest::Wilcoxon => sample.one_sided(),
    };
    let corrected = sample.skewness_corrected();
    OneSided {
        at_least: primary.at_least.max(corrected.at_least),
        at_most: primary.at_most.max(corrected.at_most),
    }
}

#[cfg(test)]
mod tests;
