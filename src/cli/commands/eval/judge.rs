//! `eval compare` and `eval gate`: two runs, or two configurations in one interleaved run.

use std::path::Path;

use jiff::civil::Date;

use crate::cli::args::Global;
use crate::cli::eval_args::CompareArgs;
use crate::cli::{Outcome, printer, settings};
use crate::engine::Engine;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::evaluate::{PerTopic, evaluate};
use crate::eval::experiment::ExperimentError;
use crate::eval::experiment::dataset::without_content;
use crate::eval::experiment::gate::{
    GateOptions, Outcome as Judged, Prospect, Quality, Side, Tails, Verdict, judge, prospect,
};
use crate::eval::experiment::timing::ask_timed;
use crate::eval::latency::samples::WHOLE;
use crate::eval::latency::{PairOptions, RealClock, paired};
use crate::eval::significance::Families;
use crate::eval::topic::{Expected, Topic, TopicSet, read_topic_set};
use crate::eval::trec::{Qrels, Run, Scored};
use crate::index::settings::Settings;

/// Compares, and reports.
pub(super) fn compare(global: &Global, args: &CompareArgs) -> Result<Outcome, EvalError> {
    decide(global, args).map(|_| Outcome::Done)
}

/// Judges: the exit code is the verdict.
pub(super) fn gate(global: &Global, args: &CompareArgs) -> Result<Outcome, EvalError> {
    Ok(match decide(global, args)?.outcome {
        Judged::Pass => Outcome::Done,
        Judged::Fail => Outcome::Negative,
        Judged::CannotTell => Outcome::CannotTell,
    })
}

/// Values of both systems and, where both are configurations, their latency.
struct Measured {
    values: [Vec<f64>; 2],
    families: Families,
    times: Option<([Vec<Vec<f64>>; 2], Families)>,
}

fn decide(global: &Global, args: &CompareArgs) -> Result<Verdict, EvalError> {
    let options = GateOptions {
        margin: args.margin,
        latency_margin: args.latency_margin,
        level: args.level,
        seed: args.seed,
        ..GateOptions::default()
    };
    let measured = if is_configuration(&args.baseline) && is_configuration(&args.candidate) {
        configurations(global, args)?
    } else {
        runs(args)?
    };
    let quality = Quality {
        baseline: &measured.values[0],
        candidate: &measured.values[1],
        families: &measured.families,
    };
    let tails = measured.times.as_ref().map(|(times, families)| Tails {
        baseline: &times[0],
        candidate: &times[1],
        families,
    });
    let prospect = prospect(&quality, tails.as_ref(), &options)?;
    if !args.json {
        say_prospect(&prospect, &options)?;
    }
    let verdict = judge(&quality, tails.as_ref(), prospect, &options)?;
    if args.json {
        printer::json(&verdict)?;
    } else {
        say_side(&args.measure.to_string(), &verdict.quality, "difference")?;
        if let Some(side) = &verdict.latency {
            say_side("p99 latency, µs", side, "ratio")?;
        }
        printer::data(&verdict.sentence)?;
    }
    Ok(verdict)
}

/// Whether an argument names settings, not a run.
fn is_configuration(name: &str) -> bool {
    name == "default" || Path::new(name).extension().is_some_and(|e| e == "toml")
}

fn say_prospect(prospect: &Prospect, options: &GateOptions) -> Result<(), Error> {
    let share = |value: f64| format!("{:.0}%", value * 100.0);
    printer::data(&format!(
        "before the result, labels hidden: {} families; an equal candidate passes on quality with {}, a loss of .03 is found with {}",
        prospect.families,
        share(prospect.quality_passes_if_equal),
        share(prospect.loss_found)
    ))?;
    if let (Some(passes), Some(found)) = (prospect.latency_passes_if_equal, prospect.slowdown_found)
    {
        printer::data(&format!(
            "  an equally fast candidate passes on latency (×{}) with {}, a slowdown by a fifth is found with {}",
            options.latency_margin,
            share(passes),
            share(found)
        ))?;
    }
    Ok(())
}

fn say_side(name: &str, side: &Side, what: &str) -> Result<(), Error> {
    let interval =
        side.interval.map_or_else(String::new, |i| format!(" [{:.4}, {:.4}]", i.low, i.high));
    printer::data(&format!(
        "{name}: {:.4} and {:.4}, {what} {:.4}{interval}; p of worse by the margin {:.4}, of not worse {:.4} (Holm {:.4})",
        side.baseline,
        side.candidate,
        side.change,
        side.p_noninferior,
        side.p_worse,
        side.p_worse_holm
    ))
}

fn topics_of(args: &CompareArgs) -> Result<TopicSet, EvalError> {
    Ok(args.topics.as_deref().map(read_topic_set).transpose()?.unwrap_or_default())
}

/// Judgements: from qrels, or from the labels of the topics.
fn judgements(args: &CompareArgs, topics: &[Topic]) -> Result<Qrels, EvalError> {
    if let Some(path) = &args.qrels {
        return Ok(Qrels::read(path)?);
    }
    let mut qrels = Qrels::new();
    for topic in topics.iter().filter(|t| t.expected == Some(Expected::Answer)) {
        for document in &topic.documents {
            qrels.insert(topic.id.as_str(), document.as_str(), 1);
        }
    }
    if qrels.is_empty() {
        let message =
            "compares on topics that no document answers; give labelled topics, or `--qrels`";
        return Err(ExperimentError::Plan { message: message.to_owned() }.into());
    }
    Ok(qrels)
}

fn families_of(ids: &[String], topics: &[Topic]) -> Families {
    let of: std::collections::BTreeMap<&str, &str> =
        topics.iter().map(|t| (t.id.as_str(), t.family())).collect();
    let families: Vec<&str> =
        ids.iter().map(|id| of.get(id.as_str()).copied().unwrap_or(id)).collect();
    Families::of(&families)
}

fn runs(args: &CompareArgs) -> Result<Measured, EvalError> {
    let set = topics_of(args)?;
    // What is damaged in a file about a sensitive set is not quoted.
    let quietly = |error: EvalError| {
        if set.header.sensitive { without_content(error, "the sensitive set") } else { error }
    };
    let topics = &set.topics;
    let qrels = judgements(args, topics).map_err(quietly)?;
    let values = |path: &str| -> Result<PerTopic, EvalError> {
        let run = Run::read(Path::new(path)).map_err(|e| quietly(e.into()))?;
        Ok(evaluate(&qrels, &run, std::slice::from_ref(&args.measure)))
    };
    let (mut baseline, mut candidate) = (values(&args.baseline)?, values(&args.candidate)?);
    let families = families_of(&baseline.topics, topics);
    if !args.quality_only {
        printer::talk("runs carry no latency: quality alone is judged");
    }
    Ok(Measured {
        values: [baseline.values.remove(0), candidate.values.remove(0)],
        families,
        times: None,
    })
}

fn configurations(global: &Global, args: &CompareArgs) -> Result<Measured, EvalError> {
    let mut topics = topics_of(args)?.topics;
    if topics.is_empty() {
        let message = "compares configurations, which need texts to ask; give `--topics`";
        return Err(ExperimentError::Plan { message: message.to_owned() }.into());
    }
    let qrels = judgements(args, &topics)?;
    let day = settings::day(args.now);
    // The usual way builds or refreshes the default index.
    drop(settings::engine(global)?);
    let engines = [engine(global, &args.baseline)?, engine(global, &args.candidate)?];
    let mut values = Vec::new();
    let mut ids = Vec::new();
    for engine in &engines {
        let mut run = Run::new("compared");
        for topic in topics.iter().filter(|t| qrels.of(t.id.as_str()).is_some()) {
            let ranked = engine.rank_documents(&topic.text, args.depth)?;
            let hits = ranked
                .into_iter()
                .map(|r| Scored { document: r.document.to_string(), score: r.score.get() });
            run.push(topic.id.as_str(), hits.collect())?;
        }
        let mut found = evaluate(&qrels, &run, std::slice::from_ref(&args.measure));
        values.push(found.values.remove(0));
        ids = found.topics;
    }
    let families = families_of(&ids, &topics);
    let times = if args.quality_only {
        None
    } else {
        if args.qrels.is_some() {
            topics.retain(|t| qrels.of(t.id.as_str()).is_some());
        }
        Some(latency(&engines, &topics, args, day)?)
    };
    let [baseline, candidate] = <[Vec<f64>; 2]>::try_from(values).unwrap_or_default();
    Ok(Measured { values: [baseline, candidate], families, times })
}

fn engine(global: &Global, name: &str) -> Result<Engine, EvalError> {
    let settings = if name == "default" {
        Settings::default()
    } else {
        let path = Path::new(name);
        let text = fs_err::read_to_string(path).map_err(|e| Error::in_file(path, e))?;
        Settings::parse(&text).map_err(|e| Error::in_file(path, e))?
    };
    let embedder = settings::model(global)?.embedder;
    let builder = Engine::builder(settings::store(global).root()).embedder(embedder);
    Ok(builder.settings(settings).open()?)
}

type Times = ([Vec<Vec<f64>>; 2], Families);

fn latency(
    engines: &[Engine; 2],
    topics: &[Topic],
    args: &CompareArgs,
    day: Date,
) -> Result<Times, EvalError> {
    let ids: Vec<String> = topics.iter().map(|t| t.id.to_string()).collect();
    let options = PairOptions { rounds: args.rounds.max(1), warm_up: 1, seed: args.seed };
    let samples = paired(
        &|i| ask_timed(&engines[0], &topics[i], day),
        &|i| ask_timed(&engines[1], &topics[i], day),
        &ids,
        &options,
        &RealClock::new(),
    )?;
    let families = families_of(&ids, topics);
    Ok(([samples.baseline.by_topic(WHOLE), samples.system.by_topic(WHOLE)], families))
}
