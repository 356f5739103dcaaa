//! Files that are either there whole or not there: write aside, fsync, rename.
//!
//! The rest of the crate writes whatever another process may read through these functions, so
//! that a kill at any instant leaves the old file or the new one, never half of either.

pub mod lines;

use std::io::{self, Write as _};
use std::path::Path;

/// Prefix of files being written; one that is left over belongs to a writer that was killed.
pub const WRITING: &str = ".writing-";

/// Writes a file whole: into a temporary file beside it, fsynced, renamed, folder fsynced. A file
/// that is replaced keeps its permissions.
///
/// # Errors
/// The IO error of whichever step failed, naming the path; the old file, if any, is untouched.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = parent(path);
    let mut aside = builder(WRITING, 0o666).tempfile_in(folder)?;
    aside.write_all(bytes)?;
    if let Ok(old) = std::fs::metadata(path) {
        aside.as_file().set_permissions(old.permissions())?;
    }
    aside.as_file().sync_all()?;
    aside.persist(path).map_err(|e| e.error)?;
    sync_folder(folder)
}

/// Writes a new file and fsyncs it; for files of a folder that is itself built aside.
///
/// # Errors
/// The IO error, naming the path; that the file exists already is one.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs_err::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Appends one record to a file and fsyncs it; creates the file first if need be.
///
/// # Errors
/// The IO error of whichever step failed, naming the path.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let existed = path.exists();
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if existed { Ok(()) } else { sync_folder(parent(path)) }
}

/// Renames a folder or file and fsyncs the folder it lands in.
///
/// # Errors
/// The IO error of whichever step failed, naming the paths.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::rename(from, to)?;
    sync_folder(parent(to))
}

/// Fsyncs every file and folder below a folder, and the folder itself.
///
/// # Errors
/// The IO error of the first step that failed, naming the path.
pub fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            fs_err::File::open(&path)?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Fsyncs a folder, so that names in it survive a crash.
///
/// # Errors
/// The IO error, naming the path.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Folders cannot be opened as files everywhere; where they cannot, renames are durable.
    if cfg!(unix) { fs_err::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// An empty folder with a name of its own, for building something aside.
///
/// # Errors
/// The IO error, naming the path.
pub fn folder_aside(folder: &Path, prefix: &str) -> io::Result<tempfile::TempDir> {
    builder(prefix, 0o777).tempdir_in(folder)
}

/// What is built aside becomes public when it is renamed, so it gets the permissions of any
/// other new file (less the process's mask), not the private ones of a temporary file.
fn builder(prefix: &str, mode: u32) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("CURRENT");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        append(&folder.path().join("log"), b"a\n").unwrap();
        append(&folder.path().join("log"), b"b\n").unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"two");
        assert_eq!(fs_err::read(folder.path().join("log")).unwrap(), b"a\nb\n");
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 2);
    }
}
