//! One file a verb.

mod ask;
mod bench;
mod calibrate;
mod certify;
mod corpus;
mod eval;
mod index;
mod models;
mod rank;
mod replay;
mod triage;
mod watch;

pub(super) use ask::BatchLine;
pub(super) use certify::Shown;
pub(super) use corpus::WireCheck;
pub(super) use eval::{CheckReport, Scores};
pub(super) use index::{WireBuilt, WireListed};
pub(super) use rank::WireFound;
pub(super) use replay::WireReplayed;
pub(super) use watch::Watched;

use super::Outcome;
use super::args::{Cli, Command};
use crate::eval::EvalError;

/// Runs a command.
///
/// # Errors
/// [`EvalError`] of whatever failed.
pub(super) fn run(cli: &Cli) -> Result<Outcome, EvalError> {
    let global = &cli.global;
    match &cli.command {
        Command::Ask(args) => ask::ask(global, args),
        Command::Chat(args) => Ok(ask::chat(global, args)?),
        Command::Search(args) => Ok(rank::search(global, args)?),
        Command::Explain(args) => Ok(rank::explain(global, args)?),
        Command::Replay(args) => Ok(replay::replay(global, args)?),
        Command::Run(args) => rank::run(global, args),
        Command::Bench(args) => bench::run(global, args),
        Command::Calibrate(args) => calibrate::calibrate(global, args),
        Command::Certificate { command } => certify::run(global, command),
        Command::Triage(command) => triage::run(global, command),
        Command::Eval(command) => eval::run(global, command),
        Command::Index(command) => index::run(global, command),
        Command::Corpus(command) => Ok(corpus::run(global, command)?),
        Command::Models(command) => Ok(models::run(global, command)?),
    }
}
