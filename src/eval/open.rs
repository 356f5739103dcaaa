//! Opens a file for reading, whether plain, gzip or zstd.
//!
//! The compression is told by the first bytes, never by the name. Files of several gzip members
//! or zstd frames are read to their end. Knows nothing of what the files hold.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use super::format_error::FormatError;

/// Bytes read from the system at a time.
const BUFFER: usize = 1 << 17;
/// First bytes of a gzip member (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// First bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes 2 to 4 of a skippable frame, with which parallel compressors begin (RFC 8878, 3.1.2).
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Opens a file; what is read is decompressed where it is gzip or zstd.
///
/// # Errors
/// [`FormatError::Io`] when the file cannot be opened or is not what its first bytes say.
/// A file that is cut off or damaged further on gives an [`io::Error`] when it is read.
pub fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, FormatError> {
    decompressed(path).map_err(|source| FormatError::io(path, source))
}

/// Reads a whole file, decompressed where it is gzip or zstd.
///
/// # Errors
/// [`FormatError::Io`] when the file cannot be opened, read or decompressed.
pub fn read(path: &Path) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|source| FormatError::io(path, source))?;
    Ok(bytes)
}

fn decompressed(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = fs_err::File::open(path)?;
    let mut head = Vec::with_capacity(4);
    Read::by_ref(&mut file).take(4).read_to_end(&mut head)?;
    let is_gzip = head.starts_with(&GZIP);
    let is_zstd = head.starts_with(&ZSTD)
        || matches!(head.as_slice(), [first, rest @ ..] if first >> 4 == 5 && *rest == ZSTD_SKIPPABLE);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(file));
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(whole)))
    } else if is_zstd {
        Box::new(BufReader::with_capacity(BUFFER, zstd::Decoder::with_buffer(whole)?))
    } else {
        Box::new(whole)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 0).unwrap()
    }

    #[track_caller]
    fn check(stored: &[u8], expected: &[u8]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("name.says.nothing");
        fs_err::write(&path, stored).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
    }

    #[test]
    fn content_is_the_same_however_it_is_stored() {
        for content in [&b""[..], b"a", b"\x1f", b"1 0 d1 1\n", &vec![b'x'; 300_000]] {
            check(content, content);
            check(&gzip(content), content);
            check(&zstd_frame(content), content);
        }
    }

    #[test]
    fn members_and_frames_after_the_first_are_read() {
        check(&[gzip(b"a\n"), gzip(b"b\n")].concat(), b"a\nb\n");
        check(&[zstd_frame(b"a\n"), zstd_frame(b"b\n")].concat(), b"a\nb\n");
        let skippable = [&[0x50][..], &ZSTD_SKIPPABLE, &2u32.to_le_bytes(), b"ab"].concat();
        check(&[skippable, zstd_frame(b"c\n")].concat(), b"c\n");
    }

    #[test]
    fn a_file_cut_off_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        for (name, whole) in [("cut.gz", gzip(&[7; 5000])), ("cut.zst", zstd_frame(&[7; 5000]))] {
            let path = folder.path().join(name);
            fs_err::write(&path, &whole[..whole.len() - 3]).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains(name));
        }
        let error = read(&folder.path().join("absent")).unwrap_err();
        assert!(error.to_string().ends_with("absent cannot be read"), "{error}");
    }
}
