//! How long do answers take, and what does quality cost in time?

use super::canvas::{
    Anchor, Axis, Canvas, FONT, Fail, Frame, Ink, Marker, Pen, Stroke, cut, draw, text_width, whole,
};
use super::{Figure, extent, more_than_shown, place_of, thin};
use crate::eval::estimate::Estimate;
use crate::eval::report::model::{Latency, Report};
use crate::eval::report::number::{decimal, milliseconds, per_cent, setting};
use crate::eval::report::table::code;

/// The stage that users feel.
pub(in crate::eval::report) const WHOLE: &str = "whole";

/// Places along a curve that its label may take.
const CANDIDATES: usize = 150;

/// Points of a curve that labels keep clear of.
const DENSE: usize = 1_000;

/// Microseconds in a millisecond.
const MILLISECOND: f64 = 1000.0;

/// Distributions of whole latencies on a dataset, one figure for each load.
pub(in crate::eval::report) fn distributions(report: &Report, dataset: &str) -> Vec<Figure> {
    let mut loads: Vec<&str> = Vec::new();
    for latency in report.latency.iter().filter(|latency| latency.dataset == dataset) {
        if !loads.contains(&latency.load.as_str()) {
            loads.push(&latency.load);
        }
    }
    loads.into_iter().filter_map(|load| distribution(report, dataset, load)).collect()
}

fn distribution(report: &Report, dataset: &str, load: &str) -> Option<Figure> {
    let curves: Vec<Curve<'_>> = report
        .latency
        .iter()
        .filter(|latency| latency.dataset == dataset && latency.load == load)
        .filter(|latency| latency.stage == WHOLE)
        .filter_map(|latency| {
            let place = place_of(report, &latency.system)?;
            Some(Curve { place, latency, points: points(latency) })
        })
        .filter(|curve| !curve.points.is_empty())
        .collect();
    let times = curves.iter().flat_map(|curve| curve.points.iter().map(|&(time, _)| time));
    let (low, high) = extent(times)?;
    let frame = Frame {
        width: 480.0,
        height: 310.0,
        top: 26.0,
        right: 22.0,
        bottom: 44.0,
        left: 46.0,
        x: Axis::log(10.0_f64.powf(low), 10.0_f64.powf(high), tick),
        y: Axis::share(per_cent),
        x_title: "milliseconds (logarithmic)".to_owned(),
        y_title: "share answered within".to_owned(),
    };
    let drawing = draw(&frame, |canvas| {
        for curve in &curves {
            canvas.line(&curve.points, Pen::new(Ink::Series(curve.place), Stroke::Dashed))?;
        }
        label_curves(canvas, &curves)
    })?;
    Some(Figure {
        name: "latency",
        title: format!("Latency on {}, {load}", code(dataset)),
        caption: format!(
            "Share of messages answered within a time, the whole path. Quantiles with intervals \
             stand in the table.{}",
            more_than_shown(report)
        ),
        description: describe(&curves),
        drawing,
        table: None,
    })
}

/// A distribution to draw.
struct Curve<'a> {
    place: usize,
    latency: &'a Latency,
    points: Vec<(f64, f64)>,
}

/// Where a label goes.
struct Label {
    at: (f64, f64),
    anchor: Anchor,
    area: Area,
}

/// Logarithm of milliseconds, and share, of a distribution.
fn points(latency: &Latency) -> Vec<(f64, f64)> {
    let last = latency.cdf.len().saturating_sub(1).max(1) as f64;
    let shares = latency.cdf.iter().enumerate().map(|(i, &time)| (time, i as f64 / last));
    shares
        .filter(|(time, _)| *time > 0.0 && time.is_finite())
        .map(|(time, share)| ((time / MILLISECOND).log10(), share))
        .collect()
}

fn tick(milliseconds: f64) -> String {
    setting((milliseconds * 1e6).round() / 1e6)
}

fn describe(curves: &[Curve<'_>]) -> String {
    let said = curves.iter().map(|Curve { latency, .. }| {
        let named = |name: &str| {
            let found = latency.quantiles.iter().find(|quantile| quantile.name == name);
            found.map_or_else(String::new, |found| {
                format!(" {name} {} ms", milliseconds(found.microseconds))
            })
        };
        format!("{}:{}{}.", latency.system, named("p50"), named("p99"))
    });
    let said: Vec<String> = said.collect();
    format!("Cumulative distributions, one line a system. {}", said.join(" "))
}

/// A box on the sheet.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    fn meets(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// Names each curve beside it, where it covers the least of the others.
fn label_curves(canvas: &Canvas<'_>, curves: &[Curve<'_>]) -> Result<(), Fail> {
    let dense: Vec<Vec<(f64, f64)>> = curves
        .iter()
        .map(|curve| {
            let points: Vec<_> = curve.points.iter().map(|&point| canvas.place(point)).collect();
            along(&points)
        })
        .collect();
    let mut taken: Vec<Area> = Vec::new();
    for (own, curve) in curves.iter().enumerate() {
        let name = cut(&curve.latency.system, 170.0);
        let Some(Label { at, anchor, area }) = best_place(canvas, &dense, own, &name, &taken)
        else {
            continue;
        };
        taken.push(area);
        let pen = Pen::new(Ink::Series(curve.place), Stroke::Halo);
        canvas.text_at(at, anchor, &name, pen)?;
    }
    Ok(())
}

/// The place beside a curve that clashes least with other labels and curves and lies nearest to
/// the middle.
fn best_place(
    canvas: &Canvas<'_>,
    dense: &[Vec<(f64, f64)>],
    own: usize,
    name: &str,
    taken: &[Area],
) -> Option<Label> {
    let frame = canvas.frame();
    let middle = frame.top + (frame.height - frame.top - frame.bottom) * 0.4;
    let half = FONT / 2.0 + 2.0;
    let width = text_width(name);
    let mut best: Option<(usize, Label)> = None;
    for (x, y) in thin(&dense[own], CANDIDATES) {
        for (anchor, shift) in [(Anchor::Start, 8.0), (Anchor::End, -8.0)] {
            let left = if anchor == Anchor::Start { x + shift } else { x + shift - width };
            let area = Area {
                left: left - 4.0,
                top: y - half,
                right: left + width + 4.0,
                bottom: y + half,
            };
            let outside = area.left < frame.left
                || area.right > frame.width
                || area.top < frame.top
                || area.bottom > frame.height - frame.bottom;
            let covered = dense.iter().flatten().filter(|&&point| area.holds(point)).count();
            let clashes = taken.iter().filter(|other| other.meets(&area)).count();
            let aside = whole((y - middle).abs() / 10.0);
            let cost = aside + 5 * covered + 1_000 * clashes + if outside { 10_000 } else { 0 };
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, Label { at: (x + shift, y), anchor, area }));
            }
        }
    }
    best.map(|(_, label)| label)
}

/// Points about three pixels apart along a line on the sheet.
fn along(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut dense = Vec::new();
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let steps = whole((x1 - x0).hypot(y1 - y0) / 3.0).clamp(1, 200);
        for step in 0..steps {
            let share = step as f64 / steps as f64;
            dense.push((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share));
        }
    }
    dense.extend(points.last());
    thin(&dense, DENSE)
}

/// A system's quality and whole latency on a dataset.
struct Spot<'a> {
    place: usize,
    system: &'a str,
    median: f64,
    tail: Option<f64>,
    quality: Estimate,
}

/// A measure by the median of the whole latency under the first load that a dataset has.
pub(in crate::eval::report) fn quality_by_latency(
    report: &Report,
    dataset: &str,
    measure: &str,
) -> Option<Figure> {
    let whole = |latency: &&Latency| latency.dataset == dataset && latency.stage == WHOLE;
    let load = &report.latency.iter().find(whole)?.load;
    let measured = report.latency.iter().filter(whole).filter(|latency| &latency.load == load);
    let spots: Vec<Spot<'_>> =
        measured.filter_map(|latency| spot(report, latency, measure)).collect();
    if spots.len() < 2 {
        return None;
    }
    let frame = spots_frame(&spots, measure)?;
    let drawing = draw(&frame, |canvas| {
        for spot in &spots {
            let ink = Ink::Series(spot.place);
            let (x, y) = at(spot);
            if let Some(tail) = spot.tail {
                canvas.line(&[(x, y), (tail.log10(), y)], Pen::new(ink, Stroke::Dotted))?;
            }
            if let Some(ends) = spot.quality.interval {
                let bar = [(x, ends.low), (x, ends.high)];
                canvas.line(&bar, Pen::new(ink, Stroke::Plain).wide(1.25))?;
            }
            canvas.mark((x, y), Marker::Series(spot.place), 4.5, ink)?;
        }
        label_spots(canvas, &spots)
    })?;
    let said: Vec<String> = spots.iter().map(say).collect();
    Some(Figure {
        name: "quality-by-latency",
        title: format!("{} by latency on {}", code(measure), code(dataset)),
        caption: format!(
            "Sign: median of the whole path, {load}; dotted: up to its p99; bar: interval of the \
             measure. Up and to the left is better."
        ),
        description: format!("Dot chart, one dot a system. {}", said.join(" ")),
        drawing,
        table: None,
    })
}

fn spot<'a>(report: &Report, latency: &'a Latency, measure: &str) -> Option<Spot<'a>> {
    let quantile = |name: &str| {
        let found = latency.quantiles.iter().find(|quantile| quantile.name == name)?;
        let time = found.microseconds / MILLISECOND;
        (time > 0.0 && time.is_finite()).then_some(time)
    };
    let mut cells = report.measures.iter().filter(|cell| {
        cell.dataset == latency.dataset && cell.system == latency.system && cell.measure == measure
    });
    let quality = cells.find_map(|cell| cell.estimate).filter(|found| found.value.is_finite())?;
    Some(Spot {
        place: place_of(report, &latency.system)?,
        system: &latency.system,
        median: quantile("p50")?,
        tail: quantile("p99"),
        quality,
    })
}

fn at(spot: &Spot<'_>) -> (f64, f64) {
    (spot.median.log10(), spot.quality.value)
}

fn say(spot: &Spot<'_>) -> String {
    let value = decimal(spot.quality.value);
    let tail = spot
        .tail
        .map_or_else(String::new, |tail| format!(", p99 {} ms", milliseconds(tail * MILLISECOND)));
    let median = milliseconds(spot.median * MILLISECOND);
    format!("{}: {value} at a median of {median} ms{tail}.", spot.system)
}

fn spots_frame(spots: &[Spot<'_>], measure: &str) -> Option<Frame> {
    let times = spots.iter().flat_map(|spot| [Some(spot.median), spot.tail]).flatten();
    let (low, high) = extent(times)?;
    let estimates = spots.iter().map(|spot| spot.quality);
    let ends = estimates.flat_map(|estimate| {
        let ends = estimate.interval.map(|ends| [ends.low, ends.high]);
        ends.into_iter().flatten().chain([estimate.value])
    });
    let (least, most) = extent(ends)?;
    Some(Frame {
        width: 480.0,
        height: 310.0,
        top: 26.0,
        right: 22.0,
        bottom: 44.0,
        left: 46.0,
        x: Axis::log(low / 1.3, high * 1.3, tick),
        y: Axis::linear(least, most, 4, decimal),
        x_title: "milliseconds (logarithmic)".to_owned(),
        y_title: measure.to_owned(),
    })
}

/// Names each spot beside it, where its name is free of other names and signs.
fn label_spots(canvas: &Canvas<'_>, spots: &[Spot<'_>]) -> Result<(), Fail> {
    let mut taken: Vec<Area> = Vec::new();
    let mut signs = Vec::new();
    for spot in spots {
        let (x, y) = canvas.place(at(spot));
        signs.push(Area { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 });
    }
    for spot in spots {
        let name = cut(spot.system, 170.0);
        let (x, y) = canvas.place(at(spot));
        let width = text_width(&name);
        let shifts = [
            (Anchor::Start, 8.0, -11.0),
            (Anchor::Start, 8.0, 11.0),
            (Anchor::End, -8.0, -11.0),
            (Anchor::End, -8.0, 11.0),
            (Anchor::Start, 8.0, -26.0),
            (Anchor::Start, 8.0, 26.0),
        ];
        let cost = |&(anchor, dx, dy): &(Anchor, f64, f64)| {
            let left = if anchor == Anchor::Start { x + dx } else { x + dx - width };
            let area = Area { left, top: y + dy - 8.0, right: left + width, bottom: y + dy + 8.0 };
            let outside = area.left < canvas.frame().left || area.right > canvas.frame().width;
            let met = taken.iter().chain(&signs).filter(|other| other.meets(&area)).count();
            (met + if outside { 10 } else { 0 }, area)
        };
        let best = shifts.iter().map(|shift| (cost(shift), shift)).min_by_key(|((c, _), _)| *c);
        let Some(((_, area), &(anchor, dx, dy))) = best else { continue };
        taken.push(area);
        let pen = Pen::new(Ink::Series(spot.place), Stroke::Halo);
        canvas.text_at((x + dx, y + dy), anchor, &name, pen)?;
    }
    Ok(())
}
