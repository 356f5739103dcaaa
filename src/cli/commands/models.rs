//! `models list|pull|verify|quantise|bench`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::args::{Global, ModelsCommand};
use crate::cli::{Outcome, printer, settings};
use crate::embed::bench::{BenchReport, BenchSettings, Runtime, bench, resident_growth, runtimes};
use crate::embed::model::Precision;
use crate::embed::models::{FileCheck, Place, list, pull, quantise, verify};
use crate::error::Error;

/// Runs a `models` command.
pub(super) fn run(global: &Global, command: &ModelsCommand) -> Result<Outcome, Error> {
    let models = global.models.as_path();
    match command {
        ModelsCommand::List { json } => list_models(models, *json),
        ModelsCommand::Pull { from } => {
            let folder = pull(from, models)?;
            printer::data(&folder.display().to_string())?;
            Ok(Outcome::Done)
        }
        ModelsCommand::Verify { json } => verify_models(models, *json),
        ModelsCommand::Quantise { out } => {
            let record = quantise(&settings::default_folder(models)?, out)?;
            printer::data(&format!("{} {} bytes {}", out.display(), record.bytes, record.sha256))?;
            Ok(Outcome::Done)
        }
        ModelsCommand::Bench { memory_of: Some(name), .. } => print_growth(models, name),
        ModelsCommand::Bench { rounds, json, .. } => bench_models(global, *rounds, *json),
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::BuiltIn => "built in".to_owned(),
        Place::Folder(folder) => folder.display().to_string(),
    }
}

fn list_models(models: &Path, json: bool) -> Result<Outcome, Error> {
    let entries = list(models)?;
    if json {
        printer::json(&entries)?;
        return Ok(Outcome::Done);
    }
    for entry in &entries {
        printer::data(&format!(
            "{} {}: {} dimensions, {:.1} MB of weights, {}, {}",
            entry.name,
            entry.precision.as_str(),
            entry.dimension,
            entry.bytes as f64 / 1e6,
            entry.licence,
            place(&entry.place)
        ))?;
    }
    Ok(Outcome::Done)
}

fn verify_models(models: &Path, json: bool) -> Result<Outcome, Error> {
    let checks = verify(models)?;
    if json {
        printer::json(&checks)?;
    } else {
        for check in &checks {
            let state = match &check.found {
                None => "missing",
                Some(_) if check.is_sound() => "sound",
                Some(_) => "differs from the manifest",
            };
            printer::data(&format!(
                "{} {} ({}): {state}",
                check.model,
                check.file,
                place(&check.place)
            ))?;
        }
    }
    let sound = checks.iter().all(FileCheck::is_sound);
    Ok(if sound { Outcome::Done } else { Outcome::Negative })
}

fn bench_models(global: &Global, rounds: usize, json: bool) -> Result<Outcome, Error> {
    let runtimes = runtimes(&global.models)?;
    let mut reports = bench(&runtimes, BenchSettings { rounds, ..BenchSettings::default() })?;
    for (report, runtime) in reports.iter_mut().zip(&runtimes) {
        report.resident_bytes = growth_of_a_fresh_process(global, runtime);
    }
    if json {
        printer::json(&reports)?;
        return Ok(Outcome::Done);
    }
    print_table(&reports)?;
    if !runtimes.iter().any(|runtime| runtime.entry.precision == Precision::F32) {
        printer::talk("no f32 weights found to run; `scripts/models.sh` obtains them");
    } else if !cfg!(feature = "rust-bert") {
        printer::talk("rust-bert is not in this build; see the README on the feature `rust-bert`");
    }
    Ok(Outcome::Done)
}

fn print_table(reports: &[BenchReport]) -> Result<(), Error> {
    let name = |report: &BenchReport| report.runtime.chars().count();
    let width = reports.iter().map(name).max().unwrap_or(0).max("runtime".len());
    printer::data(&format!(
        "{:width$}  query p50 ms     p99  passages/s  least cosine  resident MB  load ms",
        "runtime"
    ))?;
    for report in reports {
        let cosine = report.agreement.map_or("-".to_owned(), |a| format!("{:.5}", a.least));
        let resident = report.resident_bytes.map(|bytes| format!("{:.0}", bytes as f64 / 1e6));
        printer::data(&format!(
            "{:width$}  {:12.3}  {:6.3}  {:10.1}  {cosine:>12}  {:>11}  {:7.1}",
            report.runtime,
            report.query_ms.p50,
            report.query_ms.p99,
            report.passages_per_second,
            resident.as_deref().unwrap_or("-"),
            report.load_ms
        ))?;
    }
    let Some(first) = reports.first() else { return Ok(()) };
    let (least, most) = first.query_tokens;
    printer::data(&format!(
        "{} queries of {least} to {most} tokens and {} passages of {} tokens each, one at a time on \
         one thread, runtimes in turn; cosine to the published f32 model on {} sentences",
        first.queries,
        first.passages,
        first.passage_tokens,
        first.agreement.map_or(0, |agreement| agreement.texts)
    ))
}

/// What `--memory-of` prints in a process of its own: this one has grown by every runtime.
fn growth_of_a_fresh_process(global: &Global, runtime: &Runtime) -> Option<u64> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.arg("--models").arg(&global.models).args(["models", "bench", "--memory-of"]);
    let output = command.arg(runtime.name()).stderr(Stdio::null()).output().ok()?;
    str::from_utf8(&output.stdout).ok()?.trim().parse().ok()
}

/// Prints by how many bytes this process grows, or nothing where the system does not say.
fn print_growth(models: &Path, name: &str) -> Result<Outcome, Error> {
    let runtimes = runtimes(models)?;
    let found = runtimes.iter().find(|runtime| runtime.name() == name);
    let growth = found.map(resident_growth).transpose()?.flatten();
    if let Some(bytes) = growth {
        printer::data(&bytes.to_string())?;
    }
    Ok(if growth.is_some() { Outcome::Done } else { Outcome::Negative })
}
