//! The measures of every system on every dataset.

use super::{
    dataset, dataset_names, distinct, is_baseline, is_significant, measured, primary_measure,
    with_interval,
};
use crate::eval::report::document::Block;
use crate::eval::report::model::Report;
use crate::eval::report::number::{counted, decimal, level};
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Mark, Number, Table, code};

/// A table for each dataset, and quality by latency where both were measured.
pub(in crate::eval::report) fn measures(report: &Report) -> Vec<Block> {
    let names = dataset_names(report, report.measures.iter().map(|cell| cell.dataset.as_str()));
    let mut blocks: Vec<Block> =
        names.iter().map(|name| Block::Table(table(report, name))).collect();
    let figures: Vec<_> = primary_measure(report)
        .map(|measure| {
            let figure = |name: &&str| plots::quality_by_latency(report, name, measure);
            names.iter().filter_map(figure).collect()
        })
        .unwrap_or_default();
    if !figures.is_empty() {
        blocks.push(Block::Figures(figures));
    }
    blocks
}

fn table(report: &Report, name: &str) -> Table {
    let cells = || report.measures.iter().filter(|cell| cell.dataset == name);
    let measures = distinct(cells().map(|cell| cell.measure.as_str()));
    let used = distinct(cells().map(|cell| cell.system.as_str()));
    let listed = report.systems.iter().map(|system| system.name.as_str());
    let listed: Vec<&str> = listed.filter(|system| used.contains(system)).collect();
    let systems = distinct(listed.into_iter().chain(used));
    let mut table = Table::new(caption(report, name))
        .words(["System"])
        .numbers(measures.iter().map(|measure| code(measure)));
    let best: Vec<Option<String>> =
        measures.iter().map(|measure| best(report, name, &systems, measure)).collect();
    for system in systems {
        let cells = measures.iter().zip(&best).map(|(measure, best)| {
            cell(report, name, system, measure).map_or(Cell::Empty, |number| {
                let best = best.as_ref() == Some(&number.value);
                Cell::Number(Number { best, ..number })
            })
        });
        let baseline = if is_baseline(report, system) { " (baseline)" } else { "" };
        table.push(Cell::text(code(system) + baseline), cells.collect());
    }
    table
}

fn caption(report: &Report, name: &str) -> String {
    let cells = report.measures.iter().filter(|cell| cell.dataset == name);
    let mut estimates = cells.filter_map(|cell| cell.estimate);
    let size = estimates.next().map_or_else(String::new, |estimate| {
        let topics = counted(estimate.n_topics, "topic", "topics");
        let families = counted(estimate.n, "family", "families");
        let interval = estimate.interval.map_or_else(String::new, |ends| {
            format!(", {} intervals in brackets", level(ends.level))
        });
        format!(": means over {topics} in {families}{interval}")
    });
    let standing = dataset(report, name).map_or_else(String::new, |dataset| {
        let split = (dataset.split != name).then_some(dataset.split.as_str());
        let exploratory = dataset.exploratory.then_some("exploratory");
        let words: Vec<&str> = split.into_iter().chain(exploratory).collect();
        if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
    });
    format!("Measures on {}{standing}{size}", code(name))
}

fn cell(report: &Report, dataset: &str, system: &str, measure: &str) -> Option<Number> {
    let estimate = measured(report, dataset, system, measure)?.estimate?;
    let comparison = report.comparisons.iter().find(|comparison| {
        comparison.dataset == dataset
            && comparison.system == system
            && comparison.measure == measure
            && is_significant(report, comparison)
    });
    let mark = comparison.and_then(|found| match found.difference.value {
        value if value > 0.0 => Some(Mark::Better),
        value if value < 0.0 => Some(Mark::Worse),
        _ => None,
    });
    Some(Number { mark, ..with_interval(&estimate, decimal) })
}

/// The best value as it prints, where several systems have one and they differ.
fn best(report: &Report, dataset: &str, systems: &[&str], measure: &str) -> Option<String> {
    // The share judged says nothing of quality.
    if measure.starts_with("Judged") {
        return None;
    }
    let value = |system: &&str| measured(report, dataset, system, measure)?.estimate;
    let values: Vec<f64> = systems
        .iter()
        .filter_map(value)
        .map(|found| found.value)
        .filter(|v| v.is_finite())
        .collect();
    let printed = distinct_numbers(&values);
    let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (printed > 1).then(|| decimal(best))
}

/// How many different numbers are printed.
fn distinct_numbers(values: &[f64]) -> usize {
    let mut printed: Vec<String> = values.iter().map(|&value| decimal(value)).collect();
    printed.sort();
    printed.dedup();
    printed.len()
}
