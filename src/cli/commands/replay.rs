//! `replay`, and the log that `ask` and `chat` keep for it.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::args::{Global, ReplayArgs};
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::durable::lines;
use crate::engine::Reply;
use crate::engine::log::{Difference, LOG_VERSION, LogEntry, Replayed, What};
use crate::error::Error;
use crate::index::build::Progress as _;
use crate::query::Query;

/// What came of asking every turn of a log again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireReplayed {
    /// Turns of the log.
    turns: usize,
    /// Turns with the same outcome.
    same: usize,
    /// Turns whose person would be told something else now.
    told: usize,
    /// Turns with another outcome.
    differ: Vec<WireDiffers>,
}

/// A turn with another outcome.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WireDiffers {
    /// Its line in the log, from 1.
    line: usize,
    /// The redacted message.
    text: String,
    /// Whether the person would be told something else now.
    told: bool,
    /// What differs, and why.
    differences: Vec<Difference>,
}

/// Writes a turn to the log, if there is one, before anything of it is shown.
pub(super) fn log(path: Option<&Path>, query: &Query, reply: &Reply) -> Result<(), Error> {
    match path {
        Some(path) => Ok(lines::append(path, &[LogEntry::of(query, reply)])?),
        None => Ok(()),
    }
}

/// Asks every turn of a log again and says what differs.
pub(super) fn replay(global: &Global, args: &ReplayArgs) -> Result<Outcome, Error> {
    let entries: Vec<LogEntry> = lines::read(&args.log, LOG_VERSION)?;
    let engine = settings::engine(global)?;
    let bar = Bar::new(global.quiet);
    bar.begin("asking again", entries.len());
    let mut differ = Vec::new();
    for (line, entry) in (1..).zip(&entries) {
        if let Replayed::Differs(differences) = engine.replay(entry)? {
            let told = differences.iter().any(|d| d.what.is_told());
            differ.push(WireDiffers { line, text: entry.text.clone(), told, differences });
        }
        bar.advance(1);
    }
    bar.end();
    let replayed = WireReplayed {
        turns: entries.len(),
        same: entries.len() - differ.len(),
        told: differ.iter().filter(|d| d.told).count(),
        differ,
    };
    if args.json {
        printer::json(&replayed)?;
    } else {
        printer::data(&text_of(&replayed))?;
    }
    Ok(if replayed.differ.is_empty() { Outcome::Done } else { Outcome::Negative })
}

fn text_of(replayed: &WireReplayed) -> String {
    let mut lines = Vec::new();
    for WireDiffers { line, text, differences, .. } in &replayed.differ {
        lines.push(format!("line {line}: {}", text.replace('\n', " / ")));
        // That the words differ follows from their places, unless those are the same.
        let places = differences.iter().any(|d| d.what == What::Quotes);
        let told: Vec<&Difference> =
            differences.iter().filter(|d| d.what != What::Words || !places).collect();
        for of_one_cause in told.chunk_by(|a, b| a.because == b.because) {
            lines.extend(of_one_cause.iter().map(|difference| format!("  {difference}")));
            let causes = of_one_cause.iter().take(1).flat_map(|difference| &difference.because);
            lines.extend(causes.map(|cause| format!("    because {cause}")));
        }
    }
    lines.push(format!(
        "{} turns asked again: {} the same, {} differ; {} would be told something else",
        replayed.turns,
        replayed.same,
        replayed.differ.len(),
        replayed.told
    ));
    lines.join("\n")
}
