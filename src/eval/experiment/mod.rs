//! Experiments: from a plan in TOML to tables, figures and a record that another lab can check.
//!
//! [`definition`] is what somebody writes; [`dataset`] and [`system`] load what it names;
//! [`cells`] asks every system every topic, once, and keeps what was said under a hash of
//! everything it depends on; [`analyse`] turns rows into a [`Report`](super::report::model::Report);
//! [`output`] writes it; [`record`] binds it to commit, machine and fingerprints, and replays it;
//! [`freeze`] seals a plan before a test set is read, and counts the reads; [`sweep`] picks
//! parameters and says honestly how good the picking is; [`gate`] judges two systems in one run.
//!
//! Nothing here prints. A sensitive set's rows stay in memory: they are cached nowhere.

pub mod analyse;
pub mod cells;
pub mod command;
pub mod conduct;
pub mod dataset;
pub mod definition;
pub mod freeze;
pub mod gate;
pub mod output;
pub mod record;
pub mod sweep;
pub mod system;
pub mod timing;

use std::path::PathBuf;

/// Why an experiment cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file cannot be read or written.
    #[error("a file cannot be read or written")]
    Read {
        /// Why; names the path.
        #[source]
        source: std::io::Error,
    },
    /// The plan does not parse.
    #[error("{}:{line}: {message}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The plan does not make sense.
    #[error("the experiment {message}")]
    Plan {
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A name cannot be a folder.
    #[error("`{name}` cannot be a name; use letters, digits, `-`, `_` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// A system of the plan does not make sense.
    #[error("the system `{system}` {message}")]
    System {
        /// The system.
        system: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A dataset of the plan does not make sense.
    #[error("the dataset `{dataset}`: {message}")]
    Dataset {
        /// The dataset.
        dataset: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The folder of public labelled sets is not known.
    #[error(
        "`{wanted}` lies below the folder of public labelled sets; name that folder with `--data` or GUIDEPOST_DATA"
    )]
    NoData {
        /// The path wanted.
        wanted: String,
    },
    /// A file of answers does not read.
    #[error("{}:{line}: {message}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A program that is a system does not keep to the protocol.
    #[error("the program of the system `{system}` {message}")]
    Program {
        /// The system.
        system: String,
        /// What is wrong.
        message: String,
    },
    /// Questions of a test set were seen elsewhere.
    #[error(
        "{dataset}: {what}; `guidepost eval check` lists them. Take them out of one of the two, or score all the same with `--despite-leaks`, which the report will say"
    )]
    Leaks {
        /// The dataset.
        dataset: String,
        /// How many, and where.
        what: String,
    },
    /// Parts of a sharded experiment do not belong together.
    #[error("{}: {message}", .path.display())]
    Merge {
        /// The part.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
    /// A record is damaged or incomplete.
    #[error("{}: {message}", .path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl From<std::io::Error> for ExperimentError {
    fn from(source: std::io::Error) -> Self {
        ExperimentError::Read { source }
    }
}
