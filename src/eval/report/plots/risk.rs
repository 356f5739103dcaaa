//! How wrong is what a system answers, the more it answers?

use super::canvas::{Axis, Frame, Ink, Marker, Pen, Stroke, cut, draw, text_width};
use super::{Figure, more_than_shown, place_of, thin};
use crate::eval::report::model::{Answering, Report, RiskPoint};
use crate::eval::report::number::{decimal, hundredths, per_cent};
use crate::eval::report::table::{Cell, Table, code};

/// Points drawn of a curve.
const POINTS: usize = 240;

/// Below this coverage, risks rest on few answers and do not set the scale.
const SCALE_FROM: f64 = 0.1;

/// Risk by coverage of every system on a dataset.
pub(in crate::eval::report) fn risk_coverage(report: &Report, dataset: &str) -> Option<Figure> {
    let curves: Vec<(usize, &Answering)> = report
        .answering
        .iter()
        .filter(|answering| answering.dataset == dataset && !answering.risk_coverage.is_empty())
        .filter_map(|answering| Some((place_of(report, &answering.system)?, answering)))
        .collect();
    if curves.is_empty() {
        return None;
    }
    let frame = frame(&curves);
    let label_width = frame.right - 14.0;
    let drawing = draw(&frame, |canvas| {
        for (place, answering) in &curves {
            let ink = Ink::Series(*place);
            let points = thin(&answering.risk_coverage, POINTS);
            let at = |y: f64| canvas.frame().y.hold(y);
            let oracle: Vec<_> = points.iter().map(|p| (p.coverage, at(p.oracle))).collect();
            canvas.line(&oracle, Pen::new(ink, Stroke::Dotted).wide(1.25))?;
            let risk: Vec<_> = points.iter().map(|p| (p.coverage, at(p.risk))).collect();
            canvas.line(&risk, Pen::new(ink, Stroke::Dashed))?;
            if let Some((coverage, risk)) = served(answering) {
                canvas.mark((coverage, at(risk)), Marker::Series(*place), 4.5, ink)?;
            }
        }
        let ends = curves.iter().filter_map(|(place, answering)| {
            let end = answering.risk_coverage.last()?;
            Some((canvas.frame().y.hold(end.risk), cut(&answering.system, label_width), *place))
        });
        canvas.end_labels(&ends.collect::<Vec<_>>())
    })?;
    Some(Figure {
        name: "risk-coverage",
        title: format!("Selective risk by coverage on {}", code(dataset)),
        caption: format!(
            "Messages are answered in order of confidence; risk is the share of those answered \
             that were wrong. Dotted: an oracle that ranks the same answers perfectly. Sign: the \
             threshold as served.{}",
            more_than_shown(report)
        ),
        description: describe(&curves),
        drawing,
        table: Some(numbers(dataset, &curves)),
    })
}

fn frame(curves: &[(usize, &Answering)]) -> Frame {
    let points = || curves.iter().flat_map(|(_, answering)| &answering.risk_coverage);
    let settled = points().filter(|point| point.coverage >= SCALE_FROM);
    let served = curves.iter().filter_map(|(_, answering)| Some(served(answering)?.1));
    let most = settled.map(|point| point.risk).chain(served).filter(|risk| risk.is_finite());
    let most = most.fold(0.05, f64::max).min(1.0);
    let names = curves.iter().map(|(_, answering)| text_width(&answering.system));
    let right = names.fold(30.0, f64::max).min(150.0) + 16.0;
    Frame {
        width: 480.0,
        height: 320.0,
        top: 26.0,
        right,
        bottom: 44.0,
        left: 42.0,
        x: Axis::share(per_cent),
        y: Axis::linear(0.0, most, 5, hundredths),
        x_title: "coverage".to_owned(),
        y_title: "selective risk".to_owned(),
    }
}

/// Coverage and risk at the threshold as served.
fn served(answering: &Answering) -> Option<(f64, f64)> {
    let figure = |name: &str| {
        let found = answering.figures.iter().find(|figure| figure.name == name)?;
        found.estimate.map(|estimate| estimate.value)
    };
    Some((figure("coverage")?, figure("Risk")?))
}

/// The first point that covers at least this share.
fn at_coverage(points: &[RiskPoint], coverage: f64) -> Option<&RiskPoint> {
    points.iter().find(|point| point.coverage >= coverage - 1e-9)
}

fn describe(curves: &[(usize, &Answering)]) -> String {
    let said = curves.iter().filter_map(|(_, answering)| {
        let half = at_coverage(&answering.risk_coverage, 0.5)?;
        let last = answering.risk_coverage.last()?;
        Some(format!(
            "{}: risk {} at {} coverage, {} at {}.",
            answering.system,
            decimal(half.risk),
            per_cent(half.coverage),
            decimal(last.risk),
            per_cent(last.coverage)
        ))
    });
    let said: Vec<String> = said.collect();
    format!("Line chart, one line a system. {}", said.join(" "))
}

fn numbers(dataset: &str, curves: &[(usize, &Answering)]) -> Table {
    let shares: Vec<f64> = (1..=10).map(|tenth| f64::from(tenth) / 10.0).collect();
    let mut table = Table::new(format!("Selective risk by coverage on {}", code(dataset)))
        .words(["System"])
        .numbers(shares.iter().map(|&share| per_cent(share)));
    for (_, answering) in curves {
        let risk = |&share: &f64| {
            let point = at_coverage(&answering.risk_coverage, share);
            point.map_or(Cell::Empty, |point| Cell::number(decimal(point.risk)))
        };
        table.push(Cell::code(&answering.system), shares.iter().map(risk).collect());
    }
    table
}
