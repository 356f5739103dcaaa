//! Which word pieces does an uncased BERT see in a text?
//!
//! Greedy longest-match WordPiece (Wu et al. 2016, section 4.1) after BERT's own cleaning and
//! splitting (Devlin et al. 2019), in one pass over the text and without allocation. The library
//! `tokenizers` is the definition: for every text the ids are those it gives, and a tokenizer
//! with a setting not known here is left to it. This module does not know how many tokens a
//! model reads, nor which ones begin and end a text.

mod added;
mod characters;
mod settings;
#[cfg(test)]
mod tests;
mod vocabulary;

use self::added::AddedTokens;
use self::characters::{ASCII, Ascii};
use self::settings::Settings;
use self::vocabulary::{Hash, Vocabulary};

/// Words up to here fit the buffer; a tokenizer that lets them be longer is left to the library.
const MOST_CHARS: usize = 128;
const MOST_BYTES: usize = MOST_CHARS * 4;

/// The splitter of one `tokenizer.json`.
pub(super) struct WordPiece {
    vocabulary: Vocabulary,
    added: AddedTokens,
    unknown: u32,
    /// What stands before a piece that does not begin its word, hashed.
    continuation: Hash,
    prefix: Box<[u8]>,
    most_chars: usize,
}

impl WordPiece {
    /// Reads a `tokenizer.json`. None when it is not one that this module can stand for, be it
    /// another kind of tokenizer or damaged: the library will know.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let Settings { vocabulary, added, unknown, prefix, most_chars } = Settings::read(json)?;
        if most_chars > MOST_CHARS {
            return None;
        }
        let added = AddedTokens::new(added, &vocabulary)?;
        let unknown = vocabulary.id(unknown.as_bytes())?;
        let prefix: Box<[u8]> = prefix.as_bytes().into();
        let continuation = Hash::of(&prefix);
        Some(Self { vocabulary, added, unknown, continuation, prefix, most_chars })
    }

    /// The id of a token spelt out.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.id(token.as_bytes())
    }

    /// Appends the ids of a text, `most` at most.
    pub(super) fn push_ids(&self, text: &str, most: usize, ids: &mut Vec<u32>) {
        let full = ids.len().saturating_add(most);
        let mut reader = Reader { pieces: self, word: Word::new(), ids, full };
        let mut rest = text;
        while !reader.is_full() {
            let Some(found) = self.added.first_in(rest) else {
                reader.read(rest);
                break;
            };
            reader.read(&rest[..found.start]);
            reader.ids.push(found.id);
            rest = &rest[found.end..];
        }
        ids.truncate(full);
    }

    fn push_pieces(&self, word: &Word, ids: &mut Vec<u32>) {
        if word.chars > self.most_chars {
            ids.push(self.unknown);
            return;
        }
        let bytes = &word.bytes[..word.length];
        if let Some(id) = self.vocabulary.find(word.hash, &[], bytes) {
            ids.push(id);
            return;
        }
        let before = ids.len();
        let mut at = 0;
        while at < bytes.len() {
            let (hash, prefix) = match at {
                0 => (Hash::EMPTY, &[][..]),
                _ => (self.continuation, &self.prefix[..]),
            };
            let Some((id, length)) = self.vocabulary.longest(hash, prefix, &bytes[at..]) else {
                ids.truncate(before);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            at += length;
        }
    }
}

/// The word being read, lowercased.
struct Word {
    bytes: [u8; MOST_BYTES],
    length: usize,
    chars: usize,
    hash: Hash,
}

impl Word {
    fn new() -> Self {
        Self { bytes: [0; MOST_BYTES], length: 0, chars: 0, hash: Hash::EMPTY }
    }

    /// Characters that have no room any more are counted and not kept: the word is unknown.
    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.chars += 1;
        if let Some(room) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
            self.hash = bytes.iter().fold(self.hash, |hash, byte| hash.then(*byte));
        }
    }

    #[inline]
    fn push_byte(&mut self, byte: u8) {
        self.chars += 1;
        if let Some(room) = self.bytes.get_mut(self.length) {
            *room = byte;
            self.length += 1;
            self.hash = self.hash.then(byte);
        }
    }

    #[inline]
    fn clear(&mut self) {
        (self.length, self.chars, self.hash) = (0, 0, Hash::EMPTY);
    }
}

/// A text on its way to ids.
struct Reader<'a> {
    pieces: &'a WordPiece,
    word: Word,
    ids: &'a mut Vec<u32>,
    full: usize,
}

impl Reader<'_> {
    fn is_full(&self) -> bool {
        self.ids.len() >= self.full
    }

    /// Reads a text without added tokens, as far as there is room for ids.
    fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at)
            && !self.is_full()
        {
            match ASCII.get(usize::from(*byte)) {
                Some(Ascii::Word(lower)) => self.word.push_byte(*lower),
                Some(Ascii::Space) => self.end_word(),
                Some(Ascii::Punctuation) => self.lone(&[*byte]),
                Some(Ascii::Dropped) => {}
                None => {
                    let end = at + characters::run(&bytes[at..]);
                    self.read_beyond_ascii(&text[at..end]);
                    at = end;
                    continue;
                }
            }
            at += 1;
        }
        self.end_word();
    }

    /// Decomposition never reaches over an ASCII character, so a run of others stands alone.
    fn read_beyond_ascii(&mut self, run: &str) {
        for character in characters::normalised(run) {
            if self.is_full() {
                break;
            }
            if character.is_whitespace() {
                self.end_word();
                continue;
            }
            let mut utf8 = [0; 4];
            let utf8 = character.encode_utf8(&mut utf8).as_bytes();
            if characters::is_punctuation(character) {
                self.lone(utf8);
            } else {
                self.word.push(utf8);
            }
        }
    }

    /// A character that is a word of its own.
    fn lone(&mut self, utf8: &[u8]) {
        self.end_word();
        self.word.push(utf8);
        self.end_word();
    }

    #[inline]
    fn end_word(&mut self) {
        if self.word.chars > 0 {
            self.pieces.push_pieces(&self.word, self.ids);
            self.word.clear();
        }
    }
}
