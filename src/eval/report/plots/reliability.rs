//! Does a confidence say how often a system is right?

use super::canvas::{Axis, Frame, Ink, Marker, Pen, Stroke, draw};
use super::{Figure, place_of};
use crate::eval::report::model::{Answering, ReliabilityBin, Report};
use crate::eval::report::number::{count, decimal, interval, level, places, signed};
use crate::eval::report::table::{Cell, Number, Table, code};

/// Reliability of each system on a dataset, one figure a system.
pub(in crate::eval::report) fn reliability(report: &Report, dataset: &str) -> Vec<Figure> {
    let of_dataset = report.answering.iter().filter(|answering| answering.dataset == dataset);
    of_dataset.filter_map(|answering| figure(report, answering)).collect()
}

fn figure(report: &Report, answering: &Answering) -> Option<Figure> {
    let bins = &answering.reliability;
    let place = place_of(report, &answering.system)?;
    let first = bins.first()?;
    let ink = Ink::Series(place);
    let drawing = draw(&frame(), |canvas| {
        let diagonal = Pen::new(Ink::Muted, Stroke::Dotted).wide(1.25);
        canvas.line(&[(0.0, 0.0), (1.0, 1.0)], diagonal)?;
        for bin in bins {
            let at = canvas.frame().x.hold(bin.confidence);
            let bar = [(at, bin.interval.low), (at, bin.interval.high)];
            canvas.line(&bar, Pen::new(ink, Stroke::Plain).wide(1.25))?;
            canvas.mark((at, bin.accuracy), Marker::Series(place), 3.5, ink)?;
        }
        Ok(())
    })?;
    let topics: usize = bins.iter().map(|bin| bin.n).sum();
    Some(Figure {
        name: "reliability",
        title: format!(
            "Reliability of {} on {}",
            code(&answering.system),
            code(&answering.dataset)
        ),
        caption: format!(
            "{} bins, {} topics; bars are {} Clopper-Pearson intervals. On the dotted line, \
             confidence is the share that is right.",
            bins.len(),
            count(topics),
            level(first.interval.level)
        ),
        description: describe(bins),
        drawing,
        table: Some(numbers(answering)),
    })
}

fn frame() -> Frame {
    let tenths = |value: f64| places(value, 1);
    Frame {
        width: 290.0,
        height: 300.0,
        top: 26.0,
        right: 22.0,
        bottom: 44.0,
        left: 32.0,
        x: Axis::share(tenths),
        y: Axis::share(tenths),
        x_title: "mean confidence".to_owned(),
        y_title: "share right".to_owned(),
    }
}

fn describe(bins: &[ReliabilityBin]) -> String {
    let outside = bins
        .iter()
        .filter(|bin| bin.confidence < bin.interval.low || bin.confidence > bin.interval.high);
    let widest = bins.iter().map(|bin| bin.confidence - bin.accuracy);
    let widest = widest.filter(|gap| gap.is_finite()).max_by(|a, b| a.abs().total_cmp(&b.abs()));
    format!(
        "Dot chart of the share right by mean confidence. In {} of {} bins the interval of the \
         share right leaves out the mean confidence; the widest gap, confidence minus share \
         right, is {}.",
        outside.count(),
        bins.len(),
        widest.map_or_else(String::new, signed)
    )
}

fn numbers(answering: &Answering) -> Table {
    let caption =
        format!("Reliability bins of {} on {}", code(&answering.system), code(&answering.dataset));
    let mut table =
        Table::new(caption).words(["Bin"]).numbers(["Mean confidence", "Share right", "Topics"]);
    for (i, bin) in answering.reliability.iter().enumerate() {
        let right = Number {
            value: decimal(bin.accuracy),
            details: vec![interval(bin.interval, decimal)],
            ..Number::default()
        };
        table.push(
            Cell::text((i + 1).to_string()),
            vec![
                Cell::number(decimal(bin.confidence)),
                Cell::Number(right),
                Cell::number(count(bin.n)),
            ],
        );
    }
    table
}
