//! Lines of a text with their places, whatever the line ends.

use std::ops::Range;

/// Byte ranges of the lines within `span`, without their line ends (`\n` or `\r\n`) and without
/// white space at their right.
pub(super) fn lines(text: &str, span: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = span.start;
    text[span].split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        at..at + line.trim_end().len()
    })
}

/// A byte order mark at the start of a file is no part of its text.
pub(super) fn after_byte_order_mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}
