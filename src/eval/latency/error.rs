//! What can go wrong in measuring latency, and where.

use std::path::PathBuf;

use thiserror::Error;

/// An error of the latency module.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// A rate at which nobody can ask.
    #[error("a request rate must be a positive number per second, not {rate}")]
    Rate {
        /// What was given.
        rate: f64,
    },
    /// Families of other topics than those measured.
    #[error("{topics} topics were measured, but families are given for {families}")]
    Families {
        /// Topics measured.
        topics: usize,
        /// Topics with a family.
        families: usize,
    },
    /// Two systems that were not asked the same topics.
    #[error("the baseline was asked {baseline} topics, the system {system}: they must be the same")]
    Unpaired {
        /// Topics of the baseline.
        baseline: usize,
        /// Topics of the system.
        system: usize,
    },
    /// Nothing to compare.
    #[error("topic {topic} has no sample of one of the systems")]
    NoSample {
        /// Number of the topic.
        topic: usize,
    },
    /// An engine that does not repeat itself.
    #[error("topic `{topic}` got another reply when it was asked again; nothing was timed")]
    Unrepeatable {
        /// Id of the topic.
        topic: String,
    },
    /// No topic at all.
    #[error("there is no topic to compare latencies on")]
    NoTopic,
    /// A latency that has no logarithm.
    #[error("topic {topic}: a latency must be a positive number, not {value}")]
    NotPositive {
        /// Number of the topic.
        topic: usize,
        /// The value.
        value: f64,
    },
    /// An option outside its range.
    #[error("{option} must lie in {range}, not at {value}")]
    Option {
        /// Which one.
        option: &'static str,
        /// Where it may lie.
        range: &'static str,
        /// Where it lies.
        value: f64,
    },
    /// A line of a file of samples that cannot be one.
    #[error(
        "{}:{line}: column `{column}` holds {problem}; write the file again with `eval run`",
        path.display()
    )]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What it holds.
        problem: CellProblem,
    },
    /// A file of samples with other columns than ours.
    #[error("{}:1: the columns must be `{expected}`", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The columns as they must be.
        expected: String,
    },
    /// A file of samples whose rows come from more than one run.
    #[error(
        "{}:{line}: this row is of another load than the first; keep one run to a file",
        path.display()
    )]
    MixedLoads {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A file of samples that holds the same stage of the same request twice.
    #[error("{}:{line}: this stage of this request stands in the file already", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A file of samples without any.
    #[error("{}: no samples", path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
    },
    /// A file that is no CSV.
    #[error("{}: not readable as CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: csv::Error,
    },
    /// Samples that could not be written.
    #[error("samples could not be written")]
    Write {
        /// Why.
        #[source]
        source: csv::Error,
    },
    /// Times that no histogram holds.
    #[error("the times are too far apart for a histogram")]
    Histogram {
        /// Why.
        #[source]
        source: hdrhistogram::CreationError,
    },
    /// A file that could not be opened.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What is wrong with a cell of a file of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// Not microseconds as we write them.
    #[error("no microseconds with three decimals")]
    Microseconds,
    /// Not a count.
    #[error("no whole number")]
    Number,
    /// Not a load.
    #[error("no load")]
    Load,
    /// Nothing.
    #[error("nothing")]
    Empty,
}
