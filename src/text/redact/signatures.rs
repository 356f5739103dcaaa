//! Names of those who write, at the end of a message or where they say who speaks.

use std::ops::Range;

use super::cues::{CLOSING_FILLERS, CLOSINGS, FORMAL_CLOSINGS, SEASONS};
use super::people::{Standing, begins_line, ends_line, initials_end, name_end, standing};
use super::scan::{PieceKind, Scan};

/// `Kind regards, Jane Smith`, `thanks jane x` at the end of a line.
pub(super) fn after_closing(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let closing = scan.word(at).filter(|w| CLOSINGS.contains(w))?;
    let formal = FORMAL_CLOSINGS.contains(&closing);
    let (mut start, mut marked) = (at + 1, false);
    loop {
        if scan.is_mark(start, &[',', '\n', '-', '.', '!', '\u{2013}', '\u{2014}']) {
            marked = true;
        } else if !scan.is_word(start, &CLOSING_FILLERS)
            && !scan.word(start).is_some_and(|w| w.chars().all(|c| c == 'x'))
        {
            break;
        }
        start += 1;
    }
    let start = scan.skip_words(start, &["mrs", "mr", "ms", "miss", "dr"]);
    let first = initials_end(scan, start);
    let end = name_end(scan, if scan.word(first).is_some() { first } else { start });
    let kissed = scan.word(end).is_some_and(|w| w.chars().all(|c| c == 'x'));
    let likely = match standing(scan, first) {
        Standing::Given | Standing::Titled => true,
        Standing::Doubtful => scan.get(first)?.titled && (marked || formal || end > first + 1),
        Standing::Unknown => formal && (marked || first > start) || kissed,
        Standing::Everyday => false,
    };
    (likely && ends_line(scan, end)).then_some(start..end)
}

/// `jane here`, `Jane Smith speaking`.
pub(super) fn before_here(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let starts = begins_line(scan, at)
        || scan.is_word(
            at - 1,
            &[
                "hi", "hello", "hiya", "hey", "its", "it's", "morning", "is", "mrs", "mr", "miss",
                "ms",
            ],
        )
        || scan.is_mark(at - 1, &[',', '.', '!', '-']);
    if !starts {
        return None;
    }
    let end = name_end(scan, at);
    let here = scan.is_word(end, &["here", "speaking", "ere"]);
    let named = match standing(scan, at) {
        Standing::Given | Standing::Doubtful => true,
        Standing::Titled => scan.is_word(end, &["here", "speaking"]),
        Standing::Unknown | Standing::Everyday => false,
    };
    (here && named).then_some(at..end)
}

/// The last words of a message or line, after a kiss, a dash, or a line of their own.
pub(super) fn last_words(scan: &Scan, at: usize) -> Option<Range<usize>> {
    let first = initials_end(scan, at);
    let end = name_end(scan, if scan.word(first).is_some() { first } else { at });
    let kissed =
        begins_line(scan, at) && scan.word(end).is_some_and(|w| w.chars().all(|c| c == 'x'));
    let kiss = at > 0 && scan.word(at - 1).is_some_and(|w| w.chars().all(|c| c == 'x'));
    let dash = at > 0
        && scan.is_mark(at - 1, &['-', '\u{2013}', '\u{2014}', '~'])
        && !scan.glued_to_last(at);
    let own_line = at > 0 && scan.is_new_line(at - 1);
    let stop = at > 0 && scan.is_mark(at - 1, &['.', '?', '!']);
    if !(kiss || dash || own_line || stop || kissed) {
        return None;
    }
    let likely = match standing(scan, first) {
        Standing::Given => true,
        Standing::Doubtful => {
            let season = scan.is_word(first, &SEASONS);
            (kiss || dash || own_line) && scan.is_titled(first) && !season
        }
        Standing::Titled => dash || kissed || own_line && end > first + 1 && ends_text(scan, end),
        Standing::Unknown | Standing::Everyday => false,
    };
    (likely && ends_line(scan, end)).then_some(at..end)
}

/// Whether only marks follow.
fn ends_text(scan: &Scan, at: usize) -> bool {
    (at..scan.pieces.len()).all(|i| scan.is(i, PieceKind::Mark))
}
