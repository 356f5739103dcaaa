//! Labelled messages and what is measured on them.
//!
//! Knows engines only from outside: it asks and compares. Nothing below this layer knows labels.

pub mod fit;
pub mod topic;
