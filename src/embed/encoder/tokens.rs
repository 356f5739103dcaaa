//! Which tokens stand for a text?
//!
//! The model's own `tokenizer.json`, with its padding and truncation switched off: as shipped
//! it pads every text to 128 tokens, which would cost a short question ten times the work.
//! Here a text becomes `[CLS]`, its first tokens, `[SEP]`, at most `max_tokens` in all, and
//! nothing else. This module does not know the weights.

use std::error::Error;
use std::fmt;

use tokenizers::Tokenizer;

use super::LoadError;

const FIRST: &str = "[CLS]";
const LAST: &str = "[SEP]";

/// Splits texts into token ids.
pub(in crate::embed) struct Tokens {
    tokenizer: Tokenizer,
    first: u32,
    last: u32,
    limit: usize,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads a `tokenizer.json`; a text is cut to `limit` tokens, special ones included.
    pub(in crate::embed) fn read(json: &[u8], limit: usize) -> Result<Self, LoadError> {
        let refuse = |source| LoadError::Tokenizer { source };
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(refuse)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(refuse)?;
        let special = |token: &'static str| {
            tokenizer.token_to_id(token).ok_or(LoadError::SpecialToken { token })
        };
        let (first, last) = (special(FIRST)?, special(LAST)?);
        Ok(Self { tokenizer, first, last, limit })
    }

    /// The ids the encoder reads, special ones included.
    pub(in crate::embed) fn ids(
        &self,
        text: &str,
        ids: &mut Vec<u32>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let encoding = self.tokenizer.encode_fast(text, false)?;
        let kept = encoding.get_ids().len().min(self.limit - 2);
        ids.clear();
        ids.push(self.first);
        ids.extend_from_slice(&encoding.get_ids()[..kept]);
        ids.push(self.last);
        Ok(())
    }

    /// Tokens of the whole text, special ones left out, nothing cut off.
    pub(in crate::embed) fn count(
        &self,
        text: &str,
    ) -> Result<usize, Box<dyn Error + Send + Sync>> {
        Ok(self.tokenizer.encode_fast(text, false)?.len())
    }
}
