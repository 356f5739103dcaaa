//! What was found, in sentences, and what to know first.

use super::{dataset, is_significant, measured};
use crate::eval::report::document::{Block, Outcome, Verdict};
use crate::eval::report::model::{Comparison, Latency, Report};
use crate::eval::report::number::{
    count, counted, decimal, estimate, level, milliseconds, per_cent, probability_clause, signed,
};
use crate::eval::report::plots::WHOLE;
use crate::eval::report::table::code;

/// A finding for each primary comparison; without one, what the report holds.
pub(in crate::eval::report) fn summary(report: &Report) -> Vec<Block> {
    let primary = report.comparisons.iter().filter(|comparison| comparison.primary);
    let verdicts: Vec<Block> =
        primary.map(|comparison| Block::Verdict(verdict(report, comparison))).collect();
    if !verdicts.is_empty() {
        return verdicts;
    }
    let times = super::latency::findings(report);
    if times.is_empty() { vec![Block::Paragraph(description(report))] } else { times }
}

/// What a reader must know first.
pub(in crate::eval::report) fn warnings(report: &Report) -> Vec<Block> {
    let mut warnings = report.warnings.clone();
    let exploratory = report.datasets.iter().filter(|dataset| dataset.exploratory);
    let names: Vec<String> = exploratory.map(|dataset| code(&dataset.name)).collect();
    if !names.is_empty() {
        warnings.push(format!(
            "Figures on {} are exploratory: the plan was not frozen before the set was read, or \
             the set was read before.",
            names.join(", ")
        ));
    }
    if warnings.is_empty() { Vec::new() } else { vec![Block::Warnings(warnings)] }
}

fn description(report: &Report) -> String {
    let systems: Vec<String> = report.systems.iter().map(|system| code(&system.name)).collect();
    let datasets: Vec<String> = report.datasets.iter().map(|dataset| code(&dataset.name)).collect();
    format!(
        "No primary comparison was named. The figures describe {} on {} and decide nothing.",
        if systems.is_empty() { "no system".to_owned() } else { systems.join(", ") },
        if datasets.is_empty() { "no dataset".to_owned() } else { datasets.join(", ") },
    )
}

fn verdict(report: &Report, comparison: &Comparison) -> Verdict {
    let outcome = outcome(report, comparison);
    let sentences = [
        Some(means(report, comparison)),
        Some(tests(report, comparison)),
        noninferiority(comparison),
        Some(families(comparison)),
        resolution(report, comparison, outcome),
        answering(report, comparison),
        latency(report, comparison),
    ];
    Verdict {
        outcome,
        headline: headline(report, comparison, outcome),
        sentences: sentences.into_iter().flatten().collect(),
    }
}

fn is_exploratory(report: &Report, comparison: &Comparison) -> bool {
    dataset(report, &comparison.dataset).is_some_and(|found| found.exploratory)
}

fn outcome(report: &Report, comparison: &Comparison) -> Outcome {
    let noninferior = comparison.noninferiority.is_some_and(|tests| tests.noninferior);
    match is_significant(report, comparison) {
        true if comparison.difference.value > 0.0 => Outcome::Better,
        true if comparison.difference.value < 0.0 && !noninferior => Outcome::Worse,
        _ if noninferior => Outcome::NotInferior,
        _ => Outcome::Open,
    }
}

fn headline(report: &Report, comparison: &Comparison, outcome: Outcome) -> String {
    let system = code(&comparison.system);
    let baseline = code(&comparison.baseline);
    let margin = comparison.noninferiority.map_or_else(String::new, |tests| decimal(tests.margin));
    let found = match outcome {
        Outcome::Better => format!("{system} is better than {baseline}"),
        Outcome::Worse => format!("{system} is worse than {baseline}"),
        Outcome::NotInferior if is_significant(report, comparison) => {
            format!("{system} is worse than {baseline}, by less than {margin},")
        }
        Outcome::NotInferior => format!("{system} is not worse than {baseline} by {margin}"),
        Outcome::Open => format!("No difference shown between {system} and {baseline}"),
    };
    let exploratory = if is_exploratory(report, comparison) { "Exploratory: " } else { "" };
    format!(
        "{exploratory}{found} on {} in {}: {}",
        code(&comparison.dataset),
        code(&comparison.measure),
        estimate(&comparison.difference, signed)
    )
}

fn means(report: &Report, comparison: &Comparison) -> String {
    let mean = |system: &str| {
        let cell = measured(report, &comparison.dataset, system, &comparison.measure)?;
        cell.estimate.as_ref().map(|found| estimate(found, decimal))
    };
    let interval = comparison.difference.interval.map_or_else(String::new, |ends| {
        format!(" Brackets hold {} intervals.", level(ends.level))
    });
    match (mean(&comparison.system), mean(&comparison.baseline)) {
        (Some(system), Some(baseline)) => format!(
            "Mean {} is {system} for {} and {baseline} for {}.{interval}",
            code(&comparison.measure),
            code(&comparison.system),
            code(&comparison.baseline)
        ),
        _ => format!("Only the difference is known, not the means.{interval}"),
    }
}

fn tests(report: &Report, comparison: &Comparison) -> String {
    format!(
        "Paired {} test: {}; after Holm's correction over {}: {}. Standardised difference {}.{}",
        comparison.test.replace('_', " "),
        probability_clause(comparison.p),
        counted(report.comparisons.len(), "comparison", "comparisons"),
        probability_clause(comparison.p_holm),
        comparison.effect.as_ref().map_or("undefined".to_owned(), |e| estimate(e, signed)),
        if is_exploratory(report, comparison) {
            " The set is exploratory, so the test is a description."
        } else {
            ""
        },
    )
}

fn noninferiority(comparison: &Comparison) -> Option<String> {
    let tests = comparison.noninferiority?;
    let margin = decimal(tests.margin);
    let verdict = match (tests.noninferior, tests.equivalent) {
        (true, true) => "neither worse nor better by the margin",
        (true, false) => "not worse by the margin",
        (false, _) => "that it is not worse by the margin is not shown",
    };
    Some(format!(
        "Against a margin of {margin}: {verdict} ({}).",
        probability_clause(tests.p_lower)
    ))
}

fn families(comparison: &Comparison) -> String {
    let (Some(wins), Some(ties), Some(losses)) =
        (comparison.wins, comparison.ties, comparison.losses)
    else {
        return "How many families are better and worse is withheld.".to_owned();
    };
    format!(
        "Of {}, {} is better on {}, the same on {} and worse on {}.",
        counted(wins + ties + losses, "family", "families"),
        code(&comparison.system),
        count(wins),
        count(ties),
        count(losses)
    )
}

fn resolution(report: &Report, comparison: &Comparison, outcome: Outcome) -> Option<String> {
    let found = report.resolution.iter().find(|resolution| {
        resolution.dataset == comparison.dataset && resolution.measure == comparison.measure
    })?;
    let blind =
        if outcome == Outcome::Open { "; a smaller one can exist and go unseen" } else { "" };
    Some(format!(
        "This set finds a difference of {} or more with {} power{blind}.",
        decimal(found.detectable),
        per_cent(found.power)
    ))
}

fn answering(report: &Report, comparison: &Comparison) -> Option<String> {
    let found = report.answering.iter().find(|answering| {
        answering.dataset == comparison.dataset && answering.system == comparison.system
    })?;
    let figure = |name: &str| {
        let named = found.figures.iter().find(|figure| figure.name == name)?;
        named.estimate.map(|value| estimate(&value, decimal))
    };
    let said: Vec<String> = [
        figure("coverage").map(|value| format!("coverage {value}")),
        figure("Risk").map(|value| format!("risk {value}")),
        figure("false-answer rate").map(|value| format!("false-answer rate {value}")),
        figure("RedFlag-R").map(|value| format!("recall of urgent messages {value}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let system = code(&comparison.system);
    (!said.is_empty()).then(|| format!("As served, {system} has {}.", said.join(", ")))
}

fn latency(report: &Report, comparison: &Comparison) -> Option<String> {
    let whole = |system: &str| {
        let mut found = report
            .latency
            .iter()
            .filter(|latency| latency.dataset == comparison.dataset && latency.system == system);
        found.find(|latency| latency.stage == WHOLE)
    };
    let (system, baseline) = (whole(&comparison.system)?, whole(&comparison.baseline)?);
    if system.load != baseline.load {
        return None;
    }
    let at = |latency: &Latency, name: &str| {
        let found = latency.quantiles.iter().find(|quantile| quantile.name == name)?;
        Some(milliseconds(found.microseconds))
    };
    Some(format!(
        "It takes {} ms at the median and {} ms at p99, against {} ms and {} ms ({}).",
        at(system, "p50")?,
        at(system, "p99")?,
        at(baseline, "p50")?,
        at(baseline, "p99")?,
        system.load
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::estimate::{Estimate, Interval};
    use crate::eval::report::model::Noninferiority;
    use crate::eval::report::testing::sample;

    /// The headline where the primary comparison differs by `value` with `p_holm`.
    #[track_caller]
    fn check(value: f64, p_holm: f64, noninferior: Option<bool>, expect: &str) {
        let mut report = sample();
        report.datasets[0].exploratory = false;
        let primary = report.comparisons.iter_mut().find(|found| found.primary).unwrap();
        let interval = Interval { low: value - 0.01, high: value + 0.01, level: 0.95 };
        primary.difference = Estimate { value, interval: Some(interval), n: 401, n_topics: 612 };
        primary.p_holm = p_holm;
        primary.noninferiority = noninferior.map(|noninferior| Noninferiority {
            margin: 0.02,
            p_lower: 0.01,
            p_upper: 0.5,
            noninferior,
            equivalent: false,
        });
        let blocks = summary(&report);
        let [Block::Verdict(verdict)] = blocks.as_slice() else { panic!("one finding") };
        assert_eq!(verdict.headline, expect);
    }

    #[test]
    fn a_finding_says_no_more_than_the_tests() {
        let place = "on `screening` in `nDCG@10`";
        let check = |value, p, noninferior, found: &str, figures: &str| {
            check(value, p, noninferior, &format!("{found} {place}: {figures}"));
        };
        let better = "+.030 [+.020, +.040]";
        let worse = "\u{2212}.030 [\u{2212}.040, \u{2212}.020]";
        check(0.03, 0.01, None, "`weighted` is better than `bm25f`", better);
        check(0.03, 0.05, None, "No difference shown between `weighted` and `bm25f`", better);
        check(0.03, 0.2, Some(true), "`weighted` is not worse than `bm25f` by .020", better);
        check(0.03, 0.01, Some(true), "`weighted` is better than `bm25f`", better);
        check(-0.03, 0.01, None, "`weighted` is worse than `bm25f`", worse);
        check(-0.03, 0.01, Some(false), "`weighted` is worse than `bm25f`", worse);
        check(-0.03, 0.2, Some(false), "No difference shown between `weighted` and `bm25f`", worse);
        let within = "`weighted` is worse than `bm25f`, by less than .020,";
        check(-0.03, 0.01, Some(true), within, worse);
    }

    #[test]
    fn a_finding_on_a_set_read_before_is_called_exploratory() {
        let blocks = summary(&sample());
        let [Block::Verdict(verdict)] = blocks.as_slice() else { panic!("one finding") };
        assert!(verdict.headline.starts_with("Exploratory: "), "{}", verdict.headline);
    }
}
