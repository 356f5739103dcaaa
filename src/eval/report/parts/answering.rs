//! Decisions, answers and confidences.

use super::{dataset_names, distinct, with_interval};
use crate::eval::report::document::Block;
use crate::eval::report::model::{Answering, Figure, Report};
use crate::eval::report::number::{count, decimal};
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Number, Table, code};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Higher,
    Lower,
}

/// Which way a figure is better; none where neither is.
fn direction(name: &str) -> Option<Direction> {
    match name {
        "Risk" | "AURC" | "E-AURC" | "false-answer rate" | "Brier" | "Brier reliability"
        | "ECE-15m" => Some(Direction::Lower),
        "decision accuracy"
        | "Acc@1(answered)"
        | "answer recall"
        | "OOS-R"
        | "RedFlag-R"
        | "answer F1"
        | "citation correctness"
        | "Brier resolution" => Some(Direction::Higher),
        _ if name.starts_with("AUROC") || name.starts_with("Cov@risk") => Some(Direction::Higher),
        _ => None,
    }
}

/// For each dataset: figures, curves, reliability and decisions.
pub(in crate::eval::report) fn answering(report: &Report) -> Vec<Block> {
    let used = report.answering.iter().map(|answering| answering.dataset.as_str());
    let names = dataset_names(report, used);
    let mut blocks = Vec::new();
    for name in &names {
        let of_dataset: Vec<&Answering> =
            report.answering.iter().filter(|answering| &answering.dataset == name).collect();
        if names.len() > 1 {
            blocks.push(Block::Heading(format!("On {}", code(name))));
        }
        if of_dataset.iter().any(|answering| !answering.figures.is_empty()) {
            blocks.push(Block::Table(figures(name, &of_dataset)));
        }
        blocks
            .extend(plots::risk_coverage(report, name).map(|figure| Block::Figures(vec![figure])));
        let reliability = plots::reliability(report, name);
        if !reliability.is_empty() {
            blocks.push(Block::Figures(reliability));
        }
        let decisions: Vec<Table> =
            of_dataset.iter().filter_map(|answering| decisions(answering)).collect();
        if !decisions.is_empty() {
            blocks.push(Block::SmallTables(decisions));
        }
    }
    blocks
}

fn figures(dataset: &str, systems: &[&Answering]) -> Table {
    let all = systems.iter().flat_map(|answering| &answering.figures);
    let names = distinct(all.map(|figure| figure.name.as_str()));
    let mut table = Table::new(format!("Decisions and answers on {}", code(dataset)))
        .words(["Figure"])
        .numbers(systems.iter().map(|answering| code(&answering.system)));
    for name in names {
        let found: Vec<Option<&Figure>> = systems
            .iter()
            .map(|answering| answering.figures.iter().find(|figure| figure.name == name))
            .collect();
        let best = best(name, &found);
        let cells = found.into_iter().map(|figure| cell(figure, best.as_deref())).collect();
        let arrow = match direction(name) {
            Some(Direction::Higher) => "\u{a0}\u{2191}",
            Some(Direction::Lower) => "\u{a0}\u{2193}",
            None => "",
        };
        table.push(Cell::text(format!("{name}{arrow}")), cells);
    }
    table.notes.push("\u{2191} higher is better, \u{2193} lower is better.".to_owned());
    table
}

fn best(name: &str, found: &[Option<&Figure>]) -> Option<String> {
    let direction = direction(name)?;
    let values = found.iter().flatten().filter_map(|figure| figure.estimate);
    let mut values: Vec<f64> = values.map(|found| found.value).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (decimal(*values.first()?), decimal(*values.last()?));
    let best = if direction == Direction::Higher { high.clone() } else { low.clone() };
    (low != high).then_some(best)
}

/// A figure with its interval and counts under it.
pub(super) fn cell(figure: Option<&Figure>, best: Option<&str>) -> Cell {
    let Some(estimate) = figure.and_then(|figure| figure.estimate) else { return Cell::Empty };
    let mut number = with_interval(&estimate, decimal);
    if let Some((part, whole)) = figure.and_then(|figure| figure.counts) {
        number.details.push(format!("{}/{}", count(part), count(whole)));
    }
    let best = best == Some(number.value.as_str());
    Cell::Number(Number { best, ..number })
}

/// Expected by given decisions.
fn decisions(answering: &Answering) -> Option<Table> {
    let order = ["answer", "clarify", "handover", "urgent"];
    let ordered = |used: Vec<&str>| -> Vec<String> {
        let known = order.into_iter().filter(|name| used.contains(name));
        let other = used.iter().copied().filter(|name| !order.contains(name));
        known.chain(other).map(str::to_owned).collect()
    };
    let cells = &answering.confusion;
    let expected = ordered(distinct(cells.iter().map(|cell| cell.expected.as_str())));
    let given = ordered(distinct(cells.iter().map(|cell| cell.given.as_str())));
    if expected.is_empty() {
        return None;
    }
    let caption = format!("Decisions of {}: expected by given", code(&answering.system));
    let mut table = Table::new(caption).words(["Expected"]).numbers(given.clone());
    table.bold = "as expected";
    for wanted in &expected {
        let cell = |gave: &String| {
            let found = cells.iter().find(|cell| &cell.expected == wanted && &cell.given == gave);
            match found.map(|cell| cell.count) {
                Some(Some(n)) => {
                    let number = Number { value: count(n), ..Number::default() };
                    Cell::Number(Number { best: wanted == gave, ..number })
                }
                Some(None) => Cell::Withheld,
                None => Cell::number("0"),
            }
        };
        table.push(Cell::text(wanted.clone()), given.iter().map(cell).collect());
    }
    Some(table)
}
