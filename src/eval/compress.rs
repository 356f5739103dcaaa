//! Writing gzip and Zstandard; reading is [`super::open`]'s. The same bytes for the same input: no
//! time and no name of a file go in.

use std::io::{self, Read as _, Write as _};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

/// Level of Zstandard: its default.
const ZSTD_LEVEL: i32 = 3;

/// Bytes as a gzip file.
///
/// # Errors
/// The IO error of the encoder.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Bytes as a Zstandard file.
///
/// # Errors
/// The IO error of the encoder.
pub fn zstd(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::encode_all(bytes, ZSTD_LEVEL)
}

/// The bytes of a gzip file; bytes that are none as they are.
///
/// # Errors
/// The IO error of a damaged file.
pub fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_repeats() {
        let text = b"a,b\n1,2\n".repeat(1000);
        let packed = gzip(&text).unwrap();
        assert!(packed.len() < text.len() / 10);
        assert_eq!(packed, gzip(&text).unwrap());
        assert_eq!(gunzip(&packed).unwrap(), text);
        assert_eq!(gunzip(&text).unwrap(), text);
        assert_eq!(zstd::decode_all(zstd(&text).unwrap().as_slice()).unwrap(), text);
    }
}
