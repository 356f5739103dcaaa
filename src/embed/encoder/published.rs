//! What are the weights as their publisher wrote them?
//!
//! Reads the f32 safetensors file under the publisher's tensor names, matrices row by row (a
//! row an output), query, key and value joined into one matrix. Used to run the f32 encoder and
//! to make the int8 file. It does not know how the kernels want the numbers.

use super::LoadError;
use super::tensors::Tensors;
use super::weights::{Layer, Normalisation};
use crate::embed::manifest::Manifest;

/// A weight matrix, one row of `inputs` weights an output.
#[derive(Debug)]
pub(crate) struct RowMajor {
    pub(crate) inputs: usize,
    pub(crate) rows: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl RowMajor {
    fn below(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.bias.extend(other.bias);
        self
    }
}

/// All numbers of a network, f32.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) words: Vec<f32>,
    /// Position embedding plus the embedding of token type 0, a row a position.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Normalisation,
    pub(crate) layers: Vec<Layer<RowMajor>>,
}

impl Published {
    /// Finds and checks every tensor of the file.
    pub(crate) fn read(file: &[u8], manifest: &Manifest) -> Result<Self, LoadError> {
        let reader = Reader { tensors: Tensors::read(file)?, manifest };
        Ok(Self {
            words: reader.words()?,
            positions: reader.positions()?,
            norm: reader.normalisation("embeddings.LayerNorm")?,
            layers: (0..manifest.layers)
                .map(|layer| reader.layer(layer))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Published {
    /// Finds and checks every tensor of the layers from `from`.
    pub(crate) fn read_layers(
        file: &[u8],
        manifest: &Manifest,
        from: usize,
    ) -> Result<Vec<Layer<RowMajor>>, LoadError> {
        let reader = Reader { tensors: Tensors::read(file)?, manifest };
        (from..manifest.layers).map(|layer| reader.layer(layer)).collect()
    }
}

struct Reader<'a> {
    tensors: Tensors<'a>,
    manifest: &'a Manifest,
}

impl Reader<'_> {
    fn words(&self) -> Result<Vec<f32>, LoadError> {
        let shape = [self.manifest.vocabulary, self.manifest.hidden];
        self.tensors.numbers("embeddings.word_embeddings.weight", &shape)
    }

    fn positions(&self) -> Result<Vec<f32>, LoadError> {
        let (hidden, expected) = (self.manifest.hidden, self.manifest.max_tokens);
        let mut rows = self.tensors.rows("embeddings.position_embeddings.weight", hidden)?;
        let types = self.tensors.rows("embeddings.token_type_embeddings.weight", hidden)?;
        if rows.len() < expected * hidden {
            return Err(LoadError::Positions { found: rows.len() / hidden, expected });
        }
        rows.truncate(expected * hidden);
        for row in rows.chunks_exact_mut(hidden) {
            for (position, first_type) in row.iter_mut().zip(&types) {
                *position += first_type;
            }
        }
        Ok(rows)
    }

    fn normalisation(&self, of: &str) -> Result<Normalisation, LoadError> {
        let width = [self.manifest.hidden];
        Ok(Normalisation {
            gain: self.tensors.numbers(&format!("{of}.weight"), &width)?,
            bias: self.tensors.numbers(&format!("{of}.bias"), &width)?,
        })
    }

    fn linear(&self, of: &str, inputs: usize, outputs: usize) -> Result<RowMajor, LoadError> {
        Ok(RowMajor {
            inputs,
            rows: self.tensors.numbers(&format!("{of}.weight"), &[outputs, inputs])?,
            bias: self.tensors.numbers(&format!("{of}.bias"), &[outputs])?,
        })
    }

    fn layer(&self, layer: usize) -> Result<Layer<RowMajor>, LoadError> {
        let (hidden, wide) = (self.manifest.hidden, self.manifest.intermediate);
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let square = |part: &str| self.linear(&name(part), hidden, hidden);
        let query_key_value = square("attention.self.query")?
            .below(square("attention.self.key")?)
            .below(square("attention.self.value")?);
        Ok(Layer {
            query_key_value,
            attention_output: square("attention.output.dense")?,
            attention_norm: self.normalisation(&name("attention.output.LayerNorm"))?,
            up: self.linear(&name("intermediate.dense"), hidden, wide)?,
            down: self.linear(&name("output.dense"), wide, hidden)?,
            norm: self.normalisation(&name("output.LayerNorm"))?,
        })
    }
}
