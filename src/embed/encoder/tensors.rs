//! Which tensor has this name, type and shape?
//!
//! A safetensors container whose tensors are handed out only after their type and shape were
//! compared with what the manifest implies, and their numbers found finite. It does not know
//! what the tensors mean.

use std::ops::Range;

use safetensors::{Dtype, SafeTensors};

use super::LoadError;

/// A weights file.
pub(in crate::embed) struct Tensors<'a> {
    file: &'a [u8],
    container: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    pub(in crate::embed) fn read(file: &'a [u8]) -> Result<Self, LoadError> {
        let container = SafeTensors::deserialize(file).map_err(refuse)?;
        Ok(Self { file, container })
    }

    /// A value of the container's metadata.
    pub(in crate::embed) fn metadata(&self, key: &str) -> Result<Option<String>, LoadError> {
        let (_, metadata) = SafeTensors::read_metadata(self.file).map_err(refuse)?;
        Ok(metadata.metadata().as_ref().and_then(|all| all.get(key)).cloned())
    }

    /// A tensor of f32.
    pub(in crate::embed) fn numbers(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<f32>, LoadError> {
        let bytes = self.bytes(name, Dtype::F32, shape)?;
        let numbers: Vec<f32> =
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if numbers.iter().all(|number| number.is_finite()) {
            Ok(numbers)
        } else {
            Err(LoadError::NotFinite { name: name.to_owned() })
        }
    }

    /// A tensor of f32 with `width` columns and as many rows as it has.
    pub(in crate::embed) fn rows(&self, name: &str, width: usize) -> Result<Vec<f32>, LoadError> {
        let rows = self.container.tensor(name).ok().and_then(|t| t.shape().first().copied());
        self.numbers(name, &[rows.unwrap_or(1), width])
    }

    /// A tensor of i32.
    pub(in crate::embed) fn integers(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<i32>, LoadError> {
        let bytes = self.bytes(name, Dtype::I32, shape)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// The place of a tensor of i8 in the file.
    pub(in crate::embed) fn place(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<Range<usize>, LoadError> {
        let bytes = self.bytes(name, Dtype::I8, shape)?;
        let start = bytes.as_ptr().addr() - self.file.as_ptr().addr();
        Ok(start..start + bytes.len())
    }

    fn bytes(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&'a [u8], LoadError> {
        let tensor = self
            .container
            .tensor(name)
            .map_err(|_| LoadError::MissingTensor { name: name.to_owned() })?;
        if tensor.dtype() == dtype && tensor.shape() == shape {
            Ok(tensor.data())
        } else {
            Err(LoadError::Tensor {
                name: name.to_owned(),
                expected: describe(dtype, shape),
                found: describe(tensor.dtype(), tensor.shape()),
            })
        }
    }
}

fn refuse(source: safetensors::SafeTensorError) -> LoadError {
    LoadError::Container { source: Box::new(source) }
}

fn describe(dtype: Dtype, shape: &[usize]) -> String {
    let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
    format!("{dtype} [{}]", shape.join(", "))
}
