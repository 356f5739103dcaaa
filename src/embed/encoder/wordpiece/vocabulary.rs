//! Which id has a piece?
//!
//! An open-addressed table over one block of text, filled in a single pass: it is built at every
//! start, so building must cost about as little as reading. Where a key is given twice the last
//! id counts, as in the library. Equality of keys is always checked; hashes only find them. This
//! module does not know words.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// FNV-1a (Fowler, Noll, Vo): one byte after the other, so that every beginning of a word has
/// its hash on the way to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(u64);

impl Hash {
    pub(super) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    #[inline]
    pub(super) const fn then(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01b3))
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        bytes.iter().fold(Self::EMPTY, |hash, byte| hash.then(*byte))
    }

    /// Spread over all bits (the constant of Fibonacci hashing, Knuth 6.4): the place in the
    /// upper half, what is compared there in the lower.
    #[inline]
    const fn spread(self) -> (usize, u32) {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed >> 32) as usize, (mixed ^ (mixed >> 32)) as u32)
    }
}

#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    entry: u32,
}

const NO_ENTRY: u32 = u32::MAX;

struct Entry {
    start: u32,
    end: u32,
    id: u32,
}

/// Pieces and their ids.
pub(super) struct Vocabulary {
    /// A power of two, at least twice the entries.
    slots: Box<[Slot]>,
    entries: Vec<Entry>,
    text: Vec<u8>,
    /// Bytes of the longest piece.
    longest: usize,
}

impl Vocabulary {
    /// The id of a piece.
    pub(super) fn id(&self, piece: &[u8]) -> Option<u32> {
        self.find(Hash::of(piece), &[], piece)
    }

    /// The id of a piece that begins with `prefix` and ends with `rest`; `hash` is that of both.
    #[inline]
    pub(super) fn find(&self, hash: Hash, prefix: &[u8], rest: &[u8]) -> Option<u32> {
        let slot = self.slots[self.place(hash, |piece| piece.strip_prefix(prefix) == Some(rest))];
        self.entries.get(slot.entry as usize).map(|entry| entry.id)
    }

    /// The longest piece of `prefix` and a beginning of the UTF-8 `rest` that is not empty: its
    /// id and the bytes of that beginning. `hash` is that of `prefix`.
    pub(super) fn longest(&self, hash: Hash, prefix: &[u8], rest: &[u8]) -> Option<(u32, usize)> {
        let reach = rest.len().min(self.longest.saturating_sub(prefix.len()));
        let mut found = None;
        let mut hash = hash;
        for (at, byte) in rest[..reach].iter().enumerate() {
            hash = hash.then(*byte);
            let within_character = rest.get(at + 1).is_some_and(|next| next & 0xc0 == 0x80);
            if within_character {
                continue;
            }
            if let Some(id) = self.find(hash, prefix, &rest[..=at]) {
                found = Some((id, at + 1));
            }
        }
        found
    }

    /// The slot of a piece, or the one where it would be put.
    #[inline]
    fn place(&self, hash: Hash, is_it: impl Fn(&[u8]) -> bool) -> usize {
        let (place, tag) = hash.spread();
        let mask = self.slots.len() - 1;
        let mut place = place & mask;
        loop {
            let slot = self.slots[place];
            if slot.entry == NO_ENTRY || (slot.tag == tag && is_it(self.piece(slot.entry))) {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn piece(&self, entry: u32) -> &[u8] {
        let Entry { start, end, .. } = self.entries[entry as usize];
        &self.text[start as usize..end as usize]
    }

    fn fill(mut self) -> Self {
        let empty = Slot { tag: 0, entry: NO_ENTRY };
        self.slots = vec![empty; (self.entries.len() * 2 + 1).next_power_of_two()].into();
        let lengths = self.entries.iter().map(|entry| entry.end - entry.start);
        self.longest = lengths.max().unwrap_or(0) as usize;
        for entry in 0..self.entries.len() as u32 {
            let piece = self.piece(entry);
            let hash = Hash::of(piece);
            let place = self.place(hash, |other| other == self.piece(entry));
            self.slots[place] = Slot { tag: hash.spread().1, entry };
        }
        self
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pieces)
    }
}

/// Reads the map of pieces to ids without a string for each.
struct Pieces;

impl<'de> Visitor<'de> for Pieces {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of pieces to ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let (mut text, mut entries) = (Vec::new(), Vec::new());
        let mut start = 0;
        while map.next_key_seed(Piece(&mut text))?.is_some() {
            let end = u32::try_from(text.len()).map_err(A::Error::custom)?;
            entries.push(Entry { start, end, id: map.next_value()? });
            start = end;
        }
        if entries.len() >= NO_ENTRY as usize / 4 {
            return Err(A::Error::custom("too many pieces"));
        }
        Ok(Vocabulary { slots: Box::default(), entries, text, longest: 0 }.fill())
    }
}

/// Appends a key to the text.
struct Piece<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Piece<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Piece<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a piece")
    }

    fn visit_str<E: Error>(self, piece: &str) -> Result<(), E> {
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}
