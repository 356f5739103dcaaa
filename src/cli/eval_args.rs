//! What may be typed after `guidepost eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::eval::experiment::conduct::Shard;
use crate::eval::measure::Measure;

#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// Run an experiment and write its report
    Run(EvalRunArgs),
    /// Put the parts of a sharded experiment together and write its report
    Merge(MergeArgs),
    /// Run an experiment and keep a record of it, for others to verify and replay
    Record(RecordArgs),
    /// Ask everything of a record again and compare the bytes
    Replay(ReplayArgs),
    /// Rehash the files of a record
    Verify {
        /// Folder of the record
        record: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Seal the plan of an experiment before its test sets are read
    Freeze {
        /// The experiment
        experiment: PathBuf,
        #[command(flatten)]
        places: PlacesArgs,
    },
    /// Vary settings and pick the best, with nested cross-validation
    Sweep(SweepArgs),
    /// Compare two runs, or two configurations in one interleaved run
    Compare(CompareArgs),
    /// Judge a candidate against a baseline: exit 0 not worse, 1 worse, 5 these topics cannot tell
    Gate(CompareArgs),
    /// Look for what would make figures untrue: leaks, disagreement, stale labels, too few topics
    Check(CheckArgs),
    /// Ask answerable topics of the corpus without the documents that answer them
    Withhold(WithholdArgs),
    /// Score a run against judgements
    Score(ScoreArgs),
    /// Convert between runs, judgements, topics, BEIR folders and intent sets
    Convert(ConvertArgs),
    /// Render a report.json again as HTML and Markdown
    Report {
        /// The report.json
        report: PathBuf,
        /// Folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print the JSON schema of a form, or the names of all
    Schema {
        /// Which form
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PlacesArgs {
    /// Folder of the public labelled sets that `data:` paths lie below
    #[arg(long, env = "GUIDEPOST_DATA", value_name = "DIR", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// Where indices and what systems said are kept
    #[arg(long, value_name = "DIR", default_value = ".guidepost/eval")]
    pub(crate) cache: PathBuf,
    /// File with the key for ids of sensitive sets: 64 hexadecimal digits
    #[arg(long, env = "GUIDEPOST_ID_KEY", value_name = "FILE", hide_env_values = true)]
    pub(crate) id_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct EvalRunArgs {
    /// The experiment, as TOML
    pub(crate) experiment: PathBuf,
    /// Folder of the report [default: `reports/NAME` in the cache]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Ask only every n-th cell, as I/N, and write a part for `eval merge`
    #[arg(long, value_name = "I/N", requires = "out")]
    pub(crate) shard: Option<Shard>,
    /// Leave the latency of the plan out
    #[arg(long)]
    pub(crate) no_latency: bool,
    /// Score although `eval check` finds leaks
    #[arg(long)]
    pub(crate) despite_leaks: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The experiment
    pub(crate) experiment: PathBuf,
    /// Folders that `eval run --shard` wrote, all of them
    #[arg(required = true)]
    pub(crate) parts: Vec<PathBuf>,
    /// Folder of the report
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The experiment
    pub(crate) experiment: PathBuf,
    /// Folder of records; the record gets the day and the experiment's name
    #[arg(long, value_name = "DIR", default_value = "eval/record")]
    pub(crate) to: PathBuf,
    /// Leave the latency of the plan out
    #[arg(long)]
    pub(crate) no_latency: bool,
    /// Score although `eval check` finds leaks
    #[arg(long)]
    pub(crate) despite_leaks: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Folder of the record
    pub(crate) record: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// The experiment, with a `sweep` table
    pub(crate) experiment: PathBuf,
    /// Folder of the report [default: `reports/NAME` in the cache]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the points and the choice as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) places: PlacesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The baseline: a TREC run, a settings file (.toml) or `default`
    pub(crate) baseline: String,
    /// The candidate: a TREC run, a settings file (.toml) or `default`
    pub(crate) candidate: String,
    /// Topics; labelled ones bring their judgements
    #[arg(long, value_name = "FILE", required_unless_present = "qrels")]
    pub(crate) topics: Option<PathBuf>,
    /// Judgements, TREC or BEIR
    #[arg(long, value_name = "FILE")]
    pub(crate) qrels: Option<PathBuf>,
    /// The measure of quality
    #[arg(long, default_value = "nDCG@10")]
    pub(crate) measure: Measure,
    /// Loss of quality that would be too much, in units of the measure
    #[arg(long, default_value_t = 0.02)]
    pub(crate) margin: f64,
    /// Ratio of the 99th percentiles of latency that would be too much
    #[arg(long, default_value_t = 1.1)]
    pub(crate) latency_margin: f64,
    /// Rounds over the topics for latency; an even number lets each go first equally often
    #[arg(long, default_value_t = 4)]
    pub(crate) rounds: usize,
    /// Judge quality alone; runs have no latency in any case
    #[arg(long)]
    pub(crate) quality_only: bool,
    /// Level of the verdict
    #[arg(long, default_value_t = 0.05)]
    pub(crate) level: f64,
    /// Documents ranked for each topic
    #[arg(long, default_value_t = 100)]
    pub(crate) depth: usize,
    /// Seed of random draws
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The day of the questions [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) now: Option<Date>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files of topics; each is a split
    pub(crate) topics: Vec<PathBuf>,
    /// Two files that label the same topics: how far they agree
    #[arg(long, value_names = ["FILE", "FILE"], num_args = 2)]
    pub(crate) labels: Vec<PathBuf>,
    /// A run whose unjudged share is of interest; needs `--qrels`
    #[arg(long, value_name = "FILE", requires = "qrels")]
    pub(crate) run: Option<PathBuf>,
    /// Judgements
    #[arg(long, value_name = "FILE")]
    pub(crate) qrels: Option<PathBuf>,
    /// Similarity of character 4-grams from which two texts are near-duplicates, 0 to 1
    #[arg(long, default_value_t = crate::eval::leakage::NEAR)]
    pub(crate) near: f64,
    /// Seed of bootstrap intervals
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// File with the key for ids of sensitive sets: 64 hexadecimal digits
    #[arg(long, env = "GUIDEPOST_ID_KEY", value_name = "FILE", hide_env_values = true)]
    pub(crate) id_key: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WithholdArgs {
    /// Labelled topics; the answerable ones are drawn from
    pub(crate) topics: PathBuf,
    /// How many topics, one a family; each asks for a snapshot of its own
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) most: usize,
    /// Decides which
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The day to answer on; today without
    #[arg(long, value_name = "DATE")]
    pub(crate) now: Option<Date>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// The run, TREC; gzip and Zstandard are read as they are
    pub(crate) run: PathBuf,
    /// Judgements, TREC or BEIR
    #[arg(long, value_name = "FILE")]
    pub(crate) qrels: PathBuf,
    /// Measures, as ir_measures writes them
    #[arg(
        long = "measure",
        short,
        value_name = "NAME",
        value_delimiter = ',',
        num_args = 1..,
        default_value = "nDCG@10,AP,RR@10,R@100,Judged@10"
    )]
    pub(crate) measures: Vec<Measure>,
    /// Print a value for every topic instead of means
    #[arg(long, short = 't')]
    pub(crate) per_topic: bool,
    /// Judged topics that the run lacks, and topics of the run that are not judged, are an error
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// File or folder to read
    pub(crate) from: PathBuf,
    /// File or folder to write; `.gz` and `.zst` compress
    pub(crate) to: PathBuf,
    /// What is read [default: told from the file]
    #[arg(long, value_enum)]
    pub(crate) from_kind: Option<FileKind>,
    /// What is written
    #[arg(long, value_enum)]
    pub(crate) to_kind: FileKind,
    /// Split of a BEIR folder to read or to write
    #[arg(long, default_value = "test")]
    pub(crate) split: String,
    /// Print what was left out as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileKind {
    /// TREC run
    TrecRun,
    /// TREC qrels
    TrecQrels,
    /// BEIR qrels, TSV with a header
    BeirQrels,
    /// BEIR folder
    Beir,
    /// Topics in our own form
    Topics,
    /// Utterances with labels
    Intents,
}
