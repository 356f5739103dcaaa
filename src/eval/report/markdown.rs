//! How does a report read as Markdown?
//!
//! GitHub's dialect, for reviews and logs: the same parts, tables and numbers as the page;
//! figures are named, described and given as their numbers. Text from outside cannot open
//! elements. Knows what blocks are, not what they mean.

use super::document::{Block, TopicCard, Verdict, document};
use super::model::Report;
use super::plots::Figure;
use super::table::{Cell, Number, Table};

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let document = document(report);
    let mut writer = Writer::default();
    writer.paragraph(&format!("# {}", escaped(&document.title)));
    writer.paragraph(&escaped(&document.question));
    writer.paragraph(&escaped(&document.byline));
    for part in &document.parts {
        writer.paragraph(&format!("## {}", part.title));
        for block in &part.blocks {
            writer.block(block);
        }
    }
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    tables: usize,
    figures: usize,
}

impl Writer {
    /// Adds a paragraph, a blank line before it.
    fn paragraph(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.paragraph(&format!("### {}", escaped(text))),
            Block::Paragraph(text) => self.paragraph(&escaped(text)),
            Block::Verdict(verdict) => self.verdict(verdict),
            Block::Warnings(warnings) => self.paragraph(&list(warnings)),
            Block::Table(shown) => self.table(shown),
            Block::SmallTables(tables) => {
                for shown in tables {
                    self.table(shown);
                }
            }
            Block::Figures(figures) => {
                for shown in figures {
                    self.figure(shown);
                }
            }
            Block::Facts(facts) => self.paragraph(&named(facts)),
            Block::Topic(card) => self.topic(card),
            Block::Command(command) => self.paragraph(&format!("```sh\n{command}\n```")),
            Block::Fold(summary, blocks) => {
                self.paragraph(&format!("### {}", escaped(summary)));
                for block in blocks {
                    self.block(block);
                }
            }
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        self.paragraph(&format!("**{}.**", escaped(&verdict.headline)));
        self.paragraph(&list(&verdict.sentences));
    }

    fn table(&mut self, shown: &Table) {
        self.tables += 1;
        let caption = format!("**Table {}.** {}.", self.tables, escaped(&shown.caption));
        self.paragraph(&caption);
        self.grid(shown);
    }

    fn grid(&mut self, shown: &Table) {
        let mut lines = Vec::with_capacity(shown.rows.len() + 2);
        let heads = shown.columns.iter().map(|column| in_cell(&escaped(&column.name)));
        lines.push(line(heads));
        let rules = shown.columns.iter().map(|column| if column.numeric { "---:" } else { "---" });
        lines.push(line(rules.map(str::to_owned)));
        for row in &shown.rows {
            let cells = std::iter::once(&row.head).chain(&row.cells);
            lines.push(line(cells.map(|cell| in_cell(&words(cell)))));
        }
        self.paragraph(&lines.join("\n"));
        self.paragraph(&escaped(&shown.legend().join(" ")));
    }

    fn figure(&mut self, shown: &Figure) {
        self.figures += 1;
        let title = escaped(&shown.title);
        let words = format!("{} {}", escaped(&shown.caption), escaped(&shown.description));
        self.paragraph(&format!("**Figure {}.** {title}. {words}", self.figures));
        if let Some(numbers) = &shown.table {
            self.grid(numbers);
        }
    }

    fn topic(&mut self, card: &TopicCard) {
        let id = super::table::code(&card.topic);
        let title = match &card.text {
            Some(text) => format!("\u{201c}{}\u{201d} {id}", escaped(&flat(text))),
            None => id,
        };
        self.paragraph(&format!("#### {title}"));
        self.paragraph(&escaped(&card.what));
        if !card.facts.is_empty() {
            self.paragraph(&named(&card.facts));
        }
        if let Some(answer) = &card.answer {
            self.paragraph(&format!("> {}", escaped(&flat(answer))));
        }
        if let Some(why) = &card.why {
            self.paragraph(&escaped(why));
        }
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> =
        items.iter().map(|item| format!("- {}", escaped(&flat(item)))).collect();
    items.join("\n")
}

fn named(facts: &[(String, String)]) -> String {
    let facts = facts.iter();
    let facts = facts.map(|(name, value)| format!("- {name}: {}", escaped(&flat(value))));
    facts.collect::<Vec<_>>().join("\n")
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let mut text = "|".to_owned();
    for cell in cells {
        text.push(' ');
        text.push_str(&cell);
        text.push_str(" |");
    }
    text
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "\u{2013}".to_owned(),
        Cell::TooFew => "too few".to_owned(),
        Cell::Withheld => "withheld".to_owned(),
        Cell::Text(text) => escaped(text),
        Cell::Number(found) => number(found),
    }
}

fn number(found: &Number) -> String {
    let value = escaped(&found.value);
    let value = if found.best { format!("**{value}**") } else { value };
    let mark = found.mark.map(|mark| mark.sign().to_owned());
    let details = found.details.iter().map(|detail| escaped(detail));
    mark.into_iter().chain([value]).chain(details).collect::<Vec<_>>().join(" ")
}

/// Text in one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text for a cell: in one line, without a bar that would end it.
fn in_cell(text: &str) -> String {
    flat(text).replace('|', "\\|")
}

/// Text whose signs open no element; code between backticks keeps them.
fn escaped(text: &str) -> String {
    let balanced = text.matches('`').count().is_multiple_of(2);
    let mut code = false;
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '`' if balanced => {
                code = !code;
                safe.push(c);
            }
            '<' if !code => safe.push_str("&lt;"),
            '&' if !code => safe.push_str("&amp;"),
            '*' | '_' | '#' | '\\' | '`' | '~' if !code => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
    }
    safe
}
