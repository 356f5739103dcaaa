//! Where are tokens such as `[SEP]` spelt out in a text?
//!
//! They are found before anything is cleaned or made small: the first place, there the longest
//! token. This module does not know words.

use super::settings::AddedToken;
use super::vocabulary::Vocabulary;

/// Tokens found as they are written.
pub(super) struct AddedTokens {
    /// The longest first.
    tokens: Vec<(Box<str>, u32)>,
    /// Whether a token begins with this byte.
    begins: [bool; 256],
}

/// A token in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) id: u32,
}

impl AddedTokens {
    /// None when a token has a setting not known here or another id than the vocabulary says.
    pub(super) fn new(added: Vec<AddedToken>, vocabulary: &Vocabulary) -> Option<Self> {
        let mut tokens: Vec<(Box<str>, u32)> = Vec::new();
        let mut begins = [false; 256];
        for token in added {
            let id = vocabulary.id(token.content.as_bytes())?;
            let first = token.content.as_bytes().first()?;
            let known = tokens.iter().any(|(_, other)| *other == id);
            if known || id != token.id || !token.is_plain() {
                return None;
            }
            begins[usize::from(*first)] = true;
            tokens.push((token.content.into(), id));
        }
        tokens.sort_by_key(|(content, _)| std::cmp::Reverse(content.len()));
        Some(Self { tokens, begins })
    }

    /// The first of them in a text.
    pub(super) fn first_in(&self, text: &str) -> Option<Found> {
        let bytes = text.as_bytes();
        let mut from = 0;
        while let Some(at) = bytes[from..].iter().position(|b| self.begins[usize::from(*b)]) {
            let start = from + at;
            let rest = &bytes[start..];
            let here = self.tokens.iter().find(|(token, _)| rest.starts_with(token.as_bytes()));
            if let Some((token, id)) = here {
                return Some(Found { start, end: start + token.len(), id: *id });
            }
            from = start + 1;
        }
        None
    }
}
