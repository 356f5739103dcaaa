//! Is the default index still that of the corpus, without reading the corpus as documents?
//!
//! The default index follows the corpus. To know whether it must be built again, documents and
//! rules would have to be read and checked before every question. Instead a note beside the index
//! says which snapshot the files had made: a hash of the path and bytes of every file, of the
//! model, the settings and this very program. Where anything differs the corpus is read as ever.
//! The note is never wrong, only missing: what makes the same hash makes the same snapshot.

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::embed::Embedder;
use crate::ids::{Fingerprint, PartsHasher};
use crate::index::settings::Settings;
use crate::index::store::Store;

/// The note, in the folder of caches.
const NOTE: &str = "followed.json";

/// Which snapshot some files make.
#[derive(Serialize, Deserialize)]
struct Note {
    files: Fingerprint,
    snapshot: Fingerprint,
}

fn path(store: &Store) -> PathBuf {
    store.root().join("cache").join(NOTE)
}

/// The snapshot that files of this hash made, if that is known.
pub(super) fn snapshot_of(store: &Store, files: Fingerprint) -> Option<Fingerprint> {
    let note: Note = serde_json::from_slice(&fs_err::read(path(store)).ok()?).ok()?;
    (note.files == files).then_some(note.snapshot)
}

/// Keeps which snapshot files of this hash made. That it cannot be kept costs only time.
pub(super) fn keep(store: &Store, files: Fingerprint, snapshot: Fingerprint) {
    if let Ok(text) = serde_json::to_vec(&Note { files, snapshot }) {
        let _ = durable::write(&path(store), &text);
    }
}

/// Hash of everything a snapshot of the corpus depends on; `None` where it cannot be told.
pub(super) fn hash_of(
    corpus: &Path,
    embedder: &dyn Embedder,
    settings: &Settings,
) -> Option<Fingerprint> {
    let mut hasher = PartsHasher::default();
    hasher.add(env!("CARGO_PKG_VERSION").as_bytes());
    let program = std::env::current_exe().and_then(fs_err::metadata).ok()?;
    let changed = program.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    hasher.add(&program.len().to_le_bytes());
    hasher.add(&changed.as_nanos().to_le_bytes());
    hasher.add(embedder.fingerprint().as_bytes());
    hasher.add(settings.fingerprint().as_bytes());
    add_folder(corpus, &mut hasher).ok()?;
    Some(hasher.finish())
}

/// Every file below a folder, by path: hidden ones too, for whatever is there may count.
fn add_folder(folder: &Path, hasher: &mut PartsHasher) -> io::Result<()> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        hasher.add(path.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            hasher.add(b"folder");
            add_folder(&path, hasher)?;
        } else {
            hasher.add(&fs_err::read(&path)?);
        }
    }
    hasher.add(b"end of folder");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::default_model;

    #[test]
    fn any_change_of_a_file_or_a_name_is_seen_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let (corpus, store) = (place.path().join("c"), Store::new(place.path().join("i")));
        fs_err::create_dir_all(corpus.join("safety")).unwrap();
        fs_err::create_dir_all(store.root().join("cache")).unwrap();
        let model = default_model().unwrap();
        let hash = || hash_of(&corpus, &model, &Settings::default()).unwrap();
        let mut seen = vec![hash()];
        for (file, text) in [("a.md", "one"), ("a.md", "two"), ("safety/b.toml", "two")] {
            fs_err::write(corpus.join(file), text).unwrap();
            seen.push(hash());
            assert_eq!(seen.last(), Some(&hash()));
        }
        fs_err::rename(corpus.join("a.md"), corpus.join("c.md")).unwrap();
        seen.push(hash());
        let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
        let snapshot = Fingerprint::of(b"snapshot");
        assert_eq!(snapshot_of(&store, seen[0]), None);
        keep(&store, seen[0], snapshot);
        assert_eq!(snapshot_of(&store, seen[0]), Some(snapshot));
        assert_eq!(snapshot_of(&store, seen[1]), None);
    }
}
