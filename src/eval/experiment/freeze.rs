//! Sealing a plan before a test set is read, and counting the reads.
//!
//! `X.freeze.json` beside `X.toml` holds the hash of the plan, its primary measure and the hashes
//! of its test sets. A figure on a test set is confirmatory when the plan was frozen before and no
//! other plan has read the set; every other read is exploratory, and reports say so. Running the
//! same plan again is counted, but makes no new choice. Reads are counted in `reads.jsonl`, in the folder of the experiments, one line each; the
//! file belongs under version control. A replay is no read: it makes no new choice.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::dataset::Dataset;
use super::definition::Definition;
use crate::durable;
use crate::ids::Fingerprint;

/// Split whose reads are counted.
pub const TEST: &str = "test";
/// File of reads.
pub const READS_FILE: &str = "reads.jsonl";
const VERSION: u32 = 1;

/// A frozen plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Version of the form.
    pub version: u32,
    /// When, UTC.
    pub frozen: String,
    /// Hash of the plan.
    pub plan: Fingerprint,
    /// The primary measure.
    pub primary: String,
    /// Its test sets with the hash of topics and judgements.
    pub tests: Vec<(String, Fingerprint)>,
}

/// One read of a test set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    /// Dataset and split.
    pub dataset: String,
    /// Hash of topics and judgements.
    pub topics: Fingerprint,
    /// Which read of these topics it is, from 1.
    pub number: u32,
    /// The experiment.
    pub experiment: String,
    /// Hash of its plan.
    pub plan: Fingerprint,
    /// Whether the plan was frozen and no other plan has read the set.
    pub confirmatory: bool,
    /// When, UTC.
    pub read: String,
}

/// The seal of an experiment's file.
pub fn seal_path(experiment: &Path) -> PathBuf {
    experiment.with_extension("freeze.json")
}

/// Freezes a plan.
///
/// # Errors
/// [`ExperimentError`] when there is no test set in the plan, or a seal of another plan is there
/// already. A set that was read before can be frozen; its reads stay counted, so figures on it
/// stay exploratory.
pub fn freeze(
    experiment: &Path,
    definition: &Definition,
    datasets: &[Dataset],
    now: &str,
) -> Result<Freeze, ExperimentError> {
    let plan = |message: String| ExperimentError::Plan { message };
    let tests: Vec<(String, Fingerprint)> = datasets
        .iter()
        .filter(|d| d.plan.split == TEST)
        .map(|d| (d.label(), d.fingerprint))
        .collect();
    if tests.is_empty() {
        return Err(plan(
            "has no dataset with `split = \"test\"`, so there is nothing to freeze".to_owned(),
        ));
    }
    let path = seal_path(experiment);
    if path.exists() {
        let there = read_seal(&path)?;
        if there.plan == definition.fingerprint() && there.tests == tests {
            return Ok(there);
        }
        return Err(plan(format!(
            "was frozen as another plan on {}; give the changed plan a new file, so that both stand",
            there.frozen
        )));
    }
    let seal = Freeze {
        version: VERSION,
        frozen: now.to_owned(),
        plan: definition.fingerprint(),
        primary: definition.primary.measure.to_string(),
        tests,
    };
    let text = serde_json::to_string_pretty(&seal).map_err(std::io::Error::other)? + "\n";
    durable::write(&path, text.as_bytes())?;
    Ok(seal)
}

fn read_seal(path: &Path) -> Result<Freeze, ExperimentError> {
    let damaged = |message: &str| ExperimentError::Record {
        path: path.to_owned(),
        message: message.to_owned(),
    };
    let seal: Freeze = serde_json::from_str(&fs_err::read_to_string(path)?)
        .map_err(|_| damaged("is no frozen plan; take it from version control again"))?;
    if seal.version == VERSION { Ok(seal) } else { Err(damaged("is of another version")) }
}

/// The reads counted in a file; none if there is no file.
///
/// # Errors
/// [`ExperimentError::Line`] naming a line that does not read.
pub fn reads(path: &Path) -> Result<Vec<Read>, ExperimentError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs_err::read(path)?;
    let mut reads = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line?;
        let read = serde_json::from_str(&line).map_err(|_| ExperimentError::Line {
            path: path.to_owned(),
            line: number,
            message: "is no read of a test set; take the file from version control again"
                .to_owned(),
        })?;
        reads.push(read);
    }
    Ok(reads)
}

/// Counts a read of every test set of an experiment.
///
/// # Errors
/// [`ExperimentError`] when seal or reads cannot be read or written.
pub fn count(
    experiment: &Path,
    definition: &Definition,
    datasets: &[Dataset],
    now: &str,
) -> Result<Vec<Read>, ExperimentError> {
    let file = super::system::folder_of(experiment).join(READS_FILE);
    let mut known = reads(&file)?;
    let seal = seal_path(experiment);
    let seal = if seal.exists() { Some(read_seal(&seal)?) } else { None };
    let plan = definition.fingerprint();
    let mut fresh = Vec::new();
    for dataset in datasets.iter().filter(|d| d.plan.split == TEST) {
        let earlier = || known.iter().filter(|r| r.topics == dataset.fingerprint);
        let before = earlier().count();
        // Running the very same plan again makes no new choice, unless its first read came before
        // the seal.
        let untouched = earlier().all(|r| r.plan == plan && r.confirmatory);
        let frozen = seal.as_ref().is_some_and(|s| {
            s.plan == plan && s.tests.contains(&(dataset.label(), dataset.fingerprint))
        });
        let read = Read {
            dataset: dataset.label(),
            topics: dataset.fingerprint,
            number: before as u32 + 1,
            experiment: definition.name.clone(),
            plan,
            confirmatory: frozen && untouched,
            read: now.to_owned(),
        };
        let line = serde_json::to_string(&read).map_err(std::io::Error::other)? + "\n";
        durable::append(&file, line.as_bytes())?;
        known.push(read.clone());
        fresh.push(read);
    }
    Ok(fresh)
}
