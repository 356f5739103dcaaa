//! `eval`: measuring, comparing, recording.

mod check;
mod files;
mod judge;
mod run;
mod withhold;

pub(crate) use check::CheckReport;
pub(crate) use files::Scores;
pub(super) use run::command_line;

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::Outcome;
use crate::cli::args::Global;
use crate::cli::eval_args::EvalCommand;
use crate::eval::EvalError;
use crate::eval::estimate::Estimate;
use crate::eval::report::model::Report;
use crate::eval::sensitive::Key;

/// Runs a command of `eval`.
pub(super) fn run(global: &Global, command: &EvalCommand) -> Result<Outcome, EvalError> {
    match command {
        EvalCommand::Run(args) => run::run(global, args),
        EvalCommand::Merge(args) => run::merge_parts(global, args),
        EvalCommand::Record(args) => run::keep_record(global, args),
        EvalCommand::Replay(args) => run::replay(global, args),
        EvalCommand::Verify { record, json } => run::verify(record, *json),
        EvalCommand::Freeze { experiment, places } => run::freeze_plan(global, experiment, places),
        EvalCommand::Sweep(args) => run::run_sweep(global, args),
        EvalCommand::Compare(args) => judge::compare(global, args),
        EvalCommand::Gate(args) => judge::gate(global, args),
        EvalCommand::Check(args) => check::check(global, args),
        EvalCommand::Withhold(args) => withhold::withhold(global, args),
        EvalCommand::Score(args) => files::score(global, args),
        EvalCommand::Convert(args) => files::convert_file(args),
        EvalCommand::Report { report, out } => run::render(report, out),
        EvalCommand::Schema { name } => files::schema(name.as_deref()),
    }
}

/// The key for ids of sensitive sets, if a file of one was named.
fn read_key(path: Option<&Path>) -> Result<Option<Key>, EvalError> {
    let Some(path) = path else {
        return Ok(None);
    };
    Ok(Some(Key::from_hex(&fs_err::read_to_string(path)?)?))
}

/// A value with its interval and n.
fn estimate(estimate: &Estimate) -> String {
    let interval =
        estimate.interval.map_or_else(String::new, |i| format!(" [{:.3}, {:.3}]", i.low, i.high));
    format!("{:.3}{interval} (n {})", estimate.value, estimate.n)
}

/// A count, or that it is withheld.
fn count(number: Option<usize>) -> String {
    number.map_or_else(|| "withheld".to_owned(), |n| n.to_string())
}

/// A report in the width of a terminal.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    for dataset in &report.datasets {
        let reads = match dataset.reads {
            Some(n) => format!(
                ", read {n}{}",
                if dataset.exploratory { ", exploratory" } else { ", confirmatory" }
            ),
            None => String::new(),
        };
        let _ = writeln!(
            text,
            "\n{}: {} topics, {} families, {} answerable{reads}",
            dataset.name,
            dataset.topics,
            dataset.families,
            count(dataset.answerable)
        );
        for resolved in report.resolution.iter().filter(|r| r.dataset == dataset.name) {
            let _ = writeln!(
                text,
                "  resolves {} differences of {:.3} between {} (power {}, level {})",
                resolved.measure,
                resolved.detectable,
                resolved.systems,
                resolved.power,
                resolved.level
            );
        }
        for cell in report.measures.iter().filter(|c| c.dataset == dataset.name) {
            let value = cell.estimate.as_ref().map_or_else(|| "–".to_owned(), estimate);
            let _ = writeln!(text, "  {:20} {:12} {value}", cell.system, cell.measure);
        }
        for answering in report.answering.iter().filter(|a| a.dataset == dataset.name) {
            for figure in &answering.figures {
                let value = figure.estimate.as_ref().map_or_else(|| "–".to_owned(), estimate);
                let _ = writeln!(text, "  {:20} {:24} {value}", answering.system, figure.name);
            }
        }
        for c in report.comparisons.iter().filter(|c| c.dataset == dataset.name) {
            let _ = writeln!(
                text,
                "  {} {} - {}: {} p {:.4}, Holm {:.4}, {} better, {} equal, {} worse{}",
                c.measure,
                c.system,
                c.baseline,
                estimate(&c.difference),
                c.p,
                c.p_holm,
                count(c.wins),
                count(c.ties),
                count(c.losses),
                if c.primary { " (primary)" } else { "" }
            );
        }
    }
    for latency in
        report.latency.iter().filter(|l| ["whole", "overhead"].contains(&l.stage.as_str()))
    {
        let quantiles: Vec<String> =
            latency.quantiles.iter().map(|q| format!("{} {:.0}", q.name, q.microseconds)).collect();
        let _ = writeln!(
            text,
            "  {} {} {}, {}: {} µs",
            latency.dataset,
            latency.system,
            latency.stage,
            latency.load,
            quantiles.join(", ")
        );
    }
    text.trim_start_matches('\n').to_owned()
}
