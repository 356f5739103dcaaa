//! Does every figure stand in a fact that the document cites?
//!
//! A figure is a run of ASCII digits with its separators: `4`, `26,214`, `4.5`, `71st`,
//! `8.30am`, `0800 707 60 60`. Digits inside names (`BRCA1`, `HPV16`, `COVID-19`) are no figures,
//! nor are number words. A figure is known when the same figure stands in the statement or source
//! title of a cited fact (there, number words count too) or in the document's own source title; the
//! years of their dates, and their days beside their months, are known too, so that a text may
//! say how old its source is.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;

use super::{Findings, Rule};
use crate::corpus::document::{Block, Document};
use crate::corpus::facts::Fact;
use crate::text::fold::words;

/// Numbers everybody may state: the emergency numbers and the NHS advice line.
const PUBLIC_NUMBERS: [&str; 3] = ["999", "112", "111"];

/// Names that end with a hyphen and a number.
const NUMBERED_NAMES: [&str; 2] = ["covid", "sars-cov"];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Fewest digits that groups beginning with 0 make a telephone number.
const SHORTEST_TELEPHONE: usize = 9;

/// A figure: its digits in one form, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// Digits, with `.` for every inner separator that is not one of thousands.
    pub(super) value: String,
    pub(super) span: Range<usize>,
}

/// The figures of a text in order.
pub(super) fn figures(text: &str) -> Vec<Figure> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + step;
        let figure = read_figure(text, start);
        at = figure.span.end;
        if !is_in_name(&text[..start]) {
            found.push(figure);
        }
    }
    found
}

/// Whether the text before a digit makes it part of a name.
fn is_in_name(before: &str) -> bool {
    if before.ends_with(char::is_alphabetic) {
        return true;
    }
    before.strip_suffix('-').is_some_and(|before| {
        let start = before
            .rfind(|c: char| !c.is_ascii_alphabetic() && c != '-')
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        NUMBERED_NAMES.contains(&before[start..].to_ascii_lowercase().as_str())
    })
}

/// Reads the figure that begins at a digit; its span takes in letters that follow (`71st`).
fn read_figure(text: &str, start: usize) -> Figure {
    let (value, end) = read_telephone(text, start).unwrap_or_else(|| read_number(text, start));
    let rest = &text[end..];
    let letters = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    Figure { value, span: start..end + letters }
}

fn read_number(text: &str, start: usize) -> (String, usize) {
    let mut value = String::new();
    let mut end = start;
    loop {
        let digits = leading_digits(&text[end..]);
        value.push_str(&text[end..end + digits]);
        end += digits;
        let rest = &text[end..];
        let next = rest.get(1..).map_or(0, leading_digits);
        match rest.as_bytes().first() {
            Some(b',') if next == 3 => {}
            Some(b'.' | b':') if next > 0 => value.push('.'),
            _ => break,
        }
        end += 1;
    }
    let significant = value.trim_start_matches('0');
    let value = match significant.bytes().next() {
        Some(b'0'..=b'9') => significant.to_owned(),
        _ => format!("0{significant}"),
    };
    (value, end)
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Groups of digits with single blanks between them, beginning with 0 or +44.
fn read_telephone(text: &str, start: usize) -> Option<(String, usize)> {
    let abroad = text[..start].ends_with('+') && text[start..].starts_with("44");
    if !abroad && !text[start..].starts_with('0') {
        return None;
    }
    let mut value = String::new();
    let mut end = start;
    loop {
        let digits = leading_digits(&text[end..]);
        value.push_str(&text[end..end + digits]);
        end += digits;
        let rest = text[end..].strip_prefix([' ', '-']);
        if !rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            break;
        }
        end += 1;
    }
    if let Some(home) = value.strip_prefix("44").filter(|_| abroad) {
        value = format!("0{home}");
    }
    (value.len() >= SHORTEST_TELEPHONE).then_some((value, end))
}

/// The figure that a number word stands for.
fn number_word(word: &str) -> Option<&'static str> {
    let value = match word {
        "one" | "once" | "first" => "1",
        "two" | "twice" | "both" | "second" => "2",
        "three" | "third" => "3",
        "four" | "fourth" => "4",
        "five" | "fifth" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" | "tenth" => "10",
        "eleven" => "11",
        "twelve" => "12",
        "twenty" => "20",
        "thirty" => "30",
        "forty" => "40",
        "fifty" => "50",
        "sixty" => "60",
        "seventy" => "70",
        "eighty" => "80",
        "ninety" => "90",
        "hundred" | "cent" => "100",
        _ => return None,
    };
    Some(value)
}

/// The figures that a text allows a document to state.
fn known_figures(text: &str) -> impl Iterator<Item = String> + '_ {
    let percent = text.contains('%').then(|| "100".to_owned());
    figures(text)
        .into_iter()
        .map(|figure| figure.value)
        .chain(words(text).filter_map(|word| number_word(&word.folded).map(str::to_owned)))
        .chain(percent)
}

/// What a date allows a text to state: its year, and its day beside its month. A month written
/// `04` is no figure of a text.
fn known_dates(date: &str) -> Vec<String> {
    let mut known: Vec<String> = figures(date)
        .into_iter()
        .filter_map(|figure| {
            let year = (figure.value.len() == 4).then(|| figure.value.clone());
            day_of_month(date, &figure).or(year)
        })
        .collect();
    for day in date.split_whitespace().filter_map(|token| token.parse::<Date>().ok()) {
        let month = usize::try_from(day.month() - 1).ok().and_then(|at| MONTHS.get(at));
        known.extend(month.map(|month| format!("{} {month}", day.day())));
    }
    known
}

/// `3 october` for the figure of `3 October 2024` and of `3rd October`.
fn day_of_month(text: &str, figure: &Figure) -> Option<String> {
    let next = words(&text[figure.span.end..]).next()?;
    let is_next = text[figure.span.end..][..next.start].chars().all(|c| c == ' ');
    let month = MONTHS.iter().find(|month| is_next && **month == next.folded)?;
    Some(format!("{} {month}", figure.value))
}

pub(super) fn check(document: &Document, facts: &[Fact], findings: &mut Findings) {
    let cited = || facts.iter().filter(|fact| document.facts.contains(&fact.id));
    let known: BTreeSet<String> = cited()
        .flat_map(|fact| [&fact.statement, &fact.source.title])
        .chain([&document.source.title])
        .flat_map(|text| known_figures(text))
        .chain(
            cited()
                .map(|fact| &fact.source.date)
                .chain([&document.source.updated])
                .flat_map(|date| known_dates(date)),
        )
        .chain(PUBLIC_NUMBERS.map(str::to_owned))
        .collect();
    let mut unknown = stated(document);
    unknown.retain(|figure| !known.contains(&figure.value) && !known.contains(&figure.day));
    let Some(first) = unknown.first() else {
        return;
    };
    if document.facts.is_empty() {
        let values: BTreeSet<&str> = unknown.iter().map(|figure| figure.value.as_str()).collect();
        let values = values.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("the text states figures ({values}) and cites no facts");
        let cure = "cite the rows of facts.toml it rests on";
        findings.at(document, first.offset, Rule::NoFacts, message, cure);
        return;
    }
    for Stated { value, offset, .. } in unknown {
        let message = format!("the figure {value} stands in none of the facts cited");
        let cure = "cite the fact that states it, or correct the figure";
        findings.at(document, offset, Rule::FigureNotInFacts, message, cure);
    }
}

/// A figure of a document.
struct Stated {
    value: String,
    /// The figure beside its month, where it is a day; empty otherwise.
    day: String,
    /// Byte of the file at which it stands.
    offset: usize,
}

/// The figures of title, headings and sentences.
fn stated(document: &Document) -> Vec<Stated> {
    let front = &document.text[..document.body.start];
    let title_at = front.find("\ntitle =").map_or(0, |at| at + 1);
    let mut stated = Vec::new();
    let mut read = |text: &str, offset: &dyn Fn(usize) -> usize| {
        stated.extend(figures(text).into_iter().map(|figure| Stated {
            day: day_of_month(text, &figure).unwrap_or_default(),
            offset: offset(figure.span.start),
            value: figure.value,
        }));
    };
    read(&document.title, &|_| title_at);
    for block in &document.blocks {
        let spans = match block {
            Block::Heading { span, .. } => std::slice::from_ref(span),
            Block::Paragraph { sentences, .. } | Block::Item { sentences, .. } => sentences,
        };
        for span in spans {
            read(document.slice(span), &|at| span.start + at);
        }
    }
    stated
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found: Vec<String> = figures(text).into_iter().map(|figure| figure.value).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn figures_have_one_form() {
        check("from 50 up to the 71st birthday", &["50", "71"]);
        check("26,214 of 34,954 (75%), 1 in 4", &["26214", "34954", "75", "1", "4"]);
        check("4.5cm, 8:30 or 8.30am, 04, 0.5, 00", &["4.5", "8.30", "8.30", "4", "0.5", "0"]);
        check("Call 0800 707 60 60 or +44 20 7946 0000.", &["08007076060", "02079460000"]);
        check(
            "24/7, 50-70, under-25s, \u{a3}5, 2025-04-22",
            &["24", "7", "50", "70", "25", "5", "2025", "4", "22"],
        );
        check("Ages 50, 53 and 56. 3 more", &["50", "53", "56", "3"]);
    }

    #[test]
    fn names_hold_no_figures() {
        check("BRCA1, HPV16, COVID-19 and covid-19", &[]);
    }

    #[test]
    fn facts_may_say_it_in_words() {
        let known: Vec<String> = known_figures("Every three years, 4%").collect();
        assert_eq!(known, ["4", "3", "100"]);
    }

    #[test]
    fn dates_allow_their_years_and_their_days_beside_their_months() {
        assert_eq!(known_dates("2025-04-22"), ["2025", "22 april"]);
        assert_eq!(known_dates("Updated 3 October 2024"), ["3 october", "2024"]);
        assert_eq!(known_dates("no date on page"), [""; 0]);
    }

    proptest! {
        #[test]
        fn figures_stand_where_they_say(text in "([0-9]{1,4}|[ .,:+a-z中-]|0800 707 60 60 ){0,30}") {
            let mut end = 0;
            for figure in figures(&text) {
                prop_assert!(end <= figure.span.start && figure.span.start < figure.span.end);
                prop_assert!(text[figure.span.clone()].starts_with(|c: char| c.is_ascii_digit()));
                end = figure.span.end;
            }
        }
    }
}
