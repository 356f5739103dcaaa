//! How do f32 weights become the int8 file?
//!
//! Weight matrices get one scale an output channel, the embedding table one scale a row, each
//! the greatest magnitude divided by 127; values round to nearest, ties to even. The result is
//! a safetensors file laid out as the kernels read it and depends on the input bytes alone.
//! Small tensors (biases, normalisations, positions) stay f32. No calibration data is used.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::{Dtype, View};

use super::encoder::LoadError;
use super::encoder::kernels::{INTERLEAVE, PANEL};
use super::encoder::published::{Published, RowMajor};
use super::encoder::weights::{
    INT8_FORMAT, INT8_FORMAT_KEY, Layer, Normalisation, tail_format, word_scales,
};
use super::manifest::Manifest;

/// Bytes to which panels are aligned in the file: one cache line, one AVX-512 register.
const ALIGNMENT: usize = 64;

/// Makes the int8 file of a model from its published f32 file.
///
/// # Errors
/// [`LoadError`] when the file lacks a tensor the manifest implies, or cannot be laid out.
pub fn quantise_weights(published: &[u8], manifest: &Manifest) -> Result<Vec<u8>, LoadError> {
    let published = Published::read(published, manifest)?;
    let mut tensors = Output::default();
    tensors.words(&published.words, manifest);
    let shape = [manifest.max_tokens, manifest.hidden];
    tensors.numbers("embeddings.positions", &shape, &published.positions);
    tensors.normalisation("embeddings.norm", &published.norm);
    for (index, layer) in published.layers.iter().enumerate() {
        tensors.layer(index, layer);
    }
    tensors.write(None).map_err(|source| LoadError::Container { source: Box::new(source) })
}

/// Makes the int8 file of a model's last layers, from layer `from` (counted from 0), of an f32 file
/// that holds at least those under their published names.
///
/// # Errors
/// [`LoadError`] when the file lacks a tensor of one of those layers, or cannot be laid out.
pub fn quantise_tail(
    published: &[u8],
    manifest: &Manifest,
    from: usize,
) -> Result<Vec<u8>, LoadError> {
    let mut tensors = Output::default();
    for (index, layer) in (from..).zip(Published::read_layers(published, manifest, from)?) {
        tensors.layer(index, &layer);
    }
    tensors.write(Some(from)).map_err(|source| LoadError::Container { source: Box::new(source) })
}

/// A row as bytes and the scale that brings it back.
fn quantise_symmetric(row: &[f32]) -> (Vec<i8>, f32) {
    let greatest = row.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    if greatest == 0.0 {
        return (vec![0; row.len()], 0.0);
    }
    let scale = greatest / 127.0;
    (row.iter().map(|x| (x / scale).round_ties_even() as i8).collect(), scale)
}

/// A tensor on its way to the file.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[derive(Default)]
struct Output {
    tensors: Vec<(String, Tensor)>,
}

impl Output {
    fn push(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        self.tensors.push((name.to_owned(), Tensor { dtype, shape: shape.to_vec(), bytes }));
    }

    fn numbers(&mut self, name: &str, shape: &[usize], numbers: &[f32]) {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.push(name, Dtype::F32, shape, bytes);
    }

    fn normalisation(&mut self, of: &str, norm: &Normalisation) {
        self.numbers(&format!("{of}.gain"), &[norm.gain.len()], &norm.gain);
        self.numbers(&format!("{of}.bias"), &[norm.bias.len()], &norm.bias);
    }

    fn layer(&mut self, index: usize, layer: &Layer<RowMajor>) {
        let name = |part: &str| format!("layers.{index}.{part}");
        self.linear(&name("query_key_value"), &layer.query_key_value);
        self.linear(&name("attention_output"), &layer.attention_output);
        self.normalisation(&name("attention_norm"), &layer.attention_norm);
        self.linear(&name("up"), &layer.up);
        self.linear(&name("down"), &layer.down);
        self.normalisation(&name("norm"), &layer.norm);
    }

    fn words(&mut self, words: &[f32], manifest: &Manifest) {
        let mut values = Vec::with_capacity(words.len());
        let mut scales = Vec::with_capacity(word_scales(manifest.vocabulary));
        for row in words.chunks_exact(manifest.hidden) {
            let (row, scale) = quantise_symmetric(row);
            values.extend(row.into_iter().map(i8::cast_unsigned));
            scales.push(scale);
        }
        scales.resize(word_scales(manifest.vocabulary), 0.0);
        let shape = [manifest.vocabulary, manifest.hidden];
        self.push("embeddings.words.values", Dtype::I8, &shape, values);
        self.numbers("embeddings.words.scales", &[scales.len()], &scales);
    }

    fn linear(&mut self, of: &str, matrix: &RowMajor) {
        let (inputs, outputs) = (matrix.inputs, matrix.bias.len());
        let mut panels = vec![0_u8; inputs * outputs];
        let mut scales = Vec::with_capacity(outputs);
        let mut sums = Vec::with_capacity(outputs * size_of::<i32>());
        for (output, row) in matrix.rows.chunks_exact(inputs).enumerate() {
            let (values, scale) = quantise_symmetric(row);
            let sum: i32 = values.iter().map(|value| i32::from(*value)).sum();
            sums.extend(sum.to_le_bytes());
            scales.push(scale);
            for (input, value) in values.into_iter().enumerate() {
                panels[place_in_panel(inputs, output, input)] = value.cast_unsigned();
            }
        }
        let shape = [outputs / PANEL, inputs / INTERLEAVE, PANEL, INTERLEAVE];
        self.push(&format!("{of}.panels"), Dtype::I8, &shape, panels);
        self.push(&format!("{of}.sums"), Dtype::I32, &[outputs], sums);
        self.numbers(&format!("{of}.scales"), &[outputs], &scales);
        self.numbers(&format!("{of}.bias"), &[outputs], &matrix.bias);
    }

    /// Lays the tensors out. The container puts a header before them whose length depends on
    /// the metadata; blanks are added there until the first tensor is aligned. All tensors of
    /// more than one byte an element fill whole lines, so the panels after them are aligned too.
    fn write(&self, from: Option<usize>) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let mut format = from.map_or_else(|| INT8_FORMAT.to_owned(), tail_format);
        loop {
            let metadata = HashMap::from([(INT8_FORMAT_KEY.to_owned(), format.clone())]);
            let tensors = self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
            let file = safetensors::serialize(tensors, Some(metadata))?;
            let header = file.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            if (8 + header).is_multiple_of(ALIGNMENT as u64) {
                return Ok(file);
            }
            format.push(' ');
        }
    }
}

/// Where a weight lies: panel by panel, four inputs by four inputs, output by output.
fn place_in_panel(inputs: usize, output: usize, input: usize) -> usize {
    let (panel, column) = (output / PANEL, output % PANEL);
    let (group, place) = (input / INTERLEAVE, input % INTERLEAVE);
    panel * inputs * PANEL + (group * PANEL + column) * INTERLEAVE + place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_spans_the_bytes_and_comes_back_within_half_a_step() {
        let row = [0.5, -1.0, 0.25, 0.0, 0.999];
        let (values, scale) = quantise_symmetric(&row);
        assert_eq!(values[1], -127);
        for (value, x) in values.iter().zip(row) {
            assert!((f32::from(*value) * scale - x).abs() <= scale / 2.0 + f32::EPSILON);
        }
        assert_eq!(quantise_symmetric(&[0.0, 0.0]), (vec![0, 0], 0.0));
    }

    #[test]
    fn every_weight_has_a_place_of_its_own() {
        let (inputs, outputs) = (48, 64);
        let mut seen = vec![false; inputs * outputs];
        for output in 0..outputs {
            for input in 0..inputs {
                let place = place_in_panel(inputs, output, input);
                assert!(!seen[place]);
                seen[place] = true;
            }
        }
    }
}
