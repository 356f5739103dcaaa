//! Figures by slice.

use super::answering::cell;
use super::{dataset_names, distinct};
use crate::eval::report::document::Block;
use crate::eval::report::model::{Answering, Report};
use crate::eval::report::number::count;
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Table, code};

/// Figures over all systems, and a table for each.
pub(in crate::eval::report) fn slices(report: &Report) -> Vec<Block> {
    let sliced = || report.answering.iter().filter(|answering| !answering.slices.is_empty());
    let names = dataset_names(report, sliced().map(|answering| answering.dataset.as_str()));
    let mut blocks = Vec::new();
    for name in &names {
        if names.len() > 1 {
            blocks.push(Block::Heading(format!("On {}", code(name))));
        }
        let figures = plots::slices(report, name);
        if !figures.is_empty() {
            blocks.push(Block::Figures(figures));
        }
        let of_dataset = sliced().filter(|answering| answering.dataset == *name);
        let tables: Vec<Block> = of_dataset.map(table).map(Block::Table).collect();
        blocks.push(Block::Fold(format!("Slices on {} as tables", code(name)), tables));
    }
    blocks
}

fn table(answering: &Answering) -> Table {
    let all = answering.slices.iter().flat_map(|slice| &slice.figures);
    let names = distinct(all.map(|figure| figure.name.as_str()));
    let caption = format!("Slices on {}, {}", code(&answering.dataset), code(&answering.system));
    let mut table = Table::new(caption)
        .words(["Slice"])
        .numbers(["Topics"])
        .numbers(names.iter().map(|&name| name.to_owned()));
    for slice in &answering.slices {
        let topics = slice.n_topics.map_or(Cell::Withheld, |n| Cell::number(count(n)));
        let figures = names.iter().map(|name| {
            if slice.figures.is_empty() {
                Cell::TooFew
            } else {
                cell(slice.figures.iter().find(|figure| &figure.name == name), None)
            }
        });
        let cells = std::iter::once(topics).chain(figures).collect();
        table.push(Cell::text(slice.name.clone()), cells);
    }
    table
}
