//! Approved guidance as documents and passages: what may be quoted, on whose approval, until when.
//!
//! Invariants: a passage's span slices its document's source bytes exactly; sentences that limit
//! each other are one [`Unit`](document::Unit) and never part. This layer does not know indices,
//! embeddings or queries.

pub mod approve;
pub mod document;
pub mod facts;
pub mod fingerprint;
pub mod import;
pub mod lint;
pub mod read;
pub mod split;

#[cfg(test)]
mod testing;
