//! The words, numbers and marks of a message, and which of them are taken.
//!
//! A placeholder that stands in the text already reads exactly as a piece that will be one: so a
//! text is read the same before and after it was redacted. A new line glues nothing together.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::{Found, Kind};
use crate::text::fold::fold;

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Letters, with apostrophes inside.
    Word,
    /// Digits of any script, as ASCII digits in [`Piece::text`]; an `o` among them is a zero.
    Digits,
    /// A single other character; blanks are left out, new lines are kept.
    Mark,
    /// A placeholder, or a piece that will be one.
    Placeholder,
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Folded word, ASCII digits, the mark, or the placeholder.
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it begins with a capital letter.
    pub(super) capital: bool,
    /// Whether only its first letter is a capital one.
    pub(super) titled: bool,
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
        let taken = pieces.iter().map(|p| p.kind == PieceKind::Placeholder).collect();
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
            kind.placeholder().clone_into(&mut piece.text);
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

    /// Whether a piece begins with a capital letter.
    pub(super) fn is_capital(&self, at: usize) -> bool {
        self.get(at).is_some_and(|p| p.capital)
    }

    /// Whether only the first letter of a piece is a capital one.
    pub(super) fn is_titled(&self, at: usize) -> bool {
        self.get(at).is_some_and(|p| p.titled)
    }

    /// Whether all letters of a piece are capital ones.
    pub(super) fn is_shouted(&self, at: usize) -> bool {
        self.get(at).is_some_and(|p| p.capital && !p.titled)
    }

    /// Whether a placeholder of a kind stands at a place.
    pub(super) fn stands_for(&self, at: usize, kind: Kind) -> bool {
        self.get(at)
            .is_some_and(|p| p.kind == PieceKind::Placeholder && p.text == kind.placeholder())
    }

    pub(super) fn is_new_line(&self, at: usize) -> bool {
        self.get(at).is_some_and(|p| p.kind == PieceKind::Mark && p.text == "\n")
    }

    /// The folded word at a place, if it is one.
    pub(super) fn word(&self, at: usize) -> Option<&str> {
        self.get(at).filter(|p| p.kind == PieceKind::Word).map(|p| p.text.as_str())
    }

    /// Whether a place holds one of some words.
    pub(super) fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.word(at).is_some_and(|w| words.contains(&w))
    }

    pub(super) fn digits(&self, at: usize) -> Option<&str> {
        self.get(at).filter(|p| p.kind == PieceKind::Digits).map(|p| p.text.as_str())
    }

    /// Whether nothing, not even a blank, stands between a piece and the one after it.
    pub(super) fn glued_to_next(&self, at: usize) -> bool {
        match (self.get(at), self.get(at + 1)) {
            (Some(this), Some(next)) => {
                this.end == next.start && !self.is_new_line(at) && !self.is_new_line(at + 1)
            }
            _ => false,
        }
    }

    /// Whether nothing stands between a piece and the one before it.
    pub(super) fn glued_to_last(&self, at: usize) -> bool {
        at > 0 && self.glued_to_next(at - 1)
    }

    /// The first place from `at` on that holds none of some words.
    pub(super) fn skip_words(&self, at: usize, words: &[&str]) -> usize {
        let mut next = at;
        while self.is_word(next, words) {
            next += 1;
        }
        next
    }

    /// The first place from `at` on that holds none of some marks.
    pub(super) fn skip_marks(&self, at: usize, marks: &[char]) -> usize {
        let mut next = at;
        while self.is_mark(next, marks) {
            next += 1;
        }
        next
    }

    /// Whether the words of a phrase stand from `at` on.
    pub(super) fn says(&self, at: usize, phrase: &[&str]) -> bool {
        phrase.iter().enumerate().all(|(i, &word)| self.word(at + i) == Some(word))
    }

    /// Words before a place, nearest first, at most `reach` pieces away; numbers, placeholders and
    /// new lines end the look back, so that a redacted text is read as the raw text was.
    pub(super) fn words_before(&self, at: usize, reach: usize) -> impl Iterator<Item = &str> {
        let to = at.min(self.pieces.len());
        words_of(self.pieces[to.saturating_sub(reach)..to].iter().rev())
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
    let mut found = Vec::with_capacity(raw.len() / 4);
    let mut at = 0;
    while let Some(first) = raw[at..].chars().next() {
        let (kind, length) = next_piece(&raw[at..], first);
        let end = at + length;
        let blank = first.is_whitespace() && first != '\n' || first == KEYCAP;
        if kind != PieceKind::Mark || !blank {
            let surface = &raw[at..end];
            let text = match kind {
                PieceKind::Word => fold(surface),
                PieceKind::Digits => surface.chars().filter_map(typed_digit).collect(),
                PieceKind::Mark | PieceKind::Placeholder => surface.to_owned(),
            };
            let capital = first.is_uppercase();
            let titled = capital && !surface.chars().skip(1).all(char::is_uppercase);
            found.push(Piece { kind, text, start: at, end, capital, titled });
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
    if let Some(length) = typed_number(rest, first) {
        return (PieceKind::Digits, length);
    }
    if first.is_alphabetic() {
        let length = run(rest, is_letter);
        let trimmed = rest[..length].trim_end_matches(['\'', '\u{2019}']).len();
        return (PieceKind::Word, trimmed.max(first.len_utf8()));
    }
    (PieceKind::Mark, first.len_utf8())
}

/// Length of a number at the head of a text: digits, and letters o for zeros where no word begins
/// (`O77OO`, `9oo`, not `10oclock`); among two digits or more, an I or l is a one (`I961`).
fn typed_number(rest: &str, first: char) -> Option<usize> {
    typed_digit(first)?;
    let length = run(rest, |c| typed_digit(c).is_some());
    let digits = rest[..length].chars().filter(|&c| digit(c).is_some()).count();
    let ones = rest[..length].contains(['I', 'l']);
    let whole = !rest[length..].starts_with(is_letter) && digits > usize::from(ones);
    if whole {
        return Some(length);
    }
    digit(first).map(|_| run(rest, |c| digit(c).is_some()))
}

fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic() || c == '\'';
    }
    (c.is_alphabetic() || c == '\u{2019}' || is_combining_mark(c)) && digit(c).is_none()
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Drawn around the digit before it.
const KEYCAP: char = '\u{20e3}';
/// First digits of the scripts in which people write numbers here.
const ZEROS: [u32; 8] = [0x30, 0xff10, 0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6];

/// The ASCII digit of a decimal digit of a known script.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// The digit that somebody meant.
fn typed_digit(c: char) -> Option<char> {
    match c {
        'o' | 'O' => Some('0'),
        'I' | 'l' => Some('1'),
        c => digit(c),
    }
}
