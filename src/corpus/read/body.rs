//! The body of a document: line by line into blocks, sentence by sentence into spans.
//!
//! The grammar is line-based, so it is read by lines. In the guidance format a line is a heading
//! (`## ` or `### `), a list item (`- `), a keep mark, or a paragraph; everything else Markdown
//! knows is refused, because a mark that is quoted is a mark the public reads. In the plain
//! format paragraphs are parted by empty lines, and no character has a meaning of its own.

use std::ops::Range;

use super::issue::{Collector, IssueKind};
use super::lines::lines;
use crate::corpus::document::{Block, Format};
use crate::text::segment::{sentences, trim};

/// Opens a keep group.
pub const KEEP_OPEN: &str = "<!-- keep -->";
/// Closes a keep group.
pub const KEEP_CLOSE: &str = "<!-- /keep -->";

/// Characters that stand for inline markup somewhere in Markdown or HTML.
const MARKUP: [char; 9] = ['*', '_', '`', '[', ']', '<', '>', '\\', '|'];

/// Reads a body. The second value is the body without white space at its ends.
pub(super) fn read_body(
    text: &str,
    span: Range<usize>,
    format: Format,
    issues: &mut Collector<'_>,
) -> (Vec<Block>, Range<usize>) {
    let blocks = match format {
        Format::Guidance => Guidance::new(text, issues).read(span.clone()),
        Format::Plain => read_plain(text, span.clone()),
    };
    let has_sentences = blocks.iter().any(|block| !matches!(block, Block::Heading { .. }));
    if !has_sentences && issues.is_empty() {
        let cure = "write at least one sentence below the front matter";
        issues.at(span.start, IssueKind::EmptyBody, "the body holds no sentence", cure);
    }
    let body = trim(text, span.clone()).unwrap_or(span.start..span.start);
    (blocks, body)
}

/// Paragraphs are parted by empty lines; a line break inside one is white space.
fn read_plain(text: &str, span: Range<usize>) -> Vec<Block> {
    let mut paragraphs: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    for line in lines(text, span) {
        match paragraphs.last_mut().filter(|_| goes_on && !line.is_empty()) {
            Some(paragraph) => paragraph.end = line.end,
            None if line.is_empty() => {}
            None => paragraphs.push(line.clone()),
        }
        goes_on = !line.is_empty();
    }
    paragraphs
        .into_iter()
        .map(|paragraph| {
            let one_line = text[paragraph.clone()].replace(['\n', '\r'], " ");
            let sentences = shifted(sentences(&one_line), paragraph.start);
            Block::Paragraph { sentences, keep: None }
        })
        .filter(
            |block| !matches!(block, Block::Paragraph { sentences, .. } if sentences.is_empty()),
        )
        .collect()
}

fn sentence_spans(text: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let base = span.start;
    shifted(sentences(&text[span]), base)
}

fn shifted(spans: Vec<Range<usize>>, by: usize) -> Vec<Range<usize>> {
    spans.into_iter().map(|span| by + span.start..by + span.end).collect()
}

/// What stood on the line above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Blank,
    Paragraph,
    Item,
    Other,
}

/// A paragraph that ends with a colon: the list it leads into must follow.
struct LeadIn {
    span: Range<usize>,
    keep: Option<u32>,
    has_items: bool,
}

/// An open keep group.
struct Keep {
    number: u32,
    opened_at: usize,
    has_blocks: bool,
}

struct Guidance<'a, 'b> {
    text: &'a str,
    issues: &'a mut Collector<'b>,
    blocks: Vec<Block>,
    above: Above,
    has_section: bool,
    lead_in: Option<LeadIn>,
    keep: Option<Keep>,
    keeps: u32,
}

impl<'a, 'b> Guidance<'a, 'b> {
    fn new(text: &'a str, issues: &'a mut Collector<'b>) -> Self {
        Self {
            text,
            issues,
            blocks: Vec::new(),
            above: Above::Blank,
            has_section: false,
            lead_in: None,
            keep: None,
            keeps: 0,
        }
    }

    fn read(mut self, span: Range<usize>) -> Vec<Block> {
        for line in lines(self.text, span) {
            self.line(line);
        }
        self.end_lead_in();
        if let Some(keep) = self.keep.take() {
            let cure = "close it with a line of `<!-- /keep -->`";
            self.note(keep.opened_at, IssueKind::Keep, "the keep group is not closed", cure);
        }
        self.blocks
    }

    fn note(&mut self, at: usize, kind: IssueKind, message: &str, cure: &str) {
        self.issues.at(at, kind, message, cure);
    }

    fn line(&mut self, line: Range<usize>) {
        let content = &self.text[line.clone()];
        self.above = if content.is_empty() {
            Above::Blank
        } else if content == KEEP_OPEN {
            self.open_keep(line.start);
            Above::Other
        } else if content == KEEP_CLOSE {
            self.close_keep(line.start);
            Above::Other
        } else if content.starts_with('#') {
            self.heading(line);
            Above::Other
        } else if content == "-" || content.starts_with("- ") {
            self.item(line);
            Above::Item
        } else {
            self.paragraph(line);
            Above::Paragraph
        };
    }

    fn open_keep(&mut self, at: usize) {
        if self.keep.is_some() {
            let cure = "close the first group before opening the second";
            self.note(at, IssueKind::Keep, "keep groups must not be nested", cure);
            return;
        }
        self.keep = Some(Keep { number: self.keeps, opened_at: at, has_blocks: false });
        self.keeps += 1;
    }

    fn close_keep(&mut self, at: usize) {
        match self.keep.take() {
            None => {
                let cure = "open the group with a line of `<!-- keep -->`, or remove this line";
                self.note(at, IssueKind::Keep, "no keep group is open here", cure);
            }
            Some(keep) if !keep.has_blocks => {
                let cure = "put the sentences that limit each other between the two marks";
                self.note(keep.opened_at, IssueKind::Keep, "the keep group is empty", cure);
            }
            Some(_) => {}
        }
    }

    /// Number of the open keep group, which from now on is not empty.
    fn in_keep(&mut self) -> Option<u32> {
        self.keep.as_mut().map(|keep| {
            keep.has_blocks = true;
            keep.number
        })
    }

    fn heading(&mut self, line: Range<usize>) {
        self.end_lead_in();
        let content = &self.text[line.clone()];
        let level = content.bytes().take_while(|&b| b == b'#').count();
        let rest = &content[level..];
        if !(2..=3).contains(&level) || !rest.starts_with(' ') {
            let cure = "begin a heading with `## ` or `### `, and no other line with `#`";
            self.note(
                line.start,
                IssueKind::Heading,
                "this is not a heading of level 2 or 3",
                cure,
            );
            return;
        }
        if level == 3 && !self.has_section {
            let cure = "put a `## ` heading above it, or make it one";
            self.note(
                line.start,
                IssueKind::Heading,
                "a `### ` heading needs a `## ` above it",
                cure,
            );
        }
        if self.keep.is_some() {
            let cure = "close the group above the heading";
            self.note(line.start, IssueKind::Keep, "a keep group must not hold a heading", cure);
        }
        self.has_section |= level == 2;
        let Some(span) = trim(self.text, line.start + level..line.end) else {
            return;
        };
        self.check_inline(&span);
        if self.text[span.clone()].ends_with('#') {
            self.note(
                span.end - 1,
                IssueKind::Markup,
                "a heading must not end with `#`",
                "remove it",
            );
        }
        self.blocks.push(Block::Heading { level: level as u8, span });
    }

    fn item(&mut self, line: Range<usize>) {
        let keep = self.in_keep();
        let Some(span) = trim(self.text, line.start + 1..line.end) else {
            self.note(
                line.start,
                IssueKind::List,
                "the list item is empty",
                "write it or remove it",
            );
            return;
        };
        self.check_inline(&span);
        let Some(lead_in) = self.lead_in.as_mut() else {
            let cure = "put a paragraph that ends with a colon above the list, such as `Bring:`";
            self.note(
                line.start,
                IssueKind::List,
                "the list has no sentence that leads into it",
                cure,
            );
            return;
        };
        lead_in.has_items = true;
        let (lead_in, lead_in_keep) = (lead_in.span.clone(), lead_in.keep);
        if keep != lead_in_keep {
            let cure = "put the lead-in and the whole list between one pair of keep marks";
            self.note(
                line.start,
                IssueKind::Keep,
                "the list item is parted from its lead-in",
                cure,
            );
        }
        let sentences = sentence_spans(self.text, span);
        self.blocks.push(Block::Item { sentences, lead_in, keep });
    }

    fn paragraph(&mut self, line: Range<usize>) {
        self.end_lead_in();
        if matches!(self.above, Above::Paragraph | Above::Item) {
            let cure = "write a paragraph on one line, and leave an empty line before the next";
            let message = "the paragraph goes on from the line above";
            self.note(line.start, IssueKind::Paragraph, message, cure);
        }
        self.check_start(&line);
        self.check_inline(&line);
        let keep = self.in_keep();
        let sentences = sentence_spans(self.text, line.clone());
        if let Some(last) = sentences.last()
            && self.text[line].ends_with(':')
        {
            self.lead_in = Some(LeadIn { span: last.clone(), keep, has_items: false });
        }
        self.blocks.push(Block::Paragraph { sentences, keep });
    }

    /// A lead-in that no list has followed is an issue.
    fn end_lead_in(&mut self) {
        if let Some(lead_in) = self.lead_in.take()
            && !lead_in.has_items
        {
            let cure = "put `- ` items below it, or end the sentence with a full stop";
            let message = "the paragraph ends with a colon and no list follows";
            self.note(lead_in.span.start, IssueKind::List, message, cure);
        }
    }

    fn check_start(&mut self, line: &Range<usize>) {
        let content = &self.text[line.clone()];
        let first = content.chars().next().unwrap_or_default();
        let numbered = item_number(content) > 0;
        if first.is_whitespace() {
            let cure = "begin every line at its left edge; lists do not nest";
            self.note(line.start, IssueKind::Markup, "the line is indented", cure);
        } else if numbered {
            let cure = "use `- ` items below a lead-in";
            self.note(
                line.start,
                IssueKind::List,
                "numbered lists are not part of the grammar",
                cure,
            );
        } else if matches!(first, '+' | '~' | '=' | '-') {
            let cure = "begin the line with a word; list items begin with `- `";
            let message = "a paragraph must not begin with a Markdown mark";
            self.note(line.start, IssueKind::Markup, message, cure);
        }
    }

    fn check_inline(&mut self, span: &Range<usize>) {
        let Some((at, c)) = find_markup(&self.text[span.clone()]) else {
            return;
        };
        let offset = span.start + at;
        if is_invisible(c) {
            let message = format!("the character U+{:04X} cannot be seen", u32::from(c));
            self.note(offset, IssueKind::Markup, &message, "remove it");
        } else {
            let message = format!("`{c}` is a mark of Markdown or HTML");
            let cure = "write plain words: no links, emphasis, code, HTML, footnotes or tables";
            self.note(offset, IssueKind::Markup, &message, cure);
        }
    }
}

/// Bytes of the mark that begins a numbered item, such as `1. ` or `2) `; 0 where there is none.
pub(in crate::corpus) fn item_number(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    if digits > 0 && (rest.starts_with(". ") || rest.starts_with(") ")) { digits + 2 } else { 0 }
}

/// The first character that the guidance grammar refuses inside a line, and its byte.
pub(in crate::corpus) fn find_markup(text: &str) -> Option<(usize, char)> {
    text.char_indices()
        .find(|&(at, c)| MARKUP.contains(&c) || is_invisible(c) || is_entity(&text[at..]))
}

/// `&amp;` or `&#160;`
fn is_entity(rest: &str) -> bool {
    let Some(name) = rest.strip_prefix('&').and_then(|rest| rest.split_once(';')).map(|(n, _)| n)
    else {
        return false;
    };
    let name = name.strip_prefix('#').unwrap_or(name);
    !name.is_empty() && name.len() < 10 && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Controls, and characters that change a text without being seen in it.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
