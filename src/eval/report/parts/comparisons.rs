//! Systems against their baselines, topic by topic.

use super::{dataset_names, distinct, primary_measure, test_level, with_interval};
use crate::eval::report::document::Block;
use crate::eval::report::model::{Comparison, Noninferiority, Report, TestResult};
use crate::eval::report::number::{count, decimal, level, places, probability, signed};
use crate::eval::report::plots;
use crate::eval::report::table::{Cell, Number, Table, code};

/// A count, or that it is withheld.
fn shown(number: Option<usize>) -> String {
    number.map_or_else(|| "withheld".to_owned(), count)
}

/// A figure over all, a table for each dataset, the sorted differences, and other tests to look
/// up.
pub(in crate::eval::report) fn comparisons(report: &Report) -> Vec<Block> {
    if report.comparisons.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Paragraph(lead(report))];
    let forest = primary_measure(report)
        .and_then(|measure| plots::forest(report, measure, test_level(report)));
    if let Some(figure) = forest {
        blocks.push(Block::Figures(vec![figure]));
    }
    let used = report.comparisons.iter().map(|comparison| comparison.dataset.as_str());
    let names = dataset_names(report, used);
    for name in &names {
        blocks.push(Block::Table(table(report, name)));
    }
    let differences = plots::differences(report);
    if !differences.is_empty() {
        blocks.push(Block::Heading("Differences topic by topic".to_owned()));
        blocks.push(Block::Figures(differences));
    }
    let appendix: Vec<Block> =
        names.iter().filter_map(|name| appendix(report, name)).map(Block::Table).collect();
    if !appendix.is_empty() {
        let heading = "Appendix: Student's t and Wilcoxon's signed ranks".to_owned();
        blocks.push(Block::Fold(heading, appendix));
    }
    blocks
}

fn lead(report: &Report) -> String {
    let tests = distinct(report.comparisons.iter().map(|comparison| comparison.test.as_str()));
    let tests: Vec<String> = tests.into_iter().map(|test| test.replace('_', " ")).collect();
    format!(
        "System minus baseline, paired by topic; families are the unit of every test and interval. \
         Primary test: {}. Holm's correction runs over all {} comparisons; the level is {}.",
        tests.join(", "),
        count(report.comparisons.len()),
        places(test_level(report), 2)
    )
}

fn table(report: &Report, dataset: &str) -> Table {
    let rows: Vec<&Comparison> =
        report.comparisons.iter().filter(|found| found.dataset == dataset).collect();
    let baselines = distinct(rows.iter().map(|row| row.baseline.as_str()));
    let margin = rows.iter().any(|row| row.noninferiority.is_some());
    let intervals = rows.iter().find_map(|row| row.difference.interval);
    let intervals = intervals
        .map_or_else(String::new, |ends| format!(", {} intervals in brackets", level(ends.level)));
    let against = match baselines.as_slice() {
        [one] => format!(" with {}", code(one)),
        _ => String::new(),
    };
    let mut table = Table::new(format!("Comparisons{against} on {}{intervals}", code(dataset)))
        .words(["System", "Measure"])
        .numbers(["Difference", "p", "p (Holm)", "Standardised", "Better / same / worse"]);
    if margin {
        table = table.words(["Against the margin"]);
    }
    for row in rows {
        let mut cells = vec![
            Cell::text(code(&row.measure) + if row.primary { " (primary)" } else { "" }),
            Cell::Number(with_interval(&row.difference, signed)),
            Cell::number(probability(row.p)),
            Cell::number(probability(row.p_holm)),
            row.effect
                .as_ref()
                .map_or(Cell::text("undefined"), |e| Cell::Number(with_interval(e, signed))),
            Cell::number(format!(
                "{} / {} / {}",
                shown(row.wins),
                shown(row.ties),
                shown(row.losses)
            )),
        ];
        if margin {
            cells.push(row.noninferiority.map_or(Cell::text("no margin"), against_margin));
        }
        let head = if baselines.len() > 1 {
            format!("{} minus {}", code(&row.system), code(&row.baseline))
        } else {
            code(&row.system)
        };
        table.push(Cell::text(head), cells);
    }
    let ends = "Better / same / worse counts families. Standardised: difference over its \
                standard deviation.";
    table.notes.push(ends.to_owned());
    table
}

fn against_margin(tests: Noninferiority) -> Cell {
    let verdict = match (tests.noninferior, tests.equivalent) {
        (true, true) => "equivalent",
        (true, false) => "not inferior",
        (false, _) => "not shown",
    };
    let margin = format!("margin {}", decimal(tests.margin));
    let p = format!("p {} / {}", probability(tests.p_lower), probability(tests.p_upper));
    Cell::Number(Number {
        value: verdict.to_owned(),
        details: vec![format!("{margin}, {p}")],
        ..Number::default()
    })
}

fn appendix(report: &Report, dataset: &str) -> Option<Table> {
    let mut rows = report
        .comparisons
        .iter()
        .filter(|row| row.dataset == dataset && (row.t.is_some() || row.wilcoxon.is_some()))
        .peekable();
    rows.peek()?;
    let mut table = Table::new(format!("Other tests on {}, uncorrected", code(dataset)))
        .words(["System", "Measure"])
        .numbers(["t", "Degrees", "p of t", "Wilcoxon", "p of Wilcoxon"]);
    for row in rows {
        let statistic = |test: Option<TestResult>| {
            test.map_or(Cell::Empty, |test| Cell::number(places(test.statistic, 2)))
        };
        let p = |test: Option<TestResult>| {
            test.map_or(Cell::Empty, |test| Cell::number(probability(test.p)))
        };
        let degrees = row.t.and_then(|test| test.degrees);
        let degrees = degrees.map_or(Cell::Empty, |n| Cell::number(places(n, 0)));
        let cells = vec![
            Cell::code(&row.measure),
            statistic(row.t),
            degrees,
            p(row.t),
            statistic(row.wilcoxon),
            p(row.wilcoxon),
        ];
        table.push(Cell::code(&row.system), cells);
    }
    Some(table)
}
