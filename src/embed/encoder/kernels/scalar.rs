//! What is the right answer? The definition of every kernel, in plain Rust.
//!
//! Integer sums are exact, so any order of summation is the definition; f32 steps follow `glue`
//! over an array of sixteen. This module does not know which processor it runs on.

use super::lanes::{LANES, Lanes};
use super::{INTERLEAVE, Int8Weights, PANEL, QuantisedRows, QuantisedRowsMut, glue};

/// Sixteen f32 in an array.
#[derive(Clone, Copy)]
pub(super) struct ArrayLanes([f32; LANES]);

impl ArrayLanes {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut lanes = self.0;
        for (a, b) in lanes.iter_mut().zip(other.0) {
            *a = f(*a, b);
        }
        Self(lanes)
    }
}

impl Lanes for ArrayLanes {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn load_bytes(from: &[i8; LANES]) -> Self {
        Self(from.map(f32::from))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    #[inline(always)]
    fn with_sign_of(self, sign: Self) -> Self {
        self.zip(sign, f32::copysign)
    }

    #[inline(always)]
    fn shift_exponent(self, steps: Self) -> Self {
        self.zip(steps, |a, b| f32::from_bits(a.to_bits().wrapping_add(b.to_bits() << 23)))
    }

    #[inline(always)]
    fn store_low_bytes(self, to: &mut [u8; LANES]) {
        for (byte, lane) in to.iter_mut().zip(self.0) {
            *byte = lane.to_bits().to_le_bytes()[0];
        }
    }
}

/// output = dequantised(values · weights) + bias, panel by panel so that one stays in cache.
///
/// A panel is unpacked to 16 bits, output after output: that makes of each sum a plain dot
/// product, which the compiler turns into what vector instructions the processor is known to have.
pub(super) fn multiply_int8(rows: QuantisedRows<'_>, weights: Int8Weights<'_>, output: &mut [f32]) {
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    let values: Vec<i16> = rows.values.iter().map(|value| i16::from(*value)).collect();
    let mut unpacked = vec![0; PANEL * inputs];
    for (index, panel) in weights.panels.chunks_exact(inputs * PANEL).enumerate() {
        unpack(panel, inputs, &mut unpacked);
        let columns = index * PANEL..(index + 1) * PANEL;
        let scales = rows.scales.iter().zip(rows.zeros);
        let rows = values.chunks_exact(inputs).zip(scales);
        for ((row, (row_scale, zero)), output) in rows.zip(output.chunks_exact_mut(outputs)) {
            let constants = weights.sums[columns.clone()]
                .iter()
                .zip(&weights.scales[columns.clone()])
                .zip(&weights.bias[columns.clone()]);
            let places = output[columns.clone()].iter_mut().zip(unpacked.chunks_exact(inputs));
            for ((to, weights), ((weight_sum, scale), bias)) in places.zip(constants) {
                let sum = dot(row, weights);
                *to = (sum - zero * weight_sum) as f32 * (row_scale * scale) + bias;
            }
        }
    }
}

fn unpack(panel: &[u8], inputs: usize, unpacked: &mut [i16]) {
    let groups = panel.as_chunks::<{ PANEL * INTERLEAVE }>().0;
    for (output, unpacked) in unpacked.chunks_exact_mut(inputs).enumerate() {
        for (weights, group) in unpacked.as_chunks_mut().0.iter_mut().zip(groups) {
            let bytes: [u8; INTERLEAVE] = group.as_chunks().0[output];
            *weights = bytes.map(|byte| i16::from(byte.cast_signed()));
        }
    }
}

/// In pieces whose length is known, without which the compiler widens every factor first.
#[inline(always)]
fn dot(a: &[i16], b: &[i16]) -> i32 {
    const PIECE: usize = 64;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<PIECE>(), b.as_chunks::<PIECE>());
    let product = |(a, b): (&i16, &i16)| i32::from(*a) * i32::from(*b);
    let pieces = a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(product).sum::<i32>());
    pieces.sum::<i32>() + a_rest.iter().zip(b_rest).map(product).sum::<i32>()
}

over_lanes!(ArrayLanes, inline);
