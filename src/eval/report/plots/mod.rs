//! What do the results look like? Each figure with its caption, its words and its numbers.
//!
//! A figure never carries news alone: its description says what it shows, and its numbers stand
//! in a table, its own or one named in the caption. A system keeps its colour, its sign and its
//! dash through all figures. Invariants: no figure without data, at most [`canvas::SERIES`]
//! systems in one figure. Knows nothing of pages.

mod canvas;
mod differences;
mod forest;
mod latency;
mod reliability;
mod responses;
mod risk;
mod slices;

pub(super) use differences::differences;
pub(super) use forest::forest;
pub(super) use latency::{WHOLE, distributions, quality_by_latency};
pub(super) use reliability::reliability;
pub(super) use responses::responses;
pub(super) use risk::risk_coverage;
pub(super) use slices::slices;

use super::model::{Report, System};
use super::table::Table;
use canvas::{Drawing, SERIES};

/// A figure.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// A short name for files and anchors, such as `risk-coverage`.
    pub(super) name: &'static str,
    /// What it shows: the caption's first sentence.
    pub(super) title: String,
    /// How to read it: the rest of the caption.
    pub(super) caption: String,
    /// What one would say to someone who cannot see it.
    pub(super) description: String,
    /// The drawing.
    pub(super) drawing: Drawing,
    /// Its numbers, where no other table has them.
    pub(super) table: Option<Table>,
}

/// The systems that figures show, in the report's order, with their places.
fn shown(report: &Report) -> impl Iterator<Item = (usize, &System)> {
    report.systems.iter().enumerate().take(SERIES)
}

/// A system's place among those shown.
fn place_of(report: &Report, system: &str) -> Option<usize> {
    shown(report).find(|(_, known)| known.name == system).map(|(place, _)| place)
}

/// What to say where there are more systems than a figure shows.
fn more_than_shown(report: &Report) -> &'static str {
    if report.systems.len() > SERIES {
        " Only the first eight systems are drawn; the tables have all."
    } else {
        ""
    }
}

/// At most `most` of the items, evenly spaced, first and last kept.
fn thin<T: Copy>(items: &[T], most: usize) -> Vec<T> {
    if items.len() <= most || most < 2 {
        return items.to_vec();
    }
    let last = items.len() - 1;
    (0..most).map(|i| items[(i * last + (most - 1) / 2) / (most - 1)]).collect()
}

/// Least and greatest of the finite values; none where there are none.
fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |ends, value| match ends {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn thinning_keeps_order_and_ends(n in 1_usize..500, most in 2_usize..50) {
            let items: Vec<usize> = (0..n).collect();
            let kept = thin(&items, most);
            prop_assert_eq!(kept.len(), n.min(most));
            prop_assert_eq!(kept.first(), items.first());
            prop_assert_eq!(kept.last(), items.last());
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
