//! The crate's error: every module's own error under one roof, with one table from kind to exit
//! code and HTTP status.

use std::path::{Path, PathBuf};

use crate::calibrate::ArtifactError;
use crate::calibrate::certificate::CertificateError;
use crate::calibrate::logistic::FitError;
use crate::corpus::approve::ApproveError;
use crate::corpus::import::ImportError;
use crate::corpus::read::ReadError;
use crate::dialogue::safety::SafetyError;
use crate::durable::lines::LinesError;
use crate::embed::EmbedError;
use crate::embed::encoder::LoadError;
use crate::embed::models::ModelsError;
use crate::index::build::BuildError;
use crate::index::settings::SettingsError;
use crate::index::snapshot::SnapshotError;
use crate::index::store::StoreError;
use crate::retrieve::RetrieveError;

/// Anything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A corpus cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Approvals cannot be written.
    #[error(transparent)]
    Approve(#[from] ApproveError),
    /// Guidance cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A snapshot cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A snapshot cannot be opened.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The index folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Safety or route rules cannot be used.
    #[error(transparent)]
    Safety(#[from] SafetyError),
    /// A model cannot be loaded.
    #[error(transparent)]
    Model(#[from] LoadError),
    /// Model files cannot be used.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// Texts cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// A query cannot be retrieved.
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
    /// A calibrator cannot be used.
    #[error(transparent)]
    Calibrator(#[from] ArtifactError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// An urgency model cannot be used.
    #[error(transparent)]
    Triage(#[from] crate::triage::ArtifactError),
    /// An urgency model cannot be fitted.
    #[error(transparent)]
    TriageFit(#[from] crate::triage::fit::TriageFitError),
    /// Tuned layers of an urgency model cannot be used.
    #[error(transparent)]
    Tuned(#[from] crate::triage::tuned::TunedError),
    /// A calibrator cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The embedder is not the one the snapshot was built with.
    #[error(
        "the index was built with the embedding model `{built_with}`, but `{given}` is loaded; build it again or load that model"
    )]
    OtherEmbedder {
        /// Name of the model the snapshot was built with.
        built_with: String,
        /// Name of the model given.
        given: String,
    },
    /// A passage asked for is not in the snapshot.
    #[error("no passage `{passage}` in the index; `guidepost search` shows ids")]
    UnknownPassage {
        /// The id asked for.
        passage: String,
    },
    /// A log cannot be written or read.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// A file named by the user cannot be used.
    #[error("{} cannot be used", .path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
    /// A file cannot be read or written.
    #[error("a file cannot be read or written")]
    Io(#[from] std::io::Error),
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The user's input: a file, an argument, a message.
    Input,
    /// The machine: disk, locks, permissions.
    Environment,
    /// Files of another version or model.
    Incompatible,
    /// Ours.
    Bug,
}

impl ErrorKind {
    /// Exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Input => 2,
            ErrorKind::Environment => 3,
            ErrorKind::Incompatible => 4,
            ErrorKind::Bug => 70,
        }
    }

    /// HTTP status of a service.
    pub fn http_status(self) -> u16 {
        match self {
            ErrorKind::Input => 400,
            ErrorKind::Environment | ErrorKind::Incompatible => 503,
            ErrorKind::Bug => 500,
        }
    }
}

impl Error {
    /// The error, with the file named by the user in which it occurred.
    pub fn in_file(path: &Path, source: impl Into<Error>) -> Error {
        Error::InFile { path: path.to_owned(), source: Box::new(source.into()) }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Read(_)
            | Error::Approve(_)
            | Error::Import(_)
            | Error::Settings(_)
            | Error::Safety(_)
            | Error::Fit(_)
            | Error::TriageFit(_)
            | Error::Tuned(_)
            | Error::UnknownPassage { .. } => ErrorKind::Input,
            Error::Build(error) => build_kind(error),
            Error::Snapshot(error) => snapshot_kind(error),
            Error::Store(error) => store_kind(error),
            Error::OtherEmbedder { .. }
            | Error::Calibrator(_)
            | Error::Certificate(_)
            | Error::Triage(_)
            | Error::Model(_)
            | Error::Models(_) => ErrorKind::Incompatible,
            Error::InFile { source, .. } => match source.as_ref() {
                Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound => ErrorKind::Input,
                other => other.kind(),
            },
            Error::Lines(error) => lines_kind(error),
            Error::Io(_) => ErrorKind::Environment,
            Error::Embed(_) | Error::Retrieve(_) => ErrorKind::Bug,
        }
    }
}

fn build_kind(error: &BuildError) -> ErrorKind {
    match error {
        BuildError::Read(_)
        | BuildError::Malformed { .. }
        | BuildError::Empty { .. }
        | BuildError::Synonyms(_)
        | BuildError::Safety(_)
        | BuildError::Reply { .. }
        | BuildError::NoSafety { .. }
        | BuildError::Lines(_)
        | BuildError::Settings(_) => ErrorKind::Input,
        BuildError::Store(error) => store_kind(error),
        BuildError::Check(error) => snapshot_kind(error),
        BuildError::Io(_) | BuildError::Cache(_) | BuildError::Postings(_) => {
            ErrorKind::Environment
        }
        BuildError::Matrix(_)
        | BuildError::Encode(_)
        | BuildError::ReadBack { .. }
        | BuildError::Model(_) => ErrorKind::Bug,
    }
}

fn lines_kind(error: &LinesError) -> ErrorKind {
    match error {
        LinesError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ErrorKind::Input
        }
        LinesError::Io { .. } => ErrorKind::Environment,
        LinesError::Damaged { .. } => ErrorKind::Input,
        LinesError::Version { .. } => ErrorKind::Incompatible,
    }
}

fn snapshot_kind(error: &SnapshotError) -> ErrorKind {
    match error {
        SnapshotError::Io { .. } | SnapshotError::Postings(_) => ErrorKind::Environment,
        _ => ErrorKind::Incompatible,
    }
}

fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Io { .. } | StoreError::Locked { .. } => ErrorKind::Environment,
        StoreError::NoSnapshot { .. }
        | StoreError::Unknown { .. }
        | StoreError::NothingEarlier { .. } => ErrorKind::Input,
        StoreError::Damaged { .. } => ErrorKind::Incompatible,
        StoreError::Snapshot { source, .. } => snapshot_kind(source),
    }
}
