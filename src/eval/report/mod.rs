//! How does an experiment read? One [`Report`](model::Report) as a page, as Markdown, as figures
//! and as rows.
//!
//! Every function here is pure: the same report gives the same bytes. The page needs no network
//! and runs no script. Nothing here computes a statistic or reads a file: what is shown was
//! computed before and stands in the model.

pub mod model;

mod document;
mod html;
mod markdown;
mod number;
mod parts;
mod plots;
mod rows;
mod table;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use html::{FigureFile, figures, html};
pub use markdown::markdown;
pub use rows::{PerTopicRow, per_topic_csv, write_per_topic_csv};
