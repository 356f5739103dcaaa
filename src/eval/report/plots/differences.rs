//! On how many topics, and by how much, is a system better or worse than the baseline?

use super::canvas::{Anchor, Axis, Frame, Ink, Pen, Stroke, draw};
use super::{Figure, extent, place_of, thin};
use crate::eval::report::model::{Differences, Report};
use crate::eval::report::number::{counted, hundredths, per_cent, signed};
use crate::eval::report::table::{Cell, Table, code};

/// Counts of a sensitive set below this are not told.
const SMALLEST: usize = 10;

/// Columns drawn.
const COLUMNS: usize = 360;

/// One figure for each comparison whose differences the report holds.
pub(in crate::eval::report) fn differences(report: &Report) -> Vec<Figure> {
    let may_show = |shown: &&Differences| !gives_away(report, shown);
    report.differences.iter().filter(may_show).filter_map(|shown| figure(report, shown)).collect()
}

/// Whether the figure would tell a small count of a sensitive set, or of one not listed.
fn gives_away(report: &Report, shown: &Differences) -> bool {
    let dataset = report.datasets.iter().find(|dataset| dataset.name == shown.dataset);
    let count = |wanted: fn(f64) -> bool| shown.values.iter().filter(|&&v| wanted(v)).count();
    let counts = [count(|v| v > 0.0), count(|v| v == 0.0), count(|v| v < 0.0)];
    dataset.is_none_or(|dataset| dataset.sensitive)
        && counts.iter().any(|n| (1..SMALLEST).contains(n))
}

fn figure(report: &Report, shown: &Differences) -> Option<Figure> {
    let mut values: Vec<f64> = shown.values.iter().copied().filter(|v| v.is_finite()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let (low, high) = extent(values.iter().copied())?;
    let share = |wanted: &dyn Fn(f64) -> bool| {
        values.iter().filter(|&&value| wanted(value)).count() as f64 / values.len() as f64
    };
    let (better, worse) = (share(&|v| v > 0.0), share(&|v| v < 0.0));
    let ink = place_of(report, &shown.system).map_or(Ink::Text, Ink::Series);
    let drawing = draw(&frame(low.min(0.0), high.max(0.0), &shown.measure), |canvas| {
        let above = steps(&thin(&values, COLUMNS), |value| value.max(0.0));
        canvas.area(&above, Pen::new(ink, Stroke::Plain))?;
        let below = steps(&thin(&values, COLUMNS), |value| value.min(0.0));
        canvas.area(&below, Pen::new(Ink::Muted, Stroke::Plain))?;
        let axis = Pen::new(Ink::Text, Stroke::Plain).wide(1.0);
        canvas.line(&[(0.0, 0.0), (1.0, 0.0)], axis)?;
        let words = |text: &str| format!("{text} ");
        let (least, most) = canvas.frame().y.ends();
        let label = format!("{}{}", words("better"), per_cent(better));
        let pen = Pen::new(ink, Stroke::Halo);
        let (top, bottom) = ((better.max(0.02), most), (1.0 - worse.max(0.02), least));
        canvas.text(top, (6.0, 14.0), Anchor::Start, &label, pen)?;
        let label = format!("{}{}", words("worse"), per_cent(worse));
        canvas.text(bottom, (-6.0, -14.0), Anchor::End, &label, Pen::new(Ink::Muted, Stroke::Halo))
    })?;
    let system = code(&shown.system);
    Some(Figure {
        name: "differences",
        title: format!("{} by topic, {system} on {}", code(&shown.measure), code(&shown.dataset)),
        caption: format!(
            "{system} minus {}, {}, sorted. Coloured: better; grey: worse; nothing: the same.",
            code(&shown.baseline),
            counted(values.len(), "topic", "topics"),
        ),
        description: format!(
            "Sorted differences by topic: better on {}, the same on {}, worse on {}; from {} to {}.",
            per_cent(better),
            per_cent(1.0 - better - worse),
            per_cent(worse),
            signed(low),
            signed(high)
        ),
        drawing,
        table: Some(numbers(shown, &values)),
    })
}

fn frame(low: f64, high: f64, measure: &str) -> Frame {
    Frame {
        width: 480.0,
        height: 250.0,
        top: 26.0,
        right: 22.0,
        bottom: 44.0,
        left: 46.0,
        x: Axis::share(per_cent),
        y: Axis::linear(low, high, 4, hundredths),
        x_title: "share of topics".to_owned(),
        y_title: format!("difference in {measure}"),
    }
}

/// The outline of columns of equal width over 0 to 1.
fn steps(values: &[f64], height: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let width = 1.0 / values.len().max(1) as f64;
    let mut outline = vec![(0.0, 0.0)];
    for (i, &value) in values.iter().enumerate() {
        let left = i as f64 * width;
        outline.push((left, height(value)));
        outline.push((left + width, height(value)));
    }
    outline.push((1.0, 0.0));
    outline
}

/// Quantiles of the differences; `values` descend.
fn numbers(shown: &Differences, values: &[f64]) -> Table {
    let quantiles = [(0, "least"), (10, "10%"), (25, "25%"), (50, "median"), (75, "75%")];
    let quantiles: Vec<(usize, &str)> =
        quantiles.into_iter().chain([(90, "90%"), (100, "greatest")]).collect();
    let caption = format!(
        "Differences by topic in {}, {} minus {} on {}",
        code(&shown.measure),
        code(&shown.system),
        code(&shown.baseline),
        code(&shown.dataset)
    );
    let mut table = Table::new(caption)
        .words(["Quantile"])
        .numbers(quantiles.iter().map(|&(_, name)| name.to_owned()));
    let last = values.len().saturating_sub(1);
    let at = |&(share, _): &(usize, &str)| {
        let rank = (last * (100 - share) + 50) / 100;
        values.get(rank).map_or(Cell::Empty, |&value| Cell::number(signed(value)))
    };
    table.push(Cell::text("Difference"), quantiles.iter().map(at).collect());
    table
}
