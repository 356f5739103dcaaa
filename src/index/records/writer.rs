//! How are documents and passages written one by one?
//!
//! Records go to the file as they come; what follows them is kept until the end, some tens of
//! bytes a record. The header is written last, so a file that was broken off never opens.

use std::io::{Seek, SeekFrom, Write};

use super::{HEADER, Layout, Rest, check_sum};
use crate::corpus::document::{Document, Passage};
use crate::ids::Programme;
use crate::text::analyse::Synonyms;

/// The bytes of a document's records: its own and those of its passages.
#[derive(Debug, Default)]
pub(in crate::index) struct Encoded {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    variants: u32,
    programme: Option<Programme>,
}

impl Encoded {
    /// Encodes a document with its passages.
    ///
    /// # Errors
    /// None that these types can cause; whatever the encoder says.
    pub(in crate::index) fn of(
        document: &Document,
        passages: &[Passage],
    ) -> postcard::Result<Encoded> {
        let mut bytes = postcard::to_stdvec(document)?;
        let mut ends = vec![bytes.len()];
        for passage in passages {
            bytes = postcard::to_extend(passage, bytes)?;
            ends.push(bytes.len());
        }
        let retrieved = document.kind.is_retrieved();
        let variants = if retrieved { document.questions.len() as u32 } else { 0 };
        Ok(Encoded { bytes, ends, variants, programme: Some(document.programme.clone()) })
    }
}

/// Writes the file, document by document; keeps 12 bytes a record in memory.
pub(in crate::index) struct RecordsWriter<W> {
    to: W,
    place: u64,
    ends: Vec<u64>,
    document_of_passage: Vec<u32>,
    variants: Vec<u32>,
    programmes: Vec<Programme>,
    programme: Vec<u32>,
    fixed: blake3::Hasher,
}

impl<W: Write + Seek> RecordsWriter<W> {
    /// Begins an empty file.
    ///
    /// # Errors
    /// What the writer says.
    pub(in crate::index) fn new(mut to: W) -> std::io::Result<Self> {
        to.write_all(&[0; HEADER])?;
        Ok(RecordsWriter {
            to,
            place: HEADER as u64,
            ends: Vec::new(),
            document_of_passage: Vec::new(),
            variants: Vec::new(),
            programmes: Vec::new(),
            programme: Vec::new(),
            fixed: blake3::Hasher::new(),
        })
    }

    /// Appends a document with its passages. Ids must descend.
    ///
    /// # Errors
    /// What the writer says.
    pub(in crate::index) fn add(&mut self, encoded: &Encoded) -> std::io::Result<()> {
        self.to.write_all(&encoded.bytes)?;
        let number = self.variants.len() as u32;
        self.ends.extend(encoded.ends.iter().map(|end| self.place + *end as u64));
        let passages = encoded.ends.len().saturating_sub(1);
        self.document_of_passage.extend(std::iter::repeat_n(number, passages));
        if passages == 0 {
            self.fixed.update(&encoded.bytes);
        }
        self.variants.push(encoded.variants);
        let programme = encoded.programme.clone().unwrap_or_else(Programme::all);
        let known = self.programmes.iter().position(|known| *known == programme);
        self.programme.push(known.unwrap_or(self.programmes.len()) as u32);
        if known.is_none() {
            self.programmes.push(programme);
        }
        self.place += encoded.bytes.len() as u64;
        Ok(())
    }

    /// Passages so far.
    pub(in crate::index) fn passages(&self) -> usize {
        self.document_of_passage.len()
    }

    /// Question variants so far.
    pub(in crate::index) fn variants(&self) -> usize {
        self.variants.iter().map(|&n| n as usize).sum()
    }

    /// Writes columns, synonyms and rules, and the header.
    ///
    /// # Errors
    /// What the writer says.
    pub(in crate::index) fn finish(
        mut self,
        synonyms: &Synonyms,
        rules: &[(String, String)],
    ) -> std::io::Result<W> {
        let mut sorted = self.programmes.clone();
        sorted.sort();
        let new_number = |&old: &u32| {
            let programme = &self.programmes[old as usize];
            sorted.binary_search(programme).unwrap_or_default() as u32
        };
        let programme: Vec<u32> = self.programme.iter().map(new_number).collect();
        let mut behind: Vec<u8> = Vec::with_capacity(28 * self.ends.len());
        behind.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
        for column in [&self.document_of_passage, &self.variants, &programme] {
            behind.extend(column.iter().flat_map(|number| number.to_le_bytes()));
        }
        let rest_at = self.place as usize + behind.len();
        let rest = Rest {
            synonyms: synonyms.clone(),
            rules: rules.to_vec(),
            programmes: sorted,
            fixed: *self.fixed.finalize().as_bytes(),
        };
        behind = postcard::to_extend(&rest, behind).map_err(std::io::Error::other)?;
        let layout = Layout {
            documents: self.variants.len(),
            passages: self.passages(),
            variants: self.variants(),
            columns_at: self.place as usize,
            rest_at,
            end: self.place as usize + behind.len(),
        };
        self.to.write_all(&behind)?;
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&layout.covered())?;
        self.to.write_all(check_sum(&layout, &behind).as_bytes())?;
        self.to.flush()?;
        Ok(self.to)
    }
}
