//! The words, numbers and marks of a message, and which of them are taken.

use std::ops::Range;

use super::{Found, Kind};
use crate::text::fold::fold;

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Letters, with apostrophes inside.
    Word,
    /// Digits of any script, as ASCII digits in [`Piece::text`].
    Digits,
    /// A single other character; blanks are left out, new lines are kept.
    Mark,
    /// A placeholder that stands in the text already, or a piece that will be one: so a text is
    /// read the same before and after it was redacted.
    Placeholder,
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Folded word, ASCII digits, or the mark.
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it begins with a capital letter.
    pub(super) capital: bool,
}

/// A message in pieces; recognisers claim runs of pieces, first come, first served.
pub(super) struct Scan<'a> {
    pub(super) raw: &'a str,
    pub(super) pieces: Vec<Piece>,
    taken: Vec<bool>,
    found: Vec<Found>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        let pieces = pieces(raw);
        let taken = vec![false; pieces.len()];
        Self { raw, pieces, taken, found: Vec::new() }
    }

    /// Takes pieces for a kind; `false` when one of them is taken already.
    pub(super) fn claim(&mut self, kind: Kind, range: Range<usize>) -> bool {
        if !self.is_free(&range) {
            return false;
        }
        let (start, end) = (self.pieces[range.start].start, self.pieces[range.end - 1].end);
        self.taken[range.clone()].fill(true);
        for piece in &mut self.pieces[range] {
            piece.kind = PieceKind::Placeholder;
        }
        self.found.push(Found { kind, start, end });
        true
    }

    /// Takes pieces so that nobody redacts them.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        self.taken[range].fill(true);
    }

    pub(super) fn is_free(&self, range: &Range<usize>) -> bool {
        range.start < range.end
            && range.end <= self.taken.len()
            && !self.taken[range.clone()].contains(&true)
    }

    pub(super) fn found_count(&self) -> usize {
        self.found.len()
    }

    pub(super) fn into_found(mut self) -> Vec<Found> {
        self.found.sort_unstable_by_key(|f| f.start);
        self.found
    }

    pub(super) fn get(&self, at: usize) -> Option<&Piece> {
        self.pieces.get(at)
    }

    pub(super) fn is(&self, at: usize, kind: PieceKind) -> bool {
        self.get(at).is_some_and(|p| p.kind == kind)
    }

    pub(super) fn is_mark(&self, at: usize, marks: &[char]) -> bool {
        self.get(at).is_some_and(|p| {
            p.kind == PieceKind::Mark && p.text.chars().all(|c| marks.contains(&c))
        })
    }

    /// The folded word at a place, if it is one.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        self.get(at).filter(|p| p.kind == PieceKind::Word).map(|p| p.text.as_str())
    }

    pub(super) fn digits(&self, at: usize) -> Option<&str> {
        self.get(at).filter(|p| p.kind == PieceKind::Digits).map(|p| p.text.as_str())
    }

    /// Whether nothing, not even a blank, stands between a piece and the one after it.
    pub(super) fn glued_to_next(&self, at: usize) -> bool {
        match (self.get(at), self.get(at + 1)) {
            (Some(this), Some(next)) => this.end == next.start,
            _ => false,
        }
    }

    /// Words before a place, nearest first, at most `reach` pieces away; numbers, placeholders and
    /// new lines end the look back, so that a redacted text is read as the raw text was.
    pub(super) fn words_before(&self, at: usize, reach: usize) -> impl Iterator<Item = &str> {
        let from = at.saturating_sub(reach);
        words_of(self.pieces[from..at].iter().rev())
    }

    /// Words after a place, nearest first; as [`Scan::words_before`].
    pub(super) fn words_after(&self, at: usize, reach: usize) -> impl Iterator<Item = &str> {
        let from = at.min(self.pieces.len());
        let to = (at + reach).min(self.pieces.len());
        words_of(self.pieces[from..to].iter())
    }
}

fn words_of<'p>(pieces: impl Iterator<Item = &'p Piece>) -> impl Iterator<Item = &'p str> {
    let ends = |p: &&Piece| {
        !matches!(p.kind, PieceKind::Digits | PieceKind::Placeholder) && p.text != "\n"
    };
    pieces.take_while(ends).filter(|p| p.kind == PieceKind::Word).map(|p| p.text.as_str())
}

fn pieces(raw: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = raw[at..].chars().next() {
        let (kind, length) = next_piece(&raw[at..], first);
        let end = at + length;
        if kind != PieceKind::Mark || !first.is_whitespace() || first == '\n' {
            let surface = &raw[at..end];
            let text = match kind {
                PieceKind::Word => fold(surface),
                PieceKind::Digits => surface.chars().filter_map(digit).collect(),
                PieceKind::Mark | PieceKind::Placeholder => surface.to_owned(),
            };
            found.push(Piece { kind, text, start: at, end, capital: first.is_uppercase() });
        }
        at = end;
    }
    found
}

fn next_piece(rest: &str, first: char) -> (PieceKind, usize) {
    if first == '['
        && let Some(kind) = Kind::ALL.iter().find(|k| rest.starts_with(k.placeholder()))
    {
        return (PieceKind::Placeholder, kind.placeholder().len());
    }
    if digit(first).is_some() {
        return (PieceKind::Digits, run(rest, |c| digit(c).is_some()));
    }
    if first.is_alphabetic() {
        let inside =
            |c: char| (c.is_alphabetic() || matches!(c, '\'' | '\u{2019}')) && digit(c).is_none();
        let length = run(rest, inside);
        let trimmed = rest[..length].trim_end_matches(['\'', '\u{2019}']).len();
        return (PieceKind::Word, trimmed.max(first.len_utf8()));
    }
    (PieceKind::Mark, first.len_utf8())
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// First digits of the scripts in which people write numbers here.
const ZEROS: [u32; 8] = [0x30, 0xff10, 0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6];

/// The ASCII digit of a decimal digit of a known script.
pub(super) fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}
