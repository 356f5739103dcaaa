//! What of a message may be kept, and what of it is retrieved with?
//!
//! [`kept`] is the message with placeholders for whatever names a person: the only form that is
//! logged. [`plain`] is what questions are found in and retrieved with: placeholders are blanks in
//! it. Both come to an end by construction: read again they give themselves, and a kept message has
//! the plain text of its raw one, so that a log is answered as the message was. What a message
//! means is not known here.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::fold;
use crate::text::redact::{Found, Kind, redact};

/// A message that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Kept {
    /// The redacted text.
    pub(in crate::engine) text: String,
    /// Where its bubbles begin.
    pub(in crate::engine) bubble_starts: Vec<usize>,
}

/// The message with placeholders, without characters that cannot be seen. Such characters part or
/// join what they stand in, so what names a person is looked for with them and without them.
pub(in crate::engine) fn kept(raw: &str, bubble_starts: &[usize]) -> Kept {
    let mut kept = Kept { text: raw.to_owned(), bubble_starts: bubble_starts.to_vec() };
    if let Cow::Owned(shown) = fold::visible(raw) {
        let offsets = fold::visible_offsets(raw);
        let place = |at: usize| offsets.get(at).copied().unwrap_or(raw.len());
        let mut found = redact(raw).found;
        found.extend(redact(&shown).found.into_iter().map(|found| Found {
            start: place(found.start),
            end: place(found.end.saturating_sub(1)) + 1,
            ..found
        }));
        kept.hide(&merged(found));
        let shown = fold::visible(&kept.text).into_owned();
        for start in &mut kept.bubble_starts {
            *start = kept.text.get(..*start).map_or(shown.len(), |t| fold::visible(t).len());
        }
        kept.text = shown;
    }
    loop {
        let found = redact(&kept.text).found;
        if found.is_empty() {
            return kept;
        }
        kept.hide(&found);
    }
}

impl Kept {
    /// Puts placeholders in the place of what was found, which is in order and apart.
    fn hide(&mut self, found: &[Found]) {
        for start in &mut self.bubble_starts {
            *start = moved(*start, found);
        }
        for found in found.iter().rev() {
            self.text.replace_range(found.start..found.end, found.kind.placeholder());
        }
    }
}

/// What was found twice or overlaps, as one; the first kind stands.
fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
    let mut merged: Vec<Found> = Vec::new();
    for next in found {
        match merged.last_mut() {
            Some(last) if next.start < last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

/// Where a byte of the raw text stands in the redacted one; a byte within something replaced
/// stands behind it.
fn moved(at: usize, found: &[Found]) -> usize {
    let before = found.iter().take_while(|found| found.start < at);
    let (gone, come) = before.fold((0, 0), |(gone, come), found| {
        (gone + found.end - found.start, come + found.kind.placeholder().len())
    });
    let within = found.iter().find(|found| found.start < at && at < found.end);
    at + within.map_or(0, |found| found.end - at) + come - gone
}

/// The message without what names a person and without characters that cannot be seen.
pub(in crate::engine) fn plain(text: &str) -> String {
    plain_of(kept(text, &[]).text)
}

/// The plain text of a kept message.
pub(in crate::engine) fn plain_of(kept: String) -> String {
    let mut plain = kept;
    loop {
        let places = placeholders(&plain);
        if places.is_empty() {
            return plain;
        }
        for place in places.into_iter().rev() {
            plain.replace_range(place, " ");
        }
        // What stood beside a placeholder may name a person together with what stands behind it.
        plain = redact(&plain).text;
    }
}

/// A kept message with a blank for every byte of a placeholder: what rules read of it. All other
/// bytes stay where they are.
pub(in crate::engine) fn spaced(kept: &str) -> String {
    let mut spaced = kept.to_owned();
    for place in placeholders(kept) {
        let blanks = " ".repeat(place.len());
        spaced.replace_range(place, &blanks);
    }
    spaced
}

/// Where placeholders stand.
pub(in crate::engine) fn placeholders(text: &str) -> Vec<Range<usize>> {
    let at = |at: usize| {
        let placeholder = Kind::ALL.iter().map(|kind| kind.placeholder());
        let mut fitting = placeholder.filter(|p| text[at..].starts_with(p));
        fitting.next().map(|p| at..at + p.len())
    };
    text.match_indices('[').filter_map(|(found, _)| at(found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that redaction looks at, glued in any order.
    fn messages() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            Just("943 476 5919".to_owned()),
            Just("my name is Jane Doe".to_owned()),
            Just("07700 900123".to_owned()),
            Just("ST4 6QG".to_owned()),
            Just("12 ".to_owned()),
            Just("Mill Road".to_owned()),
            Just("a@b.org".to_owned()),
            Just("[phone]".to_owned()),
            Just("[date".to_owned()),
            Just("of birth]".to_owned()),
            Just("\u{200b}".to_owned()),
            Just("born 3/4/1955".to_owned()),
            Just("does it hurt?".to_owned()),
            "\\PC{0,6}",
        ];
        proptest::collection::vec((pieces, "[ \n]?"), 0..8)
            .prop_map(|pieces| pieces.into_iter().map(|(a, b)| a + &b).collect())
    }

    #[test]
    fn placeholders_are_blanks() {
        assert_eq!(plain("call 07700 900123 now"), "call   now");
        assert_eq!(plain("call [phone] now"), "call   now");
        assert_eq!(plain("[date[phone]of birth] x"), "  x");
        assert_eq!(spaced("a [phone] b"), "a         b");
        assert_eq!(kept("ring 07700\u{200b} 900123", &[]).text, "ring [phone]");
        assert_eq!(kept("ring 0770\u{ad}0\u{200b}900123 now", &[]).text, "ring [phone] now");
    }

    #[test]
    fn bubbles_begin_where_they_began() {
        let raw = "my nhs no is 943 476 5919\nhi\u{200b} duck\ndoes it hurt";
        let starts = [0, 26, 37];
        let kept = kept(raw, &starts);
        let texts: Vec<&str> = kept.bubble_starts.iter().map(|&s| &kept.text[s..]).collect();
        assert_eq!(texts[1], "hi duck\ndoes it hurt");
        assert_eq!(texts[2], "does it hurt");
        let within = moved(5, &[Found { kind: Kind::Phone, start: 3, end: 9 }]);
        assert_eq!(within, 3 + Kind::Phone.placeholder().len());
    }

    proptest! {
        #[test]
        fn a_kept_message_is_kept_and_reads_as_the_raw_one(raw in messages()) {
            let once = kept(&raw, &[]);
            prop_assert_eq!(&kept(&once.text, &[]), &once);
            prop_assert_eq!(plain(&once.text), plain(&raw));
            prop_assert_eq!(plain(&plain(&raw)), plain(&raw));
            prop_assert_eq!(spaced(&once.text).len(), once.text.len());
        }

        #[test]
        fn bubbles_stay_on_characters(bubbles in proptest::collection::vec(messages(), 1..4)) {
            let mut starts = Vec::new();
            let mut raw = String::new();
            for bubble in &bubbles {
                starts.push(raw.len());
                raw.push_str(bubble);
                raw.push('\n');
            }
            let kept = kept(&raw, &starts);
            for start in kept.bubble_starts {
                prop_assert!(kept.text.get(start..).is_some());
            }
        }
    }
}
