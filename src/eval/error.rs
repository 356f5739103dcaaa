//! The errors of evaluation under one roof, with the crate's own among them.

use crate::error::{Error, ErrorKind};
use crate::eval::experiment::ExperimentError;
use crate::eval::format_error::FormatError;
use crate::eval::latency::LatencyError;
use crate::eval::measure::MeasureError;
use crate::eval::topic::TopicError;

/// Anything that can go wrong while something is evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The engine, the index or the corpus.
    #[error(transparent)]
    Engine(#[from] Error),
    /// A run, qrels or another file of a standard form.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A file of topics.
    #[error(transparent)]
    Topics(#[from] TopicError),
    /// Hits that make no run.
    #[error(transparent)]
    Run(#[from] crate::eval::trec::RunError),
    /// A run and judgements that do not speak of the same topics.
    #[error(transparent)]
    Coverage(#[from] crate::eval::evaluate::CoverageError),
    /// A key for ids of sensitive sets.
    #[error(transparent)]
    Key(#[from] crate::eval::sensitive::KeyError),
    /// A conversion.
    #[error(transparent)]
    Convert(#[from] crate::eval::convert::ConvertError),
    /// A measure's name.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// An experiment.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// Values that cannot be compared.
    #[error(transparent)]
    Significance(#[from] crate::eval::significance::SignificanceError),
    /// A watch that cannot go on.
    #[error(transparent)]
    Shift(#[from] crate::calibrate::shift::ShiftError),
    /// Outcomes that cannot be certified.
    #[error(transparent)]
    Certify(#[from] crate::calibrate::certificate::CertifyError),
    /// Latency.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// A file cannot be read or written.
    #[error("a file cannot be read or written")]
    Io(#[from] std::io::Error),
}

impl EvalError {
    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            EvalError::Engine(error) => error.kind(),
            EvalError::Format(FormatError::Io { source, .. })
            | EvalError::Experiment(ExperimentError::Read { source })
            | EvalError::Io(source)
                if source.kind() != std::io::ErrorKind::NotFound =>
            {
                ErrorKind::Environment
            }
            EvalError::Experiment(ExperimentError::Program { .. }) => ErrorKind::Environment,
            EvalError::Latency(LatencyError::Unrepeatable { .. }) => ErrorKind::Bug,
            _ => ErrorKind::Input,
        }
    }
}
