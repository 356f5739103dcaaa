//! Indices over approved guidance: postings, vectors, and the snapshot that binds them.
//!
//! Everything an engine serves from is one immutable snapshot, named by a hash of its inputs,
//! built aside and published by one rename. This layer reads and writes; it does not rank.

pub mod build;
mod lazy;
pub mod manifest;
pub mod postings;
mod records;
pub mod settings;
pub mod snapshot;
mod sources;
mod stages;
pub mod store;
pub mod vectors;
mod verification;

#[cfg(test)]
mod tests;
