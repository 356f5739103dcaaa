//! What may be typed. What it means is [`super::settings`]'s and the commands' business.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::bench_args::BenchArgs;
use super::certify_args::{CertificateCommand, CertifyArgs};
use super::eval_args::EvalCommand;
use crate::corpus::document::{Cut, Role};
use crate::ids::{Locality, Nation, Programme};

/// Answers screening questions only from approved guidance.
#[derive(Debug, Parser)]
#[command(name = "guidepost", version, about, long_about = LONG_ABOUT, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const LONG_ABOUT: &str = "Answers screening questions only from approved guidance, quotes it word \
for word with its source, says how sure it is, and hands over to a person when it is not.\n\n\
Exit codes: 0 done; 1 an honest negative (not answered, findings, nothing found); 2 the input is \
at fault; 3 the machine is; 4 files of another version or model; 5 these data \
cannot tell; 70 a bug.";

#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Folder of the index. The default index follows the corpus: it is built and rebuilt as needed
    #[arg(
        long,
        global = true,
        env = "GUIDEPOST_INDEX",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) index: Option<PathBuf>,
    /// Folder of the corpus
    #[arg(
        long,
        global = true,
        env = "GUIDEPOST_CORPUS",
        value_name = "DIR",
        default_value = "corpus",
        hide_env_values = true
    )]
    pub(crate) corpus: PathBuf,
    /// Settings of retrieval and fusion, as TOML; see `index build --show-settings`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// A calibrator to use instead of the index's own or the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) calibrator: Option<PathBuf>,
    /// Folder of pulled models
    #[arg(
        long,
        global = true,
        env = "GUIDEPOST_MODELS",
        value_name = "DIR",
        default_value = "models/pulled",
        hide_env_values = true
    )]
    pub(crate) models: PathBuf,
    /// An urgency model to use instead of the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) triage: Option<PathBuf>,
    /// Which precision of the model embeds
    #[arg(long, global = true, value_enum, default_value_t = Precision::Int8)]
    pub(crate) precision: Precision,
    /// What computes the model
    #[arg(long, global = true, value_enum, default_value_t = Runtime::Guidepost)]
    pub(crate) runtime: Runtime,
    /// Threads for embedding [default: all cores; with `--runtime rust-bert` one]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// No progress on stderr
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    /// The built-in int8 weights
    Int8,
    /// The f32 weights pulled into the models folder
    F32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runtime {
    /// The encoder of this program
    Guidepost,
    /// libtorch, always with the pulled f32 weights; only in a build with the feature `rust-bert`
    RustBert,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer a message, or a file of messages
    Ask(AskArgs),
    /// Answer messages line by line
    Chat(ChatArgs),
    /// Show the best passages for a text
    Search(SearchArgs),
    /// Show how the score of a passage comes about, or, with `--text`, how a message is decided
    Explain(ExplainArgs),
    /// Ask every turn of a log again and say what differs
    Replay(ReplayArgs),
    /// Rank documents for a file of topics and write a TREC run
    Run(RunArgs),
    /// Time whole messages under load, or compare two configurations
    Bench(BenchArgs),
    /// Fit a calibrator on labelled topics, or report decisions on them
    Calibrate(CalibrateArgs),
    /// Look at the certificate in use, suspend it, watch for shift
    Certificate {
        #[command(subcommand)]
        command: CertificateCommand,
    },
    /// Fit the urgency model, or measure safety and routes on labelled topics
    #[command(subcommand)]
    Triage(TriageCommand),
    /// Measure, compare and record systems on labelled sets
    #[command(subcommand)]
    Eval(EvalCommand),
    /// Build and manage snapshots
    #[command(subcommand)]
    Index(IndexCommand),
    /// Check, import and approve guidance
    #[command(subcommand)]
    Corpus(CorpusCommand),
    /// List, pull, verify, quantise and time embedding models
    #[command(subcommand)]
    Models(ModelsCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Scope {
    /// A programme served here; repeat for several. None means all
    #[arg(long = "programme", value_name = "SLUG")]
    pub(crate) programmes: Vec<Programme>,
    /// The nation the person is in [default: england]
    #[arg(long)]
    pub(crate) nation: Option<Nation>,
    /// The local service asked
    #[arg(long, value_name = "SLUG")]
    pub(crate) locality: Option<Locality>,
    /// The day of the question, for what has expired [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) now: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The message
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) message: Option<String>,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Print the reply as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show how the winner's score and confidence came about
    #[arg(long)]
    pub(crate) explain: bool,
    /// Answer every line of a JSONL file (`_id`, `text`; also `programme`, `nation`, `locality`)
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) batch: Option<PathBuf>,
    /// Where to write the replies of `--batch`, one JSON object a line with `_id`; `-` is stdout
    #[arg(long, value_name = "FILE", requires = "batch")]
    pub(crate) out: Option<PathBuf>,
    /// Add timings to the replies of `--batch` (they are left out by default: the same input
    /// gives the same bytes)
    #[arg(long, requires = "batch")]
    pub(crate) timings: bool,
    /// Append what `replay` needs, redacted, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Print each reply as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Append what `replay` needs of each turn, redacted, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The text to search for
    pub(crate) text: String,
    /// How many passages
    #[arg(long, short, default_value_t = 5)]
    pub(crate) depth: usize,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The text asked
    #[arg(value_name = "TEXT")]
    pub(crate) message: String,
    /// The passage: a document's id, `#` and its number, as `search` shows it
    #[arg(
        required_unless_present = "text",
        conflicts_with_all = ["text", "programmes", "nation", "locality", "now"]
    )]
    pub(crate) passage: Option<String>,
    /// Tell in plain words how the message is decided
    #[arg(long)]
    pub(crate) text: bool,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The log, as `ask --log` and `chat --log` write it
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Topics, one JSON object a line (`_id`, `text`)
    #[arg(long, value_name = "FILE")]
    pub(crate) topics: PathBuf,
    /// Documents per topic
    #[arg(long, default_value_t = 100)]
    pub(crate) depth: usize,
    /// Where to write the run; `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Name of the run, its last column
    #[arg(long, default_value = "guidepost")]
    pub(crate) tag: String,
    /// Only topics judged in this qrels file (BEIR TSV or TREC)
    #[arg(long, value_name = "FILE")]
    pub(crate) qrels: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// Labelled topics to fit on; repeat for several files
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) topics: Vec<PathBuf>,
    /// Where to write the calibrator; without it, only report
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Selective risk the threshold is chosen for, on out-of-fold confidences
    #[arg(long, default_value_t = 0.1)]
    pub(crate) target_risk: f64,
    /// Do not fit: report what the present calibrator decides on these topics
    #[arg(long, conflicts_with = "out")]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) certify: CertifyArgs,
    /// Fit on topics of another index too; repeat for several. For a corpus with few labels of its
    /// own
    #[arg(long = "with", value_name = "INDEX=TOPICS", value_parser = index_and_topics)]
    pub(crate) with: Vec<(PathBuf, PathBuf)>,
    /// Do not fit: compare kinds of calibrators on these topics by cross-validation
    #[arg(long, conflicts_with_all = ["out", "report"])]
    pub(crate) compare: bool,
    /// The day of the questions [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) now: Option<Date>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TriageCommand {
    /// Fit the urgency model on the corpus's approved examples and on labelled topics
    Fit(TriageFitArgs),
    /// Write what the urgency model is fitted on, one JSON object a line, for programs that tune an
    /// encoder's last layers on it
    Sample {
        #[command(flatten)]
        sources: TriageSources,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Report urgent recall, false alarms and routes on labelled topics
    Check {
        /// Labelled topics; repeat for several files
        #[arg(long, value_name = "FILE", required = true)]
        topics: Vec<PathBuf>,
        /// Use no urgency model, to see what rules alone do
        #[arg(long)]
        rules_alone: bool,
        /// The day of the questions [default: today, UTC]
        #[arg(long, value_name = "YYYY-MM-DD")]
        now: Option<Date>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
}

/// What an urgency model is fitted on.
#[derive(Debug, Args)]
pub(crate) struct TriageSources {
    /// Labelled topics of one source, held out in turn; repeat for other sources. Several files of
    /// one source are joined by commas
    #[arg(long, value_name = "FILES")]
    pub(crate) topics: Vec<String>,
    /// Labelled topics that are always fitted on, such as those the rules were written with
    #[arg(long, value_name = "FILE")]
    pub(crate) also: Vec<PathBuf>,
    /// Labelled topics of several writers, each a source: the first part of a family names its
    /// writer
    #[arg(long, value_name = "FILE")]
    pub(crate) writers: Vec<PathBuf>,
    /// Groups in which sources are held out
    #[arg(long, default_value_t = 5)]
    pub(crate) folds: usize,
}

#[derive(Debug, Args)]
pub(crate) struct TriageFitArgs {
    #[command(flatten)]
    pub(crate) sources: TriageSources,
    /// Folder of tuned last layers, as `scripts/triage/tune.py` writes them
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tuned: Option<PathBuf>,
    /// Where to write the model
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where to write what was read of each source held out, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) readings: Option<PathBuf>,
    /// Share of false alarms among harmless messages the alarm is set for, on sources not
    /// fitted on
    #[arg(long, default_value_t = 0.05)]
    pub(crate) false_alarms: f64,
    /// Greatest share of rightly fitting symptom rules that may be overruled, on sources not
    /// fitted on
    #[arg(long, default_value_t = 0.05)]
    pub(crate) cleared: f64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Build a snapshot of the corpus and make it current
    Build {
        /// Print the settings with their defaults as TOML, and build nothing
        #[arg(long)]
        show_settings: bool,
        /// Build from the `corpus.jsonl` of a BEIR folder instead of the corpus, straight away and
        /// in bounded memory, approved for research
        #[arg(long, value_name = "FOLDER")]
        beir: Option<PathBuf>,
        /// One passage a document, or passages of at most 128 tokens; with `--beir`
        #[arg(long, value_enum, default_value_t = ImportCut::Whole, requires = "beir")]
        cut: ImportCut,
        /// From which day the documents are approved, for a year; with `--beir` [default: today,
        /// UTC]
        #[arg(long, value_name = "YYYY-MM-DD", requires = "beir")]
        on: Option<Date>,
        /// Texts embedded between two reports of progress
        #[arg(long, default_value_t = 64)]
        batch: usize,
        /// Commits the postings are written in before they are merged; changes no result
        #[arg(long, default_value_t = 1)]
        commits: usize,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a corpus of any size, made of the sentences of others, to try an index on
    Generate {
        /// BEIR folder to take sentences from; repeat for several [default: the corpus]
        #[arg(long, value_name = "FOLDER")]
        from: Vec<PathBuf>,
        /// Passages to write
        #[arg(long)]
        passages: u32,
        /// Queries to write, each about one passage
        #[arg(long, default_value_t = 1000)]
        queries: u32,
        /// Seed; the passages of a smaller number are the first ones of a greater
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Folder to write; must not exist
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Say how many passages have another one that is nearly the same
    Duplicates {
        /// Passages looked at, evenly spaced
        #[arg(long, default_value_t = 1000)]
        sample: u32,
        /// Cosine above which two passages are nearly the same
        #[arg(long, default_value_t = 0.95)]
        above: f64,
    },
    /// Show what the current snapshot holds
    Info {
        /// Print the manifest as JSON
        #[arg(long)]
        json: bool,
    },
    /// Rehash every file of every snapshot
    Verify {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// List snapshots
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Go back to an earlier snapshot
    Rollback {
        /// The first digits of its id [default: the one current before]
        #[arg(long, value_name = "ID")]
        to: Option<String>,
    },
    /// Take a document back at once, without a rebuild
    Revoke {
        /// The document
        document: String,
        /// Who takes it back
        #[arg(long)]
        by: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Look for what a reader of the corpus would stumble over
    Check {
        /// The day to check reviews against [default: today, UTC]
        #[arg(long, value_name = "YYYY-MM-DD")]
        now: Option<Date>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Import documents as drafts
    Import {
        /// File or folder to import
        from: PathBuf,
        /// What it is [default: told from the files]
        #[arg(long, value_enum)]
        format: Option<ImportFormat>,
        /// Corpus folder to write to; it need not exist
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Programme of the documents
        #[arg(long, default_value = "all")]
        programme: Programme,
        /// One passage a document, or passages of at most 128 tokens
        #[arg(long, value_enum, default_value_t = ImportCut::Passages)]
        cut: ImportCut,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Approve drafts
    Approve(ApproveArgs),
    /// Withdraw documents
    Withdraw {
        /// Ids of the documents
        #[arg(required = true)]
        documents: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// Ids of the documents
    #[arg(required_unless_present = "approve_all", conflicts_with = "approve_all")]
    pub(crate) documents: Vec<String>,
    /// Approve every draft, for research only
    #[arg(long, value_name = "ROLE", value_parser = ["research"])]
    pub(crate) approve_all: Option<String>,
    /// Who approves [default with --approve-all: "Research import"]
    #[arg(long, required_unless_present = "approve_all")]
    pub(crate) by: Option<String>,
    /// In which role
    #[arg(long, value_parser = parse_role, required_unless_present = "approve_all")]
    pub(crate) role: Option<Role>,
    /// From which day [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) on: Option<Date>,
    /// The last day they may be quoted [default with --approve-all: a year from the first]
    #[arg(long, value_name = "YYYY-MM-DD", required_unless_present = "approve_all")]
    pub(crate) review_due: Option<Date>,
}

fn parse_role(text: &str) -> Result<Role, String> {
    match text {
        "clinical" => Ok(Role::Clinical),
        "service" => Ok(Role::Service),
        "example" => Ok(Role::Example),
        "research" => Ok(Role::Research),
        _ => Err("known roles: clinical, service, example, research".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// GOV.UK Content API items, a JSON file or a folder of them
    Govuk,
    /// BEIR's corpus.jsonl (`_id`, `title`, `text`)
    Jsonl,
    /// An intent set: lines of `text` and `label`
    Intents,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportCut {
    /// The whole document is one passage
    Whole,
    /// Passages of at most 128 tokens
    Passages,
}

impl ImportCut {
    /// As documents say it.
    pub(crate) fn as_cut(self) -> Cut {
        match self {
            ImportCut::Whole => Cut::Whole,
            ImportCut::Passages => Cut::Sections,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List models
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy model files from a folder, checking their hashes
    Pull {
        /// The folder, as `scripts/models.sh` fills it
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
    /// Rehash model files
    Verify {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the int8 weights from pulled f32 weights
    Quantise {
        /// Where to write them
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Time every runtime available, side by side
    Bench {
        /// Rounds over the runtimes, each of 25 queries and 2 passages
        #[arg(long, default_value_t = 20, value_name = "N")]
        rounds: usize,
        /// Print as JSON
        #[arg(long)]
        json: bool,
        /// Print by how many bytes this process grows with one runtime
        #[arg(long, hide = true, value_name = "RUNTIME")]
        memory_of: Option<String>,
    },
}

/// An index and a file of topics, parted by the first `=`.
fn index_and_topics(text: &str) -> Result<(PathBuf, PathBuf), &'static str> {
    let (index, topics) = text.split_once('=').ok_or("expected `INDEX=TOPICS`")?;
    Ok((index.into(), topics.into()))
}
