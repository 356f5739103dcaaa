//! What does each part of a report hold? One module for a part, each from the model to blocks.
//!
//! Invariant: what a sensitive set must not show is left out here, whatever the model holds.
//! Knows neither form of output.

pub(super) mod answering;
pub(super) mod comparisons;
pub(super) mod latency;
pub(super) mod measures;
pub(super) mod provenance;
pub(super) mod setup;
pub(super) mod slices;
pub(super) mod summary;
pub(super) mod topics;

use super::model::{Cell as Measured, Comparison, Dataset, Report};
use super::number;
use super::table::Number;
use crate::eval::estimate::Estimate;

/// Level of the tests where the report names none.
const LEVEL: f64 = 0.05;

/// Level of the tests.
fn test_level(report: &Report) -> f64 {
    report.resolution.first().map_or(LEVEL, |resolution| resolution.level)
}

/// A number with its interval under it.
fn with_interval(estimate: &Estimate, form: fn(f64) -> String) -> Number {
    let details = estimate.interval.map(|ends| number::interval(ends, form));
    Number {
        value: form(estimate.value),
        details: details.into_iter().collect(),
        ..Number::default()
    }
}

/// The dataset of this name.
fn dataset<'a>(report: &'a Report, name: &str) -> Option<&'a Dataset> {
    report.datasets.iter().find(|dataset| dataset.name == name)
}

/// Whether a dataset is sensitive; one that the report does not list is taken to be.
fn is_sensitive(report: &Report, name: &str) -> bool {
    dataset(report, name).is_none_or(|dataset| dataset.sensitive)
}

/// Whether a system is a baseline.
fn is_baseline(report: &Report, name: &str) -> bool {
    report.systems.iter().any(|system| system.name == name && system.baseline)
}

/// A measure of a system on a dataset.
fn measured<'a>(
    report: &'a Report,
    dataset: &str,
    system: &str,
    measure: &str,
) -> Option<&'a Measured> {
    report
        .measures
        .iter()
        .find(|cell| cell.dataset == dataset && cell.system == system && cell.measure == measure)
}

/// The measure asked about first: that of the primary comparison, of the first comparison, or the
/// first there is.
fn primary_measure(report: &Report) -> Option<&str> {
    let primary = report.comparisons.iter().find(|comparison| comparison.primary);
    let compared = primary.or(report.comparisons.first()).map(|found| found.measure.as_str());
    compared.or(report.measures.first().map(|cell| cell.measure.as_str()))
}

/// Distinct texts in order of first appearance.
fn distinct<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

/// Names of datasets, those of the report's list first, then any other that is used.
fn dataset_names<'a>(report: &'a Report, used: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let used = distinct(used);
    let listed = report.datasets.iter().map(|dataset| dataset.name.as_str());
    let listed: Vec<&str> = listed.filter(|name| used.contains(name)).collect();
    distinct(listed.into_iter().chain(used))
}

/// Whether a comparison is significant after correction.
fn is_significant(report: &Report, comparison: &Comparison) -> bool {
    comparison.p_holm < test_level(report)
}
