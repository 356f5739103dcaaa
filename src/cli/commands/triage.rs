//! `triage`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::args::{Global, TriageCommand, TriageFitArgs, TriageSources};
use crate::cli::{Outcome, printer, settings};
use crate::corpus::read::read_corpus;
use crate::dialogue::safety::SafetyRules;
use crate::durable;
use crate::embed::Embedder;
use crate::engine::signals;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::topic::{read_topic_set, read_topics};
use crate::eval::triage::{Share, TopicFile, TriageReport, by_writer, report, sample};
use crate::triage::fit::{Sample, Targets, fit};
use crate::triage::tuned::TunedSet;

/// Runs a subcommand of `triage`.
pub(super) fn run(global: &Global, command: &TriageCommand) -> Result<Outcome, EvalError> {
    match command {
        TriageCommand::Fit(args) => fit_model(global, args),
        TriageCommand::Sample { sources, out } => {
            let (_, sample) = read_sample(global, sources)?;
            let mut lines = String::new();
            for row in sample.rows() {
                lines += &serde_json::to_string(&row).map_err(std::io::Error::other)?;
                lines.push('\n');
            }
            durable::write(out, lines.as_bytes())?;
            printer::talk(&format!(
                "{} messages of {} sources, held out in {} groups",
                sample.examples.len(),
                sample.sources.len(),
                sample.held_out.len()
            ));
            Ok(Outcome::Done)
        }
        TriageCommand::Check { topics, rules_alone, now, json } => {
            let engine = settings::engine_with(global, *rules_alone)?;
            let mut all = Vec::new();
            for path in topics {
                all.extend(read_topics(path)?);
            }
            let report = report(&engine, &all, settings::day(*now))?;
            if *json {
                printer::json(&report)?;
            } else {
                show(&report)?;
            }
            Ok(Outcome::Done)
        }
    }
}

fn read_sample(
    global: &Global,
    sources: &TriageSources,
) -> Result<(SafetyRules, Sample), EvalError> {
    let rules = SafetyRules::load(&global.corpus).map_err(Error::from)?;
    let corpus = read_corpus(&global.corpus).map_err(Error::from)?;
    let mut files = Vec::new();
    for path in &sources.writers {
        files.extend(by_writer(read_topic_set(path)?.topics));
    }
    for group in &sources.topics {
        files.push(source(group.split(',').map(Path::new), true)?);
    }
    for path in &sources.also {
        files.push(source([path.as_path()].into_iter(), false)?);
    }
    let sample = sample(&rules, &corpus.documents, &files, sources.folds);
    Ok((rules, sample))
}

fn fit_model(global: &Global, args: &TriageFitArgs) -> Result<Outcome, EvalError> {
    let (rules, sample) = read_sample(global, &args.sources)?;
    let encoder = settings::encoder(global)?;
    let listen = |text: &str| (signals(&rules, text), rules.is_certain(text));
    let targets = Targets { false_alarms: args.false_alarms, cleared: args.cleared };
    let folds = sample.held_out.len();
    let read = |folder: &PathBuf| TunedSet::read(folder, folds, encoder.manifest());
    let tuned = args.tuned.as_ref().map(read).transpose().map_err(Error::from)?;
    let embedder: Arc<dyn Embedder> = encoder;
    let fitting = fit(&sample, &embedder, &listen, targets, tuned.as_ref()).map_err(Error::from)?;
    if let Some(path) = &args.readings {
        let mut lines = String::new();
        for reading in &fitting.readings {
            lines += &serde_json::to_string(reading).map_err(std::io::Error::other)?;
            lines.push('\n');
        }
        durable::write(path, lines.as_bytes())?;
    }
    let artifact = fitting.artifact;
    let bytes = artifact.to_bytes().map_err(Error::from)?;
    if let Some(folder) = args.out.parent() {
        fs_err::create_dir_all(folder)?;
    }
    durable::write(&args.out, &bytes)?;
    let manifest = artifact.manifest();
    printer::talk(&format!(
        "fitted on {} messages for {}: {} bytes, alarm from {:.4}, rules overruled below {:.4}",
        sample.examples.len(),
        embedder.name(),
        bytes.len(),
        manifest.alarm_from,
        manifest.clear_below,
    ));
    for route in &manifest.routes {
        printer::talk(&format!(
            "  {} from {:.3}: {}/{} found, {}/{} ordinary ones taken for it",
            route.kind, route.from, route.found, route.messages, route.falsely, route.ordinary
        ));
    }
    for held in &manifest.fitted.held_out {
        printer::talk(&format!(
            "  without {}: urgent {}/{} (rules {}), false alarms {}/{} (rules {}), overruled \
             wrongly {}, rightly {}",
            held.source,
            held.found,
            held.urgent,
            held.found_by_rules,
            held.false_alarms,
            held.harmless,
            held.false_alarms_of_rules,
            held.wrongly_cleared,
            held.rightly_cleared,
        ));
    }
    Ok(Outcome::Done)
}

/// The topics of one source, named after its files.
fn source<'a>(
    paths: impl Iterator<Item = &'a Path>,
    held_out: bool,
) -> Result<TopicFile, EvalError> {
    let (mut names, mut topics) = (Vec::new(), Vec::new());
    for path in paths {
        names.extend(path.file_stem().map(|n| n.to_string_lossy().into_owned()));
        topics.extend(read_topic_set(path)?.topics);
    }
    Ok(TopicFile { name: names.join("+"), topics, held_out })
}

fn line(share: &Share) -> String {
    let rate = share.counted as f64 / share.messages.max(1) as f64;
    format!(
        "{}/{} = {rate:.3}; families {}/{}, limit {:.3}",
        share.counted, share.messages, share.families_counted, share.families, share.limit
    )
}

fn show(report: &TriageReport) -> Result<(), Error> {
    if let Some(why) = &report.rules_alone {
        printer::data(why)?;
    }
    printer::data(&format!("urgent found          {}", line(&report.urgent)))?;
    printer::data(&format!("false alarms          {}", line(&report.false_alarms)))?;
    printer::data(&format!("  on tempting ones    {}", line(&report.false_alarms_tempting)))?;
    printer::data(&format!(
        "alarms by rules {}, by the model {}; rules overruled wrongly {}, rightly {}; took {} us \
         (half), {} us (99 in 100)",
        report.alarms_by_rule,
        report.alarms_by_model,
        report.overruled_wrongly,
        report.overruled_rightly,
        report.took_p50_us,
        report.took_p99_us,
    ))?;
    for (reason, share) in &report.by_reason {
        printer::data(&format!("  {reason:20} {}", line(share)))?;
    }
    for (slice, share) in &report.by_slice {
        printer::data(&format!("  urgent, {slice:18} {}", line(share)))?;
    }
    for (reason, routed) in &report.routes {
        printer::data(&format!(
            "  {reason:20} {}/{} routed, {} alarms {:?}",
            routed.routed, routed.messages, routed.alarmed, routed.routes
        ))?;
    }
    for (title, misses) in [("missed", &report.missed), ("false alarm", &report.falsely_alarmed)] {
        for miss in misses {
            printer::data(&format!(
                "  {title} {} p={} {} | {}",
                miss.id,
                miss.probability.map_or_else(|| "-".to_owned(), |p| format!("{p:.3}")),
                miss.rule.as_deref().unwrap_or("-"),
                miss.text
            ))?;
        }
    }
    Ok(())
}
