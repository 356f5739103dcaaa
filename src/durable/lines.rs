//! Lines of JSON that nobody else may read: appended whole, kept through a crash.
//!
//! A file is made aside and appears with its first lines in it, readable by its owner alone; lines
//! are appended under a lock, so that several programs may write one file. A line that a crash cut
//! short was never acknowledged: the next writer takes it away, and readers leave it out. What the
//! lines hold is the caller's business, but each says its `version`.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{WRITING, builder, parent, sync_folder};

/// Why lines cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinesError {
    /// The file cannot be written or read.
    #[error("{} cannot be used", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line does not parse.
    #[error("{}:{line}: {message}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A line was written by another version of the program.
    #[error("{}:{line}: version {found}, but this program reads version {known}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its version.
        found: u32,
        /// The version known.
        known: u32,
    },
}

/// What every line says.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Appends values, a line each; when it returns they are on disk.
///
/// # Errors
/// [`LinesError::Io`]; lines that were there before stay as they were.
pub fn append<T: Serialize>(path: &Path, values: &[T]) -> Result<(), LinesError> {
    let failed = |source| LinesError::Io { path: path.to_owned(), source };
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value).map_err(|e| failed(io::Error::other(e)))?;
        lines.push(b'\n');
    }
    append_bytes(path, &lines).map_err(failed)
}

fn append_bytes(path: &Path, lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    if !path.exists() && made(path, lines)? {
        return Ok(());
    }
    let mut file = fs_err::OpenOptions::new().read(true).append(true).open(path)?;
    file.file().lock()?;
    if cut_short(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(lines)?;
    file.sync_all()
}

/// Makes the file aside; `false` when somebody else was first.
fn made(path: &Path, lines: &[u8]) -> io::Result<bool> {
    let folder = parent(path);
    let mut aside = builder(WRITING, 0o600).tempfile_in(folder)?;
    aside.write_all(lines)?;
    aside.as_file().sync_all()?;
    match aside.persist_noclobber(path) {
        Ok(_) => sync_folder(folder).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// Takes away a last line that a crash cut short; `true` when the line is whole and only its end is
/// missing.
fn cut_short(file: &mut fs_err::File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(false);
    }
    let mut all = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut all)?;
    let tail = all.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    if serde_json::from_slice::<Versioned>(&all[tail..]).is_ok() {
        return Ok(true);
    }
    file.set_len(tail as u64)?;
    Ok(false)
}

/// Reads all lines of a version. A last line without its end counts where it is whole.
///
/// # Errors
/// [`LinesError`] naming the first line that does not parse or is of another version.
pub fn read<T: DeserializeOwned>(path: &Path, known: u32) -> Result<Vec<T>, LinesError> {
    let bytes =
        fs_err::read(path).map_err(|source| LinesError::Io { path: path.to_owned(), source })?;
    let mut values = Vec::new();
    for (line, text) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let damaged = |error: serde_json::Error| LinesError::Damaged {
            path: path.to_owned(),
            line,
            message: error.to_string(),
        };
        let found = match serde_json::from_slice::<Versioned>(text) {
            Ok(versioned) => versioned.version,
            Err(_) if text.last() != Some(&b'\n') => break,
            Err(error) => return Err(damaged(error)),
        };
        if found != known {
            return Err(LinesError::Version { path: path.to_owned(), line, found, known });
        }
        values.push(serde_json::from_slice(text).map_err(damaged)?);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Value {
        version: u32,
        text: String,
    }

    fn value(text: &str) -> Value {
        Value { version: 1, text: text.to_owned() }
    }

    fn texts(path: &Path) -> Vec<String> {
        read::<Value>(path, 1).unwrap().into_iter().map(|value| value.text).collect()
    }

    #[test]
    fn lines_are_kept_and_nobody_else_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        append::<Value>(&path, &[]).unwrap();
        assert!(!path.exists());
        append(&path, &[value("a"), value("b")]).unwrap();
        append(&path, &[value("c")]).unwrap();
        assert_eq!(texts(&path), ["a", "b", "c"]);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs_err::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_line_cut_short_anywhere_is_left_out_and_the_next_one_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        append(&path, &[value("one"), value("twö")]).unwrap();
        let whole = fs_err::read(&path).unwrap();
        let first = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for length in 0..whole.len() {
            fs_err::write(&path, &whole[..length]).unwrap();
            let mut expected = match length {
                _ if length + 1 < first => vec![],
                _ if length + 1 < whole.len() => vec!["one"],
                _ => vec!["one", "twö"],
            };
            assert_eq!(texts(&path), expected, "{length}");
            append(&path, &[value("three")]).unwrap();
            expected.push("three");
            assert_eq!(texts(&path), expected, "{length}");
        }
    }

    #[test]
    fn damage_and_other_versions_name_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let read_of = |text: &str| {
            fs_err::write(&path, text).unwrap();
            read::<Value>(&path, 1).unwrap_err().to_string()
        };
        let sound = "{\"version\":1,\"text\":\"a\"}\n";
        assert!(read_of(&format!("{sound}x\n{sound}")).contains("log:2: "));
        assert!(read_of("{\"version\":2,\"text\":\"a\"}\n").contains("log:1: version 2"));
        assert!(read_of("{\"version\":1}\n").contains("missing field `text`"));
    }

    #[test]
    fn several_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..8 {
                        append(path, &[value(&format!("{writer} {n}"))]).unwrap();
                    }
                });
            }
        });
        let mut found = texts(&path);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 32);
    }
}
