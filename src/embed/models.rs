//! Which models are at hand, are they sound, and how fast are they?
//!
//! The work behind `guidepost models`: list, pull, verify, quantise and bench. The built-in
//! model is always at hand; others are folders under one models folder, each with its manifest.
//! Files are copied only when their hashes are those pinned in the built-in manifest, written
//! aside and renamed, the manifest last, so that a folder with a manifest is complete. This
//! module prints nothing and does not know the command line.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fs_err as fs;
use schemars::JsonSchema;
use serde::Serialize;

use super::encoder::{Encoder, LoadError};
use super::manifest::{FileRecord, Manifest, ManifestError};
use super::model::{F32_FILE, INT8_FILE, MANIFEST_FILE, ModelFiles, Precision};
use super::quantise::quantise_weights;
use super::{EmbedError, Embedder, model};
use crate::durable;

/// Why a model file could not be handled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// A file cannot be read or written.
    #[error("cannot use a model file")]
    File {
        /// The failure; its text names the path.
        #[from]
        source: io::Error,
    },
    /// A manifest is refused.
    #[error("cannot read the model manifest")]
    Manifest {
        /// What is wrong with it.
        #[from]
        source: ManifestError,
    },
    /// A manifest cannot be written.
    #[error("cannot write the model manifest")]
    WriteManifest {
        /// What the writer said.
        #[source]
        source: Box<toml::ser::Error>,
    },
    /// A file is not the pinned one.
    #[error(
        "`{}` is not the pinned file: SHA-256 is {found}, expected {expected}", path.display()
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// SHA-256 pinned.
        expected: String,
        /// SHA-256 found.
        found: String,
    },
    /// A model cannot be loaded.
    #[error("cannot load the model")]
    Load {
        /// What is wrong with it.
        #[from]
        source: LoadError,
    },
    /// A text could not be embedded.
    #[error("cannot embed a text of the bench")]
    Embed {
        /// What went wrong.
        #[from]
        source: EmbedError,
    },
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the binary.
    BuiltIn,
    /// In a folder.
    Folder(PathBuf),
}

/// A model at hand.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelEntry {
    /// Its name.
    pub name: String,
    /// In which numbers it computes.
    pub precision: Precision,
    /// Where it is.
    pub place: Place,
    /// Width of its vectors.
    pub dimension: usize,
    /// Bytes of its weights.
    pub bytes: u64,
    /// Licence of its weights.
    pub licence: String,
    /// Where its files come from.
    pub source: String,
}

impl ModelEntry {
    fn new(manifest: &Manifest, precision: Precision, place: Place) -> Self {
        let weights = records(manifest, precision).get(precision.weights_file());
        Self {
            name: manifest.name.clone(),
            precision,
            place,
            dimension: manifest.dimension,
            bytes: weights.map_or(0, |record| record.bytes),
            licence: manifest.licence.clone(),
            source: manifest.source.clone(),
        }
    }

    /// Reads the model's files and compares them with the manifest.
    ///
    /// # Errors
    /// [`LoadError`] when a file is missing or not the manifest's.
    pub fn files(&self) -> Result<ModelFiles, LoadError> {
        match &self.place {
            Place::BuiltIn => ModelFiles::built_in(),
            Place::Folder(folder) => ModelFiles::open(folder, self.precision),
        }
    }
}

fn records(manifest: &Manifest, precision: Precision) -> &BTreeMap<String, FileRecord> {
    match precision {
        Precision::Int8 => &manifest.shipped,
        Precision::F32 => &manifest.pulled,
    }
}

/// The models at hand: the built-in one, then those found in `models`, by folder name. A folder
/// without a manifest is no model; `models` need not exist.
///
/// # Errors
/// [`ModelsError`] when a folder or a manifest cannot be read.
pub fn list(models: &Path) -> Result<Vec<ModelEntry>, ModelsError> {
    let built_in = model::default_manifest()?;
    let mut entries = vec![ModelEntry::new(&built_in, Precision::Int8, Place::BuiltIn)];
    for folder in model_folders(models)? {
        let manifest = Manifest::parse(&fs::read_to_string(folder.join(MANIFEST_FILE))?)?;
        for precision in [Precision::Int8, Precision::F32] {
            if folder.join(precision.weights_file()).is_file() {
                let place = Place::Folder(folder.clone());
                entries.push(ModelEntry::new(&manifest, precision, place));
            }
        }
    }
    Ok(entries)
}

fn model_folders(models: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(models) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    folders.retain(|folder| folder.join(MANIFEST_FILE).is_file());
    folders.sort();
    Ok(folders)
}

/// Copies the f32 files of the built-in model from `from` into a folder of its name under
/// `models`, and returns that folder. Files that are there already and right stay.
///
/// # Errors
/// [`ModelsError::Hash`] when a file is not the pinned one (nothing of it is kept),
/// [`ModelsError::File`] when one is missing or cannot be written.
pub fn pull(from: &Path, models: &Path) -> Result<PathBuf, ModelsError> {
    let manifest = model::default_manifest()?;
    let folder = models.join(&manifest.name);
    fs::create_dir_all(&folder)?;
    for (file, expected) in &manifest.pulled {
        let content = read_pinned(&from.join(file), expected)?;
        let there = folder.join(file);
        if !there.is_file() || FileRecord::of(&fs::read(&there)?) != *expected {
            durable::write(&there, &content)?;
        }
    }
    let text = toml::to_string(&manifest)
        .map_err(|source| ModelsError::WriteManifest { source: Box::new(source) })?;
    durable::write(&folder.join(MANIFEST_FILE), text.as_bytes())?;
    Ok(folder)
}

fn read_pinned(path: &Path, expected: &FileRecord) -> Result<Vec<u8>, ModelsError> {
    let content = fs::read(path)?;
    let found = FileRecord::of(&content);
    if found == *expected {
        return Ok(content);
    }
    let (expected, found) = (expected.sha256.clone(), found.sha256);
    Err(ModelsError::Hash { path: path.to_owned(), expected, found })
}

/// What [`verify`] found out about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileCheck {
    /// Name of the model.
    pub model: String,
    /// Where it is.
    pub place: Place,
    /// The file.
    pub file: String,
    /// SHA-256 by the manifest.
    pub expected: String,
    /// SHA-256 of the file; `None` when it is missing.
    pub found: Option<String>,
}

impl FileCheck {
    /// Whether the file is the manifest's.
    pub fn is_sound(&self) -> bool {
        self.found.as_ref() == Some(&self.expected)
    }
}

/// Hashes every file of every model at hand.
///
/// # Errors
/// [`ModelsError`] when a folder, a manifest or an existing file cannot be read. A file that is
/// missing or wrong is no error but a [`FileCheck`] that is not sound.
pub fn verify(models: &Path) -> Result<Vec<FileCheck>, ModelsError> {
    let mut checks = Vec::new();
    for entry in list(models)? {
        match &entry.place {
            Place::BuiltIn => verify_built_in(&entry, &mut checks)?,
            Place::Folder(folder) => verify_folder(&entry, folder, &mut checks)?,
        }
    }
    Ok(checks)
}

fn verify_built_in(entry: &ModelEntry, checks: &mut Vec<FileCheck>) -> Result<(), ModelsError> {
    let files = ModelFiles::built_in()?;
    for (file, expected) in &files.manifest.shipped {
        let content = if file == INT8_FILE { &files.weights } else { &files.tokenizer };
        let found = Some(FileRecord::of(content.as_ref()).sha256);
        checks.push(file_check(entry, file, expected, found));
    }
    Ok(())
}

fn verify_folder(
    entry: &ModelEntry,
    folder: &Path,
    checks: &mut Vec<FileCheck>,
) -> Result<(), ModelsError> {
    let manifest = Manifest::parse(&fs::read_to_string(folder.join(MANIFEST_FILE))?)?;
    for (file, expected) in records(&manifest, entry.precision) {
        let found = match fs::read(folder.join(file)) {
            Ok(content) => Some(FileRecord::of(&content).sha256),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        checks.push(file_check(entry, file, expected, found));
    }
    Ok(())
}

fn file_check(
    entry: &ModelEntry,
    file: &str,
    expected: &FileRecord,
    found: Option<String>,
) -> FileCheck {
    FileCheck {
        model: entry.name.clone(),
        place: entry.place.clone(),
        file: file.to_owned(),
        expected: expected.sha256.clone(),
        found,
    }
}

/// Makes the int8 weights of the built-in model from its pulled f32 files in `folder`, writes
/// them to `output`, and returns their record. The same input gives the same bytes, and these
/// are the bytes that are shipped.
///
/// # Errors
/// [`ModelsError`] when the f32 weights are missing, not the pinned ones, or cannot be laid out.
pub fn quantise(folder: &Path, output: &Path) -> Result<FileRecord, ModelsError> {
    let manifest = model::default_manifest()?;
    let expected =
        manifest.pulled.get(F32_FILE).ok_or(ManifestError::Unlisted { file: F32_FILE })?;
    let published = read_pinned(&folder.join(F32_FILE), expected)?;
    let weights = quantise_weights(&published, &manifest)?;
    durable::write(output, &weights)?;
    Ok(FileRecord::of(&weights))
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchSettings {
    /// Times each query is timed.
    pub rounds: usize,
    /// Passages embedded to measure throughput.
    pub passages: usize,
}

impl Default for BenchSettings {
    /// 20 rounds give 500 timed queries, enough for a p99; 64 passages take about half a second.
    fn default() -> Self {
        Self { rounds: 20, passages: 64 }
    }
}

/// Milliseconds, by share of calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// Half of the calls took no longer.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Percentiles {
    /// Nearest rank: the smallest value that at least the share of all values does not exceed.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let percentile = |percent: usize| {
            let rank = (percent * values.len()).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or(f64::NAN)
        };
        let [p50, p90, p99, max] = [50, 90, 99, 100].map(percentile);
        Self { p50, p90, p99, max }
    }
}

/// Agreement with the f32 model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Agreement {
    /// Texts compared.
    pub texts: usize,
    /// Least cosine.
    pub least: f64,
    /// Median cosine.
    pub median: f64,
}

/// What [`bench()`] measured, on one thread.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BenchReport {
    /// The embedder's name.
    pub model: String,
    /// The instructions it ran on.
    pub cpu_path: &'static str,
    /// Milliseconds from bytes in memory to a model that is ready.
    pub load_ms: f64,
    /// Calls timed.
    pub queries: usize,
    /// Fewest and most tokens of a query, special ones included.
    pub query_tokens: (usize, usize),
    /// Time of one query, tokenising included.
    pub query_ms: Percentiles,
    /// Passages embedded one after the other.
    pub passages: usize,
    /// Tokens of a passage, special ones included.
    pub passage_tokens: usize,
    /// Passages a second on one thread.
    pub passages_per_second: f64,
    /// Agreement with the f32 model, where one was given.
    pub agreement: Option<Agreement>,
}

/// Questions of 9 to 14 tokens, the length of real ones.
const BENCH_QUERIES: [&str; 25] = [
    "does having a mammogram hurt a lot",
    "how long do i wait for the results",
    "can i change the date of my appointment",
    "is it safe to be screened while pregnant",
    "what age do they stop inviting women",
    "why was i called back for more tests",
    "can my husband come into the room with me",
    "i have breast implants can i still go",
    "how do i collect a sample with the kit",
    "my bowel kit never arrived in the post",
    "do i need a smear test after the vaccine",
    "where is the mobile screening unit this week",
    "can i drive home after the eye drops",
    "what does a positive result really mean for me",
    "will anyone else be told about my result",
    "is there parking for disabled people at the clinic",
    "i moved house and did not get a letter",
    "what happens if they find an aneurysm in me",
    "how much radiation is there in one picture",
    "can a man be invited for breast screening",
    "i take blood thinners does that change anything",
    "how do i stop getting these invitations please",
    "what is the difference between a scan and a test",
    "do i have to say why i am not coming",
    "how often will i be invited in england",
];

/// Words of a passage that make about 128 tokens of the questions above.
const BENCH_PASSAGE_WORDS: usize = 120;

fn bench_passages(count: usize) -> Vec<String> {
    let words: Vec<_> = BENCH_QUERIES.iter().flat_map(|query| query.split(' ')).collect();
    let words = words.iter().cycle().copied();
    let passage = |first| words.clone().skip(first).take(BENCH_PASSAGE_WORDS).collect::<Vec<_>>();
    (0..count).map(|first| passage(first).join(" ")).collect()
}

/// Measures a model on one thread; `reference` is the f32 model to compare with.
///
/// # Errors
/// [`ModelsError`] when the model cannot be loaded or a text cannot be embedded.
pub fn bench(
    files: ModelFiles,
    reference: Option<&Encoder>,
    settings: BenchSettings,
) -> Result<BenchReport, ModelsError> {
    let start = Instant::now();
    let encoder = Encoder::load(files)?;
    let load_ms = milliseconds(start);
    let passages = bench_passages(settings.passages.max(1));
    let agreement = reference.map(|reference| agree(&encoder, reference, &passages)).transpose()?;
    let times = time_queries(&encoder, settings.rounds.max(1))?;
    let start = Instant::now();
    for passage in &passages {
        encoder.embed(&[passage.as_str()])?;
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(BenchReport {
        model: encoder.name().to_owned(),
        cpu_path: encoder.cpu_path().as_str(),
        load_ms,
        queries: times.len(),
        query_tokens: query_tokens(&encoder)?,
        query_ms: Percentiles::of(times),
        passages: passages.len(),
        passage_tokens: encoder.count_tokens(&passages[0])? + SPECIAL_TOKENS,
        passages_per_second: passages.len() as f64 / seconds,
        agreement,
    })
}

/// The tokens that begin and end every text.
const SPECIAL_TOKENS: usize = 2;

fn query_tokens(encoder: &Encoder) -> Result<(usize, usize), EmbedError> {
    let mut range = (usize::MAX, 0);
    for query in BENCH_QUERIES {
        let tokens = encoder.count_tokens(query)? + SPECIAL_TOKENS;
        range = (range.0.min(tokens), range.1.max(tokens));
    }
    Ok(range)
}

/// One round to warm up, then `rounds` that count.
fn time_queries(encoder: &Encoder, rounds: usize) -> Result<Vec<f64>, EmbedError> {
    let mut times = Vec::with_capacity(rounds * BENCH_QUERIES.len());
    for round in 0..=rounds {
        for query in BENCH_QUERIES {
            let start = Instant::now();
            encoder.embed(&[query])?;
            if round > 0 {
                times.push(milliseconds(start));
            }
        }
    }
    Ok(times)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn agree(
    encoder: &Encoder,
    reference: &Encoder,
    passages: &[String],
) -> Result<Agreement, EmbedError> {
    let texts: Vec<_> =
        BENCH_QUERIES.into_iter().chain(passages.iter().map(String::as_str)).collect();
    let (ours, theirs) = (encoder.embed(&texts)?, reference.embed(&texts)?);
    let pairs = ours.rows().into_iter().zip(theirs.rows());
    let mut cosines: Vec<f64> = pairs
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
        .collect();
    cosines.sort_by(f64::total_cmp);
    let texts = cosines.len();
    Ok(Agreement { texts, least: cosines[0], median: cosines[(texts - 1) / 2] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_listed_and_its_bytes_are_those_of_the_manifest() {
        let nowhere = tempfile::tempdir().unwrap();
        let models = list(&nowhere.path().join("absent")).unwrap();
        assert_eq!(models.len(), 1);
        assert_eq!(models[0].place, Place::BuiltIn);
        let checks = verify(nowhere.path()).unwrap();
        assert_eq!(checks.len(), 2);
        for check in checks {
            assert!(check.is_sound(), "{check:?}");
        }
    }

    #[test]
    fn nothing_is_pulled_from_files_that_are_not_pinned() {
        let from = tempfile::tempdir().unwrap();
        let models = tempfile::tempdir().unwrap();
        assert!(matches!(pull(from.path(), models.path()), Err(ModelsError::File { .. })));
        for file in model::default_manifest().unwrap().pulled.keys() {
            fs::write(from.path().join(file), "something else").unwrap();
        }
        assert!(matches!(pull(from.path(), models.path()), Err(ModelsError::Hash { .. })));
        assert_eq!(list(models.path()).unwrap().len(), 1);
    }

    /// Where `GUIDEPOST_MODELS` points, if it does.
    fn pulled() -> Option<PathBuf> {
        let models = std::env::var_os("GUIDEPOST_MODELS");
        if models.is_none() {
            eprintln!("GUIDEPOST_MODELS names no folder with pulled models: not tested with them");
        }
        models.map(|models| Path::new(&models).join("all-MiniLM-L6-v2"))
    }

    #[test]
    fn a_pulled_model_is_listed_and_verified_and_a_damaged_one_is_found() {
        let Some(from) = pulled() else { return };
        let models = tempfile::tempdir().unwrap();
        let folder = pull(&from, models.path()).unwrap();
        assert_eq!(pull(&from, models.path()).unwrap(), folder);
        let entries = list(models.path()).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].precision, Precision::F32);
        assert!(entries[1].files().is_ok());
        assert!(verify(models.path()).unwrap().iter().all(FileCheck::is_sound));
        fs::write(folder.join(model::TOKENIZER_FILE), "{}").unwrap();
        fs::remove_file(folder.join("config.json")).unwrap();
        let checks = verify(models.path()).unwrap();
        let unsound: Vec<_> = checks.iter().filter(|check| !check.is_sound()).collect();
        assert_eq!(unsound.len(), 2);
        assert!(unsound.iter().any(|check| check.found.is_none()));
        assert!(matches!(entries[1].files(), Err(LoadError::Hash { .. })));
        pull(&from, models.path()).unwrap();
        assert!(verify(models.path()).unwrap().iter().all(FileCheck::is_sound));
    }

    #[test]
    fn quantising_the_published_weights_gives_the_shipped_bytes() {
        let Some(from) = pulled() else { return };
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join(INT8_FILE);
        let record = quantise(&from, &output).unwrap();
        let shipped = ModelFiles::built_in().unwrap();
        assert_eq!(record.sha256, shipped.weights_sha256);
        assert!(fs::read(&output).unwrap() == shipped.weights.as_ref());
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let found = Percentiles::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(found, Percentiles { p50: 100.0, p90: 180.0, p99: 198.0, max: 200.0 });
        let one = Percentiles { p50: 3.0, p90: 3.0, p99: 3.0, max: 3.0 };
        assert_eq!(Percentiles::of(vec![3.0]), one);
    }

    #[test]
    fn bench_texts_have_the_lengths_they_claim() {
        let encoder = model::default_model().unwrap();
        let (least, most) = query_tokens(&encoder).unwrap();
        assert!((9..=14).contains(&least) && (9..=14).contains(&most), "{least} to {most}");
        for passage in bench_passages(3) {
            let tokens = encoder.count_tokens(&passage).unwrap() + SPECIAL_TOKENS;
            assert!((118..=138).contains(&tokens), "{tokens}");
        }
    }
}
