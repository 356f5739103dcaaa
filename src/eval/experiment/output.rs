//! The files of a report, each written whole: HTML, Markdown, JSON, the part of the JSON that every
//! run repeats, per-topic values, and samples of latency.

use std::path::Path;

use crate::durable;
use crate::eval::compress::gzip;
use crate::eval::latency::Samples;
use crate::eval::report::model::Report;
use crate::eval::report::{PerTopicRow, html, markdown, per_topic_csv};

/// The report as a page.
pub const HTML_FILE: &str = "report.html";
/// The report as Markdown.
pub const MARKDOWN_FILE: &str = "report.md";
/// The report as JSON.
pub const JSON_FILE: &str = "report.json";
/// The report as JSON without times and machine: the same bytes in every run.
pub const RESULTS_FILE: &str = "results.json";
/// Per-topic values.
pub const ROWS_FILE: &str = "per-topic.csv.gz";

/// A file's name and bytes.
pub type Named = (String, Vec<u8>);

/// What every run of the same experiment must repeat to the byte.
///
/// # Errors
/// When the report cannot be written as JSON.
pub fn repeatable(report: &Report, rows: &[PerTopicRow]) -> std::io::Result<Vec<Named>> {
    let mut bare = report.clone().without_measured_times();
    // Where files lie, how many threads there were and whether it was merged is no result.
    bare.command.clear();
    let results = json(&bare)?;
    Ok(vec![
        (RESULTS_FILE.to_owned(), results.into_bytes()),
        (ROWS_FILE.to_owned(), gzip(per_topic_csv(rows).as_bytes())?),
    ])
}

/// All files of a report.
///
/// # Errors
/// When something cannot be encoded.
pub fn files(
    report: &Report,
    rows: &[PerTopicRow],
    samples: &[(String, Samples)],
) -> std::io::Result<Vec<Named>> {
    let mut files = vec![
        (HTML_FILE.to_owned(), html(report).into_bytes()),
        (MARKDOWN_FILE.to_owned(), markdown(report).into_bytes()),
        (JSON_FILE.to_owned(), json(report)?.into_bytes()),
    ];
    files.extend(repeatable(report, rows)?);
    for (name, samples) in samples {
        let mut csv = Vec::new();
        samples.write_csv(&mut csv).map_err(std::io::Error::other)?;
        files.push((format!("latency-{name}.csv.gz"), gzip(&csv)?));
    }
    Ok(files)
}

/// Writes files into a folder, which is made.
///
/// # Errors
/// The IO error.
pub fn write(folder: &Path, files: &[Named]) -> std::io::Result<()> {
    fs_err::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, bytes)| durable::write(&folder.join(name), bytes))
}

fn json(report: &Report) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
