//! A report as data: everything that the tables, figures and files show, and nothing else.
//!
//! `report.json` is this type as JSON. The parts named in [`Report::without_measured_times`] hold
//! times and the machine and differ between two runs; all other bytes are the same for the same
//! inputs and seed, at any thread count. The model knows no topic text of a sensitive set: whoever
//! fills it leaves those fields empty.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::eval::estimate::{Estimate, Interval};

/// Version of the form.
pub const REPORT_VERSION: u32 = 1;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of the form, [`REPORT_VERSION`].
    pub version: u32,
    /// Name of the experiment.
    pub name: String,
    /// What the experiment asks, in a sentence or two.
    pub question: String,
    /// The command that made it.
    pub command: String,
    /// Seed of every random draw.
    pub seeds: Vec<u64>,
    /// Fingerprints of what went in: `role`, `name`, hash.
    pub inputs: Vec<Input>,
    /// Datasets.
    pub datasets: Vec<Dataset>,
    /// Systems.
    pub systems: Vec<System>,
    /// Measures by system and dataset.
    pub measures: Vec<Cell>,
    /// The primary comparison and all others, by dataset and measure.
    pub comparisons: Vec<Comparison>,
    /// What the number of topics can resolve; worked out before any result.
    pub resolution: Vec<Resolution>,
    /// Figures on answers and decisions.
    pub answering: Vec<Answering>,
    /// Per-topic differences to the baseline, sorted, for the figure.
    pub differences: Vec<Differences>,
    /// The topics on which a system did worst.
    pub worst: Vec<Worst>,
    /// How a measure responds to a parameter, from sweeps.
    pub responses: Vec<ResponseCurve>,
    /// Latency.
    pub latency: Vec<Latency>,
    /// Requests answered in a second; left out where none were counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub throughput: Vec<Throughput>,
    /// Times of one thing over another's; left out where none were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_ratios: Vec<TimeRatio>,
    /// The machine and the moment.
    pub environment: Option<Environment>,
    /// Paragraphs on method: heading and text.
    pub methods: Vec<Section>,
    /// Reasons not to trust the figures: heading and text.
    pub bias: Vec<Section>,
    /// What a reader must know first: an empty cell's cause, a test set read before, few topics.
    pub warnings: Vec<String>,
}

impl Report {
    /// The report without what differs between two runs of the same experiment.
    #[must_use]
    pub fn without_measured_times(mut self) -> Report {
        self.latency.clear();
        self.throughput.clear();
        self.time_ratios.clear();
        self.environment = None;
        self
    }
}

/// A heading and its paragraphs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// Paragraphs, separated by blank lines.
    pub text: String,
}

/// Something that went in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// `topics`, `qrels`, `corpus`, `index`, `model`, `settings`, `calibrator`, `run`, `program`…
    pub role: String,
    /// Which one.
    pub name: String,
    /// BLAKE3, 64 hexadecimal digits.
    pub fingerprint: String,
}

/// A dataset as used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dataset {
    /// Name.
    pub name: String,
    /// Split: `train`, `fit`, `dev`, `test`…
    pub split: String,
    /// Topics scored.
    pub topics: usize,
    /// Families among them.
    pub families: usize,
    /// Topics that guidance answers; `None` where a sensitive set's counts are small.
    pub answerable: Option<usize>,
    /// Whether texts and ids are withheld.
    pub sensitive: bool,
    /// How often this set has been read for a figure, this time included, where that is counted.
    pub reads: Option<u32>,
    /// Whether figures on it are exploratory: not frozen before it was read, or read before.
    pub exploratory: bool,
}

/// A system as run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Name.
    pub name: String,
    /// `guidepost`, `run`, `answers` or `command`.
    pub kind: String,
    /// One line on what it is.
    pub description: String,
    /// Settings that differ from the defaults, or the command.
    pub settings: BTreeMap<String, String>,
    /// Whether others are compared with it.
    pub baseline: bool,
}

/// A measure of a system on a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// Measure, as it prints.
    pub measure: String,
    /// Value; `None` where the system cannot fill the cell.
    pub estimate: Option<Estimate>,
}

/// Two systems on one measure, topic by topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Dataset.
    pub dataset: String,
    /// Measure.
    pub measure: String,
    /// The system compared with.
    pub baseline: String,
    /// The system compared.
    pub system: String,
    /// Whether this is the experiment's primary comparison.
    pub primary: bool,
    /// Mean difference, system minus baseline, with its interval.
    pub difference: Estimate,
    /// Name of the primary test.
    pub test: String,
    /// Its two-sided p.
    pub p: f64,
    /// p after Holm's correction over all comparisons of the experiment.
    pub p_holm: f64,
    /// Standardised mean difference, with its interval; `None` where no family differs.
    pub effect: Option<Estimate>,
    /// Families better than with the baseline; `None` where a sensitive set's counts are small.
    pub wins: Option<usize>,
    /// Ties.
    pub ties: Option<usize>,
    /// Losses.
    pub losses: Option<usize>,
    /// Appendix: Student's paired t.
    pub t: Option<TestResult>,
    /// Appendix: Wilcoxon's signed ranks.
    pub wilcoxon: Option<TestResult>,
    /// Non-inferiority, where the experiment names a margin.
    pub noninferiority: Option<Noninferiority>,
}

/// A test's result.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom, where it has any.
    pub degrees: Option<f64>,
    /// Two-sided p.
    pub p: f64,
}

/// Two one-sided tests against a margin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noninferiority {
    /// The margin, in units of the measure.
    pub margin: f64,
    /// p of "worse by at least the margin".
    pub p_lower: f64,
    /// p of "better by at least the margin".
    pub p_upper: f64,
    /// Not worse by the margin, at the experiment's level.
    pub noninferior: bool,
    /// Neither worse nor better by the margin.
    pub equivalent: bool,
}

/// What a set can resolve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// Dataset.
    pub dataset: String,
    /// Measure.
    pub measure: String,
    /// Systems compared.
    pub systems: String,
    /// Families.
    pub n: usize,
    /// Standard deviation of the per-family differences.
    pub deviation: f64,
    /// Least difference found with `power` at `level`.
    pub detectable: f64,
    /// The power.
    pub power: f64,
    /// The level of the test.
    pub level: f64,
    /// Power for a difference of .03.
    pub power_at_three_hundredths: f64,
}

/// Decisions, answers and confidences of a system on a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answering {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// Figures by name, in order; `None` where the system cannot fill the cell.
    pub figures: Vec<Figure>,
    /// Expected and given decisions, counted.
    pub confusion: Vec<ConfusionCell>,
    /// Selective risk by coverage, in order of coverage.
    pub risk_coverage: Vec<RiskPoint>,
    /// Reliability bins.
    pub reliability: Vec<ReliabilityBin>,
    /// Figures by slice; a slice with too few topics has none.
    pub slices: Vec<Slice>,
}

/// A named figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Name, as METHODOLOGY.md defines it.
    pub name: String,
    /// Value.
    pub estimate: Option<Estimate>,
    /// Numerator and denominator, where it is a share.
    pub counts: Option<(usize, usize)>,
}

/// A cell of the confusion table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfusionCell {
    /// Expected decision.
    pub expected: String,
    /// Given decision.
    pub given: String,
    /// Topics; `None` where the cell is too small to show for a sensitive set.
    pub count: Option<usize>,
}

/// A point of the risk-coverage curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskPoint {
    /// Share answered.
    pub coverage: f64,
    /// Share of those that were wrong.
    pub risk: f64,
    /// Risk of the oracle at that coverage.
    pub oracle: f64,
}

/// A bin of the reliability figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReliabilityBin {
    /// Mean confidence.
    pub confidence: f64,
    /// Share that was right.
    pub accuracy: f64,
    /// Clopper-Pearson interval of that share.
    pub interval: Interval,
    /// Topics in the bin.
    pub n: usize,
}

/// A slice of the topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// Name.
    pub name: String,
    /// Topics; `None` where too few to say, for a sensitive set.
    pub n_topics: Option<usize>,
    /// Figures; empty where there are too few topics.
    pub figures: Vec<Figure>,
}

/// Sorted per-topic differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Differences {
    /// Dataset.
    pub dataset: String,
    /// Measure.
    pub measure: String,
    /// Baseline.
    pub baseline: String,
    /// System.
    pub system: String,
    /// System minus baseline, descending.
    pub values: Vec<f64>,
}

/// A topic on which a system did badly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worst {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// Topic.
    pub topic: String,
    /// What was asked.
    pub text: Option<String>,
    /// What was wrong: `answered wrongly`, `answered, should have declined`, `missed urgent`, …
    pub what: String,
    /// Measure and value, where the list is by a measure.
    pub value: Option<f64>,
    /// Expected decision and documents.
    pub expected: String,
    /// Given decision and document.
    pub given: String,
    /// Confidence.
    pub confidence: Option<f64>,
    /// What was answered.
    pub answer: Option<String>,
    /// Scores and evidence that led there, in a line or two.
    pub why: Option<String>,
}

/// How a measure responds to a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseCurve {
    /// Dataset.
    pub dataset: String,
    /// Measure.
    pub measure: String,
    /// Parameter.
    pub parameter: String,
    /// Other parameters are at the chosen point; value and estimate, ascending by value.
    pub points: Vec<ResponsePoint>,
    /// The chosen value.
    pub chosen: f64,
    /// Honest outer estimate of the whole choosing, by nested cross-validation.
    pub outer: Option<Estimate>,
}

/// A point of a response curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponsePoint {
    /// Value of the parameter.
    pub value: f64,
    /// The measure there.
    pub estimate: Estimate,
}

/// Latency of a stage of a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// `closed` or `open`, warm or cold, threads: `closed, warm, 1 thread`.
    pub load: String,
    /// Stage: `whole`, `rules`, `lexical`, `dense`, `rank`, `answer`, `overhead`…
    pub stage: String,
    /// Samples.
    pub samples: usize,
    /// Microseconds by quantile, in order: p50, p90, p95, p99, max.
    pub quantiles: Vec<Quantile>,
    /// Distribution for the figure: microseconds at equally spaced shares from 0 to 1.
    pub cdf: Vec<f64>,
}

/// A quantile of a latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// `p50`, `p90`, `p95`, `p99` or `max`.
    pub name: String,
    /// Microseconds.
    pub microseconds: f64,
    /// Interval, where the number of samples allows one.
    pub interval: Option<Interval>,
}

/// Requests answered in a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Throughput {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// The load, as in [`Latency`].
    pub load: String,
    /// Requests answered.
    pub requests: usize,
    /// Requests answered in a second.
    pub per_second: f64,
    /// Requests due in a second, in an open loop.
    pub due_per_second: Option<f64>,
}

/// How two times compare that were measured interleaved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeRatio {
    /// Dataset.
    pub dataset: String,
    /// What was timed: `p50` of a whole message, work on several threads…
    pub what: String,
    /// The denominator.
    pub baseline: String,
    /// The numerator.
    pub system: String,
    /// The baseline's time in microseconds.
    pub baseline_microseconds: f64,
    /// The system's time in microseconds.
    pub system_microseconds: f64,
    /// The system's time over the baseline's; less than 1 is faster.
    pub ratio: f64,
    /// Interval of the ratio; none where there was too little to bound it.
    pub interval: Option<Interval>,
    /// Families, or rounds, that the interval counts.
    pub n: usize,
}

/// Where and when it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// When it began, UTC.
    pub began: String,
    /// Guidepost's version.
    pub version: String,
    /// Commit, with `+changes` where the tree held uncommitted ones.
    pub commit: Option<String>,
    /// Processor.
    pub processor: String,
    /// Cores.
    pub cores: usize,
    /// Threads used.
    pub threads: usize,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Operating system.
    pub system: String,
    /// Path the encoder took on this processor.
    pub cpu_path: String,
    /// Most memory held, in bytes.
    pub peak_memory: Option<u64>,
}
