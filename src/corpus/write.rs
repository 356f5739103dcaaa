//! How is a file of the corpus replaced without anybody ever seeing half of it?
//!
//! Written aside in the same folder under a hidden name (which readers skip), synced, renamed.

use std::io::{self, Write};
use std::path::Path;

/// Replaces an existing file, keeping its permissions. The replacement lasts once the folder is
/// synced ([`sync_folder`]).
///
/// # Errors
/// Whatever the system says; the file is then as it was.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let permissions = fs_err::metadata(path)?.permissions();
    let mut aside = tempfile::Builder::new().prefix(".aside-").tempfile_in(folder)?;
    aside.write_all(bytes)?;
    aside.as_file().set_permissions(permissions)?;
    aside.as_file().sync_all()?;
    aside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a new file and syncs it.
///
/// # Errors
/// Whatever the system says.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs_err::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes renames in a folder last.
///
/// # Errors
/// Whatever the system says.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}
