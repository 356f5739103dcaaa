//! Which instructions compare a query with many rows?
//!
//! Two integer operations: dot products of bytes, and products of a query with one-bit codes.
//! `scalar` is the definition of both; `avx2` and `avx512` give the same integers faster. The
//! choice is made once, by asking the processor, and a [`Scan`] value is the proof that the
//! processor was asked. This module does not know what rows or codes stand for.

mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(test)]
mod tests;

use super::ROW_ALIGNMENT;

/// Rows whose codes lie word beside word.
pub(crate) const CODE_BLOCK: usize = 8;

/// Binary digits of a query's component, in two's complement.
pub(crate) const PLANES: usize = 4;

/// Digits of 64 consecutive components of a query, the lowest plane first.
pub(crate) type QueryWord = [u64; PLANES];

/// A set of instructions that scans can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanPath {
    /// Plain Rust, on any processor: the definition of every result.
    Scalar,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI and VPOPCNTDQ.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The operations of a scan on one instruction set. The lengths of all arguments are checked
/// here; a wrong length is a fault of the caller in this crate and panics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    path: ScanPath,
}

macro_rules! dispatch {
    ($self:ident.$name:ident($($argument:expr),*)) => {
        match $self.path {
            ScanPath::Scalar => scalar::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this path is chosen only after the processor said that it has the
            // features (`Scan::on`), and `path` is private to this module.
            ScanPath::Avx2 => unsafe { avx2::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            ScanPath::Avx512 => unsafe { avx512::$name($($argument),*) },
        }
    };
}

impl Scan {
    /// The fastest path of this processor.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        for path in [ScanPath::Avx512, ScanPath::Avx2] {
            if let Some(scan) = Self::on(path) {
                return scan;
            }
        }
        Self { path: ScanPath::Scalar }
    }

    /// The path asked for, if this processor has it.
    pub(crate) fn on(path: ScanPath) -> Option<Self> {
        let available = match path {
            ScanPath::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            ScanPath::Avx2 => avx2::is_supported(),
            #[cfg(target_arch = "x86_64")]
            ScanPath::Avx512 => avx512::is_supported(),
        };
        available.then_some(Self { path })
    }

    /// For each row of signed bytes, the sum of its products with `query`.
    pub(crate) fn dot_rows(self, rows: &[u8], query: &[i8], dots: &mut [i32]) {
        assert!(query.len().is_multiple_of(ROW_ALIGNMENT));
        assert!(rows.len() == dots.len() * query.len());
        if !query.is_empty() {
            dispatch!(self.dot_rows(rows, query, dots));
        }
    }

    /// The same for some of the rows, by number.
    pub(crate) fn dot_picked(self, rows: &[u8], picks: &[u32], query: &[i8], dots: &mut [i32]) {
        assert!(query.len().is_multiple_of(ROW_ALIGNMENT) && picks.len() == dots.len());
        let width = query.len();
        for (place, (&pick, dot)) in picks.iter().zip(dots).enumerate() {
            if let Some(&ahead) = picks.get(place + PREFETCH) {
                prefetch(rows, ahead as usize * width, width);
            }
            let row = &rows[pick as usize * width..][..width];
            self.dot_rows(row, query, std::slice::from_mut(dot));
        }
    }

    /// For each row of bits, the sum of the query's components where the bit is set.
    ///
    /// `codes` holds blocks of [`CODE_BLOCK`] rows: the first word of each row, then the second
    /// word of each, and so on.
    pub(crate) fn code_products(self, codes: &[u64], query: &[QueryWord], products: &mut [i32]) {
        assert!(products.len().is_multiple_of(CODE_BLOCK));
        assert!(codes.len() == products.len() * query.len());
        if !query.is_empty() {
            dispatch!(self.code_products(codes, query, products));
        }
    }
}

/// Rows that are asked for ahead of their use.
const PREFETCH: usize = 8;

/// Bytes that a processor fetches at once.
const CACHE_LINE: usize = 64;

/// Asks for some bytes that will be read soon; nothing where there are none.
fn prefetch(bytes: &[u8], first: usize, count: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(bytes) = bytes.get(first..first + count) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for line in bytes.chunks(CACHE_LINE) {
            // SAFETY: prefetching reads nothing, and the address lies in the slice.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, first, count);
}
