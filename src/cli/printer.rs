//! The only place that writes to stdout and stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::Error;
use crate::eval::EvalError;
use crate::index::build::Progress;

/// Writes a line of data to stdout.
///
/// # Errors
/// [`Error::Io`], a broken pipe among them.
pub(super) fn data(line: &str) -> Result<(), Error> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// Writes data to stdout as it is.
///
/// # Errors
/// As [`data`].
pub(super) fn raw(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a value as indented JSON to stdout.
///
/// # Errors
/// As [`data`].
pub(super) fn json(value: &impl Serialize) -> Result<(), Error> {
    data(&serde_json::to_string_pretty(value).map_err(io::Error::other)?)
}

/// Writes a value as one line of JSON to stdout.
///
/// # Errors
/// As [`data`].
pub(super) fn json_line(value: &impl Serialize) -> Result<(), Error> {
    data(&serde_json::to_string(value).map_err(io::Error::other)?)
}

/// Says something on stderr; nobody is left to tell where that fails.
pub(super) fn talk(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether stderr is a terminal.
pub(super) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether an error is only a reader that went away.
pub(super) fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return io.kind() == io::ErrorKind::BrokenPipe;
        }
        if let Some(Error::Io(io)) = error.downcast_ref::<Error>() {
            return io.kind() == io::ErrorKind::BrokenPipe;
        }
        if let Some(EvalError::Io(io) | EvalError::Engine(Error::Io(io))) =
            error.downcast_ref::<EvalError>()
        {
            return io.kind() == io::ErrorKind::BrokenPipe;
        }
        next = error.source();
    }
    false
}

/// A progress bar on a terminal; elsewhere silence.
pub(super) struct Bar {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bar {
    /// A bar, unless `quiet` or stderr is no terminal.
    pub(super) fn new(quiet: bool) -> Bar {
        Bar { shown: !quiet && stderr_is_terminal(), bar: Mutex::new(None) }
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if self.shown
            && let Ok(mut bar) = self.bar.lock()
        {
            act(&mut bar);
        }
    }
}

impl Progress for Bar {
    fn begin(&self, stage: &str, total: usize) {
        self.with(|bar| {
            let new = ProgressBar::new(total as u64).with_message(stage.to_owned());
            if let Ok(style) =
                ProgressStyle::with_template("{msg:24} {bar:30} {pos}/{len} {eta:>5}")
            {
                new.set_style(style);
            }
            *bar = Some(new);
        });
    }

    fn advance(&self, steps: usize) {
        self.with(|bar| {
            if let Some(bar) = bar {
                bar.inc(steps as u64);
            }
        });
    }

    fn end(&self) {
        self.with(|bar| {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}
