//! Where the lines of one topic end and those of the next begin, in the text of a run.
//!
//! A *block* is a stretch of lines of one topic; comments and blank lines belong to whichever
//! block they stand in. Knows nothing of scores and of what is wrong with lines.

use crate::eval::trec::columns::topic_of;

/// Cuts a text between blocks into pieces of about a size; the pieces make up the text.
pub(super) fn pieces(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > size {
        let (piece, after) = rest.split_at(boundary_after(rest, size));
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// The first start of a block that is not before a place; the length where there is none.
fn boundary_after(text: &str, place: usize) -> usize {
    let bytes = text.as_bytes();
    let Some(newline) = memchr::memchr(b'\n', &bytes[place..]) else { return text.len() };
    let mut start = place + newline + 1;
    let topic = last_topic(&text[..start]);
    for line in text[start..].split_inclusive('\n') {
        if topic_of(line).is_some_and(|other| topic != Some(other)) {
            break;
        }
        start += line.len();
    }
    start
}

/// Where the last block of a text begins.
pub(super) fn last_block(text: &str) -> usize {
    let Some(topic) = last_topic(text) else { return 0 };
    let mut start = text.len();
    for line in lines_backwards(text) {
        if topic_of(line).is_some_and(|other| topic != other) {
            return start;
        }
        start -= line.len();
    }
    0
}

fn last_topic(text: &str) -> Option<&str> {
    lines_backwards(text).find_map(topic_of)
}

/// Lines with their ends, the last first.
fn lines_backwards(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let (_, before) = bytes.split_last()?;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line = &rest[start..];
        rest = &rest[..start];
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The content lines of topics, in order.
    fn topics(text: &str) -> Vec<&str> {
        text.lines().filter_map(topic_of).collect()
    }

    proptest! {
        #[test]
        fn pieces_make_up_the_text_and_part_no_block(
            lines in prop::collection::vec("([ab]?( x)?|#)\n", 0..30), size in 1usize..20
        ) {
            let text: String = lines.concat();
            let pieces = pieces(&text, size);
            prop_assert_eq!(pieces.concat(), text.clone());
            for pair in pieces.windows(2) {
                let before = topics(pair[0]);
                let after = topics(pair[1]);
                if let (Some(before), Some(after)) = (before.last(), after.first()) {
                    prop_assert_ne!(before, after);
                }
            }
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }

        #[test]
        fn the_last_block_holds_one_topic(
            lines in prop::collection::vec("([ab]?( x)?|#)\n", 0..30)
        ) {
            let text: String = lines.concat();
            let (before, block) = text.split_at(last_block(&text));
            let topic = topics(block).first().copied();
            prop_assert!(topics(block).iter().all(|other| Some(*other) == topic));
            if let Some(other) = topics(before).last() {
                prop_assert!(topic.is_some_and(|topic| topic != *other));
            }
        }
    }
}
