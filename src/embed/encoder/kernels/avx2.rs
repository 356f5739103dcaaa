//! The same answers as `scalar` with AVX2: sixteen f32 as two registers, sixteen products of
//! 16-bit integers at a time.
//!
//! Bytes are widened to 16 bits before they are multiplied: the instruction that multiplies
//! unsigned by signed bytes adds pairs of products with saturation, which loses sums above 2^15.
//! Integer sums are exact and cannot overflow (at most 255 · 127 an input, and far fewer than
//! 2^16 inputs). This module trusts the lengths checked in `kernels`, and knows nothing of
//! models.

use std::arch::asm;
use std::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm_packus_epi16, _mm_storeu_si128, _mm_unpackhi_epi64,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_andnot_ps, _mm256_castps_si256,
    _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_cvtepi8_epi32,
    _mm256_cvtepi32_ps, _mm256_div_ps, _mm256_extracti128_si256, _mm256_hadd_epi32,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_mullo_epi32, _mm256_or_ps, _mm256_packus_epi32, _mm256_permute4x64_epi64,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_sub_epi32, _mm256_sub_ps,
};

use super::lanes::{LANES, Lanes};
use super::{INTERLEAVE, Int8Weights, PANEL, QuantisedRows, QuantisedRowsMut, by_rows, glue};

/// Outputs whose weights, four inputs of each, fill two registers of 16-bit integers.
const OCTET: usize = 8;

/// Bytes of weights in an octet.
const OCTET_BYTES: usize = OCTET * INTERLEAVE;

/// Rows of an integer product that run side by side: six rows of two registers each leave room
/// for the weights, one broadcast and its products among 16 registers.
const ROW_BLOCK: usize = 6;

/// Whether this processor runs the functions of this module.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Sixteen f32 in two registers. Private to this module, whose functions make one only where
/// AVX2 is enabled: that is what each block below rests on.
#[derive(Clone, Copy)]
struct RegisterLanes([__m256; 2]);

impl RegisterLanes {
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(__m256, __m256) -> __m256) -> Self {
        Self([operation(self.0[0], other.0[0]), operation(self.0[1], other.0[1])])
    }
}

impl Lanes for RegisterLanes {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        Self([unsafe { _mm256_set1_ps(value) }; 2])
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; the reference is valid for the 64 bytes read, alignment is free.
        unsafe {
            Self([_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(LANES / 2))])
        }
    }

    #[inline(always)]
    fn load_bytes(from: &[i8; LANES]) -> Self {
        // SAFETY: reached only from functions that enable AVX2; the reference is valid for the
        // 16 bytes read, alignment is free.
        unsafe {
            let bytes = _mm_loadu_si128(from.as_ptr().cast());
            let last = _mm_unpackhi_epi64(bytes, bytes);
            Self([bytes, last].map(|half| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(half))))
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as above; the reference is valid for the 64 bytes written.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(LANES / 2), self.0[1]);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_add_ps(a, b) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_sub_ps(a, b) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_mul_ps(a, b) })
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_div_ps(a, b) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_max_ps(a, b) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        self.zip(other, |a, b| unsafe { _mm256_min_ps(a, b) })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: reached only from functions that enable AVX2.
        Self(self.0.map(|x| unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), x) }))
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        self.abs().zip(sign, |magnitude, sign| {
            // SAFETY: reached only from functions that enable AVX2.
            unsafe { _mm256_or_ps(magnitude, _mm256_and_ps(_mm256_set1_ps(-0.0), sign)) }
        })
    }

    #[inline(always)]
    fn shift_exponent(self, steps: Self) -> Self {
        self.zip(steps, |x, steps| {
            // SAFETY: reached only from functions that enable AVX2.
            unsafe {
                let steps = _mm256_slli_epi32::<23>(_mm256_castps_si256(steps));
                _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), steps))
            }
        })
    }

    #[inline(always)]
    fn store_low_bytes(self, to: &mut [u8; LANES]) {
        // SAFETY: reached only from functions that enable AVX2; the reference is valid for the
        // 16 bytes written.
        unsafe {
            let low_byte = _mm256_castsi256_ps(_mm256_set1_epi32(0xff));
            let [left, right] = self.0.map(|x| _mm256_castps_si256(_mm256_and_ps(x, low_byte)));
            // The register is packed half by half; the permutation puts the halves in order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(left, right));
            let (first, last) =
                (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_packus_epi16(first, last));
        }
    }
}

over_lanes!(RegisterLanes, target_feature(enable = "avx2"));

#[target_feature(enable = "avx2")]
fn widen(from: &[u8; LANES]) -> __m256i {
    // SAFETY: the reference is valid for the 16 bytes read, alignment is free.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(from.as_ptr().cast()) })
}

/// output = dequantised(values · weights) + bias.
#[target_feature(enable = "avx2")]
pub(super) fn multiply_int8(rows: QuantisedRows<'_>, weights: Int8Weights<'_>, output: &mut [f32]) {
    let outputs = weights.outputs();
    let (inputs, count) = (weights.inputs(), rows.count());
    let block = count.div_ceil(count.div_ceil(ROW_BLOCK));
    let wide = widened(rows, inputs, block);
    for (index, panel) in weights.panels.chunks_exact(inputs * PANEL).enumerate() {
        let panel = Panel { weights, bytes: panel, column: index * PANEL };
        for first in (0..count).step_by(block) {
            let block = first..(first + block).min(count);
            let output = &mut output[block.start * outputs..block.end * outputs];
            let wide = &wide[block.start * inputs..block.end * inputs];
            let rows = rows.block(block, inputs);
            by_rows!(rows.count(), panel.multiply(rows, wide, output));
        }
    }
}

/// The values in 16 bits; those of a block of rows lie step by step, and row by row within a
/// step, so that the product reads them one after the other.
#[target_feature(enable = "avx2")]
fn widened(rows: QuantisedRows<'_>, inputs: usize, block: usize) -> Vec<i16> {
    let mut wide = vec![0; rows.values.len()];
    let blocks = wide.chunks_mut(block * inputs).zip(rows.values.chunks(block * inputs));
    for (wide, values) in blocks {
        let count = values.len() / inputs;
        let places = wide.as_chunks_mut::<INTERLEAVE>().0;
        for (row, values) in values.chunks_exact(inputs).enumerate() {
            for (step, values) in values.as_chunks::<INTERLEAVE>().0.iter().enumerate() {
                places[step * count + row] = values.map(i16::from);
            }
        }
    }
    wide
}

/// Thirty-two outputs of a weight matrix.
#[derive(Clone, Copy)]
struct Panel<'a> {
    weights: Int8Weights<'a>,
    bytes: &'a [u8],
    column: usize,
}

impl Panel<'_> {
    #[target_feature(enable = "avx2")]
    fn multiply<const R: usize>(self, rows: QuantisedRows<'_>, wide: &[i16], output: &mut [f32]) {
        let outputs = self.weights.outputs();
        for octet in 0..PANEL / OCTET {
            let sums = self.sums::<R>(octet, wide);
            let first = self.column + octet * OCTET;
            let weight_sums = load(&self.weights.sums[first..]);
            let scales = _mm256_castsi256_ps(load(&self.weights.scales[first..]));
            let bias = _mm256_castsi256_ps(load(&self.weights.bias[first..]));
            let rows = rows.scales.iter().zip(rows.zeros).zip(&sums);
            for (((row_scale, zero), [left, right]), output) in
                rows.zip(output.chunks_exact_mut(outputs))
            {
                // Neighbours add up within each half of a register; then the halves change places.
                let sums = _mm256_hadd_epi32(*left, *right);
                let sums = _mm256_permute4x64_epi64::<0b11_01_10_00>(sums);
                let shift = _mm256_mullo_epi32(_mm256_set1_epi32(*zero), weight_sums);
                let sums = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, shift));
                let scales = _mm256_mul_ps(_mm256_set1_ps(*row_scale), scales);
                let values = _mm256_add_ps(_mm256_mul_ps(sums, scales), bias);
                let to = &mut output[first..first + OCTET];
                // SAFETY: the slice is valid for the 32 bytes written.
                unsafe { _mm256_storeu_ps(to.as_mut_ptr(), values) };
            }
        }
    }

    /// Sums of eight outputs, four a register: lanes 2i and 2i + 1 together are output i's.
    #[target_feature(enable = "avx2")]
    #[expect(
        clippy::used_underscore_binding,
        reason = "a register needs a type, and nobody reads what is left in it"
    )]
    fn sums<const R: usize>(self, octet: usize, wide: &[i16]) -> [[__m256i; 2]; R] {
        let steps = self.bytes.as_chunks::<{ PANEL * INTERLEAVE }>().0;
        let inputs = wide.as_chunks::<INTERLEAVE>().0.chunks_exact(R);
        let mut sums = [[_mm256_setzero_si256(); 2]; R];
        for (weights, inputs) in steps.iter().zip(inputs) {
            let weights = &weights.as_chunks::<OCTET_BYTES>().0[octet].as_chunks::<LANES>().0;
            let (left, right) = (widen(&weights[0]), widen(&weights[1]));
            for (sums, input) in sums.iter_mut().zip(inputs) {
                // One broadcast and its products as a unit, or the compiler broadcasts all rows
                // first and spills the sums.
                //
                // SAFETY: reads the eight bytes of `input` and writes registers alone; AVX2 is
                // enabled by the attribute.
                unsafe {
                    let _broadcast: __m256i;
                    let _products: __m256i;
                    asm!(
                        "vpbroadcastq {x}, qword ptr [{input}]",
                        "vpmaddwd {y}, {x}, {left}",
                        "vpmaddwd {x}, {x}, {right}",
                        "vpaddd {a}, {a}, {y}",
                        "vpaddd {b}, {b}, {x}",
                        x = out(ymm_reg) _broadcast,
                        y = out(ymm_reg) _products,
                        a = inout(ymm_reg) sums[0],
                        b = inout(ymm_reg) sums[1],
                        left = in(ymm_reg) left,
                        right = in(ymm_reg) right,
                        input = in(reg) input.as_ptr(),
                        options(pure, readonly, nostack, preserves_flags),
                    );
                }
            }
        }
        sums
    }
}

/// The first eight numbers of 32 bits.
#[target_feature(enable = "avx2")]
fn load<T: Copy>(from: &[T]) -> __m256i {
    const { assert!(size_of::<T>() == 4) };
    let from = &from[..8];
    // SAFETY: the slice holds the 32 bytes read, alignment is free.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}
