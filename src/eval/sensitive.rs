//! What may be said about a set that must not be shown?
//!
//! A sensitive set (`{"_set": {"sensitive": true}}`) is real people's messages. The rules:
//!
//! 1. Its texts, answers, quotes, and anything cut from them (words, n-grams, lengths of single
//!    messages) appear in no report, record, cache, log or error. Readers name file, line and
//!    column only.
//! 2. Its ids and family names appear only as [`keyed_id`]: whoever holds the key can find the
//!    message again, nobody else can tell even whether an id they know is among them.
//! 3. Counts above zero but below the smallest cell are suppressed ([`suppress`]); where a total
//!    stands beside its parts, [`suppress_parts`] suppresses as many more as it takes to keep the
//!    small ones from being worked out by subtraction.
//! 4. A figure of one message (a maximum, a worst case) is not shown.
//! 5. The set and its key live outside the repository, and apart from each other.
//!
//! This module does not know where keys are kept: the caller reads them from a file or the
//! environment.

use std::fmt;

/// Cells below this are suppressed unless the caller says otherwise; 10 is on the careful side of
/// what publishers of health counts suppress.
pub const SMALLEST_CELL: usize = 10;

/// A secret of 32 bytes under which ids are hidden. Its debug form shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// Why a text is not a key. It holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not 64 hexadecimal digits.
    #[error(
        "a key must be 64 hexadecimal digits (32 random bytes), found {found} characters; make one with `openssl rand -hex 32`"
    )]
    NotHex {
        /// Characters found.
        found: usize,
    },
    /// All bytes are the same: not a secret.
    #[error(
        "a key must be 32 random bytes, but all of these are equal; make one with `openssl rand -hex 32`"
    )]
    NotRandom,
}

impl Key {
    /// A key of 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError::NotRandom`] when all bytes are equal.
    pub fn new(bytes: [u8; 32]) -> Result<Key, KeyError> {
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(KeyError::NotRandom);
        }
        Ok(Key(bytes))
    }

    /// A key from 64 hexadecimal digits, blanks around them left aside.
    ///
    /// # Errors
    /// [`KeyError`] when the text is not such a key.
    pub fn from_hex(text: &str) -> Result<Key, KeyError> {
        let text = text.trim();
        let error = KeyError::NotHex { found: text.chars().count() };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error);
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| error)?;
        }
        Key::new(bytes)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The id under which a topic or family of a sensitive set may be named: the first 16 hexadecimal
/// digits of its BLAKE3 keyed hash. The same id has the same name everywhere under one key; at
/// 100,000 ids the chance that any two share a name is about 3 in 10¹⁰.
pub fn keyed_id(key: &Key, id: &str) -> String {
    let hash = blake3::keyed_hash(&key.0, id.as_bytes());
    hash.to_hex().as_str()[..16].to_owned()
}

/// A count, unless it is above zero and below the smallest cell.
pub fn suppress(count: usize, smallest: usize) -> Option<usize> {
    (count == 0 || count >= smallest).then_some(count)
}

/// Counts that add up to a total which is shown beside them: small ones suppressed, and further
/// ones, smallest first, until those suppressed are at least two and add up to at least the
/// smallest cell, so that subtraction gives none of them away. Where all parts together cannot
/// reach that, all above zero are suppressed, and the total should be passed to [`suppress`] too.
/// Equal counts are suppressed in their order.
pub fn suppress_parts(parts: &[usize], smallest: usize) -> Vec<Option<usize>> {
    let mut shown: Vec<Option<usize>> = parts.iter().map(|n| suppress(*n, smallest)).collect();
    let mut hidden: Vec<usize> =
        shown.iter().zip(parts).filter(|(cell, _)| cell.is_none()).map(|(_, n)| *n).collect();
    if hidden.is_empty() {
        return shown;
    }
    let mut others: Vec<usize> =
        (0..parts.len()).filter(|i| shown[*i].is_some_and(|n| n > 0)).collect();
    others.sort_by_key(|i| parts[*i]);
    for i in others {
        if hidden.len() >= 2 && hidden.iter().sum::<usize>() >= smallest {
            break;
        }
        shown[i] = None;
        hidden.push(parts[i]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> Key {
        let mut bytes = [seed; 32];
        bytes[0] = 255;
        Key::new(bytes).unwrap()
    }

    #[test]
    fn keyed_ids_depend_on_the_key_and_are_those_of_blake3() {
        let name = keyed_id(&key(1), "topic-1");
        assert_eq!(name.len(), 16);
        assert_eq!(name, keyed_id(&key(1), "topic-1"));
        assert_ne!(name, keyed_id(&key(2), "topic-1"));
        assert_ne!(name, keyed_id(&key(1), "topic-2"));
        // The first test vector of the BLAKE3 authors: keyed hash of no bytes.
        let official = Key(*b"whats the Elvish word for friend");
        assert_eq!(keyed_id(&official, ""), "92b2b75604ed3c76");
    }

    #[test]
    fn keys_read_from_hex_and_show_nothing() {
        let hex = "00".repeat(31) + "fF";
        assert!(Key::from_hex(&format!(" {hex}\n")).is_ok());
        assert!(!format!("{:?}", Key::from_hex(&hex)).contains("255"));
        assert_eq!(Key::from_hex(&"ab".repeat(32)), Err(KeyError::NotRandom));
        for bad in ["", "secret", &"é".repeat(32), &format!("+{}", &hex[1..])] {
            let error = Key::from_hex(bad).unwrap_err();
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }

    #[test]
    fn small_counts_are_suppressed_and_zero_is_not() {
        assert_eq!(suppress(0, 10), Some(0));
        assert_eq!(suppress(9, 10), None);
        assert_eq!(suppress(10, 10), Some(10));
        assert_eq!(suppress_parts(&[3, 50, 20, 0], 10), [None, Some(50), None, Some(0)]);
        assert_eq!(suppress_parts(&[30, 50], 10), [Some(30), Some(50)]);
        assert_eq!(suppress_parts(&[3, 4, 50], 10), [None, None, None]);
        assert_eq!(suppress_parts(&[7, 8, 50], 10), [None, None, Some(50)]);
    }

    proptest! {
        #[test]
        fn no_small_part_can_be_worked_out(
            parts in prop::collection::vec(0_usize..40, 0..8),
            smallest in 1_usize..15,
        ) {
            let shown = suppress_parts(&parts, smallest);
            let hidden: Vec<usize> =
                (0..parts.len()).filter(|i| shown[*i].is_none()).map(|i| parts[i]).collect();
            for (cell, part) in shown.iter().zip(&parts) {
                prop_assert!(cell.is_none_or(|n| n == *part && (n == 0 || n >= smallest)));
            }
            let enough = hidden.len() >= 2 && hidden.iter().sum::<usize>() >= smallest;
            let all = shown.iter().all(|cell| cell.is_none_or(|n| n == 0));
            prop_assert!(hidden.is_empty() || enough || all);
        }
    }
}
