//! Text before meaning: folding, segmenting, analysing, redacting, recognising a language.
//!
//! Lowest layer beside ids and scores: knows nothing of documents, indices or engines,
//! reads no files. Everything that counts or compares words goes through here, so that the
//! index, the query, the safety patterns and the checks see the same words.

pub mod analyse;
pub mod fold;
pub mod language;
pub mod place;
pub mod redact;
pub mod segment;
