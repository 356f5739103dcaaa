//! Guidepost answers screening questions **only from approved guidance**: it finds the passage
//! that answers a message, quotes it word for word with its source, says how sure it is, and
//! hands over to a person when it is not sure, when the question is personal, or when it sounds
//! urgent.
//!
//! ```
//! use guidepost::engine::Engine;
//! use guidepost::index::build::{build_default, Sources};
//! use guidepost::query::Query;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (corpus, index) = (folder.path().join("corpus"), folder.path().join("index"));
//! # std::fs::create_dir(&corpus)?;
//! # std::fs::copy("corpus/breast/does-it-hurt.md", corpus.join("does-it-hurt.md"))?;
//! # let text = std::fs::read_to_string(corpus.join("does-it-hurt.md"))?;
//! # let text = text.replace("role = \"example\"", "role = \"research\"");
//! # std::fs::write(corpus.join("does-it-hurt.md"), text)?;
//! // Once, and again whenever the guidance changes:
//! build_default(&index, &Sources::read(&corpus)?)?;
//!
//! // In the service: one engine, shared by all threads.
//! let engine = Engine::open(&index)?;
//! let today = "2026-12-01".parse()?;
//! let response = engine.ask(&Query::new("Does a mammogram hurt?", today))?;
//! println!("{}: {}", response.decision(), response.text());
//! for citation in response.citations() {
//!     println!("{} v{}: {}", citation.document, citation.version, citation.source.address);
//! }
//! # assert!(["answer", "handover"].contains(&response.decision()));
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! One word, one meaning, in the code and in the documents:
//!
//! | word | meaning |
//! |---|---|
//! | document | unit of approval: one file of guidance |
//! | passage | contiguous span of one document, unit of retrieval |
//! | unit | smallest thing that may be quoted: a sentence, a list item with its lead-in, a keep group |
//! | term | output of the analyzer |
//! | concept | phrases that mean the same, indexed as one term |
//! | query | text asked, with the scope it may be answered in |
//! | topic | a message with an id and labels, possibly unanswerable |
//! | family | topics that ask the same thing; the independent unit of every count |
//! | qrels | graded judgements |
//! | run | ranked documents by topic, with a tag |
//! | retriever | query to ranking over the whole snapshot |
//! | candidates | union of the retrievers' hits, each with both exact scores |
//! | fusion | candidates to one ranking |
//! | evidence | the features the calibrator sees |
//! | score | a number that ranks; never a probability |
//! | confidence | P(the answer is right), made by a fitted calibrator only |
//! | coverage | share of topics answered |
//! | selective risk | error rate among the answered |
//! | abstention | declining with a reason |
//! | certificate | the proof that a threshold holds a risk on a named population |
//! | standing | whether an answer may leave without a person; today always draft |
//! | barred | why a document may not be quoted |
//! | snapshot | everything an engine serves from, immutable and hashed |
//!
//! # Layers
//!
//! Downward only: [`text`], [`ids`], [`score`], [`statistics`], [`durable`] < [`corpus`] < [`dialogue`] <
//! [`embed`], [`index`] < [`retrieve`] < [`fuse`] < [`calibrate`] < [`triage`] < [`answer`] < [`engine`] <
//! [`eval`], `cli`. `ARCHITECTURE.md` says what each room is for and what it must not know.
//!
//! # Features
//!
//! - `cli` (default): the `guidepost` program, with argument parsing, diagnostics and progress
//!   bars, and the reader of GOV.UK pages. Without it the crate is a library: corpus, index,
//!   encoder, engine, calibration, evaluation.

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
pub mod statistics;
pub mod text;
pub mod triage;

pub use engine::Engine;
pub use error::{Error, ErrorKind};
