//! Vectors of a snapshot: one for each passage, then one for each approved question variant.
//!
//! The matrix knows only rows; this module knows which of them are passages, in row order, and
//! to which document each variant belongs.

use std::sync::OnceLock;

use crate::embed::codes::Codes;
use crate::embed::matrix::QuantisedMatrix;

/// The vectors of a snapshot.
#[derive(Debug)]
pub struct Vectors {
    /// Passages first (row i is [`Row`](crate::retrieve::Row) i), then question variants.
    matrix: QuantisedMatrix,
    /// Document, by number, of each passage.
    document_of_passage: Vec<u32>,
    /// Document, by number, of each variant.
    document_of_variant: Vec<u32>,
    documents: usize,
    /// Codes of the passages, made when they are first needed.
    codes: OnceLock<Codes>,
}

/// Why a matrix does not fit its passages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rows} vectors for {passages} passages and {variants} question variants")]
pub struct VectorsMismatch {
    /// Rows of the matrix.
    pub rows: usize,
    /// Passages of the snapshot.
    pub passages: usize,
    /// Question variants of the snapshot.
    pub variants: usize,
}

impl Vectors {
    /// Joins a matrix with what its rows stand for.
    ///
    /// # Errors
    /// [`VectorsMismatch`] when the number of rows is not that of passages and variants.
    pub fn new(
        matrix: QuantisedMatrix,
        document_of_passage: Vec<u32>,
        document_of_variant: Vec<u32>,
        documents: usize,
    ) -> Result<Vectors, VectorsMismatch> {
        let (passages, variants) = (document_of_passage.len(), document_of_variant.len());
        if matrix.rows() != passages + variants {
            return Err(VectorsMismatch { rows: matrix.rows(), passages, variants });
        }
        let codes = OnceLock::new();
        Ok(Vectors { matrix, document_of_passage, document_of_variant, documents, codes })
    }

    /// The vectors.
    pub fn matrix(&self) -> &QuantisedMatrix {
        &self.matrix
    }

    /// One-bit codes of the passages. The first call makes them, in one pass over the matrix.
    pub fn codes(&self) -> &Codes {
        self.codes.get_or_init(|| Codes::of(&self.matrix, self.passages()))
    }

    /// Number of passages.
    pub fn passages(&self) -> usize {
        self.document_of_passage.len()
    }

    /// Number of the document a passage belongs to.
    pub fn document_of_passage(&self, row: usize) -> Option<usize> {
        self.document_of_passage.get(row).map(|&d| d as usize)
    }

    /// Rows of a document: passages stand in order of their documents.
    pub fn passages_of_document(&self, document: usize) -> std::ops::Range<u32> {
        let first = self.document_of_passage.partition_point(|&d| (d as usize) < document);
        let after = self.document_of_passage.partition_point(|&d| (d as usize) <= document);
        first as u32..after as u32
    }

    /// Numbers of the documents the variants belong to, in matrix order after the passages.
    pub fn documents_of_variants(&self) -> impl Iterator<Item = usize> + '_ {
        self.document_of_variant.iter().map(|&d| d as usize)
    }

    /// Number of question variants.
    pub fn variants(&self) -> usize {
        self.document_of_variant.len()
    }

    /// Number of documents.
    pub fn documents(&self) -> usize {
        self.documents
    }
}
