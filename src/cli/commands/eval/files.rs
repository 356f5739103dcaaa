//! `eval score`, `eval convert` and `eval schema`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::eval_args::{ConvertArgs, FileKind, ScoreArgs};
use crate::cli::schemas;
use crate::cli::{Outcome, printer};
use crate::eval::EvalError;
use crate::eval::convert::{Conversion, Kind, convert};
use crate::eval::evaluate::{PerTopic, evaluate_stream};
use crate::eval::experiment::ExperimentError;
use crate::eval::trec::Qrels;

/// A run's scores as JSON.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct Scores {
    /// Means by measure, in the order asked for.
    means: Vec<(String, f64)>,
    /// Topics that count.
    topics: usize,
    /// Judged topics that the run lacks; they count as 0.
    missing: Vec<String>,
    /// Topics of the run without judgements; they do not count.
    unjudged: Vec<String>,
    /// Judged topics without a relevant document; they count as 0, as trec_eval has it.
    without_relevant: Vec<String>,
    /// Values by topic, in the order of the measures.
    per_topic: Option<Vec<(String, Vec<f64>)>>,
}

/// Scores a run.
pub(super) fn score(_: &Global, args: &ScoreArgs) -> Result<Outcome, EvalError> {
    let qrels = Qrels::read(&args.qrels)?;
    let found = evaluate_stream(&qrels, &args.run, &args.measures)?;
    if args.strict {
        found.coverage.complete()?;
    }
    let coverage = &found.coverage;
    if args.json {
        let names = found.measures.iter().map(ToString::to_string);
        printer::json(&Scores {
            means: names.zip((0..found.measures.len()).map(|m| found.mean(m))).collect(),
            topics: found.topics.len(),
            missing: coverage.missing.clone(),
            unjudged: coverage.unjudged.clone(),
            without_relevant: coverage.without_relevant.clone(),
            per_topic: args.per_topic.then(|| by_topic(&found)),
        })?;
        return Ok(Outcome::Done);
    }
    let mut text = String::new();
    if args.per_topic {
        for (topic, values) in by_topic(&found) {
            for (measure, value) in found.measures.iter().zip(values) {
                let _ = writeln!(text, "{topic}\t{measure}\t{value}");
            }
        }
    } else {
        for (number, measure) in found.measures.iter().enumerate() {
            let _ = writeln!(text, "{measure}\t{}", found.mean(number));
        }
    }
    printer::raw(&text)?;
    let count = |n: usize, what: &str| {
        if n > 0 {
            printer::talk(&format!("{n} {what}"));
        }
    };
    count(coverage.missing.len(), "judged topics are missing from the run and count as 0");
    count(coverage.unjudged.len(), "topics of the run are not judged and do not count");
    count(
        coverage.without_relevant.len(),
        "judged topics have no relevant document and count as 0",
    );
    Ok(Outcome::Done)
}

fn by_topic(found: &PerTopic) -> Vec<(String, Vec<f64>)> {
    let values = |topic: usize| found.values.iter().map(|of| of[topic]).collect();
    found.topics.iter().enumerate().map(|(number, topic)| (topic.clone(), values(number))).collect()
}

fn kind(kind: FileKind) -> Kind {
    match kind {
        FileKind::TrecRun => Kind::TrecRun,
        FileKind::TrecQrels => Kind::TrecQrels,
        FileKind::BeirQrels => Kind::BeirQrels,
        FileKind::Beir => Kind::BeirFolder,
        FileKind::Topics => Kind::Topics,
        FileKind::Intents => Kind::Intents,
    }
}

/// Converts.
pub(super) fn convert_file(args: &ConvertArgs) -> Result<Outcome, EvalError> {
    let done = convert(&Conversion {
        from: &args.from,
        from_kind: args.from_kind.map(kind),
        to: &args.to,
        to_kind: kind(args.to_kind),
        split: &args.split,
    })?;
    if args.json {
        printer::json(&done)?;
    } else {
        done.lines().iter().for_each(|line| printer::talk(line));
    }
    Ok(Outcome::Done)
}

/// Prints a schema, or the names of all.
pub(super) fn schema(name: Option<&str>) -> Result<Outcome, EvalError> {
    let Some(name) = name else {
        for (name, _) in schemas::all() {
            printer::data(name)?;
        }
        return Ok(Outcome::Done);
    };
    let found = schemas::all().into_iter().find(|(known, _)| *known == name);
    let Some((_, schema)) = found else {
        let known: Vec<&str> = schemas::all().into_iter().map(|(name, _)| name).collect();
        let message = format!("has no form `{name}`; there are {}", known.join(", "));
        return Err(ExperimentError::Plan { message }.into());
    };
    printer::json(&schema)?;
    Ok(Outcome::Done)
}
