//! Which rows of a large matrix are worth an exact look?
//!
//! One bit a component: the sign of a row's unit vector after the rows' common centre is taken
//! off, and one factor a row. With x the signs as ±1, o the centred row and q the query,
//!
//! ```text
//! <q, o>  ≈  <q, x> · |o|² / Σ|o_i|
//! ```
//!
//! is the unbiased estimate of RaBitQ (Gao and Long: RaBitQ: Quantizing High-Dimensional Vectors
//! with a Theoretical Error Bound for Approximate Nearest Neighbor Search, SIGMOD 2024), here
//! without the random rotation. It differs from the cosine by a constant of the query and by an
//! error of about .75 / √d. The query has four binary digits a component, so that a product is a
//! count of bits. Everything that a query does is integer arithmetic in a fixed order of rows:
//! the rows found are the same on every processor and at any number of threads.
//!
//! Codes are computed from the rows whenever a snapshot is opened to be searched, and never
//! stored: one pass over the matrix, and no second truth on disk. This module gives candidates,
//! no scores.

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use super::encoder::kernels::scan::{CODE_BLOCK, PLANES, QueryWord, Scan};
use super::matrix::{QuantisedMatrix, QuantisedVector};

/// Bits in a word of a code.
const WORD: usize = 64;

/// Rows whose mean is taken for the centre of all: evenly spaced ones, when there are more.
const CENTRE_ROWS: usize = 65_536;

/// Rows estimated in one go.
const BLOCK_ROWS: usize = 64 * CODE_BLOCK;

/// A component of the query becomes an integer from minus this to this.
const QUERY_LEVELS: i32 = 7;

/// Factors are kept in units of 1 / (1024 · √d). A usual one is 1280 units; the greatest kept
/// still fits an i32 when it is multiplied with the greatest product of the widest query.
const FACTOR_UNITS: f64 = 1024.0;
const GREATEST_FACTOR: f64 = 4095.0;

/// One-bit codes of the first rows of a matrix.
pub struct Codes {
    dimension: usize,
    rows: usize,
    /// Blocks of [`CODE_BLOCK`] rows: the first word of each row, then the second of each, …
    bits: Vec<u64>,
    /// |o|² / Σ|o_i| of each row, in units; 0 for filling.
    factors: Vec<u16>,
    scan: Scan,
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Codes({} × {})", self.rows, self.dimension)
    }
}

impl Codes {
    /// Codes of the first `rows` rows of a matrix, in one pass over them.
    pub fn of(matrix: &QuantisedMatrix, rows: usize) -> Codes {
        let rows = rows.min(matrix.rows());
        let dimension = matrix.dimension();
        let words = dimension.div_ceil(WORD);
        let blocks = rows.div_ceil(CODE_BLOCK);
        let centre = centre(matrix, rows);
        let mut bits = vec![0; blocks * words * CODE_BLOCK];
        let mut factors = vec![0; blocks * CODE_BLOCK];
        if words > 0 {
            bits.par_chunks_mut(words * CODE_BLOCK)
                .zip(factors.par_chunks_mut(CODE_BLOCK))
                .enumerate()
                .for_each(|(block, (bits, factors))| {
                    let first = block * CODE_BLOCK;
                    for (place, factor) in factors.iter_mut().enumerate().take(rows - first) {
                        *factor = encode(matrix, first + place, &centre, &mut bits[place..]);
                    }
                });
        }
        Codes { dimension, rows, bits, factors, scan: Scan::detect() }
    }

    /// Rows that have a code.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the codes take.
    pub fn bytes(&self) -> usize {
        size_of_val(self.bits.as_slice()) + size_of_val(self.factors.as_slice())
    }

    /// The `count` rows of the greatest estimates, in ascending order; of rows with equal
    /// estimates the lower ones. A query of another width finds nothing.
    pub fn candidates(&self, query: &QuantisedVector, count: usize) -> Vec<u32> {
        if query.components().len() != self.dimension || count == 0 {
            return Vec::new();
        }
        let (planes, sum) = planes(query);
        let mut best = BestRows::new(count.min(self.rows));
        let mut products = [0; BLOCK_ROWS];
        let per_block = BLOCK_ROWS * planes.len();
        let blocks = self.bits.chunks(per_block.max(1)).zip(self.factors.chunks(BLOCK_ROWS));
        for (number, (bits, factors)) in blocks.enumerate() {
            let products = &mut products[..factors.len()];
            self.scan.code_products(bits, &planes, products);
            for (product, factor) in products.iter_mut().zip(factors) {
                *product = (2 * *product - sum) * i32::from(*factor);
            }
            let first = number * BLOCK_ROWS;
            best.offer(first as u32, &products[..products.len().min(self.rows - first)]);
        }
        best.into_rows()
    }
}

/// The mean of the rows' unit vectors.
fn centre(matrix: &QuantisedMatrix, rows: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; matrix.dimension()];
    let step = rows.div_ceil(CENTRE_ROWS).max(1);
    for row in (0..rows).step_by(step) {
        let (components, square) = matrix.components(row);
        let scale = inverse_length(square);
        for (sum, component) in sums.iter_mut().zip(components) {
            *sum += f64::from(component.cast_signed()) * scale;
        }
    }
    let n = rows.div_ceil(step).max(1) as f64;
    sums.into_iter().map(|sum| (sum / n) as f32).collect()
}

fn inverse_length(square: u32) -> f64 {
    if square == 0 { 0.0 } else { 1.0 / f64::from(square).sqrt() }
}

/// Writes a row's bits, one word of every [`CODE_BLOCK`], and gives its factor. Sums run over
/// [`WORD`] lanes in a fixed order.
fn encode(matrix: &QuantisedMatrix, row: usize, centre: &[f32], bits: &mut [u64]) -> u16 {
    let (components, square) = matrix.components(row);
    let scale = inverse_length(square) as f32;
    let (mut squares, mut magnitudes) = ([0.0_f32; WORD], [0.0_f32; WORD]);
    let words = components.chunks(WORD).zip(centre.chunks(WORD));
    for ((bytes, centre), bits) in words.zip(bits.iter_mut().step_by(CODE_BLOCK)) {
        let mut centred = [0.0_f32; WORD];
        for ((centred, byte), centre) in centred.iter_mut().zip(bytes).zip(centre) {
            *centred = f32::from(byte.cast_signed()) * scale - centre;
        }
        for ((centred, square), sum) in centred.iter().zip(&mut squares).zip(&mut magnitudes) {
            *square += centred * centred;
            *sum += centred.abs();
        }
        let mut word = 0;
        for (at, centred) in centred.iter().enumerate() {
            word |= u64::from(*centred > 0.0) << at;
        }
        *bits = word;
    }
    let [square, magnitude] = [squares, magnitudes].map(|lanes| lanes.iter().sum::<f32>());
    if magnitude <= 0.0 {
        return 0;
    }
    let root = (components.len() as f64).sqrt();
    let units = f64::from(square) / f64::from(magnitude) * root * FACTOR_UNITS;
    #[expect(clippy::cast_sign_loss, reason = "a quotient of sums of magnitudes")]
    let units = units.round_ties_even().min(GREATEST_FACTOR) as u16;
    units
}

/// The query's components as integers of [`PLANES`] digits, and the sum of these integers.
fn planes(query: &QuantisedVector) -> (Vec<QueryWord>, i32) {
    let greatest = query.components().iter().map(|q| q.unsigned_abs()).max().unwrap_or(0);
    let greatest = i32::from(greatest).max(1);
    let mut sum = 0;
    let words = query.components().chunks(WORD).map(|components| {
        let mut word = [0_u64; PLANES];
        for (at, &component) in components.iter().enumerate() {
            let twice = 2 * i32::from(component) * QUERY_LEVELS;
            let level = (twice + i32::from(component.signum()) * greatest) / (2 * greatest);
            sum += level;
            for (plane, digits) in word.iter_mut().enumerate() {
                *digits |= u64::from(level >> plane & 1 == 1) << at;
            }
        }
        word
    });
    let words = words.collect();
    (words, sum)
}

/// The best rows so far, found in ascending order of rows.
struct BestRows {
    count: usize,
    /// Estimate descending, then row ascending, as one ascending number.
    keys: Vec<u64>,
    /// Estimates up to this one come too late.
    least: i32,
}

impl BestRows {
    fn new(count: usize) -> Self {
        Self { count, keys: Vec::with_capacity(2 * count + BLOCK_ROWS), least: i32::MIN }
    }

    fn offer(&mut self, first: u32, estimates: &[i32]) {
        for (row, &estimate) in (first..).zip(estimates) {
            if estimate > self.least {
                let descending = !estimate.wrapping_sub(i32::MIN).cast_unsigned();
                self.keys.push(u64::from(descending) << 32 | u64::from(row));
            }
        }
        if self.keys.len() >= 2 * self.count {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.keys.len() > self.count && self.count > 0 {
            let (_, worst, _) = self.keys.select_nth_unstable(self.count - 1);
            let descending = (*worst >> 32) as u32;
            self.least = (!descending).cast_signed().wrapping_add(i32::MIN);
            self.keys.truncate(self.count);
        }
    }

    fn into_rows(mut self) -> Vec<u32> {
        self.shrink();
        let mut rows: Vec<u32> = self.keys.iter().map(|key| *key as u32).collect();
        rows.sort_unstable();
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embed::matrix::quantise_row;

    fn vectors(dimension: usize, rows: usize, mut state: u64) -> Vec<QuantisedVector> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / 16_777_216.0 - 0.5
        };
        let mut row = || quantise_row(&(0..dimension).map(|_| next()).collect::<Vec<_>>()).unwrap();
        (0..rows).map(|_| row()).collect()
    }

    /// The definition: every estimate written out, then a full sort.
    fn plain(codes: &Codes, query: &QuantisedVector, count: usize) -> Vec<u32> {
        let greatest = query.components().iter().map(|q| i32::from(*q).abs()).max().unwrap().max(1);
        let level = |q: i8| (f64::from(q) * 7.0 / f64::from(greatest)).round() as i32;
        let words = codes.dimension.div_ceil(WORD);
        let estimate = |row: usize| -> i32 {
            let block = &codes.bits[row / CODE_BLOCK * words * CODE_BLOCK..];
            let product: i32 = (0..codes.dimension)
                .map(|at| {
                    let bit = block[at / WORD * CODE_BLOCK + row % CODE_BLOCK] >> (at % WORD) & 1;
                    level(query.components()[at]) * if bit == 1 { 1 } else { -1 }
                })
                .sum();
            product * i32::from(codes.factors[row])
        };
        let mut order: Vec<u32> = (0..codes.rows as u32).collect();
        order.sort_by_key(|&row| (std::cmp::Reverse(estimate(row as usize)), row));
        order.truncate(count);
        order.sort_unstable();
        order
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn candidates_are_those_of_the_definition(
            rows in 0_usize..1300, dimension in 1_usize..140, count in 0_usize..200, seed: u64,
        ) {
            let vectors = vectors(dimension, rows + 1, seed);
            let (query, rows) = vectors.split_first().unwrap();
            let matrix = QuantisedMatrix::from_vectors(dimension, rows).unwrap();
            let codes = Codes::of(&matrix, rows.len());
            prop_assert_eq!(codes.candidates(query, count), plain(&codes, query, count));
        }
    }

    #[test]
    fn the_nearest_row_is_a_candidate() {
        let rows = vectors(384, 5000, 3);
        let matrix = QuantisedMatrix::from_vectors(384, &rows).unwrap();
        let codes = Codes::of(&matrix, rows.len());
        for row in [0, 17, 4999] {
            assert!(codes.candidates(&rows[row], 10).contains(&(row as u32)));
        }
        assert!(codes.candidates(&vectors(383, 1, 1)[0], 5).is_empty());
    }

    #[test]
    fn a_zero_vector_does_no_harm() {
        let zero = quantise_row(&[0.0; 8]).unwrap();
        let matrix = QuantisedMatrix::from_vectors(8, &[zero.clone(), zero.clone()]).unwrap();
        assert_eq!(Codes::of(&matrix, 2).candidates(&zero, 1), [0]);
        assert!(Codes::of(&matrix, 0).candidates(&zero, 1).is_empty());
    }
}
