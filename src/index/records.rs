//! Documents and passages on disk, found without reading them all.
//!
//! `passages.bin` holds one record a document, by id descending, each followed by the records of
//! its passages by ordinal; then flat columns that are always needed (where each record ends,
//! whose passage each row is, how many question variants and which programme each document has);
//! then synonyms and rules. The columns, what follows them and the records of documents without
//! passages (what alarms and routes say) are verified when the file is opened; any other record is
//! decoded when it is first asked for and then stays. One that is damaged is as if it were not
//! there: it never makes anything panic, and [`verification`](super::verification) tells.
//!
//! As bytes: a header of 96 (magic; documents, passages, variants, place of the columns, place of
//! the rest and length of the file as u64; zeros; BLAKE3 of all these and of everything behind the
//! records), the records (postcard), the columns, the rest (postcard). Numbers are little-endian.
//! This module does not know vectors or postings.

mod writer;

use std::io::{Read, Seek, SeekFrom};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::lazy::Lazy;
use crate::corpus::document::{Block, Document, Passage};
use crate::ids::{DocumentId, Programme};
use crate::text::analyse::Synonyms;

pub(super) use writer::{Encoded, RecordsWriter};

/// First bytes of the file; the last one counts the format.
const MAGIC: [u8; 8] = *b"GPRECRD2";

/// Bytes before the first record.
const HEADER: usize = 96;

/// Bytes of the header that its check sum covers.
const COVERED: usize = 64;

/// What stands behind the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rest {
    synonyms: Synonyms,
    /// Safety and route rules: path and text, by path.
    rules: Vec<(String, String)>,
    /// Programmes of the documents, sorted.
    programmes: Vec<Programme>,
    /// BLAKE3 of the records of documents without passages.
    fixed: [u8; 32],
}

/// Columns as they are kept in memory.
#[derive(Debug, Default, PartialEq)]
struct Columns {
    /// Document of each passage.
    document_of_passage: Vec<u32>,
    /// Question variants of each document that takes part in retrieval.
    variants: Vec<u32>,
    /// Programme of each document, by its place in the list.
    programme: Vec<u32>,
    /// First row of each document, and one past the last row of all.
    first_row: Vec<u32>,
}

/// Where things lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    documents: usize,
    passages: usize,
    variants: usize,
    columns_at: usize,
    rest_at: usize,
    end: usize,
}

impl Layout {
    fn covered(self) -> [u8; COVERED] {
        let mut bytes = [0; COVERED];
        bytes[..8].copy_from_slice(&MAGIC);
        let numbers =
            [self.documents, self.passages, self.variants, self.columns_at, self.rest_at, self.end];
        for (place, number) in bytes[8..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&(number as u64).to_le_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Layout, String> {
        let header = bytes.get(..HEADER).filter(|header| header[..8] == MAGIC);
        let header = header.ok_or("it does not begin as a file of passages")?;
        let number = |n: usize| usize::try_from(u64_at(header, n)).unwrap_or(usize::MAX);
        let layout = Layout {
            documents: number(1),
            passages: number(2),
            variants: number(3),
            columns_at: number(4),
            rest_at: number(5),
            end: number(6),
        };
        let columns = layout.records().and_then(|records| {
            let narrow = layout.passages.checked_add(layout.documents.checked_mul(2)?)?;
            records.checked_mul(8)?.checked_add(narrow.checked_mul(4)?)
        });
        let fits = layout.end == bytes.len()
            && layout.columns_at >= HEADER
            && columns.and_then(|bytes| layout.columns_at.checked_add(bytes))
                == Some(layout.rest_at)
            && layout.rest_at <= layout.end
            && layout.records().is_some_and(|records| u32::try_from(records).is_ok());
        if !fits {
            return Err("its header does not fit its length".to_owned());
        }
        let behind = &bytes[layout.columns_at..];
        if header[..COVERED] != layout.covered()
            || header[COVERED..] != *check_sum(&layout, behind).as_bytes()
        {
            return Err("its columns are damaged".to_owned());
        }
        Ok(layout)
    }

    fn records(self) -> Option<usize> {
        self.documents.checked_add(self.passages)
    }
}

fn check_sum(layout: &Layout, behind: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(&layout.covered()).update(behind).finalize()
}

/// The nth u64 of some bytes; 0 past their end.
fn u64_at(bytes: &[u8], n: usize) -> u64 {
    let place = bytes.get(n * 8..).and_then(<[u8]>::first_chunk);
    place.map_or(0, |number| u64::from_le_bytes(*number))
}

fn u32s(bytes: &[u8]) -> Vec<u32> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

/// Opened documents and passages.
pub(super) struct Records {
    bytes: Mmap,
    layout: Layout,
    columns: Columns,
    rest: Rest,
    documents: Lazy<Document>,
    passages: Lazy<Passage>,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Records {
    /// Opens a file; everything but the records is read and checked.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment.
    pub(super) fn open(bytes: Mmap) -> Result<Records, String> {
        let layout = Layout::read(&bytes)?;
        let columns = read_columns(&bytes, layout)?;
        let rest: Rest = postcard::from_bytes(&bytes[layout.rest_at..layout.end])
            .map_err(|error| error.to_string())?;
        if columns.programme.iter().any(|&p| p as usize >= rest.programmes.len()) {
            return Err("a document's programme is not in its list".to_owned());
        }
        let (documents, passages) = (Lazy::new(layout.documents), Lazy::new(layout.passages));
        let records = Records { bytes, layout, columns, rest, documents, passages };
        if records.hash_of_fixed() != records.rest.fixed {
            return Err("a document without passages is damaged".to_owned());
        }
        Ok(records)
    }

    /// BLAKE3 of the records of documents without passages: what alarms and routes say.
    fn hash_of_fixed(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for number in (0..self.layout.documents).filter(|n| self.rows(*n).is_empty()) {
            let record = self.document_record(number).and_then(|record| self.record(record));
            hasher.update(record.unwrap_or_default());
        }
        *hasher.finalize().as_bytes()
    }

    pub(super) fn document_count(&self) -> usize {
        self.documents.len()
    }

    pub(super) fn passage_count(&self) -> usize {
        self.passages.len()
    }

    pub(super) fn synonyms(&self) -> &Synonyms {
        &self.rest.synonyms
    }

    pub(super) fn rules(&self) -> &[(String, String)] {
        &self.rest.rules
    }

    pub(super) fn programmes(&self) -> &[Programme] {
        &self.rest.programmes
    }

    pub(super) fn programme(&self, document: usize) -> Option<&Programme> {
        self.rest.programmes.get(*self.columns.programme.get(document)? as usize)
    }

    pub(super) fn document_of_passage(&self) -> &[u32] {
        &self.columns.document_of_passage
    }

    /// Document of each question variant, in the order of their vectors.
    pub(super) fn document_of_variant(&self) -> Vec<u32> {
        let of = (0..).zip(&self.columns.variants);
        of.flat_map(|(n, &count)| std::iter::repeat_n(n, count as usize)).collect()
    }

    /// Rows of a document; none of one that is not there.
    pub(super) fn rows(&self, document: usize) -> std::ops::Range<u32> {
        let at = |n: usize| self.columns.first_row.get(n).copied();
        let after = document.checked_add(1).and_then(at);
        at(document).zip(after).map_or(0..0, |(first, after)| first..after)
    }

    /// A document by its number.
    pub(super) fn document(&self, number: usize) -> Option<&Document> {
        self.documents
            .get(number, || decode_document(self.record(self.document_record(number)?)?).ok())
    }

    /// A passage by its row.
    pub(super) fn passage(&self, row: usize) -> Option<&Passage> {
        let number = *self.columns.document_of_passage.get(row)? as usize;
        let record = self.record(row + number + 1)?;
        self.passages.get(row, || {
            let ordinal = row as u32 - self.columns.first_row[number];
            decode_passage(record, self.document(number)?, ordinal).ok()
        })
    }

    /// Number of the document of an id.
    pub(super) fn number(&self, id: &DocumentId) -> Option<usize> {
        let (mut low, mut high) = (0, self.layout.documents);
        while low < high {
            let middle = low + (high - low) / 2;
            // Ids descend. A damaged one sends the search astray, which then finds nothing.
            match self.id(middle).unwrap_or_default().cmp(id.as_str()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => low = middle + 1,
                std::cmp::Ordering::Less => high = middle,
            }
        }
        None
    }

    /// The id of a document, read from its record in place: it is the record's first field.
    fn id(&self, number: usize) -> Option<&str> {
        let record = self.record(self.document_record(number)?)?;
        postcard::take_from_bytes::<&str>(record).ok().map(|(id, _)| id)
    }

    /// Number of the record of a document: before it stand those of all rows and documents before.
    fn document_record(&self, number: usize) -> Option<usize> {
        Some(number + *self.columns.first_row.get(number)? as usize)
    }

    fn record(&self, number: usize) -> Option<&[u8]> {
        let ends = &self.bytes[self.layout.columns_at..self.layout.rest_at];
        let start = if number == 0 { HEADER } else { u64_at(ends, number - 1) as usize };
        self.bytes.get(start..u64_at(ends, number) as usize)
    }

    /// Decodes every record of the file as it is read from its start, and hands on each document
    /// with its passages. Nothing decoded stays, and the mapped file is not touched.
    ///
    /// # Errors
    /// What is wrong with a record, as a fragment; whatever `take` or the reader says.
    pub(super) fn walk<E: From<Damage>>(
        &self,
        from: &mut (impl Read + Seek),
        mut take: impl FnMut(usize, Document, Vec<Passage>) -> Result<(), E>,
    ) -> Result<(), E> {
        let io = |error: std::io::Error| Damage(error.to_string());
        from.seek(SeekFrom::Start(HEADER as u64)).map_err(io)?;
        let mut buffer = Vec::new();
        let mut before: Option<DocumentId> = None;
        for number in 0..self.layout.documents {
            let first = self.document_record(number).unwrap_or_default();
            self.next(from, first, &mut buffer)?;
            let document = decode_document(&buffer).map_err(Damage)?;
            if before.as_ref().is_some_and(|before| *before <= document.id) {
                return Err(Damage("documents are not in order of id".to_owned()).into());
            }
            let mut passages = Vec::new();
            for (ordinal, row) in (0..).zip(self.rows(number)) {
                self.next(from, row as usize + number + 1, &mut buffer)?;
                passages.push(decode_passage(&buffer, &document, ordinal).map_err(Damage)?);
            }
            before = Some(document.id.clone());
            take(number, document, passages)?;
        }
        Ok(())
    }

    fn next(&self, from: &mut impl Read, record: usize, into: &mut Vec<u8>) -> Result<(), Damage> {
        into.resize(self.record(record).map_or(0, <[u8]>::len), 0);
        from.read_exact(into).map_err(|error| Damage(error.to_string()))
    }

    /// Decodes every record and compares the columns with what the records say. `goes_on` is told
    /// how many bytes were read and says whether to go on.
    ///
    /// # Errors
    /// What is wrong, as a fragment.
    pub(super) fn check(
        &self,
        from: &mut (impl Read + Seek),
        mut goes_on: impl FnMut(usize) -> bool,
    ) -> Result<(), Damage> {
        self.walk(from, |number, document, _| {
            let retrieved = if document.kind.is_retrieved() { document.questions.len() } else { 0 };
            if self.programme(number) != Some(&document.programme)
                || self.columns.variants[number] as usize != retrieved
            {
                return Err(Damage(format!("the columns do not fit document {}", document.id)));
            }
            let goes_on = goes_on(self.record_bytes(number));
            if goes_on { Ok(()) } else { Err(Damage("verification was stopped".to_owned())) }
        })
    }

    /// Bytes of a document's records with those of its passages.
    fn record_bytes(&self, number: usize) -> usize {
        let first = self.document_record(number).unwrap_or_default();
        let records = first..=first + self.rows(number).len();
        records.filter_map(|record| self.record(record)).map(<[u8]>::len).sum()
    }
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) String);

fn read_columns(bytes: &[u8], layout: Layout) -> Result<Columns, String> {
    let ends_after = layout.columns_at + 8 * (layout.documents + layout.passages);
    let ends = &bytes[layout.columns_at..ends_after];
    let mut before = HEADER as u64;
    for end in ends.as_chunks().0 {
        let end = u64::from_le_bytes(*end);
        if end < before || end > layout.columns_at as u64 {
            return Err("its records are not in order".to_owned());
        }
        before = end;
    }
    let (narrow, _) = bytes[ends_after..layout.rest_at].split_at(4 * layout.passages);
    let rest = &bytes[ends_after + narrow.len()..layout.rest_at];
    let (variants, programme) = rest.split_at(4 * layout.documents);
    let document_of_passage = u32s(narrow);
    let variants = u32s(variants);
    let is_sorted = document_of_passage.is_sorted();
    if !is_sorted || document_of_passage.last().is_some_and(|&n| n as usize >= layout.documents) {
        return Err("a passage has no document or stands out of order".to_owned());
    }
    if variants.iter().map(|&n| u64::from(n)).sum::<u64>() != layout.variants as u64 {
        return Err("its question variants do not add up".to_owned());
    }
    let first_row = first_rows(&document_of_passage, layout.documents);
    Ok(Columns { document_of_passage, variants, programme: u32s(programme), first_row })
}

/// First row of each document, documents without passages pointing at the next one's, and one
/// past the last row.
fn first_rows(document_of_passage: &[u32], documents: usize) -> Vec<u32> {
    let mut first = Vec::with_capacity(documents + 1);
    for (row, &number) in document_of_passage.iter().enumerate() {
        while first.len() <= number as usize {
            first.push(row as u32);
        }
    }
    first.resize(documents + 1, document_of_passage.len() as u32);
    first
}

/// Decodes a document; every span of its own must lie in its text.
fn decode_document(record: &[u8]) -> Result<Document, String> {
    let (document, after) =
        postcard::take_from_bytes::<Document>(record).map_err(|error| error.to_string())?;
    let lies = |span: &std::ops::Range<usize>| document.text.get(span.clone()).is_some();
    let block_lies = |block: &Block| match block {
        Block::Heading { span, .. } => lies(span),
        Block::Paragraph { sentences, .. } => sentences.iter().all(lies),
        Block::Item { sentences, lead_in, .. } => lies(lead_in) && sentences.iter().all(lies),
    };
    if after.is_empty() && lies(&document.body) && document.blocks.iter().all(block_lies) {
        Ok(document)
    } else {
        Err(format!("a span of document {} lies outside it", document.id))
    }
}

/// Decodes a passage; every span of it must lie in its document.
fn decode_passage(record: &[u8], document: &Document, ordinal: u32) -> Result<Passage, String> {
    let (passage, after) =
        postcard::take_from_bytes::<Passage>(record).map_err(|error| error.to_string())?;
    if passage.id.document != document.id || passage.id.ordinal != ordinal || !after.is_empty() {
        return Err(format!("passage {} stands out of order", passage.id));
    }
    let lies = |span: &std::ops::Range<usize>| document.text.get(span.clone()).is_some();
    if lies(&passage.span) && passage.units.iter().flat_map(|unit| &unit.spans).all(lies) {
        Ok(passage)
    } else {
        Err(format!("a span of passage {} lies outside its document", passage.id))
    }
}
