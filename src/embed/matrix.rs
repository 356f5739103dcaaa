//! How near are a query and each passage?
//!
//! Vectors as rows of bytes: each vector is scaled so that its greatest component is ±127, and
//! the cosine is defined from those integers alone, dot / (√Σq² · √Σp²) in f64, so that it is
//! the same number on every processor and for every order of work. A matrix is one block of
//! bytes, in memory or in a mapped file, fully checked when it is opened. This module does not
//! know what the rows stand for.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use super::encoder::kernels::ROW_ALIGNMENT;
use super::encoder::kernels::scan::Scan;

/// First bytes of a matrix file.
const MAGIC: [u8; 8] = *b"GPVECTOR";

/// Newest format, and the only one read.
const FORMAT: u32 = 1;

/// Bytes before the lengths of the rows.
const HEADER: usize = 64;

/// Widest vector: its dot product with another fits an i32 with room to spare.
const MAX_DIMENSION: usize = 32_768;

/// Rows whose dot products are taken in one go.
const SCAN_BLOCK: usize = 256;

/// Why a matrix cannot be built, read or searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// The bytes do not begin as a matrix file does.
    #[error("not a vector file")]
    Magic,
    /// A format of another time.
    #[error("vector file has format {found}, this version reads {FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// The header is damaged.
    #[error("the header of the vector file is damaged")]
    Header,
    /// The file is shorter or longer than its header says.
    #[error("vector file has {found} bytes, its header says {expected}")]
    Size {
        /// Bytes by the header.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A stored length is not the length of its row, or a row's filling is not zero.
    #[error("row {row} of the vector file is damaged")]
    Row {
        /// The row.
        row: usize,
    },
    /// A vector has another dimension than the matrix.
    #[error("vector has {found} components, the matrix has {expected}")]
    Dimension {
        /// Components of the matrix.
        expected: usize,
        /// Components of the vector.
        found: usize,
    },
    /// Too wide, too many or none.
    #[error(
        "a matrix has at most {MAX_DIMENSION} columns and 4294967295 rows, not {columns} and {rows}"
    )]
    Shape {
        /// Columns asked for.
        columns: usize,
        /// Rows asked for.
        rows: usize,
    },
}

/// A vector as bytes, the greatest of them ±127.
#[derive(Clone, PartialEq, Eq)]
pub struct QuantisedVector {
    components: Box<[i8]>,
    square: u32,
}

impl QuantisedVector {
    /// Takes components as they were stored.
    ///
    /// # Errors
    /// [`MatrixError::Shape`] when there are more than a matrix can have.
    pub fn from_components(components: Box<[i8]>) -> Result<Self, MatrixError> {
        check_shape(components.len(), 1)?;
        let square = square(components.iter().copied());
        Ok(Self { components, square })
    }

    /// The bytes.
    pub fn components(&self) -> &[i8] {
        &self.components
    }

    /// Σq², the square of the vector's length.
    pub fn square(&self) -> u32 {
        self.square
    }

    /// Cosine with another vector; 0 if either is zero or their dimensions differ.
    pub fn cosine(&self, other: &Self) -> f64 {
        if self.components.len() != other.components.len() {
            return 0.0;
        }
        let products = self.components.iter().zip(&other.components);
        let dot = products.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        cosine(dot, self.square, other.square)
    }
}

impl fmt::Debug for QuantisedVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QuantisedVector({} components)", self.components.len())
    }
}

/// Scales a vector so that its greatest magnitude becomes 127 and rounds each component to the
/// nearest byte, ties to even. A component that is not finite counts as zero; a zero vector
/// stays zero.
///
/// # Errors
/// [`MatrixError::Shape`] when the vector is wider than a matrix can be.
pub fn quantise_row(vector: &[f32]) -> Result<QuantisedVector, MatrixError> {
    check_shape(vector.len(), 1)?;
    let finite = |x: &f32| if x.is_finite() { f64::from(*x) } else { 0.0 };
    let greatest = vector.iter().map(finite).fold(0.0_f64, |greatest, x| greatest.max(x.abs()));
    let scale = if greatest > 0.0 { 127.0 / greatest } else { 0.0 };
    let byte = |x: &f32| (finite(x) * scale).round_ties_even() as i8;
    QuantisedVector::from_components(vector.iter().map(byte).collect())
}

fn check_shape(columns: usize, rows: usize) -> Result<(), MatrixError> {
    if columns > MAX_DIMENSION || u32::try_from(rows).is_err() {
        return Err(MatrixError::Shape { columns, rows });
    }
    Ok(())
}

fn square(components: impl Iterator<Item = i8>) -> u32 {
    components.map(|q| u32::from(q.unsigned_abs()).pow(2)).sum()
}

/// dot / (√a² · √b²), each step one IEEE operation; 0 for a zero vector.
fn cosine(dot: i32, square_a: u32, square_b: u32) -> f64 {
    if square_a == 0 || square_b == 0 {
        return 0.0;
    }
    f64::from(dot) / (f64::from(square_a).sqrt() * f64::from(square_b).sqrt())
}

/// A row found by a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row.
    pub row: u32,
    /// Its cosine with the query.
    pub cosine: f64,
}

/// Vectors as rows of bytes.
///
/// As bytes: 64 of header (magic, format, dimension, rows, the header's own check sum), the
/// squared length of each row as u32, zeros up to a multiple of 64, then the rows, each filled
/// up with zeros to a multiple of 64. Numbers are little-endian.
pub struct QuantisedMatrix {
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    layout: Layout,
    scan: Scan,
}

/// Where things lie in a matrix's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    dimension: usize,
    rows: usize,
}

impl Layout {
    fn new(dimension: usize, rows: usize) -> Result<Self, MatrixError> {
        check_shape(dimension, rows)?;
        Ok(Self { dimension, rows })
    }

    fn stride(self) -> usize {
        self.dimension.next_multiple_of(ROW_ALIGNMENT)
    }

    fn first_row(self) -> usize {
        (HEADER + self.rows * size_of::<u32>()).next_multiple_of(ROW_ALIGNMENT)
    }

    /// Bytes in all: at most 64 + 4 · 2^32 + 2^32 · 2^15, which fits.
    fn size(self) -> u64 {
        self.first_row() as u64 + self.rows as u64 * self.stride() as u64
    }

    fn header(self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        header[12..16].copy_from_slice(&(self.dimension as u32).to_le_bytes());
        header[16..24].copy_from_slice(&(self.rows as u64).to_le_bytes());
        let sum = blake3::hash(&header[..32]);
        header[32..].copy_from_slice(sum.as_bytes());
        header
    }

    fn read(bytes: &[u8]) -> Result<Self, MatrixError> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(MatrixError::Magic)?;
        if header[..8] != MAGIC {
            return Err(MatrixError::Magic);
        }
        let format = number(header, 8);
        if format != FORMAT {
            return Err(MatrixError::Format { found: format });
        }
        let (dimension, rows) = (number(header, 12) as usize, number(header, 16) as usize);
        let layout = Self::new(dimension, rows)?;
        if layout.header() != *header {
            return Err(MatrixError::Header);
        }
        let (expected, found) = (layout.size(), bytes.len() as u64);
        if expected == found { Ok(layout) } else { Err(MatrixError::Size { expected, found }) }
    }
}

/// The little-endian u32 at a place; 0 past the end.
fn number(bytes: &[u8], place: usize) -> u32 {
    bytes.get(place..).and_then(<[u8]>::first_chunk).map_or(0, |b| u32::from_le_bytes(*b))
}

impl fmt::Debug for QuantisedMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QuantisedMatrix({} × {})", self.layout.rows, self.layout.dimension)
    }
}

impl QuantisedMatrix {
    /// Builds a matrix in memory.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when a vector has another width than `dimension`,
    /// [`MatrixError::Shape`] when the matrix would be too wide or too long.
    pub fn from_vectors(
        dimension: usize,
        vectors: &[QuantisedVector],
    ) -> Result<Self, MatrixError> {
        let layout = Layout::new(dimension, vectors.len())?;
        let squares: Vec<u32> = vectors.iter().map(QuantisedVector::square).collect();
        let mut bytes = Self::head_bytes(dimension, &squares)?;
        bytes.reserve(layout.size() as usize - bytes.len());
        for vector in vectors {
            Self::push_row(dimension, vector, &mut bytes)?;
        }
        Ok(Self { bytes: Box::new(bytes), layout, scan: Scan::detect() })
    }

    /// The bytes of a matrix file that stand before its rows, from the squared lengths of all
    /// rows; for whoever writes the file row by row.
    ///
    /// # Errors
    /// [`MatrixError::Shape`] when the matrix would be too wide or too long.
    pub fn head_bytes(dimension: usize, squares: &[u32]) -> Result<Vec<u8>, MatrixError> {
        let layout = Layout::new(dimension, squares.len())?;
        let mut bytes = Vec::with_capacity(layout.first_row());
        bytes.extend(layout.header());
        bytes.extend(squares.iter().flat_map(|square| square.to_le_bytes()));
        bytes.resize(layout.first_row(), 0);
        Ok(bytes)
    }

    /// Appends a row to `bytes` as a matrix file holds it.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when the vector has another width than `dimension`.
    pub fn push_row(
        dimension: usize,
        vector: &QuantisedVector,
        bytes: &mut Vec<u8>,
    ) -> Result<(), MatrixError> {
        check_dimension(dimension, vector)?;
        let start = bytes.len();
        bytes.extend(vector.components.iter().map(|q| q.cast_unsigned()));
        bytes.resize(start + dimension.next_multiple_of(ROW_ALIGNMENT), 0);
        Ok(())
    }

    /// Opens a matrix that lies in `bytes`: a `Vec<u8>` or a mapped file. Header, size and
    /// shape are checked; the rows are not read (see [`QuantisedMatrix::verify`]).
    ///
    /// # Errors
    /// [`MatrixError`] when the bytes are not a matrix of this format, or cut short.
    pub fn open(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, MatrixError> {
        let layout = Layout::read(bytes.as_ref())?;
        Ok(Self { bytes: Box::new(bytes), layout, scan: Scan::detect() })
    }

    /// Reads every row and compares it with its stored length.
    ///
    /// # Errors
    /// [`MatrixError::Row`] naming the first damaged row.
    pub fn verify(&self) -> Result<(), MatrixError> {
        let damaged = |row: &usize| {
            let (components, filling) = self.padded_row(*row).split_at(self.layout.dimension);
            square(components.iter().map(|b| b.cast_signed())) != self.square(*row)
                || filling.iter().any(|byte| *byte != 0)
        };
        match (0..self.layout.rows).find(damaged) {
            Some(row) => Err(MatrixError::Row { row }),
            None => Ok(()),
        }
    }

    /// Writes the matrix as a file that [`QuantisedMatrix::open`] reads.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(self.as_bytes())
    }

    /// The matrix as a file holds it.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes().get(..self.layout.size() as usize).unwrap_or_default()
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.layout.rows
    }

    /// Components of a row.
    pub fn dimension(&self) -> usize {
        self.layout.dimension
    }

    /// A row as a vector; `None` past the last.
    pub fn row(&self, row: usize) -> Option<QuantisedVector> {
        if row >= self.layout.rows {
            return None;
        }
        let components = self.padded_row(row)[..self.layout.dimension].iter();
        let components = components.map(|byte| byte.cast_signed()).collect();
        Some(QuantisedVector { components, square: self.square(row) })
    }

    /// The cosine of one row with the query; `None` past the last row.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when the query has another width.
    pub fn cosine(&self, row: usize, query: &QuantisedVector) -> Result<Option<f64>, MatrixError> {
        Ok(self.cosine_with(row, &self.pad(query)?))
    }

    /// The cosine of every row with the query, in the order of rows, into `cosines`.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when the query has another width.
    pub fn cosines(
        &self,
        query: &QuantisedVector,
        cosines: &mut Vec<f64>,
    ) -> Result<(), MatrixError> {
        cosines.clear();
        cosines.reserve(self.layout.rows);
        self.scan(0..self.layout.rows, &self.pad(query)?, |_, cosine| cosines.push(cosine));
        Ok(())
    }

    /// The `count` rows nearest to the query: cosine descending, row ascending.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when the query has another width.
    pub fn nearest(&self, query: &QuantisedVector, count: usize) -> Result<Vec<Hit>, MatrixError> {
        let mut hits = Vec::new();
        let room = count.saturating_mul(2).max(SCAN_BLOCK);
        let mut least = f64::NEG_INFINITY;
        self.scan_above(
            0..self.layout.rows,
            &self.pad(query)?,
            |_| false,
            |row, cosine| {
                if cosine >= least {
                    hits.push(Hit { row, cosine });
                }
                if hits.len() >= room {
                    keep_nearest(&mut hits, count);
                    least = hits.last().map_or(f64::INFINITY, |hit: &Hit| hit.cosine);
                }
                least
            },
        );
        keep_nearest(&mut hits, count);
        Ok(hits)
    }

    /// A query laid out as the rows are, to be compared with many of them.
    ///
    /// # Errors
    /// [`MatrixError::Dimension`] when the query has another width.
    pub fn pad(&self, query: &QuantisedVector) -> Result<PaddedQuery, MatrixError> {
        check_dimension(self.layout.dimension, query)?;
        let mut components = Vec::with_capacity(self.layout.stride());
        components.extend_from_slice(&query.components);
        components.resize(self.layout.stride(), 0);
        Ok(PaddedQuery { components, square: query.square })
    }

    /// The cosine of one row with the query; `None` past the last row, or where the query was
    /// laid out for another matrix.
    pub fn cosine_with(&self, row: usize, query: &PaddedQuery) -> Option<f64> {
        if row >= self.layout.rows || query.components.len() != self.layout.stride() {
            return None;
        }
        let mut dot = [0];
        self.scan.dot_rows(self.padded_row(row), &query.components, &mut dot);
        Some(cosine(dot[0], query.square, self.square(row)))
    }

    /// Calls `take(row, cosine)` for some rows, in their order, or for none where the query was
    /// laid out for another matrix.
    pub fn scan(&self, rows: Range<usize>, query: &PaddedQuery, mut take: impl FnMut(u32, f64)) {
        self.blocks(rows, query, |first, dots, squares| {
            for (row, (dot, square)) in (first..).zip(dots.iter().zip(squares)) {
                take(row as u32, cosine(*dot, query.square, u32::from_le_bytes(*square)));
            }
        });
    }

    /// Calls `take(row, cosine)` for those of some rows, in their order, whose cosine is at least
    /// what `take` last gave back, or that `is_wanted` whatever their cosine. A few of lesser
    /// cosine may be among them: what is saved is the square roots and the division, by
    /// comparing squares first.
    pub fn scan_above(
        &self,
        rows: Range<usize>,
        query: &PaddedQuery,
        mut is_wanted: impl FnMut(u32) -> bool,
        mut take: impl FnMut(u32, f64) -> f64,
    ) {
        let mut bound = f64::MIN;
        self.blocks(rows, query, |first, dots, squares| {
            for (row, (&dot, square)) in (first as u32..).zip(dots.iter().zip(squares)) {
                let square = u32::from_le_bytes(*square);
                let signed = f64::from(dot) * f64::from(dot).abs();
                if signed >= bound * f64::from(square) || is_wanted(row) {
                    bound = bound_of(take(row, cosine(dot, query.square, square)), query.square);
                }
            }
        });
    }

    /// Calls `take(row, cosine)` for the rows named, in the order given. Rows past the last are
    /// left out.
    pub fn scan_picked(&self, picks: &[u32], query: &PaddedQuery, mut take: impl FnMut(u32, f64)) {
        let mut dots = [0; SCAN_BLOCK];
        let rows = self.padded_rows(0, self.layout.rows);
        if query.components.len() != self.layout.stride() {
            return;
        }
        for picks in picks.chunks(SCAN_BLOCK) {
            if picks.iter().any(|&row| row as usize >= self.layout.rows) {
                continue;
            }
            let dots = &mut dots[..picks.len()];
            self.scan.dot_picked(rows, picks, &query.components, dots);
            for (&row, dot) in picks.iter().zip(dots) {
                take(row, cosine(*dot, query.square, self.square(row as usize)));
            }
        }
    }

    /// Calls `take(first row, dot products, squares)` for blocks of some rows.
    fn blocks(
        &self,
        rows: Range<usize>,
        query: &PaddedQuery,
        mut take: impl FnMut(usize, &[i32], &[[u8; 4]]),
    ) {
        if query.components.len() != self.layout.stride() {
            return;
        }
        let end = rows.end.min(self.layout.rows);
        let mut dots = [0; SCAN_BLOCK];
        for first in (rows.start..end).step_by(SCAN_BLOCK) {
            let count = SCAN_BLOCK.min(end - first);
            let dots = &mut dots[..count];
            self.scan.dot_rows(self.padded_rows(first, count), &query.components, dots);
            let squares = &self.bytes()[HEADER + first * size_of::<u32>()..];
            take(first, dots, &squares.as_chunks().0[..count]);
        }
    }

    /// A row's bytes and the square of its length.
    pub(super) fn components(&self, row: usize) -> (&[u8], u32) {
        (&self.padded_row(row)[..self.layout.dimension], self.square(row))
    }

    fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn square(&self, row: usize) -> u32 {
        number(self.bytes(), HEADER + row * size_of::<u32>())
    }

    fn padded_row(&self, row: usize) -> &[u8] {
        self.padded_rows(row, 1)
    }

    fn padded_rows(&self, first: usize, count: usize) -> &[u8] {
        let stride = self.layout.stride();
        &self.bytes()[self.layout.first_row() + first * stride..][..count * stride]
    }
}

/// A query laid out as the rows of a matrix are.
#[derive(Debug, Clone)]
pub struct PaddedQuery {
    components: Vec<i8>,
    square: u32,
}

/// What dot · |dot| / (squared length of the row) is at least, wherever the cosine as computed
/// is at least `least`. The margin is a million times the rounding of either side.
fn bound_of(least: f64, query_square: u32) -> f64 {
    const MARGIN: f64 = 1e-9;
    if least > 0.0 {
        least * least * f64::from(query_square) * (1.0 - MARGIN)
    } else {
        // Not infinity: a zero row must pass too.
        f64::MIN
    }
}

fn check_dimension(expected: usize, vector: &QuantisedVector) -> Result<(), MatrixError> {
    let found = vector.components.len();
    if found == expected { Ok(()) } else { Err(MatrixError::Dimension { expected, found }) }
}

/// Sorts by cosine descending, row ascending, and keeps the first `count`.
fn keep_nearest(hits: &mut Vec<Hit>, count: usize) {
    hits.sort_unstable_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.row.cmp(&b.row)));
    hits.truncate(count);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors(dimension: usize, rows: usize, seed: u64) -> Vec<QuantisedVector> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / 16_777_216.0 - 0.5
        };
        let mut row = || quantise_row(&(0..dimension).map(|_| next()).collect::<Vec<_>>()).unwrap();
        (0..rows).map(|_| row()).collect()
    }

    #[test]
    fn the_greatest_component_becomes_127_and_order_survives() {
        let vector = quantise_row(&[0.1, -0.5, 0.25, 0.0]).unwrap();
        assert_eq!(vector.components(), [25, -127, 64, 0]);
        assert_eq!(vector.square(), 25 * 25 + 127 * 127 + 64 * 64);
    }

    #[test]
    fn vectors_without_content_do_no_harm() {
        let odd = quantise_row(&[f32::NAN, f32::INFINITY, -2.0, 1.0]).unwrap();
        assert_eq!(odd.components(), [0, 0, -127, 64]);
        let tiny = quantise_row(&[f32::from_bits(1), 0.0]).unwrap();
        assert_eq!(tiny.components(), [127, 0]);
        let zero = quantise_row(&[0.0; 4]).unwrap();
        assert_eq!(zero.square(), 0);
        let matrix = QuantisedMatrix::from_vectors(4, &[zero.clone(), odd]).unwrap();
        assert_eq!(matrix.cosine(0, &zero).unwrap(), Some(0.0));
        assert!(quantise_row(&vec![1.0; MAX_DIMENSION + 1]).is_err());
        assert_eq!(QuantisedMatrix::from_vectors(4, &[]).unwrap().nearest(&zero, 3).unwrap(), []);
    }

    #[test]
    fn the_cosine_is_the_one_defined_from_integers() {
        let rows = vectors(384, 40, 7);
        let matrix = QuantisedMatrix::from_vectors(384, &rows).unwrap();
        let mut cosines = Vec::new();
        matrix.cosines(&rows[3], &mut cosines).unwrap();
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(cosines[index].to_bits(), row.cosine(&rows[3]).to_bits());
            assert_eq!(matrix.cosine(index, &rows[3]).unwrap(), Some(cosines[index]));
            assert_eq!(matrix.row(index).as_ref(), Some(row));
        }
        assert!((cosines[3] - 1.0).abs() < 1e-15);
        assert_eq!(matrix.cosine(40, &rows[3]).unwrap(), None);
        assert!(matches!(
            matrix.cosine(0, &vectors(383, 1, 1)[0]),
            Err(MatrixError::Dimension { expected: 384, found: 383 })
        ));
    }

    #[test]
    fn a_damaged_file_is_refused_or_found_by_verify_and_never_panics() {
        let rows = vectors(100, 9, 3);
        let matrix = QuantisedMatrix::from_vectors(100, &rows).unwrap();
        let mut file = Vec::new();
        matrix.write(&mut file).unwrap();
        let again = QuantisedMatrix::open(file.clone()).unwrap();
        again.verify().unwrap();
        assert_eq!(again.as_bytes(), file);
        for length in 0..file.len() {
            assert!(QuantisedMatrix::open(file[..length].to_vec()).is_err());
        }
        file.push(0);
        assert!(matches!(QuantisedMatrix::open(file.clone()), Err(MatrixError::Size { .. })));
        file.pop();
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 0x11;
            let found = QuantisedMatrix::open(damaged).and_then(|m| {
                m.nearest(&rows[0], 3)?;
                m.verify()
            });
            let filling = (HEADER + 9 * 4..128).contains(&place);
            assert_eq!(found.is_err(), !filling, "byte {place}");
        }
    }

    proptest! {
        #[test]
        fn the_nearest_are_those_of_a_full_sort(
            rows in 0_usize..600, count in 0_usize..40, distinct in 1_usize..40, seed: u64,
        ) {
            let pool = vectors(8, distinct, seed);
            let rows: Vec<_> = (0..rows).map(|row| pool[row * 7 % distinct].clone()).collect();
            let matrix = QuantisedMatrix::from_vectors(8, &rows).unwrap();
            let mut all: Vec<Hit> = rows
                .iter()
                .zip(0..)
                .map(|(vector, row)| Hit { row, cosine: vector.cosine(&pool[0]) })
                .collect();
            all.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.row.cmp(&b.row)));
            all.truncate(count);
            prop_assert_eq!(matrix.nearest(&pool[0], count).unwrap(), all);
        }
    }
}
