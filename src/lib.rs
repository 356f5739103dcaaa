//! Guidepost answers screening questions only from approved guidance, word for word, says how
//! sure it is, and hands over to a person when it is not.
pub mod answer;
pub mod calibrate;
#[cfg(feature = "cli")]
pub mod cli;
pub mod corpus;
pub mod dialogue;
pub mod durable;
pub mod embed;
pub mod engine;
pub mod error;
pub mod eval;
pub mod fuse;
pub mod ids;
pub mod index;
pub mod query;
pub mod retrieve;
pub mod score;
pub mod text;
