//! What was compared on what, what that many topics can tell, and how parameters were chosen.

use super::distinct;
use crate::eval::report::document::Block;
use crate::eval::report::model::{Report, Resolution};
use crate::eval::report::number::{count, decimal, per_cent, places};
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Table, code};

/// What the sets can resolve.
pub(in crate::eval::report) fn resolution(report: &Report) -> Vec<Block> {
    let Some(first) = report.resolution.first() else { return Vec::new() };
    let lead = format!(
        "Worked out from the spread of the differences between families, not from their mean. The \
         least difference found is what a two-sided paired test at level {} finds with {} power; \
         smaller ones can exist and go unseen.",
        places(first.level, 2),
        per_cent(first.power)
    );
    let mut table =
        Table::new("What each set can resolve").words(["Dataset", "Measure", "Systems"]).numbers([
            "Families",
            "Deviation of differences",
            "Least difference found",
            "Power for .030",
        ]);
    for row in &report.resolution {
        table.push(Cell::code(&row.dataset), resolution_cells(row));
    }
    vec![Block::Paragraph(lead), Block::Table(table)]
}

fn resolution_cells(row: &Resolution) -> Vec<Cell> {
    vec![
        Cell::code(&row.measure),
        Cell::text(row.systems.clone()),
        Cell::number(count(row.n)),
        Cell::number(decimal(row.deviation)),
        Cell::number(decimal(row.detectable)),
        Cell::number(decimal(row.power_at_three_hundredths)),
    ]
}

/// Datasets and systems.
pub(in crate::eval::report) fn setup(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !report.datasets.is_empty() {
        blocks.push(Block::Table(datasets(report)));
    }
    if !report.systems.is_empty() {
        blocks.push(Block::Table(systems(report)));
    }
    blocks
}

fn datasets(report: &Report) -> Table {
    let mut table = Table::new("Datasets")
        .words(["Dataset", "Split"])
        .numbers(["Topics", "Families", "Answerable", "Times read"])
        .words(["Standing"]);
    for dataset in &report.datasets {
        let mut standing = Vec::new();
        standing.push(match (dataset.reads, dataset.exploratory) {
            (None, _) => "for development",
            (_, true) => "exploratory",
            (_, false) => "confirmatory: plan frozen before any read",
        });
        if dataset.sensitive {
            standing.push("sensitive: texts and ids withheld");
        }
        let reads = dataset
            .reads
            .map_or(Cell::Text("not counted".to_owned()), |reads| Cell::number(reads.to_string()));
        let cells = vec![
            Cell::text(dataset.split.clone()),
            Cell::number(count(dataset.topics)),
            Cell::number(count(dataset.families)),
            match dataset.answerable {
                Some(n) => Cell::number(count(n)),
                None if dataset.sensitive => Cell::Withheld,
                None => Cell::Empty,
            },
            reads,
            Cell::text(standing.join("; ")),
        ];
        table.push(Cell::code(&dataset.name), cells);
    }
    table.notes.push("Messages that ask the same thing are one family; n counts families.".into());
    table
}

fn systems(report: &Report) -> Table {
    let mut table = Table::new("Systems").words(["System", "Kind", "What it is", "Settings"]);
    for system in &report.systems {
        let settings: Vec<String> = system
            .settings
            .iter()
            .map(|(name, value)| code(&format!("{name} = {value}")))
            .collect();
        let settings =
            if settings.is_empty() { "defaults".to_owned() } else { settings.join(", ") };
        let baseline = if system.baseline { " (baseline)" } else { "" };
        let cells = vec![
            Cell::text(system.kind.clone()),
            Cell::text(system.description.clone()),
            Cell::text(settings),
        ];
        table.push(Cell::text(code(&system.name) + baseline), cells);
    }
    table
}

/// Response curves.
pub(in crate::eval::report) fn responses(report: &Report) -> Vec<Block> {
    let figures = plots::responses(report);
    if figures.is_empty() {
        return Vec::new();
    }
    let parameters = distinct(report.responses.iter().map(|curve| curve.parameter.as_str()));
    let names: Vec<String> = parameters.into_iter().map(code).collect();
    let lead =
        format!("How the measure responds to {}, one parameter at a time.", names.join(", "));
    vec![Block::Paragraph(lead), Block::Figures(figures)]
}
