//! How does a measure respond to a parameter?

use super::canvas::{Anchor, Axis, Frame, Ink, Marker, Pen, Stroke, draw};
use super::{Figure, extent};
use crate::eval::report::model::{Report, ResponseCurve, ResponsePoint};
use crate::eval::report::number::{decimal, estimate, interval, setting};
use crate::eval::report::table::{Cell, Number, Table, code};

/// From this ratio of greatest to least on, a parameter is drawn by its logarithm.
const LOG_FROM: f64 = 100.0;

/// One figure for each response curve.
pub(in crate::eval::report) fn responses(report: &Report) -> Vec<Figure> {
    report.responses.iter().filter_map(figure).collect()
}

fn figure(curve: &ResponseCurve) -> Option<Figure> {
    let (frame, log) = frame(curve)?;
    let across = |value: f64| if log { value.log10() } else { value };
    let ink = Ink::Series(0);
    let drawing = draw(&frame, |canvas| {
        let ends = |side: fn(&ResponsePoint) -> Option<f64>| {
            let points = curve.points.iter();
            points.filter_map(move |point| Some((across(point.value), side(point)?)))
        };
        let low = ends(|point| point.estimate.interval.map(|ends| ends.low));
        let high: Vec<_> = ends(|point| point.estimate.interval.map(|ends| ends.high)).collect();
        let band: Vec<_> = low.chain(high.into_iter().rev()).collect();
        canvas.area(&band, Pen::new(ink, Stroke::Band))?;
        let line: Vec<_> =
            curve.points.iter().map(|p| (across(p.value), p.estimate.value)).collect();
        canvas.line(&line, Pen::new(ink, Stroke::Plain))?;
        for &point in &line {
            canvas.mark(point, Marker::Dot, 3.0, ink)?;
        }
        let at = canvas.frame().x.hold(across(curve.chosen));
        let (least, most) = canvas.frame().y.ends();
        let muted = Pen::new(Ink::Text, Stroke::Dotted).wide(1.25);
        canvas.line(&[(at, least), (at, most)], muted)?;
        if let Some(outer) = &curve.outer {
            let held = |y: f64| canvas.frame().y.hold(y);
            if let Some(ends) = outer.interval {
                let bar = [(at, held(ends.low)), (at, held(ends.high))];
                canvas.line(&bar, Pen::new(Ink::Text, Stroke::Plain).wide(1.5))?;
            }
            canvas.mark((at, held(outer.value)), Marker::Series(3), 5.0, Ink::Text)?;
        }
        let (left, right) = canvas.frame().x.ends();
        let (anchor, shift) = if at - left > (right - left) * 0.6 {
            (Anchor::End, -6.0)
        } else {
            (Anchor::Start, 6.0)
        };
        let label = format!("chosen: {}", setting(curve.chosen));
        canvas.text((at, most), (shift, 10.0), anchor, &label, Pen::new(Ink::Text, Stroke::Halo))
    })?;
    let outer = curve.outer.as_ref().map_or_else(String::new, |outer| {
        let value = estimate(outer, decimal);
        format!(
            " Diamond: {value}, the outer estimate of the whole choosing by nested \
             cross-validation; the curve itself flatters, as its best point was chosen on it."
        )
    });
    let best = curve.points.iter().max_by(|a, b| a.estimate.value.total_cmp(&b.estimate.value))?;
    Some(Figure {
        name: "response",
        title: format!(
            "{} by {} on {}",
            code(&curve.measure),
            code(&curve.parameter),
            code(&curve.dataset)
        ),
        caption: format!("Other parameters at the chosen point; band: interval.{outer}"),
        description: format!(
            "Line chart over {} values of {}. Highest: {} at {}. Chosen: {}.",
            curve.points.len(),
            curve.parameter,
            estimate(&best.estimate, decimal),
            setting(best.value),
            setting(curve.chosen)
        ),
        drawing,
        table: Some(numbers(curve)),
    })
}

/// The frame, and whether the parameter is drawn by its logarithm.
fn frame(curve: &ResponseCurve) -> Option<(Frame, bool)> {
    let (low, high) = extent(curve.points.iter().map(|point| point.value))?;
    let (low, high) = extent([low, high, curve.chosen])?;
    let log = low > 0.0 && high / low >= LOG_FROM;
    let estimates = curve.points.iter().map(|point| &point.estimate).chain(&curve.outer);
    let ends = estimates.flat_map(|estimate| {
        let ends = estimate.interval.map(|ends| [ends.low, ends.high]);
        ends.into_iter().flatten().chain([estimate.value])
    });
    let (least, most) = extent(ends)?;
    let x = if log { Axis::log(low, high, setting) } else { Axis::linear(low, high, 5, rounded) };
    let frame = Frame {
        width: 480.0,
        height: 290.0,
        top: 26.0,
        right: 22.0,
        bottom: 44.0,
        left: 46.0,
        x,
        y: Axis::linear(least, most, 4, decimal),
        x_title: curve.parameter.clone(),
        y_title: curve.measure.clone(),
    };
    Some((frame, log))
}

/// A label of a parameter's axis, freed of binary noise.
fn rounded(value: f64) -> String {
    setting((value * 1e9).round() / 1e9)
}

fn numbers(curve: &ResponseCurve) -> Table {
    let caption = format!(
        "{} by {} on {}",
        code(&curve.measure),
        code(&curve.parameter),
        code(&curve.dataset)
    );
    let mut table =
        Table::new(caption).words([curve.parameter.as_str()]).numbers([curve.measure.as_str()]);
    for point in &curve.points {
        let details = point.estimate.interval.map(|ends| interval(ends, decimal));
        let chosen = (point.value - curve.chosen).abs() < f64::EPSILON;
        let head = setting(point.value) + if chosen { " (chosen)" } else { "" };
        let number = Number {
            value: decimal(point.estimate.value),
            details: details.into_iter().collect(),
            ..Number::default()
        };
        table.push(Cell::text(head), vec![Cell::Number(number)]);
    }
    table
}
