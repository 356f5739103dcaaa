//! Where are the numbers of the network, as the kernels read them?
//!
//! The int8 file is laid out for the kernels, so that loading it copies only the small tensors;
//! the f32 file is repacked when loaded. This module does not know the order of computation.

use std::ops::Range;

use super::LoadError;
use super::kernels::{INTERLEAVE, Int8Weights, Kernels, PANEL, QuantisedRows, QuantisedRowsMut};
use super::published::{Published, RowMajor};
use super::tensors::Tensors;
use crate::embed::manifest::Manifest;
use crate::embed::model::Precision;

/// The metadata key of an int8 file that holds [`INT8_FORMAT`].
pub(crate) const INT8_FORMAT_KEY: &str = "format";

/// Format of an int8 file; blanks after it align what follows.
pub(crate) const INT8_FORMAT: &str = "guidepost int8 weights 1";

/// Format of an int8 file that holds the last layers alone, the first of them counted from 0.
pub(crate) fn tail_format(from: usize) -> String {
    format!("{INT8_FORMAT}, layers from {from}")
}

/// Row scales of the embedding table in an int8 file: filled up with zeros to a multiple of
/// sixteen, so that what follows stays aligned to 64 bytes.
pub(crate) fn word_scales(vocabulary: usize) -> usize {
    vocabulary.next_multiple_of(16)
}

/// Gain and bias of a layer normalisation.
#[derive(Debug)]
pub(crate) struct Normalisation {
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// One transformer layer over weight matrices of one kind.
#[derive(Debug)]
pub(crate) struct Layer<M> {
    pub(crate) query_key_value: M,
    pub(crate) attention_output: M,
    pub(crate) attention_norm: Normalisation,
    pub(crate) up: M,
    pub(crate) down: M,
    pub(crate) norm: Normalisation,
}

/// One linear layer.
#[derive(Debug)]
pub(super) enum Linear {
    /// Bytes in panels, which stay in the file; see [`Int8Weights`].
    Int8 { panels: Range<usize>, scales: Vec<f32>, sums: Vec<i32>, bias: Vec<f32> },
    /// f32 in panels of [`PANEL`] outputs, one input after the other.
    F32 { panels: Vec<f32>, bias: Vec<f32> },
}

/// Scratch room for quantised rows.
#[derive(Debug, Default)]
pub(super) struct Quantised {
    values: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl Quantised {
    /// Quantises rows of `width` numbers.
    fn fill(&mut self, kernels: Kernels, rows: &[f32], width: usize) -> QuantisedRows<'_> {
        let count = rows.len() / width;
        self.values.resize(rows.len(), 0);
        self.scales.resize(count, 0.0);
        self.zeros.resize(count, 0);
        let Self { values, scales, zeros } = self;
        kernels.quantise_rows(rows, width, QuantisedRowsMut { values, scales, zeros });
        QuantisedRows { values, scales, zeros }
    }
}

impl Linear {
    /// output = rows · weights + bias.
    pub(super) fn multiply(
        &self,
        kernels: Kernels,
        file: &[u8],
        rows: &[f32],
        quantised: &mut Quantised,
        output: &mut Vec<f32>,
    ) {
        match self {
            Linear::Int8 { panels, scales, sums, bias } => {
                let panels = &file[panels.clone()];
                let weights = Int8Weights { panels, scales, sums, bias };
                output.resize(rows.len() / weights.inputs() * bias.len(), 0.0);
                let rows = quantised.fill(kernels, rows, weights.inputs());
                kernels.multiply_int8(rows, weights, output);
            }
            Linear::F32 { panels, bias } => {
                let width = panels.len() / bias.len();
                output.resize(rows.len() / width * bias.len(), 0.0);
                kernels.multiply_f32(rows, panels, bias, output);
            }
        }
    }

    fn pack(matrix: RowMajor) -> Self {
        let RowMajor { inputs, rows, bias } = matrix;
        let mut panels = Vec::with_capacity(rows.len());
        for panel in rows.chunks_exact(PANEL * inputs) {
            for input in 0..inputs {
                panels.extend(panel.chunks_exact(inputs).map(|row| row[input]));
            }
        }
        Linear::F32 { panels, bias }
    }
}

/// The embedding table.
#[derive(Debug)]
pub(super) enum Words {
    /// Bytes, which stay in the file, and a scale a row.
    Int8 { values: Range<usize>, scales: Vec<f32> },
    /// As published.
    F32(Vec<f32>),
}

impl Words {
    /// Writes the embedding of a token; false if the table has no such row.
    pub(super) fn read(&self, file: &[u8], token: u32, output: &mut [f32]) -> bool {
        let Ok(token) = usize::try_from(token) else {
            return false;
        };
        let row = token * output.len()..(token + 1) * output.len();
        match self {
            Words::Int8 { values, scales } => {
                let Some(row) = file[values.clone()].get(row) else {
                    return false;
                };
                for (to, value) in output.iter_mut().zip(row) {
                    *to = f32::from(value.cast_signed()) * scales[token];
                }
            }
            Words::F32(rows) => {
                let Some(row) = rows.get(row) else {
                    return false;
                };
                output.copy_from_slice(row);
            }
        }
        true
    }
}

/// All numbers of a network.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) words: Words,
    /// Position embedding plus the embedding of token type 0, a row a position.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Normalisation,
    pub(super) layers: Vec<Layer<Linear>>,
}

impl Weights {
    /// Finds and checks every tensor of a file.
    pub(super) fn read(
        file: &[u8],
        precision: Precision,
        manifest: &Manifest,
    ) -> Result<Self, LoadError> {
        match precision {
            Precision::Int8 => Reader { tensors: Tensors::read(file)?, manifest }.weights(),
            Precision::F32 => Ok(Published::read(file, manifest)?.into()),
        }
    }

    /// Finds and checks every tensor of a file that holds the last layers alone, in int8.
    pub(super) fn read_tail(
        file: &[u8],
        manifest: &Manifest,
    ) -> Result<Vec<Layer<Linear>>, LoadError> {
        let reader = Reader { tensors: Tensors::read(file)?, manifest };
        let found = reader.tensors.metadata(INT8_FORMAT_KEY)?.unwrap_or_default();
        let from = (0..manifest.layers)
            .find(|&from| found.trim_end() == tail_format(from))
            .ok_or(LoadError::Int8Format { expected: INT8_FORMAT, found })?;
        (from..manifest.layers).map(|layer| reader.layer(layer)).collect()
    }
}

impl From<Published> for Weights {
    fn from(published: Published) -> Self {
        let pack = |layer: Layer<RowMajor>| Layer {
            query_key_value: Linear::pack(layer.query_key_value),
            attention_output: Linear::pack(layer.attention_output),
            attention_norm: layer.attention_norm,
            up: Linear::pack(layer.up),
            down: Linear::pack(layer.down),
            norm: layer.norm,
        };
        Self {
            words: Words::F32(published.words),
            positions: published.positions,
            norm: published.norm,
            layers: published.layers.into_iter().map(pack).collect(),
        }
    }
}

struct Reader<'a> {
    tensors: Tensors<'a>,
    manifest: &'a Manifest,
}

impl Reader<'_> {
    fn weights(&self) -> Result<Weights, LoadError> {
        self.check_format()?;
        let Manifest { vocabulary, hidden, max_tokens, layers, .. } = *self.manifest;
        Ok(Weights {
            words: Words::Int8 {
                values: self.tensors.place("embeddings.words.values", &[vocabulary, hidden])?,
                scales: self
                    .tensors
                    .numbers("embeddings.words.scales", &[word_scales(vocabulary)])?,
            },
            positions: self.tensors.numbers("embeddings.positions", &[max_tokens, hidden])?,
            norm: self.normalisation("embeddings.norm")?,
            layers: (0..layers).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?,
        })
    }

    fn check_format(&self) -> Result<(), LoadError> {
        let found = self.tensors.metadata(INT8_FORMAT_KEY)?.unwrap_or_default();
        match found.trim_end() {
            INT8_FORMAT => Ok(()),
            other => Err(LoadError::Int8Format { expected: INT8_FORMAT, found: other.to_owned() }),
        }
    }

    fn normalisation(&self, of: &str) -> Result<Normalisation, LoadError> {
        let width = [self.manifest.hidden];
        Ok(Normalisation {
            gain: self.tensors.numbers(&format!("{of}.gain"), &width)?,
            bias: self.tensors.numbers(&format!("{of}.bias"), &width)?,
        })
    }

    fn layer(&self, layer: usize) -> Result<Layer<Linear>, LoadError> {
        let (hidden, wide) = (self.manifest.hidden, self.manifest.intermediate);
        let name = |part: &str| format!("layers.{layer}.{part}");
        Ok(Layer {
            query_key_value: self.linear(&name("query_key_value"), hidden, 3 * hidden)?,
            attention_output: self.linear(&name("attention_output"), hidden, hidden)?,
            attention_norm: self.normalisation(&name("attention_norm"))?,
            up: self.linear(&name("up"), hidden, wide)?,
            down: self.linear(&name("down"), wide, hidden)?,
            norm: self.normalisation(&name("norm"))?,
        })
    }

    /// Sums within the bounds that keep the kernels' integers from overflowing.
    fn sums(&self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<i32>, LoadError> {
        let sums = self.tensors.integers(name, &[outputs])?;
        if sums.iter().all(|sum| sum.unsigned_abs() as usize <= 128 * inputs) {
            Ok(sums)
        } else {
            Err(LoadError::Sum { name: name.to_owned() })
        }
    }

    fn linear(&self, of: &str, inputs: usize, outputs: usize) -> Result<Linear, LoadError> {
        let shape = [outputs / PANEL, inputs / INTERLEAVE, PANEL, INTERLEAVE];
        Ok(Linear::Int8 {
            panels: self.tensors.place(&format!("{of}.panels"), &shape)?,
            scales: self.tensors.numbers(&format!("{of}.scales"), &[outputs])?,
            sums: self.sums(&format!("{of}.sums"), inputs, outputs)?,
            bias: self.tensors.numbers(&format!("{of}.bias"), &[outputs])?,
        })
    }
}
