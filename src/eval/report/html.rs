//! How does a report look as a page?
//!
//! One file that loads nothing and runs nothing, and says so to the browser. Headings nest, tables
//! have captions and scopes, figures have descriptions and their numbers, wide tables scroll and
//! can be reached by keyboard. Knows what blocks are, not what they mean.

use maud::{DOCTYPE, Markup, PreEscaped, html as page};

use super::document::{Block, Document, Outcome, Part, TopicCard, Verdict, document};
use super::model::Report;
use super::plots::Figure;
use super::table::{Cell, Number, Row, Table};

/// Style of the page.
const STYLE: &str = include_str!("style.css");

/// Style of the figures, which stand-alone figures take along.
const PLOT_STYLE: &str = include_str!("plots.css");

/// What the page may load: its own styles and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// The report as one self-contained HTML file.
pub fn html(report: &Report) -> String {
    let document = document(report);
    let mut numbers = Numbers::default();
    let parts: Vec<Markup> = document.parts.iter().map(|part| numbers.part(part)).collect();
    page! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (document.title) }
                style { (PreEscaped(PLOT_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to what was found" }
                (header(&document))
                (contents(&document))
                main id="main" tabindex="-1" {
                    @for part in &parts { (part) }
                }
            }
        }
    }
    .into_string()
}

/// A figure as a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFile {
    /// Name, such as `figure-02-risk-coverage.svg`; numbers are those of the page.
    pub name: String,
    /// The drawing, with its style in it.
    pub svg: String,
}

/// Every figure of the page as a file of its own, for papers and slides.
pub fn figures(report: &Report) -> Vec<FigureFile> {
    let document = document(report);
    let mut files = Vec::new();
    for part in &document.parts {
        collect(&part.blocks, &mut files);
    }
    files
}

fn collect(blocks: &[Block], files: &mut Vec<FigureFile>) {
    for block in blocks {
        match block {
            Block::Figures(figures) => {
                for figure in figures {
                    let number = files.len() + 1;
                    let style = page! { style { (PreEscaped(PLOT_STYLE)) } };
                    files.push(FigureFile {
                        name: format!("figure-{number:02}-{}.svg", figure.name),
                        svg: drawing(figure, &format!("figure-{number}"), &style).into_string(),
                    });
                }
            }
            Block::Fold(_, blocks) => collect(blocks, files),
            _ => {}
        }
    }
}

fn header(document: &Document) -> Markup {
    page! {
        header {
            p.kind { "Guidepost evaluation" }
            h1 { (document.title) }
            p.question { (inline(&document.question)) }
            p.byline { (inline(&document.byline)) }
        }
    }
}

fn contents(document: &Document) -> Markup {
    page! {
        nav aria-label="Contents" {
            ol {
                @for part in &document.parts {
                    li { a href=(format!("#{}", part.id)) { (part.title) } }
                }
            }
        }
    }
}

/// Numbers given to tables and figures so far.
#[derive(Debug, Default)]
struct Numbers {
    tables: usize,
    figures: usize,
}

impl Numbers {
    fn part(&mut self, part: &Part) -> Markup {
        let heading = format!("{}-heading", part.id);
        page! {
            section id=(part.id) aria-labelledby=(heading) {
                h2 id=(heading) { (part.title) }
                @for block in &part.blocks { (self.block(block)) }
            }
        }
    }

    fn block(&mut self, block: &Block) -> Markup {
        match block {
            Block::Heading(text) => page! { h3 { (inline(text)) } },
            Block::Paragraph(text) => page! { p { (inline(text)) } },
            Block::Verdict(verdict) => found(verdict),
            Block::Warnings(warnings) => page! {
                ul.warnings { @for warning in warnings { li { (inline(warning)) } } }
            },
            Block::Table(shown) => self.table(shown),
            Block::SmallTables(tables) => page! {
                div.small-tables { @for shown in tables { (self.table(shown)) } }
            },
            Block::Figures(figures) => page! {
                div.figures { @for shown in figures { (self.figure(shown)) } }
            },
            Block::Facts(facts) => names_and_values(facts),
            Block::Topic(card) => topic(card),
            Block::Command(command) => page! { pre tabindex="0" { code { (command) } } },
            Block::Fold(summary, blocks) => self.fold(summary, blocks),
        }
    }

    fn fold(&mut self, summary: &str, blocks: &[Block]) -> Markup {
        page! {
            details {
                summary { (inline(summary)) }
                @for block in blocks { (self.block(block)) }
            }
        }
    }

    fn table(&mut self, shown: &Table) -> Markup {
        self.tables += 1;
        let id = format!("table-{}", self.tables);
        table(shown, &id, Some(&format!("Table {}", self.tables)))
    }

    fn figure(&mut self, shown: &Figure) -> Markup {
        self.figures += 1;
        let id = format!("figure-{}", self.figures);
        let numbers = format!("{id}-numbers");
        let style = format!("--width:{}px", shown.drawing.width / 4);
        page! {
            figure id=(id) style=(style) {
                (drawing(shown, &id, &Markup::default()))
                figcaption {
                    b { "Figure " (self.figures) ". " (inline(&shown.title)) "." }
                    " " (inline(&shown.caption))
                }
                @if let Some(shown) = &shown.table {
                    details {
                        summary { "Its numbers" }
                        (table(shown, &numbers, None))
                    }
                }
            }
        }
    }
}

fn drawing(figure: &Figure, id: &str, style: &Markup) -> Markup {
    let (title, description) = (format!("{id}-title"), format!("{id}-description"));
    let size = format!("0 0 {} {}", figure.drawing.width, figure.drawing.height);
    page! {
        svg.plot xmlns="http://www.w3.org/2000/svg" viewBox=(size) role="img"
            aria-labelledby=(format!("{title} {description}")) {
            title id=(title) { (plain(&figure.title)) }
            desc id=(description) { (figure.description) }
            (style)
            (PreEscaped(&figure.drawing.marks))
        }
    }
}

fn table(shown: &Table, id: &str, label: Option<&str>) -> Markup {
    let caption = format!("{id}-caption");
    let legend = shown.legend();
    page! {
        div.table id=(id) {
            div.scroll role="region" aria-labelledby=(caption) tabindex="0" {
                table {
                    caption id=(caption) {
                        span {
                            @if let Some(label) = label { b { (label) "." } " " }
                            (inline(&shown.caption)) "."
                        }
                    }
                    thead { tr {
                        @for column in &shown.columns {
                            th.num[column.numeric] scope="col" { (inline(&column.name)) }
                        }
                    } }
                    tbody { @for line in &shown.rows { (row(shown, line)) } }
                }
            }
            @if !legend.is_empty() { p.legend { (inline(&legend.join(" "))) } }
        }
    }
}

fn row(shown: &Table, line: &Row) -> Markup {
    let columns = shown.columns.iter().skip(1);
    page! {
        tr {
            th scope="row" { (words(&line.head)) }
            @for (cell, column) in line.cells.iter().zip(columns) {
                td.num[column.numeric] { (words(cell)) }
            }
        }
    }
}

fn words(cell: &Cell) -> Markup {
    match cell {
        Cell::Empty => page! {
            span aria-hidden="true" { "\u{2013}" } span.unseen { "not offered" }
        },
        Cell::TooFew => page! { span.gap { "too few" } },
        Cell::Withheld => page! { span.gap { "withheld" } },
        Cell::Text(text) => inline(text),
        Cell::Number(found) => number(found),
    }
}

fn number(found: &Number) -> Markup {
    page! {
        @if let Some(mark) = found.mark {
            span.mark aria-hidden="true" { (mark.sign()) }
        }
        @if found.best { strong { (found.value) } } @else { (found.value) }
        @if let Some(mark) = found.mark { span.unseen { ", " (mark.words()) } }
        @for detail in &found.details { span.detail { (detail) } }
    }
}

fn found(verdict: &Verdict) -> Markup {
    let class = match verdict.outcome {
        Outcome::Better => "better",
        Outcome::Worse => "worse",
        Outcome::NotInferior => "not-inferior",
        Outcome::Open => "open",
    };
    page! {
        div class=(format!("verdict {class}")) {
            p.headline { (inline(&verdict.headline)) "." }
            ul { @for sentence in &verdict.sentences { li { (inline(sentence)) } } }
        }
    }
}

fn names_and_values(facts: &[(String, String)]) -> Markup {
    page! {
        dl { @for (name, value) in facts { div { dt { (name) } dd { (inline(value)) } } } }
    }
}

fn topic(card: &TopicCard) -> Markup {
    page! {
        article.topic {
            h4 {
                @if let Some(text) = &card.text { q { (text) } " " }
                code { (card.topic) }
            }
            p.what { (inline(&card.what)) }
            @if !card.facts.is_empty() { (names_and_values(&card.facts)) }
            @if let Some(answer) = &card.answer { blockquote { p { (answer) } } }
            @if let Some(why) = &card.why { p.why { (inline(why)) } }
        }
    }
}

/// Text with what stands between backticks as code; an odd backtick stays one.
fn inline(text: &str) -> Markup {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return page! { (text) };
    }
    page! {
        @for (i, piece) in pieces.iter().enumerate() {
            @if i.is_multiple_of(2) { (piece) } @else { code { (piece) } }
        }
    }
}

/// Text without backticks, where no element can stand.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
