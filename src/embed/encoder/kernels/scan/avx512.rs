//! The same integers as `scalar`, sixty-four bytes at a time.
//!
//! Needs AVX-512 F, BW, VNNI and VPOPCNTDQ. Sums are exact and cannot overflow: a row is at most
//! 2^15 bytes wide. This module trusts the lengths checked in `scan`.

use std::arch::x86_64::{
    __m512i, _mm256_storeu_si256, _mm512_add_epi64, _mm512_and_si512, _mm512_cvtepi64_epi32,
    _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_popcnt_epi64, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_sub_epi64,
    _mm512_xor_si512,
};

use super::{CODE_BLOCK, PLANES, QueryWord};

/// Bytes in a register.
const BYTES: usize = 64;

/// Whether this processor runs the functions of this module.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vpopcntdq")
}

/// For each row of signed bytes, the sum of its products with `query`.
///
/// The hardware multiplies unsigned by signed bytes: a row gets 128 added to each byte (its top
/// bit flipped), and 128 · Σ query is taken off the sum.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn dot_rows(rows: &[u8], query: &[i8], dots: &mut [i32]) {
    let flip = _mm512_set1_epi8(i8::MIN);
    let offset = 128 * query.iter().map(|q| i32::from(*q)).sum::<i32>();
    let query = query.as_chunks::<BYTES>().0;
    for (row, dot) in rows.chunks_exact(query.len() * BYTES).zip(dots) {
        let mut sum = _mm512_setzero_si512();
        for (row, query) in row.as_chunks::<BYTES>().0.iter().zip(query) {
            // SAFETY: both references are valid for the 64 bytes read, alignment is free.
            let (row, query) = unsafe {
                (_mm512_loadu_si512(row.as_ptr().cast()), _mm512_loadu_si512(query.as_ptr().cast()))
            };
            sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(row, flip), query);
        }
        *dot = _mm512_reduce_add_epi32(sum) - offset;
    }
}

/// For each row of bits, the sum of the query's components where the bit is set.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
pub(super) fn code_products(codes: &[u64], query: &[QueryWord], products: &mut [i32]) {
    let blocks = codes.chunks_exact(query.len() * CODE_BLOCK);
    for (block, products) in blocks.zip(products.as_chunks_mut::<CODE_BLOCK>().0) {
        let mut sums: [__m512i; PLANES] = [_mm512_setzero_si512(); PLANES];
        for (words, planes) in block.as_chunks::<CODE_BLOCK>().0.iter().zip(query) {
            // SAFETY: the reference is valid for the 64 bytes read, alignment is free.
            let words = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
            for (sum, plane) in sums.iter_mut().zip(planes) {
                let common = _mm512_and_si512(words, _mm512_set1_epi64(plane.cast_signed()));
                *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(common));
            }
        }
        let [one, two, four, eight] = sums;
        let low = _mm512_add_epi64(one, _mm512_slli_epi64::<1>(two));
        let high = _mm512_sub_epi64(_mm512_slli_epi64::<2>(four), _mm512_slli_epi64::<3>(eight));
        let total = _mm512_cvtepi64_epi32(_mm512_add_epi64(low, high));
        // SAFETY: the reference is valid for the 32 bytes written, alignment is free.
        unsafe { _mm256_storeu_si256(products.as_mut_ptr().cast(), total) };
    }
}
