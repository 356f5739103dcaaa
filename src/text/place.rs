//! Where in a text a byte stands, as people count: lines and columns from 1.

/// Line of a byte offset, from 1. Offsets past the end count as the end.
pub fn line_of(text: &str, offset: usize) -> usize {
    line_and_column(text, offset).0
}

/// Line and column, in characters, of a byte offset, both from 1. An offset past the end, or
/// inside a character, counts as the end, or the character's first byte.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset.min(text.len()))];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_in_lines_and_characters() {
        let text = "\u{e9}a\nb";
        let places: Vec<_> = (0..=text.len() + 1).map(|at| line_and_column(text, at)).collect();
        assert_eq!(places, [(1, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 2)]);
    }
}
