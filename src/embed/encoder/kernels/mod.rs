//! Which instructions compute the encoder's arithmetic?
//!
//! One set of operations, [`Kernels`], with three implementations: `scalar` is the definition,
//! `avx2` and `avx512` give the same bits faster. The choice is made once, by asking the processor, and a
//! [`Kernels`] value is the proof that the processor was asked. All `unsafe` of the crate's
//! embeddings lives here. This module does not know models, texts or files.

#![expect(
    clippy::inline_always,
    reason = "arithmetic is compiled for wide registers only where it is inlined into a function that enables it"
)]

/// Makes the operations that `glue` holds out of one kind of lanes, under an attribute.
macro_rules! over_lanes {
    ($lanes:ty, $attribute:meta) => {
        over_lanes! { @each $lanes, $attribute,
            fn quantise_rows(rows: &[f32], width: usize, to: QuantisedRowsMut<'_>);
            fn add_and_normalise(
                rows: &mut [f32], residual: Option<&[f32]>, gain: &[f32], bias: &[f32],
                epsilon: f32,
            );
            fn gelu(values: &mut [f32]);
            fn attention(
                projected: &[f32], heads: usize, scratch: &mut glue::AttentionScratch,
                output: &mut [f32],
            );
            fn mean_and_scale(rows: &[f32], output: &mut [f32]);
            fn dot_tokens(rows: &[i8], tokens: &[f32], width: usize, dots: &mut [f32]);
            fn multiply_f32(rows: &[f32], panels: &[f32], bias: &[f32], output: &mut [f32]);
        }
    };
    (
        @each $lanes:ty, $attribute:meta,
        $(fn $name:ident($($argument:ident: $type:ty),* $(,)?);)*
    ) => { $(
        /// The function of the same name in `glue`, over this module's lanes.
        #[$attribute]
        pub(super) fn $name($($argument: $type),*) {
            glue::$name::<$lanes>($($argument),*);
        }
    )* };
}

mod glue;
mod lanes;
mod scalar;
pub(crate) mod scan;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(test)]
mod tests;

use std::fmt;

use lanes::LANES;

pub(crate) use glue::AttentionScratch;

/// Outputs in a panel of weights: two registers of sixteen.
pub(crate) const PANEL: usize = 32;

/// Consecutive inputs of one output that lie side by side in an int8 panel.
pub(crate) const INTERLEAVE: usize = 4;

/// Width of an attention head; every model of the MiniLM family has it.
pub(crate) const HEAD: usize = 32;

/// Calls a method that has a number of rows as its parameter with the number at hand, 1 to 12.
#[cfg(target_arch = "x86_64")]
macro_rules! by_rows {
    ($count:expr, $panel:ident.$method:ident($($argument:expr),*)) => {
        match $count {
            12 => $panel.$method::<12>($($argument),*),
            11 => $panel.$method::<11>($($argument),*),
            10 => $panel.$method::<10>($($argument),*),
            9 => $panel.$method::<9>($($argument),*),
            8 => $panel.$method::<8>($($argument),*),
            7 => $panel.$method::<7>($($argument),*),
            6 => $panel.$method::<6>($($argument),*),
            5 => $panel.$method::<5>($($argument),*),
            4 => $panel.$method::<4>($($argument),*),
            3 => $panel.$method::<3>($($argument),*),
            2 => $panel.$method::<2>($($argument),*),
            _ => $panel.$method::<1>($($argument),*),
        }
    };
}
#[cfg(target_arch = "x86_64")]
use by_rows;

/// Bytes to which rows of an int8 matrix are padded.
pub(crate) const ROW_ALIGNMENT: usize = 64;

/// A set of instructions the encoder can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuPath {
    /// Plain Rust, on any processor: the definition of every result.
    Scalar,
    /// AVX2.
    Avx2,
    /// AVX-512 with VNNI.
    Avx512Vnni,
}

impl CpuPath {
    /// All of them, the slowest first.
    pub const ALL: [CpuPath; 3] = [CpuPath::Scalar, CpuPath::Avx2, CpuPath::Avx512Vnni];

    /// The name that reports and records carry.
    pub fn as_str(self) -> &'static str {
        match self {
            CpuPath::Scalar => "scalar",
            CpuPath::Avx2 => "avx2",
            CpuPath::Avx512Vnni => "avx512-vnni",
        }
    }
}

impl fmt::Display for CpuPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The int8 weights of one linear layer.
///
/// `panels` holds, for each [`PANEL`] outputs, groups of [`INTERLEAVE`] inputs: the bytes of
/// one group lie output after output. `sums` holds the sum of each output's weights: what the
/// activations' zeros are taken off with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int8Weights<'a> {
    pub(crate) panels: &'a [u8],
    pub(crate) scales: &'a [f32],
    pub(crate) sums: &'a [i32],
    pub(crate) bias: &'a [f32],
}

impl Int8Weights<'_> {
    pub(crate) fn outputs(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn inputs(&self) -> usize {
        self.panels.len() / self.bias.len()
    }

    fn check(&self) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        assert!(outputs.is_multiple_of(PANEL) && inputs.is_multiple_of(LANES));
        assert!(self.panels.len() == inputs * outputs);
        assert!(self.scales.len() == outputs && self.sums.len() == outputs);
    }
}

/// Rows of activations as bytes: x ≈ (value - zero) · scale, one scale and zero a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuantisedRows<'a> {
    pub(crate) values: &'a [u8],
    pub(crate) scales: &'a [f32],
    pub(crate) zeros: &'a [i32],
}

impl<'a> QuantisedRows<'a> {
    fn count(&self) -> usize {
        self.scales.len()
    }

    #[cfg(target_arch = "x86_64")]
    fn block(self, rows: std::ops::Range<usize>, width: usize) -> QuantisedRows<'a> {
        QuantisedRows {
            values: &self.values[rows.start * width..rows.end * width],
            scales: &self.scales[rows.clone()],
            zeros: &self.zeros[rows],
        }
    }
}

/// Room for [`QuantisedRows`].
#[derive(Debug)]
pub(crate) struct QuantisedRowsMut<'a> {
    pub(crate) values: &'a mut [u8],
    pub(crate) scales: &'a mut [f32],
    pub(crate) zeros: &'a mut [i32],
}

/// The operations of the encoder on one instruction set. The lengths of all arguments are
/// checked here; a wrong length is a fault of the caller in this crate and panics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels {
    path: CpuPath,
}

macro_rules! dispatch {
    ($self:ident.$name:ident($($argument:expr),*)) => {
        match $self.path {
            CpuPath::Scalar => scalar::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this path is chosen only after the processor said that it has the
            // features (`Kernels::on`), and `path` is private to this module.
            CpuPath::Avx2 => unsafe { avx2::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            CpuPath::Avx512Vnni => unsafe { avx512::$name($($argument),*) },
            #[cfg(not(target_arch = "x86_64"))]
            CpuPath::Avx2 | CpuPath::Avx512Vnni => scalar::$name($($argument),*),
        }
    };
}

/// For each row of signed bytes, its dot products with tokens of `width` numbers: the same bits on
/// every processor.
pub(crate) fn token_dots(rows: &[i8], tokens: &[f32], width: usize) -> Vec<f32> {
    if width == 0 {
        return Vec::new();
    }
    let mut dots = vec![0.0; rows.len() / width * (tokens.len() / width)];
    if width.is_multiple_of(LANES) {
        Kernels::detect().dot_tokens(rows, tokens, width, &mut dots);
        return dots;
    }
    let pairs = rows
        .chunks_exact(width)
        .flat_map(|row| tokens.chunks_exact(width).map(move |token| row.iter().zip(token)));
    for (dot, pairs) in dots.iter_mut().zip(pairs) {
        *dot = pairs.map(|(w, v)| f32::from(*w) * v).sum();
    }
    dots
}

impl Kernels {
    /// The fastest path of this processor.
    pub(crate) fn detect() -> Self {
        let mut paths = CpuPath::ALL.into_iter().rev().filter_map(Self::on);
        paths.next().unwrap_or(Self { path: CpuPath::Scalar })
    }

    /// The path asked for, if this processor has it.
    pub(crate) fn on(path: CpuPath) -> Option<Self> {
        let available = match path {
            CpuPath::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx2 => avx2::is_supported(),
            #[cfg(target_arch = "x86_64")]
            CpuPath::Avx512Vnni => avx512::is_supported(),
            #[cfg(not(target_arch = "x86_64"))]
            CpuPath::Avx2 | CpuPath::Avx512Vnni => false,
        };
        available.then_some(Self { path })
    }

    pub(crate) fn path(self) -> CpuPath {
        self.path
    }

    /// Quantises each row of `width` numbers.
    pub(crate) fn quantise_rows(self, rows: &[f32], width: usize, to: QuantisedRowsMut<'_>) {
        assert!(width.is_multiple_of(LANES) && width > 0 && rows.len() == to.values.len());
        assert!(rows.len() == to.scales.len() * width && to.zeros.len() == to.scales.len());
        dispatch!(self.quantise_rows(rows, width, to));
    }

    /// output = dequantised(rows · weights) + bias.
    pub(crate) fn multiply_int8(
        self,
        rows: QuantisedRows<'_>,
        weights: Int8Weights<'_>,
        output: &mut [f32],
    ) {
        weights.check();
        assert!(rows.values.len() == rows.count() * weights.inputs());
        assert!(rows.zeros.len() == rows.count());
        assert!(output.len() == rows.count() * weights.outputs());
        if rows.count() > 0 {
            dispatch!(self.multiply_int8(rows, weights, output));
        }
    }

    /// output = rows · weights + bias.
    pub(crate) fn multiply_f32(
        self,
        rows: &[f32],
        panels: &[f32],
        bias: &[f32],
        output: &mut [f32],
    ) {
        let outputs = bias.len();
        let inputs = panels.len() / outputs;
        assert!(outputs.is_multiple_of(PANEL) && panels.len() == inputs * outputs);
        assert!(output.len() / outputs * inputs == rows.len());
        dispatch!(self.multiply_f32(rows, panels, bias, output));
    }

    /// rows ← layer normalisation of rows + residual.
    pub(crate) fn add_and_normalise(
        self,
        rows: &mut [f32],
        residual: Option<&[f32]>,
        gain: &[f32],
        bias: &[f32],
        epsilon: f32,
    ) {
        let width = gain.len();
        assert!(width.is_multiple_of(LANES) && width == bias.len());
        assert!(rows.len().is_multiple_of(width));
        assert!(residual.is_none_or(|r| r.len() == rows.len()));
        dispatch!(self.add_and_normalise(rows, residual, gain, bias, epsilon));
    }

    /// The activation between the two feed-forward products.
    pub(crate) fn gelu(self, values: &mut [f32]) {
        assert!(values.len().is_multiple_of(LANES));
        dispatch!(self.gelu(values));
    }

    /// Attention of all heads; a row of `projected` is query, key, value of one token.
    pub(crate) fn attention(
        self,
        projected: &[f32],
        heads: usize,
        scratch: &mut AttentionScratch,
        output: &mut [f32],
    ) {
        assert!(heads > 0 && output.len().is_multiple_of(heads * HEAD));
        assert!(projected.len() == 3 * output.len());
        dispatch!(self.attention(projected, heads, scratch, output));
    }

    /// The mean of the rows, scaled to length one; zero if the mean is zero.
    pub(crate) fn mean_and_scale(self, rows: &[f32], output: &mut [f32]) {
        assert!(output.len().is_multiple_of(LANES) && rows.len().is_multiple_of(output.len()));
        assert!(!rows.is_empty());
        dispatch!(self.mean_and_scale(rows, output));
    }

    /// For each row of signed bytes, its dot product with each token of `width` numbers.
    pub(crate) fn dot_tokens(self, rows: &[i8], tokens: &[f32], width: usize, dots: &mut [f32]) {
        assert!(width.is_multiple_of(LANES) && width > 0 && tokens.len().is_multiple_of(width));
        assert!(rows.len() / width * (tokens.len() / width) == dots.len());
        if !tokens.is_empty() {
            dispatch!(self.dot_tokens(rows, tokens, width, dots));
        }
    }
}
