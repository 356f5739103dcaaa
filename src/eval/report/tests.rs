//! Properties of whole reports.
//!
//! 1. A report and the same report read back from JSON give the same bytes in every form.
//! 2. The page loads and runs nothing.
//! 3. Ids are unique, every reference resolves, every figure has words.
//! 4. Nothing of a sensitive set's texts appears in any form, even where the model holds them.
//! 5. A report without anything, or with any numbers at all, is still a report.
//! 6. What was found and what the sets can tell come before the results.
//! 7. Texts from outside open no element and no table cell.
//! 8. Signs for cells without a number are explained where they occur.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::model::*;
use super::testing::{CANARY, sample};
use super::*;
use crate::eval::estimate::{Estimate, Interval};

fn empty() -> Report {
    Report {
        version: REPORT_VERSION,
        name: "empty".to_owned(),
        question: String::new(),
        command: "guidepost eval run empty.toml".to_owned(),
        seeds: Vec::new(),
        inputs: Vec::new(),
        datasets: Vec::new(),
        systems: Vec::new(),
        measures: Vec::new(),
        comparisons: Vec::new(),
        resolution: Vec::new(),
        answering: Vec::new(),
        differences: Vec::new(),
        worst: Vec::new(),
        responses: Vec::new(),
        latency: Vec::new(),
        throughput: Vec::new(),
        time_ratios: Vec::new(),
        environment: None,
        methods: Vec::new(),
        bias: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Every form of a report, one after the other.
fn all_forms(report: &Report) -> String {
    let figures = figures(report).into_iter().map(|figure| figure.name + &figure.svg);
    [html(report), markdown(report)].into_iter().chain(figures).collect()
}

/// Values of an attribute, in order.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split_once('"')).map(|(v, _)| v).collect()
}

#[test]
fn a_report_read_back_from_json_gives_the_same_bytes() {
    let report = sample();
    let json = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(all_forms(&report), all_forms(&read));
}

#[test]
fn the_page_loads_and_runs_nothing() {
    let page = html(&sample()).replace("http://www.w3.org/2000/svg", "");
    for sign in ["<script", "<link", "<img", "<iframe", "src=", "url(", "@import", "://"] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn ids_are_unique_and_every_reference_resolves() {
    let page = html(&sample());
    let ids = attributes(&page, "id");
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len());
    assert!(ids.len() > 100, "{}", ids.len());
    let named = attributes(&page, "aria-labelledby");
    for id in named.iter().flat_map(|ids| ids.split(' ')) {
        assert!(known.contains(id), "{id}");
    }
    for target in attributes(&page, "href") {
        assert!(target.strip_prefix('#').is_some_and(|id| known.contains(id)), "{target}");
    }
}

#[test]
fn every_figure_has_words_and_every_table_a_caption() {
    let page = html(&sample());
    let figures: Vec<&str> = page.split("<figure").skip(1).collect();
    assert_eq!(figures.len(), figures_of_every_kind());
    for figure in figures {
        let (_, description) = figure.split_once("<desc").unwrap();
        let (description, _) = description.split_once("</desc>").unwrap();
        assert!(description.len() > 60, "{description}");
        assert!(figure.contains("<figcaption><b>Figure "));
    }
    assert_eq!(page.matches("<table>").count(), page.matches("<caption").count());
    assert_eq!(page.matches("<h1>").count(), 1);
}

/// One by latency, one forest, three differences, three risk curves, ten reliabilities, four
/// slices, two responses, two latencies.
fn figures_of_every_kind() -> usize {
    let count = figures(&sample()).len();
    assert_eq!(count, 1 + 1 + 3 + 3 + 10 + 4 + 2 + 2);
    count
}

#[test]
fn nothing_of_a_sensitive_set_is_shown() {
    let mut report = sample();
    assert!(serde_json::to_string(&report).unwrap().contains(CANARY));
    assert!(!all_forms(&report).contains(CANARY));
    assert!(all_forms(&report).contains("9f31c2d0a4b7e855"));
    // A dataset that is not listed is taken to be sensitive.
    report.datasets.clear();
    let forms = all_forms(&report);
    assert!(!forms.contains(CANARY));
    assert!(!forms.contains("can i stop the letters"));
}

#[test]
fn differences_that_would_tell_small_counts_of_a_sensitive_set_are_not_drawn() {
    let mut report = sample();
    let drawn = |report: &Report| {
        figures(report).iter().filter(|f| f.name.ends_with("-differences.svg")).count()
    };
    report.differences.truncate(1);
    report.differences[0].dataset = "pilot-messages".to_owned();
    assert_eq!(drawn(&report), 1);
    report.differences[0].values = vec![0.5, 0.0, -0.5];
    assert_eq!(drawn(&report), 0);
    report.differences[0].dataset = "screening".to_owned();
    assert_eq!(drawn(&report), 1);
}

#[test]
fn an_empty_report_is_a_page_without_empty_parts() {
    let page = html(&empty());
    assert_eq!(attributes(&page, "href"), ["#main", "#summary", "#provenance"]);
    assert!(figures(&empty()).is_empty());
    assert!(markdown(&empty()).contains("No primary comparison was named."));
}

#[test]
fn findings_and_resolution_come_before_results() {
    let page = html(&sample());
    let place = |id: &str| page.find(&format!("<section id=\"{id}\"")).unwrap();
    let order = ["summary", "warnings", "resolution", "measures", "comparisons", "bias"];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
}

#[test]
fn signs_for_cells_without_a_number_are_explained() {
    let text = markdown(&sample());
    for (sign, legend) in [
        ("| \u{2013} |", "\u{2013}: the system offers nothing to fill this cell."),
        ("| too few |", "too few: under the least number of topics for a figure."),
        ("| withheld |", "withheld: too small a cell to show for a sensitive set."),
    ] {
        let tables: Vec<&str> = text.split("**Table ").filter(|t| t.contains(sign)).collect();
        assert!(!tables.is_empty(), "{sign}");
        assert!(tables.iter().all(|table| table.contains(legend)), "{legend}");
    }
}

#[test]
fn texts_from_outside_open_nothing() {
    let mut report = sample();
    let hostile = "a|b `c` <i>d</i> \"e\" & \u{1}`";
    for worst in &mut report.worst {
        worst.text = Some(hostile.to_owned());
        worst.what = hostile.to_owned();
    }
    report.name = hostile.to_owned();
    for name in [&mut report.systems[1].name, &mut report.datasets[0].name] {
        *name = hostile.to_owned();
    }
    for cell in &mut report.measures {
        cell.system = hostile.to_owned();
    }
    for answering in &mut report.answering {
        answering.system = hostile.to_owned();
    }
    for form in [html(&report), figures(&report).into_iter().map(|f| f.svg).collect()] {
        assert!(!form.contains("<i>"));
    }
    let text = markdown(&report);
    let mut columns = None;
    for line in text.lines() {
        let bars = line.starts_with('|').then(|| line.replace("\\|", "").matches('|').count());
        assert!(columns.is_none() || bars.is_none() || bars == columns, "{line}");
        columns = bars;
    }
}

/// Replaces every number that a figure or table shows.
fn with_numbers(report: &mut Report, mut next: impl FnMut() -> f64) {
    let interval =
        |next: &mut dyn FnMut() -> f64| Interval { low: next(), high: next(), level: next() };
    let estimate = |next: &mut dyn FnMut() -> f64| Estimate {
        value: next(),
        interval: Some(interval(next)),
        n: 3,
        n_topics: 4,
    };
    for cell in &mut report.measures {
        cell.estimate = Some(estimate(&mut next));
    }
    for row in &mut report.comparisons {
        row.difference = estimate(&mut next);
        row.effect = Some(estimate(&mut next));
        (row.p, row.p_holm) = (next(), next());
    }
    for row in &mut report.resolution {
        (row.deviation, row.detectable, row.power, row.level) = (next(), next(), next(), next());
    }
    for answering in &mut report.answering {
        let slices = answering.slices.iter_mut().flat_map(|slice| &mut slice.figures);
        for figure in answering.figures.iter_mut().chain(slices) {
            figure.estimate = Some(estimate(&mut next));
        }
        for point in &mut answering.risk_coverage {
            *point = RiskPoint { coverage: next(), risk: next(), oracle: next() };
        }
        for bin in &mut answering.reliability {
            (bin.confidence, bin.accuracy) = (next(), next());
            (bin.interval.low, bin.interval.high) = (next(), next());
        }
    }
    for differences in &mut report.differences {
        differences.values.iter_mut().for_each(|value| *value = next());
    }
    for curve in &mut report.responses {
        curve.chosen = next();
        for point in &mut curve.points {
            *point = ResponsePoint { value: next(), estimate: estimate(&mut next) };
        }
    }
    for latency in &mut report.latency {
        latency.cdf.iter_mut().for_each(|time| *time = next());
        for quantile in &mut latency.quantiles {
            quantile.microseconds = next();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_numbers_make_a_report(
        numbers in proptest::collection::vec(proptest::num::f64::ANY, 1..40),
        common in proptest::collection::vec(-2.0_f64..2.0, 1..40),
    ) {
        for values in [numbers, common] {
            let mut report = sample();
            let mut values = values.into_iter().cycle();
            with_numbers(&mut report, || values.next().unwrap_or(f64::NAN));
            let forms = all_forms(&report);
            let mut words = forms.split(|c: char| !c.is_alphanumeric());
            prop_assert!(!words.any(|word| word == "NaN" || word == "inf"));
        }
    }
}

/// Writes the made-up report where the variable says, to be looked at in a browser.
#[test]
fn the_sample_is_written_where_asked() {
    let Some(folder) = std::env::var_os("GUIDEPOST_SAMPLE_REPORT") else { return };
    let folder = std::path::PathBuf::from(folder);
    fs_err::create_dir_all(&folder).unwrap();
    let report = sample();
    fs_err::write(folder.join("report.html"), html(&report)).unwrap();
    fs_err::write(folder.join("report.md"), markdown(&report)).unwrap();
    for figure in figures(&report) {
        fs_err::write(folder.join(figure.name), figure.svg).unwrap();
    }
}
