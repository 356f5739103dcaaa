//! One file a verb.

mod ask;
mod calibrate;
mod corpus;
mod index;
mod models;
mod rank;

use super::Outcome;
use super::args::{Cli, Command};
use crate::error::Error;

/// Runs a command.
///
/// # Errors
/// [`Error`] of whatever failed.
pub(super) fn run(cli: &Cli) -> Result<Outcome, Error> {
    let global = &cli.global;
    match &cli.command {
        Command::Ask(args) => ask::ask(global, args),
        Command::Chat(args) => ask::chat(global, args),
        Command::Search(args) => rank::search(global, args),
        Command::Explain(args) => rank::explain(global, args),
        Command::Run(args) => rank::run(global, args),
        Command::Calibrate(args) => calibrate::calibrate(global, args),
        Command::Index(command) => index::run(global, command),
        Command::Corpus(command) => corpus::run(global, command),
        Command::Models(command) => models::run(global, command),
    }
}
