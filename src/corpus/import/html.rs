//! HTML of a page to the body grammar of the corpus.
//!
//! Kept are headings, paragraphs, lists with the sentence that leads into them, tables that have
//! one header row (a sentence a row), and the text of everything inline. Dropped, and noted, are
//! pictures, embedded files, footnotes and other tables. A paragraph in which a sentence needs
//! the one before it becomes a keep group. The body is always within the grammar; where a
//! character had to go, that is noted too.

use std::collections::BTreeSet;
use std::mem;

use html5gum::{EndTag, StartTag, Token, Tokenizer};

use super::draft::one_line;
use crate::corpus::lint::needs_context;
use crate::corpus::read::{KEEP_CLOSE, KEEP_OPEN, find_markup, item_number};
use crate::text::segment::sentences;

/// A body, and what was lost or changed on the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Converted {
    /// Empty when the page holds no text.
    pub(super) body: String,
    pub(super) notes: BTreeSet<String>,
}

/// Converts a page.
pub(super) fn convert(html: &str) -> Converted {
    let mut walker = Walker::default();
    // Reading from memory cannot fail.
    for token in Tokenizer::new(html).map_while(Result::ok) {
        match token {
            Token::StartTag(tag) => walker.start(&tag),
            Token::EndTag(tag) => walker.end(&tag),
            Token::String(text) => walker.text(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    walker.flush();
    walker.end_list();
    walker.end_table();
    let mut writer = Writer { notes: walker.notes, ..Writer::default() };
    writer.pieces(&walker.pieces);
    Converted { body: writer.lines.join("\n\n"), notes: writer.notes }
}

/// A block of a page.
enum Piece {
    Heading { level: u8, text: String },
    Paragraph(String),
    List(Vec<String>),
    Table(Table),
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    header: Vec<bool>,
    is_irregular: bool,
}

/// A list item that is open; items of an inner list carry the text of the outer one.
#[derive(Default)]
struct Item {
    text: String,
    has_inner: bool,
}

#[derive(Default)]
struct Walker {
    pieces: Vec<Piece>,
    notes: BTreeSet<String>,
    text: String,
    heading: Option<u8>,
    term: Option<String>,
    lists: usize,
    open_items: Vec<Item>,
    items: Vec<String>,
    table: Option<Table>,
    /// Name of the element that is skipped, and how deep it is nested in itself.
    skipped: Option<(Vec<u8>, usize)>,
}

const VOID: [&[u8]; 7] = [b"img", b"br", b"hr", b"input", b"source", b"wbr", b"track"];

const SKIPPED: [&[u8]; 12] = [
    b"script",
    b"style",
    b"figure",
    b"svg",
    b"video",
    b"audio",
    b"iframe",
    b"object",
    b"form",
    b"nav",
    b"math",
    b"template",
];

impl Walker {
    fn start(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth += usize::from(skipped == name);
            return;
        }
        if let Some(note) = why_skipped(tag) {
            self.note(note);
            if !VOID.contains(&name) && !tag.self_closing {
                self.skipped = Some((name.to_vec(), 1));
            }
            return;
        }
        match name {
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush();
                self.heading = Some(if matches!(name, b"h1" | b"h2") { 2 } else { 3 });
            }
            b"ul" | b"ol" => self.start_list(),
            b"li" => self.start_item(),
            b"table" => {
                self.flush();
                self.end_table();
                self.table = Some(Table::default());
            }
            b"tr" => self.start_row(),
            b"td" | b"th" => self.start_cell(tag),
            b"br" | b"wbr" => self.text.push(' '),
            _ if is_block(name) => self.flush(),
            _ => {}
        }
    }

    fn end(&mut self, tag: &EndTag<()>) {
        let name: &[u8] = &tag.name;
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth -= usize::from(skipped == name);
            if *depth == 0 {
                self.skipped = None;
            }
            return;
        }
        match name {
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush();
                self.heading = None;
            }
            b"ul" | b"ol" => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
                if self.lists == 0 {
                    self.end_list();
                }
            }
            b"li" => self.end_item(),
            b"table" => {
                self.flush();
                self.end_table();
            }
            b"dt" => {
                let term = one_line(&mem::take(&mut self.text));
                self.term = Some(term).filter(|term| !term.is_empty());
            }
            _ if is_block(name) || matches!(name, b"td" | b"th" | b"tr") => self.flush(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_none() {
            self.text.push_str(text);
        }
    }

    fn note(&mut self, note: &str) {
        self.notes.insert(note.to_owned());
    }

    /// Gives the text gathered to whatever is open.
    fn flush(&mut self) {
        let text = one_line(&mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        if let Some(cell) = self.table.as_mut().and_then(|table| table.rows.last_mut()?.last_mut())
        {
            append(cell, &text);
        } else if let Some(item) = self.open_items.last_mut() {
            append(&mut item.text, &text);
        } else if let Some(level) = self.heading {
            self.pieces.push(Piece::Heading { level, text });
        } else if let Some(term) = self.term.take() {
            let term = term.trim_end_matches(':');
            self.pieces.push(Piece::Paragraph(format!("{term}: {text}")));
        } else {
            self.pieces.push(Piece::Paragraph(text));
        }
    }

    fn start_list(&mut self) {
        self.flush();
        if let Some(item) = self.open_items.last_mut() {
            item.has_inner = true;
            self.note("a list within a list was joined to the outer list");
        }
        self.lists += 1;
    }

    fn start_item(&mut self) {
        if self.table.is_some() {
            self.text.push_str("; ");
            return;
        }
        self.flush();
        // An item that was not closed ends where the next of its list begins.
        while self.open_items.len() >= self.lists.max(1) {
            self.close_item();
        }
        self.open_items.push(Item::default());
    }

    fn end_item(&mut self) {
        if self.table.is_none() {
            self.close_item();
        }
    }

    fn close_item(&mut self) {
        self.flush();
        let Some(item) = self.open_items.pop() else {
            return;
        };
        if item.has_inner || item.text.is_empty() {
            return;
        }
        let outer = self.open_items.iter().map(|outer| outer.text.trim_end_matches(':'));
        let mut parts: Vec<&str> = outer.filter(|text| !text.is_empty()).collect();
        parts.push(&item.text);
        self.items.push(parts.join(": "));
    }

    fn end_list(&mut self) {
        while !self.open_items.is_empty() {
            self.close_item();
        }
        if !self.items.is_empty() {
            self.pieces.push(Piece::List(mem::take(&mut self.items)));
        }
    }

    fn start_row(&mut self) {
        self.flush();
        if let Some(table) = &mut self.table {
            table.rows.push(Vec::new());
            table.header.push(true);
        }
    }

    fn start_cell(&mut self, tag: &StartTag<()>) {
        self.flush();
        let Some(table) = &mut self.table else { return };
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
            table.header.push(true);
        }
        let spans = |name: &[u8]| attribute(tag, name).is_some_and(|span| span != "1");
        table.is_irregular |= spans(b"colspan") || spans(b"rowspan");
        if let Some(row) = table.rows.last_mut() {
            row.push(String::new());
        }
        if let Some(header) = table.header.last_mut() {
            *header &= *tag.name == *b"th";
        }
    }

    fn end_table(&mut self) {
        if let Some(mut table) = self.table.take() {
            for cell in table.rows.iter_mut().flatten() {
                *cell = cell.trim_matches([';', ' ']).to_owned();
            }
            self.pieces.push(Piece::Table(table));
        }
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// What to note when an element is dropped with all it holds.
fn why_skipped(tag: &StartTag<()>) -> Option<&'static str> {
    let name: &[u8] = &tag.name;
    let class = attribute(tag, b"class").unwrap_or_default();
    let has_class = |wanted: &str| class.split_whitespace().any(|class| class == wanted);
    let id = attribute(tag, b"id").unwrap_or_default();
    if has_class("footnotes") || (name == b"sup" && id.starts_with("fnref")) {
        Some("footnotes were dropped")
    } else if class.split_whitespace().any(|class| class.contains("attachment")) {
        Some("an attached file was dropped")
    } else if name == b"img" {
        Some("a picture was dropped")
    } else if SKIPPED.contains(&name) {
        Some("a picture, form or embedded file was dropped")
    } else {
        None
    }
}

fn is_block(name: &[u8]) -> bool {
    const BLOCKS: [&[u8]; 20] = [
        b"p",
        b"div",
        b"section",
        b"article",
        b"aside",
        b"header",
        b"footer",
        b"main",
        b"blockquote",
        b"pre",
        b"address",
        b"details",
        b"summary",
        b"dl",
        b"dt",
        b"dd",
        b"caption",
        b"thead",
        b"tbody",
        b"hr",
    ];
    BLOCKS.contains(&name)
}

/// Writes pieces as lines of the grammar.
#[derive(Default)]
struct Writer {
    lines: Vec<String>,
    notes: BTreeSet<String>,
    has_section: bool,
}

impl Writer {
    fn pieces(&mut self, pieces: &[Piece]) {
        let mut rest = pieces.iter().peekable();
        while let Some(piece) = rest.next() {
            match piece {
                Piece::Heading { level, text } => self.heading(*level, text),
                Piece::List(items) => self.loose_items(items),
                Piece::Table(table) => self.table(table),
                Piece::Paragraph(text) => {
                    let text = self.clean(text);
                    match rest.peek() {
                        Some(Piece::List(items)) if text.ends_with(':') => {
                            self.list(text, items);
                            rest.next();
                        }
                        _ => self.paragraph(text),
                    }
                }
            }
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let text = self.clean(text);
        let text = text.trim_end_matches(['#', ' ']);
        if text.is_empty() {
            return;
        }
        let marks = if level > 2 && self.has_section { "###" } else { "##" };
        self.has_section = true;
        self.lines.push(format!("{marks} {text}"));
    }

    fn paragraph(&mut self, mut text: String) {
        if text.ends_with(':') {
            self.notes.insert("a sentence led into something that was dropped".to_owned());
            text.truncate(text.trim_end_matches([':', ' ']).len());
            text.push('.');
        }
        if text.trim_matches(['.', ' ']).is_empty() {
            return;
        }
        let needs_keep = needs_keep(&text);
        self.block(text, needs_keep);
    }

    fn list(&mut self, lead_in: String, items: &[String]) {
        let items: Vec<String> =
            items.iter().map(|item| self.clean(item)).filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            self.paragraph(lead_in);
            return;
        }
        let needs_keep = needs_keep(&lead_in);
        self.block(format!("{lead_in}\n\n- {}", items.join("\n- ")), needs_keep);
    }

    fn loose_items(&mut self, items: &[String]) {
        self.notes.insert("a list without a lead-in became paragraphs".to_owned());
        for item in items {
            let item = self.clean(item);
            self.paragraph(item);
        }
    }

    fn block(&mut self, text: String, needs_keep: bool) {
        if needs_keep {
            self.notes
                .insert("sentences that need the one before them were kept together".to_owned());
            self.lines.push(format!("{KEEP_OPEN}\n{text}\n{KEEP_CLOSE}"));
        } else {
            self.lines.push(text);
        }
    }

    /// A row of a table with one header row becomes `Header: cell; header: cell.`
    fn table(&mut self, table: &Table) {
        let header = table.rows.first().filter(|row| !row.is_empty());
        let is_plain = !table.is_irregular
            && table.rows.len() > 1
            && table.header.first() == Some(&true)
            && header.is_some_and(|header| table.rows.iter().all(|r| r.len() == header.len()));
        let (Some(header), true) = (header, is_plain) else {
            let start: String =
                table.rows.iter().flatten().flat_map(|c| c.chars()).take(40).collect();
            self.notes.insert(format!("a table was dropped: {start}"));
            return;
        };
        self.notes.insert("a table became one sentence a row: read it with care".to_owned());
        for row in &table.rows[1..] {
            let pairs: Vec<String> = header
                .iter()
                .zip(row)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(head, cell)| {
                    let cell = cell.trim_end_matches('.');
                    if head.is_empty() { cell.to_owned() } else { format!("{head}: {cell}") }
                })
                .collect();
            let text = self.clean(&format!("{}.", pairs.join("; ")));
            self.paragraph(text);
        }
    }

    /// A text within the grammar: no marks of Markdown or HTML, none at its start either.
    fn clean(&mut self, text: &str) -> String {
        let mut text = one_line(text);
        while let Some((at, c)) = find_markup(&text) {
            let instead = match c {
                '[' => "(",
                ']' => ")",
                '<' => "less than ",
                '>' => "more than ",
                '&' => "and",
                '\\' | '|' => "/",
                _ => "",
            };
            if !instead.is_empty() {
                self.notes.insert(format!("the character `{c}` was replaced"));
            }
            text.replace_range(at..at + c.len_utf8(), instead);
        }
        let text = one_line(&text);
        let start = text.trim_start_matches(['#', '+', '~', '=', '-', ' ']);
        let start = &start[item_number(start)..];
        if start.len() < text.len() {
            self.notes.insert("a mark or number at the start of a line was dropped".to_owned());
            return self.clean(start);
        }
        text
    }
}

/// Whether a sentence of a paragraph, other than the first, needs the one before it.
fn needs_keep(text: &str) -> bool {
    sentences(text).into_iter().skip(1).any(|span| needs_context(&text[span]).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus::read::read_document;
    use crate::corpus::testing::file;

    #[track_caller]
    fn check(html: &str, expect: &str, notes: &[&str]) {
        let converted = convert(html);
        assert_eq!(converted.body, expect);
        let found: Vec<&str> = converted.notes.iter().map(String::as_str).collect();
        assert_eq!(found.len(), notes.len(), "{found:?}");
        for (found, part) in found.iter().zip(notes) {
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn headings_paragraphs_and_inline_text_stay() {
        let html = "<div class=\"govspeak\"><h3>A</h3><p>The <abbr title=\"x\">NHS</abbr>\n is\u{a0}<a \
            href=\"/x\">here</a> &amp; <strong>now</strong>.</p><h2 id=\"b\">B</h2><h3>C</h3>\
            <blockquote><p>Two<br/>lines.</p></blockquote></div>";
        check(html, "## A\n\nThe NHS is here & now.\n\n## B\n\n### C\n\nTwo lines.", &[]);
    }

    #[test]
    fn lists_have_lead_ins_or_become_paragraphs() {
        let html = "<p>Bring:</p><ul><li>a letter</li><li><p>a top</p></li></ul>";
        check(html, "Bring:\n\n- a letter\n- a top", &[]);
        check("<p>One.</p><ol><li>Two.<li>Three.</ol>", "One.\n\nTwo.\n\nThree.", &["lead-in"]);
        check("<p>Bring:</p><p>Go.</p>", "Bring.\n\nGo.", &["led into"]);
        let nested =
            "<p>If:</p><ul><li>ill:<ul><li>now</li><li>soon</li></ul></li><li>old</li></ul>";
        check(nested, "If:\n\n- ill: now\n- ill: soon\n- old", &["within a list"]);
    }

    #[test]
    fn tables_become_sentences_or_are_dropped() {
        let html = "<table><thead><tr><th>Age</th><th>How often</th></tr></thead><tbody>\
            <tr><td>50 to 71</td><td>every 3 years.</td></tr></tbody></table>";
        check(html, "Age: 50 to 71; How often: every 3 years.", &["one sentence a row"]);
        let wide = "<p>A.</p><table><tr><td colspan=\"2\">x</td></tr></table>";
        check(wide, "A.", &["a table was dropped: x"]);
    }

    #[test]
    fn footnotes_pictures_and_files_are_dropped_and_noted() {
        let html = "<p>True.<sup id=\"fnref:1\"><a>[footnote 1]</a></sup></p><img src=x>\
            <section class=\"attachment embedded\"><p>PDF</p><section></section></section>\
            <div class=\"footnotes\"><ol><li>Note.</li></ol></div><script>x<y</script>";
        let notes = ["form or embedded", "picture was", "attached", "footnotes"];
        let mut sorted = notes;
        sorted.sort_unstable();
        let converted = convert(html);
        assert_eq!(converted.body, "True.");
        assert_eq!(converted.notes.len(), sorted.len());
    }

    #[test]
    fn limits_are_kept_together() {
        let html = "<p>Screening is safe. But ask first.</p><p>Ask. They ask if you:</p><ul><li>smoke</li></ul>";
        let expect = "<!-- keep -->\nScreening is safe. But ask first.\n<!-- /keep -->\n\n\
            <!-- keep -->\nAsk. They ask if you:\n\n- smoke\n<!-- /keep -->";
        check(html, expect, &["kept together"]);
    }

    #[test]
    fn marks_are_replaced() {
        let html = "<p># A [b] &lt;c&gt; *d* 1_000 \\ e</p><p>1. One</p><p>&amp;amp; x</p><p>-</p>";
        let expect = "A (b) less than cmore than  d 1000 / e\n\nOne\n\nandamp; x";
        assert_eq!(convert(html).body, expect.replace("  ", " "));
    }

    proptest! {
        #[test]
        fn every_page_becomes_a_readable_body(
            html in "(<(p|li|ul|ol|h2|h3|/p|/li|/ul|/h2|table|tr|td|th|/td|/tr|/table|br|dt|dd|/dt)>|\
                [a-zA-Z .:?#*\\[<&;1\\-]{1,9}|<div class=\"footnotes\">|</div>|But |1\\. |\u{200b}|\u{2028}){0,40}"
        ) {
            let converted = convert(&html);
            if !converted.body.is_empty() {
                let read = read_document("a.md", file("a", "", &format!("Start.\n\n{}", converted.body)));
                prop_assert!(read.is_ok(), "{:?}\n{}", read, converted.body);
            }
        }
    }
}
