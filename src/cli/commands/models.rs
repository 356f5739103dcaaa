//! `models list|pull|verify|quantise|bench`.

use std::path::Path;

use crate::cli::args::{Global, ModelsCommand};
use crate::cli::{Outcome, printer, settings};
use crate::embed::encoder::Encoder;
use crate::embed::model::Precision;
use crate::embed::models::{BenchSettings, FileCheck, Place, bench, list, pull, quantise, verify};
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
        ModelsCommand::Bench { json } => bench_models(models, *json),
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

fn bench_models(models: &Path, json: bool) -> Result<Outcome, Error> {
    let entries = list(models)?;
    let f32_entry = entries.iter().find(|entry| entry.precision == Precision::F32);
    let reference = match f32_entry {
        Some(entry) => Some(Encoder::load(entry.files()?)?),
        None => None,
    };
    let mut reports = Vec::new();
    for entry in &entries {
        reports.push(bench(entry.files()?, reference.as_ref(), BenchSettings::default())?);
    }
    if json {
        printer::json(&reports)?;
        return Ok(Outcome::Done);
    }
    for report in &reports {
        let agreement = report
            .agreement
            .as_ref()
            .map(|a| format!(", cosine to f32 median {:.5} least {:.5}", a.median, a.least));
        printer::data(&format!(
            "{} on {}: loads in {:.1} ms; a query takes p50 {:.3} ms, p99 {:.3} ms; \
             {:.1} passages of {} tokens a second{}",
            report.model,
            report.cpu_path,
            report.load_ms,
            report.query_ms.p50,
            report.query_ms.p99,
            report.passages_per_second,
            report.passage_tokens,
            agreement.unwrap_or_default()
        ))?;
    }
    if reference.is_none() {
        printer::talk("no f32 model found to compare with; `scripts/models.sh` obtains it");
    }
    Ok(Outcome::Done)
}
