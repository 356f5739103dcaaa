//! A record binds figures to everything they depend on, and can be verified and replayed.
//!
//! A record is a folder: the files of the report, and `record.json` with the experiment's text,
//! command, commit, machine, fingerprints of every input and of every file beside it, and a
//! checksum over itself. [`verify`] rehashes; [`replay`] asks everything again and compares the
//! bytes that must repeat, or says why it cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::conduct::{Prepared, Told, prepare};
use super::definition::{Definition, Places};
use super::freeze;
use super::output::{self, Named};
use super::system::{Workshop, folder_of};
use crate::durable;
use crate::eval::error::EvalError;
use crate::eval::report::model::{Environment, Input};
use crate::eval::sensitive::Key;
use crate::ids::Fingerprint;
use crate::index::build::Progress;

/// Name of a record's manifest.
pub const RECORD_FILE: &str = "record.json";
const VERSION: u32 = 1;

/// The manifest of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Version of the form.
    pub version: u32,
    /// Name of the experiment.
    pub name: String,
    /// The command.
    pub command: String,
    /// Path of the experiment's file; its paths are relative to the folder of it.
    pub experiment_path: String,
    /// The experiment's file, as it was.
    pub experiment: String,
    /// Hash of the plan.
    pub plan: String,
    /// Hash of the program that asked.
    pub program: String,
    /// Everything that went in.
    pub inputs: Vec<Input>,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// The machine and the moment.
    pub environment: Environment,
    /// Reads of test sets, with their numbers.
    pub reads: Vec<RecordedRead>,
    /// What was found before anything was asked: leaks that were scored all the same.
    pub warnings: Vec<String>,
    /// BLAKE3 of every file of the record.
    pub files: BTreeMap<String, String>,
    /// BLAKE3 of this manifest with the checksum empty.
    pub checksum: String,
}

/// A read of a test set as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedRead {
    /// Dataset and split.
    pub dataset: String,
    /// Hash of topics and judgements.
    pub topics: String,
    /// Which read it was.
    pub number: u32,
    /// Whether it confirms a frozen plan.
    pub confirmatory: bool,
    /// When.
    pub read: String,
}

/// What a record is made from.
pub struct Making<'a> {
    /// The experiment as prepared.
    pub prepared: &'a Prepared,
    /// Its file's path.
    pub experiment_path: &'a Path,
    /// Its file's text.
    pub experiment: &'a str,
    /// The command.
    pub command: &'a str,
    /// The machine.
    pub environment: &'a Environment,
    /// Reads.
    pub reads: &'a [freeze::Read],
    /// What was found before anything was asked.
    pub warnings: &'a [String],
    /// Files of the report.
    pub files: &'a [Named],
}

/// Writes a record: a new folder, whole or not at all.
///
/// # Errors
/// [`ExperimentError`] when the folder is there already, or cannot be written.
pub fn write(folder: &Path, making: &Making<'_>) -> Result<Record, ExperimentError> {
    if folder.exists() {
        return Err(ExperimentError::Record {
            path: folder.to_owned(),
            message: "is there already; records are never overwritten".to_owned(),
        });
    }
    let definition = &making.prepared.definition;
    let mut record = Record {
        version: VERSION,
        name: definition.name.clone(),
        command: making.command.to_owned(),
        experiment_path: making.experiment_path.to_string_lossy().into_owned(),
        experiment: making.experiment.to_owned(),
        plan: definition.fingerprint().to_string(),
        program: making.prepared.program.to_string(),
        inputs: making.prepared.inputs.clone(),
        seeds: definition.seeds.clone(),
        environment: making.environment.clone(),
        reads: making
            .reads
            .iter()
            .map(|r| RecordedRead {
                dataset: r.dataset.clone(),
                topics: r.topics.to_string(),
                number: r.number,
                confirmatory: r.confirmatory,
                read: r.read.clone(),
            })
            .collect(),
        warnings: making.warnings.to_vec(),
        files: making
            .files
            .iter()
            .map(|(name, bytes)| (name.clone(), Fingerprint::of(bytes).to_string()))
            .collect(),
        checksum: String::new(),
    };
    record.checksum = record.sum()?;
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs_err::create_dir_all(&parent)?;
    let aside = durable::folder_aside(&parent, ".recording-")?;
    let staged = aside.path().join("record");
    fs_err::create_dir(&staged)?;
    for (name, bytes) in making.files {
        durable::create(&staged.join(name), bytes)?;
    }
    let text = serde_json::to_string_pretty(&record).map_err(std::io::Error::other)? + "\n";
    durable::create(&staged.join(RECORD_FILE), text.as_bytes())?;
    durable::sync_folder(&staged)?;
    durable::rename(&staged, folder)?;
    Ok(record)
}

impl Record {
    /// Reads the manifest of a record and checks its checksum.
    ///
    /// # Errors
    /// [`ExperimentError::Record`].
    pub fn read(folder: &Path) -> Result<Record, ExperimentError> {
        let path = folder.join(RECORD_FILE);
        let wrong = |message: String| ExperimentError::Record { path: path.clone(), message };
        let record: Record = serde_json::from_str(&fs_err::read_to_string(&path)?)
            .map_err(|e| wrong(format!("is no record: {e}")))?;
        if record.version != VERSION {
            return Err(wrong(format!(
                "has version {}, this program reads {VERSION}",
                record.version
            )));
        }
        if record.sum()? != record.checksum {
            return Err(wrong(
                "was changed after it was made: its checksum does not fit".to_owned(),
            ));
        }
        Ok(record)
    }

    fn sum(&self) -> Result<String, ExperimentError> {
        let bare = Record { checksum: String::new(), ..self.clone() };
        let text = serde_json::to_string(&bare).map_err(std::io::Error::other)?;
        Ok(Fingerprint::of(text.as_bytes()).to_string())
    }
}

/// Rehashes every file of a record; what does not fit, in words.
///
/// # Errors
/// [`ExperimentError`] when the manifest itself cannot be used.
pub fn verify(folder: &Path) -> Result<Vec<String>, ExperimentError> {
    let record = Record::read(folder)?;
    let mut findings = Vec::new();
    for (name, print) in &record.files {
        match fs_err::read(folder.join(name)) {
            Ok(bytes) if Fingerprint::of(&bytes).to_string() == *print => {}
            Ok(_) => findings.push(format!("{name} was changed")),
            Err(_) => findings.push(format!("{name} is missing")),
        }
    }
    for entry in fs_err::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != RECORD_FILE && !record.files.contains_key(&name) {
            findings.push(format!("{name} is no file of the record"));
        }
    }
    findings.sort();
    Ok(findings)
}

/// How a replay ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Replay {
    /// The bytes are the same.
    Same {
        /// Files compared.
        files: Vec<String>,
        /// Whether the program that asked is another build than the recorded one.
        other_build: bool,
    },
    /// The bytes differ.
    Differs {
        /// The file and its first line that differs.
        differences: Vec<String>,
        /// Whether the program is another build.
        other_build: bool,
    },
    /// It cannot be asked again as it was.
    Cannot {
        /// Why not.
        reasons: Vec<String>,
    },
}

/// Asks everything of a record again, from nothing, and compares.
///
/// # Errors
/// [`EvalError`] when the record itself cannot be used, or asking fails for another cause than a
/// missing input.
pub fn replay(
    folder: &Path,
    data: Option<PathBuf>,
    key: Option<&Key>,
    workshop: &Workshop<'_>,
    program: Fingerprint,
    progress: &dyn Progress,
) -> Result<Replay, EvalError> {
    let record = Record::read(folder)?;
    let path = PathBuf::from(&record.experiment_path);
    let definition = Definition::parse(&record.experiment, &path)?;
    let places = Places { base: folder_of(&path), data };
    let prepared = match prepare(definition, places, key, workshop, program) {
        Ok(prepared) => prepared,
        Err(error) => {
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                reason = format!("{reason}: {error}");
                cause = error.source();
            }
            return Ok(Replay::Cannot { reasons: vec![reason] });
        }
    };
    let reasons = differing(&record.inputs, &prepared.inputs);
    if !reasons.is_empty() {
        return Ok(Replay::Cannot { reasons });
    }
    let analysis = prepared.conduct(None, workshop, progress)?;
    let rows = analysis.rows.clone();
    let reads = record
        .reads
        .iter()
        .map(|r| freeze::Read {
            dataset: r.dataset.clone(),
            topics: Fingerprint::ZERO,
            number: r.number,
            experiment: record.name.clone(),
            plan: Fingerprint::ZERO,
            confirmatory: r.confirmatory,
            read: r.read.clone(),
        })
        .collect();
    let warnings = record.warnings.clone();
    let told = Told { command: record.command.clone(), reads, warnings, ..Told::default() };
    let report = prepared.report(analysis, told);
    let other_build = record.program != program.to_string();
    let mut names = Vec::new();
    let mut differences = Vec::new();
    for (name, fresh) in output::repeatable(&report, &rows)? {
        let recorded = fs_err::read(folder.join(&name))?;
        let (recorded, fresh) = (without_texts(recorded), without_texts(fresh));
        if recorded != fresh {
            differences.push(first_difference(&name, &recorded, &fresh));
        }
        names.push(name);
    }
    Ok(if differences.is_empty() {
        Replay::Same { files: names, other_build }
    } else {
        Replay::Differs { differences, other_build }
    })
}

fn differing(recorded: &[Input], here: &[Input]) -> Vec<String> {
    let missing = recorded.iter().filter(|i| !here.contains(i)).map(|i| {
        let found = here.iter().find(|h| h.role == i.role && h.name == i.name);
        match found {
            Some(other) => format!(
                "{} `{}` is {} here, {} in the record",
                i.role,
                i.name,
                short(&other.fingerprint),
                short(&i.fingerprint)
            ),
            None => format!("{} `{}` is not here", i.role, i.name),
        }
    });
    missing.collect()
}

fn short(fingerprint: &str) -> &str {
    fingerprint.get(..12).unwrap_or(fingerprint)
}

/// Results without the texts on method and distrust that every report carries: they are not what
/// was measured, and are mended without measuring again.
fn without_texts(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return bytes;
    };
    match (text.find("\n  \"methods\": "), text.find("\n  \"warnings\": ")) {
        (Some(from), Some(to)) if from < to => {
            [&text.as_bytes()[..from], &text.as_bytes()[to..]].concat()
        }
        _ => bytes,
    }
}

fn first_difference(name: &str, recorded: &[u8], fresh: &[u8]) -> String {
    let text = |bytes: &[u8]| -> String {
        match crate::eval::compress::gunzip(bytes) {
            Ok(plain) => String::from_utf8_lossy(&plain).into_owned(),
            Err(_) => String::new(),
        }
    };
    let (recorded, fresh) = (text(recorded), text(fresh));
    let mut lines = recorded.lines().zip(fresh.lines());
    match (1..).zip(&mut lines).find(|(_, (a, b))| a != b) {
        Some((line, (a, b))) => format!("{name}:{line}: `{a}` in the record, `{b}` now"),
        None => format!(
            "{name} has {} lines in the record, {} now",
            recorded.lines().count(),
            fresh.lines().count()
        ),
    }
}

/// This machine, now.
pub fn environment(cpu_path: String, threads: usize, began: Timestamp) -> Environment {
    let field = |text: &str, name: &str| -> Option<String> {
        let line = text.lines().find(|l| l.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let read = |path: &str| fs_err::read_to_string(path).unwrap_or_default();
    let kilobytes = |text: Option<String>| -> Option<u64> {
        text?.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb * 1024)
    };
    Environment {
        began: began.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: commit(),
        processor: field(&read("/proc/cpuinfo"), "model name")
            .unwrap_or_else(|| "not known".to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        threads,
        memory: kilobytes(field(&read("/proc/meminfo"), "MemTotal")),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cpu_path,
        peak_memory: peak_memory(),
    }
}

/// Most memory this process has held, in bytes.
pub fn peak_memory() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb * 1024)
}

/// The commit of the working folder, with a mark for what is not committed.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let head = git(&["rev-parse", "HEAD"])?;
    let clean = git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if clean { head } else { format!("{head}+changes") })
}
