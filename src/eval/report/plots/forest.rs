//! How far, and how surely, does each system differ from the baseline?

use super::canvas::{
    Anchor, Axis, Canvas, FONT, Fail, Frame, Ink, Marker, Pen, Stroke, cut, draw, text_width,
};
use super::{Figure, extent, place_of};
use crate::eval::report::model::{Comparison, Report};
use crate::eval::report::number::{estimate, hundredths, probability_clause, signed};
use crate::eval::report::table::code;

/// Height of a row.
const ROW: f64 = FONT + 10.0;

/// Width of the plane.
const PLANE: f64 = 190.0;

/// A row: the name of a dataset, or a comparison on it.
enum Line<'a> {
    Dataset(&'a str),
    Comparison(&'a Comparison),
}

/// Differences on one measure with their intervals, one row for each dataset and system.
pub(in crate::eval::report) fn forest(
    report: &Report,
    measure: &str,
    level: f64,
) -> Option<Figure> {
    let rows: Vec<&Comparison> =
        report.comparisons.iter().filter(|comparison| comparison.measure == measure).collect();
    if rows.len() < 2 {
        return None;
    }
    let lines = lines(&rows);
    let margin = rows.iter().find_map(|row| row.noninferiority).map(|tests| tests.margin);
    let frame = frame(&rows, &lines, margin, measure)?;
    let drawing = draw(&frame, |canvas| {
        let (top, bottom) = (0.0, lines.len() as f64);
        let zero = Pen::new(Ink::Text, Stroke::Plain).wide(1.0);
        canvas.line(&[(0.0, top), (0.0, bottom)], zero)?;
        if let Some(margin) = margin {
            let pen = Pen::new(Ink::Muted, Stroke::Dotted).wide(1.5);
            canvas.line(&[(-margin, top), (-margin, bottom)], pen)?;
        }
        for (i, line) in lines.iter().enumerate() {
            let y = i as f64 + 0.5;
            match line {
                Line::Dataset(name) => {
                    let (_, at) = canvas.place((0.0, y));
                    let pen = Pen::new(Ink::Muted, Stroke::Halo);
                    let name = cut(name, canvas.frame().width);
                    canvas.text_at((4.0, at), Anchor::Start, &name, pen)?;
                }
                Line::Comparison(row) => {
                    let ink = place_of(report, &row.system).map_or(Ink::Text, Ink::Series);
                    let marker = if row.p_holm < level { Marker::Dot } else { Marker::Ring };
                    draw_row(canvas, row, y, ink, marker)?;
                }
            }
        }
        Ok(())
    })?;
    let margin_note = if margin.is_some() { " Dotted line: the margin." } else { "" };
    Some(Figure {
        name: "differences-to-baseline",
        title: format!("Difference to the baseline in {}", code(measure)),
        caption: format!(
            "Mean difference with its interval. Filled: significant after Holm's correction; \
             open: not.{margin_note} p and effect sizes stand in the tables of comparisons."
        ),
        description: format!("Dot chart, one row a comparison. {}", say(&rows)),
        drawing,
        table: None,
    })
}

/// Comparisons in order, each dataset named where it begins, where there are several.
fn lines<'a>(rows: &[&'a Comparison]) -> Vec<Line<'a>> {
    let several = rows.iter().any(|row| row.dataset != rows[0].dataset);
    let mut lines = Vec::new();
    let mut last: Option<&str> = None;
    for row in rows {
        if several && last != Some(row.dataset.as_str()) {
            lines.push(Line::Dataset(&row.dataset));
            last = Some(&row.dataset);
        }
        lines.push(Line::Comparison(row));
    }
    lines
}

fn draw_row(
    canvas: &Canvas<'_>,
    row: &Comparison,
    y: f64,
    ink: Ink,
    marker: Marker,
) -> Result<(), Fail> {
    if let Some(ends) = row.difference.interval {
        let held = |x: f64| canvas.frame().x.hold(x);
        let bar = [(held(ends.low), y), (held(ends.high), y)];
        canvas.line(&bar, Pen::new(ink, Stroke::Plain))?;
    }
    canvas.mark((row.difference.value, y), marker, 4.0, ink)?;
    let (_, at) = canvas.place((0.0, y));
    let pen = Pen::new(Ink::Text, Stroke::Plain);
    let name = cut(&row.system, canvas.frame().left - 24.0);
    canvas.text_at((16.0, at), Anchor::Start, &name, pen)?;
    let figure = estimate(&row.difference, signed);
    canvas.text_at((canvas.frame().width - 2.0, at), Anchor::End, &figure, pen)
}

fn frame(
    rows: &[&Comparison],
    lines: &[Line<'_>],
    margin: Option<f64>,
    measure: &str,
) -> Option<Frame> {
    let ends = rows.iter().flat_map(|row| {
        let interval = row.difference.interval;
        let ends = interval.map(|ends| [ends.low, ends.high]);
        ends.into_iter().flatten().chain([row.difference.value])
    });
    let (low, high) = extent(ends.chain([0.0]).chain(margin.map(|margin| -margin)))?;
    let names = rows.iter().map(|row| text_width(&row.system));
    let left = names.fold(40.0, f64::max).min(160.0) + 26.0;
    let right = 14.0 + text_width("+.000 [+.000, +.000]");
    let (top, bottom) = (6.0, 44.0);
    Some(Frame {
        width: left + PLANE + right,
        height: top + ROW * lines.len() as f64 + bottom,
        top,
        right,
        bottom,
        left,
        x: Axis::linear(low, high, 3, hundredths),
        y: Axis::rows(lines.len()),
        x_title: format!("difference in {measure}"),
        y_title: String::new(),
    })
}

fn say(rows: &[&Comparison]) -> String {
    let said = rows.iter().map(|row| {
        let p = probability_clause(row.p_holm);
        let difference = estimate(&row.difference, signed);
        format!("{} on {}: {difference}, {p}.", row.system, row.dataset)
    });
    said.collect::<Vec<_>>().join(" ")
}
