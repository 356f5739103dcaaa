//! Which tokens stand for a text?
//!
//! The model's own `tokenizer.json`, with its padding and truncation left out: as shipped it
//! pads every text to 128 tokens, which would cost a short question ten times the work. Here a
//! text becomes `[CLS]`, its first tokens, `[SEP]`, at most `max_tokens` in all, and nothing
//! else. The library `tokenizers` defines the ids; tokenizers of the usual kind are read by
//! [`WordPiece`], which gives the same ids sooner. This module does not know the weights.

use std::error::Error;
use std::fmt;

use tokenizers::Tokenizer;

use super::LoadError;
use super::wordpiece::WordPiece;

const FIRST: &str = "[CLS]";
const LAST: &str = "[SEP]";

/// Splits texts into token ids.
pub(in crate::embed) struct Tokens {
    splitter: Splitter,
    first: u32,
    last: u32,
    limit: usize,
}

enum Splitter {
    WordPiece(Box<WordPiece>),
    Library(Box<Tokenizer>),
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads a `tokenizer.json`; a text is cut to `limit` tokens, special ones included.
    pub(in crate::embed) fn read(json: &[u8], limit: usize) -> Result<Self, LoadError> {
        match WordPiece::read(json) {
            Some(ours) => Self::new(Splitter::WordPiece(Box::new(ours)), limit),
            None => Self::read_by_library(json, limit),
        }
    }

    fn read_by_library(json: &[u8], limit: usize) -> Result<Self, LoadError> {
        let refuse = |source| LoadError::Tokenizer { source };
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(refuse)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(refuse)?;
        Self::new(Splitter::Library(Box::new(tokenizer)), limit)
    }

    fn new(splitter: Splitter, limit: usize) -> Result<Self, LoadError> {
        let special =
            |token: &'static str| splitter.id(token).ok_or(LoadError::SpecialToken { token });
        let (first, last) = (special(FIRST)?, special(LAST)?);
        Ok(Self { splitter, first, last, limit })
    }

    /// The ids the encoder reads, special ones included.
    pub(in crate::embed) fn ids(
        &self,
        text: &str,
        ids: &mut Vec<u32>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        ids.clear();
        ids.push(self.first);
        self.splitter.push_ids(text, self.limit - 2, ids)?;
        ids.push(self.last);
        Ok(())
    }

    /// Tokens of the whole text, special ones left out, nothing cut off.
    pub(in crate::embed) fn count(
        &self,
        text: &str,
    ) -> Result<usize, Box<dyn Error + Send + Sync>> {
        let mut ids = Vec::new();
        self.splitter.push_ids(text, usize::MAX, &mut ids)?;
        Ok(ids.len())
    }
}

impl Splitter {
    fn id(&self, token: &str) -> Option<u32> {
        match self {
            Self::WordPiece(ours) => ours.id(token),
            Self::Library(tokenizer) => tokenizer.token_to_id(token),
        }
    }

    /// Appends the ids of a text, `most` at most.
    fn push_ids(
        &self,
        text: &str,
        most: usize,
        ids: &mut Vec<u32>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self {
            Self::WordPiece(ours) => ours.push_ids(text, most, ids),
            Self::Library(tokenizer) => {
                let encoding = tokenizer.encode_fast(text, false)?;
                ids.extend(encoding.get_ids().iter().take(most));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../models/all-MiniLM-L6-v2/tokenizer.json");

    #[test]
    fn both_splitters_make_the_same_of_a_text() {
        let ours = Tokens::read(SHIPPED.as_bytes(), 12).unwrap();
        let library = Tokens::read_by_library(SHIPPED.as_bytes(), 12).unwrap();
        assert!(matches!(ours.splitter, Splitter::WordPiece(_)));
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        let long = "Unaffordability, “café” [SEP] \u{4e73}\u{623f}. ".repeat(9);
        for end in (0..=long.len()).filter(|end| long.is_char_boundary(*end)) {
            let text = &long[..end];
            ours.ids(text, &mut found).unwrap();
            library.ids(text, &mut expected).unwrap();
            assert_eq!(found, expected, "{text}");
            assert!(found.len() <= 12);
            assert_eq!(ours.count(text).unwrap(), library.count(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn other_tokenizers_are_left_to_the_library() {
        let cased = SHIPPED.replace("\"lowercase\":true", "\"lowercase\":false");
        let tokens = Tokens::read(cased.as_bytes(), 12).unwrap();
        assert!(matches!(tokens.splitter, Splitter::Library(_)));
        assert_eq!(tokens.count("HURT").unwrap(), 1, "unknown as long as it is in capitals");
        let refused = Tokens::read(&SHIPPED.as_bytes()[1..], 12);
        assert!(matches!(refused, Err(LoadError::Tokenizer { .. })));
        let without = SHIPPED.replace("\"[CLS]\"", "\"[XYZ]\"");
        let refused = Tokens::read(without.as_bytes(), 12);
        assert!(matches!(refused, Err(LoadError::SpecialToken { token: "[CLS]" })));
    }
}
