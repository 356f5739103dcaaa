//! What happens between two integer matrix products?
//!
//! Quantisation of activations, layer normalisation, GELU, attention, pooling, and the matrix
//! product of the f32 model, each written once over [`Lanes`]. Sums run in sixteen lanes in a
//! fixed order, whatever the instruction set, and the order never depends on how rows are
//! blocked: a token's numbers are the same whichever tokens share its block. Slices have the
//! lengths their callers in `kernels` checked; this module does not know models or texts.

use super::lanes::{LANES, Lanes};
use super::{HEAD, PANEL, QuantisedRowsMut};

/// 1.5 · 2^23: adding it to a small float rounds that float to the nearest integer, ties to
/// even, and leaves the integer in the low bits of the mantissa.
pub(super) const ROUNDER: f32 = 12_582_912.0;

/// Quantised activations span 0 to 255.
const BYTE_LIMIT: f32 = 255.0;

/// Added to the span of a row: keeps an all-zero row from dividing by zero.
const SMALLEST_SPAN: f32 = 1e-12;

/// Queries whose attention runs side by side, to reuse each key and value loaded.
const QUERY_BLOCK: usize = 4;

/// Rows of an f32 product that run side by side, to reuse each weight loaded.
pub(super) const ROW_BLOCK_F32: usize = 6;

#[inline(always)]
fn groups(row: &[f32]) -> &[[f32; LANES]] {
    row.as_chunks().0
}

#[inline(always)]
fn groups_mut(row: &mut [f32]) -> &mut [[f32; LANES]] {
    row.as_chunks_mut().0
}

/// Row by row: scale = (greatest - least) / 255, zero = round(-least / scale),
/// value = round(x / scale) + zero, where greatest and least include 0 so that 0 stays exact.
/// One scale and zero a token (both ends used: hidden states lean to one side, and a scale from
/// the greatest magnitude alone costs three times the error).
#[inline(always)]
pub(super) fn quantise_rows<L: Lanes>(rows: &[f32], width: usize, to: QuantisedRowsMut<'_>) {
    let scales = to.scales.iter_mut().zip(to.zeros);
    let outputs = to.values.chunks_exact_mut(width).zip(scales);
    for (row, (values, (scale, zero))) in rows.chunks_exact(width).zip(outputs) {
        let row = groups(row);
        let (mut greatest, mut least) = (L::splat(0.0), L::splat(0.0));
        for group in row {
            greatest = L::load(group).max(greatest);
            least = L::load(group).min(least);
        }
        let (greatest, least) = (greatest.greatest(), least.least());
        *scale = (greatest - least + SMALLEST_SPAN) / BYTE_LIMIT;
        let inverse = 1.0 / *scale;
        let shift = (-least * inverse).round_ties_even();
        *zero = shift as i32;
        let (inverse, shift) = (L::splat(inverse), L::splat(shift));
        for (group, bytes) in row.iter().zip(values.as_chunks_mut().0) {
            let value = L::load(group).mul(inverse).add(shift);
            let value = value.max(L::splat(0.0)).min(L::splat(BYTE_LIMIT));
            value.add(L::splat(ROUNDER)).store_low_bytes(bytes);
        }
    }
}

/// Row by row: x ← (x + residual - mean) / √(variance + ε) · gain + bias.
/// Layer normalisation (Ba, Kiros, Hinton 2016) with the biased variance.
#[inline(always)]
pub(super) fn add_and_normalise<L: Lanes>(
    rows: &mut [f32],
    residual: Option<&[f32]>,
    gain: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    let width = gain.len();
    if let Some(residual) = residual {
        for (x, y) in groups_mut(rows).iter_mut().zip(groups(residual)) {
            L::load(x).add(L::load(y)).store(x);
        }
    }
    for row in rows.chunks_exact_mut(width) {
        let row = groups_mut(row);
        let mut sum = L::splat(0.0);
        for x in row.iter() {
            sum = sum.add(L::load(x));
        }
        let mean = L::splat(sum.sum() / width as f32);
        let mut squares = L::splat(0.0);
        for x in row.iter() {
            let centred = L::load(x).sub(mean);
            squares = squares.add(centred.mul(centred));
        }
        let inverse = L::splat(1.0 / (squares.sum() / width as f32 + epsilon).sqrt());
        for ((x, g), b) in row.iter_mut().zip(groups(gain)).zip(groups(bias)) {
            let centred = L::load(x).sub(mean);
            centred.mul(inverse).mul(L::load(g)).add(L::load(b)).store(x);
        }
    }
}

/// e^x for x <= 0, relative error below 3e-7; below -87 it stays at e^-87.
///
/// x = n·ln 2 + f, |f| <= ln 2 / 2 (ln 2 in two parts, after Cody and Waite 1980), then the
/// Taylor polynomial of degree 6 for e^f.
#[inline(always)]
fn exp_of_negative<L: Lanes>(x: L) -> L {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 6] = [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let x = x.max(L::splat(-87.0));
    let rounder = L::splat(ROUNDER);
    let shifted = x.mul(L::splat(std::f32::consts::LOG2_E)).add(rounder);
    let n = shifted.sub(rounder);
    let f = x.sub(n.mul(L::splat(LN_2_HIGH))).sub(n.mul(L::splat(LN_2_LOW)));
    let mut power = L::splat(1.0 / 720.0);
    for coefficient in COEFFICIENTS {
        power = power.mul(f).add(L::splat(coefficient));
    }
    power.shift_exponent(shifted)
}

/// x ← x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016), erf after Abramowitz and Stegun
/// 7.1.26, absolute error below 2e-7.
#[inline(always)]
pub(super) fn gelu<L: Lanes>(values: &mut [f32]) {
    const COEFFICIENTS: [f32; 4] = [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6];
    let one = L::splat(1.0);
    for group in groups_mut(values) {
        let x = L::load(group);
        let z = x.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        let magnitude = z.abs();
        let t = one.div(one.add(magnitude.mul(L::splat(0.327_591_1))));
        let mut series = L::splat(1.061_405_4);
        for coefficient in COEFFICIENTS {
            series = series.mul(t).add(L::splat(coefficient));
        }
        let tail = exp_of_negative(L::splat(0.0).sub(magnitude.mul(magnitude)));
        let erf = one.sub(series.mul(t).mul(tail)).with_sign_of(z);
        x.mul(L::splat(0.5)).mul(one.add(erf)).store(group);
    }
}

/// Scratch room of [`attention`].
#[derive(Debug, Default)]
pub(crate) struct AttentionScratch {
    keys: Vec<f32>,
    scores: Vec<f32>,
}

/// softmax(QKᵀ/√d)·V, head by head (Vaswani et al. 2017). A row of `projected` holds the query,
/// key and value of one token, each `heads` · [`HEAD`] wide.
#[inline(always)]
pub(super) fn attention<L: Lanes>(
    projected: &[f32],
    heads: usize,
    scratch: &mut AttentionScratch,
    output: &mut [f32],
) {
    let hidden = heads * HEAD;
    let tokens = output.len() / hidden;
    let padded = tokens.next_multiple_of(LANES);
    scratch.keys.clear();
    scratch.keys.resize(HEAD * padded, 0.0);
    scratch.scores.resize(QUERY_BLOCK * padded, 0.0);
    for head in 0..heads {
        let place = Place { projected, hidden, start: head * HEAD, tokens, padded };
        place.transpose_keys(&mut scratch.keys);
        let mut first = 0;
        while first < tokens {
            let block = (tokens - first).min(QUERY_BLOCK);
            let (keys, scores) = (&scratch.keys[..], &mut scratch.scores[..]);
            match block {
                4 => place.attend::<L, 4>(first, keys, scores, output),
                3 => place.attend::<L, 3>(first, keys, scores, output),
                2 => place.attend::<L, 2>(first, keys, scores, output),
                _ => place.attend::<L, 1>(first, keys, scores, output),
            }
            first += block;
        }
    }
}

/// One head's part of the projected rows.
struct Place<'a> {
    projected: &'a [f32],
    hidden: usize,
    start: usize,
    tokens: usize,
    padded: usize,
}

impl Place<'_> {
    #[inline(always)]
    fn part(&self, token: usize, part: usize) -> &[f32] {
        let from = token * 3 * self.hidden + part * self.hidden + self.start;
        &self.projected[from..from + HEAD]
    }

    #[inline(always)]
    fn transpose_keys(&self, keys: &mut [f32]) {
        for token in 0..self.tokens {
            for (d, value) in self.part(token, 1).iter().enumerate() {
                keys[d * self.padded + token] = *value;
            }
        }
    }

    #[inline(always)]
    fn attend<L: Lanes, const Q: usize>(
        &self,
        first: usize,
        keys: &[f32],
        scores: &mut [f32],
        output: &mut [f32],
    ) {
        self.score::<L, Q>(first, keys, scores);
        let mut inverses = [0.0; Q];
        for (q, inverse) in inverses.iter_mut().enumerate() {
            *inverse =
                soft_maximum::<L>(&mut scores[q * self.padded..][..self.padded], self.tokens);
        }
        let mut sums = [[L::splat(0.0); HEAD / LANES]; Q];
        for token in 0..self.tokens {
            let values = groups(self.part(token, 2));
            for (q, sums) in sums.iter_mut().enumerate() {
                let weight = L::splat(scores[q * self.padded + token]);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = sum.add(weight.mul(L::load(value)));
                }
            }
        }
        for (q, (sums, inverse)) in sums.iter().zip(inverses).enumerate() {
            let to = &mut output[(first + q) * self.hidden + self.start..][..HEAD];
            for (sum, to) in sums.iter().zip(groups_mut(to)) {
                sum.mul(L::splat(inverse)).store(to);
            }
        }
    }

    #[inline(always)]
    fn score<L: Lanes, const Q: usize>(&self, first: usize, keys: &[f32], scores: &mut [f32]) {
        let mut queries = [[0.0; HEAD]; Q];
        let scale = 1.0 / (HEAD as f32).sqrt();
        for (q, query) in queries.iter_mut().enumerate() {
            for (to, from) in query.iter_mut().zip(self.part(first + q, 0)) {
                *to = from * scale;
            }
        }
        for tile in 0..self.padded / LANES {
            let mut sums = [L::splat(0.0); Q];
            for d in 0..HEAD {
                let key = L::load(&groups(&keys[d * self.padded..][..self.padded])[tile]);
                for (sum, query) in sums.iter_mut().zip(&queries) {
                    *sum = sum.add(L::splat(query[d]).mul(key));
                }
            }
            for (q, sum) in sums.into_iter().enumerate() {
                let row = &mut scores[q * self.padded..][..self.padded];
                sum.store(&mut groups_mut(row)[tile]);
            }
        }
    }
}

/// Turns a row of scores into e^(score - greatest) and returns one over their sum; places past
/// `count` become zero.
#[inline(always)]
fn soft_maximum<L: Lanes>(scores: &mut [f32], count: usize) -> f32 {
    scores[count..].fill(f32::MIN);
    let mut greatest = L::splat(f32::MIN);
    for group in groups(scores) {
        greatest = greatest.max(L::load(group));
    }
    let greatest = L::splat(greatest.greatest());
    for group in groups_mut(scores) {
        exp_of_negative(L::load(group).sub(greatest)).store(group);
    }
    scores[count..].fill(0.0);
    let mut sum = L::splat(0.0);
    for group in groups(scores) {
        sum = sum.add(L::load(group));
    }
    1.0 / sum.sum()
}

/// The mean of the rows, scaled to length one.
#[inline(always)]
pub(super) fn mean_and_scale<L: Lanes>(rows: &[f32], output: &mut [f32]) {
    let width = output.len();
    let inverse = L::splat(1.0 / (rows.len() / width) as f32);
    output.fill(0.0);
    for row in rows.chunks_exact(width) {
        for (to, from) in groups_mut(output).iter_mut().zip(groups(row)) {
            L::load(to).add(L::load(from)).store(to);
        }
    }
    let mut squares = L::splat(0.0);
    for to in groups_mut(output) {
        let mean = L::load(to).mul(inverse);
        squares = squares.add(mean.mul(mean));
        mean.store(to);
    }
    let length = squares.sum().sqrt();
    if length > 0.0 {
        let inverse = L::splat(1.0 / length);
        for to in groups_mut(output) {
            L::load(to).mul(inverse).store(to);
        }
    }
}

/// Tokens whose dot products with one row run side by side, to reuse each weight loaded.
const TOKEN_BLOCK: usize = 6;

/// For each row of signed bytes, its dot product with each token: sixteen lanes, summed from the
/// first to the last.
#[inline(always)]
pub(super) fn dot_tokens<L: Lanes>(rows: &[i8], tokens: &[f32], width: usize, dots: &mut [f32]) {
    let count = tokens.len() / width;
    for (row, dots) in rows.chunks_exact(width).zip(dots.chunks_exact_mut(count)) {
        let row = row.as_chunks().0;
        let blocks = tokens.chunks(TOKEN_BLOCK * width).zip(dots.chunks_mut(TOKEN_BLOCK));
        for (tokens, dots) in blocks {
            match dots.len() {
                6 => dot_block::<L, 6>(row, tokens, dots),
                5 => dot_block::<L, 5>(row, tokens, dots),
                4 => dot_block::<L, 4>(row, tokens, dots),
                3 => dot_block::<L, 3>(row, tokens, dots),
                2 => dot_block::<L, 2>(row, tokens, dots),
                _ => dot_block::<L, 1>(row, tokens, dots),
            }
        }
    }
}

#[inline(always)]
fn dot_block<L: Lanes, const T: usize>(row: &[[i8; LANES]], tokens: &[f32], dots: &mut [f32]) {
    let tokens = groups(tokens);
    let mut sums = [L::splat(0.0); T];
    for (at, weights) in row.iter().enumerate() {
        let weights = L::load_bytes(weights);
        for (t, sum) in sums.iter_mut().enumerate() {
            *sum = sum.add(weights.mul(L::load(&tokens[t * row.len() + at])));
        }
    }
    for (dot, sum) in dots.iter_mut().zip(sums) {
        *dot = sum.to_array().iter().sum();
    }
}

/// sum · (row scale · column scale) + bias: from integers back to f32.
#[inline(always)]
pub(super) fn dequantise<L: Lanes>(sum: L, row_scale: L, column_scale: L, bias: L) -> L {
    sum.mul(row_scale.mul(column_scale)).add(bias)
}

/// output = rows · weights + bias, weights in panels of [`PANEL`] outputs, inputs ascending.
#[inline(always)]
pub(super) fn multiply_f32<L: Lanes>(
    rows: &[f32],
    panels: &[f32],
    bias: &[f32],
    output: &mut [f32],
) {
    let outputs = bias.len();
    let inputs = panels.len() / outputs;
    let count = output.len() / outputs;
    for (index, panel) in panels.chunks_exact(inputs * PANEL).enumerate() {
        let column = index * PANEL;
        let mut first = 0;
        while first < count {
            let block = (count - first).min(ROW_BLOCK_F32);
            let rows = &rows[first * inputs..][..block * inputs];
            let bias = &bias[column..][..PANEL];
            let to = &mut output[first * outputs + column..];
            match block {
                6 => multiply_block::<L, 6>(rows, panel, bias, to, outputs),
                5 => multiply_block::<L, 5>(rows, panel, bias, to, outputs),
                4 => multiply_block::<L, 4>(rows, panel, bias, to, outputs),
                3 => multiply_block::<L, 3>(rows, panel, bias, to, outputs),
                2 => multiply_block::<L, 2>(rows, panel, bias, to, outputs),
                _ => multiply_block::<L, 1>(rows, panel, bias, to, outputs),
            }
            first += block;
        }
    }
}

#[inline(always)]
fn multiply_block<L: Lanes, const R: usize>(
    rows: &[f32],
    panel: &[f32],
    bias: &[f32],
    output: &mut [f32],
    stride: usize,
) {
    let inputs = panel.len() / PANEL;
    let mut sums = [[L::splat(0.0); PANEL / LANES]; R];
    for (input, weights) in panel.chunks_exact(PANEL).enumerate() {
        let weights = groups(weights);
        for (r, sums) in sums.iter_mut().enumerate() {
            let x = L::splat(rows[r * inputs + input]);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = sum.add(x.mul(L::load(weight)));
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let to = groups_mut(&mut output[r * stride..][..PANEL]);
        for ((sum, to), bias) in sums.iter().zip(to).zip(groups(bias)) {
            sum.add(L::load(bias)).store(to);
        }
    }
}
