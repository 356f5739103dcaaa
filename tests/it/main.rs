//! Tests of the whole crate from outside: properties that no single module can promise.
//!
//! One binary, one module a subject; each module's head numbers the properties it checks. They
//! need no network and no folder outside this repository. `RUN_SLOW_TESTS=1` adds the slow tier.
#![allow(clippy::print_stderr, reason = "tests say on stderr what they could not check")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "tests make and break files on purpose")]

mod approval;
#[cfg(feature = "cli")]
mod cli;
mod conversation;
mod crash;
mod embed_example;
mod engine;
#[cfg(feature = "cli")]
mod evaluation;
mod explanation;
mod faults;
mod format;
mod gate;
mod grounding;
mod incremental;
#[cfg(feature = "cli")]
mod latency;
mod layout;
mod public;
mod race;
#[cfg(feature = "cli")]
mod readme;
mod redaction;
mod replay;
#[cfg(feature = "rust-bert")]
mod rust_bert;
mod safety;
#[cfg(feature = "cli")]
mod schema;
#[cfg(feature = "cli")]
mod sensitive;
mod support;
mod tidy;
mod topics;
mod triage;
mod verification;
