//! Judgements (qrels) and ranked hits (runs): held in memory, read strictly, written so that
//! every tool reads them the same.
//!
//! - One order everywhere, trec_eval's: score descending, then document id descending bytewise.
//!   The rank column of a run is never read.
//! - Readers refuse what trec_eval would misread in silence: scores and grades that are not
//!   numbers, duplicates, surplus columns. Comments and blank lines are as in trec_eval: a run
//!   may hold lines that are blank or whose first visible character is `#`; qrels may hold
//!   lines that begin with `#`, and a blank line in them is an error.
//! - Written runs have strictly decreasing scores, in single precision too, so that no tool
//!   finds a tie to break in its own way.
//!
//! Knows nothing of measures, nor of what topics and documents say.

pub(crate) mod columns;
mod qrels;
mod run;

pub use qrels::{Judgement, Qrels};
pub use run::{Run, RunError, Scored};
pub(crate) use run::{hit_order, no_hits, twice};
