//! Latencies by system, load and stage.

use super::{dataset_names, distinct};
use crate::eval::report::document::Block;
use crate::eval::report::model::{Latency, Quantile, Report};
use crate::eval::report::number::{count, interval, milliseconds};
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Number, Table, code};

/// For each dataset: distributions and a table.
pub(in crate::eval::report) fn latency(report: &Report) -> Vec<Block> {
    let used = report.latency.iter().map(|latency| latency.dataset.as_str());
    let mut blocks = Vec::new();
    for name in dataset_names(report, used) {
        let figures = plots::distributions(report, name);
        if !figures.is_empty() {
            blocks.push(Block::Figures(figures));
        }
        blocks.push(Block::Table(table(report, name)));
    }
    blocks
}

fn table(report: &Report, dataset: &str) -> Table {
    let rows: Vec<&Latency> =
        report.latency.iter().filter(|latency| latency.dataset == dataset).collect();
    let quantiles = rows.iter().flat_map(|latency| &latency.quantiles);
    let names = distinct(quantiles.map(|quantile| quantile.name.as_str()));
    let mut table = Table::new(format!("Latency on {}, milliseconds", code(dataset)))
        .words(["System", "Load", "Stage"])
        .numbers(names.iter().map(|&name| name.to_owned()))
        .numbers(["Samples"]);
    for row in rows {
        let mut cells = vec![Cell::text(row.load.clone()), Cell::text(row.stage.clone())];
        cells.extend(names.iter().map(|name| {
            let found = row.quantiles.iter().find(|quantile| &quantile.name == name);
            found.map_or(Cell::Empty, quantile)
        }));
        cells.push(Cell::number(count(row.samples)));
        table.push(Cell::code(&row.system), cells);
    }
    table.notes.push(
        "Brackets: intervals from order statistics, where the samples allow one. Open-loop \
         latencies count from the intended start."
            .to_owned(),
    );
    table
}

fn quantile(quantile: &Quantile) -> Cell {
    let ends = quantile.interval.map(|ends| interval(ends, milliseconds));
    Cell::Number(Number {
        value: milliseconds(quantile.microseconds),
        details: ends.into_iter().collect(),
        ..Number::default()
    })
}
