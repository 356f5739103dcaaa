//! How is a corpus of JSON lines read that is larger than memory?
//!
//! [`CorpusLines`] knows where each line begins, by id, and makes the document of a line when it
//! is asked for: the very document that an import of the file and an approval of all its drafts
//! would leave in a folder, byte for byte. It holds some 30 bytes and the id of each line. The
//! file must stay as it is meanwhile; a line that has become another one is an error.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::draft::Draft;
use super::jsonl::{CORPUS_CURE, CorpusLine, corpus_draft, document_id, find};
use super::{ImportError, ImportOptions};
use crate::corpus::approve::{ApproveError, Grant, check_grant, granted_text};
use crate::corpus::document::Document;
use crate::corpus::read::read_document;
use crate::ids::DocumentId;

/// A corpus of JSON lines, each made a document when it is asked for.
#[derive(Debug)]
pub struct CorpusLines {
    path: PathBuf,
    file: Mutex<fs_err::File>,
    options: ImportOptions,
    approval: String,
    /// All ids, one behind the other.
    ids: String,
    lines: Vec<Line>,
}

/// Where the line of a document stands.
#[derive(Debug, Clone, Copy)]
struct Line {
    id_start: usize,
    start: u64,
    bytes: u32,
    id_bytes: u16,
    number: u32,
}

#[derive(Deserialize)]
struct IdOnly<'a> {
    #[serde(rename = "_id", borrow)]
    id: std::borrow::Cow<'a, str>,
}

impl CorpusLines {
    /// Finds the lines of a file, or of the `corpus.jsonl` of a folder.
    ///
    /// # Errors
    /// [`ImportError`] when the file cannot be read, a line is not the JSON expected, an id stands
    /// twice, or the grant is one that nobody may give to everything at once.
    pub fn open(
        path: &Path,
        options: &ImportOptions,
        grant: &Grant,
    ) -> Result<CorpusLines, ImportError> {
        if grant.role.may_leave() {
            return Err(ApproveError::Bulk.into());
        }
        check_grant(grant)?;
        let path = find(path, "corpus.jsonl")?;
        let io = |source| ImportError::Read { source };
        let file = fs_err::File::open(&path).map_err(io)?;
        let mut corpus = CorpusLines {
            file: Mutex::new(fs_err::File::open(&path).map_err(io)?),
            path,
            options: options.clone(),
            approval: granted_text(grant),
            ids: String::new(),
            lines: Vec::new(),
        };
        corpus.find_lines(file)?;
        corpus.sort()?;
        Ok(corpus)
    }

    fn find_lines(&mut self, file: fs_err::File) -> Result<(), ImportError> {
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let (mut start, mut number, mut row) = (0_u64, 0, Vec::new());
        loop {
            row.clear();
            let read = reader.read_until(b'\n', &mut row);
            let bytes = read.map_err(|source| ImportError::Read { source })?;
            if bytes == 0 {
                break;
            }
            number += 1;
            let text = self.text_of(&row, number)?;
            if !text.trim().is_empty() {
                let IdOnly { id } =
                    serde_json::from_str(text).map_err(|source| self.json(number, source))?;
                let id = document_id(&id, &self.path, number)?;
                self.lines.push(Line {
                    id_start: self.ids.len(),
                    start,
                    bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
                    id_bytes: id.as_str().len() as u16,
                    number: number as u32,
                });
                self.ids.push_str(id.as_str());
            }
            start += bytes as u64;
        }
        if self.lines.is_empty() {
            let expected = "line of JSON";
            return Err(ImportError::NoSource { path: self.path.clone(), expected });
        }
        Ok(())
    }

    fn sort(&mut self) -> Result<(), ImportError> {
        let ids = &self.ids;
        let id = |line: &Line| &ids[line.id_start..line.id_start + usize::from(line.id_bytes)];
        self.lines.sort_unstable_by(|a, b| (id(a), a.number).cmp(&(id(b), b.number)));
        match self.lines.windows(2).find(|pair| id(&pair[0]) == id(&pair[1])) {
            None => Ok(()),
            Some(pair) => {
                let line = pair[1].number as usize;
                let id = document_id(id(&pair[1]), &self.path, line)?;
                Err(ImportError::DuplicateId { path: self.path.clone(), line, id })
            }
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none; never.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Id, path and text of the nth document, by id ascending.
    ///
    /// # Errors
    /// [`ImportError`] when the line cannot be read or made a document, or there is none.
    pub fn text(&self, n: usize) -> Result<(DocumentId, String, String), ImportError> {
        let draft = self.draft(n)?;
        let text = draft.render_as(&self.approval);
        Ok((draft.id.clone(), draft.path(), text))
    }

    /// The nth document, by id ascending.
    ///
    /// # Errors
    /// As [`CorpusLines::text`].
    pub fn document(&self, n: usize) -> Result<Document, ImportError> {
        let draft = self.draft(n)?;
        let text = draft.render_as(&self.approval);
        read_document(&draft.path(), text).map_err(|issues| draft.unreadable(issues))
    }

    fn draft(&self, n: usize) -> Result<Draft, ImportError> {
        let none = || ImportError::NoSource { path: self.path.clone(), expected: "such line" };
        let line = *self.lines.get(n).ok_or_else(none)?;
        let mut bytes = vec![0; line.bytes as usize];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(line.start))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|source| ImportError::Read { source })?;
        }
        let number = line.number as usize;
        let text = self.text_of(&bytes, number)?;
        let row: CorpusLine =
            serde_json::from_str(text).map_err(|source| self.json(number, source))?;
        let path = &self.path;
        let known = &self.ids[line.id_start..line.id_start + usize::from(line.id_bytes)];
        if row.id != known {
            return Err(ImportError::Changed { path: path.clone(), line: number });
        }
        let id = document_id(&row.id, path, number)?;
        corpus_draft(id, row, path, number, &self.options).map_err(|reason| ImportError::NoText {
            path: path.clone(),
            line: number,
            reason,
        })
    }

    /// A line as text, the first one without a byte order mark.
    fn text_of<'a>(&self, row: &'a [u8], number: usize) -> Result<&'a str, ImportError> {
        let mark = "\u{feff}".as_bytes();
        let row = if number == 1 { row.strip_prefix(mark).unwrap_or(row) } else { row };
        std::str::from_utf8(row)
            .map_err(|_| ImportError::NotUtf8 { path: self.path.clone(), line: number })
    }

    fn json(&self, line: usize, source: serde_json::Error) -> ImportError {
        ImportError::Json { path: self.path.clone(), line, cure: CORPUS_CURE, source }
    }
}
