//! Which last layers, tuned elsewhere, does an encoder read messages with?
//!
//! `scripts/triage/tune.py` writes one f32 safetensors file for each group of sources held out and
//! one fitted on everything. Each holds the encoder's last layers under their published names and a
//! head in the form of [`attention`](super::attention). Layers become int8 here, as the encoder's
//! own are.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use super::attention::{Attention, Output};
use crate::embed::ModelBytes;
use crate::embed::manifest::Manifest;
use crate::embed::quantise::quantise_tail;

/// Kinds of message in the order of the head's outputs after the first.
pub const KINDS: [&str; 13] = [
    "urgent",
    "emergency",
    "crisis",
    "safeguarding",
    "answer",
    "personal",
    "identity",
    "complaint",
    "abuse",
    "injection",
    "opt_out",
    "chitchat",
    "person",
];

/// Last layers with their head.
#[derive(Debug, Clone)]
pub struct Tuned {
    pub(super) attention: Attention,
    pub(super) tail: ModelBytes,
}

/// Last layers fitted without each group of sources in turn, and those fitted on everything.
#[derive(Debug, Clone)]
pub struct TunedSet {
    pub(super) folds: Vec<Tuned>,
    pub(super) all: Tuned,
}

/// Why tuned layers cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{file}` in the folder of tuned layers cannot be used: {message}; make the folder again with `scripts/triage/tune.py`"
)]
pub struct TunedError {
    /// Name of the file.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

impl TunedSet {
    /// Reads a folder of as many held-out groups.
    ///
    /// # Errors
    /// [`TunedError`] when a file is missing or does not fit the encoder of `manifest`.
    pub fn read(folder: &Path, folds: usize, manifest: &Manifest) -> Result<TunedSet, TunedError> {
        let file = |name: String| {
            let name = format!("{name}.safetensors");
            let refuse = |message| TunedError { file: name.clone(), message };
            let bytes = fs_err::read(folder.join(&name)).map_err(|e| refuse(e.to_string()))?;
            tuned(&bytes, manifest).map_err(refuse)
        };
        let folds =
            (0..folds).map(|fold| file(format!("fold-{fold}"))).collect::<Result<_, _>>()?;
        Ok(TunedSet { folds, all: file("all".to_owned())? })
    }
}

fn tuned(bytes: &[u8], manifest: &Manifest) -> Result<Tuned, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let from = header.metadata().as_ref().and_then(|m| m.get("from")?.parse().ok());
    let from: usize = from
        .filter(|&from| from < manifest.layers)
        .ok_or("its metadata does not say from which layer it goes")?;
    let container = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let hidden = manifest.hidden;
    let (rows, detectors) = numbers(&container, "head.detectors", hidden)?;
    let (offsets, _) = numbers(&container, "head.offsets", 1)?;
    let width = 2 * detectors + hidden;
    let (out, outputs) = numbers(&container, "head.out", width)?;
    let (intercepts, _) = numbers(&container, "head.intercepts", 1)?;
    if offsets.len() != detectors || outputs != 1 + KINDS.len() || intercepts.len() != outputs {
        return Err("its head has another shape".to_owned());
    }
    let mut attention = Attention { dimension: hidden, ..Attention::default() };
    for (row, offset) in rows.chunks_exact(hidden).zip(&offsets) {
        attention.push_detector(row.iter().copied(), *offset);
    }
    for (weights, intercept) in out.chunks_exact(width).zip(intercepts) {
        attention.outputs.push(Output {
            strongest: weights[..detectors].to_vec(),
            mean: weights[detectors..2 * detectors].to_vec(),
            token: weights[2 * detectors..].to_vec(),
            intercept,
        });
    }
    let tail = quantise_tail(bytes, manifest, from).map_err(|e| e.to_string())?;
    Ok(Tuned { attention, tail: tail.into() })
}

/// A tensor of f32 in rows of `width`, and how many rows it has.
fn numbers(
    container: &SafeTensors<'_>,
    name: &str,
    width: usize,
) -> Result<(Vec<f32>, usize), String> {
    let tensor = container.tensor(name).map_err(|e| e.to_string())?;
    let (quads, rest) = tensor.data().as_chunks::<4>();
    let numbers: Vec<f32> = quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect();
    let whole = rest.is_empty() && numbers.len().is_multiple_of(width);
    if tensor.dtype() != Dtype::F32 || !whole || !numbers.iter().all(|n| n.is_finite()) {
        return Err(format!("tensor `{name}` does not hold rows of {width} finite f32 numbers"));
    }
    let rows = numbers.len() / width;
    Ok((numbers, rows))
}
