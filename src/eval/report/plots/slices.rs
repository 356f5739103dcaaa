//! For whom does a system work, and for whom not?

use super::canvas::{
    Anchor, Axis, FONT, Frame, Ink, Marker, Pen, SERIES, Stroke, cut, draw, key_height, text_width,
};
use super::{Figure, extent, place_of};
use crate::eval::report::model::{Answering, Figure as Named, Report, Slice};
use crate::eval::report::number::{capital, count, decimal, estimate, hundredths};
use crate::eval::report::table::code;

/// Figures of slices that are drawn; the tables have all.
const DRAWN: usize = 2;

/// Height of a row's share for one system.
const LANE: f64 = 9.0;

/// The first figures of the slices of a dataset, one figure each with all systems.
pub(in crate::eval::report) fn slices(report: &Report, dataset: &str) -> Vec<Figure> {
    let systems: Vec<(usize, &Answering)> = report
        .answering
        .iter()
        .filter(|answering| answering.dataset == dataset && !answering.slices.is_empty())
        .filter_map(|answering| Some((place_of(report, &answering.system)?, answering)))
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for (_, answering) in &systems {
        for figure in answering.slices.iter().flat_map(|slice| &slice.figures) {
            if !names.contains(&figure.name.as_str()) {
                names.push(&figure.name);
            }
        }
    }
    names.into_iter().take(DRAWN).filter_map(|name| figure(dataset, name, &systems)).collect()
}

fn slice_names<'a>(systems: &[(usize, &'a Answering)]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for slice in systems.iter().flat_map(|(_, answering)| &answering.slices) {
        if !names.contains(&slice.name.as_str()) {
            names.push(&slice.name);
        }
    }
    names
}

fn figure(dataset: &str, name: &str, systems: &[(usize, &Answering)]) -> Option<Figure> {
    let slices = slice_names(systems);
    let key: Vec<(String, usize)> =
        systems.iter().map(|(place, answering)| (answering.system.clone(), *place)).collect();
    let frame = frame(name, &slices, systems, &key)?;
    let name_width = frame.left - 12.0;
    let drawing = draw(&frame, |canvas| {
        canvas.key(&key)?;
        for (row, slice) in slices.iter().enumerate() {
            let centre = row as f64 + 0.5;
            let (_, at) = canvas.place((0.0, centre));
            let pen = Pen::new(Ink::Text, Stroke::Plain);
            canvas.text_at((4.0, at), Anchor::Start, &cut(slice, name_width), pen)?;
            if row > 0 {
                let edge = canvas.frame().width - canvas.frame().right;
                let (_, between) = canvas.place((0.0, row as f64));
                let grid = Pen::new(Ink::Grid, Stroke::Plain).wide(1.0);
                canvas.line_at(&[(4.0, between), (edge, between)], grid)?;
            }
            let mut drawn = false;
            for (lane, (place, answering)) in systems.iter().enumerate() {
                let Some(found) = found(answering, slice, name).and_then(|f| f.estimate) else {
                    continue;
                };
                drawn = true;
                let shift = (lane as f64 + 0.5) / systems.len() as f64 - 0.5;
                let y = centre + shift * row_share(systems.len());
                let ink = Ink::Series(*place);
                if let Some(ends) = found.interval {
                    let bar = [(ends.low, y), (ends.high, y)];
                    canvas.line(&bar, Pen::new(ink, Stroke::Plain).wide(1.25))?;
                }
                canvas.mark((found.value, y), Marker::Series(*place), 3.25, ink)?;
            }
            if !drawn {
                let (low, _) = canvas.frame().x.ends();
                let muted = Pen::new(Ink::Muted, Stroke::Halo);
                canvas.text((low, centre), (8.0, 0.0), Anchor::Start, "too few", muted)?;
            }
        }
        Ok(())
    })?;
    Some(Figure {
        name: "slices",
        title: format!("{} by slice on {}", capital(name), code(dataset)),
        caption: "Value and interval of each slice; slices overlap, and the more slices, the \
                  likelier that one stands out by chance. Topics of each slice stand in the \
                  tables."
            .to_owned(),
        description: describe(name, &slices, systems),
        drawing,
        table: None,
    })
}

/// Share of a row that its systems take up.
fn row_share(systems: usize) -> f64 {
    if systems == 1 { 0.0 } else { 0.8 }
}

fn found<'a>(answering: &'a Answering, slice: &str, name: &str) -> Option<&'a Named> {
    let slice: &Slice = answering.slices.iter().find(|known| known.name == slice)?;
    slice.figures.iter().find(|figure| figure.name == name)
}

fn frame(
    name: &str,
    slices: &[&str],
    systems: &[(usize, &Answering)],
    key: &[(String, usize)],
) -> Option<Frame> {
    let estimates = systems.iter().flat_map(|(_, answering)| {
        slices.iter().filter_map(move |slice| found(answering, slice, name)?.estimate)
    });
    let ends = estimates.flat_map(|estimate| {
        let ends = estimate.interval.map(|ends| [ends.low, ends.high]);
        ends.into_iter().flatten().chain([estimate.value])
    });
    let (low, high) = extent(ends)?;
    let left = slices.iter().map(|slice| text_width(slice)).fold(40.0, f64::max).min(190.0) + 14.0;
    let width = 480.0;
    let top = 6.0 + key_height(width, key);
    let bottom = 44.0;
    let row = (LANE * systems.len().min(SERIES) as f64 + 6.0).max(FONT + 9.0);
    Some(Frame {
        width,
        height: top + row * slices.len() as f64 + bottom,
        top,
        right: 22.0,
        bottom,
        left,
        x: Axis::linear(low, high, 4, hundredths),
        y: Axis::rows(slices.len()),
        x_title: name.to_owned(),
        y_title: String::new(),
    })
}

fn describe(name: &str, slices: &[&str], systems: &[(usize, &Answering)]) -> String {
    let mut said = vec![format!("Dot chart of {name}, one row a slice.")];
    for slice in slices {
        let values: Vec<String> = systems
            .iter()
            .filter_map(|(_, answering)| {
                let value = found(answering, slice, name)?.estimate?;
                Some(format!("{} {}", answering.system, estimate(&value, decimal)))
            })
            .collect();
        let topics = systems.iter().find_map(|(_, answering)| {
            answering.slices.iter().find(|known| known.name == *slice)?.n_topics
        });
        let topics = topics.map_or_else(String::new, |n| format!(" ({} topics)", count(n)));
        let values = if values.is_empty() { "too few".to_owned() } else { values.join(", ") };
        said.push(format!("{slice}{topics}: {values}."));
    }
    said.join(" ")
}
