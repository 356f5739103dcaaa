//! `certificate watch`: do messages still come in as they did?

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::calibrate::certificate::Certificate;
use crate::calibrate::shift::{Monitor, NOTICE, State};
use crate::cli::args::Global;
use crate::cli::certify_args::WatchArgs;
use crate::cli::{Outcome, printer, settings};
use crate::durable::{self, lines};
use crate::engine::log::{LOG_VERSION, LogEntry};
use crate::error::Error;
use crate::eval::EvalError;

/// What the watch says.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Watched {
    /// Conversations of the commissioning window.
    reference: u64,
    /// Conversations since.
    seen: u64,
    /// Wealth of the test martingale, 1 at first; the alarm is raised at 100.
    wealth: f64,
    /// The conversation that raised the alarm, counted from 1 after the window.
    alarm: Option<u64>,
    /// What the watch can and cannot tell.
    notice: &'static str,
}

/// Takes the first messages of a log's conversations into the watch.
pub(super) fn watch(global: &Global, args: &WatchArgs) -> Result<Outcome, EvalError> {
    let engine = settings::engine(global)?;
    let Some(certificate) = engine.certificate() else {
        printer::talk("no certificate is in use: there is nothing to watch over");
        return Ok(Outcome::Negative);
    };
    let scores = first_confidences(&args.log)?;
    let mut monitor = if args.commission {
        Monitor::new(certificate.id(), &scores, args.seed)?
    } else {
        Monitor::resume(read_state(&args.state)?, certificate.id())?
    };
    let was_alarmed = monitor.alarm().is_some();
    if !args.commission {
        for score in scores {
            monitor.observe(score)?;
        }
    }
    let state = serde_json::to_string(monitor.state()).map_err(std::io::Error::other)?;
    durable::write(&args.state, state.as_bytes())?;
    if !was_alarmed && monitor.alarm().is_some() {
        suspend(global, &certificate, &monitor)?;
    }
    say(&monitor, args.json)?;
    Ok(if monitor.alarm().is_some() { Outcome::Negative } else { Outcome::Done })
}

/// The confidence in the first message of each conversation; 0 where the engine was not asked for
/// one.
fn first_confidences(log: &Path) -> Result<Vec<f64>, EvalError> {
    let entries: Vec<LogEntry> = lines::read(log, LOG_VERSION).map_err(Error::from)?;
    let firsts = entries.iter().filter(|entry| entry.conversation.turns == 0);
    let scores = firsts.map(|entry| entry.outcome.confidence.unwrap_or(0.0)).collect();
    Ok(scores)
}

fn read_state(path: &Path) -> Result<State, EvalError> {
    let text = fs_err::read_to_string(path)?;
    Ok(serde_json::from_str(&text).map_err(std::io::Error::other)?)
}

fn suspend(global: &Global, certificate: &Certificate, monitor: &Monitor) -> Result<(), EvalError> {
    let at = monitor.alarm().unwrap_or_default();
    let reason = format!(
        "shift alarm at conversation {at}: messages no longer come in as in the commissioning \
         window (wealth {:.1})",
        monitor.wealth()
    );
    super::certify::record(global, certificate, &reason, false)
}

fn say(monitor: &Monitor, json: bool) -> Result<(), Error> {
    let state = monitor.state();
    let watched = Watched {
        reference: state.reference,
        seen: state.seen,
        wealth: monitor.wealth(),
        alarm: monitor.alarm(),
        notice: NOTICE,
    };
    if json {
        return printer::json(&watched);
    }
    let alarm = match watched.alarm {
        Some(at) => format!("alarm at conversation {at}: the certificate is suspended"),
        None => "no alarm".to_owned(),
    };
    printer::data(&format!(
        "{alarm}; {} conversations since {} of the commissioning window, wealth {:.2} of 100\n{}",
        watched.seen, watched.reference, watched.wealth, watched.notice
    ))
}
