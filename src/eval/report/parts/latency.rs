//! Latencies by system, load and stage; how much is answered in a second; times compared.

use super::{dataset_names, distinct};
use crate::eval::report::document::{Block, Outcome, Verdict};
use crate::eval::report::model::{Latency, Quantile, Report, TimeRatio};
use crate::eval::report::number::{
    count, counted, interval, level, milliseconds, places, significant,
};
use crate::eval::report::plots::{self, WHOLE};
use crate::eval::report::table::{Cell, Number, Table, code};

/// For each dataset: distributions and a table. Then throughput, and times compared.
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
    if !report.throughput.is_empty() {
        blocks.push(Block::Table(throughput(report)));
    }
    if !report.time_ratios.is_empty() {
        blocks.push(Block::Table(ratios(report)));
    }
    blocks
}

/// What a report on time alone has found; nothing for any other report.
pub(in crate::eval::report) fn findings(report: &Report) -> Vec<Block> {
    if !report.comparisons.is_empty() || !report.measures.is_empty() {
        return Vec::new();
    }
    // Stages stand in the table.
    let is_stage = |ratio: &&TimeRatio| ratio.what.contains(" of `") && !ratio.what.contains(WHOLE);
    let compared = report.time_ratios.iter().filter(|ratio| !is_stage(ratio));
    let compared = compared.map(|ratio| Block::Verdict(verdict(ratio)));
    let whole = report.latency.iter().filter(|latency| latency.stage == WHOLE);
    compared.chain(whole.filter_map(|latency| in_words(report, latency))).collect()
}

fn verdict(ratio: &TimeRatio) -> Verdict {
    let outcome = match ratio.interval {
        Some(ends) if ends.high < 1.0 => Outcome::Better,
        Some(ends) if ends.low > 1.0 => Outcome::Worse,
        _ => Outcome::Open,
    };
    let found = match outcome {
        Outcome::Better => "is faster than",
        Outcome::Worse => "is slower than",
        _ => "is not shown to take another time than",
    };
    let times = |value: f64| places(value.recip(), 2);
    let speed = ratio.interval.map_or_else(
        || format!("{} times as fast", times(ratio.ratio)),
        |ends| {
            let (low, high) = (times(ends.high), times(ends.low));
            let covered = level(ends.level);
            format!("{} times as fast ({covered} interval {low} to {high})", times(ratio.ratio))
        },
    );
    Verdict {
        outcome,
        headline: format!(
            "{} {found} {} in {}: {speed}",
            code(&ratio.system),
            code(&ratio.baseline),
            ratio.what
        ),
        sentences: vec![format!(
            "{} ms against {} ms; {} counted.",
            milliseconds(ratio.system_microseconds),
            milliseconds(ratio.baseline_microseconds),
            count(ratio.n)
        )],
    }
}

fn in_words(report: &Report, latency: &Latency) -> Option<Block> {
    let at = |name: &str| {
        let found = latency.quantiles.iter().find(|quantile| quantile.name == name)?;
        Some(milliseconds(found.microseconds))
    };
    let answered = report.throughput.iter().find(|row| {
        (&row.dataset, &row.system, &row.load) == (&latency.dataset, &latency.system, &latency.load)
    });
    let answered = answered.map_or_else(String::new, |row| {
        format!(" {} messages were answered in a second.", significant(row.per_second))
    });
    Some(Block::Paragraph(format!(
        "{} on {}, {}: {} ms at the median, {} ms at p99, of {}.{answered}",
        code(&latency.system),
        code(&latency.dataset),
        latency.load,
        at("p50")?,
        at("p99")?,
        counted(latency.samples, "message", "messages")
    )))
}

fn throughput(report: &Report) -> Table {
    let mut table = Table::new("Answered in a second")
        .words(["System", "Dataset", "Load"])
        .numbers(["Requests", "Due in a second", "Answered in a second"]);
    for row in &report.throughput {
        let due = row.due_per_second.map_or(Cell::Empty, |due| Cell::number(significant(due)));
        let cells = vec![
            Cell::code(&row.dataset),
            Cell::text(row.load.clone()),
            Cell::number(count(row.requests)),
            due,
            Cell::number(significant(row.per_second)),
        ];
        table.push(Cell::code(&row.system), cells);
    }
    table.notes.push(
        "From the moment the first request was due to the last answer. In an open loop that \
         keeps up, as many are answered as are due."
            .to_owned(),
    );
    table
}

fn ratios(report: &Report) -> Table {
    let mut table = Table::new("Times compared, measured interleaved")
        .words(["System", "Compared with", "What", "Dataset"])
        .numbers(["Milliseconds", "Compared with", "Ratio of times", "n"]);
    for row in &report.time_ratios {
        let form = |value: f64| places(value, 3);
        let cells = vec![
            Cell::code(&row.baseline),
            Cell::text(row.what.clone()),
            Cell::code(&row.dataset),
            Cell::number(milliseconds(row.system_microseconds)),
            Cell::number(milliseconds(row.baseline_microseconds)),
            Cell::Number(Number {
                value: form(row.ratio),
                details: row.interval.map(|ends| interval(ends, form)).into_iter().collect(),
                ..Number::default()
            }),
            Cell::number(count(row.n)),
        ];
        table.push(Cell::code(&row.system), cells);
    }
    table.notes.push(
        "Less than 1 is faster. Brackets: all ratios that a permutation test does not reject; n \
         counts what is swapped in it, families of messages or rounds."
            .to_owned(),
    );
    table
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
