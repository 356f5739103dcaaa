//! The same answers as `scalar`, sixteen f32 or sixty-four bytes at a time.
//!
//! Needs AVX-512 F, BW, DQ, VL and VNNI. Every f32 step is `glue` over a register, so it rounds
//! as the scalar definition does; integer sums are exact and cannot overflow (at most
//! 255 · 127 an input, and far fewer than 2^16 inputs). This module trusts the lengths checked
//! in `kernels`, and knows nothing of models.

use std::arch::asm;
use std::arch::x86_64::{
    __m512, __m512i, _mm_loadu_si128, _mm_storeu_si128, _mm512_abs_ps, _mm512_add_epi32,
    _mm512_add_ps, _mm512_and_epi32, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps, _mm512_div_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_mullo_epi32,
    _mm512_or_epi32, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_slli_epi32,
    _mm512_storeu_ps, _mm512_sub_epi32, _mm512_sub_ps,
};

use super::lanes::{LANES, Lanes};
use super::{INTERLEAVE, Int8Weights, PANEL, QuantisedRows, QuantisedRowsMut, by_rows, glue};

/// Rows of an integer product that run side by side: 12 rows of two registers each leave room
/// for the weights and one broadcast among 32 registers.
const ROW_BLOCK: usize = 12;

/// Bytes in a register.
const BYTES: usize = 64;

/// Whether this processor runs the functions of this module.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// Sixteen f32 in a register. Private to this module, whose functions make one only where
/// AVX-512 F is enabled: that is what each block below rests on.
#[derive(Clone, Copy)]
struct RegisterLanes(__m512);

impl Lanes for RegisterLanes {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: as above; the reference is valid for the 64 bytes read, alignment is free.
        Self(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn load_bytes(from: &[i8; LANES]) -> Self {
        // SAFETY: as above; the reference is valid for the 16 bytes read.
        let bytes = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: as above; the reference is valid for the 64 bytes written.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        Self(unsafe { _mm512_abs_ps(self.0) })
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        unsafe {
            let sign_bits =
                _mm512_and_epi32(_mm512_castps_si512(sign.0), _mm512_set1_epi32(i32::MIN));
            let magnitude = _mm512_castps_si512(_mm512_abs_ps(self.0));
            Self(_mm512_castsi512_ps(_mm512_or_epi32(magnitude, sign_bits)))
        }
    }

    #[inline(always)]
    fn shift_exponent(self, steps: Self) -> Self {
        // SAFETY: reached only from functions that enable AVX-512 F.
        unsafe {
            let steps = _mm512_slli_epi32::<23>(_mm512_castps_si512(steps.0));
            Self(_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(self.0), steps)))
        }
    }

    #[inline(always)]
    fn store_low_bytes(self, to: &mut [u8; LANES]) {
        // SAFETY: as above; the reference is valid for the 16 bytes written.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(_mm512_castps_si512(self.0));
            _mm_storeu_si128(to.as_mut_ptr().cast(), bytes);
        }
    }
}

over_lanes!(
    RegisterLanes,
    target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
);

#[target_feature(enable = "avx512f")]
fn load_integers(from: &[i32; LANES]) -> __m512i {
    // SAFETY: the reference is valid for the 64 bytes read, alignment is free.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

/// output = dequantised(values · weights) + bias.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn multiply_int8(rows: QuantisedRows<'_>, weights: Int8Weights<'_>, output: &mut [f32]) {
    let outputs = weights.outputs();
    let (inputs, count) = (weights.inputs(), rows.count());
    let block = count.div_ceil(count.div_ceil(ROW_BLOCK));
    for (index, panel) in weights.panels.chunks_exact(inputs * PANEL).enumerate() {
        let panel = Panel { weights, bytes: panel, column: index * PANEL };
        for first in (0..count).step_by(block) {
            let block = first..(first + block).min(count);
            let output = &mut output[block.start * outputs..block.end * outputs];
            let rows = rows.block(block, inputs);
            by_rows!(rows.count(), panel.multiply(rows, output));
        }
    }
}

/// Thirty-two outputs of a weight matrix.
#[derive(Clone, Copy)]
struct Panel<'a> {
    weights: Int8Weights<'a>,
    bytes: &'a [u8],
    column: usize,
}

impl Panel<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    fn multiply<const R: usize>(self, rows: QuantisedRows<'_>, output: &mut [f32]) {
        let sums = self.sums::<R>(rows.values);
        let outputs = self.weights.outputs();
        for half in 0..PANEL / LANES {
            let group = self.column / LANES + half;
            let weight_sum = load_integers(&self.weights.sums.as_chunks().0[group]);
            let scale = RegisterLanes::load(&self.weights.scales.as_chunks().0[group]);
            let bias = RegisterLanes::load(&self.weights.bias.as_chunks().0[group]);
            let rows = rows.scales.iter().zip(rows.zeros).zip(&sums);
            for (((row_scale, zero), sums), output) in rows.zip(output.chunks_exact_mut(outputs)) {
                let shift = _mm512_mullo_epi32(_mm512_set1_epi32(*zero), weight_sum);
                let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[half], shift));
                let row_scale = RegisterLanes::splat(*row_scale);
                let value = glue::dequantise(RegisterLanes(sum), row_scale, scale, bias);
                value.store(&mut output.as_chunks_mut().0[group]);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    #[expect(
        clippy::used_underscore_binding,
        reason = "a register needs a type, and nobody reads what is left in it"
    )]
    fn sums<const R: usize>(self, values: &[u8]) -> [[__m512i; 2]; R] {
        let steps = self.weights.inputs() / INTERLEAVE;
        assert!(values.len() == R * steps * INTERLEAVE);
        let values = values.as_ptr().cast::<[u8; INTERLEAVE]>();
        let mut sums = [[_mm512_setzero_si512(); 2]; R];
        for (step, weights) in self.bytes.as_chunks::<{ 2 * BYTES }>().0.iter().enumerate() {
            let [left, right] = [&weights[..BYTES], &weights[BYTES..]].map(|half| {
                // SAFETY: the slice holds the 64 bytes read, alignment is free.
                unsafe { _mm512_loadu_si512(half.as_ptr().cast()) }
            });
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `bytes` holds `steps` groups of 128, so `step < steps`, and `values`
                // holds R rows of `steps` groups of four bytes (asserted).
                let input = unsafe { values.add(r * steps + step) };
                // One broadcast and its two products as a unit: left to itself the compiler
                // broadcasts all rows first and spills the sums to the stack (measured: twice
                // the time).
                //
                // SAFETY: reads the four bytes at `input` and writes registers alone; the
                // features are enabled by the caller's attribute.
                unsafe {
                    let _broadcast: __m512i;
                    asm!(
                        "vpbroadcastd {x}, dword ptr [{input}]",
                        "vpdpbusd {a}, {x}, {left}",
                        "vpdpbusd {b}, {x}, {right}",
                        x = out(zmm_reg) _broadcast,
                        a = inout(zmm_reg) sums[0],
                        b = inout(zmm_reg) sums[1],
                        left = in(zmm_reg) left,
                        right = in(zmm_reg) right,
                        input = in(reg) input,
                        options(pure, readonly, nostack, preserves_flags),
                    );
                }
            }
        }
        sums
    }
}
