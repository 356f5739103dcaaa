//! `calibrate`.

use crate::cli::args::{CalibrateArgs, Global};
use crate::cli::{Outcome, printer, settings};
use crate::durable;
use crate::error::Error;
use crate::eval::EvalError;
use crate::eval::estimate::Estimate;
use crate::eval::fit::compare::{Compared, compare};
use crate::eval::fit::{self, decisions, examples};
use crate::eval::topic::{read_topic_set, read_topics};
use crate::ids::Fingerprint;

use super::certify::certify;

/// Fits a calibrator, or reports what the present one decides.
pub(super) fn calibrate(global: &Global, args: &CalibrateArgs) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    // A report shows ids and texts; a fit only counts.
    let mut topics = Vec::new();
    for path in &args.topics {
        topics.extend(if args.report { read_topics(path)? } else { read_topic_set(path)?.topics });
    }
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
    let mut prints = args.topics.iter().map(fs_err::read).collect::<Result<Vec<_>, _>>()?;
    let mut examples = examples(&engine, &topics, today)?;
    for (index, path) in &args.with {
        let other = settings::engine_over(global, index)?;
        prints.push(fs_err::read(path)?);
        examples.extend(fit::examples(&other, &read_topic_set(path)?.topics, today)?);
    }
    let print = match prints.as_slice() {
        [only] => Fingerprint::of(only),
        several => Fingerprint::of_parts(several.iter().map(Vec::as_slice)),
    };
    if args.compare {
        let rows = compare(&examples).map_err(Error::from)?;
        if args.json {
            printer::json(&rows)?;
        } else {
            print_comparison(&rows)?;
        }
        return Ok(Outcome::Done);
    }
    let artifact = fit::fit(&engine, &examples, print, args.target_risk).map_err(Error::from)?;
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

fn print_comparison(rows: &[Compared]) -> Result<(), EvalError> {
    let n = rows.first().map_or((0, 0), |row| (row.aurc.n_topics, row.aurc.n));
    printer::data(&format!(
        "out of fold, {} topics of {} families; 95% intervals over families",
        n.0, n.1
    ))?;
    let shown = |estimate: &Estimate| match estimate.interval {
        Some(interval) => {
            format!("{:.3} [{:.3}, {:.3}]", estimate.value, interval.low, interval.high)
        }
        None => format!("{:.3}", estimate.value),
    };
    for row in rows {
        let figures = [
            format!("log loss {:.4}", row.log_loss),
            format!("Brier {}", shown(&row.brier)),
            format!("ECE-15m {:.3}", row.calibration_error),
            format!("AURC {}", shown(&row.aurc)),
            format!("AUROC right {}", shown(&row.auroc)),
            format!("in scope {}", shown(&row.auroc_in_scope)),
            format!("Cov@risk<=0.05 {}", shown(&row.coverage)),
        ];
        printer::data(&format!("{}\n  {}", row.name, figures.join("  ")))?;
    }
    Ok(())
}
