//! Labelled messages, other people's judgements, and what is measured on them.
//!
//! Knows engines only from outside: it asks and compares. Nothing below this layer knows labels.
//! `eval/METHODOLOGY.md` defines every figure; `eval/BIAS.md` says why not to trust them.
//!
//! Files: [`trec`], [`beir`], [`intents`], [`topic`], [`convert`], read through [`open`]. Figures:
//! [`measure`] and [`evaluate`] on rankings, [`answers`], [`selective`], [`calibration`] and
//! [`spans`] on decisions and answers, [`latency`] on time. Statistics: [`significance`].
//! [`withhold`] asks without the
//! guidance that would answer. [`mod@bench`] times an index. [`experiment`] brings all together; [`report`] shows what came out. [`leakage`] looks for what
//! would make figures untrue, [`sensitive`] keeps what must not be shown.

pub mod answers;
pub mod beir;
pub mod bench;
pub mod calibration;
pub mod certifying;
pub mod compress;
pub mod convert;
pub mod error;
pub mod estimate;
pub mod evaluate;
pub mod experiment;
pub mod fit;
pub mod format_error;
pub mod generate;
pub mod intents;
pub mod latency;
pub mod leakage;
pub mod measure;
pub mod open;
pub mod report;
pub mod selective;
pub mod sensitive;
pub mod significance;
pub mod spans;
pub mod topic;
pub mod trec;
pub mod triage;
pub mod withhold;

pub use error::EvalError;
