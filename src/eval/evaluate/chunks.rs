//! A file in chunks that end between blocks.

use std::io::{BufRead, Read};
use std::path::Path;

use super::blocks;
use crate::eval::format_error::FormatError;
use crate::eval::open;
use crate::eval::trec::columns;

/// Whole blocks of a run, and the line the first stands at.
pub(super) struct Chunk {
    pub(super) text: String,
    pub(super) first_line: usize,
}

impl Chunk {
    /// Whole blocks of about a size in bytes, each with the line its first stands at.
    pub(super) fn pieces(&self, size: usize) -> Vec<(usize, &str)> {
        let mut first_line = self.first_line;
        let with_lines = |piece| {
            let line = first_line;
            first_line += newlines(str::as_bytes(piece));
            (line, piece)
        };
        blocks::pieces(&self.text, size).into_iter().map(with_lines).collect()
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Reads a run in chunks of at least a size, the last apart; more only where one topic has
/// more.
pub(super) struct Chunks<'p> {
    path: &'p Path,
    reader: Box<dyn BufRead + Send>,
    size: usize,
    rest: Vec<u8>,
    next_line: usize,
    is_ended: bool,
}

impl<'p> Chunks<'p> {
    pub(super) fn open(path: &'p Path, size: usize) -> Result<Self, FormatError> {
        let reader = open::open(path)?;
        Ok(Self { path, reader, size, rest: Vec::new(), next_line: 1, is_ended: false })
    }

    pub(super) fn next(&mut self) -> Result<Option<Chunk>, FormatError> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = self.size;
        let end = loop {
            self.fill(&mut bytes, wanted)?;
            if self.is_ended {
                break bytes.len();
            }
            let whole_lines = memchr::memrchr(b'\n', &bytes).map_or(0, |newline| newline + 1);
            match blocks::last_block(self.text(&bytes[..whole_lines])?) {
                0 => wanted = bytes.len().saturating_mul(2),
                end => break end,
            }
        };
        self.rest = bytes.split_off(end);
        if bytes.is_empty() {
            return Ok(None);
        }
        self.text(&bytes)?;
        let first_line = self.next_line;
        self.next_line += newlines(&bytes);
        let text = String::from_utf8(bytes);
        Ok(text.ok().map(|text| Chunk { text, first_line }))
    }

    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> Result<(), FormatError> {
        let missing = wanted.saturating_sub(bytes.len());
        bytes.reserve(missing);
        let taken = self.reader.by_ref().take(missing as u64).read_to_end(bytes);
        let taken = taken.map_err(|source| FormatError::io(self.path, source))?;
        self.is_ended |= taken < missing;
        Ok(())
    }

    fn text<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, FormatError> {
        columns::text_of(bytes)
            .map_err(|(line, problem)| problem.at(self.path, self.next_line + line - 1))
    }
}
