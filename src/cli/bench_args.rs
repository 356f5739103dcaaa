//! What may be typed after `guidepost bench`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Messages to ask, one JSON object a line (`_id`, `text`)
    #[arg(long, value_name = "FILE")]
    pub(crate) topics: PathBuf,
    /// Threads that ask at once; repeat for several loops
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) workers: Vec<NonZeroUsize>,
    /// Messages due in a second of the open loop [default: half of what the last closed loop
    /// answered]
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<f64>,
    /// Space due moments equally instead of at random (Poisson)
    #[arg(long)]
    pub(crate) uniform: bool,
    /// Rounds over the messages
    #[arg(long, default_value_t = 10)]
    pub(crate) rounds: usize,
    /// Rounds before them that are not counted
    #[arg(long, value_name = "ROUNDS", default_value_t = 2)]
    pub(crate) warm_up: usize,
    /// Seed of the order of the messages and of due moments
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Compare with the same index under other settings, interleaved
    #[arg(long, value_name = "SETTINGS", conflicts_with_all = ["workers", "rate", "uniform"])]
    pub(crate) against: Option<PathBuf>,
    /// Compare with another index, interleaved
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["against", "workers", "rate", "uniform"]
    )]
    pub(crate) against_index: Option<PathBuf>,
    /// Compare one thread with several (the last of `--workers`, else all cores), interleaved:
    /// asking one engine, ranking a batch, building the index of the corpus. Repeat, or name
    /// several with commas
    #[arg(
        long,
        value_enum,
        value_name = "WORK",
        value_delimiter = ',',
        conflicts_with_all = ["against", "against_index", "rate", "uniform"]
    )]
    pub(crate) scale: Vec<Work>,
    /// Run every stage by itself once over the messages and time nothing, for programs that count
    /// instructions: the stages' functions are named `counted_*`
    #[arg(long, hide = true, conflicts_with_all = ["against", "against_index", "scale", "out"])]
    pub(crate) once: bool,
    /// The day of the messages [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) now: Option<Date>,
    /// Folder for the report (HTML, Markdown, JSON) and every sample
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Work that several threads can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Threads ask one engine whole messages
    Ask,
    /// Documents are ranked for all messages
    Run,
    /// The index of the corpus is built anew, nothing taken from a cache
    Build,
}
