//! The index folder: snapshots side by side, and which of them is current.
//!
//! ```text
//! snapshots/<id>/      immutable snapshots
//! CURRENT              id of the one that is served
//! published.jsonl      every id ever made current, in order; what rollback reads
//! revocations.jsonl    documents taken back at once, append-only
//! cache/               embeddings by content
//! LOCK                 held by whoever writes
//! ```
//!
//! Every change is one rename or one append; a kill at any instant leaves the previous state.
//! What an interrupted build leaves behind (`snapshots/.building-*`) is never read and is
//! removed by the next writer. Readers take no lock.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::manifest::Manifest;
use super::snapshot::{MANIFEST_FILE, Snapshot, SnapshotError, read_manifest};
use crate::durable;
use crate::ids::{DocumentId, Fingerprint};

const SNAPSHOTS: &str = "snapshots";
const BUILDING: &str = ".building-";
const CURRENT: &str = "CURRENT";
const PUBLISHED: &str = "published.jsonl";
const REVOCATIONS: &str = "revocations.jsonl";
const LOCK: &str = "LOCK";
/// How often, and how long apart, a lock that is held is tried again: a tenth of a second in all.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why the index folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("the index folder cannot be used")]
    Io {
        /// Why; names the path.
        #[source]
        source: std::io::Error,
    },
    /// Another process is writing.
    #[error("another process is writing to {}; wait until it has ended", .root.display())]
    Locked {
        /// The index folder.
        root: PathBuf,
    },
    /// There is no current snapshot.
    #[error("{} holds no snapshot; build one with `guidepost index build`", .root.display())]
    NoSnapshot {
        /// The index folder.
        root: PathBuf,
    },
    /// A file of the folder does not parse.
    #[error("{}:{line}: {message}; restore the file or build the index again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The snapshot asked for is not there.
    #[error("no snapshot `{wanted}` in {}; `guidepost index list` shows what is there", .root.display())]
    Unknown {
        /// The index folder.
        root: PathBuf,
        /// What was asked for.
        wanted: String,
    },
    /// There is nothing to go back to.
    #[error("no earlier snapshot in {} to go back to", .root.display())]
    NothingEarlier {
        /// The index folder.
        root: PathBuf,
    },
    /// The snapshot to go back to does not open.
    #[error("snapshot {id} does not open")]
    Snapshot {
        /// The snapshot.
        id: Fingerprint,
        /// Why.
        #[source]
        source: Box<SnapshotError>,
    },
}

impl From<std::io::Error> for StoreError {
    fn from(source: std::io::Error) -> Self {
        StoreError::Io { source }
    }
}

/// The index folder, for reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

/// A snapshot of the folder.
#[derive(Debug)]
pub struct Listed {
    /// Id: the name of its folder.
    pub id: String,
    /// Whether it is served.
    pub current: bool,
    /// Its manifest, or why it cannot be read.
    pub manifest: Result<Manifest, SnapshotError>,
}

/// That a certificate does not hold for now, or does again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// The certificate.
    pub certificate: Fingerprint,
    /// Why it was suspended, or who lifted that and why.
    pub reason: String,
    /// Whether the suspension is lifted by this line.
    pub lifted: bool,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
}

/// A document taken back at once, without a rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The document.
    pub document: DocumentId,
    /// Who took it back.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
}

/// A snapshot that was made current.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Published {
    /// The snapshot.
    id: Fingerprint,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
}

impl Store {
    /// The index in a folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Store {
        Store { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where embeddings are cached.
    pub fn cache_path(&self) -> PathBuf {
        self.root.join("cache").join("embeddings.bin")
    }

    /// Where calibrations of this index stand.
    pub fn calibrations(&self) -> PathBuf {
        self.root.join("calibrations")
    }

    /// Where certificates of this index stand.
    pub fn certificates(&self) -> PathBuf {
        self.root.join("certificates")
    }

    /// The file of suspensions, whether or not it exists: the audit trail of certificates.
    pub fn suspensions_path(&self) -> PathBuf {
        self.certificates().join("suspensions.jsonl")
    }

    /// Every suspension of a certificate and every lifting of one, in order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the line: an unreadable suspension must stop the engine.
    pub fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        let lines = read_lines::<Suspension>(&self.suspensions_path())?;
        Ok(lines.into_iter().map(|(suspension, _)| suspension).collect())
    }

    /// Folder of a snapshot.
    pub fn folder(&self, id: Fingerprint) -> PathBuf {
        self.root.join(SNAPSHOTS).join(id.to_string())
    }

    /// Id of the current snapshot.
    ///
    /// # Errors
    /// [`StoreError::NoSnapshot`] when nothing was ever published here.
    pub fn current(&self) -> Result<Fingerprint, StoreError> {
        let path = self.root.join(CURRENT);
        if !path.exists() {
            return Err(StoreError::NoSnapshot { root: self.root.clone() });
        }
        let text = fs_err::read_to_string(&path)?;
        text.trim_end().parse().map_err(|error: crate::ids::IdError| StoreError::Damaged {
            path,
            line: 1,
            message: error.to_string(),
        })
    }

    /// Opens the current snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when there is none or it does not open.
    pub fn open_current(&self) -> Result<Snapshot, StoreError> {
        self.open(self.current()?)
    }

    /// Opens the current snapshot as [`Snapshot::open_at_once`] does.
    ///
    /// # Errors
    /// As [`Store::open_current`], save for damage that is found later.
    pub fn open_current_at_once(&self, verified_first: u64) -> Result<Snapshot, StoreError> {
        self.open_at_once(self.current()?, verified_first)
    }

    /// Opens a snapshot and verifies all of it.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] when it does not open.
    pub fn open(&self, id: Fingerprint) -> Result<Snapshot, StoreError> {
        self.open_at_once(id, u64::MAX)
    }

    fn open_at_once(&self, id: Fingerprint, verified_first: u64) -> Result<Snapshot, StoreError> {
        let failed = |source| StoreError::Snapshot { id, source: Box::new(source) };
        let snapshot = Snapshot::open_at_once(&self.folder(id), verified_first).map_err(failed)?;
        if snapshot.id() == id {
            Ok(snapshot)
        } else {
            Err(failed(SnapshotError::Identity { id, computed: snapshot.id() }))
        }
    }

    /// Whether a snapshot is there and opens.
    pub fn opens(&self, id: Fingerprint) -> bool {
        self.folder(id).join(MANIFEST_FILE).exists() && self.open(id).is_ok()
    }

    /// All snapshots, by id.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let folder = self.root.join(SNAPSHOTS);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let current = self.current().ok().map(|id| id.to_string());
        let mut names = Vec::new();
        for entry in fs_err::read_dir(&folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        Ok(names
            .into_iter()
            .map(|id| Listed {
                current: current.as_deref() == Some(&id),
                manifest: read_manifest(&folder.join(&id)),
                id,
            })
            .collect())
    }

    /// The snapshot whose id begins with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when none or several do.
    pub fn find(&self, prefix: &str) -> Result<Fingerprint, StoreError> {
        let matching: Vec<Fingerprint> = self
            .list()?
            .iter()
            .filter(|listed| listed.id.starts_with(prefix))
            .filter_map(|listed| listed.id.parse().ok())
            .collect();
        match matching[..] {
            [id] => Ok(id),
            _ => Err(StoreError::Unknown { root: self.root.clone(), wanted: prefix.to_owned() }),
        }
    }

    /// The file of revocations, whether or not it exists.
    pub fn revocations_path(&self) -> PathBuf {
        self.root.join(REVOCATIONS)
    }

    /// All revocations, the first one of each document.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the line: an unreadable revocation must stop the engine,
    /// not be skipped.
    pub fn revocations(&self) -> Result<BTreeMap<DocumentId, Revocation>, StoreError> {
        let path = self.revocations_path();
        let mut revocations = BTreeMap::new();
        for (revocation, _) in read_lines::<Revocation>(&path)? {
            revocations.entry(revocation.document.clone()).or_insert(revocation);
        }
        Ok(revocations)
    }

    /// Takes the lock for writing; creates the folder first if need be.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process holds it.
    pub fn lock(&self) -> Result<Writer<'_>, StoreError> {
        fs_err::create_dir_all(self.root.join(SNAPSHOTS))?;
        fs_err::create_dir_all(self.root.join("cache"))?;
        let path = self.root.join(LOCK);
        let file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
        // A program that another thread of this process is just starting holds a copy of every
        // lock for an instant, so one refusal proves nothing.
        let mut tries = LOCK_TRIES;
        loop {
            match file.file().try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { root: self.root.clone() });
                }
                Err(TryLockError::Error(source)) => return Err(StoreError::Io { source }),
            }
        }
        let writer = Writer { store: self, _lock: file };
        writer.sweep()?;
        Ok(writer)
    }
}

/// The index folder, for writing; the lock is released when this is dropped.
#[derive(Debug)]
pub struct Writer<'a> {
    store: &'a Store,
    _lock: fs_err::File,
}

impl Writer<'_> {
    /// Removes what writers that were killed have left.
    fn sweep(&self) -> Result<(), StoreError> {
        let root = &self.store.root;
        for (folder, prefix) in [(root.join(SNAPSHOTS), BUILDING), (root.clone(), durable::WRITING)]
        {
            for entry in fs_err::read_dir(&folder)? {
                let path = entry?.path();
                let is_left =
                    path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(prefix));
                if is_left && path.is_dir() {
                    fs_err::remove_dir_all(path)?;
                } else if is_left {
                    fs_err::remove_file(path)?;
                }
            }
        }
        Ok(())
    }

    /// An empty folder to build a snapshot in.
    ///
    /// # Errors
    /// [`StoreError::Io`] when folders cannot be removed or made.
    pub fn begin(&mut self) -> Result<TempDir, StoreError> {
        let folder = self.store.root.join(SNAPSHOTS);
        Ok(durable::folder_aside(&folder, BUILDING)?)
    }

    /// Renames a finished folder to its id and makes it current.
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot that was current stays so.
    pub fn publish(&mut self, folder: TempDir, id: Fingerprint) -> Result<(), StoreError> {
        let target = self.store.folder(id);
        if target.exists() {
            // It did not open, or it would have been reused: set it aside, then drop it.
            let aside = folder.path().with_extension("damaged");
            durable::rename(&target, &aside)?;
            durable::rename(&folder.keep(), &target)?;
            fs_err::remove_dir_all(aside)?;
        } else {
            durable::rename(&folder.keep(), &target)?;
        }
        self.make_current(id)
    }

    /// Makes a snapshot of the folder current.
    ///
    /// # Errors
    /// [`StoreError`]; the snapshot that was current stays so.
    pub fn make_current(&mut self, id: Fingerprint) -> Result<(), StoreError> {
        if self.store.current().is_ok_and(|current| current == id) {
            return Ok(());
        }
        append_line(&self.store.root.join(PUBLISHED), &Published { id, at: Timestamp::now() })?;
        durable::write(&self.store.root.join(CURRENT), format!("{id}\n").as_bytes())?;
        Ok(())
    }

    /// Goes back to `to`, or to the snapshot that was current before the current one. Going back
    /// counts as a publication, so going back twice returns.
    ///
    /// # Errors
    /// [`StoreError::NothingEarlier`], or [`StoreError::Snapshot`] when it does not open.
    pub fn rollback(&mut self, to: Option<Fingerprint>) -> Result<Fingerprint, StoreError> {
        let store = self.store;
        let current = store.current()?;
        let target = match to {
            Some(id) => id,
            None => read_lines::<Published>(&store.root.join(PUBLISHED))?
                .iter()
                .rev()
                .map(|(published, _)| published.id)
                // A crash may have left ids behind the current one that were never served.
                .skip_while(|id| *id != current)
                .find(|id| *id != current && store.folder(*id).exists())
                .ok_or_else(|| StoreError::NothingEarlier { root: store.root.clone() })?,
        };
        store.open(target)?;
        self.make_current(target)?;
        Ok(target)
    }

    /// Suspends a certificate, or lifts that, at once.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the record cannot be written; then nothing has changed.
    pub fn suspend(&mut self, suspension: &Suspension) -> Result<(), StoreError> {
        fs_err::create_dir_all(self.store.certificates())?;
        append_line(&self.store.suspensions_path(), suspension)
    }

    /// Takes a document back at once.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the record cannot be written; then nothing is revoked.
    pub fn revoke(&mut self, revocation: &Revocation) -> Result<(), StoreError> {
        append_line(&self.store.revocations_path(), revocation)
    }
}

fn append_line(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let mut line = serde_json::to_string(value).map_err(std::io::Error::other)?;
    line.push('\n');
    if path.exists() {
        let old = read_text(path)?;
        let (whole, tail) = split_tail(&old);
        if is_whole_record(tail) {
            line.insert(0, '\n');
        } else if !tail.is_empty() {
            durable::write(path, whole.as_bytes())?;
        }
    }
    durable::append(path, line.as_bytes())?;
    Ok(())
}

/// Reads a file of lines; a last letter that a crash cut short is left out.
fn read_text(path: &Path) -> Result<String, StoreError> {
    let mut bytes = fs_err::read(path)?;
    if let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes)
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error).into())
}

/// The lines that have an end, and what stands behind the last end.
fn split_tail(text: &str) -> (&str, &str) {
    text.split_at(text.rfind('\n').map_or(0, |end| end + 1))
}

/// Whether a line without its end is a record all the same: only the end is missing.
fn is_whole_record(tail: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(tail).is_ok_and(|value| value.is_object())
}

/// Reads JSON lines. A last line without its end counts where it is a whole record; else a crash
/// cut it short before it was acknowledged, and it is not read. Any other line that does not
/// parse is an error.
fn read_lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<(T, usize)>, StoreError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = read_text(path)?;
    let (whole, tail) = split_tail(&text);
    let read = if is_whole_record(tail) { text.as_str() } else { whole };
    let mut values = Vec::new();
    for (number, line) in (1..).zip(read.lines()) {
        match serde_json::from_str(line) {
            Ok(value) => values.push((value, number)),
            Err(error) => {
                let message = error.to_string();
                return Err(StoreError::Damaged { path: path.to_owned(), line: number, message });
            }
        }
    }
    Ok(values)
}
