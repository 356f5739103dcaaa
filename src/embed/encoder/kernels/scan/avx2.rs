//! The same integers as `scalar`, thirty-two bytes at a time.
//!
//! Needs AVX2. Sums are exact and cannot overflow: a row is at most 2^15 bytes wide. This module
//! trusts the lengths checked in `scan`.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_add_epi32, _mm256_add_epi64,
    _mm256_and_si256, _mm256_cvtepi8_epi16, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_sad_epu8,
    _mm256_set1_epi8, _mm256_set1_epi64x, _mm256_setr_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_slli_epi64, _mm256_srli_epi16, _mm256_storeu_si256,
    _mm256_sub_epi64,
};

use super::{CODE_BLOCK, PLANES, QueryWord};

/// Bytes that are widened to a register of sixteen 16-bit integers.
const WIDENED: usize = 16;

/// Words whose bits are counted in bytes before a byte could overflow: 8 · 31 < 256.
const WORDS_PER_BYTE_COUNT: usize = 31;

/// Whether this processor runs the functions of this module.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
}

/// For each row of signed bytes, the sum of its products with `query`. A product of two bytes
/// is at most 2^14, so that pairs of them fit where they are added.
#[target_feature(enable = "avx2")]
pub(super) fn dot_rows(rows: &[u8], query: &[i8], dots: &mut [i32]) {
    let query = query.as_chunks::<WIDENED>().0;
    for (row, dot) in rows.chunks_exact(query.len() * WIDENED).zip(dots) {
        let mut sum = _mm256_setzero_si256();
        for (row, query) in row.as_chunks::<WIDENED>().0.iter().zip(query) {
            // SAFETY: both references are valid for the 16 bytes read, alignment is free.
            let (row, query) = unsafe {
                (_mm_loadu_si128(row.as_ptr().cast()), _mm_loadu_si128(query.as_ptr().cast()))
            };
            let (row, query) = (_mm256_cvtepi8_epi16(row), _mm256_cvtepi8_epi16(query));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(row, query));
        }
        let mut lanes = [0_i32; 8];
        // SAFETY: the array is valid for the 32 bytes written, alignment is free.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
        *dot = lanes.iter().sum();
    }
}

/// For each row of bits, the sum of the query's components where the bit is set.
#[target_feature(enable = "avx2")]
pub(super) fn code_products(codes: &[u64], query: &[QueryWord], products: &mut [i32]) {
    let blocks = codes.chunks_exact(query.len() * CODE_BLOCK);
    for (block, products) in blocks.zip(products.as_chunks_mut::<CODE_BLOCK>().0) {
        let mut totals = [_mm256_setzero_si256(); 2];
        let block = block.as_chunks::<CODE_BLOCK>().0;
        let parts = block.chunks(WORDS_PER_BYTE_COUNT).zip(query.chunks(WORDS_PER_BYTE_COUNT));
        for (words, query) in parts {
            for (half, total) in totals.iter_mut().enumerate() {
                *total = _mm256_add_epi64(*total, half_products(words, query, half * 4));
            }
        }
        for (total, products) in totals.iter().zip(products.as_chunks_mut::<4>().0) {
            let mut lanes = [0_i64; 4];
            // SAFETY: the array is valid for the 32 bytes written, alignment is free.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), *total) };
            *products = lanes.map(|lane| lane as i32);
        }
    }
}

/// Products of four of a block's rows, from `first` on, over at most
/// [`WORDS_PER_BYTE_COUNT`] words.
#[target_feature(enable = "avx2")]
fn half_products(words: &[[u64; CODE_BLOCK]], query: &[QueryWord], first: usize) -> __m256i {
    let mut counts = [_mm256_setzero_si256(); PLANES];
    for (words, planes) in words.iter().zip(query) {
        let half = &words[first..first + 4];
        // SAFETY: the slice is valid for the 32 bytes read, alignment is free.
        let half = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
        for (count, plane) in counts.iter_mut().zip(planes) {
            let common = _mm256_and_si256(half, _mm256_set1_epi64x(plane.cast_signed()));
            *count = _mm256_add_epi8(*count, bits_of_bytes(common));
        }
    }
    let zero = _mm256_setzero_si256();
    let [one, two, four, eight] = counts.map(|count| _mm256_sad_epu8(count, zero));
    let low = _mm256_add_epi64(one, _mm256_slli_epi64::<1>(two));
    let high = _mm256_sub_epi64(_mm256_slli_epi64::<2>(four), _mm256_slli_epi64::<3>(eight));
    _mm256_add_epi64(low, high)
}

/// Bits set in each byte, looked up by half bytes: Muła, Kurz, Lemire: Faster population counts
/// using AVX2 instructions, The Computer Journal 61 (2018).
#[target_feature(enable = "avx2")]
fn bits_of_bytes(bytes: __m256i) -> __m256i {
    let table = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3,
        3, 4,
    );
    let nibble = _mm256_set1_epi8(15);
    let low = _mm256_and_si256(bytes, nibble);
    let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
    _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high))
}
