//! From a winning passage to words that may be sent: extraction, grounding, the response.
//!
//! Invariants: every sentence of an answer is a verbatim span of an approved, in-date, unrevoked
//! passage, cited by document, version, section and byte range, and checked again when it is
//! given; a unit (a keep group, a list item with its lead-in) is quoted whole or not at all.
//! This layer does not rank and does not decide whether to answer.

pub mod extract;
pub mod ground;
pub mod response;

pub use response::{
    Answer, Citation, Clarify, Handover, Meaning, Nearest, Reason, Response, Standing, Urgent,
};
