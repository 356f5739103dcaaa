//! The command line: what was typed, what it means, what is printed.
//!
//! Data goes to stdout, talk to stderr; progress shows only on a terminal. Exit codes are those
//! of [`crate::error::ErrorKind`], 1 for an honest negative, and 5 where the data cannot tell.

mod args;
mod bench_args;
mod certify_args;
mod commands;
mod diagnostic;
mod eval_args;
mod follow;
mod printer;
mod schemas;
mod settings;

use std::process::ExitCode;

use clap::Parser;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match commands::run(&cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Negative) => ExitCode::from(1),
        Ok(Outcome::CannotTell) => ExitCode::from(5),
        Err(error) if printer::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            diagnostic::report(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// How a command ended, errors apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// As wished.
    Done,
    /// An honest negative: not answered, findings, nothing found.
    Negative,
    /// The data at hand cannot tell.
    CannotTell,
}
