//! Which models are at hand, and are they sound?
//!
//! The work behind `guidepost models`: list, pull, verify and quantise. The built-in
//! model is always at hand; others are folders under one models folder, each with its manifest.
//! Files are copied only when their hashes are those pinned in the built-in manifest, written
//! aside and renamed, the manifest last, so that a folder with a manifest is complete. This
//! module prints nothing and does not know the command line.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use schemars::JsonSchema;
use serde::Serialize;

use super::encoder::LoadError;
use super::manifest::{FileRecord, Manifest, ManifestError};
use super::model::{F32_FILE, INT8_FILE, MANIFEST_FILE, ModelFiles, Precision};
use super::quantise::quantise_weights;
use super::{EmbedError, model};
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
    /// A runtime's vectors are not those expected.
    #[error(
        "{runtime} is not timed: its least cosine to the published model is {found:.5}, below {floor}"
    )]
    Disagrees {
        /// The runtime.
        runtime: String,
        /// Least cosine found.
        found: f64,
        /// What it should reach.
        floor: f64,
    },
    /// Two paths of the processor give different vectors.
    #[error("{runtime} is not timed: its vectors differ from those of the fastest path")]
    OtherBits {
        /// The runtime.
        runtime: String,
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
}
