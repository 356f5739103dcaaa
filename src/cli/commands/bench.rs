//! `bench`: latency of an index, two configurations, or several threads.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::args::Global;
use crate::cli::bench_args::{BenchArgs, Work};
use crate::cli::printer::Bar;
use crate::cli::{Outcome, printer, settings};
use crate::embed::{Embedder, Encoder};
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::bench::{
    BenchPlan, LEVEL, Measured, Messages, Setting, agreement, ask_in_a_loop, compare, measure,
    once, rank_all, report, seconds_in_pool, verified,
};
use crate::eval::experiment::{output, record};
use crate::eval::latency::{RequestRate, ScalingOptions, Schedule, scaling};
use crate::eval::report::model::{Input, Latency, Report, TimeRatio};
use crate::eval::topic::read_topics;
use crate::ids::Fingerprint;
use crate::index::build::{BuildOptions, Progress as _, Quiet, Sources, build};
use crate::index::settings::Settings;
use crate::index::store::Store;

/// Documents that a batch ranks for each message, as `run` does by default.
const DEPTH: usize = 100;
/// What the configuration of the command line is called.
const GIVEN: &str = "as given";

/// Measures, prints and writes.
pub(super) fn run(global: &Global, args: &BenchArgs) -> Result<Outcome, EvalError> {
    let began = Timestamp::now();
    let bytes = fs_err::read(&args.topics)?;
    let name = args.topics.file_stem().unwrap_or_default().to_string_lossy();
    let messages = Messages::new(&name, &read_topics(&args.topics)?, settings::day(args.now));
    if args.once {
        return once_over(global, &messages);
    }
    let mut bench = Bench {
        global,
        args,
        plan: plan(args)?,
        bar: Bar::new(global.quiet),
        setting: Setting {
            command: super::eval::command_line(),
            seed: args.seed,
            inputs: vec![input("topics", &name, Fingerprint::of(&bytes))],
            ..Setting::default()
        },
        messages,
    };
    if bench.messages.left_out() > 0 {
        printer::talk(&format!(
            "{} messages whose text stands twice are asked once",
            bench.messages.left_out()
        ));
    }
    let measured = bench.measured()?;
    let encoder = settings::encoder(global)?;
    let threads = global.threads.unwrap_or_else(rayon::current_num_threads);
    let path = encoder.cpu_path().to_string();
    bench.setting.environment = Some(record::environment(path, threads, began));
    let report = report(&bench.messages, &measured, bench.setting);
    write(args.out.as_deref(), &report, &measured)?;
    if args.json {
        printer::json(&report)?;
    } else {
        printer::raw(&in_words(&report))?;
    }
    Ok(Outcome::Done)
}

/// Says what was run, as JSON: the path of the encoder and the stages.
fn once_over(global: &Global, messages: &Messages) -> Result<Outcome, EvalError> {
    let (engine, encoder) = (settings::engine(global)?, settings::encoder(global)?);
    let stages = once(&engine, &encoder, messages)?;
    printer::json_line(&(encoder.cpu_path().as_str(), stages))?;
    Ok(Outcome::Done)
}

fn plan(args: &BenchArgs) -> Result<BenchPlan, EvalError> {
    Ok(BenchPlan {
        workers: args.workers.clone(),
        rate: args.rate.map(RequestRate::new).transpose()?,
        schedule: if args.uniform { Schedule::Uniform } else { Schedule::Poisson },
        rounds: args.rounds,
        warm_up: args.warm_up,
        seed: args.seed,
    })
}

fn input(role: &str, name: &str, fingerprint: Fingerprint) -> Input {
    Input { role: role.to_owned(), name: name.to_owned(), fingerprint: fingerprint.to_string() }
}

struct Bench<'a> {
    global: &'a Global,
    args: &'a BenchArgs,
    plan: BenchPlan,
    bar: Bar,
    setting: Setting,
    messages: Messages,
}

impl Bench<'_> {
    fn measured(&mut self) -> Result<Measured, EvalError> {
        let engine = settings::engine(self.global)?;
        self.describe(GIVEN, &engine, "The index and settings of the command line.");
        if !self.args.scale.is_empty() {
            return self.scaled(&engine);
        }
        let Some((name, other)) = self.other()? else {
            let most = self.plan.workers.iter().copied().max().unwrap_or(NonZeroUsize::MIN);
            self.verify(GIVEN, &engine, most)?;
            self.bar.begin("timing", 1);
            let measured = measure(GIVEN, &engine, &self.messages, &self.plan)?;
            self.bar.end();
            return Ok(measured);
        };
        self.describe(&name, &other, "Compared with it.");
        self.verify(GIVEN, &engine, NonZeroUsize::MIN)?;
        self.verify(&name, &other, NonZeroUsize::MIN)?;
        let found = agreement(&engine, &other, &self.messages)?;
        self.setting.verified.push(format!(
            "Both decide the same on {} of {} messages, with the same best document.",
            found.same, found.asked
        ));
        self.bar.begin("timing both", 1);
        let measured = compare((GIVEN, &engine), (&name, &other), &self.messages, &self.plan)?;
        self.bar.end();
        Ok(measured)
    }

    /// The configuration to compare with, if one was named.
    fn other(&self) -> Result<Option<(String, Engine)>, EvalError> {
        if let Some(index) = &self.args.against_index {
            let engine = settings::engine_over(self.global, index)?;
            return Ok(Some((file_name(index), engine)));
        }
        let Some(path) = &self.args.against else {
            return Ok(None);
        };
        let global = Global { settings: Some(path.clone()), ..self.global.clone() };
        Ok(Some((file_name(path), settings::engine(&global)?)))
    }

    fn describe(&mut self, name: &str, engine: &Engine, what: &str) {
        let snapshot = engine.snapshot();
        let passages = snapshot.passage_count();
        self.setting.systems.push((name.to_owned(), format!("{what} {passages} passages.")));
        let inputs = [
            ("index", engine.snapshot().id()),
            ("settings", engine.settings().fingerprint()),
            ("model", engine.binding().embedder),
        ];
        self.setting.inputs.extend(inputs.map(|(role, id)| input(role, name, id)));
    }

    fn verify(&mut self, name: &str, engine: &Engine, most: NonZeroUsize) -> Result<(), EvalError> {
        let asked = verified(engine, &self.messages, most)?;
        self.setting.verified.push(format!(
            "`{name}`: {asked} messages asked alone gave the same replies again, with {most} asking \
             at once."
        ));
        Ok(())
    }

    fn scaled(&mut self, engine: &Engine) -> Result<Measured, EvalError> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let asked = self.plan.workers.last().copied().filter(|n| n.get() > 1);
        let threads = asked.unwrap_or(cores);
        self.verify(GIVEN, engine, threads)?;
        let mut measured = Measured::default();
        if threads > cores {
            measured.warnings.push(format!("There are {cores} cores for {threads} threads."));
        }
        let options = ScalingOptions {
            threads,
            rounds: self.plan.rounds,
            level: LEVEL,
            seed: self.plan.seed,
        };
        for &work in &self.args.scale {
            self.bar.begin(what(work), 1);
            let found = match work {
                Work::Ask => scaling(&options, &mut |threads| {
                    ask_in_a_loop(engine, &self.messages, threads, self.plan.seed)
                }),
                Work::Run => scaling(&options, &mut |threads| {
                    seconds_in_pool(threads, || rank_all(engine, &self.messages, DEPTH))
                        .map_err(EvalError::from)
                }),
                Work::Build => {
                    let builder = Builder::new(self.global)?;
                    scaling(&options, &mut |threads| builder.seconds(threads))
                }
            }?;
            self.bar.end();
            let median = |seconds: &[f64]| median(seconds) * 1e6;
            measured.time_ratios.push(TimeRatio {
                dataset: self.messages.name().to_owned(),
                what: what(work).to_owned(),
                baseline: "1 thread".to_owned(),
                system: format!("{threads} threads"),
                baseline_microseconds: median(&found.one),
                system_microseconds: median(&found.several),
                ratio: found.speed_up.recip(),
                interval: found.interval.map(|ends| crate::eval::estimate::Interval {
                    low: ends.high.recip(),
                    high: ends.low.recip(),
                    level: ends.level,
                }),
                n: found.one.len(),
            });
        }
        Ok(measured)
    }
}

/// The last part of a path: where it lies on this machine is nobody's business.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn what(work: Work) -> &'static str {
    match work {
        Work::Ask => "asking every message of one shared engine",
        Work::Run => "ranking every message in a batch",
        Work::Build => "building the index of the corpus",
    }
}

/// By nearest rank.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// Builds an index anew, again and again.
struct Builder {
    sources: Sources,
    encoder: Arc<Encoder>,
    settings: Settings,
}

impl Builder {
    fn new(global: &Global) -> Result<Builder, EvalError> {
        Ok(Builder {
            sources: Sources::read(&global.corpus).map_err(Error::from)?,
            encoder: settings::encoder(global)?,
            settings: settings::settings(global)?.unwrap_or_default(),
        })
    }

    /// Seconds of one build into an empty folder, with no vector cached.
    fn seconds(&self, threads: NonZeroUsize) -> Result<f64, EvalError> {
        let folder = tempfile::tempdir()?;
        let embedder: Arc<dyn Embedder> = Arc::clone(&self.encoder) as Arc<dyn Embedder>;
        let count = |text: &str| self.encoder.count_tokens(text).unwrap_or(usize::MAX);
        let store = Store::new(folder.path());
        let options = BuildOptions::default();
        Ok(seconds_in_pool(threads, || {
            build(&store, &self.sources, &embedder, &count, &self.settings, options, &Quiet)
                .map_err(Error::from)
        })?)
    }
}

fn write(folder: Option<&Path>, report: &Report, measured: &Measured) -> Result<(), EvalError> {
    let Some(folder) = folder else {
        return Ok(());
    };
    let mut files = output::files(report, &[], &measured.samples)?;
    // Times have no part that every run repeats, and no values by topic but the samples.
    files.retain(|(name, _)| name != output::RESULTS_FILE && name != output::ROWS_FILE);
    output::write(folder, &files)?;
    printer::talk(&format!("report in {}", folder.join(output::HTML_FILE).display()));
    Ok(())
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        let _ = writeln!(text, "{warning}");
    }
    let mut load = None;
    for latency in &report.latency {
        if load != Some((&latency.system, &latency.load)) {
            load = Some((&latency.system, &latency.load));
            let _ = writeln!(text, "{}", heading(report, latency));
        }
        let times =
            latency.quantiles.iter().map(|q| format!("{} {:.3}", q.name, q.microseconds / 1e3));
        let times: Vec<String> = times.collect();
        let _ = writeln!(text, "  {:10} {}", latency.stage, times.join("  "));
    }
    for ratio in &report.time_ratios {
        let ends = ratio.interval.map_or_else(
            || "no interval: too little was asked".to_owned(),
            |ends| format!("{:.3} to {:.3}", ends.high.recip(), ends.low.recip()),
        );
        let _ = writeln!(
            text,
            "{}: {} is {:.3} times as fast as {} ({ends})",
            ratio.what,
            ratio.system,
            ratio.ratio.recip(),
            ratio.baseline
        );
    }
    text
}

fn heading(report: &Report, latency: &Latency) -> String {
    let answered = report
        .throughput
        .iter()
        .find(|row| (&row.system, &row.load) == (&latency.system, &latency.load))
        .map_or_else(String::new, |row| format!("; {:.1} answered in a second", row.per_second));
    format!("{}, {}, milliseconds{answered}", latency.system, latency.load)
}
