//! How is a figure drawn? Axes, lines, dots and labels on a plotters plane, coloured by class.
//!
//! Colours are names, not values: each ink is drawn in a colour that stands for it and becomes a
//! class afterwards, so that one style sheet serves light, dark and print. Text stays text.
//! Everything is drawn four times as large as it is shown, as plotters rounds to whole pixels.
//! Invariants: only finite points are drawn, and the same calls give the same bytes. Knows no
//! report.

use std::io;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    Cartesian2d, Circle, DrawingArea, IntoDrawingArea, IntoFont, PathElement, Polygon, RGBColor,
    SVGBackend, ShapeStyle, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// How much larger than shown everything is drawn.
const SCALE: f64 = 4.0;

/// plotters-svg divides font sizes by this.
const FONT_FACTOR: f64 = 1.24;

/// Size of labels, in pixels as shown.
pub(super) const FONT: f64 = 14.0;

/// Blue of every stand-in colour.
const STAND_IN: u8 = 0xFE;

/// Why a figure could not be drawn.
pub(super) type Fail = DrawingAreaErrorKind<io::Error>;

type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plane<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A colour by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Colour of the system in this place.
    Series(usize),
    /// Text and axes.
    Text,
    /// What stands back.
    Muted,
    /// Grid lines.
    Grid,
}

/// How an ink is laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    /// As it is.
    Plain,
    /// Dashed in the manner of the series.
    Dashed,
    /// Dotted.
    Dotted,
    /// A translucent area.
    Band,
    /// Text that covers what lies under it.
    Halo,
}

/// An ink and a stroke.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) ink: Ink,
    pub(super) stroke: Stroke,
    /// Width of lines, in pixels as shown.
    pub(super) width: f64,
}

impl Pen {
    /// A pen of ordinary width.
    pub(super) fn new(ink: Ink, stroke: Stroke) -> Pen {
        Pen { ink, stroke, width: 1.75 }
    }

    /// With another width.
    pub(super) fn wide(self, width: f64) -> Pen {
        Pen { width, ..self }
    }

    fn stand_in(self) -> RGBColor {
        let ink = match self.ink {
            Ink::Series(place) => (place % SERIES) as u8,
            Ink::Text => 0x10,
            Ink::Muted => 0x11,
            Ink::Grid => 0x12,
        };
        let stroke = match self.stroke {
            Stroke::Plain => 0,
            Stroke::Dashed => 1,
            Stroke::Dotted => 2,
            Stroke::Band => 3,
            Stroke::Halo => 4,
        };
        RGBColor(ink, stroke, STAND_IN)
    }

    fn style(self, filled: bool) -> ShapeStyle {
        let stroke_width = whole(self.width * SCALE) as u32;
        ShapeStyle { color: self.stand_in().into(), filled, stroke_width }
    }
}

/// Systems that have a colour of their own.
pub(super) const SERIES: usize = 8;

/// An axis: its range and where its labels stand.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From `low` to `high`, widened to whole steps of 1, 2 or 5 at about `steps` labels.
    pub(super) fn linear(low: f64, high: f64, steps: usize, form: fn(f64) -> String) -> Axis {
        let (low, high) = sound(low, high);
        let step = nice_step((high - low) / steps.max(1) as f64);
        let first = (low / step).floor();
        let last = (high / step).ceil();
        let n = whole((last - first).clamp(1.0, 50.0));
        let ticks = (0..=n).map(|i| (first + i as f64) * step);
        let ticks: Vec<(f64, String)> = ticks.map(|tick| (tick, form(tick))).collect();
        // Rounding may leave the outermost label a hair inside the range.
        Axis { low: low.min(first * step), high: high.max(last * step), ticks }
    }

    /// From 0 to 1 by fifths.
    pub(super) fn share(form: fn(f64) -> String) -> Axis {
        let ticks = (0..=5).map(|i| f64::from(i) / 5.0).map(|tick| (tick, form(tick))).collect();
        Axis { low: 0.0, high: 1.0, ticks }
    }

    /// From `low` to `high` in powers of ten, both above nought. Points are given as logarithms.
    pub(super) fn log(low: f64, high: f64, form: fn(f64) -> String) -> Axis {
        let (low, high) = sound(low.max(f64::MIN_POSITIVE).log10(), high.log10());
        let (low, high) = if high - low < 0.7 {
            (f64::midpoint(low, high) - 0.35, f64::midpoint(low, high) + 0.35)
        } else {
            (low, high)
        };
        let within = |exponent: i32, digit: f64| {
            let tick = f64::from(exponent) + digit.log10();
            (low - 1e-9..=high + 1e-9).contains(&tick).then_some((tick, exponent, digit))
        };
        let every = whole((high - low) / 8.0).max(1);
        let decades = (low.floor() as i32..=high.ceil() as i32).step_by(every);
        let digits: &[f64] = match high - low {
            span if span > 3.5 => &[1.0],
            span if span > 2.0 => &[1.0, 3.0],
            _ => &[1.0, 2.0, 5.0],
        };
        let ticks = decades
            .flat_map(|exponent| digits.iter().filter_map(move |&digit| within(exponent, digit)))
            .map(|(tick, exponent, digit)| (tick, form(digit * 10.0_f64.powi(exponent))))
            .collect();
        Axis { low, high, ticks }
    }

    /// `n` rows from the top down, without labels; row `i` is centred at `i` and a half.
    pub(super) fn rows(n: usize) -> Axis {
        Axis { low: n.max(1) as f64, high: 0.0, ticks: Vec::new() }
    }

    /// The range's ends, low first.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low.min(self.high), self.low.max(self.high))
    }

    /// The value, brought into the range.
    pub(super) fn hold(&self, value: f64) -> f64 {
        let (low, high) = self.ends();
        value.clamp(low, high)
    }
}

/// Beyond this, an axis ends: plotters counts pixels in 32 bits.
const FAR: f64 = 1e12;

/// Ends of a range in order, apart, and not too far from nought.
fn sound(low: f64, high: f64) -> (f64, f64) {
    let low = if low.is_finite() { low.clamp(-FAR, FAR) } else { 0.0 };
    let high = if high.is_finite() { high.clamp(-FAR, FAR) } else { low + 1.0 };
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    let least = low.abs().max(1e-3) * 1e-3;
    if high - low < least { (low - least, high + least) } else { (low, high) }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10.0_f64.powf(step.log10().floor());
    let wanted = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step * 0.999_999);
    wanted.unwrap_or(10.0) * power
}

/// Size, margins, axes and titles of a figure, in pixels as shown.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) left: f64,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_title: String,
    pub(super) y_title: String,
}

/// A drawing: size of the view box and what stands in it.
#[derive(Debug, Clone)]
pub(in crate::eval::report) struct Drawing {
    pub(in crate::eval::report) width: u32,
    pub(in crate::eval::report) height: u32,
    pub(in crate::eval::report) marks: String,
}

/// Draws grid and axes, then whatever `paint` adds. None where the writer fails.
pub(super) fn draw(
    frame: &Frame,
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), Fail>,
) -> Option<Drawing> {
    let width = whole(frame.width * SCALE) as u32;
    let height = whole(frame.height * SCALE) as u32;
    let mut buffer = String::new();
    {
        let sheet = SVGBackend::with_string(&mut buffer, (width, height)).into_drawing_area();
        let canvas = Canvas { plane: plane(&sheet, frame), sheet, frame: frame.clone() };
        canvas.grid().ok()?;
        paint(&canvas).ok()?;
        canvas.sheet.present().ok()?;
    }
    Some(Drawing { width, height, marks: with_classes(&buffer) })
}

fn plane<'a>(sheet: &Sheet<'a>, frame: &Frame) -> Plane<'a> {
    let pixel = |at: f64| (at * SCALE).round() as i32;
    let across = pixel(frame.left)..pixel(frame.width - frame.right);
    let up = pixel(frame.height - frame.bottom)..pixel(frame.top);
    sheet.apply_coord_spec(Cartesian2d::new(
        frame.x.low..frame.x.high,
        frame.y.low..frame.y.high,
        (across, up),
    ))
}

/// Where text stands to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Text begins there.
    Start,
    /// Text is centred there.
    Middle,
    /// Text ends there.
    End,
}

/// The sign of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// Of the series in this place, told apart by shape.
    Series(usize),
    /// A filled circle.
    Dot,
    /// A circle, not filled.
    Ring,
}

/// A plane to draw on.
pub(super) struct Canvas<'a> {
    sheet: Sheet<'a>,
    plane: Plane<'a>,
    frame: Frame,
}

impl Canvas<'_> {
    /// The frame drawn on.
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The finite points, brought into the ranges of the axes.
    fn held(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let finite = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        finite.map(|&(x, y)| (self.frame.x.hold(x), self.frame.y.hold(y))).collect()
    }

    /// Where a point of the plane lies on the sheet, in pixels as shown; at an edge, where it
    /// lies outside.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (x, y) = (self.frame.x.hold(x), self.frame.y.hold(y));
        let (x, y) = self.plane.map_coordinate(&(x, y));
        (f64::from(x) / SCALE, f64::from(y) / SCALE)
    }

    /// A line through points of the plane.
    pub(super) fn line(&self, points: &[(f64, f64)], pen: Pen) -> Result<(), Fail> {
        self.plane.draw(&PathElement::new(self.held(points), pen.style(false)))
    }

    /// A filled area around points of the plane.
    pub(super) fn area(&self, points: &[(f64, f64)], pen: Pen) -> Result<(), Fail> {
        self.plane.draw(&Polygon::new(self.held(points), pen.style(true)))
    }

    /// A sign at a point of the plane, `radius` in pixels as shown.
    pub(super) fn mark(
        &self,
        point: (f64, f64),
        marker: Marker,
        radius: f64,
        ink: Ink,
    ) -> Result<(), Fail> {
        if point.0.is_finite() && point.1.is_finite() {
            self.mark_at(self.place(point), marker, radius, ink)
        } else {
            Ok(())
        }
    }

    /// A sign on the sheet.
    pub(super) fn mark_at(
        &self,
        (x, y): (f64, f64),
        marker: Marker,
        radius: f64,
        ink: Ink,
    ) -> Result<(), Fail> {
        let pen = Pen::new(ink, Stroke::Plain);
        let corner = |dx: f64, dy: f64| on_sheet((x + dx * radius, y + dy * radius));
        let (corners, filled) = match marker {
            Marker::Dot => return self.circle((x, y), radius, true, pen),
            Marker::Ring => return self.circle((x, y), radius, false, pen),
            Marker::Series(place) => {
                let filled = place % SERIES < 4;
                let corners = match place % 4 {
                    0 => return self.circle((x, y), radius, filled, pen),
                    1 => vec![(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
                    2 => vec![(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
                    _ => vec![(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
                };
                (corners, filled)
            }
        };
        let mut corners: Vec<(i32, i32)> =
            corners.into_iter().map(|(dx, dy)| corner(dx, dy)).collect();
        if filled {
            return self.sheet.draw(&Polygon::new(corners, pen.style(true)));
        }
        corners.extend(corners.first().copied());
        self.sheet.draw(&PathElement::new(corners, pen.style(false)))
    }

    fn circle(&self, at: (f64, f64), radius: f64, filled: bool, pen: Pen) -> Result<(), Fail> {
        let radius = (radius * SCALE).round() as i32;
        self.sheet.draw(&Circle::new(on_sheet(at), radius, pen.style(filled)))
    }

    /// A line on the sheet.
    pub(super) fn line_at(&self, points: &[(f64, f64)], pen: Pen) -> Result<(), Fail> {
        let points: Vec<(i32, i32)> = points.iter().copied().map(on_sheet).collect();
        self.sheet.draw(&PathElement::new(points, pen.style(false)))
    }

    /// Text on the sheet, vertically centred at the point.
    pub(super) fn text_at(
        &self,
        at: (f64, f64),
        anchor: Anchor,
        text: &str,
        pen: Pen,
    ) -> Result<(), Fail> {
        let across = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let colour = pen.stand_in();
        let style = TextStyle::from(("sans-serif", FONT * SCALE * FONT_FACTOR).into_font())
            .color(&colour)
            .pos(Pos::new(across, VPos::Center));
        self.sheet.draw(&Text::new(visible(text), on_sheet(at), style))
    }

    /// Text beside a point of the plane, shifted by pixels as shown.
    pub(super) fn text(
        &self,
        point: (f64, f64),
        shift: (f64, f64),
        anchor: Anchor,
        text: &str,
        pen: Pen,
    ) -> Result<(), Fail> {
        let (x, y) = self.place(point);
        self.text_at((x + shift.0, y + shift.1), anchor, text, pen)
    }

    /// Labels in the right margin at the ends of lines, moved apart where they would overlap.
    pub(super) fn end_labels(&self, labels: &[(f64, String, usize)]) -> Result<(), Fail> {
        let (_, x) = self.frame.x.ends();
        let wanted: Vec<f64> = labels.iter().map(|&(y, _, _)| self.place((x, y)).1).collect();
        let bottom = self.frame.height - self.frame.bottom;
        let placed = spread(&wanted, FONT + 3.0, self.frame.top, bottom);
        let edge = self.frame.width - self.frame.right;
        for (((_, label, place), at), from) in labels.iter().zip(placed).zip(wanted) {
            let thin = Pen::new(Ink::Series(*place), Stroke::Plain).wide(0.75);
            self.line_at(&[(edge + 2.0, from), (edge + 9.0, at)], thin)?;
            let pen = Pen::new(Ink::Series(*place), Stroke::Halo);
            self.text_at((edge + 12.0, at), Anchor::Start, label, pen)?;
        }
        Ok(())
    }

    /// A key of systems with their signs in the top margin, from the left.
    pub(super) fn key(&self, names: &[(String, usize)]) -> Result<(), Fail> {
        for ((x, y), (name, place)) in key_places(&self.frame, names).into_iter().zip(names) {
            self.mark_at((x + 5.0, y), Marker::Series(*place), 4.0, Ink::Series(*place))?;
            let pen = Pen::new(Ink::Series(*place), Stroke::Halo);
            self.text_at((x + 14.0, y), Anchor::Start, name, pen)?;
        }
        Ok(())
    }

    fn grid(&self) -> Result<(), Fail> {
        let frame = &self.frame;
        let (left, right) = (frame.left, frame.width - frame.right);
        let (top, bottom) = (frame.top, frame.height - frame.bottom);
        let grid = Pen::new(Ink::Grid, Stroke::Plain).wide(1.0);
        let muted = Pen::new(Ink::Muted, Stroke::Plain);
        for (tick, label) in &frame.x.ticks {
            let (x, _) = self.place((*tick, frame.y.low));
            self.line_at(&[(x, top), (x, bottom)], grid)?;
            self.text_at((x, bottom + 12.0), Anchor::Middle, label, muted)?;
        }
        for (tick, label) in &frame.y.ticks {
            let (_, y) = self.place((frame.x.low, *tick));
            self.line_at(&[(left, y), (right, y)], grid)?;
            self.text_at((left - 6.0, y), Anchor::End, label, muted)?;
        }
        let axis = Pen::new(Ink::Muted, Stroke::Plain).wide(1.0);
        self.line_at(&[(left, bottom), (right, bottom)], axis)?;
        let text = Pen::new(Ink::Text, Stroke::Plain);
        if !frame.x_title.is_empty() {
            let at = (f64::midpoint(left, right), bottom + 32.0);
            self.text_at(at, Anchor::Middle, &frame.x_title, text)?;
        }
        if !frame.y_title.is_empty() {
            self.text_at((4.0, 10.0), Anchor::Start, &frame.y_title, text)?;
        }
        Ok(())
    }
}

/// Where the names of a key begin, one or more lines from the top.
fn key_places(frame: &Frame, names: &[(String, usize)]) -> Vec<(f64, f64)> {
    let mut places = Vec::with_capacity(names.len());
    let (mut x, mut y) = (4.0, if frame.y_title.is_empty() { 10.0 } else { 28.0 });
    for (name, _) in names {
        let width = 14.0 + text_width(name) + 14.0;
        if x > 4.0 && x + width > frame.width {
            x = 4.0;
            y += KEY_LINE;
        }
        places.push((x, y));
        x += width;
    }
    places
}

/// Height of a line of a key.
const KEY_LINE: f64 = 18.0;

/// Height of the key of these names at this width.
pub(super) fn key_height(width: f64, names: &[(String, usize)]) -> f64 {
    let frame = Frame {
        width,
        height: 0.0,
        top: 0.0,
        right: 0.0,
        bottom: 0.0,
        left: 0.0,
        x: Axis::rows(1),
        y: Axis::rows(1),
        x_title: String::new(),
        y_title: String::new(),
    };
    key_places(&frame, names).last().map_or(0.0, |&(_, y)| y - 10.0 + KEY_LINE)
}

/// About how wide a text is, in pixels as shown.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * FONT * 0.56
}

/// The text, cut so that it is about as wide as this at most.
pub(super) fn cut(text: &str, width: f64) -> String {
    let most = whole((width / (FONT * 0.56)).floor().max(4.0));
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('\u{2026}');
    short
}

/// Moves places apart so that neighbours lie `gap` apart, keeping their order, within the ends
/// where they fit.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]).then(a.cmp(&b)));
    let mut placed = wanted.to_vec();
    let mut least = low;
    for &i in &order {
        placed[i] = placed[i].max(least);
        least = placed[i] + gap;
    }
    let mut most = high;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(most);
        most = placed[i] - gap;
    }
    placed
}

/// The nearest whole number that is not negative.
#[expect(clippy::cast_sign_loss, reason = "raised to nought before")]
pub(super) fn whole(value: f64) -> usize {
    value.round().max(0.0) as usize
}

fn on_sheet((x, y): (f64, f64)) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

/// The text without control characters, which XML cannot hold.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The marks of a drawing, stand-in colours made classes, without root element and defaults.
fn with_classes(svg: &str) -> String {
    let inner = svg.split_once('>').map_or("", |(_, rest)| rest);
    let inner = inner.trim().strip_suffix("</svg>").unwrap_or(inner);
    // Quotes within texts are escaped, so that attributes cannot be mistaken.
    let plain = inner
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" stroke-width=\"0\"", "");
    let mut marks = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(at) = rest.find("=\"#") {
        let (before, after) = rest.split_at(at);
        let (kept, attribute) = before.rsplit_once(' ').unwrap_or((before, ""));
        marks.push_str(kept);
        let colour = after.get(3..9).unwrap_or_default();
        marks.push_str(" class=\"");
        marks.push_str(&class(attribute, colour));
        marks.push('"');
        rest = after.get(10..).unwrap_or_default();
    }
    marks.push_str(rest);
    marks
}

/// Class of a stand-in colour: `f` or `s` for fill or stroke, the ink, then the stroke.
fn class(attribute: &str, colour: &str) -> String {
    let ink = match colour.get(0..2) {
        Some("10") => "text",
        Some("11") => "muted",
        Some("12") => "grid",
        Some("00") => "0",
        Some("01") => "1",
        Some("02") => "2",
        Some("03") => "3",
        Some("04") => "4",
        Some("05") => "5",
        Some("06") => "6",
        _ => "7",
    };
    let stroke = match colour.get(2..4) {
        Some("01") => " dash",
        Some("02") => " dot",
        Some("03") => " band",
        Some("04") => " halo",
        _ => "",
    };
    let dash = if stroke == " dash" { ink } else { "" };
    format!("{}-{ink}{stroke}{dash}", if attribute == "fill" { "f" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::report::number::{decimal, significant};

    fn frame() -> Frame {
        Frame {
            width: 100.0,
            height: 80.0,
            top: 10.0,
            right: 10.0,
            bottom: 10.0,
            left: 10.0,
            x: Axis::share(|_| String::new()),
            y: Axis::share(|_| String::new()),
            x_title: String::new(),
            y_title: String::new(),
        }
    }

    #[test]
    fn no_colour_stays_in_a_drawing_and_text_is_escaped() {
        let drawing = draw(&frame(), |canvas| {
            canvas.line(&[(0.0, 0.0), (1.0, 1.0)], Pen::new(Ink::Series(2), Stroke::Dashed))?;
            canvas.mark((0.5, 0.5), Marker::Series(5), 3.0, Ink::Series(5))?;
            let pen = Pen::new(Ink::Text, Stroke::Halo);
            canvas.text((0.5, 0.5), (0.0, 0.0), Anchor::Start, "a fill=\"#000000\" <b>\u{7}", pen)
        })
        .unwrap();
        assert!(drawing.marks.contains("class=\"s-2 dash2\""), "{}", drawing.marks);
        assert!(drawing.marks.contains("fill=&quot;#000000&quot; &lt;b&gt; "), "{}", drawing.marks);
        assert!(!drawing.marks.contains("=\"#"), "{}", drawing.marks);
        assert!(!drawing.marks.contains("svg"), "{}", drawing.marks);
    }

    #[test]
    fn points_that_are_not_finite_are_left_out() {
        let drawing = draw(&frame(), |canvas| {
            let points = [(0.0, f64::NAN), (0.5, 0.5), (f64::INFINITY, 1.0)];
            canvas.line(&points, Pen::new(Ink::Text, Stroke::Plain))
        })
        .unwrap();
        assert!(drawing.marks.contains("points=\"200,160 \""), "{}", drawing.marks);
    }

    #[test]
    fn labels_of_an_axis_are_round_numbers_that_span_the_range() {
        let axis = Axis::linear(0.612, 0.788, 4, decimal);
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, [".600", ".650", ".700", ".750", ".800"]);
        let axis = Axis::log(0.7, 30.0, significant);
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["1.00", "2.00", "5.00", "10.0", "20.0"]);
    }

    proptest! {
        #[test]
        fn any_range_gives_a_range_with_its_values_inside(
            low in proptest::num::f64::ANY,
            high in proptest::num::f64::ANY,
        ) {
            let axis = Axis::linear(low, high, 5, |_| String::new());
            if low.is_finite() && high.is_finite() && low.abs().max(high.abs()) < 1e12 {
                let (least, most) = axis.ends();
                prop_assert!(least < most);
                prop_assert!(least <= low.min(high) && most >= low.max(high));
            }
            let log = Axis::log(low, high, |_| String::new());
            prop_assert!(log.low < log.high);
        }

        #[test]
        fn labels_moved_apart_keep_their_order_and_do_not_overlap(
            wanted in proptest::collection::vec(0.0_f64..200.0, 1..9),
        ) {
            let placed = spread(&wanted, 16.0, 0.0, 200.0);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 16.0 - 1e-9));
            prop_assert!(sorted.iter().all(|&y| (-1e-9..=200.0 + 1e-9).contains(&y)));
            for (i, a) in wanted.iter().enumerate() {
                for (j, b) in wanted.iter().enumerate() {
                    prop_assert!(a >= b || placed[i] < placed[j]);
                    prop_assert!(i != j || a.total_cmp(b).is_eq());
                }
            }
        }
    }
}
