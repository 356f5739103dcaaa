//! How does libtorch compute the published network?
//!
//! rust-bert's BERT over the tensors of a safetensors file that is already in memory. Every
//! tensor is found, its shape compared with the manifest and its numbers found finite before
//! rust-bert is called, because rust-bert panics on what it does not like; it never sees a file.
//! One text at a time, no padding, no mask. This module does not know tokenizers or threads.

use std::error::Error;
use std::num::NonZeroUsize;

use ::rust_bert::bert::{BertConfig, BertForSentenceEmbeddings};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::{RUNTIME, refused};
use crate::embed::encoder::LoadError;
use crate::embed::encoder::published::Published;
use crate::embed::encoder::tensors::Tensors;
use crate::embed::manifest::Manifest;

/// The only ε of layer normalisation that rust-bert computes with.
const EPSILON: f32 = 1e-12;

/// Least length a vector is divided by: that of the published pipeline.
const LEAST_LENGTH: f64 = 1e-12;

/// What libtorch or rust-bert said.
pub(super) type TorchError = Box<dyn Error + Send + Sync>;

/// A network that is ready to compute. Stays on the thread that made it.
pub(super) struct Network {
    bert: BertForSentenceEmbeddings,
    /// Holds the weights that `bert` computes with.
    _weights: VarStore,
}

impl Network {
    /// Checks a weights file and fills a network with it.
    pub(super) fn load(
        file: &[u8],
        manifest: &Manifest,
        threads: NonZeroUsize,
    ) -> Result<Self, LoadError> {
        if manifest.layer_norm_epsilon.to_bits() != EPSILON.to_bits() {
            let reason = "it computes layer normalisation with an ε of 1e-12 only";
            return Err(LoadError::Unsuited { runtime: RUNTIME, reason });
        }
        // Every fault of the file ends here, by the name of the tensor.
        drop(Published::read(file, manifest)?);
        let tensors = Tensors::read(file)?;
        let config = config(&tensors, manifest)?;
        tch::set_num_threads(i32::try_from(threads.get()).unwrap_or(i32::MAX));
        let mut weights = VarStore::new(Device::Cpu);
        let root = weights.root();
        let bert = BertForSentenceEmbeddings::new_with_optional_pooler(root, &config, false);
        weights.freeze();
        let mut variables: Vec<_> = weights.variables().into_iter().collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, mut variable) in variables {
            let size = variable.size();
            let shape: Vec<usize> = size.iter().map(|n| n.unsigned_abs() as usize).collect();
            let numbers = tensors.numbers(&name, &shape)?;
            fill(&mut variable, &numbers, &size).map_err(refused)?;
        }
        Ok(Self { bert, _weights: weights })
    }

    /// The last layer's rows, one a token.
    pub(super) fn rows(&self, ids: &[u32]) -> Result<Vec<f32>, TorchError> {
        numbers(&self.forward(ids)?)
    }

    /// The mean of the rows, scaled to length one.
    pub(super) fn vector(&self, ids: &[u32]) -> Result<Vec<f32>, TorchError> {
        let mean = self.forward(ids)?.f_mean_dim([0].as_slice(), false, Kind::Float)?;
        let length = mean.f_norm()?.f_clamp_min(LEAST_LENGTH)?;
        numbers(&mean.f_div(&length)?)
    }

    fn forward(&self, ids: &[u32]) -> Result<Tensor, TorchError> {
        let ids: Vec<i64> = ids.iter().copied().map(i64::from).collect();
        let ids = Tensor::f_from_slice(&ids)?.f_unsqueeze(0)?;
        let forward = || self.bert.forward_t(Some(&ids), None, None, None, None, None, None, false);
        Ok(tch::no_grad(forward)?.hidden_state.f_squeeze_dim(0)?)
    }
}

fn config(tensors: &Tensors<'_>, manifest: &Manifest) -> Result<BertConfig, LoadError> {
    let rows = |of: &str| -> Result<i64, LoadError> {
        let numbers = tensors.rows(&format!("embeddings.{of}.weight"), manifest.hidden)?;
        Ok(count(numbers.len() / manifest.hidden))
    };
    Ok(BertConfig {
        hidden_size: count(manifest.hidden),
        intermediate_size: count(manifest.intermediate),
        num_attention_heads: count(manifest.heads),
        num_hidden_layers: count(manifest.layers),
        vocab_size: count(manifest.vocabulary),
        max_position_embeddings: rows("position_embeddings")?,
        type_vocab_size: rows("token_type_embeddings")?,
        ..BertConfig::default()
    })
}

/// A count as libtorch takes it; the manifest bounds all of them far below.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn fill(variable: &mut Tensor, numbers: &[f32], size: &[i64]) -> Result<(), TorchError> {
    let tensor = Tensor::f_from_slice(numbers)?.f_reshape(size)?;
    Ok(tch::no_grad(|| variable.f_copy_(&tensor))?)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, TorchError> {
    Ok(Vec::try_from(tensor.f_reshape(-1)?)?)
}
