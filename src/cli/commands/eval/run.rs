//! `eval run`, `merge`, `record`, `replay`, `verify`, `freeze`, `sweep` and `report`.

use std::path::Path;

use jiff::Timestamp;

use crate::cli::args::Global;
use crate::cli::eval_args::{
    EvalRunArgs, MergeArgs, PlacesArgs, RecordArgs, ReplayArgs, SweepArgs,
};
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::embed::Encoder;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::experiment::analyse::Analysis;
use crate::eval::experiment::cells::Cells;
use crate::eval::experiment::conduct::{Prepared, Told, merge, prepare};
use crate::eval::experiment::definition::{Definition, Places, PrecisionPlan};
use crate::eval::experiment::output::Named;
use crate::eval::experiment::record::{Making, Replay};
use crate::eval::experiment::system::{Workshop, folder_of, program_fingerprint};
use crate::eval::experiment::{ExperimentError, freeze, output, record, sweep, timing};
use crate::eval::report::model::{Environment, Report};
use crate::eval::sensitive::Key;
use crate::ids::Fingerprint;

/// What every command on an experiment needs.
struct Bench<'a> {
    global: &'a Global,
    places: &'a PlacesArgs,
    key: Option<Key>,
    bar: Bar,
}

impl<'a> Bench<'a> {
    fn new(global: &'a Global, places: &'a PlacesArgs) -> Result<Bench<'a>, EvalError> {
        let key = super::read_key(places.id_key.as_deref())?;
        Ok(Bench { global, places, key, bar: Bar::new(global.quiet) })
    }

    fn encoder(
        &self,
    ) -> impl Fn(PrecisionPlan) -> Result<std::sync::Arc<Encoder>, Error> + Sync + '_ {
        move |precision| {
            settings::encoder_of(
                self.global,
                match precision {
                    PrecisionPlan::Int8 => crate::cli::args::Precision::Int8,
                    PrecisionPlan::F32 => crate::cli::args::Precision::F32,
                },
            )
        }
    }

    fn prepare(
        &self,
        definition: Definition,
        path: &Path,
        workshop: &Workshop<'_>,
        program: Fingerprint,
    ) -> Result<Prepared, EvalError> {
        let places = Places { base: folder_of(path), data: self.places.data.clone() };
        prepare(definition, places, self.key.as_ref(), workshop, program)
    }

    fn cells(&self) -> Cells {
        Cells::new(self.places.cache.join("cells"))
    }

    fn environment(
        &self,
        workshop: &Workshop<'_>,
        began: Timestamp,
    ) -> Result<Environment, EvalError> {
        let path = workshop.encoder(PrecisionPlan::Int8)?.cpu_path();
        let threads = self.global.threads.unwrap_or_else(rayon::current_num_threads);
        Ok(record::environment(path.to_string(), threads, began))
    }
}

/// How an experiment is to be conducted.
struct Asked<'a> {
    experiment: &'a Path,
    timed: bool,
    warnings: Vec<String>,
    began: Timestamp,
}

/// A conducted experiment.
struct Conducted {
    report: Report,
    environment: Environment,
    reads: Vec<freeze::Read>,
    files: Vec<Named>,
}

impl Bench<'_> {
    /// Counts the reads, asks, times and reports.
    fn conduct(
        &self,
        prepared: &Prepared,
        workshop: &Workshop<'_>,
        cells: &Cells,
        asked: Asked<'_>,
    ) -> Result<Conducted, EvalError> {
        let now = Timestamp::now().to_string();
        let definition = &prepared.definition;
        let reads = freeze::count(asked.experiment, definition, &prepared.datasets, &now)?;
        let analysis = prepared.conduct(Some(cells), workshop, &self.bar)?;
        let timed = match &definition.latency {
            Some(plan) if asked.timed => timing::measure(prepared, plan, workshop, &self.bar)?,
            _ => timing::Timed::default(),
        };
        let environment = self.environment(workshop, asked.began)?;
        let rows = analysis.rows.clone();
        let told = Told {
            command: command_line(),
            reads: reads.clone(),
            latency: timed.latency,
            environment: Some(environment.clone()),
            warnings: asked.warnings,
            ..Told::default()
        };
        let report = prepared.report(analysis, told);
        let files = output::files(&report, &rows, &timed.samples)?;
        Ok(Conducted { report, environment, reads, files })
    }
}

/// The command as it was typed, without folders of this machine.
pub(in crate::cli::commands) fn command_line() -> String {
    const FOLDERS: [&str; 4] = ["--cache", "--data", "--id-key", "--models"];
    let mut shown = vec!["guidepost".to_owned()];
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let (name, value) =
            word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
        if FOLDERS.contains(&name) {
            if value.is_none() {
                let _ = words.next();
            }
            continue;
        }
        shown.push(if word.contains(' ') { format!("'{word}'") } else { word });
    }
    shown.join(" ")
}

/// Runs an experiment, or a shard of it.
pub(super) fn run(global: &Global, args: &EvalRunArgs) -> Result<Outcome, EvalError> {
    let began = Timestamp::now();
    let bench = Bench::new(global, &args.places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&args.places.cache, &make, &bench.bar);
    let (definition, _) = Definition::read(&args.experiment)?;
    let prepared =
        bench.prepare(definition, &args.experiment, &workshop, program_fingerprint()?)?;
    let warnings = super::check::refuse_leaks(&prepared, args.despite_leaks, bench.key.as_ref())?;
    if let (Some(shard), Some(out)) = (args.shard, &args.out) {
        let cells = prepared.shard(shard, out, &workshop, &bench.bar)?;
        printer::talk(&format!("{cells} cells in {}", out.display()));
        return Ok(Outcome::Done);
    }
    say_resolution(&prepared);
    let asked = Asked { experiment: &args.experiment, timed: !args.no_latency, warnings, began };
    let done = bench.conduct(&prepared, &workshop, &bench.cells(), asked)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.places.cache.join("reports").join(&prepared.definition.name));
    output::write(&out, &done.files)?;
    show(&done.report, &out, args.json)
}

/// Puts parts together.
pub(super) fn merge_parts(global: &Global, args: &MergeArgs) -> Result<Outcome, EvalError> {
    let began = Timestamp::now();
    let bench = Bench::new(global, &args.places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&args.places.cache, &make, &bench.bar);
    let (definition, _) = Definition::read(&args.experiment)?;
    let store = args.places.cache.join("cells");
    let merged = merge(&args.parts, &store)?;
    let prepared = bench.prepare(definition, &args.experiment, &workshop, merged.program)?;
    merged.belongs_to(&prepared, &args.experiment)?;
    // The shards were refused or told; what there is to say of leaks, the report says.
    let warnings = super::check::refuse_leaks(&prepared, true, bench.key.as_ref())?;
    let asked = Asked { experiment: &args.experiment, timed: false, warnings, began };
    let done = bench.conduct(&prepared, &workshop, &Cells::new(store), asked)?;
    output::write(&args.out, &done.files)?;
    show(&done.report, &args.out, args.json)
}

/// Runs an experiment and keeps a record.
pub(super) fn keep_record(global: &Global, args: &RecordArgs) -> Result<Outcome, EvalError> {
    let began = Timestamp::now();
    let bench = Bench::new(global, &args.places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&args.places.cache, &make, &bench.bar);
    let (definition, text) = Definition::read(&args.experiment)?;
    let program = program_fingerprint()?;
    let prepared = bench.prepare(definition, &args.experiment, &workshop, program)?;
    let warnings = super::check::refuse_leaks(&prepared, args.despite_leaks, bench.key.as_ref())?;
    let day = settings::day(None);
    let folder = args.to.join(format!("{day}-{}", prepared.definition.name));
    if folder.exists() {
        return Err(ExperimentError::Record {
            path: folder,
            message: "is there already; records are never overwritten: move it away or give the experiment another name".to_owned(),
        }
        .into());
    }
    say_resolution(&prepared);
    let asked = Asked {
        experiment: &args.experiment,
        timed: !args.no_latency,
        warnings: warnings.clone(),
        began,
    };
    let done = bench.conduct(&prepared, &workshop, &bench.cells(), asked)?;
    let making = Making {
        prepared: &prepared,
        experiment_path: &args.experiment,
        experiment: &text,
        command: &done.report.command,
        environment: &done.environment,
        reads: &done.reads,
        warnings: &warnings,
        files: &done.files,
    };
    record::write(&folder, &making)?;
    show(&done.report, &folder, false)
}

/// Replays a record.
pub(super) fn replay(global: &Global, args: &ReplayArgs) -> Result<Outcome, EvalError> {
    let bench = Bench::new(global, &args.places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&args.places.cache, &make, &bench.bar);
    let replay = record::replay(
        &args.record,
        args.places.data.clone(),
        bench.key.as_ref(),
        &workshop,
        program_fingerprint()?,
        &bench.bar,
    )?;
    if args.json {
        printer::json(&replay)?;
    }
    let say = |line: &str| if args.json { Ok(()) } else { printer::data(line) };
    match &replay {
        Replay::Same { files, other_build } => {
            let build = if *other_build { ", by another build than the recorded one" } else { "" };
            say(&format!("the same bytes in {}{build}", files.join(" and ")))?;
            Ok(Outcome::Done)
        }
        Replay::Differs { differences, other_build } => {
            for difference in differences {
                say(difference)?;
            }
            if *other_build {
                say("this is another build than the recorded one")?;
            }
            Ok(Outcome::Negative)
        }
        Replay::Cannot { reasons } => {
            say("cannot replay:")?;
            for reason in reasons {
                say(&format!("  {reason}"))?;
            }
            Ok(Outcome::CannotTell)
        }
    }
}

/// Verifies a record.
pub(super) fn verify(folder: &Path, json: bool) -> Result<Outcome, EvalError> {
    let findings = record::verify(folder)?;
    if json {
        printer::json(&findings)?;
    } else if findings.is_empty() {
        printer::data("every file is as it was recorded")?;
    } else {
        findings.iter().try_for_each(|f| printer::data(f))?;
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Negative })
}

/// Freezes a plan.
pub(super) fn freeze_plan(
    global: &Global,
    experiment: &Path,
    places: &PlacesArgs,
) -> Result<Outcome, EvalError> {
    let bench = Bench::new(global, places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&places.cache, &make, &bench.bar);
    let (definition, _) = Definition::read(experiment)?;
    let prepared = bench.prepare(definition, experiment, &workshop, Fingerprint::ZERO)?;
    let now = Timestamp::now().to_string();
    let seal = freeze::freeze(experiment, &prepared.definition, &prepared.datasets, &now)?;
    printer::data(&format!(
        "frozen on {}: plan {}, primary measure {}",
        seal.frozen,
        seal.plan.short(),
        seal.primary
    ))?;
    for (name, print) in &seal.tests {
        printer::data(&format!("  {name} {}", print.short()))?;
    }
    Ok(Outcome::Done)
}

/// Sweeps.
pub(super) fn run_sweep(global: &Global, args: &SweepArgs) -> Result<Outcome, EvalError> {
    let began = Timestamp::now();
    let bench = Bench::new(global, &args.places)?;
    let make = bench.encoder();
    let workshop = Workshop::new(&args.places.cache, &make, &bench.bar);
    let (definition, _) = Definition::read(&args.experiment)?;
    let Some(plan) = definition.sweep.clone() else {
        let message = "has no `sweep` table; write one with `parameters`".to_owned();
        return Err(ExperimentError::Plan { message }.into());
    };
    if let Some(dataset) = definition.datasets.iter().find(|d| d.split == freeze::TEST) {
        return Err(ExperimentError::Dataset {
            dataset: dataset.name.clone(),
            message: "is a test split, and nothing is ever picked on one; sweep on train or dev"
                .to_owned(),
        }
        .into());
    }
    let prepared =
        bench.prepare(definition, &args.experiment, &workshop, program_fingerprint()?)?;
    let (swept, responses) = sweep::sweep(&prepared, &plan, &bench.cells(), &workshop, &bench.bar)?;
    let told = Told {
        command: command_line(),
        responses,
        environment: Some(bench.environment(&workshop, began)?),
        warnings: vec![format!(
            "The chosen point scores {:.4} on the topics it was chosen on; the outer estimates are the honest ones.",
            swept.chosen_objective
        )],
        ..Told::default()
    };
    let report = prepared.report(Analysis::default(), told);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.places.cache.join("reports").join(&prepared.definition.name));
    output::write(&out, &output::files(&report, &[], &[])?)?;
    let text = serde_json::to_string_pretty(&swept).map_err(std::io::Error::other)? + "\n";
    crate::durable::write(&out.join("sweep.json"), text.as_bytes())?;
    if args.json {
        printer::raw(&text)?;
    } else {
        let chosen: Vec<String> =
            swept.chosen.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        printer::data(&format!("chosen of {} points: {}", swept.points.len(), chosen.join(", ")))?;
        printer::data(&format!(
            "{} {:.4} on the topics it was chosen on (defaults {:.4})",
            swept.measure, swept.chosen_objective, swept.default_objective
        ))?;
        for (name, outer) in swept.datasets.iter().zip(&swept.outer) {
            printer::data(&format!("  {name}: outer estimate {}", super::estimate(outer)))?;
        }
        for (fold, chosen) in (1..).zip(&swept.chosen_by_fold) {
            let chosen: Vec<String> =
                chosen.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            printer::data(&format!("  without fold {fold}: {}", chosen.join(", ")))?;
        }
        printer::talk(&format!("report in {}", out.display()));
    }
    Ok(Outcome::Done)
}

/// Renders a report again.
pub(super) fn render(path: &Path, out: &Path) -> Result<Outcome, EvalError> {
    let report: Report = serde_json::from_str(&fs_err::read_to_string(path)?).map_err(|e| {
        ExperimentError::Record { path: path.to_owned(), message: format!("is no report: {e}") }
    })?;
    let files = [
        (output::HTML_FILE.to_owned(), crate::eval::report::html(&report).into_bytes()),
        (output::MARKDOWN_FILE.to_owned(), crate::eval::report::markdown(&report).into_bytes()),
    ];
    output::write(out, &files)?;
    printer::talk(&format!("report in {}", out.display()));
    Ok(Outcome::Done)
}

/// How many families each dataset has, before anything is asked. What differences they resolve is
/// worked out from the spread and stands in the report before the results.
fn say_resolution(prepared: &Prepared) {
    for dataset in &prepared.datasets {
        let ids: Vec<&str> = dataset.topics.iter().map(|t| t.id.as_str()).collect();
        let families = dataset.families(&ids).n();
        printer::talk(&format!(
            "{}: {} topics of {families} families",
            dataset.label(),
            dataset.topics.len()
        ));
    }
}

/// Prints a report: what the set resolves, then the results.
fn show(report: &Report, out: &Path, json: bool) -> Result<Outcome, EvalError> {
    if json {
        printer::json(report)?;
        return Ok(Outcome::Done);
    }
    printer::raw(&super::summary(report))?;
    printer::talk(&format!("report in {}", out.display()));
    Ok(Outcome::Done)
}
