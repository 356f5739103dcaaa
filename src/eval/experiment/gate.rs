//! One joint verdict on two systems: quality is not worse, and the tail of latency is not longer.
//!
//! Pass: both one-sided non-inferiority tests reject at the level. Being an intersection-union test
//! (Berger, Technometrics 24, 1982), the joint error stays at the level without a correction. Fail:
//! not a pass, and one of the two one-sided tests of "worse" rejects after Holm's correction over
//! both, so that equal systems fail at most as often as the level says. Neither: these topics cannot
//! tell. What could be told is worked out first, from data whose labels are hidden.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::eval::error::EvalError;
use crate::eval::estimate::{Estimate, Interval};
use crate::eval::latency::{RatioOptions, outcomes, quantile_ratio_test};
use crate::eval::significance::{
    Bootstrap, Families, Paired, PairedOptions, PrimaryTest, compare, deviation, holm,
    power_of_noninferiority,
};

/// Loss of quality and slowdown that the power is stated for.
const STATED_LOSS: f64 = 0.03;
const STATED_SLOWDOWN: f64 = 1.2;
/// The tail that is judged.
const TAIL: f64 = 0.99;

/// What is asked of the candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateOptions {
    /// Loss of quality, in units of the measure, that would be too much.
    pub margin: f64,
    /// Ratio of the 99th percentiles that would be too much.
    pub latency_margin: f64,
    /// Level of the verdict.
    pub level: f64,
    /// Random swaps of each test.
    pub permutations: usize,
    /// Simulations for the power of the test of latency.
    pub simulations: usize,
    /// Bootstrap replicates.
    pub replicates: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for GateOptions {
    fn default() -> Self {
        GateOptions {
            margin: 0.02,
            latency_margin: 1.1,
            level: 0.05,
            permutations: 20_000,
            simulations: 200,
            replicates: 2_000,
            seed: 1,
        }
    }
}

/// Values of one measure for two systems on the same topics.
#[derive(Debug, Clone, Copy)]
pub struct Quality<'a> {
    /// The baseline's values.
    pub baseline: &'a [f64],
    /// The candidate's.
    pub candidate: &'a [f64],
    /// Families of the topics.
    pub families: &'a Families,
}

/// Samples of latency of two systems on the same topics, in one unit.
#[derive(Debug, Clone, Copy)]
pub struct Tails<'a> {
    /// The baseline's, by topic.
    pub baseline: &'a [Vec<f64>],
    /// The candidate's, by topic.
    pub candidate: &'a [Vec<f64>],
    /// Families of the topics.
    pub families: &'a Families,
}

/// What these topics can tell, worked out with labels hidden.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prospect {
    /// Families.
    pub families: usize,
    /// Standard deviation of the per-family differences of quality.
    pub deviation: Option<f64>,
    /// Chance that a candidate as good as the baseline passes the test of quality.
    pub quality_passes_if_equal: f64,
    /// Chance that a loss of .03 is found.
    pub loss_found: f64,
    /// Chance that a candidate as fast as the baseline passes the test of latency.
    pub latency_passes_if_equal: Option<f64>,
    /// Chance that a slowdown by a fifth is found.
    pub slowdown_found: Option<f64>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not worse by the margins, in both.
    Pass,
    /// Worse, in one at least.
    Fail,
    /// These topics cannot tell.
    CannotTell,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::CannotTell => "cannot tell",
        }
    }
}

/// One side of the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The baseline's value: mean of the measure, or 99th percentile.
    pub baseline: f64,
    /// The candidate's.
    pub candidate: f64,
    /// Difference of means, or ratio of percentiles.
    pub change: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// p of "worse by the margin or more": small means not worse.
    pub p_noninferior: f64,
    /// p of "not worse": small means worse.
    pub p_worse: f64,
    /// The same after Holm's correction over both sides.
    pub p_worse_holm: f64,
}

/// The joint verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// What could be told, worked out before.
    pub prospect: Prospect,
    /// Quality.
    pub quality: Side,
    /// Latency, where it was measured.
    pub latency: Option<Side>,
    /// Level of the verdict.
    pub level: f64,
    /// Margin of quality.
    pub margin: f64,
    /// Margin of the ratio of percentiles.
    pub latency_margin: f64,
    /// The finding in a sentence.
    pub sentence: String,
}

/// What these topics can tell, before anybody looks: quality from the spread of the differences,
/// latency by simulation on samples whose labels are swapped at random.
///
/// # Errors
/// [`EvalError`] when the values cannot be compared.
pub fn prospect(
    quality: &Quality<'_>,
    tails: Option<&Tails<'_>>,
    options: &GateOptions,
) -> Result<Prospect, EvalError> {
    let spread = deviation(quality.baseline, quality.candidate, quality.families)?;
    let n = quality.families.n();
    // Holm tests the smaller of two p at half the level; alone it is tested at all of it.
    let sides = if tails.is_some() { 2.0 } else { 1.0 };
    let found = options.level / sides;
    let deviation = spread.unwrap_or(0.0);
    let passes = power_of_noninferiority(0.0, options.margin, deviation, n, options.level);
    // The chance to find a loss is that of the one-sided test against a shift by it.
    let loss_found = power_of_noninferiority(0.0, STATED_LOSS, deviation, n, found);
    let simulate = |factor: f64, alpha: f64| {
        tails.map(|t| {
            outcomes(
                t.baseline,
                t.candidate,
                t.families,
                factor,
                alpha,
                options.simulations,
                &ratio_options(options),
            )
        })
    };
    let equal = simulate(1.0, options.level).transpose()?;
    let slower = simulate(STATED_SLOWDOWN, found).transpose()?;
    Ok(Prospect {
        families: n,
        deviation: spread,
        quality_passes_if_equal: passes,
        loss_found,
        latency_passes_if_equal: equal.map(|o| o.noninferior),
        slowdown_found: slower.map(|o| o.worse),
    })
}

/// Judges a candidate against a baseline.
///
/// # Errors
/// [`EvalError`] when the values cannot be compared.
pub fn judge(
    quality: &Quality<'_>,
    tails: Option<&Tails<'_>>,
    prospect: Prospect,
    options: &GateOptions,
) -> Result<Verdict, EvalError> {
    let paired =
        compare(quality.baseline, quality.candidate, quality.families, &paired_options(options))?;
    let mut quality_side = quality_side(&paired, options);
    let mut latency_side = match tails {
        None => None,
        Some(t) => {
            let test =
                quantile_ratio_test(t.baseline, t.candidate, t.families, &ratio_options(options))?;
            Some(Side {
                baseline: test.baseline,
                candidate: test.system,
                change: test.ratio,
                interval: test.interval,
                p_noninferior: test.p_noninferior,
                p_worse: test.p_worse,
                p_worse_holm: test.p_worse,
            })
        }
    };
    let mut worse = vec![quality_side.p_worse];
    worse.extend(latency_side.iter().map(|s| s.p_worse));
    let corrected = holm(&worse);
    quality_side.p_worse_holm = corrected[0];
    if let Some(side) = &mut latency_side {
        side.p_worse_holm = corrected[1];
    }
    let sides: Vec<&Side> = std::iter::once(&quality_side).chain(&latency_side).collect();
    let outcome = if sides.iter().all(|s| s.p_noninferior <= options.level) {
        Outcome::Pass
    } else if sides.iter().any(|s| s.p_worse_holm <= options.level) {
        Outcome::Fail
    } else {
        Outcome::CannotTell
    };
    let sentence = sentence(outcome, &quality_side, latency_side.as_ref(), options);
    Ok(Verdict {
        outcome,
        prospect,
        quality: quality_side,
        latency: latency_side,
        level: options.level,
        margin: options.margin,
        latency_margin: options.latency_margin,
        sentence,
    })
}

fn paired_options(options: &GateOptions) -> PairedOptions {
    PairedOptions {
        bootstrap: Bootstrap {
            replicates: options.replicates,
            level: 1.0 - options.level,
            seed: options.seed,
        },
        permutations: options.permutations,
        seed: options.seed,
        margin: Some(options.margin),
        level: options.level,
        test: PrimaryTest::Randomisation,
    }
}

fn ratio_options(options: &GateOptions) -> RatioOptions {
    RatioOptions {
        quantile: TAIL,
        margin: options.latency_margin,
        permutations: options.permutations,
        level: 1.0 - options.level,
        seed: options.seed,
    }
}

fn quality_side(paired: &Paired, options: &GateOptions) -> Side {
    let Estimate { value, interval, .. } = paired.difference;
    // Without any variation the difference is what it is.
    let certain = |holds: bool| if holds { 0.0 } else { 1.0 };
    let p_noninferior =
        paired.noninferiority.map_or_else(|| certain(value > -options.margin), |n| n.p_lower);
    let two_sided = paired.randomisation.p;
    // Half of the two-sided p, but never below what so many draws can show.
    let least = 1.0 / (options.permutations as f64 + 1.0);
    let one_sided = if value < 0.0 { two_sided / 2.0 } else { 1.0 - two_sided / 2.0 };
    let p_worse = if paired.exact { one_sided } else { one_sided.max(least) };
    Side {
        baseline: paired.baseline,
        candidate: paired.system,
        change: value,
        interval,
        p_noninferior,
        p_worse,
        p_worse_holm: p_worse,
    }
}

fn sentence(
    outcome: Outcome,
    quality: &Side,
    latency: Option<&Side>,
    options: &GateOptions,
) -> String {
    let mut parts = Vec::new();
    let judged = |side: &Side| {
        if side.p_noninferior <= options.level {
            "not worse by the margin"
        } else if side.p_worse_holm <= options.level {
            "worse"
        } else {
            "undecided"
        }
    };
    parts.push(format!(
        "quality {:+.4} (margin {:.4}): {}",
        quality.change,
        options.margin,
        judged(quality)
    ));
    if let Some(side) = latency {
        parts.push(format!(
            "p99 latency ×{:.3} (margin ×{:.3}): {}",
            side.change,
            options.latency_margin,
            judged(side)
        ));
    }
    format!("{}: {}", outcome.as_str(), parts.join("; "))
}
