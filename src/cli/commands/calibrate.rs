//! `calibrate`.

use crate::cli::args::{CalibrateArgs, Global};
use crate::cli::{Outcome, printer, settings};
use crate::durable;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::fit::{decisions, examples, fit};
use crate::eval::topic::{read_topic_set, read_topics};
use crate::ids::Fingerprint;

use super::certify::certify;

/// Fits a calibrator, or reports what the present one decides.
pub(super) fn calibrate(global: &Global, args: &CalibrateArgs) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    // A report shows ids and texts; a fit only counts.
    let topics =
        if args.report { read_topics(&args.topics)? } else { read_topic_set(&args.topics)?.topics };
    let today = settings::day(args.now);
    if args.report {
        let report = decisions(&engine, &topics, today)?;
        if args.json {
            printer::json(&report)?;
        } else {
            printer::data(&format!(
                "{} topics: decision as expected {:.3}; answered {}, {} of them rightly; \
                 answerable {}, answered rightly {:.3}, winner right {}; of {} answers from the \
                 best document {} hold a labelled sentence, {} all of them",
                report.n,
                report.decision_accuracy,
                report.answered,
                report.answered_right,
                report.answerable,
                report.answerable_recall,
                report.winner_right,
                report.quotable,
                report.quoted_any,
                report.quoted_all,
            ))?;
            for (pair, count) in &report.confusion {
                printer::data(&format!("  {pair:24} {count}"))?;
            }
            for miss in &report.misses {
                printer::data(&format!("  {miss}"))?;
            }
        }
        return Ok(Outcome::Done);
    }
    if args.certify.recertify.is_some() {
        return certify(global, &args.certify, None, &args.topics, today);
    }
    let print = Fingerprint::of(&fs_err::read(&args.topics)?);
    let examples = examples(&engine, &topics, today)?;
    let artifact = fit(&engine, &examples, print, args.target_risk).map_err(Error::from)?;
    let mut text = serde_json::to_string_pretty(&artifact).map_err(std::io::Error::other)?;
    text.push('\n');
    match &args.out {
        Some(path) => {
            if let Some(folder) = path.parent() {
                fs_err::create_dir_all(folder)?;
            }
            durable::write(path, text.as_bytes())?;
        }
        None if args.json => printer::raw(&text)?,
        None => {}
    }
    let fitted = &artifact.fitted;
    printer::talk(&format!(
        "fitted on {} topics of {} families: threshold {:.3}, out-of-fold coverage {:.3} at risk \
         {:.3} (target {})",
        fitted.n_topics,
        fitted.n_families,
        artifact.threshold,
        fitted.coverage,
        fitted.risk,
        fitted.target_risk
    ));
    certify(global, &args.certify, Some(artifact), &args.topics, today)
}
