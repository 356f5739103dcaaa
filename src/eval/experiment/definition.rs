//! An experiment as somebody writes it: systems × datasets × measures × seeds, as TOML.
//!
//! Everything is checked here, before anything runs: names, paths, measures, and that each system
//! is exactly one thing. Paths are relative to the experiment's file; a path that begins with
//! `data:` lies below the folder of public labelled sets, which one setting names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use crate::eval::measure::Measure;
use crate::eval::significance::PrimaryTest;
use crate::ids::Fingerprint;
use crate::index::settings::Settings;
use crate::text::place::line_of;

/// Prefix of paths below the folder of public labelled sets.
pub const DATA_PREFIX: &str = "data:";

/// A whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Name: of folders, reports and records.
    pub name: String,
    /// What it asks, and what one learns from the answer.
    pub question: String,
    /// Seeds of random draws; every seed is a repetition. Systems that draw nothing give the same
    /// rows for each.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
    /// Measures of rankings, as `ir_measures` writes them.
    pub measures: Vec<Measure>,
    /// Documents ranked for each topic.
    #[serde(default = "depth")]
    pub depth: usize,
    /// The day on which everything is asked: decides what has expired.
    pub day: Date,
    /// The primary comparison.
    pub primary: Primary,
    /// Bootstrap intervals.
    #[serde(default)]
    pub bootstrap: BootstrapPlan,
    /// Topics below which a slice gets no figures.
    #[serde(default = "minimum_slice")]
    pub minimum_slice: usize,
    /// How many of the worst topics the report shows, for each system and dataset.
    #[serde(default = "worst")]
    pub worst: usize,
    /// Latency, where it is measured.
    #[serde(default)]
    pub latency: Option<LatencyPlan>,
    /// What a sweep varies.
    #[serde(default)]
    pub sweep: Option<SweepPlan>,
    /// What is asked.
    pub datasets: Vec<DatasetPlan>,
    /// Who is asked.
    pub systems: Vec<SystemPlan>,
}

/// The primary comparison, fixed before any result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Primary {
    /// The measure.
    pub measure: Measure,
    /// The system all others are compared with.
    pub baseline: String,
    /// The system of the primary comparison.
    pub system: String,
    /// The test.
    #[serde(default)]
    pub test: PrimaryTest,
    /// Random relabellings of the randomisation test.
    #[serde(default = "permutations")]
    pub permutations: usize,
    /// Margin of non-inferiority, in units of the measure.
    #[serde(default)]
    pub margin: Option<f64>,
    /// Level of the tests.
    #[serde(default = "level")]
    pub level: f64,
    /// Power that the resolvable difference is stated for.
    #[serde(default = "power")]
    pub power: f64,
}

/// Bootstrap intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapPlan {
    /// Resamples.
    pub replicates: usize,
    /// Nominal coverage.
    pub level: f64,
}

impl Default for BootstrapPlan {
    fn default() -> Self {
        BootstrapPlan { replicates: 2000, level: 0.95 }
    }
}

/// How latency is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatencyPlan {
    /// Rounds over the topics, after one to warm up.
    pub rounds: usize,
    /// Threads of the closed loop; each number is a measurement of its own.
    pub threads: Vec<usize>,
    /// Requests a second of the open loop.
    pub rate: f64,
    /// Cold starts: a fresh engine each.
    pub cold: usize,
}

impl Default for LatencyPlan {
    fn default() -> Self {
        LatencyPlan { rounds: 3, threads: vec![1], rate: 200.0, cold: 20 }
    }
}

/// What a sweep varies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPlan {
    /// Values by setting, such as `"fusion.dense_weight" = [0.3, 0.5]`.
    pub parameters: BTreeMap<String, Vec<f64>>,
    /// Every combination, or so many of them drawn at random.
    #[serde(default)]
    pub random: Option<usize>,
    /// Folds of the outer cross-validation; families are dealt whole.
    #[serde(default = "folds")]
    pub folds: usize,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetPlan {
    /// Name.
    pub name: String,
    /// Which split it is; `test` is counted and needs freezing.
    pub split: String,
    /// A corpus folder, or a `corpus.jsonl`.
    #[serde(default)]
    pub corpus: Option<String>,
    /// One passage a document, or passages of at most 128 tokens; for a `corpus.jsonl`.
    #[serde(default)]
    pub cut: CutPlan,
    /// Topics in our own format, with what is expected.
    #[serde(default)]
    pub topics: Option<String>,
    /// BEIR queries; needs `qrels`.
    #[serde(default)]
    pub queries: Option<String>,
    /// Judgements of the queries.
    #[serde(default)]
    pub qrels: Option<String>,
    /// Utterances of an intent set to learn from; they are the corpus.
    #[serde(default)]
    pub intents: Option<String>,
    /// Utterances of an intent set to ask.
    #[serde(default)]
    pub utterances: Option<String>,
    /// Withhold texts, answers and ids. A set that says so itself is withheld in any case.
    #[serde(default)]
    pub sensitive: bool,
    /// Whether reports may show texts; false for sets whose texts are not ours to print.
    #[serde(default = "yes")]
    pub show_text: bool,
}

/// How a `corpus.jsonl` is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutPlan {
    /// One passage a document.
    #[default]
    Whole,
    /// Passages of at most 128 tokens.
    Passages,
}

/// A system: exactly one of a Guidepost configuration, a run, answers or a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemPlan {
    /// Name.
    pub name: String,
    /// One line for the report.
    #[serde(default)]
    pub description: String,
    /// Guidepost: settings that differ from the defaults.
    #[serde(default)]
    pub settings: Option<toml::Table>,
    /// Guidepost: a calibrator instead of the built-in one.
    #[serde(default)]
    pub calibrator: Option<String>,
    /// Guidepost: labelled topics to fit a calibrator of its own on.
    #[serde(default)]
    pub fit: Option<String>,
    /// Guidepost: a threshold instead of the calibrator's.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Guidepost: what is taken as confidence.
    #[serde(default)]
    pub confidence: ConfidencePlan,
    /// Guidepost: precision of the embedding model.
    #[serde(default)]
    pub precision: PrecisionPlan,
    /// A TREC run; `{dataset}` and `{split}` are filled in.
    #[serde(default)]
    pub run: Option<String>,
    /// Answers as JSON lines: `_id`, `decision`, `document`, `confidence`.
    #[serde(default)]
    pub answers: Option<String>,
    /// A program that reads JSON lines and writes JSON lines.
    #[serde(default)]
    pub command: Option<Vec<String>>,
}

/// What a Guidepost system gives as confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfidencePlan {
    /// The calibrator's.
    #[default]
    Calibrated,
    /// The fused score of the best document: ranks topics, is no probability.
    Score,
}

/// Precision of the embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionPlan {
    /// The built-in int8 weights.
    #[default]
    Int8,
    /// The published f32 weights.
    F32,
}

/// What a system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemKind<'a> {
    /// A configuration of this engine.
    Guidepost,
    /// A run file.
    Run(&'a str),
    /// A file of answers.
    Answers(&'a str),
    /// A program.
    Command(&'a [String]),
}

impl SystemKind<'_> {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            SystemKind::Guidepost => "guidepost",
            SystemKind::Run(_) => "run",
            SystemKind::Answers(_) => "answers",
            SystemKind::Command(_) => "command",
        }
    }
}

impl SystemPlan {
    /// What the system is.
    pub fn kind(&self) -> SystemKind<'_> {
        match (&self.run, &self.answers, &self.command) {
            (Some(run), ..) => SystemKind::Run(run),
            (_, Some(answers), _) => SystemKind::Answers(answers),
            (.., Some(command)) => SystemKind::Command(command),
            _ => SystemKind::Guidepost,
        }
    }

    /// The settings of a Guidepost system.
    ///
    /// # Errors
    /// [`ExperimentError::System`] when they do not parse or are out of range.
    pub fn engine_settings(&self) -> Result<Settings, ExperimentError> {
        let Some(table) = &self.settings else {
            return Ok(Settings::default());
        };
        let text = toml::to_string(table).map_err(|e| self.wrong(&e.to_string()))?;
        Settings::parse(&text).map_err(|e| self.wrong(&format!("settings: {e}")))
    }

    fn wrong(&self, message: &str) -> ExperimentError {
        ExperimentError::System { system: self.name.clone(), message: message.to_owned() }
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let others = [self.run.is_some(), self.answers.is_some(), self.command.is_some()];
        let ours = self.settings.is_some()
            || self.calibrator.is_some()
            || self.fit.is_some()
            || self.threshold.is_some();
        let kinds = others.iter().filter(|is| **is).count() + usize::from(ours);
        if kinds > 1 {
            return Err(self.wrong(
                "is several things at once; give one of `settings`, `run`, `answers`, `command`",
            ));
        }
        if self.calibrator.is_some() && self.fit.is_some() {
            return Err(self.wrong("has a calibrator and topics to fit one on; give one of them"));
        }
        if self.command.as_ref().is_some_and(Vec::is_empty) {
            return Err(self.wrong("has an empty command; name a program"));
        }
        if self.threshold.is_some_and(|t| !t.is_finite()) {
            return Err(self.wrong("has a threshold that is not finite"));
        }
        self.engine_settings().map(drop)
    }
}

impl Definition {
    /// Reads and checks an experiment.
    ///
    /// # Errors
    /// [`ExperimentError`] naming file, line and cure.
    pub fn read(path: &Path) -> Result<(Definition, String), ExperimentError> {
        let text =
            fs_err::read_to_string(path).map_err(|source| ExperimentError::Read { source })?;
        Ok((Definition::parse(&text, path)?, text))
    }

    /// Parses and checks an experiment; `path` is named in errors.
    ///
    /// # Errors
    /// [`ExperimentError`] naming file, line and cure.
    pub fn parse(text: &str, path: &Path) -> Result<Definition, ExperimentError> {
        let definition: Definition = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            let message = error.message().to_owned();
            ExperimentError::Syntax { path: path.to_owned(), line, message }
        })?;
        definition.check()?;
        Ok(definition)
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let plan = |message: &str| ExperimentError::Plan { message: message.to_owned() };
        check_name(&self.name)?;
        for name in
            self.datasets.iter().map(|d| &d.name).chain(self.systems.iter().map(|s| &s.name))
        {
            check_name(name)?;
        }
        for split in self.datasets.iter().map(|d| &d.split) {
            check_name(split)?;
        }
        if self.seeds.is_empty() || self.datasets.is_empty() || self.systems.is_empty() {
            return Err(plan("needs at least one seed, dataset and system"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.systems.iter().find(|s| !seen.insert(&s.name)) {
            return Err(plan(&format!("two systems are called `{}`", twice.name)));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.datasets.iter().find(|d| !seen.insert((&d.name, &d.split))) {
            return Err(plan(&format!("the dataset `{}` stands twice", twice.name)));
        }
        for wanted in [&self.primary.baseline, &self.primary.system] {
            if !self.systems.iter().any(|s| &s.name == wanted) {
                return Err(plan(&format!(
                    "`primary` names the system `{wanted}`, but none has that name"
                )));
            }
        }
        if !self.measures.contains(&self.primary.measure) {
            return Err(plan("the primary measure must be one of `measures`"));
        }
        if !(self.primary.level > 0.0 && self.primary.level < 0.5) {
            return Err(plan("`primary.level` must lie between 0 and .5"));
        }
        if !(self.primary.power > 0.0 && self.primary.power < 1.0) {
            return Err(plan("`primary.power` must lie between 0 and 1"));
        }
        if self.primary.margin.is_some_and(|m| !(m.is_finite() && m > 0.0)) {
            return Err(plan("`primary.margin` must be above 0"));
        }
        if !(self.bootstrap.level > 0.5 && self.bootstrap.level < 1.0)
            || self.bootstrap.replicates < 100
        {
            return Err(plan(
                "`bootstrap` needs a level between .5 and 1 and at least 100 replicates",
            ));
        }
        if self.depth == 0 || self.primary.permutations == 0 {
            return Err(plan("`depth` and `permutations` must be at least 1"));
        }
        self.systems.iter().try_for_each(SystemPlan::check)?;
        self.datasets.iter().try_for_each(DatasetPlan::check)
    }

    /// Identity of the plan: of its canonical form, so that comments and order of keys do not
    /// count.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

impl DatasetPlan {
    fn check(&self) -> Result<(), ExperimentError> {
        let wrong = |message: &str| ExperimentError::Dataset {
            dataset: self.name.clone(),
            message: message.to_owned(),
        };
        let kinds = [self.topics.is_some(), self.queries.is_some(), self.utterances.is_some()];
        if kinds.iter().filter(|k| **k).count() != 1 {
            return Err(wrong("needs exactly one of `topics`, `queries` and `utterances`"));
        }
        if self.queries.is_some() != self.qrels.is_some() {
            return Err(wrong("`queries` and `qrels` go together"));
        }
        if self.utterances.is_some() != self.intents.is_some() {
            return Err(wrong("`intents` (to learn from) and `utterances` (to ask) go together"));
        }
        if self.intents.is_some() && self.corpus.is_some() {
            return Err(wrong("the corpus of an intent set are its `intents`; leave `corpus` out"));
        }
        Ok(())
    }
}

/// Where an experiment finds its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Folder of the experiment's file.
    pub base: PathBuf,
    /// Folder of the public labelled sets.
    pub data: Option<PathBuf>,
}

impl Places {
    /// The path that a name in an experiment stands for.
    ///
    /// # Errors
    /// [`ExperimentError::NoData`] when it lies below the public sets and their folder is unknown.
    pub fn resolve(&self, name: &str) -> Result<PathBuf, ExperimentError> {
        match name.strip_prefix(DATA_PREFIX) {
            None => Ok(self.base.join(name)),
            Some(below) => match &self.data {
                Some(data) => Ok(data.join(below)),
                None => Err(ExperimentError::NoData { wanted: name.to_owned() }),
            },
        }
    }
}

/// Names become folders and columns.
fn check_name(name: &str) -> Result<(), ExperimentError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        return Err(ExperimentError::Name { name: name.to_owned() });
    }
    Ok(())
}

fn one_seed() -> Vec<u64> {
    vec![1]
}

fn depth() -> usize {
    100
}

fn minimum_slice() -> usize {
    20
}

fn worst() -> usize {
    10
}

fn permutations() -> usize {
    100_000
}

fn level() -> f64 {
    0.05
}

fn power() -> f64 {
    0.8
}

fn folds() -> usize {
    5
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
name = "x"
question = "q"
measures = ["nDCG@10"]
day = "2026-12-01"
[primary]
measure = "nDCG@10"
baseline = "a"
system = "b"
[[datasets]]
name = "d"
split = "dev"
topics = "t.jsonl"
[[systems]]
name = "a"
[[systems]]
name = "b"
run = "r.trec"
"#;

    #[track_caller]
    fn refused(old: &str, new: &str, expected: &str) {
        assert!(PLAIN.contains(old));
        let error = Definition::parse(&PLAIN.replacen(old, new, 1), Path::new("x.toml"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn plans_are_checked_before_anything_runs() {
        Definition::parse(PLAIN, Path::new("x.toml")).unwrap();
        refused("name = \"x\"", "nam = \"x\"", "x.toml:2");
        refused("name = \"x\"", "name = \"../x\"", "`../x`");
        refused("measure = \"nDCG@10\"", "measure = \"AP\"", "must be one of `measures`");
        refused("[\"nDCG@10\"]", "[\"nDGC@10\"]", "x.toml:4");
        refused("system = \"b\"", "system = \"c\"", "`c`");
        refused("name = \"b\"", "name = \"a\"", "two systems");
        refused("run = ", "answers = \"y\"\nrun = ", "several things");
        refused("name = \"a\"", "name = \"a\"\nsettings = { k1 = 2 }", "`a`");
        refused("topics = ", "queries = \"q\"\ntopics = ", "exactly one");
        refused("day = \"2026-12-01\"", "day = \"2026-13-01\"", "x.toml:5");
    }

    #[test]
    fn comments_and_the_order_of_keys_do_not_change_a_plan() {
        let one = Definition::parse(PLAIN, Path::new("x.toml")).unwrap();
        let other = PLAIN
            .replace("question = \"q\"\n", "")
            .replace("name = \"x\"", "# a comment\nquestion = \"q\"\nname = \"x\"");
        let other = Definition::parse(&other, Path::new("x.toml")).unwrap();
        assert_eq!(one.fingerprint(), other.fingerprint());
    }
}
